/**
 * A shard on the thread that carries it: attached to its shared memory, polled, and protected by images of its arena. @hot
 *
 * What the shard reads stays in its input ring until an image covers it. An image is begun when the held records reach half of the ring,
 * when the thread has nothing to do, and when the lifecycle state changes: the shard obeys the state of its last image, so a successor that
 * goes on from there decides as it did. No record is begun with fewer than `reserve` slots behind it: one that waits for room in its output
 * ring then has the next marker in its input ring, which is all that its peers need to let its outputs out. When images are made changes no
 * output.
 */
import { LiveClock } from "../../kernel/core/clock.ts";
import { fail } from "../../kernel/core/invariant.ts";
import { EVENT_SHARD_ENDED, EVENT_SHARD_STARTED, NoLog, type LogObserver } from "../../kernel/core/log.ts";
import { StateWord } from "../../kernel/lifecycle/state-word.ts";
import { Arena } from "../../kernel/memory/arena.ts";
import { ArenaCut } from "../../kernel/memory/arena-cut.ts";
import { GatedRing } from "../../kernel/ring/gated-ring.ts";
import { LogWriter, type LogTap } from "../../kernel/ring/log-ring.ts";
import { PriorityLane, type PriorityLaneSizes } from "../../kernel/ring/priority-lane.ts";
import { PriorityWriter } from "../../kernel/ring/priority-writer.ts";
import { ShardImages, type ShardCut, type ShardImageMemory } from "../checkpoint/shard-images.ts";
import { Market } from "./market.ts";
import type { BookKind } from "./feed-catalog.ts";
import type { PipelinePlan } from "./plan.ts";
import { Shard } from "./shard.ts";
import type { ThreadWords } from "./thread-words.ts";

/** Longest sleep before a full output ring or lane. */
const PARK_MS = 50;

interface RingData {
  readonly buffer: SharedArrayBuffer;
  readonly byteOffset: number;
  readonly capacity: number;
}

/** Shared memory and plain data: all that a thread needs to be the shard. */
export interface SeatData {
  readonly plan: PipelinePlan;
  readonly book: BookKind;
  readonly index: number;
  readonly market: SharedArrayBuffer;
  readonly arena: SharedArrayBuffer;
  readonly input: RingData;
  readonly output: RingData;
  /** The priority lane of the shard, where a sink asks for one. */
  readonly lane: { readonly buffer: SharedArrayBuffer; readonly sizes: PriorityLaneSizes } | null;
  readonly snapshot: SharedArrayBuffer;
  /** The state that the shards obey. */
  readonly lifecycle: SharedArrayBuffer;
  readonly anchorNs: number;
  /** Memory for images, or null for a shard that is not protected. */
  readonly images: ShardImageMemory | null;
  /** Slots of the input ring that stay free of held records. */
  readonly reserve: number;
  /** Where the shard's thread says what it has to say; null: nowhere. */
  readonly log: LogTap | null;
}

/** How a thread gets a shard. */
export interface SeatOrder {
  readonly data: SeatData;
  /** From its committed image, because the thread before it died; else its arena is whole, and it goes on from there. */
  readonly isRestored: boolean;
  /** Records before this cursor are taken one by one, so that one that kills the thread is known; null for none. */
  readonly carefulTo: number | null;
}

export class ShardSeat {
  readonly index: number;
  readonly shard: Shard;
  /** Outputs that the thread before it had published and this one does not publish again. */
  readonly repeats: number;
  private readonly thread: number;
  private readonly words: ThreadWords;
  private readonly input: GatedRing;
  private readonly output: GatedRing;
  private readonly images: ShardImages | null;
  private readonly cut: ArenaCut;
  private readonly head: ShardCut = { input: 0, output: 0, state: 0, consumed: 0, emitted: 0 };
  private readonly log: LogObserver;
  private readonly wanted: StateWord;
  private readonly obeyed: StateWord;
  /** Held records at which an image is begun, and at most. */
  private readonly share: number;
  private readonly heldMax: number;
  private readonly carefulTo: number;
  private isCareful: boolean;
  private isCutting = false;
  /** The image being made brings another state: nothing is taken before it is whole. */
  private isTurning = false;

  constructor(order: SeatOrder, thread: number, words: ThreadWords) {
    const { data } = order;
    this.index = data.index;
    this.thread = thread;
    this.words = words;
    this.images = data.images === null ? null : new ShardImages(data.images);
    if (order.isRestored) this.images?.restoreInto(data.arena); // before anything looks at it
    const arena = Arena.attach(`shard-${data.index}`, data.arena);
    this.input = new GatedRing(data.input.buffer, data.input.byteOffset, data.input.capacity);
    this.output = new GatedRing(data.output.buffer, data.output.byteOffset, data.output.capacity);
    this.wanted = new StateWord(data.lifecycle);
    this.obeyed = this.images === null ? this.wanted : StateWord.create();
    const writer = data.lane === null ? null : new PriorityWriter(new PriorityLane(data.lane.buffer, 0, data.lane.sizes));
    const clock = new LiveClock(0, data.anchorNs);
    this.log = data.log === null ? new NoLog() : new LogWriter(data.log, clock);
    this.shard = new Shard(arena, {
      plan: data.plan,
      book: data.book,
      market: new Market(Arena.attach("market", data.market), data.plan.limits.instruments),
      input: this.input,
      output: this.output,
      pressure: { relieve: (ring) => this.awaitRoom(ring) },
      priority: writer === null ? null : { writer, relieve: () => this.awaitLane(writer) },
      clock,
      lifecycle: this.obeyed,
      log: this.log,
      holdsInput: this.images !== null,
    });
    arena.seal();
    this.shard.setSnapshotTarget(new Uint8Array(data.snapshot));
    this.cut = new ArenaCut(arena);
    this.heldMax = data.input.capacity - data.reserve;
    this.share = Math.max(1, Math.min(data.input.capacity >> 1, this.heldMax));
    this.isCareful = order.carefulTo !== null;
    this.carefulTo = order.carefulTo ?? 0;
    this.repeats = order.isRestored ? this.restoreCursors() : this.createCursors();
    this.words.setPosition(this.index, this.input.position);
    this.log.event(EVENT_SHARD_STARTED, this.index, 0, 0);
  }

  /** The run is over. Cold. */
  end(gcEvents: number): void {
    this.log.event(EVENT_SHARD_ENDED, this.index, this.shard.consumed, gcEvents);
  }

  /** True when there is nothing to take and no image is being made: the thread may sleep. */
  get isIdle(): boolean {
    return !this.isCutting && this.input.available() === 0;
  }

  /** True while it makes again what was published before, or takes what is there record by record. */
  get isRecovering(): boolean {
    return this.shard.emitter.repeatsLeft > 0 || (this.isCareful && this.input.available() > 0);
  }

  /** Takes at most `batch` records, and moves the image at hand on; 0 when there was nothing to do. */
  turn(batch: number): number {
    const { images, input } = this;
    if (images === null) return this.take(batch);
    let work = 0;
    if (this.isCutting) {
      work = 1;
      if (this.cut.isDone) this.commit(images);
    } else this.cutIfDue(images);
    if (this.isTurning) return work;
    const room = this.heldMax - input.held;
    const limit = this.isCareful ? 1 : batch;
    const taken = this.take(limit < room ? limit : room);
    if (this.isCareful && ((input.position - this.carefulTo) | 0) >= 0) this.isCareful = false;
    return work + taken;
  }

  /** The thread slept and there was nothing to do: nothing is held back from a ring that is silent. */
  rest(): void {
    if (this.images !== null && !this.isCutting && this.input.held > 0) this.begin(this.images, this.obeyed.load());
  }

  /** Brings the image at hand to its end: before the shard goes to another thread. */
  settle(): void {
    while (this.isCutting) if (this.cut.isDone && this.images !== null) this.commit(this.images);
  }

  private take(limit: number): number {
    if (limit <= 0) return 0;
    const { words, input, thread } = this;
    words.setTaking(thread, this.index, input.position, limit === 1);
    const taken = this.shard.poll(limit);
    words.setTaken(thread);
    if (taken > 0) words.setPosition(this.index, input.position);
    return taken;
  }

  private cutIfDue(images: ShardImages): void {
    const state = this.wanted.load();
    const obeyed = this.obeyed.load();
    // While outputs are repeated they must come out as before, so the state is the one of then.
    if (state !== obeyed && this.shard.emitter.repeatsLeft === 0) {
      this.isTurning = true;
      this.begin(images, state);
    } else if (this.input.held >= this.share) this.begin(images, obeyed);
  }

  private begin(images: ShardImages, state: number): void {
    const { head, shard } = this;
    head.input = this.input.position;
    head.output = (this.output.head - shard.emitter.repeatsLeft) | 0;
    head.state = state;
    head.consumed = shard.consumed;
    head.emitted = shard.emitted;
    images.describe(head);
    this.isCutting = true;
    this.cut.begin(images.spare);
    if (this.cut.isDone) this.commit(images);
  }

  /** The image is whole: first it is committed, then the input before it is given back. */
  private commit(images: ShardImages): void {
    images.commit();
    this.input.releaseTo(this.head.input);
    this.obeyed.store(this.head.state);
    this.isCutting = false;
    this.isTurning = false;
  }

  private awaitRoom(ring: GatedRing): void {
    this.words.setWaiting(this.thread, this.index);
    ring.parkProducer(PARK_MS);
    this.words.setWaiting(this.thread, -1);
  }

  private awaitLane(writer: PriorityWriter): void {
    this.words.setWaiting(this.thread, this.index);
    writer.park(PARK_MS);
    this.words.setWaiting(this.thread, -1);
  }

  /** A shard whose arena is whole goes on behind what it had read, which may still be held. */
  private createCursors(): number {
    const { images } = this;
    if (images !== null) {
      this.obeyed.store(images.committed().state);
      images.touchSpare();
    }
    this.skipTo(this.words.position(this.index));
    return 0;
  }

  /** A restored shard reads again from its image on. Between the image's commit and the gate's store the dead may have left a gap. */
  private restoreCursors(): number {
    const { input, output, images, shard } = this;
    if (images === null) fail("a shard without images was restored", this.index);
    const { input: position, output: said, state, consumed, emitted } = images.committed();
    if (shard.consumed !== consumed || shard.emitted !== emitted) fail("an image and its head do not belong together", shard.consumed - consumed);
    this.skipTo(position);
    input.releaseTo(position);
    this.obeyed.store(state);
    const repeats = (output.head - said) | 0;
    if (repeats < 0) fail("an image knows of outputs that were never published", repeats);
    shard.emitter.repeat(repeats);
    return repeats;
  }

  private skipTo(position: number): void {
    this.input.advance((position - this.input.position) | 0);
  }
}
