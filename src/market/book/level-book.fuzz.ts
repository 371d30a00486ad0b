import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { snapshotContract } from "../../../test/contract/snapshot.ts";
import { LevelModel } from "../../../test/model/book-model.ts";
import { Deltas } from "../../../test/model/book-records.ts";
import { Arena } from "../../kernel/memory/arena.ts";
import { levels } from "./book-view.ts";
import { LevelBook } from "./level-book.ts";

const setOf = (prices: number): fc.Arbitrary<{ side: number; price: number; qty: number; orders: number }> =>
  fc.record({
    side: fc.integer({ min: 0, max: 1 }),
    price: fc.integer({ min: -prices, max: prices }),
    qty: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 2 ** 40 })),
    orders: fc.integer({ min: 0, max: 9 }),
  });

function checkAgainstModel(sets: readonly { side: number; price: number; qty: number; orders: number }[], clearAt: number): void {
  const book = new LevelBook(Arena.create("book", 1 << 20), { instruments: 2, levels: 4096 });
  const deltas = new Deltas(book);
  const model = new LevelModel();
  sets.forEach(({ side, price, qty, orders }, i) => {
    if (i === clearAt) {
      model.clear();
      deltas.clear(true, 1);
    }
    model.set(side, price, qty, orders);
    deltas.set(side, price, qty, true, 1, orders);
    const bid = model.levels(0)[0] ?? { price: 0, qty: 0 };
    expect([...book.tops.subarray(4, 6)]).toEqual([bid.price, bid.qty]);
  });
  expect([levels(book, 1, 0), levels(book, 1, 1)]).toEqual([model.levels(0), model.levels(1)]);
  expect([levels(book, 0, 0), levels(book, 0, 1)]).toEqual([[], []]);
}

describe("level book", () => {
  it("equals the map-and-sort model after any sets", () => {
    fc.assert(fc.property(fc.array(setOf(12), { maxLength: 120 }), fc.nat(300), checkAgainstModel), { seed: 4, numRuns: 150 });
  });

  it("equals the map-and-sort model on thousands of levels", () => {
    fc.assert(
      fc.property(fc.array(setOf(3000), { minLength: 1500, maxLength: 2500 }), (sets) => {
        const book = new LevelBook(Arena.create("book", 1 << 20), { instruments: 1, levels: 4096 });
        const deltas = new Deltas(book);
        const model = new LevelModel();
        for (const { side, price, qty, orders } of sets) {
          model.set(side, price, qty, orders);
          deltas.set(side, price, qty, true, 0, orders);
        }
        expect([levels(book, 0, 0), levels(book, 0, 1)]).toEqual([model.levels(0), model.levels(1)]);
      }),
      { seed: 5, numRuns: 5 },
    );
  });
});

snapshotContract(
  "level book",
  (arena) => {
    const book = new LevelBook(arena, { instruments: 2, levels: 48 });
    const deltas = new Deltas(book);
    return {
      step(random) {
        const instrument = random.nextBelow(2);
        const last = random.nextBelow(3) > 0;
        const status =
          random.nextBelow(60) === 0
            ? deltas.clear(last, instrument)
            : deltas.set(random.nextBelow(2), random.nextBelow(60), random.nextBelow(3), last, instrument, random.nextBelow(4));
        return { status, tops: [...book.tops], full: book.full, bids: levels(book, instrument, 0), asks: levels(book, instrument, 1) };
      },
    };
  },
  { capacityBytes: 1 << 17 },
);
