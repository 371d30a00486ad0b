/**
 * The matching engine against one that keeps its orders in a list and sorts it for every match: equal events, equal books, at
 * every command of random sessions, with halts, auctions and refusals among them.
 */
import * as fc from "fast-check";
import { expect, it } from "vitest";
import { Random } from "../kernel/core/random.ts";
import { REJECTED } from "../kernel/core/status.ts";
import { SIDE_ASK, SIDE_BID } from "../kernel/record/header.ts";
import { EVENT_ADDED, EVENT_CROSSED, EVENT_DELETED, EVENT_EXECUTED, EVENT_EXECUTED_AT, EVENT_PRINTED, EVENT_REDUCED, EVENT_REPLACED } from "./event-log.ts";
import { MatchingEngine, SUBMIT_IMMEDIATE, SUBMIT_IMPROVED } from "./matching-engine.ts";
import { bookTruth, type LevelTruth } from "./truth.ts";

const ORDERS_MAX = 16;
const WINDOW = 1024;
const INSTRUMENTS = 3;

interface NaiveOrder {
  instrument: number;
  side: number;
  tick: number;
  qty: number;
  ref: number;
}

/** Orders in one list, in time order. */
class NaiveEngine {
  orders: NaiveOrder[] = [];
  events: number[][] = [];
  halted = new Set<number>();
  accepted = 0;
  executed = 0;
  removed = 0;
  private ref = 0;
  private match = 0;

  queue(instrument: number, side: number): NaiveOrder[] {
    const worse = side === SIDE_BID ? -1 : 1;
    return this.orders.filter((o) => o.instrument === instrument && o.side === side).sort((a, b) => (a.tick - b.tick) * worse || a.ref - b.ref);
  }

  submit(instrument: number, side: number, tick: number, qty: number, flags: number): boolean {
    const immediate = (flags & SUBMIT_IMMEDIATE) !== 0;
    if (tick < 1 || tick > WINDOW || qty < 1) return false;
    if (!immediate && this.orders.filter((o) => o.instrument === instrument).length === ORDERS_MAX) return false;
    const reachable = this.queue(instrument, side ^ 1).filter((o) => (side === SIDE_BID ? o.tick <= tick : o.tick >= tick));
    if (this.halted.has(instrument) && (reachable.length > 0 || immediate)) return false;
    const improvement = side === SIDE_BID ? -50 : 50;
    let left = qty;
    for (const order of reachable) {
      if (left === 0) break;
      const fill = Math.min(left, order.qty);
      left -= fill;
      if ((flags & SUBMIT_IMPROVED) !== 0) this.fill(order, fill, order.tick * 100 + improvement, EVENT_EXECUTED_AT);
      else this.fill(order, fill, order.tick * 100, EVENT_EXECUTED);
    }
    this.accepted += qty - (immediate ? left : 0);
    this.executed += qty - left;
    if (left > 0 && !immediate) {
      this.orders.push({ instrument, side, tick, qty: left, ref: ++this.ref });
      this.events.push([EVENT_ADDED, instrument, side, left, tick * 100, this.ref]);
    }
    return true;
  }

  fill(order: NaiveOrder, qty: number, price: number, kind: number): void {
    this.events.push([kind, order.instrument, order.side, qty, price, order.ref, ++this.match]);
    order.qty -= qty;
    this.executed += qty;
    if (order.qty === 0) this.orders.splice(this.orders.indexOf(order), 1);
  }

  cancel(order: NaiveOrder): void {
    this.events.push([EVENT_DELETED, order.instrument, order.side, order.qty, order.tick * 100, order.ref]);
    this.removed += order.qty;
    this.orders.splice(this.orders.indexOf(order), 1);
  }

  reduce(order: NaiveOrder, by: number): void {
    if (by >= order.qty) {
      this.cancel(order);
      return;
    }
    order.qty -= by;
    this.removed += by;
    this.events.push([EVENT_REDUCED, order.instrument, order.side, by, order.tick * 100, order.ref]);
  }

  replace(order: NaiveOrder, tick: number, qty: number): boolean {
    if (tick < 1 || tick > WINDOW || qty < 1) return false;
    const best = this.queue(order.instrument, order.side ^ 1)[0];
    const reaches = best !== undefined && (order.side === SIDE_BID ? best.tick <= tick : best.tick >= tick);
    if (reaches && this.halted.has(order.instrument)) return false;
    if (reaches) {
      this.cancel(order);
      return this.submit(order.instrument, order.side, tick, qty, 0);
    }
    this.events.push([EVENT_REPLACED, order.instrument, order.side, qty, tick * 100, order.ref, ++this.ref]);
    this.removed += order.qty;
    this.accepted += qty;
    this.orders.splice(this.orders.indexOf(order), 1);
    this.orders.push({ ...order, tick, qty, ref: this.ref });
    return true;
  }

  hidden(instrument: number, tick: number, qty: number): boolean {
    const bid = this.queue(instrument, SIDE_BID)[0];
    const ask = this.queue(instrument, SIDE_ASK)[0];
    if (this.halted.has(instrument) || bid === undefined || ask === undefined || tick < bid.tick || tick > ask.tick) return false;
    this.events.push([EVENT_PRINTED, instrument, SIDE_BID, qty, tick * 100, ++this.match]);
    return true;
  }

  cross(instrument: number, side: number, qty: number, paired: number, reference: number): boolean {
    if (this.halted.has(instrument)) return false;
    const reached: [NaiveOrder, number][] = [];
    let left = qty;
    for (const order of this.queue(instrument, side ^ 1)) {
      if (left === 0) break;
      const fill = Math.min(left, order.qty);
      left -= fill;
      reached.push([order, fill]);
    }
    const price = (reached.at(-1)?.[0].tick ?? reference) * 100;
    for (const [order, fill] of reached) {
      this.fill(order, fill, price, EVENT_EXECUTED_AT);
      this.accepted += fill;
      this.executed += fill;
    }
    if (qty - left + paired > 0) this.events.push([EVENT_CROSSED, instrument, side, qty - left + paired, price, ++this.match]);
    return true;
  }

  levels(instrument: number, side: number): LevelTruth[] {
    const levels: { price: number; qty: number; orders: number }[] = [];
    for (const order of this.queue(instrument, side)) {
      const last = levels.at(-1);
      if (last?.price === order.tick * 100) {
        last.qty += order.qty;
        last.orders++;
      } else levels.push({ price: order.tick * 100, qty: order.qty, orders: 1 });
    }
    return levels;
  }
}

/** The log's rows in the shape of the naive engine's. */
function rows(engine: MatchingEngine): number[][] {
  const { log } = engine;
  return Array.from({ length: log.count }, (_, i) => {
    const row = [log.kind[i], log.instrument[i], log.side[i], log.qty[i], log.price[i]];
    if (log.kind[i] === EVENT_PRINTED || log.kind[i] === EVENT_CROSSED) row.push(log.match[i]);
    else row.push(log.ref[i]);
    if (log.kind[i] === EVENT_REPLACED) row.push(log.ref2[i]);
    if (log.kind[i] === EVENT_EXECUTED || log.kind[i] === EVENT_EXECUTED_AT) row.push(log.match[i]);
    return row;
  });
}

/** One random command to both; returns whether each accepted it. */
function command(engine: MatchingEngine, naive: NaiveEngine, random: Random, span: number): [boolean, boolean] {
  const instrument = random.nextBelow(INSTRUMENTS);
  const side = random.nextBelow(2);
  const tick = random.nextBelow(40) === 0 ? random.nextBelow(WINDOW + 2) : 500 + random.nextBelow(span);
  const qty = random.nextBelow(30);
  const live = engine.liveCount[instrument];
  const slot = live === 0 ? -1 : engine.liveSlot(instrument, random.nextBelow(live));
  const order = slot < 0 ? undefined : naive.orders.find((o) => o.ref === engine.refOf(slot));
  expect(slot < 0).toBe(order === undefined);
  switch (random.nextBelow(12)) {
    case 0:
      return [engine.printHidden(instrument, tick, qty + 1) !== REJECTED, naive.hidden(instrument, tick, qty + 1)];
    case 1:
      return [engine.cross(instrument, side, qty, 3, tick, 0x4f) !== REJECTED, naive.cross(instrument, side, qty, 3, tick)];
    case 2:
      if (engine.isHalted(instrument)) {
        engine.resume(instrument);
        naive.halted.delete(instrument);
      } else if (random.nextBelow(3) === 0) {
        engine.halt(instrument);
        naive.halted.add(instrument);
      }
      return [true, true];
    case 3:
      if (order !== undefined) engine.cancel(slot);
      if (order !== undefined) naive.cancel(order);
      return [true, true];
    case 4:
      if (order !== undefined) engine.reduce(slot, qty + 1);
      if (order !== undefined) naive.reduce(order, qty + 1);
      return [true, true];
    case 5:
    case 6:
      return order === undefined ? [true, true] : [engine.replace(slot, tick, qty) !== REJECTED, naive.replace(order, tick, qty)];
    default: {
      const flags = [0, 0, 0, SUBMIT_IMMEDIATE, SUBMIT_IMPROVED][random.nextBelow(5)];
      return [engine.submit(instrument, side, tick, qty, flags) !== REJECTED, naive.submit(instrument, side, tick, qty, flags)];
    }
  }
}

it("the engine does what an engine with a sorted list does", () => {
  let executions = 0;
  fc.assert(
    fc.property(fc.integer(), fc.integer({ min: 2, max: 60 }), (seed, span) => {
      const random = new Random(new Int32Array(4), seed);
      const engine = new MatchingEngine(INSTRUMENTS, ORDERS_MAX, WINDOW);
      const naive = new NaiveEngine();
      for (let i = 0; i < 300; i++) {
        engine.log.clear();
        naive.events = [];
        const [accepted, expected] = command(engine, naive, random, span);
        expect(accepted).toBe(expected);
        expect(rows(engine)).toEqual(naive.events);
        if (!accepted) expect(engine.log.count).toBe(0);
        executions += naive.events.filter((row) => row[0] === EVENT_EXECUTED).length;
      }
      let resting = 0;
      for (let i = 0; i < INSTRUMENTS; i++) {
        const truth = bookTruth(engine, i);
        expect(truth).toEqual({ bids: naive.levels(i, SIDE_BID), asks: naive.levels(i, SIDE_ASK) });
        if (truth.bids.length > 0 && truth.asks.length > 0) expect(truth.bids[0].price).toBeLessThan(truth.asks[0].price);
        for (const level of [...truth.bids, ...truth.asks]) resting += level.qty;
      }
      expect(naive.accepted).toBe(naive.executed + naive.removed + resting);
    }),
    { numRuns: 100, seed: 20_261_120 },
  );
  expect(executions).toBeGreaterThan(1_000);
});
