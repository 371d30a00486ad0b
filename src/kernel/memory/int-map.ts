/**
 * A map of fixed capacity in the arena: 64-bit keys as (low, high) int32 pairs to int32 values from 0. @hot
 *
 * Open addressing with linear probing in rows of 16 bytes, at most half full; multiplicative hash (Knuth, volume 3, 6.4); removal shifts the
 * rows behind it back (6.4, algorithm R), so there are no tombstones and a probe is as short after a billion changes as before.
 *
 *   row   0 low i32 | 4 high i32 | 8 value i32 | 12 used i32
 */
import { StreamError } from "../core/errors.ts";
import { FULL, REJECTED, UNKNOWN } from "../core/status.ts";
import type { Arena } from "./arena.ts";

/** Most keys of a map: 2^24, which is 512 MiB of rows. */
export const INT_MAP_CAPACITY_MAX = 16_777_216;

/** Words of the counter region. */
const SIZE = 0;
const HIGH_WATER = 1;
const REFUSED = 2;

export class IntMap {
  readonly capacity: number;
  private readonly rows: Int32Array;
  private readonly counters: Int32Array;
  private readonly mask: number;
  private readonly shift: number;

  /** `capacity`: the most keys, 1 to INT_MAP_CAPACITY_MAX; regions are named after `name`. */
  constructor(arena: Arena, name: string, capacity: number) {
    if (!Number.isInteger(capacity) || capacity < 1 || capacity > INT_MAP_CAPACITY_MAX) {
      throw new StreamError("VALUE_RANGE", `map ${name}: expected a capacity of 1 to ${INT_MAP_CAPACITY_MAX} keys, got ${capacity}`, {
        capacity: String(capacity),
      });
    }
    let bits = 1;
    while (1 << bits < capacity * 2) bits++;
    this.capacity = capacity;
    this.mask = (1 << bits) - 1;
    this.shift = 32 - bits;
    this.counters = arena.int32(`${name}.counters`, 4);
    this.rows = arena.int32(`${name}.rows`, (1 << bits) * 4);
  }

  /** Keys now. */
  get size(): number {
    return this.counters[SIZE];
  }

  /** Most keys at one time. */
  get highWater(): number {
    return this.counters[HIGH_WATER];
  }

  /** Keys refused because the map was full. */
  get refused(): number {
    return this.counters[REFUSED] >>> 0;
  }

  /** The value of a key, or UNKNOWN. */
  get(low: number, high: number): number {
    const row = this.find(low | 0, high | 0);
    return this.rows[row + 3] === 0 ? UNKNOWN : this.rows[row + 2];
  }

  /** Sets the value of a key. 1: it is new; 0: it was there; FULL: capacity reached, counted; REJECTED: a value below 0 or no int32. */
  put(low: number, high: number, value: number): number {
    if ((value | 0) !== value || value < 0) return REJECTED;
    const rows = this.rows;
    const row = this.find(low | 0, high | 0);
    if (rows[row + 3] !== 0) {
      rows[row + 2] = value;
      return 0;
    }
    const counters = this.counters;
    const size = counters[SIZE];
    if (size >= this.capacity) {
      counters[REFUSED]++;
      return FULL;
    }
    rows[row] = low;
    rows[row + 1] = high;
    rows[row + 2] = value;
    rows[row + 3] = 1;
    counters[SIZE] = size + 1;
    if (size >= counters[HIGH_WATER]) counters[HIGH_WATER] = size + 1;
    return 1;
  }

  /** Takes a key out; its value, or UNKNOWN. */
  remove(low: number, high: number): number {
    const rows = this.rows;
    const mask = this.mask;
    const row = this.find(low | 0, high | 0);
    if (rows[row + 3] === 0) return UNKNOWN;
    const value = rows[row + 2];
    let hole = row >> 2;
    for (let at = (hole + 1) & mask; rows[(at << 2) + 3] !== 0; at = (at + 1) & mask) {
      const from = at << 2;
      const home = this.bucket(rows[from], rows[from + 1]);
      // The row may fill the hole unless its home lies after the hole: cyclic distance from home.
      if (((at - home) & mask) < ((at - hole) & mask)) continue;
      const to = hole << 2;
      rows[to] = rows[from];
      rows[to + 1] = rows[from + 1];
      rows[to + 2] = rows[from + 2];
      hole = at;
    }
    const end = hole << 2;
    rows[end] = 0;
    rows[end + 1] = 0;
    rows[end + 2] = 0;
    rows[end + 3] = 0;
    this.counters[SIZE]--;
    return value;
  }

  /** Takes all keys out; the counters of refusals and of the high water stay. */
  clear(): void {
    this.rows.fill(0);
    this.counters[SIZE] = 0;
  }

  /** Longest walk from a key's home to its row now: 0 when every key lies at home. Cold: reads the whole table. */
  longestProbe(): number {
    const rows = this.rows;
    let longest = 0;
    for (let at = 0; at <= this.mask; at++) {
      const row = at << 2;
      if (rows[row + 3] === 0) continue;
      longest = Math.max(longest, (at - this.bucket(rows[row], rows[row + 1])) & this.mask);
    }
    return longest;
  }

  /** Word index of the key's row, or of the free row that ends its probe; the table is at most half full, so there is one. */
  private find(low: number, high: number): number {
    const rows = this.rows;
    const mask = this.mask;
    for (let at = this.bucket(low, high); ; at = (at + 1) & mask) {
      const row = at << 2;
      if (rows[row + 3] === 0 || (rows[row] === low && rows[row + 1] === high)) return row;
    }
  }

  /** The top bits of a product by an odd constant depend on every bit of the key, and keys a power of two apart stay apart. */
  private bucket(low: number, high: number): number {
    return Math.imul(low ^ Math.imul(high, 0x85ebca77), 0x9e3779b1) >>> this.shift;
  }
}
