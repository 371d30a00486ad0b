/**
 * The one order of a run's outputs: merges the shards' output rings by (ingest sequence, instrument), hashes, counts, and hands on
 * to the sinks. @hot
 *
 * A shard tells its progress in band: the watermark markers that it passed come out of its ring too, and say that everything up to
 * their sequence has been emitted. A record is released when no other shard can still produce an earlier one, so the order does not
 * depend on threads. A barrier is taken when it stands at the head of every ring. State lies in the arena. One thread.
 * Sinks that ask for priority are served by the delivery beside it, before the merge and now and then during it.
 * Latency is measured on the same markers, one each 64 records: from the moment ingest made it to its release here.
 */
import type { Clock } from "../../kernel/core/clock.ts";
import { OUTPUT_HASH_WORDS, OutputHash } from "../../kernel/core/hash.ts";
import type { LatencyRecorder } from "../../kernel/core/observer.ts";
import type { Arena } from "../../kernel/memory/arena.ts";
import { hashMask } from "../../kernel/record/canonical.ts";
import { HEADER_INSTRUMENT_U32, HEADER_SEQUENCE_F64, HEADER_TS_RECV_F64, TYPE_MARKER } from "../../kernel/record/header.ts";
import { MARKER_BARRIER, MARKER_END, MARKER_KIND_U8, MARKER_VALUE_F64 } from "../../kernel/record/marker.ts";
import type { Slots } from "../../kernel/record/slots.ts";
import { PriorityDelivery } from "../delivery/priority-delivery.ts";
import type { Sink } from "../delivery/sink.ts";
import type { OutputQueue } from "./output-queue.ts";

/** Told when every output before a barrier has been released. */
export interface BarrierListener {
  onBarrier(epoch: number): void;
}

export interface CollectorOptions {
  readonly rings: readonly OutputQueue[];
  readonly sinks: readonly Sink[];
  /** Serves the sinks that ask for priority; none by default. */
  readonly delivery?: PriorityDelivery;
  readonly listener: BarrierListener;
  readonly clock: Clock;
  readonly latency: LatencyRecorder;
}

/** The priority delivery has a turn after this many records of the merge, a power of two, less 1. */
const DELIVERY_MASK = 63;
const HEAD_EMPTY = -1;
const HEAD_BARRIER = -2;

// Places in `span`.
const SPAN_FROM = 0;
const SPAN_TO = 1;

export class Collector {
  readonly hash: OutputHash;
  private readonly perType: Float64Array;
  private readonly progress: Float64Array;
  private readonly ended: Int32Array;
  private readonly taken: Float64Array;
  private readonly rings: readonly OutputQueue[];
  private readonly sinks: readonly Sink[];
  private readonly delivery: PriorityDelivery;
  private readonly listener: BarrierListener;
  private readonly clock: Clock;
  private readonly latency: LatencyRecorder;
  /** When a marker was made and when it was released. */
  private readonly span: Float64Array = new Float64Array(2);

  constructor(arena: Arena, options: CollectorOptions) {
    const { rings, sinks, listener } = options;
    this.hash = new OutputHash(arena.int32("collector.hash", OUTPUT_HASH_WORDS));
    this.perType = arena.float64("collector.recordsByType", 256);
    this.progress = arena.float64("collector.progress", rings.length);
    this.ended = arena.int32("collector.ended", rings.length);
    this.taken = arena.float64("collector.received", 1);
    this.rings = rings;
    this.sinks = sinks;
    this.delivery = options.delivery ?? new PriorityDelivery([], []);
    this.listener = listener;
    this.clock = options.clock;
    this.latency = options.latency;
  }

  /** True when every shard has emitted everything. */
  get isEnded(): boolean {
    for (let ring = 0; ring < this.rings.length; ring++) if (this.ended[ring] === 0) return false;
    return true;
  }

  /** Records and markers taken from the shards so far. */
  get received(): number {
    return this.taken[0];
  }

  /** Records released so far, by type byte. */
  recordsOfType(type: number): number {
    return this.perType[type];
  }

  /** Releases what can be released; returns how many records, those of the priority delivery included. */
  poll(): number {
    let delivered = this.delivery.poll();
    let released = 0;
    for (let i = 0; i < this.rings.length; i++) this.rings[i].look();
    for (;;) {
      const ring = this.nextRing();
      if (ring >= 0) {
        const source = this.rings[ring];
        this.deliver(source.slots, source.head());
        source.drop();
        this.taken[0]++;
        if ((++released & DELIVERY_MASK) === 0) delivered += this.delivery.poll();
      } else if (ring === HEAD_BARRIER) {
        const first = this.rings[0];
        const epoch = first.slots.f64[(first.head() << 3) + MARKER_VALUE_F64];
        for (let i = 0; i < this.rings.length; i++) {
          const source = this.rings[i];
          this.progress[i] = source.slots.f64[(source.head() << 3) + HEADER_SEQUENCE_F64];
          source.drop();
          this.taken[0]++;
        }
        this.delivery.settle();
        this.listener.onBarrier(epoch);
        this.delivery.goOn();
      } else return released + delivered;
    }
  }

  /** The ring whose head comes next, HEAD_BARRIER when all heads are the barrier, HEAD_EMPTY when nothing may be released yet. */
  private nextRing(): number {
    let best = -1;
    let bestSequence = Infinity;
    let bestInstrument = 0;
    let bound = Infinity;
    let barriers = 0;
    for (let i = 0; i < this.rings.length; i++) {
      const ring = this.rings[i];
      const head = this.skipProgress(i, ring);
      if (head === HEAD_EMPTY) {
        const reached = this.ended[i] === 1 ? Infinity : this.progress[i];
        if (reached < bound) bound = reached;
        continue;
      }
      const slots = ring.slots;
      const sequence = slots.f64[(head << 3) + HEADER_SEQUENCE_F64];
      if (slots.u8[head << 6] === TYPE_MARKER) {
        barriers++;
        if (sequence < bound) bound = sequence;
        continue;
      }
      const instrument = slots.u32[(head << 4) + HEADER_INSTRUMENT_U32];
      if (sequence < bestSequence || (sequence === bestSequence && instrument < bestInstrument)) {
        best = i;
        bestSequence = sequence;
        bestInstrument = instrument;
      }
    }
    if (best < 0) return barriers === this.rings.length ? HEAD_BARRIER : HEAD_EMPTY;
    return bestSequence <= bound ? best : HEAD_EMPTY;
  }

  /** Consumes progress markers at the head of a ring; returns the slot of what follows, or HEAD_EMPTY. */
  private skipProgress(index: number, ring: OutputQueue): number {
    while (ring.available() > 0) {
      const slots = ring.slots;
      const head = ring.head();
      if (slots.u8[head << 6] !== TYPE_MARKER) return head;
      const kind = slots.u8[(head << 6) + MARKER_KIND_U8];
      if (kind === MARKER_BARRIER) return head;
      this.progress[index] = slots.f64[(head << 3) + HEADER_SEQUENCE_F64];
      if (kind === MARKER_END) this.ended[index] = 1;
      this.span[SPAN_FROM] = slots.f64[(head << 3) + HEADER_TS_RECV_F64];
      this.clock.stamp(this.span, SPAN_TO);
      this.latency.recordSpan(this.span, SPAN_FROM, SPAN_TO);
      ring.drop();
      this.taken[0]++;
    }
    return HEAD_EMPTY;
  }

  private deliver(slots: Slots, slot: number): void {
    const type = slots.u8[slot << 6];
    this.hash.add(slots.i32, slot << 4, hashMask(type));
    this.perType[type]++;
    for (let i = 0; i < this.sinks.length; i++) this.sinks[i].write(slots, slot);
  }
}
