import { describe, expect, it } from "vitest";
import { isStreamError } from "../../kernel/core/errors.ts";
import { MESSAGE_BYTES, MarketDataMessage, NUMBER_FIELDS, type MarketDataFields } from "./market-data-message.ts";

const code = (name: Parameters<typeof isStreamError>[1]) => expect.toSatisfy((error: unknown) => isStreamError(error, name));

const DEPTH: MarketDataFields = {
  symbol: "RELIANCE",
  exchange: "NSE",
  messageType: "DEPTH",
  timestamp: 1_723_109_400_000_000_001n,
  price: 2931.45,
  lastQuantity: 12,
  volume: 4_150_000,
  bidPrice: 2931.4,
  bidQuantity: 50,
  askPrice: 2931.5,
  askQuantity: 75,
  open: 2900,
  high: 2944,
  low: 2899.05,
  close: 2897.6,
  averagePrice: 2925.3711,
  percentChange: -1.17,
  totalBuyQuantity: 812_000,
  totalSellQuantity: 790_500,
  bids: [
    { price: 2931.4, quantity: 50, orders: 3 },
    { price: 2931.35, quantity: 10, orders: null },
  ],
  asks: [{ price: 2931.5, quantity: 75, orders: 4 }],
};
const LTP: MarketDataFields = { symbol: "GOLD", exchange: "MCX", messageType: "LTP", timestamp: 0n, price: 1 };

describe("a message", () => {
  it("goes through bytes, a plain object and JSON and comes back as it was", () => {
    for (const fields of [DEPTH, LTP, { ...LTP, messageType: "QUOTE" } as const]) {
      const message = new MarketDataMessage(fields);
      expect(MarketDataMessage.fromBytes(message.toBytes())).toEqual(message);
      expect(MarketDataMessage.fromDict(message.toDict())).toEqual(message);
      expect(MarketDataMessage.fromJson(message.toJson())).toEqual(message);
    }
  });

  it("keeps a symbol of any whole characters", () => {
    for (const symbol of ["\ufeffA", "सेंसेक्स", "A:B", "📈", "-"]) {
      expect(MarketDataMessage.fromBytes(new MarketDataMessage({ ...LTP, symbol }).toBytes()).symbol).toBe(symbol);
    }
  });

  it("is frozen, and what is not known is null", () => {
    const message = new MarketDataMessage(LTP);
    expect(NUMBER_FIELDS.filter((name) => message[name] !== null)).toEqual(["price"]);
    expect([message.bids, message.asks]).toEqual([[], []]);
    expect(Object.isFrozen(message)).toBe(true);
    expect(Object.isFrozen(new MarketDataMessage(DEPTH).bids[0])).toBe(true);
  });

  it("lies in its bytes as the picture on top of the file says", () => {
    const view = new DataView(new MarketDataMessage(DEPTH).toBytes().buffer);
    const u8 = (at: number): number => view.getUint8(at);
    expect(view.byteLength).toBe(416);
    expect([...new Uint8Array(view.buffer, 0, 4)].map((byte) => String.fromCharCode(byte)).join("")).toBe("TMDM");
    expect([u8(4), u8(5), u8(6), u8(7)]).toEqual([1, 3, 1, 8]);
    expect(view.getUint32(8, true)).toBe(0x7fff | (1 << 16) | (1 << 21));
    expect([u8(12), u8(13), view.getUint16(14, true)]).toEqual([2, 1, 0]);
    expect(view.getBigInt64(16, true)).toBe(DEPTH.timestamp);
    expect(new TextDecoder().decode(new Uint8Array(view.buffer, 24, 8))).toBe("RELIANCE");
    NUMBER_FIELDS.forEach((name, i) => expect(view.getFloat64(56 + i * 8, true), name).toBe(DEPTH[name]));
    const level = (i: number): number[] => [0, 8, 16].map((at) => view.getFloat64(176 + i * 24 + at, true));
    expect([level(0), level(1), level(2), level(5)]).toEqual([
      [2931.4, 50, 3],
      [2931.35, 10, 0],
      [0, 0, 0],
      [2931.5, 75, 4],
    ]);
  });

  it("has the time in JSON as text, to the nanosecond", () => {
    expect(JSON.parse(new MarketDataMessage(DEPTH).toJson())).toMatchObject({
      timestamp: "1723109400000000001",
      low: 2899.05,
      bids: [{ orders: 3 }, { orders: null }],
    });
  });
});

describe("what is no message is refused", () => {
  it.each<[string, Partial<MarketDataFields> | Record<string, unknown>]>([
    ["an unknown exchange", { exchange: "NYSE" }],
    ["an unknown type", { messageType: "TICK" }],
    ["no symbol", { symbol: "" }],
    ["a symbol that is a number", { symbol: 5 }],
    ["a symbol that is half a character", { symbol: "A\ud83d" }],
    ["a symbol that is too long", { symbol: "X".repeat(29) }],
    ["a time that is a number", { timestamp: 5 }],
    ["a time beyond 64 bits", { timestamp: 2n ** 63n }],
    ["a price that is not a number", { price: Number.NaN }],
    ["a price that is text", { price: "5" }],
    ["an endless price", { price: Infinity }],
    ["a quantity below 0", { volume: -1 }],
    ["levels that are no list", { bids: {} }],
    ["six levels", { bids: Array.from({ length: 6 }, () => ({ price: 1, quantity: 1, orders: null })) }],
    ["a level that is null", { bids: [null] }],
    ["a level without quantity", { asks: [{ price: 1, quantity: 0, orders: null }] }],
    ["a level without price", { asks: [{ quantity: 1, orders: null }] }],
    ["a level with 0 orders", { asks: [{ price: 1, quantity: 1, orders: 0 }] }],
    ["a level with something else", { asks: [{ price: 1, quantity: 1, orders: null, size: 1 }] }],
    ["a key that no message has", { prise: 1 }],
  ])("%s", (_, change) => {
    expect(() => new MarketDataMessage({ ...DEPTH, ...change })).toThrow(code("VALUE_RANGE"));
  });

  it("an LTP without a price, levels of a QUOTE", () => {
    expect(() => new MarketDataMessage({ ...LTP, price: null })).toThrow(code("VALUE_RANGE"));
    expect(() => new MarketDataMessage({ ...DEPTH, messageType: "QUOTE" })).toThrow(code("VALUE_RANGE"));
  });

  it.each(["", "{", "[]", "null", "5", '{"symbol":"A"}', '{"symbol":"A","exchange":"NSE","messageType":"QUOTE","timestamp":1}'])("the JSON %s", (text) => {
    expect(() => MarketDataMessage.fromJson(text)).toThrow(code("VALUE_RANGE"));
  });

  it("bytes of another length, and any bytes that no message is written as", () => {
    const bytes = new MarketDataMessage(LTP).toBytes();
    for (const length of [0, MESSAGE_BYTES - 1, MESSAGE_BYTES + 1])
      expect(() => MarketDataMessage.fromBytes(new Uint8Array(length))).toThrow(code("VALUE_RANGE"));
    // Every byte that has no free choice: magic, version, type, exchange, present bits above the numbers, counts, zero bytes, and what is absent.
    const fixed = [0, 3, 4, 5, 6, 7, 9, 11, 12, 13, 14, 15, 40, 64, 175, 176, 300, 415];
    for (const at of fixed) expect(() => MarketDataMessage.fromBytes(bytes.with(at, bytes[at] ^ 0x80)), `byte ${at}`).toThrow(code("VALUE_RANGE"));
  });
});
