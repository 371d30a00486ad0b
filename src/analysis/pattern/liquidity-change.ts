/**
 * Liquidity change: the depth of a side, its best levels summed, fell (or rose) by more than a threshold within a span of event time. @hot
 *
 * The depth is a step function of event time: a value is in force from the end of one whole event to the end of the next. The reference is
 * the highest (fall) or lowest (rise) depth in force at any moment of [t - over, t); states that come and go within one moment do not move
 * it. It fires when the depth is beyond reference x (1 -+ threshold), once, and again only after it was within `rearm` of the threshold,
 * by coming back or because the reference left the span. Nothing fires before the side was watched for the whole span, or from a depth
 * of 0. forget() begins anew: for a book that is out of step or crossed. Cost: `levels` looks at the ladder an event that changed them.
 */
import { StreamError } from "../../kernel/core/errors.ts";
import { TIME_UNSET } from "../../kernel/core/units.ts";
import type { Arena } from "../../kernel/memory/arena.ts";
import { TAPE_LENGTH, TAPE_PRICE, TAPE_TS_EVENT } from "../../kernel/record/tape.ts";
import { Liquidity, LIQUIDITY_DEPTH_QTY, type BookSides } from "../../market/book/liquidity.ts";
import { requireLevels } from "./depth-watch.ts";
import { RollingExtremum } from "./extremum.ts";

/** Columns of a match in `result`: quantities at the instrument's scale. */
export const DEPTH_NOW = 0;
/** The highest depth of the span before (fall), or the lowest (rise). */
export const DEPTH_REFERENCE = 1;
/** (now - reference) / reference: below 0 for a fall. */
export const DEPTH_CHANGE = 2;
/** The part of the larger of the two that is gone or new, in (0, 1]: 0.5 for a depth that halved or doubled. */
export const DEPTH_STRENGTH = 3;
export const DEPTH_COLUMNS = 4;

export interface LiquidityChangeOptions {
  /** Instruments served. */
  readonly lanes: number;
  /** SIDE_BID or SIDE_ASK. */
  readonly side: number;
  /** Best levels that are summed, 1 to 10; 1 is the size at the top. */
  readonly levels: number;
  /** Fraction of the reference, above 0; for a fall below 1. */
  readonly threshold: number;
  /** At least 2 ns. */
  readonly overNs: number;
  readonly direction?: "fall" | "rise";
  /** Fires again once the change was at most this part of the threshold, 0 to 1; 0.5. */
  readonly rearm?: number;
  /** Entries a lane for the extreme: see extremum.ts. */
  readonly capacity?: number;
  /** Prefix of its regions in the memory plan. */
  readonly name?: string;
}

export class LiquidityChange {
  /** The match that onEvent() found: DEPTH_* columns. Valid until the next call. */
  readonly result: Float64Array = new Float64Array(DEPTH_COLUMNS);
  readonly extremum: RollingExtremum;
  private readonly since: Float64Array;
  private readonly changedAt: Float64Array;
  private readonly depth: Float64Array;
  private readonly reference: Float64Array;
  private readonly disarmed: Uint8Array;
  private readonly liquidity: Liquidity;
  private readonly moment: Float64Array;
  /** A depth and the last moment at which it was in force, as the extremum reads them. */
  private readonly past: Float64Array = new Float64Array(TAPE_LENGTH);
  private readonly side: number;
  private readonly levels: number;
  private readonly threshold: number;
  private readonly rearm: number;
  private readonly overNs: number;
  /** 1 for a fall, -1 for a rise: what turns a change into a distance from the reference. */
  private readonly sign: number;

  /** `moment`: event time of the whole event in its first cell, TIME_UNSET when it is not to be believed. */
  constructor(arena: Arena, options: LiquidityChangeOptions, book: BookSides, moment: Float64Array) {
    const { lanes, side, levels, threshold, overNs, direction = "fall", rearm = 0.5, capacity, name = "liquidityChange" } = options;
    requireLevels(name, levels);
    if (!(threshold > 0 && threshold < Infinity) || (direction === "fall" && threshold >= 1))
      throw new StreamError("VALUE_RANGE", `${name}: expected a threshold above 0, and below 1 for a fall, got ${threshold}`, { threshold });
    if (!(rearm >= 0 && rearm <= 1)) throw new StreamError("VALUE_RANGE", `${name}: expected a rearm of 0 to 1, got ${rearm}`, { rearm });
    if (!Number.isSafeInteger(overNs) || overNs < 2)
      throw new StreamError("VALUE_RANGE", `${name}: expected a span of whole ns from 2, got ${overNs}`, { overNs });
    // A depth is entered at its last ns in force: in [t - over, t) exactly if that is not before t - over.
    const kind = direction === "fall" ? "highest" : "lowest";
    this.extremum = new RollingExtremum(arena, name, { lanes, spanNs: overNs - 1, kind, capacity }, this.past);
    this.since = arena.float64(`${name}.since`, lanes);
    this.changedAt = arena.float64(`${name}.changedAt`, lanes);
    this.depth = arena.float64(`${name}.depth`, lanes);
    this.reference = arena.float64(`${name}.reference`, lanes);
    this.disarmed = arena.uint8(`${name}.disarmed`, lanes);
    if (arena.fresh) this.since.fill(TIME_UNSET);
    this.liquidity = new Liquidity(book);
    this.moment = moment;
    this.side = side;
    this.levels = levels;
    this.threshold = threshold;
    this.rearm = rearm * threshold;
    this.overNs = overNs;
    this.sign = direction === "fall" ? 1 : -1;
  }

  /** Looks at the book after a whole event of the lane: 1 when it is a change, described in `result`; else 0. */
  onEvent(lane: number): number {
    this.liquidity.depthOf(lane, this.side, this.levels);
    const depth = this.liquidity.out[LIQUIDITY_DEPTH_QTY];
    const ts = this.moment[0];
    if (this.since[lane] === TIME_UNSET) {
      if (ts !== TIME_UNSET) this.begin(lane);
      return 0;
    }
    const before = this.depth[lane];
    if (depth === before) return 0;
    if (ts > this.changedAt[lane]) this.settle(lane);
    this.depth[lane] = depth;
    const reference = this.reference[lane];
    if (reference <= 0) return 0;
    const sign = this.sign;
    if (this.disarmed[lane] === 1 && sign * (reference - before) <= this.rearm * reference) this.disarmed[lane] = 0;
    if (this.disarmed[lane] === 1 || sign * (reference - depth) <= this.threshold * reference) return 0;
    if (this.changedAt[lane] - this.since[lane] < this.overNs) return 0;
    this.disarmed[lane] = 1;
    const result = this.result;
    const change = (depth - reference) / reference;
    result[DEPTH_NOW] = depth;
    result[DEPTH_REFERENCE] = reference;
    result[DEPTH_CHANGE] = change;
    result[DEPTH_STRENGTH] = change < 0 ? -change : change / (1 + change);
    return 1;
  }

  /** The lane's book is not to be believed: what was seen is forgotten, and it is watched anew from the next event on. */
  forget(lane: number): void {
    if (this.since[lane] === TIME_UNSET) return;
    this.since[lane] = TIME_UNSET;
    this.changedAt[lane] = 0;
    this.depth[lane] = 0;
    this.reference[lane] = 0;
    this.disarmed[lane] = 0;
    this.extremum.forget(lane);
  }

  private begin(lane: number): void {
    this.since[lane] = this.moment[0];
    this.changedAt[lane] = this.moment[0];
    this.depth[lane] = this.liquidity.out[LIQUIDITY_DEPTH_QTY];
  }

  /** A new moment: the depth up to now was in force until the ns before it. Takes the reference of the span before. */
  private settle(lane: number): void {
    const before = this.depth[lane];
    const ts = this.moment[0];
    this.past[TAPE_PRICE] = before;
    this.past[TAPE_TS_EVENT] = ts - 1;
    const index = this.extremum.observe(lane);
    const extreme = index < 0 ? before : this.extremum.price(index);
    this.reference[lane] = this.sign * (extreme - before) > 0 ? extreme : before;
    this.changedAt[lane] = ts;
  }
}
