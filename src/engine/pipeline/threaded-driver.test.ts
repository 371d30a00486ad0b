/**
 * The threaded driver when things go wrong: a worker that throws, a worker that is ended, with room in the rings and without; and when
 * they only seem to. Every run has a hard limit, so a hang fails.
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
import { IDLE_NAMES, type IdleName } from "../../kernel/ring/idle.ts";
import type { Assembly } from "./assembly.ts";
import { ThreadedDriver } from "./threaded-driver.ts";

const HANG_MS = 10_000;
const BYTES = simulatedBytes({ seed: 21, instruments: 60, messages: 30_000 });
const TINY = busyPlan({ ringRecords: 256 });

const died = expect.toSatisfy((error: unknown) => isStreamError(error, "SHARD_DIED"));

function workersOf({ driver }: Engine): Worker[] {
  return (driver as unknown as { workers: Worker[] }).workers;
}

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

/** Makes both workers throw at this place of their input: there is no memory set aside for the copy that a barrier asks for. */
function poison({ assembly }: Engine): void {
  assembly.ingest.barrier(1);
  assembly.ingest.flush();
}

describe("a shard's worker that dies in mid-run ends the run with SHARD_DIED", () => {
  it("when it throws, with the cause", { timeout: HANG_MS }, async () => {
    const error = await runWith({}, BYTES.length / 2, 4096, poison);
    expect(error).toEqual(died);
    expect((error as Error).message).toMatch(/shard [01]/);
  });

  it("when it throws while ingest waits for room without turning its event loop", { timeout: HANG_MS }, async () => {
    const error = await runWith({ plan: TINY, batch: 64, pieceBytes: BYTES.length }, 0, BYTES.length, poison);
    expect(error).toEqual(died);
  });

  it("when it throws after the last input", { timeout: HANG_MS }, async () => {
    const error = await runWith({}, BYTES.length, BYTES.length, poison);
    expect(error).toEqual(died);
  });

  it("when it is ended from outside", { timeout: HANG_MS }, async () => {
    const error = await runWith({ stallNs: 5e9 }, BYTES.length / 2, 4096, (engine) => void workersOf(engine)[1].terminate());
    expect(error).toEqual(died);
  });

  it("when it is ended from outside while ingest waits for room", { timeout: HANG_MS }, async () => {
    const options = { plan: TINY, batch: 64, pieceBytes: BYTES.length, stallNs: 0.5e9 };
    const error = await runWith(options, 0, BYTES.length, (engine) => void workersOf(engine)[0].terminate());
    expect(error).toEqual(died);
    expect((error as Error).message).toMatch(/stood still/);
  });

  it("and no worker is left behind", { timeout: HANG_MS }, async () => {
    let engine: Engine | null = null;
    await runWith({ shards: 3 }, BYTES.length / 2, 4096, (running) => {
      engine = running;
      poison(running);
    });
    for (const worker of workersOf(engine as unknown as Engine)) expect(worker.threadId).toBe(-1);
  });
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

describe("how a shard's thread waits for input", () => {
  it.each(IDLE_NAMES)("changes nothing about the outputs: %s", { timeout: HANG_MS }, async (idle) => {
    const engine = await runBytes(BYTES, { driver: "threaded", idle, plan: TINY });
    expect(lostOf(engine)).toEqual({ input: 0, output: 0 });
    expect(hashOf(engine)).toBe(hashOf(await runBytes(BYTES)));
  });

  it("is what the run says: a ladder that does not exist ends it", { timeout: HANG_MS }, async () => {
    await expect(runBytes(BYTES, { driver: "threaded", idle: "nap" as IdleName, plan: TINY })).rejects.toEqual(died);
  });
});

/** A driver over shards that are counters, and a clock that a test moves. */
function watched(stallNs: number) {
  const clock = new TestClock(0);
  const driver = new ThreadedDriver(clock as unknown as LiveClock, 64, stallNs);
  const shard = { consumed: 0, emitted: 0 };
  const ring = { used: 5, isClosed: false, parkProducer: () => clock.advance(1e6) };
  const assembly = { shards: [shard], inRings: [ring], collector: { poll: () => 0, received: 0, isEnded: false } };
  driver.attach(assembly as unknown as Assembly);
  const waitFor = (ms: number): void => {
    for (let i = 0; i < ms; i++) driver.ingestPressure.relieve(ring as unknown as GatedRing);
  };
  return { clock, shard, ring, waitFor };
}

describe("a shard that stands still", () => {
  it("is found after the limit, and not before", () => {
    const { waitFor } = watched(100e6);
    waitFor(99);
    expect(() => waitFor(3)).toThrow(died);
  });

  it("is not one that goes on slowly and says nothing", () => {
    const { shard, waitFor } = watched(100e6);
    for (let n = 0; n < 20; n++) {
      waitFor(90);
      shard.consumed++;
    }
    expect(() => waitFor(102)).toThrow(died);
  });

  it("is not one that nobody looked at for long: a replay that was paced, a checkpoint that took its time", () => {
    const { clock, waitFor } = watched(5e9);
    waitFor(1);
    clock.advance(60e9);
    waitFor(100);
  });

  it("has died at once when its ring was closed", () => {
    const { ring, waitFor } = watched(100e6);
    waitFor(1);
    ring.isClosed = true;
    expect(() => waitFor(1)).toThrow(died);
  });
});
