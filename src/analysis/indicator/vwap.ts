/**
 * Volume-weighted average price since the session began: sum(price x volume) / sum(volume). @hot
 *
 * The price of a bar is its typical price (column IN_TYPICAL) unless a column is named; with the column notional it is the exact sum of
 * price x qty over the bar's trades, and a row that is one trade gives the tick VWAP. A bar without volume adds nothing; there is no
 * value before the first volume. `reset` anchors it anew at the start of a session. Lookback 0 in every profile.
 * state a lane: sum(price x volume) f64, sum(volume) f64
 */
import type { Arena } from "../../kernel/memory/arena.ts";
import { createOutputs, IN_NOTIONAL, IN_TYPICAL, IN_VOLUME, type Indicator, type IndicatorOptions } from "./indicator.ts";

export class Vwap implements Indicator {
  readonly name: string = "vwap";
  readonly outputs: readonly string[];
  readonly lookback: number = 0;
  readonly values: Float64Array;
  readonly ready: Uint8Array;
  private readonly column: number;
  private readonly sums: Float64Array;

  constructor(arena: Arena, lanes: number, options: IndicatorOptions = {}) {
    this.outputs = ["vwap"];
    this.column = options.column ?? IN_TYPICAL;
    ({ values: this.values, ready: this.ready } = createOutputs(arena, "vwap", lanes, 1));
    this.sums = arena.float64("vwap.sums", lanes * 2);
  }

  isReady(lane: number): boolean {
    return this.ready[lane] === 1;
  }

  update(lane: number, bar: Float64Array): void {
    const volume = bar[IN_VOLUME];
    const price = bar[this.column];
    const traded = this.column === IN_NOTIONAL ? price : price * volume;
    if (!(volume > 0) || traded - traded !== 0) return;
    const row = lane << 1;
    const notional = this.sums[row] + traded;
    const total = this.sums[row + 1] + volume;
    this.sums[row] = notional;
    this.sums[row + 1] = total;
    this.values[lane] = notional / total;
    this.ready[lane] = 1;
  }

  reset(lane: number): void {
    this.sums[lane << 1] = 0;
    this.sums[(lane << 1) + 1] = 0;
    this.values[lane] = 0;
    this.ready[lane] = 0;
  }
}
