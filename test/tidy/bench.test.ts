/** The benches run: their small mode, in this process, so that none rots. What they say about speed is not judged here. */
import { describe, expect, it } from "vitest";
import { compete, Laps, median, type Sample } from "../../bench/harness.ts";
import type { BenchReport } from "../../bench/report.ts";
import type { TickDocument } from "../../bench/tick-to-signal.ts";
import { BENCHES, runBenches } from "../../bench/run.ts";
import { appliesTo, TARGETS } from "../../bench/targets.ts";
import { StreamError } from "../../src/kernel/core/errors.ts";

const EFFORT = { seconds: 0, small: true };
const SLOW_MS = 120_000;

function side(name: string, ns: number, hash: string): { name: string; run(): Sample } {
  return { name, run: () => ({ operations: 1000, ns, hash }) };
}

async function report(name: string | undefined): Promise<BenchReport> {
  let text = "";
  await runBenches(name, { seconds: 1, small: true, json: true }, (part) => {
    text += part;
  });
  return JSON.parse(text) as BenchReport;
}

describe("a contest", () => {
  it("takes the median of an odd and of an even number of values", () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 3, 2])).toBe(2.5);
  });

  it("tells operations a second and how many times the rival's", async () => {
    const result = await compete({ name: "n", unit: "x/s", ours: side("us", 1e6, "a"), rival: side("them", 4e6, "a") }, EFFORT);
    expect(result).toMatchObject({ value: 1_000_000, rival: "them", rivalValue: 250_000, ratio: 4, hash: "a", p50: null });
  });

  it("refuses a rival that claims the same work and comes to another result", async () => {
    const contest = { name: "n", unit: "x/s", ours: side("us", 1, "a"), rival: side("them", 1, "b") };
    await expect(compete(contest, EFFORT)).rejects.toThrow(StreamError);
    expect((await compete({ ...contest, rival: { ...contest.rival, sameWork: false } }, EFFORT)).ratio).toBe(1);
  });

  it("goes on without a rival and says why there is none", async () => {
    const result = await compete({ name: "n", unit: "x/s", ours: side("us", 1e6, "a"), rival: "no compiler" }, EFFORT);
    expect(result).toMatchObject({ rival: null, rivalValue: null, ratio: null, skipped: "no compiler" });
  });

  it("has percentiles of laps once there are laps", () => {
    const laps = new Laps(10, 2);
    expect(laps.percentiles()).toEqual([]);
    laps.begin();
    for (let i = 0; i < 5; i++) laps.lap(); // more than it keeps
    expect(laps.percentiles()).toHaveLength(4);
    for (const ns of laps.percentiles()) expect(ns).toBeGreaterThanOrEqual(0);
  });
});

describe("tercel bench --small", () => {
  it(
    "runs every bench, with a rival or the reason why not, and a hash of the work",
    async () => {
      const { name, host, node, results } = await report(undefined);
      expect({ name, node }).toEqual({ name: "all", node: process.versions.node });
      expect(host).toMatch(/\d+ x /);
      expect(new Set(results.map((result) => result.name.split("/")[0]))).toEqual(new Set(Object.keys(BENCHES)));
      for (const { row } of TARGETS)
        expect(
          results.some((result) => appliesTo({ row }, result.name)),
          row,
        ).toBe(true);
      for (const result of results) {
        expect("met" in result, result.name).toBe(false); // nothing is warm: nothing is judged
        expect(result.value, result.name).toBeGreaterThan(0);
        expect(result.hash, result.name).toMatch(/^[0-9a-f]{8}([0-9a-f]{24})?$/);
        expect(Number.isInteger(result.gcEvents), result.name).toBe(true);
        if (result.rival === null) expect(result.skipped, result.name).toContain("skipped");
        else expect(result.ratio, result.name).toBeGreaterThan(0);
      }
    },
    SLOW_MS,
  );

  it(
    "tick-to-signal alone prints its own document, in ns",
    async () => {
      let text = "";
      await runBenches("tick-to-signal", { seconds: 1, small: true, json: true, rate: 20_000, burst: 2 }, (part) => {
        text += part;
      });
      const document = JSON.parse(text) as TickDocument;
      expect(Object.keys(document).slice(0, 11)).toEqual("rate seconds p50 p99 p999 max sd sdWithoutHiccups gcEvents lost cpu".split(" "));
      const { rate, burst, messages, lost, bookFaults, outputHash, p50, max, sd, withoutHiccups, pauses } = document;
      expect({ rate, burst, messages, lost, bookFaults }).toEqual({ rate: 20_000, burst: 2, messages: 22_000, lost: 0, bookFaults: 0 });
      expect(outputHash).toMatch(/^[0-9a-f]{32}$/);
      expect(max).toBeGreaterThanOrEqual(p50);
      expect(sd).toBeGreaterThan(0);
      expect(withoutHiccups.samples + pauses.samples).toBe(messages);
    },
    SLOW_MS,
  );

  it("refuses a pace for a bench that has none", async () => {
    const run = (name: string, options: object): Promise<void> => runBenches(name, { seconds: 1, small: true, ...options }, () => undefined);
    await expect(run("ring", { rate: 1000 })).rejects.toMatchObject({ code: "USAGE" });
    await expect(run("hop", { burst: 10 })).rejects.toMatchObject({ code: "USAGE" });
  });

  it("knows its benches by name", async () => {
    await expect(report("no-such-bench")).rejects.toMatchObject({ code: "USAGE" });
  });
});
