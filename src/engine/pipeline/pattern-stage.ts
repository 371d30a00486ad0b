/**
 * The event patterns of a plan: over each instrument's trades and over its book, what they find out as signals. @hot
 *
 * Patterns over books look after whole events only, and only where the levels that they watch may have changed. A book that is out of
 * step or crossed is not looked at, and what was seen of it is forgotten. Each pattern speaks under its index in the plan.
 */
import { BREAKOUT_COLUMNS, BREAKOUT_CONFIDENCE, BREAKOUT_EXCESS, BREAKOUT_PRICE, BREAKOUT_REFERENCE, PriceBreakout } from "../../analysis/pattern/breakout.ts";
import { DepthWatch, WATCH_CHANGED, WATCH_OPEN } from "../../analysis/pattern/depth-watch.ts";
import { Imbalance, IMBALANCE_ASK_QTY, IMBALANCE_BID_QTY, IMBALANCE_VALUE } from "../../analysis/pattern/imbalance.ts";
import { DEPTH_CHANGE, DEPTH_NOW, DEPTH_REFERENCE, DEPTH_STRENGTH, LiquidityChange } from "../../analysis/pattern/liquidity-change.ts";
import { POW10 } from "../../kernel/core/fixed.ts";
import { TIME_UNSET } from "../../kernel/core/units.ts";
import type { InstrumentRegistry } from "../../kernel/instrument/registry.ts";
import type { Arena } from "../../kernel/memory/arena.ts";
import { FLAG_BAD_TS, FLAG_CRITICAL } from "../../kernel/record/flags.ts";
import { HEADER_FLAGS_U16, HEADER_TS_EVENT_F64, SIDE_ASK, SIDE_BID, SIDE_NONE } from "../../kernel/record/header.ts";
import { KIND_PATTERN } from "../../kernel/record/signal.ts";
import type { Slots } from "../../kernel/record/slots.ts";
import type { BookSides } from "../../market/book/liquidity.ts";
import { TOP_ASK_PRICE, TOP_BID_PRICE, TOP_WIDTH } from "../../market/book/top-of-book.ts";
import type { LaneQuality } from "./lane-quality.ts";
import type { PatternPlan, PipelinePlan } from "./plan.ts";
import { DRAFT_PRICE, DRAFT_STRENGTH, type SignalDesk } from "./signal-desk.ts";

/** Names of the values that a signal of each kind of pattern carries, in their order. */
export const PATTERN_VALUES: Readonly<Record<PatternPlan["kind"], readonly string[]>> = {
  breakout: ["price", "reference", "excess", "confidence"],
  liquidityChange: ["depth", "reference", "change"],
  imbalance: ["imbalance", "bidDepth", "askDepth"],
};

const LIQUIDITY_VALUES = 3;
const IMBALANCE_VALUES = 3;

export interface PatternPorts {
  readonly desk: SignalDesk;
  readonly quality: LaneQuality;
  readonly registry: InstrumentRegistry;
  readonly book: BookSides;
  readonly tape: Float64Array;
  /** The watermark. */
  readonly clock: Float64Array;
}

export class PatternStage {
  /** Whether any pattern looks at books. */
  readonly watchesBooks: boolean;
  private readonly ports: PatternPorts;
  private readonly breakouts: readonly PriceBreakout[];
  private readonly changes: readonly LiquidityChange[];
  private readonly imbalances: readonly Imbalance[];
  private readonly watch: DepthWatch | null;
  /** By place in the three lists, in this order: index in the plan, flags of its signals. */
  private readonly ids: Uint32Array;
  private readonly flags: Uint16Array;
  /** Sides of the liquidity changes. */
  private readonly sides: Uint8Array;
  private readonly moment: Float64Array = new Float64Array(1);

  constructor(arena: Arena, plan: PipelinePlan, ports: PatternPorts) {
    const { patterns } = plan;
    const lanes = plan.limits.instruments;
    const { book, tape, clock } = ports;
    const breakouts = patterns.filter((pattern) => pattern.kind === "breakout");
    const changes = patterns.filter((pattern) => pattern.kind === "liquidityChange");
    const imbalances = patterns.filter((pattern) => pattern.kind === "imbalance");
    const inOrder = [...breakouts, ...changes, ...imbalances];
    this.ports = ports;
    this.watchesBooks = changes.length + imbalances.length > 0;
    this.ids = Uint32Array.from(inOrder, (pattern) => patterns.indexOf(pattern));
    this.flags = Uint16Array.from(inOrder, (pattern) => (pattern.critical ? FLAG_CRITICAL : 0));
    this.sides = Uint8Array.from(changes, (pattern) => (pattern.side === "bid" ? SIDE_BID : SIDE_ASK));
    this.breakouts = breakouts.map(
      ({ name, threshold, overNs, direction }) => new PriceBreakout(arena, { lanes, threshold, overNs, direction, name: `pattern.${name}` }, tape),
    );
    this.changes = changes.map(
      ({ name, threshold, overNs, levels, direction }, index) =>
        new LiquidityChange(arena, { lanes, threshold, overNs, levels, direction, side: this.sides[index], name: `pattern.${name}` }, book, this.moment),
    );
    this.imbalances = imbalances.map(
      ({ name, threshold, release, holdNs, levels, direction }) =>
        new Imbalance(arena, { lanes, threshold, release, holdNs, levels, direction, name: `pattern.${name}` }, book, this.moment, clock),
    );
    const levels = Math.max(...[...changes, ...imbalances].map((pattern) => pattern.levels));
    this.watch = this.watchesBooks ? new DepthWatch(arena, "patterns", lanes, levels, book) : null;
  }

  /** Takes the trade on the tape. */
  onTrade(lane: number): void {
    for (let i = 0; i < this.breakouts.length; i++) if (this.breakouts[i].onTrade(lane) === 1) this.raiseBreakout(lane, i);
  }

  /** Takes a delta that the book has just applied; to be called only if `watchesBooks`. */
  onDelta(lane: number, slots: Slots, slot: number): void {
    if (this.watch === null) return;
    const seen = this.watch.onDelta(lane, slots, slot);
    if (seen === WATCH_OPEN) return;
    const { quality, book } = this.ports;
    if (quality.isUnsynced(lane) || book.top.isCrossed(lane)) {
      this.forget(lane);
      return;
    }
    const isBad = (slots.u16[(slot << 5) + HEADER_FLAGS_U16] & FLAG_BAD_TS) !== 0;
    this.moment[0] = isBad ? TIME_UNSET : slots.f64[(slot << 3) + HEADER_TS_EVENT_F64];
    if (seen === WATCH_CHANGED) this.look(lane);
    else for (let i = 0; i < this.imbalances.length; i++) if (this.imbalances[i].onQuiet(lane) === 1) this.raiseImbalance(lane, i);
  }

  /** After a word on the books of the lanes [from, to): forgets what is out of step now. */
  forgetUnsynced(from: number, to: number): void {
    if (!this.watchesBooks) return;
    for (let lane = from; lane < to; lane++) if (this.ports.quality.isUnsynced(lane)) this.forget(lane);
  }

  /** True when the watermark shows something of some lane. */
  isDue(): boolean {
    for (let i = 0; i < this.imbalances.length; i++) if (this.imbalances[i].isDue()) return true;
    return false;
  }

  /** Says what the watermark shows of this lane. */
  drain(lane: number): void {
    for (let i = 0; i < this.imbalances.length; i++) if (this.imbalances[i].nextDue(lane) === 1) this.raiseImbalance(lane, i);
  }

  private forget(lane: number): void {
    for (let i = 0; i < this.changes.length; i++) this.changes[i].forget(lane);
    for (let i = 0; i < this.imbalances.length; i++) this.imbalances[i].forget(lane);
  }

  private look(lane: number): void {
    for (let i = 0; i < this.changes.length; i++) if (this.changes[i].onEvent(lane) === 1) this.raiseChange(lane, i);
    for (let i = 0; i < this.imbalances.length; i++) if (this.imbalances[i].onEvent(lane) === 1) this.raiseImbalance(lane, i);
  }

  private raiseBreakout(lane: number, index: number): void {
    const { result } = this.breakouts[index];
    const { draft, values } = this.ports.desk;
    draft[DRAFT_PRICE] = result[BREAKOUT_PRICE];
    draft[DRAFT_STRENGTH] = result[BREAKOUT_CONFIDENCE];
    const unit = POW10[this.ports.registry.priceScale[lane]];
    values[BREAKOUT_PRICE] = result[BREAKOUT_PRICE] / unit;
    values[BREAKOUT_REFERENCE] = result[BREAKOUT_REFERENCE] / unit;
    values[BREAKOUT_EXCESS] = result[BREAKOUT_EXCESS];
    values[BREAKOUT_CONFIDENCE] = result[BREAKOUT_CONFIDENCE];
    this.raise(lane, index, BREAKOUT_COLUMNS);
  }

  /** Price: the side's best, 0 when it is empty. */
  private raiseChange(lane: number, index: number): void {
    const { result } = this.changes[index];
    const { draft, values } = this.ports.desk;
    draft[DRAFT_PRICE] = this.ports.book.top.tops[lane * TOP_WIDTH + (this.sides[index] === SIDE_BID ? TOP_BID_PRICE : TOP_ASK_PRICE)];
    draft[DRAFT_STRENGTH] = result[DEPTH_STRENGTH];
    const unit = POW10[this.ports.registry.qtyScale[lane]];
    values[0] = result[DEPTH_NOW] / unit;
    values[1] = result[DEPTH_REFERENCE] / unit;
    values[2] = result[DEPTH_CHANGE];
    this.raise(lane, this.breakouts.length + index, LIQUIDITY_VALUES);
  }

  /** Price: the best of the heavier side. */
  private raiseImbalance(lane: number, index: number): void {
    const { result } = this.imbalances[index];
    const { draft, values } = this.ports.desk;
    const value = result[IMBALANCE_VALUE];
    draft[DRAFT_PRICE] = this.ports.book.top.tops[lane * TOP_WIDTH + (value > 0 ? TOP_BID_PRICE : TOP_ASK_PRICE)];
    draft[DRAFT_STRENGTH] = value < 0 ? -value : value;
    const unit = POW10[this.ports.registry.qtyScale[lane]];
    values[0] = value;
    values[1] = result[IMBALANCE_BID_QTY] / unit;
    values[2] = result[IMBALANCE_ASK_QTY] / unit;
    this.raise(lane, this.breakouts.length + this.changes.length + index, IMBALANCE_VALUES);
  }

  private raise(lane: number, place: number, values: number): void {
    const id = this.ids[place];
    this.ports.desk.raise(lane, KIND_PATTERN, id, SIDE_NONE, values, id, this.flags[place]);
  }
}
