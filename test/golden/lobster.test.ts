/**
 * Real NASDAQ order flow (AAPL, 2012-06-21) against the order book that LOBSTER rebuilt from the same feed.
 */
import { readFileSync } from "node:fs";
import { describe, expect } from "vitest";
import { OutputHash, OUTPUT_HASH_WORDS } from "../../src/kernel/core/hash.ts";
import { InstrumentRegistry } from "../../src/kernel/instrument/registry.ts";
import { Arena } from "../../src/kernel/memory/arena.ts";
import { TYPE_BOOK_DELTA } from "../../src/kernel/record/header.ts";
import { Outlet } from "../../src/kernel/record/outlet.ts";
import type { Slots } from "../../src/kernel/record/slots.ts";
import { OrderBook } from "../../src/market/book/order-book.ts";
import { LobsterFeed } from "../../src/market/feed/lobster.ts";
import { checkTransitions } from "../../src/market/sync/lobster-transitions.ts";
import { dataPath, itWithData } from "../data.ts";
import { Deltas } from "../model/book-records.ts";

const FOLDER = "lobster_aapl_20120621";
const MESSAGES_10 = `${FOLDER}/first999_message_10.csv`;
const BOOK_10 = `${FOLDER}/first999_orderbook_10.csv`;
const MESSAGES_50 = `${FOLDER}/AAPL_2012-06-21_34200000_37800000_message_50.csv`;
const BOOK_1 = `${FOLDER}/AAPL_2012-06-21_34200000_57600000_orderbook_1.csv`;
const RECEIVE_TIME_WORDS = (1 << 6) | (1 << 7);

function feedInto(accept: (slots: Slots, slot: number) => void): LobsterFeed {
  const arena = Arena.create("lobster", 1 << 20);
  return new LobsterFeed(arena, new InstrumentRegistry(arena, 1), new Outlet({ accept }), { symbol: "AAPL" });
}

function hashInPieces(bytes: Uint8Array, piece: number): { hash: string; report: unknown } {
  const hash = new OutputHash(new Int32Array(OUTPUT_HASH_WORDS));
  const feed = feedInto((slots, slot) => hash.add(slots.i32, slot * 16, RECEIVE_TIME_WORDS));
  for (let from = 0; from < bytes.length; from += piece) feed.push(bytes, from, Math.min(from + piece, bytes.length));
  feed.end();
  return { hash: hash.text(), report: feed.report() };
}

/** The rows of a file as numbers. */
function numbersOf(name: string): number[][] {
  return readFileSync(dataPath(name), "utf8")
    .trim()
    .split("\n")
    .map((row) => row.split(",").map(Number));
}

/** Total size taken off each order that the file never submits, at its price and side. */
function seedsOf(rows: readonly number[][]): Map<number, { side: number; price: number; qty: number }> {
  const submitted = new Set<number>();
  const seeds = new Map<number, { side: number; price: number; qty: number }>();
  for (const [, type, id, size, price, direction] of rows) {
    if (type === 1) submitted.add(id);
    else if (type >= 2 && type <= 4 && !submitted.has(id)) {
      const seed = seeds.get(id) ?? { side: direction === 1 ? 0 : 1, price, qty: 0 };
      seed.qty += size;
      seeds.set(id, seed);
    }
  }
  return seeds;
}

describe("LOBSTER AAPL 2012-06-21", () => {
  itWithData("every transition of the 10-level pair holds: 998 of 998 rows, 19,642 levels", [MESSAGES_10, BOOK_10], () => {
    const result = checkTransitions(readFileSync(dataPath(MESSAGES_10)), readFileSync(dataPath(BOOK_10)));
    expect(result).toEqual({ checked: 998, matched: 998, levels: 19_642, differing: [] });
  });

  itWithData("the transition check notices one changed digit in any row", [MESSAGES_10, BOOK_10], () => {
    const rows = readFileSync(dataPath(BOOK_10), "utf8").trim().split("\n");
    const messages = readFileSync(dataPath(MESSAGES_10));
    for (let k = 1; k < rows.length; k += 97) {
      const changed = rows.with(
        k,
        rows[k].replace(/^\d+/, (price) => String(Number(price) + 100)),
      );
      const result = checkTransitions(messages, new TextEncoder().encode(changed.join("\n")));
      expect(result.differing, `row ${k}`).toContain(k);
    }
  });

  itWithData("91,997 messages give one record stream, however the bytes are cut", [MESSAGES_50], () => {
    const bytes = readFileSync(dataPath(MESSAGES_50));
    const whole = hashInPieces(bytes, bytes.length);
    expect(whole.report).toMatchObject({
      messages: 91_997,
      byType: { submission: 44_256, cancel: 469, deletion: 41_004, execution: 4067, hidden: 2201 },
      malformed: 0,
      pendingBytes: 0,
    });
    expect(hashInPieces(bytes, 7)).toEqual(whole);
    expect(hashInPieces(bytes, 65_536)).toEqual(whole);
  });

  itWithData("the order book's distinct tops equal LOBSTER's for the first 1,105, until levels enter from outside the file", [MESSAGES_50, BOOK_1], () => {
    const arena = Arena.create("book", 1 << 24);
    const book = new OrderBook(arena, { instruments: 1, orders: 1 << 16, levels: 1 << 14 });
    const deltas = new Deltas(book);
    for (const [id, { side, price, qty }] of seedsOf(numbersOf(MESSAGES_50))) deltas.add(id, side, price, qty);
    const got: string[] = [];
    const feed = feedInto((slots, slot) => {
      if (slots.u8[slot * 64] !== TYPE_BOOK_DELTA) return;
      expect(book.apply(slots, slot)).toBeGreaterThan(0);
      const [bidPrice, bidQty, askPrice, askQty] = book.tops;
      const row = [askPrice, askQty, bidPrice, bidQty].join();
      if (row !== got.at(-1)) got.push(row);
    });
    const bytes = readFileSync(dataPath(MESSAGES_50));
    feed.push(bytes, 0, bytes.length);
    feed.end();
    const expected = numbersOf(BOOK_1)
      .map((row) => row.join())
      .filter((row, k, rows) => row !== rows[k - 1]);
    const same = got.findIndex((row, i) => row !== expected[i]);
    expect(same).toBe(1105);
    expect([book.unknownOrders, book.duplicateOrders, book.full, book.invalid, book.excess]).toEqual([0, 0, 0, 0, 0]);
  });
});
