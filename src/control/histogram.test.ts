import { describe, expect, it } from "vitest";
import { StreamError } from "../kernel/core/errors.ts";
import { Arena } from "../kernel/memory/arena.ts";
import { cellHighest, cellLowest, cellOf, Histogram, HISTOGRAM_BYTES, HISTOGRAM_MAX_NS, HISTOGRAM_WORDS } from "./histogram.ts";

function histogramOf(values: Iterable<number>): Histogram {
  const histogram = new Histogram();
  for (const value of values) histogram.record(value);
  return histogram;
}

function range(count: number, step = 1): number[] {
  return Array.from({ length: count }, (_, i) => (i + 1) * step);
}

describe("the cells", () => {
  it("are one value wide up to 2047", () => {
    for (const value of [0, 1, 1000, 1023, 1024, 2047]) {
      expect([cellOf(value), cellLowest(cellOf(value)), cellHighest(cellOf(value))]).toEqual([value, value, value]);
    }
  });

  it("follow each other without a gap or an overlap over the whole range", () => {
    const last = cellOf(HISTOGRAM_MAX_NS);
    for (let cell = 0; cell < last; cell++) {
      if (cellHighest(cell) + 1 !== cellLowest(cell + 1)) throw new Error(`cell ${cell}`);
    }
    expect(cellLowest(0)).toBe(0);
    expect(cellHighest(last)).toBeGreaterThanOrEqual(HISTOGRAM_MAX_NS);
  });

  it("hold their own bounds", () => {
    for (let cell = 0; cell <= cellOf(HISTOGRAM_MAX_NS); cell++) {
      if (cellOf(cellLowest(cell)) !== cell || cellOf(cellHighest(cell)) !== cell) throw new Error(`cell ${cell}`);
    }
  });

  it("are narrower than a thousandth of their value", () => {
    for (let cell = 1; cell <= cellOf(HISTOGRAM_MAX_NS); cell++) {
      const width = cellHighest(cell) - cellLowest(cell);
      if (width > cellLowest(cell) / 1000) throw new Error(`cell ${cell} is ${width} wide at ${cellLowest(cell)}`);
    }
  });

  it.each([2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 36])("find %d on both sides of the 32-bit border", (value) => {
    const cell = cellOf(value);
    expect(cellLowest(cell)).toBeLessThanOrEqual(value);
    expect(cellHighest(cell)).toBeGreaterThanOrEqual(value);
  });
});

describe("a histogram", () => {
  it("that is empty knows nothing", () => {
    expect(new Histogram().snapshot()).toEqual({
      count: 0,
      totalNs: 0,
      minNs: null,
      maxNs: null,
      meanNs: null,
      sdNs: null,
      p50Ns: null,
      p90Ns: null,
      p99Ns: null,
      p999Ns: null,
      p9999Ns: null,
      saturated: 0,
      negative: 0,
      notANumber: 0,
    });
    expect(new Histogram().percentile(50)).toBe(-1);
  });

  it("has exact percentiles where cells are one value wide", () => {
    const histogram = histogramOf(range(1000));
    expect([0, 0.1, 50, 90, 99, 99.9, 100].map((p) => histogram.percentile(p))).toEqual([1, 1, 500, 900, 990, 999, 1000]);
  });

  it("has exact count, total, mean, least and greatest at any size", () => {
    const snapshot = histogramOf([1_234_567, 89_101_112, 3_000_000_001]).snapshot();
    expect(snapshot).toMatchObject({ count: 3, totalNs: 3_090_335_680, minNs: 1_234_567, maxNs: 3_000_000_001, meanNs: 3_090_335_680 / 3 });
  });

  it("has percentiles within a thousandth", () => {
    const histogram = histogramOf(range(10_000, 12_345));
    for (const p of [10, 50, 90, 99, 99.9, 99.99]) {
      const exact = Math.round((p / 100) * 10_000) * 12_345;
      expect(histogram.percentile(p)).toBeGreaterThanOrEqual(exact);
      expect(histogram.percentile(p)).toBeLessThanOrEqual(exact * 1.001);
    }
  });

  it("never shows a percentile above the greatest value", () => {
    expect(histogramOf([1_000_001]).percentile(99.99)).toBe(1_000_001);
  });

  it("has the standard deviation of all values", () => {
    expect(histogramOf([2, 4, 4, 4, 5, 5, 7, 9]).snapshot().sdNs).toBeCloseTo(2, 10);
  });

  it("has no deviation for equal values", () => {
    expect(histogramOf([500, 500, 500]).snapshot().sdNs).toBe(0);
  });

  it("drops fractions of a nanosecond", () => {
    const snapshot = histogramOf([10.9]).snapshot();
    expect([snapshot.minNs, snapshot.totalNs]).toEqual([10, 10]);
  });

  it("keeps values above its range at the end and counts them", () => {
    const histogram = histogramOf([5, HISTOGRAM_MAX_NS + 1, Infinity]);
    expect([histogram.count, histogram.saturated, histogram.percentile(100)]).toEqual([3, 2, HISTOGRAM_MAX_NS]);
  });

  it("keeps negative values at 0 and counts them", () => {
    const histogram = histogramOf([-5, 7]);
    expect([histogram.count, histogram.negative, histogram.snapshot().minNs]).toEqual([2, 1, 0]);
  });

  it("takes no part of what is not a number, but counts it", () => {
    const histogram = histogramOf([Number.NaN, 7]);
    expect([histogram.count, histogram.notANumber, histogram.totalNs]).toEqual([1, 1, 7]);
  });

  it("records the span between two times of a row", () => {
    const histogram = new Histogram();
    histogram.recordSpan(new Float64Array([1_000_000, 1_000_450]), 0, 1);
    expect(histogram.snapshot()).toMatchObject({ count: 1, totalNs: 450 });
  });

  it("counts what lies at or below a value", () => {
    const histogram = histogramOf(range(100));
    expect([-1, 0, 1, 50, 100, Infinity].map((value) => histogram.countAtOrBelow(value))).toEqual([0, 0, 1, 50, 100, 100]);
  });

  it("gives a snapshot that nobody can change and later records do not", () => {
    const histogram = histogramOf([5]);
    const snapshot = histogram.snapshot();
    histogram.record(1000);
    expect([snapshot.count, Object.isFrozen(snapshot)]).toEqual([1, true]);
  });

  it("is empty after a reset, with a new generation", () => {
    const histogram = histogramOf(range(10));
    histogram.reset();
    expect(histogram.snapshot()).toEqual(new Histogram().snapshot());
    expect(histogram.generation).toBe(1);
  });

  it("takes least and greatest afresh after a reset", () => {
    const histogram = histogramOf([1, 1_000_000]);
    histogram.reset();
    histogram.record(50);
    expect(histogram.snapshot()).toMatchObject({ minNs: 50, maxNs: 50 });
  });

  it("refuses words of another length", () => {
    expect(() => new Histogram(new Float64Array(10))).toThrow(StreamError);
  });
});

describe("two histograms", () => {
  it("merge into what one would have recorded", () => {
    const [a, b] = [histogramOf(range(500, 3)), histogramOf([...range(700, 1001), Number.NaN, -1])];
    const both = histogramOf([...range(500, 3), ...range(700, 1001), Number.NaN, -1]);
    a.merge(b);
    expect(a.snapshot()).toEqual(both.snapshot());
  });

  it("merge with an empty one either way", () => {
    const values = [7, 9];
    const [into, from] = [new Histogram(), histogramOf(values)];
    into.merge(from);
    from.merge(new Histogram());
    expect(into.snapshot()).toEqual(histogramOf(values).snapshot());
    expect(from.snapshot()).toEqual(into.snapshot());
  });

  it("subtract to what was recorded since the copy", () => {
    const histogram = histogramOf(range(100));
    const earlier = new Histogram();
    histogram.copyInto(earlier);
    for (const value of [20, 30, 40]) histogram.record(value);
    const since = new Histogram();
    histogram.copyInto(since);
    since.subtract(earlier);
    expect(since.snapshot()).toEqual(histogramOf([20, 30, 40]).snapshot());
  });

  it("subtract to nothing when nothing was recorded since", () => {
    const histogram = histogramOf(range(100));
    const since = new Histogram();
    histogram.copyInto(since);
    since.subtract(histogram);
    expect(since.snapshot()).toMatchObject({ count: 0, minNs: null, maxNs: null });
  });

  it("subtract nothing from before a reset", () => {
    const histogram = histogramOf(range(100));
    const earlier = new Histogram();
    histogram.copyInto(earlier);
    histogram.reset();
    histogram.record(5);
    histogram.subtract(earlier);
    expect(histogram.count).toBe(1);
  });
});

describe("correction for coordinated omission", () => {
  function corrected(value: number, interval: number): Histogram {
    const histogram = new Histogram();
    histogram.recordCorrected(value, interval);
    return histogram;
  }

  it("adds the sends that a late answer held back", () => {
    const histogram = corrected(1000, 100);
    expect(histogram.snapshot()).toMatchObject({ count: 10, totalNs: 5500, minNs: 100, maxNs: 1000 });
  });

  it.each([
    [1000, 1000],
    [1000, 2000],
    [1000, 0],
    [1000, -5],
    [1000, Number.NaN],
    [50, 100],
  ])("adds nothing to %d at an interval of %d", (value, interval) => {
    expect(corrected(value, interval).snapshot()).toMatchObject({ count: 1, totalNs: value });
  });

  it("shows a stall that the plain recording hides", () => {
    const [plain, fair] = [new Histogram(), new Histogram()];
    for (let i = 0; i < 10_000; i++) {
      const latency = i === 5000 ? 1_000_000_000 : 1000;
      plain.record(latency);
      fair.recordCorrected(latency, 1_000_000);
    }
    expect(plain.percentile(99)).toBe(1000);
    expect(fair.percentile(99)).toBeGreaterThan(800_000_000);
  });

  it("does bounded work for the greatest value at the least interval", () => {
    const histogram = corrected(HISTOGRAM_MAX_NS, 1);
    expect(histogram.count).toBe(HISTOGRAM_MAX_NS);
    expect(histogram.percentile(50) / (HISTOGRAM_MAX_NS / 2)).toBeCloseTo(1, 2);
  });

  it("equals the list of values written out, for any interval", () => {
    for (const [value, interval] of [
      [123_457, 13],
      [10_000_000, 999],
      [4096, 1],
      [99_999, 33_333],
    ]) {
      const naive = histogramOf([value]);
      for (let v = value - interval; v >= interval; v -= interval) naive.record(v);
      expect(corrected(value, interval).snapshot()).toEqual(naive.snapshot());
    }
  });
});

describe("shared bytes", () => {
  it("let one object record and another read", () => {
    const buffer = new SharedArrayBuffer(2 * HISTOGRAM_BYTES);
    const [writer, reader] = [Histogram.createOver(buffer, HISTOGRAM_BYTES), Histogram.createOver(buffer, HISTOGRAM_BYTES)];
    writer.record(77);
    expect(reader.snapshot()).toEqual(histogramOf([77]).snapshot());
    expect(Histogram.createOver(buffer, 0).count).toBe(0);
  });

  it("can be a region of an arena, and travel with its snapshot", () => {
    const make = (): { arena: Arena; histogram: Histogram } => {
      const arena = Arena.create("histogram", 1_000_000);
      const histogram = Histogram.createIn(arena, "latency");
      arena.seal();
      return { arena, histogram };
    };
    const [a, b] = [make(), make()];
    a.histogram.record(123);
    b.arena.restore(a.arena.snapshot());
    expect(b.histogram.snapshot()).toEqual(a.histogram.snapshot());
  });

  it("show a reader that catches the writer between two words a value that was recorded", () => {
    const words = new Float64Array(new SharedArrayBuffer(HISTOGRAM_BYTES));
    expect(words.length).toBe(HISTOGRAM_WORDS);
    const writer = new Histogram(words);
    for (const value of range(100)) writer.record(value);
    words[0] -= 1; // as if the last cell were written and the count not yet
    expect(new Histogram(words).snapshot()).toMatchObject({ count: 100, p50Ns: 50, maxNs: 100 });
  });
});
