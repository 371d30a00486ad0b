/**
 * One update of one symbol as a value by itself (source 5's MarketDataMessage): for edges and for programs that have no directory of
 * symbols. Frozen. What is not known is null, never 0. To and from bytes, a plain object and JSON, strictly: what one of them refuses
 * is named, and nothing is cut, rounded or made up.
 *
 *   0 magic u32 "TMDM" | 4 version u8 | 5 type u8 | 6 exchange u8 | 7 symbol length u8 | 8 present u32 | 12 bids u8 | 13 asks u8
 *   14 zero u16 | 16 time i64, ns since 1970 | 24 symbol 32 x u8 | 56 numbers 15 x f64, in the order of NUMBER_FIELDS
 *   176 levels 10 x (price f64, quantity f64, orders f64), five bids, then five asks | 416
 *
 * Little-endian. Bit i of `present` is number i; bit 16 + i says that the orders of level i are known. What is absent is zero.
 */
import { StreamError } from "../../kernel/core/errors.ts";
import { exchangeCode, exchangeName, type Exchange } from "./symbol-directory.ts";

/** Bytes of a message. */
export const MESSAGE_BYTES = 416;
/** Most levels of a side. */
export const DEPTH_LEVELS = 5;
/** Longest symbol, with its exchange and a colon, in bytes. */
const SYMBOL_BYTES = 32;
const MAGIC = 0x4d444d54;
const VERSION = 1;
const SYMBOL_AT = 24;
const NUMBERS_AT = 56;
const LEVELS_AT = 176;
const LEVEL_BYTES = 24;
const ORDERS_BIT = 16;
const ORDERS_MAX = 0xffff_ffff;

/** Types by code, from 1. */
export const MESSAGE_TYPES = ["LTP", "QUOTE", "DEPTH"] as const;
/** Last traded price; best prices and the session's figures; those and five levels a side. */
export type MessageType = (typeof MESSAGE_TYPES)[number];

/** The numbers of a message, in the order in which its bytes hold them. Quantities are at least 0. */
export const NUMBER_FIELDS = [
  "price",
  "lastQuantity",
  "volume",
  "bidPrice",
  "bidQuantity",
  "askPrice",
  "askQuantity",
  "open",
  "high",
  "low",
  "close",
  "averagePrice",
  "percentChange",
  "totalBuyQuantity",
  "totalSellQuantity",
] as const;
export type NumberField = (typeof NUMBER_FIELDS)[number];

const FIELDS: readonly string[] = ["symbol", "exchange", "messageType", "timestamp", "bids", "asks", ...NUMBER_FIELDS];
const QUANTITIES: readonly NumberField[] = ["lastQuantity", "volume", "bidQuantity", "askQuantity", "totalBuyQuantity", "totalSellQuantity"];

/** One price level of a book. */
export interface DepthLevel {
  readonly price: number;
  /** Above 0: a level without quantity is not there. */
  readonly quantity: number;
  /** Orders at the level, null where the venue does not say. */
  readonly orders: number | null;
}

/** What a message is made of. A number that is left out is null: not known. */
export interface MarketDataFields extends Partial<Readonly<Record<NumberField, number | null>>> {
  readonly symbol: string;
  readonly exchange: string;
  readonly messageType: MessageType;
  /** The venue's time, ns since 1970. */
  readonly timestamp: bigint;
  /** Best first, at most DEPTH_LEVELS, of a DEPTH only. */
  readonly bids?: readonly DepthLevel[];
  readonly asks?: readonly DepthLevel[];
}

/** A message as JSON can hold it: the time as decimal text. */
export type MarketDataDict = Readonly<Record<NumberField, number | null>> & {
  readonly symbol: string;
  readonly exchange: Exchange;
  readonly messageType: MessageType;
  readonly timestamp: string;
  readonly bids: readonly DepthLevel[];
  readonly asks: readonly DepthLevel[];
};

export class MarketDataMessage {
  readonly symbol: string;
  readonly exchange: Exchange;
  readonly messageType: MessageType;
  /** The venue's time, ns since 1970. */
  readonly timestamp: bigint;
  /** Last traded price. */
  readonly price: number | null;
  /** Quantity of the last trade. */
  readonly lastQuantity: number | null;
  /** Quantity traded in the session. */
  readonly volume: number | null;
  readonly bidPrice: number | null;
  readonly bidQuantity: number | null;
  readonly askPrice: number | null;
  readonly askQuantity: number | null;
  readonly open: number | null;
  readonly high: number | null;
  readonly low: number | null;
  /** What the venue calls close: with most, that of the session before. */
  readonly close: number | null;
  /** Average price of the session's trades. */
  readonly averagePrice: number | null;
  /** Change against the close, in per cent. */
  readonly percentChange: number | null;
  /** Quantity of all orders to buy that wait. */
  readonly totalBuyQuantity: number | null;
  readonly totalSellQuantity: number | null;
  /** Best first. */
  readonly bids: readonly DepthLevel[];
  readonly asks: readonly DepthLevel[];

  /**
   * VALUE_RANGE for an unknown key, exchange or type, an empty or too long symbol, a number that is not finite, a quantity below 0, levels of
   * what has none, an LTP without its price.
   */
  constructor(fields: MarketDataFields) {
    requireKeys(fields, "a message", FIELDS);
    this.exchange = exchangeName(exchangeCode(fields.exchange));
    this.symbol = requireSymbol(fields.exchange, fields.symbol);
    this.messageType = requireType(fields.messageType);
    this.timestamp = requireTime(fields.timestamp);
    this.price = numberOf(fields, "price");
    this.lastQuantity = numberOf(fields, "lastQuantity");
    this.volume = numberOf(fields, "volume");
    this.bidPrice = numberOf(fields, "bidPrice");
    this.bidQuantity = numberOf(fields, "bidQuantity");
    this.askPrice = numberOf(fields, "askPrice");
    this.askQuantity = numberOf(fields, "askQuantity");
    this.open = numberOf(fields, "open");
    this.high = numberOf(fields, "high");
    this.low = numberOf(fields, "low");
    this.close = numberOf(fields, "close");
    this.averagePrice = numberOf(fields, "averagePrice");
    this.percentChange = numberOf(fields, "percentChange");
    this.totalBuyQuantity = numberOf(fields, "totalBuyQuantity");
    this.totalSellQuantity = numberOf(fields, "totalSellQuantity");
    this.bids = levelsOf("bids", fields.bids ?? []);
    this.asks = levelsOf("asks", fields.asks ?? []);
    const levels = this.bids.length + this.asks.length;
    if (this.messageType === "LTP" && this.price === null) throw fault("an LTP has a price, got none");
    if (this.messageType !== "DEPTH" && levels > 0) throw fault(`only a DEPTH has levels, got ${levels} of a ${this.messageType}`);
    Object.freeze(this);
  }

  /** MESSAGE_BYTES bytes, as pictured above. */
  toBytes(): Uint8Array<ArrayBuffer> {
    const bytes = new Uint8Array(MESSAGE_BYTES);
    const view = new DataView(bytes.buffer);
    const symbol = new TextEncoder().encode(this.symbol);
    const levels = [...padded(this.bids), ...padded(this.asks)];
    let present = 0;
    NUMBER_FIELDS.forEach((name, i) => {
      const value = this[name];
      if (value === null) return;
      present |= 1 << i;
      view.setFloat64(NUMBERS_AT + i * 8, value, true);
    });
    levels.forEach((level, i) => {
      if (level === null) return;
      const at = LEVELS_AT + i * LEVEL_BYTES;
      view.setFloat64(at, level.price, true);
      view.setFloat64(at + 8, level.quantity, true);
      if (level.orders === null) return;
      present |= 1 << (ORDERS_BIT + i);
      view.setFloat64(at + 16, level.orders, true);
    });
    view.setUint32(0, MAGIC, true);
    view.setUint32(4, VERSION | (typeCode(this.messageType) << 8) | (exchangeCode(this.exchange) << 16) | (symbol.length << 24), true);
    view.setUint32(8, present, true);
    bytes[12] = this.bids.length;
    bytes[13] = this.asks.length;
    view.setBigInt64(16, this.timestamp, true);
    bytes.set(symbol, SYMBOL_AT);
    return bytes;
  }

  /** The message in MESSAGE_BYTES bytes. VALUE_RANGE for any other length, and for bytes that toBytes() does not write. */
  static fromBytes(bytes: Uint8Array): MarketDataMessage {
    if (bytes.length !== MESSAGE_BYTES) throw fault(`expected ${MESSAGE_BYTES} bytes, got ${bytes.length}`);
    const view = new DataView(bytes.buffer, bytes.byteOffset, MESSAGE_BYTES);
    if (view.getUint32(0, true) !== MAGIC || bytes[4] !== VERSION)
      throw fault(`expected a message of version ${VERSION}, got magic ${view.getUint32(0, true)}, version ${bytes[4]}`);
    const present = view.getUint32(8, true);
    const levelAt = (i: number): DepthLevel => {
      const at = LEVELS_AT + i * LEVEL_BYTES;
      const orders = (present & (1 << (ORDERS_BIT + i))) === 0 ? null : view.getFloat64(at + 16, true);
      return { price: view.getFloat64(at, true), quantity: view.getFloat64(at + 8, true), orders };
    };
    const numbers = NUMBER_FIELDS.map((name, i) => [name, (present & (1 << i)) === 0 ? null : view.getFloat64(NUMBERS_AT + i * 8, true)]);
    const [bids, asks] = [Math.min(bytes[12], DEPTH_LEVELS), Math.min(bytes[13], DEPTH_LEVELS)];
    const message = new MarketDataMessage({
      symbol: new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes.slice(SYMBOL_AT, SYMBOL_AT + bytes[7])),
      exchange: exchangeName(bytes[6]),
      messageType: MESSAGE_TYPES[bytes[5] - 1],
      timestamp: view.getBigInt64(16, true),
      ...(Object.fromEntries(numbers) as Record<NumberField, number | null>),
      bids: Array.from({ length: bids }, (_, i) => levelAt(i)),
      asks: Array.from({ length: asks }, (_, i) => levelAt(DEPTH_LEVELS + i)),
    });
    // One message has one form: whatever is not written by toBytes() shows here, in padding, counts, absent numbers or broken text.
    if (!message.toBytes().every((byte, i) => byte === bytes[i])) throw fault("expected zero where nothing is present, and whole text");
    return message;
  }

  /** A plain object that JSON can hold, with every field. */
  toDict(): MarketDataDict {
    return { ...this, timestamp: String(this.timestamp) };
  }

  /** The message in a plain object. VALUE_RANGE for an unknown key or a value of another type; a number that is left out is null. */
  static fromDict(dict: unknown): MarketDataMessage {
    const { timestamp } = requireKeys(dict, "a message", FIELDS);
    if (typeof timestamp !== "bigint" && !(typeof timestamp === "string" && /^-?\d{1,20}$/.test(timestamp))) {
      throw fault(`timestamp: expected ns since 1970 as decimal text, got ${shown(timestamp)}`);
    }
    return new MarketDataMessage({ ...(dict as MarketDataFields), timestamp: BigInt(timestamp) });
  }

  toJson(): string {
    return JSON.stringify(this.toDict());
  }

  /** The message in JSON text. VALUE_RANGE for what is no JSON, and as fromDict(). */
  static fromJson(text: string): MarketDataMessage {
    let dict: unknown;
    try {
      dict = JSON.parse(text);
    } catch (cause) {
      throw new StreamError("VALUE_RANGE", `market data: expected JSON: ${(cause as Error).message}`, {}, cause);
    }
    return MarketDataMessage.fromDict(dict);
  }
}

/** The code of a type, 1 to 3. */
export function typeCode(type: MessageType): number {
  return MESSAGE_TYPES.indexOf(type) + 1;
}

function requireSymbol(exchange: string, symbol: unknown): string {
  const bytes = typeof symbol === "string" ? new TextEncoder().encode(`${exchange}:${symbol}`).length : Infinity;
  if (typeof symbol !== "string" || symbol.trim() === "" || !symbol.isWellFormed() || bytes > SYMBOL_BYTES) {
    throw fault(`expected a symbol of at most ${SYMBOL_BYTES} bytes with its exchange, got ${shown(symbol)}`);
  }
  return symbol;
}

function requireType(type: unknown): MessageType {
  const found = MESSAGE_TYPES.find((each) => each === type);
  if (found === undefined) throw fault(`expected a type of ${MESSAGE_TYPES.join(", ")}, got ${shown(type)}`);
  return found;
}

function requireTime(time: unknown): bigint {
  if (typeof time !== "bigint" || BigInt.asIntN(64, time) !== time) throw fault(`timestamp: expected ns since 1970 in 64 bits, got ${shown(time)}`);
  return time;
}

function numberOf(fields: MarketDataFields, name: NumberField): number | null {
  const value: unknown = fields[name] ?? null;
  if (value === null) return null;
  if (typeof value !== "number" || !Number.isFinite(value)) throw fault(`${name}: expected a number or null, got ${shown(value)}`);
  if (value < 0 && QUANTITIES.includes(name)) throw fault(`${name}: expected at least 0, got ${value}`);
  return value + 0; // no -0, whose bytes differ
}

function levelsOf(side: string, levels: unknown): readonly DepthLevel[] {
  if (!Array.isArray(levels)) throw fault(`${side}: expected a list, got ${shown(levels)}`);
  if (levels.length > DEPTH_LEVELS) throw fault(`${side}: expected at most ${DEPTH_LEVELS} levels, got ${levels.length}`);
  return Object.freeze(levels.map((level) => levelOf(side, level)));
}

function levelOf(side: string, level: unknown): DepthLevel {
  const { price, quantity, orders = null } = requireKeys(level, `a level of ${side}`, ["price", "quantity", "orders"]);
  if (typeof price !== "number" || !Number.isFinite(price)) throw fault(`${side}: expected a price, got ${shown(price)}`);
  if (!(typeof quantity === "number" && quantity > 0 && quantity < Infinity)) throw fault(`${side}: expected a quantity above 0, got ${shown(quantity)}`);
  if (orders !== null && !(typeof orders === "number" && Number.isInteger(orders) && orders > 0 && orders <= ORDERS_MAX)) {
    throw fault(`${side}: expected 1 to ${ORDERS_MAX} orders or null, got ${shown(orders)}`);
  }
  return Object.freeze({ price: price + 0, quantity, orders });
}

function requireKeys(value: unknown, what: string, keys: readonly string[]): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw fault(`expected ${what} as an object, got ${shown(value)}`);
  const unknown = Object.keys(value).find((key) => !keys.includes(key));
  if (unknown !== undefined) throw fault(`${what} has no ${unknown}: expected ${keys.join(", ")}`);
  return value as Readonly<Record<string, unknown>>;
}

function padded(levels: readonly DepthLevel[]): readonly (DepthLevel | null)[] {
  return Array.from({ length: DEPTH_LEVELS }, (_, i) => levels[i] ?? null);
}

function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.slice(0, 60));
  return typeof value === "object" && value !== null ? "an object or a list" : String(value);
}

function fault(what: string): StreamError {
  return new StreamError("VALUE_RANGE", `market data: ${what}`);
}
