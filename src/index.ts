/**
 * The public names of Tercel, grouped. Parts for those who build their own systems have entries of their own (package.json, exports):
 * tercel/gated-ring, tercel/order-book, tercel/window-operator, ...
 */

// The pipeline: what to compute, as a builder; and the same as plain data.
export { Pipeline, breakout, file, imbalance, liquidityChange, pipeline, simulator, tumbling } from "./engine/pipeline/pipeline.ts";
export type { PatternOptions, PatternSpec, SignalOptions, SinkOptions, WindowSpec } from "./engine/pipeline/pipeline.ts";
export type { PipelinePlan } from "./engine/pipeline/plan.ts";

// Errors: one class, a closed list of codes.
export { ERROR_CODES, StreamError, isStreamError } from "./kernel/core/errors.ts";
export type { ErrorCode, ErrorDetails, Severity } from "./kernel/core/errors.ts";

// Values: integers at a scale, nanoseconds since the session epoch.
export { decimalFromText, formatDecimal } from "./kernel/core/fixed.ts";
export type { InstrumentId, Nanos, Price, Qty, Sequence } from "./kernel/core/units.ts";
