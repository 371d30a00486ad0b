/**
 * Slots with generations, in the arena: a handle that outlives its slot's release is told so instead of reading a stranger's row. @hot
 *
 *   handle   generation << indexBits | index, from 1 to 2^31 - 1; generations count from 1, so a zeroed field is no handle
 *
 * The slot released last is given out first, while its lines are warm. A generation has the bits that the index leaves (at least 7): a stale
 * handle is mistaken for a live one only when its slot was reused an exact multiple of 2^bits - 1 times since.
 */
import { StreamError } from "../core/errors.ts";
import { FULL, UNKNOWN } from "../core/status.ts";
import type { Arena } from "./arena.ts";

/** Most slots of a pool: 2^24. */
export const SLOT_POOL_CAPACITY_MAX = 16_777_216;

/** In `next`: the slot is in use. Otherwise the next free slot, plus one; 0 ends the list. */
const IN_USE = -1;

/** Words of the counter region. */
const IN_USE_COUNT = 0;
const HIGH_WATER = 1;
const REFUSED = 2;
/** First free slot that was in use before, plus one; 0: none. */
const FREE = 3;
/** Slots that were ever in use: those from here on are free and need no list. */
const TOUCHED = 4;

/** One slot that is in use, for a leak report. */
export interface HeldSlot {
  readonly index: number;
  readonly handle: number;
  /** Acquisitions made since this one: the older, the more suspect. */
  readonly age: number;
}

/** Slots that a report at the end shows unless told otherwise. */
export const LEAKS_SHOWN = 16;

/** What a pool was used for, told when everything should have been given back. */
export interface PoolReport {
  readonly name: string;
  readonly capacity: number;
  /** Slots not given back, of which `leaks` shows the oldest. */
  readonly inUse: number;
  readonly highWater: number;
  readonly refused: number;
  readonly leaks: readonly HeldSlot[];
}

export class SlotPool {
  readonly capacity: number;
  private readonly name: string;
  private readonly generation: Int32Array;
  private readonly next: Int32Array;
  private readonly acquiredAt: Float64Array;
  private readonly counters: Int32Array;
  private readonly total: Float64Array;
  private readonly indexBits: number;
  private readonly indexMask: number;
  private readonly generationMask: number;

  /** `capacity`: the most slots in use at a time, 1 to SLOT_POOL_CAPACITY_MAX; regions are named after `name`. */
  constructor(arena: Arena, name: string, capacity: number) {
    if (!Number.isInteger(capacity) || capacity < 1 || capacity > SLOT_POOL_CAPACITY_MAX) {
      throw new StreamError("VALUE_RANGE", `pool ${name}: expected a capacity of 1 to ${SLOT_POOL_CAPACITY_MAX} slots, got ${capacity}`, {
        capacity: String(capacity),
      });
    }
    let bits = 0;
    while (1 << bits < capacity) bits++;
    this.name = name;
    this.capacity = capacity;
    this.indexBits = bits;
    this.indexMask = (1 << bits) - 1;
    this.generationMask = 0x7fff_ffff >>> bits;
    this.counters = arena.int32(`${name}.counters`, 8);
    this.total = arena.float64(`${name}.total`, 1);
    this.generation = arena.int32(`${name}.generation`, capacity);
    this.next = arena.int32(`${name}.next`, capacity);
    this.acquiredAt = arena.float64(`${name}.acquiredAt`, capacity);
    if (arena.fresh) this.generation.fill(1);
  }

  /** Slots in use. */
  get inUse(): number {
    return this.counters[IN_USE_COUNT];
  }

  /** Most slots in use at one time. */
  get highWater(): number {
    return this.counters[HIGH_WATER];
  }

  /** Acquisitions refused because every slot was in use. */
  get refused(): number {
    return this.counters[REFUSED] >>> 0;
  }

  /** A handle to a free slot, or FULL, which is counted. What the slot's rows held is for the caller to overwrite. */
  acquire(): number {
    const counters = this.counters;
    let index = counters[FREE] - 1;
    if (index >= 0) counters[FREE] = this.next[index];
    else {
      index = counters[TOUCHED];
      if (index >= this.capacity) {
        counters[REFUSED]++;
        return FULL;
      }
      counters[TOUCHED] = index + 1;
    }
    this.next[index] = IN_USE;
    this.total[0]++;
    this.acquiredAt[index] = this.total[0];
    const inUse = counters[IN_USE_COUNT] + 1;
    counters[IN_USE_COUNT] = inUse;
    if (inUse > counters[HIGH_WATER]) counters[HIGH_WATER] = inUse;
    return (this.generation[index] << this.indexBits) | index;
  }

  /** The slot of a handle, or UNKNOWN if it was released or never given out. */
  indexOf(handle: number): number {
    const index = handle & this.indexMask;
    if (index >= this.capacity) return UNKNOWN;
    return this.next[index] === IN_USE && this.generation[index] === handle >>> this.indexBits ? index : UNKNOWN;
  }

  /** Gives a slot back and ends its handle. 0, or UNKNOWN for a stale handle: nothing is changed. */
  release(handle: number): number {
    const index = this.indexOf(handle);
    if (index < 0) return UNKNOWN;
    const counters = this.counters;
    const generation = this.generation[index];
    this.generation[index] = generation < this.generationMask ? generation + 1 : 1;
    this.next[index] = counters[FREE];
    counters[FREE] = index + 1;
    counters[IN_USE_COUNT]--;
    return 0;
  }

  /** The slot of a handle; POOL_STALE_HANDLE if it was released. Cold. */
  require(handle: number): number {
    const index = this.indexOf(handle);
    if (index < 0) throw this.createStaleError(handle);
    return index;
  }

  /**
   * The slots still in use, the longest held first, at most `limit`: what was not released when everything should have been. Makes no more
   * objects than it returns. Cold.
   */
  createLeakReport(limit: number): HeldSlot[] {
    const held: HeldSlot[] = [];
    const touched = limit > 0 ? this.counters[TOUCHED] : 0;
    for (let index = 0; index < touched; index++) {
      if (this.next[index] !== IN_USE) continue;
      const age = this.total[0] - this.acquiredAt[index];
      if (held.length === limit && age <= held[limit - 1].age) continue;
      if (held.length === limit) held.pop();
      let place = held.length;
      while (place > 0 && held[place - 1].age < age) place--;
      held.splice(place, 0, { index, handle: (this.generation[index] << this.indexBits) | index, age });
    }
    return held;
  }

  /**
   * The end of the pool's use: what it was used for, and which slots were not given back, the longest held first, at most `limit` of them.
   * Changes nothing and may be asked again. Cold.
   */
  closeReport(limit: number = LEAKS_SHOWN): PoolReport {
    const { name, capacity, inUse, highWater, refused } = this;
    return { name, capacity, inUse, highWater, refused, leaks: this.createLeakReport(limit) };
  }

  private createStaleError(handle: number): StreamError {
    const slot = handle & this.indexMask;
    const generation = slot < this.capacity ? this.generation[slot] : 0;
    return new StreamError(
      "POOL_STALE_HANDLE",
      `pool ${this.name}: handle ${handle} is generation ${handle >>> this.indexBits} of slot ${slot}, whose next or present user is generation ${generation}`,
      { handle, slot, generation },
    );
  }
}
