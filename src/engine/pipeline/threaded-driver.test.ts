/**
 * The threaded driver when things go wrong: a thread that throws, a thread that is ended, with room in the rings and without; and when
 * they only seem to. Deaths in every way and at every place are in test/thread/deaths.test.ts. Every run has a hard limit, so a hang fails.
 */
import { describe, expect, it } from "vitest";
import type { Worker } from "node:worker_threads";
import {
  BytesSource,
  busyPlan,
  createEngine,
  hashOf,
  lostOf,
  runBytes,
  simulatedBytes,
  type Engine,
  type EngineOptions,
} from "../../../test/model/engine-rig.ts";
import { TestClock, type LiveClock } from "../../kernel/core/clock.ts";
import { isStreamError } from "../../kernel/core/errors.ts";
import type { GatedRing } from "../../kernel/ring/gated-ring.ts";
import { Lifecycle } from "../../kernel/lifecycle/machine.ts";
import { IDLE_NAMES, type IdleName } from "../../kernel/ring/idle.ts";
import type { Assembly } from "./assembly.ts";
import { Drill } from "./drill.ts";
import { REASON_SHARD_DOWN, ShardOutage } from "./shard-outage.ts";
import type { ThreadWords } from "./thread-words.ts";
import { ThreadedDriver } from "./threaded-driver.ts";

const HANG_MS = 30_000;
const BYTES = simulatedBytes({ seed: 21, instruments: 60, messages: 30_000 });
const TINY = busyPlan({ ringRecords: 256 });

const died = expect.toSatisfy((error: unknown) => isStreamError(error, "SHARD_DIED"));

/** Runs with something done to the engine when this many bytes have been read; answers the error that the run ended with. */
async function runWith(options: EngineOptions, atByte: number, readBytes: number, damage: (engine: Engine) => void): Promise<unknown> {
  const engine = createEngine({ driver: "threaded", shards: 2, ...options });
  engine.run.begin();
  let done = false;
  const source = new BytesSource(BYTES, 0, readBytes, (position) => {
    if (done || position < atByte) return;
    done = true;
    damage(engine);
  });
  const error: unknown = await engine.run.consume(source).then(
    () => "no error",
    (cause: unknown) => cause,
  );
  expect(done).toBe(true);
  return error;
}

const terminate =
  (thread: number) =>
  ({ driver }: Engine): void =>
    (driver as ThreadedDriver).terminateThread(thread);

/** Makes the threads of both shards throw at this place of their input: there is no memory set aside for the copy that a barrier asks for. */
function poison({ assembly }: Engine): void {
  assembly.ingest.barrier(1);
  assembly.ingest.flush();
}

describe("a shard's thread that dies, without images, ends the run with SHARD_DIED", () => {
  const bare: EngineOptions = { isProtected: false };

  it("when it throws, with the shard, the record and the cause", { timeout: HANG_MS }, async () => {
    const error = await runWith(bare, BYTES.length / 2, 4096, poison);
    expect(error).toEqual(died);
    expect((error as Error).message).toMatch(/^shard [01] died, at marker \d+: offset is out of bounds$/);
  });

  it("when it throws while ingest waits for room without turning its event loop", { timeout: HANG_MS }, async () => {
    const error = await runWith({ ...bare, plan: TINY, batch: 64, pieceBytes: BYTES.length }, 0, BYTES.length, poison);
    expect(error).toEqual(died);
  });

  it("when it throws after the last input", { timeout: HANG_MS }, async () => {
    const error = await runWith(bare, BYTES.length, BYTES.length, poison);
    expect(error).toEqual(died);
  });

  it("when it is ended from outside", { timeout: HANG_MS }, async () => {
    const error = await runWith(bare, BYTES.length / 2, 4096, terminate(1));
    expect(error).toEqual(died);
  });

  it("when it is ended from outside while ingest waits for room, with the cause and at once", { timeout: HANG_MS }, async () => {
    const options = { ...bare, plan: TINY, batch: 64, pieceBytes: BYTES.length, threaded: { stallNs: 600e9 } };
    const error = await runWith(options, 0, BYTES.length, terminate(0));
    expect(error).toEqual(died);
    expect((error as Error).message).toMatch(/^shard [01] died: it was ended from outside$/);
  });

  it("and no thread goes on", { timeout: HANG_MS }, async () => {
    let engine: Engine | null = null;
    await runWith({ ...bare, shards: 3 }, BYTES.length / 2, 4096, (running) => {
      engine = running;
      poison(running);
    });
    const { worker, words } = (engine as unknown as Engine).driver as unknown as { worker: Worker; words: ThreadWords };
    const turns = [0, 1, 2].map((thread) => words.turns(thread));
    expect(worker.threadId).toBe(-1);
    words.ringAll();
    for (let n = 0; n < 100; n++) await new Promise((resolve) => setImmediate(resolve));
    expect([0, 1, 2].map((thread) => words.turns(thread))).toEqual(turns);
  });
});

describe("a shard's thread that dies, with images", () => {
  it("at the same record each time ends the run, and the record is named", { timeout: HANG_MS }, async () => {
    const error = await runWith({}, BYTES.length / 2, 4096, poison);
    expect(error).toEqual(died);
    expect((error as Error).message).toMatch(/^shard [01] died twice at the same record, at marker \d+: offset is out of bounds$/);
  });

  it("is replaced: the process is DEGRADED until it is, and what the shards decide does not change", { timeout: HANG_MS }, async () => {
    const lifecycle = new Lifecycle(new TestClock(0));
    lifecycle.transition("WARMUP");
    lifecycle.transition("READY");
    const engine = createEngine({ driver: "threaded", shards: 2, plan: TINY, threaded: { outage: new ShardOutage(lifecycle) } });
    const driver = engine.driver as ThreadedDriver;
    let isDone = false;
    engine.run.begin();
    await engine.run.consume(
      new BytesSource(BYTES, 0, 4096, (position) => {
        if (isDone || position < BYTES.length / 2) return;
        isDone = true;
        driver.terminateThread(1);
      }),
    );
    const states = lifecycle.history.map(({ to, reasons }) => [to, ...reasons]);
    expect(states).toEqual([["WARMUP"], ["READY"], ["DEGRADED", REASON_SHARD_DOWN], ["READY"]]);
    expect(hashOf(engine)).toBe(hashOf(await runBytes(BYTES)));
    expect(driver.recovery).toMatchObject({ restarts: 1, longestNs: expect.any(Number) as number });
  });

  it("by a drill, at places of its own, changes nothing", { timeout: HANG_MS }, async () => {
    const threaded = { drill: new Drill(3, 5), restartsMax: 20 };
    const engine = await runBytes(BYTES, { driver: "threaded", shards: 2, plan: TINY, threaded }, 4096);
    expect((engine.driver as ThreadedDriver).recovery.restarts).toBeGreaterThan(0);
    expect(hashOf(engine)).toBe(hashOf(await runBytes(BYTES)));
  });
});

it("more threads than shards are refused", () => {
  const tooMany = (): Engine => createEngine({ driver: "threaded", shards: 2, threaded: { threads: 3 } });
  expect(tooMany).toThrow("expected 1 to 2 threads for 2 shards, got 3");
});

describe("back pressure in threads", () => {
  it.each([
    { shards: 1, batch: 256, pieceBytes: BYTES.length },
    { shards: 2, batch: 256, pieceBytes: 65_536 },
    { shards: 3, batch: 1, pieceBytes: 1472 },
  ])("through rings of 256 records loses nothing and changes nothing: %o", { timeout: HANG_MS }, async (options) => {
    const engine = await runBytes(BYTES, { ...options, driver: "threaded", plan: TINY });
    expect(lostOf(engine)).toEqual({ input: 0, output: 0 });
    expect(hashOf(engine)).toBe(hashOf(await runBytes(BYTES)));
  });
});

describe("how a shards' thread waits for input", () => {
  it.each(IDLE_NAMES)("changes nothing about the outputs: %s", { timeout: HANG_MS }, async (idle) => {
    const engine = await runBytes(BYTES, { driver: "threaded", threaded: { idle }, plan: TINY });
    expect(lostOf(engine)).toEqual({ input: 0, output: 0 });
    expect(hashOf(engine)).toBe(hashOf(await runBytes(BYTES)));
  });

  it("is what the run says: a ladder that does not exist ends it", { timeout: HANG_MS }, async () => {
    const threaded = { idle: "nap" as IdleName };
    await expect(runBytes(BYTES, { driver: "threaded", isProtected: false, threaded, plan: TINY })).rejects.toEqual(died);
  });
});

/** A driver over shards that are counters, without a supervisor, and a clock that a test moves. */
function watched(stallNs: number) {
  const clock = new TestClock(0);
  const driver = new ThreadedDriver(clock as unknown as LiveClock, { batch: 64, stallNs });
  const shard = { consumed: 0, emitted: 0 };
  const ring = { head: 5, parkProducer: () => clock.advance(1e6) };
  const collector = { poll: () => 0, received: 0, isEnded: false };
  const assembly = { shards: [shard], inRings: [ring], outputs: [{ available: () => 0 }], collector };
  driver.attach(assembly as unknown as Assembly);
  const waitFor = (ms: number): void => {
    for (let i = 0; i < ms; i++) driver.ingestPressure.relieve(ring as unknown as GatedRing);
  };
  return { clock, shard, ring, waitFor };
}

/** What the main thread leaves the supervisor, on top of the stall limit. */
const PATIENCE_MS = 30_000;

describe("a run in which nothing moves, not even the supervisor", () => {
  it("is given up after the limit, and not before", () => {
    const { waitFor } = watched(100e6);
    waitFor(PATIENCE_MS + 99);
    expect(() => waitFor(3)).toThrow(died);
  });

  it("is not one that goes on slowly and says nothing", () => {
    const { shard, waitFor } = watched(100e6);
    for (let n = 0; n < 5; n++) {
      waitFor(PATIENCE_MS + 90);
      shard.consumed++;
    }
    expect(() => waitFor(PATIENCE_MS + 102)).toThrow(died);
  });

  it("is not one that nobody looked at for long: a replay that was paced, a checkpoint that took its time", () => {
    const { clock, waitFor } = watched(5e9);
    waitFor(1);
    clock.advance(60e9);
    waitFor(100);
  });

  it("is not one whose shards have taken everything", () => {
    const { ring, waitFor } = watched(100e6);
    ring.head = 0;
    waitFor(2 * PATIENCE_MS);
  });
});
