/**
 * Where the time of one record went: a share for each named stage, which add up exactly to the whole. @hot
 *
 * Times are read from one clock and cut to whole nanoseconds before they are subtracted, so the shares and their sum are integers without rounding.
 * Each stage that took part feeds its histogram; the sum feeds the total's. A clock that goes back is counted and taken as
 * standing still, which keeps the sum exact. To bound the cost (one clock read a mark, 25-45 ns) only every n-th record is measured.
 */
import type { Clock } from "../kernel/core/clock.ts";
import { StreamError } from "../kernel/core/errors.ts";
import type { StageObserver } from "../kernel/core/observer.ts";
import { LatencyBudget } from "./budget.ts";
import { Histogram, HISTOGRAM_BYTES, type HistogramSnapshot } from "./histogram.ts";

/** Most stages of a path. */
export const STAGES_MAX = 32;

const LAST = 0;
const TOTAL = 1;
const BACKWARD = 2;
const ABANDONED = 3;
const NOW = 4;
const WORDS = 5;

const ACTIVE = 0;
const MARKED = 1;
const COUNTDOWN = 2;

/** The latencies of each stage and of the whole. */
export interface LedgerSnapshot {
  readonly total: HistogramSnapshot;
  readonly stages: readonly { readonly stage: string; readonly latency: HistogramSnapshot }[];
}

export interface LatencyLedgerOptions {
  /** Measure every n-th record, default 1. */
  readonly every?: number;
  /** Bytes shared with a reader in another thread: LatencyLedger.bytesFor(stages). */
  readonly buffer?: SharedArrayBuffer;
  /** The shares are compared with it, stage by stage. Its first stages are those of the ledger. */
  readonly budget?: LatencyBudget;
}

export class LatencyLedger implements StageObserver {
  /** Names of the stages; the index is the number given to mark(). */
  readonly stages: readonly string[];
  /** One histogram a stage. */
  readonly histograms: readonly Histogram[];
  readonly total: Histogram;
  private readonly clock: Clock;
  private readonly budget: LatencyBudget;
  private readonly every: number;
  private readonly row: Float64Array = new Float64Array(WORDS);
  private readonly shares: Float64Array;
  private readonly words: Int32Array = new Int32Array(3);

  constructor(stages: readonly string[], clock: Clock, options: LatencyLedgerOptions = {}) {
    if (stages.length < 1 || stages.length > STAGES_MAX || new Set(stages).size !== stages.length) {
      throw new StreamError("VALUE_RANGE", `expected 1 to ${STAGES_MAX} stages with different names, got ${stages.join(", ") || "none"}`, {
        stages: stages.length,
      });
    }
    const every = options.every ?? 1;
    if (!Number.isInteger(every) || every < 1) throw new StreamError("VALUE_RANGE", `expected to measure every 1st or n-th record, got ${every}`, { every });
    const buffer = options.buffer ?? new SharedArrayBuffer(LatencyLedger.bytesFor(stages.length));
    this.stages = [...stages];
    this.clock = clock;
    this.budget = options.budget ?? new LatencyBudget(stages.map((name) => ({ name, budgetNs: Infinity })));
    this.every = every;
    this.shares = new Float64Array(stages.length);
    this.total = Histogram.createOver(buffer, 0);
    this.histograms = stages.map((_, index) => Histogram.createOver(buffer, (index + 1) * HISTOGRAM_BYTES));
    this.words[COUNTDOWN] = 1;
  }

  /** Bytes of the histograms of a path with so many stages. */
  static bytesFor(stages: number): number {
    return (stages + 1) * HISTOGRAM_BYTES;
  }

  begin(): void {
    if (!this.enter()) return;
    this.clock.stamp(this.row, LAST);
    this.row[LAST] = Math.floor(this.row[LAST]);
  }

  beginAt(times: Float64Array, index: number): void {
    if (this.enter()) this.row[LAST] = Math.floor(times[index]);
  }

  /** Ends a share of `stage`; several shares of one record add up. Without effect when this record is not measured. */
  mark(stage: number): void {
    if (this.words[ACTIVE] === 0) return;
    const row = this.row;
    this.clock.stamp(row, NOW);
    const now = Math.floor(row[NOW]);
    const share = now - row[LAST];
    this.words[MARKED] |= 1 << stage;
    if (share < 0) {
      row[BACKWARD] += 1;
      return;
    }
    this.shares[stage] += share;
    row[LAST] = now;
  }

  finish(stage: number): void {
    if (this.words[ACTIVE] === 0) return;
    this.mark(stage);
    const row = this.row;
    const marked = this.words[MARKED];
    row[TOTAL] = 0;
    for (let i = 0; i < this.shares.length; i++) {
      if ((marked & (1 << i)) === 0) continue;
      this.histograms[i].record(this.shares[i]);
      this.budget.check(i, this.shares, i);
      row[TOTAL] += this.shares[i];
    }
    this.total.record(row[TOTAL]);
    this.words[ACTIVE] = 0;
  }

  /** The latest share of a stage, in ns: of the record in progress or the last one measured. */
  share(stage: number): number {
    return this.shares[stage];
  }

  /** The whole of the last record measured, in ns. */
  get whole(): number {
    return this.row[TOTAL];
  }

  /** Marks at which the clock stood before the one before. */
  get backwardSteps(): number {
    return this.row[BACKWARD];
  }

  /** Records begun and never finished: not part of any histogram. */
  get abandoned(): number {
    return this.row[ABANDONED];
  }

  snapshot(): LedgerSnapshot {
    return { total: this.total.snapshot(), stages: this.stages.map((stage, index) => ({ stage, latency: this.histograms[index].snapshot() })) };
  }

  /** True when this record is to be measured. */
  private enter(): boolean {
    const words = this.words;
    if (words[ACTIVE] !== 0) {
      this.row[ABANDONED] += 1;
      words[ACTIVE] = 0;
    }
    words[COUNTDOWN] -= 1;
    if (words[COUNTDOWN] > 0) return false;
    words[COUNTDOWN] = this.every;
    words[ACTIVE] = 1;
    words[MARKED] = 0;
    this.shares.fill(0);
    return true;
  }
}
