/** One end of a ring in a thread of its own, for rings.test.ts. */
import { parentPort, workerData } from "node:worker_threads";
import { Random } from "../../src/kernel/core/random.ts";
import { EMPTY, FULL, OVERRUN } from "../../src/kernel/core/status.ts";
import { Slots } from "../../src/kernel/record/slots.ts";
import { BroadcastReader, BroadcastRing } from "../../src/kernel/ring/broadcast-ring.ts";
import { GatedRing } from "../../src/kernel/ring/gated-ring.ts";
import { createIdle } from "../../src/kernel/ring/idle.ts";
import { isWhole, writeWhole } from "./whole-record.ts";

export type Role = "gatedProducer" | "gatedConsumer" | "gatedSleeper" | "broadcastProducer" | "broadcastReader";

export interface Task {
  readonly role: Role;
  readonly buffer: SharedArrayBuffer;
  readonly capacity: number;
  readonly records: number;
  readonly seed: number;
  readonly policy?: "head" | "oldest";
}

export interface Outcome {
  readonly role: Role;
  /** Records written, or read whole. */
  readonly records: number;
  readonly damaged: number;
  readonly lost: number;
  readonly overruns: number;
  /** Times that this end slept, or found the ring full. */
  readonly waits: number;
}

function tell(message: Outcome | "asleep"): void {
  parentPort?.postMessage(message); // oxlint-disable-line unicorn/require-post-message-target-origin -- a port between threads has no origin
}

function gatedProducer({ buffer, capacity, records, seed }: Task): Partial<Outcome> {
  const ring = new GatedRing(buffer, 0, capacity);
  const random = new Random(new Int32Array(4), seed);
  let waits = 0;
  for (let n = 0; n < records;) {
    const batch = Math.min(1 + random.nextBelow(64), records - n);
    for (let i = 0; i < batch;) {
      const slot = ring.claim();
      if (slot === FULL) {
        ring.commit();
        waits++;
        ring.parkProducer(1000);
        continue;
      }
      writeWhole(ring.slots, slot, n + i);
      i++;
    }
    n += batch;
    ring.commit();
  }
  ring.close();
  return { records, waits };
}

function gatedConsumer({ buffer, capacity, seed }: Task): Partial<Outcome> {
  const ring = new GatedRing(buffer, 0, capacity);
  const random = new Random(new Int32Array(4), seed);
  const idle = createIdle("park");
  let next = 0;
  let damaged = 0;
  let waits = 0;
  for (;;) {
    const closed = ring.isClosed;
    const available = ring.available();
    const count = Math.min(available, 1 + random.nextBelow(100));
    for (let i = 0; i < count; i++) if (!isWhole(ring.slots, ring.slotAt(i), next + i)) damaged++;
    next += count;
    ring.release(count);
    if (closed && available === 0) return { records: next, damaged, waits };
    if (idle.idle(count, ring)) waits++;
  }
}

/** Sleeps without end on an empty ring, until it is closed or gets a record. */
function gatedSleeper({ buffer, capacity }: Task): Partial<Outcome> {
  const ring = new GatedRing(buffer, 0, capacity);
  tell("asleep");
  const woken = ring.parkConsumer(Infinity);
  return { records: ring.available(), damaged: woken ? 0 : 1 };
}

/** Steps of the word behind the ring by which the two ends of a broadcast test meet, so that it does not depend on the scheduler. */
const READER_ATTACHED = 1;
const READER_STALLED = 2;
/** Records that the producer publishes before it waits for the reader to have read some and to stand still. */
const HEAD_START = 500;

function stepWord(buffer: SharedArrayBuffer): Int32Array {
  return new Int32Array(buffer, buffer.byteLength - 4, 1);
}

function awaitStep(word: Int32Array, step: number): void {
  for (let now = Atomics.load(word, 0); now < step; now = Atomics.load(word, 0)) Atomics.wait(word, 0, now);
}

function announceStep(word: Int32Array, step: number): void {
  Atomics.store(word, 0, step);
  Atomics.notify(word, 0);
}

function broadcastProducer({ buffer, capacity, records, seed }: Task): Partial<Outcome> {
  const ring = new BroadcastRing(buffer, 0, capacity);
  const random = new Random(new Int32Array(4), seed);
  const first = ring.head;
  const word = stepWord(buffer);
  awaitStep(word, READER_ATTACHED);
  for (let n = 0; n < records;) {
    const limit = n < HEAD_START ? HEAD_START : records;
    const batch = Math.min(1 + random.nextBelow(16), limit - n);
    for (let i = 0; i < batch; i++) writeWhole(ring.slots, ring.claim(), first + n + i);
    n += batch;
    ring.commit();
    if (n === HEAD_START) awaitStep(word, READER_STALLED);
  }
  ring.close();
  return { records };
}

/** Reads along, and now and then stands still until it must have been lapped: for the first time after half of the head start. */
function broadcastReader({ buffer, capacity, seed, policy }: Task): Partial<Outcome> {
  const ring = new BroadcastRing(buffer, 0, capacity);
  const reader = new BroadcastReader(ring);
  const target = Slots.create(1);
  const random = new Random(new Int32Array(4), seed);
  announceStep(stepWord(buffer), READER_ATTACHED);
  let records = 0;
  let damaged = 0;
  let overruns = 0;
  for (;;) {
    const closed = ring.isClosed;
    const at = reader.cursor;
    const status = reader.poll(target, 0);
    if (status === 1) {
      records++;
      if (!isWhole(target, 0, at)) damaged++;
      const firstStall = records === HEAD_START / 2;
      if (firstStall) announceStep(stepWord(buffer), READER_STALLED);
      if (firstStall || random.nextBelow(5000) === 0) while (reader.pending <= capacity && !ring.isClosed);
    } else if (status === OVERRUN) {
      overruns++;
      if (reader.lostFrom !== at || reader.lostTo <= at) damaged++;
      if (policy === "head") reader.resetToHead();
      else reader.resetToOldest();
      if (reader.lostFrom !== at || reader.cursor !== reader.lostTo) damaged++;
    } else if (status === EMPTY && closed) return { records, damaged, overruns, lost: reader.lostTotal };
  }
}

const ROLES: Readonly<Record<Role, (task: Task) => Partial<Outcome>>> = { gatedProducer, gatedConsumer, gatedSleeper, broadcastProducer, broadcastReader };

const task = workerData as Task;
tell({ role: task.role, records: 0, damaged: 0, lost: 0, overruns: 0, waits: 0, ...ROLES[task.role](task) });
