import { describe, expect, it } from "vitest";
import { busyPlan, createEngine } from "../../../test/model/engine-rig.ts";
import { isStreamError } from "../../kernel/core/errors.ts";

const code = (name: Parameters<typeof isStreamError>[1]) => expect.toSatisfy((error: unknown) => isStreamError(error, name));

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
  });

  it("are not made where several shards share rings that cannot hold what lies between two markers", () => {
    const plan = busyPlan({ ringRecords: 64 });
    expect(() => createEngine({ plan, shards: 2, batch: 8 })).toThrow(code("PIPELINE_INVALID"));
    expect(() => createEngine({ plan, shards: 1, batch: 8 })).not.toThrow();
  });
});
