/**
 * The Binance feed: the decoder with the gate that keeps its books in step, over one arena.
 */
import type { InstrumentRegistry } from "../../kernel/instrument/registry.ts";
import type { Arena } from "../../kernel/memory/arena.ts";
import type { Outlet } from "../../kernel/record/outlet.ts";
import { BinanceDecoder, type BinanceMarket, type BinanceOptions } from "../feed/binance.ts";
import { BookSync } from "./book-sync.ts";
import { BINANCE_COINM, BINANCE_SPOT, BINANCE_USDM, type SyncRow } from "./sync-table.ts";

/** Options of the decoder, without the gate. */
export type BinanceFeedOptions = Omit<BinanceOptions, "gate"> & {
  /** Silence of an instrument's depth stream after which its book is called stale, in ns; 0, the default, is never. */
  readonly staleAfterNs?: number;
};

const ROWS: Readonly<Record<BinanceMarket, SyncRow>> = { spot: BINANCE_SPOT, usdm: BINANCE_USDM, coinm: BINANCE_COINM };

/** The market that a feed of the command line names, or undefined. */
export function binanceMarketOf(feedName: string): BinanceMarket | undefined {
  if (feedName === BINANCE_SPOT.feed) return "spot";
  if (feedName === BINANCE_USDM.feed) return "usdm";
  return feedName === BINANCE_COINM.feed ? "coinm" : undefined;
}

export class BinanceFeed extends BinanceDecoder {
  /** States, counts and snapshot requests of the books. */
  readonly sync: BookSync;

  constructor(arena: Arena, registry: InstrumentRegistry, outlet: Outlet, options: BinanceFeedOptions) {
    const { staleAfterNs, ...rest } = options;
    const sync = new BookSync(arena, registry, ROWS[options.market], staleAfterNs ?? 0);
    super(arena, registry, outlet, { ...rest, gate: sync });
    this.sync = sync;
  }
}
