/**
 * The header of a record made from an ITCH message, and the counts that the message moves. @hot
 *
 * All counts lie in one region, so that a message touches one array for them: reading an array's length and place costs more than
 * adding to it.
 *
 * counts   8 cells of state | 256 types | 4 cells for each instrument, and for the market: messages, orders added, gap epoch last shown, -
 */
import type { Arena } from "../../kernel/memory/arena.ts";
import { FLAG_GAP_BEFORE, FLAG_LAST } from "../../kernel/record/flags.ts";
import * as header from "../../kernel/record/header.ts";
import { NO_INSTRUMENT } from "../../kernel/record/marker.ts";
import type { Outlet } from "../../kernel/record/outlet.ts";
import { BOOK_UNSYNCED, STATUS_BOOK, STATUS_VALUE2_F64, STATUS_VALUE3_F64, STATUS_VALUE_F64 } from "../../kernel/record/venue-status.ts";
import type { Itch50Directory } from "./itch50-directory.ts";
import * as layout from "./itch50-layout.ts";

// Rebound so that they are folded into the code: an imported constant is read at each use.
const { HEADER_INSTRUMENT_U32, HEADER_TS_EVENT_F64, HEADER_WORD_I32 } = header;
const { HEADER_TIME_HIGH, HEADER_TIME_LOW, HEADER_TYPE } = layout;

const GAP_WORD = FLAG_GAP_BEFORE << 16;
const GAP_STATUS = header.headerWord(header.TYPE_VENUE_STATUS, FLAG_LAST | FLAG_GAP_BEFORE);
/** Kind, state and reason of a venue status as one word. */
const STATUS_WORD_I32 = 14;
const STATUS_DETAIL_I32 = 15;

/** 1 once there was a message; its time; that of the last one. */
const BEGUN = 0;
const FIRST_TS = 1;
export const COUNTS_LAST_TS = 2;
/** 1 + the gaps so far; and the epoch that was told to the whole market. */
export const COUNTS_GAP_EPOCH = 3;
const GAP_TOLD = 4;
/** Messages by type byte. */
export const COUNTS_TYPES = 8;
/** Rows of 4 by instrument. */
export const COUNTS_ROWS: number = COUNTS_TYPES + 256;
export const ROW_MESSAGES = 0;
export const ROW_ORDERS = 1;
/** The epoch in which the instrument was last named: 0 before its first message. */
export const ROW_GAP_EPOCH = 2;

// Rebound so that they are folded into the code: an exported constant is read at each use.
const LAST_TS = COUNTS_LAST_TS;
const GAP_EPOCH = COUNTS_GAP_EPOCH;
const TYPES = COUNTS_TYPES;
const ROWS = COUNTS_ROWS;
const MESSAGES = ROW_MESSAGES;
const ORDERS = ROW_ORDERS;
const EPOCH = ROW_GAP_EPOCH;

export class Itch50Writer {
  readonly outlet: Outlet;
  readonly directory: Itch50Directory;
  private readonly f64: Float64Array;
  private readonly i32: Int32Array;
  /** The counts drawn above, which the decoder moves itself. */
  readonly counts: Float64Array;
  readonly midnightNs: number;
  private readonly market: number;

  constructor(arena: Arena, outlet: Outlet, directory: Itch50Directory, midnightNs: number) {
    this.outlet = outlet;
    this.directory = directory;
    this.f64 = outlet.slots.f64;
    this.i32 = outlet.slots.i32;
    this.market = directory.registry.capacity;
    this.counts = arena.float64("itch50.counts", ROWS + (this.market + 1) * 4);
    if (arena.fresh) {
      this.counts[GAP_EPOCH] = 1;
      this.counts[GAP_TOLD] = 1;
    }
    this.midnightNs = midnightNs;
  }

  /** Messages of all types so far. Cold. */
  get messages(): number {
    let messages = 0;
    for (let type = 0; type < 256; type++) messages += this.counts[TYPES + type];
    return messages;
  }

  /** Messages of a type so far. */
  messagesOfType(type: number): number {
    return this.counts[TYPES + type];
  }

  /** Messages of an instrument so far. */
  messagesOf(instrument: number): number {
    return this.counts[ROWS + (instrument << 2) + MESSAGES];
  }

  /** Orders added for an instrument so far. */
  ordersOf(instrument: number): number {
    return this.counts[ROWS + (instrument << 2) + ORDERS];
  }

  /** Time of the first message, or null. Cold. */
  get firstTsEvent(): number | null {
    return this.counts[BEGUN] === 0 ? null : this.counts[FIRST_TS];
  }

  /** Time of the last message, or null. Cold. */
  get lastTsEvent(): number | null {
    return this.counts[BEGUN] === 0 ? null : this.counts[LAST_TS];
  }

  /**
   * Messages are missing: before the next record a status of the whole market says that every book is out of step, and the next record
   * of each instrument, and of the market, carries FLAG_GAP_BEFORE.
   */
  markGap(): void {
    this.counts[GAP_EPOCH]++;
  }

  /** Counts the message at `from` and writes the header of its first record; `word` is that of headerWord(). */
  begin(view: DataView, from: number, instrument: number, word: number): void {
    const extra = this.renew(view, from, instrument);
    this.count(view, from, instrument);
    this.i32[HEADER_WORD_I32] = word | extra;
    this.i32[HEADER_INSTRUMENT_U32] = instrument;
    this.f64[HEADER_TS_EVENT_F64] = this.counts[LAST_TS];
  }

  /**
   * To be called before the message at `from` is counted, where its instrument may not have been named in this epoch: tells the market of a
   * gap that was not told yet. Returns what the header's word gets: FLAG_GAP_BEFORE for the first after a gap.
   */
  renew(view: DataView, from: number, instrument: number): number {
    const counts = this.counts;
    const row = ROWS + (instrument << 2);
    if (counts[row + EPOCH] === counts[GAP_EPOCH]) return 0;
    this.noteTime(view, from);
    if (counts[GAP_TOLD] !== counts[GAP_EPOCH]) this.tellGap();
    counts[row + EPOCH] = counts[GAP_EPOCH];
    return counts[GAP_EPOCH] > 1 ? GAP_WORD : 0;
  }

  /** The market-wide status, at the time of the message that follows the gap. */
  private tellGap(): void {
    this.counts[GAP_TOLD] = this.counts[GAP_EPOCH];
    this.i32[HEADER_WORD_I32] = GAP_STATUS;
    this.i32[HEADER_INSTRUMENT_U32] = NO_INSTRUMENT | 0;
    this.f64[HEADER_TS_EVENT_F64] = this.counts[LAST_TS];
    this.f64[STATUS_VALUE_F64] = 0;
    this.f64[STATUS_VALUE2_F64] = 0;
    this.f64[STATUS_VALUE3_F64] = 0;
    this.i32[STATUS_WORD_I32] = STATUS_BOOK | (BOOK_UNSYNCED << 8);
    this.i32[STATUS_DETAIL_I32] = 0;
    this.outlet.emit();
  }

  /** As begin(), for a message of the whole market. */
  beginMarket(view: DataView, from: number, word: number): void {
    this.begin(view, from, this.market, word);
    this.i32[HEADER_INSTRUMENT_U32] = NO_INSTRUMENT | 0;
  }

  /** Counts the message at `from` and its time. */
  count(view: DataView, from: number, instrument: number): void {
    const counts = this.counts;
    this.noteTime(view, from);
    counts[TYPES + view.getUint8(from + HEADER_TYPE)]++;
    counts[ROWS + (instrument << 2) + MESSAGES]++;
  }

  private noteTime(view: DataView, from: number): void {
    const counts = this.counts;
    const time = view.getUint16(from + HEADER_TIME_HIGH) * 4_294_967_296 + view.getUint32(from + HEADER_TIME_LOW) + this.midnightNs;
    counts[LAST_TS] = time;
    if (counts[BEGUN] === 1) return;
    counts[BEGUN] = 1;
    counts[FIRST_TS] = time;
  }
}
