/**
 * The trade being processed, as doubles at fixed places of one scratch array. A double passed to a function that V8 does not
 * inline is boxed; a row of this array is not. The shard owns the array and fills it from a trade record or from an execution
 * against its book; stages read it.
 *
 * Absent never occurs: a tape is filled whole before it is shown.
 */
/** Price, integer at the instrument's price scale. */
export const TAPE_PRICE = 0;
/** Quantity, integer at the instrument's quantity scale. */
export const TAPE_QTY = 1;
/** Event time, ns since the session epoch. */
export const TAPE_TS_EVENT = 2;
/** Ingest sequence of the record that caused it. */
export const TAPE_SEQUENCE = 3;
/** Length of a tape. */
export const TAPE_LENGTH = 4;
