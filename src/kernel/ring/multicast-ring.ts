/**
 * Lossless ring of 64-byte records with one producer and up to 16 consumers that may stand behind one another: nobody misses a record. @hot
 *
 *   producer -> journal, replica -> logic      a record reaches logic when both have released it, its slot is free when logic has
 *
 * A consumer (multicast-consumer.ts) sees records up to the slowest cursor of those it stands behind; the producer waits for the last ones of
 * the graph alone, looks at their cursors only when its cached copy says full, and publishes a batch with one Atomics.store. Cursors as in
 * gated-ring.ts; words and owners in ring-layout.ts; sleeping in parking.ts. Graph and gating: Thompson et al. 2011, "Disruptor".
 */
import { StreamError } from "../core/errors.ts";
import { FULL } from "../core/status.ts";
import { Slots } from "../record/slots.ts";
import { type ConsumerPlan, MulticastGraph } from "./multicast-graph.ts";
import { napOn } from "./parking.ts";
import {
  attachControl,
  AWAITS_CONSUMER,
  AWAITS_PRODUCER,
  CONSUMER_AWAITS_I32,
  CONSUMER_LOST_I32,
  CONSUMER_RELEASED_I32,
  CONSUMER_STRIDE_I32,
  CONSUMERS_MAX,
  MULTICAST_AWAITS_I32,
  MULTICAST_CAPACITY_I32,
  MULTICAST_CLOSED_I32,
  MULTICAST_CONTROL_BYTES,
  MULTICAST_DETACHED_I32,
  MULTICAST_GRAPH_I32,
  MULTICAST_PUBLISHED_I32,
  ringBytes,
} from "./ring-layout.ts";

export class MulticastRing {
  readonly buffer: SharedArrayBuffer;
  readonly byteOffset: number;
  /** Slots, a power of two. */
  readonly capacity: number;
  /** The records; the slot of a cursor is `cursor & (capacity - 1)`. */
  readonly slots: Slots;
  readonly graph: MulticastGraph;
  /** The shared words, drawn in ring-layout.ts. */
  readonly words: Int32Array<SharedArrayBuffer>;
  private readonly mask: number;
  private readonly consumers: number;
  /** The last ones of the graph: their `released` words, and how many there are. */
  private readonly leafWords: Int32Array;
  private leaves = 0;
  /** The leaf whose cursor was lowest at the last look. */
  private slowest = 0;
  /** The next cursor to claim; the published one; the lowest of the leaves' as last seen. */
  private next = 0;
  private published = 0;
  private gateSeen = 0;

  /**
   * Attaches the producer to the ring at these bytes; zeroed bytes are an empty ring. Every object over them, in any thread, names the same
   * capacity (RING_CAPACITY) and the same consumers in the same order (CONFIG_INVALID). `byteOffset`: a multiple of 64.
   */
  constructor(buffer: SharedArrayBuffer, byteOffset: number, capacity: number, consumers: readonly ConsumerPlan[]) {
    this.graph = new MulticastGraph(consumers);
    this.words = attachControl(buffer, byteOffset, MULTICAST_CONTROL_BYTES, MULTICAST_CAPACITY_I32, capacity);
    const found = Atomics.compareExchange(this.words, MULTICAST_GRAPH_I32, 0, this.graph.hash);
    if (found !== 0 && found !== this.graph.hash) {
      throw new StreamError("CONFIG_INVALID", `this ring was made for other consumers, or in another order, than ${this.graph.names.join(", ")}`);
    }
    this.buffer = buffer;
    this.byteOffset = byteOffset;
    this.capacity = capacity;
    this.mask = capacity - 1;
    this.consumers = this.graph.names.length;
    this.leafWords = new Int32Array(CONSUMERS_MAX);
    this.slots = new Slots(buffer, byteOffset + MULTICAST_CONTROL_BYTES, capacity);
    this.loadCursors();
  }

  /** Bytes that a ring takes, whatever its consumers. RING_CAPACITY unless `capacity` is a power of two from 2 to 2^26. */
  static bytesFor(capacity: number): number {
    return ringBytes(MULTICAST_CONTROL_BYTES, capacity);
  }

  /** An empty ring in a buffer of its own. */
  static create(capacity: number, consumers: readonly ConsumerPlan[]): MulticastRing {
    return new MulticastRing(new SharedArrayBuffer(ringBytes(MULTICAST_CONTROL_BYTES, capacity)), 0, capacity, consumers);
  }

  /** Producer: the slot to fill next, or FULL. Consecutive calls give consecutive slots; none is visible before commit(). */
  claim(): number {
    const cursor = this.next;
    if (((cursor - this.gateSeen) | 0) >= this.capacity) {
      this.lookAtLeaves();
      if (((cursor - this.gateSeen) | 0) >= this.capacity) return FULL;
    }
    this.next = (cursor + 1) | 0;
    return cursor & this.mask;
  }

  /** Producer: publishes everything claimed with one store, and wakes who sleeps until then. Without a claim, nothing. */
  commit(): void {
    const next = this.next;
    if (next === this.published) return;
    this.published = next;
    const words = this.words;
    Atomics.store(words, MULTICAST_PUBLISHED_I32, next);
    const end = CONSUMER_AWAITS_I32 + this.consumers * CONSUMER_STRIDE_I32;
    for (let at = CONSUMER_AWAITS_I32; at < end; at += CONSUMER_STRIDE_I32) {
      if (Atomics.load(words, at) !== AWAITS_PRODUCER) continue;
      Atomics.notify(words, MULTICAST_PUBLISHED_I32);
      return;
    }
  }

  /** Producer: claimed and not yet committed. */
  get claimed(): number {
    return (this.next - this.published) | 0;
  }

  /** Records that a consumer has still to release, from any thread: exact when both stand still; 0 for a detached one. */
  lagOf(consumer: string): number {
    const index = this.graph.indexOf(consumer);
    if (this.isBitSet(index)) return 0;
    const released = Atomics.load(this.words, CONSUMER_RELEASED_I32 + index * CONSUMER_STRIDE_I32);
    const lag = (Atomics.load(this.words, MULTICAST_PUBLISHED_I32) - released) | 0;
    return lag < this.capacity ? lag : this.capacity;
  }

  /** Published and not yet released by everyone, from any thread: exact when all stand still. */
  get used(): number {
    let used = 0;
    for (let c = 0; c < this.consumers; c++) {
      const lag = this.lagOf(this.graph.names[c]);
      if (lag > used) used = lag;
    }
    return used;
  }

  /**
   * Producer: goes on without a consumer that is dead or too slow, and answers how many published records it thereby loses: those that it
   * had not released. Those behind it then stand behind what it stood behind. It cannot come back. Called again, the same answer.
   */
  detach(consumer: string): number {
    const words = this.words;
    const index = this.graph.indexOf(consumer);
    const block = index * CONSUMER_STRIDE_I32;
    if (this.isBitSet(index)) return words[CONSUMER_LOST_I32 + block];
    Atomics.store(words, MULTICAST_DETACHED_I32, Atomics.load(words, MULTICAST_DETACHED_I32) | (1 << index));
    // The consumer stores its cursor, then looks at the flag; here the flag is stored, then the cursor looked at: every release that it was
    // not refused is counted. The load also keeps the records to come behind the flag on machines that reorder stores.
    const lost = (this.published - Atomics.load(words, CONSUMER_RELEASED_I32 + block)) | 0;
    Atomics.store(words, CONSUMER_LOST_I32 + block, lost);
    this.relink();
    this.wakeAll();
    return lost;
  }

  /** True once the ring goes on without this consumer. */
  isDetached(consumer: string): boolean {
    return this.isBitSet(this.graph.indexOf(consumer));
  }

  /** Records that a detached consumer lost; 0 for one that is attached. */
  lostOf(consumer: string): number {
    return Atomics.load(this.words, CONSUMER_LOST_I32 + this.graph.indexOf(consumer) * CONSUMER_STRIDE_I32);
  }

  /** True once anyone has closed. Nothing is taken back: published records stay readable. */
  get isClosed(): boolean {
    return Atomics.load(this.words, MULTICAST_CLOSED_I32) !== 0;
  }

  /** Tells everyone that no more will come or be taken, and wakes them. Claims that were not committed are not published. */
  close(): void {
    Atomics.store(this.words, MULTICAST_CLOSED_I32, 1);
    this.wakeAll();
  }

  /** Producer: sleeps until a slot is free. True if one is or the ring is closed, false after `timeoutMs`. */
  parkProducer(timeoutMs: number): boolean {
    const words = this.words;
    for (let leftMs = timeoutMs; ;) {
      this.lookAtLeaves();
      if (((this.next - this.gateSeen) | 0) < this.capacity || Atomics.load(words, MULTICAST_CLOSED_I32) !== 0) return true;
      if (leftMs <= 0) return false;
      const slowest = this.slowest;
      leftMs = napOn(words, MULTICAST_AWAITS_I32, AWAITS_CONSUMER + (slowest - CONSUMER_RELEASED_I32) / CONSUMER_STRIDE_I32, slowest, this.gateSeen, leftMs);
    }
  }

  /** Moves an empty ring to a cursor, before any other object attaches: how tests cross 2^31 and 2^32. ARENA_STATE if it holds records. */
  startAt(cursor: number): void {
    if (this.used !== 0 || this.claimed !== 0) {
      throw new StreamError("ARENA_STATE", "a ring is moved while it is empty", { used: this.used, claimed: this.claimed }); // hot-ok: cold, before use
    }
    Atomics.store(this.words, MULTICAST_PUBLISHED_I32, cursor | 0);
    for (let c = 0; c < this.consumers; c++) Atomics.store(this.words, CONSUMER_RELEASED_I32 + c * CONSUMER_STRIDE_I32, cursor | 0);
    this.loadCursors();
  }

  private loadCursors(): void {
    this.published = Atomics.load(this.words, MULTICAST_PUBLISHED_I32);
    this.next = this.published;
    this.relink();
    this.lookAtLeaves();
  }

  /** Finds the leaves anew: when it attaches, and when a consumer was detached. */
  private relink(): void {
    const leaves = this.graph.leaves(Atomics.load(this.words, MULTICAST_DETACHED_I32));
    this.leaves = 0;
    for (let c = 0; c < this.consumers; c++) {
      if ((leaves & (1 << c)) !== 0) this.leafWords[this.leaves++] = CONSUMER_RELEASED_I32 + c * CONSUMER_STRIDE_I32;
    }
  }

  /** The lowest cursor of the leaves; with nobody attached all is free that is published. */
  private lookAtLeaves(): void {
    const words = this.words;
    const next = this.next;
    let gate = this.published;
    let lag = (next - gate) | 0;
    for (let i = 0; i < this.leaves; i++) {
      const word = this.leafWords[i];
      const cursor = Atomics.load(words, word);
      if (((next - cursor) | 0) < lag) continue;
      lag = (next - cursor) | 0;
      gate = cursor;
      this.slowest = word;
    }
    this.gateSeen = gate;
  }

  private isBitSet(consumer: number): boolean {
    return (Atomics.load(this.words, MULTICAST_DETACHED_I32) & (1 << consumer)) !== 0;
  }

  private wakeAll(): void {
    Atomics.notify(this.words, MULTICAST_PUBLISHED_I32);
    for (let c = 0; c < this.consumers; c++) Atomics.notify(this.words, CONSUMER_RELEASED_I32 + c * CONSUMER_STRIDE_I32);
  }
}
