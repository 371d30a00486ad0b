/**
 * Average true range (Wilder 1978): Wilder's average (a = 1 / n) of max(high - low, |high - previous close|, |low - previous close|). @hot
 *
 * Seeded with the mean of the first n true ranges. `talib` has none for the first bar, which has no previous close: lookback n;
 * `tulip` takes high - low for it: lookback n - 1.
 * state a lane: previous close f64, the average in values, which holds the seed's sum until ready | seen i32
 */
import type { Arena } from "../../kernel/memory/arena.ts";
import { createOutputs, IN_CLOSE, IN_HIGH, IN_LOW, type Indicator, type IndicatorOptions } from "./indicator.ts";

export class Atr implements Indicator {
  readonly name: string = "atr";
  readonly outputs: readonly string[];
  readonly lookback: number;
  readonly values: Float64Array;
  readonly ready: Uint8Array;
  private readonly n: number;
  private readonly alpha: number;
  private readonly skipped: number;
  private readonly previous: Float64Array;
  private readonly seen: Int32Array;

  constructor(arena: Arena, lanes: number, n: number, options: IndicatorOptions = {}) {
    this.outputs = ["atr"];
    this.n = n;
    this.alpha = 1 / n;
    this.skipped = options.profile === "tulip" ? 0 : 1;
    this.lookback = n - 1 + this.skipped;
    const label = `atr(${n})`;
    ({ values: this.values, ready: this.ready } = createOutputs(arena, label, lanes, 1));
    this.previous = arena.float64(`${label}.previous`, lanes);
    this.seen = arena.int32(`${label}.seen`, lanes);
  }

  isReady(lane: number): boolean {
    return this.ready[lane] === 1;
  }

  update(lane: number, bar: Float64Array): void {
    const high = bar[IN_HIGH];
    const low = bar[IN_LOW];
    const close = bar[IN_CLOSE];
    const check = high + low + close;
    if (check - check !== 0) return;
    const previous = this.previous[lane];
    this.previous[lane] = close;
    const atr = this.values[lane];
    if (this.ready[lane] === 1) {
      const top = high > previous ? high : previous;
      const bottom = low < previous ? low : previous;
      this.values[lane] = atr + this.alpha * (top - bottom - atr);
      return;
    }
    const seen = this.seen[lane];
    this.seen[lane] = seen + 1;
    if (seen < this.skipped) return;
    const top = seen > 0 && previous > high ? previous : high;
    const bottom = seen > 0 && previous < low ? previous : low;
    this.values[lane] = atr + (top - bottom);
    if (seen < this.lookback) return;
    this.values[lane] = (atr + (top - bottom)) / this.n;
    this.ready[lane] = 1;
  }
}
