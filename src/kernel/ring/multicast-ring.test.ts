import { describe, expect, it } from "vitest";
import { FULL } from "../core/status.ts";
import type { ConsumerPlan } from "./multicast-graph.ts";
import { MulticastConsumer } from "./multicast-consumer.ts";
import { MulticastRing } from "./multicast-ring.ts";
import { CONSUMER_RELEASED_I32 } from "./ring-layout.ts";

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

describe("MulticastRing", () => {
  it("gives every consumer of a fan-out every record, each at its own pace, and waits for the slowest", () => {
    const { ring, a, b, c } = create(4, FAN);
    publish(ring, 1, 4);
    expect(ring.claim()).toBe(FULL);
    expect([take(a, 4), take(b, 2), take(c, 1)]).toEqual([[1, 2, 3, 4], [1, 2], [1]]);
    expect([ring.lagOf("a"), ring.lagOf("b"), ring.lagOf("c"), ring.used]).toEqual([0, 2, 3, 3]);
    publish(ring, 5, 1);
    expect(ring.claim()).toBe(FULL);
    expect([serials(a), take(b, 2), take(c, 3)]).toEqual([[5], [3, 4], [2, 3, 4]]);
    expect(serials(b)).toEqual([5]);
  });

  it("shows a record to a consumer when all that it stands behind have released it", () => {
    const { ring, a, b, c } = create(8, DIAMOND);
    publish(ring, 1, 3);
    expect(serials(c)).toEqual([]);
    take(a, 3);
    expect(serials(c)).toEqual([]);
    take(b, 2);
    expect(serials(c)).toEqual([1, 2]);
    expect([a.pending, b.pending, c.pending]).toEqual([0, 1, 3]);
    b.advance(b.available());
    expect(serials(c)).toEqual([1, 2]); // read, and still held
    take(c, 2);
    expect(serials(c)).toEqual([]);
    expect(b.release(0)).toBe(true);
    expect(serials(c)).toEqual([]);
    expect(b.releaseTo(b.position)).toBe(true);
    expect(serials(c)).toEqual([3]);
  });

  it("waits for the last of a pipeline alone", () => {
    const { ring, a, b, c } = create(2, PIPELINE);
    publish(ring, 1, 2);
    take(a, 2);
    take(b, 2);
    expect(ring.claim()).toBe(FULL);
    take(c, 1);
    expect(ring.claim()).toBe(0);
    expect(ring.claim()).toBe(FULL);
  });

  it("shows nothing before commit(), and everything claimed after it", () => {
    const { ring, a } = create(4, FAN);
    ring.claim();
    ring.claim();
    expect([ring.claimed, a.available(), a.pending, ring.used]).toEqual([2, 0, 0, 0]);
    ring.commit();
    ring.commit();
    expect([ring.claimed, a.available(), a.pending, ring.used]).toEqual([0, 2, 2, 2]);
  });

  it.each([0, 0x7fff_fffd, -0x8000_0000, -2])("crosses the wrap of its cursors, from %d", (cursor) => {
    const { ring, a, b, c } = create(4, DIAMOND, cursor);
    for (let i = 0; i < 40; i += 4) {
      publish(ring, i, 4);
      expect(ring.claim()).toBe(FULL);
      const all = [i, i + 1, i + 2, i + 3];
      expect([take(a, 4), take(b, 4), take(c, 4)]).toEqual([all, all, all]);
    }
  });

  it("stops with INVARIANT when more is released than was available, or what is not held", () => {
    const { ring, a } = create(4, FAN);
    publish(ring, 1, 2);
    expect(() => a.release(1)).toThrowError(expect.objectContaining({ code: "INVARIANT" })); // before available() was asked
    a.available();
    for (const count of [3, -1]) expect(() => a.release(count)).toThrowError(expect.objectContaining({ code: "INVARIANT" }));
    a.advance(2);
    expect(() => a.releaseTo(3)).toThrow(/not held/);
    a.releaseTo(2);
    expect(() => a.releaseTo(1)).toThrow(/not held/);
  });

  it("stops with INVARIANT when a consumer is ahead of what it stands behind", () => {
    const { ring, a, b } = create(4, PIPELINE);
    publish(ring, 1, 2);
    take(a, 2);
    take(b, 2);
    Atomics.store(ring.words, CONSUMER_RELEASED_I32, 1);
    expect(() => b.available()).toThrow(/ahead of what it stands behind/);
  });

  it.each([0, 3, -2, 2.5, NaN, 2 ** 27])("refuses a capacity of %d", (capacity) => {
    for (const make of [() => MulticastRing.create(capacity, FAN), () => MulticastRing.bytesFor(capacity)]) {
      expect(make).toThrowError(
        expect.objectContaining({ code: "RING_CAPACITY", message: `expected a power of two from 2 to 67108864 slots, got ${capacity}` }),
      );
    }
  });

  it("is one ring through any number of objects, which must agree on capacity and consumers", () => {
    const { ring } = create(8, DIAMOND);
    publish(ring, 1, 3);
    const attach = (capacity: number, plans: readonly ConsumerPlan[]) => new MulticastRing(ring.buffer, ring.byteOffset, capacity, plans);
    expect(serials(new MulticastConsumer(attach(8, DIAMOND), "b"))).toEqual([1, 2, 3]);
    expect(() => attach(4, DIAMOND)).toThrowError(expect.objectContaining({ code: "RING_CAPACITY" }));
    expect(() => attach(8, FAN)).toThrowError(expect.objectContaining({ code: "CONFIG_INVALID", message: expect.stringContaining("other consumers") }));
    expect(() => new MulticastConsumer(ring, "d")).toThrowError(
      expect.objectContaining({ code: "CONFIG_INVALID", message: 'expected a consumer out of a, b, c, got "d"' }),
    );
  });

  it("lies at an offset beside other rings without touching them", () => {
    const bytes = MulticastRing.bytesFor(4);
    const buffer = new SharedArrayBuffer(bytes * 2 + 64);
    const [first, second] = [64, 64 + bytes].map((offset) => new MulticastRing(buffer, offset, 4, FAN));
    publish(first, 1, 4);
    publish(second, 11, 4);
    expect(serials(new MulticastConsumer(first, "c"))).toEqual([1, 2, 3, 4]);
    expect(serials(new MulticastConsumer(second, "c"))).toEqual([11, 12, 13, 14]);
    expect(new Uint8Array(buffer, 0, 64).every((byte) => byte === 0)).toBe(true);
  });

  it("has room for as many consumers as there are bits for", () => {
    const names = Array.from({ length: 16 }, (_, n) => ({ name: `c${n}` }));
    const ring = MulticastRing.create(2, names);
    publish(ring, 1, 2);
    for (const { name } of names) {
      expect(ring.claim()).toBe(FULL);
      take(new MulticastConsumer(ring, name), 2);
    }
    expect(ring.claim()).toBe(0);
  });

  it("tells everyone of a close, and leaves what was published readable", () => {
    const { ring, a, b } = create(4, PIPELINE);
    publish(ring, 1, 2);
    ring.close();
    expect([a.isClosed, a.isEnded, b.isEnded, ring.isClosed]).toEqual([true, false, false, true]);
    expect(take(a, 2)).toEqual([1, 2]);
    expect([a.isEnded, b.isEnded]).toEqual([true, false]); // b has still to read what a released
    expect(take(b, 2)).toEqual([1, 2]);
    expect(b.isEnded).toBe(true);
  });

  it("is moved to a cursor only while it is empty", () => {
    const ring = MulticastRing.create(4, FAN);
    ring.claim();
    expect(() => ring.startAt(9)).toThrowError(expect.objectContaining({ code: "ARENA_STATE" }));
    ring.commit();
    expect(() => ring.startAt(9)).toThrowError(expect.objectContaining({ code: "ARENA_STATE" }));
  });
});
