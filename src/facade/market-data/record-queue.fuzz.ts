import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EMPTY, FULL } from "../../kernel/core/status.ts";
import { Slots } from "../../kernel/record/slots.ts";
import { RecordQueue } from "./record-queue.ts";

interface Entry {
  readonly slot: number;
  readonly value: number;
  readonly source: number;
}

/** Everything in the queue, oldest first, taken out. */
function drain(queue: RecordQueue): { value: number; source: number }[] {
  const found: { value: number; source: number }[] = [];
  for (let slot = queue.oldest(); slot >= 0; slot = queue.oldest()) {
    found.push({ value: queue.slots.i32[slot * 16 + 5], source: queue.sourceOf(slot) });
    queue.remove(slot);
  }
  return found;
}

describe("the queue against a list", () => {
  it("keeps the order of what stays, whatever is taken out and put in", () => {
    const steps = fc.array(fc.tuple(fc.constantFrom("append", "append", "removeAny", "removeOldest"), fc.nat(1000)), { maxLength: 200 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), steps, (capacity, chosen) => {
        const queue = new RecordQueue(capacity);
        const staging = Slots.create(1);
        const model: Entry[] = [];
        chosen.forEach(([step, draw], value) => {
          if (step === "append") {
            staging.i32[5] = value;
            const slot = queue.append(staging, 0, draw);
            expect(slot === FULL).toBe(model.length === capacity);
            if (slot !== FULL) model.push({ slot, value, source: draw });
          } else if (model.length > 0) {
            const [gone] = model.splice(step === "removeAny" ? draw % model.length : 0, 1);
            queue.remove(gone.slot);
          }
          expect(queue.length).toBe(model.length);
          expect(queue.isFull).toBe(model.length === capacity);
          expect(queue.oldest()).toBe(model.length === 0 ? EMPTY : model[0].slot);
        });
        if (queue.isFull) expect(model.map(({ slot }) => slot).toSorted((a, b) => a - b)).toEqual(Array.from({ length: capacity }, (_, slot) => slot));
        expect(drain(queue)).toEqual(model.map(({ value, source }) => ({ value, source })));
      }),
      { seed: 20240808, numRuns: 500 },
    );
  });
});
