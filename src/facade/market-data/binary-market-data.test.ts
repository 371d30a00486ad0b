import { describe, expect, it } from "vitest";
import { isStreamError } from "../../kernel/core/errors.ts";
import { FULL } from "../../kernel/core/status.ts";
import { TIME_UNSET } from "../../kernel/core/units.ts";
import { TYPE_MARKER, TYPE_TRADE } from "../../kernel/record/header.ts";
import { Slots } from "../../kernel/record/slots.ts";
import { BATCH_RECORDS_MAX, BinaryMarketDataBatch } from "./binary-market-data-batch.ts";
import { BinaryMarketData, type ValueField } from "./binary-market-data.ts";
import { MarketDataMessage } from "./market-data-message.ts";
import { SymbolDirectory } from "./symbol-directory.ts";

const code = (name: Parameters<typeof isStreamError>[1]) => expect.toSatisfy((error: unknown) => isStreamError(error, name));
const EPOCH_MS = Date.UTC(2024, 7, 8);
const FIELDS: readonly ValueField[] = ["price", "open", "high", "low", "close", "volume", "bid", "ask", "bidQuantity", "askQuantity"];

const directory = SymbolDirectory.create(8, EPOCH_MS);
directory.add("NSE", "RELIANCE");
directory.add("BSE", "RELIANCE");
directory.add("MCX", "CRUDE", { price: 2, quantity: 1 });

const LTP = { exchange: "NSE", symbol: "RELIANCE", timestampNs: 34_200_000_000_001, tsRecvNs: 34_200_000_050_000 } as const;

/** What of a record is not null. */
function known(data: BinaryMarketData): Partial<Record<ValueField, number>> {
  return Object.fromEntries(FIELDS.flatMap((field) => (data[field] === null ? [] : [[field, data[field]]])));
}

describe("a record under the names of source 5", () => {
  it("of a trade is an LTP", () => {
    const data = BinaryMarketData.createLtpMessage(directory, { ...LTP, price: 2931.45, volume: 12 });
    expect([data.type, data.symbol, data.exchange, data.exchangeCode, data.instrument]).toEqual(["LTP", "RELIANCE", "NSE", 1, 0]);
    expect([data.timestampNs, data.tsRecvNs, data.sequence, data.isLast]).toEqual([34_200_000_000_001, 34_200_000_050_000, 0, true]);
    expect(data.symbolHash).toBe(directory.symbolHash(0));
    expect(known(data)).toEqual({ price: 2931.45, volume: 12 });
    expect([data.units("price"), data.text("price"), data.text("volume"), data.text("bid")]).toEqual([29_314_500, "2931.4500", "12", null]);
  });

  it("of a quote is a QUOTE", () => {
    const data = BinaryMarketData.createQuoteMessage(directory, { ...LTP, bid: "2931.4", bidQuantity: 50, ask: 2931.5, askQuantity: "75" });
    expect(data.type).toBe("QUOTE");
    expect(known(data)).toEqual({ bid: 2931.4, bidQuantity: 50, ask: 2931.5, askQuantity: 75 });
    data.writeQuote(0, Float64Array.of(0, 0, 5, 1), 1, 2);
    expect(known(data)).toEqual({ ask: 0.0005, askQuantity: 1 });
    data.writeQuote(0, Float64Array.of(0, 7, -5, 0), 1, 2);
    expect(known(data)).toEqual({ bid: 0, bidQuantity: 7, ask: -0.0005 });
  });

  it("of a bar, its tail and a level of a book shows what each of them holds", () => {
    const batch = new BinaryMarketDataBatch(directory, 16);
    batch.appendMessage(
      new MarketDataMessage({
        exchange: "MCX",
        symbol: "CRUDE",
        messageType: "DEPTH",
        timestamp: BigInt(EPOCH_MS) * 1_000_000n,
        open: 1.25,
        low: -37.63,
        volume: 7.5,
        bids: [{ price: -1, quantity: 0.5, orders: null }],
        asks: [{ price: 2, quantity: 3, orders: 1 }],
      }),
    );
    const shown = Array.from({ length: batch.length }, (_, i) => [batch.at(i).type, known(batch.at(i))]);
    expect(shown).toEqual([
      ["QUOTE", {}],
      ["QUOTE", { open: 1.25, low: -37.63 }],
      ["QUOTE", { volume: 7.5 }],
      ["DEPTH", {}],
      ["DEPTH", { price: -1, volume: 0.5, bid: -1, bidQuantity: 0.5 }],
      ["DEPTH", { price: 2, volume: 3, ask: 2, askQuantity: 3 }],
    ]);
  });

  it("of another type says nothing", () => {
    const data = new BinaryMarketData(directory);
    data.slots.u8[0] = TYPE_MARKER;
    expect([data.type, known(data)]).toEqual([null, {}]);
  });

  it("is exact above the source's 429,496.7295, below 0 and to 2^53 units", () => {
    for (const price of ["429496.7296", "999999999.9999", "-37.6300", "0.0001", "900719925474.0991"]) {
      const data = BinaryMarketData.createLtpMessage(directory, { ...LTP, price });
      expect(data.text("price")).toBe(price);
      const quote = BinaryMarketData.createQuoteMessage(directory, { ...LTP, bid: price, bidQuantity: 1, ask: price, askQuantity: 1 });
      expect([quote.text("bid"), quote.text("ask")]).toEqual([price, price]);
    }
  });

  it("refuses what it cannot hold exactly, a symbol that was not added and an exchange that is none", () => {
    for (const price of [1.00005, "1.00005", Number.NaN, 0.1 + 0.2, "900719925474.0993", ""]) {
      expect(() => BinaryMarketData.createLtpMessage(directory, { ...LTP, price })).toThrow(code("VALUE_RANGE"));
    }
    for (const volume of [0, -1, 0.5]) expect(() => BinaryMarketData.createLtpMessage(directory, { ...LTP, price: 1, volume })).toThrow(code("VALUE_RANGE"));
    expect(() => BinaryMarketData.createQuoteMessage(directory, { ...LTP, bid: 1, bidQuantity: 0, ask: 1, askQuantity: 1 })).toThrow(code("VALUE_RANGE"));
    expect(() => BinaryMarketData.createLtpMessage(directory, { ...LTP, symbol: "X", price: 1 })).toThrow(code("INSTRUMENT_UNKNOWN"));
    expect(() => BinaryMarketData.createLtpMessage(directory, { ...LTP, exchange: "LSE", price: 1 })).toThrow(code("VALUE_RANGE"));
  });

  it("is 64 bytes, and back from 64 bytes only", () => {
    const data = BinaryMarketData.createLtpMessage(directory, { ...LTP, price: 2931.45, volume: 12 });
    const bytes = data.toBytes();
    expect(bytes.length).toBe(64);
    const back = BinaryMarketData.fromBytes(directory, bytes);
    expect([back.toBytes(), back.toDict()]).toEqual([bytes, data.toDict()]);
    for (const length of [0, 63, 65, 128]) expect(() => BinaryMarketData.fromBytes(directory, new Uint8Array(length))).toThrow(code("VALUE_RANGE"));
  });

  it.each([
    ["another type", 0, TYPE_MARKER],
    ["no type", 0, 0],
    ["another length", 1, 7],
    ["a symbol that is not in the directory", 4, 3],
    ["a price that is no whole number", 32, 1],
    ["a price that is not a number", 39, 0x7f],
    ["a time that is no whole number", 16, 1],
  ])("refuses 64 bytes with %s", (_, at, value) => {
    const bytes = BinaryMarketData.createLtpMessage(directory, { ...LTP, timestampNs: 2 ** 30, price: 1 }).toBytes();
    bytes[at] = value;
    if (at === 39) bytes[38] = 0xf8;
    expect(() => BinaryMarketData.fromBytes(directory, bytes)).toThrow(code("VALUE_RANGE"));
  });

  it("is a message of one record, and a message of more is refused", () => {
    const ltp = BinaryMarketData.createLtpMessage(directory, { ...LTP, price: 2931.45, volume: 12 });
    const message = ltp.toMessage();
    expect(message.toDict()).toMatchObject({
      symbol: "RELIANCE",
      exchange: "NSE",
      messageType: "LTP",
      price: 2931.45,
      lastQuantity: 12,
      volume: null,
      timestamp: "1723109400000000001",
    });
    expect(BinaryMarketData.fromMessage(directory, message, LTP.tsRecvNs).toBytes()).toEqual(ltp.toBytes());
    expect(BinaryMarketData.fromDict(directory, ltp.toDict()).tsRecvNs).toBe(TIME_UNSET);
    expect(() => BinaryMarketData.fromDict(directory, { ...ltp.toDict(), volume: 5 })).toThrow(code("VALUE_RANGE"));
    expect(() => BinaryMarketData.fromDict(directory, { ...ltp.toDict(), vol: 5 })).toThrow(code("VALUE_RANGE"));
  });

  it("knows its symbol from another by the id", () => {
    const [a, b] = ["NSE", "BSE"].map((exchange) => BinaryMarketData.createLtpMessage(directory, { ...LTP, exchange, price: 1 }));
    expect([a.isSameSymbol(a), a.isSameSymbol(b)]).toEqual([true, false]);
  });

  it("is a view: moved, it shows another record, and the bytes of the first do not change", () => {
    const slots = Slots.create(2);
    const data = new BinaryMarketData(directory, slots, 0).writeLtp(0, 1, 2, 3, 4);
    expect(data.at(slots, 1).writeLtp(1, 5, 6, 7, 8).instrument).toBe(1);
    expect(data.at(slots, 0).units("price")).toBe(1);
    expect([data.slots, data.slot, data.recordType]).toEqual([slots, 0, TYPE_TRADE]);
  });
});

describe("a batch of records", () => {
  const record = (price: number): BinaryMarketData => BinaryMarketData.createLtpMessage(directory, { ...LTP, price });

  it("is filled to its end and then full", () => {
    const batch = new BinaryMarketDataBatch(directory, 3);
    expect([1, 2, 3, 4].map((price) => batch.append(record(price)))).toEqual([0, 1, 2, FULL]);
    expect([batch.length, batch.isFull, batch.appendBytes(record(5).toBytes())]).toEqual([3, true, FULL]);
    expect([0, 1, 2].map((i) => batch.at(i).price)).toEqual([1, 2, 3]);
    batch.clear();
    expect([batch.length, batch.append(record(9)), batch.at(0).price]).toEqual([0, 0, 9]);
  });

  it("is walked with one view", () => {
    const batch = new BinaryMarketDataBatch(directory, 3);
    for (const price of [1, 2, 3]) batch.append(record(price));
    expect(batch.at(0)).toBe(batch.at(2));
    for (const index of [-1, 3, Number.NaN]) expect(() => batch.at(index)).toThrow(code("VALUE_RANGE"));
  });

  it("a slice is a full batch on the same bytes", () => {
    const batch = new BinaryMarketDataBatch(directory, 5);
    for (const price of [1, 2, 3, 4]) batch.append(record(price));
    const slice = batch.slice(1, 3);
    expect([slice.length, slice.capacity, slice.append(record(9))]).toEqual([2, 2, FULL]);
    batch.at(1).writeLtp(0, 50_000, 1, 1, 1);
    expect([0, 1].map((i) => slice.at(i).price)).toEqual([5, 3]);
    expect(slice.slice(1).at(0).price).toBe(3);
    for (const [from, to] of [
      [0, 5],
      [2, 2],
      [-1, 2],
      [0.5, 2],
    ])
      expect(() => batch.slice(from, to)).toThrow(code("VALUE_RANGE"));
  });

  it("goes to bytes and back, a multiple of 64", () => {
    const batch = new BinaryMarketDataBatch(directory, 5);
    for (const price of [1, 2]) batch.append(record(price));
    const bytes = batch.toBytes();
    expect(bytes.length).toBe(128);
    const back = BinaryMarketDataBatch.fromBytes(directory, bytes);
    expect([back.length, back.toBytes()]).toEqual([2, bytes]);
    for (const length of [0, 63, 65]) expect(() => BinaryMarketDataBatch.fromBytes(directory, bytes.slice(0, length))).toThrow(code("VALUE_RANGE"));
    expect(() => batch.appendBytes(bytes, 65)).toThrow(code("VALUE_RANGE"));
  });

  it.each([0, 1.5, -1, BATCH_RECORDS_MAX + 1])("is not made for %d records", (capacity) => {
    expect(() => new BinaryMarketDataBatch(directory, capacity)).toThrow(code("VALUE_RANGE"));
  });
});
