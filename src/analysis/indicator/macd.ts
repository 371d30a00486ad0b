/**
 * Moving average convergence/divergence (Appel 1979): fast EMA - slow EMA, an EMA of it as the signal, and their difference. @hot
 *
 * talib   each average seeded with a mean, the fast one over the `fast` inputs that end with the slow one's seed; the signal with the
 *         mean of the first `signal` differences: lookback slow + signal - 2 (TA-Lib ta_MACD.c)
 * tulip   averages seeded with their first input, the signal with the difference at bar slow - 1: lookback slow - 1; for 12 and 26 the
 *         constants are 0.15 and 0.075, Appel's own (Tulip Indicators macd.c)
 * state a lane: fast f64, slow f64, signal f64 | seen i32
 */
import type { Arena } from "../../kernel/memory/arena.ts";
import { createOutputs, IN_CLOSE, type Indicator, type IndicatorOptions } from "./indicator.ts";

export class Macd implements Indicator {
  readonly name: string = "macd";
  readonly outputs: readonly string[];
  readonly lookback: number;
  readonly values: Float64Array;
  readonly ready: Uint8Array;
  private readonly fastAlpha: number;
  private readonly slowAlpha: number;
  private readonly signalAlpha: number;
  private readonly fastFrom: number;
  private readonly fastSeed: number;
  private readonly slowSeed: number;
  private readonly signalFrom: number;
  private readonly signalSeed: number;
  private readonly column: number;
  private readonly state: Float64Array;
  private readonly seen: Int32Array;

  constructor(arena: Arena, lanes: number, fast: number, slow: number, signal: number, options: IndicatorOptions = {}) {
    this.outputs = ["macd", "signal", "histogram"];
    const tulip = options.profile === "tulip";
    const appel = tulip && fast === 12 && slow === 26;
    this.fastAlpha = appel ? 0.15 : 2 / (fast + 1);
    this.slowAlpha = appel ? 0.075 : 2 / (slow + 1);
    this.signalAlpha = 2 / (signal + 1);
    this.fastFrom = tulip ? 0 : slow - fast;
    this.fastSeed = tulip ? 1 : fast;
    this.slowSeed = tulip ? 1 : slow;
    this.signalFrom = slow - 1;
    this.signalSeed = tulip ? 1 : signal;
    this.lookback = this.signalFrom + this.signalSeed - 1;
    this.column = options.column ?? IN_CLOSE;
    const label = `macd(${fast}, ${slow}, ${signal})`;
    ({ values: this.values, ready: this.ready } = createOutputs(arena, label, lanes, 3));
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
    if (this.ready[lane] === 0) {
      this.warmUp(lane, bar);
      if (this.ready[lane] === 0) return;
    } else {
      const fast = state[row] + this.fastAlpha * (x - state[row]);
      const slow = state[row + 1] + this.slowAlpha * (x - state[row + 1]);
      state[row] = fast;
      state[row + 1] = slow;
      state[row + 2] += this.signalAlpha * (fast - slow - state[row + 2]);
    }
    const macd = state[row] - state[row + 1];
    this.values[row] = macd;
    this.values[row + 1] = state[row + 2];
    this.values[row + 2] = macd - state[row + 2];
  }

  /** Each average in turn: nothing, its seed's sum, its seed, itself. */
  private warmUp(lane: number, bar: Float64Array): void {
    const x = bar[this.column];
    const state = this.state;
    const row = lane * 3;
    const seen = this.seen[lane];
    this.seen[lane] = seen + 1;
    const fastSeen = seen - this.fastFrom;
    if (fastSeen >= this.fastSeed) state[row] += this.fastAlpha * (x - state[row]);
    else if (fastSeen >= 0) state[row] += x;
    if (fastSeen === this.fastSeed - 1) state[row] /= this.fastSeed;
    if (seen >= this.slowSeed) state[row + 1] += this.slowAlpha * (x - state[row + 1]);
    else state[row + 1] += x;
    if (seen === this.slowSeed - 1) state[row + 1] /= this.slowSeed;
    if (seen < this.signalFrom) return;
    state[row + 2] += state[row] - state[row + 1];
    if (seen < this.lookback) return;
    state[row + 2] /= this.signalSeed;
    this.ready[lane] = 1;
  }
}
