import { beforeEach, describe, expect, it } from "vitest";
import { isStreamError } from "../kernel/core/errors.ts";
import { EMPTY, REJECTED } from "../kernel/core/status.ts";
import { SIDE_ASK, SIDE_BID } from "../kernel/record/header.ts";
import {
  EVENT_ADDED,
  EVENT_CROSSED,
  EVENT_DELETED,
  EVENT_EXECUTED,
  EVENT_EXECUTED_AT,
  EVENT_PRINTED,
  EVENT_REDUCED,
  EVENT_REPLACED,
  EVENTS_MAX,
} from "./event-log.ts";
import { MatchingEngine, QTY_MAX, SUBMIT_IMMEDIATE, SUBMIT_IMPROVED, SUBMIT_NAMED } from "./matching-engine.ts";
import { bookTruth } from "./truth.ts";

let engine: MatchingEngine;

beforeEach(() => {
  engine = new MatchingEngine(2, 16, 1024);
});

function events(): string[] {
  const { log } = engine;
  return Array.from({ length: log.count }, (_, i) => {
    const parts = [log.kind[i], log.qty[i], log.price[i]];
    return parts.join(" ");
  });
}

function rest(side: number, tick: number, qty: number, flags = 0): number {
  engine.log.clear();
  const slot = engine.submit(0, side, tick, qty, flags);
  expect(slot).toBeGreaterThanOrEqual(0);
  engine.log.clear();
  return slot;
}

describe("a limit order", () => {
  it("rests when nothing on the other side reaches it", () => {
    const slot = engine.submit(0, SIDE_BID, 100, 7, SUBMIT_NAMED);
    expect(events()).toEqual([`${EVENT_ADDED} 7 10000`]);
    expect(engine.log.flag[0]).toBe(1);
    expect([engine.tickOf(slot), engine.qtyOf(slot), engine.sideOf(slot), engine.refOf(slot)]).toEqual([100, 7, SIDE_BID, 1]);
    expect(engine.bestTick(0, SIDE_BID)).toBe(100);
    expect(engine.bestTick(0, SIDE_ASK)).toBe(EMPTY);
    expect(engine.bestTick(1, SIDE_BID)).toBe(EMPTY);
  });

  it("matches the best price first, at each price the oldest first, and rests with what is left", () => {
    const far = rest(SIDE_ASK, 102, 5);
    const first = rest(SIDE_ASK, 101, 3);
    const second = rest(SIDE_ASK, 101, 4);
    const refs = [first, second, far].map((slot) => engine.refOf(slot));
    engine.submit(0, SIDE_BID, 102, 20, 0);
    expect(events()).toEqual([`${EVENT_EXECUTED} 3 10100`, `${EVENT_EXECUTED} 4 10100`, `${EVENT_EXECUTED} 5 10200`, `${EVENT_ADDED} 8 10200`]);
    expect([...engine.log.ref.subarray(0, 3)]).toEqual(refs);
    expect([...engine.log.match.subarray(0, 3)]).toEqual([1, 2, 3]);
    expect(bookTruth(engine, 0)).toEqual({ bids: [{ price: 10200, qty: 8, orders: 1 }], asks: [] });
    expect(engine.lastTick[0]).toBe(102);
  });

  it("leaves the rest of a partly filled order at the front of its queue", () => {
    const first = rest(SIDE_BID, 50, 10);
    rest(SIDE_BID, 50, 10);
    engine.submit(0, SIDE_ASK, 50, 4, 0);
    engine.submit(0, SIDE_ASK, 50, 2, 0);
    expect(engine.firstAt(0, 50)).toBe(first);
    expect(engine.qtyOf(first)).toBe(4);
  });

  it("is dropped where it does not match when it is immediate", () => {
    rest(SIDE_ASK, 101, 3);
    expect(engine.submit(0, SIDE_BID, 101, 9, SUBMIT_IMMEDIATE)).toBe(EMPTY);
    expect(events()).toEqual([`${EVENT_EXECUTED} 3 10100`]);
    expect(engine.liveCount[0]).toBe(0);
  });

  it("is a market order at the end of the window", () => {
    rest(SIDE_ASK, 900, 3);
    rest(SIDE_BID, 3, 3);
    expect(engine.submit(0, SIDE_BID, engine.marketTick(0, SIDE_BID), 3, SUBMIT_IMMEDIATE)).toBe(EMPTY);
    expect(engine.submit(0, SIDE_ASK, engine.marketTick(0, SIDE_ASK), 3, SUBMIT_IMMEDIATE)).toBe(EMPTY);
    expect(engine.liveCount[0]).toBe(0);
  });

  it("prints half a tick better when it is improved on", () => {
    rest(SIDE_ASK, 101, 3);
    rest(SIDE_BID, 99, 3);
    engine.submit(0, SIDE_BID, 101, 1, SUBMIT_IMPROVED);
    engine.submit(0, SIDE_ASK, 99, 1, SUBMIT_IMPROVED);
    expect(events()).toEqual([`${EVENT_EXECUTED_AT} 1 10050`, `${EVENT_EXECUTED_AT} 1 9950`]);
  });

  it("is refused outside the window, with an impossible quantity and without a free slot", () => {
    for (const [tick, qty] of [
      [0, 1],
      [1025, 1],
      [5, 0],
      [5, QTY_MAX + 1],
    ]) {
      expect(engine.submit(0, SIDE_BID, tick, qty, 0)).toBe(REJECTED);
    }
    for (let i = 0; i < 16; i++) rest(SIDE_BID, 10 + i, 1);
    expect(engine.submit(0, SIDE_BID, 9, 1, 0)).toBe(REJECTED);
    expect(engine.submit(1, SIDE_BID, 9, 1, 0)).toBeGreaterThanOrEqual(0);
    expect(engine.liveCount[0]).toBe(16);
  });
});

describe("a resting order", () => {
  it("keeps its place when reduced and leaves when reduced to nothing", () => {
    const first = rest(SIDE_BID, 50, 10);
    rest(SIDE_BID, 50, 10);
    engine.reduce(first, 4);
    expect(events()).toEqual([`${EVENT_REDUCED} 4 5000`]);
    expect(engine.firstAt(0, 50)).toBe(first);
    engine.log.clear();
    engine.reduce(first, 6);
    expect(events()).toEqual([`${EVENT_DELETED} 6 5000`]);
    expect(engine.firstAt(0, 50)).not.toBe(first);
  });

  it("loses its place and its reference when replaced", () => {
    const first = rest(SIDE_BID, 50, 10);
    const second = rest(SIDE_BID, 50, 10);
    expect(engine.replace(first, 50, 10)).toBe(first);
    expect(events()).toEqual([`${EVENT_REPLACED} 10 5000`]);
    expect([engine.log.ref[0], engine.log.ref2[0]]).toEqual([1, 3]);
    expect(engine.firstAt(0, 50)).toBe(second);
    expect(engine.behind(second)).toBe(first);
    expect(engine.behind(first)).toBe(EMPTY);
  });

  it("leaves and matches when replaced to a price that reaches the other side", () => {
    rest(SIDE_ASK, 60, 4);
    const bid = rest(SIDE_BID, 50, 10);
    engine.replace(bid, 60, 10);
    expect(events()).toEqual([`${EVENT_DELETED} 10 5000`, `${EVENT_EXECUTED} 4 6000`, `${EVENT_ADDED} 6 6000`]);
  });

  it("stands when its replacement is refused", () => {
    const bid = rest(SIDE_BID, 50, 10);
    expect(engine.replace(bid, 0, 10)).toBe(REJECTED);
    expect(engine.replace(bid, 50, 0)).toBe(REJECTED);
    expect(engine.log.count).toBe(0);
    expect(engine.refOf(bid)).toBe(1);
  });
});

describe("a halt", () => {
  it("lets orders rest, shrink and leave, but nothing match", () => {
    rest(SIDE_ASK, 60, 4);
    const bid = rest(SIDE_BID, 50, 10);
    engine.halt(0);
    expect(engine.isHalted(0)).toBe(true);
    expect(engine.submit(0, SIDE_BID, 60, 1, 0)).toBe(REJECTED);
    expect(engine.submit(0, SIDE_BID, 60, 1, SUBMIT_IMMEDIATE)).toBe(REJECTED);
    expect(engine.submit(0, SIDE_BID, 55, 1, SUBMIT_IMMEDIATE)).toBe(REJECTED);
    expect(engine.replace(bid, 60, 1)).toBe(REJECTED);
    expect(engine.printHidden(0, 55, 1)).toBe(REJECTED);
    expect(engine.cross(0, SIDE_BID, 1, 1, 55, 0x48)).toBe(REJECTED);
    expect(engine.log.count).toBe(0);
    engine.submit(0, SIDE_BID, 55, 2, 0);
    engine.reduce(bid, 1);
    engine.cancel(bid);
    expect(engine.log.count).toBe(3);
    engine.resume(0);
    engine.submit(0, SIDE_BID, 60, 1, 0);
    expect(engine.log.kind[3]).toBe(EVENT_EXECUTED);
  });
});

describe("an undisplayed trade", () => {
  it("prints between the best prices and changes no book", () => {
    rest(SIDE_ASK, 60, 4);
    rest(SIDE_BID, 50, 10);
    const before = bookTruth(engine, 0);
    expect(engine.printHidden(0, 55, 300)).toBe(300);
    expect(events()).toEqual([`${EVENT_PRINTED} 300 5500`]);
    expect(engine.printHidden(0, 61, 300)).toBe(REJECTED);
    expect(engine.printHidden(0, 49, 300)).toBe(REJECTED);
    expect(engine.printHidden(1, 55, 300)).toBe(REJECTED);
    expect(bookTruth(engine, 0)).toEqual(before);
  });
});

describe("an auction", () => {
  it("executes the displayed side it reaches at one price and prints all its shares once", () => {
    rest(SIDE_ASK, 60, 4);
    rest(SIDE_ASK, 61, 4);
    rest(SIDE_ASK, 70, 4);
    expect(engine.cross(0, SIDE_BID, 6, 100, 55, 0x4f)).toBe(106);
    expect(events()).toEqual([`${EVENT_EXECUTED_AT} 4 6100`, `${EVENT_EXECUTED_AT} 2 6100`, `${EVENT_CROSSED} 106 6100`]);
    expect([...engine.log.flag.subarray(0, 3)]).toEqual([0x4e, 0x4e, 0x4f]);
    expect(bookTruth(engine, 0).asks).toEqual([
      { price: 6100, qty: 2, orders: 1 },
      { price: 7000, qty: 4, orders: 1 },
    ]);
  });

  it("prints at the reference price when no displayed order takes part, and not at all without shares", () => {
    rest(SIDE_ASK, 60, 4);
    expect(engine.cross(0, SIDE_BID, 0, 100, 55, 0x4f)).toBe(100);
    expect(engine.cross(0, SIDE_ASK, 9, 50, 54, 0x4f)).toBe(50);
    expect(engine.cross(0, SIDE_ASK, 9, 0, 54, 0x4f)).toBe(0);
    expect(events()).toEqual([`${EVENT_CROSSED} 100 5500`, `${EVENT_CROSSED} 50 5400`]);
  });

  it("clears at the last displayed order when there are fewer shares than wanted", () => {
    rest(SIDE_BID, 40, 4);
    rest(SIDE_BID, 30, 4);
    expect(engine.cross(0, SIDE_ASK, 100, 0, 55, 0x4f)).toBe(8);
    expect(events().at(-1)).toBe(`${EVENT_CROSSED} 8 3000`);
  });
});

describe("bounds", () => {
  it("stop a sweep one event short of the log and count it", () => {
    const wide = new MatchingEngine(1, 1024, 1024);
    for (let i = 0; i < 1000; i++) {
      wide.log.clear();
      wide.submit(0, SIDE_ASK, 10, 1, 0);
    }
    wide.log.clear();
    expect(wide.submit(0, SIDE_BID, 10, 1000, 0)).toBe(EMPTY);
    expect(wide.log.count).toBe(EVENTS_MAX - 1);
    expect(wide.sweepsCut).toBe(1);
    expect(wide.liveCount[0]).toBe(1000 - (EVENTS_MAX - 1));
    wide.log.clear();
    expect(wide.cross(0, SIDE_BID, 1000, 0, 10, 0x4f)).toBe(489);
  });

  it("refuse sizes that are not powers of two", () => {
    for (const [orders, window] of [
      [15, 1024],
      [16, 1000],
      [16, 512],
    ]) {
      let caught: unknown;
      try {
        new MatchingEngine(1, orders, window);
      } catch (error) {
        caught = error;
      }
      expect(isStreamError(caught, "VALUE_RANGE")).toBe(true);
    }
  });
});
