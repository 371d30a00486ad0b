/**
 * Price breakout (C9, S4.48): the price leaves the range of the time span before it by more than a threshold. @hot
 *
 * Up: price > high x (1 + threshold), the high over [t - over, t) without the current moment; down: price < low x (1 - threshold).
 * It fires once, and again only after the price was back inside the range, or after `cooldownNs`. Nothing fires before the instrument
 * was watched for `minCoverage` of the span, when the span holds no trade, on a trade out of order, or on a range at price 0.
 * Confidence = 1 - exp(-steepness x excess / threshold), excess the fraction beyond the range: with steepness 1 it is 0.63 at the threshold.
 */
import { StreamError } from "../../kernel/core/errors.ts";
import { TIME_UNSET } from "../../kernel/core/units.ts";
import type { Arena } from "../../kernel/memory/arena.ts";
import { TAPE_PRICE, TAPE_TS_EVENT } from "../../kernel/record/tape.ts";
import { RollingExtremum } from "./extremum.ts";

/** Columns of a match in `result`: prices at the instrument's scale. */
export const BREAKOUT_PRICE = 0;
/** The high (up) or low (down) that was left. */
export const BREAKOUT_REFERENCE = 1;
/** Fraction beyond the reference: above the threshold. */
export const BREAKOUT_EXCESS = 2;
/** In (0, 1). */
export const BREAKOUT_CONFIDENCE = 3;
export const BREAKOUT_COLUMNS = 4;

const CONFIDENCE_MAX = 1 - 2 ** -53;

export interface BreakoutOptions {
  /** Instruments served. */
  readonly lanes: number;
  /** Fraction beyond the range, above 0. */
  readonly threshold: number;
  readonly overNs: number;
  readonly direction?: "up" | "down";
  /** Fraction of the span that must have been watched, 0 to 1. */
  readonly minCoverage?: number;
  /** Fires again this long after a match though the price stayed outside; 0: never. */
  readonly cooldownNs?: number;
  readonly steepness?: number;
  /** Entries a lane for the extreme: see extremum.ts. */
  readonly capacity?: number;
  /** Prefix of its regions in the memory plan. */
  readonly name?: string;
}

export class PriceBreakout {
  /** The match that onTrade() found: BREAKOUT_* columns. Valid until the next call. */
  readonly result: Float64Array;
  readonly extremum: RollingExtremum;
  private readonly disarmed: Uint8Array;
  private readonly firedAt: Float64Array;
  private readonly tape: Float64Array;
  private readonly threshold: number;
  private readonly coverNs: number;
  private readonly cooldownNs: number;
  private readonly steepness: number;
  private readonly isUp: boolean;

  /** `tape`: the trade being processed. */
  constructor(arena: Arena, options: BreakoutOptions, tape: Float64Array) {
    const { lanes, threshold, overNs, direction = "up", minCoverage = 1, cooldownNs = 0, steepness = 1, capacity, name = "breakout" } = options;
    if (!(threshold > 0 && threshold < Infinity))
      throw new StreamError("VALUE_RANGE", `${name}: expected a threshold above 0, got ${threshold}`, { threshold });
    if (!(minCoverage >= 0 && minCoverage <= 1))
      throw new StreamError("VALUE_RANGE", `${name}: expected a minCoverage of 0 to 1, got ${minCoverage}`, { minCoverage });
    if (!(cooldownNs >= 0)) throw new StreamError("VALUE_RANGE", `${name}: expected a cooldown of at least 0, got ${cooldownNs}`, { cooldownNs });
    if (!(steepness > 0)) throw new StreamError("VALUE_RANGE", `${name}: expected a steepness above 0, got ${steepness}`, { steepness });
    this.extremum = new RollingExtremum(arena, name, { lanes, spanNs: overNs, kind: direction === "up" ? "highest" : "lowest", capacity }, tape);
    this.disarmed = arena.uint8(`${name}.disarmed`, lanes);
    this.firedAt = arena.float64(`${name}.firedAt`, lanes);
    if (arena.fresh) this.firedAt.fill(TIME_UNSET);
    this.result = new Float64Array(BREAKOUT_COLUMNS);
    this.tape = tape;
    this.threshold = threshold;
    this.coverNs = Math.ceil(overNs * minCoverage);
    this.cooldownNs = cooldownNs;
    this.steepness = steepness;
    this.isUp = direction === "up";
  }

  /** Takes the trade on the tape: 1 when it is a breakout, described in `result`; else 0. Trades with FLAG_BAD_TS are to be withheld. */
  onTrade(lane: number): number {
    const index = this.extremum.observe(lane);
    if (index < 0) return 0;
    const price = this.tape[TAPE_PRICE];
    const ts = this.tape[TAPE_TS_EVENT];
    const reference = this.extremum.price(index);
    const beyond = this.isUp ? price - reference : reference - price;
    if (beyond <= 0) {
      this.disarmed[lane] = 0;
      return 0;
    }
    if (this.disarmed[lane] === 1) {
      if (this.cooldownNs === 0 || ts - this.firedAt[lane] < this.cooldownNs) return 0;
      this.disarmed[lane] = 0;
    }
    const size = reference < 0 ? -reference : reference;
    if (beyond <= size * this.threshold || size === 0 || !this.extremum.covers(lane, this.coverNs)) return 0;
    this.disarmed[lane] = 1;
    this.firedAt[lane] = ts;
    const excess = beyond / size;
    const confidence = 1 - Math.exp((-this.steepness * excess) / this.threshold);
    const result = this.result;
    result[BREAKOUT_PRICE] = price;
    result[BREAKOUT_REFERENCE] = reference;
    result[BREAKOUT_EXCESS] = excess;
    result[BREAKOUT_CONFIDENCE] = confidence < CONFIDENCE_MAX ? confidence : CONFIDENCE_MAX;
    return 1;
  }
}
