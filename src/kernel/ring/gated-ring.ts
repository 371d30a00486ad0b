/**
 * Gated single-producer single-consumer ring of 64-byte records in shared memory: refuses when full, loses nothing. @hot
 *
 * A cursor counts records modulo 2^32 and is compared by `(a - b) | 0`. A side reads the other side's cursor only when its cached copy
 * says full or empty, and publishes a whole batch with one Atomics.store, so a batch costs one shared access however long it is.
 * Records are filled in a stage of 64 slots behind the ring, which only the producer touches, and moved into the ring in one go: a line
 * that the consumer has in its cache is then written by 8 stores close together instead of a dozen far apart, and the processor keeps
 * more of them under way. Between two cores that made batches of 16 and 64 more than twice as fast.
 * Each thread has its own object over the same bytes; the words and their owners are drawn in ring-layout.ts.
 * Protocol: Lamport 1983, "Specifying concurrent program modules"; cached cursors as in Lee, Bu and Chandranmenon 2009 (MCRingBuffer).
 */
import { StreamError } from "../core/errors.ts";
import { fail } from "../core/invariant.ts";
import { FULL } from "../core/status.ts";
import { Slots } from "../record/slots.ts";
import { napOn } from "./parking.ts";
import {
  attachControl,
  CAPACITY_I32,
  CLOSED_I32,
  GATED_CONTROL_BYTES,
  PUBLISHED_I32,
  READER_PARKED_I32,
  RELEASED_I32,
  ringBytes,
  WRITER_PARKED_I32,
} from "./ring-layout.ts";

/** Slots of the stage: the longest batch that is moved at once. */
export const STAGE_RECORDS = 64;
/** Rebound so that it is folded into the code: an exported constant is read at each use. */
const STAGE = STAGE_RECORDS;
/** Up to so many records are moved one by one: the call of copyWithin() costs more. */
const FEW = 4;

export class GatedRing {
  readonly buffer: SharedArrayBuffer;
  readonly byteOffset: number;
  /** Slots, a power of two. */
  readonly capacity: number;
  /** The records, and behind them the stage. Slots are told by claim() and slotAt(). */
  readonly slots: Slots;
  private readonly words: Int32Array;
  private readonly mask: number;
  /** Producer: the next cursor to claim; the one up to which records lie in the ring; the published one; the consumer's as last seen. */
  private next = 0;
  private loaded = 0;
  private published = 0;
  private releasedSeen = 0;
  /** Producer: the first slot of the last claimRun(). */
  claimedAt = 0;
  /** Consumer: the next cursor to read; the one up to which it gave back; the producer's as last seen. */
  private read = 0;
  private released = 0;
  private publishedSeen = 0;

  /** Attaches to the ring at these bytes; zeroed bytes are an empty ring. `byteOffset`: a multiple of 64. */
  constructor(buffer: SharedArrayBuffer, byteOffset: number, capacity: number) {
    this.words = attachControl(buffer, byteOffset, GATED_CONTROL_BYTES, CAPACITY_I32, capacity, STAGE_RECORDS);
    this.buffer = buffer;
    this.byteOffset = byteOffset;
    this.capacity = capacity;
    this.mask = capacity - 1;
    this.slots = new Slots(buffer, byteOffset + GATED_CONTROL_BYTES, capacity + STAGE_RECORDS);
    this.loadCursors();
  }

  /** Bytes that a ring takes: control words, slots and stage. RING_CAPACITY unless `capacity` is a power of two from 2 to 2^26. */
  static bytesFor(capacity: number): number {
    return ringBytes(GATED_CONTROL_BYTES, capacity, STAGE_RECORDS);
  }

  /** An empty ring in a buffer of its own. */
  static create(capacity: number): GatedRing {
    return new GatedRing(new SharedArrayBuffer(GatedRing.bytesFor(capacity)), 0, capacity);
  }

  /**
   * Producer: the slot to fill next, or FULL. It is to be filled before the next claim: a later one may move it. None is visible before
   * commit().
   */
  claim(): number {
    const cursor = this.next;
    if (((cursor - this.releasedSeen) | 0) >= this.capacity) {
      this.releasedSeen = Atomics.load(this.words, RELEASED_I32);
      if (((cursor - this.releasedSeen) | 0) >= this.capacity) return FULL;
    }
    let staged = (cursor - this.loaded) | 0;
    if (staged === STAGE) {
      this.load();
      staged = 0;
    }
    this.next = (cursor + 1) | 0;
    return this.capacity + staged;
  }

  /**
   * Producer: claims up to `limit` slots in a row and returns how many: 0 when the ring is full, fewer than asked when it, or the stage, has no
   * more. They are `claimedAt` and those behind it, and are to be filled before the next claim.
   */
  claimRun(limit: number): number {
    if (limit <= 0) return 0;
    const cursor = this.next;
    let room = (this.capacity - (cursor - this.releasedSeen)) | 0;
    if (room < limit) {
      this.releasedSeen = Atomics.load(this.words, RELEASED_I32);
      room = (this.capacity - (cursor - this.releasedSeen)) | 0;
      if (room === 0) return 0;
    }
    let staged = (cursor - this.loaded) | 0;
    if (staged === STAGE) {
      this.load();
      staged = 0;
    }
    const free = STAGE - staged;
    let count = limit < room ? limit : room;
    if (count > free) count = free;
    this.claimedAt = this.capacity + staged;
    this.next = (cursor + count) | 0;
    return count;
  }

  /** Producer: a slot that no consumer sees, for a record that goes nowhere, until the next claim. INVARIANT while something is claimed. */
  scratchSlot(): number {
    if (this.next !== this.loaded) fail("a scratch slot was asked for among claimed records", this.claimed);
    return this.capacity;
  }

  /** Producer: publishes everything claimed with one store, and wakes the consumer if it is parked. Without a claim, nothing. */
  commit(): void {
    const next = this.next;
    if (next === this.published) return;
    this.load();
    this.published = next;
    const words = this.words;
    Atomics.store(words, PUBLISHED_I32, next);
    if (Atomics.load(words, READER_PARKED_I32) !== 0) Atomics.notify(words, PUBLISHED_I32, 1);
  }

  /** Producer: claimed and not yet committed. */
  get claimed(): number {
    return (this.next - this.published) | 0;
  }

  /** Consumer: records that can be read. Looks at the producer's cursor only when the copy says that there are none. */
  available(): number {
    const known = (this.publishedSeen - this.read) | 0;
    if (known !== 0) return known;
    this.publishedSeen = Atomics.load(this.words, PUBLISHED_I32);
    return (this.publishedSeen - this.read) | 0;
  }

  /** Consumer: the slot of the index-th unread record, 0 <= index < available(). It stays whole until release() passes it. */
  slotAt(index: number): number {
    return (this.read + index) & this.mask;
  }

  /**
   * Consumer: goes past the first `count` unread records, and gives them and all held before them back with one store. INVARIANT past what
   * available() told.
   */
  release(count: number): void {
    if (count === 0) return;
    this.advance(count);
    this.giveBack(this.read);
  }

  /**
   * Consumer: goes past the first `count` unread records and holds them: the producer may not overwrite them, and rewind() reads them
   * again, until releaseTo() or release() gives them back. INVARIANT past what available() told.
   */
  advance(count: number): void {
    if (count < 0 || count > ((this.publishedSeen - this.read) | 0)) fail("went past more ring records than were available", count);
    this.read = (this.read + count) | 0;
  }

  /** Consumer: the cursor of the next unread record, modulo 2^32: what releaseTo() takes later. */
  get position(): number {
    return this.read;
  }

  /** Consumer: records that were read and are still held. */
  get held(): number {
    return (this.read - this.released) | 0;
  }

  /** Consumer: gives back what it read before `position`, a value of that property since the last release. INVARIANT for another cursor. */
  releaseTo(position: number): void {
    const count = (position - this.released) | 0;
    if (count === 0) return;
    if (count < 0 || count > ((this.read - this.released) | 0)) fail("released ring records that are not held", count);
    this.giveBack(position);
  }

  /** Consumer: reads on from the oldest record that was not given back: a batch that is to be tried again, a shard that was restored. */
  rewind(): void {
    this.read = this.released;
  }

  /** The cursor up to which records are published, modulo 2^32, from any thread. */
  get head(): number {
    return Atomics.load(this.words, PUBLISHED_I32);
  }

  /** Published and not yet released, from any thread: exact when both sides stand still. */
  get used(): number {
    const released = Atomics.load(this.words, RELEASED_I32);
    const used = (Atomics.load(this.words, PUBLISHED_I32) - released) | 0;
    return used < this.capacity ? used : this.capacity;
  }

  /**
   * True once either side has closed. Nothing is taken back: published records stay readable. A consumer that ends the stream reads
   * isClosed first and available() after, and stops when the ring was closed and then empty.
   */
  get isClosed(): boolean {
    return Atomics.load(this.words, CLOSED_I32) !== 0;
  }

  /** Tells both sides that no more will come or be taken, and wakes them. Claims that were not committed are not published. */
  close(): void {
    const words = this.words;
    Atomics.store(words, CLOSED_I32, 1);
    Atomics.notify(words, PUBLISHED_I32);
    Atomics.notify(words, RELEASED_I32);
  }

  /** Consumer: sleeps until a record is published. True if one is there or the ring is closed, false after `timeoutMs`. */
  parkConsumer(timeoutMs: number): boolean {
    if (this.available() > 0) return true;
    return this.park(READER_PARKED_I32, PUBLISHED_I32, this.publishedSeen, timeoutMs);
  }

  /** Producer: sleeps until a slot is released. True if one is free or the ring is closed, false after `timeoutMs`. */
  parkProducer(timeoutMs: number): boolean {
    const words = this.words;
    this.releasedSeen = Atomics.load(words, RELEASED_I32);
    if (((this.next - this.releasedSeen) | 0) < this.capacity) return true;
    return this.park(WRITER_PARKED_I32, RELEASED_I32, this.releasedSeen, timeoutMs);
  }

  /**
   * Moves an empty ring to a cursor, before any other object attaches: how tests cross 2^31 and 2^32. ARENA_STATE if it holds records.
   */
  startAt(cursor: number): void {
    if (this.used !== 0 || this.claimed !== 0) {
      throw new StreamError("ARENA_STATE", "a ring is moved while it is empty", { used: this.used, claimed: this.claimed }); // hot-ok: cold, before use
    }
    Atomics.store(this.words, PUBLISHED_I32, cursor | 0);
    Atomics.store(this.words, RELEASED_I32, cursor | 0);
    this.loadCursors();
  }

  /** Moves the stage into the ring, bit by bit the same. */
  private load(): void {
    const slots = this.slots;
    const capacity = this.capacity;
    const count = (this.next - this.loaded) | 0;
    const first = this.loaded & this.mask;
    this.loaded = this.next;
    if (count <= FEW) {
      for (let i = 0; i < count; i++) slots.copyFrom(slots, capacity + i, (first + i) & this.mask);
      return;
    }
    const ahead = capacity - first;
    if (count <= ahead) slots.f64.copyWithin(first << 3, capacity << 3, (capacity + count) << 3);
    else {
      slots.f64.copyWithin(first << 3, capacity << 3, (capacity + ahead) << 3);
      slots.f64.copyWithin(0, (capacity + ahead) << 3, (capacity + count) << 3);
    }
  }

  private loadCursors(): void {
    this.releasedSeen = Atomics.load(this.words, RELEASED_I32);
    this.publishedSeen = Atomics.load(this.words, PUBLISHED_I32);
    this.next = this.publishedSeen;
    this.loaded = this.publishedSeen;
    this.published = this.publishedSeen;
    this.read = this.releasedSeen;
    this.released = this.releasedSeen;
  }

  private giveBack(position: number): void {
    const words = this.words;
    this.released = position;
    Atomics.store(words, RELEASED_I32, position);
    if (Atomics.load(words, WRITER_PARKED_I32) !== 0) Atomics.notify(words, RELEASED_I32, 1);
  }

  private park(flag: number, cursorWord: number, seen: number, timeoutMs: number): boolean {
    const words = this.words;
    let leftMs = timeoutMs;
    do {
      if (Atomics.load(words, CLOSED_I32) !== 0) return true;
      leftMs = napOn(words, flag, 1, cursorWord, seen, leftMs);
      if (Atomics.load(words, cursorWord) !== seen) return true;
    } while (leftMs > 0);
    return false;
  }
}
