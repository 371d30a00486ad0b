/**
 * Writes trades, quotes, level changes and book status of a venue without order ids into an outlet. @hot
 *
 * Every byte of the record but the sequence and the receive time is set, so nothing of the record before shows through. Values come
 * from scratch rows by index, never as double arguments; the event time is time[0].
 */
import { DELTA_ORDER_HIGH_I32, DELTA_ORDER_LOW_I32, DELTA_PRICE_F64, DELTA_QTY_F64, DELTA_WORD_I32 } from "../../kernel/record/book-delta.ts";
import {
  HEADER_INSTRUMENT_U32,
  HEADER_TS_EVENT_F64,
  HEADER_WORD_I32,
  TYPE_BOOK_DELTA,
  TYPE_QUOTE,
  TYPE_TRADE,
  TYPE_VENUE_STATUS,
  headerWord,
} from "../../kernel/record/header.ts";
import type { Outlet } from "../../kernel/record/outlet.ts";
import { QUOTE_ASK_PRICE_F64, QUOTE_ASK_QTY_F64, QUOTE_BID_PRICE_F64, QUOTE_BID_QTY_F64 } from "../../kernel/record/quote.ts";
import type { Slots } from "../../kernel/record/slots.ts";
import { TRADE_ID_HIGH_U32, TRADE_ID_LOW_U32, TRADE_PRICE_F64, TRADE_QTY_F64 } from "../../kernel/record/trade.ts";
import { STATUS_BOOK, STATUS_VALUE2_F64, STATUS_VALUE3_F64, STATUS_VALUE_F64 } from "../../kernel/record/venue-status.ts";

/** Bytes 56 to 59 and 60 to 63 of a record as words of Slots.i32. */
const WORD_14 = 14;
const WORD_15 = 15;
const TWO_32 = 4_294_967_296;

export class RecordWriter {
  /** time[0]: event time of the next records, ns since the session epoch. */
  readonly time: Float64Array = new Float64Array(1);
  private readonly outlet: Outlet;
  private readonly slots: Slots;

  constructor(outlet: Outlet) {
    this.outlet = outlet;
    this.slots = outlet.slots;
  }

  /** A trade: row[at] price, row[at + 1] quantity, row[at + 2] id. `condition`: a letter, or 0. */
  trade(instrument: number, flags: number, row: Float64Array, at: number, aggressor: number, condition: number): void {
    const slots = this.slots;
    const id = row[at + 2];
    this.header(TYPE_TRADE, flags, instrument);
    slots.f64[TRADE_PRICE_F64] = row[at];
    slots.f64[TRADE_QTY_F64] = row[at + 1];
    slots.u32[TRADE_ID_LOW_U32] = id % TWO_32;
    slots.u32[TRADE_ID_HIGH_U32] = id / TWO_32;
    slots.i32[WORD_14] = aggressor | (condition << 8);
    slots.i32[WORD_15] = 0;
    this.outlet.emit();
  }

  /** A quote: row[at] bid price, bid quantity, ask price, ask quantity. */
  quote(instrument: number, flags: number, row: Float64Array, at: number): void {
    const doubles = this.slots.f64;
    this.header(TYPE_QUOTE, flags, instrument);
    doubles[QUOTE_BID_PRICE_F64] = row[at];
    doubles[QUOTE_BID_QTY_F64] = row[at + 1];
    doubles[QUOTE_ASK_PRICE_F64] = row[at + 2];
    doubles[QUOTE_ASK_QTY_F64] = row[at + 3];
    this.outlet.emit();
  }

  /** A change of a level: row[at] price, row[at + 1] quantity. `word`: action | side << 8. */
  delta(instrument: number, flags: number, row: Float64Array, at: number, word: number): void {
    const slots = this.slots;
    this.header(TYPE_BOOK_DELTA, flags, instrument);
    slots.f64[DELTA_PRICE_F64] = row[at];
    slots.f64[DELTA_QTY_F64] = row[at + 1];
    slots.i32[DELTA_ORDER_LOW_I32] = 0;
    slots.i32[DELTA_ORDER_HIGH_I32] = 0;
    slots.i32[DELTA_WORD_I32] = word;
    slots.i32[WORD_15] = 0;
    this.outlet.emit();
  }

  /** What the book of an instrument is worth: one of BOOK_*. */
  bookStatus(instrument: number, flags: number, quality: number): void {
    const slots = this.slots;
    this.header(TYPE_VENUE_STATUS, flags, instrument);
    slots.f64[STATUS_VALUE_F64] = 0;
    slots.f64[STATUS_VALUE2_F64] = 0;
    slots.f64[STATUS_VALUE3_F64] = 0;
    slots.i32[WORD_14] = STATUS_BOOK | (quality << 8);
    slots.i32[WORD_15] = 0;
    this.outlet.emit();
  }

  private header(type: number, flags: number, instrument: number): void {
    const slots = this.slots;
    slots.i32[HEADER_WORD_I32] = headerWord(type, flags);
    slots.u32[HEADER_INSTRUMENT_U32] = instrument;
    slots.f64[HEADER_TS_EVENT_F64] = this.time[0];
  }
}
