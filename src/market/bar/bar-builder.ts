/**
 * Time bars [start, end) from trades, for all instruments of a shard. @hot
 *
 * A bar closes when the watermark reaches end - 1; an interval without a trade makes no bar. Open and close are the first and the
 * last trade by (tsEvent, sequence), so trades out of order leave them right. Volume, buy volume and notional are summed exactly
 * (two limbs) and rounded once when the bar fires. What is late, forced or revised: see frames.ts.
 */
import { addCell, addCellProduct, sumToNumber } from "../../kernel/core/exact-sum.ts";
import { EMPTY } from "../../kernel/core/status.ts";
import type { Arena } from "../../kernel/memory/arena.ts";
import { SIDE_BID } from "../../kernel/record/header.ts";
import { TAPE_PRICE, TAPE_QTY, TAPE_SEQUENCE, TAPE_TS_EVENT } from "../../kernel/record/tape.ts";
import { Frames, type FramesOptions } from "./frames.ts";

/** Columns of a fired bar in `result`: prices and quantities at the instrument's scales, notional at the sum of both. */
export const BAR_START = 0;
export const BAR_END = 1;
export const BAR_OPEN = 2;
export const BAR_HIGH = 3;
export const BAR_LOW = 4;
export const BAR_CLOSE = 5;
export const BAR_VOLUME = 6;
export const BAR_NOTIONAL = 7;
export const BAR_BUY_VOLUME = 8;
export const BAR_COUNT = 9;
/** Revisions by late trades before this firing. */
export const BAR_VERSION = 10;
/** TIMING_* of kernel/record/pane.ts: early when the bar was forced out. */
export const BAR_TIMING = 11;
export const BAR_COLUMNS = 12;

const OPEN = 0;
const OPEN_TS = 1;
const OPEN_SEQUENCE = 2;
const HIGH = 3;
const LOW = 4;
const CLOSE = 5;
const CLOSE_TS = 6;
const CLOSE_SEQUENCE = 7;
const VOLUME = 8; // two limbs
const BUY_VOLUME = 10; // two limbs
const NOTIONAL = 12; // two limbs
const CELLS = 16;

export interface BarOptions {
  /** Instruments served. */
  readonly lanes: number;
  readonly intervalNs: number;
  /** Start of an interval relative to the session epoch, |offsetNs| < intervalNs. */
  readonly offsetNs?: number;
  /** Bars open at once in a lane. */
  readonly openBars?: number;
  /** How long after its close a bar is revised by late trades. */
  readonly latenessNs?: number;
  /** Prefix of its regions in the memory plan. */
  readonly name?: string;
}

export class BarBuilder {
  /** The bar that nextDue() fired: BAR_* columns. Valid until the next call. */
  readonly result: Float64Array;
  readonly intervalNs: number;
  readonly frames: Frames;
  private readonly cells: Float64Array;
  private readonly tape: Float64Array;

  /** `tape`: the trade being processed. `clock`: the watermark in its first cell. */
  constructor(arena: Arena, options: BarOptions, tape: Float64Array, clock: Float64Array) {
    const { lanes, intervalNs, offsetNs, openBars, latenessNs, name = "bars" } = options;
    const frames: FramesOptions = { lanes, sizeNs: intervalNs, offsetNs, openFrames: openBars, latenessNs };
    this.frames = new Frames(arena, name, frames, tape, clock);
    this.cells = arena.float64(`${name}.cells`, this.frames.rows * CELLS);
    this.result = new Float64Array(BAR_COLUMNS);
    this.intervalNs = intervalNs;
    this.tape = tape;
  }

  /** Trades refused as LATE. */
  get lateTrades(): number {
    return this.frames.lateTrades;
  }

  /** Bars fired before their time because a lane was full. */
  get forcedBars(): number {
    return this.frames.forcedFrames;
  }

  /**
   * Takes the trade on the tape. 0; DUE when the lane is to be drained at once (a late revision, or a bar forced out); LATE or
   * REJECTED, counted, when the trade is in no bar.
   */
  onTrade(lane: number, aggressor: number): number {
    const frames = this.frames;
    const row = frames.find(lane);
    if (row < 0) return row;
    const cells = this.cells;
    const tape = this.tape;
    const at = row * CELLS;
    const price = tape[TAPE_PRICE];
    const ts = tape[TAPE_TS_EVENT];
    const sequence = tape[TAPE_SEQUENCE];
    if (frames.count[row]++ === 0) {
      cells[at + OPEN] = price;
      cells[at + OPEN_TS] = ts;
      cells[at + OPEN_SEQUENCE] = sequence;
      cells[at + HIGH] = price;
      cells[at + LOW] = price;
      cells[at + CLOSE] = price;
      cells[at + CLOSE_TS] = ts;
      cells[at + CLOSE_SEQUENCE] = sequence;
      for (let i = VOLUME; i < NOTIONAL + 2; i++) cells[at + i] = 0;
    } else {
      if (price > cells[at + HIGH]) cells[at + HIGH] = price;
      if (price < cells[at + LOW]) cells[at + LOW] = price;
      const closeTs = cells[at + CLOSE_TS];
      if (ts > closeTs || (ts === closeTs && sequence >= cells[at + CLOSE_SEQUENCE])) {
        cells[at + CLOSE] = price;
        cells[at + CLOSE_TS] = ts;
        cells[at + CLOSE_SEQUENCE] = sequence;
      } else {
        const openTs = cells[at + OPEN_TS];
        if (ts < openTs || (ts === openTs && sequence < cells[at + OPEN_SEQUENCE])) {
          cells[at + OPEN] = price;
          cells[at + OPEN_TS] = ts;
          cells[at + OPEN_SEQUENCE] = sequence;
        }
      }
    }
    addCell(cells, at + VOLUME, tape, TAPE_QTY);
    if (aggressor === SIDE_BID) addCell(cells, at + BUY_VOLUME, tape, TAPE_QTY);
    addCellProduct(cells, at + NOTIONAL, tape, TAPE_PRICE, TAPE_QTY);
    return frames.laneDue(lane);
  }

  /** True when the watermark makes something due in some lane: one comparison. */
  isDue(): boolean {
    return this.frames.isDue();
  }

  /** Fires the lane's earliest due bar into `result` and returns its row; EMPTY when there is none. To be called until EMPTY. */
  nextDue(lane: number): number {
    const frames = this.frames;
    const row = frames.next(lane);
    if (row < 0) return EMPTY;
    const cells = this.cells;
    const result = this.result;
    const at = row * CELLS;
    result[BAR_START] = frames.start[row];
    result[BAR_END] = frames.start[row] + frames.sizeNs;
    result[BAR_OPEN] = cells[at + OPEN];
    result[BAR_HIGH] = cells[at + HIGH];
    result[BAR_LOW] = cells[at + LOW];
    result[BAR_CLOSE] = cells[at + CLOSE];
    result[BAR_VOLUME] = sumToNumber(cells, at + VOLUME);
    result[BAR_NOTIONAL] = sumToNumber(cells, at + NOTIONAL);
    result[BAR_BUY_VOLUME] = sumToNumber(cells, at + BUY_VOLUME);
    result[BAR_COUNT] = frames.count[row];
    result[BAR_VERSION] = frames.version[row];
    result[BAR_TIMING] = frames.timing(row);
    frames.release(row);
    return row;
  }

  /** To be called once after all lanes were drained for a watermark. */
  settle(): void {
    this.frames.settle();
  }
}
