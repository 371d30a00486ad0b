/**
 * The YAML of a pipeline: the same words as the builder. docs/reference/config.md explains each; unknown keys are refused.
 */
import { z } from "zod";
import { WATCHED_LEVELS_MAX } from "../../analysis/pattern/depth-watch.ts";
import { AGGREGATE_NAMES, type AggregateName } from "../../analysis/window/aggregate.ts";
import { SHARDS_MAX } from "../../engine/pipeline/partition.ts";
import { scenarioNames } from "../../sim/scenario.ts";
import { INSTRUMENTS_MAX } from "../../sim/simulator.ts";

const duration = z.union([z.string(), z.number()]);
const fraction = z.union([z.string(), z.number()]);

const signalSchema = z.union([
  z.string(),
  z.strictObject({
    when: z.string(),
    side: z.enum(["buy", "sell", "none"]).optional(),
    every: z.boolean().optional(),
    critical: z.boolean().optional(),
    bars: duration.optional(),
  }),
]);

const windowSchema = z.strictObject({
  tumbling: duration,
  values: z.record(z.string(), z.enum(AGGREGATE_NAMES)),
  lateness: duration.optional(),
});

const levelCount = z.number().int().min(1).max(WATCHED_LEVELS_MAX).optional();

const breakoutSchema = z.strictObject({
  breakout: fraction,
  over: duration,
  direction: z.enum(["up", "down"]).optional(),
  critical: z.boolean().optional(),
});

const liquidityChangeSchema = z.strictObject({
  liquidityChange: fraction,
  over: duration,
  side: z.enum(["bid", "ask"]),
  levels: levelCount,
  direction: z.enum(["fall", "rise"]).optional(),
  critical: z.boolean().optional(),
});

const imbalanceSchema = z.strictObject({
  imbalance: fraction,
  levels: levelCount,
  hold: duration.optional(),
  release: fraction.optional(),
  direction: z.enum(["bid", "ask", "both"]).optional(),
  critical: z.boolean().optional(),
});

// A map is told from the others by its first key.
const patternSchema = z.union([breakoutSchema, liquidityChangeSchema, imbalanceSchema]);

const sourceSchema = z.strictObject({
  simulator: z.strictObject({
    scenario: z.enum(scenarioNames()).optional(),
    seed: z.number().int().optional(),
    instruments: z.number().int().min(1).max(INSTRUMENTS_MAX).optional(),
    messages: z.number().int().min(1).optional(),
  }),
});

const sinkSchema = z.strictObject({ file: z.string(), priority: z.boolean().optional() });

const partitionSchema = z.strictObject({
  pins: z
    .record(
      z.string(),
      z
        .number()
        .int()
        .min(0)
        .max(SHARDS_MAX - 1),
    )
    .optional(),
  groups: z.record(z.string(), z.array(z.string())).optional(),
  weights: z.record(z.string(), z.number().positive()).optional(),
});

const limitsSchema = z.strictObject({
  instruments: z.number().int().min(1).max(65_536).optional(),
  orders: z.number().int().min(1024).max(33_554_432).optional(),
  levels: z.number().int().min(1024).max(33_554_432).optional(),
  ringRecords: z
    .number()
    .int()
    .min(256)
    .max(67_108_864)
    .refine((records) => Number.isInteger(Math.log2(records)), "expected a power of two")
    .optional(),
  memory: z.union([z.string(), z.number()]).optional(),
});

const budgetSchema = z.strictObject({
  ingest: duration.optional(),
  shard: duration.optional(),
  release: duration.optional(),
  total: duration.optional(),
  trip: z.strictObject({ violations: z.number().int().min(0).max(65_536), within: duration, recover: duration.optional() }).optional(),
});

export const pipelineSchema: z.ZodType<PipelineFile> = z.strictObject({
  pipeline: z.string(),
  source: sourceSchema.optional(),
  bars: z.union([duration, z.array(duration)]).optional(),
  signals: z.record(z.string(), signalSchema).optional(),
  windows: z.record(z.string(), windowSchema).optional(),
  patterns: z.record(z.string(), patternSchema).optional(),
  guard: z.strictObject({ velocity: z.string(), then: z.enum(["tag", "suppress"]).optional(), cooldown: duration.optional() }).optional(),
  orders: z.strictObject({ qty: z.union([z.string(), z.number()]) }).optional(),
  sink: z.union([sinkSchema, z.array(sinkSchema)]).optional(),
  outOfOrder: duration.optional(),
  partition: partitionSchema.optional(),
  limits: limitsSchema.optional(),
  budget: budgetSchema.optional(),
});

type Duration = string | number;
type Fraction = string | number;

interface SignalEntry {
  readonly when: string;
  readonly side?: "buy" | "sell" | "none" | undefined;
  readonly every?: boolean | undefined;
  readonly critical?: boolean | undefined;
  readonly bars?: Duration | undefined;
}

interface WindowEntry {
  readonly tumbling: Duration;
  readonly values: Readonly<Record<string, AggregateName>>;
  readonly lateness?: Duration | undefined;
}

interface BreakoutEntry {
  readonly breakout: Fraction;
  readonly over: Duration;
  readonly direction?: "up" | "down" | undefined;
  readonly critical?: boolean | undefined;
}

interface LiquidityChangeEntry {
  readonly liquidityChange: Fraction;
  readonly over: Duration;
  readonly side: "bid" | "ask";
  readonly levels?: number | undefined;
  readonly direction?: "fall" | "rise" | undefined;
  readonly critical?: boolean | undefined;
}

interface ImbalanceEntry {
  readonly imbalance: Fraction;
  readonly levels?: number | undefined;
  readonly hold?: Duration | undefined;
  readonly release?: Fraction | undefined;
  readonly direction?: "bid" | "ask" | "both" | undefined;
  readonly critical?: boolean | undefined;
}

/** One pattern: the key that gives its threshold says which. */
export type PatternEntry = BreakoutEntry | LiquidityChangeEntry | ImbalanceEntry;

interface SimulatorEntry {
  readonly scenario?: string | undefined;
  readonly seed?: number | undefined;
  readonly instruments?: number | undefined;
  readonly messages?: number | undefined;
}

interface PartitionEntry {
  readonly pins?: Readonly<Record<string, number>> | undefined;
  readonly groups?: Readonly<Record<string, readonly string[]>> | undefined;
  readonly weights?: Readonly<Record<string, number>> | undefined;
}

interface LimitsEntry {
  readonly instruments?: number | undefined;
  readonly orders?: number | undefined;
  readonly levels?: number | undefined;
  readonly ringRecords?: number | undefined;
  readonly memory?: string | number | undefined;
}

interface BudgetEntry {
  readonly ingest?: Duration | undefined;
  readonly shard?: Duration | undefined;
  readonly release?: Duration | undefined;
  readonly total?: Duration | undefined;
  readonly trip?: { readonly violations: number; readonly within: Duration; readonly recover?: Duration | undefined } | undefined;
}

interface SinkEntry {
  readonly file: string;
  readonly priority?: boolean | undefined;
}

/** A pipeline file as parsed. */
export interface PipelineFile {
  readonly pipeline: string;
  readonly source?: { readonly simulator: SimulatorEntry } | undefined;
  /** One interval, or several. */
  readonly bars?: Duration | readonly Duration[] | undefined;
  readonly signals?: Readonly<Record<string, string | SignalEntry>> | undefined;
  readonly windows?: Readonly<Record<string, WindowEntry>> | undefined;
  readonly patterns?: Readonly<Record<string, PatternEntry>> | undefined;
  readonly guard?: { readonly velocity: string; readonly then?: "tag" | "suppress" | undefined; readonly cooldown?: Duration | undefined } | undefined;
  readonly orders?: { readonly qty: string | number } | undefined;
  readonly sink?: SinkEntry | readonly SinkEntry[] | undefined;
  readonly outOfOrder?: Duration | undefined;
  readonly partition?: PartitionEntry | undefined;
  readonly limits?: LimitsEntry | undefined;
  readonly budget?: BudgetEntry | undefined;
}

/**
 * The keys that a map at this path may have, or null where the schema has no map of fixed keys. A name of the user's own is any text.
 * Where there is a choice of maps, those of the one that `value` means, or of all.
 */
export function keysAt(path: readonly string[], value?: unknown): readonly string[] | null {
  const maps = mapsAt(path);
  if (maps.length === 0) return null;
  const meant = maps.length === 1 ? 0 : mapMeant(path, value);
  return [...new Set((meant < 0 ? maps : [maps[meant]]).flatMap((map) => Object.keys(map.shape)))];
}

/** Of the maps that may stand at this path, the index of the one that the value means: whose first key it has. -1 for none. */
export function mapMeant(path: readonly string[], value: unknown): number {
  return mapsAt(path).findIndex((map) => typeof value === "object" && value !== null && Object.keys(map.shape)[0] in value);
}

function mapsAt(path: readonly string[]): z.ZodObject[] {
  let places: z.core.$ZodType[] = flat(pipelineSchema);
  for (const step of path) places = places.flatMap((place) => inner(place, step)).flatMap(flat);
  return places.filter((place) => place instanceof z.ZodObject);
}

/** What stands behind a key of a map, a name of a record, an index of a list. */
function inner(place: z.core.$ZodType, step: string): z.core.$ZodType[] {
  if (place instanceof z.ZodObject) return step in place.shape ? [place.shape[step] as z.core.$ZodType] : [];
  if (place instanceof z.ZodRecord) return [place.valueType];
  return place instanceof z.ZodArray ? [place.element] : [];
}

/** The alternatives of an optional or a union. */
function flat(place: z.core.$ZodType): z.core.$ZodType[] {
  if (place instanceof z.ZodOptional) return flat(place.unwrap());
  return place instanceof z.ZodUnion ? place.options.flatMap(flat) : [place];
}
