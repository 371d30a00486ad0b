import { describe, expect, it } from "vitest";
import { Deltas } from "../../../test/model/book-records.ts";
import { isStreamError } from "../../kernel/core/errors.ts";
import { REJECTED, UNKNOWN } from "../../kernel/core/status.ts";
import { Arena } from "../../kernel/memory/arena.ts";
import { ACTION_REPLACE_FROM, ACTION_REPLACE_TO, ACTION_SET } from "../../kernel/record/book-delta.ts";
import { SIDE_ASK, SIDE_BID } from "../../kernel/record/header.ts";
import { levels, queue } from "./book-view.ts";
import { OrderBook, type OrderBookOptions } from "./order-book.ts";
import { BOOK_APPLIED, BOOK_CROSSED, BOOK_TOP_CHANGED, BOOK_TRADED } from "./top-of-book.ts";

function create(options: Partial<OrderBookOptions> = {}): { book: OrderBook; deltas: Deltas } {
  const book = new OrderBook(Arena.create("book", 1 << 24), { instruments: 4, orders: 64, levels: 64, ...options });
  return { book, deltas: new Deltas(book) };
}

describe("order book", () => {
  it("sums orders of one price and keeps them in the order of arrival", () => {
    const { book, deltas } = create();
    deltas.add(1, SIDE_BID, 100, 5);
    deltas.add(2, SIDE_BID, 100, 7);
    deltas.add(3, SIDE_BID, 101, 1);
    expect(levels(book, 0, SIDE_BID)).toEqual([
      { price: 101, qty: 1, orders: 1 },
      { price: 100, qty: 12, orders: 2 },
    ]);
    expect(queue(book, 0, SIDE_BID, 1)).toEqual([
      { id: 1n, qty: 5 },
      { id: 2n, qty: 7 },
    ]);
  });

  it("keeps the place of an order that is partly executed or cancelled, and drops it at 0", () => {
    const { book, deltas } = create();
    deltas.add(1, SIDE_ASK, 100, 5);
    deltas.add(2, SIDE_ASK, 100, 7);
    expect(deltas.execute(1, 2)).toBe(BOOK_APPLIED | BOOK_TRADED | BOOK_TOP_CHANGED);
    deltas.cancel(1, 1);
    expect(queue(book, 0, SIDE_ASK, 0)).toEqual([
      { id: 1n, qty: 2 },
      { id: 2n, qty: 7 },
    ]);
    deltas.execute(1, 2);
    expect(queue(book, 0, SIDE_ASK, 0)).toEqual([{ id: 2n, qty: 7 }]);
    expect(book.orders).toBe(1);
  });

  it("puts an execution on the tape at the order's price, aggressor opposite to it", () => {
    const { book, deltas } = create();
    deltas.add(1, SIDE_ASK, 100, 5);
    deltas.execute(1, 2);
    expect([...book.tape]).toEqual([100, 2, 2000, 2]);
    expect(book.aggressor).toBe(SIDE_BID);
    deltas.add(2, SIDE_BID, 90, 5);
    deltas.executeAt(2, 95, 5);
    expect([...book.tape]).toEqual([95, 5, 4000, 4]);
    expect(book.aggressor).toBe(SIDE_ASK);
  });

  it("keeps the side in a replace and sends the order to the back of the queue", () => {
    const { book, deltas } = create();
    deltas.add(1, SIDE_ASK, 100, 5);
    deltas.add(2, SIDE_ASK, 100, 7);
    expect(deltas.replace(1, 3, 100, 4)).toBe(BOOK_APPLIED | BOOK_TOP_CHANGED);
    expect(queue(book, 0, SIDE_ASK, 0)).toEqual([
      { id: 2n, qty: 7 },
      { id: 3n, qty: 4 },
    ]);
  });

  it("does not mix up the halves of replaces in two instruments", () => {
    const { book, deltas } = create();
    deltas.add(1, SIDE_ASK, 100, 5, true, 0);
    deltas.add(2, SIDE_BID, 90, 5, true, 1);
    deltas.delta(0, ACTION_REPLACE_FROM, 0, 0, 0, 1, false);
    deltas.delta(1, ACTION_REPLACE_FROM, 0, 0, 0, 2, false);
    deltas.delta(0, ACTION_REPLACE_TO, 0, 101, 5, 3, true);
    deltas.delta(1, ACTION_REPLACE_TO, 0, 91, 5, 4, true);
    expect(levels(book, 0, SIDE_ASK)).toEqual([{ price: 101, qty: 5, orders: 1 }]);
    expect(levels(book, 1, SIDE_BID)).toEqual([{ price: 91, qty: 5, orders: 1 }]);
  });

  it("forgets the half of a replace whose other half never came", () => {
    const { book, deltas } = create();
    deltas.add(1, SIDE_ASK, 100, 5);
    deltas.delta(0, ACTION_REPLACE_FROM, 0, 0, 0, 1, false);
    expect(deltas.replace(9, 10, 100, 5)).toBe(UNKNOWN);
    expect([book.orders, book.unknownOrders]).toEqual([0, 1]);
  });

  it("counts an id that it does not know and changes nothing", () => {
    const { book, deltas } = create();
    deltas.add(1, SIDE_BID, 100, 5);
    expect([deltas.execute(9, 1), deltas.executeAt(9, 1, 1), deltas.cancel(9, 1), deltas.delete(9), deltas.replace(9, 10, 1, 1)]).toEqual([
      UNKNOWN,
      UNKNOWN,
      UNKNOWN,
      UNKNOWN,
      UNKNOWN,
    ]);
    expect(book.unknownOrders).toBe(5);
    expect(book.orders).toBe(1);
    expect(levels(book, 0, SIDE_BID)).toEqual([{ price: 100, qty: 5, orders: 1 }]);
  });

  it("does not find an order under another instrument", () => {
    const { book, deltas } = create();
    deltas.add(1, SIDE_BID, 100, 5, true, 0);
    expect(deltas.delete(1, true, 1)).toBe(UNKNOWN);
    expect(book.orders).toBe(1);
  });

  it("refuses a live id again, counted", () => {
    const { book, deltas } = create();
    deltas.add(1, SIDE_BID, 100, 5);
    expect(deltas.add(1, SIDE_ASK, 200, 6)).toBe(REJECTED);
    expect(book.duplicateOrders).toBe(1);
    expect(levels(book, 0, SIDE_ASK)).toEqual([]);
  });

  it("removes an order that is reduced by more than it has, and counts that", () => {
    const { book, deltas } = create();
    deltas.add(1, SIDE_BID, 100, 5);
    deltas.add(2, SIDE_BID, 100, 3);
    deltas.execute(1, 6);
    expect(levels(book, 0, SIDE_BID)).toEqual([{ price: 100, qty: 3, orders: 1 }]);
    expect(book.excess).toBe(1);
  });

  it.each([
    ["a quantity of 0", 0, 100, 0],
    ["a negative quantity", 0, 100, -1],
    ["a quantity that is no number", 0, 100, Number.NaN],
    ["a price that is no number", 0, Number.NaN, 1],
    ["an infinite price", 0, Infinity, 1],
    ["a side that is none", 2, 100, 1],
  ])("refuses an add of %s", (_, side, price, qty) => {
    const { book, deltas } = create();
    expect(deltas.add(1, side, price, qty)).toBe(REJECTED);
    expect([book.invalid, book.orders, book.ladders.used]).toEqual([1, 0, 0]);
  });

  it("refuses instruments and actions that are not its own", () => {
    const { book, deltas } = create();
    expect(deltas.add(1, SIDE_BID, 100, 5, true, 4)).toBe(REJECTED);
    expect(deltas.add(1, SIDE_BID, 100, 5, true, 0xffff_ffff)).toBe(REJECTED);
    expect(deltas.delta(0, ACTION_SET, SIDE_BID, 100, 5, 1, true)).toBe(REJECTED);
    expect(deltas.delta(0, 0, SIDE_BID, 100, 5, 1, true)).toBe(REJECTED);
    expect(book.invalid).toBe(4);
  });

  it("refuses an order when its rows are full, and a level when its levels are, and goes on after", () => {
    const { book, deltas } = create({ orders: 2, levels: 1 });
    deltas.add(1, SIDE_BID, 100, 5);
    expect(deltas.add(2, SIDE_BID, 101, 5)).toBe(REJECTED);
    deltas.add(2, SIDE_BID, 100, 5);
    expect(deltas.add(3, SIDE_BID, 100, 5)).toBe(REJECTED);
    expect(book.full).toBe(2);
    deltas.delete(1);
    expect(deltas.add(3, SIDE_BID, 100, 5)).toBeGreaterThan(0);
    expect(levels(book, 0, SIDE_BID)).toEqual([{ price: 100, qty: 10, orders: 2 }]);
  });

  it.each([true, false])("empties one instrument and no other on clear, with queues = %s", (queues) => {
    const { book, deltas } = create({ queues });
    for (let id = 1; id <= 20; id++) deltas.add(id, id % 2, 100 + (id % 2) * 10 + (id % 3), id, true, id % 4 < 2 ? 0 : 1);
    const other = [levels(book, 1, SIDE_BID), levels(book, 1, SIDE_ASK)];
    expect(deltas.clear()).toBe(BOOK_APPLIED | BOOK_TOP_CHANGED);
    expect([levels(book, 0, SIDE_BID), levels(book, 0, SIDE_ASK)]).toEqual([[], []]);
    expect([levels(book, 1, SIDE_BID), levels(book, 1, SIDE_ASK)]).toEqual(other);
    expect([...book.tops.subarray(0, 4)]).toEqual([0, 0, 0, 0]);
    expect(book.orders).toBe(10);
    expect(deltas.add(4, SIDE_BID, 100, 5)).toBeGreaterThan(0);
  });

  it("moves tops only at the end of an event and tells a change once", () => {
    const { book, deltas } = create();
    expect(deltas.add(1, SIDE_BID, 100, 5, false)).toBe(BOOK_APPLIED);
    expect([...book.tops.subarray(0, 4)]).toEqual([0, 0, 0, 0]);
    expect(deltas.add(2, SIDE_ASK, 110, 6)).toBe(BOOK_APPLIED | BOOK_TOP_CHANGED);
    expect([...book.tops.subarray(0, 4)]).toEqual([100, 5, 110, 6]);
    expect(deltas.add(3, SIDE_BID, 99, 5)).toBe(BOOK_APPLIED);
    expect(book.top.changes).toBe(1);
  });

  it("does not report a top that went and came back within one event", () => {
    const { deltas } = create();
    deltas.add(1, SIDE_BID, 100, 5);
    expect(deltas.replace(1, 2, 100, 5)).toBe(BOOK_APPLIED);
  });

  it("reports the change after a refused last record with the next event", () => {
    const { book, deltas } = create();
    deltas.add(1, SIDE_BID, 100, 5);
    deltas.add(2, SIDE_BID, 90, 5);
    expect(deltas.replace(1, 2, 95, 5)).toBe(REJECTED);
    expect(deltas.add(3, SIDE_BID, 80, 5)).toBe(BOOK_APPLIED | BOOK_TOP_CHANGED);
    expect(book.tops[0]).toBe(90);
  });

  it("calls a bid above an ask crossed, equal prices not", () => {
    const { book, deltas } = create();
    deltas.add(1, SIDE_ASK, 100, 5);
    expect(deltas.add(2, SIDE_BID, 100, 5) & BOOK_CROSSED).toBe(0);
    expect(deltas.add(3, SIDE_BID, 101, 5)).toBe(BOOK_APPLIED | BOOK_TOP_CHANGED | BOOK_CROSSED);
    expect(deltas.add(4, SIDE_BID, 1, 5)).toBe(BOOK_APPLIED | BOOK_CROSSED);
    expect(book.top.isCrossed(0)).toBe(true);
    expect(deltas.delete(3) & BOOK_CROSSED).toBe(0);
    expect([book.top.crossings, book.top.isCrossed(0)]).toEqual([1, false]);
  });

  it("tells ids apart that share their low or their high half", () => {
    const { book, deltas } = create();
    const ids = [1n, 1n << 32n, (1n << 32n) | 1n, 0xffff_ffff_ffff_ffffn, 0x8000_0000_0000_0000n, 0n];
    for (const id of ids) deltas.add(id, SIDE_BID, 100, 1);
    expect(queue(book, 0, SIDE_BID, 0).map((order) => order.id)).toEqual(ids);
    for (const id of ids) expect(deltas.delete(id)).toBeGreaterThan(0);
    expect(book.orders).toBe(0);
  });

  it("keeps equal ids of two instruments apart where the venue gives them out by instrument", () => {
    const { book, deltas } = create({ idScope: "instrument" });
    deltas.add(1, SIDE_BID, 100, 1, true, 0);
    expect(deltas.add(1, SIDE_BID, 200, 1, true, 1)).toBeGreaterThan(0);
    deltas.delete(1, true, 0);
    expect(levels(book, 1, SIDE_BID)).toEqual([{ price: 200, qty: 1, orders: 1 }]);
  });

  it("states sizes that it cannot have", () => {
    for (const options of [{ instruments: 0 }, { levels: 1.5 }, { orders: -1 }]) {
      expect(() => create(options)).toThrow(expect.toSatisfy((error) => isStreamError(error, "VALUE_RANGE")));
    }
  });

  it("costs at most the bytes that the header of the file states", () => {
    const arena = Arena.create("bytes", 1 << 26);
    new OrderBook(arena, { instruments: 1000, orders: 65_537, levels: 100_000 });
    expect(arena.usedBytes).toBeLessThanOrEqual(65_537 * 64 + 100_000 * 84 + 1000 * 510 + 1024);
  });
});
