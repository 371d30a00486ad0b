/**
 * Book imbalance: one side of the best levels outweighs the other by a threshold, for long enough. @hot
 *
 * Imbalance = (bid - ask) / (bid + ask) of the summed quantities, in [-1, 1]; a side without levels counts as 0. The book leans to the bid
 * at +threshold and beyond, to the ask at -threshold. It fires once a lean has held for `holdNs` of event time without a break, at the
 * first event of the instrument or watermark that shows it; and for the same side again only after the imbalance was back at `release`.
 * forget() begins anew: for a book that is out of step, crossed or empty. Cost: 2 x `levels` looks at the ladder an event that changed
 * them, else one comparison; whether any lane is due is one comparison.
 */
import { StreamError } from "../../kernel/core/errors.ts";
import { TIME_END, TIME_UNSET } from "../../kernel/core/units.ts";
import type { Arena } from "../../kernel/memory/arena.ts";
import { SIDE_ASK, SIDE_BID } from "../../kernel/record/header.ts";
import { Liquidity, LIQUIDITY_ASK_QTY, LIQUIDITY_BID_QTY, LIQUIDITY_IMBALANCE, type BookSides } from "../../market/book/liquidity.ts";
import { Deadlines } from "./deadlines.ts";
import { requireLevels } from "./depth-watch.ts";

/** Columns of a match in `result`: quantities at the instrument's scale. */
export const IMBALANCE_VALUE = 0;
/** Summed quantity of the best levels. */
export const IMBALANCE_BID_QTY = 1;
export const IMBALANCE_ASK_QTY = 2;
/** When the lean began, event time. */
export const IMBALANCE_SINCE = 3;
export const IMBALANCE_COLUMNS = 4;

/** No side, in the bytes that hold SIDE_* + 1. */
const LEVEL = 0;

export interface ImbalanceOptions {
  /** Instruments served. */
  readonly lanes: number;
  /** Best levels of each side, 1 to 10. */
  readonly levels: number;
  /** Above 0, at most 1. */
  readonly threshold: number;
  /** A lean is over at this imbalance: at least 0 and below the threshold; half of it. */
  readonly release?: number;
  /** Event time for which a lean must hold, ns; 0: at once. */
  readonly holdNs?: number;
  /** The side whose weight is watched for. */
  readonly direction?: "bid" | "ask" | "both";
  /** Prefix of its regions in the memory plan. */
  readonly name?: string;
}

export class Imbalance {
  /** The match that onEvent(), onQuiet() or nextDue() found: IMBALANCE_* columns. Valid until the next call. */
  readonly result: Float64Array = new Float64Array(IMBALANCE_COLUMNS);
  private readonly values: Float64Array;
  private readonly since: Float64Array;
  private readonly newest: Float64Array;
  /** SIDE_* + 1 of the side that was told of and still holds; of the side that leans and was not yet told of. */
  private readonly told: Uint8Array;
  private readonly leaning: Uint8Array;
  private readonly deadlines: Deadlines;
  private readonly liquidity: Liquidity;
  private readonly moment: Float64Array;
  private readonly clock: Float64Array;
  private readonly levels: number;
  private readonly threshold: number;
  private readonly release: number;
  private readonly holdNs: number;
  private readonly toBid: boolean;
  private readonly toAsk: boolean;

  /** `moment`: event time of the whole event in its first cell, TIME_UNSET when it is not to be believed. `clock`: the watermark likewise. */
  constructor(arena: Arena, options: ImbalanceOptions, book: BookSides, moment: Float64Array, clock: Float64Array) {
    const { lanes, levels, threshold, release = threshold / 2, holdNs = 0, direction = "both", name = "imbalance" } = options;
    requireLevels(name, levels);
    if (!(threshold > 0 && threshold <= 1))
      throw new StreamError("VALUE_RANGE", `${name}: expected a threshold above 0 and at most 1, got ${threshold}`, { threshold });
    if (!(release >= 0 && release < threshold))
      throw new StreamError("VALUE_RANGE", `${name}: expected a release of at least 0 and below the threshold of ${threshold}, got ${release}`, { release });
    if (!(holdNs >= 0 && Number.isSafeInteger(holdNs))) throw new StreamError("VALUE_RANGE", `${name}: expected a hold of whole ns, got ${holdNs}`, { holdNs });
    this.values = arena.float64(`${name}.values`, lanes * IMBALANCE_COLUMNS);
    this.since = arena.float64(`${name}.since`, lanes);
    this.newest = arena.float64(`${name}.newest`, lanes);
    this.told = arena.uint8(`${name}.told`, lanes);
    this.leaning = arena.uint8(`${name}.leaning`, lanes);
    this.deadlines = new Deadlines(arena, name, lanes);
    if (arena.fresh) this.newest.fill(TIME_UNSET);
    this.liquidity = new Liquidity(book);
    this.moment = moment;
    this.clock = clock;
    this.levels = levels;
    this.threshold = threshold;
    this.release = release;
    this.holdNs = holdNs;
    this.toBid = direction !== "ask";
    this.toAsk = direction !== "bid";
  }

  /** Looks at the book after a whole event of the lane: 1 when a lean has held, described in `result`; else 0. */
  onEvent(lane: number): number {
    if (this.liquidity.imbalance(lane, this.levels) < 0) {
      this.forget(lane);
      return 0;
    }
    if (!this.takeTime(lane)) return 0;
    const { out } = this.liquidity;
    const { values } = this;
    const at = lane * IMBALANCE_COLUMNS;
    values[at + IMBALANCE_VALUE] = out[LIQUIDITY_IMBALANCE];
    values[at + IMBALANCE_BID_QTY] = out[LIQUIDITY_BID_QTY];
    values[at + IMBALANCE_ASK_QTY] = out[LIQUIDITY_ASK_QTY];
    const told = this.told[lane];
    if (told === SIDE_BID + 1 && out[LIQUIDITY_IMBALANCE] <= this.release) this.told[lane] = LEVEL;
    else if (told === SIDE_ASK + 1 && out[LIQUIDITY_IMBALANCE] >= -this.release) this.told[lane] = LEVEL;
    const side = this.sideOf(lane);
    if (side !== this.leaning[lane]) this.lean(lane, side);
    return this.fireIfHeld(lane, this.newest, lane);
  }

  /** A whole event of the lane left the levels as they were: time alone may show that a lean has held. 1 or 0, as onEvent(). */
  onQuiet(lane: number): number {
    if (!this.takeTime(lane) || !this.deadlines.isArmed(lane)) return 0;
    return this.fireIfHeld(lane, this.newest, lane);
  }

  /** True when the watermark shows of some lane that a lean has held: one comparison. The end of the input is no time that passed. */
  isDue(): boolean {
    const first = this.deadlines.first();
    return first >= 0 && this.deadlines.at[first] <= this.clock[0] && this.clock[0] < TIME_END;
  }

  /** 1 when the watermark shows it of this lane, described in `result` as of its last whole event; else 0. */
  nextDue(lane: number): number {
    return this.clock[0] < TIME_END ? this.fireIfHeld(lane, this.clock, 0) : 0;
  }

  /** The lane's book is not to be believed: what was seen is forgotten. */
  forget(lane: number): void {
    this.deadlines.disarm(lane);
    this.told[lane] = LEVEL;
    this.leaning[lane] = LEVEL;
  }

  /** The side that the lane leans to and was not told of, + 1; LEVEL for none. */
  private sideOf(lane: number): number {
    const value = this.values[lane * IMBALANCE_COLUMNS + IMBALANCE_VALUE];
    const side = this.toBid && value >= this.threshold ? SIDE_BID + 1 : this.toAsk && value <= -this.threshold ? SIDE_ASK + 1 : LEVEL;
    return side === this.told[lane] ? LEVEL : side;
  }

  private lean(lane: number, side: number): void {
    this.deadlines.disarm(lane);
    this.leaning[lane] = side;
    if (side === LEVEL) return;
    this.since[lane] = this.newest[lane];
    this.deadlines.at[lane] = this.newest[lane] + this.holdNs;
    this.deadlines.arm(lane);
  }

  /** Moves the lane's time on; false while no time of it is to be believed. */
  private takeTime(lane: number): boolean {
    const ts = this.moment[0];
    if (ts > this.newest[lane]) this.newest[lane] = ts;
    return this.newest[lane] !== TIME_UNSET;
  }

  /** Now is times[at]: as a cell, so that it is not boxed. */
  private fireIfHeld(lane: number, times: Float64Array, at: number): number {
    if (this.deadlines.at[lane] > times[at]) return 0;
    this.deadlines.disarm(lane);
    this.told[lane] = this.leaning[lane];
    this.leaning[lane] = LEVEL;
    const { result, values } = this;
    const row = lane * IMBALANCE_COLUMNS;
    result[IMBALANCE_VALUE] = values[row + IMBALANCE_VALUE];
    result[IMBALANCE_BID_QTY] = values[row + IMBALANCE_BID_QTY];
    result[IMBALANCE_ASK_QTY] = values[row + IMBALANCE_ASK_QTY];
    result[IMBALANCE_SINCE] = this.since[lane];
    return 1;
  }
}
