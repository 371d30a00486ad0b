import { describe, expect, it } from "vitest";
import { busyPlan, runBytes, simulatedBytes } from "../../test/model/engine-rig.ts";
import { tercel, tercelJson } from "../../test/model/cli.ts";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RunSummary } from "./pipeline-run.ts";
import { atBound, highWaterOf, processMemory } from "./run-memory.ts";

const BYTES = simulatedBytes({ seed: 4, instruments: 6, scenario: "burst-10x", messages: 15_000 });

describe("the high-water marks of a run", () => {
  it("of instruments, orders and levels are the same however it is cut into pieces and threads", async () => {
    const marks = [];
    for (const options of [{}, { batch: 7, pieceBytes: 100 }, { driver: "threaded" }] as const) {
      const { instruments, orders, levels } = highWaterOf((await runBytes(BYTES, options)).assembly);
      marks.push({ instruments, orders, levels });
    }
    expect(marks[0].instruments).toEqual({ max: 6, bound: 512 });
    expect(marks[0].orders.max).toBeGreaterThan(100);
    expect(marks[0].levels.max).toBeGreaterThan(10);
    expect(marks[1]).toEqual(marks[0]);
    expect(marks[2]).toEqual(marks[0]);
  });

  it("of several shards are those of the fullest, never more than of one", async () => {
    const one = highWaterOf((await runBytes(BYTES)).assembly);
    const three = highWaterOf((await runBytes(BYTES, { shards: 3 })).assembly);
    expect(three["orders"].max).toBeLessThan(one["orders"].max);
    expect(three["orders"].max).toBeGreaterThan(one["orders"].max / 6);
  });

  it("of the input ring follow the piece of input, and a ring that is full is at its bound", async () => {
    const small = highWaterOf((await runBytes(BYTES, { pieceBytes: 200 })).assembly);
    expect(small["inputRing"].max).toBeGreaterThan(1);
    expect(small["inputRing"].max).toBeLessThan(20);
    expect(small["inputRing"].refused).toBe(0);
    expect(atBound(small)).toEqual([]);
    const tight = highWaterOf((await runBytes(BYTES, { plan: busyPlan({ ringRecords: 256 }), batch: 256, pieceBytes: 1 << 16 }, 1 << 20)).assembly);
    expect(tight["inputRing"]).toMatchObject({ max: 256, bound: 256 });
    expect(tight["inputRing"].refused).toBeGreaterThan(0);
    expect(atBound(tight)).toContain("inputRing");
  });

  it("of the outputs are seen where a shard has to wait for another", async () => {
    const plan = busyPlan({ ringRecords: 256 });
    const marks = highWaterOf((await runBytes(BYTES, { plan, shards: 3, batch: 256, pieceBytes: 1 << 16 }, 1 << 20)).assembly);
    expect(marks["outputRing"].max).toBeGreaterThan(10);
    expect(marks["outputQueue"].max).toBeGreaterThanOrEqual(0);
  });

  it("of priority lanes are there where a sink asks for priority", async () => {
    const sinks = [{ kind: "file", path: "x", priority: true }] as const;
    const urgent = { open: () => undefined, write: () => undefined, flush: () => 0, close: () => undefined, priority: true };
    const { assembly } = await runBytes(BYTES, { plan: { ...busyPlan(), sinks }, sinks: [urgent] });
    const { priorityLanes } = highWaterOf(assembly);
    expect(priorityLanes.bound).toBe(8192);
    expect(priorityLanes.max).toBeGreaterThan(1);
    expect(highWaterOf((await runBytes(BYTES)).assembly)).not.toHaveProperty("priorityLanes");
  });

  it("of a level book have levels and no orders", async () => {
    const { assembly } = await runBytes(new Uint8Array(0), { feed: "binance" });
    expect(Object.keys(highWaterOf(assembly))).toEqual(["instruments", "levels", "inputRing", "outputRing", "outputQueue"]);
  });

  it("what was refused without being full is at its bound too", () => {
    expect(atBound({ a: { max: 1, bound: 2 }, b: { max: 2, bound: 2 }, c: { max: 1, bound: 2, refused: 1 }, d: { max: 1, bound: 2, refused: 0 } })).toEqual([
      "b",
      "c",
    ]);
  });
});

describe("the memory of a run", () => {
  it("is the plan, its limit, and what the process really holds", async () => {
    const { assembly } = await runBytes(BYTES);
    const memory = processMemory(assembly);
    expect(memory.plannedBytes).toBe(assembly.memoryPlan().reduce((sum, line) => sum + line.bytes, 0));
    expect(memory.limitBytes).toBe(assembly.plan.limits.memoryBytes);
    expect(memory.rssBytes).toBeGreaterThan(memory.heapUsedBytes);
  });
});

describe("the summary", () => {
  it("names what reached its bound, for programs and for people", async () => {
    const folder = mkdtempSync(join(tmpdir(), "tercel-bound-"));
    try {
      const path = join(folder, "tight.yaml");
      writeFileSync(path, "pipeline: tight\nbars: 1s\nlimits: { instruments: 30, orders: 1024, levels: 1024 }\n");
      const args = ["simulate", "calm", "--pipeline", path, "--messages", "15000", "--instruments", "30"];
      const summary = await tercelJson<RunSummary>(args, 1); // books that are full are not the exchange's own
      expect(summary.highWater["orders"]).toEqual({ max: 1024, bound: 1024 });
      expect(summary.bookRefusals).toBeGreaterThan(0);
      expect(summary.atBound).toEqual(["instruments", "orders"]);
      const { out } = await tercel(...args);
      expect(out).toContain("\n  at bound  instruments   orders\n");
      expect(out).toMatch(/\n {2}memory {4}instruments 30 of 30 {3}orders 1,024 of 1,024 .* resident [\d,]+ MB {3}heap [\d,]+ MB\n/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
