import { afterEach, describe, expect, it, vi } from "vitest";
import { FULL } from "../core/status.ts";
import { GatedRing } from "./gated-ring.ts";
import { PUBLISHED_I32, READER_PARKED_I32, RELEASED_I32, WRITER_PARKED_I32 } from "./ring-layout.ts";

/** Claims, numbers and publishes `count` records. */
function publish(ring: GatedRing, first: number, count: number): void {
  for (let i = 0; i < count; i++) ring.slots.f64[ring.claim() * 8 + 1] = first + i;
  ring.commit();
}

function take(ring: GatedRing, count: number): number[] {
  const taken = Array.from({ length: count }, (_, i) => ring.slots.f64[ring.slotAt(i) * 8 + 1]);
  ring.release(count);
  return taken;
}

describe("GatedRing", () => {
  it("hands records over in order, once each", () => {
    const ring = GatedRing.create(8);
    publish(ring, 1, 3);
    publish(ring, 4, 2);
    expect(ring.available()).toBe(5);
    expect(take(ring, 5)).toEqual([1, 2, 3, 4, 5]);
    expect(ring.available()).toBe(0);
  });

  it("shows nothing before commit(), and everything claimed after it", () => {
    const ring = GatedRing.create(4);
    ring.claim();
    ring.claim();
    expect(ring.claimed).toBe(2);
    expect(ring.available()).toBe(0);
    expect(ring.used).toBe(0);
    ring.commit();
    expect(ring.claimed).toBe(0);
    expect(ring.available()).toBe(2);
    expect(ring.used).toBe(2);
    ring.commit();
    expect(ring.available()).toBe(2);
  });

  it("refuses when full, whether published or only claimed, and takes more as soon as a record is released", () => {
    const ring = GatedRing.create(4);
    publish(ring, 1, 2);
    expect([ring.claim(), ring.claim(), ring.claim(), ring.claim()]).toEqual([4, 5, FULL, FULL]); // slots of the stage, behind the ring's four
    ring.commit();
    expect(ring.available()).toBe(4);
    ring.release(1);
    expect(ring.claim()).toBe(4);
    expect(ring.claim()).toBe(FULL);
  });

  it("keeps a record in place until release() passes it", () => {
    const ring = GatedRing.create(4);
    publish(ring, 1, 4);
    expect(ring.available()).toBe(4);
    expect(ring.slotAt(3)).toBe(3);
    ring.release(2);
    publish(ring, 5, 2);
    expect(ring.slots.f64[ring.slotAt(0) * 8 + 1]).toBe(3);
    expect(ring.claim()).toBe(FULL);
  });

  it("stops with INVARIANT when more is released than was available, or less than nothing", () => {
    const ring = GatedRing.create(4);
    publish(ring, 1, 2);
    expect(() => ring.release(1)).toThrowError(expect.objectContaining({ code: "INVARIANT" })); // before available() was asked
    ring.available();
    for (const count of [3, -1]) expect(() => ring.release(count)).toThrowError(expect.objectContaining({ code: "INVARIANT", details: { observed: count } }));
    ring.release(0);
    ring.release(2);
    expect(ring.used).toBe(0);
  });

  it.each([0, 1, 3, 6, 100, -2, 2.5, NaN, 2 ** 27, 2 ** 32])("refuses a capacity of %d, and names the limits and the number", (capacity) => {
    for (const make of [() => GatedRing.create(capacity), () => GatedRing.bytesFor(capacity)]) {
      expect(make).toThrowError(
        expect.objectContaining({ code: "RING_CAPACITY", message: `expected a power of two from 2 to 67108864 slots, got ${capacity}` }),
      );
    }
  });

  it("works at its smallest capacity", () => {
    const ring = GatedRing.create(2);
    for (let i = 0; i < 10; i += 2) {
      publish(ring, i, 2);
      expect(ring.claim()).toBe(FULL);
      ring.available();
      expect(take(ring, 2)).toEqual([i, i + 1]);
    }
  });

  it("lies at an offset beside other rings without touching them", () => {
    const bytes = GatedRing.bytesFor(4);
    const buffer = new SharedArrayBuffer(bytes * 2 + 64);
    const first = new GatedRing(buffer, 64, 4);
    const second = new GatedRing(buffer, 64 + bytes, 4);
    publish(first, 1, 4);
    publish(second, 11, 4);
    first.available();
    second.available();
    expect(take(first, 4)).toEqual([1, 2, 3, 4]);
    expect(take(second, 4)).toEqual([11, 12, 13, 14]);
    expect(new Uint8Array(buffer, 0, 64).every((byte) => byte === 0)).toBe(true);
    expect(() => new GatedRing(buffer, 32, 4)).toThrowError(expect.objectContaining({ code: "VALUE_RANGE" }));
    expect(() => new GatedRing(buffer, 128 + bytes, 4)).toThrowError(expect.objectContaining({ code: "RING_CAPACITY" }));
  });

  it("is one ring through any number of objects, which must agree on the capacity", () => {
    const ring = GatedRing.create(8);
    publish(ring, 1, 3);
    const late = new GatedRing(ring.buffer, ring.byteOffset, 8);
    expect(late.available()).toBe(3);
    expect(take(late, 2)).toEqual([1, 2]);
    expect(ring.used).toBe(1);
    expect(() => new GatedRing(ring.buffer, 0, 4)).toThrowError(
      expect.objectContaining({ code: "RING_CAPACITY", message: "this ring has 8 slots, and was attached with 4" }),
    );
  });

  it("hands unread records and the producer's place to objects that replace the first ones", () => {
    const ring = GatedRing.create(4);
    publish(ring, 1, 3);
    ring.claim(); // dies uncommitted with its object
    const producer = new GatedRing(ring.buffer, 0, 4);
    const consumer = new GatedRing(ring.buffer, 0, 4);
    publish(producer, 4, 1);
    expect(producer.claim()).toBe(FULL);
    expect(consumer.available()).toBe(3); // what it saw when it attached; it looks again when those are gone
    expect(take(consumer, 3)).toEqual([1, 2, 3]);
    expect(consumer.available()).toBe(1);
    expect(take(consumer, 1)).toEqual([4]);
  });

  it("tells both sides of a close, and leaves what was published readable", () => {
    const producer = GatedRing.create(4);
    const consumer = new GatedRing(producer.buffer, 0, 4);
    publish(producer, 1, 2);
    expect(consumer.isClosed).toBe(false);
    producer.close();
    expect(consumer.isClosed).toBe(true);
    expect(consumer.available()).toBe(2);
    expect(take(consumer, 2)).toEqual([1, 2]);
    expect(consumer.available()).toBe(0);
  });

  it.each([0, 0x7fff_fffd, -0x8000_0000, -2])("crosses the wrap of its cursors, from %d", (start) => {
    const ring = GatedRing.create(4);
    ring.startAt(start);
    const consumer = new GatedRing(ring.buffer, 0, 4);
    for (let i = 0; i < 40; i += 4) {
      publish(ring, i, 4);
      expect(ring.claim()).toBe(FULL);
      expect(consumer.available()).toBe(4);
      expect(consumer.used).toBe(4);
      expect(take(consumer, 4)).toEqual([i, i + 1, i + 2, i + 3]);
    }
  });

  it("is moved to a cursor only while it is empty", () => {
    const ring = GatedRing.create(4);
    ring.claim();
    expect(() => ring.startAt(9)).toThrowError(expect.objectContaining({ code: "ARENA_STATE" }));
    ring.commit();
    expect(() => ring.startAt(9)).toThrowError(expect.objectContaining({ code: "ARENA_STATE" }));
  });

  it("does not park a consumer that has records, nor a producer that has room, nor anyone on a closed ring", () => {
    const ring = GatedRing.create(2);
    expect(ring.parkConsumer(0)).toBe(false);
    expect(ring.parkProducer(Infinity)).toBe(true);
    publish(ring, 1, 2);
    expect(ring.parkConsumer(Infinity)).toBe(true);
    expect(ring.parkProducer(0)).toBe(false);
    ring.available();
    ring.release(2);
    ring.close();
    expect(ring.parkConsumer(Infinity)).toBe(true);
    publish(ring, 3, 2);
    expect(ring.parkProducer(Infinity)).toBe(true);
  });

  it("gives up parking after the time it was given, over several naps", () => {
    expect(GatedRing.create(2).parkConsumer(60)).toBe(false);
  });
});

describe("wakes", () => {
  afterEach(() => void vi.restoreAllMocks());

  it("are sent only to a side whose sleeping flag is up, and to both on close", () => {
    const notify = vi.spyOn(Atomics, "notify");
    const ring = GatedRing.create(4);
    const words = new Int32Array(ring.buffer);
    publish(ring, 1, 2);
    ring.available();
    ring.release(1);
    expect(notify).not.toHaveBeenCalled();
    words[READER_PARKED_I32] = 1;
    publish(ring, 3, 1);
    expect(notify.mock.calls.map(([, word]) => word)).toEqual([PUBLISHED_I32]);
    words[READER_PARKED_I32] = 0;
    words[WRITER_PARKED_I32] = 1;
    ring.release(1);
    expect(notify.mock.calls.map(([, word]) => word)).toEqual([PUBLISHED_I32, RELEASED_I32]);
    notify.mockClear();
    ring.close();
    expect(notify.mock.calls.map(([, word]) => word)).toEqual([PUBLISHED_I32, RELEASED_I32]);
  });

  it("are asked for by a flag that is up while a side sleeps and down afterwards", () => {
    const flags: number[] = [];
    const ring = GatedRing.create(2);
    const words = new Int32Array(ring.buffer);
    vi.spyOn(Atomics, "wait").mockImplementation((_, word) => {
      flags.push(word, words[READER_PARKED_I32], words[WRITER_PARKED_I32]);
      return "timed-out";
    });
    expect(ring.parkConsumer(1)).toBe(false);
    publish(ring, 1, 2);
    expect(ring.parkProducer(1)).toBe(false);
    expect(flags).toEqual([PUBLISHED_I32, 1, 0, RELEASED_I32, 0, 1]);
    expect([words[READER_PARKED_I32], words[WRITER_PARKED_I32]]).toEqual([0, 0]);
  });
});

describe("a consumer that holds what it read", () => {
  function filled(cursor: number): GatedRing {
    const ring = GatedRing.create(8);
    ring.startAt(cursor);
    for (let i = 0; i < 6; i++) ring.slots.f64[ring.claim() * 8 + 1] = i;
    ring.commit();
    return ring;
  }
  const serials = (ring: GatedRing): number[] => Array.from({ length: ring.available() }, (_, i) => ring.slots.f64[ring.slotAt(i) * 8 + 1]);

  it.each([0, 0x7fff_fffe, -3])("keeps the room until it is given back, from cursor %i", (cursor) => {
    const ring = filled(cursor);
    expect(serials(ring)).toEqual([0, 1, 2, 3, 4, 5]);
    ring.advance(2);
    const cut = ring.position;
    ring.advance(3);
    expect({ held: ring.held, used: ring.used, rest: serials(ring) }).toEqual({ held: 5, used: 6, rest: [5] });
    expect([ring.claim() >= 0, ring.claim() >= 0, ring.claim()]).toEqual([true, true, FULL]);
    ring.releaseTo(cut);
    expect({ held: ring.held, used: ring.used }).toEqual({ held: 3, used: 4 });
    expect(ring.claim()).toBeGreaterThanOrEqual(0);
  });

  it("reads again what was not given back, itself or by another object over the same bytes", () => {
    const ring = filled(0);
    ring.available();
    ring.advance(2);
    ring.releaseTo(ring.position);
    ring.advance(3);
    expect(serials(new GatedRing(ring.buffer, 0, 8))).toEqual([2, 3, 4, 5]);
    ring.rewind();
    expect(serials(ring)).toEqual([2, 3, 4, 5]);
  });

  it("gives back what it held together with what it releases", () => {
    const ring = filled(0);
    ring.available();
    ring.advance(2);
    ring.release(1);
    expect({ held: ring.held, used: ring.used }).toEqual({ held: 0, used: 3 });
  });

  it("refuses to go past what is there, and to give back what it does not hold", () => {
    const ring = filled(0);
    ring.available();
    expect(() => ring.advance(7)).toThrow(/past more ring records/);
    ring.advance(2);
    expect(() => ring.releaseTo(3)).toThrow(/not held/);
    ring.releaseTo(2);
    expect(() => ring.releaseTo(1)).toThrow(/not held/);
  });
});

describe("the stage", () => {
  const bits = [0x7ff0_0001, 0xfff7_ffff, 0x7ff8_0000, 1, 0xffff_ffff, 0, 0x1234_5678, 0x7ff4_dead];

  it.each([1, 3, 5, 64, 65, 130, 200])("moves %i records over the end of the ring bit by bit, signalling NaNs too", (count) => {
    const ring = GatedRing.create(256);
    ring.startAt(200);
    for (let i = 0; i < count; i++) {
      const slot = ring.claim();
      for (let word = 0; word < 16; word++) ring.slots.u32[slot * 16 + word] = word === 2 || word === 3 ? i : bits[(i + word) % bits.length];
      for (let cell = 1; cell < 6; cell++) ring.slots.f64[slot * 8 + cell] = i + cell / 8;
    }
    ring.commit();
    expect(ring.available()).toBe(count);
    for (let i = 0; i < count; i++) {
      const slot = ring.slotAt(i);
      expect(slot).toBe((200 + i) & 255);
      for (const word of [0, 1, 12, 13, 14, 15]) expect(ring.slots.u32[slot * 16 + word]).toBe(bits[(i + word) % bits.length]);
      for (let cell = 1; cell < 6; cell++) expect(ring.slots.f64[slot * 8 + cell]).toBe(i + cell / 8);
    }
  });

  it("gives slots in a row: as many as asked, as the ring has free, as the stage has left", () => {
    const ring = GatedRing.create(128);
    const claimed = (limit: number): [number, number] => [ring.claimRun(limit), ring.claimedAt];
    expect(claimed(10)).toEqual([10, 128]);
    expect(claimed(100)).toEqual([54, 138]); // to the end of the stage
    expect(claimed(100)).toEqual([64, 128]); // the stage was moved into the ring
    expect(ring.claimed).toBe(128);
    expect(ring.claimRun(1)).toBe(0);
    expect(ring.available()).toBe(0);
    ring.commit();
    expect(ring.available()).toBe(128);
    ring.release(3);
    expect(claimed(100)).toEqual([3, 128]);
    expect(ring.claim()).toBe(FULL);
  });

  it("mixes runs and single claims", () => {
    const ring = GatedRing.create(16);
    let serial = 0;
    const fill = (slot: number): void => void (ring.slots.f64[slot * 8 + 1] = ++serial);
    fill(ring.claim());
    for (let i = 0, count = ring.claimRun(5), at = ring.claimedAt; i < count; i++) fill(at + i);
    fill(ring.claim());
    ring.commit();
    expect(ring.available()).toBe(7);
    expect(take(ring, 7)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });

  it("has a slot for what is to go nowhere, while nothing is claimed", () => {
    const ring = GatedRing.create(4);
    const fill = (slot: number, serial: number): void => void (ring.slots.f64[slot * 8 + 1] = serial);
    fill(ring.claim(), 1);
    expect(() => ring.scratchSlot()).toThrow(/claimed/);
    ring.commit();
    fill(ring.scratchSlot(), 99);
    expect([ring.claimed, ring.used, ring.head]).toEqual([0, 1, 1]);
    fill(ring.claim(), 2);
    ring.commit();
    expect(take(ring, ring.available())).toEqual([1, 2]);
  });

  it("tells how far it is published to any object over it", () => {
    const ring = GatedRing.create(4);
    ring.startAt(-1);
    const other = new GatedRing(ring.buffer, 0, 4);
    ring.claim();
    ring.claim();
    expect(other.head).toBe(-1);
    ring.commit();
    expect(other.head).toBe(1);
  });
});
