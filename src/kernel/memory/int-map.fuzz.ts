import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FULL, UNKNOWN } from "../core/status.ts";
import { Arena } from "./arena.ts";
import { IntMap } from "./int-map.ts";

const operation = fc.record({
  kind: fc.constantFrom("put", "put", "remove", "get", "clear"),
  low: fc.nat(12),
  high: fc.constantFrom(0, 1, -1),
  roll: fc.nat(99),
});

describe("IntMap against Map", () => {
  it("agrees over any sequence of operations, and keeps no trace of what was removed", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 24 }), fc.array(operation, { maxLength: 300 }), (capacity, operations) => {
        const arena = Arena.create("fuzz", 8192);
        const map = new IntMap(arena, "map", capacity);
        arena.seal();
        const model = new Map<string, number>();
        for (const { kind, low, high, roll } of operations) {
          const key = `${low}:${high}`;
          if (kind === "put") {
            const known = model.has(key);
            const status = known ? 0 : model.size < capacity ? 1 : FULL;
            if (status !== FULL) model.set(key, roll);
            expect(map.put(low, high, roll)).toBe(status);
          } else if (kind === "remove") {
            expect(map.remove(low, high)).toBe(model.get(key) ?? UNKNOWN);
            model.delete(key);
          } else if (kind === "clear") {
            if (roll > 5) continue;
            map.clear();
            model.clear();
          }
          expect(map.get(low, high)).toBe(model.get(key) ?? UNKNOWN);
          expect(map.size).toBe(model.size);
        }
        for (let low = 0; low <= 12; low++) {
          for (const high of [0, 1, -1]) expect(map.get(low, high)).toBe(model.get(`${low}:${high}`) ?? UNKNOWN);
        }
        for (const key of model.keys()) map.remove(...(key.split(":").map(Number) as [number, number]));
        const rows = arena.regions[1];
        expect(new Uint8Array(arena.buffer, rows.offset, rows.bytes).every((byte) => byte === 0)).toBe(true);
      }),
      { seed: 20240808, numRuns: 400 },
    );
  });
});
