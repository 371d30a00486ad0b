/**
 * A multicast ring between real threads: a diamond, a consumer that stands still, one that dies in mid-batch and is replaced, one that is
 * detached. For every consumer published = consumed + lost + pending, in whole records, none before those it stands behind had it. Every
 * thread has a hard timeout; the test leads the threads by words and by what they say, never by time.
 */
import { describe, expect, it } from "vitest";
import type { ConsumerPlan } from "../../src/kernel/ring/multicast-graph.ts";
import { MulticastRing } from "../../src/kernel/ring/multicast-ring.ts";
import { CONSUMER_RELEASED_I32, CONSUMER_STRIDE_I32 } from "../../src/kernel/ring/ring-layout.ts";
import { STEP_DETACH, STEP_GO_ON, type MulticastOutcome, type MulticastTask } from "./multicast-protocol.ts";
import { startTask, type RunningTask } from "./task.ts";

const DIAMOND: readonly ConsumerPlan[] = [{ name: "journal" }, { name: "replica" }, { name: "logic", after: ["journal", "replica"] }];
const FAN: readonly ConsumerPlan[] = [{ name: "a" }, { name: "b" }, { name: "c" }];

class Stage {
  readonly ring: MulticastRing;
  private readonly shared: Pick<MulticastTask, "buffer" | "capacity" | "consumers" | "marks" | "steps">;
  private readonly cursor: number;
  private readonly running: RunningTask<MulticastOutcome>[] = [];

  constructor(capacity: number, consumers: readonly ConsumerPlan[], cursor = 0) {
    this.ring = MulticastRing.create(capacity, consumers);
    this.ring.startAt(cursor);
    this.cursor = cursor;
    const marks = new SharedArrayBuffer(consumers.length * capacity * 8);
    this.shared = { buffer: this.ring.buffer, capacity, consumers, marks, steps: new SharedArrayBuffer(16) };
  }

  start(task: Omit<MulticastTask, keyof Stage["shared"] | "seed">): RunningTask<MulticastOutcome> {
    const running = startTask<MulticastOutcome>(new URL("./multicast-worker.ts", import.meta.url), { ...this.shared, seed: this.running.length + 1, ...task });
    this.running.push(running);
    return running;
  }

  step(step: number): void {
    const steps = new Int32Array(this.shared.steps);
    Atomics.store(steps, step, 1);
    Atomics.notify(steps, step);
  }

  /** Records that a consumer has released for good. */
  releasedBy(name: string): number {
    const word = CONSUMER_RELEASED_I32 + this.ring.graph.indexOf(name) * CONSUMER_STRIDE_I32;
    return (Atomics.load(this.ring.words, word) - this.cursor) | 0;
  }

  async end(): Promise<void> {
    await Promise.all(this.running.map((task) => task.kill()));
  }
}

async function on(stage: Stage, body: () => Promise<void>): Promise<void> {
  try {
    await body();
  } finally {
    await stage.end();
  }
}

const whole = (records: number) => ({ records, damaged: 0, early: 0, refused: 0 });

describe("a multicast ring between threads", () => {
  it.each([
    { capacity: 4, records: 5_000, cursor: 0 },
    { capacity: 64, records: 100_000, cursor: 0x7fff_ffff - 1000 },
    { capacity: 4096, records: 400_000, cursor: -1000 },
  ])("hands $records records through a diamond of $capacity slots, its cursors starting at $cursor", async ({ capacity, records, cursor }) => {
    const stage = new Stage(capacity, DIAMOND, cursor);
    await on(stage, async () => {
      const consumers = DIAMOND.map(({ name }) => stage.start({ name }));
      const producer = stage.start({ records });
      expect(await producer.outcome).toMatchObject({ records });
      for (const { outcome } of consumers) expect(await outcome).toMatchObject(whole(records));
      expect([stage.ring.used, stage.ring.isClosed]).toEqual([0, true]);
    });
  });

  it("waits for a consumer that stands still, to the record, and goes on with it", async () => {
    const [capacity, records] = [256, 20_000];
    const stage = new Stage(capacity, FAN);
    await on(stage, async () => {
      const consumers = [stage.start({ name: "a" }), stage.start({ name: "b", pauseAt: 5000 }), stage.start({ name: "c" })];
      const producer = stage.start({ records });
      await consumers[1].said("inBatch");
      await producer.said("full");
      while (stage.ring.lagOf("b") < capacity) await new Promise((resolve) => setImmediate(resolve));
      const released = stage.releasedBy("b");
      expect(released).toBeGreaterThan(5000 - 100);
      expect(released).toBeLessThanOrEqual(5000);
      expect(stage.releasedBy("a")).toBeLessThanOrEqual(released + capacity);
      stage.step(STEP_GO_ON);
      await producer.outcome;
      for (const { outcome } of consumers) expect(await outcome).toMatchObject(whole(records));
    });
  });

  it.each(["journal", "logic"])("lets another thread take the place of %s that dies in mid-batch, and nobody misses or doubles a record", async (name) => {
    const [capacity, records] = [256, 20_000];
    const stage = new Stage(capacity, DIAMOND, 0x7fff_ffff - 7000);
    await on(stage, async () => {
      const dying = stage.start({ name, pauseAt: 7000 });
      const others = DIAMOND.filter((plan) => plan.name !== name).map((plan) => stage.start({ name: plan.name }));
      const producer = stage.start({ records });
      await dying.said("inBatch");
      await dying.kill();
      const first = stage.releasedBy(name);
      expect(first).toBeGreaterThan(7000 - 100);
      expect(first).toBeLessThanOrEqual(7000);
      const second = stage.start({ name, first });
      await producer.outcome;
      for (const { outcome } of [second, ...others]) expect(await outcome).toMatchObject(whole(records));
      expect(stage.ring.used).toBe(0);
    });
  });

  it("goes on without a consumer that stands still when it is detached, and knows what that one lost", async () => {
    const [capacity, records] = [256, 20_000];
    const stage = new Stage(capacity, FAN);
    await on(stage, async () => {
      const consumers = [stage.start({ name: "a" }), stage.start({ name: "b" }), stage.start({ name: "c", pauseAt: 3000 })];
      const producer = stage.start({ records, detach: "c" });
      await consumers[2].said("inBatch");
      await producer.said("full");
      stage.step(STEP_DETACH);
      const { publishedAtDetach, lost } = await producer.outcome;
      for (const { outcome } of consumers.slice(0, 2)) expect(await outcome).toMatchObject(whole(records));
      stage.step(STEP_GO_ON);
      const detached = await consumers[2].outcome;
      expect(detached).toMatchObject({ damaged: 0 });
      expect(detached.refused).toBeGreaterThan(0);
      expect(detached.records).toBeLessThanOrEqual(3000);
      expect(detached.records + lost).toBe(publishedAtDetach);
      expect([stage.ring.lostOf("c"), stage.ring.lagOf("c"), stage.ring.used]).toEqual([lost, 0, 0]);
    });
  });

  it("can be left by a consumer at full speed: what it was not refused was whole and counts as read", async () => {
    const records = 100_000;
    const stage = new Stage(64, FAN);
    await on(stage, async () => {
      const consumers = FAN.map(({ name }) => stage.start({ name }));
      const producer = stage.start({ records, detach: "c", detachAfter: 30_000 });
      const { publishedAtDetach, lost } = await producer.outcome;
      const [a, b, c] = await Promise.all(consumers.map(({ outcome }) => outcome));
      expect([a, b]).toMatchObject([whole(records), whole(records)]);
      expect(c.damaged).toBe(0);
      // Its last release may have come before the cut and been refused after it: then it is in neither count of its own.
      expect([0, c.refused]).toContain(publishedAtDetach - lost - c.records);
    });
  });
});
