/**
 * What became of a signal: executed, only observed, or refused.
 *
 *   32 price f (fill) | 40 qty f (filled) | 48 decisionNs u32 | 52 completionNs u32 | 56 status u8 | 57 side u8 | 58 reason u16 | 60 emitIndex u32
 *
 * decisionNs and completionNs are monotonic nanoseconds after tsRecv, saturating; like tsRecv they are not part of the output hash.
 * `sequence` and `instrument` are those of the signal.
 */
import type { Slots } from "./slots.ts";

export const ACK_PRICE_F64 = 4;
export const ACK_QTY_F64 = 5;
export const ACK_DECISION_NS_U32 = 12;
export const ACK_COMPLETION_NS_U32 = 13;
export const ACK_STATUS_U8 = 56;
export const ACK_SIDE_U8 = 57;
export const ACK_REASON_U16 = 29;
export const ACK_EMIT_INDEX_U32 = 15;

/** Filled by the gateway. */
export const ACK_FILLED = 1;
/** Accepted by the gateway, not (wholly) filled. */
export const ACK_ACCEPTED = 2;
/** Processed while the lifecycle was not READY: nothing was sent. */
export const ACK_NOT_EXECUTED = 3;
/** Refused by a check; see the reason. */
export const ACK_REJECTED = 4;

export const REASON_NONE = 0;
export const REASON_BREAKER_OPEN = 1;
export const REASON_HALTED = 2;
export const REASON_BOOK_UNSYNCED = 3;
export const REASON_NO_LIQUIDITY = 4;
export const REASON_NOT_READY = 5;
export const REASON_NO_SIDE = 6;
/** The order's quantity is not a multiple of the instrument's smallest. */
export const REASON_LOT = 7;

/** A movable view of one ack. */
export class AckView {
  private slots: Slots;
  private slot = 0;

  constructor(slots: Slots) {
    this.slots = slots;
  }

  at(slots: Slots, slot: number): this {
    this.slots = slots;
    this.slot = slot;
    return this;
  }

  get price(): number {
    return this.slots.f64[(this.slot << 3) + ACK_PRICE_F64];
  }

  get qty(): number {
    return this.slots.f64[(this.slot << 3) + ACK_QTY_F64];
  }

  get status(): number {
    return this.slots.u8[(this.slot << 6) + ACK_STATUS_U8];
  }

  get side(): number {
    return this.slots.u8[(this.slot << 6) + ACK_SIDE_U8];
  }

  get reason(): number {
    return this.slots.u16[(this.slot << 5) + ACK_REASON_U16];
  }

  get decisionNs(): number {
    return this.slots.u32[(this.slot << 4) + ACK_DECISION_NS_U32];
  }

  get completionNs(): number {
    return this.slots.u32[(this.slot << 4) + ACK_COMPLETION_NS_U32];
  }

  get emitIndex(): number {
    return this.slots.u32[(this.slot << 4) + ACK_EMIT_INDEX_U32];
  }
}
