/**
 * Bollinger bands (Bollinger 2001, "Bollinger on Bollinger Bands"): the mean of n inputs, and k population deviations around it. @hot
 *
 * Lookback n - 1 in every profile. Sums of deviations from an anchor near the window, so that the variance is not the small difference
 * of two large numbers; recomputed from the ring, with the window's mean as the anchor, each RECOMPUTE_UPDATES and at once when most of
 * the sum of squares cancelled. A window of equal values has bands of width 0.
 * state a lane: ring f64 x n | anchor f64, sum f64, squares f64, peak f64 | cursor i32, laps i32
 */
import type { Arena } from "../../kernel/memory/arena.ts";
import { CANCELLATION, createOutputs, IN_CLOSE, RECOMPUTE_UPDATES, type Indicator, type IndicatorOptions } from "./indicator.ts";

export class Bollinger implements Indicator {
  readonly name: string = "bollinger";
  readonly outputs: readonly string[];
  readonly lookback: number;
  readonly values: Float64Array;
  readonly ready: Uint8Array;
  private readonly n: number;
  private readonly k: number;
  private readonly perN: number;
  private readonly column: number;
  private readonly lapsMax: number;
  private readonly ring: Float64Array;
  private readonly sums: Float64Array;
  private readonly cursors: Int32Array;

  constructor(arena: Arena, lanes: number, n: number, k: number, options: IndicatorOptions = {}) {
    this.outputs = ["upper", "middle", "lower"];
    this.n = n;
    this.k = k;
    this.perN = 1 / n;
    this.lookback = n - 1;
    this.column = options.column ?? IN_CLOSE;
    this.lapsMax = Math.ceil(RECOMPUTE_UPDATES / n);
    const label = `bollinger(${n}, ${k})`;
    ({ values: this.values, ready: this.ready } = createOutputs(arena, label, lanes, 3));
    this.ring = arena.float64(`${label}.ring`, lanes * n);
    this.sums = arena.float64(`${label}.sums`, lanes * 4);
    this.cursors = arena.int32(`${label}.cursors`, lanes * 2);
  }

  isReady(lane: number): boolean {
    return this.ready[lane] === 1;
  }

  update(lane: number, bar: Float64Array): void {
    const x = bar[this.column];
    if (x - x !== 0) return;
    const n = this.n;
    const sums = this.sums;
    const row = lane << 2;
    const cursor = this.cursors[lane << 1];
    const at = lane * n + cursor;
    if (this.ready[lane] === 1) {
      const enters = x - sums[row];
      const leaves = this.ring[at] - sums[row];
      const sum = sums[row + 1] + (enters - leaves);
      const squares = sums[row + 2] + (enters - leaves) * (enters + leaves);
      const spread = squares - sum * sum * this.perN;
      sums[row + 1] = sum;
      sums[row + 2] = squares;
      if (squares > sums[row + 3]) sums[row + 3] = squares;
      this.ring[at] = x;
      if (cursor + 1 < n) this.cursors[lane << 1] = cursor + 1;
      else this.lap(lane);
      if (spread < sums[row + 3] * CANCELLATION) this.recompute(lane);
    } else {
      this.ring[at] = x;
      if (cursor + 1 < n) {
        this.cursors[lane << 1] = cursor + 1;
        return;
      }
      this.cursors[lane << 1] = 0;
      this.ready[lane] = 1;
      this.recompute(lane);
    }
    const sum = sums[row + 1];
    const mean = sum * this.perN;
    const variance = (sums[row + 2] - sum * mean) * this.perN;
    const width = variance > 0 ? this.k * Math.sqrt(variance) : 0;
    const out = lane * 3;
    const middle = sums[row] + mean;
    this.values[out] = middle + width;
    this.values[out + 1] = middle;
    this.values[out + 2] = middle - width;
  }

  private lap(lane: number): void {
    const at = lane << 1;
    this.cursors[at] = 0;
    const laps = this.cursors[at + 1] + 1;
    this.cursors[at + 1] = laps < this.lapsMax ? laps : 0;
    if (laps >= this.lapsMax) this.recompute(lane);
  }

  private recompute(lane: number): void {
    const n = this.n;
    const base = lane * n;
    const ring = this.ring;
    const first = ring[base];
    let anchor = 0;
    for (let i = base; i < base + n; i++) anchor += ring[i] - first;
    anchor = first + anchor / n;
    let sum = 0;
    let squares = 0;
    for (let i = base; i < base + n; i++) {
      const d = ring[i] - anchor;
      sum += d;
      squares += d * d;
    }
    const row = lane << 2;
    this.sums[row] = anchor;
    this.sums[row + 1] = sum;
    this.sums[row + 2] = squares;
    this.sums[row + 3] = squares;
  }
}
