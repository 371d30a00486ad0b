/**
 * Which whole events may have changed the best levels of an instrument's book, so that what looks at them can let the others pass. @hot
 *
 * The bits of a book's `apply` tell of the best level only. An add or a level set behind the last level watched cannot have moved any of
 * them, and its price is in the record: one look at the ladder decides. Every other record counts as a change: a cancel or a delete
 * does not say which level it was at. It may say "changed" for nothing, never the other way.
 */
import { StreamError } from "../../kernel/core/errors.ts";
import type { Arena } from "../../kernel/memory/arena.ts";
import { ACTION_ADD, ACTION_SET, DELTA_PRICE_F64, DELTA_WORD_I32 } from "../../kernel/record/book-delta.ts";
import { FLAG_LAST } from "../../kernel/record/flags.ts";
import { HEADER_FLAGS_U16, SIDE_BID } from "../../kernel/record/header.ts";
import type { Slots } from "../../kernel/record/slots.ts";
import type { Ladders } from "../../market/book/ladder.ts";
import type { BookSides } from "../../market/book/liquidity.ts";

/** Most levels of a side that a detector looks at. */
export const WATCHED_LEVELS_MAX = 10;

/** The event has ended, and the levels are as they were. */
export const WATCH_QUIET = 0;
/** The event has ended, and the levels may have changed. */
export const WATCH_CHANGED = 1;
/** The event goes on. */
export const WATCH_OPEN = 2;

/** Refuses a number of levels that is not whole or not 1 to WATCHED_LEVELS_MAX: VALUE_RANGE. */
export function requireLevels(name: string, levels: number): void {
  if (!Number.isInteger(levels) || levels < 1 || levels > WATCHED_LEVELS_MAX)
    throw new StreamError("VALUE_RANGE", `${name}: expected 1 to ${WATCHED_LEVELS_MAX} levels, got ${levels}`, { levels }); // hot-ok: cold, in constructors
}

export class DepthWatch {
  private readonly ladders: Ladders;
  private readonly touched: Uint8Array;
  private readonly lastRank: number;

  /** Watches the best `levels` levels of each side. */
  constructor(arena: Arena, name: string, lanes: number, levels: number, book: BookSides) {
    requireLevels(name, levels);
    this.touched = arena.uint8(`${name}.touched`, lanes);
    this.ladders = book.ladders;
    this.lastRank = levels - 1;
  }

  /** Takes a delta that the book has just applied: WATCH_OPEN, or at the end of its event WATCH_CHANGED or WATCH_QUIET. */
  onDelta(lane: number, slots: Slots, slot: number): number {
    const touched = this.touched;
    if (touched[lane] === 0 && !this.isBehind(lane, slots, slot)) touched[lane] = 1;
    if ((slots.u16[(slot << 5) + HEADER_FLAGS_U16] & FLAG_LAST) === 0) return WATCH_OPEN;
    const changed = touched[lane];
    touched[lane] = 0;
    return changed === 0 ? WATCH_QUIET : WATCH_CHANGED;
  }

  private isBehind(lane: number, slots: Slots, slot: number): boolean {
    const word = slots.i32[(slot << 4) + DELTA_WORD_I32];
    const action = word & 0xff;
    if (action !== ACTION_ADD && action !== ACTION_SET) return false;
    const side = (word >>> 8) & 1;
    const level = this.ladders.levelAt((lane << 1) | side, this.lastRank);
    if (level === 0) return false;
    const last = this.ladders.f64[level << 2];
    const price = slots.f64[(slot << 3) + DELTA_PRICE_F64];
    return side === SIDE_BID ? price < last : price > last;
  }
}
