/**
 * Event-time progress at ingest: W says that no event at or before W is expected any more. @hot
 *
 * Bounded out-of-orderness B: W = newest event time - B - 1 (Flink's rule: with B = 0 an event at the newest time is not yet late).
 * W never moves back. An event time further ahead than `maxAheadNs` of the newest one, and of the receive time where that is known,
 * is refused, so that one wrong time stamp does not close every window. Should the feed really have jumped (a night, a lost hour),
 * `confirmations` such times in a row, each within `maxAheadNs` of the one before, are believed. A silent input holds W.
 */
import { StreamError } from "../../kernel/core/errors.ts";
import { REJECTED } from "../../kernel/core/status.ts";
import { NANOS_PER_DAY, TIME_END, TIME_UNSET } from "../../kernel/core/units.ts";
import type { Arena } from "../../kernel/memory/arena.ts";

/** Half a day: longer than any pause within a session, shorter than the mistake of a day. */
export const DEFAULT_MAX_AHEAD_NS: number = NANOS_PER_DAY / 2;
/** Times in a row that make a jump believed. */
export const DEFAULT_CONFIRMATIONS = 4;

const NEWEST = 0;
const WATERMARK = 1;
const JUMP_TO = 2;
const JUMPS = 3;
const REFUSED = 4;
const STATE_CELLS = 8;

export interface BoundedOutOfOrderOptions {
  /** B: how far behind the newest event an event may be. */
  readonly boundNs: number;
  readonly maxAheadNs?: number;
  readonly confirmations?: number;
}

export class BoundedOutOfOrder {
  private readonly state: Float64Array;
  private readonly boundNs: number;
  private readonly maxAheadNs: number;
  private readonly confirmations: number;

  constructor(arena: Arena, options: BoundedOutOfOrderOptions) {
    const { boundNs, maxAheadNs = DEFAULT_MAX_AHEAD_NS, confirmations = DEFAULT_CONFIRMATIONS } = options;
    if (!Number.isSafeInteger(boundNs) || boundNs < 0)
      throw new StreamError("VALUE_RANGE", `watermark: expected a bound of whole ns, at least 0, got ${boundNs}`, { boundNs });
    if (!(maxAheadNs > 0)) throw new StreamError("VALUE_RANGE", `watermark: expected maxAheadNs above 0, got ${maxAheadNs}`, { maxAheadNs });
    if (!Number.isInteger(confirmations) || confirmations < 1)
      throw new StreamError("VALUE_RANGE", `watermark: expected at least 1 confirmation, got ${confirmations}`, { confirmations });
    this.boundNs = boundNs;
    this.maxAheadNs = maxAheadNs;
    this.confirmations = confirmations;
    this.state = arena.float64("watermark.state", STATE_CELLS);
    if (arena.fresh) {
      this.state[NEWEST] = TIME_UNSET;
      this.state[WATERMARK] = TIME_UNSET;
      this.state[JUMP_TO] = TIME_UNSET;
    }
  }

  /** The watermark; TIME_UNSET before the first event. */
  current(): number {
    return this.state[WATERMARK];
  }

  /** Newest event time that was believed; TIME_UNSET before the first. */
  newest(): number {
    return this.state[NEWEST];
  }

  /** Event times that were refused. */
  get refused(): number {
    return this.state[REFUSED];
  }

  /**
   * Takes the event time at times[at], with the receive time beside it at times[at + 1] (0 or less: not known), as in a record's
   * header. 0, or REJECTED (counted) when the time is out of its sane range and moved nothing.
   */
  observe(times: Float64Array, at: number): number {
    const state = this.state;
    const ts = times[at];
    const newest = state[NEWEST];
    if (ts <= newest) {
      if (ts <= TIME_UNSET) return this.refuse();
      state[JUMPS] = 0;
      return 0;
    }
    if (!(ts < TIME_END)) return this.refuse();
    const received = times[at + 1];
    const aheadOfNewest = newest !== TIME_UNSET && ts - newest > this.maxAheadNs;
    if (received > 0 ? ts - received > this.maxAheadNs && (aheadOfNewest || newest === TIME_UNSET) : aheadOfNewest) {
      const jumped = state[JUMP_TO];
      const agrees = state[JUMPS] > 0 && ts - jumped <= this.maxAheadNs && jumped - ts <= this.maxAheadNs;
      state[JUMPS] = agrees ? state[JUMPS] + 1 : 1;
      state[JUMP_TO] = ts;
      if (state[JUMPS] < this.confirmations) return this.refuse();
    }
    state[JUMPS] = 0;
    state[NEWEST] = ts;
    state[WATERMARK] = ts - this.boundNs - 1;
    return 0;
  }

  private refuse(): number {
    this.state[REFUSED]++;
    return REJECTED;
  }
}
