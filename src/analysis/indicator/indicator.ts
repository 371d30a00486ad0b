/**
 * The contract of all indicators: one object serves every instrument, its state a row of the arena by lane (dense instrument id).
 *
 * An indicator takes the newest bar of a lane and then holds its outputs for that lane. Promises that test/contract/indicator.ts checks:
 * ready exactly after `lookback` bars, incremental equal to recomputation within 1e-9 relative, lanes isolated, nothing kept in fields.
 * Input policy of all: a bar whose inputs are not all finite is skipped: it neither advances nor poisons, and the last values stand.
 * Bars are rows of real units (integer price x 10^-scale), so that one formula reads the same for every instrument.
 */
import type { Arena } from "../../kernel/memory/arena.ts";

export const IN_OPEN = 0;
export const IN_HIGH = 1;
export const IN_LOW = 2;
export const IN_CLOSE = 3;
export const IN_VOLUME = 4;
/** Sum of price x qty of the bar's trades. */
export const IN_NOTIONAL = 5;
/** Number of trades. */
export const IN_COUNT = 6;
/** (high + low + close) / 3: written by fillTypical, or by whoever makes the row. */
export const IN_TYPICAL = 7;
/** Doubles in a bar row. */
export const IN_COLUMNS = 8;

/** Column names by index. */
export const COLUMN_NAMES: readonly string[] = ["open", "high", "low", "close", "volume", "notional", "count", "typical"];

/**
 * Whose seed rules: `talib` seeds an average with the mean of its first n inputs, `tulip` with the first input alone.
 * Each indicator's header says what else differs.
 */
export type Profile = "talib" | "tulip";
export const PROFILES: readonly Profile[] = ["talib", "tulip"];

/** Longest period of any indicator. */
export const MAX_PERIOD = 10_000;
/** Updates after which a running sum is recomputed from its window, so that rounding cannot add up. */
export const RECOMPUTE_UPDATES = 1024;
/** A running sum that fell below this part of its peak is recomputed at once: what left it may have taken the low digits along. */
export const CANCELLATION = 1e-3;

export interface IndicatorOptions {
  /** Input column of an indicator of one series; the indicator's default when left out. */
  readonly column?: number;
  /** Default talib. */
  readonly profile?: Profile;
}

export interface Indicator {
  readonly name: string;
  /** Names of the outputs, in the order of `values`. */
  readonly outputs: readonly string[];
  /** Bars before the first output; 0 when the first bar gives one. */
  readonly lookback: number;
  /** values[lane * outputs.length + k], valid only when ready. */
  readonly values: Float64Array;
  /** 1 by lane once there are values, else 0. */
  readonly ready: Uint8Array;
  /** Takes the newest bar of a lane: a row of IN_COLUMNS doubles. Hot; allocates nothing. */
  update(lane: number, bar: Float64Array): void;
  isReady(lane: number): boolean;
  /** A new session begins for the lane. Only session-anchored indicators have it. */
  reset?(lane: number): void;
}

/** Completes a bar row by its typical price. */
export function fillTypical(bar: Float64Array): void {
  bar[IN_TYPICAL] = (bar[IN_HIGH] + bar[IN_LOW] + bar[IN_CLOSE]) / 3;
}

/** Regions that every indicator has: its values and whether they are valid. */
export function createOutputs(arena: Arena, name: string, lanes: number, outputs: number): { values: Float64Array; ready: Uint8Array } {
  return { values: arena.float64(`${name}.values`, lanes * outputs), ready: arena.uint8(`${name}.ready`, lanes) };
}
