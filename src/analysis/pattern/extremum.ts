/**
 * The highest (or lowest) trade price of each instrument over the time span before now: [t - span, t). @hot
 *
 * A monotonic deque a lane: only prices that can still become the extreme are kept. Trades of one event time count from the next
 * later one, so a sweep of several prints at one moment does not move its own reference. A trade out of order takes its place in time.
 * Bound: `capacity` entries a lane. When a lane is full, entries of the same time bucket (2 x span / capacity wide) are merged into
 * the most extreme price at the latest time: the extreme is never missed, but may stay for up to one bucket longer. Merges are counted.
 */
import { StreamError } from "../../kernel/core/errors.ts";
import { EMPTY, LATE } from "../../kernel/core/status.ts";
import { TIME_UNSET } from "../../kernel/core/units.ts";
import type { Arena } from "../../kernel/memory/arena.ts";
import { TAPE_PRICE, TAPE_TS_EVENT } from "../../kernel/record/tape.ts";

/** Entries a lane, unless the options say otherwise. */
export const DEFAULT_EXTREMUM_CAPACITY = 128;

const MERGED = 0;
const OUT_OF_ORDER = 1;
const STATE_CELLS = 8;

export interface ExtremumOptions {
  /** Instruments served. */
  readonly lanes: number;
  readonly spanNs: number;
  readonly kind: "highest" | "lowest";
  /** Entries a lane: a power of two, 8 to 65536. */
  readonly capacity?: number | undefined;
}

export class RollingExtremum {
  readonly spanNs: number;
  private readonly times: Float64Array;
  private readonly prices: Float64Array;
  private readonly head: Int32Array;
  private readonly length: Int32Array;
  private readonly newest: Float64Array;
  private readonly pending: Float64Array;
  private readonly since: Float64Array;
  private readonly state: Float64Array;
  private readonly tape: Float64Array;
  private readonly capacity: number;
  private readonly mask: number;
  private readonly sign: number;
  private readonly bucketNs: number;

  /** `tape`: the trade being processed. */
  constructor(arena: Arena, name: string, options: ExtremumOptions, tape: Float64Array) {
    const { lanes, spanNs, kind, capacity = DEFAULT_EXTREMUM_CAPACITY } = options;
    if (!Number.isInteger(lanes) || lanes < 1) throw new StreamError("VALUE_RANGE", `${name}: expected at least 1 lane, got ${lanes}`, { lanes });
    if (!Number.isSafeInteger(spanNs) || spanNs < 1)
      throw new StreamError("VALUE_RANGE", `${name}: expected a span of whole ns above 0, got ${spanNs}`, { spanNs });
    if (!Number.isInteger(capacity) || capacity < 8 || capacity > 65_536 || (capacity & (capacity - 1)) !== 0)
      throw new StreamError("VALUE_RANGE", `${name}: expected a capacity that is a power of two from 8 to 65536, got ${capacity}`, { capacity });
    this.spanNs = spanNs;
    this.capacity = capacity;
    this.mask = capacity - 1;
    this.sign = kind === "highest" ? 1 : -1;
    this.bucketNs = Math.max(1, Math.ceil((2 * spanNs) / (capacity - 4)));
    this.tape = tape;
    this.times = arena.float64(`${name}.times`, lanes * capacity);
    this.prices = arena.float64(`${name}.prices`, lanes * capacity);
    this.head = arena.int32(`${name}.head`, lanes);
    this.length = arena.int32(`${name}.length`, lanes);
    this.newest = arena.float64(`${name}.newest`, lanes);
    this.pending = arena.float64(`${name}.pending`, lanes);
    this.since = arena.float64(`${name}.since`, lanes);
    this.state = arena.float64(`${name}.state`, STATE_CELLS);
    if (arena.fresh) this.newest.fill(TIME_UNSET);
  }

  /** Entries merged because a lane was full. */
  get merged(): number {
    return this.state[MERGED];
  }

  /** Trades that were older than the newest of their lane. */
  get outOfOrder(): number {
    return this.state[OUT_OF_ORDER];
  }

  /** True when the lane has been watched for at least `ns` before the trade on the tape. Inlined: takes a double. */
  covers(lane: number, ns: number): boolean {
    return this.newest[lane] !== TIME_UNSET && this.tape[TAPE_TS_EVENT] - this.since[lane] >= ns;
  }

  /** Newest event time of the lane, TIME_UNSET before its first trade. */
  newestTime(lane: number): number {
    return this.newest[lane];
  }

  /**
   * Takes the trade on the tape, and finds the extreme of the span before it: its index for price(), EMPTY when no trade lies in the
   * span, LATE when the trade is out of order (it is taken, but now is later, so it is to be compared with nothing).
   */
  observe(lane: number): number {
    const ts = this.tape[TAPE_TS_EVENT];
    const key = this.tape[TAPE_PRICE] * this.sign;
    const newest = this.newest[lane];
    if (ts < newest) {
      this.state[OUT_OF_ORDER]++;
      if (ts < this.since[lane]) this.since[lane] = ts;
      this.insert(lane);
      return LATE;
    }
    if (ts > newest) {
      if (newest === TIME_UNSET) this.since[lane] = ts;
      else this.settlePending(lane);
      this.newest[lane] = ts;
      this.pending[lane] = key;
    } else if (key > this.pending[lane]) this.pending[lane] = key;
    return this.find(lane);
  }

  /** Forgets everything about the lane: as if it had never traded. */
  forget(lane: number): void {
    this.head[lane] = 0;
    this.length[lane] = 0;
    this.newest[lane] = TIME_UNSET;
    this.pending[lane] = 0;
    this.since[lane] = 0;
  }

  /** The price at an index that observe() gave, at the instrument's scale. */
  price(index: number): number {
    return this.prices[index] * this.sign;
  }

  /** Drops what has left the span before the newest moment; the index of the extreme, or EMPTY. */
  private find(lane: number): number {
    const base = lane * this.capacity;
    const from = this.newest[lane] - this.spanNs;
    let head = this.head[lane];
    let length = this.length[lane];
    while (length > 0 && this.times[base + head] < from) {
      head = (head + 1) & this.mask;
      length--;
    }
    this.head[lane] = head;
    this.length[lane] = length;
    return length === 0 ? EMPTY : base + head;
  }

  /** Moves the extreme of the newest moment, now past, into the deque. */
  private settlePending(lane: number): void {
    const base = lane * this.capacity;
    const key = this.pending[lane];
    const head = this.head[lane];
    let length = this.length[lane];
    while (length > 0 && this.prices[base + ((head + length - 1) & this.mask)] <= key) length--;
    this.length[lane] = length;
    if (length === this.capacity) this.merge(lane);
    length = this.length[lane];
    const at = base + ((this.head[lane] + length) & this.mask);
    this.times[at] = this.newest[lane];
    this.prices[at] = key;
    this.length[lane] = length + 1;
  }

  /** Puts a trade older than the newest into its place in time, unless a later price already beats it. */
  private insert(lane: number): void {
    const base = lane * this.capacity;
    const ts = this.tape[TAPE_TS_EVENT];
    const key = this.tape[TAPE_PRICE] * this.sign;
    if (this.length[lane] === this.capacity) this.merge(lane);
    const head = this.head[lane];
    const length = this.length[lane];
    let place = length; // entries before `place` are not later than ts
    while (place > 0 && this.times[base + ((head + place - 1) & this.mask)] > ts) place--;
    if (place < length && this.prices[base + ((head + place) & this.mask)] >= key) return;
    let keep = place; // of those, entries before `keep` beat it
    while (keep > 0 && this.prices[base + ((head + keep - 1) & this.mask)] <= key) keep--;
    const shift = keep + 1 - place;
    if (shift > 0) for (let i = length - 1; i >= place; i--) this.move(base, head + i, head + i + 1);
    else if (shift < 0) for (let i = place; i < length; i++) this.move(base, head + i, head + i + shift);
    const at = base + ((head + keep) & this.mask);
    this.times[at] = ts;
    this.prices[at] = key;
    this.length[lane] = length + shift;
  }

  private move(base: number, from: number, to: number): void {
    this.times[base + (to & this.mask)] = this.times[base + (from & this.mask)];
    this.prices[base + (to & this.mask)] = this.prices[base + (from & this.mask)];
  }

  /** Makes room in a full lane: one entry a time bucket. At most half of the capacity and two entries are left. */
  private merge(lane: number): void {
    this.find(lane);
    const base = lane * this.capacity;
    const head = this.head[lane];
    const length = this.length[lane];
    let kept = 0;
    let bucket = -Infinity;
    for (let i = 0; i < length; i++) {
      const at = base + ((head + i) & this.mask);
      const its = Math.floor(this.times[at] / this.bucketNs);
      if (its === bucket) {
        // The price before it is more extreme: keep that, for as long as this one would have counted.
        this.times[base + ((head + kept - 1) & this.mask)] = this.times[at];
        this.state[MERGED]++;
      } else {
        this.move(base, head + i, head + kept);
        kept++;
        bucket = its;
      }
    }
    this.length[lane] = kept;
  }
}
