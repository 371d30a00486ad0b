/**
 * The counters of a Binance feed, and what is printed of them. The cells lie in the arena; this file names them.
 */
import type { InstrumentRegistry } from "../../kernel/instrument/registry.ts";
import type { EventClock } from "./event-clock.ts";
import type { FeedReport } from "./feed.ts";

/** Messages read by JSON.parse because of their form. */
export const AT_FALLBACKS = 0;
/** Trade messages without price or quantity. */
export const AT_OFF_BOOK = 1;
/** Lines of the recorder that are no messages. */
export const AT_REMARKS = 2;
/** Snapshots that could belong to no or to several instruments. */
export const AT_UNATTRIBUTED = 3;
/** Offset of the first line that was not understood, -1 if none. */
export const AT_FIRST_BAD = 4;
/** Instrument of the next snapshot without a symbol, plus 1. */
export const AT_EXPECTED = 5;
/** Cells of the state. */
export const BINANCE_CELLS = 8;

export const TYPE_TRADE = 0;
export const TYPE_AGG_TRADE = 1;
export const TYPE_DEPTH_UPDATE = 2;
export const TYPE_BOOK_TICKER = 3;
export const TYPE_DEPTH_SNAPSHOT = 4;
export const TYPE_CONTROL = 5;
export const TYPE_UNKNOWN = 6;
/** Cells of the counts by type. */
export const TYPES = 8;

const NAMES = ["trade", "aggTrade", "depthUpdate", "bookTicker", "depthSnapshot", "control", "unknown"];

/** What `inspect decode` prints of a Binance feed, and the ways of its depth messages. */
export interface BinanceReport extends FeedReport {
  /** Messages read by JSON.parse because of their form. */
  readonly fallbacks: number;
  /** Trade messages without price or quantity: no record. */
  readonly offBook: number;
  /** Lines of the recorder that are no messages. */
  readonly remarks: number;
  /** Snapshots that could belong to no or to several instruments. */
  readonly unattributed: number;
  /** Increments and snapshots: applied, gaps, duplicates, contained, snapshots, resyncs, waiting, overflows, ... */
  readonly depth: Readonly<Record<string, number>>;
}

/** Messages of the types that are decoded, and answers to requests. */
export function understood(perType: Float64Array): number {
  let sum = 0;
  for (let type = 0; type < TYPE_UNKNOWN; type++) sum += perType[type];
  return sum;
}

/** The report over the feed's cells. */
export function createBinanceReport(
  state: Float64Array,
  perType: Float64Array,
  perInstrument: Float64Array,
  registry: InstrumentRegistry,
  clock: EventClock,
  malformed: number,
  pendingBytes: number,
  depth: Readonly<Record<string, number>>,
): BinanceReport {
  const byType: Record<string, number> = {};
  for (const [type, name] of NAMES.entries()) if (perType[type] > 0) byType[name] = perType[type];
  const instruments: Record<string, { messages: number }> = {};
  for (let id = 0; id < registry.count; id++) if (perInstrument[id] > 0) instruments[registry.symbol(id)] = { messages: perInstrument[id] };
  return {
    messages: understood(perType),
    byType,
    instruments,
    gaps: depth["gaps"] ?? 0,
    duplicates: depth["duplicates"] ?? 0,
    malformed,
    pendingBytes,
    firstTsEvent: clock.first,
    lastTsEvent: clock.last,
    fallbacks: state[AT_FALLBACKS],
    offBook: state[AT_OFF_BOOK],
    remarks: state[AT_REMARKS],
    unattributed: state[AT_UNATTRIBUTED],
    depth,
  };
}
