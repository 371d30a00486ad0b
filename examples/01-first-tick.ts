/** What is a record? Decodes a few ITCH 5.0 messages of a simulated exchange and prints the first trades. */
import { formatDecimal } from "../src/kernel/core/fixed.ts";
import { InstrumentRegistry } from "../src/kernel/instrument/registry.ts";
import { Arena } from "../src/kernel/memory/arena.ts";
import { HEADER_INSTRUMENT_U32, TYPE_TRADE } from "../src/kernel/record/header.ts";
import { Outlet } from "../src/kernel/record/outlet.ts";
import type { Slots } from "../src/kernel/record/slots.ts";
import { TradeView } from "../src/kernel/record/trade.ts";
import { Itch50Feed } from "../src/market/feed/itch50.ts";
import { MarketSimulator } from "../src/sim/simulator.ts";

const arena = Arena.create("example", 64 * 1024 * 1024);
const registry = new InstrumentRegistry(arena, 100);
let shown = 0;

const outlet = new Outlet({
  accept(slots: Slots, slot: number): void {
    if (slots.u8[slot * 64] !== TYPE_TRADE || shown === 5) return;
    shown++;
    const trade = new TradeView(slots).at(slots, slot);
    const instrument = slots.u32[slot * 16 + HEADER_INSTRUMENT_U32];
    console.log(`${registry.symbol(instrument)}  ${formatDecimal(trade.price, registry.priceScale[instrument])} x ${trade.qty}`);
  },
});
const feed = new Itch50Feed(arena, registry, outlet);
arena.seal();

const exchange = new MarketSimulator({ seed: 1, instruments: 20, messages: 50_000 });
const bytes = new Uint8Array(64 * 1024);
for (let length = exchange.read(bytes, 0); length > 0; length = exchange.read(bytes, 0)) feed.push(bytes, 0, length);
console.log(`${feed.messages} messages`);
