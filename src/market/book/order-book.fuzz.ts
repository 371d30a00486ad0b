import { describe, expect, it } from "vitest";
import { snapshotContract } from "../../../test/contract/snapshot.ts";
import { OrderModel } from "../../../test/model/book-model.ts";
import { Deltas } from "../../../test/model/book-records.ts";
import { Random } from "../../kernel/core/random.ts";
import { REJECTED, UNKNOWN } from "../../kernel/core/status.ts";
import { Arena } from "../../kernel/memory/arena.ts";
import { SIDE_ASK, SIDE_BID } from "../../kernel/record/header.ts";
import { levels, queue } from "./book-view.ts";
import { OrderBook } from "./order-book.ts";
import { BOOK_CROSSED, BOOK_TOP_CHANGED, BOOK_TRADED } from "./top-of-book.ts";

interface Shape {
  readonly name: string;
  /** Prices are drawn from this many around the middle. */
  readonly prices: number;
  /** Orders that the run hovers around. */
  readonly alive: number;
  /** Order id of the n-th order. */
  readonly id: (n: number) => bigint;
  readonly queues: boolean;
  readonly steps: number;
}

const SHAPES: readonly Shape[] = [
  { name: "few prices, long queues", prices: 6, alive: 300, id: BigInt, queues: true, steps: 6000 },
  { name: "thousands of levels", prices: 20_000, alive: 3000, id: BigInt, queues: true, steps: 16_000 },
  { name: "ids that are multiples of 2^20", prices: 40, alive: 200, id: (n) => BigInt(n) << 20n, queues: true, steps: 6000 },
  { name: "ids that differ in the high half only", prices: 40, alive: 200, id: (n) => (BigInt(n) << 32n) | 7n, queues: true, steps: 6000 },
  { name: "ids that fall, by 4", prices: 40, alive: 200, id: (n) => 0xffff_ffff_ffff_fff0n - BigInt(n) * 4n, queues: true, steps: 6000 },
  { name: "levels without queues", prices: 100, alive: 300, id: BigInt, queues: false, steps: 6000 },
];

/** Two instruments of a book beside two models, driven by one sequence of random actions. */
class Pair {
  readonly book: OrderBook;
  readonly models: readonly [OrderModel, OrderModel] = [new OrderModel(), new OrderModel()];
  private readonly deltas: Deltas;
  private readonly random: Random;
  private readonly shape: Shape;
  private readonly liveIds: bigint[][] = [[], []];
  private readonly tops: (readonly number[])[] = [
    [0, 0, 0, 0],
    [0, 0, 0, 0],
  ];
  private nextOrder = 1;
  unknown = 0;
  duplicates = 0;
  private peak = 0;

  constructor(shape: Shape, seed: number) {
    this.shape = shape;
    this.random = new Random(new Int32Array(4), seed);
    this.book = new OrderBook(Arena.create("book", 1 << 24), { instruments: 2, orders: shape.alive + 50, levels: shape.alive + 50, queues: shape.queues });
    this.deltas = new Deltas(this.book);
  }

  step(): void {
    const { random, shape } = this;
    const instrument = random.nextBelow(2);
    const model = this.models[instrument];
    const total = this.models[0].orders.size + this.models[1].orders.size;
    const draw = random.nextBelow(100);
    const id = this.drawId(instrument);
    const qty = 1 + random.nextBelow(50);
    const price = 1000 + random.nextBelow(shape.prices) - Math.floor(shape.prices / 2);
    let got: number;
    let expected: string;
    if (draw < (total < shape.alive ? 65 : 30)) {
      const full = total >= shape.alive + 50;
      const newId = draw % 16 === 0 ? id : shape.id(this.nextOrder++);
      const side = random.nextBelow(2);
      if (full && !model.orders.has(newId)) return;
      expected = model.add(newId, side, price, qty);
      if (expected === "rejected") this.duplicates++;
      else this.liveIds[instrument].push(newId);
      got = this.deltas.add(newId, side, price, qty, true, instrument);
    } else if (draw < 70) {
      expected = model.delete(id);
      got = this.deltas.delete(id, true, instrument);
    } else if (draw < 80) {
      const order = model.orders.get(id);
      const part = order === undefined || random.nextBelow(3) === 0 ? (order?.qty ?? 1) : 1 + random.nextBelow(order.qty);
      const at = random.nextBelow(2) === 0 ? price : undefined;
      expected = model.execute(id, part, at);
      got = at === undefined ? this.deltas.execute(id, part, true, instrument) : this.deltas.executeAt(id, at, part, true, instrument);
      if (expected === "traded") {
        const { tape, aggressor } = this.book;
        expect({ price: tape[0], qty: tape[1], aggressor }).toEqual(model.traded);
      }
    } else if (draw < 88) {
      expected = model.cancel(id, qty);
      got = this.deltas.cancel(id, qty, true, instrument);
    } else if (draw < 99 || random.nextBelow(40) !== 0) {
      const newId = shape.id(this.nextOrder++);
      expected = model.replaceFrom(id);
      if (expected === "applied") {
        model.replaceTo(newId, price, qty);
        this.liveIds[instrument].push(newId);
      }
      got = this.deltas.replace(id, newId, price, qty, instrument);
    } else {
      expected = model.clear();
      got = this.deltas.clear(true, instrument);
    }
    if (expected === "unknown") this.unknown++;
    this.checkOutcome(instrument, got, expected);
    this.peak = Math.max(this.peak, this.models[0].orders.size + this.models[1].orders.size);
  }

  checkWhole(): void {
    for (const instrument of [0, 1]) {
      for (const side of [SIDE_BID, SIDE_ASK]) {
        const expected = this.models[instrument].levels(side);
        expect(levels(this.book, instrument, side)).toEqual(expected);
        if (!this.shape.queues) continue;
        const step = Math.ceil(expected.length / 20);
        for (let rank = 0; rank < expected.length; rank += step) {
          expect(queue(this.book, instrument, side, rank)).toEqual(this.models[instrument].queue(side, expected[rank].price));
        }
      }
      for (const order of this.models[instrument].orders.values()) {
        const row = this.book.find(instrument, Number(BigInt.asIntN(32, order.id)), Number(BigInt.asIntN(32, order.id >> 32n)));
        expect(this.book.f64[row * 4]).toBe(order.qty);
      }
    }
    expect(this.book.orders).toBe(this.models[0].orders.size + this.models[1].orders.size);
    expect(this.book.ordersHighWater).toBe(this.peak);
    expect([this.book.unknownOrders, this.book.duplicateOrders, this.book.full, this.book.invalid]).toEqual([this.unknown, this.duplicates, 0, 0]);
  }

  private drawId(instrument: number): bigint {
    const ids = this.liveIds[instrument];
    if (ids.length === 0 || this.random.nextBelow(20) === 0) return this.shape.id(1_000_000 + this.random.nextBelow(1000));
    const at = this.random.nextBelow(ids.length);
    const id = ids[at];
    if (!this.models[instrument].orders.has(id)) {
      ids[at] = ids[ids.length - 1];
      ids.pop();
    }
    return id;
  }

  private checkOutcome(instrument: number, got: number, expected: string): void {
    expect(got === UNKNOWN ? "unknown" : got === REJECTED ? "rejected" : (got & BOOK_TRADED) !== 0 ? "traded" : "applied").toBe(expected);
    if (got < 0) return;
    const row = [...this.book.tops.subarray(instrument * 4, instrument * 4 + 4)];
    expect((got & BOOK_TOP_CHANGED) !== 0).toBe(row.some((value, i) => value !== this.tops[instrument][i]));
    expect((got & BOOK_CROSSED) !== 0).toBe(row[1] > 0 && row[3] > 0 && row[0] > row[2]);
    this.tops[instrument] = row;
    if (this.random.nextBelow(8) !== 0) return;
    const bid = this.models[instrument].levels(SIDE_BID)[0] ?? { price: 0, qty: 0 };
    const ask = this.models[instrument].levels(SIDE_ASK)[0] ?? { price: 0, qty: 0 };
    expect(row).toEqual([bid.price, bid.qty, ask.price, ask.qty]);
  }
}

describe("order book under random actions", () => {
  for (const shape of SHAPES) {
    it.each([1, 2])(`equals the map-and-sort model: ${shape.name} (seed %i)`, (seed) => {
      const pair = new Pair(shape, seed);
      for (let step = 1; step <= shape.steps; step++) {
        pair.step();
        if (step % 500 === 0) pair.checkWhole();
      }
      expect(pair.unknown).toBeGreaterThan(50);
      expect(pair.duplicates).toBeGreaterThan(10);
    });
  }

  it("finds every order of a full table whose ids collide, through removals and wrap", () => {
    const capacity = 1 << 12;
    const book = new OrderBook(Arena.create("book", 1 << 24), { instruments: 1, orders: capacity, levels: 4 });
    const deltas = new Deltas(book);
    const random = new Random(new Int32Array(4), 5);
    for (const stride of [1, 4, 1 << 10, 1 << 22]) {
      const alive: number[] = [];
      for (let n = 0; n < capacity; n++) {
        expect(deltas.add(n * stride, SIDE_BID, 100, 1)).toBeGreaterThan(0);
        alive.push(n * stride);
      }
      expect(deltas.add(capacity * stride, SIDE_BID, 100, 1)).toBe(REJECTED);
      while (alive.length > 0) {
        const at = random.nextBelow(alive.length);
        if (deltas.delete(alive[at]) < 0) throw new Error(`id ${alive[at]} of stride ${stride} is lost with ${alive.length} alive`);
        alive[at] = alive[alive.length - 1];
        alive.pop();
      }
      expect(book.orders).toBe(0);
    }
  });
});

for (const queues of [true, false]) {
  snapshotContract(
    queues ? "order book" : "order book without queues",
    (arena) => {
      const book = new OrderBook(arena, { instruments: 2, orders: 128, levels: 40, queues });
      const deltas = new Deltas(book);
      return {
        step(random) {
          const id = random.nextBelow(200);
          const instrument = random.nextBelow(2);
          const draw = random.nextBelow(12);
          const last = random.nextBelow(3) > 0;
          const price = 100 + random.nextBelow(40);
          const qty = 1 + random.nextBelow(9);
          let status: number;
          if (draw < 6) status = deltas.add(id, random.nextBelow(2), price, qty, last, instrument);
          else if (draw < 8) status = deltas.delete(id, last, instrument);
          else if (draw === 8) status = deltas.execute(id, qty, last, instrument);
          else if (draw === 9) status = deltas.cancel(id, qty, last, instrument);
          else if (draw === 10) status = deltas.delta(instrument, 6 + random.nextBelow(2), 0, price, qty, id, last);
          else status = random.nextBelow(10) === 0 ? deltas.clear(last, instrument) : deltas.executeAt(id, price, qty, last, instrument);
          return { status, tops: [...book.tops], bids: levels(book, instrument, 0), asks: levels(book, instrument, 1), queue: queue(book, instrument, 0, 0) };
        },
      };
    },
    { capacityBytes: 1 << 18 },
  );
}
