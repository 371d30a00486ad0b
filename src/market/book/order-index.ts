/**
 * Order id (64 bits, with its instrument) to order row: open addressing, linear probing, backward-shift delete. @hot
 *
 * An entry is a 32-bit tag folded from the key and the row; the row holds the whole key, so that rows never move and entries
 * are 8 to a cache line. The hash multiplies tag >>> 2 and keeps the low two bits: ids given out one after another, which tend to live
 * and die together, share a line; an identity hash with linear probing degenerates on the same ids.
 * Bounds: at most half full; a probe ends at an empty entry. Bytes: 16 to 32 an order.
 * Source: multiplicative hashing and deletion by shifting, Knuth, The Art of Computer Programming 3, section 6.4 (algorithm R).
 */
import type { Arena } from "../../kernel/memory/arena.ts";

/** Where the key lies in an order row of 8 words. */
export const ORDER_ID_LOW_I32 = 2;
export const ORDER_ID_HIGH_I32 = 3;
export const ORDER_INSTRUMENT_I32 = 7;

// Rebound so that they are folded into the code: an exported constant is read at each use.
const ID_LOW = ORDER_ID_LOW_I32;
const ID_HIGH = ORDER_ID_HIGH_I32;
const INSTRUMENT = ORDER_INSTRUMENT_I32;

const GOLDEN = 0x9e3779b1 | 0; // 2^32 / golden ratio, odd
const SALT = 0x85ebca6b | 0;

export class OrderIndex {
  private readonly rows: Int32Array;
  /** Pairs of tag and row; row 0 is empty. */
  private readonly table: Int32Array;
  private readonly mask: number;
  private readonly shift: number;
  private readonly salt: number;

  /** `rows`: the order rows, 8 words each. `perInstrument`: ids are given out by instrument and repeat between them. */
  constructor(arena: Arena, capacity: number, rows: Int32Array, perInstrument: boolean) {
    let bits = 4;
    while (2 ** bits < capacity * 2) bits++;
    this.rows = rows;
    this.table = arena.int32("orders.index", 2 ** bits * 2);
    this.mask = 2 ** bits - 1;
    this.shift = 32 - (bits - 2);
    this.salt = perInstrument ? SALT : 0;
  }

  /** The bucket of a key, or -1 - bucket where it would go. */
  find(low: number, high: number, instrument: number): number {
    const table = this.table;
    const rows = this.rows;
    const mask = this.mask;
    const tag = low ^ Math.imul(high, GOLDEN) ^ Math.imul(instrument, this.salt);
    for (let bucket = this.home(tag); ; bucket = (bucket + 1) & mask) {
      const row = table[(bucket << 1) + 1];
      if (row === 0) return -1 - bucket;
      if (table[bucket << 1] !== tag) continue;
      const at = row << 3;
      // Equal tag, low half and instrument leave one high half only: multiplication by an odd constant is a bijection.
      if (rows[at + ID_LOW] === low && rows[at + INSTRUMENT] === instrument) return bucket;
    }
  }

  /** The row in a bucket that `find` gave. */
  rowAt(bucket: number): number {
    return this.table[(bucket << 1) + 1];
  }

  /** Puts a row, whose key is written, into the empty bucket that `find` gave. */
  insert(bucket: number, row: number): void {
    const at = row << 3;
    const rows = this.rows;
    const tag = rows[at + ID_LOW] ^ Math.imul(rows[at + ID_HIGH], GOLDEN) ^ Math.imul(rows[at + INSTRUMENT], this.salt);
    this.table[bucket << 1] = tag;
    this.table[(bucket << 1) + 1] = row;
  }

  /** Empties a bucket; entries behind it move up so that no probe is cut. */
  remove(bucket: number): void {
    const table = this.table;
    const mask = this.mask;
    let hole = bucket;
    for (let i = (bucket + 1) & mask; ; i = (i + 1) & mask) {
      const row = table[(i << 1) + 1];
      if (row === 0) break;
      const tag = table[i << 1];
      if (((i - this.home(tag)) & mask) >= ((i - hole) & mask)) {
        table[hole << 1] = tag;
        table[(hole << 1) + 1] = row;
        hole = i;
      }
    }
    table[hole << 1] = 0;
    table[(hole << 1) + 1] = 0;
  }

  private home(tag: number): number {
    return ((Math.imul(tag >>> 2, GOLDEN) >>> this.shift) << 2) | (tag & 3);
  }
}
