/**
 * ITCH 5.0 bytes to records, against C++ that reads the fields in place. Both sum the same fields of every order and trade message;
 * ours writes a whole 64-byte record for each besides, numbers types and instruments, and checks framing and symbols.
 *
 *   simulated day in memory -> framing -> decoder -> staging record -> sums
 */
import { InstrumentRegistry } from "../src/kernel/instrument/registry.ts";
import { Arena } from "../src/kernel/memory/arena.ts";
import { DELTA_ORDER_LOW_I32, DELTA_PRICE_F64, DELTA_QTY_F64 } from "../src/kernel/record/book-delta.ts";
import { HEADER_INSTRUMENT_U32, HEADER_TS_EVENT_F64, TYPE_VENUE_STATUS } from "../src/kernel/record/header.ts";
import { Outlet, type RecordTarget } from "../src/kernel/record/outlet.ts";
import type { Slots } from "../src/kernel/record/slots.ts";
import { Itch50Feed } from "../src/market/feed/itch50.ts";
import { startNative } from "./baseline/native.ts";
import { compete, hexWord, Laps, mixWord, type Effort, type Result, type Sample, type Side } from "./harness.ts";
import { BENCH_INSTRUMENTS, simulatedDay, withFile } from "./input.ts";

/** Bytes handed over at once, and one lap; about 25 of the bytes are a message. */
const PIECE_BYTES = 16_384;

/** Sums fields of the records; trades have their match number, price and quantity where a delta has order, price and quantity. */
class Sums implements RecordTarget {
  readonly sums: Int32Array = new Int32Array(6);

  accept(slots: Slots, slot: number): void {
    const words = slots.i32;
    const w = slot << 4;
    if ((words[w] & 0xff) === TYPE_VENUE_STATUS) return;
    const doubles = slots.f64;
    const d = slot << 3;
    const sums = this.sums;
    sums[0] += words[w + DELTA_ORDER_LOW_I32];
    sums[1] += doubles[d + DELTA_PRICE_F64] | 0;
    sums[2] += doubles[d + DELTA_QTY_F64] | 0;
    sums[3] += doubles[d + HEADER_TS_EVENT_F64] | 0;
    sums[4] += words[w + HEADER_INSTRUMENT_U32] + 1; // the simulator's locates count from 1, in the order of its directory
    sums[5]++;
  }
}

class ItchDecode implements Side {
  readonly laps: Laps;
  private readonly bytes: Uint8Array;
  private readonly feed: Itch50Feed;
  private readonly target: Sums = new Sums();

  constructor(bytes: Uint8Array, messages: number) {
    this.bytes = bytes;
    const arena = Arena.create("bench", 64 * 1024 * 1024);
    this.feed = new Itch50Feed(arena, new InstrumentRegistry(arena, BENCH_INSTRUMENTS), new Outlet(this.target));
    this.laps = new Laps((PIECE_BYTES / bytes.length) * messages);
  }

  prepare(): void {
    this.target.sums.fill(0);
  }

  run(): Sample {
    const { bytes, feed, laps } = this;
    const before = feed.messages;
    const start = performance.now();
    laps.begin();
    for (let from = 0; from < bytes.length; from += PIECE_BYTES) {
      feed.push(bytes, from, Math.min(from + PIECE_BYTES, bytes.length));
      laps.lap();
    }
    const ns = (performance.now() - start) * 1e6;
    return { operations: feed.messages - before, ns, hash: hexWord(this.target.sums.reduce(mixWord, 0)) };
  }
}

export async function benchDecode(effort: Effort): Promise<Result[]> {
  const messages = effort.small ? 20_000 : 2_000_000;
  const bytes = simulatedDay(messages);
  return withFile(bytes, async (path) => {
    const rival = startNative("decode", "C++ in place", [path]);
    const ours = new ItchDecode(bytes, messages);
    try {
      return [await compete({ name: "decode", unit: "messages/s", ours, rival, laps: ours.laps }, effort)];
    } finally {
      if (typeof rival !== "string") rival.close();
    }
  });
}
