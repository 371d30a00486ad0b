/** Every error code is thrown somewhere in the sources, and reached here by doing what the code is for. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { parsePlan } from "../../src/cli/config/load.ts";
import { explainError, exitCodeOf } from "../../src/cli/exit.ts";
import { FileCheckpointStore } from "../../src/connect/file/checkpoint-store.ts";
import { FileSource } from "../../src/connect/file/file-source.ts";
import { partNamed } from "../../src/engine/checkpoint/checkpoint.ts";
import { feedNamed } from "../../src/engine/pipeline/feed-catalog.ts";
import { pipeline } from "../../src/engine/pipeline/pipeline.ts";
import { TestClock } from "../../src/kernel/core/clock.ts";
import { ERROR_CODES, type ErrorCode, isStreamError } from "../../src/kernel/core/errors.ts";
import { fail } from "../../src/kernel/core/invariant.ts";
import { InstrumentRegistry } from "../../src/kernel/instrument/registry.ts";
import { Lifecycle } from "../../src/kernel/lifecycle/machine.ts";
import { Arena } from "../../src/kernel/memory/arena.ts";
import { SlotPool } from "../../src/kernel/memory/slot-pool.ts";
import { GatedRing } from "../../src/kernel/ring/gated-ring.ts";
import { Consumer, RingBuffer } from "../../src/kernel/ring/ring-buffer.ts";
import { checkBbo } from "../../src/market/sync/bbo-check.ts";
import { Executor } from "../../src/trading/execution/executor.ts";
import { createEngine, MemoryStore, runBytes, simulatedBytes } from "../model/engine-rig.ts";
import { productionSources, textOf } from "./sources.ts";

const folder = mkdtempSync(join(tmpdir(), "tercel-error-codes-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const codes = Object.keys(ERROR_CODES) as ErrorCode[];

function arenaWith(name: string): Arena {
  const arena = Arena.create("codes", 1 << 16);
  arena.int32(name, 4);
  arena.seal();
  return arena;
}

/** Two price levels each of a book that has room for two in all. */
function fullBook(): void {
  const levels = '[["1.00","1"],["2.00","1"],["3.00","1"],["4.00","1"]]';
  const snapshot = `{"lastUpdateId":1,"bids":${levels},"asks":[]}`;
  const update = `{"stream":"ethusdt@depth@100ms","data":{"e":"depthUpdate","E":1723161258000,"s":"ETHUSDT","U":1,"u":2,"b":${levels},"a":[]}}`;
  const text = `${update}\n${snapshot}\n${update.replace('"U":1,"u":2', '"U":3,"u":4')}\n`;
  checkBbo("binance", [new TextEncoder().encode(text)], { levels: 2 });
}

/** Checkpoints of one run resumed by another. */
async function resumeAnother(): Promise<void> {
  const store = new MemoryStore();
  await runBytes(simulatedBytes({ seed: 1, instruments: 2, scenario: "calm", messages: 500 }), { store });
  createEngine({ store, identity: { pipeline: "another" } }).run.resume();
}

/** A shard's thread that is given the memory of another plan. */
async function killShard(): Promise<void> {
  const { assembly, run } = createEngine({ driver: "threaded", isProtected: false });
  const data = assembly.seatData.bind(assembly);
  assembly.seatData = (...args) => ({ ...data(...args), arena: arenaWith("another").buffer });
  run.begin();
  await run.consume({ read: () => new Promise((resolve) => setImmediate(() => resolve(new Uint8Array(1)))), close: async () => {} });
}

/** How each code is provoked. */
const PROVOCATIONS: Readonly<Record<ErrorCode, () => unknown>> = {
  INVARIANT: () => fail("the cursor ran past the ring", 3),
  CONFIG_INVALID: () => parsePlan("pipeline: a\nbras: 1s\n", "a.yaml"),
  USAGE: () => feedNamed("itch51"),
  INPUT_UNREADABLE: () => new FileSource([join(folder, "missing")]).open(),
  ARENA_CAPACITY: () => Arena.create("small", 64).float64("large", 1 << 20),
  ARENA_STATE: () => arenaWith("a").int32("late", 1),
  ARENA_LAYOUT: () => arenaWith("another").restore(arenaWith("one").snapshot()),
  POOL_STALE_HANDLE: () => {
    const pool = new SlotPool(Arena.create("codes", 1 << 16), "pool", 4);
    const handle = pool.acquire();
    pool.release(handle);
    pool.require(handle);
  },
  MAP_CAPACITY: fullBook,
  VALUE_RANGE: () => new InstrumentRegistry(Arena.create("codes", 1 << 16), 0),
  RING_CAPACITY: () => GatedRing.create(1000),
  RING_OVERRUN: () => {
    const ring = new RingBuffer<number>(2);
    const reader = new Consumer(ring);
    for (let i = 0; i < 5; i++) ring.publish(i);
    reader.poll();
  },
  INSTRUMENT_UNKNOWN: () => new InstrumentRegistry(Arena.create("codes", 1 << 16), 4).symbol(2),
  LIFECYCLE_TRANSITION: () => new Lifecycle(new TestClock()).transition("READY"),
  LIFECYCLE_NOT_READY: () => {
    const ring = new RingBuffer<number>(2);
    const clock = new TestClock();
    const executor = new Executor(ring, new Lifecycle(clock), undefined, clock);
    ring.publish(1);
    executor.process();
  },
  FORMULA_SYNTAX: () => parsePlan("pipeline: a\nbars: 1s\nsignals: { x: close < }\n", "a.yaml"),
  FORMULA_UNKNOWN_NAME: () => parsePlan("pipeline: a\nbars: 1s\nsignals: { x: clse < 1 }\n", "a.yaml"),
  PIPELINE_INVALID: () => pipeline("nothing").toPlan(),
  CHECKPOINT_CORRUPT: () => partNamed({ epoch: 1, identity: {} as never, sourceOffset: 0, sinkPositions: [], parts: [] }, "market"),
  CHECKPOINT_MISMATCH: resumeAnother,
  SINK_FAILED: () => {
    const path = join(folder, "a-file");
    writeFileSync(path, "");
    return new FileCheckpointStore(join(path, "below"));
  },
  SHARD_DIED: killShard,
};

/** The codes in calls of `new StreamError` and `formulaError`. */
function thrownIn(text: string): string[] {
  return [...text.matchAll(/(?:new StreamError|formulaError|faultAt)\(\s*"([A-Z_]+)"/g)].map(([, code]) => code);
}

const thrown = new Set(productionSources().flatMap((path) => thrownIn(textOf(path))));

describe("the closed list of error codes", () => {
  it.for(codes)("%s is thrown in the sources, and is reached", async (code) => {
    expect(thrown).toContain(code);
    const error: unknown = await Promise.resolve()
      .then(() => PROVOCATIONS[code]())
      .then(
        () => null,
        (reason: unknown) => reason,
      );
    expect(error).toSatisfy((reason: unknown) => isStreamError(reason, code), `${code}, got ${String(error)}`);
    expect(explainError(error, false)).toMatch(/^\S.{10,}/);
    expect(explainError(error, false)).not.toMatch(/undefined|NaN|\[object|\n {4}at /);
    expect([2, 3, 4]).toContain(exitCodeOf(error));
  });

  it("nothing is thrown that is not in the list", () => {
    expect([...thrown].filter((code) => !(code in ERROR_CODES))).toEqual([]);
  });

  it("a throw is seen on one line and on several", () => {
    expect(thrownIn('throw new StreamError("USAGE", "x")\n  formulaError(\n    "FORMULA_SYNTAX", y)')).toEqual(["USAGE", "FORMULA_SYNTAX"]);
    expect(thrownIn("// USAGE is thrown elsewhere")).toEqual([]);
  });
});
