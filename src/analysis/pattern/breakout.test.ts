import { describe, expect, it } from "vitest";
import { snapshotContract } from "../../../test/contract/snapshot.ts";
import { Arena } from "../../kernel/memory/arena.ts";
import { TAPE_LENGTH } from "../../kernel/record/tape.ts";
import { BREAKOUT_CONFIDENCE, BREAKOUT_EXCESS, BREAKOUT_PRICE, BREAKOUT_REFERENCE, PriceBreakout, type BreakoutOptions } from "./breakout.ts";

class Watch {
  readonly tape = new Float64Array(TAPE_LENGTH);
  readonly pattern: PriceBreakout;

  constructor(options: Partial<BreakoutOptions> = {}, arena?: Arena) {
    const over = arena ?? Arena.create("breakout", 1 << 20);
    this.pattern = new PriceBreakout(over, { lanes: 2, threshold: 0.01, overNs: 100, ...options }, this.tape);
    if (arena === undefined) over.seal();
  }

  trade(ts: number, price: number, lane = 0): number {
    this.tape.set([price, 1, ts, ts]);
    return this.pattern.onTrade(lane);
  }

  /** Watches a flat price for the whole span. */
  flat(price: number): this {
    for (let ts = 0; ts <= 100; ts += 10) this.trade(ts, price);
    return this;
  }
}

describe("PriceBreakout", () => {
  it("fires when the price is above the high by more than the threshold, with what it saw", () => {
    const watch = new Watch().flat(10_000);
    expect(watch.trade(110, 10_100)).toBe(0);
    expect(watch.trade(120, 10_202)).toBe(1);
    const result = watch.pattern.result;
    expect([result[BREAKOUT_PRICE], result[BREAKOUT_REFERENCE]]).toEqual([10_202, 10_100]);
    expect(result[BREAKOUT_EXCESS]).toBe(102 / 10_100);
    expect(result[BREAKOUT_CONFIDENCE]).toBeCloseTo(1 - Math.exp(-102 / 101), 12);
  });

  it("fires below the low when told to look down", () => {
    const watch = new Watch({ direction: "down" }).flat(10_000);
    expect(watch.trade(110, 9_900)).toBe(0);
    expect(watch.trade(111, 9_800)).toBe(1);
    expect(watch.pattern.result[BREAKOUT_REFERENCE]).toBe(9_900);
  });

  it("fires once, and again only after the price was back in the range", () => {
    const watch = new Watch().flat(10_000);
    expect(watch.trade(110, 11_000)).toBe(1);
    expect(watch.trade(111, 12_000)).toBe(0);
    expect(watch.trade(112, 13_000)).toBe(0);
    expect(watch.trade(113, 13_000)).toBe(0);
    expect(watch.trade(114, 14_000)).toBe(1);
  });

  it("fires again after the cooldown though the price never came back", () => {
    const watch = new Watch({ cooldownNs: 20 }).flat(10_000);
    expect([110, 120, 129, 130].map((ts, i) => watch.trade(ts, 11_000 + i * 1000))).toEqual([1, 0, 0, 1]);
  });

  it("compares with the moments before, not with prints of the same moment", () => {
    const watch = new Watch().flat(10_000);
    expect(watch.trade(110, 10_050)).toBe(0);
    expect(watch.trade(110, 10_101)).toBe(1);
    expect(watch.pattern.result[BREAKOUT_REFERENCE]).toBe(10_000);
  });

  it("forgets a high exactly when it leaves the span", () => {
    const at = (ts: number): number => {
      const watch = new Watch();
      watch.trade(0, 20_000);
      watch.trade(5, 10_000);
      return watch.trade(ts, 11_000);
    };
    expect(at(100)).toBe(0);
    expect(at(101)).toBe(1);
  });

  it("waits until the whole span was watched, or the part asked for", () => {
    const fires = (minCoverage: number, ts: number): number => {
      const watch = new Watch({ minCoverage });
      watch.trade(0, 10_000);
      return watch.trade(ts, 11_000);
    };
    expect([fires(1, 99), fires(1, 100), fires(0.5, 49), fires(0.5, 50), fires(0, 1)]).toEqual([0, 1, 0, 1, 1]);
  });

  it("has nothing to compare with after a silence longer than the span", () => {
    const watch = new Watch().flat(10_000);
    expect(watch.trade(1000, 20_000)).toBe(0);
    expect(watch.trade(1001, 30_000)).toBe(1);
  });

  it("takes trades out of order into the high but never fires on them", () => {
    const watch = new Watch().flat(10_000);
    expect(watch.trade(95, 12_000)).toBe(0);
    expect(watch.trade(110, 12_100)).toBe(0);
    expect(watch.pattern.extremum.outOfOrder).toBe(1);
    expect(watch.trade(111, 12_300)).toBe(1);
  });

  it("measures from the size of a negative reference, and never from 0", () => {
    const negative = new Watch().flat(-10_000);
    expect(negative.trade(110, -9_900)).toBe(0);
    expect(negative.trade(111, -9_800)).toBe(1);
    const zero = new Watch().flat(0);
    expect(zero.trade(110, 5)).toBe(0);
  });

  it("keeps confidence below 1", () => {
    const watch = new Watch().flat(1);
    expect(watch.trade(110, 2 ** 50)).toBe(1);
    expect(watch.pattern.result[BREAKOUT_CONFIDENCE]).toBeLessThan(1);
    expect(watch.pattern.result[BREAKOUT_CONFIDENCE]).toBeGreaterThan(0.99);
  });

  it("keeps lanes apart", () => {
    const watch = new Watch().flat(10_000);
    expect(watch.trade(110, 20_000, 1)).toBe(0);
    expect(watch.trade(110, 20_000, 0)).toBe(1);
  });

  it.each([
    { threshold: 0 },
    { threshold: Number.NaN },
    { overNs: 0 },
    { minCoverage: 2 },
    { cooldownNs: -1 },
    { steepness: 0 },
    { capacity: 12 },
    { capacity: 4 },
    { lanes: 0 },
  ])("refuses %j", (options) => {
    expect(() => new Watch(options)).toThrow("expected");
  });
});

snapshotContract("PriceBreakout", (arena) => {
  const watch = new Watch({ capacity: 8, minCoverage: 0.1, cooldownNs: 30 }, arena);
  const time = arena.float64("test.time", 1);
  return {
    step(random) {
      time[0] += random.nextBelow(12);
      const fired = watch.trade(time[0] - random.nextBelow(15), 1000 + random.nextBelow(80), random.nextBelow(2));
      return [fired, fired === 1 ? [...watch.pattern.result] : [], watch.pattern.extremum.merged, watch.pattern.extremum.outOfOrder];
    },
  };
});
