import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { MemorySpill } from "../../../test/model/memory-spill.ts";
import { FULL } from "../../kernel/core/status.ts";
import { Slots } from "../../kernel/record/slots.ts";
import { GatedRing } from "../../kernel/ring/gated-ring.ts";
import { BurstQueue } from "./burst-queue.ts";

const step = fc.tuple(fc.constantFrom("put", "put", "pump", "take"), fc.nat(12));

describe("a burst queue before a ring, against a list", () => {
  it("keeps put = taken + waiting + in the ring, and the order, over any schedule, with and without a spill", () => {
    let spilled = 0;
    let refused = 0;
    fc.assert(
      fc.property(
        fc.constantFrom(2, 8),
        fc.integer({ min: 1, max: 9 }),
        fc.boolean(),
        fc.array(step, { maxLength: 150, size: "max" }),
        (slots, capacity, hasSpill, schedule) => {
          const ring = GatedRing.create(slots);
          const queue = new BurstQueue(ring, capacity, 3, hasSpill ? new MemorySpill() : null);
          const one = Slots.create(1);
          let [put, taken, most] = [0, 0, 0];
          for (const [kind, amount] of schedule) {
            if (kind === "pump") {
              queue.pump();
              expect(queue.length === 0 || ring.used + ring.claimed === slots).toBe(true);
            } else if (kind === "take") {
              ring.commit();
              const count = Math.min(amount, ring.available());
              for (let i = 0; i < count; i++) expect(ring.slots.f64[ring.slotAt(i) * 8 + 1]).toBe(++taken);
              ring.release(count);
            } else {
              for (let i = 0; i < amount; i++) {
                one.f64[1] = put + 1;
                const isFull = !hasSpill && queue.length === capacity;
                const status = queue.put(one, 0);
                expect(status === FULL).toBe(isFull);
                if (status === FULL) refused++;
                else put++;
                most = Math.max(most, queue.length);
              }
            }
            expect(taken + queue.length + ring.used + ring.claimed).toBe(put);
          }
          expect(queue.highWater).toBe(most);
          spilled += queue.spilled;
        },
      ),
      { seed: 20240808, numRuns: 200 },
    );
    expect([spilled > 1000, refused > 1000]).toEqual([true, true]);
  });
});
