import { describe, expect, it } from "vitest";
import { isStreamError } from "../../kernel/core/errors.ts";
import { FULL, NEED_MORE } from "../../kernel/core/status.ts";
import { SIDE_ASK, SIDE_BID, TYPE_BAR, TYPE_BAR_TAIL, TYPE_BOOK_DELTA, TYPE_QUOTE, TYPE_SIGNAL, TYPE_TRADE, TYPE_VALUES } from "../../kernel/record/header.ts";
import { Arena } from "../../kernel/memory/arena.ts";
import { LevelBook } from "../../market/book/level-book.ts";
import { levels } from "../../market/book/book-view.ts";
import { BinaryMarketDataBatch } from "./binary-market-data-batch.ts";
import { MarketDataMessage, type MarketDataFields } from "./market-data-message.ts";
import { SymbolDirectory } from "./symbol-directory.ts";

const code = (name: Parameters<typeof isStreamError>[1]) => expect.toSatisfy((error: unknown) => isStreamError(error, name));
const EPOCH_MS = Date.UTC(2024, 7, 8);

function directory(): SymbolDirectory {
  const made = SymbolDirectory.create(8, EPOCH_MS);
  made.add("NSE", "A");
  return made;
}

function message(fields: Partial<MarketDataFields> = {}): MarketDataMessage {
  return new MarketDataMessage({ symbol: "A", exchange: "NSE", messageType: "QUOTE", timestamp: BigInt(EPOCH_MS) * 1_000_000n + 5n, ...fields });
}

const FULL_DEPTH: Partial<MarketDataFields> = {
  messageType: "DEPTH",
  price: 100.5,
  lastQuantity: 3,
  volume: 900,
  bidPrice: 100.25,
  bidQuantity: 10,
  askPrice: 100.75,
  askQuantity: 20,
  open: 99,
  averagePrice: 100.1,
  bids: [
    { price: 100.25, quantity: 10, orders: 2 },
    { price: 100, quantity: 5, orders: null },
  ],
  asks: [{ price: 100.75, quantity: 20, orders: 1 }],
};

describe("a message as records", () => {
  it("is the chain that the picture shows, with LAST on its last record only", () => {
    const batch = new BinaryMarketDataBatch(directory(), 32);
    batch.appendMessage(message(FULL_DEPTH));
    const types = Array.from({ length: batch.length }, (_, i) => batch.at(i).recordType);
    expect(types).toEqual([TYPE_QUOTE, TYPE_TRADE, TYPE_BAR, TYPE_BAR_TAIL, TYPE_VALUES, TYPE_BOOK_DELTA, TYPE_BOOK_DELTA, TYPE_BOOK_DELTA, TYPE_BOOK_DELTA]);
    expect(Array.from({ length: batch.length }, (_, i) => batch.at(i).isLast).lastIndexOf(false)).toBe(batch.length - 2);
    expect(batch.messageEnd(0)).toBe(batch.length);
  });

  it("of a DEPTH is what a book of levels takes as a snapshot", () => {
    const batch = new BinaryMarketDataBatch(directory(), 32);
    batch.appendMessage(message({ ...FULL_DEPTH, bids: [{ price: 90, quantity: 1, orders: 1 }] }));
    batch.appendMessage(message(FULL_DEPTH));
    const arena = Arena.create("book", 1 << 20);
    const book = new LevelBook(arena, { instruments: 1, levels: 1024 });
    arena.seal();
    for (let i = 0; i < batch.length; i++) if (batch.at(i).recordType === TYPE_BOOK_DELTA) book.apply(batch.slots, i);
    expect(levels(book, 0, SIDE_BID)).toEqual([
      { price: 1_002_500, qty: 10, orders: 2 },
      { price: 1_000_000, qty: 5, orders: 0 },
    ]);
    expect(levels(book, 0, SIDE_ASK)).toEqual([{ price: 1_007_500, qty: 20, orders: 1 }]);
  });

  it("is appended whole or not at all", () => {
    const batch = new BinaryMarketDataBatch(directory(), 10);
    expect(batch.appendMessage(message(FULL_DEPTH))).toBe(9);
    expect(batch.appendMessage(message({ bidPrice: 1, bidQuantity: 1, price: 1 }))).toBe(FULL);
    expect(batch.length).toBe(9);
    expect(() => batch.appendMessage(message({ messageType: "LTP", price: 1.00005 }))).toThrow(code("VALUE_RANGE"));
    expect(batch.length).toBe(9);
    expect(batch.appendMessage(message({ messageType: "LTP", price: 1 }))).toBe(1);
    expect(batch.toMessages()).toHaveLength(2);
  });

  it("without its end is not taken for one", () => {
    const symbols = directory();
    const whole = new BinaryMarketDataBatch(symbols, 32);
    whole.appendMessage(message({ messageType: "LTP", price: 1 }));
    whole.appendMessage(message(FULL_DEPTH));
    const part = whole.slice(0, 5);
    expect(part.messageEnd(1)).toBe(NEED_MORE);
    expect(part.toMessages()).toHaveLength(1);
    expect(() => part.messageAt(1)).toThrow(code("VALUE_RANGE"));
    expect(part.messageAt(1, 2).toDict()).toMatchObject({ messageType: "QUOTE", bidPrice: 100.25, price: null });
  });

  it.each<[string, Partial<MarketDataFields>]>([
    ["a price of more places than the symbol has", { price: 1.00005 }],
    ["a price beyond 15 digits", { price: 900_719_925_474.125 }],
    ["a fraction of a quantity", { price: 1, lastQuantity: 1.5 }],
    ["a trade of no quantity", { price: 1, lastQuantity: 0 }],
    ["a quantity of a trade without its price", { lastQuantity: 5 }],
    ["a bid quantity without its price", { bidQuantity: 5 }],
    ["an ask of no quantity", { askPrice: 5, askQuantity: 0 }],
    ["a bid of 0 that nobody could tell from none", { bidPrice: 0 }],
    ["an average that stands for none", { averagePrice: -9_007_199_254_740_992 }],
    ["a time 105 days away", { timestamp: 0n }],
  ])("%s is refused", (_, fields) => {
    expect(() => new BinaryMarketDataBatch(directory(), 32).appendMessage(message(fields))).toThrow(code("VALUE_RANGE"));
  });

  it("of a symbol that was not added is refused, and so are records of no message", () => {
    const batch = new BinaryMarketDataBatch(directory(), 32);
    expect(() => batch.appendMessage(message({ symbol: "B" }))).toThrow(code("INSTRUMENT_UNKNOWN"));
    const bytes = new Uint8Array(64);
    bytes[0] = TYPE_SIGNAL;
    bytes[2] = 1;
    batch.appendBytes(bytes);
    expect(() => batch.toMessages()).toThrow(code("VALUE_RANGE"));
    bytes[0] = TYPE_TRADE;
    bytes[4] = 9;
    batch.clear();
    batch.appendBytes(bytes);
    expect(() => batch.toMessages()).toThrow(code("INSTRUMENT_UNKNOWN"));
  });
});
