/**
 * From something noticed to a signal, and from a signal with a side to an order: checked, executed or refused, acknowledged. @hot
 *
 * Every signal leaves the shard with the quality of its data. An order is refused, with its reason, when the lifecycle is not READY, the
 * instrument is halted, its book is out of step, or the breaker is open; nothing is sent then. One ack a signal that has a side.
 */
import type { Clock } from "../../kernel/core/clock.ts";
import { NOT_EXACT, parseDecimal } from "../../kernel/core/fixed.ts";
import type { InstrumentRegistry } from "../../kernel/instrument/registry.ts";
import type { Arena } from "../../kernel/memory/arena.ts";
import { isExecutable } from "../../kernel/lifecycle/state-word.ts";
import {
  ACK_COMPLETION_NS_U32,
  ACK_DECISION_NS_U32,
  ACK_EMIT_INDEX_U32,
  ACK_FILLED,
  ACK_NOT_EXECUTED,
  ACK_PRICE_F64,
  ACK_QTY_F64,
  ACK_REASON_U16,
  ACK_REJECTED,
  ACK_SIDE_U8,
  ACK_STATUS_U8,
  REASON_BOOK_UNSYNCED,
  REASON_BREAKER_OPEN,
  REASON_HALTED,
  REASON_LOT,
  REASON_NONE,
  REASON_NOT_READY,
} from "../../kernel/record/ack.ts";
import { FLAG_BOOK_CROSSED, FLAG_LAST, FLAG_SUPPRESSED } from "../../kernel/record/flags.ts";
import { SIDE_NONE, TYPE_ACK, TYPE_SIGNAL } from "../../kernel/record/header.ts";
import {
  SIGNAL_CAUSE_INDEX_U32,
  SIGNAL_EMIT_INDEX_U32,
  SIGNAL_KIND_U8,
  SIGNAL_PRICE_F64,
  SIGNAL_RULE_U32,
  SIGNAL_SIDE_U8,
  SIGNAL_STRENGTH_F64,
  SIGNAL_VALUES_U16,
} from "../../kernel/record/signal.ts";
import type { TopOfBook } from "../../market/book/top-of-book.ts";
import { FILL_PRICE, FILL_QTY, PaperVenue } from "../../trading/execution/paper-venue.ts";
import type { MarketBreaker } from "../../trading/risk/market-breaker.ts";
import { CAUSE_TS_RECV, type Emitter } from "./emitter.ts";
import type { LaneQuality } from "./lane-quality.ts";
import type { OrderPlan } from "./plan.ts";
import { emitValues } from "./values-chain.ts";

/** Places in the draft row: what the caller of `raise` has filled in. */
export const DRAFT_PRICE = 0;
export const DRAFT_STRENGTH = 1;
const DRAFT_LENGTH = 2;
/** Most values of a signal. */
export const SIGNAL_VALUES_MAX = 255;

const UINT32_MAX = 4_294_967_295;

// Places in `times`.
const DECIDED = 0;
const COMPLETED = 1;

export interface SignalDeskPorts {
  readonly emitter: Emitter;
  readonly quality: LaneQuality;
  readonly registry: InstrumentRegistry;
  readonly top: TopOfBook;
  readonly breaker: MarketBreaker | null;
  readonly orders: OrderPlan | null;
  readonly clock: Clock;
}

export class SignalDesk {
  /** What is to be said: the caller fills price and strength, and `values`, then calls raise(). */
  readonly draft: Float64Array = new Float64Array(DRAFT_LENGTH);
  /** The values that it carries. */
  readonly values: Float64Array = new Float64Array(SIGNAL_VALUES_MAX);
  /** The lifecycle state as read once for this batch. */
  stateWord = 0;
  private readonly emitter: Emitter;
  private readonly quality: LaneQuality;
  private readonly registry: InstrumentRegistry;
  private readonly top: TopOfBook;
  private readonly breaker: MarketBreaker | null;
  private readonly venue: PaperVenue | null;
  private readonly clock: Clock;
  private readonly qtyText: Uint8Array;
  private readonly orderQty: Float64Array = new Float64Array(1);
  private readonly times: Float64Array = new Float64Array(2);

  constructor(arena: Arena, ports: SignalDeskPorts) {
    this.emitter = ports.emitter;
    this.quality = ports.quality;
    this.registry = ports.registry;
    this.top = ports.top;
    this.breaker = ports.breaker;
    this.venue = ports.orders === null ? null : new PaperVenue(arena, { lanes: ports.registry.capacity }, ports.top.tops, this.orderQty);
    this.clock = ports.clock;
    this.qtyText = new TextEncoder().encode(ports.orders?.qty ?? "0");
  }

  /** Emits the draft as a signal with `values` values, and an order for it when it has a side. `extra`: FLAG_CRITICAL or 0, for both. */
  raise(lane: number, kind: number, rule: number, side: number, values: number, stage: number, extra: number): void {
    const emitter = this.emitter;
    const ordered = this.venue !== null && side !== SIDE_NONE;
    const reason = ordered ? this.reasonAgainst(lane) : REASON_NONE;
    let flags = this.quality.flags(lane) | extra;
    if (this.top.isCrossed(lane)) flags |= FLAG_BOOK_CROSSED;
    if (reason === REASON_BREAKER_OPEN) flags |= FLAG_SUPPRESSED;
    const slot = emitter.next(TYPE_SIGNAL, values === 0 ? flags | FLAG_LAST : flags, lane);
    const slots = emitter.slots;
    slots.f64[(slot << 3) + SIGNAL_PRICE_F64] = this.draft[DRAFT_PRICE];
    slots.f64[(slot << 3) + SIGNAL_STRENGTH_F64] = this.draft[DRAFT_STRENGTH];
    slots.u32[(slot << 4) + SIGNAL_RULE_U32] = rule;
    slots.u8[(slot << 6) + SIGNAL_KIND_U8] = kind;
    slots.u8[(slot << 6) + SIGNAL_SIDE_U8] = side;
    slots.u16[(slot << 5) + SIGNAL_VALUES_U16] = values;
    slots.u32[(slot << 4) + SIGNAL_CAUSE_INDEX_U32] = stage;
    slots.u32[(slot << 4) + SIGNAL_EMIT_INDEX_U32] = emitter.takeIndex(lane);
    emitValues(emitter, lane, flags, this.values, 0, values);
    if (ordered) this.execute(lane, side, reason, flags);
    if (extra !== 0) emitter.hasten();
  }

  private reasonAgainst(lane: number): number {
    if (!isExecutable(this.stateWord)) return REASON_NOT_READY;
    if (this.quality.isHalted(lane)) return REASON_HALTED;
    if (this.quality.isUnsynced(lane)) return REASON_BOOK_UNSYNCED;
    return this.breaker === null ? REASON_NONE : this.breaker.reasonAgainst(lane);
  }

  private execute(lane: number, side: number, refused: number, flags: number): void {
    const emitter = this.emitter;
    const venue = this.venue;
    this.clock.stamp(this.times, DECIDED);
    let reason = refused;
    let status = refused === REASON_NONE ? ACK_FILLED : refused === REASON_NOT_READY ? ACK_NOT_EXECUTED : ACK_REJECTED;
    if (venue !== null && refused === REASON_NONE) {
      const qty = parseDecimal(this.qtyText, 0, this.qtyText.length, this.registry.qtyScale[lane]);
      if (qty === NOT_EXACT) reason = REASON_LOT;
      else {
        this.orderQty[0] = qty;
        reason = venue.fill(lane, side);
      }
      if (reason !== REASON_NONE) status = ACK_REJECTED;
    }
    const slot = emitter.next(TYPE_ACK, flags | FLAG_LAST, lane);
    const slots = emitter.slots;
    if (status === ACK_FILLED && venue !== null) {
      slots.f64[(slot << 3) + ACK_PRICE_F64] = venue.result[FILL_PRICE];
      slots.f64[(slot << 3) + ACK_QTY_F64] = venue.result[FILL_QTY];
    }
    slots.u8[(slot << 6) + ACK_STATUS_U8] = status;
    slots.u8[(slot << 6) + ACK_SIDE_U8] = side;
    slots.u16[(slot << 5) + ACK_REASON_U16] = reason;
    slots.u32[(slot << 4) + ACK_EMIT_INDEX_U32] = emitter.takeIndex(lane);
    this.clock.stamp(this.times, COMPLETED);
    const received = emitter.cause[CAUSE_TS_RECV];
    slots.u32[(slot << 4) + ACK_DECISION_NS_U32] = clampUint32(this.times[DECIDED] - received);
    slots.u32[(slot << 4) + ACK_COMPLETION_NS_U32] = clampUint32(this.times[COMPLETED] - received);
  }
}

function clampUint32(ns: number): number {
  return ns < 0 ? 0 : ns > UINT32_MAX ? UINT32_MAX : ns;
}
