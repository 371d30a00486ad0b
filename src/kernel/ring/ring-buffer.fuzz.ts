import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isStreamError } from "../core/errors.ts";
import { Consumer, RingBuffer } from "./ring-buffer.ts";

const operation = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("publish" as const), count: fc.integer({ min: 1, max: 6 }) }) },
  { weight: 5, arbitrary: fc.record({ kind: fc.constant("poll" as const), count: fc.integer({ min: 1, max: 6 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom("toHead" as const, "toOldest" as const), count: fc.constant(1) }) },
);

describe("any schedule of one producer and one reader", () => {
  it("gives what a list of everything published gives, and published = read + lost + pending", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), fc.array(operation, { maxLength: 80, size: "max" }), (capacity, operations) => {
        const ring = new RingBuffer<number>(capacity);
        const consumer = new Consumer(ring);
        let published = 0;
        let cursor = 0;
        let read = 0;
        for (const { kind, count } of operations) {
          for (let i = 0; i < count; i++) {
            const oldest = Math.max(0, published - capacity);
            if (kind === "publish") expect(ring.publish(published * 10)).toBe(published++);
            else if (kind === "toHead") {
              expect(consumer.resetToHead()).toBe(published - cursor);
              cursor = published;
            } else if (kind === "toOldest") {
              const next = Math.max(cursor, oldest);
              expect(consumer.resetToOldest()).toBe(next - cursor);
              cursor = next;
            } else if (cursor < oldest) {
              const lostFrom = cursor;
              expect(() => consumer.poll()).toThrow(
                expect.toSatisfy((e: unknown) => isStreamError(e, "RING_OVERRUN") && e.details["lostFrom"] === lostFrom && e.details["lostTo"] === oldest - 1),
              );
            } else if (cursor === published) expect(consumer.poll()).toBeNull();
            else {
              expect(consumer.poll()).toBe(cursor * 10);
              cursor += 1;
              read += 1;
            }
          }
          expect(read + consumer.lost() + consumer.available()).toBe(published);
        }
      }),
      { seed: 22, numRuns: 300 },
    );
  });
});
