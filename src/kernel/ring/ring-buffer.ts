/**
 * Broadcast ring of objects for one thread: one producer that never waits, any number of readers with their own cursor. @hot
 *
 * The promise of broadcast-ring.ts with object slots: publishing overwrites the oldest item, and a reader that was overtaken is told
 * so (RING_OVERRUN with the exact lost range), never given a wrong item. published = read + lost + pending holds for every reader.
 * Slots and cursors are allocated at construction. Sequences count from 0 and are exact to 2^53; sequence n lies in slot n mod the next
 * power of two. Objects cannot be shared between threads: between threads use gated-ring.ts or broadcast-ring.ts.
 */
import { StreamError } from "../core/errors.ts";

/** Most items a ring keeps. */
export const RING_BUFFER_CAPACITY_MAX = 16_777_216;

const HEAD = 0;
const CURSOR = 0;
const LOST = 1;

export class RingBuffer<T extends object | string | number | bigint | boolean | symbol> {
  private readonly size: number;
  private readonly mask: number;
  private readonly slots: (T | null)[];
  private readonly words: Float64Array = new Float64Array(1);

  /** `capacity`: items kept, 1 to RING_BUFFER_CAPACITY_MAX. */
  constructor(capacity: number) {
    if (!Number.isInteger(capacity) || capacity < 1 || capacity > RING_BUFFER_CAPACITY_MAX) {
      throw new StreamError("RING_CAPACITY", `expected a ring of 1 to ${RING_BUFFER_CAPACITY_MAX} items, got ${capacity}`, { capacity });
    }
    let slots = 1;
    while (slots < capacity) slots *= 2;
    this.size = capacity;
    this.mask = slots - 1;
    this.slots = Array.from({ length: slots }, () => null);
  }

  /** Items kept: an item is readable until this many newer ones have been published. */
  capacity(): number {
    return this.size;
  }

  /** Items published so far: the sequence that the next item will get. */
  head(): number {
    return this.words[HEAD];
  }

  /** Sequence of the oldest item still kept; equals head() while nothing was published. */
  oldest(): number {
    const head = this.words[HEAD];
    return head > this.size ? head - this.size : 0;
  }

  /** Stores an item and returns its sequence. Never waits, never fails, overwrites the oldest when full. */
  publish(item: T): number {
    const sequence = this.words[HEAD];
    this.slots[sequence & this.mask] = item;
    this.words[HEAD] = sequence + 1;
    return sequence;
  }

  /** The item of a sequence. RING_OVERRUN (lostFrom, lostTo inclusive) if it was overwritten, VALUE_RANGE if it was never published. */
  get(sequence: number): T {
    const oldest = this.oldest();
    if (!(sequence >= 0 && sequence < this.words[HEAD] && Number.isInteger(sequence))) throw createUnpublished(sequence, this.words[HEAD]);
    if (sequence < oldest) throw createOverrun(sequence, oldest - 1);
    return this.slots[sequence & this.mask] as T;
  }
}

export class Consumer<T extends object | string | number | bigint | boolean | symbol> {
  private readonly ring: RingBuffer<T>;
  private readonly words: Float64Array = new Float64Array(2);

  /** Starts at the oldest item kept, or, with "head", at the next one published. */
  constructor(ring: RingBuffer<T>, start: "oldest" | "head" = "oldest") {
    this.ring = ring;
    this.words[CURSOR] = start === "head" ? ring.head() : ring.oldest();
  }

  /**
   * The next item, or null at once when there is none. RING_OVERRUN when this reader was overtaken, and again until it is reset:
   * what to do about a loss is the caller's choice.
   */
  poll(): T | null {
    const cursor = this.words[CURSOR];
    if (cursor === this.ring.head()) return null;
    const item = this.ring.get(cursor);
    this.words[CURSOR] = cursor + 1;
    return item;
  }

  /** Items published and not read, those already overwritten included: above capacity() this reader is overrun. */
  available(): number {
    return this.ring.head() - this.words[CURSOR];
  }

  /** Sequence of the next item to read. */
  cursor(): number {
    return this.words[CURSOR];
  }

  /** Items skipped by resets so far. */
  lost(): number {
    return this.words[LOST];
  }

  /** True when the next poll() would throw. */
  isOverrun(): boolean {
    return this.words[CURSOR] < this.ring.oldest();
  }

  /** Skips to the next item to be published; returns how many were skipped. */
  resetToHead(): number {
    return this.skipTo(this.ring.head());
  }

  /** Skips what was overwritten and goes on at the oldest item kept; returns how many were skipped. */
  resetToOldest(): number {
    return this.skipTo(this.isOverrun() ? this.ring.oldest() : this.words[CURSOR]);
  }

  private skipTo(sequence: number): number {
    const skipped = sequence - this.words[CURSOR];
    this.words[LOST] += skipped;
    this.words[CURSOR] = sequence;
    return skipped;
  }
}

function createOverrun(lostFrom: number, lostTo: number): StreamError {
  return new StreamError("RING_OVERRUN", `sequences ${lostFrom} to ${lostTo} were overwritten before they were read`, {
    lostFrom,
    lostTo,
    lostCount: lostTo - lostFrom + 1,
  });
}

function createUnpublished(sequence: number, head: number): StreamError {
  return new StreamError("VALUE_RANGE", `expected a published sequence below ${head}, got ${sequence}`, { sequence, head });
}
