/**
 * Best bid and ask of every instrument as of its last whole event, and whether they changed. @hot
 *
 * Between FLAG_LAST and FLAG_LAST a book may be torn (the old half of a replace is gone, the new one not there yet), so tops move
 * only at FLAG_LAST. A book is crossed when its bid is above its ask; equal prices are a locked book, which is allowed.
 * Bytes: 33 an instrument.
 */
import type { Arena } from "../../kernel/memory/arena.ts";
import * as ladderRows from "./ladder.ts";
import type { Ladders } from "./ladder.ts";

// Rebound so that they are folded into the code: an imported or exported constant is read at each use.
const { LEVEL_PRICE_F64, LEVEL_QTY_F64 } = ladderRows;

/** Bits of what `apply` of a book returns: */
/** the record was taken; */
export const BOOK_APPLIED = 1;
/** it executed against an order: the book's `tape` and `aggressor` hold the trade; */
export const BOOK_TRADED = 2;
/** it ended an event after which price or quantity of a best differs from that at the end of the event before; */
export const BOOK_TOP_CHANGED = 4;
/** it ended an event after which the book is crossed. */
export const BOOK_CROSSED = 8;

/** Places in a row of `tops`: */
export const TOP_BID_PRICE = 0;
export const TOP_BID_QTY = 1;
export const TOP_ASK_PRICE = 2;
export const TOP_ASK_QTY = 3;
/** Doubles in a row. */
export const TOP_WIDTH = 4;

const CHANGED = BOOK_TOP_CHANGED;
const CROSSED = BOOK_CROSSED;
const BID_QTY = TOP_BID_QTY;
const ASK_PRICE = TOP_ASK_PRICE;
const ASK_QTY = TOP_ASK_QTY;
const WIDTH = TOP_WIDTH;

const MARK_TOUCHED = 1;
const MARK_CROSSED = 2;

export class TopOfBook {
  /** Rows of 4 by instrument: bid price, bid qty, ask price, ask qty; a side that is empty has quantity 0 and price 0. */
  readonly tops: Float64Array;
  private readonly ladders: Ladders;
  private readonly marks: Uint8Array;
  /** 0 changes of a top, 1 times that a book became crossed. */
  private readonly counter: Float64Array;

  constructor(arena: Arena, ladders: Ladders) {
    this.ladders = ladders;
    this.tops = arena.float64("top.rows", ladders.instruments * WIDTH);
    this.marks = arena.uint8("top.marks", ladders.instruments);
    this.counter = arena.float64("top.count", 2);
  }

  /** Events that changed a top. */
  get changes(): number {
    return this.counter[0];
  }

  /** Times that a book became crossed. */
  get crossings(): number {
    return this.counter[1];
  }

  /** True when the book was crossed at the end of its last event. */
  isCrossed(instrument: number): boolean {
    return (this.marks[instrument] & MARK_CROSSED) !== 0;
  }

  /** Notes that a best level of the instrument was written. */
  touch(instrument: number): void {
    this.marks[instrument] |= MARK_TOUCHED;
  }

  /** At the end of an event: moves the row on and says what is new, as BOOK_TOP_CHANGED and BOOK_CROSSED. */
  settle(instrument: number): number {
    const mark = this.marks[instrument];
    if ((mark & MARK_TOUCHED) === 0) return (mark & MARK_CROSSED) === 0 ? 0 : CROSSED;
    const tops = this.tops;
    const rows = this.ladders.f64;
    const at = instrument * WIDTH;
    const bid = this.ladders.best(instrument << 1) << 2; // row 0 is no level: price 0, quantity 0
    const ask = this.ladders.best((instrument << 1) | 1) << 2;
    const bidPrice = rows[bid + LEVEL_PRICE_F64];
    const bidQty = rows[bid + LEVEL_QTY_F64];
    const askPrice = rows[ask + LEVEL_PRICE_F64];
    const askQty = rows[ask + LEVEL_QTY_F64];
    let result = 0;
    if (tops[at] !== bidPrice || tops[at + BID_QTY] !== bidQty || tops[at + ASK_PRICE] !== askPrice || tops[at + ASK_QTY] !== askQty) {
      tops[at] = bidPrice;
      tops[at + BID_QTY] = bidQty;
      tops[at + ASK_PRICE] = askPrice;
      tops[at + ASK_QTY] = askQty;
      this.counter[0]++;
      result = CHANGED;
    }
    let after = mark & ~MARK_TOUCHED;
    if (bid !== 0 && ask !== 0 && bidPrice > askPrice) {
      if ((mark & MARK_CROSSED) === 0) this.counter[1]++;
      after |= MARK_CROSSED;
      result |= CROSSED;
    } else after &= ~MARK_CROSSED;
    this.marks[instrument] = after;
    return result;
  }
}
