import { describe, expect, it } from "vitest";
import { FULL } from "../../kernel/core/status.ts";
import { Arena } from "../../kernel/memory/arena.ts";
import { BlockPool } from "./block-pool.ts";

function pool(entries: number): BlockPool {
  return new BlockPool(Arena.create("pool", 1 << 20), "pool", entries);
}

describe("block pool", () => {
  it("hands out every unit once and then refuses", () => {
    const blocks = pool(16 * 5);
    const taken = Array.from({ length: 5 }, () => blocks.take(0)).sort((a, b) => a - b);
    expect(taken).toEqual([0, 16, 32, 48, 64]);
    expect(blocks.take(0)).toBe(FULL);
  });

  it("joins given neighbours again, so that small blocks become a large one", () => {
    const blocks = pool(16 * 8);
    const taken = Array.from({ length: 8 }, () => blocks.take(0));
    expect(blocks.take(3)).toBe(FULL);
    for (const entry of [3, 0, 6, 1, 7, 2, 5, 4]) blocks.give(taken[entry], 0);
    expect(blocks.take(3)).toBe(0);
  });

  it("uses all of a range that is no power of two", () => {
    const blocks = pool(16 * 11);
    expect([blocks.take(3), blocks.take(1), blocks.take(0)]).toEqual([0, 16 * 8, 16 * 10]);
    expect(blocks.take(0)).toBe(FULL);
  });

  it("takes back the upper half of a block that was halved in place", () => {
    const blocks = pool(16 * 4);
    const block = blocks.take(2);
    blocks.give(block + 32, 1);
    expect(blocks.take(1)).toBe(block + 32);
    blocks.give(block + 32, 1);
    blocks.give(block, 1);
    expect(blocks.take(2)).toBe(0);
  });
});
