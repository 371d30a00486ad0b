/** The feeds that can be named: what makes each, and which book its deltas build. */
import { StreamError } from "../../kernel/core/errors.ts";
import type { InstrumentRegistry } from "../../kernel/instrument/registry.ts";
import type { Arena } from "../../kernel/memory/arena.ts";
import type { Outlet } from "../../kernel/record/outlet.ts";
import { BinanceFeed } from "../../market/sync/binance-feed.ts";
import type { Feed } from "../../market/feed/feed.ts";
import { Itch50Feed } from "../../market/feed/itch50.ts";

/** `order`: deltas name orders; `level`: deltas set price levels. */
export type BookKind = "order" | "level";

/** Where a feed's state goes and what it writes to. */
export interface FeedPorts {
  readonly arena: Arena;
  readonly registry: InstrumentRegistry;
  readonly outlet: Outlet;
  /** One cell: ms since 1970 of the session epoch, 0 until known. */
  readonly epoch: Float64Array;
}

interface FeedEntry {
  readonly book: BookKind;
  create(ports: FeedPorts): Feed;
}

const CATALOG: Readonly<Record<string, FeedEntry>> = {
  itch50: { book: "order", create: ({ arena, registry, outlet }) => new Itch50Feed(arena, registry, outlet) },
  binance: { book: "level", create: (ports) => createBinance(ports, "spot") },
  "binance-usdm": { book: "level", create: (ports) => createBinance(ports, "usdm") },
  "binance-coinm": { book: "level", create: (ports) => createBinance(ports, "coinm") },
};

/** Every feed name, in the order of the documentation. */
export const FEED_NAMES: readonly string[] = Object.keys(CATALOG);

/** The feed's entry; USAGE with the allowed names for any other. */
export function feedNamed(name: string): FeedEntry {
  if (!Object.hasOwn(CATALOG, name)) throw new StreamError("USAGE", `unknown feed ${name}; expected one of ${FEED_NAMES.join(", ")}`, { feed: name });
  return CATALOG[name];
}

function createBinance({ arena, registry, outlet, epoch }: FeedPorts, market: "spot" | "usdm" | "coinm"): Feed {
  return new BinanceFeed(arena, registry, outlet, { market, epoch });
}
