/**
 * A queue of units in the arena: a unit is a record, or a chain of them up to FLAG_LAST, and enters, moves and leaves as one. @hot
 *
 * Room for `capacity` records in whole units, and beside it for the one unit that is being put together. Records lie in a pool and are linked,
 * so a unit can leave from the middle or be replaced in its place, whatever its length, without moving another. Nothing is allocated after
 * start. A unit is known by the slot of its first record. One thread.
 */
import { fail } from "../../kernel/core/invariant.ts";
import type { Arena } from "../../kernel/memory/arena.ts";
import { RECORD_BYTES, Slots } from "../../kernel/record/slots.ts";

/** Words of the counter region. Links and list ends are slots plus one; 0 ends a list. */
const FREE = 0;
const TOUCHED = 1;
const OLDEST = 2;
const NEWEST = 3;
const UNITS = 4;
const USED = 5;
const STAGED = 6;
const STAGE_FIRST = 7;
const STAGE_LAST = 8;
const WORDS = 16;

export class UnitQueue {
  /** Records in whole units at most. */
  readonly capacity: number;
  /** Records of one unit at most. */
  readonly chain: number;
  readonly records: Slots;
  private readonly words: Int32Array;
  /** Of a record: the next of its unit, or of the free ones. */
  private readonly next: Int32Array;
  /** Of a unit: its neighbours and its length. */
  private readonly later: Int32Array;
  private readonly earlier: Int32Array;
  private readonly length: Int32Array;

  constructor(arena: Arena, name: string, capacity: number, chain: number) {
    const count = capacity + chain;
    this.capacity = capacity;
    this.chain = chain;
    this.words = arena.int32(`${name}.words`, WORDS);
    this.next = arena.int32(`${name}.next`, count);
    this.later = arena.int32(`${name}.later`, count);
    this.earlier = arena.int32(`${name}.earlier`, count);
    this.length = arena.int32(`${name}.length`, count);
    this.records = new Slots(arena.buffer, arena.take(`${name}.records`, count * RECORD_BYTES), count);
  }

  /** Whole units. */
  get units(): number {
    return this.words[UNITS];
  }

  /** Records in whole units. */
  get used(): number {
    return this.words[USED];
  }

  /** Records of the unit that is being put together. */
  get staged(): number {
    return this.words[STAGED];
  }

  /** The first record of the unit that is being put together; -1 for none. */
  get stage(): number {
    return this.words[STAGE_FIRST] - 1;
  }

  /** The oldest whole unit; -1 for none. */
  get oldest(): number {
    return this.words[OLDEST] - 1;
  }

  /** The unit after this one; -1 for none. */
  after(unit: number): number {
    return this.later[unit] - 1;
  }

  lengthOf(unit: number): number {
    return this.length[unit];
  }

  /** Adds a record to the unit that is being put together: `chain` at most. */
  put(slots: Slots, slot: number): void {
    const words = this.words;
    if (words[STAGED] >= this.chain) fail("a unit was longer than a queue takes", words[STAGED]);
    let at = words[FREE] - 1;
    if (at >= 0) words[FREE] = this.next[at];
    else at = words[TOUCHED]++;
    this.next[at] = 0;
    this.records.copyFrom(slots, slot, at);
    if (words[STAGED]++ === 0) words[STAGE_FIRST] = at + 1;
    else this.next[words[STAGE_LAST] - 1] = at + 1;
    words[STAGE_LAST] = at + 1;
  }

  /** Gives up the unit that is being put together; returns its length. */
  discard(): number {
    const words = this.words;
    const count = words[STAGED];
    if (count === 0) return 0;
    this.free(words[STAGE_FIRST] - 1);
    this.clearStage();
    return count;
  }

  /** What was put together becomes the newest unit; there must be room. */
  append(): number {
    const words = this.words;
    const unit = this.takeStage();
    const newest = words[NEWEST];
    this.earlier[unit] = newest;
    this.later[unit] = 0;
    if (newest === 0) words[OLDEST] = unit + 1;
    else this.later[newest - 1] = unit + 1;
    words[NEWEST] = unit + 1;
    return unit;
  }

  /** What was put together takes the place of a unit, which goes; there must be room. */
  replace(old: number): number {
    const words = this.words;
    words[USED] -= this.length[old];
    words[UNITS]--;
    const unit = this.takeStage();
    this.earlier[unit] = this.earlier[old];
    this.later[unit] = this.later[old];
    if (this.earlier[old] === 0) words[OLDEST] = unit + 1;
    else this.later[this.earlier[old] - 1] = unit + 1;
    if (this.later[old] === 0) words[NEWEST] = unit + 1;
    else this.earlier[this.later[old] - 1] = unit + 1;
    this.free(old);
    return unit;
  }

  /** Takes a unit out; returns its length. */
  remove(unit: number): number {
    const words = this.words;
    const count = this.length[unit];
    const earlier = this.earlier[unit];
    const later = this.later[unit];
    if (earlier === 0) words[OLDEST] = later;
    else this.later[earlier - 1] = later;
    if (later === 0) words[NEWEST] = earlier;
    else this.earlier[later - 1] = earlier;
    words[USED] -= count;
    words[UNITS]--;
    this.free(unit);
    return count;
  }

  /** Copies a unit's records to `target` from `slot` on. */
  copyTo(unit: number, target: Slots, slot: number): void {
    let to = slot;
    for (let at = unit + 1; at !== 0; at = this.next[at - 1]) target.copyFrom(this.records, at - 1, to++);
  }

  private takeStage(): number {
    const words = this.words;
    const unit = words[STAGE_FIRST] - 1;
    const count = words[STAGED];
    if (count === 0 || words[USED] + count > this.capacity) fail("a queue has no room for a unit, or no unit", count);
    this.length[unit] = count;
    words[USED] += count;
    words[UNITS]++;
    this.clearStage();
    return unit;
  }

  private clearStage(): void {
    const words = this.words;
    words[STAGED] = 0;
    words[STAGE_FIRST] = 0;
    words[STAGE_LAST] = 0;
  }

  private free(unit: number): void {
    const words = this.words;
    let last = unit;
    while (this.next[last] !== 0) last = this.next[last] - 1;
    this.next[last] = words[FREE];
    words[FREE] = unit + 1;
  }
}
