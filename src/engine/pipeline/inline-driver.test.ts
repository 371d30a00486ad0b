import { describe, expect, it } from "vitest";
import { BytesSource, busyPlan, createEngine, hashOf, lostOf, runBytes, simulatedBytes } from "../../../test/model/engine-rig.ts";
import { Random } from "../../kernel/core/random.ts";

const BYTES = simulatedBytes({ seed: 22, instruments: 60, messages: 20_000 });

describe("back pressure in one thread", () => {
  it("through tiny rings, any batch and any pieces, loses nothing and changes nothing", async () => {
    const expected = hashOf(await runBytes(BYTES));
    const random = new Random(new Int32Array(4), 5);
    for (let draw = 0; draw < 10; draw++) {
      const ringRecords = 128 << random.nextBelow(3);
      const options = { shards: 1 + random.nextBelow(6), batch: 1 + random.nextBelow(ringRecords), pieceBytes: 1 + random.nextBelow(100_000) };
      const engine = await runBytes(BYTES, { ...options, plan: busyPlan({ ringRecords }) });
      expect(lostOf(engine), JSON.stringify(options)).toEqual({ input: 0, output: 0 });
      expect(hashOf(engine), JSON.stringify(options)).toBe(expected);
    }
  });

  it("lets a shard return that must wait for one that runs after it: its outputs are set aside", async () => {
    const engine = await runBytes(BYTES, { shards: 3, plan: busyPlan({ ringRecords: 128 }), batch: 128 });
    expect(engine.assembly.outputs.reduce((sum, output) => sum + output.spilled, 0)).toBeGreaterThan(0);
  });

  it("at every moment what was published is what was consumed and what waits", async () => {
    const engine = createEngine({ shards: 3, plan: busyPlan({ ringRecords: 128 }), batch: 16 });
    const { ingest, shards, inRings, outRings, collector } = engine.assembly;
    let checks = 0;
    engine.run.begin();
    await engine.run.consume(
      new BytesSource(BYTES, 0, 999, () => {
        checks++;
        const consumed = shards.reduce((sum, shard) => sum + shard.consumed, 0);
        const emitted = shards.reduce((sum, shard) => sum + shard.emitted, 0);
        expect(ingest.published).toBe(consumed + inRings.reduce((sum, ring) => sum + ring.used, 0));
        expect(emitted).toBe(collector.received + outRings.reduce((sum, ring) => sum + ring.used, 0));
      }),
    );
    expect(checks).toBeGreaterThan(100);
    expect(ingest.published).toBeGreaterThan(20_000);
  });

  it.each(["inRings", "outRings"] as const)("a record dropped from the %s is told as lost", async (side) => {
    const engine = createEngine();
    const [ring] = engine.assembly[side];
    const commit = ring.commit.bind(ring);
    let commits = 0;
    ring.commit = () => {
      commit();
      if (ring.used === 0 || ++commits !== 20) return;
      ring.available();
      ring.release(1); // as a ring that overwrites would: its reader never sees the record
    };
    engine.run.begin();
    await engine.run.consume(new BytesSource(BYTES));
    expect(lostOf(engine)).toEqual({ input: side === "inRings" ? 1 : 0, output: side === "inRings" ? 0 : 1 });
  });
});
