/** Exit codes, and how an error becomes one of them and one sentence. */
import { isStreamError, type ErrorCode } from "../kernel/core/errors.ts";

export const EXIT_DONE = 0;
/** The check that was asked for did not hold. */
export const EXIT_MISMATCH = 1;
/** Usage or configuration. */
export const EXIT_USAGE = 2;
/** Input unreadable. */
export const EXIT_INPUT = 3;
/** The run failed while it was going on: a sink, a shard, a fault of ours. */
export const EXIT_FAILED = 4;

const USAGE_CODES: readonly ErrorCode[] = [
  "USAGE",
  "CONFIG_INVALID",
  "FORMULA_SYNTAX",
  "FORMULA_UNKNOWN_NAME",
  "PIPELINE_INVALID",
  "INSTRUMENT_UNKNOWN",
  "VALUE_RANGE",
  "ARENA_CAPACITY",
  "CHECKPOINT_MISMATCH",
  "RING_CAPACITY",
];

/** The exit code of an error. */
export function exitCodeOf(error: unknown): number {
  if (isStreamError(error, "INPUT_UNREADABLE")) return EXIT_INPUT;
  if (isStreamError(error) && USAGE_CODES.includes(error.code)) return EXIT_USAGE;
  return EXIT_FAILED;
}

/** One sentence for people; with `debug` the stack too. */
export function explainError(error: unknown, debug: boolean): string {
  if (debug && error instanceof Error) return error.stack ?? error.message;
  if (isStreamError(error)) return error.message;
  const message = error instanceof Error ? error.message : String(error);
  return `${message} (unexpected; run again with --debug for the stack)`;
}
