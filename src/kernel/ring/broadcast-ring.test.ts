import { describe, expect, it } from "vitest";
import { EMPTY, OVERRUN } from "../core/status.ts";
import { Slots } from "../record/slots.ts";
import { BroadcastReader, BroadcastRing } from "./broadcast-ring.ts";

function publish(ring: BroadcastRing, count: number, batch = 1): void {
  for (let i = 0; i < count; i++) {
    const slot = ring.claim();
    ring.slots.f64[slot * 8 + 1] = ring.head + (i % batch);
    if ((i + 1) % batch === 0) ring.commit();
  }
  ring.commit();
}

const target = Slots.create(2);

/** Polls until nothing is left or the reader is lapped; the serials read and the last status. */
function drain(reader: BroadcastReader): { read: number[]; status: number } {
  const read: number[] = [];
  for (;;) {
    const status = reader.poll(target, 1);
    if (status !== 1) return { read, status };
    read.push(target.f64[8 + 1]);
  }
}

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, i) => from + i);
}

describe("BroadcastRing", () => {
  it("gives every reader every record, while it keeps up", () => {
    const ring = BroadcastRing.create(16);
    const readers = [new BroadcastReader(ring), new BroadcastReader(ring)];
    const got: number[][] = [[], []];
    for (let i = 0; i < 100; i += 10) {
      publish(ring, 10);
      readers.forEach((reader, n) => got[n].push(...drain(reader).read));
    }
    expect(got).toEqual([range(0, 100), range(0, 100)]);
    expect(ring.head).toBe(100);
  });

  it("shows nothing before commit(), and a batch at once after it", () => {
    const ring = BroadcastRing.create(8);
    const reader = new BroadcastReader(ring);
    expect(ring.claim()).toBe(0);
    expect(ring.claim()).toBe(1);
    expect(reader.poll(target, 0)).toBe(EMPTY);
    expect(ring.head).toBe(0);
    ring.commit();
    expect(ring.head).toBe(2);
    expect([reader.poll(target, 0), reader.poll(target, 0), reader.poll(target, 0)]).toEqual([1, 1, EMPTY]);
    ring.commit();
    expect(ring.head).toBe(2);
  });

  it("starts a reader at the head, or at the oldest record", () => {
    const ring = BroadcastRing.create(4);
    publish(ring, 3);
    const atHead = new BroadcastReader(ring);
    const atOldest = new BroadcastReader(ring, "oldest");
    publish(ring, 1);
    expect(drain(atHead).read).toEqual([3]);
    expect(drain(atOldest).read).toEqual([0, 1, 2, 3]);
    publish(ring, 10);
    expect(drain(new BroadcastReader(ring, "oldest")).read).toEqual([10, 11, 12, 13]);
  });

  it("never refuses the producer, and tells a lapped reader its exact range, again and again until it is reset", () => {
    const ring = BroadcastRing.create(4);
    const reader = new BroadcastReader(ring);
    publish(ring, 2);
    drain(reader);
    publish(ring, 9);
    expect(reader.poll(target, 0)).toBe(OVERRUN);
    expect([reader.lostFrom, reader.lostTo, reader.lostCount]).toEqual([2, 7, 5]);
    publish(ring, 1);
    expect(reader.poll(target, 0)).toBe(OVERRUN);
    expect([reader.lostFrom, reader.lostTo]).toEqual([2, 8]);
    expect(reader.lostTotal).toBe(0);
  });

  it("goes on at the oldest readable record, or at the head, by policy", () => {
    const ring = BroadcastRing.create(4);
    const keeper = new BroadcastReader(ring);
    const skipper = new BroadcastReader(ring);
    publish(ring, 10);
    expect([keeper.poll(target, 0), skipper.poll(target, 0)]).toEqual([OVERRUN, OVERRUN]);
    publish(ring, 2);
    keeper.resetToOldest();
    skipper.resetToHead();
    expect([keeper.lostFrom, keeper.lostTo, keeper.lostTotal, keeper.pending]).toEqual([0, 8, 8, 4]);
    expect([skipper.lostFrom, skipper.lostTo, skipper.lostTotal, skipper.pending]).toEqual([0, 12, 12, 0]);
    publish(ring, 1);
    expect(drain(keeper)).toEqual({ read: [], status: OVERRUN });
    keeper.resetToOldest();
    expect(drain(keeper).read).toEqual([9, 10, 11, 12]);
    expect(drain(skipper).read).toEqual([12]);
    expect(keeper.lostTotal).toBe(9);
  });

  it("leaves a reader that is not lapped where it is on resetToOldest, and counts what resetToHead skips", () => {
    const ring = BroadcastRing.create(8);
    const reader = new BroadcastReader(ring);
    publish(ring, 3);
    reader.resetToOldest();
    expect([reader.cursor, reader.lostTotal]).toEqual([0, 0]);
    reader.poll(target, 0);
    reader.resetToHead();
    expect([reader.cursor, reader.lostFrom, reader.lostTo, reader.lostTotal]).toEqual([3, 1, 3, 2]);
  });

  it("calls a record lost as soon as its slot may be overwritten, before the new record is published", () => {
    const ring = BroadcastRing.create(4);
    const reader = new BroadcastReader(ring);
    publish(ring, 4);
    ring.claim(); // announces record 4, which overwrites record 0
    expect(reader.poll(target, 0)).toBe(OVERRUN);
    expect([reader.lostFrom, reader.lostTo]).toEqual([0, 1]);
    reader.resetToOldest();
    expect(drain(reader).read).toEqual([1, 2, 3]);
  });

  it("keeps at least 7/8 of its capacity readable, though it announces ahead", () => {
    const ring = BroadcastRing.create(256);
    for (let n = 0; n < 600; n++) {
      publish(ring, 1);
      const reader = new BroadcastReader(ring, "oldest");
      expect(reader.pending).toBeGreaterThanOrEqual(Math.min(n + 1, 224));
      expect(drain(reader).status).toBe(EMPTY);
    }
  });

  it("reports no record as lost that was not published, when a whole lap was claimed without commit()", () => {
    const ring = BroadcastRing.create(4);
    const reader = new BroadcastReader(ring);
    publish(ring, 2);
    for (let i = 0; i < 4; i++) ring.claim();
    expect(reader.poll(target, 0)).toBe(OVERRUN);
    expect(reader.lostTo).toBe(2);
    reader.resetToOldest();
    expect([reader.cursor, reader.poll(target, 0)]).toEqual([2, EMPTY]);
    ring.commit();
    expect(reader.pending).toBe(4);
  });

  it("tells a reader that stalled for more than 2^32 records exactly what it lost", () => {
    const ring = BroadcastRing.create(4);
    const reader = new BroadcastReader(ring);
    publish(ring, 3);
    reader.poll(target, 0);
    for (const stall of [2 ** 31 + 1, 2 ** 32, 2 ** 32 + 2, 2 ** 45]) {
      const from = reader.cursor;
      const to = ring.head + stall;
      ring.skipTo(to - 4);
      publish(ring, 4);
      expect(reader.poll(target, 0)).toBe(OVERRUN);
      expect([reader.lostFrom, reader.lostTo]).toEqual([from, to - 4]);
      reader.resetToOldest();
      expect(drain(reader).read).toEqual(range(to - 4, to));
    }
  });

  it.each([2 ** 31, 2 ** 32, 3 * 2 ** 32])("counts on over %d", (edge) => {
    const ring = BroadcastRing.create(16);
    ring.skipTo(edge - 20);
    const reader = new BroadcastReader(ring);
    for (let i = 0; i < 40; i += 5) {
      publish(ring, 5, 5);
      expect(drain(reader).read).toEqual(range(edge - 20 + i, edge - 15 + i));
    }
    expect(ring.head).toBe(edge + 20);
  });

  it("is one ring through any number of objects, and its producer can be replaced", () => {
    const ring = BroadcastRing.create(8);
    publish(ring, 5);
    ring.claim();
    const second = new BroadcastRing(ring.buffer, 0, 8);
    const reader = new BroadcastReader(second, "oldest");
    publish(second, 2);
    expect(ring.head).toBe(7);
    expect(drain(reader).read).toEqual(range(0, 7));
    expect(() => new BroadcastRing(ring.buffer, 0, 16)).toThrowError(expect.objectContaining({ code: "RING_CAPACITY" }));
  });

  it("closes: what was published stays readable", () => {
    const ring = BroadcastRing.create(4);
    const reader = new BroadcastReader(ring);
    publish(ring, 1);
    expect(ring.isClosed).toBe(false);
    ring.close();
    expect(ring.isClosed).toBe(true);
    expect(drain(reader).read).toEqual([0]);
  });

  it.each([0, 3, 2 ** 27, NaN])("refuses a capacity of %d", (capacity) => {
    expect(() => BroadcastRing.create(capacity)).toThrowError(expect.objectContaining({ code: "RING_CAPACITY" }));
    expect(() => BroadcastRing.bytesFor(capacity)).toThrowError(expect.objectContaining({ code: "RING_CAPACITY" }));
  });

  it("skips forward only, to a count that is exact", () => {
    const ring = BroadcastRing.create(4);
    publish(ring, 3);
    for (const count of [2, 3.5, 2 ** 53, NaN]) expect(() => ring.skipTo(count)).toThrowError(expect.objectContaining({ code: "VALUE_RANGE" }));
  });
});
