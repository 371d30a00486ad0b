import { describe, expect, it } from "vitest";
import { LinesSink, MemoryStore, busyPlan, createEngine } from "../../../test/model/engine-rig.ts";
import { TestClock } from "../../kernel/core/clock.ts";
import { StreamError, isStreamError } from "../../kernel/core/errors.ts";
import { NoLatencyRecorder } from "../../kernel/core/observer.ts";
import { StateWord } from "../../kernel/lifecycle/state-word.ts";
import { Assembly, type AssemblyOptions } from "./assembly.ts";
import type { OutputText } from "./output-text.ts";
import type { LimitPlan, PipelinePlan } from "./plan.ts";

const code = (name: Parameters<typeof isStreamError>[1]) => expect.toSatisfy((error: unknown) => isStreamError(error, name));

function errorOf(action: () => unknown): StreamError {
  try {
    action();
  } catch (error) {
    if (error instanceof StreamError) return error;
    throw error;
  }
  throw new Error("expected a StreamError");
}

describe("the parts of a run", () => {
  it("are sealed before the first byte, and each region of each arena is in the memory plan", () => {
    const { assembly } = createEngine({ shards: 2 });
    for (const arena of [assembly.market.arena, assembly.ingestArena, assembly.collectorArena, ...assembly.shardArenas]) expect(arena.state).toBe("sealed");
    const plan = assembly.memoryPlan();
    const names = new Set(plan.map(({ arena, name }) => `${arena}/${name}`));
    for (const { bytes } of plan) expect(bytes).toBeGreaterThanOrEqual(0);
    for (const name of [
      "market/registry.count",
      "ingest/ingest.state",
      "shard-0/emitter.cause",
      "shard-1/emitter.cause",
      "collector/collector.hash",
      "rings/ring-3",
    ])
      expect(names).toContain(name);
  });

  it("are the same for every shard: one layout, so that any worker can be any shard", () => {
    const { assembly } = createEngine({ shards: 3 });
    const [first, ...others] = assembly.shardArenas;
    for (const other of others) expect(other.regions).toEqual(first.regions);
  });

  it("set memory for the copies of barriers aside only where there will be barriers", () => {
    expect(createEngine({ shards: 2 }).assembly.snapshots.map((copy) => copy.length)).toEqual([0, 0]);
  });

  it.each([
    { shards: 1, store: null },
    { shards: 3, store: new MemoryStore() },
    { shards: 2, feed: "binance" },
    { shards: 2, sinks: [new LinesSink([], {} as OutputText)], priority: true },
  ])("are refused with the sum that the memory plan would have had: %#", ({ priority = false, ...options }) => {
    const sinks = [{ kind: "file", path: "x", priority }] as const;
    const planOf = (limits: Partial<LimitPlan>) => ({ ...busyPlan(limits), sinks });
    const whole = createEngine({ ...options, plan: planOf({}) }).assembly.memoryPlan();
    expect(whole.some((line) => line.name === "lane-1")).toBe(priority);
    const total = whole.reduce((sum, line) => sum + line.bytes, 0);
    const refused = (memoryBytes: number) => () => createEngine({ ...options, plan: planOf({ memoryBytes }) });
    expect(refused(total)).not.toThrow();
    expect(refused(total - 1)).toThrow(`= ${total} bytes, over the limit of ${total - 1}`);
    expect(refused(Math.floor(total / 3))).toThrow(`= ${total} bytes, over the limit`);
  });

  it("what an over-limit refusal says would fit, does, and one more does not", () => {
    const memoryBytes = 20 * 1024 * 1024;
    const plan = (limits: Partial<LimitPlan>) => () => createEngine({ plan: busyPlan({ orders: 1 << 18, memoryBytes, ...limits }) });
    const message = errorOf(plan({})).message;
    const orders = Number(/limits\.orders (\d+)/.exec(message)?.[1]);
    expect(orders).toBeGreaterThan(1024);
    expect(plan({ orders })).not.toThrow();
    expect(plan({ orders: orders + 1 })).toThrow(code("ARENA_CAPACITY"));
    const megabytes = Number(/limits\.memory (\d+)MB/.exec(message)?.[1]);
    expect(plan({ memoryBytes: megabytes * 1024 * 1024 })).not.toThrow();
    expect(plan({ memoryBytes: (megabytes - 1) * 1024 * 1024 })).toThrow(code("ARENA_CAPACITY"));
  });

  it("an over-limit refusal names the limits that move a part, and no other: books by level have no orders", () => {
    const plan = busyPlan({ memoryBytes: 1000 });
    expect(() => createEngine({ plan, shards: 2 })).toThrow("(limits.orders, limits.levels, limits.instruments, --shards)");
    expect(() => createEngine({ plan, shards: 2, feed: "binance" })).toThrow("(limits.levels, limits.instruments, --shards)");
  });

  it("rings that alone are over the limit are refused before they are made", () => {
    const plan = busyPlan({ ringRecords: 1 << 26, memoryBytes: 1 << 30 });
    expect(() => createEngine({ plan, shards: 8 })).toThrow(/16 rings of \d+ \(limits\.ringRecords, --shards\).*it would fit with .*limits\.ringRecords \d+/);
  });

  it("a shard beyond what an arena can hold is refused in words, with what would fit", () => {
    const large = { orders: 33_554_432, levels: 33_554_432 };
    const plan = busyPlan({ ...large, memoryBytes: 4 * 1024 ** 3 });
    expect(() => createEngine({ plan })).toThrow(/more than 2 GB for a shard.*it would fit with limits\.orders \d+, or limits\.levels \d+$/);
    const hopeless = busyPlan({ ...large, memoryBytes: 1024 ** 3 });
    expect(() => createEngine({ plan: hopeless })).toThrow("no single limit makes it fit: lower several of them");
  });

  it("have the images of checkpoints and the logs in their plan", () => {
    const { assembly } = createEngine({ shards: 2, store: new MemoryStore() });
    const images = assembly.memoryPlan().filter((line) => line.arena === "images");
    expect(images.map((line) => line.bytes)).toEqual(assembly.shardArenas.map((arena) => arena.usedBytes));
  });

  it.each([0, 65, 1.5, -1])("are not made for %d shards", (shards) => {
    expect(() => createEngine({ shards })).toThrow(code("USAGE"));
  });

  it.each([0, 4097, 1.5])("are not made for a batch of %d", (batch) => {
    expect(() => createEngine({ batch })).toThrow(code("USAGE"));
  });

  it("are not made over the memory limit, and the error adds them up", () => {
    const plan = busyPlan({ memoryBytes: 40 * 1024 * 1024 });
    expect(() => createEngine({ plan, shards: 4 })).toThrow(code("ARENA_CAPACITY"));
    expect(() => createEngine({ plan, shards: 4 })).toThrow(/4 shards of .* over the limit of 41943040/);
    expect(() => createEngine({ plan: busyPlan({ memoryBytes: 1 }) })).toThrow(/over the limit of 1: it would fit with limits\.memory \d+MB$/);
  });

  it("are not made where several shards share rings that cannot hold what lies between two markers", () => {
    const plan = busyPlan({ ringRecords: 64 });
    expect(() => createEngine({ plan, shards: 2, batch: 8 })).toThrow(code("PIPELINE_INVALID"));
    expect(() => createEngine({ plan, shards: 1, batch: 8 })).not.toThrow();
  });

  it("hold two images of each arena beside larger input rings where shards are brought back, and count them in the plan and the limit", () => {
    const limits = { instruments: 16, orders: 1 << 12, levels: 1 << 11, ringRecords: 256 };
    const bare = createEngine({ plan: busyPlan(limits), shards: 2, driver: "threaded", isProtected: false }).assembly;
    const { assembly } = createEngine({ plan: busyPlan(limits), shards: 2, driver: "threaded" });
    const images = assembly.memoryPlan().filter(({ arena }) => arena === "images");
    expect(images.map(({ name, bytes }) => [name, bytes > 2 * assembly.shardArenas[0].usedBytes])).toEqual([
      ["recovery-0", true],
      ["recovery-1", true],
    ]);
    expect(bare.memoryPlan().some(({ arena }) => arena === "images")).toBe(false);
    const sum = (lines: readonly { bytes: number }[]): number => lines.reduce((total, { bytes }) => total + bytes, 0);
    const memoryBytes = sum(bare.memoryPlan()) + 1_000_000;
    expect(() => createEngine({ plan: busyPlan({ ...limits, memoryBytes }), shards: 2, driver: "threaded", isProtected: false })).not.toThrow();
    expect(() => createEngine({ plan: busyPlan({ ...limits, memoryBytes }), shards: 2, driver: "threaded" })).toThrow(
      /2 recovery images of \d+ .*--no-recovery/,
    );
  });

  it("are not made for shards that cannot be brought back: rings without room for a marker beside what is held, a priority lane", () => {
    const of = (plan: PipelinePlan, protectedInput: number | null): Assembly => new Assembly({ ...optionsOf(plan), protectedInput });
    const wide = { ...busyPlan({ ringRecords: 128 }), markerEvery: 126 };
    expect(() => of(wide, 128)).toThrow(code("PIPELINE_INVALID"));
    expect(() => of(wide, null)).not.toThrow();
    const urgent = { ...busyPlan(), sinks: [{ kind: "file" as const, path: "x", priority: true }] };
    expect(() => of(urgent, 4096)).toThrow(code("PIPELINE_INVALID"));
  });
});

function optionsOf(plan: PipelinePlan): AssemblyOptions {
  const pressure = { relieve: () => {} };
  return {
    plan,
    feed: "itch50",
    shards: 2,
    batch: 8,
    ingestPressure: pressure,
    outputPressure: pressure,
    barriers: { onBarrier: () => {} },
    clock: new TestClock(),
    latency: new NoLatencyRecorder(),
    lifecycle: StateWord.create(),
    checkpoints: false,
    createSinks: () => [],
  };
}
