/**
 * The shared ring of source 5, over kernel/ring/gated-ring.ts: a slot is a record of 64 bytes, and what is in it is never looked at, so
 * every record arrives whatever its bytes are. A full ring refuses, and the producer decides; nothing is lost or written over.
 *
 * One object a thread over the same SharedArrayBuffer. The first to publish is the producer and the first to consume the consumer: another
 * is refused (ARENA_STATE), until the role is given back or taken over from a thread that is gone. A batch costs one atomic store.
 *
 *   0 gated ring (ring-layout.ts) | + 0 next token i32 | + 4 producer i32 | + 8 consumer i32 | 64 bytes in all
 */
import { StreamError } from "../../kernel/core/errors.ts";
import { FULL } from "../../kernel/core/status.ts";
import { RECORD_BYTES, type Slots } from "../../kernel/record/slots.ts";
import { GatedRing, STAGE_RECORDS } from "../../kernel/ring/gated-ring.ts";
import { GATED_CONTROL_BYTES } from "../../kernel/ring/ring-layout.ts";
import type { BinaryMarketData } from "./binary-market-data.ts";
import type { BinaryMarketDataBatch } from "./binary-market-data-batch.ts";

/** Bytes of records unless another size is given: the source's 2 MB, which are 32,768 records. */
export const DEFAULT_BUFFER_BYTES: number = 2 * 1024 * 1024;

const ROLE_BYTES = 64;
const NEXT_TOKEN = 0;
const PRODUCER = 1;
const CONSUMER = 2;

export type RingRole = "producer" | "consumer";

/** Takes a record in place; it may not keep the slot. */
export interface RecordSink {
  take(slots: Slots, slot: number): void;
}

/** What an object has done, and the ring as it stands. */
export interface RingStats {
  readonly name: string;
  readonly capacity: number;
  /** Records that wait. */
  readonly count: number;
  /** count / capacity. */
  readonly utilization: number;
  /** By this object, since it was made or reset. */
  readonly published: number;
  readonly consumed: number;
  /** Records that found no room. */
  readonly refused: number;
  /** Records that were thrown away unread by clear() or reset(). */
  readonly discarded: number;
  readonly closed: boolean;
}

export class OptimizedRingBuffer {
  readonly name: string;
  private ring: GatedRing | null;
  private readonly roles: Int32Array;
  private readonly token: number;
  private isProducer = false;
  private isConsumer = false;
  private published = 0;
  private consumed = 0;
  private refused = 0;
  private discarded = 0;

  private constructor(name: string, ring: GatedRing) {
    this.name = name;
    this.ring = ring;
    this.roles = new Int32Array(ring.buffer, GatedRing.bytesFor(ring.capacity), ROLE_BYTES / 4);
    this.token = Atomics.add(this.roles, NEXT_TOKEN, 1) + 1;
  }

  /** An empty ring. `bufferBytes`: room for records, 64 times a power of two; control words come on top. RING_CAPACITY for another size. */
  static create(name: string, bufferBytes: number = DEFAULT_BUFFER_BYTES): OptimizedRingBuffer {
    const capacity = bufferBytes / RECORD_BYTES;
    const ringBytes = GatedRing.bytesFor(capacity);
    return new OptimizedRingBuffer(name, new GatedRing(new SharedArrayBuffer(ringBytes + ROLE_BYTES), 0, capacity));
  }

  /** The ring in the bytes of another object, in any thread. RING_CAPACITY for bytes that are no ring of this kind. */
  static attach(name: string, buffer: SharedArrayBuffer): OptimizedRingBuffer {
    return new OptimizedRingBuffer(name, new GatedRing(buffer, 0, (buffer.byteLength - ROLE_BYTES - GATED_CONTROL_BYTES) / RECORD_BYTES - STAGE_RECORDS));
  }

  /** The bytes, for attach() in another thread. */
  get buffer(): SharedArrayBuffer {
    return this.attached().buffer;
  }

  /** Records that there is room for. */
  get capacity(): number {
    return this.attached().capacity;
  }

  /** Producer: one record. False when the ring is full or closed: nothing was written. */
  publishSingle(data: BinaryMarketData): boolean {
    const ring = this.producer();
    const slot = this.claim(ring);
    if (slot < 0) return false;
    ring.slots.copyBitsFrom(data.slots, data.slot, slot);
    ring.commit();
    this.published++;
    return true;
  }

  /** Producer: one record of 64 bytes, whatever they are. As publishSingle(); VALUE_RANGE for another length. */
  publishBytes(bytes: Uint8Array): boolean {
    if (bytes.length !== RECORD_BYTES)
      throw new StreamError("VALUE_RANGE", `expected a record of ${RECORD_BYTES} bytes, got ${bytes.length}`, { length: bytes.length });
    const ring = this.producer();
    const slot = this.claim(ring);
    if (slot < 0) return false;
    ring.slots.copyBytesFrom(bytes, 0, slot);
    ring.commit();
    this.published++;
    return true;
  }

  /** Producer: records of a batch from `from` on, up to the first that finds no room. How many were published; go on with the others later. */
  publishBatch(batch: BinaryMarketDataBatch, from: number = 0): number {
    const ring = this.producer();
    const left = batch.length - from;
    let done = 0;
    if (!ring.isClosed) {
      for (; done < left; done++) {
        const slot = ring.claim();
        if (slot < 0) break;
        ring.slots.copyBitsFrom(batch.slots, batch.first + from + done, slot);
      }
      ring.commit();
    }
    this.published += done;
    this.refused += Math.max(0, left - done);
    return done;
  }

  /** Consumer: the oldest record, copied over the one that `into` stands on. False when there is none. */
  consumeSingle(into: BinaryMarketData): boolean {
    const ring = this.consumer();
    if (ring.available() === 0) return false;
    into.slots.copyBitsFrom(ring.slots, ring.slotAt(0), into.slot);
    ring.release(1);
    this.consumed++;
    return true;
  }

  /** Consumer: up to `most` records, oldest first, copied to the end of `into`, which may have room for fewer. How many. */
  consumeBatch(into: BinaryMarketDataBatch, most: number = into.capacity): number {
    const ring = this.consumer();
    const wanted = Math.min(most, into.capacity - into.length);
    let done = 0;
    for (let count = this.next(wanted); count > 0; count = this.next(wanted - done)) {
      for (let i = 0; i < count; i++) into.appendFrom(ring.slots, ring.slotAt(i));
      ring.release(count);
      done += count;
    }
    this.consumed += done;
    return done;
  }

  /** Consumer: hands over up to `most` records in place, oldest first, and gives them back. How many. A sink that throws has them again. */
  consumeEach(sink: RecordSink, most: number): number {
    const ring = this.consumer();
    let done = 0;
    for (let count = this.next(most); count > 0; count = this.next(most - done)) {
      for (let i = 0; i < count; i++) sink.take(ring.slots, ring.slotAt(i));
      ring.release(count);
      done += count;
      this.consumed += count;
    }
    return done;
  }

  /** Producer: sleeps until there is room. True if there is or the ring is closed, false after `timeoutMs`. Not for a thread with sockets. */
  waitForRoom(timeoutMs: number): boolean {
    return this.producer().parkProducer(timeoutMs);
  }

  /** Consumer: sleeps until a record waits. True if one does or the ring is closed, false after `timeoutMs`. Not for a thread with sockets. */
  waitForRecords(timeoutMs: number): boolean {
    return this.consumer().parkConsumer(timeoutMs);
  }

  /** Records that wait. Exact while both sides stand still. */
  count(): number {
    return this.attached().used;
  }

  isEmpty(): boolean {
    return this.count() === 0;
  }

  isFull(): boolean {
    return this.count() === this.capacity;
  }

  /** count / capacity, 0 to 1. */
  utilization(): number {
    return this.count() / this.capacity;
  }

  stats(): RingStats {
    const { name, capacity, published, consumed, refused, discarded } = this;
    const count = this.count();
    return Object.freeze({ name, capacity, count, utilization: count / capacity, published, consumed, refused, discarded, closed: this.isClosed });
  }

  /** Consumer: throws away what waits, and counts it. How many; what is published meanwhile may stay. */
  clear(): number {
    const ring = this.consumer();
    let done = 0;
    for (let count = this.next(ring.capacity); count > 0; count = this.next(ring.capacity - done)) {
      ring.release(count);
      done += count;
    }
    this.discarded += done;
    return done;
  }

  /** Consumer: clear(), and this object's counters back to 0. How many were thrown away. */
  reset(): number {
    const count = this.clear();
    this.published = 0;
    this.consumed = 0;
    this.refused = 0;
    this.discarded = 0;
    return count;
  }

  /** True once either side has closed. What was published stays readable. */
  get isClosed(): boolean {
    return this.attached().isClosed;
  }

  /** Tells both sides that no more comes, gives this object's roles back. */
  close(): void {
    this.attached().close();
    this.giveBack();
  }

  /** close(), and this object lets the memory go: every later call is ARENA_STATE. The memory itself lives until no thread holds it. Again: nothing. */
  unlink(): void {
    if (this.ring === null) return;
    this.close();
    this.ring = null;
  }

  /** Gives this object's roles back: another may publish and consume from here on. */
  giveBack(): void {
    if (this.isProducer) Atomics.compareExchange(this.roles, PRODUCER, this.token, 0);
    if (this.isConsumer) Atomics.compareExchange(this.roles, CONSUMER, this.token, 0);
    this.isProducer = false;
    this.isConsumer = false;
  }

  /** Takes a role whoever has it: for the successor of a thread that is gone, and only once it is gone. */
  takeOver(role: RingRole): void {
    this.attached();
    Atomics.store(this.roles, role === "producer" ? PRODUCER : CONSUMER, this.token);
    this.take(role);
  }

  private claim(ring: GatedRing): number {
    const slot = ring.isClosed ? FULL : ring.claim();
    if (slot < 0) this.refused++;
    return slot;
  }

  /** Records that can be read at once, at most `most`. The ring tells of those that it knew of first, and looks again when they are gone. */
  private next(most: number): number {
    return most > 0 ? Math.min(this.attached().available(), most) : 0;
  }

  private producer(): GatedRing {
    if (!this.isProducer) this.claimRole(PRODUCER, "producer");
    return this.attached();
  }

  private consumer(): GatedRing {
    if (!this.isConsumer) this.claimRole(CONSUMER, "consumer");
    return this.attached();
  }

  private claimRole(word: number, role: RingRole): void {
    this.attached();
    const holder = Atomics.compareExchange(this.roles, word, 0, this.token);
    if (holder !== 0) throw new StreamError("ARENA_STATE", `ring ${this.name} has a ${role} already: a ring has one of each`, { role, holder });
    this.take(role);
  }

  /** This object has the role from here on. Its cursors are those of now: another may have moved them since it was made. */
  private take(role: RingRole): void {
    const { buffer, capacity } = this.attached();
    this.ring = new GatedRing(buffer, 0, capacity);
    if (role === "producer") this.isProducer = true;
    else this.isConsumer = true;
  }

  private attached(): GatedRing {
    if (this.ring === null) throw new StreamError("ARENA_STATE", `ring ${this.name} was unlinked`, { ring: this.name });
    return this.ring;
  }
}
