/**
 * Binance JSON to records, against JSON.parse and Number: trades, and depth increments of 20 levels.
 *
 *   lines in memory -> lines -> byte scanner -> (depth: sequence check) -> records -> sums
 *
 * The rival reads text that was decoded before and splits nothing: it is given whole lines. Both sum the same prices, quantities and ids.
 */
import { Random } from "../src/kernel/core/random.ts";
import { InstrumentRegistry } from "../src/kernel/instrument/registry.ts";
import { Arena } from "../src/kernel/memory/arena.ts";
import { DELTA_PRICE_F64, DELTA_QTY_F64 } from "../src/kernel/record/book-delta.ts";
import { TYPE_BOOK_DELTA, TYPE_TRADE } from "../src/kernel/record/header.ts";
import { Outlet, type RecordTarget } from "../src/kernel/record/outlet.ts";
import type { Slots } from "../src/kernel/record/slots.ts";
import { BinanceFeed } from "../src/market/sync/binance-feed.ts";
import { compete, hexWord, Laps, mixWord, type Effort, type Result, type Rival, type Sample, type Side } from "./harness.ts";
import { BENCH_SEED } from "./input.ts";

const LEVELS = 20;
const LAP_LINES = 32;
const START_MS = 1_723_161_255_000;
/** Digits after the point in all texts here, and so the scale of the instrument. */
const PRICE_SCALE = 2;
const QTY_SCALE = 4;

/** Lines of one kind, whose ids begin at 1. */
function createLines(kind: "trade" | "depth", count: number): string[] {
  const random = new Random(new Int32Array(4), BENCH_SEED);
  const price = (): string => (250_000 + random.nextBelow(2000)).toString().replace(/(..)$/, ".$1");
  const qty = (): string =>
    (1 + random.nextBelow(900_000))
      .toString()
      .padStart(5, "0")
      .replace(/(....)$/, ".$1");
  return Array.from({ length: count }, (_, i) => {
    const head = `"E":${START_MS + i},"s":"ETHUSDT"`;
    if (kind === "trade")
      return `{"stream":"ethusdt@trade","data":{"e":"trade",${head},"t":${1000 + i},"p":"${price()}","q":"${qty()}","T":${START_MS + i},"m":${random.nextBelow(2) === 0},"M":true}}`;
    const side = (): string => Array.from({ length: LEVELS }, () => `["${price()}","${qty()}"]`).join();
    return `{"stream":"ethusdt@depth@100ms","data":{"e":"depthUpdate",${head},"U":${i + 1},"u":${i + 1},"b":[${side()}],"a":[${side()}]}}`;
  });
}

/** Sums price and quantity of every trade and level. */
class Sums implements RecordTarget {
  readonly sums: Int32Array = new Int32Array(3);

  accept(slots: Slots, slot: number): void {
    const type = slots.u8[slot << 6];
    if (type !== TYPE_TRADE && type !== TYPE_BOOK_DELTA) return;
    const at = slot << 3;
    const sums = this.sums;
    sums[0] += slots.f64[at + DELTA_PRICE_F64] | 0;
    sums[1] += slots.f64[at + DELTA_QTY_F64] | 0;
    sums[2]++;
  }
}

class Scanner implements Side {
  readonly laps: Laps = new Laps(LAP_LINES);
  private readonly bytes: Uint8Array;
  private readonly ends: Int32Array;
  private readonly target: Sums = new Sums();
  private readonly arena: Arena;
  private readonly start: Uint8Array;
  private readonly feed: BinanceFeed;
  private readonly lines: number;

  constructor(lines: readonly string[]) {
    this.lines = lines.length;
    const encoder = new TextEncoder();
    this.bytes = encoder.encode(lines.map((line) => `${line}\n`).join(""));
    const ends: number[] = [];
    for (let at = 0, n = 1; at < this.bytes.length; at++)
      if (this.bytes[at] === 10 && (n++ % LAP_LINES === 0 || at === this.bytes.length - 1)) ends.push(at + 1);
    this.ends = Int32Array.from(ends);
    const arena = Arena.create("bench", 64 * 1024 * 1024);
    this.arena = arena;
    const options = { market: "spot", epoch: arena.float64("epoch", 1), priceScale: PRICE_SCALE, qtyScale: QTY_SCALE } as const;
    this.feed = new BinanceFeed(arena, new InstrumentRegistry(arena, 4), new Outlet(this.target), options);
    arena.seal();
    const snapshot = encoder.encode('{"lastUpdateId":0,"bids":[["2500.00","1.0000"]],"asks":[["2600.00","1.0000"]]}\n');
    this.feed.expectSnapshot("ETHUSDT");
    this.feed.push(snapshot, 0, snapshot.length);
    this.start = arena.snapshot();
  }

  prepare(): void {
    this.arena.restore(this.start);
    this.target.sums.fill(0);
  }

  run(): Sample {
    const { bytes, ends, feed, laps } = this;
    const start = performance.now();
    laps.begin();
    for (let i = 0, from = 0; i < ends.length; i++) {
      feed.push(bytes, from, ends[i]);
      from = ends[i];
      laps.lap();
    }
    const ns = (performance.now() - start) * 1e6;
    return { operations: this.lines, ns, hash: hexWord(this.target.sums.reduce(mixWord, 0)) };
  }
}

interface TradeMessage {
  readonly p: string;
  readonly q: string;
}

interface DepthMessage {
  readonly b: readonly (readonly [string, string])[];
  readonly a: readonly (readonly [string, string])[];
}

class JsonParse implements Rival {
  readonly name: string = "JSON.parse and Number";
  private readonly lines: readonly string[];
  private readonly sums: Int32Array = new Int32Array(3);

  constructor(lines: readonly string[]) {
    this.lines = lines;
  }

  prepare(): void {
    this.sums.fill(0);
  }

  run(): Sample {
    const { lines, sums } = this;
    const start = performance.now();
    for (const line of lines) {
      const { data } = JSON.parse(line) as { data: TradeMessage | DepthMessage };
      if ("p" in data) this.add(data.p, data.q);
      else {
        for (const [price, qty] of data.b) this.add(price, qty);
        for (const [price, qty] of data.a) this.add(price, qty);
      }
    }
    return { operations: lines.length, ns: (performance.now() - start) * 1e6, hash: hexWord(sums.reduce(mixWord, 0)) };
  }

  private add(price: string, qty: string): void {
    this.sums[0] += Math.round(Number(price) * 10 ** PRICE_SCALE);
    this.sums[1] += Math.round(Number(qty) * 10 ** QTY_SCALE);
    this.sums[2]++;
  }
}

export async function benchJsonDecode(effort: Effort): Promise<Result[]> {
  const results: Result[] = [];
  for (const kind of ["trade", "depth"] as const) {
    const count = kind === "trade" ? 200_000 : 20_000;
    const lines = createLines(kind, effort.small ? count / 50 : count);
    const ours = new Scanner(lines);
    results.push(await compete({ name: `json-decode/${kind}`, unit: "messages/s", ours, rival: new JsonParse(lines), laps: ours.laps }, effort));
  }
  return results;
}
