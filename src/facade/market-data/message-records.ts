/**
 * A MarketDataMessage as the records that the rest of the system speaks, and back: a chain of 1 to 16 records of 64 bytes.
 *
 *   LTP            trade [bar tail] [values]
 *   QUOTE          quote [trade] [bar tail] [values]
 *   DEPTH          quote [trade] [bar tail] [values] CLEAR, then a SET for each level, with FLAG_SNAPSHOT
 *
 * The last record has FLAG_LAST. Prices and quantities are whole numbers at the symbol's scales: one that has more places is refused
 * (VALUE_RANGE), never cut. The bar is the session's, from the session epoch to the message's time; what of bar and tail is not known is
 * NOT_EXACT. VALUES hold average price, percent change and total quantities to buy and to sell, as doubles, likewise. A trade of quantity
 * 0 has none that is known, and a quoted side of price 0 and quantity 0 is not there.
 */
import { StreamError } from "../../kernel/core/errors.ts";
import { NOT_EXACT, POW10, decimalFromNumber } from "../../kernel/core/fixed.ts";
import { BAR_CLOSE_F64, BAR_HIGH_F64, BAR_LOW_F64, BAR_OPEN_F64, TAIL_VOLUME_F64, TAIL_NOTIONAL_F64, TAIL_BUY_VOLUME_F64 } from "../../kernel/record/bar.ts";
import {
  ACTION_CLEAR,
  ACTION_SET,
  DELTA_ACTION_U8,
  DELTA_COUNT_U32,
  DELTA_PRICE_F64,
  DELTA_QTY_F64,
  DELTA_SIDE_U8,
  DELTA_WORD_I32,
} from "../../kernel/record/book-delta.ts";
import { FLAG_LAST, FLAG_SNAPSHOT } from "../../kernel/record/flags.ts";
import {
  HEADER_INSTRUMENT_U32,
  HEADER_TS_EVENT_F64,
  HEADER_TS_RECV_F64,
  HEADER_WORD_I32,
  SIDE_ASK,
  SIDE_BID,
  SIDE_NONE,
  TYPE_BAR,
  TYPE_BAR_TAIL,
  TYPE_BOOK_DELTA,
  TYPE_QUOTE,
  TYPE_TRADE,
  TYPE_VALUES,
  headerWord,
} from "../../kernel/record/header.ts";
import { QUOTE_ASK_PRICE_F64, QUOTE_ASK_QTY_F64, QUOTE_BID_PRICE_F64, QUOTE_BID_QTY_F64 } from "../../kernel/record/quote.ts";
import { RECORD_BYTES, type Slots } from "../../kernel/record/slots.ts";
import { TRADE_AGGRESSOR_U8, TRADE_PRICE_F64, TRADE_QTY_F64 } from "../../kernel/record/trade.ts";
import { VALUES_FIRST_F64 } from "../../kernel/record/values.ts";
import { DEPTH_LEVELS, MarketDataMessage, type DepthLevel, type MessageType, type NumberField } from "./market-data-message.ts";
import type { SymbolDirectory } from "./symbol-directory.ts";

/** Most records of one message. */
export const MESSAGE_RECORDS_MAX: number = 6 + 2 * DEPTH_LEVELS;

const BAR_FIELDS: readonly NumberField[] = ["open", "high", "low", "close", "volume"];
const VALUE_FIELDS = ["averagePrice", "percentChange", "totalBuyQuantity", "totalSellQuantity"] as const;

/** Records that a message takes. */
export function recordsOf(message: MarketDataMessage): number {
  const trade = message.messageType !== "LTP" && message.price !== null ? 1 : 0;
  const bar = isAnyKnown(message, BAR_FIELDS) ? 2 : 0;
  const values = isAnyKnown(message, VALUE_FIELDS) ? 1 : 0;
  const levels = message.messageType === "DEPTH" ? 1 + message.bids.length + message.asks.length : 0;
  return 1 + trade + bar + values + levels;
}

/**
 * Writes a message at slot `from`, which has recordsOf(message) slots, and returns how many it wrote. `tsRecvNs`: when we received it, ns
 * since the session epoch, or TIME_UNSET. INSTRUMENT_UNKNOWN, VALUE_RANGE for what a record cannot hold exactly: nothing counts as written.
 */
export function writeMessage(message: MarketDataMessage, directory: SymbolDirectory, slots: Slots, from: number, tsRecvNs: number): number {
  const writer = new ChainWriter(message, directory, slots, from, tsRecvNs);
  if (message.messageType === "LTP") writer.trade();
  else {
    writer.quote();
    if (message.price !== null) writer.trade();
    else if (message.lastQuantity !== null) throw fault(`the last quantity ${message.lastQuantity} has no price`);
  }
  if (isAnyKnown(message, BAR_FIELDS)) writer.bar();
  if (isAnyKnown(message, VALUE_FIELDS)) writer.values();
  if (message.messageType === "DEPTH") writer.depth();
  return writer.finish();
}

/** The message in `count` records from slot `from`. Of a part of a chain: what that part says. VALUE_RANGE for records of no message. */
export function readMessage(directory: SymbolDirectory, slots: Slots, from: number, count: number): MarketDataMessage {
  const id = slots.u32[from * 16 + HEADER_INSTRUMENT_U32];
  const reader = new ChainReader(directory, id);
  for (let slot = from; slot < from + count; slot++) reader.take(slots, slot);
  return new MarketDataMessage({
    symbol: directory.symbol(id),
    exchange: directory.exchange(id),
    timestamp: directory.toUnixNs(slots.f64[from * 8 + HEADER_TS_EVENT_F64]),
    ...reader.fields,
  });
}

/** The number that whole units at a scale stand for: the nearest double, and exact to 15 digits. Null for NOT_EXACT. */
export function numberOfUnits(units: number, scale: number): number | null {
  return units === NOT_EXACT ? null : units / POW10[scale];
}

class ChainWriter {
  private readonly message: MarketDataMessage;
  private readonly slots: Slots;
  private readonly from: number;
  private readonly id: number;
  private readonly tsEventNs: number;
  private readonly tsRecvNs: number;
  private readonly priceScale: number;
  private readonly quantityScale: number;
  private slot: number;

  constructor(message: MarketDataMessage, directory: SymbolDirectory, slots: Slots, from: number, tsRecvNs: number) {
    this.message = message;
    this.slots = slots;
    this.from = from;
    this.slot = from;
    this.id = directory.require(message.exchange, message.symbol);
    this.tsEventNs = directory.toSessionNs(message.timestamp);
    this.tsRecvNs = tsRecvNs;
    this.priceScale = directory.priceScale(this.id);
    this.quantityScale = directory.quantityScale(this.id);
  }

  trade(): void {
    const { price, lastQuantity } = this.message;
    if (lastQuantity === 0) throw fault("a trade has a quantity above 0, or null: got 0");
    const at = this.begin(TYPE_TRADE, 0);
    this.slots.f64[at + TRADE_PRICE_F64] = this.price(price);
    this.slots.f64[at + TRADE_QTY_F64] = lastQuantity === null ? 0 : this.quantity(lastQuantity);
    this.slots.u8[at * 8 + TRADE_AGGRESSOR_U8] = SIDE_NONE;
  }

  quote(): void {
    const { bidPrice, bidQuantity, askPrice, askQuantity } = this.message;
    requireSide("bid", bidPrice, bidQuantity);
    requireSide("ask", askPrice, askQuantity);
    const at = this.begin(TYPE_QUOTE, 0);
    this.slots.f64[at + QUOTE_BID_PRICE_F64] = bidPrice === null ? 0 : this.price(bidPrice);
    this.slots.f64[at + QUOTE_BID_QTY_F64] = bidQuantity === null ? 0 : this.quantity(bidQuantity);
    this.slots.f64[at + QUOTE_ASK_PRICE_F64] = askPrice === null ? 0 : this.price(askPrice);
    this.slots.f64[at + QUOTE_ASK_QTY_F64] = askQuantity === null ? 0 : this.quantity(askQuantity);
  }

  bar(): void {
    const { open, high, low, close, volume } = this.message;
    const doubles = this.slots.f64;
    const at = this.begin(TYPE_BAR, 0);
    doubles[at + HEADER_TS_EVENT_F64] = 0; // the session epoch: the start of the bar
    doubles[at + BAR_OPEN_F64] = this.price(open);
    doubles[at + BAR_HIGH_F64] = this.price(high);
    doubles[at + BAR_LOW_F64] = this.price(low);
    doubles[at + BAR_CLOSE_F64] = this.price(close);
    const tail = this.begin(TYPE_BAR_TAIL, 0);
    doubles[tail + TAIL_VOLUME_F64] = this.quantity(volume);
    doubles[tail + TAIL_NOTIONAL_F64] = NOT_EXACT;
    doubles[tail + TAIL_BUY_VOLUME_F64] = NOT_EXACT;
  }

  values(): void {
    const at = this.begin(TYPE_VALUES, 0);
    VALUE_FIELDS.forEach((name, i) => {
      const value = this.message[name];
      if (value === NOT_EXACT) throw fault(`${name} cannot be ${value}: it stands for what is not known`);
      this.slots.f64[at + VALUES_FIRST_F64 + i] = value ?? NOT_EXACT;
    });
  }

  depth(): void {
    this.delta(ACTION_CLEAR, { price: 0, quantity: 0, orders: null });
    this.message.bids.forEach((level, i) => this.delta(ACTION_SET | (SIDE_BID << 8) | (i << 16), level));
    this.message.asks.forEach((level, i) => this.delta(ACTION_SET | (SIDE_ASK << 8) | (i << 16), level));
  }

  finish(): number {
    this.slots.i32[(this.slot - 1) * 16 + HEADER_WORD_I32] |= FLAG_LAST << 16;
    return this.slot - this.from;
  }

  private delta(word: number, { price, quantity, orders }: DepthLevel): void {
    const at = this.begin(TYPE_BOOK_DELTA, FLAG_SNAPSHOT);
    this.slots.f64[at + DELTA_PRICE_F64] = this.price(price);
    this.slots.f64[at + DELTA_QTY_F64] = this.quantity(quantity);
    this.slots.i32[at * 2 + DELTA_WORD_I32] = word;
    this.slots.u32[at * 2 + DELTA_COUNT_U32] = orders ?? 0;
  }

  /** Zeroes the next slot, writes its header and returns its place in doubles. */
  private begin(type: number, flags: number): number {
    const { slots, slot } = this;
    const at = slot * 8;
    slots.clear(slot);
    slots.i32[slot * 16 + HEADER_WORD_I32] = headerWord(type, flags);
    slots.u32[slot * 16 + HEADER_INSTRUMENT_U32] = this.id;
    slots.f64[at + HEADER_TS_EVENT_F64] = this.tsEventNs;
    slots.f64[at + HEADER_TS_RECV_F64] = this.tsRecvNs;
    this.slot++;
    return at;
  }

  private price(price: number | null): number {
    return price === null ? NOT_EXACT : decimalFromNumber(price, this.priceScale);
  }

  private quantity(quantity: number | null): number {
    return quantity === null ? NOT_EXACT : decimalFromNumber(quantity, this.quantityScale);
  }
}

class ChainReader {
  readonly fields: Partial<Record<NumberField, number | null>> & { messageType: MessageType; bids: DepthLevel[]; asks: DepthLevel[] } = {
    messageType: "LTP",
    bids: [],
    asks: [],
  };
  private readonly priceScale: number;
  private readonly quantityScale: number;
  private taken = 0;

  constructor(directory: SymbolDirectory, id: number) {
    directory.key(id); // INSTRUMENT_UNKNOWN
    this.priceScale = directory.priceScale(id);
    this.quantityScale = directory.quantityScale(id);
  }

  take(slots: Slots, slot: number): void {
    const doubles = slots.f64;
    const at = slot * 8;
    const type = slots.u8[slot * RECORD_BYTES];
    if (type !== TYPE_TRADE && this.taken === 0) this.fields.messageType = "QUOTE";
    if (type === TYPE_TRADE) {
      this.fields.price = this.price(doubles[at + TRADE_PRICE_F64]);
      this.fields.lastQuantity = this.known(doubles[at + TRADE_QTY_F64]);
    } else if (type === TYPE_QUOTE) this.quote(doubles, at);
    else if (type === TYPE_BAR) {
      this.fields.open = this.price(doubles[at + BAR_OPEN_F64]);
      this.fields.high = this.price(doubles[at + BAR_HIGH_F64]);
      this.fields.low = this.price(doubles[at + BAR_LOW_F64]);
      this.fields.close = this.price(doubles[at + BAR_CLOSE_F64]);
    } else if (type === TYPE_BAR_TAIL) this.fields.volume = numberOfUnits(doubles[at + TAIL_VOLUME_F64], this.quantityScale);
    else if (type === TYPE_VALUES) this.values(doubles, at);
    else if (type === TYPE_BOOK_DELTA) this.delta(slots, slot);
    else throw fault(`expected records of a message, got type ${type}`);
    this.taken++;
  }

  private quote(doubles: Float64Array, at: number): void {
    const [bid, bidQuantity] = [doubles[at + QUOTE_BID_PRICE_F64], doubles[at + QUOTE_BID_QTY_F64]];
    const [ask, askQuantity] = [doubles[at + QUOTE_ASK_PRICE_F64], doubles[at + QUOTE_ASK_QTY_F64]];
    this.fields.bidPrice = bid === 0 && bidQuantity === 0 ? null : this.price(bid);
    this.fields.bidQuantity = this.known(bidQuantity);
    this.fields.askPrice = ask === 0 && askQuantity === 0 ? null : this.price(ask);
    this.fields.askQuantity = this.known(askQuantity);
  }

  private values(doubles: Float64Array, at: number): void {
    VALUE_FIELDS.forEach((name, i) => {
      const value = doubles[at + VALUES_FIRST_F64 + i];
      this.fields[name] = value === NOT_EXACT ? null : value;
    });
  }

  private delta(slots: Slots, slot: number): void {
    this.fields.messageType = "DEPTH";
    if (slots.u8[slot * RECORD_BYTES + DELTA_ACTION_U8] !== ACTION_SET) return;
    const price = this.price(slots.f64[slot * 8 + DELTA_PRICE_F64]);
    const quantity = this.known(slots.f64[slot * 8 + DELTA_QTY_F64]);
    if (price === null || quantity === null) throw fault("expected a level with a price and a quantity");
    const level = { price, quantity, orders: slots.u32[slot * 16 + DELTA_COUNT_U32] || null };
    (slots.u8[slot * RECORD_BYTES + DELTA_SIDE_U8] === SIDE_BID ? this.fields.bids : this.fields.asks).push(level);
  }

  private price(units: number): number | null {
    return numberOfUnits(units, this.priceScale);
  }

  /** A quantity of which 0 says that it is not known. */
  private known(units: number): number | null {
    return units === 0 ? null : numberOfUnits(units, this.quantityScale);
  }
}

function isAnyKnown(message: MarketDataMessage, fields: readonly NumberField[]): boolean {
  return fields.some((name) => message[name] !== null);
}

/** A side that could not be told from one that is not there is refused. */
function requireSide(side: string, price: number | null, quantity: number | null): void {
  if (quantity === 0) throw fault(`a ${side} has a quantity above 0, or null: got 0`);
  if (price === null && quantity !== null) throw fault(`the ${side} quantity ${quantity} has no price`);
  if (price === 0 && quantity === null) throw fault(`a ${side} of 0 needs its quantity`);
}

function fault(what: string): StreamError {
  return new StreamError("VALUE_RANGE", `market data: ${what}`);
}
