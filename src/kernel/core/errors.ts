/**
 * The closed list of error codes and the one error class.
 * A code is stable; its severity tells the operator what to do (docs/reference/errors.md, checked against this list).
 * Expected outcomes of hot calls are status codes, not errors.
 */
export type Severity =
  /** Stop: going on would corrupt state or results. */
  | "fatal"
  /** The operation failed; the system goes on. */
  | "error"
  /** Degraded, and counted. */
  | "warning";

/** Every error code, with its severity and what the operator should do. */
export const ERROR_CODES = {
  INVARIANT: { severity: "fatal", remedy: "a fault in Tercel: keep the checkpoint and the input, and report it" },
  CONFIG_INVALID: { severity: "fatal", remedy: "correct the named line of the configuration" },
  USAGE: { severity: "error", remedy: "correct the call; --help lists what is allowed" },
  INPUT_UNREADABLE: { severity: "error", remedy: "check the path and that the feed named is the one in the file" },
  ARENA_CAPACITY: { severity: "fatal", remedy: "raise the memory limit or lower the sizes that the message adds up" },
  ARENA_STATE: { severity: "fatal", remedy: "allocate before seal(), use before close()" },
  ARENA_LAYOUT: { severity: "fatal", remedy: "restore with the configuration and version that wrote the snapshot" },
  POOL_STALE_HANDLE: { severity: "fatal", remedy: "a handle was used after release: a fault in the caller" },
  MAP_CAPACITY: { severity: "error", remedy: "raise the capacity named in the message" },
  VALUE_RANGE: { severity: "error", remedy: "use a value in the stated range" },
  RING_CAPACITY: { severity: "fatal", remedy: "choose a power of two within the stated range" },
  RING_OVERRUN: { severity: "warning", remedy: "the reader was too slow: reset it to the head or to the oldest record" },
  INSTRUMENT_UNKNOWN: { severity: "error", remedy: "name an instrument that occurs in the input" },
  LIFECYCLE_TRANSITION: { severity: "error", remedy: "follow INIT -> WARMUP -> READY <-> DEGRADED" },
  LIFECYCLE_NOT_READY: { severity: "error", remedy: "complete the warm-up before processing" },
  FORMULA_SYNTAX: { severity: "fatal", remedy: "correct the formula at the caret" },
  FORMULA_UNKNOWN_NAME: { severity: "fatal", remedy: "use one of the names offered" },
  PIPELINE_INVALID: { severity: "fatal", remedy: "correct the pipeline: the message names the stage" },
  CHECKPOINT_CORRUPT: { severity: "fatal", remedy: "the newest whole checkpoint before it is used; if none is left, start without --resume" },
  CHECKPOINT_MISMATCH: { severity: "fatal", remedy: "resume with the pipeline, input and shard count that wrote the checkpoint" },
  SINK_FAILED: { severity: "fatal", remedy: "free space or restore access, then resume from the last checkpoint" },
  SHARD_DIED: { severity: "fatal", remedy: "resume from the last checkpoint; the cause is attached" },
} as const;

export type ErrorCode = keyof typeof ERROR_CODES;

/** Values that explain an error; never a secret. */
export type ErrorDetails = Readonly<Record<string, string | number | boolean | null>>;

/** The one error class: a stable code, one sentence with what was seen and what was expected, typed details. */
export class StreamError extends Error {
  override readonly name = "StreamError";
  readonly code: ErrorCode;
  readonly details: ErrorDetails;

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.details = details;
  }

  get severity(): Severity {
    return ERROR_CODES[this.code].severity;
  }

  get remedy(): string {
    return ERROR_CODES[this.code].remedy;
  }
}

/** True for a StreamError, of the given code if one is given. */
export function isStreamError(error: unknown, code?: ErrorCode): error is StreamError {
  return error instanceof StreamError && (code === undefined || error.code === code);
}
