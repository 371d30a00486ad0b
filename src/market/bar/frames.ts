/**
 * Time frames [start, start + size) per lane: which are open, due, late or gone. Bars and windows keep their sums beside its rows. @hot
 *
 * Frames are aligned by floor division, and open for any event time not yet past: trades out of order land in their own frame. A
 * frame fires when the watermark reaches end - 1, earliest first; behind that a trade within the allowed lateness fires it again at
 * once, and one behind end - 1 + lateness is LATE (Flink's rule: a frame is kept until the watermark reaches its cleanup time).
 * Bound: `openFrames` a lane. When one more is wanted the oldest is fired before its time (TIMING_EARLY, counted); nothing is lost,
 * but what comes for it later is LATE. Closed frames kept for lateness give way first (counted as evicted).
 */
import { floorMod } from "../../kernel/core/fixed.ts";
import { StreamError } from "../../kernel/core/errors.ts";
import { EMPTY, LATE, REJECTED } from "../../kernel/core/status.ts";
import { TIME_UNSET } from "../../kernel/core/units.ts";
import type { Arena } from "../../kernel/memory/arena.ts";
import { TIMING_EARLY, TIMING_LATE, TIMING_ON_TIME } from "../../kernel/record/pane.ts";
import { TAPE_TS_EVENT } from "../../kernel/record/tape.ts";

/** Frames open at once in a lane, unless the options say otherwise. */
export const DEFAULT_OPEN_FRAMES = 8;

/** The lane has something to fire at once: drain it with nextDue(lane) until EMPTY. */
export const DUE = 1;

const FREE = 0;
const OPEN = 1;
const FORCED = 2; // to be fired before its time
const FIRED = 3; // kept for late trades
const REVISED = 4; // late trades since it fired, or it was opened behind its close

const NEXT_DEADLINE = 0;
const LATE_COUNT = 1;
const REJECTED_COUNT = 2;
const FORCED_COUNT = 3;
const EVICTED_COUNT = 4;
const STATE_CELLS = 8;

export interface FramesOptions {
  /** Instruments served. */
  readonly lanes: number;
  readonly sizeNs: number;
  /** Start of a frame relative to the session epoch, |offsetNs| < sizeNs. */
  readonly offsetNs?: number | undefined;
  /** Frames open at once in a lane, 1 to 1024. */
  readonly openFrames?: number | undefined;
  /** How long after its close a frame takes late trades. */
  readonly latenessNs?: number | undefined;
}

export class Frames {
  readonly sizeNs: number;
  readonly latenessNs: number;
  /** Rows of all lanes: lane x slots + slot. Owners size their sums by it. */
  readonly rows: number;
  /** Start of each row's frame. */
  readonly start: Float64Array;
  /** Trades in each row; 0 means that the owner starts its sums afresh. The owner counts. */
  readonly count: Uint32Array;
  /** Firings of the row's frame so far; stays at 65535. */
  readonly version: Uint16Array;
  private readonly status: Uint8Array;
  private readonly current: Int32Array;
  private readonly deadline: Float64Array;
  private readonly floor: Float64Array;
  private readonly state: Float64Array;
  private readonly offsetNs: number;
  private readonly slots: number;
  private readonly lanes: number;
  private readonly tape: Float64Array;
  private readonly clock: Float64Array;

  /** `tape`: the trade being processed. `clock`: the watermark in its first cell, TIME_UNSET before the first. */
  constructor(arena: Arena, name: string, options: FramesOptions, tape: Float64Array, clock: Float64Array) {
    const { lanes, sizeNs, offsetNs = 0, openFrames = DEFAULT_OPEN_FRAMES, latenessNs = 0 } = options;
    if (!Number.isInteger(lanes) || lanes < 1) throw new StreamError("VALUE_RANGE", `${name}: expected at least 1 lane, got ${lanes}`, { lanes });
    if (!Number.isSafeInteger(sizeNs) || sizeNs < 1)
      throw new StreamError("VALUE_RANGE", `${name}: expected a size of whole ns above 0, got ${sizeNs}`, { sizeNs });
    if (!Number.isSafeInteger(offsetNs) || Math.abs(offsetNs) >= sizeNs)
      throw new StreamError("VALUE_RANGE", `${name}: expected an offset of whole ns smaller than the size ${sizeNs}, got ${offsetNs}`, { offsetNs, sizeNs });
    if (!Number.isInteger(openFrames) || openFrames < 1 || openFrames > 1024)
      throw new StreamError("VALUE_RANGE", `${name}: expected 1 to 1024 open frames, got ${openFrames}`, { openFrames });
    if (!Number.isSafeInteger(latenessNs) || latenessNs < 0)
      throw new StreamError("VALUE_RANGE", `${name}: expected a lateness of whole ns, at least 0, got ${latenessNs}`, { latenessNs });
    this.sizeNs = sizeNs;
    this.offsetNs = offsetNs;
    this.latenessNs = latenessNs;
    this.lanes = lanes;
    this.slots = openFrames + 1; // one spare: a trade is always taken, then the oldest frame is forced
    this.rows = lanes * this.slots;
    this.tape = tape;
    this.clock = clock;
    this.start = arena.float64(`${name}.start`, this.rows);
    this.count = arena.uint32(`${name}.count`, this.rows);
    this.version = arena.uint16(`${name}.version`, this.rows);
    this.status = arena.uint8(`${name}.status`, this.rows);
    this.current = arena.int32(`${name}.current`, lanes);
    this.deadline = arena.float64(`${name}.deadline`, lanes);
    this.floor = arena.float64(`${name}.floor`, lanes);
    this.state = arena.float64(`${name}.state`, STATE_CELLS);
    if (arena.fresh) {
      this.deadline.fill(Infinity);
      this.floor.fill(TIME_UNSET);
      this.state[NEXT_DEADLINE] = Infinity;
    }
  }

  /** Trades refused as LATE. */
  get lateTrades(): number {
    return this.state[LATE_COUNT];
  }

  /** Trades refused because a lane was full and had not been drained. */
  get rejectedTrades(): number {
    return this.state[REJECTED_COUNT];
  }

  /** Frames fired before their time because a lane was full. */
  get forcedFrames(): number {
    return this.state[FORCED_COUNT];
  }

  /** Closed frames dropped before their lateness ended because a lane was full. */
  get evictedFrames(): number {
    return this.state[EVICTED_COUNT];
  }

  /** The row of the frame that takes the trade on the tape, opened if need be; LATE or REJECTED, counted. */
  find(lane: number): number {
    const row = this.current[lane] - 1;
    if (row >= 0 && this.status[row] === OPEN) {
      const start = this.start[row];
      const into = this.tape[TAPE_TS_EVENT] - start;
      if (into >= 0 && into < this.sizeNs && this.clock[0] < start + this.sizeNs - 1) return row;
    }
    return this.findOther(lane);
  }

  /** DUE when the lane has something to fire at the watermark, else 0. */
  laneDue(lane: number): number {
    return this.deadline[lane] <= this.clock[0] ? DUE : 0;
  }

  /** True when some lane may have something to fire. */
  isDue(): boolean {
    return this.state[NEXT_DEADLINE] <= this.clock[0];
  }

  /** The due row with the earliest frame, to be read and then released; EMPTY when the lane has none. */
  next(lane: number): number {
    const watermark = this.clock[0];
    if (this.deadline[lane] > watermark) return EMPTY;
    const from = lane * this.slots;
    const to = from + this.slots;
    let best = EMPTY;
    let bestStart = Infinity;
    let later = Infinity;
    for (let row = from; row < to; row++) {
      const status = this.status[row];
      if (status === FREE || status === FIRED) continue;
      const start = this.start[row];
      const close = start + this.sizeNs - 1;
      if (status === OPEN && close > watermark) {
        if (close < later) later = close;
      } else if (start < bestStart) {
        best = row;
        bestStart = start;
      }
    }
    if (best < 0) this.deadline[lane] = later;
    return best;
  }

  /** TIMING_* of a row that next() gave. */
  timing(row: number): number {
    const status = this.status[row];
    if (status === OPEN) return TIMING_ON_TIME;
    return status === FORCED ? TIMING_EARLY : TIMING_LATE;
  }

  /** Ends the firing of a row: it is kept while late trades may still come, else free. */
  release(row: number): void {
    const close = this.start[row] + this.sizeNs - 1;
    if (this.version[row] < 0xffff) this.version[row]++;
    this.status[row] = this.status[row] !== FORCED && this.clock[0] < close + this.latenessNs ? FIRED : FREE;
  }

  /** Finds the next deadline after every lane was drained. */
  settle(): void {
    let next = Infinity;
    for (let lane = 0; lane < this.lanes; lane++) if (this.deadline[lane] < next) next = this.deadline[lane];
    this.state[NEXT_DEADLINE] = next;
  }

  private findOther(lane: number): number {
    const ts = this.tape[TAPE_TS_EVENT];
    const watermark = this.clock[0];
    const start = ts - floorMod(ts - this.offsetNs, this.sizeNs);
    const close = start + this.sizeNs - 1;
    if (watermark >= close + this.latenessNs) return this.refuseLate();
    const from = lane * this.slots;
    const to = from + this.slots;
    let row = from;
    while (row < to && (this.status[row] === FREE || this.start[row] !== start)) row++;
    const isNew = row === to;
    if (isNew) {
      if (start < this.floor[lane]) return this.refuseLate();
      row = this.vacate(lane);
      if (row < 0) return REJECTED;
      this.start[row] = start;
      this.status[row] = OPEN;
      this.version[row] = 0;
      this.count[row] = 0;
      if (close < this.deadline[lane]) this.deadline[lane] = close;
      if (close < this.state[NEXT_DEADLINE]) this.state[NEXT_DEADLINE] = close;
      this.keepSpare(lane);
    }
    if (watermark < close) this.current[lane] = row + 1;
    else if (isNew || this.status[row] === FIRED) {
      this.status[row] = REVISED;
      this.deadline[lane] = TIME_UNSET;
      this.state[NEXT_DEADLINE] = TIME_UNSET;
    }
    return row;
  }

  private refuseLate(): number {
    this.state[LATE_COUNT]++;
    return LATE;
  }

  /** A row for a new frame: a free one, else the earliest closed one; REJECTED when the lane waits to be drained. */
  private vacate(lane: number): number {
    const from = lane * this.slots;
    const to = from + this.slots;
    let fired = REJECTED;
    for (let row = from; row < to; row++) {
      const status = this.status[row];
      if (status === FREE) return row;
      if (status === FIRED && (fired < 0 || this.start[row] < this.start[fired])) fired = row;
    }
    if (fired < 0) {
      this.state[REJECTED_COUNT]++;
      return REJECTED;
    }
    const end = this.start[fired] + this.sizeNs;
    if (this.clock[0] < end - 1 + this.latenessNs) {
      this.state[EVICTED_COUNT]++;
      if (end > this.floor[lane]) this.floor[lane] = end;
    }
    return fired;
  }

  /** Marks the earliest open frame to be fired now when no row of the lane could take another frame. */
  private keepSpare(lane: number): void {
    const from = lane * this.slots;
    const to = from + this.slots;
    let oldest = -1;
    for (let row = from; row < to; row++) {
      const status = this.status[row];
      if (status === FREE || status === FIRED) return;
      if (status === OPEN && (oldest < 0 || this.start[row] < this.start[oldest])) oldest = row;
    }
    if (oldest < 0) return;
    const end = this.start[oldest] + this.sizeNs;
    this.status[oldest] = FORCED;
    this.state[FORCED_COUNT]++;
    if (end > this.floor[lane]) this.floor[lane] = end;
    this.deadline[lane] = TIME_UNSET;
    this.state[NEXT_DEADLINE] = TIME_UNSET;
  }
}
