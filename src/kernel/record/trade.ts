/**
 * A trade print.
 *
 *   32 price f | 40 qty f | 48 tradeId u64 | 56 aggressor u8 | 57 conditions 3 x u8 | 60 reserved u32
 *
 * Price and qty at the instrument's scales. Aggressor: SIDE_BID when the buyer crossed, SIDE_ASK when the seller did, SIDE_NONE
 * when the venue does not say. Conditions are the venue's own letters, 0 where unused.
 */
import type { Slots } from "./slots.ts";

export const TRADE_PRICE_F64 = 4;
export const TRADE_QTY_F64 = 5;
export const TRADE_ID_LOW_U32 = 12;
export const TRADE_ID_HIGH_U32 = 13;
export const TRADE_AGGRESSOR_U8 = 56;
export const TRADE_CONDITIONS_U8 = 57;

/** Condition: an auction (cross) print. */
export const CONDITION_CROSS = 0x51; // Q
/** Condition: the trade named by the id is broken (cancelled) by the venue. */
export const CONDITION_BROKEN = 0x42; // B
/** Condition: several fills reported as one (Binance aggTrade). */
export const CONDITION_AGGREGATE = 0x61; // a

/** A movable view of one trade; it never outlives the callback that was given it. */
export class TradeView {
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
    return this.slots.f64[(this.slot << 3) + TRADE_PRICE_F64];
  }

  get qty(): number {
    return this.slots.f64[(this.slot << 3) + TRADE_QTY_F64];
  }

  /** Exact to 2^53. */
  get tradeId(): number {
    const words = this.slots.u32;
    return words[(this.slot << 4) + TRADE_ID_HIGH_U32] * 4_294_967_296 + words[(this.slot << 4) + TRADE_ID_LOW_U32];
  }

  get aggressor(): number {
    return this.slots.u8[(this.slot << 6) + TRADE_AGGRESSOR_U8];
  }

  get condition(): number {
    return this.slots.u8[(this.slot << 6) + TRADE_CONDITIONS_U8];
  }
}
