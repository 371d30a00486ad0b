/** Books of a whole feed, for inspection. */
import { feedNamed } from "../engine/pipeline/feed-catalog.ts";
import { Arena } from "../kernel/memory/arena.ts";
import { HEADER_INSTRUMENT_U32, HEADER_TS_EVENT_F64, TYPE_BOOK_DELTA, TYPE_VENUE_STATUS } from "../kernel/record/header.ts";
import { NO_INSTRUMENT } from "../kernel/record/marker.ts";
import type { RecordTarget } from "../kernel/record/outlet.ts";
import type { Slots } from "../kernel/record/slots.ts";
import { BOOK_SYNCED, BOOK_UNSYNCED, STATUS_BOOK, STATUS_KIND_U8, STATUS_STATE_U8 } from "../kernel/record/venue-status.ts";
import { LevelBook } from "../market/book/level-book.ts";
import { OrderBook } from "../market/book/order-book.ts";
import { INSPECT_INSTRUMENTS } from "./feed-reader.ts";

const ORDERS = 1 << 22;
const LEVELS = 1 << 20;

/** Builds the books of a feed, and remembers when each was last touched and how good it is. */
export class BookBuilder implements RecordTarget {
  readonly book: OrderBook | LevelBook;
  readonly lastEventNs: Float64Array = new Float64Array(INSPECT_INSTRUMENTS);
  readonly quality: Uint8Array;
  refused = 0;
  private readonly arena: Arena;

  constructor(feedName: string) {
    const kind = feedNamed(feedName).book;
    this.arena = Arena.create("books", 1 << 30);
    this.book =
      kind === "order"
        ? new OrderBook(this.arena, { instruments: INSPECT_INSTRUMENTS, orders: ORDERS, levels: LEVELS })
        : new LevelBook(this.arena, { instruments: INSPECT_INSTRUMENTS, levels: LEVELS });
    this.arena.seal();
    this.quality = new Uint8Array(INSPECT_INSTRUMENTS).fill(kind === "order" ? BOOK_SYNCED : BOOK_UNSYNCED);
  }

  accept(slots: Slots, slot: number): void {
    const instrument = slots.u32[(slot << 4) + HEADER_INSTRUMENT_U32];
    const type = slots.u8[slot << 6];
    if (type === TYPE_BOOK_DELTA) {
      if (this.book.apply(slots, slot) < 0) this.refused++;
    } else if (type === TYPE_VENUE_STATUS && slots.u8[(slot << 6) + STATUS_KIND_U8] === STATUS_BOOK)
      this.takeQuality(instrument, slots.u8[(slot << 6) + STATUS_STATE_U8]);
    if (instrument < INSPECT_INSTRUMENTS) this.lastEventNs[instrument] = slots.f64[(slot << 3) + HEADER_TS_EVENT_F64];
  }

  /** The word on a book, or on all of them, those not yet seen too. */
  protected takeQuality(instrument: number, state: number): void {
    if (instrument === NO_INSTRUMENT) this.quality.fill(state);
    else this.quality[instrument] = state;
  }
}
