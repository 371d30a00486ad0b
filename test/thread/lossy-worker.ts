/**
 * One end of a lossy subscription in a thread of its own, for lossy.test.ts. Unit u has 1 + u mod 3 records; every word of a record behind its
 * header is a function of its number and unit, so a torn unit is seen.
 */
import { parentPort, workerData } from "node:worker_threads";
import { LossySubscription } from "../../src/engine/delivery/lossy-subscription.ts";
import { mix32 } from "../../src/kernel/core/hash.ts";
import { EMPTY, OVERRUN } from "../../src/kernel/core/status.ts";
import { FLAG_LAST } from "../../src/kernel/record/flags.ts";
import { headerWord, TYPE_TRADE } from "../../src/kernel/record/header.ts";
import { Slots } from "../../src/kernel/record/slots.ts";
import { BroadcastRing } from "../../src/kernel/ring/broadcast-ring.ts";

export interface LossyTask {
  readonly role: "publisher" | "subscriber";
  readonly buffer: SharedArrayBuffer;
  readonly capacity: number;
  readonly units: number;
  readonly resume: "head" | "oldest";
  /** Subscriber: reads to the end, or leaves as soon as the publisher has. */
  readonly drains: boolean;
}

export interface LossyOutcome {
  readonly published: number;
  readonly consumed: number;
  readonly lost: number;
  readonly pending: number;
  readonly units: number;
  readonly overruns: number;
  readonly damaged: number;
}

const CHAIN = 4;
const ATTACHED = 1;
const STALLED = 2;
/** Units that are published before the publisher waits for the subscriber to have taken some and to stand still. */
const HEAD_START = 100;

const { role, buffer, capacity, units, resume, drains } = workerData as LossyTask;
const ring = new BroadcastRing(buffer, 0, capacity);
const step = new Int32Array(buffer, buffer.byteLength - 4, 1);

function lengthOf(unit: number): number {
  return 1 + (unit % 3);
}

function outcomeOf(subscription: LossySubscription, more: Pick<LossyOutcome, "units" | "overruns" | "damaged">): LossyOutcome {
  const { published, consumed, lost, pending } = subscription;
  return { published, consumed, lost, pending, ...more };
}

function publish(): LossyOutcome {
  const subscription = new LossySubscription(ring, { chain: CHAIN, resume });
  while (Atomics.load(step, 0) < ATTACHED) Atomics.wait(step, 0, 0);
  const one = Slots.create(1);
  let n = 0;
  for (let unit = 0; unit < units; unit++) {
    for (let i = 1; i <= lengthOf(unit); i++) {
      one.i32[0] = headerWord(TYPE_TRADE, i === lengthOf(unit) ? FLAG_LAST : 0);
      one.f64[1] = n;
      one.f64[2] = unit;
      for (let word = 6; word < 16; word++) one.i32[word] = mix32(n + word);
      subscription.offer(one, 0);
      n++;
    }
    if (unit === HEAD_START) while (Atomics.load(step, 0) < STALLED) Atomics.wait(step, 0, ATTACHED);
  }
  ring.close();
  return outcomeOf(subscription, { units, overruns: 0, damaged: 0 });
}

/** Records of the unit in `target` that are not what they should be. */
function damageOf(target: Slots, count: number): number {
  let damaged = count === lengthOf(target.f64[2]) ? 0 : 1;
  for (let i = 0; i < count; i++) {
    const n = target.f64[i * 8 + 1];
    let whole = target.f64[i * 8 + 2] === target.f64[2] && n === target.f64[1] + i;
    for (let word = 6; word < 16; word++) whole = whole && target.i32[i * 16 + word] === (mix32(n + word) | 0);
    if (!whole) damaged++;
  }
  return damaged;
}

function subscribe(): LossyOutcome {
  const subscription = new LossySubscription(ring, { chain: CHAIN, resume });
  const target = Slots.create(CHAIN);
  const seen = { units: 0, overruns: 0, damaged: 0 };
  let next = 0;
  Atomics.store(step, 0, ATTACHED);
  Atomics.notify(step, 0);
  for (;;) {
    const isOver = ring.isClosed;
    const count = subscription.take(target, 0);
    if (count === OVERRUN) {
      seen.overruns++;
      if (subscription.lostFrom !== next || subscription.lostTo <= next) seen.damaged++;
      next = subscription.lostTo;
    } else if (count === EMPTY) {
      if (isOver) return outcomeOf(subscription, seen);
    } else {
      seen.damaged += damageOf(target, count) + (target.f64[1] === next ? 0 : 1);
      next += count;
      seen.units++;
      if (seen.units !== HEAD_START / 2) continue;
      Atomics.store(step, 0, STALLED);
      Atomics.notify(step, 0);
      while (subscription.pending <= capacity && !ring.isClosed);
    }
    if (isOver && !drains) return outcomeOf(subscription, seen);
  }
}

parentPort?.postMessage(role === "publisher" ? publish() : subscribe());
