/**
 * The row of book columns that formulas read, and what is derived from the two best levels. @hot
 *
 * Real units, as in bar rows. A column counts only when its bit is set in the presence mask: an empty side is absent, not zero.
 * microprice = (bid x askQty + ask x bidQty) / (bidQty + askQty), imbalance = (bidQty - askQty) / (bidQty + askQty), in -1 .. 1
 * (Stoikov 2018, "The micro-price").
 */
export const BOOK_BID = 0;
export const BOOK_ASK = 1;
export const BOOK_BID_QTY = 2;
export const BOOK_ASK_QTY = 3;
export const BOOK_SPREAD = 4;
export const BOOK_MID = 5;
export const BOOK_MICROPRICE = 6;
export const BOOK_IMBALANCE = 7;
/** Doubles in a book row. */
export const BOOK_COLUMNS = 8;

/** Presence bits of the two sides, each with its price and qty. */
export const BOOK_BID_PRESENT: number = (1 << BOOK_BID) | (1 << BOOK_BID_QTY);
export const BOOK_ASK_PRESENT: number = (1 << BOOK_ASK) | (1 << BOOK_ASK_QTY);

const PRICES = (1 << BOOK_BID) | (1 << BOOK_ASK);
const SIDES = BOOK_BID_PRESENT | BOOK_ASK_PRESENT;

/** Names of the book columns by index. */
export const BOOK_COLUMN_NAMES: readonly string[] = ["bid", "ask", "bidQty", "askQty", "spread", "mid", "microprice", "imbalance"];

/** Writes the derived columns from bid, ask, bidQty and askQty; `present` says which of the four there are. Returns the whole mask. */
export function fillBookRow(row: Float64Array, present: number): number {
  let mask = present & SIDES;
  if ((mask & PRICES) === PRICES) {
    row[BOOK_SPREAD] = row[BOOK_ASK] - row[BOOK_BID];
    row[BOOK_MID] = (row[BOOK_ASK] + row[BOOK_BID]) / 2;
    mask |= (1 << BOOK_SPREAD) | (1 << BOOK_MID);
  }
  if ((mask & SIDES) !== SIDES) return mask;
  const bidQty = row[BOOK_BID_QTY];
  const askQty = row[BOOK_ASK_QTY];
  const depth = bidQty + askQty;
  if (!(depth > 0)) return mask;
  row[BOOK_MICROPRICE] = (row[BOOK_BID] * askQty + row[BOOK_ASK] * bidQty) / depth;
  row[BOOK_IMBALANCE] = (bidQty - askQty) / depth;
  return mask | (1 << BOOK_MICROPRICE) | (1 << BOOK_IMBALANCE);
}
