/**
 * Binance XRP/ETH trades of 2019-10-11 against the one-minute candles that freqtrade's test data gives for them: exact equality.
 */
import { readFileSync } from "node:fs";
import { expect } from "vitest";
import { POW10, decimalFromText } from "../../src/kernel/core/fixed.ts";
import { sessionEpochMs } from "../../src/kernel/core/clock.ts";
import { NANOS_PER_MILLI, NANOS_PER_MINUTE, TIME_END, TIME_UNSET } from "../../src/kernel/core/units.ts";
import { Arena } from "../../src/kernel/memory/arena.ts";
import { SIDE_ASK, SIDE_BID } from "../../src/kernel/record/header.ts";
import { TAPE_LENGTH } from "../../src/kernel/record/tape.ts";
import {
  BAR_BUY_VOLUME,
  BAR_CLOSE,
  BAR_COUNT,
  BAR_HIGH,
  BAR_LOW,
  BAR_NOTIONAL,
  BAR_OPEN,
  BAR_START,
  BAR_VOLUME,
  BarBuilder,
} from "../../src/market/bar/bar-builder.ts";
import { DUE } from "../../src/market/bar/frames.ts";
import { dataPath, itWithData } from "../data.ts";

const TRADES = "trades_to_candles_xrpeth/trades.jsonl";
const CANDLES = "trades_to_candles_xrpeth/candles_1m.csv";
const PRICE_SCALE = 8;
const QTY_SCALE = 8;

interface Trade {
  readonly ms: number;
  readonly side: string;
  readonly price: number;
  readonly qty: number;
}

function readTrades(): Trade[] {
  return readFileSync(dataPath(TRADES), "utf8")
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as [number, string, null, string, number, number, number])
    .map(([ms, , , side, price, amount]) => ({
      ms,
      side,
      price: decimalFromText(price.toFixed(PRICE_SCALE), PRICE_SCALE),
      qty: decimalFromText(amount.toFixed(QTY_SCALE), QTY_SCALE),
    }));
}

function readCandles(): number[][] {
  return readFileSync(dataPath(CANDLES), "utf8")
    .trimEnd()
    .split("\n")
    .slice(1)
    .map((line) => line.split(",").map(Number));
}

interface Bars {
  readonly rows: number[][];
  readonly buyVolume: number;
  readonly notional: number;
  readonly trades: number;
  readonly forced: number;
}

/** Bars of the trades, with the watermark `boundMs` behind and moved after each `every` trades. */
function barsOf(trades: readonly Trade[], boundMs: number, every: number, openBars: number): Bars {
  const epochMs = sessionEpochMs(trades[0].ms);
  const arena = Arena.create("candles", 1 << 20);
  const tape = new Float64Array(TAPE_LENGTH);
  const clock = Float64Array.of(TIME_UNSET);
  const bars = new BarBuilder(arena, { lanes: 1, intervalNs: NANOS_PER_MINUTE, openBars }, tape, clock);
  arena.seal();
  const rows: number[][] = [];
  let buyVolume = 0;
  let notional = 0;
  let count = 0;
  const drain = (): void => {
    while (bars.nextDue(0) >= 0) {
      const bar = bars.result;
      const price = [BAR_OPEN, BAR_HIGH, BAR_LOW, BAR_CLOSE].map((column) => bar[column] / POW10[PRICE_SCALE]);
      rows.push([epochMs + bar[BAR_START] / NANOS_PER_MILLI, ...price, bar[BAR_VOLUME] / POW10[QTY_SCALE]]);
      buyVolume += bar[BAR_BUY_VOLUME];
      notional += bar[BAR_NOTIONAL] / POW10[PRICE_SCALE] / POW10[QTY_SCALE];
      count += bar[BAR_COUNT];
    }
  };
  let newest = 0;
  trades.forEach((trade, index) => {
    const ts = (trade.ms - epochMs) * NANOS_PER_MILLI;
    newest = Math.max(newest, ts);
    tape.set([trade.price, trade.qty, ts, index + 1]);
    const status = bars.onTrade(0, trade.side === "buy" ? SIDE_BID : SIDE_ASK);
    expect(status).toBeGreaterThanOrEqual(0);
    if (status === DUE) drain();
    if ((index + 1) % every === 0) clock[0] = newest - boundMs * NANOS_PER_MILLI - 1;
    if (bars.isDue()) {
      drain();
      bars.settle();
    }
  });
  clock[0] = TIME_END;
  drain();
  return { rows, buyVolume, notional, trades: count, forced: bars.forcedBars };
}

itWithData("makes exactly the candles of the exchange's trades", [TRADES, CANDLES], () => {
  const trades = readTrades();
  expect(trades).toHaveLength(5929);
  const candles = readCandles();
  expect(candles).toHaveLength(1022);
  const bars = barsOf(trades, 0, 1, 8);
  expect(bars.rows).toEqual(candles);
  expect(bars.trades).toBe(5929);
  expect(bars.forced).toBe(0);
  const bought = trades.reduce((sum, trade) => sum + (trade.side === "buy" ? trade.qty : 0), 0);
  expect(bars.buyVolume).toBe(bought);
  const cost = trades.reduce((sum, trade) => sum + (trade.price * trade.qty) / 1e16, 0);
  expect(bars.notional).toBeCloseTo(cost, 6);
});

itWithData("makes the same candles whatever the pace of the watermark and the bars kept open", [TRADES, CANDLES], () => {
  const trades = readTrades();
  const candles = readCandles();
  const slow = barsOf(trades, 90_000, 64, 64);
  expect(slow.rows).toEqual(candles);
  expect(slow.forced).toBe(0);
  const crowded = barsOf(trades, 600_000, 64, 2);
  expect(crowded.rows).toEqual(candles);
  expect(crowded.forced).toBeGreaterThan(900);
});

itWithData("makes the same candles when trades arrive out of order within the bound", [TRADES, CANDLES], () => {
  const trades = readTrades();
  // Neighbours with different times trade places: disorder of at most a few trades.
  for (let i = 0; i + 1 < trades.length; i += 2) {
    if (trades[i].ms !== trades[i + 1].ms) [trades[i], trades[i + 1]] = [trades[i + 1], trades[i]];
  }
  const disorderMs = trades.reduce((most, trade, i) => (i === 0 ? 0 : Math.max(most, trades[i - 1].ms - trade.ms)), 0);
  expect(disorderMs).toBeGreaterThan(60_000);
  expect(barsOf(trades, disorderMs, 1, 64).rows).toEqual(readCandles());
});
