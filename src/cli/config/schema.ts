/**
 * The YAML of a pipeline: the same words as the builder. docs/reference/config.md explains each; unknown keys are refused.
 */
import { z } from "zod";
import { AGGREGATE_NAMES } from "../../analysis/window/aggregate.ts";

const duration = z.union([z.string(), z.number()]);
const fraction = z.union([z.string(), z.number()]);

const signalSchema = z.union([
  z.string(),
  z.strictObject({
    when: z.string(),
    side: z.enum(["buy", "sell", "none"]).optional(),
    every: z.boolean().optional(),
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

export const pipelineSchema: z.ZodType<PipelineFile> = z.strictObject({
  pipeline: z.string(),
  source: z
    .strictObject({
      simulator: z.strictObject({
        scenario: z.string().optional(),
        seed: z.number().int().optional(),
        instruments: z.number().int().min(1).max(8192).optional(),
        messages: z.number().int().min(1).optional(),
      }),
    })
    .optional(),
  bars: duration.optional(),
  signals: z.record(z.string(), signalSchema).optional(),
  windows: z.record(z.string(), windowSchema).optional(),
  patterns: z.record(z.string(), patternSchema).optional(),
  guard: z.strictObject({ velocity: z.string(), then: z.enum(["tag", "suppress"]).optional(), cooldown: duration.optional() }).optional(),
  orders: z.strictObject({ qty: z.union([z.string(), z.number()]) }).optional(),
  sink: z.strictObject({ file: z.string() }).optional(),
  outOfOrder: duration.optional(),
  limits: z
    .strictObject({
      instruments: z.number().int().min(1).max(65_536).optional(),
      orders: z.number().int().min(1024).max(33_554_432).optional(),
      levels: z.number().int().min(1024).max(33_554_432).optional(),
      ringRecords: z.number().int().min(256).max(67_108_864).optional(),
      memory: z.union([z.string(), z.number()]).optional(),
    })
    .optional(),
});

/** A pipeline file as parsed. */
export interface PipelineFile {
  readonly pipeline: string;
  readonly source?:
    | { readonly simulator: { scenario?: string | undefined; seed?: number | undefined; instruments?: number | undefined; messages?: number | undefined } }
    | undefined;
  readonly bars?: string | number | undefined;
  readonly signals?: Readonly<Record<string, string | { when: string; side?: "buy" | "sell" | "none" | undefined; every?: boolean | undefined }>> | undefined;
  readonly windows?:
    | Readonly<Record<string, { tumbling: string | number; values: Record<string, (typeof AGGREGATE_NAMES)[number]>; lateness?: string | number | undefined }>>
    | undefined;
  readonly patterns?: Readonly<Record<string, { breakout: string | number; over: string | number; direction?: "up" | "down" | undefined }>> | undefined;
  readonly guard?: { velocity: string; then?: "tag" | "suppress" | undefined; cooldown?: string | number | undefined } | undefined;
  readonly orders?: { qty: string | number } | undefined;
  readonly sink?: { file: string } | undefined;
  readonly outOfOrder?: string | number | undefined;
  readonly limits?:
    | {
        instruments?: number | undefined;
        orders?: number | undefined;
        levels?: number | undefined;
        ringRecords?: number | undefined;
        memory?: string | number | undefined;
      }
    | undefined;
}
