/**
 * One consumer's end of a multicast ring: sees records up to the slowest cursor of those it stands behind. @hot
 *
 * It looks at their cursors only when its cached copy is used up, and gives a batch back with one store. A new object over the same bytes takes
 * the place of one that died: it goes on from the last release, with the batch that was being worked on. One object and one thread a name.
 */
import { fail } from "../core/invariant.ts";
import type { Slots } from "../record/slots.ts";
import type { MulticastRing } from "./multicast-ring.ts";
import { napOn } from "./parking.ts";
import {
  AWAITS_CONSUMER,
  AWAITS_PRODUCER,
  CONSUMER_AWAITS_I32,
  CONSUMER_RELEASED_I32,
  CONSUMER_STRIDE_I32,
  CONSUMERS_MAX,
  MULTICAST_AWAITS_I32,
  MULTICAST_DETACHED_I32,
  MULTICAST_PUBLISHED_I32,
} from "./ring-layout.ts";

export class MulticastConsumer {
  readonly name: string;
  /** The records. */
  readonly slots: Slots;
  private readonly ring: MulticastRing;
  private readonly words: Int32Array;
  private readonly mask: number;
  private readonly index: number;
  private readonly releasedWord: number;
  /** The `awaits` words of all who may wait for this consumer: the producer, and those behind it. */
  private readonly waiterWords: Int32Array;
  /** The cursors that it waits for, and how many there are: none once it is detached. */
  private readonly sourceWords: Int32Array;
  private sources = 0;
  /** The lowest of them at the last look. */
  private slowest: number = MULTICAST_PUBLISHED_I32;
  private detachedSeen = 0;
  /** The next cursor to read; the one up to which it gave back; the lowest of its sources' as last seen. */
  private read = 0;
  private released = 0;
  private limitSeen = 0;

  /** Attaches to the place of that name. CONFIG_INVALID, with the names there are, for another one. */
  constructor(ring: MulticastRing, name: string) {
    const { graph, words } = ring;
    this.name = name;
    this.ring = ring;
    this.words = words;
    this.slots = ring.slots;
    this.mask = ring.capacity - 1;
    this.index = graph.indexOf(name);
    this.releasedWord = CONSUMER_RELEASED_I32 + this.index * CONSUMER_STRIDE_I32;
    this.sourceWords = new Int32Array(CONSUMERS_MAX);
    const behind = graph.behind(this.index);
    const waiters = graph.names.flatMap((_, c) => ((behind & (1 << c)) !== 0 ? [CONSUMER_AWAITS_I32 + c * CONSUMER_STRIDE_I32] : []));
    this.waiterWords = Int32Array.of(MULTICAST_AWAITS_I32, ...waiters);
    this.released = Atomics.load(words, this.releasedWord);
    this.read = this.released;
    this.limitSeen = this.released;
    Atomics.store(words, CONSUMER_AWAITS_I32 + this.index * CONSUMER_STRIDE_I32, 0); // one that died in its sleep left it up
    this.relink();
  }

  /** Records that can be read. Looks at the others' cursors only when the copy says that there are none; 0 from then on once it is detached. */
  available(): number {
    const known = (this.limitSeen - this.read) | 0;
    return known !== 0 ? known : this.look();
  }

  /** Records published and not yet read, whether those before it have released them or not. */
  get pending(): number {
    return (Atomics.load(this.words, MULTICAST_PUBLISHED_I32) - this.read) | 0;
  }

  /** True when the ring is closed and everything in it was read: nothing will come. */
  get isEnded(): boolean {
    return this.ring.isClosed && this.pending === 0;
  }

  /** The slot of the index-th unread record, 0 <= index < available(). It stays whole until it is released, while the consumer is attached. */
  slotAt(index: number): number {
    return (this.read + index) & this.mask;
  }

  /**
   * Goes past the first `count` unread records, and gives them and all held before them back with one store. INVARIANT past what available()
   * told. False when the consumer has been detached: what it read since its last release may have been overwritten under it.
   */
  release(count: number): boolean {
    if (count === 0) return !this.isDetached;
    this.advance(count);
    return this.giveBack(this.read);
  }

  /** Goes past the first `count` unread records and holds them: rewind() reads them again, until they are given back. INVARIANT as release(). */
  advance(count: number): void {
    if (count < 0 || count > ((this.limitSeen - this.read) | 0)) fail("went past more ring records than were available", count);
    this.read = (this.read + count) | 0;
  }

  /** The cursor of the next unread record, modulo 2^32: what releaseTo() takes later. */
  get position(): number {
    return this.read;
  }

  /** Records that were read and are still held. */
  get held(): number {
    return (this.read - this.released) | 0;
  }

  /** Gives back what it read before `position`, a value of that property since the last release. INVARIANT for another cursor. False as release(). */
  releaseTo(position: number): boolean {
    const count = (position - this.released) | 0;
    if (count === 0) return !this.isDetached;
    if (count < 0 || count > ((this.read - this.released) | 0)) fail("released ring records that are not held", count);
    return this.giveBack(position);
  }

  /** Reads on from the oldest record that was not given back: a batch that is to be tried again, a state that was restored. */
  rewind(): void {
    this.read = this.released;
  }

  /** True once the ring has gone on without this consumer. */
  get isDetached(): boolean {
    return (Atomics.load(this.words, MULTICAST_DETACHED_I32) & (1 << this.index)) !== 0;
  }

  /** True once anyone has closed; what was published stays readable. */
  get isClosed(): boolean {
    return this.ring.isClosed;
  }

  /** Sleeps until a record can be read. True if one can, or the ring is closed, or the consumer detached; false after `timeoutMs`. */
  parkConsumer(timeoutMs: number): boolean {
    for (let leftMs = timeoutMs; ;) {
      if (this.available() > 0 || this.sources === 0 || this.ring.isClosed) return true;
      if (leftMs <= 0) return false;
      const slowest = this.slowest;
      const owner = slowest === MULTICAST_PUBLISHED_I32 ? AWAITS_PRODUCER : AWAITS_CONSUMER + (slowest - CONSUMER_RELEASED_I32) / CONSUMER_STRIDE_I32;
      leftMs = napOn(this.words, CONSUMER_AWAITS_I32 + this.index * CONSUMER_STRIDE_I32, owner, slowest, this.limitSeen, leftMs);
    }
  }

  private look(): number {
    const words = this.words;
    if (Atomics.load(words, MULTICAST_DETACHED_I32) !== this.detachedSeen) this.relink();
    const read = this.read;
    let least = this.sources === 0 ? 0 : this.mask + 1;
    for (let i = 0; i < this.sources; i++) {
      const word = this.sourceWords[i];
      const lead = (Atomics.load(words, word) - read) | 0;
      if (lead > least) continue;
      least = lead;
      this.slowest = word;
    }
    if (least < 0) fail("a consumer is ahead of what it stands behind", least);
    this.limitSeen = (read + least) | 0;
    return least;
  }

  /** Finds the cursors that it waits for: when it attaches, and when any consumer was detached. */
  private relink(): void {
    const { graph } = this.ring;
    const detached = Atomics.load(this.words, MULTICAST_DETACHED_I32);
    this.detachedSeen = detached;
    this.sources = 0;
    if ((detached & (1 << this.index)) !== 0) return;
    const found = graph.sources(this.index, detached);
    for (let c = 0; c < graph.names.length; c++) {
      if ((found & (1 << c)) !== 0) this.sourceWords[this.sources++] = CONSUMER_RELEASED_I32 + c * CONSUMER_STRIDE_I32;
    }
    if (found === 0) this.sourceWords[this.sources++] = MULTICAST_PUBLISHED_I32;
  }

  private giveBack(position: number): boolean {
    const words = this.words;
    this.released = position;
    Atomics.store(words, this.releasedWord, position);
    const me = AWAITS_CONSUMER + this.index;
    for (let i = 0; i < this.waiterWords.length; i++) {
      if (Atomics.load(words, this.waiterWords[i]) !== me) continue;
      Atomics.notify(words, this.releasedWord);
      break;
    }
    return !this.isDetached;
  }
}
