/**
 * Outcomes of hot calls: a value >= 0 is an answer, a negative one is one of these codes.
 * A throw costs microseconds, so an expected refusal is a number. Values are stable.
 */
/** The ring has no free slot: nothing was written; try again after the consumer has moved. */
export const FULL = -1;
/** Nothing to read. */
export const EMPTY = -2;
/** The reader was lapped; its lost range is available from the reader. */
export const OVERRUN = -3;
/** A sequence is missing. */
export const GAP = -4;
/** Behind the watermark by more than the allowed lateness. */
export const LATE = -5;
/** A value that cannot be represented or a request that a rule forbids. */
export const REJECTED = -6;
/** The other side has gone. */
export const CLOSED = -7;
/** An id that is not known. */
export const UNKNOWN = -8;
/** More input is needed to go on. */
export const NEED_MORE = -9;
/** Bytes that are not a message of the format. */
export const MALFORMED = -10;

const NAMES = ["OK", "FULL", "EMPTY", "OVERRUN", "GAP", "LATE", "REJECTED", "CLOSED", "UNKNOWN", "NEED_MORE", "MALFORMED"];

/** The name of a status, for messages; `OK` for every value >= 0. */
export function statusName(status: number): string {
  return status >= 0 ? "OK" : (NAMES[-status] ?? `status ${status}`);
}
