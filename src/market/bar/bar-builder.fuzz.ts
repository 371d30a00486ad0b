import fc from "fast-check";
import { expect, it } from "vitest";
import { TIME_END, TIME_UNSET } from "../../kernel/core/units.ts";
import { Arena } from "../../kernel/memory/arena.ts";
import { SIDE_BID } from "../../kernel/record/header.ts";
import { TIMING_LATE } from "../../kernel/record/pane.ts";
import { TAPE_LENGTH } from "../../kernel/record/tape.ts";
import {
  BAR_BUY_VOLUME,
  BAR_CLOSE,
  BAR_COUNT,
  BAR_HIGH,
  BAR_LOW,
  BAR_NOTIONAL,
  BAR_OPEN,
  BAR_START,
  BAR_TIMING,
  BAR_VERSION,
  BAR_VOLUME,
  BarBuilder,
} from "./bar-builder.ts";
import { DUE } from "./frames.ts";

interface Trade {
  readonly ts: number;
  readonly price: number;
  readonly qty: number;
  readonly side: number;
  readonly sequence: number;
}

const INTERVAL = 10;

/** The bar of some trades, in the naive way. */
function barOf(start: number, trades: readonly Trade[]): number[] {
  const order = [...trades].sort((a, b) => a.ts - b.ts || a.sequence - b.sequence);
  const prices = order.map((trade) => trade.price);
  const sum = (of: (trade: Trade) => bigint): number => Number(trades.reduce((total, trade) => total + of(trade), 0n));
  return [
    start,
    prices[0],
    Math.max(...prices),
    Math.min(...prices),
    prices[prices.length - 1],
    sum((trade) => BigInt(trade.qty)),
    sum((trade) => BigInt(trade.qty) * BigInt(trade.price)),
    sum((trade) => (trade.side === SIDE_BID ? BigInt(trade.qty) : 0n)),
    trades.length,
  ];
}

const columns = [BAR_START, BAR_OPEN, BAR_HIGH, BAR_LOW, BAR_CLOSE, BAR_VOLUME, BAR_NOTIONAL, BAR_BUY_VOLUME, BAR_COUNT];

const step = fc.record({
  lane: fc.nat(1),
  ts: fc.integer({ min: -60, max: 200 }),
  price: fc.oneof(fc.integer({ min: -50, max: 50 }), fc.integer({ min: 2 ** 49, max: 2 ** 53 - 1 })),
  qty: fc.oneof(fc.nat(5), fc.integer({ min: 2 ** 40, max: 2 ** 45 })),
  side: fc.nat(2),
  watermark: fc.option(fc.integer({ min: -60, max: 200 }), { freq: 3 }),
});

it("makes the bars of a naive model: exact sums, revisions, late trades", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), fc.constantFrom(0, 5, 25, 1000), (steps, latenessNs) => {
      const arena = Arena.create("bars", 1 << 20);
      const tape = new Float64Array(TAPE_LENGTH);
      const clock = Float64Array.of(TIME_UNSET);
      // Wide enough that no bar is forced out.
      const bars = new BarBuilder(arena, { lanes: 2, intervalNs: INTERVAL, latenessNs, openBars: 40 }, tape, clock);
      arena.seal();
      const model = [new Map<number, Trade[]>(), new Map<number, Trade[]>()];
      const versions = new Map<string, number>();
      let late = 0;
      let taken = 0;

      const expectFired = (lane: number, isLate: boolean): void => {
        for (;;) {
          if (bars.nextDue(lane) < 0) break;
          const start = bars.result[BAR_START];
          const key = `${lane}:${start}`;
          const version = versions.get(key) ?? 0;
          versions.set(key, version + 1);
          expect(columns.map((column) => bars.result[column])).toEqual(barOf(start, model[lane].get(start) ?? []));
          expect(bars.result[BAR_VERSION]).toBe(version);
          expect(bars.result[BAR_TIMING] === TIMING_LATE).toBe(isLate);
        }
      };

      steps.forEach(({ lane, ts, price, qty, side, watermark }, index) => {
        const trade: Trade = { ts, price, qty, side, sequence: index };
        const start = Math.floor(ts / INTERVAL) * INTERVAL;
        const close = start + INTERVAL - 1;
        tape.set([price, qty, ts, index]);
        const status = bars.onTrade(lane, side);
        if (clock[0] >= close + latenessNs) {
          expect(status).toBeLessThan(0);
          late++;
        } else {
          taken++;
          model[lane].set(start, [...(model[lane].get(start) ?? []), trade]);
          expect(status).toBe(clock[0] >= close ? DUE : 0);
          if (status === DUE) expectFired(lane, true);
        }
        if (watermark !== null && watermark > clock[0]) {
          clock[0] = watermark;
          const due = [...model.keys()].some((l) => [...model[l].keys()].some((s) => s + INTERVAL - 1 <= watermark && !versions.has(`${l}:${s}`)));
          if (due) expect(bars.isDue()).toBe(true);
          if (bars.isDue()) {
            expectFired(0, false);
            expectFired(1, false);
            bars.settle();
          }
        }
      });
      clock[0] = TIME_END;
      expectFired(0, false);
      expectFired(1, false);
      expect(versions.size).toBe(model[0].size + model[1].size);
      expect(bars.lateTrades).toBe(late);
      expect(taken + late).toBe(steps.length);
    }),
    { seed: 20240808, numRuns: 150 },
  );
});

it("loses no volume and keeps bars in shape when lanes are full", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), fc.constantFrom(0, 25), fc.integer({ min: 1, max: 4 }), (steps, latenessNs, openBars) => {
      const arena = Arena.create("bars", 1 << 20);
      const tape = new Float64Array(TAPE_LENGTH);
      const clock = Float64Array.of(TIME_UNSET);
      const bars = new BarBuilder(arena, { lanes: 2, intervalNs: INTERVAL, latenessNs, openBars }, tape, clock);
      arena.seal();
      const last = new Map<string, number>();
      let taken = 0;
      const drain = (lane: number): void => {
        while (bars.nextDue(lane) >= 0) {
          const [start, , open, high, low, close] = bars.result;
          expect(low).toBeLessThanOrEqual(Math.min(open, close));
          expect(high).toBeGreaterThanOrEqual(Math.max(open, close));
          const key = `${lane}:${start}`;
          // A bar comes again only as a revision.
          if (last.has(key)) expect(bars.result[BAR_TIMING]).toBe(TIMING_LATE);
          else expect(bars.result[BAR_VERSION]).toBe(0);
          last.set(key, bars.result[BAR_COUNT]);
        }
      };
      steps.forEach(({ lane, ts, price, qty, side, watermark }, index) => {
        tape.set([price, qty, ts, index]);
        const status = bars.onTrade(lane, side);
        if (status >= 0) taken++;
        if (status === DUE) drain(lane);
        if (watermark !== null && watermark > clock[0]) {
          clock[0] = watermark;
          if (bars.isDue()) {
            drain(0);
            drain(1);
            bars.settle();
          }
        }
      });
      clock[0] = TIME_END;
      drain(0);
      drain(1);
      expect(bars.frames.rejectedTrades).toBe(0);
      expect(taken + bars.lateTrades).toBe(steps.length);
      expect([...last.values()].reduce((a, b) => a + b, 0)).toBe(taken);
    }),
    { seed: 20240808, numRuns: 150 },
  );
});
