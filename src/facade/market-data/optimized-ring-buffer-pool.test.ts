import { describe, expect, it } from "vitest";
import { isStreamError } from "../../kernel/core/errors.ts";
import { BinaryMarketDataBatch } from "./binary-market-data-batch.ts";
import { BinaryMarketData } from "./binary-market-data.ts";
import { OptimizedRingBufferPool, POOL_RINGS_MAX, type PoolStrategy } from "./optimized-ring-buffer-pool.ts";
import { OptimizedRingBuffer } from "./optimized-ring-buffer.ts";
import { SymbolDirectory } from "./symbol-directory.ts";

const code = (name: Parameters<typeof isStreamError>[1]) => expect.toSatisfy((error: unknown) => isStreamError(error, name));
const directory = SymbolDirectory.create(4, 0);
directory.add("NSE", "A");

function batchOf(count: number): BinaryMarketDataBatch {
  const batch = new BinaryMarketDataBatch(directory, count);
  for (let n = 0; n < count; n++) batch.append(new BinaryMarketData(directory).writeLtp(0, n, 1, n, n));
  return batch;
}

function contents(pool: OptimizedRingBufferPool): (number | null)[][] {
  return pool.rings.map((ring) => {
    const into = new BinaryMarketDataBatch(directory, 64);
    ring.consumeBatch(into);
    return Array.from({ length: into.length }, (_, i) => into.at(i).units("price"));
  });
}

describe("a pool of rings", () => {
  it("takes one ring after the other", () => {
    const pool = OptimizedRingBufferPool.create("pool", 3, "roundRobin", 64 * 4);
    expect(pool.publishBatch(batchOf(7))).toBe(7);
    expect(contents(pool)).toEqual([
      [0, 3, 6],
      [1, 4],
      [2, 5],
    ]);
  });

  it("or the one with the least in it", () => {
    const pool = OptimizedRingBufferPool.create("pool", 3, "leastUtilized", 64 * 4);
    pool.rings[0].publishSingle(batchOf(1).at(0));
    expect(pool.publishBatch(batchOf(5))).toBe(5);
    expect(pool.rings.map((ring) => ring.count())).toEqual([2, 2, 2]);
  });

  it.each<PoolStrategy>(["roundRobin", "leastUtilized"])("goes past full rings, and refuses only when all are full: %s", (strategy) => {
    const pool = OptimizedRingBufferPool.create("pool", 2, strategy, 64 * 4);
    for (let n = 0; n < 4; n++) pool.rings[0].publishSingle(batchOf(1).at(0));
    const batch = batchOf(6);
    expect(pool.publishBatch(batch)).toBe(4);
    expect(pool.publishBatch(batch, 4)).toBe(0);
    expect(pool.stats()).toMatchObject({ strategy, capacity: 8, count: 8, utilization: 1, published: 4, refused: 2 });
    contents(pool);
    expect(pool.publishBatch(batch, 4)).toBe(2);
  });

  it("sums up its rings, and closes and unlinks them", () => {
    const pool = OptimizedRingBufferPool.create("pool", 2, "roundRobin", 64 * 4);
    pool.publishBatch(batchOf(3));
    expect(pool.stats().rings.map(({ name, count }) => [name, count])).toEqual([
      ["pool-0", 2],
      ["pool-1", 1],
    ]);
    pool.close();
    expect([pool.publishSingle(batchOf(1).at(0)), pool.rings.map((ring) => ring.isClosed)]).toEqual([false, [true, true]]);
    pool.unlink();
    expect(() => pool.stats()).toThrow(code("ARENA_STATE"));
  });

  it("is not made of no rings, of too many, or by another strategy", () => {
    for (const count of [0, -1, 1.5, POOL_RINGS_MAX + 1]) expect(() => OptimizedRingBufferPool.create("pool", count)).toThrow(code("VALUE_RANGE"));
    expect(() => new OptimizedRingBufferPool([])).toThrow(code("VALUE_RANGE"));
    expect(() => new OptimizedRingBufferPool([OptimizedRingBuffer.create("a", 128)], "random" as PoolStrategy)).toThrow(code("USAGE"));
  });
});
