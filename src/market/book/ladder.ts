/**
 * All price ladders of a shard: for each instrument a bid and an ask side, ladder = instrument * 2 + side. @hot
 *
 * A ladder is a sorted run of (key, level) with the best at the end: key = price of a bid, -price of an ask. A level keeps its id,
 * and so its price, quantity and queue, for as long as it exists: an order finds its level without a search.
 * Promise: prices of a ladder differ; find is eight steps from the best, then binary; runs grow and shrink by powers of two in one
 * range, so one instrument may hold 10,000 levels and thousands a few. Out of levels or range: FULL, and nothing has changed.
 * Bytes: 58 to 84 a level, 470 an instrument. Layout after CppTrader's sorted arrays (chronoxor, MIT), levels apart.
 *
 * level, 32 bytes   0 price f | 8 qty f | 16 ladder i32 | 20 orders i32 | 24 first order i32 | 28 last order i32
 * ladder, 16 bytes  0 first entry i32 | 4 length i32 | 8 capacity i32 (0 = no block) | 12 best level i32 (0 = empty)
 */
import * as status from "../../kernel/core/status.ts";
import type { Arena } from "../../kernel/memory/arena.ts";
import { BlockPool } from "./block-pool.ts";
import * as blockPool from "./block-pool.ts";

// Rebound so that they are folded into the code: an imported or exported constant is read at each use.
const { FULL } = status;
const { UNIT_ENTRIES } = blockPool;

/** Price of level n: f64[n * 4]. */
export const LEVEL_PRICE_F64 = 0;
export const LEVEL_QTY_F64 = 1;
/** Ladder of level n: i32[n * 8 + 4]. */
export const LEVEL_LADDER_I32 = 4;
export const LEVEL_ORDERS_I32 = 5;
export const LEVEL_FIRST_I32 = 6;
export const LEVEL_LAST_I32 = 7;

const QTY = LEVEL_QTY_F64;
const LADDER = LEVEL_LADDER_I32;
const ORDERS = LEVEL_ORDERS_I32;
const FIRST = LEVEL_FIRST_I32;
const LAST = LEVEL_LAST_I32;

const LADDER_START = 0;
const LADDER_LENGTH = 1;
const LADDER_CAPACITY = 2;
const LADDER_BEST = 3;

/** Levels next to the best that are looked at one by one. */
const NEAR = 8;
/** Longest run that is moved by a loop; copyWithin pays its call above it. */
const SHORT_MOVE = 48;

export class Ladders {
  readonly instruments: number;
  /** The most levels of all ladders together. */
  readonly capacity: number;
  /** Rows of 4 by level id, from 1: see LEVEL_*_F64. */
  readonly f64: Float64Array;
  /** The same bytes, rows of 8 by level id: see LEVEL_*_I32. */
  readonly i32: Int32Array;
  private readonly headers: Int32Array;
  private readonly keys: Float64Array;
  private readonly entries: Int32Array;
  private readonly pool: BlockPool;
  /** 0 first free level, 1 levels ever used, 2 levels in use. */
  private readonly counter: Int32Array;

  constructor(arena: Arena, instruments: number, levels: number) {
    this.instruments = instruments;
    this.capacity = levels;
    this.headers = arena.int32("ladders.headers", instruments * 8);
    this.counter = arena.int32("ladders.count", 4);
    const at = arena.take("ladders.levels", (levels + 1) * 32);
    this.f64 = new Float64Array(arena.buffer, at, (levels + 1) * 4);
    this.i32 = new Int32Array(arena.buffer, at, (levels + 1) * 8);
    // Twice the power of two that holds all levels, so that one ladder may have them all, and the smallest block for every ladder.
    this.pool = new BlockPool(arena, "ladders.blocks", 2 ** Math.ceil(Math.log2(levels)) * 2 + instruments * 2 * UNIT_ENTRIES);
    this.keys = arena.float64("ladders.keys", this.pool.entries);
    this.entries = arena.int32("ladders.entries", this.pool.entries);
  }

  /** Levels in use by all ladders. */
  get used(): number {
    return this.counter[2];
  }

  /** Most levels in use at one time: a level is new only when none was given back. */
  get highWater(): number {
    return this.counter[1];
  }

  /** Levels of one ladder. */
  depth(ladder: number): number {
    return this.headers[(ladder << 2) + LADDER_LENGTH];
  }

  /** The best level's id, 0 when the ladder is empty. */
  best(ladder: number): number {
    return this.headers[(ladder << 2) + LADDER_BEST];
  }

  /** The id of the level at `rank`, 0 = best; 0 when there are fewer levels. */
  levelAt(ladder: number, rank: number): number {
    const h = ladder << 2;
    const length = this.headers[h + LADDER_LENGTH];
    if (rank >= length) return 0;
    return this.entries[this.headers[h + LADDER_START] + length - 1 - rank];
  }

  /** The level whose price is prices[at], or -1 - position, where a new one would be inserted. */
  find(ladder: number, prices: Float64Array, at: number): number {
    const h = ladder << 2;
    const length = this.headers[h + LADDER_LENGTH];
    const start = this.headers[h + LADDER_START];
    const key = (ladder & 1) === 0 ? prices[at] : 0 - prices[at];
    const keys = this.keys;
    const near = length > NEAR ? length - NEAR : 0;
    for (let i = length - 1; i >= near; i--) {
      const here = keys[start + i];
      if (here <= key) return here === key ? this.entries[start + i] : -2 - i;
    }
    let low = 0;
    let high = near;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (keys[start + middle] < key) low = middle + 1;
      else high = middle;
    }
    if (low < near && keys[start + low] === key) return this.entries[start + low];
    return -1 - low;
  }

  /** A new level of price prices[at], quantity 0 and no order, at the position that `find` gave; its id, or FULL. */
  insert(ladder: number, position: number, prices: Float64Array, at: number): number {
    const h = ladder << 2;
    const headers = this.headers;
    const length = headers[h + LADDER_LENGTH];
    if (this.counter[2] >= this.capacity) return FULL;
    if (length === headers[h + LADDER_CAPACITY] && this.grow(h) < 0) return FULL;
    const level = this.takeLevel();
    const row = level << 3;
    this.f64[level << 2] = prices[at] + 0; // -0 becomes 0
    this.f64[(level << 2) + QTY] = 0;
    this.i32[row + LADDER] = ladder;
    this.i32[row + ORDERS] = 0;
    this.i32[row + FIRST] = 0;
    this.i32[row + LAST] = 0;
    const start = headers[h + LADDER_START];
    const keys = this.keys;
    const entries = this.entries;
    if (length - position > SHORT_MOVE) {
      keys.copyWithin(start + position + 1, start + position, start + length);
      entries.copyWithin(start + position + 1, start + position, start + length);
    } else {
      for (let i = start + length; i > start + position; i--) {
        keys[i] = keys[i - 1];
        entries[i] = entries[i - 1];
      }
    }
    keys[start + position] = (ladder & 1) === 0 ? prices[at] + 0 : 0 - prices[at];
    entries[start + position] = level;
    headers[h + LADDER_LENGTH] = length + 1;
    if (position === length) headers[h + LADDER_BEST] = level;
    return level;
  }

  /** Takes a level out of its ladder; its id is free from here on. */
  remove(level: number): void {
    const ladder = this.i32[(level << 3) + LADDER];
    const h = ladder << 2;
    const headers = this.headers;
    const start = headers[h + LADDER_START];
    const last = headers[h + LADDER_LENGTH] - 1;
    const keys = this.keys;
    const entries = this.entries;
    const position = this.positionOf(level, start, last);
    if (last - position > SHORT_MOVE) {
      keys.copyWithin(start + position, start + position + 1, start + last + 1);
      entries.copyWithin(start + position, start + position + 1, start + last + 1);
    } else {
      for (let i = start + position; i < start + last; i++) {
        keys[i] = keys[i + 1];
        entries[i] = entries[i + 1];
      }
    }
    headers[h + LADDER_LENGTH] = last;
    if (position === last) headers[h + LADDER_BEST] = last > 0 ? entries[start + last - 1] : 0;
    this.freeLevel(level);
    const capacity = headers[h + LADDER_CAPACITY];
    if (last << 3 <= capacity * 3 && capacity > UNIT_ENTRIES) this.shrink(h, capacity, last);
  }

  /** Frees all levels of a ladder and its block. */
  clear(ladder: number): void {
    const h = ladder << 2;
    const headers = this.headers;
    const start = headers[h + LADDER_START];
    const capacity = headers[h + LADDER_CAPACITY];
    if (capacity === 0) return;
    for (let i = headers[h + LADDER_LENGTH] - 1; i >= 0; i--) this.freeLevel(this.entries[start + i]);
    this.pool.give(start, sizeClassOf(capacity));
    headers[h + LADDER_START] = 0;
    headers[h + LADDER_LENGTH] = 0;
    headers[h + LADDER_CAPACITY] = 0;
    headers[h + LADDER_BEST] = 0;
  }

  private positionOf(level: number, start: number, last: number): number {
    const entries = this.entries;
    const near = last >= NEAR ? last - NEAR + 1 : 0;
    for (let i = last; i >= near; i--) if (entries[start + i] === level) return i;
    const price = this.f64[level << 2];
    const key = (this.i32[(level << 3) + LADDER] & 1) === 0 ? price : 0 - price;
    const keys = this.keys;
    let low = 0;
    let high = near;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (keys[start + middle] < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private grow(h: number): number {
    const headers = this.headers;
    const capacity = headers[h + LADDER_CAPACITY];
    if (capacity === 0) {
      const first = this.pool.take(0);
      if (first < 0) return FULL;
      headers[h + LADDER_START] = first;
      headers[h + LADDER_CAPACITY] = UNIT_ENTRIES;
      return first;
    }
    const to = this.pool.take(sizeClassOf(capacity) + 1);
    if (to < 0) return FULL;
    this.move(h, to, capacity);
    headers[h + LADDER_CAPACITY] = capacity * 2;
    return to;
  }

  /** To a block of half the size: into the smallest gap that holds it, so that large ranges join again, else in place. */
  private shrink(h: number, capacity: number, length: number): void {
    const half = capacity >> 1;
    const to = this.pool.take(sizeClassOf(half));
    if (to < 0) this.pool.give(this.headers[h + LADDER_START] + half, sizeClassOf(half));
    else this.move(h, to, length);
    this.headers[h + LADDER_CAPACITY] = half;
  }

  private move(h: number, to: number, length: number): void {
    const headers = this.headers;
    const from = headers[h + LADDER_START];
    for (let i = 0; i < length; i++) {
      this.keys[to + i] = this.keys[from + i];
      this.entries[to + i] = this.entries[from + i];
    }
    this.pool.give(from, sizeClassOf(headers[h + LADDER_CAPACITY]));
    headers[h + LADDER_START] = to;
  }

  private takeLevel(): number {
    const counter = this.counter;
    counter[2]++;
    const free = counter[0];
    if (free === 0) return ++counter[1];
    counter[0] = this.i32[(free << 3) + FIRST];
    return free;
  }

  private freeLevel(level: number): void {
    this.i32[(level << 3) + FIRST] = this.counter[0];
    this.counter[0] = level;
    this.counter[2]--;
  }
}

/** Class of a block of `capacity` entries, a power of two from UNIT_ENTRIES. */
function sizeClassOf(capacity: number): number {
  return 27 - Math.clz32(capacity);
}
