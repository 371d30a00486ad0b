import { describe, expect, it } from "vitest";
import { snapshotContract } from "../../../test/contract/snapshot.ts";
import { isStreamError } from "../../kernel/core/errors.ts";
import { LATE, REJECTED } from "../../kernel/core/status.ts";
import { TIME_END, TIME_UNSET } from "../../kernel/core/units.ts";
import { Arena } from "../../kernel/memory/arena.ts";
import { SIDE_ASK, SIDE_BID, SIDE_NONE } from "../../kernel/record/header.ts";
import { TIMING_EARLY, TIMING_LATE, TIMING_ON_TIME } from "../../kernel/record/pane.ts";
import { TAPE_LENGTH } from "../../kernel/record/tape.ts";
import {
  BAR_BUY_VOLUME,
  BAR_CLOSE,
  BAR_COUNT,
  BAR_END,
  BAR_HIGH,
  BAR_LOW,
  BAR_NOTIONAL,
  BAR_OPEN,
  BAR_START,
  BAR_TIMING,
  BAR_VERSION,
  BAR_VOLUME,
  BarBuilder,
  type BarOptions,
} from "./bar-builder.ts";
import { DUE } from "./frames.ts";

class Bars {
  readonly tape = new Float64Array(TAPE_LENGTH);
  readonly clock = Float64Array.of(TIME_UNSET);
  readonly builder: BarBuilder;
  sequence = 0;

  constructor(options: Partial<BarOptions> = {}, arena?: Arena) {
    const over = arena ?? Arena.create("bars", 1 << 20);
    this.builder = new BarBuilder(over, { lanes: 2, intervalNs: 10, ...options }, this.tape, this.clock);
    if (arena === undefined) over.seal();
  }

  trade(ts: number, price: number, qty = 1, side = SIDE_NONE, lane = 0, sequence = ++this.sequence): number {
    this.tape.set([price, qty, ts, sequence]);
    return this.builder.onTrade(lane, side);
  }

  drain(lane: number): number[][] {
    const fired: number[][] = [];
    while (this.builder.nextDue(lane) >= 0) fired.push([...this.builder.result]);
    return fired;
  }

  watermark(at: number): number[][] {
    this.clock[0] = at;
    if (!this.builder.isDue()) return [];
    const fired = [...this.drain(0), ...this.drain(1)];
    this.builder.settle();
    return fired;
  }
}

describe("BarBuilder", () => {
  it("closes a bar when the watermark reaches its last nanosecond, and not before", () => {
    const bars = new Bars();
    expect(bars.trade(3, 100, 5, SIDE_BID)).toBe(0);
    expect(bars.trade(4, 103, 2, SIDE_ASK)).toBe(0);
    expect(bars.trade(9, 99, 1)).toBe(0);
    expect(bars.watermark(8)).toEqual([]);
    const [bar] = bars.watermark(9);
    expect(bar[BAR_START]).toBe(0);
    expect(bar[BAR_END]).toBe(10);
    expect([bar[BAR_OPEN], bar[BAR_HIGH], bar[BAR_LOW], bar[BAR_CLOSE]]).toEqual([100, 103, 99, 99]);
    expect([bar[BAR_VOLUME], bar[BAR_BUY_VOLUME], bar[BAR_NOTIONAL]]).toEqual([8, 5, 500 + 206 + 99]);
    expect([bar[BAR_COUNT], bar[BAR_VERSION], bar[BAR_TIMING]]).toEqual([3, 0, TIMING_ON_TIME]);
    expect(bars.watermark(1000)).toEqual([]);
  });

  it("keeps open and close right when trades come out of order, and breaks ties by sequence", () => {
    const bars = new Bars();
    bars.trade(5, 50, 1, SIDE_NONE, 0, 10);
    bars.trade(2, 20, 1, SIDE_NONE, 0, 11);
    bars.trade(8, 80, 1, SIDE_NONE, 0, 12);
    bars.trade(8, 81, 1, SIDE_NONE, 0, 13);
    bars.trade(2, 21, 1, SIDE_NONE, 0, 14);
    bars.trade(7, 70, 1, SIDE_NONE, 0, 15);
    bars.trade(2, 19, 1, SIDE_NONE, 0, 9);
    const [bar] = bars.watermark(9);
    expect(bar[BAR_OPEN]).toBe(19);
    expect(bar[BAR_CLOSE]).toBe(81);
  });

  it("puts trades out of order into their own bars and fires them in order of time", () => {
    const bars = new Bars();
    for (const ts of [25, 5, 15, 7, 28]) bars.trade(ts, ts);
    expect(bars.watermark(29).map((bar) => [bar[BAR_START], bar[BAR_COUNT]])).toEqual([
      [0, 2],
      [10, 1],
      [20, 2],
    ]);
  });

  it("makes no bar for an interval without a trade", () => {
    const bars = new Bars();
    bars.trade(5, 1);
    bars.trade(45, 1);
    expect(bars.watermark(TIME_END).map((bar) => bar[BAR_START])).toEqual([0, 40]);
  });

  it("aligns bars by floor division, before the session epoch and with an offset too", () => {
    const bars = new Bars({ offsetNs: 3 });
    for (const ts of [-8, -7, 2, 3]) bars.trade(ts, 1);
    expect(bars.watermark(100).map((bar) => [bar[BAR_START], bar[BAR_COUNT]])).toEqual([
      [-17, 1],
      [-7, 2],
      [3, 1],
    ]);
  });

  it("counts a trade at or behind the watermark of its bar's close as late", () => {
    const bars = new Bars();
    bars.trade(5, 1);
    expect(bars.watermark(9)).toHaveLength(1);
    expect(bars.trade(9, 1)).toBe(LATE);
    expect(bars.trade(10, 1)).toBe(0);
    expect(bars.builder.lateTrades).toBe(1);
  });

  it("judges a trade by the watermark even if nobody drained the bar yet", () => {
    const bars = new Bars();
    bars.trade(5, 1);
    bars.clock[0] = 9;
    expect(bars.trade(6, 2)).toBe(LATE);
    expect(bars.watermark(9).map((bar) => bar[BAR_COUNT])).toEqual([1]);
  });

  it("revises a bar by a late trade within the lateness, at once and with the next version", () => {
    const bars = new Bars({ latenessNs: 5 });
    bars.trade(5, 50, 3);
    expect(bars.watermark(9)).toHaveLength(1);
    expect(bars.trade(2, 20, 4)).toBe(DUE);
    const [bar] = bars.drain(0);
    expect([bar[BAR_OPEN], bar[BAR_CLOSE], bar[BAR_VOLUME], bar[BAR_VERSION], bar[BAR_TIMING]]).toEqual([20, 50, 7, 1, TIMING_LATE]);
    expect(bars.watermark(13)).toEqual([]);
    expect(bars.trade(3, 1)).toBe(DUE);
    expect(bars.drain(0)[0][BAR_VERSION]).toBe(2);
    expect(bars.watermark(14)).toEqual([]);
    expect(bars.trade(3, 1)).toBe(LATE);
  });

  it("fires a bar that only late trades opened", () => {
    const bars = new Bars({ latenessNs: 100 });
    bars.watermark(50);
    expect(bars.trade(44, 7)).toBe(DUE);
    expect(bars.drain(0).map((bar) => [bar[BAR_START], bar[BAR_VERSION], bar[BAR_TIMING]])).toEqual([[40, 0, TIMING_LATE]]);
  });

  it("forces out the oldest bar when a lane needs more than it may keep open, and loses no trade", () => {
    const bars = new Bars({ openBars: 2 });
    expect(bars.trade(5, 1)).toBe(0);
    expect(bars.trade(15, 1)).toBe(0);
    expect(bars.trade(25, 1)).toBe(DUE);
    expect(bars.drain(0).map((bar) => [bar[BAR_START], bar[BAR_TIMING]])).toEqual([[0, TIMING_EARLY]]);
    expect(bars.trade(6, 1)).toBe(LATE);
    expect(bars.builder.forcedBars).toBe(1);
    expect(bars.watermark(TIME_END).map((bar) => bar[BAR_START])).toEqual([10, 20]);
  });

  it("refuses a trade when a full lane was not drained, and counts it", () => {
    const bars = new Bars({ openBars: 1 });
    bars.trade(5, 1);
    expect(bars.trade(15, 1)).toBe(DUE);
    expect(bars.trade(25, 1)).toBe(REJECTED);
    expect(bars.builder.frames.rejectedTrades).toBe(1);
  });

  it("gives up a closed bar that waits for late trades before it forces out an open one", () => {
    const bars = new Bars({ openBars: 1, latenessNs: 1000 });
    bars.trade(5, 1);
    bars.watermark(9);
    bars.trade(15, 1);
    expect(bars.watermark(19)).toHaveLength(1);
    expect(bars.trade(25, 1)).toBe(0);
    expect(bars.builder.forcedBars).toBe(0);
    expect(bars.builder.frames.evictedFrames).toBe(1);
    expect(bars.trade(5, 1)).toBe(LATE);
  });

  it("sums volume and notional exactly past 2^53 and rounds once", () => {
    const bars = new Bars();
    const big = 2 ** 52;
    bars.trade(1, 3, big);
    bars.trade(2, 3, big);
    bars.trade(3, 3, 1);
    bars.trade(4, 3, 1);
    const [bar] = bars.watermark(9);
    expect(bar[BAR_VOLUME]).toBe(2 ** 53 + 2);
    expect(bar[BAR_NOTIONAL]).toBe(Number(3n * (2n ** 53n + 2n)));
  });

  it("keeps lanes apart", () => {
    const bars = new Bars();
    bars.trade(5, 1, 1, SIDE_NONE, 1);
    bars.trade(15, 2, 1, SIDE_NONE, 0);
    expect(bars.watermark(9).map((bar) => bar[BAR_OPEN])).toEqual([1]);
    expect(bars.watermark(19).map((bar) => bar[BAR_OPEN])).toEqual([2]);
  });

  it.each([{ lanes: 0 }, { intervalNs: 0 }, { intervalNs: 1.5 }, { offsetNs: 10 }, { openBars: 0 }, { latenessNs: -1 }])("refuses %j", (options) => {
    let error: unknown;
    try {
      new Bars(options);
    } catch (thrown) {
      error = thrown;
    }
    expect(isStreamError(error, "VALUE_RANGE")).toBe(true);
  });
});

snapshotContract("BarBuilder", (arena) => {
  const bars = new Bars({ openBars: 2, latenessNs: 7 }, arena);
  const time = arena.float64("test.time", 1);
  const mark = arena.float64("test.mark", 1);
  if (arena.fresh) mark[0] = TIME_UNSET;
  return {
    step(random) {
      bars.clock[0] = mark[0];
      time[0] += random.nextBelow(6);
      const lane = random.nextBelow(2);
      const status = bars.trade(time[0] - random.nextBelow(30), 100 + random.nextBelow(9), random.nextBelow(4), random.nextBelow(3), lane, time[0]);
      const fired = status === DUE ? bars.drain(lane) : [];
      if (random.nextBelow(4) === 0) mark[0] = Math.max(mark[0], time[0] - 12);
      return [status, fired, bars.watermark(mark[0]), bars.builder.lateTrades, bars.builder.forcedBars];
    },
  };
});
