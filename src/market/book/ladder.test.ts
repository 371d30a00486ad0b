import { describe, expect, it } from "vitest";
import { FULL } from "../../kernel/core/status.ts";
import { Arena } from "../../kernel/memory/arena.ts";
import { Ladders } from "./ladder.ts";

function create(
  instruments: number,
  levels: number,
): { ladders: Ladders; put: (ladder: number, price: number) => number; prices: (ladder: number) => number[] } {
  const ladders = new Ladders(Arena.create("ladders", 1 << 24), instruments, levels);
  const scratch = new Float64Array(1);
  return {
    ladders,
    put(ladder, price) {
      scratch[0] = price;
      const found = ladders.find(ladder, scratch, 0);
      return found > 0 ? found : ladders.insert(ladder, -1 - found, scratch, 0);
    },
    prices: (ladder) => Array.from({ length: ladders.depth(ladder) }, (_, rank) => ladders.f64[ladders.levelAt(ladder, rank) * 4]),
  };
}

describe("ladders", () => {
  it("keep bids falling and asks rising from the best", () => {
    const { put, prices } = create(1, 64);
    for (const price of [5, 1, 9, 7, 3]) {
      put(0, price);
      put(1, price);
    }
    expect(prices(0)).toEqual([9, 7, 5, 3, 1]);
    expect(prices(1)).toEqual([1, 3, 5, 7, 9]);
  });

  it("order negative prices and zero like any others", () => {
    const { put, prices } = create(1, 64);
    for (const price of [-2, 3, 0, -7]) {
      put(0, price);
      put(1, price);
    }
    expect(prices(0)).toEqual([3, 0, -2, -7]);
    expect(prices(1)).toEqual([-7, -2, 0, 3]);
  });

  it("find every level of a deep ladder, and the place between any two", () => {
    const { ladders, put } = create(1, 2000);
    const ids = Array.from({ length: 1000 }, (_, i) => put(1, i * 2));
    const scratch = new Float64Array(1);
    for (let i = 0; i < 1000; i++) {
      scratch[0] = i * 2;
      expect(ladders.find(1, scratch, 0)).toBe(ids[i]);
      scratch[0] = i * 2 + 1;
      expect(ladders.find(1, scratch, 0)).toBe(-1 - (999 - i));
    }
    scratch[0] = -1;
    expect(ladders.find(1, scratch, 0)).toBe(-1001);
  });

  it("keep a level's id while others come and go around it", () => {
    const { ladders, put } = create(1, 512);
    const kept = put(0, 50);
    const others = Array.from({ length: 300 }, (_, i) => put(0, i < 150 ? i - 200 : i));
    expect(ladders.best(0)).toBe(others[299]);
    for (const other of others.slice(0, 290)) ladders.remove(other);
    const scratch = Float64Array.of(50);
    expect(ladders.find(0, scratch, 0)).toBe(kept);
    expect(ladders.f64[kept * 4]).toBe(50);
    expect(ladders.used).toBe(11);
  });

  it("let one instrument hold 10,000 levels and 1,000 others one each", () => {
    const { put, prices } = create(1001, 11_000);
    for (let i = 0; i < 10_000; i++) expect(put(0, (i * 7919) % 10_007)).toBeGreaterThan(0);
    for (let i = 1; i <= 1000; i++) expect(put(i * 2, i)).toBeGreaterThan(0);
    const deep = prices(0);
    expect(deep).toHaveLength(10_000);
    expect(deep.every((price, rank) => rank === 0 || price < deep[rank - 1])).toBe(true);
    expect(prices(2000)).toEqual([1000]);
  });

  it("refuse the level that is one too many, and take it once another is gone", () => {
    const { ladders, put, prices } = create(2, 3);
    const first = put(0, 1);
    put(1, 2);
    put(2, 3);
    expect(put(3, 4)).toBe(FULL);
    expect(prices(3)).toEqual([]);
    ladders.remove(first);
    expect(put(3, 4)).toBeGreaterThan(0);
    expect(ladders.best(0)).toBe(0);
  });

  it("let one ladder have all levels, whatever their number", () => {
    for (const count of [1, 15, 17, 33, 1000, 5000, 8192, 8193]) {
      const { ladders, put } = create(1, count);
      for (let i = 0; i < count; i++) expect(put(0, i)).toBeGreaterThan(0);
      expect(ladders.depth(0)).toBe(count);
    }
  });

  it("give back the range of a ladder that shrank or was cleared", () => {
    const { ladders, put } = create(4, 4096);
    for (let round = 0; round < 20; round++) {
      const ladder = round % 8;
      for (let i = 0; i < 4000; i++) expect(put(ladder, i)).toBeGreaterThan(0);
      if (round % 2 === 0) ladders.clear(ladder);
      else while (ladders.best(ladder) !== 0) ladders.remove(ladders.best(ladder));
      expect(ladders.used).toBe(0);
    }
  });

  it("cost at most the bytes that the header of the file states", () => {
    const exact = Arena.create("bytes", 1 << 26);
    new Ladders(exact, 1000, 1 << 17);
    expect(exact.usedBytes).toBeLessThanOrEqual((1 << 17) * 58 + 1000 * 470);
    const odd = Arena.create("bytes", 1 << 26);
    new Ladders(odd, 1000, (1 << 17) + 1);
    expect(odd.usedBytes).toBeLessThanOrEqual((1 << 17) * 84 + 1000 * 470);
  });
});
