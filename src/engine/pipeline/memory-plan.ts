/**
 * The memory of a run as arithmetic: its parts, which limits move each of them, and what would fit where it does not.
 *
 * Sizes come from the constructors themselves (Arena.measure), so the sums are those of the run that would be built. A limit that "would
 * fit" is the largest value of that one key, the others as they are. Cold: at start, and most of it only for a refusal.
 */
import { StreamError } from "../../kernel/core/errors.ts";
import { RECORD_BYTES } from "../../kernel/record/slots.ts";
import { GatedRing } from "../../kernel/ring/gated-ring.ts";
import { ShardImages } from "../checkpoint/shard-images.ts";
import type { LimitPlan } from "./plan.ts";

/** One line of the memory plan. */
export interface MemoryLine {
  readonly arena: string;
  readonly name: string;
  readonly bytes: number;
}

/** Bytes of each part, headers and alignment included. */
export interface PartSizes {
  readonly market: number;
  readonly ingest: number;
  readonly shard: number;
  /** A shard's priority lane; 0 without one. */
  readonly lane: number;
  readonly collector: number;
}

/** What is there more than once, or not at all. */
export interface MemoryShape {
  readonly shards: number;
  /** Whether books are kept order by order. */
  readonly hasOrders: boolean;
  /** Whether each shard has the image of a checkpoint beside it. */
  readonly checkpoints: boolean;
  /** Records of the burst queue before each shard; 0 without. */
  readonly burstRecords: number;
  /** Least slots of the input rings of shards that are brought back when their thread dies; null for shards that are not. */
  readonly inputFloor: number | null;
  /** Rings of the log. */
  readonly logBytes: number;
}

/** A part of the sum. */
export interface MemoryTerm {
  /** In the singular. */
  readonly name: string;
  readonly count: number;
  readonly eachBytes: number;
  readonly bytes: number;
  /** What moves it. */
  readonly keys: readonly string[];
}

/** Keys that may be lowered, and their least values (config.md). */
const LEAST: Readonly<Record<"orders" | "levels" | "instruments", number>> = { orders: 1024, levels: 1024, instruments: 1 };
const RING_RECORDS_LEAST = 256;
const MB = 1024 * 1024;

/** The parts of a run, biggest first. */
export function memoryTerms(parts: PartSizes, ringRecords: number, shape: MemoryShape): MemoryTerm[] {
  const { shards, hasOrders, checkpoints, burstRecords, inputFloor, logBytes } = shape;
  const books = [...(hasOrders ? ["limits.orders"] : []), "limits.levels", "limits.instruments"];
  const term = (name: string, count: number, eachBytes: number, keys: readonly string[]): MemoryTerm => ({
    name,
    count,
    eachBytes,
    bytes: count * eachBytes,
    keys,
  });
  const ringKeys = ["limits.ringRecords", "--shards"];
  const rings =
    inputFloor === null
      ? [term("ring", 2 * shards, GatedRing.bytesFor(ringRecords), ringKeys)]
      : [
          term("input ring", shards, GatedRing.bytesFor(Math.max(ringRecords, inputFloor)), [...ringKeys, "--no-recovery"]),
          term("output ring", shards, GatedRing.bytesFor(ringRecords), ringKeys),
        ];
  const terms = [
    term("shard", shards, parts.shard, [...books, "--shards"]),
    term("image", checkpoints ? shards : 0, parts.shard, [...books, "--shards", "--checkpoint"]),
    ...rings,
    term("recovery image", inputFloor === null ? 0 : shards, ShardImages.bytesFor(parts.shard), [...books, "--shards", "--no-recovery"]),
    term("burst queue", burstRecords === 0 ? 0 : shards, burstRecords * RECORD_BYTES, ["--burst-records", "--shards"]),
    term("lane", shards, parts.lane, ["limits.ringRecords", "limits.instruments", "--shards"]),
    term("ingest", 1, parts.ingest, ["limits.instruments"]),
    term("market", 1, parts.market, ["limits.instruments"]),
    term("log", logBytes === 0 ? 0 : 1, logBytes, ["--driver"]),
    term("collector", 1, parts.collector, []),
  ];
  return terms.filter((each) => each.bytes > 0).toSorted((a, b) => b.bytes - a.bytes);
}

/** The sum of terms. */
export function memoryBytes(terms: readonly MemoryTerm[]): number {
  return terms.reduce((sum, each) => sum + each.bytes, 0);
}

/**
 * ARENA_CAPACITY with every term, what moves it, and each single change with which the sum would fit. `measure` answers the parts of a run
 * with these limits, or null when one of them is beyond what an arena can hold.
 */
export function createOverLimit(limits: LimitPlan, shape: MemoryShape, measure: (limits: LimitPlan) => PartSizes | null): StreamError {
  const limit = limits.memoryBytes;
  const totalOf = (changed: LimitPlan, shards: number = shape.shards): number => {
    const parts = measure(changed);
    return parts === null ? Infinity : memoryBytes(memoryTerms(parts, changed.ringRecords, { ...shape, shards }));
  };
  const parts = measure(limits);
  const fits = (changed: LimitPlan, shards?: number): boolean => totalOf(changed, shards) <= limit;
  const ways = waysOf(limits, shape, fits);
  if (parts === null) {
    return new StreamError("ARENA_CAPACITY", `the pipeline needs more than 2 GB for a shard, over the limit of ${limit}: ${adviceOf(ways)}`, { limit });
  }
  const terms = memoryTerms(parts, limits.ringRecords, shape);
  const total = memoryBytes(terms);
  const raised = `limits.memory ${Math.ceil(total / MB)}MB`;
  return new StreamError(
    "ARENA_CAPACITY",
    `the pipeline needs ${terms.map(termText).join(" + ")} = ${total} bytes, over the limit of ${limit}: ${adviceOf([raised, ...ways])}`,
    { total, limit },
  );
}

function termText({ name, count, eachBytes, bytes, keys }: MemoryTerm): string {
  const times = count === 1 ? `${name} of ${bytes}` : `${count} ${name}s of ${eachBytes}`;
  return keys.length === 0 ? times : `${times} (${keys.join(", ")})`;
}

function adviceOf(ways: readonly string[]): string {
  return ways.length === 0 ? "no single limit makes it fit: lower several of them" : `it would fit with ${ways.join(", or ")}`;
}

/** Each key whose change alone makes it fit, with the largest value that does. */
function waysOf(limits: LimitPlan, { shards }: MemoryShape, fits: (changed: LimitPlan, shards?: number) => boolean): string[] {
  const ways: string[] = [];
  for (const key of ["orders", "levels", "instruments"] as const) {
    const value = largest(LEAST[key], limits[key] - 1, (candidate) => fits({ ...limits, [key]: candidate }));
    if (value !== null) ways.push(`limits.${key} ${value}`);
  }
  for (let records = limits.ringRecords / 2; records >= RING_RECORDS_LEAST; records /= 2) {
    if (!fits({ ...limits, ringRecords: records })) continue;
    ways.push(`limits.ringRecords ${records}`);
    break;
  }
  const fewer = largest(1, shards - 1, (candidate) => fits(limits, candidate));
  if (fewer !== null) ways.push(`--shards ${fewer}`);
  return ways;
}

/** The largest whole number from `least` to `most` for which `holds` is true; it is true for all below that, or for none. */
function largest(least: number, most: number, holds: (value: number) => boolean): number | null {
  if (most < least || !holds(least)) return null;
  let low = least;
  let high = most;
  while (low < high) {
    const middle = Math.ceil((low + high) / 2);
    if (holds(middle)) low = middle;
    else high = middle - 1;
  }
  return low;
}
