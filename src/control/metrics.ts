/**
 * The four counters of the hot path: count, total, least and greatest latency. @hot
 *
 * observe() is O(1) and allocates nothing. One writer; over shared bytes another thread may read, and may then see a count that is one
 * record ahead of the total. What was never observed is null, not 0. What is no latency (negative, not a
 * number, endless) is refused and counted. Percentiles are the histogram's.
 *
 *   words   0 count | 1 total | 2 min | 3 max | 4 refused | 5 .. 8 reserved
 */
import type { LatencyRecorder } from "../kernel/core/observer.ts";

const COUNT = 0;
const TOTAL = 1;
const MIN = 2;
const MAX = 3;
const REFUSED = 4;

/** Doubles of one Metrics. */
export const METRICS_WORDS = 8;

/** The counters at one moment, frozen. */
export interface MetricsSnapshot {
  readonly count: number;
  readonly totalLatencyNs: number;
  /** null while nothing was observed. */
  readonly minLatencyNs: number | null;
  /** null while nothing was observed. */
  readonly maxLatencyNs: number | null;
}

export class Metrics implements LatencyRecorder {
  private readonly words: Float64Array;

  /** Over METRICS_WORDS doubles as they stand, or its own; zeroed words are empty. */
  constructor(words: Float64Array = new Float64Array(METRICS_WORDS)) {
    this.words = words;
  }

  /** Counts one latency in ns. */
  observe(latencyNs: number): void {
    const w = this.words;
    if (!(latencyNs >= 0 && latencyNs < Infinity)) {
      w[REFUSED] += 1;
      return;
    }
    if (w[COUNT] === 0) {
      w[MIN] = latencyNs;
      w[MAX] = latencyNs;
    } else {
      if (latencyNs < w[MIN]) w[MIN] = latencyNs;
      if (latencyNs > w[MAX]) w[MAX] = latencyNs;
    }
    w[TOTAL] += latencyNs;
    w[COUNT] += 1;
  }

  record(valueNs: number): void {
    this.observe(valueNs);
  }

  recordSpan(times: Float64Array, from: number, to: number): void {
    this.observe(times[to] - times[from]);
  }

  /** Values that were no latency. */
  get refused(): number {
    return this.words[REFUSED];
  }

  /** An immutable copy. */
  snapshot(): MetricsSnapshot {
    const w = this.words;
    const known = w[COUNT] > 0;
    return Object.freeze({ count: w[COUNT], totalLatencyNs: w[TOTAL], minLatencyNs: known ? w[MIN] : null, maxLatencyNs: known ? w[MAX] : null });
  }

  /** Returns what was counted and begins again, with nothing observed in between: both happen in the writer's thread. */
  reset(): MetricsSnapshot {
    const before = this.snapshot();
    this.words.fill(0);
    return before;
  }
}

/** Mean latency of a snapshot in ns; null while nothing was observed. */
export function meanLatencyNs(snapshot: MetricsSnapshot): number | null {
  return snapshot.count === 0 ? null : snapshot.totalLatencyNs / snapshot.count;
}
