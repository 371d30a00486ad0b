/**
 * The sizes that a book may be given, checked once when it is built.
 */
import { StreamError } from "../../kernel/core/errors.ts";

/** The most instruments of a book: two ladders each, ids in 21 bits. */
export const BOOK_INSTRUMENTS_MAX = 1_000_000;
/** The most levels, and the most orders: rows of 32 bytes below 2 GB. */
export const BOOK_ROWS_MAX = 60_000_000;

/** VALUE_RANGE unless all sizes are whole numbers in range. */
export function requireBookSizes(instruments: number, levels: number, orders: number = 1): void {
  requireSize("instruments", instruments, BOOK_INSTRUMENTS_MAX);
  requireSize("levels", levels, BOOK_ROWS_MAX);
  requireSize("orders", orders, BOOK_ROWS_MAX);
}

function requireSize(what: string, value: number, most: number): void {
  if (!Number.isInteger(value) || value < 1 || value > most) {
    throw new StreamError("VALUE_RANGE", `a book expects 1 to ${most} ${what}, got ${value}`, { what, value });
  }
}
