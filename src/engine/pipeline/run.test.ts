import { describe, expect, it } from "vitest";
import { BytesSource, MemoryStore, busyPlan, createEngine, hashOf, runBytes, simulatedBytes } from "../../../test/model/engine-rig.ts";
import { StreamError, isStreamError } from "../../kernel/core/errors.ts";
import type { CheckpointStore } from "../checkpoint/checkpoint.ts";
import type { Sink } from "../delivery/sink.ts";

const BYTES = simulatedBytes({ seed: 23, instruments: 20, messages: 5000 });

const code = (name: Parameters<typeof isStreamError>[1]) => expect.toSatisfy((error: unknown) => isStreamError(error, name));

/** A sink that keeps a diary, and can be made to refuse. */
class Diary implements Sink {
  readonly said: string[] = [];
  written = 0;
  refuseAt = Infinity;

  open(position: number): void {
    this.said.push(`open ${position}`);
  }

  write(): void {
    if (++this.written >= this.refuseAt) throw new StreamError("SINK_FAILED", "the disk is full");
  }

  flush(): number {
    this.said.push("flush");
    return this.written;
  }

  close(): void {
    this.said.push("close");
  }
}

describe("a run", () => {
  it("opens its sinks empty, and flushes and closes them at the end", async () => {
    const diary = new Diary();
    const engine = await runBytes(BYTES, { sinks: [diary] });
    expect(diary.said).toEqual(["open 0", "flush", "close"]);
    expect(engine.run.position).toBe(BYTES.length);
  });

  it("of no bytes says nothing and ends", async () => {
    const diary = new Diary();
    const engine = await runBytes(new Uint8Array(0), { sinks: [diary] });
    expect(diary.written).toBe(0);
    expect(engine.assembly.ingest.sequence).toBe(1);
  });

  it.each(["inline", "threaded"] as const)(
    "stops at once when a sink refuses, closes what is open and keeps the last checkpoint: %s",
    { timeout: 10_000 },
    async (driver) => {
      const [refusing, other] = [new Diary(), new Diary()];
      refusing.refuseAt = 500;
      const store = new MemoryStore();
      const engine = createEngine({ driver, sinks: [refusing, other], store });
      engine.run.begin();
      await expect(engine.run.consume(new BytesSource(BYTES, 0, 1024))).rejects.toThrow(code("SINK_FAILED"));
      // A worker may take longer to start than this input takes to read: only the inline driver stops at a known place.
      if (driver === "inline") expect(engine.run.position).toBeLessThan(BYTES.length);
      expect([refusing.said.at(-1), other.said.at(-1)]).toEqual(["close", "close"]);
      expect(refusing.written).toBe(500);
      expect(store.saved.every(({ sinkPositions }) => sinkPositions[0] < 500)).toBe(true);
    },
  );

  it("stops when the store refuses a checkpoint", async () => {
    const store: CheckpointStore = {
      save() {
        throw new StreamError("SINK_FAILED", "no room for checkpoints");
      },
      load: () => null,
    };
    const engine = createEngine({ store });
    engine.run.begin();
    await expect(engine.run.consume(new BytesSource(BYTES))).rejects.toThrow(code("SINK_FAILED"));
  });

  it("has the hash of a run without checkpoints, however many it takes", async () => {
    const store = new MemoryStore();
    const plan = busyPlan({ instruments: 32, orders: 1 << 13, levels: 1 << 12 });
    const engine = await runBytes(BYTES, { store, plan, shards: 2, pieceBytes: 4096 });
    expect(store.saved.length).toBeGreaterThan(30);
    expect(store.saved.map(({ epoch }) => epoch)).toEqual(store.saved.map((_, index) => index + 1));
    expect(hashOf(engine)).toBe(hashOf(await runBytes(BYTES)));
  });

  it("resumed without a checkpoint starts from the beginning", async () => {
    const diary = new Diary();
    const engine = createEngine({ store: new MemoryStore(), sinks: [diary], checkpointAt: () => false });
    expect(engine.run.resume()).toBe(0);
    expect(diary.said).toEqual(["open 0"]);
    await engine.run.consume(new BytesSource(BYTES));
    expect(hashOf(engine)).toBe(hashOf(await runBytes(BYTES)));
  });

  it("refuses the checkpoint of another run before it touches a sink", async () => {
    const store = new MemoryStore();
    await runBytes(BYTES, { store, checkpointAt: () => store.saved.length === 0 });
    for (const change of [{ pipeline: "other" }, { input: ["elsewhere"] }, { version: "0" }, { feed: "binance" }]) {
      const diary = new Diary();
      const engine = createEngine({ store, sinks: [diary], identity: change });
      expect(() => engine.run.resume()).toThrow(code("CHECKPOINT_MISMATCH"));
      expect(diary.said).toEqual([]);
    }
    expect(() => createEngine({ store, shards: 2 }).run.resume()).toThrow(code("CHECKPOINT_MISMATCH"));
  });

  it("can be resumed again and again, from each checkpoint of a life that was itself resumed", async () => {
    const expected = hashOf(await runBytes(BYTES));
    const store = new MemoryStore();
    for (let life = 0; life < 5; life++) {
      const goal = (BYTES.length * (life + 1)) / 6;
      const saved = store.saved.length;
      const engine = createEngine({ store, shards: 2, checkpointAt: (position) => position > goal && store.saved.length === saved });
      const from = engine.run.resume();
      const source = new BytesSource(BYTES, from, 512, (position) => {
        if (position > goal + 4096) throw new Error("cut");
      });
      await expect(engine.run.consume(source)).rejects.toThrow("cut");
      expect(store.saved.length).toBe(saved + 1);
    }
    const last = createEngine({ store, shards: 2, checkpointAt: () => false });
    await last.run.consume(new BytesSource(BYTES, last.run.resume()));
    expect(hashOf(last)).toBe(expected);
    expect(store.saved.map(({ epoch }) => epoch)).toEqual([1, 2, 3, 4, 5]);
  });
});
