/**
 * Blocks of 16, 32, 64, ... entries out of one fixed range, by the buddy system. @hot
 *
 * Promise: a block of n units starts at a multiple of n; two free neighbours of one size that were one block become one again,
 * so that what many small ladders gave back serves a large one. Refuses with FULL, never grows. A block may be halved in place.
 * Cost: O(log of the range) steps to take or give, 9 bytes a unit.
 * Source: Knowlton 1965, "A fast storage allocator"; Knuth, The Art of Computer Programming 1, section 2.5.
 */
import { FULL } from "../../kernel/core/status.ts";
import type { Arena } from "../../kernel/memory/arena.ts";

/** Entries of the smallest block: class 0. Class c has UNIT_ENTRIES * 2^c. */
export const UNIT_ENTRIES = 16;
const UNIT_SHIFT = 4;
const CLASSES = 26;

export class BlockPool {
  /** Entries in all. */
  readonly entries: number;
  private readonly units: number;
  /** First free block of each class as unit + 1, 0 for none. */
  private readonly heads: Int32Array;
  private readonly next: Int32Array;
  private readonly previous: Int32Array;
  /** Class + 1 where a free block starts, else 0. */
  private readonly free: Uint8Array;

  /** `entries` is rounded up to whole units; at most 2^29. */
  constructor(arena: Arena, name: string, entries: number) {
    const units = Math.ceil(entries / UNIT_ENTRIES);
    this.units = units;
    this.entries = units * UNIT_ENTRIES;
    this.heads = arena.int32(`${name}.heads`, CLASSES);
    this.next = arena.int32(`${name}.next`, units);
    this.previous = arena.int32(`${name}.previous`, units);
    this.free = arena.uint8(`${name}.free`, units);
    if (arena.fresh) {
      for (let unit = 0; unit < units;) {
        let sizeClass = 0;
        while (sizeClass + 1 < CLASSES && (unit & ((2 << sizeClass) - 1)) === 0 && unit + (2 << sizeClass) <= units) sizeClass++;
        this.link(unit, sizeClass);
        unit += 1 << sizeClass;
      }
    }
  }

  /** The first entry of a block of the class, or FULL. What it holds is undefined. */
  take(sizeClass: number): number {
    let found = sizeClass;
    while (found < CLASSES && this.heads[found] === 0) found++;
    if (found >= CLASSES) return FULL;
    const unit = this.heads[found] - 1;
    this.unlink(unit, found);
    while (found > sizeClass) {
      found--;
      this.link(unit + (1 << found), found);
    }
    return unit << UNIT_SHIFT;
  }

  /** Gives a block of the class back; `entry` is its first. */
  give(entry: number, sizeClass: number): void {
    let unit = entry >> UNIT_SHIFT;
    let joined = sizeClass;
    while (joined + 1 < CLASSES) {
      const buddy = unit ^ (1 << joined);
      if (buddy >= this.units || this.free[buddy] !== joined + 1) break;
      this.unlink(buddy, joined);
      if (buddy < unit) unit = buddy;
      joined++;
    }
    this.link(unit, joined);
  }

  private link(unit: number, sizeClass: number): void {
    const head = this.heads[sizeClass];
    this.next[unit] = head;
    this.previous[unit] = 0;
    if (head !== 0) this.previous[head - 1] = unit + 1;
    this.heads[sizeClass] = unit + 1;
    this.free[unit] = sizeClass + 1;
  }

  private unlink(unit: number, sizeClass: number): void {
    const next = this.next[unit];
    const previous = this.previous[unit];
    if (previous === 0) this.heads[sizeClass] = next;
    else this.next[previous - 1] = next;
    if (next !== 0) this.previous[next - 1] = previous;
    this.free[unit] = 0;
  }
}
