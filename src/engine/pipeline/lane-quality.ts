/**
 * What is known about an instrument's data when something is said about it: book in step, trading halted. @hot
 *
 * An order book built from a whole day's feed is in step from the start; a book from a snapshot is not until its feed says so.
 */
import type { Arena } from "../../kernel/memory/arena.ts";
import { FLAG_BOOK_UNSYNCED, FLAG_BOOK_UNVERIFIED, FLAG_HALTED } from "../../kernel/record/flags.ts";
import type { Slots } from "../../kernel/record/slots.ts";
import { BOOK_SYNCED, BOOK_UNSYNCED, BOOK_UNVERIFIED, STATUS_BOOK, STATUS_KIND_U8, STATUS_STATE_U8, STATUS_TRADING } from "../../kernel/record/venue-status.ts";

/** Trading state letters of ITCH 5.0 section 1.2.2: T is trading, Q quotation only, H halted, P paused. */
const STATE_TRADING = 0x54;

export class LaneQuality {
  private readonly book: Uint8Array;
  private readonly halted: Uint8Array;

  /** `syncedAtStart`: whether a book counts as in step before its feed has said so. */
  constructor(arena: Arena, lanes: number, syncedAtStart: boolean) {
    this.book = arena.uint8("quality.book", lanes);
    this.halted = arena.uint8("quality.halted", lanes);
    if (arena.fresh) this.book.fill(syncedAtStart ? BOOK_SYNCED : BOOK_UNSYNCED);
  }

  /** Takes a venue status record of an instrument. */
  onStatus(lane: number, slots: Slots, slot: number): void {
    const state = slots.u8[(slot << 6) + STATUS_STATE_U8];
    const kind = slots.u8[(slot << 6) + STATUS_KIND_U8];
    if (kind === STATUS_BOOK) this.book[lane] = state;
    else if (kind === STATUS_TRADING) this.halted[lane] = state === STATE_TRADING ? 0 : 1;
  }

  /** Takes a venue status record of the whole market: its word on books is of all of them, those not yet seen too. */
  onMarketStatus(slots: Slots, slot: number): void {
    if (slots.u8[(slot << 6) + STATUS_KIND_U8] === STATUS_BOOK) this.book.fill(slots.u8[(slot << 6) + STATUS_STATE_U8]);
  }

  /** The book refused a record: it is no longer what the venue has. */
  markUnsynced(lane: number): void {
    this.book[lane] = BOOK_UNSYNCED;
  }

  isHalted(lane: number): boolean {
    return this.halted[lane] === 1;
  }

  isUnsynced(lane: number): boolean {
    return this.book[lane] === BOOK_UNSYNCED;
  }

  /** The flags that everything said about the instrument carries now. */
  flags(lane: number): number {
    const book = this.book[lane];
    let flags = this.halted[lane] === 1 ? FLAG_HALTED : 0;
    if (book === BOOK_UNSYNCED) flags |= FLAG_BOOK_UNSYNCED;
    else if (book === BOOK_UNVERIFIED) flags |= FLAG_BOOK_UNVERIFIED;
    return flags;
  }
}
