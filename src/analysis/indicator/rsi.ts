/**
 * Relative strength index (Wilder 1978, "New Concepts in Technical Trading Systems"): 100 x avgGain / (avgGain + avgLoss). @hot
 *
 * Both averages are Wilder's (a = 1 / n), seeded with the mean of the first n changes: lookback n, the same in TA-Lib and Tulip.
 * No loss: 100. Neither gain nor loss: 50, as TradingView says (TA-Lib says 0 and Tulip 0/0), because a flat series is not oversold.
 * state a lane: previous f64, avgGain f64, avgLoss f64 | seen i32
 */
import type { Arena } from "../../kernel/memory/arena.ts";
import { createOutputs, IN_CLOSE, type Indicator, type IndicatorOptions } from "./indicator.ts";

/** The value of a series that does not move. */
const FLAT = 50;

export class Rsi implements Indicator {
  readonly name: string = "rsi";
  readonly outputs: readonly string[];
  readonly lookback: number;
  readonly values: Float64Array;
  readonly ready: Uint8Array;
  private readonly n: number;
  private readonly alpha: number;
  private readonly column: number;
  private readonly state: Float64Array;
  private readonly seen: Int32Array;

  constructor(arena: Arena, lanes: number, n: number, options: IndicatorOptions = {}) {
    this.outputs = ["rsi"];
    this.n = n;
    this.lookback = n;
    this.alpha = 1 / n;
    this.column = options.column ?? IN_CLOSE;
    const label = `rsi(${n})`;
    ({ values: this.values, ready: this.ready } = createOutputs(arena, label, lanes, 1));
    this.state = arena.float64(`${label}.state`, lanes * 3);
    this.seen = arena.int32(`${label}.seen`, lanes);
  }

  isReady(lane: number): boolean {
    return this.ready[lane] === 1;
  }

  update(lane: number, bar: Float64Array): void {
    const x = bar[this.column];
    if (x - x !== 0) return;
    const state = this.state;
    const row = lane * 3;
    const change = x - state[row];
    const up = change > 0 ? change : 0;
    const down = change < 0 ? -change : 0;
    let gain = state[row + 1];
    let loss = state[row + 2];
    state[row] = x;
    if (this.ready[lane] === 1) {
      gain += this.alpha * (up - gain);
      loss += this.alpha * (down - loss);
    } else {
      const seen = this.seen[lane];
      this.seen[lane] = seen + 1;
      if (seen === 0) return;
      gain += up;
      loss += down;
      if (seen === this.n) {
        gain /= seen;
        loss /= seen;
        this.ready[lane] = 1;
      }
    }
    state[row + 1] = gain;
    state[row + 2] = loss;
    const total = gain + loss;
    this.values[lane] = total > 0 ? (100 * gain) / total : FLAT;
  }
}
