/**
 * Broadcast ring: one producer that never waits, any number of readers that may be lapped and are told exactly what they lost. @hot
 *
 * The producer stores INTENT before it overwrites a slot and TAIL after the record is whole. A reader copies a record out and looks at
 * INTENT after the copy: if the slot's next record had been announced by then, the copy may be torn and the reader was lapped. INTENT
 * is announced up to 16 records ahead, one store for all; so a reader may lag by at least 7/8 of the capacity. Counts are exact to 2^53.
 * Seqlock ordering: Boehm 2012, "Can seqlocks get along with programming language memory models?".
 */
import { StreamError } from "../core/errors.ts";
import { EMPTY, OVERRUN } from "../core/status.ts";
import { Slots } from "../record/slots.ts";
import { attachControl, BROADCAST_CAPACITY_I32, BROADCAST_CLOSED_I32, BROADCAST_CONTROL_BYTES, INTENT_I32, ringBytes, TAIL_I32 } from "./ring-layout.ts";
import { loadCount, storeCount } from "./shared-count.ts";

/** Rows of the producer's private counts: begun, announced, published. */
const NEXT = 0;
const INTENT = 1;
const TAIL = 2;

/** Most records announced by one store. */
const ANNOUNCE_MAX = 16;

export class BroadcastRing {
  readonly buffer: SharedArrayBuffer;
  readonly byteOffset: number;
  /** Slots, a power of two. */
  readonly capacity: number;
  /** The records; the slot of record n is `n & (capacity - 1)`. Only the producer may use them directly. */
  readonly slots: Slots;
  /** The shared words, drawn in ring-layout.ts. */
  readonly words: Int32Array<SharedArrayBuffer>;
  private readonly mask: number;
  private readonly announce: number;
  private readonly counts: Float64Array;
  private readonly seen: Float64Array;

  /** Attaches to the ring at these bytes; zeroed bytes are an empty ring. `byteOffset`: a multiple of 64. */
  constructor(buffer: SharedArrayBuffer, byteOffset: number, capacity: number) {
    this.words = attachControl(buffer, byteOffset, BROADCAST_CONTROL_BYTES, BROADCAST_CAPACITY_I32, capacity);
    this.buffer = buffer;
    this.byteOffset = byteOffset;
    this.capacity = capacity;
    this.mask = capacity - 1;
    this.announce = Math.max(1, Math.min(ANNOUNCE_MAX, capacity >> 3));
    this.slots = new Slots(buffer, byteOffset + BROADCAST_CONTROL_BYTES, capacity);
    this.counts = new Float64Array(3);
    this.seen = new Float64Array(1);
    loadCount(this.words, INTENT_I32, this.counts, INTENT);
    loadCount(this.words, TAIL_I32, this.counts, TAIL);
    this.counts[NEXT] = this.counts[TAIL];
  }

  /** Bytes that a ring takes: control words and slots. RING_CAPACITY unless `capacity` is a power of two from 2 to 2^26. */
  static bytesFor(capacity: number): number {
    return ringBytes(BROADCAST_CONTROL_BYTES, capacity);
  }

  /** An empty ring in a buffer of its own. */
  static create(capacity: number): BroadcastRing {
    return new BroadcastRing(new SharedArrayBuffer(ringBytes(BROADCAST_CONTROL_BYTES, capacity)), 0, capacity);
  }

  /**
   * Producer: the slot to fill next; never refuses. At most `capacity` records may be claimed before a commit(): more would overwrite
   * what was not yet published.
   */
  claim(): number {
    const counts = this.counts;
    const next = counts[NEXT];
    counts[NEXT] = next + 1;
    if (next >= counts[INTENT]) {
      counts[INTENT] = next + this.announce;
      storeCount(this.words, INTENT_I32, counts, INTENT);
      // An acquiring load keeps the stores of the record behind the announcement on machines that reorder stores.
      Atomics.load(this.words, INTENT_I32);
    }
    return next & this.mask;
  }

  /** Producer: publishes everything claimed with one store. Without a claim, nothing. */
  commit(): void {
    const counts = this.counts;
    if (counts[NEXT] === counts[TAIL]) return;
    counts[TAIL] = counts[NEXT];
    storeCount(this.words, TAIL_I32, counts, TAIL);
  }

  /** Records published so far, from any thread; record n, from 0, is readable while n < head. */
  get head(): number {
    loadCount(this.words, TAIL_I32, this.seen, 0);
    return this.seen[0];
  }

  /** True once the producer has closed; what it published stays readable. */
  get isClosed(): boolean {
    return Atomics.load(this.words, BROADCAST_CLOSED_I32) !== 0;
  }

  /** Producer: no more will come. */
  close(): void {
    Atomics.store(this.words, BROADCAST_CLOSED_I32, 1);
  }

  /**
   * Moves the producer forward as if records up to `count` had been published, without writing them: how tests cross 2^32 and let a
   * reader stall for longer. VALUE_RANGE when it would move back or pass 2^53.
   */
  skipTo(count: number): void {
    const counts = this.counts;
    if (!Number.isSafeInteger(count) || count < counts[INTENT]) {
      throw new StreamError("VALUE_RANGE", "a broadcast ring moves forward, to a whole count below 2^53", { count, from: counts[INTENT] }); // hot-ok: cold
    }
    counts[NEXT] = count;
    counts[INTENT] = count;
    storeCount(this.words, INTENT_I32, counts, INTENT);
    this.commit();
  }
}

/** Rows of a reader's private counts. */
const CURSOR = 0;
const TAIL_SEEN = 1;
const INTENT_SEEN = 2;
const LOST_FROM = 3;
const LOST_TO = 4;
const LOST_TOTAL = 5;

/**
 * One reader with a cursor of its own. Lapped, it answers OVERRUN until it is reset: lostFrom .. lostTo then is the range that it lost.
 * Over its life, head at the start + consumed + lostTotal + pending = head.
 */
export class BroadcastReader {
  private readonly ring: BroadcastRing;
  private readonly words: Int32Array;
  private readonly slots: Slots;
  private readonly mask: number;
  private readonly counts: Float64Array;
  /** A word of its own: a store to it orders the copy before the look at INTENT. */
  private readonly fence: Int32Array;

  /** Starts at the head, so with what is published from now on, or at the oldest record that can still be read. */
  constructor(ring: BroadcastRing, start: "head" | "oldest" = "head") {
    this.ring = ring;
    this.words = ring.words;
    this.slots = ring.slots;
    this.mask = ring.capacity - 1;
    this.counts = new Float64Array(6);
    this.fence = new Int32Array(new SharedArrayBuffer(4));
    loadCount(this.words, TAIL_I32, this.counts, TAIL_SEEN);
    loadCount(this.words, INTENT_I32, this.counts, INTENT_SEEN);
    this.counts[CURSOR] = start === "head" ? this.counts[TAIL_SEEN] : this.oldest();
  }

  /**
   * Copies the next record to `target`. 1: it is whole and the reader is past it. EMPTY: nothing new. OVERRUN: the reader was lapped,
   * the target's slot holds nothing of use, and the reader stands still until a reset.
   */
  poll(target: Slots, slot: number): number {
    const counts = this.counts;
    const words = this.words;
    const cursor = counts[CURSOR];
    if (cursor >= counts[TAIL_SEEN]) {
      loadCount(words, TAIL_I32, counts, TAIL_SEEN);
      if (cursor >= counts[TAIL_SEEN]) return EMPTY;
    }
    target.copyFrom(this.slots, cursor & this.mask, slot);
    Atomics.store(this.fence, 0, 0);
    if (!loadCount(words, INTENT_I32, counts, INTENT_SEEN)) return EMPTY;
    if (cursor + this.mask + 1 >= counts[INTENT_SEEN]) {
      counts[CURSOR] = cursor + 1;
      return 1;
    }
    loadCount(words, TAIL_I32, counts, TAIL_SEEN);
    counts[LOST_FROM] = cursor;
    counts[LOST_TO] = this.oldest();
    return OVERRUN;
  }

  /** Goes on with the next record to be published; everything before it that was not read is lost, lapped or not. */
  resetToHead(): void {
    loadCount(this.words, TAIL_I32, this.counts, TAIL_SEEN);
    this.skip(this.counts[TAIL_SEEN]);
  }

  /** Goes on with the oldest record that can be read now; a reader that is not lapped stays where it is. */
  resetToOldest(): void {
    loadCount(this.words, TAIL_I32, this.counts, TAIL_SEEN);
    loadCount(this.words, INTENT_I32, this.counts, INTENT_SEEN);
    this.skip(this.oldest());
  }

  /** The record that the next poll() asks for, counted from 0. */
  get cursor(): number {
    return this.counts[CURSOR];
  }

  /** Records published and not yet read or lost, at this moment. */
  get pending(): number {
    return this.ring.head - this.counts[CURSOR];
  }

  /** First record of the last loss. */
  get lostFrom(): number {
    return this.counts[LOST_FROM];
  }

  /** One past the last record of the last loss: after OVERRUN what was lost until then, after a reset the final answer. */
  get lostTo(): number {
    return this.counts[LOST_TO];
  }

  /** Records in the last loss. */
  get lostCount(): number {
    return this.counts[LOST_TO] - this.counts[LOST_FROM];
  }

  /** Records lost in all, counted at the resets. */
  get lostTotal(): number {
    return this.counts[LOST_TOTAL];
  }

  /** INTENT may run ahead of TAIL, so the oldest readable record can lie past the head of a producer that announced a whole lap. */
  private oldest(): number {
    const counts = this.counts;
    const oldest = counts[INTENT_SEEN] - this.mask - 1;
    if (oldest > counts[TAIL_SEEN]) return counts[TAIL_SEEN];
    return oldest > 0 ? oldest : 0;
  }

  private skip(to: number): void {
    const counts = this.counts;
    const from = counts[CURSOR];
    if (to <= from) return;
    counts[LOST_FROM] = from;
    counts[LOST_TO] = to;
    counts[LOST_TOTAL] += to - from;
    counts[CURSOR] = to;
  }
}
