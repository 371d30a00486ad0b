/**
 * One indicator against `trading-signals`, in a thread of its own: bars of a seeded random walk in, values out, one instrument.
 *
 * The rival reads candle objects that were made before; ours copies each bar out of one array into the row that indicators read. Both
 * must end on the same value; where seed rules differ (an EMA's), the difference has died out by the end of a round.
 */
import { parentPort, workerData } from "node:worker_threads";
import { ATR, BollingerBands, EMA, MACD, RSI, SMA, VWAP, WSMA } from "trading-signals";
import { createIndicator } from "../src/analysis/indicator/catalog.ts";
import { IN_CLOSE, IN_COLUMNS, IN_HIGH, IN_LOW, IN_OPEN, IN_VOLUME, fillTypical, type Indicator } from "../src/analysis/indicator/indicator.ts";
import { StreamError } from "../src/kernel/core/errors.ts";
import { hashBytes } from "../src/kernel/core/hash.ts";
import { Random } from "../src/kernel/core/random.ts";
import { Arena } from "../src/kernel/memory/arena.ts";
import { compete, hexWord, Laps, type Effort, type Result, type Rival, type Sample, type Side } from "./harness.ts";
import { BENCH_SEED } from "./input.ts";

const LAP_BARS = 256;
/** Largest relative difference of the two last values. */
const TOLERANCE = 1e-9;

interface Candle {
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
}

/** What the rival is asked: `value` is its newest output that compares with our first. */
interface RivalIndicator {
  add(candle: Candle): void;
  value(): number;
}

interface Entry {
  readonly name: string;
  readonly params: readonly number[];
  createRival(): RivalIndicator;
}

const ENTRIES: readonly Entry[] = [
  { name: "sma", params: [20], createRival: () => ofCloses(new SMA(20)) },
  { name: "ema", params: [20], createRival: () => ofCloses(new EMA(20)) },
  { name: "rsi", params: [14], createRival: () => ofCloses(new RSI(14, WSMA)) },
  { name: "macd", params: [12, 26, 9], createRival: createMacd },
  { name: "bollinger", params: [20, 2], createRival: createBands },
  { name: "atr", params: [14], createRival: () => ofCandles(new ATR(14, WSMA)) },
  { name: "vwap", params: [], createRival: () => ofCandles(new VWAP()) },
];

function ofCloses(indicator: { add(price: number): unknown; getResultOrThrow(): number }): RivalIndicator {
  return { add: (candle) => void indicator.add(candle.close), value: () => indicator.getResultOrThrow() };
}

function ofCandles(indicator: { add(candle: Candle): unknown; getResultOrThrow(): number }): RivalIndicator {
  return { add: (candle) => void indicator.add(candle), value: () => indicator.getResultOrThrow() };
}

function createMacd(): RivalIndicator {
  const macd = new MACD(new EMA(12), new EMA(26), new EMA(9));
  return { add: (candle) => void macd.add(candle.close), value: () => macd.getResultOrThrow().macd };
}

function createBands(): RivalIndicator {
  const bands = new BollingerBands(20, 2);
  return { add: (candle) => void bands.add(candle.close), value: () => bands.getResultOrThrow().upper };
}

function createCandles(count: number): Candle[] {
  const random = new Random(new Int32Array(4), BENCH_SEED);
  let price = 100;
  return Array.from({ length: count }, () => {
    const open = price;
    price = Math.max(1, price + (random.nextBelow(2001) - 1000) / 1000);
    const high = Math.max(open, price) + random.nextBelow(500) / 1000;
    const low = Math.min(open, price) - random.nextBelow(500) / 1000;
    return { open, high, low, close: price, volume: 1 + random.nextBelow(10_000) };
  });
}

/** All bars behind each other, as indicators read them. */
function createRows(candles: readonly Candle[]): Float64Array {
  const rows = new Float64Array(candles.length * IN_COLUMNS);
  candles.forEach(({ open, high, low, close, volume }, i) => {
    const row = rows.subarray(i * IN_COLUMNS, (i + 1) * IN_COLUMNS);
    row[IN_OPEN] = open;
    row[IN_HIGH] = high;
    row[IN_LOW] = low;
    row[IN_CLOSE] = close;
    row[IN_VOLUME] = volume;
    fillTypical(row);
  });
  return rows;
}

class Ours implements Side {
  readonly laps: Laps = new Laps(LAP_BARS);
  readonly last: Float64Array = new Float64Array(1);
  private readonly rows: Float64Array;
  private readonly bars: number;
  private readonly row: Float64Array = new Float64Array(IN_COLUMNS);
  private readonly arena: Arena;
  private readonly empty: Uint8Array;
  private readonly indicator: Indicator;

  constructor({ name, params }: Entry, rows: Float64Array) {
    this.rows = rows;
    this.bars = rows.length / IN_COLUMNS;
    this.arena = Arena.create("bench", 1 << 20);
    this.indicator = createIndicator(this.arena, 1, name, params);
    this.arena.seal();
    this.empty = this.arena.snapshot();
  }

  prepare(): void {
    this.arena.restore(this.empty);
  }

  run(): Sample {
    const { bars, laps, last, indicator } = this;
    const start = performance.now();
    laps.begin();
    for (let from = 0; from < bars; from += LAP_BARS) {
      this.lap(from, Math.min(from + LAP_BARS, bars));
      laps.lap();
    }
    const ns = (performance.now() - start) * 1e6;
    last[0] = indicator.values[0];
    const bytes = new Uint8Array(last.buffer);
    return { operations: bars, ns, hash: hexWord(hashBytes(bytes, 0, bytes.length, 0)) };
  }

  private lap(from: number, to: number): void {
    const { indicator, rows, row } = this;
    for (let i = from; i < to; i++) {
      const at = i * IN_COLUMNS;
      row[0] = rows[at];
      row[1] = rows[at + 1];
      row[2] = rows[at + 2];
      row[3] = rows[at + 3];
      row[4] = rows[at + 4];
      row[5] = rows[at + 5];
      row[6] = rows[at + 6];
      row[7] = rows[at + 7];
      indicator.update(0, row);
    }
  }
}

class TradingSignals implements Rival {
  readonly name: string = "trading-signals";
  readonly sameWork: boolean = false;
  value = 0;
  private readonly entry: Entry;
  private readonly candles: readonly Candle[];
  private indicator: RivalIndicator;

  constructor(entry: Entry, candles: readonly Candle[]) {
    this.entry = entry;
    this.candles = candles;
    this.indicator = entry.createRival();
  }

  prepare(): void {
    this.indicator = this.entry.createRival();
  }

  run(): Sample {
    const { candles, indicator } = this;
    const start = performance.now();
    for (const candle of candles) indicator.add(candle);
    const ns = (performance.now() - start) * 1e6;
    this.value = indicator.value();
    return { operations: candles.length, ns, hash: "" };
  }
}

async function contest({ name, effort }: ContestTask): Promise<Result> {
  const entry = ENTRIES.find((each) => each.name === name)!;
  const candles = createCandles(effort.small ? 2_000 : 50_000);
  const ours = new Ours(entry, createRows(candles));
  const rival = new TradingSignals(entry, candles);
  const result = await compete({ name: `indicators/${name}`, unit: "bars/s", ours, rival, laps: ours.laps }, effort);
  const difference = Math.abs(ours.last[0] - rival.value) / Math.abs(rival.value);
  if (!(difference <= TOLERANCE)) throw new StreamError("INVARIANT", `indicators/${name}: expected the rival's ${rival.value}, got ${ours.last[0]}`);
  return result;
}

/** What the thread is told; it answers with one Result. */
export interface ContestTask {
  readonly name: string;
  readonly effort: Effort;
}

parentPort?.postMessage(await contest(workerData as ContestTask));
