import { afterEach, describe, expect, it, vi } from "vitest";
import { FULL } from "../core/status.ts";
import type { ConsumerPlan } from "./multicast-graph.ts";
import { MulticastConsumer } from "./multicast-consumer.ts";
import { MulticastRing } from "./multicast-ring.ts";
import { CONSUMER_AWAITS_I32, CONSUMER_RELEASED_I32, CONSUMER_STRIDE_I32, MULTICAST_AWAITS_I32, MULTICAST_PUBLISHED_I32 } from "./ring-layout.ts";

const FAN: readonly ConsumerPlan[] = [{ name: "a" }, { name: "b" }, { name: "c" }];
const PIPELINE: readonly ConsumerPlan[] = [{ name: "a" }, { name: "b", after: ["a"] }, { name: "c", after: ["b"] }];
const DIAMOND: readonly ConsumerPlan[] = [{ name: "a" }, { name: "b" }, { name: "c", after: ["a", "b"] }];

function publish(ring: MulticastRing, first: number, count: number): void {
  for (let i = 0; i < count; i++) ring.slots.f64[ring.claim() * 8 + 1] = first + i;
  ring.commit();
}

function serials(consumer: MulticastConsumer): number[] {
  return Array.from({ length: consumer.available() }, (_, i) => consumer.slots.f64[consumer.slotAt(i) * 8 + 1]);
}

function take(consumer: MulticastConsumer, count: number): number[] {
  const taken = serials(consumer).slice(0, count);
  expect(consumer.release(count)).toBe(true);
  return taken;
}

function create(capacity: number, plans: readonly ConsumerPlan[], cursor = 0) {
  const ring = MulticastRing.create(capacity, plans);
  ring.startAt(cursor);
  const [a, b, c] = plans.map(({ name }) => new MulticastConsumer(ring, name));
  return { ring, a, b, c };
}

describe("a consumer of a multicast ring", () => {
  it.each([0, 0x7fff_fffe, -3])("keeps room and those behind it back until it gives back, from cursor %i", (cursor) => {
    const { ring, a, b, c } = create(8, PIPELINE, cursor);
    publish(ring, 0, 6);
    a.available();
    a.advance(2);
    const cut = a.position;
    a.advance(3);
    expect({ held: a.held, rest: serials(a), behind: b.available() }).toEqual({ held: 5, rest: [5], behind: 0 });
    a.releaseTo(cut);
    expect({ held: a.held, behind: take(b, 2), last: take(c, 2) }).toEqual({ held: 3, behind: [0, 1], last: [0, 1] });
    expect([ring.used, ring.claim() >= 0, ring.claim() >= 0, ring.claim() >= 0, ring.claim() >= 0, ring.claim()]).toEqual([4, true, true, true, true, FULL]);
  });

  it("reads a batch again that is to be tried again", () => {
    const { ring, a } = create(8, FAN);
    publish(ring, 0, 4);
    take(a, 1);
    a.advance(2);
    a.rewind();
    expect(serials(a)).toEqual([1, 2, 3]);
    expect(a.held).toBe(0);
  });

  it("that died is replaced by another object: it goes on from the last release, the others do not notice", () => {
    const { ring, a, b, c } = create(4, DIAMOND);
    publish(ring, 1, 3);
    take(a, 3);
    take(b, 1);
    b.available();
    b.advance(1); // dies with what it was working on
    expect(serials(c)).toEqual([1]);
    const second = new MulticastConsumer(new MulticastRing(ring.buffer, 0, 4, DIAMOND), "b");
    expect(take(second, 2)).toEqual([2, 3]);
    expect(take(c, 1)).toEqual([1]);
    expect(take(c, 2)).toEqual([2, 3]);
  });

  it("that died in its sleep leaves no flag behind when it is replaced", () => {
    const { ring } = create(4, FAN);
    ring.words[CONSUMER_AWAITS_I32] = 1;
    expect(new MulticastConsumer(ring, "a").available()).toBe(0);
    expect(ring.words[CONSUMER_AWAITS_I32]).toBe(0);
  });

  it("is handed the producer's place and its records when the producer is replaced", () => {
    const { ring, a } = create(4, FAN);
    publish(ring, 1, 2);
    ring.claim(); // dies uncommitted with its object
    const producer = new MulticastRing(ring.buffer, 0, 4, FAN);
    publish(producer, 3, 2);
    expect(producer.claim()).toBe(FULL);
    expect(take(a, 2)).toEqual([1, 2]);
    expect(take(a, 2)).toEqual([3, 4]);
  });
});

describe("a detached consumer", () => {
  it("no longer holds the producer, and what it loses is counted", () => {
    const { ring, a, b, c } = create(4, FAN);
    publish(ring, 1, 4);
    take(a, 4);
    take(b, 4);
    take(c, 1);
    expect(ring.detach("c")).toBe(3);
    expect([ring.detach("c"), ring.lostOf("c"), ring.lagOf("c"), ring.used, ring.isDetached("c"), ring.isDetached("a"), ring.lostOf("a")]).toEqual([
      3,
      3,
      0,
      0,
      true,
      false,
      0,
    ]);
    publish(ring, 5, 4);
    expect([take(a, 4), take(b, 4)]).toEqual([
      [5, 6, 7, 8],
      [5, 6, 7, 8],
    ]);
  });

  it("is told with its next release that what it read may have been overwritten, and reads nothing more", () => {
    const { ring, c } = create(4, FAN);
    publish(ring, 1, 4);
    expect(c.available()).toBe(4);
    expect(c.isDetached).toBe(false);
    ring.detach("c");
    expect(c.isDetached).toBe(true);
    expect(c.release(2)).toBe(false);
    expect(c.release(2)).toBe(false);
    expect(c.available()).toBe(0);
    expect(ring.lostOf("c")).toBe(4);
    expect(new MulticastConsumer(ring, "c").available()).toBe(0);
    expect(c.parkConsumer(Infinity)).toBe(true);
  });

  it("leaves those behind it where they are, behind what it stood behind", () => {
    const { ring, a, b, c } = create(8, PIPELINE);
    publish(ring, 1, 5);
    take(a, 4);
    take(b, 2);
    take(c, 1);
    expect(ring.detach("b")).toBe(3);
    expect(take(c, 1)).toEqual([2]);
    expect(take(c, 2)).toEqual([3, 4]);
    expect(c.available()).toBe(0);
    take(a, 1);
    expect(serials(c)).toEqual([5]);
  });

  it("that was last leaves the ring to the ones before it", () => {
    const { ring, a, b } = create(4, PIPELINE);
    publish(ring, 1, 4);
    take(a, 4);
    take(b, 1);
    expect(ring.detach("c")).toBe(4);
    expect([ring.claim(), ring.claim()]).toEqual([0, FULL]);
  });

  it("that was the only one leaves a ring that refuses nothing but a lap that was never committed", () => {
    const ring = MulticastRing.create(2, [{ name: "a" }]);
    publish(ring, 1, 2);
    expect(ring.detach("a")).toBe(2);
    for (let i = 0; i < 10; i++) publish(ring, i, 2);
    expect([ring.claim(), ring.claim(), ring.claim(), ring.parkProducer(0)]).toEqual([0, 1, FULL, false]);
  });

  it("stays detached for a producer that takes over", () => {
    const { ring } = create(4, FAN);
    publish(ring, 1, 2);
    ring.detach("a");
    const producer = new MulticastRing(ring.buffer, 0, 4, FAN);
    expect([producer.isDetached("a"), producer.detach("a"), producer.detach("b"), producer.detach("c")]).toEqual([true, 2, 2, 2]);
    publish(producer, 3, 4);
    publish(producer, 7, 4);
    expect(producer.used).toBe(0);
  });
});

describe("parking on a multicast ring", () => {
  afterEach(() => void vi.restoreAllMocks());
  const awaits = (c: number): number => CONSUMER_AWAITS_I32 + c * CONSUMER_STRIDE_I32;
  const released = (c: number): number => CONSUMER_RELEASED_I32 + c * CONSUMER_STRIDE_I32;

  it("does not hold a consumer that has records, nor a producer that has room, nor anyone on a closed ring", () => {
    const { ring, a, b } = create(2, PIPELINE);
    expect([a.parkConsumer(0), b.parkConsumer(0), ring.parkProducer(Infinity)]).toEqual([false, false, true]);
    publish(ring, 1, 2);
    expect([a.parkConsumer(Infinity), b.parkConsumer(0), ring.parkProducer(0)]).toEqual([true, false, false]);
    ring.close();
    expect([b.parkConsumer(Infinity), ring.parkProducer(Infinity)]).toEqual([true, true]);
  });

  it("gives up after the time it was given, over several naps", () => {
    const { ring, a } = create(2, FAN);
    expect(a.parkConsumer(60)).toBe(false);
    publish(ring, 1, 2);
    expect(ring.parkProducer(60)).toBe(false);
  });

  /** What each sleep waits on: cursor word, and whether the sleeper's own flag says whose it is. */
  function sleeps(words: Int32Array, flag: number): number[][] {
    const seen: number[][] = [];
    vi.spyOn(Atomics, "wait").mockImplementation((_, word) => {
      seen.push([word, words[flag]]);
      return "timed-out";
    });
    return seen;
  }

  it("is on the cursor that is lowest, with a flag that names its owner, and down afterwards", () => {
    const { ring, a, b, c } = create(2, DIAMOND);
    const ofC = sleeps(ring.words, awaits(2));
    publish(ring, 1, 2);
    take(a, 1);
    c.parkConsumer(1);
    take(b, 2);
    take(c, 1);
    c.parkConsumer(1);
    expect(ofC).toEqual([
      [released(1), 3],
      [released(0), 2],
    ]);
    const ofA = sleeps(ring.words, awaits(0));
    take(a, 1);
    a.parkConsumer(1);
    expect(ofA).toEqual([[MULTICAST_PUBLISHED_I32, 1]]);
    publish(ring, 3, 1);
    const ofProducer = sleeps(ring.words, MULTICAST_AWAITS_I32);
    expect(ring.parkProducer(1)).toBe(false);
    expect(ofProducer).toEqual([[released(2), 4]]);
    expect([ring.words[awaits(0)], ring.words[awaits(2)], ring.words[MULTICAST_AWAITS_I32]]).toEqual([0, 0, 0]);
  });

  it("ends by one notify of all who wait for the cursor, and nobody is notified who waits for another", () => {
    const { ring, a, b, c } = create(4, DIAMOND);
    const notify = vi.spyOn(Atomics, "notify");
    const told = (): unknown[] => notify.mock.calls.splice(0).map(([, word, count]) => [word, count]);
    ring.words[awaits(2)] = 2; // c waits for a
    publish(ring, 1, 3);
    expect(told()).toEqual([]);
    ring.words[awaits(0)] = 1;
    ring.words[awaits(1)] = 1;
    publish(ring, 4, 1);
    expect(told()).toEqual([[MULTICAST_PUBLISHED_I32, undefined]]);
    take(b, 1);
    expect(told()).toEqual([]);
    take(a, 1);
    expect(told()).toEqual([[released(0), undefined]]);
    ring.words[MULTICAST_AWAITS_I32] = 4; // the producer waits for c
    take(a, 1);
    take(c, 1);
    expect(told()).toEqual([
      [released(0), undefined],
      [released(2), undefined],
    ]);
    ring.close();
    expect(told().length).toBe(4);
  });

  it("goes on with the next cursor that is lowest when one has moved, and counts the naps against one time", () => {
    const { ring, a, b, c } = create(4, DIAMOND);
    publish(ring, 1, 1);
    const waited: number[] = [];
    vi.spyOn(Atomics, "wait").mockImplementation((_, word) => {
      waited.push(word);
      if (word === released(1)) take(b, 1);
      else take(a, 1);
      return "ok";
    });
    expect(c.parkConsumer(Infinity)).toBe(true);
    expect(new Set(waited)).toEqual(new Set([released(0), released(1)]));
    expect(waited.length).toBe(2);
  });

  it("ends when the one it waits for is detached", () => {
    const { ring, a, b } = create(4, PIPELINE);
    publish(ring, 1, 2);
    vi.spyOn(Atomics, "wait").mockImplementation(() => {
      ring.detach("a");
      return "ok";
    });
    expect(b.parkConsumer(Infinity)).toBe(true);
    expect([serials(b), a.available()]).toEqual([[1, 2], 0]);
  });
});
