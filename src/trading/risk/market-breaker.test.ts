import { describe, expect, it } from "vitest";
import { snapshotContract } from "../../../test/contract/snapshot.ts";
import { EMPTY } from "../../kernel/core/status.ts";
import { TIME_END, TIME_UNSET } from "../../kernel/core/units.ts";
import { Arena } from "../../kernel/memory/arena.ts";
import { REASON_BREAKER_OPEN, REASON_NONE } from "../../kernel/record/ack.ts";
import { TAPE_LENGTH } from "../../kernel/record/tape.ts";
import {
  BREAKER_COOLDOWN,
  BREAKER_NORMAL,
  BREAKER_RECOVERING,
  BREAKER_TRIPPED,
  BREAKER_WARNING,
  CHANGE_AT,
  CHANGE_FROM,
  CHANGE_MOVE,
  CHANGE_PRICE,
  CHANGE_TO,
  MarketBreaker,
  type BreakerOptions,
} from "./market-breaker.ts";

class Guard {
  readonly tape = new Float64Array(TAPE_LENGTH);
  readonly clock = Float64Array.of(TIME_UNSET);
  readonly breaker: MarketBreaker;

  constructor(options: Partial<BreakerOptions> = {}, arena?: Arena) {
    const over = arena ?? Arena.create("breaker", 1 << 20);
    const given: BreakerOptions = { lanes: 2, threshold: 0.05, overNs: 100, cooldownNs: 1000, then: "suppress", dwellNs: 50, recoverNs: 200, ...options };
    this.breaker = new MarketBreaker(over, given, this.tape, this.clock);
    if (arena === undefined) over.seal();
  }

  trade(ts: number, price: number, lane = 0): number {
    this.tape.set([price, 1, ts, ts]);
    return this.breaker.onTrade(lane);
  }

  /** Changes by time at a watermark: [lane, from, to, at]. */
  watermark(at: number): number[][] {
    this.clock[0] = at;
    const changes: number[][] = [];
    if (!this.breaker.isDue()) return changes;
    for (const lane of [0, 1]) {
      while (this.breaker.nextDue(lane) >= 0)
        changes.push([lane, this.breaker.result[CHANGE_FROM], this.breaker.result[CHANGE_TO], this.breaker.result[CHANGE_AT]]);
    }
    this.breaker.settle();
    return changes;
  }
}

describe("MarketBreaker", () => {
  it("trips on a fall of the threshold within the span and says what it saw", () => {
    const guard = new Guard();
    expect(guard.trade(0, 10_000)).toBe(EMPTY);
    expect(guard.trade(50, 9_500)).toBe(BREAKER_TRIPPED);
    const result = guard.breaker.result;
    expect([result[CHANGE_FROM], result[CHANGE_TO], result[CHANGE_AT], result[CHANGE_MOVE], result[CHANGE_PRICE]]).toEqual([
      BREAKER_NORMAL,
      BREAKER_TRIPPED,
      50,
      0.05,
      9_500,
    ]);
    expect(guard.breaker.isOpen(0)).toBe(true);
    expect(guard.breaker.trips).toBe(1);
  });

  it("trips on a rise as well", () => {
    const guard = new Guard();
    guard.trade(0, 10_000);
    expect(guard.trade(50, 10_500)).toBe(BREAKER_TRIPPED);
  });

  it("does not trip on the same fall over a longer time", () => {
    const guard = new Guard();
    guard.trade(0, 10_000);
    expect(guard.trade(101, 9_500)).toBe(EMPTY);
    expect(guard.breaker.stateAt(0)).toBe(BREAKER_NORMAL);
  });

  it("warns at half of the threshold without withholding orders, and calms down after the dwell", () => {
    const guard = new Guard();
    guard.trade(0, 10_000);
    expect(guard.trade(10, 9_750)).toBe(BREAKER_WARNING);
    expect(guard.breaker.isOpen(0)).toBe(false);
    // A move between calm (2%) and warn (2.5%) holds the warning, but would not have begun one.
    expect(guard.trade(40, 9_790)).toBe(EMPTY);
    expect(guard.watermark(89)).toEqual([]);
    expect(guard.watermark(90)).toEqual([[0, BREAKER_WARNING, BREAKER_NORMAL, 90]]);
  });

  it("goes through cooldown and recovery back to normal by time alone, each change at its own time", () => {
    const guard = new Guard();
    guard.trade(0, 10_000);
    guard.trade(10, 9_000);
    expect(guard.watermark(59)).toEqual([]);
    expect(guard.watermark(60)).toEqual([[0, BREAKER_TRIPPED, BREAKER_COOLDOWN, 60]]);
    expect(guard.breaker.isOpen(0)).toBe(true);
    expect(guard.watermark(TIME_END)).toEqual([
      [0, BREAKER_COOLDOWN, BREAKER_RECOVERING, 1060],
      [0, BREAKER_RECOVERING, BREAKER_NORMAL, 1260],
    ]);
    expect(guard.breaker.isOpen(0)).toBe(false);
  });

  it("lets orders pass while recovering, and trips again at a mere warning", () => {
    const guard = new Guard();
    guard.trade(0, 10_000);
    guard.trade(10, 9_000);
    guard.watermark(1060);
    expect(guard.breaker.stateAt(0)).toBe(BREAKER_RECOVERING);
    expect(guard.breaker.reasonAgainst(0)).toBe(REASON_NONE);
    guard.trade(1100, 9_000);
    expect(guard.trade(1110, 8_770)).toBe(BREAKER_TRIPPED);
    expect(guard.breaker.trips).toBe(2);
  });

  it("stays tripped while the price keeps moving, and starts the cooldown again when it moves in it", () => {
    const guard = new Guard();
    guard.trade(0, 10_000);
    guard.trade(10, 9_000);
    guard.trade(40, 8_900);
    expect(guard.watermark(89)).toEqual([]);
    expect(guard.watermark(90)).toEqual([[0, BREAKER_TRIPPED, BREAKER_COOLDOWN, 90]]);
    guard.trade(500, 8_900);
    expect(guard.trade(520, 8_700)).toBe(EMPTY);
    expect(guard.watermark(1519)).toEqual([]);
    expect(guard.watermark(1520)).toEqual([[0, BREAKER_COOLDOWN, BREAKER_RECOVERING, 1520]]);
  });

  it("passes time by a trade too, and reports several changes as one", () => {
    const guard = new Guard();
    guard.trade(0, 10_000);
    guard.trade(10, 9_000);
    expect(guard.trade(5000, 9_000)).toBe(BREAKER_NORMAL);
    expect([guard.breaker.result[CHANGE_FROM], guard.breaker.result[CHANGE_AT]]).toEqual([BREAKER_TRIPPED, 1260]);
  });

  it("ends in the same state whether time passed by watermarks or by trades", () => {
    const byTrade = new Guard();
    const byWatermark = new Guard();
    for (const guard of [byTrade, byWatermark]) {
      guard.trade(0, 10_000);
      guard.trade(10, 9_000);
    }
    byTrade.trade(1100, 9_000);
    byWatermark.watermark(700);
    byWatermark.watermark(1100);
    byWatermark.trade(1100, 9_000);
    for (const guard of [byTrade, byWatermark])
      expect([guard.breaker.stateAt(0), guard.watermark(1259), guard.watermark(1260)]).toEqual([BREAKER_RECOVERING, [], [[0, 4, 0, 1260]]]);
  });

  it("withholds orders when open, or only tags them", () => {
    const suppress = new Guard();
    const tag = new Guard({ then: "tag" });
    for (const guard of [suppress, tag]) {
      guard.trade(0, 10_000);
      guard.trade(10, 9_000);
      expect(guard.breaker.isOpen(0)).toBe(true);
      expect(guard.breaker.isOpen(1)).toBe(false);
    }
    expect([suppress.breaker.reasonAgainst(0), tag.breaker.reasonAgainst(0), suppress.breaker.reasonAgainst(1)]).toEqual([
      REASON_BREAKER_OPEN,
      REASON_NONE,
      REASON_NONE,
    ]);
  });

  it("takes trades out of order into the range without moving the state", () => {
    const guard = new Guard();
    guard.trade(0, 9_600);
    guard.trade(100, 9_600);
    expect(guard.trade(90, 10_000)).toBe(EMPTY);
    expect(guard.breaker.stateAt(0)).toBe(BREAKER_NORMAL);
    expect(guard.trade(110, 9_500)).toBe(BREAKER_TRIPPED);
  });

  it.each([{ threshold: 0 }, { warnRatio: 0 }, { calmRatio: 2 }, { cooldownNs: 0 }, { dwellNs: 0 }, { recoverNs: 0 }, { overNs: 0 }])(
    "refuses %j",
    (options) => {
      expect(() => new Guard(options)).toThrow("expected");
    },
  );
});

snapshotContract("MarketBreaker", (arena) => {
  const guard = new Guard({ capacity: 8, cooldownNs: 60, recoverNs: 40, dwellNs: 20 }, arena);
  const cells = arena.float64("test.cells", 2);
  if (arena.fresh) cells[1] = TIME_UNSET;
  return {
    step(random) {
      guard.clock[0] = cells[1];
      cells[0] += random.nextBelow(25);
      const lane = random.nextBelow(2);
      const changed = guard.trade(cells[0] - random.nextBelow(8), 1000 + random.nextBelow(70), lane);
      if (random.nextBelow(3) === 0) cells[1] = Math.max(cells[1], cells[0] - 10);
      return [
        changed,
        changed >= 0 ? [...guard.breaker.result] : [],
        guard.watermark(cells[1]),
        guard.breaker.reasonAgainst(0),
        guard.breaker.reasonAgainst(1),
        guard.breaker.trips,
      ];
    },
  };
});
