/**
 * Books order by order (L3): every visible order with its place in the queue of its price. One object for all instruments. @hot
 *
 * Promise: a level's quantity is the sum of its orders; its queue is in the order of arrival; a replace goes to the back; an order
 * whose quantity reaches 0 is gone. An id that is not known changes nothing and is counted, for feeds name orders from before their
 * start; what cannot be taken (no room, a live id again, a quantity not above 0) is refused whole and counted, and the caller marks the
 * book as unsynced. A refused last record leaves the report of a changed top to the event after it.
 * Rows lie in a pool apart from the hash table, so that queue links stay right while the table shifts.
 * Bytes: 48 to 64 an order, 58 to 84 a level, 500 an instrument. Cost: about 125 ns a change while all lies in the caches, five cache misses when nothing does.
 *
 * order, 32 bytes   0 qty f | 8 id u64 | 16 level i32 (0 = free) | 20 ahead i32 | 24 behind i32 | 28 instrument i32
 */
import * as status from "../../kernel/core/status.ts";
import type { Arena } from "../../kernel/memory/arena.ts";
import * as bookDelta from "../../kernel/record/book-delta.ts";
import * as flags from "../../kernel/record/flags.ts";
import * as header from "../../kernel/record/header.ts";
import type { Slots } from "../../kernel/record/slots.ts";
import * as tapeRow from "../../kernel/record/tape.ts";
import { requireBookSizes } from "./book-sizes.ts";
import { Ladders } from "./ladder.ts";
import * as ladderRows from "./ladder.ts";
import { OrderIndex } from "./order-index.ts";
import * as orderIndex from "./order-index.ts";
import { TopOfBook } from "./top-of-book.ts";
import * as topOfBook from "./top-of-book.ts";

// Rebound so that they are folded into the code: an imported or exported constant is read at each use.
const { REJECTED, UNKNOWN } = status;
const {
  ACTION_ADD,
  ACTION_CANCEL,
  ACTION_CLEAR,
  ACTION_DELETE,
  ACTION_EXECUTE,
  ACTION_EXECUTE_AT,
  ACTION_REPLACE_FROM,
  ACTION_REPLACE_TO,
  DELTA_ORDER_HIGH_I32,
  DELTA_ORDER_LOW_I32,
  DELTA_PRICE_F64,
  DELTA_QTY_F64,
  DELTA_WORD_I32,
} = bookDelta;
const { FLAG_LAST } = flags;
const { HEADER_INSTRUMENT_U32, HEADER_SEQUENCE_F64, HEADER_TS_EVENT_F64, HEADER_WORD_I32, SIDE_ASK, SIDE_NONE } = header;
const { TAPE_LENGTH, TAPE_PRICE, TAPE_QTY, TAPE_SEQUENCE, TAPE_TS_EVENT } = tapeRow;
const { LEVEL_FIRST_I32, LEVEL_LADDER_I32, LEVEL_LAST_I32, LEVEL_ORDERS_I32, LEVEL_QTY_F64 } = ladderRows;
const { ORDER_ID_HIGH_I32, ORDER_ID_LOW_I32, ORDER_INSTRUMENT_I32 } = orderIndex;
const { BOOK_APPLIED, BOOK_TRADED } = topOfBook;

/** Level of order row n: i32[n * 8 + 4]; the other places likewise. */
export const ORDER_LEVEL_I32 = 4;
export const ORDER_AHEAD_I32 = 5;
export const ORDER_BEHIND_I32 = 6;

const LEVEL = ORDER_LEVEL_I32;
const AHEAD = ORDER_AHEAD_I32;
const BEHIND = ORDER_BEHIND_I32;

/** Orders that a book holds unless told otherwise. */
export const DEFAULT_ORDERS: number = 1 << 20;

const COUNT_UNKNOWN = 0;
const COUNT_DUPLICATE = 1;
const COUNT_FULL = 2;
const COUNT_INVALID = 3;
const COUNT_EXCESS = 4;
const COUNTERS = 5;

export interface OrderBookOptions {
  /** Instrument ids are below this. */
  readonly instruments: number;
  /** Orders alive at once, all instruments together; by default DEFAULT_ORDERS. */
  readonly orders?: number;
  /** Levels of all instruments together. */
  readonly levels: number;
  /** False leaves the queues out: levels and their order counts only. */
  readonly queues?: boolean;
  /** Whether an id is unique at the venue (ITCH) or only within its instrument; by default the venue. */
  readonly idScope?: "venue" | "instrument";
}

export class OrderBook {
  readonly ladders: Ladders;
  readonly top: TopOfBook;
  /** Best bid and ask by instrument: see top-of-book.ts. */
  readonly tops: Float64Array;
  /** The last execution, valid while `apply` says BOOK_TRADED: see kernel/record/tape.ts. */
  readonly tape: Float64Array = new Float64Array(TAPE_LENGTH);
  /** Who crossed in it: the side opposite to the order that was resting. */
  aggressor: number = SIDE_NONE;
  readonly hasQueues: boolean;
  readonly capacity: number;
  /** Rows of 4 and of 8 by order row, from 1. */
  readonly f64: Float64Array;
  readonly i32: Int32Array;
  private readonly instruments: number;
  private readonly index: OrderIndex;
  /** 0 first free row, 1 rows ever used, 2 rows in use. */
  private readonly rowCount: Int32Array;
  /** Side of the order that a replace took out, + 1, until its new half comes; 0 = none. */
  private readonly replacing: Uint8Array;
  private readonly counter: Float64Array;

  constructor(arena: Arena, options: OrderBookOptions) {
    const orders = options.orders ?? DEFAULT_ORDERS;
    requireBookSizes(options.instruments, options.levels, orders);
    this.instruments = options.instruments;
    this.capacity = orders;
    this.hasQueues = options.queues ?? true;
    this.counter = arena.float64("orderBook.count", COUNTERS);
    this.rowCount = arena.int32("orders.count", 3);
    this.replacing = arena.uint8("orders.replacing", options.instruments);
    const at = arena.take("orders.rows", (orders + 1) * 32);
    this.f64 = new Float64Array(arena.buffer, at, (orders + 1) * 4);
    this.i32 = new Int32Array(arena.buffer, at, (orders + 1) * 8);
    this.index = new OrderIndex(arena, orders, this.i32, options.idScope === "instrument");
    this.ladders = new Ladders(arena, options.instruments, options.levels);
    this.top = new TopOfBook(arena, this.ladders);
    this.tops = this.top.tops;
  }

  /** Orders alive. */
  get orders(): number {
    return this.rowCount[2];
  }

  /** Most orders alive at one time: a row is new only when none was given back. */
  get ordersHighWater(): number {
    return this.rowCount[1];
  }

  /** Records that named an order that is not in the book; a replace of such an order counts once. */
  get unknownOrders(): number {
    return this.counter[COUNT_UNKNOWN];
  }

  /** Adds of an id that was alive: refused. */
  get duplicateOrders(): number {
    return this.counter[COUNT_DUPLICATE];
  }

  /** Adds refused because no order row or level was left. */
  get full(): number {
    return this.counter[COUNT_FULL];
  }

  /** Records refused because of their content: action, side, instrument, a quantity not above 0, a price that is no number. */
  get invalid(): number {
    return this.counter[COUNT_INVALID];
  }

  /** Executions and cancels of more than the order had: the order is gone, the surplus is not invented. */
  get excess(): number {
    return this.counter[COUNT_EXCESS];
  }

  /**
   * Takes one book delta of any order action. BOOK_APPLIED, with BOOK_TRADED for an execution (also a non-printable one: the flags say so)
   * and BOOK_TOP_CHANGED and BOOK_CROSSED at FLAG_LAST; UNKNOWN; or REJECTED, counted in `duplicateOrders`, `full` or `invalid`.
   */
  apply(slots: Slots, slot: number): number {
    const words = slots.i32;
    const at = slot << 4;
    const instrument = words[at + HEADER_INSTRUMENT_U32];
    if (instrument < 0 || instrument >= this.instruments) return this.refuse(COUNT_INVALID);
    const word = words[at + DELTA_WORD_I32];
    let result = 0;
    switch (word & 0xff) {
      case ACTION_ADD:
        result = this.add(slots, slot, instrument, (word >>> 8) & 0xff);
        break;
      case ACTION_EXECUTE:
        result = this.reduce(slots, slot, instrument, ACTION_EXECUTE);
        break;
      case ACTION_EXECUTE_AT:
        result = this.reduce(slots, slot, instrument, ACTION_EXECUTE_AT);
        break;
      case ACTION_CANCEL:
        result = this.reduce(slots, slot, instrument, ACTION_CANCEL);
        break;
      case ACTION_DELETE:
        result = this.delete(words, at, instrument);
        break;
      case ACTION_REPLACE_FROM:
        result = this.replaceFrom(words, at, instrument);
        break;
      case ACTION_REPLACE_TO:
        result = this.replaceTo(slots, slot, instrument);
        break;
      case ACTION_CLEAR:
        result = this.clear(instrument);
        break;
      default:
        return this.refuse(COUNT_INVALID);
    }
    if (result > 0 && ((words[at + HEADER_WORD_I32] >>> 16) & FLAG_LAST) !== 0) result |= this.top.settle(instrument);
    return result;
  }

  /** The row of a live order, or UNKNOWN. */
  find(instrument: number, idLow: number, idHigh: number): number {
    const bucket = this.index.find(idLow, idHigh, instrument);
    return bucket < 0 ? UNKNOWN : this.index.rowAt(bucket);
  }

  private refuse(counter: number): number {
    this.counter[counter]++;
    return counter === COUNT_UNKNOWN ? UNKNOWN : REJECTED;
  }

  private add(slots: Slots, slot: number, instrument: number, side: number): number {
    const doubles = slots.f64;
    const words = slots.i32;
    const o = slot << 3;
    const w = slot << 4;
    const price = doubles[o + DELTA_PRICE_F64];
    const qty = doubles[o + DELTA_QTY_F64];
    if (side > SIDE_ASK || !(qty > 0) || price - price !== 0) return this.refuse(COUNT_INVALID);
    const low = words[w + DELTA_ORDER_LOW_I32];
    const high = words[w + DELTA_ORDER_HIGH_I32];
    const bucket = this.index.find(low, high, instrument);
    if (bucket >= 0) return this.refuse(COUNT_DUPLICATE);
    if (this.rowCount[2] >= this.capacity) return this.refuse(COUNT_FULL);
    const ladders = this.ladders;
    const ladder = (instrument << 1) | side;
    let level = ladders.find(ladder, doubles, o + DELTA_PRICE_F64);
    if (level < 0) {
      level = ladders.insert(ladder, -1 - level, doubles, o + DELTA_PRICE_F64);
      if (level < 0) return this.refuse(COUNT_FULL);
    }
    const row = this.takeRow();
    const rows = this.i32;
    const r = row << 3;
    this.f64[row << 2] = qty;
    rows[r + ORDER_ID_LOW_I32] = low;
    rows[r + ORDER_ID_HIGH_I32] = high;
    rows[r + ORDER_INSTRUMENT_I32] = instrument;
    rows[r + LEVEL] = level;
    this.index.insert(-1 - bucket, row);
    const l = level << 3;
    ladders.f64[(level << 2) + LEVEL_QTY_F64] += qty;
    ladders.i32[l + LEVEL_ORDERS_I32]++;
    if (this.hasQueues) {
      const last = ladders.i32[l + LEVEL_LAST_I32];
      rows[r + AHEAD] = last;
      rows[r + BEHIND] = 0;
      ladders.i32[l + LEVEL_LAST_I32] = row;
      if (last === 0) ladders.i32[l + LEVEL_FIRST_I32] = row;
      else rows[(last << 3) + BEHIND] = row;
    }
    if (ladders.best(ladder) === level) this.top.touch(instrument);
    return BOOK_APPLIED;
  }

  /** Takes the record's quantity off an order; an execution leaves the trade on the tape. */
  private reduce(slots: Slots, slot: number, instrument: number, action: number): number {
    const doubles = slots.f64;
    const words = slots.i32;
    const o = slot << 3;
    const w = slot << 4;
    const qty = doubles[o + DELTA_QTY_F64];
    if (!(qty > 0)) return this.refuse(COUNT_INVALID);
    const bucket = this.index.find(words[w + DELTA_ORDER_LOW_I32], words[w + DELTA_ORDER_HIGH_I32], instrument);
    if (bucket < 0) return this.refuse(COUNT_UNKNOWN);
    const ladders = this.ladders;
    const row = this.index.rowAt(bucket);
    const level = this.i32[(row << 3) + LEVEL];
    const ladder = ladders.i32[(level << 3) + LEVEL_LADDER_I32];
    let result = BOOK_APPLIED;
    if (action !== ACTION_CANCEL) {
      const tape = this.tape;
      tape[TAPE_PRICE] = action === ACTION_EXECUTE ? ladders.f64[level << 2] : doubles[o + DELTA_PRICE_F64];
      tape[TAPE_QTY] = qty;
      tape[TAPE_TS_EVENT] = doubles[o + HEADER_TS_EVENT_F64];
      tape[TAPE_SEQUENCE] = doubles[o + HEADER_SEQUENCE_F64];
      this.aggressor = (ladder & 1) ^ 1;
      result = BOOK_APPLIED | BOOK_TRADED;
    }
    const rest = this.f64[row << 2] - qty;
    if (rest > 0) {
      this.f64[row << 2] = rest;
      ladders.f64[(level << 2) + LEVEL_QTY_F64] -= qty;
      if (ladders.best(ladder) === level) this.top.touch(instrument);
    } else {
      if (rest < 0) this.counter[COUNT_EXCESS]++;
      this.removeOrder(bucket, row, level, ladder);
    }
    return result;
  }

  private delete(words: Int32Array, at: number, instrument: number): number {
    const bucket = this.index.find(words[at + DELTA_ORDER_LOW_I32], words[at + DELTA_ORDER_HIGH_I32], instrument);
    if (bucket < 0) return this.refuse(COUNT_UNKNOWN);
    const row = this.index.rowAt(bucket);
    const level = this.i32[(row << 3) + LEVEL];
    this.removeOrder(bucket, row, level, this.ladders.i32[(level << 3) + LEVEL_LADDER_I32]);
    return BOOK_APPLIED;
  }

  private replaceFrom(words: Int32Array, at: number, instrument: number): number {
    this.replacing[instrument] = 0;
    const bucket = this.index.find(words[at + DELTA_ORDER_LOW_I32], words[at + DELTA_ORDER_HIGH_I32], instrument);
    if (bucket < 0) return this.refuse(COUNT_UNKNOWN);
    const row = this.index.rowAt(bucket);
    const level = this.i32[(row << 3) + LEVEL];
    const ladder = this.ladders.i32[(level << 3) + LEVEL_LADDER_I32];
    this.removeOrder(bucket, row, level, ladder);
    this.replacing[instrument] = 1 + (ladder & 1);
    return BOOK_APPLIED;
  }

  private replaceTo(slots: Slots, slot: number, instrument: number): number {
    const side = this.replacing[instrument] - 1;
    if (side < 0) return UNKNOWN; // counted when its first half came
    this.replacing[instrument] = 0;
    return this.add(slots, slot, instrument, side);
  }

  private removeOrder(bucket: number, row: number, level: number, ladder: number): void {
    const ladders = this.ladders;
    const l = level << 3;
    if (ladders.best(ladder) === level) this.top.touch(ladder >>> 1);
    this.index.remove(bucket);
    const left = ladders.i32[l + LEVEL_ORDERS_I32] - 1;
    if (left === 0) ladders.remove(level);
    else {
      ladders.i32[l + LEVEL_ORDERS_I32] = left;
      ladders.f64[(level << 2) + LEVEL_QTY_F64] -= this.f64[row << 2];
      if (this.hasQueues) this.leaveQueue(row, l);
    }
    this.freeRow(row);
  }

  private leaveQueue(row: number, l: number): void {
    const rows = this.i32;
    const levels = this.ladders.i32;
    const ahead = rows[(row << 3) + AHEAD];
    const behind = rows[(row << 3) + BEHIND];
    if (ahead === 0) levels[l + LEVEL_FIRST_I32] = behind;
    else rows[(ahead << 3) + BEHIND] = behind;
    if (behind === 0) levels[l + LEVEL_LAST_I32] = ahead;
    else rows[(behind << 3) + AHEAD] = ahead;
  }

  /** Empties both sides: along the queues, or without them by a look at every row ever used. */
  private clear(instrument: number): number {
    const ladders = this.ladders;
    if (this.hasQueues) {
      this.freeOrders(instrument << 1);
      this.freeOrders((instrument << 1) | 1);
    } else {
      const rows = this.i32;
      for (let row = this.rowCount[1]; row > 0; row--) {
        if (rows[(row << 3) + LEVEL] !== 0 && rows[(row << 3) + ORDER_INSTRUMENT_I32] === instrument) this.freeOrder(row, instrument);
      }
    }
    ladders.clear(instrument << 1);
    ladders.clear((instrument << 1) | 1);
    this.replacing[instrument] = 0;
    this.top.touch(instrument);
    return BOOK_APPLIED;
  }

  private freeOrders(ladder: number): void {
    const ladders = this.ladders;
    const rows = this.i32;
    for (let rank = ladders.depth(ladder) - 1; rank >= 0; rank--) {
      let row = ladders.i32[(ladders.levelAt(ladder, rank) << 3) + LEVEL_FIRST_I32];
      while (row !== 0) {
        const behind = rows[(row << 3) + BEHIND];
        this.freeOrder(row, ladder >>> 1);
        row = behind;
      }
    }
  }

  private freeOrder(row: number, instrument: number): void {
    const r = row << 3;
    this.index.remove(this.index.find(this.i32[r + ORDER_ID_LOW_I32], this.i32[r + ORDER_ID_HIGH_I32], instrument));
    this.freeRow(row);
  }

  private takeRow(): number {
    const count = this.rowCount;
    count[2]++;
    const free = count[0];
    if (free === 0) return ++count[1];
    count[0] = this.i32[(free << 3) + BEHIND];
    return free;
  }

  private freeRow(row: number): void {
    this.i32[(row << 3) + LEVEL] = 0;
    this.i32[(row << 3) + BEHIND] = this.rowCount[0];
    this.rowCount[0] = row;
    this.rowCount[2]--;
  }
}
