/**
 * One change of a book, by order (ITCH) or by level (most crypto venues).
 *
 *   32 price f | 40 qty f | 48 orderId u64 (two u32) | 56 action u8 | 57 side u8 | 58 level u16 | 60 count u32
 *
 * The deltas of one venue message are one event: FLAG_LAST is on the last of them, and only then is the book whole.
 *
 *   action         price      qty              orderId       side
 *   ADD            of order   of order         new order     given
 *   EXECUTE        unused     executed         order         unused   the trade's price is the order's; FLAG_NON_PRINTABLE may be set
 *   EXECUTE_AT     of trade   executed         order         unused   executed at another price than the order's
 *   CANCEL         unused     taken off        order         unused
 *   DELETE         unused     unused           order         unused
 *   REPLACE_FROM   unused     unused           old order     unused   always followed by REPLACE_TO of the same instrument
 *   REPLACE_TO     of order   of order         new order     that of the old order; queue priority is lost
 *   SET            of level   of level, 0 = gone  unused     given    absolute quantity of a price level
 *   CLEAR          unused     unused           unused        unused   both sides are emptied (a snapshot follows)
 *
 * For EXECUTE and EXECUTE_AT, `count` is the low 32 bits of the venue's match number; elsewhere it is the number of orders, 0 if not known.
 */
import type { Slots } from "./slots.ts";

export const DELTA_PRICE_F64 = 4;
export const DELTA_QTY_F64 = 5;
export const DELTA_ORDER_LOW_I32 = 12;
export const DELTA_ORDER_HIGH_I32 = 13;
export const DELTA_ACTION_U8 = 56;
export const DELTA_SIDE_U8 = 57;
export const DELTA_LEVEL_U16 = 29;
export const DELTA_COUNT_U32 = 15;
/** Action, side and level as one word of Slots.i32 from slot * 16: action | side << 8 | level << 16. */
export const DELTA_WORD_I32 = 14;

export const ACTION_ADD = 1;
export const ACTION_EXECUTE = 2;
export const ACTION_EXECUTE_AT = 3;
export const ACTION_CANCEL = 4;
export const ACTION_DELETE = 5;
export const ACTION_REPLACE_FROM = 6;
export const ACTION_REPLACE_TO = 7;
export const ACTION_SET = 8;
export const ACTION_CLEAR = 9;

const NAMES = ["", "add", "execute", "executeAt", "cancel", "delete", "replaceFrom", "replaceTo", "set", "clear"];

/** The name of an action. Cold. */
export function actionName(action: number): string {
  return NAMES[action] || `unknown ${action}`;
}

/** A movable view of one book delta. */
export class BookDeltaView {
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
    return this.slots.f64[(this.slot << 3) + DELTA_PRICE_F64];
  }

  get qty(): number {
    return this.slots.f64[(this.slot << 3) + DELTA_QTY_F64];
  }

  /** Exact to 2^53. */
  get orderId(): number {
    const words = this.slots.u32;
    return words[(this.slot << 4) + DELTA_ORDER_HIGH_I32] * 4_294_967_296 + words[(this.slot << 4) + DELTA_ORDER_LOW_I32];
  }

  get action(): number {
    return this.slots.u8[(this.slot << 6) + DELTA_ACTION_U8];
  }

  get side(): number {
    return this.slots.u8[(this.slot << 6) + DELTA_SIDE_U8];
  }

  get level(): number {
    return this.slots.u16[(this.slot << 5) + DELTA_LEVEL_U16];
  }

  get count(): number {
    return this.slots.u32[(this.slot << 4) + DELTA_COUNT_U32];
  }
}
