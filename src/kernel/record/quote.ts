/**
 * Best bid and offer as the venue states them.
 *
 *   32 bidPrice f | 40 askPrice f | 48 bidQty f | 56 askQty f
 *
 * A side that is empty has quantity 0 and price 0.
 */
import type { Slots } from "./slots.ts";

export const QUOTE_BID_PRICE_F64 = 4;
export const QUOTE_ASK_PRICE_F64 = 5;
export const QUOTE_BID_QTY_F64 = 6;
export const QUOTE_ASK_QTY_F64 = 7;

/** A movable view of one quote. */
export class QuoteView {
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

  get bidPrice(): number {
    return this.slots.f64[(this.slot << 3) + QUOTE_BID_PRICE_F64];
  }

  get askPrice(): number {
    return this.slots.f64[(this.slot << 3) + QUOTE_ASK_PRICE_F64];
  }

  get bidQty(): number {
    return this.slots.f64[(this.slot << 3) + QUOTE_BID_QTY_F64];
  }

  get askQty(): number {
    return this.slots.f64[(this.slot << 3) + QUOTE_ASK_QTY_F64];
  }
}
