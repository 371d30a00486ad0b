/**
 * What a feed of depth increments asks, and whom it tells, without knowing who keeps books in step.
 *
 * The feed writes the update ids of the message into `row`, asks, and obeys: nothing of an increment reaches the outlet unless the
 * gate says APPLY. An observer is told the ids that records do not carry; it is for inspection and does nothing by default.
 */
/** First update id of the increment. */
export const ROW_FIRST = 0;
/** Last update id of the increment, or the id of a snapshot. */
export const ROW_LAST = 1;
/** Last update id of the increment before it, -1 where the venue does not say. */
export const ROW_PREVIOUS = 2;
/** Receive time, ns since the session epoch. */
export const ROW_TIME = 3;
/** Cells of a row. */
export const ROW_LENGTH = 4;

/** The increment is the next one: put it out. */
export const DEPTH_APPLY = 1;
/** No book to apply it to yet: keep it until a snapshot comes. */
export const DEPTH_HOLD = 2;
/** The snapshot already contains it. */
export const DEPTH_CONTAINED = 3;
/** It was applied before. */
export const DEPTH_DUPLICATE = 4;
/** Increments are missing before it: the book is out of step, and this one is to be kept. */
export const DEPTH_GAP = 5;

/** The snapshot starts the book. */
export const SNAPSHOT_TAKE = 1;
/** The same, after a gap. */
export const SNAPSHOT_TAKE_AFTER_GAP = 2;
/** It is older than the kept increments: another one is needed. */
export const SNAPSHOT_TOO_OLD = 3;
/** The book is in step without it. */
export const SNAPSHOT_UNUSED = 4;

/** Decides what becomes of depth increments; one for a feed. */
export interface DepthGate {
  /** The update ids under decision. */
  readonly row: Float64Array;
  /** The verdict on a received increment. */
  onDepth(instrument: number): number;
  /** The verdict on a kept increment after a snapshot: APPLY, CONTAINED, DUPLICATE or GAP. */
  onHeld(instrument: number): number;
  /** The verdict on a snapshot. */
  onSnapshot(instrument: number): number;
  /** An increment of this instrument could not be read: true if its book fell out of step now. */
  onUnreadable(instrument: number): boolean;
  /** The kept increments were given up for want of room; the one in `row` is the first kept now. */
  onOverflow(instrument: number): void;
  /** Looks at one instrument in turn, at the time in `row`: its id if it has just gone stale, else UNKNOWN. */
  sweep(): number;
  /** BOOK_UNSYNCED, BOOK_SYNCED or BOOK_UNVERIFIED. */
  quality(instrument: number): number;
  /** The only instrument that waits for a snapshot, UNKNOWN if none does, REJECTED if several do. Cold. */
  onlyWaiting(): number;
}

/** Hears of update ids. */
export interface DepthObserver {
  /** All records of this increment have left the outlet; row[ROW_LAST] is its id. */
  onDepthApplied(instrument: number, row: Float64Array): void;
  /** A best bid and offer with id `numbers[idCell]` has left the outlet as a quote record. */
  onBookTicker(instrument: number, numbers: Float64Array, idCell: number): void;
}

/** The observer that does nothing. */
export const NO_OBSERVER: DepthObserver = {
  onDepthApplied() {
    // nobody listens
  },
  onBookTicker() {
    // nobody listens
  },
};
