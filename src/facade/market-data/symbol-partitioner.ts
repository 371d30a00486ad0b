/**
 * Symbols to partitions under the names of source 5: a face of engine/pipeline/partition.ts, which says how. Answers are kept in a
 * bounded cache, which changes none of them.
 */
import { StreamError } from "../../kernel/core/errors.ts";
import { PLAIN_PARTITION, Partition, skipReason, type Balance, type Distribution } from "../../engine/pipeline/partition.ts";
import type { PartitionPlan } from "../../engine/pipeline/plan.ts";
import { exchangeCode } from "./symbol-directory.ts";

/** Symbols that the cache keeps; others are computed at each call. */
export const CACHE_SYMBOLS_MAX = 262_144;

/** What is known of the symbols distributed last. */
export interface PartitionStats {
  readonly partitions: number;
  /** Symbols of each partition. */
  readonly symbols: readonly number[];
  readonly total: number;
  readonly skipped: number;
  readonly balance: Balance;
  readonly cached: number;
}

export class SymbolPartitioner {
  private readonly partition: Partition;
  private readonly cache: Map<string, number> = new Map();
  private distribution: Distribution;

  /** `partitions`: 1 to PARTITIONS_MAX. VALUE_RANGE for another number, CONFIG_INVALID for pins, groups and weights that contradict each other. */
  constructor(partitions: number, plan: Partial<PartitionPlan> = {}) {
    this.partition = new Partition(partitions, { ...PLAIN_PARTITION, ...plan });
    this.distribution = this.partition.distribute([]);
  }

  get partitions(): number {
    return this.partition.shards;
  }

  /** The partition of a symbol, from 0; with an exchange, of EXCHANGE:SYMBOL. VALUE_RANGE for an empty or too long name, an unknown exchange. */
  getPartition(symbol: string, exchange?: string): number {
    if (exchange !== undefined) {
      exchangeCode(exchange);
      const reason = skipReason(symbol);
      if (reason !== null) throw new StreamError("VALUE_RANGE", `expected a symbol of ${exchange}: ${reason}`, { exchange, reason });
    }
    const key = exchange === undefined ? symbol : `${exchange}:${symbol}`;
    const known = this.cache.get(key);
    if (known !== undefined) return known;
    const partition = this.partition.shardOf(key);
    if (this.cache.size < CACHE_SYMBOLS_MAX) this.cache.set(key, partition);
    return partition;
  }

  /** Spreads symbols and remembers the outcome for the statistics; what cannot be assigned is skipped with the reason. */
  distributeSymbols(symbols: Iterable<string>): Distribution {
    this.distribution = this.partition.distribute(symbols);
    return this.distribution;
  }

  /** Of the symbols distributed last, those of one partition. VALUE_RANGE for a partition that is not there. */
  symbolsForPartition(partition: number): readonly string[] {
    const symbols = this.distribution.shards[partition];
    if (symbols === undefined) throw new StreamError("VALUE_RANGE", `expected a partition of 0 to ${this.partitions - 1}, got ${partition}`, { partition });
    return symbols;
  }

  /** How even the symbols distributed last lie. */
  balance(): Balance {
    return this.distribution.balance;
  }

  stats(): PartitionStats {
    const { shards, skipped, balance } = this.distribution;
    const symbols = shards.map((list) => list.length);
    const total = symbols.reduce((sum, count) => sum + count, 0);
    return { partitions: this.partitions, symbols, total, skipped: skipped.length, balance, cached: this.cache.size };
  }

  /** Puts the partitions of symbols into the cache; how many it holds then. Those that cannot be assigned are passed over. */
  precompute(symbols: Iterable<string>): number {
    for (const { symbol, partition } of this.assigned(symbols)) if (this.cache.size < CACHE_SYMBOLS_MAX) this.cache.set(symbol, partition);
    return this.cache.size;
  }

  clearCache(): void {
    this.cache.clear();
  }

  private assigned(symbols: Iterable<string>): { symbol: string; partition: number }[] {
    return this.partition.distribute(symbols).shards.flatMap((list, partition) => list.map((symbol) => ({ symbol, partition })));
  }
}
