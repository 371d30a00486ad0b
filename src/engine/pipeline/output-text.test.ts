import { describe, expect, it } from "vitest";
import { busyPlan, runBytes, simulatedBytes } from "../../../test/model/engine-rig.ts";
import { formatTime } from "./output-text.ts";

const BYTES = simulatedBytes({ seed: 24, instruments: 20, messages: 8000 });

interface Line {
  readonly [member: string]: unknown;
  readonly id?: string;
  readonly instrument: string;
  readonly values?: Record<string, number>;
}

const lines: string[] = [];
const run = runBytes(BYTES, { lines, plan: busyPlan() });

async function said(member: string, name?: string): Promise<Line[]> {
  await run;
  return lines.map((line) => JSON.parse(line) as Line).filter((line) => member in line && (name === undefined || line[member] === name));
}

describe("outputs as text", () => {
  it("name every output by sequence, instrument and index, and no two alike", async () => {
    const ids = (await said("id")).map(({ id }) => id as string);
    expect(ids.length).toBeGreaterThan(500);
    expect(new Set(ids).size).toBe(ids.length);
    for (const id of ids) expect(id).toMatch(/^\d+-\d+-\d+$/);
  });

  it("come in the order of their ids", async () => {
    const keys = (await said("id")).map(({ id }) => (id as string).split("-").map(Number));
    for (let n = 1; n < keys.length; n++) {
      const [a, b] = [keys[n - 1], keys[n]];
      expect(a[0] - b[0] || a[1] - b[1] || a[2] - b[2]).toBeLessThan(0);
    }
  });

  it("give bars decimals at the instrument's scale", async () => {
    const bars = await said("bar", "50ms");
    expect(bars.length).toBeGreaterThan(20);
    for (const bar of bars) {
      expect(bar["open"]).toMatch(/^\d+\.\d{4}$/);
      expect(Number(bar["high"])).toBeGreaterThanOrEqual(Number(bar["low"]));
      expect((bar["end"] as number) - (bar["start"] as number)).toBe(50e6);
      expect(bar["count"]).toBeGreaterThan(0);
    }
  });

  it("name the values of windows, rules, patterns and the breaker", async () => {
    const keysOf = async (member: string, name: string): Promise<string[][]> =>
      [...new Set((await said(member, name)).map(({ values }) => Object.keys(values ?? {}).join()))].map((keys) => keys.split(","));
    expect(await keysOf("window", "flow")).toEqual([["vwap", "trades", "low"]]);
    expect(await keysOf("signal", "jump")).toEqual([["price", "reference", "excess", "confidence"]]);
    expect(await keysOf("signal", "thin")).toEqual([["depth", "reference", "change"]]);
    expect(await keysOf("signal", "lean")).toEqual([["imbalance", "bidDepth", "askDepth"]]);
    expect(await keysOf("signal", "breaker")).toEqual([["state"]]);
    const [up] = await keysOf("signal", "up");
    expect(up).toContain("close");
  });

  it("say of a signal whether it is critical, apart from the doubts about its data", async () => {
    const criticalOf = async (name: string): Promise<unknown[]> => [...new Set((await said("signal", name)).map((line) => line["critical"]))];
    for (const name of ["jump", "drop", "thin", "breaker"]) expect(await criticalOf(name), name).toEqual([true]);
    for (const name of ["lean", "up", "down"]) expect(await criticalOf(name), name).toEqual([undefined]);
    for (const line of await said("signal")) expect(line["flags"] ?? []).not.toContain("CRITICAL");
  });

  it("answer every signal that has a side with one ack, filled with a price or refused with a reason", async () => {
    const ordered = (await said("signal")).filter(({ side }) => side !== "none");
    const acks = await said("ack");
    expect(acks.length).toBe(ordered.length);
    expect(acks.length).toBeGreaterThan(20);
    for (const ack of acks) {
      if (ack["ack"] === "filled") expect(ack).toMatchObject({ reason: "none", qty: "100", price: expect.stringMatching(/^\d+\.\d{4}$/) });
      else expect(ack["reason"]).not.toBe("none");
    }
  });

  it("put no time after the last event of the input on what the end made due", async () => {
    const newest = (await run).assembly.ingest.newestEventNs;
    for (const line of [...(await said("signal")), ...(await said("ack"))]) expect(line["time"]).toBeLessThanOrEqual(newest);
  });

  it("are times of day in ns where there is no date, and ISO times with nanoseconds where there is one", () => {
    expect(formatTime(1_234_567_891, 0)).toBe(1_234_567_891);
    const epoch = Date.UTC(2024, 7, 8);
    expect(formatTime(1_234_567_891, epoch)).toBe("2024-08-08T00:00:01.234567891Z");
    expect(formatTime(0, epoch)).toBe("2024-08-08T00:00:00.000000000Z");
    expect(formatTime(-1, epoch)).toBe("2024-08-07T23:59:59.999999999Z");
    expect(formatTime(86_400e9 - 1, epoch)).toBe("2024-08-08T23:59:59.999999999Z");
  });
});
