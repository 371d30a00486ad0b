/** Order books from whole ITCH files: references to orders from before the file are counted and change nothing. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { InstrumentRegistry } from "../../src/kernel/instrument/registry.ts";
import { Arena } from "../../src/kernel/memory/arena.ts";
import { SIDE_ASK, SIDE_BID, TYPE_BOOK_DELTA } from "../../src/kernel/record/header.ts";
import { Outlet } from "../../src/kernel/record/outlet.ts";
import { levels } from "../../src/market/book/book-view.ts";
import { OrderBook } from "../../src/market/book/order-book.ts";
import { Itch50Feed } from "../../src/market/feed/itch50.ts";
import { MarketSimulator } from "../../src/sim/simulator.ts";
import { dataPath, itWithData } from "../data.ts";

const FILE = "itch_ritch_simulated/ex20101224.reframed.itch";

function build(instruments: number): { feed: Itch50Feed; book: OrderBook; registry: InstrumentRegistry } {
  const arena = Arena.create("golden", 256 * 1024 * 1024);
  const registry = new InstrumentRegistry(arena, instruments);
  const book = new OrderBook(arena, { instruments, orders: 1 << 17, levels: 1 << 16 });
  const outlet = new Outlet({
    accept: (slots, slot) => {
      if (slots.u8[slot * 64] === TYPE_BOOK_DELTA) book.apply(slots, slot);
    },
  });
  const feed = new Itch50Feed(arena, registry, outlet);
  arena.seal();
  return { feed, book, registry };
}

describe("order books from ITCH 5.0", () => {
  itWithData("the simulated day's 117 references to orders not yet named are counted and change no book", [FILE], () => {
    const { feed, book } = build(16);
    const bytes = new Uint8Array(readFileSync(dataPath(FILE)));
    feed.push(bytes, 0, bytes.length);
    expect(book.unknownOrders).toBe(117);
    expect(book.duplicateOrders).toBe(0);
    expect(book.full).toBe(0);
  });

  it.each([1, 2, 3])("every book of a simulated session, seed %i, equals the exchange's own at full depth", (seed) => {
    const { feed, book, registry } = build(64);
    const exchange = new MarketSimulator({ seed, instruments: 40, messages: 120_000 });
    const bytes = new Uint8Array(64 * 1024);
    for (let length = exchange.read(bytes, 0); length > 0; length = exchange.read(bytes, 0)) feed.push(bytes, 0, length);
    expect(registry.count).toBe(40);
    for (let instrument = 0; instrument < registry.count; instrument++) {
      const ours = { bids: levels(book, instrument, SIDE_BID), asks: levels(book, instrument, SIDE_ASK) };
      expect(ours).toEqual(exchange.truth(registry.symbol(instrument)));
    }
    expect(book.unknownOrders).toBe(0);
  });
});
