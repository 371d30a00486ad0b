import { expect, it } from "vitest";
import { BOOK_ASK_PRESENT, BOOK_BID_PRESENT, BOOK_COLUMN_NAMES, BOOK_COLUMNS, fillBookRow } from "./book-row.ts";

function derived(cells: readonly number[], present: number): Record<string, number> {
  const row = new Float64Array(BOOK_COLUMNS).fill(-77);
  row.set(cells);
  const mask = fillBookRow(row, present);
  return Object.fromEntries(BOOK_COLUMN_NAMES.flatMap((name, k) => (((mask >> k) & 1) === 1 ? [[name, row[k]]] : [])));
}

it("a two-sided book has a spread, a mid, a microprice towards the thin side and an imbalance", () => {
  expect(derived([10, 12, 3, 1], BOOK_BID_PRESENT | BOOK_ASK_PRESENT)).toEqual({
    bid: 10,
    ask: 12,
    bidQty: 3,
    askQty: 1,
    spread: 2,
    mid: 11,
    microprice: 11.5,
    imbalance: 0.5,
  });
});

it("a one-sided book has its side and nothing derived", () => {
  expect(derived([10, 12, 3, 1], BOOK_BID_PRESENT)).toEqual({ bid: 10, bidQty: 3 });
  expect(derived([10, 12, 3, 1], BOOK_ASK_PRESENT)).toEqual({ ask: 12, askQty: 1 });
  expect(derived([10, 12, 3, 1], 0)).toEqual({});
});

it("prices without qtys have a spread and a mid, and two empty levels no ratio", () => {
  expect(derived([10, 12, 3, 1], 0b0011)).toEqual({ bid: 10, ask: 12, spread: 2, mid: 11 });
  expect(derived([10, 12, 0, 0], 0xff)).toEqual({ bid: 10, ask: 12, bidQty: 0, askQty: 0, spread: 2, mid: 11 });
});
