/**
 * The row test of a LOBSTER pair: a book seeded with order book row k - 1, changed by message k, must equal row k. Cold.
 *
 * A row shows N levels a side. After a deletion the N-th level of the next row comes from below the file's view and cannot be known;
 * every level that row k - 1 determines is compared, on both sides, price and size. Rows correspond by number (row k is the state after
 * message k), so the first row only seeds.
 */
import { StreamError } from "../../kernel/core/errors.ts";
import { NOT_EXACT, parseDecimal } from "../../kernel/core/fixed.ts";
import { Arena } from "../../kernel/memory/arena.ts";
import { ACTION_CLEAR, ACTION_SET, DELTA_PRICE_F64, DELTA_QTY_F64, DELTA_WORD_I32 } from "../../kernel/record/book-delta.ts";
import { FLAG_LAST } from "../../kernel/record/flags.ts";
import { HEADER_WORD_I32, headerWord, SIDE_ASK, SIDE_BID, TYPE_BOOK_DELTA } from "../../kernel/record/header.ts";
import { Slots } from "../../kernel/record/slots.ts";
import { type BookLevel, levels } from "../book/book-view.ts";
import { LevelBook } from "../book/level-book.ts";
import {
  LOBSTER_DIRECTION,
  LOBSTER_EXECUTION,
  LOBSTER_FIELDS,
  LOBSTER_PRICE,
  LOBSTER_SIZE,
  LOBSTER_SUBMISSION,
  LOBSTER_TYPE,
  readLobsterMessage,
} from "../feed/lobster.ts";

/** Levels a side that LOBSTER offers at most. */
const LEVELS_MAX = 200;
const NEWLINE = 0x0a;
const RETURN = 0x0d;
const COMMA = 0x2c;

/** What `inspect book --check transitions` prints. */
export interface TransitionsCheck {
  /** Rows compared: all but the first. */
  readonly checked: number;
  /** Rows whose determined levels were all equal. */
  readonly matched: number;
  /** Levels compared in them. */
  readonly levels: number;
  /** Row numbers, from 0, of the first few that differ. */
  readonly differing: readonly number[];
}

/** One row of an order book file, best first; empty places are left out. */
export interface LobsterBookRow {
  /** Places of a side; a side with fewer levels is whole. */
  readonly depth: number;
  readonly bids: readonly { readonly price: number; readonly qty: number }[];
  readonly asks: readonly { readonly price: number; readonly qty: number }[];
}

/** Reads a row of an order book file: ask price, ask size, bid price, bid size, and so on; null if it is none. */
export function readLobsterBook(bytes: Uint8Array, from: number, to: number): LobsterBookRow | null {
  const numbers: number[] = [];
  for (let at = from; at <= to;) {
    let end = at;
    while (end < to && bytes[end] !== COMMA) end++;
    const value = parseDecimal(bytes, at, end, 0);
    if (value === NOT_EXACT) return null;
    numbers.push(value);
    at = end + 1;
  }
  if (numbers.length % 4 !== 0 || numbers.length > LEVELS_MAX * 4) return null;
  const bids: { price: number; qty: number }[] = [];
  const asks: { price: number; qty: number }[] = [];
  for (let i = 0; i < numbers.length; i += 4) {
    if (numbers[i + 1] > 0) asks.push({ price: numbers[i], qty: numbers[i + 1] });
    if (numbers[i + 3] > 0) bids.push({ price: numbers[i + 2], qty: numbers[i + 3] });
  }
  return { depth: numbers.length / 4, bids, asks };
}

/**
 * Checks every transition of a message file against the order book file beside it, both whole. INPUT_UNREADABLE, with the row, when
 * one is not of the format or the files do not have equally many rows.
 */
export function checkTransitions(messages: Uint8Array, orderbook: Uint8Array): TransitionsCheck {
  const messageRows = rowsOf(messages);
  const bookRows = rowsOf(orderbook);
  if (messageRows.length !== bookRows.length) {
    throw new StreamError("INPUT_UNREADABLE", `expected as many order book rows as messages, got ${bookRows.length} and ${messageRows.length}`, {
      messages: messageRows.length,
      rows: bookRows.length,
    });
  }
  const book = new TransitionBook();
  const message = new Float64Array(LOBSTER_FIELDS);
  const differing: number[] = [];
  let matched = 0;
  let compared = 0;
  let before: LobsterBookRow | null = null;
  for (let k = 0; k < bookRows.length; k++) {
    const after = readLobsterBook(orderbook, bookRows[k].from, bookRows[k].to);
    if (after === null) throw unreadable("order book", k);
    if (readLobsterMessage(messages, messageRows[k].from, messageRows[k].to, message) !== 0) throw unreadable("message", k);
    if (before !== null) {
      const same = book.transition(before, message, after);
      if (same >= 0) {
        matched++;
        compared += same;
      } else if (differing.length < 10) differing.push(k);
    }
    before = after;
  }
  return { checked: Math.max(0, bookRows.length - 1), matched, levels: compared, differing };
}

/** A level book that is seeded, changed once and compared. */
class TransitionBook {
  private readonly book: LevelBook;
  private readonly slots: Slots = Slots.create(1);

  constructor() {
    this.book = new LevelBook(Arena.create("transitions", 1 << 20), { instruments: 1, levels: 4 * LEVELS_MAX });
  }

  /** Levels that were compared, all equal; -1 when one differs. */
  transition(before: LobsterBookRow, message: Float64Array, after: LobsterBookRow): number {
    this.put(ACTION_CLEAR, SIDE_BID, 0, 0);
    for (const { price, qty } of before.bids) this.put(ACTION_SET, SIDE_BID, price, qty);
    for (const { price, qty } of before.asks) this.put(ACTION_SET, SIDE_ASK, price, qty);
    this.applyMessage(message);
    const bids = this.sameLevels(SIDE_BID, before.bids, after.bids, after.depth);
    const asks = this.sameLevels(SIDE_ASK, before.asks, after.asks, after.depth);
    return bids < 0 || asks < 0 ? -1 : bids + asks;
  }

  private applyMessage(message: Float64Array): void {
    const type = message[LOBSTER_TYPE];
    if (!(type >= LOBSTER_SUBMISSION && type <= LOBSTER_EXECUTION)) return; // hidden executions, crosses and halts do not show in the book
    const side = message[LOBSTER_DIRECTION] === 1 ? SIDE_BID : SIDE_ASK;
    const price = message[LOBSTER_PRICE];
    const size = message[LOBSTER_SIZE]; // of a deletion: what was left of the order
    const standing = levels(this.book, 0, side).find((level) => level.price === price)?.qty ?? 0;
    this.put(ACTION_SET, side, price, type === LOBSTER_SUBMISSION ? standing + size : Math.max(0, standing - size));
  }

  /** Compares the levels that row k - 1 determines: down to its worst when its side was full, else all. Their number, or -1. */
  private sameLevels(side: number, before: LobsterBookRow["bids"], after: LobsterBookRow["bids"], depth: number): number {
    const whole = before.length < depth;
    const worst = before.at(-1)?.price ?? 0;
    const known = levels(this.book, 0, side, depth).filter(({ price }) => whole || (side === SIDE_BID ? price >= worst : price <= worst));
    if (after.length < known.length || (whole && after.length > known.length)) return -1;
    for (let i = 0; i < known.length; i++) if (!sameLevel(known[i], after[i])) return -1;
    return known.length;
  }

  private put(action: number, side: number, price: number, qty: number): void {
    const { f64, i32 } = this.slots;
    this.slots.clear(0);
    i32[HEADER_WORD_I32] = headerWord(TYPE_BOOK_DELTA, FLAG_LAST);
    f64[DELTA_PRICE_F64] = price;
    f64[DELTA_QTY_F64] = qty;
    i32[DELTA_WORD_I32] = action | (side << 8);
    this.book.apply(this.slots, 0);
  }
}

function sameLevel(level: BookLevel, row: { readonly price: number; readonly qty: number }): boolean {
  return level.price === row.price && level.qty === row.qty;
}

function rowsOf(bytes: Uint8Array): { from: number; to: number }[] {
  const rows: { from: number; to: number }[] = [];
  for (let from = 0; from < bytes.length;) {
    const found = bytes.indexOf(NEWLINE, from);
    const end = found < 0 ? bytes.length : found;
    const to = end > from && bytes[end - 1] === RETURN ? end - 1 : end;
    if (to > from) rows.push({ from, to });
    from = end + 1;
  }
  return rows;
}

function unreadable(what: string, row: number): StreamError {
  return new StreamError("INPUT_UNREADABLE", `row ${row + 1} of the ${what} file is not of the LOBSTER format`, { row: row + 1 });
}
