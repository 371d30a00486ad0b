/**
 * Latency histogram with a fixed relative error: 1 ns to 100 s at three significant digits, in 28,684 doubles (224 KB). @hot
 *
 * record() is O(1) and allocates nothing. One writer; a reader in another thread over the same bytes sees counts that are at most
 * a few records apart, never blocks the writer, and never invents a value. Values above the range are kept at its end and counted, values
 * below 0 (a clock that went back) likewise at 0; what is not a number is only counted. count, total, min and max are exact; percentiles are the highest value of their cell.
 * The cells are those of HdrHistogram (G. Tene, hdrhistogram.org): each power of two split into 1024 linear parts, the first into 2048.
 *
 *   words   0 count | 1 total | 2 min | 3 max | 4 saturated | 5 negative | 6 notANumber | 7 generation | 8 .. 12 reserved | 12 cells
 */
import { StreamError } from "../kernel/core/errors.ts";
import type { LatencyRecorder } from "../kernel/core/observer.ts";
import type { Arena } from "../kernel/memory/arena.ts";

/** Largest value with a cell of its own: 100 s in ns. */
export const HISTOGRAM_MAX_NS = 100_000_000_000;

const COUNT = 0;
const TOTAL = 1;
const MIN = 2;
const MAX = 3;
const SATURATED = 4;
const NEGATIVE = 5;
const NOT_A_NUMBER = 6;
const GENERATION = 7;
const FIRST_CELL = 12;
const SUB_BITS = 10;
const SUB_MASK = 2047;
const CELLS = 28 << SUB_BITS;

/** Doubles of one histogram. */
export const HISTOGRAM_WORDS: number = FIRST_CELL + CELLS;
/** Bytes of one histogram. */
export const HISTOGRAM_BYTES: number = HISTOGRAM_WORDS * 8;

/** What a histogram holds, at one moment. Values in ns; null where nothing was recorded, because nothing is known. */
export interface HistogramSnapshot {
  readonly count: number;
  readonly totalNs: number;
  readonly minNs: number | null;
  readonly maxNs: number | null;
  readonly meanNs: number | null;
  readonly sdNs: number | null;
  readonly p50Ns: number | null;
  readonly p90Ns: number | null;
  readonly p99Ns: number | null;
  readonly p999Ns: number | null;
  readonly p9999Ns: number | null;
  /** Values above HISTOGRAM_MAX_NS, kept at the end of the range. */
  readonly saturated: number;
  /** Values below 0, kept at 0. */
  readonly negative: number;
  /** Values that were not a number: not part of `count`. */
  readonly notANumber: number;
}

/** The cell of an integer value of 0 to HISTOGRAM_MAX_NS. */
export function cellOf(valueNs: number): number {
  if (valueNs < 2_147_483_648) {
    const bucket = 21 - Math.clz32(valueNs | SUB_MASK);
    return (bucket << SUB_BITS) + (valueNs >>> bucket);
  }
  const high = (valueNs / 65_536) | 0;
  const shift = 21 - Math.clz32(high);
  return ((shift + 16) << SUB_BITS) + (high >>> shift);
}

/** The lowest value of a cell. */
export function cellLowest(cell: number): number {
  if (cell <= SUB_MASK) return cell;
  const bucket = (cell >>> SUB_BITS) - 1;
  return (cell - (bucket << SUB_BITS)) * 2 ** bucket;
}

/** The highest value of a cell. */
export function cellHighest(cell: number): number {
  if (cell <= SUB_MASK) return cell;
  return cellLowest(cell) + 2 ** ((cell >>> SUB_BITS) - 1) - 1;
}

export class Histogram implements LatencyRecorder {
  private readonly words: Float64Array;

  /** A histogram over HISTOGRAM_WORDS doubles as they stand; zeroed words are an empty one. Without words it makes its own. */
  constructor(words: Float64Array = new Float64Array(HISTOGRAM_WORDS)) {
    if (words.length !== HISTOGRAM_WORDS) {
      throw new StreamError("VALUE_RANGE", `expected ${HISTOGRAM_WORDS} doubles for a histogram, got ${words.length}`, { length: words.length });
    }
    this.words = words;
  }

  /** Over shared bytes: a worker records, another thread reads. `byteOffset` is a multiple of 8. */
  static createOver(buffer: SharedArrayBuffer, byteOffset: number = 0): Histogram {
    return new Histogram(new Float64Array(buffer, byteOffset, HISTOGRAM_WORDS));
  }

  /** In a region of an arena. */
  static createIn(arena: Arena, name: string): Histogram {
    return new Histogram(arena.float64(name, HISTOGRAM_WORDS));
  }

  /** Records one value; fractions of a nanosecond are dropped. */
  record(valueNs: number): void {
    this.add(valueNs);
  }

  /** Records times[to] - times[from]: for hot callers, whose doubles would be boxed on the way here. */
  recordSpan(times: Float64Array, from: number, to: number): void {
    this.add(times[to] - times[from]);
  }

  /**
   * Records a value that was measured by a load that waits for answers: while one took longer than the interval between sends,
   * others that should have been sent were not. They are added as value - interval, value - 2 intervals, ... down to the interval.
   * The work is bounded by the number of cells, however small the interval. An interval below 1 ns adds nothing.
   */
  recordCorrected(valueNs: number, intervalNs: number): void {
    this.add(valueNs);
    const interval = Math.floor(intervalNs);
    if (!(interval >= 1 && valueNs > interval)) return;
    const w = this.words;
    let value = Math.min(Math.floor(valueNs), HISTOGRAM_MAX_NS) - interval;
    let added = 0;
    let total = 0;
    let lowest = value;
    while (value >= interval) {
      const cell = cellOf(value);
      const steps = Math.floor((value - cellLowest(cell)) / interval) + 1; // one, where the cell reaches below the interval
      lowest = value - (steps - 1) * interval;
      w[FIRST_CELL + cell] += steps;
      added += steps;
      total += ((value + lowest) / 2) * steps;
      value = lowest - interval;
    }
    if (added === 0) return;
    if (lowest < w[MIN]) w[MIN] = lowest;
    w[TOTAL] += total;
    w[COUNT] += added;
  }

  /** Values recorded. */
  get count(): number {
    return this.words[COUNT];
  }

  /** Sum of all values, exact while below 2^53 ns. */
  get totalNs(): number {
    return this.words[TOTAL];
  }

  get saturated(): number {
    return this.words[SATURATED];
  }

  get negative(): number {
    return this.words[NEGATIVE];
  }

  get notANumber(): number {
    return this.words[NOT_A_NUMBER];
  }

  /** Resets so far: a reader that sees it change starts its differences afresh. */
  get generation(): number {
    return this.words[GENERATION];
  }

  /**
   * The least value with at least `percent` per cent of all records at or below it, to three significant digits; -1 when empty.
   * `percent` from 0 to 100.
   */
  percentile(percent: number): number {
    const w = this.words;
    const total = this.cellsTotal();
    if (total === 0) return -1;
    const exact = (percent / 100) * total;
    const rank = Math.min(total, Math.max(1, Math.ceil(exact - exact * 1e-13)));
    const last = cellOf(w[MAX]);
    let seen = 0;
    let cell = 0;
    for (; cell < last; cell++) {
      seen += w[FIRST_CELL + cell];
      if (seen >= rank) break;
    }
    return Math.min(cellHighest(cell), w[MAX]);
  }

  /** Records whose cell lies at or below the cell of `valueNs`. */
  countAtOrBelow(valueNs: number): number {
    if (!(valueNs >= 0)) return 0;
    const w = this.words;
    const last = cellOf(Math.min(Math.floor(valueNs), w[MAX]));
    let seen = 0;
    for (let cell = 0; cell <= last; cell++) seen += w[FIRST_CELL + cell];
    return seen;
  }

  /** Adds all of another histogram to this one. */
  merge(other: Histogram): void {
    const w = this.words;
    const o = other.words;
    if (o[COUNT] > 0) {
      if (w[COUNT] === 0 || o[MIN] < w[MIN]) w[MIN] = o[MIN];
      if (w[COUNT] === 0 || o[MAX] > w[MAX]) w[MAX] = o[MAX];
    }
    w[COUNT] += o[COUNT];
    w[TOTAL] += o[TOTAL];
    w[SATURATED] += o[SATURATED];
    w[NEGATIVE] += o[NEGATIVE];
    w[NOT_A_NUMBER] += o[NOT_A_NUMBER];
    const end = FIRST_CELL + cellOf(o[MAX]);
    for (let i = FIRST_CELL; i <= end; i++) w[i] += o[i];
  }

  /**
   * Takes an earlier copy of this histogram away, which leaves what was recorded since. min and max are then known to their cell
   * only. Against a copy from before a reset nothing is taken away: everything here is since.
   */
  subtract(earlier: Histogram): void {
    const w = this.words;
    const e = earlier.words;
    if (w[GENERATION] !== e[GENERATION]) return;
    w[TOTAL] -= e[TOTAL];
    w[SATURATED] -= e[SATURATED];
    w[NEGATIVE] -= e[NEGATIVE];
    w[NOT_A_NUMBER] -= e[NOT_A_NUMBER];
    let first = -1;
    let last = -1;
    let count = 0;
    for (let cell = 0; cell < CELLS; cell++) {
      const n = w[FIRST_CELL + cell] - e[FIRST_CELL + cell];
      w[FIRST_CELL + cell] = n;
      if (n === 0) continue;
      if (first < 0) first = cell;
      last = cell;
      count += n;
    }
    w[COUNT] = count;
    const min = w[MIN];
    const max = w[MAX];
    w[MIN] = count === 0 ? 0 : Math.max(cellLowest(first), min);
    w[MAX] = count === 0 ? 0 : Math.min(cellHighest(last), max);
  }

  /** Copies everything into `target`, which loses what it held. */
  copyInto(target: Histogram): void {
    target.words.set(this.words);
  }

  /** Empties it. For the writer's thread; readers see the generation change. */
  reset(): void {
    const generation = this.words[GENERATION] + 1;
    this.words.fill(0);
    this.words[GENERATION] = generation;
  }

  /** Everything worth reporting. Cold: several passes over the cells of a copy, so that all figures are of one moment. */
  snapshot(): HistogramSnapshot {
    const copy = new Histogram(this.words.slice());
    const w = copy.words;
    const count = copy.cellsTotal();
    const known = count > 0;
    const mean = known ? w[TOTAL] / Math.max(w[COUNT], 1) : null;
    return Object.freeze({
      count,
      totalNs: w[TOTAL],
      minNs: known ? w[MIN] : null,
      maxNs: known ? w[MAX] : null,
      meanNs: mean,
      sdNs: mean === null ? null : copy.deviation(mean, count),
      p50Ns: known ? copy.percentile(50) : null,
      p90Ns: known ? copy.percentile(90) : null,
      p99Ns: known ? copy.percentile(99) : null,
      p999Ns: known ? copy.percentile(99.9) : null,
      p9999Ns: known ? copy.percentile(99.99) : null,
      saturated: w[SATURATED],
      negative: w[NEGATIVE],
      notANumber: w[NOT_A_NUMBER],
    });
  }

  private add(valueNs: number): void {
    const w = this.words;
    let value = Math.floor(valueNs);
    if (!(value >= 0 && value <= HISTOGRAM_MAX_NS)) {
      if (value < 0) {
        w[NEGATIVE] += 1;
        value = 0;
      } else if (value > HISTOGRAM_MAX_NS) {
        w[SATURATED] += 1;
        value = HISTOGRAM_MAX_NS;
      } else {
        w[NOT_A_NUMBER] += 1;
        return;
      }
    }
    w[FIRST_CELL + cellOf(value)] += 1;
    if (w[COUNT] === 0) {
      w[MIN] = value;
      w[MAX] = value;
    } else {
      if (value < w[MIN]) w[MIN] = value;
      if (value > w[MAX]) w[MAX] = value;
    }
    w[TOTAL] += value;
    w[COUNT] += 1;
  }

  /** Records in the cells up to the greatest value: what percentiles are taken of, whatever the writer is in the middle of. */
  private cellsTotal(): number {
    const w = this.words;
    const end = FIRST_CELL + cellOf(w[MAX]);
    let total = 0;
    for (let i = FIRST_CELL; i <= end; i++) total += w[i];
    return total;
  }

  private deviation(mean: number, count: number): number {
    const w = this.words;
    const last = cellOf(w[MAX]);
    let squares = 0;
    for (let cell = 0; cell <= last; cell++) {
      const n = w[FIRST_CELL + cell];
      if (n === 0) continue;
      const distance = (cellLowest(cell) + cellHighest(cell)) / 2 - mean;
      squares += distance * distance * n;
    }
    return Math.sqrt(squares / count);
  }
}
