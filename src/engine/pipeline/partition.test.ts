import { describe, expect, it } from "vitest";
import { isStreamError } from "../../kernel/core/errors.ts";
import { hashBytes, shardOf } from "../../kernel/core/hash.ts";
import { Random } from "../../kernel/core/random.ts";
import { BALANCE_LIMIT, PARTITIONS_MAX, Partition, balanceOf, checkPartition, partitionOf } from "./partition.ts";
import type { PartitionPlan } from "./plan.ts";

const code = (name: Parameters<typeof isStreamError>[1]) => expect.toSatisfy((error: unknown) => isStreamError(error, name));
const SYMBOLS = Array.from({ length: 50_000 }, (_, i) => `NSE:SYM${i}`);

function plan(given: Partial<PartitionPlan>): PartitionPlan {
  return { pins: [], groups: [], weights: [], ...given };
}

/** Rates of a market: a few instruments have much of the traffic, most have little; none more than `most` times the least. */
function rates(symbols: readonly string[], seed: number, most: number = 200): PartitionPlan["weights"] {
  const random = new Random(new Int32Array(4), seed);
  return symbols.map((symbol) => ({ symbol, weight: Math.min(most, 1 / (random.nextFloat() + 1e-4) ** 0.8) }));
}

describe("without a plan", () => {
  it("a symbol goes by the hash of its bytes, the published MurmurHash3 x86_32", () => {
    const bytes = new TextEncoder().encode("NSE:RELIANCE");
    expect(new Partition(7).shardOf("NSE:RELIANCE")).toBe(shardOf(hashBytes(bytes, 0, bytes.length, 0), 7));
    expect(["AAPL", "MSFT", "BTCUSDT", "NSE:RELIANCE", "MCX:CRUDEOIL"].map((symbol) => new Partition(16).shardOf(symbol))).toEqual([8, 8, 15, 14, 11]);
  });

  it("50,000 symbols lie on 16 shards with at most 1.15 of the mean on one, and the statistics say so", () => {
    const { shards, balance, skipped } = new Partition(16).distribute(SYMBOLS);
    expect(skipped).toEqual([]);
    expect(shards.flat().toSorted()).toEqual(SYMBOLS.toSorted());
    expect(balance.loads).toEqual(shards.map((list) => list.length));
    expect(balance.mean).toBe(3125);
    expect(balance.maxOverMean).toBeLessThanOrEqual(BALANCE_LIMIT);
    expect(balance.score).toBeCloseTo(1 / (balance.maxOverMean ?? 0), 12);
    expect([balance.min, balance.max]).toEqual([Math.min(...balance.loads), Math.max(...balance.loads)]);
    const deviations = balance.loads.map((load) => (load - 3125) ** 2);
    expect(balance.sd).toBeCloseTo(Math.sqrt(deviations.reduce((sum, square) => sum + square, 0) / 16), 9);
  });

  it.each([1, 4, 16, 31])("one shard more than %i takes at most 1.25 of its share, and takes from the others only", (n) => {
    const before = new Partition(n);
    const after = new Partition(n + 1);
    const moved = SYMBOLS.filter((symbol) => before.shardOf(symbol) !== after.shardOf(symbol));
    expect(moved.length / SYMBOLS.length).toBeLessThanOrEqual(1.25 / (n + 1));
    expect(moved.length / SYMBOLS.length).toBeGreaterThanOrEqual(0.75 / (n + 1));
    expect(new Set(moved.map((symbol) => after.shardOf(symbol)))).toEqual(new Set([n]));
  });

  it("does not care in which order symbols come, nor which others there are", () => {
    const all = new Partition(16).distribute(SYMBOLS).shards;
    const some = SYMBOLS.filter((_, i) => i % 3 === 0).toReversed();
    const { shards } = new Partition(16).distribute(some);
    shards.forEach((list, shard) => {
      const expected = new Set(all[shard]);
      expect(list.filter((symbol) => !expected.has(symbol))).toEqual([]);
    });
  });
});

describe("pins and groups", () => {
  const partition = new Partition(
    8,
    plan({
      pins: [
        { symbol: "ES", shard: 3 },
        { symbol: "AAPL", shard: 5 },
      ],
      groups: [
        { key: "ES", symbols: ["NQ", "YM"] },
        { key: "KO", symbols: ["KO", "PEP"] },
      ],
    }),
  );

  it("a pinned symbol lies where its pin says, a group where its key does", () => {
    expect(["AAPL", "ES", "NQ", "YM"].map((symbol) => partition.shardOf(symbol))).toEqual([5, 3, 3, 3]);
    expect(partition.shardOf("PEP")).toBe(new Partition(8).shardOf("KO"));
    expect(partition.shardOf("KO")).toBe(new Partition(8).shardOf("KO"));
    expect(new Partition(8).shardOf("PEP")).not.toBe(new Partition(8).shardOf("KO"));
  });

  it("whoever is named in neither lies where it would without them", () => {
    const plain = new Partition(8);
    expect(SYMBOLS.filter((symbol) => partition.shardOf(symbol) !== plain.shardOf(symbol))).toEqual([]);
  });

  it("of a run wrap around, so that one plan runs on any number of shards", () => {
    const pinned = plan({ pins: [{ symbol: "AAPL", shard: 5 }] });
    expect([1, 2, 4, 6, 64].map((shards) => partitionOf(pinned, shards).shardOf("AAPL"))).toEqual([0, 1, 1, 5, 5]);
    expect(partitionOf(null, 8).shardOf("AAPL")).toBe(new Partition(8).shardOf("AAPL"));
    expect(() => new Partition(4, pinned)).toThrow(code("VALUE_RANGE"));
  });
});

describe("weights", () => {
  it("keep the loads of 50,000 symbols on 16 shards below 1.15 of the mean where the hash alone does not", () => {
    const weights = rates(SYMBOLS.slice(0, 400), 3, 14);
    const symbols = weights.map(({ symbol }) => symbol);
    const byHash = symbols.map((symbol) => new Partition(16).shardOf(symbol));
    const loads = Array.from({ length: 16 }, (_, shard) => weights.reduce((sum, { weight }, i) => sum + (byHash[i] === shard ? weight : 0), 0));
    expect(balanceOf(loads).maxOverMean).toBeGreaterThan(1.3);
    expect(new Partition(16, plan({ weights })).distribute(symbols).balance.maxOverMean).toBeLessThanOrEqual(BALANCE_LIMIT + 1e-12);
    const all = rates(SYMBOLS, 4);
    expect(new Partition(16, plan({ weights: all })).distribute(SYMBOLS).balance.maxOverMean).toBeLessThanOrEqual(BALANCE_LIMIT + 1e-12);
  });

  it("are heard in any order", () => {
    const weights = rates(SYMBOLS.slice(0, 2000), 5);
    const one = new Partition(9, plan({ weights }));
    const other = new Partition(9, plan({ weights: weights.toReversed() }));
    expect(weights.filter(({ symbol }) => other.shardOf(symbol) !== one.shardOf(symbol))).toEqual([]);
  });

  it("move few more symbols than the hash alone when a shard is added", () => {
    const weights = rates(SYMBOLS, 6);
    const before = new Partition(16, plan({ weights }));
    const after = new Partition(17, plan({ weights }));
    const moved = SYMBOLS.filter((symbol) => before.shardOf(symbol) !== after.shardOf(symbol)).length;
    expect(moved / SYMBOLS.length).toBeLessThanOrEqual(1.25 / 17);
  });

  it("of a group are summed, its symbols stay together, and a pin stays where it is", () => {
    const weights = rates(SYMBOLS.slice(0, 1000), 7, 40);
    const group = SYMBOLS.slice(0, 20);
    const partition = new Partition(4, plan({ weights, groups: [{ key: "basket", symbols: group }], pins: [{ symbol: SYMBOLS[100], shard: 2 }] }));
    expect(new Set(group.map((symbol) => partition.shardOf(symbol))).size).toBe(1);
    expect(partition.shardOf(SYMBOLS[100])).toBe(2);
    expect(partition.distribute(SYMBOLS.slice(0, 1000)).balance.maxOverMean).toBeLessThanOrEqual(BALANCE_LIMIT + 1e-12);
  });

  it("too heavy for any shard lie alone on the lightest", () => {
    const weights = [{ symbol: "BIG", weight: 1000 }, ...SYMBOLS.slice(0, 30).map((symbol) => ({ symbol, weight: 1 }))];
    const { shards } = new Partition(4, plan({ weights })).distribute(weights.map(({ symbol }) => symbol));
    expect(shards.find((list) => list.includes("BIG"))).toEqual(["BIG"]);
    expect(shards.flat()).toHaveLength(31);
  });
});

describe("symbols that cannot be assigned", () => {
  it("are skipped with the reason, and the others are assigned", () => {
    const long = "X".repeat(33);
    const { shards, skipped, balance } = new Partition(3).distribute(["A", "", "  ", long, "A", 7 as unknown as string, "B"]);
    expect(shards.flat().toSorted()).toEqual(["A", "B"]);
    expect(balance.mean).toBeCloseTo(2 / 3, 12);
    expect(skipped.map(({ reason }) => reason)).toEqual([
      "the symbol is empty",
      "the symbol is empty",
      `${long} has 33 bytes`,
      "listed before",
      "7 is no text",
    ]);
  });

  it("are refused one by one", () => {
    for (const symbol of ["", " ", "Ä".repeat(17), null as unknown as string]) expect(() => new Partition(3).shardOf(symbol)).toThrow(code("VALUE_RANGE"));
  });

  it("nothing to assign is balanced in no way that is known", () => {
    expect(new Partition(3).distribute([]).balance).toEqual({ loads: [0, 0, 0], min: 0, max: 0, mean: 0, sd: 0, maxOverMean: null, score: null });
  });
});

describe("a plan that contradicts itself is refused", () => {
  it.each([0, -1, 1.5, Number.NaN, PARTITIONS_MAX + 1])("on %d shards", (shards) => {
    expect(() => new Partition(shards)).toThrow(code("VALUE_RANGE"));
  });

  it.each<[string, Partial<PartitionPlan>]>([
    ["a pin below 0", { pins: [{ symbol: "A", shard: -1 }] }],
    ["a pin between two shards", { pins: [{ symbol: "A", shard: 0.5 }] }],
    [
      "two pins of a symbol",
      {
        pins: [
          { symbol: "A", shard: 0 },
          { symbol: "A", shard: 1 },
        ],
      },
    ],
    ["a pin without a symbol", { pins: [{ symbol: "", shard: 0 }] }],
    ["a pin of a symbol that follows another", { pins: [{ symbol: "B", shard: 0 }], groups: [{ key: "A", symbols: ["B"] }] }],
    [
      "a symbol in two groups",
      {
        groups: [
          { key: "A", symbols: ["C"] },
          { key: "B", symbols: ["C"] },
        ],
      },
    ],
    [
      "two groups of a key",
      {
        groups: [
          { key: "A", symbols: ["B"] },
          { key: "A", symbols: ["C"] },
        ],
      },
    ],
    [
      "a key in another's group",
      {
        groups: [
          { key: "A", symbols: ["B"] },
          { key: "B", symbols: ["C"] },
        ],
      },
    ],
    ["a weight of 0", { weights: [{ symbol: "A", weight: 0 }] }],
    ["an endless weight", { weights: [{ symbol: "A", weight: Infinity }] }],
    ["a weight that is no number", { weights: [{ symbol: "A", weight: Number.NaN }] }],
    [
      "two weights of a symbol",
      {
        weights: [
          { symbol: "A", weight: 1 },
          { symbol: "A", weight: 2 },
        ],
      },
    ],
  ])("%s", (_, given) => {
    expect(() => checkPartition(plan(given))).toThrow(code("CONFIG_INVALID"));
    expect(() => new Partition(2, plan(given))).toThrow(code("CONFIG_INVALID"));
  });
});
