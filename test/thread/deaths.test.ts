/**
 * Threads of shards that die in the middle of their work, in every way in which a thread can, with their arena overwritten: the run comes to
 * the hash, the lines and the counts of a run in which nobody died. Where and when is drawn from seeds. Every run has a hard limit.
 */
import { describe, expect, it } from "vitest";
import type { ThreadedDriver } from "../../src/engine/pipeline/threaded-driver.ts";
import { isStreamError, type StreamError } from "../../src/kernel/core/errors.ts";
import { Random } from "../../src/kernel/core/random.ts";
import { BytesSource, busyPlan, createEngine, hashOf, lostOf, MemoryStore, simulatedBytes, type Engine, type EngineOptions } from "../model/engine-rig.ts";
import type { Charge, Death, Place, Sabotage } from "./sabotage-worker.ts";

const HANG_MS = 60_000;
const BYTES = simulatedBytes({ seed: 31, instruments: 40, messages: 20_000 });
const SIZES = { instruments: 64, orders: 1 << 13, levels: 1 << 12 };
/** Rings so small that a run makes many images, and ingest and shards wait for room; arenas so small that images are quick. */
const SMALL = busyPlan({ ...SIZES, ringRecords: 512 });
/** Rings that hold the whole input: the main thread never waits. */
const WIDE = busyPlan({ ...SIZES, ringRecords: 1 << 16 });
const ENTRY = new URL("./sabotage-worker.ts", import.meta.url);
const DEATHS: readonly Death[] = ["throw", "exit", "loop", "stack", "heap", "terminate"];
/** The host may keep a healthy thread waiting for longer than is comfortable here: it is then replaced in vain, and nothing else. */
const STALL_NS = 2e9;

interface Outcome {
  readonly engine: Engine;
  readonly driver: ThreadedDriver;
  readonly lines: string[];
  readonly causes: string[];
  readonly wentOff: number[];
}

async function sabotaged(charges: readonly Charge[], options: EngineOptions = {}): Promise<Outcome> {
  const words = new Int32Array(new SharedArrayBuffer((charges.length + 1) * 4));
  const extra: Sabotage = { charges, words: words.buffer };
  const lines: string[] = [];
  const causes: string[] = [];
  const threaded = { stallNs: STALL_NS, heapMb: 48, ...options.threaded, entry: ENTRY, extra, onDeath: (_: unknown, cause: string) => void causes.push(cause) };
  const engine = createEngine({ driver: "threaded", shards: 2, plan: SMALL, lines, ...options, threaded });
  const driver = engine.driver as ThreadedDriver;
  const terminate = setInterval(() => {
    const thread = Atomics.exchange(words, charges.length, 0) - 1;
    if (thread >= 0) driver.terminateThread(thread);
  }, 1);
  engine.run.begin();
  try {
    await engine.run.consume(new BytesSource(BYTES, 0, 4096));
  } finally {
    clearInterval(terminate);
  }
  return { engine, driver, lines, causes, wentOff: [...words].slice(0, charges.length) };
}

const undisturbed = (async () => {
  const lines: string[] = [];
  const engine = createEngine({ plan: SMALL, lines });
  engine.run.begin();
  await engine.run.consume(new BytesSource(BYTES));
  return { hash: hashOf(engine), lines };
})();

async function expectUndisturbed({ engine, lines, driver, causes, wentOff }: Outcome): Promise<void> {
  const expected = await undisturbed;
  expect(wentOff).toEqual(wentOff.map(() => 1));
  expect(driver.recovery.restarts, causes.join("; ")).toBeGreaterThanOrEqual(wentOff.length);
  expect(hashOf(engine)).toBe(expected.hash);
  expect(lines).toEqual(expected.lines);
  expect(lostOf(engine)).toEqual({ input: 0, output: 0 });
}

describe("R7: a thread that dies in mid-burst with its arena overwritten changes nothing", () => {
  const random = new Random(new Int32Array(4), 4711);
  const draw = (death: Death, place: Place): Charge => {
    return { death, place, at: 500 + random.nextBelow(place === "record" ? 7000 : 2500), shard: random.nextBelow(2) };
  };
  const drawn = DEATHS.flatMap((death) => [draw(death, "record"), draw(death, "output")]);

  it.each(drawn)("$death at $place $at of shard $shard", { timeout: HANG_MS }, async (charge) => {
    const isTold = charge.death === "terminate"; // by the main thread, which therefore must not be waiting
    await expectUndisturbed(await sabotaged([charge], isTold ? { plan: WIDE, threaded: { stallNs: 30e9 } } : {}));
  });

  it.each([
    { place: "image", at: 1 },
    { place: "image", at: 7 },
    { place: "gate", at: 1 },
    { place: "gate", at: 5 },
  ] as const)("with half an image written, or one that the ring does not know of yet: $place $at", { timeout: HANG_MS }, async ({ place, at }) => {
    await expectUndisturbed(await sabotaged([{ death: "throw", place, at, shard: 0 }]));
  });

  it.each([11, 12])("again and again, until no more than the limit: seed %i", { timeout: HANG_MS }, async (seed) => {
    const places = new Random(new Int32Array(4), seed);
    const many = (["throw", "exit", "stack", "throw", "exit", "stack"] as const).map((death, index): Charge => ({
      death,
      place: "record",
      at: 300 + places.nextBelow(8000),
      shard: index % 2,
    }));
    await expectUndisturbed(await sabotaged(many, { threaded: { restartsMax: 20 } }));
  });

  it("with both shards on one thread, and with three on two", { timeout: HANG_MS }, async () => {
    const charge: Charge = { death: "throw", place: "record", at: 2500, shard: 1 };
    await expectUndisturbed(await sabotaged([charge], { threaded: { threads: 1 } }));
    await expectUndisturbed(await sabotaged([charge], { shards: 3, threaded: { threads: 2 } }));
  });

  it("while checkpoints are taken, and they are whole: each can be resumed to the same end", { timeout: HANG_MS }, async () => {
    const store = new MemoryStore();
    const charges: Charge[] = [
      { death: "throw", place: "barrier", at: 3, shard: 0 },
      { death: "exit", place: "record", at: 4000, shard: 1 },
    ];
    await expectUndisturbed(await sabotaged(charges, { store, pieceBytes: 16_384 }));
    expect(store.saved.length).toBeGreaterThan(5);
    const expected = await undisturbed;
    for (const checkpoint of store.saved.filter((_, index) => index % 5 === 2)) {
      const lines = expected.lines.slice();
      const engine = createEngine({ plan: SMALL, shards: 2, lines, store: { save: () => undefined, load: () => checkpoint }, checkpointAt: () => false });
      await engine.run.consume(new BytesSource(BYTES, engine.run.resume()));
      expect(hashOf(engine)).toBe(expected.hash);
      expect(lines).toEqual(expected.lines);
    }
  });
});

describe("a shard that cannot be brought back ends the run with SHARD_DIED", () => {
  async function failure(charges: readonly Charge[], options: EngineOptions = {}): Promise<StreamError> {
    const error: unknown = await sabotaged(charges, options).then(
      () => "no error",
      (cause: unknown) => cause,
    );
    expect(error).toSatisfy((each: unknown) => isStreamError(each, "SHARD_DIED"));
    return error as StreamError;
  }

  it.each(["throw", "stack", "exit", "loop"] as const)("that names the record at which it dies every time: %s", { timeout: HANG_MS }, async (death) => {
    const error = await failure([{ death, place: "record", at: 1700, shard: 1, always: true }], { threaded: { stallNs: 1e9 } });
    expect(error.message).toMatch(/^shard 1 died twice at the same record, at \w+ \d+ of SIM\d+: /);
    expect(error.details).toMatchObject({ shard: 1, verdict: "again at the same record" });
    expect(error.details["sequence"]).toBeGreaterThan(1700);
  });

  it("when it dies too often, here a bit later each time", { timeout: HANG_MS }, async () => {
    const charges = [1000, 1010, 1020].map((at): Charge => ({ death: "throw", place: "record", at, shard: 0 }));
    const error = await failure(charges, { threaded: { restartsMax: 2 } });
    expect(error.message).toBe("shard 0 died again after 2 restarts within a minute: sabotage");
    expect((error.cause as Error).message).toBe("sabotage");
  });

  it("at its first death when it has no images, with the cause", { timeout: HANG_MS }, async () => {
    const error = await failure([{ death: "throw", place: "record", at: 900, shard: 1 }], { isProtected: false });
    expect(error.message).toMatch(/^shard 1 died, at \w+ \d+ of SIM\d+: sabotage$/);
  });
});
