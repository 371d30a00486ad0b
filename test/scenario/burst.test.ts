/**
 * A source that cannot wait: bursts of ten times what the shards take go into a burst queue, and its spill, and come out in order. Nothing is
 * lost, the source is never held, and the output hash is that of a run without the queue, also when a run is cut off while the queue is
 * full and resumed from a checkpoint.
 */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { SpillFile } from "../../src/connect/file/spill-file.ts";
import type { Source } from "../../src/engine/delivery/source.ts";
import type { SpillStore } from "../../src/engine/delivery/spill-store.ts";
import { isStreamError, StreamError } from "../../src/kernel/core/errors.ts";
import { Random } from "../../src/kernel/core/random.ts";
import {
  BytesSource,
  busyPlan,
  createEngine,
  hashOf,
  lostOf,
  MemoryStore,
  runBytes,
  simulatedBytes,
  type Engine,
  type EngineOptions,
} from "../model/engine-rig.ts";
import { MemorySpill } from "../model/memory-spill.ts";

const HANG_MS = 25_000;
const BYTES = simulatedBytes({ seed: 31, instruments: 40, messages: 12_000 });
const TINY = busyPlan({ ringRecords: 256, instruments: 64, orders: 1 << 13, levels: 1 << 12 });

const folder = mkdtempSync(join(tmpdir(), "tercel-burst-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const memory = (records: number) => ({ records, createSpill: () => new MemorySpill() });

let expected = "";
async function plainHash(): Promise<string> {
  expected ||= hashOf(await runBytes(BYTES));
  return expected;
}

function totals({ assembly }: Engine): { queued: number; spilled: number; highWater: number } {
  const sum = (pick: (burst: (typeof assembly.bursts)[number]) => number): number => assembly.bursts.reduce((all, burst) => all + pick(burst), 0);
  return { queued: sum(({ queued }) => queued), spilled: sum(({ spilled }) => spilled), highWater: sum(({ highWater }) => highWater) };
}

describe("a burst queue before the shards", () => {
  it.each<[string, EngineOptions]>([
    ["slow shards, little memory", { slow: 20, burst: memory(100) }],
    ["slow shards, all in memory", { slow: 20, burst: memory(1 << 15) }],
    ["three slow shards", { slow: 10, shards: 3, burst: memory(64) }],
    ["inline", { burst: memory(64), pieceBytes: 65_536 }],
    ["inline, three shards, batches of one", { burst: memory(1), shards: 3, batch: 1, pieceBytes: 65_536 }],
    ["two threads", { driver: "threaded", shards: 2, burst: memory(512), pieceBytes: 65_536 }],
  ])("changes no output and never holds the source: %s", { timeout: HANG_MS }, async (_, options) => {
    const engine = await runBytes(BYTES, { plan: TINY, ...options });
    expect(hashOf(engine)).toBe(await plainHash());
    expect([lostOf(engine), engine.assembly.ingest.waiting, engine.waits()]).toEqual([{ input: 0, output: 0 }, 0, 0]);
    expect(totals(engine).queued).toBeGreaterThan(0);
    if (options.slow !== undefined && options.burst?.records !== 1 << 15) expect(totals(engine).spilled).toBeGreaterThan(1000);
  });

  it("without a spill makes the source wait when it is full, and loses nothing", { timeout: HANG_MS }, async () => {
    const engine = await runBytes(BYTES, { plan: TINY, slow: 20, burst: { records: 100, createSpill: () => null } });
    expect([hashOf(engine), lostOf(engine)]).toEqual([await plainHash(), { input: 0, output: 0 }]);
    expect([engine.waits() > 0, totals(engine).spilled, totals(engine).highWater]).toEqual([true, 0, 100]);
  });

  it("takes a burst of ten times the rate without a loss or a wait, and is empty again after it", { timeout: HANG_MS }, async () => {
    // A piece is a moment: 1 KB of messages in calm, 10 KB in the burst; the shard takes some twice the calm rate.
    const engine = createEngine({ plan: TINY, slow: 60, pieceBytes: 1 << 20, burst: memory(200) });
    const burst = { from: BYTES.length * 0.4, to: BYTES.length * 0.7 };
    const waiting: number[] = [];
    let position = 0;
    const source: Source = {
      read: async () => {
        waiting.push(engine.assembly.ingest.waiting);
        if (position >= BYTES.length) return null;
        const length = position >= burst.from && position < burst.to ? 10_240 : 1024;
        const piece = BYTES.subarray(position, position + length);
        position += length;
        return piece;
      },
      close: async () => {},
    };
    engine.run.begin();
    await engine.run.consume(source);
    expect([hashOf(engine), lostOf(engine), engine.waits()]).toEqual([await plainHash(), { input: 0, output: 0 }, 0]);
    expect(Math.max(...waiting.slice(0, Math.floor(burst.from / 1024)))).toBe(0);
    expect(Math.max(...waiting)).toBeGreaterThan(1000);
    expect(totals(engine).spilled).toBeGreaterThan(1000);
  });

  it("goes on its way while the source has nothing to say", { timeout: HANG_MS }, async () => {
    const engine = createEngine({ plan: TINY, slow: 20, burst: memory(100) });
    const bytes = new BytesSource(BYTES, 0, BYTES.length / 2);
    let silences = 0;
    const source: Source = {
      read: async () => {
        if (engine.assembly.ingest.waiting > 0) silences++;
        while (engine.assembly.ingest.waiting > 0) await new Promise((resolve) => setImmediate(resolve));
        return bytes.read();
      },
      close: async () => {},
    };
    engine.run.begin();
    await engine.run.consume(source);
    expect([hashOf(engine), silences]).toEqual([await plainHash(), 2]);
  });

  it("tells of a source that fails while it waits for it", { timeout: HANG_MS }, async () => {
    const engine = createEngine({ plan: TINY, slow: 20, burst: memory(100) });
    const source = new BytesSource(BYTES, 0, BYTES.length / 2, (position) => {
      if (position > 0) throw new Error("the line went dead");
    });
    engine.run.begin();
    await expect(engine.run.consume(source)).rejects.toThrow("the line went dead");
  });
});

describe("a checkpoint taken while the queue is not empty", () => {
  it.each([
    { slow: 20, shards: 1, seed: 1 },
    { slow: 15, shards: 2, seed: 2 },
  ])("is one that a run goes on from to the same output: %o", { timeout: 2 * HANG_MS }, async ({ slow, shards, seed }) => {
    const random = new Random(new Int32Array(4), seed);
    const lines: string[] = [];
    const whole: string[] = [];
    await runBytes(BYTES, { plan: TINY, shards, lines: whole });
    const store = new MemoryStore();
    let full = 0;
    let position = 0;
    for (let life = 0; position < BYTES.length; life++) {
      expect(life).toBeLessThan(40);
      let engine: Engine | null = null;
      const checkpointAt = (): boolean => {
        const isFull = (engine as Engine).assembly.ingest.waiting > 0;
        if (isFull) full++;
        return isFull && random.nextBelow(3) === 0;
      };
      engine = createEngine({ plan: TINY, slow, shards, store, lines, burst: memory(40), checkpointAt });
      const start = life === 0 ? (engine.run.begin(), 0) : engine.run.resume();
      const end = start + 50_000 + random.nextBelow(80_000);
      const source = new BytesSource(BYTES, start, 1472, (at) => {
        position = at;
        if (at > end && at < BYTES.length) throw new Error("cut off");
      });
      const error: unknown = await engine.run.consume(source).catch((cause: unknown) => cause);
      if (position < BYTES.length) expect(error).toMatchObject({ message: "cut off" });
      else expect([error, hashOf(engine)]).toEqual([undefined, await plainHash()]);
    }
    expect([full > 20, store.saved.length > 3]).toEqual([true, true]);
    expect(lines).toEqual(whole);
  });
});

describe("a spill that fails", () => {
  /** Takes so many records, then the disk is full. */
  class FullDisk extends MemorySpill implements SpillStore {
    private room: number;

    constructor(room: number) {
      super();
      this.room = room;
    }

    override append(...args: Parameters<SpillStore["append"]>): void {
      if (this.room-- === 0) throw new StreamError("SINK_FAILED", "no space left on device");
      super.append(...args);
    }
  }

  it("ends the run with SINK_FAILED; the last checkpoint is whole, and a resume comes to the same output", { timeout: HANG_MS }, async () => {
    const lines: string[] = [];
    const store = new MemoryStore();
    const engine = createEngine({ plan: TINY, slow: 20, store, lines, burst: { records: 50, createSpill: () => new FullDisk(3000) } });
    engine.run.begin();
    const error: unknown = await engine.run.consume(new BytesSource(BYTES)).catch((cause: unknown) => cause);
    expect(isStreamError(error, "SINK_FAILED")).toBe(true);
    expect(store.saved.length).toBeGreaterThan(0);
    const second = createEngine({ plan: TINY, store, lines, burst: memory(50) });
    await second.run.consume(new BytesSource(BYTES, second.run.resume()));
    expect([hashOf(second), lostOf(second)]).toEqual([await plainHash(), { input: 0, output: 0 }]);
  });

  it("in a file is a real one: it holds what waits, and is gone at the end", { timeout: HANG_MS }, async () => {
    const files = [0, 1].map((shard) => new SpillFile(join(folder, `spill.${shard}`)));
    const engine = await runBytes(BYTES, { plan: TINY, slow: 10, shards: 2, burst: { records: 64, createSpill: (shard) => files[shard] } });
    expect([hashOf(engine), lostOf(engine)]).toEqual([await plainHash(), { input: 0, output: 0 }]);
    expect(totals(engine).spilled).toBeGreaterThan(4000); // several writes of 1,024 records for each shard
    for (const file of files) file.close();
    expect(existsSync(join(folder, "spill.0"))).toBe(false);
  });
});
