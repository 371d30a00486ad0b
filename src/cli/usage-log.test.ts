import { describe, expect, it } from "vitest";
import { GcObserver } from "../control/gc-observer.ts";
import { collectGarbage } from "./garbage.ts";
import { main } from "./main.ts";
import { PerfHooksGc } from "./perf-hooks-gc.ts";
import type { RunSummary } from "./pipeline-run.ts";

async function simulate(...args: string[]): Promise<{ code: number; out: string; err: string }> {
  const said = { out: "", err: "" };
  const terminal = { out: (text: string) => void (said.out += text), err: (text: string) => void (said.err += text), isInteractive: false };
  const code = await main(["simulate", ...args], terminal);
  return { code, ...said };
}

const SESSION = ["demo", "--messages", "60000", "--instruments", "20", "--seed", "3"];

describe("tercel simulate --usage-every", () => {
  it("adds a row each so much simulated time, in which the books hold the orders that rest at the exchange", async () => {
    const { code, out } = await simulate(...SESSION, "--usage-every", "4s", "--json");
    const { usage = [], messages } = JSON.parse(out) as RunSummary;
    expect(code).toBe(0);
    expect(usage.map(({ hour }) => Math.floor((hour - 9.5) * 900))).toEqual([0, 1, 2, 3, 4, 5, 5]); // the last row: what the closing auctions left
    expect(usage.reduce((sum, row) => sum + row.messages, 0)).toBe(messages);
    for (const row of usage) {
      expect(row.orders).toBe(row.ordersOfVenue);
      expect(row.orders).toBeGreaterThan(20);
      expect(row.levels).toBeLessThanOrEqual(row.orders);
      expect(row.arenaBytes).toBeGreaterThan(1e6);
      expect(row.heapBytes).toBeGreaterThan(1e6);
      expect(row.residentBytes).toBeGreaterThan(row.heapBytes);
    }
  });

  it("prints them as a table", async () => {
    const { out } = await simulate(...SESSION, "--usage-every", "10s");
    expect(out).toMatch(/^ *time +messages +orders +of the venue +levels +arenas MB +heap MB +resident MB +collections$/m);
    expect(out.match(/^09:30:\d\d /gm)?.length).toBeGreaterThan(1);
  });

  it("refuses what is no duration, and says nothing of memory unless asked", async () => {
    expect(await simulate(...SESSION, "--usage-every", "hourly")).toMatchObject({ code: 2, out: "" });
    expect(JSON.parse((await simulate(...SESSION, "--json")).out)).not.toHaveProperty("usage");
  });
});

describe("a collection that was asked for", () => {
  it("is not among those that are counted", async () => {
    const observer = new GcObserver(new PerfHooksGc());
    observer.start();
    collectGarbage();
    await new Promise((resolve) => setTimeout(resolve, 20));
    observer.stop();
    expect(observer.snapshot().byKind.major).toBe(0);
  });
});
