import fc from "fast-check";
import { expect, it } from "vitest";
import { addCell, addCellProduct, addLimbs, sumToBigInt, sumToNumber } from "./exact-sum.ts";

const LIMIT = 2n ** 105n;
const isBeyond = (value: bigint): boolean => value > LIMIT || value < -LIMIT;
const integer = fc.oneof(fc.integer({ min: -1000, max: 1000 }), fc.integer({ min: -(2 ** 33), max: 2 ** 33 }), fc.maxSafeInteger());

it("adds integers and products exactly, with the low limb in range", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(integer, integer), { maxLength: 50 }), (pairs) => {
      const sums = new Float64Array(6);
      let total = 0n;
      let products = 0n;
      for (const [a, b] of pairs) {
        const product = BigInt(a) * BigInt(b);
        if (isBeyond(product) || isBeyond(products + product)) continue;
        const source = Float64Array.of(0, a, b);
        addCell(sums, 0, source, 1);
        addCellProduct(sums, 2, source, 1, 2);
        total += BigInt(a);
        products += product;
      }
      expect(sumToBigInt(sums, 0)).toBe(total);
      expect(sumToBigInt(sums, 2)).toBe(products);
      addLimbs(sums, 4, 0);
      if (!isBeyond(total + products)) {
        addLimbs(sums, 4, 2);
        expect(sumToBigInt(sums, 4)).toBe(total + products);
      }
      for (const lo of [1, 3, 5]) {
        expect(sums[lo]).toBeGreaterThanOrEqual(0);
        expect(sums[lo]).toBeLessThan(2 ** 52);
      }
    }),
    { seed: 20240808, numRuns: 1000 },
  );
});

it("returns to zero words when everything added is taken away", () => {
  const sums = new Float64Array(2);
  const source = Float64Array.of(123_456_789_012, 987_654_321, -123_456_789_012, 1, -1);
  addCellProduct(sums, 0, source, 0, 1);
  addCell(sums, 0, source, 4);
  addCellProduct(sums, 0, source, 2, 1);
  addCell(sums, 0, source, 3);
  expect([...sums]).toEqual([0, 0]);
  expect(Object.is(sums[0], -0)).toBe(false);
  expect(sumToNumber(sums, 0)).toBe(0);
});

it("reads back as the double nearest to the sum", () => {
  const sums = new Float64Array(2);
  const source = Float64Array.of(9_007_199_254_740_991, 3);
  addCellProduct(sums, 0, source, 0, 1);
  expect(sumToNumber(sums, 0)).toBe(Number(sumToBigInt(sums, 0)));
});
