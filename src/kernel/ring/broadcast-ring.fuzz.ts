import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EMPTY, OVERRUN } from "../core/status.ts";
import { Slots } from "../record/slots.ts";
import { BroadcastReader, BroadcastRing } from "./broadcast-ring.ts";

const step = fc.tuple(fc.constantFrom("claim", "commit", "poll", "poll", "oldest", "head"), fc.nat(40));
const start = fc.constantFrom(0, 5, 2 ** 31 - 7, 2 ** 32 - 7, 2 ** 40);

describe("BroadcastRing against the list of all records", () => {
  it("keeps published = consumed + lost + pending, and every record that it gives is the right one", () => {
    const target = Slots.create(1);
    fc.assert(
      fc.property(fc.constantFrom(2, 4, 16, 32), start, fc.array(step, { maxLength: 200, size: "max" }), (capacity, first, schedule) => {
        const ring = BroadcastRing.create(capacity);
        ring.skipTo(first);
        const reader = new BroadcastReader(ring);
        let next = first;
        let consumed = 0;
        for (const [kind, amount] of schedule) {
          if (kind === "claim") {
            for (let i = 0; i < amount && next - ring.head < capacity; i++) {
              const slot = ring.claim();
              for (let word = 0; word < 8; word++) ring.slots.f64[slot * 8 + word] = next;
              next++;
            }
          } else if (kind === "commit") {
            ring.commit();
            expect(ring.head).toBe(next);
          } else if (kind === "head") {
            reader.resetToHead();
            expect(reader.cursor).toBe(ring.head);
          } else if (kind === "oldest") {
            const before = reader.cursor;
            reader.resetToOldest();
            expect(reader.cursor).toBeGreaterThanOrEqual(before);
            expect(reader.cursor).toBeLessThanOrEqual(ring.head);
          } else {
            for (let i = 0; i < amount; i++) {
              const at = reader.cursor;
              const status = reader.poll(target, 0);
              if (status === OVERRUN) {
                expect(next - at).toBeGreaterThan(capacity - Math.max(1, capacity >> 3));
                expect(reader.lostFrom).toBe(at);
                expect(reader.lostTo).toBeGreaterThan(at);
                expect(reader.lostTo).toBeLessThanOrEqual(ring.head);
              }
              expect(status === EMPTY).toBe(at === ring.head);
              if (status !== 1) break;
              expect([...target.f64]).toEqual(Array.from({ length: 8 }, () => at));
              consumed++;
            }
          }
          expect(first + consumed + reader.lostTotal + reader.pending).toBe(ring.head);
        }
      }),
      { seed: 20240808, numRuns: 400 },
    );
  });
});
