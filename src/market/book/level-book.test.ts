import { describe, expect, it } from "vitest";
import { Deltas } from "../../../test/model/book-records.ts";
import { REJECTED } from "../../kernel/core/status.ts";
import { Arena } from "../../kernel/memory/arena.ts";
import { ACTION_ADD } from "../../kernel/record/book-delta.ts";
import { SIDE_ASK, SIDE_BID } from "../../kernel/record/header.ts";
import { bookLine, levels } from "./book-view.ts";
import { LevelBook } from "./level-book.ts";
import { BOOK_APPLIED, BOOK_CROSSED, BOOK_TOP_CHANGED } from "./top-of-book.ts";

function create(instruments: number = 2, capacity: number = 64): { book: LevelBook; deltas: Deltas } {
  const book = new LevelBook(Arena.create("book", 1 << 22), { instruments, levels: capacity });
  return { book, deltas: new Deltas(book) };
}

describe("level book", () => {
  it("sets, overwrites and removes levels by absolute quantity", () => {
    const { book, deltas } = create();
    deltas.set(SIDE_BID, 100, 5, true, 0, 3);
    deltas.set(SIDE_BID, 99, 6);
    deltas.set(SIDE_BID, 100, 2);
    deltas.set(SIDE_BID, 98, 1);
    deltas.set(SIDE_BID, 99, 0);
    expect(levels(book, 0, SIDE_BID)).toEqual([
      { price: 100, qty: 2, orders: 0 },
      { price: 98, qty: 1, orders: 0 },
    ]);
    expect(levels(book, 0, SIDE_BID, 1)).toHaveLength(1);
  });

  it("takes the removal of an absent level as normal, counted apart", () => {
    const { book, deltas } = create();
    expect(deltas.set(SIDE_ASK, 100, 0)).toBe(BOOK_APPLIED);
    expect([book.absentRemovals, book.invalid, book.full]).toEqual([1, 0, 0]);
  });

  it("shows a new top only when the event is whole", () => {
    const { book, deltas } = create();
    deltas.set(SIDE_BID, 100, 5);
    expect(deltas.set(SIDE_BID, 100, 0, false)).toBe(BOOK_APPLIED);
    expect(book.tops[0]).toBe(100);
    expect(deltas.set(SIDE_BID, 101, 1)).toBe(BOOK_APPLIED | BOOK_TOP_CHANGED);
    expect([...book.tops.subarray(0, 4)]).toEqual([101, 1, 0, 0]);
    expect(deltas.set(SIDE_BID, 101, 1)).toBe(BOOK_APPLIED);
  });

  it("sees a crossed book, and a clear mends it", () => {
    const { deltas } = create();
    deltas.set(SIDE_ASK, 100, 5);
    expect(deltas.set(SIDE_BID, 101, 5)).toBe(BOOK_APPLIED | BOOK_TOP_CHANGED | BOOK_CROSSED);
    expect(deltas.clear()).toBe(BOOK_APPLIED | BOOK_TOP_CHANGED);
  });

  it("empties one instrument and no other on clear", () => {
    const { book, deltas } = create();
    deltas.set(SIDE_BID, 100, 5, true, 0);
    deltas.set(SIDE_BID, 100, 5, true, 1);
    deltas.clear(true, 0);
    expect([levels(book, 0, SIDE_BID).length, levels(book, 1, SIDE_BID).length]).toEqual([0, 1]);
  });

  it("refuses what is not its own and counts it", () => {
    const { book, deltas } = create();
    expect(deltas.delta(0, ACTION_ADD, SIDE_BID, 100, 5, 1, true)).toBe(REJECTED);
    expect(deltas.set(SIDE_BID, 100, 5, true, 2)).toBe(REJECTED);
    expect(deltas.set(2, 100, 5)).toBe(REJECTED);
    expect(deltas.set(SIDE_BID, 100, -5)).toBe(REJECTED);
    expect(deltas.set(SIDE_BID, 100, Number.NaN)).toBe(REJECTED);
    expect(deltas.set(SIDE_BID, Number.NaN, 5)).toBe(REJECTED);
    expect([book.invalid, book.ladders.used]).toEqual([6, 0]);
  });

  it("refuses a level when all are taken, counted as full", () => {
    const { book, deltas } = create(1, 2);
    deltas.set(SIDE_BID, 1, 1);
    deltas.set(SIDE_BID, 2, 1);
    expect(deltas.set(SIDE_BID, 3, 1)).toBe(REJECTED);
    expect(deltas.set(SIDE_BID, 2, 9)).toBeGreaterThan(0);
    expect(book.full).toBe(1);
  });

  it("prints as one line", () => {
    const { book, deltas } = create();
    expect(bookLine(book, 0, 2, 0)).toBe("- | -");
    deltas.set(SIDE_BID, 58532, 18, true, 0, 2);
    deltas.set(SIDE_ASK, 58591, 7, true, 0, 1);
    expect(bookLine(book, 0, 2, 0)).toBe("2 x 18 @ 585.32 | 585.91 @ 7 x 1");
  });
});
