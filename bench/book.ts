/**
 * Books order by order with price-time queues, against the same algorithm in C++ and against the Map and arrays that one writes first.
 *
 *   book deltas of a simulated day, decoded before, in memory -> book: ladders, queues, tops
 *
 * A round starts from an empty book; the hash is over every level of every book, the tops, and what was traded.
 */
import { InstrumentRegistry } from "../src/kernel/instrument/registry.ts";
import { Arena } from "../src/kernel/memory/arena.ts";
import { DELTA_ORDER_HIGH_I32, DELTA_ORDER_LOW_I32, DELTA_PRICE_F64, DELTA_QTY_F64, DELTA_WORD_I32 } from "../src/kernel/record/book-delta.ts";
import { FLAG_LAST } from "../src/kernel/record/flags.ts";
import { HEADER_INSTRUMENT_U32, TYPE_BOOK_DELTA } from "../src/kernel/record/header.ts";
import { Outlet } from "../src/kernel/record/outlet.ts";
import { RECORD_BYTES, Slots } from "../src/kernel/record/slots.ts";
import { TAPE_QTY } from "../src/kernel/record/tape.ts";
import { LEVEL_ORDERS_I32, LEVEL_QTY_F64 } from "../src/market/book/ladder.ts";
import { OrderBook } from "../src/market/book/order-book.ts";
import { BOOK_TRADED } from "../src/market/book/top-of-book.ts";
import { Itch50Feed } from "../src/market/feed/itch50.ts";
import { MapBook, type Change } from "./baseline/map-book.ts";
import { startNative } from "./baseline/native.ts";
import { compete, hexWord, Laps, mixWord, type Effort, type Result, type Rival, type Sample, type Side } from "./harness.ts";
import { BENCH_INSTRUMENTS, simulatedDay, withFile } from "./input.ts";

const ORDERS = 1 << 18;
const LAP_RECORDS = 512;

class Tercel implements Side {
  readonly laps: Laps = new Laps(LAP_RECORDS);
  private readonly records: Slots;
  private readonly arena: Arena;
  private readonly book: OrderBook;
  private readonly empty: Uint8Array;
  private readonly traded: Float64Array = new Float64Array(1);

  constructor(records: Slots, queues: boolean) {
    this.records = records;
    this.arena = Arena.create("bench", 256 * 1024 * 1024);
    this.book = new OrderBook(this.arena, { instruments: BENCH_INSTRUMENTS, orders: ORDERS, levels: ORDERS, queues });
    this.arena.seal();
    this.empty = this.arena.snapshot();
  }

  prepare(): void {
    this.arena.restore(this.empty);
    this.traded[0] = 0;
  }

  run(): Sample {
    const { records, laps } = this;
    const start = performance.now();
    laps.begin();
    for (let from = 0; from < records.count; from += LAP_RECORDS) {
      this.lap(from, Math.min(from + LAP_RECORDS, records.count));
      laps.lap();
    }
    const ns = (performance.now() - start) * 1e6;
    return { operations: records.count, ns, hash: this.hash() };
  }

  private lap(from: number, to: number): void {
    const { book, records, traded } = this;
    for (let slot = from; slot < to; slot++) {
      const result = book.apply(records, slot);
      if (result > 0 && (result & BOOK_TRADED) !== 0) traded[0] += book.tape[TAPE_QTY];
    }
  }

  private hash(): string {
    const { book } = this;
    const { ladders } = book;
    let hash = mixWord(mixWord(mixWord(0, book.top.changes), book.orders), this.traded[0] % 4_294_967_296);
    for (const value of book.tops) hash = mixWord(hash, value);
    for (let ladder = 0; ladder < BENCH_INSTRUMENTS * 2; ladder++) {
      for (let rank = 0; rank < ladders.depth(ladder); rank++) {
        const level = ladders.levelAt(ladder, rank);
        hash = mixWord(mixWord(hash, ladders.f64[level * 4]), ladders.f64[level * 4 + LEVEL_QTY_F64]);
        hash = mixWord(hash, ladders.i32[level * 8 + LEVEL_ORDERS_I32]);
      }
    }
    return hexWord(hash);
  }
}

class MapRival implements Rival {
  readonly name: string = "JavaScript, Map and sorted arrays";
  private readonly changes: readonly Change[];
  private book: MapBook = new MapBook(0);

  constructor(records: Slots) {
    this.changes = Array.from({ length: records.count }, (_, slot) => changeAt(records, slot));
  }

  prepare(): void {
    this.book = new MapBook(BENCH_INSTRUMENTS);
  }

  run(): Sample {
    const { book, changes } = this;
    const start = performance.now();
    for (const change of changes) book.apply(change);
    return { operations: changes.length, ns: (performance.now() - start) * 1e6, hash: mapHash(book) };
  }
}

function changeAt({ f64, i32, u32 }: Slots, slot: number): Change {
  const word = i32[slot * 16 + DELTA_WORD_I32];
  return {
    action: word & 0xff,
    isLast: ((i32[slot * 16] >>> 16) & FLAG_LAST) !== 0,
    instrument: u32[slot * 16 + HEADER_INSTRUMENT_U32],
    side: (word >>> 8) & 0xff,
    id: u32[slot * 16 + DELTA_ORDER_HIGH_I32] * 4_294_967_296 + u32[slot * 16 + DELTA_ORDER_LOW_I32],
    price: f64[slot * 8 + DELTA_PRICE_F64],
    qty: f64[slot * 8 + DELTA_QTY_F64],
  };
}

function mapHash(book: MapBook): string {
  let hash = mixWord(mixWord(mixWord(0, book.changes), book.orders.size), book.traded % 4_294_967_296);
  for (const top of book.tops) for (const value of [top.bid, top.bidQty, top.ask, top.askQty]) hash = mixWord(hash, value);
  for (const { levels } of book.sides.flat()) {
    for (const level of levels.toReversed()) hash = mixWord(mixWord(mixWord(hash, level.price), level.qty), level.orders.size);
  }
  return hexWord(hash);
}

/** The book deltas of a day as records. */
function deltasOf(day: Uint8Array, messages: number): Slots {
  const all = Slots.create(messages * 2);
  let count = 0;
  const arena = Arena.create("bench", 64 * 1024 * 1024);
  const target = {
    accept(slots: Slots, slot: number): void {
      if (slots.u8[slot * RECORD_BYTES] === TYPE_BOOK_DELTA) all.copyFrom(slots, slot, count++);
    },
  };
  new Itch50Feed(arena, new InstrumentRegistry(arena, BENCH_INSTRUMENTS), new Outlet(target)).push(day, 0, day.length);
  return new Slots(all.u8.buffer, 0, count);
}

export async function benchBook(effort: Effort): Promise<Result[]> {
  const messages = effort.small ? 20_000 : 1_000_000;
  const records = deltasOf(simulatedDay(messages), messages);
  const bytes = records.u8;
  return withFile(bytes, async (path) => {
    const args = [path, String(BENCH_INSTRUMENTS), String(ORDERS)];
    const native = startNative("book", "C++, same algorithm", args);
    const nativeLevels = startNative("book", "C++, same algorithm", [...args, "levels"]);
    const ours = new Tercel(records, true);
    const levels = new Tercel(records, false);
    const { laps } = ours;
    try {
      return [
        await compete({ name: "book/levels", unit: "changes/s", ours: levels, rival: nativeLevels, laps: levels.laps }, effort),
        await compete({ name: "book/queues", unit: "changes/s", ours, rival: native, laps }, effort),
        await compete({ name: "book/queues-map", unit: "changes/s", ours, rival: new MapRival(records), laps }, effort),
      ];
    } finally {
      for (const rival of [native, nativeLevels]) if (typeof rival !== "string") rival.close();
    }
  });
}
