import fc from "fast-check";
import { build } from "hdr-histogram-js";
import { describe, expect, it } from "vitest";
import { Histogram, HISTOGRAM_MAX_NS } from "./histogram.ts";

const latency = fc.oneof(
  fc.integer({ min: 0, max: 3000 }),
  fc.integer({ min: 1000, max: 10_000_000 }),
  fc.double({ min: 0, max: 11, noNaN: true }).map((exponent) => Math.floor(10 ** exponent)),
);
const PERCENTS = [0.001, 1, 25, 50, 75, 90, 99, 99.9, 99.99, 100];

function reference() {
  return build({ bitBucketSize: 64, lowestDiscernibleValue: 1, highestTrackableValue: HISTOGRAM_MAX_NS, numberOfSignificantValueDigits: 3 });
}

function expectSame(own: Histogram, oracle: ReturnType<typeof reference>, greatest: number): void {
  expect(own.count).toBe(oracle.totalCount);
  for (const percent of PERCENTS) expect(own.percentile(percent), `p${percent}`).toBe(Math.min(oracle.getValueAtPercentile(percent), greatest));
  const { meanNs, sdNs } = own.snapshot();
  expect(Math.abs((meanNs as number) - oracle.mean)).toBeLessThanOrEqual(0.0005 * oracle.mean + 0.5);
  expect(Math.abs((sdNs as number) - oracle.stdDeviation)).toBeLessThanOrEqual(0.001 * oracle.mean + 0.001 * oracle.stdDeviation + 0.5);
}

describe("against the reference implementation of HdrHistogram", () => {
  it("any values have the same count, percentiles, mean and deviation", () => {
    const [own, oracle] = [new Histogram(), reference()];
    fc.assert(
      fc.property(fc.array(latency, { minLength: 1, maxLength: 300 }), (values) => {
        own.reset();
        oracle.reset();
        for (const value of values) {
          own.record(value);
          oracle.recordValue(value);
        }
        expectSame(own, oracle, Math.max(...values));
        expect(own.snapshot()).toMatchObject({
          minNs: Math.min(...values),
          maxNs: Math.max(...values),
          totalNs: values.reduce((sum, value) => sum + value, 0),
        });
      }),
      { seed: 28, numRuns: 30 },
    );
  });

  it("values corrected for coordinated omission have the same percentiles", () => {
    const [own, oracle] = [new Histogram(), reference()];
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 5_000_000 }), { minLength: 1, maxLength: 20 }),
        fc.integer({ min: 1000, max: 1_000_000 }),
        (values, interval) => {
          own.reset();
          oracle.reset();
          for (const value of values) {
            own.recordCorrected(value, interval);
            oracle.recordValueWithExpectedInterval(value, interval);
          }
          expectSame(own, oracle, Math.max(...values));
        },
      ),
      { seed: 29, numRuns: 20 },
    );
  });
});

describe("against a sorted list", () => {
  it("a percentile is at least the value of its rank, and less than a thousandth above it", () => {
    fc.assert(
      fc.property(fc.array(latency, { minLength: 1, maxLength: 200 }), fc.double({ min: 0, max: 100, noNaN: true }), (values, percent) => {
        const histogram = new Histogram();
        for (const value of values) histogram.record(value);
        const sorted = [...values].sort((a, b) => a - b);
        const rank = Math.max(1, Math.ceil((percent / 100) * values.length - 1e-9));
        const exact = sorted[rank - 1];
        expect(histogram.percentile(percent)).toBeGreaterThanOrEqual(exact);
        expect(histogram.percentile(percent)).toBeLessThanOrEqual(exact * 1.001);
      }),
      { seed: 30, numRuns: 60 },
    );
  });
});
