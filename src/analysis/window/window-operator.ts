/**
 * Event-time windows over the trades of each instrument, for all instruments of a shard. @hot
 *
 * A pane fires when the watermark reaches end - 1 (TIMING_ON_TIME). A trade behind that but within the allowed lateness fires its
 * pane again at once with the next version (TIMING_LATE); one behind it is LATE and only counted. A window without a trade fires
 * nothing. Accumulating panes hold everything since the window began, discarding ones what came since the last firing.
 * Bounds and what happens at them: see market/bar/frames.ts.
 */
import { StreamError } from "../../kernel/core/errors.ts";
import { EMPTY } from "../../kernel/core/status.ts";
import type { Arena } from "../../kernel/memory/arena.ts";
import { Frames, type FramesOptions } from "../../market/bar/frames.ts";
import { AGGREGATE_NAMES, Accumulators, type AggregateName } from "./aggregate.ts";
import type { Tumbling } from "./assigner.ts";

/** Columns of a fired pane in `result`. */
export const PANE_START = 0;
export const PANE_END = 1;
/** Firings of this window before this one. */
export const PANE_INDEX = 2;
/** TIMING_* of kernel/record/pane.ts: early when the pane was forced out. */
export const PANE_TIMING = 3;
/** Revisions by late trades before this firing. */
export const PANE_VERSION = 4;
/** Trades in the pane. */
export const PANE_COUNT = 5;
/** Bit i is set when value i is present; an absent value is 0. */
export const PANE_PRESENT = 6;
/** The first value; the others follow in the order of the options. */
export const PANE_VALUES = 7;

/** Most values that one window computes. */
export const PANE_VALUES_MAX = 16;

export interface WindowOptions {
  /** Instruments served. */
  readonly lanes: number;
  readonly assigner: Tumbling;
  readonly aggregates: readonly AggregateName[];
  /** How long after its close a window takes late trades. */
  readonly latenessNs?: number;
  /** Windows open at once in a lane. */
  readonly openFrames?: number;
  readonly mode?: "accumulating" | "discarding";
  /** Prefix of its regions in the memory plan. */
  readonly name?: string;
}

/** Decimal places of prices and quantities by lane: the registry's arrays. */
export interface LaneScales {
  readonly priceScale: Uint8Array;
  readonly qtyScale: Uint8Array;
}

export class WindowOperator {
  /** The pane that nextDue() fired: PANE_* columns, then the values. Valid until the next call. */
  readonly result: Float64Array;
  /** Number of values. */
  readonly values: number;
  readonly frames: Frames;
  private readonly sums: Accumulators;
  private readonly aggregates: Uint8Array;
  private readonly scales: LaneScales;
  private readonly isDiscarding: boolean;

  /** `tape`: the trade being processed. `clock`: the watermark in its first cell. */
  constructor(arena: Arena, options: WindowOptions, scales: LaneScales, tape: Float64Array, clock: Float64Array) {
    const { lanes, assigner, aggregates, latenessNs, openFrames, mode = "accumulating", name = "window" } = options;
    if (aggregates.length < 1 || aggregates.length > PANE_VALUES_MAX)
      throw new StreamError("VALUE_RANGE", `${name}: expected 1 to ${PANE_VALUES_MAX} values, got ${aggregates.length}`, { values: aggregates.length });
    for (const aggregate of aggregates) {
      if (!AGGREGATE_NAMES.includes(aggregate))
        throw new StreamError("VALUE_RANGE", `${name}: expected one of ${AGGREGATE_NAMES.join(", ")}, got ${aggregate}`, { aggregate });
    }
    const frames: FramesOptions = { lanes, sizeNs: assigner.frameNs, offsetNs: assigner.offsetNs, openFrames, latenessNs };
    this.frames = new Frames(arena, name, frames, tape, clock);
    this.sums = new Accumulators(arena, name, this.frames.rows, aggregates, tape);
    this.aggregates = Uint8Array.from(aggregates, (aggregate) => AGGREGATE_NAMES.indexOf(aggregate));
    this.values = aggregates.length;
    this.result = new Float64Array(PANE_VALUES + aggregates.length);
    this.scales = scales;
    this.isDiscarding = mode === "discarding";
  }

  /** Trades refused as LATE: in no window any more. */
  get lateTrades(): number {
    return this.frames.lateTrades;
  }

  /** Panes fired before their time because a lane was full. */
  get forcedPanes(): number {
    return this.frames.forcedFrames;
  }

  /**
   * Takes the trade on the tape. 0; DUE when the lane is to be drained at once (a late firing, or a pane forced out); LATE or
   * REJECTED, counted, when the trade is in no window.
   */
  onTrade(lane: number): number {
    const frames = this.frames;
    const row = frames.find(lane);
    if (row < 0) return row;
    this.sums.add(row, frames.count[row]++);
    return frames.laneDue(lane);
  }

  /** True when the watermark makes something due in some lane: one comparison. */
  isDue(): boolean {
    return this.frames.isDue();
  }

  /** Fires the lane's earliest due pane into `result` and returns its row; EMPTY when there is none. To be called until EMPTY. */
  nextDue(lane: number): number {
    const frames = this.frames;
    const row = frames.next(lane);
    if (row < 0) return EMPTY;
    const result = this.result;
    const count = frames.count[row];
    result[PANE_START] = frames.start[row];
    result[PANE_END] = frames.start[row] + frames.sizeNs;
    result[PANE_INDEX] = frames.version[row];
    result[PANE_TIMING] = frames.timing(row);
    result[PANE_VERSION] = frames.version[row];
    result[PANE_COUNT] = count;
    const priceScale = this.scales.priceScale[lane];
    const qtyScale = this.scales.qtyScale[lane];
    let present = 0;
    for (let i = 0; i < this.values; i++) {
      present |= this.sums.read(this.aggregates[i], row, count, priceScale, qtyScale, result, PANE_VALUES + i) << i;
    }
    result[PANE_PRESENT] = present;
    if (this.isDiscarding) frames.count[row] = 0;
    frames.release(row);
    return row;
  }

  /** To be called once after all lanes were drained for a watermark. */
  settle(): void {
    this.frames.settle();
  }
}
