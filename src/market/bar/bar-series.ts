/**
 * The last N bars of each instrument, column by column. @hot
 *
 * Appending is O(1) and drops the oldest bar when the lane is full. A bar with the start of one that is held replaces it (a revision
 * by late trades); one older than the newest and not held is refused, so a lane is always in order of time. Memory is fixed:
 * lanes x length x 10 doubles.
 */
import { StreamError } from "../../kernel/core/errors.ts";
import { EMPTY, LATE } from "../../kernel/core/status.ts";
import type { Arena } from "../../kernel/memory/arena.ts";
import { BAR_BUY_VOLUME, BAR_CLOSE, BAR_COUNT, BAR_END, BAR_HIGH, BAR_LOW, BAR_NOTIONAL, BAR_OPEN, BAR_START, BAR_VOLUME } from "./bar-builder.ts";

export interface BarSeriesOptions {
  /** Instruments served. */
  readonly lanes: number;
  /** Bars kept for each. */
  readonly length: number;
  /** Prefix of its regions in the memory plan. */
  readonly name?: string;
}

export class BarSeries {
  readonly length: number;
  /** Columns, indexed by what at() returns. */
  readonly start: Float64Array;
  readonly end: Float64Array;
  readonly open: Float64Array;
  readonly high: Float64Array;
  readonly low: Float64Array;
  readonly close: Float64Array;
  readonly volume: Float64Array;
  readonly notional: Float64Array;
  readonly buyVolume: Float64Array;
  readonly trades: Float64Array;
  private readonly held: Int32Array;
  private readonly newest: Int32Array;

  constructor(arena: Arena, options: BarSeriesOptions) {
    const { lanes, length, name = "series" } = options;
    if (!Number.isInteger(length) || length < 1)
      throw new StreamError("VALUE_RANGE", `${name}: expected a length of at least 1 bar, got ${length}`, { length });
    const cells = lanes * length;
    this.length = length;
    this.start = arena.float64(`${name}.start`, cells);
    this.end = arena.float64(`${name}.end`, cells);
    this.open = arena.float64(`${name}.open`, cells);
    this.high = arena.float64(`${name}.high`, cells);
    this.low = arena.float64(`${name}.low`, cells);
    this.close = arena.float64(`${name}.close`, cells);
    this.volume = arena.float64(`${name}.volume`, cells);
    this.notional = arena.float64(`${name}.notional`, cells);
    this.buyVolume = arena.float64(`${name}.buyVolume`, cells);
    this.trades = arena.float64(`${name}.trades`, cells);
    this.held = arena.int32(`${name}.held`, lanes);
    this.newest = arena.int32(`${name}.newest`, lanes);
  }

  /** Bars held for the lane, at most `length`. */
  count(lane: number): number {
    return this.held[lane];
  }

  /** Index into the columns of the bar `back` bars before the newest (0 is the newest); EMPTY when it is not held. */
  at(lane: number, back: number): number {
    if (back < 0 || back >= this.held[lane]) return EMPTY;
    const slot = this.newest[lane] - back;
    return lane * this.length + (slot < 0 ? slot + this.length : slot);
  }

  /** Takes a bar in BAR_* columns. Returns its index in the columns, or LATE when it is older than the newest and not held. */
  append(lane: number, bar: Float64Array): number {
    const held = this.held[lane];
    const start = bar[BAR_START];
    let index = this.at(lane, 0);
    if (index >= 0 && start <= this.start[index]) {
      for (let back = 0; index >= 0 && this.start[index] !== start;) index = this.at(lane, ++back);
      if (index < 0) return LATE;
    } else {
      const slot = held === 0 || this.newest[lane] === this.length - 1 ? 0 : this.newest[lane] + 1;
      this.newest[lane] = slot;
      if (held < this.length) this.held[lane] = held + 1;
      index = lane * this.length + slot;
    }
    this.start[index] = start;
    this.end[index] = bar[BAR_END];
    this.open[index] = bar[BAR_OPEN];
    this.high[index] = bar[BAR_HIGH];
    this.low[index] = bar[BAR_LOW];
    this.close[index] = bar[BAR_CLOSE];
    this.volume[index] = bar[BAR_VOLUME];
    this.notional[index] = bar[BAR_NOTIONAL];
    this.buyVolume[index] = bar[BAR_BUY_VOLUME];
    this.trades[index] = bar[BAR_COUNT];
    return index;
  }
}
