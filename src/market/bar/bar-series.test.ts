import { describe, expect, it } from "vitest";
import { snapshotContract } from "../../../test/contract/snapshot.ts";
import { EMPTY, LATE } from "../../kernel/core/status.ts";
import { Arena } from "../../kernel/memory/arena.ts";
import { BAR_CLOSE, BAR_COLUMNS, BAR_START } from "./bar-builder.ts";
import { BarSeries } from "./bar-series.ts";

function bar(start: number, close: number): Float64Array {
  const row = new Float64Array(BAR_COLUMNS);
  row[BAR_START] = start;
  row[BAR_CLOSE] = close;
  return row;
}

function closes(series: BarSeries, lane: number): number[] {
  return Array.from({ length: series.count(lane) }, (_, back) => series.close[series.at(lane, back)]);
}

function create(length: number): BarSeries {
  const arena = Arena.create("series", 1 << 16);
  const series = new BarSeries(arena, { lanes: 2, length });
  arena.seal();
  return series;
}

describe("BarSeries", () => {
  it("holds the newest bars of each lane, newest first", () => {
    const series = create(3);
    for (let i = 0; i < 5; i++) series.append(0, bar(i * 10, i));
    series.append(1, bar(0, 77));
    expect(closes(series, 0)).toEqual([4, 3, 2]);
    expect(closes(series, 1)).toEqual([77]);
    expect(series.at(0, 3)).toBe(EMPTY);
    expect(series.at(0, -1)).toBe(EMPTY);
    expect(series.at(1, 1)).toBe(EMPTY);
  });

  it("replaces a bar by its revision and refuses one that it never held", () => {
    const series = create(3);
    for (const start of [10, 20, 40, 50]) series.append(0, bar(start, start));
    expect(series.append(0, bar(40, 41))).toBeGreaterThanOrEqual(0);
    expect(series.append(0, bar(50, 51))).toBeGreaterThanOrEqual(0);
    expect(series.append(0, bar(30, 30))).toBe(LATE);
    expect(series.append(0, bar(10, 10))).toBe(LATE);
    expect(closes(series, 0)).toEqual([51, 41, 20]);
  });

  it("refuses a length below one bar", () => {
    expect(() => create(0)).toThrow("length of at least 1");
  });
});

snapshotContract("BarSeries", (arena) => {
  const series = new BarSeries(arena, { lanes: 2, length: 4 });
  const time = arena.float64("test.time", 1);
  return {
    step(random) {
      time[0] += random.nextBelow(3);
      const lane = random.nextBelow(2);
      return [series.append(lane, bar(time[0] - random.nextBelow(3), random.nextBelow(100))), closes(series, lane)];
    },
  };
});
