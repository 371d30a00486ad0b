/**
 * One record of 64 bytes with the names of source 5: a movable view, nothing is copied and a getter makes no object.
 *
 *   record       type    price  volume    bid, ask            open .. close
 *   trade        LTP     x      quantity
 *   quote        QUOTE                    x, with quantities
 *   bar          QUOTE                                        x, of the session
 *   bar tail     QUOTE          session
 *   book delta   DEPTH   x      quantity  x, of its side                a SET of a level; nothing of any other
 *
 * What a record does not hold is null. A message of more than one record is a chain in a batch (message-records.ts). Prices are whole
 * numbers at the symbol's scale inside: units() is exact, text() too, and a getter gives the nearest double, which is exact to 15 digits.
 * Nothing overflows below 2^53 units, prices may be negative, and what does not fit is refused. A view never outlives its callback.
 */
import { StreamError } from "../../kernel/core/errors.ts";
import { NOT_EXACT, decimalFromNumber, decimalFromText, formatDecimal } from "../../kernel/core/fixed.ts";
import { TIME_UNSET } from "../../kernel/core/units.ts";
import { BAR_CLOSE_F64, BAR_HIGH_F64, BAR_LOW_F64, BAR_OPEN_F64, TAIL_VOLUME_F64 } from "../../kernel/record/bar.ts";
import { ACTION_SET, DELTA_ACTION_U8, DELTA_PRICE_F64, DELTA_QTY_F64, DELTA_SIDE_U8 } from "../../kernel/record/book-delta.ts";
import { FLAG_LAST } from "../../kernel/record/flags.ts";
import {
  HEADER_FLAGS_U16,
  HEADER_INSTRUMENT_U32,
  HEADER_LENGTH_U8,
  HEADER_SEQUENCE_F64,
  HEADER_TS_EVENT_F64,
  HEADER_TS_RECV_F64,
  HEADER_WORD_I32,
  RECORD_WORDS,
  SIDE_BID,
  SIDE_NONE,
  TYPE_BAR,
  TYPE_BAR_TAIL,
  TYPE_BOOK_DELTA,
  TYPE_QUOTE,
  TYPE_TRADE,
  TYPE_VALUES,
  headerWord,
  typeName,
} from "../../kernel/record/header.ts";
import { QUOTE_ASK_PRICE_F64, QUOTE_ASK_QTY_F64, QUOTE_BID_PRICE_F64, QUOTE_BID_QTY_F64 } from "../../kernel/record/quote.ts";
import { RECORD_BYTES, Slots } from "../../kernel/record/slots.ts";
import { TRADE_AGGRESSOR_U8, TRADE_PRICE_F64, TRADE_QTY_F64 } from "../../kernel/record/trade.ts";
import { VALUES_FIRST_F64 } from "../../kernel/record/values.ts";
import { MarketDataMessage, type MarketDataDict, type MessageType } from "./market-data-message.ts";
import { numberOfUnits, readMessage, recordsOf, writeMessage } from "./message-records.ts";
import { exchangeCode, type Exchange, type SymbolDirectory } from "./symbol-directory.ts";

/** Fields with a value, and whether it is a price: the others are quantities. */
const FIELD_IS_PRICE = {
  price: true,
  open: true,
  high: true,
  low: true,
  close: true,
  bid: true,
  ask: true,
  volume: false,
  bidQuantity: false,
  askQuantity: false,
} as const;
export type ValueField = keyof typeof FIELD_IS_PRICE;

/** Index of each field from the record's first double. */
type Places = Partial<Readonly<Record<ValueField, number>>>;
const NO_PLACES: Places = {};
const BID_LEVEL: Places = { price: DELTA_PRICE_F64, volume: DELTA_QTY_F64, bid: DELTA_PRICE_F64, bidQuantity: DELTA_QTY_F64 };
const ASK_LEVEL: Places = { price: DELTA_PRICE_F64, volume: DELTA_QTY_F64, ask: DELTA_PRICE_F64, askQuantity: DELTA_QTY_F64 };
const PLACES: Readonly<Record<number, Places>> = {
  [TYPE_TRADE]: { price: TRADE_PRICE_F64, volume: TRADE_QTY_F64 },
  [TYPE_QUOTE]: { bid: QUOTE_BID_PRICE_F64, bidQuantity: QUOTE_BID_QTY_F64, ask: QUOTE_ASK_PRICE_F64, askQuantity: QUOTE_ASK_QTY_F64 },
  [TYPE_BAR]: { open: BAR_OPEN_F64, high: BAR_HIGH_F64, low: BAR_LOW_F64, close: BAR_CLOSE_F64 },
  [TYPE_BAR_TAIL]: { volume: TAIL_VOLUME_F64 },
};

const FIELDS = Object.keys(FIELD_IS_PRICE) as ValueField[];

/** Types of records that a message is made of. */
const KNOWN_TYPES: readonly number[] = [TYPE_TRADE, TYPE_QUOTE, TYPE_BAR, TYPE_BAR_TAIL, TYPE_BOOK_DELTA, TYPE_VALUES];

/** What both kinds of a new record have. Decimals are numbers of at most 15 digits, or text. */
interface NewRecord {
  readonly exchange: string;
  readonly symbol: string;
  /** The venue's time, ns since the session epoch. */
  readonly timestampNs: number;
  /** When we received it, ns since the session epoch; left out when not known. */
  readonly tsRecvNs?: number;
}

export interface NewLtp extends NewRecord {
  readonly price: number | string;
  /** Quantity of the trade, above 0; left out when not known. */
  readonly volume?: number | string;
}

export interface NewQuote extends NewRecord {
  readonly bid: number | string;
  readonly bidQuantity: number | string;
  readonly ask: number | string;
  readonly askQuantity: number | string;
}

export class BinaryMarketData {
  readonly directory: SymbolDirectory;
  private slotsNow: Slots;
  private slotNow: number;

  /** A view of one record; without slots, of a record of its own, which is zero. */
  constructor(directory: SymbolDirectory, slots: Slots = Slots.create(1), slot: number = 0) {
    this.directory = directory;
    this.slotsNow = slots;
    this.slotNow = slot;
  }

  /** A trade. VALUE_RANGE for what the symbol's scales do not hold exactly, INSTRUMENT_UNKNOWN for a symbol that was not added. */
  static createLtpMessage(directory: SymbolDirectory, { price, volume, ...rest }: NewLtp): BinaryMarketData {
    const id = directory.require(rest.exchange, rest.symbol);
    const quantity = volume === undefined ? 0 : requirePositive(exact(volume, directory.quantityScale(id)));
    return new BinaryMarketData(directory).writeLtp(id, exact(price, directory.priceScale(id)), quantity, rest.timestampNs, rest.tsRecvNs ?? TIME_UNSET);
  }

  /** A quote of both sides. Errors as for createLtpMessage. */
  static createQuoteMessage(directory: SymbolDirectory, { bid, bidQuantity, ask, askQuantity, ...rest }: NewQuote): BinaryMarketData {
    const id = directory.require(rest.exchange, rest.symbol);
    const [prices, quantities] = [directory.priceScale(id), directory.quantityScale(id)];
    const row = Float64Array.of(
      exact(bid, prices),
      requirePositive(exact(bidQuantity, quantities)),
      exact(ask, prices),
      requirePositive(exact(askQuantity, quantities)),
    );
    return new BinaryMarketData(directory).writeQuote(id, row, rest.timestampNs, rest.tsRecvNs ?? TIME_UNSET);
  }

  /** Moves the view. */
  at(slots: Slots, slot: number): this {
    this.slotsNow = slots;
    this.slotNow = slot;
    return this;
  }

  get slots(): Slots {
    return this.slotsNow;
  }

  get slot(): number {
    return this.slotNow;
  }

  /** Type of the record, TYPE_* of tercel/records. */
  get recordType(): number {
    return this.slotsNow.u8[this.slotNow * RECORD_BYTES];
  }

  /** LTP, QUOTE or DEPTH; null for a record that says nothing of these. */
  get type(): MessageType | null {
    const type = this.recordType;
    if (type === TYPE_TRADE) return "LTP";
    if (type === TYPE_BOOK_DELTA) return "DEPTH";
    return KNOWN_TYPES.includes(type) ? "QUOTE" : null;
  }

  /** Quality flags, FLAG_* of tercel/flags. */
  get flags(): number {
    return this.slotsNow.u16[this.slotNow * 32 + HEADER_FLAGS_U16];
  }

  /** Whether its message ends with this record. */
  get isLast(): boolean {
    return (this.flags & FLAG_LAST) !== 0;
  }

  /** Id of the symbol in the directory. */
  get instrument(): number {
    return this.slotsNow.u32[this.slotNow * 16 + HEADER_INSTRUMENT_U32];
  }

  /** The venue's time, ns since the session epoch. */
  get timestampNs(): number {
    return this.slotsNow.f64[this.slotNow * 8 + HEADER_TS_EVENT_F64];
  }

  /** When we received it, ns since the session epoch; TIME_UNSET when not known. */
  get tsRecvNs(): number {
    return this.slotsNow.f64[this.slotNow * 8 + HEADER_TS_RECV_F64];
  }

  /** Ingest sequence, 0 where none was given. */
  get sequence(): number {
    return this.slotsNow.f64[this.slotNow * 8 + HEADER_SEQUENCE_F64];
  }

  get symbol(): string {
    return this.directory.symbol(this.instrument);
  }

  get exchange(): Exchange {
    return this.directory.exchange(this.instrument);
  }

  get exchangeCode(): number {
    return exchangeCode(this.exchange);
  }

  /** 32-bit hash of EXCHANGE:SYMBOL. */
  get symbolHash(): number {
    return this.directory.symbolHash(this.instrument);
  }

  get price(): number | null {
    return this.value("price");
  }

  get open(): number | null {
    return this.value("open");
  }

  get high(): number | null {
    return this.value("high");
  }

  get low(): number | null {
    return this.value("low");
  }

  get close(): number | null {
    return this.value("close");
  }

  get volume(): number | null {
    return this.value("volume");
  }

  get bid(): number | null {
    return this.value("bid");
  }

  get ask(): number | null {
    return this.value("ask");
  }

  get bidQuantity(): number | null {
    return this.value("bidQuantity");
  }

  get askQuantity(): number | null {
    return this.value("askQuantity");
  }

  /** A value in whole units at its scale, exact; null when the record does not hold it. */
  units(field: ValueField): number | null {
    const type = this.recordType;
    const place = this.placesOf(type)[field];
    if (place === undefined) return null;
    const units = this.slotsNow.f64[this.slotNow * 8 + place];
    if (units === NOT_EXACT) return null;
    if (units !== 0 || (type !== TYPE_TRADE && type !== TYPE_QUOTE)) return units;
    // Of a trade and a quote, a quantity of 0 is not known, and a side without price and quantity is not there.
    if (!FIELD_IS_PRICE[field]) return null;
    if (type === TYPE_TRADE) return units;
    return this.slotsNow.f64[this.slotNow * 8 + (field === "bid" ? QUOTE_BID_QTY_F64 : QUOTE_ASK_QTY_F64)] === 0 ? null : units;
  }

  /** A value as exact decimal text with all places of its scale; null when the record does not hold it. */
  text(field: ValueField): string | null {
    const units = this.units(field);
    return units === null ? null : formatDecimal(units, this.scaleOf(field));
  }

  /** Whether two records are of one symbol, by the id. Both views have one directory, or the answer means nothing. */
  isSameSymbol(other: BinaryMarketData): boolean {
    return this.instrument === other.instrument;
  }

  /** Writes a trade over the record: whole units at the symbol's scales, quantity 0 when not known. Makes no object. */
  writeLtp(instrument: number, price: number, quantity: number, timestampNs: number, tsRecvNs: number): this {
    const at = this.begin(TYPE_TRADE, instrument, timestampNs, tsRecvNs);
    this.slotsNow.f64[at + TRADE_PRICE_F64] = price;
    this.slotsNow.f64[at + TRADE_QTY_F64] = quantity;
    this.slotsNow.u8[at * 8 + TRADE_AGGRESSOR_U8] = SIDE_NONE;
    return this;
  }

  /** Writes a quote over the record: row[0..4) bid price, bid quantity, ask price, ask quantity, in whole units. Makes no object. */
  writeQuote(instrument: number, row: Float64Array, timestampNs: number, tsRecvNs: number): this {
    const at = this.begin(TYPE_QUOTE, instrument, timestampNs, tsRecvNs);
    this.slotsNow.f64[at + QUOTE_BID_PRICE_F64] = row[0];
    this.slotsNow.f64[at + QUOTE_BID_QTY_F64] = row[1];
    this.slotsNow.f64[at + QUOTE_ASK_PRICE_F64] = row[2];
    this.slotsNow.f64[at + QUOTE_ASK_QTY_F64] = row[3];
    return this;
  }

  /** A copy of the 64 bytes. */
  toBytes(): Uint8Array<ArrayBuffer> {
    const from = this.slotNow * RECORD_BYTES;
    return this.slotsNow.u8.slice(from, from + RECORD_BYTES);
  }

  /** The record in 64 bytes. VALUE_RANGE for another length, a record that is no part of a message, a symbol that the directory does not have. */
  static fromBytes(directory: SymbolDirectory, bytes: Uint8Array): BinaryMarketData {
    if (bytes.length !== RECORD_BYTES) throw fault(`expected a record of ${RECORD_BYTES} bytes, got ${bytes.length}`);
    const data = new BinaryMarketData(directory);
    data.slots.u8.set(bytes);
    if (bytes[HEADER_LENGTH_U8] !== RECORD_WORDS) throw fault(`expected a record of ${RECORD_WORDS} words, got ${bytes[HEADER_LENGTH_U8]}`);
    if (data.type === null) throw fault(`expected a record of ${KNOWN_TYPES.map(typeName).join(", ")}, got ${typeName(data.recordType)}`);
    if (data.instrument >= directory.count) throw fault(`expected a symbol's id below ${directory.count}, got ${data.instrument}`);
    data.requireNumbers();
    return data;
  }

  /** What the record says, as a message. VALUE_RANGE for a record that is no part of one. */
  toMessage(): MarketDataMessage {
    return readMessage(this.directory, this.slotsNow, this.slotNow, 1);
  }

  /** The record of a message that takes only one. VALUE_RANGE for one that takes more: append it to a BinaryMarketDataBatch. */
  static fromMessage(directory: SymbolDirectory, message: MarketDataMessage, tsRecvNs: number = TIME_UNSET): BinaryMarketData {
    const records = recordsOf(message);
    if (records !== 1) throw fault(`this ${message.messageType} takes ${records} records: append it to a BinaryMarketDataBatch`);
    const data = new BinaryMarketData(directory);
    writeMessage(message, directory, data.slots, 0, tsRecvNs);
    return data;
  }

  /** What the record says, as a plain object. */
  toDict(): MarketDataDict {
    return this.toMessage().toDict();
  }

  /** The record of what a plain object says. VALUE_RANGE as fromDict() and fromMessage(). */
  static fromDict(directory: SymbolDirectory, dict: unknown, tsRecvNs: number = TIME_UNSET): BinaryMarketData {
    return BinaryMarketData.fromMessage(directory, MarketDataMessage.fromDict(dict), tsRecvNs);
  }

  /** Everything that is a number of this record is one: whole, but for the doubles of VALUES. */
  private requireNumbers(): void {
    const whole = [this.timestampNs, this.tsRecvNs, this.sequence, ...FIELDS.map((field) => this.units(field) ?? 0)];
    const doubles = this.recordType === TYPE_VALUES ? this.slotsNow.f64.subarray(this.slotNow * 8 + VALUES_FIRST_F64, this.slotNow * 8 + RECORD_WORDS) : [];
    const wrong = whole.find((value) => !Number.isSafeInteger(value)) ?? doubles.find((value) => !Number.isFinite(value));
    if (wrong !== undefined) throw fault(`expected whole numbers below 2^53 in a ${typeName(this.recordType)}, got ${wrong}`);
  }

  private value(field: ValueField): number | null {
    const units = this.units(field);
    return units === null ? null : numberOfUnits(units, this.scaleOf(field));
  }

  private scaleOf(field: ValueField): number {
    return FIELD_IS_PRICE[field] ? this.directory.priceScale(this.instrument) : this.directory.quantityScale(this.instrument);
  }

  private placesOf(type: number): Places {
    if (type !== TYPE_BOOK_DELTA) return PLACES[type] ?? NO_PLACES;
    const bytes = this.slotsNow.u8;
    const from = this.slotNow * RECORD_BYTES;
    if (bytes[from + DELTA_ACTION_U8] !== ACTION_SET) return NO_PLACES;
    return bytes[from + DELTA_SIDE_U8] === SIDE_BID ? BID_LEVEL : ASK_LEVEL;
  }

  private begin(type: number, instrument: number, timestampNs: number, tsRecvNs: number): number {
    const slots = this.slotsNow;
    const slot = this.slotNow;
    slots.clear(slot);
    slots.i32[slot * 16 + HEADER_WORD_I32] = headerWord(type, FLAG_LAST);
    slots.u32[slot * 16 + HEADER_INSTRUMENT_U32] = instrument;
    slots.f64[slot * 8 + HEADER_TS_EVENT_F64] = timestampNs;
    slots.f64[slot * 8 + HEADER_TS_RECV_F64] = tsRecvNs;
    return slot * 8;
  }
}

function exact(value: number | string, scale: number): number {
  return typeof value === "number" ? decimalFromNumber(value, scale) : decimalFromText(value, scale);
}

function requirePositive(units: number): number {
  if (!(units > 0)) throw fault(`expected a quantity above 0, got ${units} units: leave out what is not known`);
  return units;
}

function fault(what: string): StreamError {
  return new StreamError("VALUE_RANGE", `market data: ${what}`);
}
