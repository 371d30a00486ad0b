import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Tumbling } from "./assigner.ts";

function windowsOf(assigner: Tumbling, ts: number): number[] {
  const starts = new Float64Array(4);
  const count = assigner.assign(Float64Array.of(0, ts), 1, starts);
  return [...starts.subarray(0, count)];
}

describe("Tumbling", () => {
  it("aligns by floor division on both sides of zero", () => {
    const assigner = new Tumbling(4);
    expect([-5, -4, -1, 0, 3, 4].map((ts) => windowsOf(assigner, ts))).toEqual([[-8], [-4], [-4], [0], [0], [4]]);
  });

  it("gives each time exactly one window that holds it", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1e12 }), fc.integer(), fc.integer({ min: -(2 ** 50), max: 2 ** 50 }), (size, offset, ts) => {
        const shift = offset % size;
        const [start, ...more] = windowsOf(new Tumbling(size, shift), ts);
        expect(more).toEqual([]);
        expect(start).toBeLessThanOrEqual(ts);
        expect(start + size).toBeGreaterThan(ts);
        expect(Math.abs((start - shift) % size)).toBe(0);
      }),
      { seed: 20240808 },
    );
  });

  it.each([
    [0, 0],
    [-5, 0],
    [1.5, 0],
    [10, 10],
    [10, -10],
  ])("refuses size %d with offset %d", (size, offset) => {
    expect(() => new Tumbling(size, offset)).toThrow("expected");
  });
});
