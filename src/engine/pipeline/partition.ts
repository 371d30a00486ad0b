/**
 * Which shard owns a symbol: a pin, else its group's, else the highest of its scores (rendezvous hashing, kernel/core/hash.ts).
 *
 * The answer depends on the symbol, the plan and the number of shards alone: not on the order in which symbols come, nor on which
 * others there are. One more shard takes about 1/(n+1) of the symbols and leaves the others where they are. Symbols with a weight go,
 * heaviest first, to the highest-scoring shard that has room below BALANCE_LIMIT times the mean load. Without pins, what weighs at most
 * BALANCE_LIMIT - 1 of the mean always finds room: were all shards too full for it, they would hold more than there is.
 * Consistent hashing with bounded loads: Mirrokni, Thorup and Zadimoghaddam 2018. Asked once a symbol; nothing here runs per record.
 */
import { StreamError } from "../../kernel/core/errors.ts";
import { hashBytes, shardOf, shardScore } from "../../kernel/core/hash.ts";
import { SYMBOL_BYTES_MAX } from "../../kernel/instrument/registry.ts";
import type { PartitionPlan } from "./plan.ts";

/** Most shards of a run. */
export const SHARDS_MAX = 64;
/** Most partitions that symbols can be spread over. */
export const PARTITIONS_MAX = 1024;
/** The load of a shard over the mean up to which weighted symbols go to it. */
export const BALANCE_LIMIT = 1.15;
/** The weight of a symbol that has none of its own. */
export const DEFAULT_WEIGHT = 1;

/** No pins, no groups, no weights. */
export const PLAIN_PARTITION: PartitionPlan = { pins: [], groups: [], weights: [] };

/** How even a spread is. Load is the sum of weights; what cannot be known of no symbols is null. */
export interface Balance {
  readonly loads: readonly number[];
  readonly min: number;
  readonly max: number;
  readonly mean: number;
  /** Standard deviation of the loads, of the population. */
  readonly sd: number;
  /** 1 when all loads are equal, n when one shard of n has all. */
  readonly maxOverMean: number | null;
  /** mean / max: 1 when all loads are equal, 1/n when one shard of n has all. */
  readonly score: number | null;
}

/** A symbol that cannot be assigned, and why. */
export interface SkippedSymbol {
  readonly symbol: string;
  readonly reason: string;
}

export interface Distribution {
  /** The symbols of each shard, in the order in which they were given. */
  readonly shards: readonly (readonly string[])[];
  readonly skipped: readonly SkippedSymbol[];
  readonly balance: Balance;
}

/** Symbols that go together: one by itself, or a group under its key. */
interface Unit {
  readonly key: string;
  readonly hash: number;
  readonly weight: number;
}

export class Partition {
  readonly shards: number;
  /** Shards of the keys that are pinned or weighted; every other key goes by its hash. */
  private readonly placed: ReadonlyMap<string, number>;
  /** The key of each symbol in a group. */
  private readonly keys: ReadonlyMap<string, string>;
  private readonly weights: ReadonlyMap<string, number>;

  /**
   * `shards`: 1 to PARTITIONS_MAX. VALUE_RANGE for another number or a pin that is none of 0 to shards - 1; CONFIG_INVALID for what
   * checkPartition refuses.
   */
  constructor(shards: number, plan: PartitionPlan = PLAIN_PARTITION) {
    if (!Number.isInteger(shards) || shards < 1 || shards > PARTITIONS_MAX) {
      throw new StreamError("VALUE_RANGE", `expected 1 to ${PARTITIONS_MAX} partitions, got ${shards}`, { shards: String(shards) });
    }
    checkPartition(plan);
    for (const { symbol, shard } of plan.pins) {
      if (shard >= shards)
        throw new StreamError("VALUE_RANGE", `expected ${symbol} to be pinned to one of 0 to ${shards - 1}, got ${shard}`, { symbol, shard });
    }
    this.shards = shards;
    this.weights = new Map(plan.weights.map(({ symbol, weight }) => [symbol, weight]));
    this.keys = new Map(plan.groups.flatMap(({ key, symbols }) => symbols.map((symbol): [string, string] => [symbol, key])));
    const pins = new Map(plan.pins.map(({ symbol, shard }) => [symbol, shard]));
    this.placed = place(this.unitsOf(plan), pins, shards);
  }

  /** The shard of a symbol, in [0, shards). VALUE_RANGE for one that skipReason refuses. */
  shardOf(symbol: string): number {
    const reason = skipReason(symbol);
    if (reason !== null) throw new StreamError("VALUE_RANGE", `expected a symbol of 1 to ${SYMBOL_BYTES_MAX} bytes: ${reason}`, { reason });
    return this.shardOfHashed(symbol, hashOf(symbol));
  }

  /** The shard of a symbol whose bytes have this hash: for one that a registry holds. */
  shardOfHashed(symbol: string, hash: number): number {
    const key = this.keys.get(symbol) ?? symbol;
    return this.placed.get(key) ?? shardOf(key === symbol ? hash : hashOf(key), this.shards);
  }

  /** The weight of a symbol: its own, or DEFAULT_WEIGHT. */
  weightOf(symbol: string): number {
    return this.weights.get(symbol) ?? DEFAULT_WEIGHT;
  }

  /** Spreads symbols; those that cannot be assigned, or come again, are skipped with the reason. */
  distribute(symbols: Iterable<string>): Distribution {
    const shards: string[][] = Array.from({ length: this.shards }, () => []);
    const loads = Array.from({ length: this.shards }, () => 0);
    const skipped: SkippedSymbol[] = [];
    const seen = new Set<string>();
    for (const symbol of symbols) {
      const reason = skipReason(symbol) ?? (seen.has(symbol) ? "listed before" : null);
      if (reason !== null) {
        skipped.push({ symbol, reason });
        continue;
      }
      seen.add(symbol);
      const shard = this.shardOf(symbol);
      shards[shard].push(symbol);
      loads[shard] += this.weightOf(symbol);
    }
    return { shards, skipped, balance: balanceOf(loads) };
  }

  /** The units with a weight: symbols, and groups of which a symbol has one. */
  private unitsOf({ groups, weights }: PartitionPlan): Unit[] {
    const weighted = new Map(weights.map(({ symbol, weight }) => [this.keys.get(symbol) ?? symbol, weight]));
    for (const { key, symbols } of groups) {
      if (!weighted.has(key)) continue;
      const members = new Set(this.weights.has(key) ? [key, ...symbols] : symbols); // a key without a weight may be a name of its own
      weighted.set(
        key,
        [...members].reduce((sum, symbol) => sum + this.weightOf(symbol), 0),
      );
    }
    return [...weighted].map(([key, weight]) => ({ key, weight, hash: hashOf(key) }));
  }
}

/** The partition of a run: a pin beyond its shards wraps around, so that one plan runs on any number of shards. */
export function partitionOf(plan: PartitionPlan | null, shards: number): Partition {
  if (plan === null) return new Partition(shards);
  return new Partition(shards, { ...plan, pins: plan.pins.map(({ symbol, shard }) => ({ symbol, shard: shard % shards })) });
}

/** Throws CONFIG_INVALID for a plan that contradicts itself, whatever the number of shards. */
export function checkPartition({ pins, groups, weights }: PartitionPlan): void {
  const keys = new Set(groups.map(({ key }) => key));
  const members = groups.flatMap(({ key, symbols }) => symbols.filter((symbol) => symbol !== key));
  requireOnce(
    pins.map(({ symbol }) => symbol),
    "pinned",
  );
  requireOnce(
    groups.map(({ key }) => key),
    "the key of a group",
  );
  const grouped = requireOnce(members, "in a group");
  requireOnce(
    weights.map(({ symbol }) => symbol),
    "weighed",
  );
  for (const { symbol, shard } of pins) {
    if (!Number.isInteger(shard) || shard < 0) throw invalid(`expected ${symbol} to be pinned to a whole number from 0, got ${shard}`, symbol);
    if (grouped.has(symbol)) throw invalid(`${symbol} goes where its group goes: pin the key of the group`, symbol);
  }
  for (const symbol of members) if (keys.has(symbol)) throw invalid(`${symbol} is in a group and the key of another`, symbol);
  for (const { symbol, weight } of weights) {
    if (!(weight > 0 && weight < Infinity)) throw invalid(`expected the weight of ${symbol} above 0, got ${weight}`, symbol);
  }
}

/** The symbols as a set, or CONFIG_INVALID for one that is no symbol or stands in the list twice. */
function requireOnce(symbols: readonly string[], what: string): ReadonlySet<string> {
  const seen = new Set<string>();
  for (const symbol of symbols) {
    const reason = skipReason(symbol) ?? (seen.has(symbol) ? `${symbol} is ${what} twice` : null);
    if (reason !== null) throw invalid(reason, symbol);
    seen.add(symbol);
  }
  return seen;
}

/** Loads summed up. */
export function balanceOf(loads: readonly number[]): Balance {
  const total = loads.reduce((sum, load) => sum + load, 0);
  const mean = total / loads.length;
  const max = Math.max(...loads);
  const sd = Math.sqrt(loads.reduce((sum, load) => sum + (load - mean) ** 2, 0) / loads.length);
  const known = total > 0;
  return { loads, min: Math.min(...loads), max, mean, sd, maxOverMean: known ? max / mean : null, score: known ? mean / max : null };
}

/** Why a symbol cannot be assigned; null for one that can. */
export function skipReason(symbol: unknown): string | null {
  if (typeof symbol !== "string") return `${String(symbol)} is no text`;
  if (symbol.trim() === "") return "the symbol is empty";
  const bytes = new TextEncoder().encode(symbol).length;
  return bytes > SYMBOL_BYTES_MAX ? `${symbol} has ${bytes} bytes` : null;
}

/** Shards of pinned and weighted keys. Every step looks at each shard once: units x shards in all. */
function place(units: readonly Unit[], pins: ReadonlyMap<string, number>, shards: number): ReadonlyMap<string, number> {
  const placed = new Map(pins);
  const loads = new Float64Array(shards);
  let total = 0;
  for (const { key, weight } of units) {
    total += weight;
    const pin = pins.get(key);
    if (pin !== undefined) loads[pin] += weight;
  }
  const room = (BALANCE_LIMIT * total) / shards;
  const heaviestFirst = units.toSorted((a, b) => b.weight - a.weight || (a.key < b.key ? -1 : 1));
  for (const { key, hash, weight } of heaviestFirst) {
    if (pins.has(key)) continue;
    let best = -1;
    let bestScore = -1;
    let lightest = 0;
    for (let shard = 0; shard < shards; shard++) {
      const score = shardScore(hash, shard);
      if (loads[shard] + weight <= room && score > bestScore) {
        best = shard;
        bestScore = score;
      }
      if (loads[shard] < loads[lightest]) lightest = shard;
    }
    const shard = best >= 0 ? best : lightest;
    loads[shard] += weight;
    placed.set(key, shard);
  }
  return placed;
}

function hashOf(symbol: string): number {
  const bytes = new TextEncoder().encode(symbol);
  return hashBytes(bytes, 0, bytes.length, 0);
}

function invalid(what: string, symbol: string): StreamError {
  return new StreamError("CONFIG_INVALID", `partition: ${what}`, { symbol });
}
