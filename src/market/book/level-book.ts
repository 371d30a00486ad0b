/**
 * Books by price level (L2): the venue states the quantity of a price, 0 for gone. One object for all instruments of a shard. @hot
 *
 * Promise: after the last record of an event the book holds exactly the levels that were set and not removed; removing a level that
 * is not there is normal. What cannot be taken is refused whole, counted, and changes nothing: the caller then marks the book as
 * unsynced. A refused last record leaves the report of a changed top to the event after it.
 * Bytes: 58 to 84 a level, 500 an instrument; nothing else grows.
 */
import { REJECTED } from "../../kernel/core/status.ts";
import type { Arena } from "../../kernel/memory/arena.ts";
import { ACTION_CLEAR, ACTION_SET, DELTA_COUNT_U32, DELTA_PRICE_F64, DELTA_QTY_F64, DELTA_WORD_I32 } from "../../kernel/record/book-delta.ts";
import { FLAG_LAST } from "../../kernel/record/flags.ts";
import { HEADER_INSTRUMENT_U32, HEADER_WORD_I32, SIDE_ASK } from "../../kernel/record/header.ts";
import type { Slots } from "../../kernel/record/slots.ts";
import { requireBookSizes } from "./book-sizes.ts";
import { Ladders, LEVEL_ORDERS_I32, LEVEL_QTY_F64 } from "./ladder.ts";
import { BOOK_APPLIED, TopOfBook } from "./top-of-book.ts";

export interface LevelBookOptions {
  /** Instrument ids are below this. */
  readonly instruments: number;
  /** Levels of all instruments together. */
  readonly levels: number;
}

export class LevelBook {
  readonly ladders: Ladders;
  readonly top: TopOfBook;
  /** Best bid and ask by instrument: see top-of-book.ts. */
  readonly tops: Float64Array;
  private readonly instruments: number;
  /** 0 refused for want of room, 1 refused for what is in the record, 2 removals of a level that was not there. */
  private readonly counter: Float64Array;

  constructor(arena: Arena, options: LevelBookOptions) {
    requireBookSizes(options.instruments, options.levels);
    this.instruments = options.instruments;
    this.counter = arena.float64("levelBook.count", 3);
    this.ladders = new Ladders(arena, options.instruments, options.levels);
    this.top = new TopOfBook(arena, this.ladders);
    this.tops = this.top.tops;
  }

  /** Records refused because no level was left. */
  get full(): number {
    return this.counter[0];
  }

  /** Records refused because of their content: action, side, instrument, a quantity below 0, a price that is no number. */
  get invalid(): number {
    return this.counter[1];
  }

  /** Removals of a level that was not there. */
  get absentRemovals(): number {
    return this.counter[2];
  }

  /**
   * Takes one book delta, SET or CLEAR: BOOK_APPLIED with BOOK_TOP_CHANGED and BOOK_CROSSED at FLAG_LAST, or REJECTED, counted in
   * `full` or `invalid`.
   */
  apply(slots: Slots, slot: number): number {
    const words = slots.i32;
    const at = slot << 4;
    const instrument = words[at + HEADER_INSTRUMENT_U32];
    const word = words[at + DELTA_WORD_I32];
    const action = word & 0xff;
    let result = REJECTED;
    if (instrument < 0 || instrument >= this.instruments) this.counter[1]++;
    else if (action === ACTION_SET) result = this.set(slots, slot, instrument, (word >>> 8) & 0xff);
    else if (action === ACTION_CLEAR) result = this.clear(instrument);
    else this.counter[1]++;
    if (result > 0 && ((words[at + HEADER_WORD_I32] >>> 16) & FLAG_LAST) !== 0) result |= this.top.settle(instrument);
    return result;
  }

  private set(slots: Slots, slot: number, instrument: number, side: number): number {
    const doubles = slots.f64;
    const o = slot << 3;
    const price = doubles[o + DELTA_PRICE_F64];
    const qty = doubles[o + DELTA_QTY_F64];
    if (side > SIDE_ASK || !(qty >= 0) || price - price !== 0) {
      this.counter[1]++;
      return REJECTED;
    }
    const ladders = this.ladders;
    const ladder = (instrument << 1) | side;
    let level = ladders.find(ladder, doubles, o + DELTA_PRICE_F64);
    if (qty === 0) {
      if (level < 0) {
        this.counter[2]++;
        return BOOK_APPLIED;
      }
      if (ladders.best(ladder) === level) this.top.touch(instrument);
      ladders.remove(level);
      return BOOK_APPLIED;
    }
    if (level < 0) {
      level = ladders.insert(ladder, -1 - level, doubles, o + DELTA_PRICE_F64);
      if (level < 0) {
        this.counter[0]++;
        return REJECTED;
      }
    }
    ladders.f64[(level << 2) + LEVEL_QTY_F64] = qty;
    ladders.i32[(level << 3) + LEVEL_ORDERS_I32] = slots.i32[(slot << 4) + DELTA_COUNT_U32];
    if (ladders.best(ladder) === level) this.top.touch(instrument);
    return BOOK_APPLIED;
  }

  private clear(instrument: number): number {
    this.ladders.clear(instrument << 1);
    this.ladders.clear((instrument << 1) | 1);
    this.top.touch(instrument);
    return BOOK_APPLIED;
  }
}
