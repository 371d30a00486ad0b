/**
 * ITCH 5.0, twice: read in place by a loop of one's own behind the framer, against C++ that reads in place; and made into records by the
 * feed, against C++ that does the same work (record, counts by type and instrument, symbol checks). All four sum the same fields.
 *
 *   in place   simulated day in memory -> framer -> sums
 *   records    simulated day in memory -> framer -> decoder -> staging record -> sums
 */
import { InstrumentRegistry } from "../src/kernel/instrument/registry.ts";
import { Arena } from "../src/kernel/memory/arena.ts";
import { DELTA_ORDER_LOW_I32, DELTA_PRICE_F64, DELTA_QTY_F64 } from "../src/kernel/record/book-delta.ts";
import { HEADER_INSTRUMENT_U32, HEADER_TS_EVENT_F64, TYPE_VENUE_STATUS } from "../src/kernel/record/header.ts";
import { Outlet, type RecordTarget } from "../src/kernel/record/outlet.ts";
import type { Slots } from "../src/kernel/record/slots.ts";
import { FRAME_PREFIX_BYTES, LengthPrefixFramer, type FrameHandler } from "../src/market/feed/framing.ts";
import { Itch50Feed } from "../src/market/feed/itch50.ts";
import { MESSAGE_LENGTHS } from "../src/market/feed/itch50-layout.ts";
import { Quarantine } from "../src/market/feed/quarantine.ts";
import { startNative } from "./baseline/native.ts";
import { compete, hexWord, Laps, mixWord, type Effort, type Result, type Sample, type Side } from "./harness.ts";
import { BENCH_INSTRUMENTS, simulatedDay, withFile } from "./input.ts";

// Rebound so that it is folded into the code: an imported constant is read at each use.
const LENGTHS = MESSAGE_LENGTHS;
const PREFIX = FRAME_PREFIX_BYTES;

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

/** A handler as one writes it: the frames that are its business in its own loop, with its sums in locals. */
class InPlace implements FrameHandler {
  readonly sums: Int32Array = new Int32Array(6);
  messages = 0;

  onFrame(): number {
    this.messages++; // of a type that is none of its business
    return 0;
  }

  onGap(): void {
    // the day is whole
  }

  onFrames(view: DataView, from: number, stop: number, to: number): number {
    let order = 0;
    let price = 0;
    let qty = 0;
    let time = 0;
    let locate = 0;
    let records = 0;
    let others = 0;
    let extra = 0; // records beyond one a message
    let at = from;
    while (at < stop && at + PREFIX < to) {
      const m = at + PREFIX;
      const type = view.getUint8(m);
      const length = view.getUint16(at);
      if (length !== LENGTHS[type] || m + length > to) break;
      at = m + length;
      switch (type) {
        case 0x41: // A
        case 0x46: // F
          order = (order + view.getInt32(m + 15)) | 0;
          price = (price + view.getInt32(m + 32)) | 0;
          qty = (qty + view.getInt32(m + 20)) | 0;
          break;
        case 0x44: // D
        case 0x42: // B
          order = (order + view.getInt32(m + 15)) | 0;
          break;
        case 0x55: // U
          order = (order + view.getInt32(m + 15) + view.getInt32(m + 23)) | 0;
          price = (price + view.getInt32(m + 31)) | 0;
          qty = (qty + view.getInt32(m + 27)) | 0;
          time = (time + view.getInt32(m + 7)) | 0;
          locate = (locate + view.getUint16(m + 1)) | 0;
          extra++;
          break;
        case 0x45: // E
        case 0x58: // X
          order = (order + view.getInt32(m + 15)) | 0;
          qty = (qty + view.getInt32(m + 19)) | 0;
          break;
        case 0x43: // C
          order = (order + view.getInt32(m + 15)) | 0;
          price = (price + view.getInt32(m + 32)) | 0;
          qty = (qty + view.getInt32(m + 19)) | 0;
          break;
        case 0x50: // P
          order = (order + view.getInt32(m + 40)) | 0;
          price = (price + view.getInt32(m + 32)) | 0;
          qty = (qty + view.getInt32(m + 20)) | 0;
          break;
        case 0x51: // Q
          order = (order + view.getInt32(m + 35)) | 0;
          price = (price + view.getInt32(m + 27)) | 0;
          qty = (qty + view.getInt32(m + 15)) | 0;
          break;
        default:
          others++;
          continue;
      }
      time = (time + view.getInt32(m + 7)) | 0;
      locate = (locate + view.getUint16(m + 1)) | 0;
      records++;
    }
    this.keep(order, price, qty, time, locate, records + extra);
    this.messages += records + others;
    return at;
  }

  private keep(order: number, price: number, qty: number, time: number, locate: number, records: number): void {
    const sums = this.sums;
    sums[0] += order;
    sums[1] += price;
    sums[2] += qty;
    sums[3] += time;
    sums[4] += locate;
    sums[5] += records;
  }
}

class DecodeInPlace implements Side {
  readonly laps: Laps;
  private readonly bytes: Uint8Array;
  private readonly handler: InPlace = new InPlace();
  private readonly framer: LengthPrefixFramer;

  constructor(bytes: Uint8Array, messages: number) {
    this.bytes = bytes;
    const arena = Arena.create("bench", 1024 * 1024);
    this.framer = new LengthPrefixFramer(arena, MESSAGE_LENGTHS, this.handler, new Quarantine(arena));
    this.laps = new Laps((PIECE_BYTES / bytes.length) * messages);
  }

  prepare(): void {
    this.handler.sums.fill(0);
    this.handler.messages = 0;
  }

  run(): Sample {
    const { bytes, framer, laps, handler } = this;
    const start = performance.now();
    laps.begin();
    for (let from = 0; from < bytes.length; from += PIECE_BYTES) {
      framer.push(bytes, from, Math.min(from + PIECE_BYTES, bytes.length));
      laps.lap();
    }
    const ns = (performance.now() - start) * 1e6;
    return { operations: handler.messages, ns, hash: hexWord(handler.sums.reduce(mixWord, 0)) };
  }
}

class DecodeRecords implements Side {
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
  return withFile(bytes, async (path) => [
    await against("in-place", "decode-in-place", "C++ in place", new DecodeInPlace(bytes, messages), path, effort),
    await against("records", "decode-records", "C++, the same records", new DecodeRecords(bytes, messages), path, effort),
  ]);
}

async function against(name: string, source: string, title: string, ours: DecodeInPlace | DecodeRecords, path: string, effort: Effort): Promise<Result> {
  const rival = startNative(source, title, [path]);
  try {
    return await compete({ name: `decode/${name}`, unit: "messages/s", ours, rival, laps: ours.laps }, effort);
  } finally {
    if (typeof rival !== "string") rival.close();
  }
}
