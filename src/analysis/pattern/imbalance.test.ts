import { describe, expect, it } from "vitest";
import { snapshotContract } from "../../../test/contract/snapshot.ts";
import { Deltas } from "../../../test/model/book-records.ts";
import { TIME_END, TIME_UNSET } from "../../kernel/core/units.ts";
import { Arena } from "../../kernel/memory/arena.ts";
import { SIDE_ASK, SIDE_BID } from "../../kernel/record/header.ts";
import { LevelBook } from "../../market/book/level-book.ts";
import { IMBALANCE_ASK_QTY, IMBALANCE_BID_QTY, IMBALANCE_SINCE, IMBALANCE_VALUE, Imbalance, type ImbalanceOptions } from "./imbalance.ts";

const LANES = 3;

class Watch {
  readonly moment = new Float64Array(1);
  readonly clock = Float64Array.of(TIME_UNSET);
  readonly deltas: Deltas;
  readonly pattern: Imbalance;

  constructor(options: Partial<ImbalanceOptions> = {}, arena: Arena = Arena.create("imbalance", 1 << 21)) {
    const book = new LevelBook(arena, { instruments: LANES, levels: 256 });
    this.deltas = new Deltas(book);
    this.pattern = new Imbalance(arena, { lanes: LANES, levels: 2, threshold: 0.6, ...options }, book, this.moment, this.clock);
  }

  /** A whole event after which the best bid and ask hold these quantities. */
  top(ts: number, bid: number, ask: number, lane: number = 0): number {
    this.deltas.set(SIDE_BID, 1000, bid, false, lane);
    this.deltas.set(SIDE_ASK, 1001, ask, true, lane);
    this.moment[0] = ts;
    return this.pattern.onEvent(lane);
  }

  /** A whole event that changed nothing that is watched. */
  quiet(ts: number, lane: number = 0): number {
    this.moment[0] = ts;
    return this.pattern.onQuiet(lane);
  }

  /** The lanes of which the watermark shows a lean. */
  mark(watermark: number): number[] {
    this.clock[0] = watermark;
    const isDue = this.pattern.isDue();
    const due = [0, 1, 2].filter((lane) => this.pattern.nextDue(lane) === 1);
    expect(isDue).toBe(due.length > 0);
    return due;
  }

  get said(): number[] {
    const { result } = this.pattern;
    return [result[IMBALANCE_VALUE], result[IMBALANCE_BID_QTY], result[IMBALANCE_ASK_QTY], result[IMBALANCE_SINCE]];
  }
}

describe("Imbalance", () => {
  it("fires when one side outweighs the other by the threshold, to either side, with what it saw", () => {
    const watch = new Watch();
    expect(watch.top(10, 79, 21)).toBe(0);
    expect(watch.top(11, 80, 20)).toBe(1);
    expect(watch.said).toEqual([0.6, 80, 20, 11]);
    expect(watch.top(12, 10, 90)).toBe(1);
    expect(watch.said).toEqual([-0.8, 10, 90, 12]);
  });

  it("sums the best levels of both sides", () => {
    const watch = new Watch();
    watch.deltas.set(SIDE_BID, 999, 60);
    watch.deltas.set(SIDE_BID, 998, 1000); // the third
    watch.deltas.set(SIDE_ASK, 1002, 5);
    expect(watch.top(10, 20, 15)).toBe(1);
    expect(watch.said).toEqual([0.6, 80, 20, 10]);
  });

  it("watches for one side when told so", () => {
    const bids = new Watch({ direction: "bid" });
    const asks = new Watch({ direction: "ask" });
    expect([bids.top(1, 9, 1), bids.top(2, 1, 9), bids.top(3, 9, 1)]).toEqual([1, 0, 1]);
    expect([asks.top(1, 9, 1), asks.top(2, 1, 9), asks.top(3, 9, 1)]).toEqual([0, 1, 0]);
  });

  it("fires once, and for the same side again only after the imbalance was back at the release", () => {
    const watch = new Watch();
    expect(watch.top(10, 80, 20)).toBe(1);
    expect(watch.top(11, 90, 10)).toBe(0);
    expect(watch.top(12, 66, 34)).toBe(0); // 0.32 is above half of the threshold
    expect(watch.top(13, 80, 20)).toBe(0);
    expect(watch.top(14, 65, 35)).toBe(0); // 0.3
    expect(watch.top(15, 80, 20)).toBe(1);
    const strict = new Watch({ release: 0 });
    expect([strict.top(1, 20, 80), strict.top(2, 49, 51), strict.top(3, 20, 80), strict.top(4, 50, 50), strict.top(5, 20, 80)]).toEqual([1, 0, 0, 0, 1]);
  });

  it("waits until the lean has held, and shows it on the first event at or after that", () => {
    const watch = new Watch({ holdNs: 100 });
    expect(watch.top(10, 80, 20)).toBe(0);
    expect(watch.top(109, 85, 15)).toBe(0);
    expect(watch.top(110, 90, 10)).toBe(1);
    expect(watch.said).toEqual([0.8, 90, 10, 10]);
    expect(watch.top(400, 95, 5)).toBe(0);
  });

  it("a break begins the hold anew, and a lean that ends when it would be seen was none", () => {
    const watch = new Watch({ holdNs: 100 });
    watch.top(10, 80, 20);
    expect(watch.top(60, 79, 21)).toBe(0);
    expect(watch.top(61, 80, 20)).toBe(0);
    expect(watch.top(150, 81, 19)).toBe(0);
    expect(watch.top(200, 50, 50)).toBe(0);
    expect(watch.mark(1000)).toEqual([]);
  });

  it("a lean to the other side begins its own hold", () => {
    const watch = new Watch({ holdNs: 100 });
    watch.top(10, 80, 20);
    expect(watch.top(100, 20, 80)).toBe(0);
    expect(watch.top(199, 20, 81)).toBe(0);
    expect(watch.top(200, 20, 82)).toBe(1);
    expect(watch.said[IMBALANCE_SINCE]).toBe(100);
  });

  it("is shown by an event that left the levels as they were, and by the watermark, as of the last whole event", () => {
    const watch = new Watch({ holdNs: 100 });
    watch.top(10, 80, 20);
    watch.top(10, 20, 80, 1);
    expect([watch.quiet(109), watch.quiet(110), watch.quiet(111)]).toEqual([0, 1, 0]);
    expect(watch.mark(109)).toEqual([]);
    watch.deltas.set(SIDE_BID, 1000, 1, false, 1); // half of an event
    expect(watch.mark(110)).toEqual([1]);
    expect(watch.said).toEqual([-0.6, 20, 80, 10]);
    expect(watch.mark(500)).toEqual([]);
  });

  it("the watermark finds what is due of any lane, whatever order the leans began in", () => {
    const watch = new Watch({ holdNs: 100 });
    watch.top(50, 80, 20, 2);
    watch.top(40, 80, 20, 0);
    watch.top(60, 80, 20, 1);
    expect(watch.mark(139)).toEqual([]);
    expect(watch.mark(140)).toEqual([0]);
    watch.top(141, 50, 50, 2);
    expect(watch.mark(159)).toEqual([]);
    expect(watch.mark(160)).toEqual([1]);
  });

  it("the end of the input is no time that passed", () => {
    const watch = new Watch({ holdNs: 100 });
    watch.top(10, 80, 20);
    expect(watch.mark(TIME_END)).toEqual([]);
  });

  it("an empty side outweighs nothing: one is imbalance in full, with two there is none", () => {
    const watch = new Watch({ holdNs: 100 });
    expect(watch.top(10, 80, 0)).toBe(0);
    expect(watch.top(20, 0, 0)).toBe(0);
    expect(watch.top(30, 80, 0)).toBe(0);
    expect(watch.mark(129)).toEqual([]);
    expect(watch.mark(130)).toEqual([0]);
    expect(watch.said.slice(0, 3)).toEqual([1, 80, 0]);
  });

  it("an event stamped before the newest counts at the newest, one without a time to believe too", () => {
    const watch = new Watch({ holdNs: 100 });
    expect(watch.top(TIME_UNSET, 80, 20)).toBe(0);
    watch.top(100, 50, 50);
    expect(watch.top(10, 80, 20)).toBe(0);
    expect(watch.mark(199)).toEqual([]);
    expect(watch.top(TIME_UNSET, 80, 19)).toBe(0);
    expect(watch.mark(200)).toEqual([0]);
  });

  it("forgets a lane when it is told to: what leaned and what was told of", () => {
    const watch = new Watch({ holdNs: 100 });
    watch.top(0, 80, 20);
    watch.pattern.forget(0);
    expect(watch.mark(100)).toEqual([]);
    watch.top(200, 81, 20);
    expect(watch.mark(300)).toEqual([0]);
    watch.pattern.forget(0);
    watch.top(400, 80, 20);
    expect(watch.mark(500)).toEqual([0]);
  });

  it.each([
    { levels: 0 },
    { levels: 11 },
    { threshold: 0 },
    { threshold: 1.01 },
    { threshold: Number.NaN },
    { release: 0.6 },
    { release: -0.1 },
    { holdNs: -1 },
    { holdNs: 0.5 },
  ])("refuses %j", (options) => {
    expect(() => new Watch(options)).toThrow("expected");
  });
});

snapshotContract("Imbalance", (arena) => {
  const watch = new Watch({ holdNs: 20, threshold: 0.4 }, arena);
  const time = arena.float64("test.time", 1);
  return {
    step(random) {
      time[0] += random.nextBelow(7);
      const lane = random.nextBelow(LANES);
      const choice = random.nextBelow(20);
      if (choice === 0) watch.pattern.forget(lane);
      if (choice < 4) {
        const due = watch.mark(time[0] - random.nextBelow(9));
        return [due, due.length > 0 ? watch.said : []];
      }
      const fired = choice < 8 ? watch.quiet(time[0], lane) : watch.top(time[0] - random.nextBelow(3), random.nextBelow(60), random.nextBelow(60), lane);
      return [fired, fired === 1 ? watch.said : []];
    },
  };
});
