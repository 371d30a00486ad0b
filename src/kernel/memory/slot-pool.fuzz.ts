import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FULL, UNKNOWN } from "../core/status.ts";
import { Arena } from "./arena.ts";
import { SlotPool } from "./slot-pool.ts";

describe("SlotPool against a set of handles", () => {
  it("never has two live handles for one slot, and never takes a released handle", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), fc.array(fc.nat(1000), { maxLength: 200 }), (capacity, draws) => {
        const pool = new SlotPool(Arena.create("fuzz", 8192), "pool", capacity);
        const live: number[] = [];
        const dead: number[] = [];
        let peak = 0;
        for (const draw of draws) {
          if (draw % 2 === 0) {
            const handle = pool.acquire();
            if (live.length === capacity) expect(handle).toBe(FULL);
            else live.push(handle);
          } else if (live.length > 0) {
            const [handle] = live.splice(draw % live.length, 1);
            expect(pool.release(handle)).toBe(0);
            dead.push(handle);
          }
          peak = Math.max(peak, live.length);
          const slots = live.map((handle) => pool.indexOf(handle));
          expect(slots.every((slot) => slot >= 0 && slot < capacity)).toBe(true);
          expect(new Set(slots).size).toBe(live.length);
          expect(dead.every((handle) => pool.indexOf(handle) === UNKNOWN && pool.release(handle) === UNKNOWN)).toBe(true);
          expect(pool.inUse).toBe(live.length);
          expect(pool.highWater).toBe(peak);
        }
        expect(
          pool
            .createLeakReport(capacity)
            .map((held) => held.handle)
            .sort((a, b) => a - b),
        ).toEqual(live.toSorted((a, b) => a - b));
        const all = pool.createLeakReport(capacity);
        expect(all).toEqual(all.toSorted((a, b) => b.age - a.age));
        for (let limit = 0; limit <= capacity; limit++) expect(pool.createLeakReport(limit)).toEqual(all.slice(0, limit));
      }),
      { seed: 20240808, numRuns: 300 },
    );
  });
});
