/**
 * A Binance feed with what a test wants to see of it: every record as a plain object, their hash, and the books that they build.
 */
import { OUTPUT_HASH_WORDS, OutputHash } from "../../src/kernel/core/hash.ts";
import { InstrumentRegistry } from "../../src/kernel/instrument/registry.ts";
import { Arena } from "../../src/kernel/memory/arena.ts";
import { ACTION_CLEAR, BookDeltaView } from "../../src/kernel/record/book-delta.ts";
import { flagNames } from "../../src/kernel/record/flags.ts";
import { SIDE_BID, TYPE_BOOK_DELTA, TYPE_QUOTE, TYPE_TRADE, TYPE_VENUE_STATUS, typeName } from "../../src/kernel/record/header.ts";
import { Outlet, type RecordTarget } from "../../src/kernel/record/outlet.ts";
import { QuoteView } from "../../src/kernel/record/quote.ts";
import type { Slots } from "../../src/kernel/record/slots.ts";
import { TradeView } from "../../src/kernel/record/trade.ts";
import { VenueStatusView } from "../../src/kernel/record/venue-status.ts";
import { BinanceFeed, type BinanceFeedOptions } from "../../src/market/sync/binance-feed.ts";
import { bookText, type Market } from "./binance-venue.ts";

export interface SeenRecord {
  readonly type: string;
  readonly flags: readonly string[];
  readonly instrument: number;
  readonly tsEvent: number;
  readonly tsRecv: number;
  readonly values: readonly number[];
}

/** Sides of one book, price to quantity. */
export interface ModelBook {
  readonly bids: Map<number, number>;
  readonly asks: Map<number, number>;
  /** Last STATUS_BOOK quality. */
  quality: number;
}

export class RecordLog implements RecordTarget {
  readonly seen: SeenRecord[] = [];
  readonly books = new Map<number, ModelBook>();
  readonly counts: Record<string, number> = {};
  /** Set to keep each record as an object. */
  keep = true;
  private readonly hash = new OutputHash(new Int32Array(OUTPUT_HASH_WORDS));

  accept(slots: Slots, slot: number): void {
    const type = slots.u8[slot << 6];
    const instrument = slots.u32[(slot << 4) + 1];
    this.hash.add(slots.i32, slot << 4, 0);
    const name = typeName(type);
    this.counts[name] = (this.counts[name] ?? 0) + 1;
    let values: number[] = [];
    if (type === TYPE_TRADE) {
      const view = new TradeView(slots).at(slots, slot);
      values = [view.price, view.qty, view.tradeId, view.aggressor, view.condition];
    } else if (type === TYPE_QUOTE) {
      const view = new QuoteView(slots).at(slots, slot);
      values = [view.bidPrice, view.bidQty, view.askPrice, view.askQty];
    } else if (type === TYPE_BOOK_DELTA) {
      const view = new BookDeltaView(slots).at(slots, slot);
      values = [view.action, view.side, view.price, view.qty];
      this.applyDelta(instrument, view);
    } else if (type === TYPE_VENUE_STATUS) {
      const view = new VenueStatusView(slots).at(slots, slot);
      values = [view.kind, view.state];
      this.book(instrument).quality = view.state;
    }
    if (!this.keep) return;
    const f64 = slots.f64;
    const at = slot << 3;
    this.seen.push({ type: name, flags: flagNames(slots.u16[(slot << 5) + 1]), instrument, tsEvent: f64[at + 2], tsRecv: f64[at + 3], values });
  }

  get hashText(): string {
    return this.hash.text();
  }

  book(instrument: number): ModelBook {
    let book = this.books.get(instrument);
    if (book === undefined) this.books.set(instrument, (book = { bids: new Map(), asks: new Map(), quality: -1 }));
    return book;
  }

  /** The book as the venue model writes it, for prices at 2 and quantities at 3 decimal places. */
  text(instrument: number): string {
    const { bids, asks } = this.book(instrument);
    return bookText(bids, asks);
  }

  private applyDelta(instrument: number, view: BookDeltaView): void {
    const book = this.book(instrument);
    if (view.action === ACTION_CLEAR) {
      book.bids.clear();
      book.asks.clear();
      return;
    }
    const side = view.side === SIDE_BID ? book.bids : book.asks;
    if (view.qty === 0) side.delete(view.price);
    else side.set(view.price, view.qty);
  }
}

export interface Rig {
  readonly arena: Arena;
  readonly registry: InstrumentRegistry;
  readonly epoch: Float64Array;
  readonly log: RecordLog;
  readonly outlet: Outlet;
  readonly feed: BinanceFeed;
  push(bytes: Uint8Array, pieceBytes?: number): void;
}

/** A feed over the given arena, or over its own. Prices at 2 and quantities at 3 decimal places unless said otherwise. */
export function createRig(market: Market, options: Partial<BinanceFeedOptions> = {}, given?: Arena): Rig {
  const arena = given ?? Arena.create("binance", 32 * 1024 * 1024);
  const registry = new InstrumentRegistry(arena, 16);
  const epoch = arena.float64("session.epoch", 1);
  const log = new RecordLog();
  const outlet = new Outlet(log);
  const feed = new BinanceFeed(arena, registry, outlet, { market, epoch, priceScale: 2, qtyScale: 3, ...options });
  if (given === undefined) arena.seal();
  return {
    arena,
    registry,
    epoch,
    log,
    outlet,
    feed,
    push(bytes, pieceBytes = bytes.length) {
      for (let at = 0; at < bytes.length; at += pieceBytes) feed.push(bytes, at, Math.min(at + pieceBytes, bytes.length));
    },
  };
}
