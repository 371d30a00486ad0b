import { describe, expect, it } from "vitest";
import { snapshotContract } from "../../../test/contract/snapshot.ts";
import { Deltas } from "../../../test/model/book-records.ts";
import { TIME_UNSET } from "../../kernel/core/units.ts";
import { Arena } from "../../kernel/memory/arena.ts";
import { SIDE_ASK, SIDE_BID } from "../../kernel/record/header.ts";
import { LevelBook } from "../../market/book/level-book.ts";
import { DEPTH_CHANGE, DEPTH_NOW, DEPTH_REFERENCE, DEPTH_STRENGTH, LiquidityChange, type LiquidityChangeOptions } from "./liquidity-change.ts";

const LANES = 2;

class Watch {
  readonly moment = new Float64Array(1);
  readonly deltas: Deltas;
  readonly pattern: LiquidityChange;

  constructor(options: Partial<LiquidityChangeOptions> = {}, arena: Arena = Arena.create("liquidity", 1 << 21)) {
    const book = new LevelBook(arena, { instruments: LANES, levels: 256 });
    this.deltas = new Deltas(book);
    this.pattern = new LiquidityChange(arena, { lanes: LANES, side: SIDE_BID, levels: 2, threshold: 0.5, overNs: 100, ...options }, book, this.moment);
  }

  /** A whole event that sets one level. */
  set(ts: number, price: number, qty: number, side: number = SIDE_BID, lane: number = 0): number {
    this.deltas.set(side, price, qty, true, lane);
    this.moment[0] = ts;
    return this.pattern.onEvent(lane);
  }

  /** Two bid levels of 100 each since 0. */
  filled(): this {
    this.set(0, 1000, 100);
    this.set(0, 990, 100);
    return this;
  }

  /** What the last match says. */
  get said(): number[] {
    const { result } = this.pattern;
    return [result[DEPTH_NOW], result[DEPTH_REFERENCE], result[DEPTH_CHANGE], result[DEPTH_STRENGTH]];
  }
}

describe("LiquidityChange", () => {
  it("fires when the best levels together hold less than they did by more than the threshold, with what it saw", () => {
    const watch = new Watch().filled();
    expect(watch.set(200, 1000, 1)).toBe(0); // 101 of 200: within the threshold
    expect(watch.set(201, 990, 98)).toBe(1); // 99 of 200
    expect(watch.said).toEqual([99, 200, -101 / 200, 101 / 200]);
  });

  it("looks at the best levels only: what stands behind them moves nothing until it comes forward", () => {
    const watch = new Watch().filled();
    watch.set(10, 980, 5000);
    expect(watch.set(200, 980, 0)).toBe(0);
    watch.set(201, 980, 10);
    expect(watch.set(202, 1000, 0)).toBe(0); // 100 + 10 of 200
    expect(watch.set(203, 990, 0)).toBe(1);
    expect(watch.said[0]).toBe(10);
  });

  it("with one level it is the size at the top", () => {
    const watch = new Watch({ levels: 1 }).filled();
    expect(watch.set(150, 1010, 40)).toBe(1); // a new best of 40 where 100 stood
    expect(watch.said).toEqual([40, 100, -0.6, 0.6]);
  });

  it("a side that empties has lost all", () => {
    const watch = new Watch({ levels: 1, threshold: 0.99 });
    watch.set(0, 1000, 7);
    expect(watch.set(100, 1000, 0)).toBe(1);
    expect(watch.said).toEqual([0, 7, -1, 1]);
  });

  it("fires for a rise when told so, against the lowest of the span, also by more than all there was", () => {
    const watch = new Watch({ direction: "rise", threshold: 2 }).filled();
    expect(watch.set(200, 1000, 500)).toBe(0); // 600 is exactly 200 and 200 % more
    expect(watch.set(201, 1000, 501)).toBe(1);
    expect(watch.said).toEqual([601, 200, 401 / 200, 401 / 601]);
  });

  it("never rises from nothing: there is no fraction of 0", () => {
    const watch = new Watch({ direction: "rise" });
    watch.set(0, 1000, 0);
    expect(watch.set(200, 1000, 500)).toBe(0);
  });

  it("does not look at the other side", () => {
    const watch = new Watch({ side: SIDE_ASK }).filled();
    watch.set(0, 1100, 100, SIDE_ASK);
    expect(watch.set(200, 1000, 0)).toBe(0);
    expect(watch.set(201, 1100, 10, SIDE_ASK)).toBe(1);
  });

  it("compares with every depth that was in force in the span, up to its first ns and not before it", () => {
    const at = (ts: number): number => {
      const watch = new Watch().filled();
      watch.set(50, 1000, 10); // 200 was in force until 49
      watch.set(60, 990, 60); // 110 until 59, and 70 from then on
      return watch.set(ts, 990, 50); // 60
    };
    expect([at(149), at(150)]).toEqual([1, 0]); // 200 lies in [49, 149), and not in [50, 150)
  });

  it("a depth that has stood for long is compared with however long it stood", () => {
    const watch = new Watch().filled();
    expect(watch.set(1_000_000, 1000, 0)).toBe(0); // 100 of 200: exactly the threshold
    expect(watch.set(2_000_000, 990, 40)).toBe(1);
    expect(watch.said[1]).toBe(100);
  });

  it("states that come and go within one moment are no reference", () => {
    const watch = new Watch().filled();
    expect([watch.set(200, 1000, 5000), watch.set(200, 1000, 100), watch.set(201, 1000, 90)]).toEqual([0, 0, 0]);
    expect([watch.set(300, 1000, 1), watch.set(300, 990, 2)]).toEqual([0, 1]);
  });

  it("fires once, and again only after the change was half of the threshold at most", () => {
    const watch = new Watch().filled();
    expect(watch.set(200, 1000, 0)).toBe(0);
    expect(watch.set(201, 990, 90)).toBe(1);
    expect(watch.set(202, 990, 80)).toBe(0);
    expect(watch.set(203, 1000, 69)).toBe(0); // 149 of 200 is down by more than a quarter
    expect(watch.set(204, 1000, 0)).toBe(0);
    expect(watch.set(205, 1000, 70)).toBe(0); // 150
    expect(watch.set(206, 1000, 0)).toBe(1);
  });

  it("is armed again by time alone, when the reference has left the span", () => {
    const watch = new Watch().filled();
    watch.set(200, 990, 0);
    expect(watch.set(201, 1000, 90)).toBe(1);
    expect(watch.set(302, 1000, 44)).toBe(1); // from 90, in force since 201
    expect(watch.said[1]).toBe(90);
  });

  it("is not armed by time while the reference is still in the span", () => {
    const watch = new Watch().filled();
    watch.set(200, 990, 0);
    expect(watch.set(201, 1000, 90)).toBe(1);
    expect(watch.set(299, 1000, 44)).toBe(0);
  });

  it("waits until the side was watched for the whole span", () => {
    const fires = (ts: number): number => {
      const watch = new Watch().filled();
      return watch.set(ts, 1000, 0) + watch.set(ts, 990, 0);
    };
    expect([fires(99), fires(100)]).toEqual([0, 1]);
  });

  it("an event stamped before the newest counts at the newest, one without a time to believe too", () => {
    const watch = new Watch().filled();
    watch.set(200, 1000, 101);
    expect(watch.set(150, 1000, 0)).toBe(0);
    expect(watch.set(TIME_UNSET, 990, 0)).toBe(1);
    expect(watch.said[1]).toBe(200); // 201 came at 200, where all of it counts
    const unseen = new Watch();
    expect([unseen.set(TIME_UNSET, 1000, 10), unseen.set(0, 1000, 10), unseen.set(100, 1000, 1)]).toEqual([0, 0, 1]);
  });

  it("forgets all of a lane when it is told to, and of that lane only", () => {
    const watch = new Watch().filled();
    watch.set(0, 1000, 200, SIDE_BID, 1);
    watch.pattern.forget(0);
    watch.pattern.forget(0);
    expect(watch.set(200, 1000, 0)).toBe(0);
    expect(watch.set(201, 990, 1)).toBe(0);
    expect(watch.set(299, 990, 90)).toBe(0);
    expect(watch.set(301, 990, 1)).toBe(1); // watched since 200
    expect(watch.set(400, 1000, 1, SIDE_BID, 1)).toBe(1);
    expect(watch.said[1]).toBe(200);
  });

  it.each([
    { levels: 0 },
    { levels: 11 },
    { levels: 1.5 },
    { threshold: 0 },
    { threshold: 1 },
    { threshold: Number.NaN },
    { direction: "rise" as const, threshold: Infinity },
    { overNs: 1 },
    { overNs: 2.5 },
    { rearm: -0.1 },
    { rearm: 1.1 },
    { capacity: 12 },
  ])("refuses %j", (options) => {
    expect(() => new Watch(options)).toThrow("expected");
  });
});

snapshotContract("LiquidityChange", (arena) => {
  const watch = new Watch({ capacity: 8, threshold: 0.3 }, arena);
  const time = arena.float64("test.time", 1);
  return {
    step(random) {
      time[0] += random.nextBelow(9);
      const lane = random.nextBelow(LANES);
      if (random.nextBelow(80) === 0) watch.pattern.forget(lane);
      const fired = watch.set(time[0] - random.nextBelow(4), 1000 + random.nextBelow(4), random.nextBelow(90), random.nextBelow(2), lane);
      return [fired, fired === 1 ? watch.said : [], watch.pattern.extremum.merged];
    },
  };
});
