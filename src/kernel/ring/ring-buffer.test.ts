import { describe, expect, it } from "vitest";
import { StreamError } from "../core/errors.ts";
import { Consumer, RING_BUFFER_CAPACITY_MAX, RingBuffer } from "./ring-buffer.ts";

function errorOf(body: () => unknown): StreamError {
  try {
    body();
  } catch (error) {
    if (error instanceof StreamError) return error;
  }
  throw new Error("expected a StreamError");
}

function ringWith(capacity: number, items: number): RingBuffer<string> {
  const ring = new RingBuffer<string>(capacity);
  for (let i = 0; i < items; i++) ring.publish(`item ${i}`);
  return ring;
}

describe("the ring buffer", () => {
  it("numbers items from 0 without gaps", () => {
    const ring = new RingBuffer<string>(4);
    expect(["a", "b", "c"].map((item) => ring.publish(item))).toEqual([0, 1, 2]);
  });

  it("says with head() what the next sequence will be", () => {
    const ring = new RingBuffer<string>(4);
    expect(ring.head()).toBe(0);
    expect(ring.publish("a")).toBe(0);
    expect(ring.head()).toBe(1);
  });

  it("gives back each item under its sequence", () => {
    const ring = ringWith(8, 8);
    expect([0, 3, 7].map((sequence) => ring.get(sequence))).toEqual(["item 0", "item 3", "item 7"]);
  });

  it("keeps the very object that was published", () => {
    const ring = new RingBuffer<object>(2);
    const item = { price: 1 };
    ring.publish(item);
    expect(ring.get(0)).toBe(item);
  });

  it("never refuses: publishing goes on after it is full", () => {
    const ring = ringWith(4, 1000);
    expect(ring.head()).toBe(1000);
    expect(ring.get(999)).toBe("item 999");
  });

  it("keeps exactly the newest capacity items", () => {
    const ring = ringWith(4, 10);
    expect(ring.oldest()).toBe(6);
    expect(ring.get(6)).toBe("item 6");
    expect(errorOf(() => ring.get(5)).code).toBe("RING_OVERRUN");
  });

  it("tells the exact range that was lost", () => {
    const error = errorOf(() => ringWith(4, 10).get(2));
    expect(error.details).toEqual({ lostFrom: 2, lostTo: 5, lostCount: 4 });
    expect(error.message).toBe("sequences 2 to 5 were overwritten before they were read");
  });

  it.each([-1, 3, 100, 0.5, Number.NaN])("refuses sequence %d, which was never published", (sequence) => {
    expect(errorOf(() => ringWith(4, 3).get(sequence)).code).toBe("VALUE_RANGE");
  });

  it.each([0, -1, 1.5, Number.NaN, RING_BUFFER_CAPACITY_MAX + 1])("refuses a capacity of %d", (capacity) => {
    expect(errorOf(() => new RingBuffer(capacity)).code).toBe("RING_CAPACITY");
  });

  it.each([1, 2, 3, 5, 7, 10, 64, 100])("keeps %i items when made for %i", (capacity) => {
    const ring = ringWith(capacity, 3 * capacity + 1);
    expect(ring.capacity()).toBe(capacity);
    expect(ring.head() - ring.oldest()).toBe(capacity);
    for (let sequence = ring.oldest(); sequence < ring.head(); sequence++) expect(ring.get(sequence)).toBe(`item ${sequence}`);
  });

  it("holds items that are falsy", () => {
    const ring = new RingBuffer<number | string | boolean>(4);
    for (const item of [0, "", false]) ring.publish(item);
    const consumer = new Consumer(ring);
    expect([consumer.poll(), consumer.poll(), consumer.poll(), consumer.poll()]).toEqual([0, "", false, null]);
  });
});

describe("a consumer", () => {
  it("reads all items in order and then null, at once", () => {
    const consumer = new Consumer(ringWith(4, 3));
    expect([consumer.poll(), consumer.poll(), consumer.poll(), consumer.poll()]).toEqual(["item 0", "item 1", "item 2", null]);
  });

  it("gets null from an empty ring, any number of times", () => {
    const consumer = new Consumer(new RingBuffer<string>(2));
    expect([consumer.poll(), consumer.poll(), consumer.cursor()]).toEqual([null, null, 0]);
  });

  it("goes on when more is published", () => {
    const ring = ringWith(4, 1);
    const consumer = new Consumer(ring);
    consumer.poll();
    expect(consumer.poll()).toBeNull();
    ring.publish("next");
    expect(consumer.poll()).toBe("next");
  });

  it("counts what it has not read", () => {
    const ring = ringWith(8, 5);
    const consumer = new Consumer(ring);
    expect(consumer.available()).toBe(5);
    consumer.poll();
    expect(consumer.available()).toBe(4);
    ring.publish("more");
    expect(consumer.available()).toBe(5);
  });

  it("reads the whole ring when it is exactly full", () => {
    const consumer = new Consumer(ringWith(4, 4));
    expect([consumer.poll(), consumer.poll(), consumer.poll(), consumer.poll(), consumer.poll()]).toEqual(["item 0", "item 1", "item 2", "item 3", null]);
  });

  it("has its own cursor: another consumer does not move it", () => {
    const ring = ringWith(4, 2);
    const [a, b] = [new Consumer(ring), new Consumer(ring)];
    a.poll();
    a.poll();
    expect([a.cursor(), b.cursor()]).toEqual([2, 0]);
    expect(b.poll()).toBe("item 0");
  });

  it("sees what was published before it came", () => {
    expect(new Consumer(ringWith(4, 2)).available()).toBe(2);
  });

  it("begins at the oldest item when the ring has wrapped", () => {
    const consumer = new Consumer(ringWith(4, 10));
    expect([consumer.available(), consumer.poll()]).toEqual([4, "item 6"]);
  });

  it("begins at the head if asked to", () => {
    const ring = ringWith(4, 3);
    const consumer = new Consumer(ring, "head");
    expect(consumer.poll()).toBeNull();
    ring.publish("new");
    expect(consumer.poll()).toBe("new");
  });
});

describe("a slow consumer", () => {
  function overrun(): { ring: RingBuffer<string>; consumer: Consumer<string> } {
    const ring = new RingBuffer<string>(4);
    const consumer = new Consumer(ring);
    for (let i = 0; i < 7; i++) ring.publish(`item ${i}`);
    return { ring, consumer };
  }

  it("is told that it was overtaken, with the range", () => {
    const { consumer } = overrun();
    const error = errorOf(() => consumer.poll());
    expect([error.code, error.severity]).toEqual(["RING_OVERRUN", "warning"]);
    expect(error.details).toEqual({ lostFrom: 0, lostTo: 2, lostCount: 3 });
  });

  it("shows it before the read: unread items exceed the capacity", () => {
    const { ring, consumer } = overrun();
    expect(consumer.isOverrun()).toBe(true);
    expect(consumer.available()).toBeGreaterThan(ring.capacity());
  });

  it("is told again until it decides, and does not move", () => {
    const { consumer } = overrun();
    expect(() => consumer.poll()).toThrow();
    expect(() => consumer.poll()).toThrow();
    expect(consumer.cursor()).toBe(0);
  });

  it("may go on at the head", () => {
    const { ring, consumer } = overrun();
    expect(consumer.resetToHead()).toBe(7);
    expect([consumer.poll(), consumer.available(), consumer.lost()]).toEqual([null, 0, 7]);
    ring.publish("after");
    expect(consumer.poll()).toBe("after");
  });

  it("may go on at the oldest item", () => {
    const { consumer } = overrun();
    expect(consumer.resetToOldest()).toBe(3);
    expect([consumer.poll(), consumer.lost()]).toEqual(["item 3", 3]);
  });

  it("loses nothing by a reset to the oldest when it was not overtaken", () => {
    const ring = ringWith(4, 3);
    const consumer = new Consumer(ring);
    consumer.poll();
    expect([consumer.resetToOldest(), consumer.poll()]).toEqual([0, "item 1"]);
  });

  it("does not disturb the producer or the other consumers", () => {
    const ring = new RingBuffer<number>(4);
    const [slow, fast] = [new Consumer(ring), new Consumer(ring)];
    const read: (number | null)[] = [];
    for (let i = 0; i < 100; i++) {
      expect(ring.publish(i)).toBe(i);
      read.push(fast.poll());
    }
    expect(read).toEqual(Array.from({ length: 100 }, (_, i) => i));
    expect(() => slow.poll()).toThrow(StreamError);
  });
});

describe("beyond 32 bits", () => {
  it("sequences and slots go on past 2^31 and 2^32", () => {
    for (const start of [2 ** 31 - 3, 2 ** 32 - 3, 2 ** 52]) {
      const ring = new RingBuffer<string>(4);
      const words = (ring as unknown as { words: Float64Array }).words;
      words[0] = start;
      const consumer = new Consumer(ring, "head");
      for (let i = 0; i < 4; i++) expect(ring.publish(`item ${i}`)).toBe(start + i);
      expect([consumer.poll(), consumer.poll(), consumer.poll(), consumer.poll()]).toEqual(["item 0", "item 1", "item 2", "item 3"]);
    }
  });
});
