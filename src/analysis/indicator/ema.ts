/**
 * Exponential moving average: ema += a x (input - ema), a = 2 / (n + 1). @hot
 *
 * Seed: `talib` the mean of the first n inputs (TA-Lib's default; lookback n - 1), `tulip` the first input (Tulip Indicators; lookback 0).
 * No window, hence no drift: an error of one step decays with the average itself.
 * state a lane: the average itself, in values, which holds the seed's sum until ready | seen i32
 */
import type { Arena } from "../../kernel/memory/arena.ts";
import { createOutputs, IN_CLOSE, type Indicator, type IndicatorOptions } from "./indicator.ts";

export class Ema implements Indicator {
  readonly name: string = "ema";
  readonly outputs: readonly string[];
  readonly lookback: number;
  readonly values: Float64Array;
  readonly ready: Uint8Array;
  private readonly seedCount: number;
  private readonly alpha: number;
  private readonly column: number;
  private readonly seen: Int32Array;

  constructor(arena: Arena, lanes: number, n: number, options: IndicatorOptions = {}) {
    this.outputs = ["ema"];
    this.seedCount = options.profile === "tulip" ? 1 : n;
    this.lookback = this.seedCount - 1;
    this.alpha = 2 / (n + 1);
    this.column = options.column ?? IN_CLOSE;
    const label = `ema(${n})`;
    ({ values: this.values, ready: this.ready } = createOutputs(arena, label, lanes, 1));
    this.seen = arena.int32(`${label}.seen`, lanes);
  }

  isReady(lane: number): boolean {
    return this.ready[lane] === 1;
  }

  update(lane: number, bar: Float64Array): void {
    const x = bar[this.column];
    if (x - x !== 0) return;
    const ema = this.values[lane];
    if (this.ready[lane] === 1) {
      this.values[lane] = ema + this.alpha * (x - ema);
      return;
    }
    const seen = this.seen[lane] + 1;
    this.seen[lane] = seen;
    this.values[lane] = ema + x;
    if (seen < this.seedCount) return;
    this.values[lane] = (ema + x) / seen;
    this.ready[lane] = 1;
  }
}
