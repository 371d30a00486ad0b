/**
 * Book deltas written for a test, one a call, and the state of a book as plain values.
 */
import {
  ACTION_ADD,
  ACTION_CANCEL,
  ACTION_CLEAR,
  ACTION_DELETE,
  ACTION_EXECUTE,
  ACTION_EXECUTE_AT,
  ACTION_REPLACE_FROM,
  ACTION_REPLACE_TO,
  ACTION_SET,
  DELTA_ORDER_HIGH_I32,
  DELTA_ORDER_LOW_I32,
  DELTA_PRICE_F64,
  DELTA_QTY_F64,
  DELTA_WORD_I32,
  DELTA_COUNT_U32,
} from "../../src/kernel/record/book-delta.ts";
import { FLAG_LAST } from "../../src/kernel/record/flags.ts";
import { headerWord, TYPE_BOOK_DELTA } from "../../src/kernel/record/header.ts";
import { Slots } from "../../src/kernel/record/slots.ts";

/** What takes deltas: either book. */
interface Applies {
  apply(slots: Slots, slot: number): number;
}

/** Writes deltas of one instrument into a slot and applies them. `last` = false keeps the event open. */
export class Deltas {
  readonly slots: Slots = Slots.create(1);
  private readonly book: Applies;
  private sequence = 0;

  constructor(book: Applies) {
    this.book = book;
  }

  add(id: number | bigint, side: number, price: number, qty: number, last: boolean = true, instrument: number = 0): number {
    return this.delta(instrument, ACTION_ADD, side, price, qty, id, last);
  }

  execute(id: number | bigint, qty: number, last: boolean = true, instrument: number = 0): number {
    return this.delta(instrument, ACTION_EXECUTE, 0, 0, qty, id, last);
  }

  executeAt(id: number | bigint, price: number, qty: number, last: boolean = true, instrument: number = 0): number {
    return this.delta(instrument, ACTION_EXECUTE_AT, 0, price, qty, id, last);
  }

  cancel(id: number | bigint, qty: number, last: boolean = true, instrument: number = 0): number {
    return this.delta(instrument, ACTION_CANCEL, 0, 0, qty, id, last);
  }

  delete(id: number | bigint, last: boolean = true, instrument: number = 0): number {
    return this.delta(instrument, ACTION_DELETE, 0, 0, 0, id, last);
  }

  /** Both halves; the answer is that of the second. */
  replace(from: number | bigint, to: number | bigint, price: number, qty: number, instrument: number = 0): number {
    this.delta(instrument, ACTION_REPLACE_FROM, 0, 0, 0, from, false);
    return this.delta(instrument, ACTION_REPLACE_TO, 0, price, qty, to, true);
  }

  set(side: number, price: number, qty: number, last: boolean = true, instrument: number = 0, orders: number = 0): number {
    return this.delta(instrument, ACTION_SET, side, price, qty, 0, last, orders);
  }

  clear(last: boolean = true, instrument: number = 0): number {
    return this.delta(instrument, ACTION_CLEAR, 0, 0, 0, 0, last);
  }

  delta(instrument: number, action: number, side: number, price: number, qty: number, id: number | bigint, last: boolean, count: number = 0): number {
    const { f64, i32, u32 } = this.slots;
    const wide = BigInt(id);
    this.slots.clear(0);
    i32[0] = headerWord(TYPE_BOOK_DELTA, last ? FLAG_LAST : 0);
    u32[1] = instrument;
    f64[1] = ++this.sequence;
    f64[2] = this.sequence * 1000;
    f64[DELTA_PRICE_F64] = price;
    f64[DELTA_QTY_F64] = qty;
    u32[DELTA_ORDER_LOW_I32] = Number(wide & 0xffff_ffffn);
    u32[DELTA_ORDER_HIGH_I32] = Number(wide >> 32n);
    i32[DELTA_WORD_I32] = action | (side << 8);
    u32[DELTA_COUNT_U32] = count;
    return this.book.apply(this.slots, 0);
  }
}
