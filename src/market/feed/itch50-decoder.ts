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
import { FRAME_PREFIX_BYTES as PREFIX_BYTES, type FrameHandler } from "./framing.ts";
import type { Itch50Directory } from "./itch50-directory.ts";
import * as layout from "./itch50-layout.ts";
import { Itch50Status } from "./itch50-status.ts";
import type { Itch50Writer } from "./itch50-writer.ts";
import * as writerCells from "./itch50-writer.ts";
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
const { HEADER_INSTRUMENT_U32, HEADER_TS_EVENT_F64, HEADER_WORD_I32, SIDE_ASK, SIDE_BID, SIDE_NONE, TYPE_BOOK_DELTA, TYPE_TRADE, headerWord } = header;
const { CONDITION_BROKEN, CONDITION_CROSS, TRADE_ID_HIGH_U32, TRADE_ID_LOW_U32, TRADE_PRICE_F64, TRADE_QTY_F64 } = trade;
const { COUNTS_GAP_EPOCH, COUNTS_LAST_TS, COUNTS_ROWS, COUNTS_TYPES, ROW_GAP_EPOCH, ROW_MESSAGES, ROW_ORDERS } = writerCells;
const { REASON_FIELD, REASON_NUMBER, REASON_REGISTRY } = quarantine;
const {
  ADD_LENGTH,
  ADD_MPID_LENGTH,
  ADD_ORDER,
  ADD_PRICE,
  ADD_SHARES,
  ADD_SIDE,
  ADD_STOCK,
  BROKEN_TRADE_MATCH,
  CANCEL_LENGTH,
  CROSS_TRADE_MATCH,
  CROSS_TRADE_PRICE,
  CROSS_TRADE_SHARES,
  CROSS_TRADE_STOCK,
  CROSS_TRADE_TYPE,
  DELETE_LENGTH,
  EXECUTE_LENGTH,
  EXECUTE_MATCH,
  EXECUTE_PRICE_LENGTH,
  EXECUTE_PRICE_PRICE,
  EXECUTE_PRICE_PRINTABLE,
  EXECUTE_SHARES,
  HEADER_LOCATE,
  HEADER_TIME_HIGH,
  HEADER_TIME_LOW,
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
  REPLACE_LENGTH,
  REPLACE_NEW_ORDER,
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

/** The order that a message of orders is about stands at one place in all of them. */
const ORDER_AT = ADD_ORDER;
/** By type byte: the length and the action of a message of orders; 0 for all others. The side of an add is in the message. */
const ORDER_LENGTHS = new Int16Array(256);
const ORDER_WORDS = new Int32Array(256);
for (const [type, length, word] of [
  [MESSAGE_ADD, ADD_LENGTH, WORD_ADD_BID],
  [MESSAGE_ADD_MPID, ADD_MPID_LENGTH, WORD_ADD_BID],
  [MESSAGE_EXECUTE, EXECUTE_LENGTH, WORD_EXECUTE],
  [MESSAGE_EXECUTE_PRICE, EXECUTE_PRICE_LENGTH, WORD_EXECUTE_AT],
  [MESSAGE_CANCEL, CANCEL_LENGTH, WORD_CANCEL],
  [MESSAGE_DELETE, DELETE_LENGTH, WORD_DELETE],
  [MESSAGE_REPLACE, REPLACE_LENGTH, WORD_REPLACE_FROM],
]) {
  ORDER_LENGTHS[type] = length;
  ORDER_WORDS[type] = word;
}

/** The instrument is to be read from the locate. */
const UNRESOLVED = -1;

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
  private readonly locates: Int32Array;
  private readonly counts: Float64Array;
  private readonly midnightNs: number;

  constructor(writer: Itch50Writer) {
    this.outlet = writer.outlet;
    this.writer = writer;
    this.directory = writer.directory;
    this.status = new Itch50Status(writer);
    this.locates = writer.directory.locates;
    this.counts = writer.counts;
    this.midnightNs = writer.midnightNs;
    this.f64 = writer.outlet.slots.f64;
    this.i32 = writer.outlet.slots.i32;
  }

  onFrame(bytes: Uint8Array, view: DataView, from: number): number {
    const type = view.getUint8(from);
    if (ORDER_LENGTHS[type] !== 0) return this.order(bytes, view, from, type);
    switch (type) {
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

  onFrames(view: DataView, from: number, stop: number, to: number): number {
    return this.orders(view, from, stop, to, PREFIX_BYTES, UNRESOLVED, 0);
  }

  onGap(): void {
    this.writer.markGap();
  }

  /** One message of an order whose fields, instrument or gap epoch want a look first. */
  private order(bytes: Uint8Array, view: DataView, from: number, type: number): number {
    const isAdd = type === MESSAGE_ADD || type === MESSAGE_ADD_MPID;
    if (isAdd && view.getUint8(from + ADD_SIDE) !== BUY && view.getUint8(from + ADD_SIDE) !== SELL) return REASON_FIELD;
    if (type === MESSAGE_EXECUTE_PRICE) {
      const printable = view.getUint8(from + EXECUTE_PRICE_PRINTABLE);
      if (printable !== YES && printable !== NO) return REASON_FIELD;
    }
    const instrument = isAdd ? this.directory.byStock(bytes, view, from, from + ADD_STOCK) : this.directory.byLocate(view, from);
    if (instrument < 0) return REASON_REGISTRY;
    const extra = this.writer.renew(view, from, instrument);
    this.orders(view, from, from + 1, from + ORDER_LENGTHS[type], 0, instrument, extra);
    return 0;
  }

  /**
   * Messages of orders, of which most of a day consists, as long as they follow each other and are ordinary: in view[from, to), behind
   * a length of `prefix` bytes (2, or 0 for a single one), each starting before `stop`. Returns the position behind the last one taken.
   * They have one shape: header, order, and then what differs; all of it is written out here, because a call costs more than a field.
   * `resolved` is the instrument of a single one; `extra` is added to the word of its header.
   */
  private orders(view: DataView, from: number, stop: number, to: number, prefix: number, resolved: number, extra: number): number {
    const { locates, counts, midnightNs, f64, i32, outlet } = this;
    const epoch = counts[COUNTS_GAP_EPOCH];
    let at = from;
    while (at < stop) {
      const m = at + prefix;
      if (m >= to) break;
      const type = view.getUint8(m);
      const length = ORDER_LENGTHS[type];
      const end = m + length;
      if (length === 0 || end > to || (prefix !== 0 && view.getUint16(at) !== length)) break;
      const row = view.getUint16(m + HEADER_LOCATE) << 2;
      const instrument = resolved === UNRESOLVED ? locates[row] - 1 : resolved;
      const cells = COUNTS_ROWS + (instrument << 2);
      if (instrument < 0 || counts[cells + ROW_GAP_EPOCH] !== epoch) break;
      let word = ORDER_WORDS[type];
      let headWord = type === MESSAGE_REPLACE ? DELTA_MORE : DELTA_LAST;
      let price = 0;
      let qty = 0;
      let match = 0;
      if (type === MESSAGE_ADD || type === MESSAGE_ADD_MPID) {
        const side = view.getUint8(m + ADD_SIDE);
        if (side !== BUY && side !== SELL) break;
        if (locates[row + 1] !== view.getInt32(m + ADD_STOCK) || locates[row + 2] !== view.getInt32(m + ADD_STOCK + 4)) break;
        if (side === SELL) word = WORD_ADD_ASK;
        price = view.getUint32(m + ADD_PRICE);
        qty = view.getUint32(m + ADD_SHARES);
        counts[cells + ROW_ORDERS]++;
      } else if (type === MESSAGE_EXECUTE || type === MESSAGE_CANCEL) {
        qty = view.getUint32(m + EXECUTE_SHARES);
        if (type === MESSAGE_EXECUTE) match = view.getInt32(m + EXECUTE_MATCH + 4);
      } else if (type === MESSAGE_EXECUTE_PRICE) {
        const printable = view.getUint8(m + EXECUTE_PRICE_PRINTABLE);
        if (printable === NO) headWord = DELTA_HIDDEN;
        else if (printable !== YES) break;
        price = view.getUint32(m + EXECUTE_PRICE_PRICE);
        qty = view.getUint32(m + EXECUTE_SHARES);
        match = view.getInt32(m + EXECUTE_MATCH + 4);
      }
      const time = view.getUint16(m + HEADER_TIME_HIGH) * 4_294_967_296 + view.getUint32(m + HEADER_TIME_LOW) + midnightNs;
      counts[COUNTS_LAST_TS] = time;
      counts[COUNTS_TYPES + type]++;
      counts[cells + ROW_MESSAGES]++;
      i32[HEADER_WORD_I32] = headWord | extra;
      i32[HEADER_INSTRUMENT_U32] = instrument;
      f64[HEADER_TS_EVENT_F64] = time;
      f64[DELTA_PRICE_F64] = price;
      f64[DELTA_QTY_F64] = qty;
      i32[DELTA_ORDER_LOW_I32] = view.getInt32(m + ORDER_AT + 4);
      i32[DELTA_ORDER_HIGH_I32] = view.getInt32(m + ORDER_AT);
      i32[DELTA_WORD_I32] = word;
      i32[DELTA_COUNT_U32] = match;
      outlet.emit();
      if (type === MESSAGE_REPLACE) this.replaceTo(view, m);
      at = end;
    }
    return at;
  }

  /** The new half of a replace, behind the old one. */
  private replaceTo(view: DataView, from: number): void {
    const words = this.i32;
    words[HEADER_WORD_I32] = DELTA_LAST;
    this.f64[DELTA_PRICE_F64] = view.getUint32(from + REPLACE_PRICE);
    this.f64[DELTA_QTY_F64] = view.getUint32(from + REPLACE_SHARES);
    words[DELTA_ORDER_LOW_I32] = view.getInt32(from + REPLACE_NEW_ORDER + 4);
    words[DELTA_ORDER_HIGH_I32] = view.getInt32(from + REPLACE_NEW_ORDER);
    words[DELTA_WORD_I32] = WORD_REPLACE_TO;
    this.outlet.emit();
  }

  private trade(bytes: Uint8Array, view: DataView, from: number): number {
    const instrument = this.directory.byStock(bytes, view, from, from + TRADE_STOCK);
    if (instrument < 0) return REASON_REGISTRY;
    this.writer.begin(view, from, instrument, TRADE_LAST);
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
      this.writer.count(view, from, instrument);
      return 0;
    }
    this.writer.begin(view, from, instrument, TRADE_LAST);
    this.f64[TRADE_PRICE_F64] = view.getUint32(from + CROSS_TRADE_PRICE);
    this.f64[TRADE_QTY_F64] = high * 4_294_967_296 + low;
    const crossType = view.getUint8(from + CROSS_TRADE_TYPE);
    this.finishTrade(view, from + CROSS_TRADE_MATCH, SIDE_NONE | (CONDITION_CROSS << 8) | (crossType << 16));
    return 0;
  }

  private brokenTrade(view: DataView, from: number): number {
    const instrument = this.directory.byLocate(view, from);
    if (instrument < 0) return REASON_REGISTRY;
    this.writer.begin(view, from, instrument, TRADE_LAST);
    this.f64[TRADE_PRICE_F64] = 0;
    this.f64[TRADE_QTY_F64] = 0;
    this.finishTrade(view, from + BROKEN_TRADE_MATCH, SIDE_NONE | (CONDITION_BROKEN << 8));
    return 0;
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
