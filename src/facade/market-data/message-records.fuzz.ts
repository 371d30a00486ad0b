import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatDecimal } from "../../kernel/core/fixed.ts";
import { BinaryMarketDataBatch } from "./binary-market-data-batch.ts";
import { MarketDataMessage, type MarketDataFields } from "./market-data-message.ts";
import { MESSAGE_RECORDS_MAX, recordsOf } from "./message-records.ts";
import { SymbolDirectory } from "./symbol-directory.ts";

const EPOCH_MS = Date.UTC(2024, 7, 8);
const EPOCH_NS = BigInt(EPOCH_MS) * 1_000_000n;
const SYMBOLS = [
  { exchange: "NSE", symbol: "A", price: 4, quantity: 0 },
  { exchange: "MCX", symbol: "B", price: 2, quantity: 3 },
  { exchange: "NFO", symbol: "C:D", price: 9, quantity: 8 },
];

function directory(): SymbolDirectory {
  const made = SymbolDirectory.create(8, EPOCH_MS);
  for (const { exchange, symbol, price, quantity } of SYMBOLS) made.add(exchange, symbol, { price, quantity });
  return made;
}

/** A decimal of the scale with at most 15 digits. */
function decimal(scale: number, min: number): fc.Arbitrary<number> {
  return fc.integer({ min, max: 10 ** 15 }).map((units) => Number(formatDecimal(units, scale)));
}

/** Messages that records can hold, of every type, with any of their numbers absent. */
const fields: fc.Arbitrary<MarketDataFields> = fc
  .tuple(fc.constantFrom(...SYMBOLS), fc.constantFrom("LTP", "QUOTE", "DEPTH"), fc.integer({ min: 0, max: 2 ** 50 }))
  .chain(([{ exchange, symbol, price: priceScale, quantity: quantityScale }, messageType, ns]) => {
    const price = fc.option(decimal(priceScale, -(10 ** 15)));
    const quantity = fc.option(decimal(quantityScale, 1));
    const side = fc.oneof(fc.constant([null, null]), fc.tuple(decimal(priceScale, 1), quantity));
    const levels =
      messageType === "DEPTH"
        ? fc.array(
            fc.record({ price: decimal(priceScale, -1000), quantity: decimal(quantityScale, 1), orders: fc.option(fc.integer({ min: 1, max: 2 ** 32 - 1 })) }),
            { maxLength: 5 },
          )
        : fc.constant([]);
    const number = fc.option(fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0));
    const trade = messageType === "LTP" ? decimal(priceScale, -(10 ** 15)) : price;
    return fc
      .record({
        trade,
        lastQuantity: quantity,
        volume: fc.option(decimal(quantityScale, 0)),
        bid: side,
        ask: side,
        open: price,
        high: price,
        low: price,
        close: price,
        averagePrice: number,
        percentChange: number,
        totalBuyQuantity: fc.option(fc.nat()),
        totalSellQuantity: fc.option(fc.nat()),
        bids: levels,
        asks: levels,
      })
      .map(({ trade: last, lastQuantity, bid, ask, ...rest }) => ({
        ...rest,
        exchange,
        symbol,
        messageType,
        timestamp: EPOCH_NS + BigInt(ns),
        price: last,
        lastQuantity: last === null ? null : lastQuantity,
        ...(messageType === "LTP" ? {} : { bidPrice: bid[0], bidQuantity: bid[1], askPrice: ask[0], askQuantity: ask[1] }),
      }));
  });

describe("messages as records", () => {
  it("come back as they were, each whole and in order, whatever is known of them", () => {
    const symbols = directory();
    fc.assert(
      fc.property(fc.array(fields, { minLength: 1, maxLength: 4 }), (list) => {
        const messages = list.map((each) => new MarketDataMessage(each));
        const batch = new BinaryMarketDataBatch(symbols, 4 * MESSAGE_RECORDS_MAX);
        for (const message of messages) {
          expect(batch.appendMessage(message, 77)).toBe(recordsOf(message));
          expect(recordsOf(message)).toBeLessThanOrEqual(MESSAGE_RECORDS_MAX);
        }
        expect(batch.toMessages()).toEqual(messages);
        for (let i = 0; i < batch.length; i++) expect(batch.at(i).tsRecvNs).toBe(77);
        expect(BinaryMarketDataBatch.fromBytes(symbols, batch.toBytes()).toMessages()).toEqual(messages);
        for (const message of messages) expect(MarketDataMessage.fromBytes(message.toBytes())).toEqual(message);
      }),
      { seed: 20240808, numRuns: 1500 },
    );
  });
});
