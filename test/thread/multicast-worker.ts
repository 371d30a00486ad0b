/**
 * The producer or one consumer of a multicast ring in a thread of its own, for multicast.test.ts. A consumer leaves a mark for each record
 * before it releases it; those behind it check the marks, so a record that came too early is seen.
 */
import { parentPort, workerData } from "node:worker_threads";
import { Random } from "../../src/kernel/core/random.ts";
import { FULL } from "../../src/kernel/core/status.ts";
import { createIdle } from "../../src/kernel/ring/idle.ts";
import { MulticastConsumer } from "../../src/kernel/ring/multicast-consumer.ts";
import { MulticastRing } from "../../src/kernel/ring/multicast-ring.ts";
import { STEP_DETACH, STEP_GO_ON, type MulticastOutcome, type MulticastTask } from "./multicast-protocol.ts";
import { isWhole, writeWhole } from "./whole-record.ts";

const PARK_MS = 50;

const task = workerData as MulticastTask;
const { capacity, consumers } = task;
const ring = new MulticastRing(task.buffer, 0, capacity, consumers);
const steps = new Int32Array(task.steps);
const marks = consumers.map((_, c) => new Float64Array(task.marks, c * capacity * 8, capacity));
const random = new Random(new Int32Array(4), task.seed);
const nothing: MulticastOutcome = { records: 0, damaged: 0, early: 0, publishedAtDetach: 0, lost: 0, refused: 0 };

function produce(): MulticastOutcome {
  const { records = 0, detach, detachAfter = Infinity } = task;
  let outcome: MulticastOutcome = { ...nothing, records };
  const mayDetach = (published: number): void => {
    if (detach === undefined || ring.isDetached(detach) || (Atomics.load(steps, STEP_DETACH) === 0 && published < detachAfter)) return;
    outcome = { ...outcome, publishedAtDetach: published, lost: ring.detach(detach) };
  };
  let batch = 1;
  for (let n = 0; n < records;) {
    const slot = ring.claim();
    if (slot === FULL) {
      ring.commit();
      mayDetach(n);
      if (!ring.parkProducer(PARK_MS)) parentPort?.postMessage("full");
      continue;
    }
    writeWhole(ring.slots, slot, n++);
    if (--batch > 0 && n < records) continue;
    ring.commit();
    mayDetach(n);
    batch = 1 + random.nextBelow(64);
  }
  ring.close();
  return outcome;
}

function consume(name: string): MulticastOutcome {
  const consumer = new MulticastConsumer(ring, name);
  const index = ring.graph.indexOf(name);
  const mine = marks[index];
  const before = (consumers[index].after ?? []).map((other) => marks[ring.graph.indexOf(other)]);
  const idle = createIdle("phased");
  let { first: next = 0, pauseAt = Infinity } = task;
  let damaged = 0;
  let early = 0;
  while (!consumer.isEnded && !consumer.isDetached) {
    const count = Math.min(consumer.available(), 1 + random.nextBelow(100));
    let damagedNow = 0;
    for (let i = 0; i < count; i++) {
      const slot = consumer.slotAt(i);
      const n = next + i;
      if (!isWhole(consumer.slots, slot, n)) damagedNow++;
      for (const mark of before) if (mark[slot] !== n + 1) early++;
      mine[slot] = n + 1;
      if (n < pauseAt) continue;
      pauseAt = Infinity;
      parentPort?.postMessage("inBatch");
      while (Atomics.load(steps, STEP_GO_ON) === 0) Atomics.wait(steps, STEP_GO_ON, 0);
    }
    if (!consumer.release(count)) return { ...nothing, records: next, damaged, early, refused: count };
    next += count;
    damaged += damagedNow;
    if (index % 2 === 1) idle.idle(count, consumer);
    else if (count === 0) consumer.parkConsumer(PARK_MS);
  }
  return { ...nothing, records: next, damaged, early };
}

parentPort?.postMessage(task.name === undefined ? produce() : consume(task.name));
