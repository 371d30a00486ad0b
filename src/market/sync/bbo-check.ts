/**
 * `inspect book --check bbo`: after every depth update u, the best bid and ask of the rebuilt book (price and size) against the last
 * best bid and offer that the venue itself sent with an id at or below u.
 *
 * Compared by update id, not by arrival: an update waits until an offer with a greater id, or the end, shows that the truth for it is
 * known. Runs over the books that pipelines use. Cold: keeps a queue for each instrument, which the stream's own lag bounds.
 */
import { StreamError } from "../../kernel/core/errors.ts";
import { InstrumentRegistry } from "../../kernel/instrument/registry.ts";
import { Arena } from "../../kernel/memory/arena.ts";
import { HEADER_INSTRUMENT_U32, HEADER_TYPE_U8, TYPE_BOOK_DELTA, TYPE_QUOTE } from "../../kernel/record/header.ts";
import { Outlet, type RecordTarget } from "../../kernel/record/outlet.ts";
import { QUOTE_ASK_PRICE_F64, QUOTE_ASK_QTY_F64, QUOTE_BID_PRICE_F64, QUOTE_BID_QTY_F64 } from "../../kernel/record/quote.ts";
import type { Slots } from "../../kernel/record/slots.ts";
import { LevelBook } from "../book/level-book.ts";
import { TOP_ASK_PRICE, TOP_ASK_QTY, TOP_BID_PRICE, TOP_BID_QTY, TOP_WIDTH } from "../book/top-of-book.ts";
import type { DepthObserver } from "../feed/depth-gate.ts";
import { ROW_LAST } from "../feed/depth-gate.ts";
import type { BinanceReport } from "../feed/binance-report.ts";
import { BinanceFeed, binanceMarketOf } from "./binance-feed.ts";

/** What the check found. */
export interface BboCounts {
  /** Depth updates whose best bid and ask were compared. */
  readonly checked: number;
  readonly matched: number;
  readonly gaps: number;
  /** Times that a book came back into step after a gap. */
  readonly resyncs: number;
  /** Depth updates after which the bid was at or above the ask. */
  readonly crossed: number;
  /** Depth updates that could not be compared: the book was not in step, or no offer preceded them. */
  readonly unverified: number;
}

export interface BboResult {
  readonly total: BboCounts;
  readonly instruments: Readonly<Record<string, BboCounts & { readonly state: string }>>;
  /** Of the feed behind it: malformed messages, pending bytes, where it broke. */
  readonly report: BinanceReport;
  readonly brokenAt: number;
}

export interface BboOptions {
  readonly instruments?: number;
  /** Levels of all books together. */
  readonly levels?: number;
  readonly priceScale?: number;
  readonly qtyScale?: number;
}

/** Bid price, bid quantity, ask price, ask quantity, at an update id. */
interface Top {
  readonly id: number;
  readonly values: readonly [number, number, number, number];
}

/** Offers that are certainly past are dropped from this many on. */
const OFFERS_TRIMMED_FROM = 256;
/** Offers of an instrument that are kept at most: an update that needs an older one is not compared. */
const OFFERS_MAX = 1 << 20;

class InstrumentCheck {
  checked = 0;
  matched = 0;
  crossed = 0;
  /** Updates whose truth is not known yet, in order. */
  private updates: Top[] = [];
  /** Offers by rising id, from the last one that may still be the truth of an update. */
  private offers: Top[] = [];
  private lastUpdateId = -1;
  private trimAt = OFFERS_TRIMMED_FROM;

  addUpdate(update: Top): void {
    this.updates.push(update);
    this.lastUpdateId = update.id;
    const [bid, , ask, askQty] = update.values;
    if (update.values[1] > 0 && askQty > 0 && bid >= ask) this.crossed++;
  }

  addOffer(offer: Top): void {
    const { offers } = this;
    let at = offers.length;
    while (at > 0 && (offers[at - 1]?.id ?? 0) > offer.id) at--;
    offers.splice(at, 0, offer);
    this.settle(offers.at(-1)?.id ?? offer.id);
  }

  /** Compares every waiting update with an id below `known`. */
  settle(known: number): void {
    let done = 0;
    for (const update of this.updates) {
      if (update.id >= known) break;
      done++;
      const truth = this.truthOf(update.id);
      if (truth === undefined) continue;
      this.checked++;
      if (truth.values.every((value, i) => value === update.values[i])) this.matched++;
    }
    if (done > 0) this.updates = this.updates.slice(done);
    const oldest = this.updates[0]?.id ?? this.lastUpdateId;
    if (this.offers.length >= this.trimAt) this.trim(oldest);
  }

  /** Drops offers that are certainly past, each time that their number has doubled. */
  private trim(oldest: number): void {
    const keep = Math.max(this.lastAtOrBelow(oldest), this.offers.length - OFFERS_MAX);
    if (keep > 0) this.offers = this.offers.slice(keep);
    this.trimAt = Math.max(OFFERS_TRIMMED_FROM, this.offers.length * 2);
  }

  private truthOf(id: number): Top | undefined {
    return this.offers[this.lastAtOrBelow(id)];
  }

  /** Index of the last offer with an id at or below `id`, or -1. */
  private lastAtOrBelow(id: number): number {
    let low = 0;
    let high = this.offers.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.offers[middle]?.id ?? 0) <= id) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}

/** Follows the records and ids of one feed. */
class BboCheck implements RecordTarget, DepthObserver {
  readonly book: LevelBook;
  readonly checks = new Map<number, InstrumentCheck>();
  private readonly quote: [number, number, number, number] = [0, 0, 0, 0];

  constructor(book: LevelBook) {
    this.book = book;
  }

  accept(slots: Slots, slot: number): void {
    const type = slots.u8[(slot << 6) + HEADER_TYPE_U8];
    if (type === TYPE_BOOK_DELTA) {
      if (this.book.apply(slots, slot) < 0) {
        const instrument = slots.u32[(slot << 4) + HEADER_INSTRUMENT_U32];
        throw new StreamError("MAP_CAPACITY", `the books of the check are full (instrument ${instrument}): raise the number of levels`, { instrument });
      }
    } else if (type === TYPE_QUOTE) {
      const at = slot << 3;
      this.quote[0] = slots.f64[at + QUOTE_BID_PRICE_F64];
      this.quote[1] = slots.f64[at + QUOTE_BID_QTY_F64];
      this.quote[2] = slots.f64[at + QUOTE_ASK_PRICE_F64];
      this.quote[3] = slots.f64[at + QUOTE_ASK_QTY_F64];
    }
  }

  onDepthApplied(instrument: number, row: Float64Array): void {
    const { tops } = this.book;
    const at = instrument * TOP_WIDTH;
    const values = [tops[at + TOP_BID_PRICE], tops[at + TOP_BID_QTY], tops[at + TOP_ASK_PRICE], tops[at + TOP_ASK_QTY]] as const;
    this.of(instrument).addUpdate({ id: row[ROW_LAST], values });
  }

  onBookTicker(instrument: number, numbers: Float64Array, idCell: number): void {
    this.of(instrument).addOffer({ id: numbers[idCell], values: [...this.quote] });
  }

  of(instrument: number): InstrumentCheck {
    let check = this.checks.get(instrument);
    if (check === undefined) this.checks.set(instrument, (check = new InstrumentCheck()));
    return check;
  }
}

const ARENA_BYTES = 256 * 1024 * 1024;

/**
 * Runs the check over a stream given in pieces. USAGE for a feed without best bids and offers by update id; MAP_CAPACITY when the
 * books are larger than `levels`.
 */
export function checkBbo(feedName: string, chunks: Iterable<Uint8Array>, options: BboOptions = {}): BboResult {
  const run = new BboRun(feedName, options);
  for (const chunk of chunks) run.push(chunk, 0, chunk.length);
  return run.end();
}

/** The same, for a caller that has the pieces one at a time. */
export class BboRun {
  private readonly registry: InstrumentRegistry;
  private readonly check: BboCheck;
  private readonly feed: BinanceFeed;

  constructor(feedName: string, options: BboOptions = {}) {
    const market = binanceMarketOf(feedName);
    if (market === undefined) {
      throw new StreamError(
        "USAGE",
        `feed ${feedName} has no best bids and offers by update id; --check bbo works with binance, binance-usdm and binance-coinm`,
        {
          feed: feedName,
        },
      );
    }
    const instruments = options.instruments ?? 1024;
    const arena = Arena.create("bbo-check", ARENA_BYTES);
    this.registry = new InstrumentRegistry(arena, instruments);
    this.check = new BboCheck(new LevelBook(arena, { instruments, levels: options.levels ?? 1_000_000 }));
    this.feed = new BinanceFeed(arena, this.registry, new Outlet(this.check), {
      market,
      epoch: arena.float64("session.epoch", 1),
      observer: this.check,
      ...(options.priceScale === undefined ? {} : { priceScale: options.priceScale }),
      ...(options.qtyScale === undefined ? {} : { qtyScale: options.qtyScale }),
    });
    arena.seal();
  }

  /** The next bytes of the stream, bytes[from, to). */
  push(bytes: Uint8Array, from: number, to: number): void {
    this.feed.push(bytes, from, to);
  }

  /** The stream has ended: what is known now is the truth for the rest. */
  end(): BboResult {
    const instruments: Record<string, BboCounts & { state: string }> = {};
    const total = { checked: 0, matched: 0, gaps: 0, resyncs: 0, crossed: 0, unverified: 0 };
    for (let id = 0; id < this.registry.count; id++) {
      const check = this.check.of(id);
      check.settle(Infinity);
      const depth = this.feed.sync.createCounts(id);
      const counts = {
        checked: check.checked,
        matched: check.matched,
        gaps: depth.gaps,
        resyncs: depth.resyncs,
        crossed: check.crossed,
        unverified: depth.received - depth.contained - depth.duplicates - check.checked,
      };
      instruments[this.registry.symbol(id)] = { ...counts, state: this.feed.sync.stateName(id) };
      for (const [name, value] of Object.entries(counts)) total[name as keyof typeof total] += value;
    }
    return { total, instruments, report: this.feed.report(), brokenAt: this.feed.brokenAt };
  }
}
