/**
 * Bounded queue of records in order, from which any one can be taken out in the same time: a doubly linked list over fixed slots. @hot
 *
 * Each record keeps the number of the ring that it came from. While it is full every slot holds a record, so a random slot is a random
 * record. One thread; all memory is taken at construction.
 */
import { EMPTY, FULL } from "../../kernel/core/status.ts";
import { Slots } from "../../kernel/record/slots.ts";

const NONE = -1;

export class RecordQueue {
  /** Records that there is room for. */
  readonly capacity: number;
  readonly slots: Slots;
  private readonly next: Int32Array;
  private readonly previous: Int32Array;
  private readonly source: Int32Array;
  private first = NONE;
  private last = NONE;
  /** Head of the list of free slots, chained by `next`. */
  private free = 0;
  private used = 0;

  /** `capacity`: at least 1. */
  constructor(capacity: number) {
    this.capacity = capacity;
    this.slots = Slots.create(capacity);
    this.next = new Int32Array(capacity);
    this.previous = new Int32Array(capacity);
    this.source = new Int32Array(capacity);
    for (let slot = 0; slot < capacity; slot++) this.next[slot] = slot + 1 < capacity ? slot + 1 : NONE;
  }

  /** Records in it. */
  get length(): number {
    return this.used;
  }

  get isFull(): boolean {
    return this.used === this.capacity;
  }

  /** Copies a record to the end. Its slot, or FULL. */
  append(slots: Slots, from: number, source: number): number {
    const slot = this.free;
    if (slot === NONE) return FULL;
    this.free = this.next[slot];
    this.slots.copyBitsFrom(slots, from, slot);
    this.source[slot] = source;
    this.next[slot] = NONE;
    this.previous[slot] = this.last;
    if (this.last === NONE) this.first = slot;
    else this.next[this.last] = slot;
    this.last = slot;
    this.used++;
    return slot;
  }

  /** The slot of the oldest record, or EMPTY. */
  oldest(): number {
    return this.first === NONE ? EMPTY : this.first;
  }

  /** The number of the ring that the record in a slot came from. */
  sourceOf(slot: number): number {
    return this.source[slot];
  }

  /** Takes the record in a slot out. The slot must hold one. */
  remove(slot: number): void {
    const before = this.previous[slot];
    const after = this.next[slot];
    if (before === NONE) this.first = after;
    else this.next[before] = after;
    if (after === NONE) this.last = before;
    else this.previous[after] = before;
    this.next[slot] = this.free;
    this.free = slot;
    this.used--;
  }
}
