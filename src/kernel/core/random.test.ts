import { describe, expect, it } from "vitest";
import { Random } from "./random.ts";

describe("Random", () => {
  it("draws the published sequence of xoshiro128** from the state 1, 2, 3, 4", () => {
    const random = new Random(Int32Array.of(1, 2, 3, 4));
    const drawn = Array.from({ length: 10 }, () => random.nextUint32());
    expect(drawn).toEqual([11_520, 0, 5_927_040, 70_819_200, 2_031_721_883, 1_637_235_492, 1_287_239_034, 3_734_860_849, 3_729_100_597, 4_258_142_804]);
  });

  it("keeps its state in the given words alone", () => {
    const words = new Int32Array(4);
    const random = new Random(words, 99);
    random.nextUint32();
    const copy = words.slice();
    const expected = Array.from({ length: 50 }, () => random.nextUint32());
    const resumed = new Random(copy);
    expect(Array.from({ length: 50 }, () => resumed.nextUint32())).toEqual(expected);
  });

  it("copies its state into other words, after which the two go on alike and apart", () => {
    const random = new Random(new Int32Array(4), 7);
    const twin = random.copyStateInto(new Int32Array(4));
    expect(twin.nextUint32()).toBe(random.nextUint32());
    random.nextUint32();
    expect(twin.nextUint32()).not.toBe(random.nextUint32());
  });

  it("gives every seed a state that is not all zero, and near seeds different sequences", () => {
    const firsts = new Set<number>();
    for (const seed of [0, 1, 2, -1, 0x7fffffff, -0x80000000, 0x61c88647, -0x61c88647]) {
      const words = new Int32Array(4);
      const random = new Random(words, seed);
      expect(words.some((word) => word !== 0)).toBe(true);
      firsts.add(random.nextUint32());
    }
    expect(firsts.size).toBe(8);
  });

  it("is uniform below a bound: chi-square over 10 cells", () => {
    const random = new Random(new Int32Array(4), 2024);
    const cells = new Int32Array(10);
    const draws = 100_000;
    for (let i = 0; i < draws; i++) cells[random.nextBelow(10)]++;
    let chi = 0;
    for (const cell of cells) chi += (cell - draws / 10) ** 2 / (draws / 10);
    expect(chi).toBeLessThan(27.88); // 9 degrees of freedom, p = 0.001
  });

  it("has no modulo bias where a bound divides 2^32 worst", () => {
    // Modulo alone would draw the lower half of [0, 3 x 2^30) twice as often as its last third.
    const random = new Random(new Int32Array(4), 11);
    const bound = 3 * 2 ** 30;
    let low = 0;
    for (let i = 0; i < 30_000; i++) if (random.nextBelow(bound) < 2 ** 30) low++;
    expect(low / 30_000).toBeGreaterThan(0.32);
    expect(low / 30_000).toBeLessThan(0.347);
  });

  it("answers only 0 below 1, and the whole range below 2^32", () => {
    const random = new Random(Int32Array.of(1, 2, 3, 4));
    expect(random.nextBelow(2 ** 32)).toBe(11_520);
    for (let i = 0; i < 10; i++) expect(random.nextBelow(1)).toBe(0);
  });

  it("draws fractions in [0, 1) with mean 1/2 and bits down to 2^-53", () => {
    const random = new Random(new Int32Array(4), 3);
    let sum = 0;
    let odd = 0;
    for (let i = 0; i < 20_000; i++) {
      const draw = random.nextFloat();
      if (!(draw >= 0 && draw < 1)) expect.fail(`drew ${draw}`);
      sum += draw;
      if ((draw * 2 ** 53) % 2 === 1) odd++;
    }
    expect(Math.abs(sum / 20_000 - 0.5)).toBeLessThan(0.01);
    expect(Math.abs(odd / 20_000 - 0.5)).toBeLessThan(0.02);
  });
});
