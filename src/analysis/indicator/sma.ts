/**
 * Simple moving average: the mean of the last n inputs. @hot
 *
 * Lookback n - 1 in every profile. A running sum over a ring of n; it is recomputed from the ring each RECOMPUTE_UPDATES, and at once
 * when most of it cancelled, so its error stays below 1e-12 of the window's largest value however long it runs.
 * state a lane: ring f64 x n | sum f64, peak f64 | cursor i32, laps i32
 */
import type { Arena } from "../../kernel/memory/arena.ts";
import { CANCELLATION, createOutputs, IN_CLOSE, RECOMPUTE_UPDATES, type Indicator, type IndicatorOptions } from "./indicator.ts";

export class Sma implements Indicator {
  readonly name: string = "sma";
  readonly outputs: readonly string[];
  readonly lookback: number;
  readonly values: Float64Array;
  readonly ready: Uint8Array;
  private readonly n: number;
  private readonly column: number;
  private readonly lapsMax: number;
  private readonly ring: Float64Array;
  private readonly sums: Float64Array;
  private readonly cursors: Int32Array;

  constructor(arena: Arena, lanes: number, n: number, options: IndicatorOptions = {}) {
    this.outputs = ["sma"];
    this.n = n;
    this.lookback = n - 1;
    this.column = options.column ?? IN_CLOSE;
    this.lapsMax = Math.ceil(RECOMPUTE_UPDATES / n);
    const label = `sma(${n})`;
    ({ values: this.values, ready: this.ready } = createOutputs(arena, label, lanes, 1));
    this.ring = arena.float64(`${label}.ring`, lanes * n);
    this.sums = arena.float64(`${label}.sums`, lanes * 2);
    this.cursors = arena.int32(`${label}.cursors`, lanes * 2);
  }

  isReady(lane: number): boolean {
    return this.ready[lane] === 1;
  }

  update(lane: number, bar: Float64Array): void {
    const x = bar[this.column];
    if (x - x !== 0) return;
    const n = this.n;
    const row = lane << 1;
    const cursor = this.cursors[row];
    const at = lane * n + cursor;
    const sum = this.sums[row] + (x - this.ring[at]);
    const size = sum < 0 ? -sum : sum;
    const peak = this.sums[row + 1];
    this.ring[at] = x;
    this.sums[row] = sum;
    this.values[lane] = sum / n;
    if (size > peak) this.sums[row + 1] = size;
    else if (size < peak * CANCELLATION) this.recompute(lane);
    if (cursor + 1 < n) this.cursors[row] = cursor + 1;
    else this.lap(lane);
  }

  private lap(lane: number): void {
    const row = lane << 1;
    this.cursors[row] = 0;
    this.ready[lane] = 1;
    const laps = this.cursors[row + 1] + 1;
    this.cursors[row + 1] = laps < this.lapsMax ? laps : 0;
    if (laps >= this.lapsMax) this.recompute(lane);
  }

  private recompute(lane: number): void {
    const n = this.n;
    const base = lane * n;
    let sum = 0;
    for (let i = base; i < base + n; i++) sum += this.ring[i];
    this.sums[lane << 1] = sum;
    this.sums[(lane << 1) + 1] = sum < 0 ? -sum : sum;
    this.values[lane] = sum / n;
  }
}
