/**
 * Both rings between real threads. Every thread has a hard timeout, after which it is ended and the test fails.
 */
import { describe, expect, it } from "vitest";
import { BroadcastRing } from "../../src/kernel/ring/broadcast-ring.ts";
import { GatedRing } from "../../src/kernel/ring/gated-ring.ts";
import type { Outcome, Task } from "./ring-worker.ts";
import { startTask } from "./task.ts";

const RECORDS = 1_000_000;

/** Runs a task in a thread; `onAsleep` is called when the thread says that it goes to sleep. */
async function run(task: Task, onAsleep?: () => void): Promise<Outcome> {
  const running = startTask<Outcome>(new URL("./ring-worker.ts", import.meta.url), task);
  if (onAsleep !== undefined) void running.said("asleep").then(onAsleep);
  try {
    return await running.outcome;
  } finally {
    await running.kill();
  }
}

describe("a gated ring between two threads", () => {
  it.each([
    { capacity: 2, records: 20_000, cursor: 0 },
    { capacity: 64, records: RECORDS, cursor: 0x7fff_ffff - 1000 },
    { capacity: 4096, records: RECORDS, cursor: -1000 },
  ])("hands over $records records whole and in order, through $capacity slots, its cursors starting at $cursor", async ({ capacity, records, cursor }) => {
    const ring = GatedRing.create(capacity);
    ring.startAt(cursor);
    const task = { buffer: ring.buffer, capacity, records };
    const [produced, consumed] = await Promise.all([run({ ...task, role: "gatedProducer", seed: 1 }), run({ ...task, role: "gatedConsumer", seed: 2 })]);
    expect(produced.records).toBe(records);
    expect(consumed).toMatchObject({ records, damaged: 0 });
    expect(ring.used).toBe(0);
  });

  it("wakes a consumer that sleeps without end when it is closed", async () => {
    const ring = GatedRing.create(4);
    const outcome = await run({ role: "gatedSleeper", buffer: ring.buffer, capacity: 4, records: 0, seed: 0 }, () => ring.close());
    expect(outcome).toMatchObject({ records: 0, damaged: 0 });
  });

  it("wakes a consumer that sleeps without end when a record is committed", async () => {
    const ring = GatedRing.create(4);
    const outcome = await run({ role: "gatedSleeper", buffer: ring.buffer, capacity: 4, records: 0, seed: 0 }, () => {
      ring.claim();
      ring.commit();
    });
    expect(outcome).toMatchObject({ records: 1, damaged: 0 });
  });
});

describe("a broadcast ring between threads", () => {
  it.each([
    { policy: "oldest" as const, first: 0 },
    { policy: "head" as const, first: 2 ** 32 - RECORDS / 2 },
  ])("never holds the producer, and a stalled reader that goes on at the $policy knows every record that it lost, from $first", async ({ policy, first }) => {
    const capacity = 1024;
    const buffer = new SharedArrayBuffer(BroadcastRing.bytesFor(capacity) + 64);
    const ring = new BroadcastRing(buffer, 0, capacity);
    ring.skipTo(first);
    const task = { buffer, capacity, records: RECORDS, policy };
    const [produced, read] = await Promise.all([run({ ...task, role: "broadcastProducer", seed: 3 }), run({ ...task, role: "broadcastReader", seed: 4 })]);
    expect(produced.records).toBe(RECORDS);
    expect(ring.head).toBe(first + RECORDS);
    expect(read.damaged).toBe(0);
    expect(read.overruns).toBeGreaterThan(0);
    expect(read.records).toBeGreaterThanOrEqual(250);
    expect(read.records + read.lost).toBe(RECORDS);
  });
});
