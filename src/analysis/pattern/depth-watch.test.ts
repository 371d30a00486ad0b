import { describe, expect, it } from "vitest";
import { Deltas } from "../../../test/model/book-records.ts";
import { Random } from "../../kernel/core/random.ts";
import { Arena } from "../../kernel/memory/arena.ts";
import { ACTION_REPLACE_FROM, ACTION_REPLACE_TO } from "../../kernel/record/book-delta.ts";
import { SIDE_ASK, SIDE_BID } from "../../kernel/record/header.ts";
import { levels } from "../../market/book/book-view.ts";
import { LevelBook } from "../../market/book/level-book.ts";
import type { BookSides } from "../../market/book/liquidity.ts";
import { OrderBook } from "../../market/book/order-book.ts";
import { DepthWatch, WATCH_CHANGED, WATCH_OPEN, WATCH_QUIET } from "./depth-watch.ts";

const LEVELS = 3;

function rig(kind: "order" | "level") {
  const arena = Arena.create("watch", 1 << 22);
  const book = kind === "order" ? new OrderBook(arena, { instruments: 1, orders: 1024, levels: 256 }) : new LevelBook(arena, { instruments: 1, levels: 256 });
  const watch = new DepthWatch(arena, "watch", 1, LEVELS, book);
  const deltas = new Deltas(book);
  /** What the watch says of the delta just applied. */
  const seen = (): number => watch.onDelta(0, deltas.slots, 0);
  return { book: book as BookSides, deltas, seen };
}

const best = (book: BookSides): string => JSON.stringify([levels(book, 0, SIDE_BID, LEVELS), levels(book, 0, SIDE_ASK, LEVELS)]);

describe("DepthWatch", () => {
  it("lets an event pass that adds or sets behind the last level watched, of either side", () => {
    const { deltas, seen } = rig("level");
    for (let i = 0; i < LEVELS; i++) {
      deltas.set(SIDE_BID, 100 - i, 10);
      seen();
      deltas.set(SIDE_ASK, 110 + i, 10);
      expect(seen()).toBe(WATCH_CHANGED);
    }
    const after = (side: number, price: number, qty: number): number => {
      deltas.set(side, price, qty);
      return seen();
    };
    expect([after(SIDE_BID, 97, 5), after(SIDE_BID, 97, 6), after(SIDE_BID, 97, 0), after(SIDE_ASK, 113, 5)]).toEqual([0, 0, 0, 0].fill(WATCH_QUIET));
    expect([after(SIDE_BID, 98, 5), after(SIDE_ASK, 109, 5), after(SIDE_ASK, 113, 0)]).toEqual([WATCH_CHANGED, WATCH_CHANGED, WATCH_QUIET]);
  });

  it("keeps a change until the end of its event", () => {
    const { deltas, seen } = rig("level");
    for (let i = 0; i <= LEVELS; i++) {
      deltas.set(SIDE_BID, 100 - i, 10);
      seen();
    }
    deltas.set(SIDE_BID, 100, 9, false);
    expect(seen()).toBe(WATCH_OPEN);
    deltas.set(SIDE_BID, 50, 9);
    expect(seen()).toBe(WATCH_CHANGED);
    deltas.set(SIDE_BID, 50, 10);
    expect(seen()).toBe(WATCH_QUIET);
  });

  it.each(["order", "level"] as const)("never lets a change of the best levels pass, whatever happens to a book by %s", (kind) => {
    const { book, deltas, seen } = rig(kind);
    const random = new Random(new Int32Array(4), 41);
    let [quiet, before] = [0, best(book)];
    for (let n = 0; n < 20_000; n++) {
      const side = random.nextBelow(2);
      const price = side === SIDE_BID ? 100 - random.nextBelow(12) : 101 + random.nextBelow(12);
      const id = 1 + random.nextBelow(60);
      const isLast = random.nextBelow(4) > 0;
      let result = 0;
      if (random.nextBelow(2000) === 0) result = deltas.clear(isLast);
      else if (kind === "level") result = deltas.set(side, price, random.nextBelow(3) * 10, isLast);
      else {
        const choice = random.nextBelow(6);
        if (choice < 2) result = deltas.add(id, side, price, 1 + random.nextBelow(9), isLast);
        else if (choice === 2) result = deltas.execute(id, 1 + random.nextBelow(5), isLast);
        else if (choice === 3) result = deltas.cancel(id, 1, isLast);
        else if (choice === 4) result = deltas.delete(id, isLast);
        else {
          if (deltas.delta(0, ACTION_REPLACE_FROM, 0, 0, 0, id, false) < 0) continue;
          expect(seen()).toBe(WATCH_OPEN);
          result = deltas.delta(0, ACTION_REPLACE_TO, 0, price, 5, 1 + random.nextBelow(60), true);
        }
      }
      if (result < 0) continue;
      const told = seen();
      if (told === WATCH_OPEN) continue;
      const now = best(book);
      if (now !== before) expect(told).toBe(WATCH_CHANGED);
      if (told === WATCH_QUIET) quiet++;
      before = now;
    }
    expect(quiet).toBeGreaterThan(kind === "level" ? 5000 : 500);
  });

  it.each([0, 11, 1.5])("refuses to watch %d levels", (count) => {
    const arena = Arena.create("watch", 1 << 20);
    const book = new LevelBook(arena, { instruments: 1, levels: 64 });
    expect(() => new DepthWatch(arena, "watch", 1, count, book)).toThrow("expected 1 to 10 levels");
  });
});
