/**
 * One NASDAQ TotalView-ITCH 5.0 message to records: the switch on the type, orders and trades. @hot
 *
 *   A, F      ADD                               (F's attribution is not kept)
 *   E, C      EXECUTE, EXECUTE_AT               count holds the low half of the match number; C with printable N is flagged
 *   X, D      CANCEL, DELETE
 *   U         REPLACE_FROM, REPLACE_TO          one message, two records
 *   P         trade                             against a hidden order; its side has always been B since 2014, so no aggressor is known
 *   Q         trade, CONDITION_CROSS            second condition the cross type; a cross of no shares is counted and makes no record
 *   B         trade, CONDITION_BROKEN           of no price and quantity, naming the match
 *   others    venue status: itch50-status.ts
 *
 * Execution prints come from the book, which knows the order's price. Every word of a record is written, so none shows an earlier one.
 * Section numbers and field values: the specification named in itch50-layout.ts.
 */
import * as delta from "../../kernel/record/book-delta.ts";
import { FLAG_LAST, FLAG_NON_PRINTABLE } from "../../kernel/record/flags.ts";
import * as header from "../../kernel/record/header.ts";
import type { Outlet } from "../../kernel/record/outlet.ts";
import * as trade from "../../kernel/record/trade.ts";
import type { FrameHandler } from "./framing.ts";
import type { Itch50Directory } from "./itch50-directory.ts";
import * as layout from "./itch50-layout.ts";
import { Itch50Status } from "./itch50-status.ts";
import type { Itch50Writer } from "./itch50-writer.ts";
import * as quarantine from "./quarantine.ts";

// An imported constant is read from its module's cell at each use, as a number of any kind; one of this module is folded into the code.
const {
  ACTION_ADD,
  ACTION_EXECUTE,
  ACTION_EXECUTE_AT,
  ACTION_CANCEL,
  ACTION_DELETE,
  ACTION_REPLACE_FROM,
  ACTION_REPLACE_TO,
  DELTA_COUNT_U32,
  DELTA_ORDER_HIGH_I32,
  DELTA_ORDER_LOW_I32,
  DELTA_PRICE_F64,
  DELTA_QTY_F64,
  DELTA_WORD_I32,
} = delta;
const { HEADER_WORD_I32, SIDE_ASK, SIDE_BID, SIDE_NONE, TYPE_BOOK_DELTA, TYPE_TRADE, headerWord } = header;
const { CONDITION_BROKEN, CONDITION_CROSS, TRADE_ID_HIGH_U32, TRADE_ID_LOW_U32, TRADE_PRICE_F64, TRADE_QTY_F64 } = trade;
const { REASON_FIELD, REASON_NUMBER, REASON_REGISTRY } = quarantine;
const {
  ADD_ORDER,
  ADD_PRICE,
  ADD_SHARES,
  ADD_SIDE,
  ADD_STOCK,
  BROKEN_TRADE_MATCH,
  CANCEL_ORDER,
  CANCEL_SHARES,
  CROSS_TRADE_MATCH,
  CROSS_TRADE_PRICE,
  CROSS_TRADE_SHARES,
  CROSS_TRADE_STOCK,
  CROSS_TRADE_TYPE,
  DELETE_ORDER,
  EXECUTE_MATCH,
  EXECUTE_ORDER,
  EXECUTE_PRICE_PRICE,
  EXECUTE_PRICE_PRINTABLE,
  EXECUTE_SHARES,
  MESSAGE_ADD,
  MESSAGE_ADD_MPID,
  MESSAGE_BROKEN_TRADE,
  MESSAGE_CANCEL,
  MESSAGE_CROSS_TRADE,
  MESSAGE_DELETE,
  MESSAGE_EXECUTE,
  MESSAGE_EXECUTE_PRICE,
  MESSAGE_REPLACE,
  MESSAGE_TRADE,
  REPLACE_NEW_ORDER,
  REPLACE_OLD_ORDER,
  REPLACE_PRICE,
  REPLACE_SHARES,
  TRADE_MATCH,
  TRADE_PRICE,
  TRADE_SHARES,
  TRADE_STOCK,
} = layout;

const DELTA_LAST = headerWord(TYPE_BOOK_DELTA, FLAG_LAST);
const DELTA_MORE = headerWord(TYPE_BOOK_DELTA, 0);
const DELTA_HIDDEN = headerWord(TYPE_BOOK_DELTA, FLAG_LAST | FLAG_NON_PRINTABLE);
const TRADE_LAST = headerWord(TYPE_TRADE, FLAG_LAST);

/** Action and side as DELTA_WORD; the side of what names an order is that of the order. */
const WORD_ADD_BID = ACTION_ADD | (SIDE_BID << 8);
const WORD_ADD_ASK = ACTION_ADD | (SIDE_ASK << 8);
const WORD_EXECUTE = ACTION_EXECUTE | (SIDE_NONE << 8);
const WORD_EXECUTE_AT = ACTION_EXECUTE_AT | (SIDE_NONE << 8);
const WORD_CANCEL = ACTION_CANCEL | (SIDE_NONE << 8);
const WORD_DELETE = ACTION_DELETE | (SIDE_NONE << 8);
const WORD_REPLACE_FROM = ACTION_REPLACE_FROM | (SIDE_NONE << 8);
const WORD_REPLACE_TO = ACTION_REPLACE_TO | (SIDE_NONE << 8);

/** Aggressor and conditions of a trade as one word of Slots.i32. */
const TRADE_WORD_I32 = 14;
const TRADE_RESERVED_I32 = 15;

const BUY = 0x42;
const SELL = 0x53;
const YES = 0x59;
const NO = 0x4e;
/** High words from here on are past 2^53. */
const HIGH_LIMIT = 0x20_0000;

export class Itch50Decoder implements FrameHandler {
  private readonly outlet: Outlet;
  private readonly writer: Itch50Writer;
  private readonly directory: Itch50Directory;
  private readonly status: Itch50Status;
  private readonly f64: Float64Array;
  private readonly i32: Int32Array;

  constructor(writer: Itch50Writer) {
    this.outlet = writer.outlet;
    this.writer = writer;
    this.directory = writer.directory;
    this.status = new Itch50Status(writer);
    this.f64 = writer.outlet.slots.f64;
    this.i32 = writer.outlet.slots.i32;
  }

  onFrame(bytes: Uint8Array, view: DataView, from: number): number {
    switch (view.getUint8(from)) {
      case MESSAGE_ADD:
      case MESSAGE_ADD_MPID:
        return this.add(bytes, view, from);
      case MESSAGE_DELETE:
        return this.delete(view, from);
      case MESSAGE_REPLACE:
        return this.replace(view, from);
      case MESSAGE_EXECUTE:
        return this.execute(view, from);
      case MESSAGE_CANCEL:
        return this.cancel(view, from);
      case MESSAGE_EXECUTE_PRICE:
        return this.executeAt(view, from);
      case MESSAGE_TRADE:
        return this.trade(bytes, view, from);
      case MESSAGE_CROSS_TRADE:
        return this.crossTrade(bytes, view, from);
      case MESSAGE_BROKEN_TRADE:
        return this.brokenTrade(view, from);
      default:
        return this.status.onFrame(bytes, view, from);
    }
  }

  onGap(): void {
    this.writer.markGap();
  }

  private add(bytes: Uint8Array, view: DataView, from: number): number {
    const side = view.getUint8(from + ADD_SIDE);
    if (side !== BUY && side !== SELL) return REASON_FIELD;
    const instrument = this.directory.byStock(bytes, view, from, from + ADD_STOCK);
    if (instrument < 0) return REASON_REGISTRY;
    this.writer.begin(view, from, instrument, DELTA_LAST, 1);
    this.f64[DELTA_PRICE_F64] = view.getUint32(from + ADD_PRICE);
    this.f64[DELTA_QTY_F64] = view.getUint32(from + ADD_SHARES);
    this.finish(view, from + ADD_ORDER, side === BUY ? WORD_ADD_BID : WORD_ADD_ASK, 0);
    return 0;
  }

  private execute(view: DataView, from: number): number {
    const instrument = this.directory.byLocate(view, from);
    if (instrument < 0) return REASON_REGISTRY;
    this.writer.begin(view, from, instrument, DELTA_LAST, 0);
    this.f64[DELTA_PRICE_F64] = 0;
    this.f64[DELTA_QTY_F64] = view.getUint32(from + EXECUTE_SHARES);
    this.finish(view, from + EXECUTE_ORDER, WORD_EXECUTE, view.getInt32(from + EXECUTE_MATCH + 4));
    return 0;
  }

  private executeAt(view: DataView, from: number): number {
    const printable = view.getUint8(from + EXECUTE_PRICE_PRINTABLE);
    if (printable !== YES && printable !== NO) return REASON_FIELD;
    const instrument = this.directory.byLocate(view, from);
    if (instrument < 0) return REASON_REGISTRY;
    this.writer.begin(view, from, instrument, printable === YES ? DELTA_LAST : DELTA_HIDDEN, 0);
    this.f64[DELTA_PRICE_F64] = view.getUint32(from + EXECUTE_PRICE_PRICE);
    this.f64[DELTA_QTY_F64] = view.getUint32(from + EXECUTE_SHARES);
    this.finish(view, from + EXECUTE_ORDER, WORD_EXECUTE_AT, view.getInt32(from + EXECUTE_MATCH + 4));
    return 0;
  }

  private cancel(view: DataView, from: number): number {
    const instrument = this.directory.byLocate(view, from);
    if (instrument < 0) return REASON_REGISTRY;
    this.writer.begin(view, from, instrument, DELTA_LAST, 0);
    this.f64[DELTA_PRICE_F64] = 0;
    this.f64[DELTA_QTY_F64] = view.getUint32(from + CANCEL_SHARES);
    this.finish(view, from + CANCEL_ORDER, WORD_CANCEL, 0);
    return 0;
  }

  private delete(view: DataView, from: number): number {
    const instrument = this.directory.byLocate(view, from);
    if (instrument < 0) return REASON_REGISTRY;
    this.writer.begin(view, from, instrument, DELTA_LAST, 0);
    this.f64[DELTA_PRICE_F64] = 0;
    this.f64[DELTA_QTY_F64] = 0;
    this.finish(view, from + DELETE_ORDER, WORD_DELETE, 0);
    return 0;
  }

  private replace(view: DataView, from: number): number {
    const instrument = this.directory.byLocate(view, from);
    if (instrument < 0) return REASON_REGISTRY;
    this.writer.begin(view, from, instrument, DELTA_MORE, 0);
    this.f64[DELTA_PRICE_F64] = 0;
    this.f64[DELTA_QTY_F64] = 0;
    this.finish(view, from + REPLACE_OLD_ORDER, WORD_REPLACE_FROM, 0);
    this.i32[HEADER_WORD_I32] = DELTA_LAST;
    this.f64[DELTA_PRICE_F64] = view.getUint32(from + REPLACE_PRICE);
    this.f64[DELTA_QTY_F64] = view.getUint32(from + REPLACE_SHARES);
    this.finish(view, from + REPLACE_NEW_ORDER, WORD_REPLACE_TO, 0);
    return 0;
  }

  private trade(bytes: Uint8Array, view: DataView, from: number): number {
    const instrument = this.directory.byStock(bytes, view, from, from + TRADE_STOCK);
    if (instrument < 0) return REASON_REGISTRY;
    this.writer.begin(view, from, instrument, TRADE_LAST, 0);
    this.f64[TRADE_PRICE_F64] = view.getUint32(from + TRADE_PRICE);
    this.f64[TRADE_QTY_F64] = view.getUint32(from + TRADE_SHARES);
    this.finishTrade(view, from + TRADE_MATCH, SIDE_NONE);
    return 0;
  }

  private crossTrade(bytes: Uint8Array, view: DataView, from: number): number {
    const high = view.getUint32(from + CROSS_TRADE_SHARES);
    if (high >= HIGH_LIMIT) return REASON_NUMBER;
    const instrument = this.directory.byStock(bytes, view, from, from + CROSS_TRADE_STOCK);
    if (instrument < 0) return REASON_REGISTRY;
    const low = view.getUint32(from + CROSS_TRADE_SHARES + 4);
    if ((high | low) === 0) {
      this.writer.count(view, from, instrument, 0);
      return 0;
    }
    this.writer.begin(view, from, instrument, TRADE_LAST, 0);
    this.f64[TRADE_PRICE_F64] = view.getUint32(from + CROSS_TRADE_PRICE);
    this.f64[TRADE_QTY_F64] = high * 4_294_967_296 + low;
    const crossType = view.getUint8(from + CROSS_TRADE_TYPE);
    this.finishTrade(view, from + CROSS_TRADE_MATCH, SIDE_NONE | (CONDITION_CROSS << 8) | (crossType << 16));
    return 0;
  }

  private brokenTrade(view: DataView, from: number): number {
    const instrument = this.directory.byLocate(view, from);
    if (instrument < 0) return REASON_REGISTRY;
    this.writer.begin(view, from, instrument, TRADE_LAST, 0);
    this.f64[TRADE_PRICE_F64] = 0;
    this.f64[TRADE_QTY_F64] = 0;
    this.finishTrade(view, from + BROKEN_TRADE_MATCH, SIDE_NONE | (CONDITION_BROKEN << 8));
    return 0;
  }

  /** The second half of a delta, and out with it. */
  private finish(view: DataView, orderAt: number, word: number, count: number): void {
    const words = this.i32;
    words[DELTA_ORDER_LOW_I32] = view.getInt32(orderAt + 4);
    words[DELTA_ORDER_HIGH_I32] = view.getInt32(orderAt);
    words[DELTA_WORD_I32] = word;
    words[DELTA_COUNT_U32] = count;
    this.outlet.emit();
  }

  /** The second half of a trade, and out with it. */
  private finishTrade(view: DataView, matchAt: number, word: number): void {
    const words = this.i32;
    words[TRADE_ID_LOW_U32] = view.getInt32(matchAt + 4);
    words[TRADE_ID_HIGH_U32] = view.getInt32(matchAt);
    words[TRADE_WORD_I32] = word;
    words[TRADE_RESERVED_I32] = 0;
    this.outlet.emit();
  }
}
