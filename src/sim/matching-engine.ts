/**
 * A continuous auction for many instruments: price-time priority, one FIFO queue a price level, integer ticks and shares. @hot
 *
 * Promise: after every command no book is crossed or locked, no resting order has zero shares, and shares are conserved
 * (accepted = executed + taken off + resting). A command that a rule forbids is REJECTED and changes nothing. While an instrument
 * is halted orders may rest, shrink, move and leave, but none matches.
 *
 * Bounds: `ordersMax` resting orders and `window` ticks an instrument, EVENTS_MAX events a command; a command that would pass the
 * last stops early and the rest of its quantity is dropped, counted in `sweepsCut`.
 */
import { StreamError } from "../kernel/core/errors.ts";
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
  EventLog,
  PRINTABLE_NO,
  PRINTABLE_YES,
} from "./event-log.ts";
import { NO_LEVEL, PriceLevels } from "./price-levels.ts";

/** Price units of the wire in one tick: a cent at four decimals. */
export const TICK_UNITS = 100;
/** Most shares of one order. */
export const QTY_MAX = 1_000_000_000;

/** Submit: what does not match at once is dropped instead of resting. */
export const SUBMIT_IMMEDIATE = 1;
/** Submit: the resting order carries its participant's name. */
export const SUBMIT_NAMED = 2;
/** Submit: fills are printed half a tick better for the submitter, as a discretionary resting order gives. */
export const SUBMIT_IMPROVED = 4;

export class MatchingEngine {
  readonly instruments: number;
  /** Most resting orders of one instrument. */
  readonly ordersMax: number;
  readonly log: EventLog = new EventLog();
  /** First tick of each instrument's window. */
  readonly firstTick: Int32Array;
  /** Resting orders, by instrument. */
  readonly liveCount: Int32Array;
  /** Tick of the latest execution, by instrument; 0 before the first. */
  readonly lastTick: Int32Array;
  /** Commands stopped by EVENTS_MAX. */
  sweepsCut = 0;
  private readonly levels: PriceLevels;
  /** By instrument, its slots: resting orders first, in no order, then the free ones. */
  private readonly slots: Int32Array;
  private readonly placeOf: Int32Array;
  private readonly qtys: Int32Array;
  private readonly offsets: Int32Array;
  private readonly books: Int32Array;
  private readonly refs: Float64Array;
  private readonly halted: Uint8Array;
  private readonly slotShift: number;
  private lastRef = 0;
  private lastMatch = 0;

  /** `ordersMax` and `window`: powers of two, the window from 1024. */
  constructor(instruments: number, ordersMax: number, window: number) {
    if (!isPowerOfTwo(ordersMax) || !isPowerOfTwo(window) || window < 1024) {
      throw new StreamError("VALUE_RANGE", `expected powers of two, the window from 1024; got ${ordersMax} orders and ${window} ticks`, { ordersMax, window });
    }
    const slots = instruments * ordersMax;
    this.instruments = instruments;
    this.ordersMax = ordersMax;
    this.slotShift = 31 - Math.clz32(ordersMax);
    this.levels = new PriceLevels(instruments, window, slots);
    this.firstTick = new Int32Array(instruments).fill(1);
    this.liveCount = new Int32Array(instruments);
    this.lastTick = new Int32Array(instruments);
    this.slots = new Int32Array(slots);
    this.placeOf = new Int32Array(slots);
    this.qtys = new Int32Array(slots);
    this.offsets = new Int32Array(slots);
    this.books = new Int32Array(slots);
    this.refs = new Float64Array(slots);
    this.halted = new Uint8Array(instruments);
    for (let i = 0; i < slots; i++) this.slots[i] = i;
  }

  /** Tick of the best price of a side, or EMPTY. */
  bestTick(instrument: number, side: number): number {
    const best = this.levels.best((instrument << 1) + side);
    return best === NO_LEVEL ? EMPTY : this.firstTick[instrument] + best;
  }

  isHalted(instrument: number): boolean {
    return this.halted[instrument] !== 0;
  }

  halt(instrument: number): void {
    this.halted[instrument] = 1;
  }

  resume(instrument: number): void {
    this.halted[instrument] = 0;
  }

  /** Slot of the index-th resting order of an instrument, 0 <= index < liveCount; the order of slots changes with every command. */
  liveSlot(instrument: number, index: number): number {
    return this.slots[(instrument << this.slotShift) + index];
  }

  /** Slot of the order that is first in the queue at a tick, or EMPTY. */
  firstAt(instrument: number, tick: number): number {
    const head = this.levels.head(instrument, tick - this.firstTick[instrument]);
    return head === 0 ? EMPTY : head - 1;
  }

  /** Slot of the order behind this one in its queue, or EMPTY. */
  behind(slot: number): number {
    const next = this.levels.next[slot];
    return next === 0 ? EMPTY : next - 1;
  }

  qtyOf(slot: number): number {
    return this.qtys[slot];
  }

  tickOf(slot: number): number {
    return this.firstTick[slot >> this.slotShift] + this.offsets[slot];
  }

  sideOf(slot: number): number {
    return this.books[slot] & 1;
  }

  refOf(slot: number): number {
    return this.refs[slot];
  }

  /** The tick furthest in the direction in which a side gives in: a limit there is a market order. */
  marketTick(instrument: number, side: number): number {
    return side === SIDE_BID ? this.firstTick[instrument] + this.levels.window - 1 : this.firstTick[instrument];
  }

  /**
   * A limit order: matches what it can at the resting orders' prices, then rests. Returns the slot of the resting order, or EMPTY
   * when none is left to rest. REJECTED: tick outside the window, quantity outside 1 .. QTY_MAX, no free slot, or the instrument
   * is halted and the order would match (or may not rest).
   */
  submit(instrument: number, side: number, tick: number, qty: number, flags: number): number {
    const offset = tick - this.firstTick[instrument];
    if (offset < 0 || offset >= this.levels.window || qty < 1 || qty > QTY_MAX) return REJECTED;
    const immediate = (flags & SUBMIT_IMMEDIATE) !== 0;
    if (!immediate && this.liveCount[instrument] === this.ordersMax) return REJECTED;
    let left = qty;
    if (this.reaches(instrument, side, offset)) {
      if (this.halted[instrument] !== 0) return REJECTED;
      left = this.match(instrument, side, offset, qty, (flags & SUBMIT_IMPROVED) !== 0);
    } else if (immediate && this.halted[instrument] !== 0) return REJECTED;
    if (left === 0 || immediate) return EMPTY;
    const book = (instrument << 1) + side;
    const slot = this.take(instrument, book, offset, left);
    const event = this.log.append(EVENT_ADDED, instrument, side, left, tick * TICK_UNITS);
    this.log.ref[event] = this.refs[slot];
    this.log.flag[event] = (flags & SUBMIT_NAMED) !== 0 ? 1 : 0;
    return slot;
  }

  /** Removes a resting order. */
  cancel(slot: number): void {
    this.logOrder(EVENT_DELETED, slot, this.qtys[slot]);
    this.free(slot);
  }

  /** Takes shares off a resting order, which keeps its place; taking all of them removes it. */
  reduce(slot: number, by: number): void {
    if (by >= this.qtys[slot]) {
      this.cancel(slot);
      return;
    }
    this.qtys[slot] -= by;
    this.logOrder(EVENT_REDUCED, slot, by);
  }

  /**
   * Gives a resting order a new price and quantity, and with them a new reference and the last place in its queue. One that now
   * reaches the other side leaves, and is submitted anew. Returns as submit does; on REJECTED the old order stands.
   */
  replace(slot: number, tick: number, qty: number): number {
    const instrument = slot >> this.slotShift;
    const side = this.books[slot] & 1;
    const offset = tick - this.firstTick[instrument];
    if (offset < 0 || offset >= this.levels.window || qty < 1 || qty > QTY_MAX) return REJECTED;
    if (this.reaches(instrument, side, offset)) {
      if (this.halted[instrument] !== 0) return REJECTED;
      this.cancel(slot);
      return this.submit(instrument, side, tick, qty, 0);
    }
    const event = this.log.append(EVENT_REPLACED, instrument, side, qty, tick * TICK_UNITS);
    this.log.ref[event] = this.refs[slot];
    this.levels.remove(this.books[slot], this.offsets[slot], slot);
    this.place(slot, this.books[slot], offset, qty);
    this.log.ref2[event] = this.refs[slot];
    return slot;
  }

  /** A trade between two orders that were never shown: the book does not change. Only between the best prices, and not while halted. */
  printHidden(instrument: number, tick: number, qty: number): number {
    const bid = this.bestTick(instrument, SIDE_BID);
    const ask = this.bestTick(instrument, SIDE_ASK);
    if (this.halted[instrument] !== 0 || bid < 0 || ask < 0 || tick < bid || tick > ask || qty < 1 || qty > QTY_MAX) return REJECTED;
    this.lastTick[instrument] = tick;
    const event = this.log.append(EVENT_PRINTED, instrument, SIDE_BID, qty, tick * TICK_UNITS);
    this.log.match[event] = ++this.lastMatch;
    return qty;
  }

  /**
   * A single-price auction: undisplayed market interest of `qty` shares on `side` takes the other side's queue in price-time order,
   * all at the price of the last order that it reaches, and `paired` undisplayed shares meet each other there; with no displayed
   * shares the price is `referenceTick`. Executions are not printable: one cross print reports them all. Returns its shares.
   */
  cross(instrument: number, side: number, qty: number, paired: number, referenceTick: number, type: number): number {
    if (this.halted[instrument] !== 0) return REJECTED;
    const contra = (instrument << 1) + (side ^ 1);
    const offset = this.clearingOffset(instrument, contra, qty);
    const tick = offset === NO_LEVEL ? referenceTick : this.firstTick[instrument] + offset;
    let left = qty;
    while (left > 0 && this.levels.best(contra) !== NO_LEVEL && this.log.count < EVENTS_MAX - 1) {
      const slot = this.levels.head(instrument, this.levels.best(contra)) - 1;
      const fill = left < this.qtys[slot] ? left : this.qtys[slot];
      left -= fill;
      this.fillResting(slot, fill, tick * TICK_UNITS, PRINTABLE_NO);
    }
    const shares = qty - left + paired;
    if (shares === 0) return 0;
    this.lastTick[instrument] = tick;
    const event = this.log.append(EVENT_CROSSED, instrument, side, shares, tick * TICK_UNITS);
    this.log.match[event] = ++this.lastMatch;
    this.log.flag[event] = type;
    return shares;
  }

  private reaches(instrument: number, side: number, offset: number): boolean {
    const best = this.levels.best((instrument << 1) + (side ^ 1));
    return best !== NO_LEVEL && (side === SIDE_BID ? best <= offset : best >= offset);
  }

  /** Matches against the other side as far as `offset`; returns what is left. */
  private match(instrument: number, side: number, offset: number, qty: number, improved: boolean): number {
    const contra = (instrument << 1) + (side ^ 1);
    const firstTick = this.firstTick[instrument];
    const half = side === SIDE_BID ? -TICK_UNITS / 2 : TICK_UNITS / 2;
    let left = qty;
    while (left > 0 && this.reaches(instrument, side, offset)) {
      if (this.log.count >= EVENTS_MAX - 1) {
        this.sweepsCut++;
        return 0;
      }
      const best = this.levels.best(contra);
      const slot = this.levels.head(instrument, best) - 1;
      const fill = left < this.qtys[slot] ? left : this.qtys[slot];
      left -= fill;
      this.lastTick[instrument] = firstTick + best;
      const price = (firstTick + best) * TICK_UNITS;
      if (improved) this.fillResting(slot, fill, price + half, PRINTABLE_YES);
      else this.fillResting(slot, fill, price, 0);
    }
    return left;
  }

  /** Executes shares of a resting order; `printable` 0 means at the order's own price. */
  private fillResting(slot: number, fill: number, price: number, printable: number): void {
    const book = this.books[slot];
    const event = this.log.append(printable === 0 ? EVENT_EXECUTED : EVENT_EXECUTED_AT, book >> 1, book & 1, fill, price);
    this.log.ref[event] = this.refs[slot];
    this.log.match[event] = ++this.lastMatch;
    this.log.flag[event] = printable;
    if (fill === this.qtys[slot]) this.free(slot);
    else this.qtys[slot] -= fill;
  }

  /** Offset of the last level that `qty` shares reach in a book, or NO_LEVEL; looks no further than the log has room for. */
  private clearingOffset(instrument: number, contra: number, qty: number): number {
    let left = qty;
    let orders = EVENTS_MAX - 1 - this.log.count;
    let offset = this.levels.best(contra);
    if (offset === NO_LEVEL || qty === 0) return NO_LEVEL;
    const step = (contra & 1) === SIDE_ASK ? 1 : -1;
    let reached = offset;
    while (offset >= 0 && offset < this.levels.window) {
      for (let head = this.levels.head(instrument, offset); head !== 0; head = this.levels.next[head - 1]) {
        reached = offset;
        left -= this.qtys[head - 1];
        orders--;
        if (left <= 0 || orders <= 0) return reached;
      }
      offset += step;
    }
    return reached;
  }

  private take(instrument: number, book: number, offset: number, qty: number): number {
    const index = (instrument << this.slotShift) + this.liveCount[instrument]++;
    const slot = this.slots[index];
    this.placeOf[slot] = index;
    this.place(slot, book, offset, qty);
    return slot;
  }

  private place(slot: number, book: number, offset: number, qty: number): void {
    this.qtys[slot] = qty;
    this.books[slot] = book;
    this.offsets[slot] = offset;
    this.refs[slot] = ++this.lastRef;
    this.levels.append(book, offset, slot);
  }

  private free(slot: number): void {
    const instrument = slot >> this.slotShift;
    this.levels.remove(this.books[slot], this.offsets[slot], slot);
    const last = (instrument << this.slotShift) + --this.liveCount[instrument];
    const place = this.placeOf[slot];
    const moved = this.slots[last];
    this.slots[place] = moved;
    this.placeOf[moved] = place;
    this.slots[last] = slot;
    this.qtys[slot] = 0;
  }

  private logOrder(kind: number, slot: number, qty: number): void {
    const book = this.books[slot];
    const event = this.log.append(kind, book >> 1, book & 1, qty, this.tickOf(slot) * TICK_UNITS);
    this.log.ref[event] = this.refs[slot];
  }
}

function isPowerOfTwo(value: number): boolean {
  return Number.isInteger(value) && value > 0 && (value & (value - 1)) === 0;
}
