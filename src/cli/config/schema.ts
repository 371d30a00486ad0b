/**
 * The YAML of a pipeline: the same words as the builder. docs/reference/config.md explains each; unknown keys are refused.
 */
import { z } from "zod";
import { AGGREGATE_NAMES } from "../../analysis/window/aggregate.ts";
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
    bars: duration.optional(),
  }),
]);

const windowSchema = z.strictObject({
  tumbling: duration,
  values: z.record(z.string(), z.enum(AGGREGATE_NAMES)),
  lateness: duration.optional(),
});

const patternSchema = z.strictObject({
  breakout: fraction,
  over: duration,
  direction: z.enum(["up", "down"]).optional(),
});

const sourceSchema = z.strictObject({
  simulator: z.strictObject({
    scenario: z.enum(scenarioNames()).optional(),
    seed: z.number().int().optional(),
    instruments: z.number().int().min(1).max(INSTRUMENTS_MAX).optional(),
    messages: z.number().int().min(1).optional(),
  }),
});

const sinkSchema = z.strictObject({ file: z.string() });

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
  limits: limitsSchema.optional(),
});

/** A pipeline file as parsed. */
export interface PipelineFile {
  readonly pipeline: string;
  readonly source?: z.infer<typeof sourceSchema> | undefined;
  /** One interval, or several. */
  readonly bars?: string | number | readonly (string | number)[] | undefined;
  readonly signals?: Readonly<Record<string, z.infer<typeof signalSchema>>> | undefined;
  readonly windows?: Readonly<Record<string, z.infer<typeof windowSchema>>> | undefined;
  readonly patterns?: Readonly<Record<string, z.infer<typeof patternSchema>>> | undefined;
  readonly guard?: { velocity: string; then?: "tag" | "suppress" | undefined; cooldown?: string | number | undefined } | undefined;
  readonly orders?: { qty: string | number } | undefined;
  readonly sink?: z.infer<typeof sinkSchema> | readonly z.infer<typeof sinkSchema>[] | undefined;
  readonly outOfOrder?: string | number | undefined;
  readonly limits?: z.infer<typeof limitsSchema> | undefined;
}

/**
 * The keys that a map at this path may have, or null where the schema has no map of fixed keys. A name of the user's own is any text.
 */
export function keysAt(path: readonly string[]): readonly string[] | null {
  let places: z.core.$ZodType[] = flat(pipelineSchema);
  for (const step of path) places = places.flatMap((place) => inner(place, step)).flatMap(flat);
  const map = places.find((place) => place instanceof z.ZodObject);
  return map === undefined ? null : Object.keys(map.shape);
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
