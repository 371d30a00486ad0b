import { describe, expect, it } from "vitest";
import { Partition } from "../../engine/pipeline/partition.ts";
import { isStreamError } from "../../kernel/core/errors.ts";
import { SymbolPartitioner } from "./symbol-partitioner.ts";

const code = (name: Parameters<typeof isStreamError>[1]) => expect.toSatisfy((error: unknown) => isStreamError(error, name));
const SYMBOLS = Array.from({ length: 1000 }, (_, i) => `NSE:SYM${i}`);

describe("the partitioner of source 5", () => {
  it("has the partitions of the engine, with an exchange and without, from the cache and not", () => {
    const partitioner = new SymbolPartitioner(7);
    const partition = new Partition(7);
    for (const symbol of SYMBOLS) expect(partitioner.getPartition(symbol)).toBe(partition.shardOf(symbol));
    for (let i = 0; i < 1000; i++) expect(partitioner.getPartition(`SYM${i}`, "NSE")).toBe(partition.shardOf(`NSE:SYM${i}`));
    expect(partitioner.stats().cached).toBe(1000);
    partitioner.clearCache();
    expect([partitioner.stats().cached, partitioner.getPartition(SYMBOLS[0])]).toEqual([0, partition.shardOf(SYMBOLS[0])]);
  });

  it("distributes, and tells of what it distributed last", () => {
    const partitioner = new SymbolPartitioner(4);
    expect(partitioner.stats()).toMatchObject({ partitions: 4, symbols: [0, 0, 0, 0], total: 0, skipped: 0 });
    const { shards, skipped } = partitioner.distributeSymbols([...SYMBOLS, "", SYMBOLS[0]]);
    expect(skipped.map(({ reason }) => reason)).toEqual(["the symbol is empty", "listed before"]);
    expect([0, 1, 2, 3].map((n) => partitioner.symbolsForPartition(n))).toEqual(shards);
    expect(partitioner.stats()).toMatchObject({ symbols: shards.map((list) => list.length), total: 1000, skipped: 2 });
    expect(partitioner.balance().score).toBeCloseTo(250 / Math.max(...shards.map((list) => list.length)), 12);
    for (const n of [-1, 4, 0.5]) expect(() => partitioner.symbolsForPartition(n)).toThrow(code("VALUE_RANGE"));
  });

  it("computes ahead what it is given, and passes over what cannot be assigned", () => {
    const partitioner = new SymbolPartitioner(4);
    expect(partitioner.precompute([...SYMBOLS, "", "  "])).toBe(1000);
    expect(partitioner.precompute(SYMBOLS)).toBe(1000);
  });

  it("takes pins, groups and weights", () => {
    const partitioner = new SymbolPartitioner(4, { pins: [{ symbol: "NSE:A", shard: 3 }], groups: [{ key: "NSE:A", symbols: ["NSE:B"] }] });
    expect([partitioner.getPartition("A", "NSE"), partitioner.getPartition("NSE:B"), partitioner.partitions]).toEqual([3, 3, 4]);
    expect(() => new SymbolPartitioner(4, { pins: [{ symbol: "A", shard: 4 }] })).toThrow(code("VALUE_RANGE"));
    expect(() => new SymbolPartitioner(4, { weights: [{ symbol: "A", weight: 0 }] })).toThrow(code("CONFIG_INVALID"));
  });

  it("refuses no partitions, empty names and unknown exchanges", () => {
    for (const count of [0, -3, 1.5]) expect(() => new SymbolPartitioner(count)).toThrow(code("VALUE_RANGE"));
    const partitioner = new SymbolPartitioner(4);
    for (const symbol of ["", "  ", "X".repeat(33)]) expect(() => partitioner.getPartition(symbol)).toThrow(code("VALUE_RANGE"));
    for (const [symbol, exchange] of [
      ["", "NSE"],
      ["A", "NYSE"],
      ["A", ""],
      ["X".repeat(30), "NSE"],
    ])
      expect(() => partitioner.getPartition(symbol, exchange)).toThrow(code("VALUE_RANGE"));
  });
});
