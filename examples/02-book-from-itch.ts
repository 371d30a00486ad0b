/** How is a book built? Every order of a simulated session, then the best levels, compared with the exchange's own book. */
import { deepStrictEqual } from "node:assert";
import { InstrumentRegistry } from "../src/kernel/instrument/registry.ts";
import { Arena } from "../src/kernel/memory/arena.ts";
import { SIDE_ASK, SIDE_BID, TYPE_BOOK_DELTA } from "../src/kernel/record/header.ts";
import { Outlet } from "../src/kernel/record/outlet.ts";
import { bookLine, levels } from "../src/market/book/book-view.ts";
import { OrderBook } from "../src/market/book/order-book.ts";
import { Itch50Feed } from "../src/market/feed/itch50.ts";
import { MarketSimulator } from "../src/sim/simulator.ts";

const arena = Arena.create("example", 256 * 1024 * 1024);
const registry = new InstrumentRegistry(arena, 100);
const book = new OrderBook(arena, { instruments: 100, orders: 1 << 18, levels: 1 << 16 });
const outlet = new Outlet({
  accept: (slots, slot) => {
    if (slots.u8[slot * 64] === TYPE_BOOK_DELTA) book.apply(slots, slot);
  },
});
const feed = new Itch50Feed(arena, registry, outlet);
arena.seal();

const exchange = new MarketSimulator({ seed: 7, instruments: 20, messages: 200_000 });
const bytes = new Uint8Array(64 * 1024);
for (let length = exchange.read(bytes, 0); length > 0; length = exchange.read(bytes, 0)) feed.push(bytes, 0, length);

for (let instrument = 0; instrument < 5; instrument++) console.log(registry.symbol(instrument), bookLine(book, instrument, 4, 0));
for (let instrument = 0; instrument < registry.count; instrument++) {
  const ours = { bids: levels(book, instrument, SIDE_BID), asks: levels(book, instrument, SIDE_ASK) };
  deepStrictEqual(ours, exchange.truth(registry.symbol(instrument)));
}
console.log(`${registry.count} books equal to the exchange's own after ${feed.messages} messages`);
