/**
 * Threads that come and go while a run goes on: whole shards move between them, some of the threads die on the way, and the hash, the lines
 * and the counts stay those of one shard in one thread. Positions are drawn from seeds. Every run has a hard limit.
 */
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it } from "vitest";
import type { ThreadedDriver } from "../../src/engine/pipeline/threaded-driver.ts";
import { Random } from "../../src/kernel/core/random.ts";
import { busyPlan, createEngine, hashOf, lostOf, simulatedBytes, type Engine, type EngineOptions } from "../model/engine-rig.ts";

const HANG_MS = 90_000;
const BYTES = simulatedBytes({ seed: 41, instruments: 60, messages: 15_000 });
const PLAN = busyPlan({ instruments: 64, orders: 1 << 13, levels: 1 << 12, ringRecords: 512 });

const alone = (async () => {
  const lines: string[] = [];
  const engine = createEngine({ plan: PLAN, lines });
  await run(engine, []);
  return { hash: hashOf(engine), lines };
})();

type Step = (driver: ThreadedDriver) => Promise<unknown>;

/** Runs, with each step begun at its position, in order. Meanwhile the source goes on, more slowly, and it does not end before the steps have. */
async function run(engine: Engine, steps: readonly (readonly [position: number, step: Step])[]): Promise<unknown[]> {
  const driver = engine.driver as ThreadedDriver;
  const done: Promise<unknown>[] = [];
  let pending = 0;
  let position = 0;
  engine.run.begin();
  await engine.run.consume({
    async read() {
      while (done.length < steps.length && position >= steps[done.length][0]) {
        pending++;
        const step = steps[done.length][1](driver).catch((error: unknown) => error);
        done.push(step.finally(() => pending--));
      }
      if (position === BYTES.length) await Promise.all(done);
      await (pending > 0 ? sleep(1) : new Promise((resolve) => setImmediate(resolve)));
      const from = position;
      position = Math.min(from + 2048, BYTES.length);
      return from === BYTES.length ? null : BYTES.subarray(from, position);
    },
    close: async () => {},
  });
  return Promise.all(done);
}

async function moved(options: EngineOptions, steps: readonly (readonly [number, Step])[]): Promise<{ driver: ThreadedDriver; answers: unknown[] }> {
  const lines: string[] = [];
  const engine = createEngine({ driver: "threaded", plan: PLAN, lines, ...options });
  const answers = await run(engine, steps);
  const expected = await alone;
  expect(hashOf(engine)).toBe(expected.hash);
  expect(lines).toEqual(expected.lines);
  expect(lostOf(engine)).toEqual({ input: 0, output: 0 });
  return { driver: engine.driver as ThreadedDriver, answers };
}

const add: Step = (driver) => driver.addThread();
const remove =
  (thread: number): Step =>
  (driver) =>
    driver.removeThread(thread);

describe("a thread that is added", () => {
  it("takes its share of the shards, and only that moves", { timeout: HANG_MS }, async () => {
    const { driver, answers } = await moved({ shards: 6, threaded: { threads: 2 } }, [[BYTES.length * 0.2, add]]);
    expect(answers).toEqual([{ thread: 2, shards: expect.toSatisfy((shards: number[]) => shards.length === 2) }]);
    expect(driver.recovery).toMatchObject({ moves: 2 });
  });

  it("is refused when each shard has one", { timeout: HANG_MS }, async () => {
    const { answers } = await moved({ shards: 2 }, [[BYTES.length * 0.2, add]]);
    expect(answers[0]).toMatchObject({ code: "USAGE" });
  });
});

describe("a thread that is removed", () => {
  it("gives its shards to the others", { timeout: HANG_MS }, async () => {
    const { driver, answers } = await moved({ shards: 4 }, [[BYTES.length * 0.3, remove(1)]]);
    expect(answers).toEqual([{ thread: 1, shards: expect.toSatisfy((shards: number[]) => shards.length === 1) }]);
    expect(driver.recovery.moves).toBe(1);
  });

  it("is refused when it is the last, or not there", { timeout: HANG_MS }, async () => {
    const { answers } = await moved({ shards: 2, threaded: { threads: 1 } }, [
      [0, remove(0)],
      [0, remove(7)],
    ]);
    expect(answers.map((answer) => (answer as Error).message)).toEqual([
      "the threads stay as they are: it is the last thread",
      "the threads stay as they are: there is no thread 7",
    ]);
  });
});

describe("threads added, removed and ended at random positions", () => {
  it.each([1, 2, 3])("change nothing: seed %i", { timeout: HANG_MS }, async (seed) => {
    const random = new Random(new Int32Array(4), seed);
    const positions = Array.from({ length: 6 }, () => random.nextBelow(BYTES.length * 0.9)).toSorted((a, b) => a - b);
    const steps = positions.map((position, index): [number, Step] => {
      const thread = random.nextBelow(4);
      const terminate: Step = async (driver) => driver.terminateThread(thread);
      return [position, [add, remove(thread), terminate][(index + seed) % 3]];
    });
    const { driver } = await moved({ shards: 5, batch: 64, isProtected: true, threaded: { threads: 3 } }, steps);
    expect(driver.recovery.moves).toBeGreaterThan(0);
  });

  it("also without images, as long as no thread dies", { timeout: HANG_MS }, async () => {
    const steps: [number, Step][] = [
      [BYTES.length * 0.1, add],
      [BYTES.length * 0.4, remove(0)],
      [BYTES.length * 0.6, add],
    ];
    const { answers } = await moved({ shards: 4, isProtected: false, threaded: { threads: 2 } }, steps);
    expect(answers.map((answer) => (answer as { thread: number }).thread)).toEqual([2, 0, 0]);
  });
});

describe("shards that share a thread through rings of 128 records", () => {
  it.each([
    { shards: 5, threads: 1, batch: 128 },
    { shards: 5, threads: 2, batch: 1 },
    { shards: 8, threads: 3, batch: 64 },
  ])("neither wait for each other for ever nor lose anything: %o", { timeout: HANG_MS }, async ({ shards, threads, batch }) => {
    const plan = { ...PLAN, limits: { ...PLAN.limits, ringRecords: 128 } };
    for (const isProtected of [true, false]) await moved({ plan, shards, batch, isProtected, threaded: { threads } }, []);
  });
});
