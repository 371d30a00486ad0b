import { describe, expect, it } from "vitest";
import { snapshotContract } from "../../../test/contract/snapshot.ts";
import { LATE } from "../../kernel/core/status.ts";
import { TIME_END, TIME_UNSET } from "../../kernel/core/units.ts";
import { Arena } from "../../kernel/memory/arena.ts";
import { TIMING_LATE, TIMING_ON_TIME } from "../../kernel/record/pane.ts";
import { TAPE_LENGTH } from "../../kernel/record/tape.ts";
import { DUE } from "../../market/bar/frames.ts";
import { AGGREGATE_NAMES, type AggregateName } from "./aggregate.ts";
import { Tumbling } from "./assigner.ts";
import {
  PANE_COUNT,
  PANE_END,
  PANE_INDEX,
  PANE_PRESENT,
  PANE_START,
  PANE_TIMING,
  PANE_VALUES,
  PANE_VERSION,
  WindowOperator,
  type WindowOptions,
} from "./window-operator.ts";

class Window {
  readonly tape = new Float64Array(TAPE_LENGTH);
  readonly clock = Float64Array.of(TIME_UNSET);
  readonly operator: WindowOperator;
  sequence = 0;

  constructor(options: Partial<WindowOptions> = {}, arena?: Arena) {
    const over = arena ?? Arena.create("window", 1 << 20);
    const scales = { priceScale: Uint8Array.of(2, 8), qtyScale: Uint8Array.of(1, 0) };
    this.operator = new WindowOperator(over, { lanes: 2, assigner: new Tumbling(10), aggregates: AGGREGATE_NAMES, ...options }, scales, this.tape, this.clock);
    if (arena === undefined) over.seal();
  }

  trade(ts: number, price: number, qty = 10, lane = 0, sequence = ++this.sequence): number {
    this.tape.set([price, qty, ts, sequence]);
    return this.operator.onTrade(lane);
  }

  drain(lane: number): number[][] {
    const fired: number[][] = [];
    while (this.operator.nextDue(lane) >= 0) fired.push([...this.operator.result]);
    return fired;
  }

  watermark(at: number): number[][] {
    this.clock[0] = at;
    if (!this.operator.isDue()) return [];
    const fired = [...this.drain(0), ...this.drain(1)];
    this.operator.settle();
    return fired;
  }
}

function value(pane: readonly number[], aggregate: AggregateName): number {
  return pane[PANE_VALUES + AGGREGATE_NAMES.indexOf(aggregate)];
}

function isPresent(pane: readonly number[], aggregate: AggregateName): boolean {
  return ((pane[PANE_PRESENT] >> AGGREGATE_NAMES.indexOf(aggregate)) & 1) === 1;
}

describe("WindowOperator", () => {
  it("computes every aggregate in the instrument's units", () => {
    const window = new Window();
    window.trade(1, 1000, 10);
    window.trade(3, 1200, 30);
    window.trade(2, 1100, 20);
    const [pane] = window.watermark(9);
    expect([pane[PANE_START], pane[PANE_END], pane[PANE_COUNT], pane[PANE_TIMING]]).toEqual([0, 10, 3, TIMING_ON_TIME]);
    expect(AGGREGATE_NAMES.map((name) => value(pane, name))).toEqual([3, 6, 68_000 / 60 / 100, 10, 12, 10, 12, 11, 1]);
    expect(pane[PANE_PRESENT]).toBe(0b1_1111_1111);
  });

  it("reads a price at scale 8 as the nearest double of its decimal", () => {
    const window = new Window({ aggregates: ["last"] });
    window.trade(1, 141_342, 1, 1);
    expect(window.watermark(9)[0][PANE_VALUES]).toBe(0.00141342);
  });

  it("has no vwap when no quantity was traded, and no deviation of one price", () => {
    const window = new Window();
    window.trade(1, 1000, 0);
    const [pane] = window.watermark(9);
    expect([value(pane, "vwap"), isPresent(pane, "vwap")]).toEqual([0, false]);
    expect([value(pane, "sd"), isPresent(pane, "sd")]).toEqual([0, false]);
    expect([value(pane, "mean"), isPresent(pane, "mean")]).toEqual([10, true]);
  });

  it("fires a late trade's pane again at once, with all that was in it, until the lateness ends", () => {
    const window = new Window({ aggregates: ["sum(qty)"], latenessNs: 5 });
    window.trade(5, 100, 10);
    expect(window.watermark(9)).toHaveLength(1);
    expect(window.trade(6, 100, 20)).toBe(DUE);
    const [pane] = window.drain(0);
    expect([pane[PANE_VALUES], pane[PANE_TIMING], pane[PANE_VERSION], pane[PANE_INDEX]]).toEqual([3, TIMING_LATE, 1, 1]);
    window.watermark(14);
    expect(window.trade(6, 100, 20)).toBe(LATE);
    expect(window.operator.lateTrades).toBe(1);
  });

  it("when discarding, fires only what came since the last firing", () => {
    const window = new Window({ aggregates: ["sum(qty)", "first"], latenessNs: 5, mode: "discarding" });
    window.trade(5, 100, 10);
    window.watermark(9);
    window.trade(6, 300, 20);
    expect(window.drain(0)[0].slice(PANE_VALUES)).toEqual([2, 3]);
  });

  it("fires late panes that nobody drained at the next watermark", () => {
    const window = new Window({ latenessNs: 50 });
    window.trade(5, 100);
    window.watermark(9);
    window.trade(6, 100);
    expect(window.watermark(10).map((pane) => pane[PANE_TIMING])).toEqual([TIMING_LATE]);
  });

  it("fires everything at the end of the input", () => {
    const window = new Window();
    for (const ts of [5, 15, 35]) window.trade(ts, 1, 1, ts === 15 ? 1 : 0);
    expect(window.watermark(TIME_END).map((pane) => pane[PANE_START])).toEqual([0, 30, 10]);
    expect(window.trade(40, 1)).toBe(LATE);
  });

  it("fires the same panes however many shards share the instruments", () => {
    const trades = Array.from({ length: 200 }, (_, i) => ({ ts: ((i * 7) % 11) + i, price: 100 + (i % 13), lane: (i * i) % 2 }));
    const run = (window: Window, lanes: readonly number[]): number[][][] => {
      const byLane: number[][][] = [[], []];
      trades.forEach((trade, i) => {
        if (lanes.includes(trade.lane) && window.trade(trade.ts, trade.price, 10, trade.lane, i) === DUE) byLane[trade.lane].push(...window.drain(trade.lane));
        if (i % 16 !== 15) return;
        window.clock[0] = trade.ts - 12;
        if (!window.operator.isDue()) return;
        for (const lane of [0, 1]) byLane[lane].push(...window.drain(lane));
        window.operator.settle();
      });
      return byLane;
    };
    const options = { latenessNs: 3, openFrames: 2 };
    const [zero, one] = run(new Window(options), [0, 1]);
    expect(zero.length).toBeGreaterThan(10);
    expect(run(new Window(options), [0])).toEqual([zero, []]);
    expect(run(new Window(options), [1])).toEqual([[], one]);
  });

  it("refuses no values, too many, and an unknown one", () => {
    expect(() => new Window({ aggregates: [] })).toThrow("1 to 16");
    expect(() => new Window({ aggregates: Array.from({ length: 17 }, () => "count" as const) })).toThrow("1 to 16");
    expect(() => new Window({ aggregates: ["median" as AggregateName] })).toThrow("expected one of count");
  });
});

snapshotContract("WindowOperator", (arena) => {
  const window = new Window({ latenessNs: 7, openFrames: 2 }, arena);
  const cells = arena.float64("test.cells", 2);
  if (arena.fresh) cells[1] = TIME_UNSET;
  return {
    step(random) {
      window.clock[0] = cells[1];
      cells[0] += random.nextBelow(6);
      const lane = random.nextBelow(2);
      const status = window.trade(cells[0] - random.nextBelow(30), 100 + random.nextBelow(9), random.nextBelow(4), lane, cells[0]);
      const fired = status === DUE ? window.drain(lane) : [];
      if (random.nextBelow(4) === 0) cells[1] = Math.max(cells[1], cells[0] - 12);
      return [status, fired, window.watermark(cells[1]), window.operator.lateTrades, window.operator.forcedPanes];
    },
  };
});
