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

const MESSAGES = 0;
const FIRST_TS = 1;
const LAST_TS = 2;
const GAP_EPOCH = 3;
const GAP_TOLD = 4;
const TYPES = 8;
const ROWS = TYPES + 256;
const ROW_MESSAGES = 0;
const ROW_ORDERS = 1;
const ROW_GAP_EPOCH = 2;

export class Itch50Writer {
  readonly outlet: Outlet;
  readonly directory: Itch50Directory;
  private readonly f64: Float64Array;
  private readonly i32: Int32Array;
  private readonly counts: Float64Array;
  private readonly midnightNs: number;
  private readonly market: number;

  constructor(arena: Arena, outlet: Outlet, directory: Itch50Directory, midnightNs: number) {
    this.outlet = outlet;
    this.directory = directory;
    this.f64 = outlet.slots.f64;
    this.i32 = outlet.slots.i32;
    this.market = directory.registry.capacity;
    this.counts = arena.float64("itch50.counts", ROWS + (this.market + 1) * 4);
    this.midnightNs = midnightNs;
  }

  get messages(): number {
    return this.counts[MESSAGES];
  }

  /** Messages of a type so far. */
  messagesOfType(type: number): number {
    return this.counts[TYPES + type];
  }

  /** Messages of an instrument so far. */
  messagesOf(instrument: number): number {
    return this.counts[ROWS + (instrument << 2) + ROW_MESSAGES];
  }

  /** Orders added for an instrument so far. */
  ordersOf(instrument: number): number {
    return this.counts[ROWS + (instrument << 2) + ROW_ORDERS];
  }

  /** Time of the first message, or null. Cold. */
  get firstTsEvent(): number | null {
    return this.counts[MESSAGES] === 0 ? null : this.counts[FIRST_TS];
  }

  /** Time of the last message, or null. Cold. */
  get lastTsEvent(): number | null {
    return this.counts[MESSAGES] === 0 ? null : this.counts[LAST_TS];
  }

  /**
   * Messages are missing: before the next record a status of the whole market says that every book is out of step, and the next record
   * of each instrument, and of the market, carries FLAG_GAP_BEFORE.
   */
  markGap(): void {
    this.counts[GAP_EPOCH]++;
  }

  /**
   * Counts the message at `from`, and `orders` added, and writes the header of its first record; `word` is that of headerWord().
   */
  begin(view: DataView, from: number, instrument: number, word: number, orders: number): void {
    const counts = this.counts;
    const row = this.count(view, from, instrument, orders);
    if (counts[GAP_TOLD] !== counts[GAP_EPOCH]) this.tellGap();
    let first = word;
    if (counts[row + ROW_GAP_EPOCH] !== counts[GAP_EPOCH]) {
      counts[row + ROW_GAP_EPOCH] = counts[GAP_EPOCH];
      first |= GAP_WORD;
    }
    this.i32[HEADER_WORD_I32] = first;
    this.i32[HEADER_INSTRUMENT_U32] = instrument;
    this.f64[HEADER_TS_EVENT_F64] = counts[LAST_TS];
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
    this.begin(view, from, this.market, word, 0);
    this.i32[HEADER_INSTRUMENT_U32] = NO_INSTRUMENT | 0;
  }

  /** Counts the message at `from` and its time. Returns where its instrument's counts begin. */
  count(view: DataView, from: number, instrument: number, orders: number): number {
    const counts = this.counts;
    const time = view.getUint16(from + HEADER_TIME_HIGH) * 4_294_967_296 + view.getUint32(from + HEADER_TIME_LOW) + this.midnightNs;
    if (counts[MESSAGES]++ === 0) counts[FIRST_TS] = time;
    counts[LAST_TS] = time;
    counts[TYPES + view.getUint8(from + HEADER_TYPE)]++;
    const row = ROWS + (instrument << 2);
    counts[row + ROW_MESSAGES]++;
    counts[row + ROW_ORDERS] += orders;
    return row;
  }
}
