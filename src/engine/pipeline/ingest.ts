/**
 * Where order is decided: every record gets the next ingest sequence, moves event time, and goes into its shard's ring. @hot
 *
 * After each `markerEvery` data records a watermark marker goes into all rings at one position, so what fires does not depend on
 * the number of shards, on batch or chunk size, or on speed. A full ring is relieved and tried again, or with a burst queue before it goes on
 * behind what waits there: nothing is lost, and the order is the same.
 * State (sequence, watermark, counts) lies in the arena. One thread.
 */
import type { Clock } from "../../kernel/core/clock.ts";
import { EVENT_BAD_TIME, EVENT_RING_FULL, NoLog, isWorthALine, type LogObserver } from "../../kernel/core/log.ts";
import { TIME_END } from "../../kernel/core/units.ts";
import type { InstrumentRegistry } from "../../kernel/instrument/registry.ts";
import type { Arena } from "../../kernel/memory/arena.ts";
import { FLAG_BAD_TS, FLAG_LAST } from "../../kernel/record/flags.ts";
import {
  HEADER_FLAGS_U16,
  HEADER_INSTRUMENT_U32,
  HEADER_SEQUENCE_F64,
  HEADER_TS_EVENT_F64,
  HEADER_TS_RECV_F64,
  HEADER_WORD_I32,
  TYPE_MARKER,
  headerWord,
} from "../../kernel/record/header.ts";
import {
  MARKER_BARRIER,
  MARKER_END,
  MARKER_KIND_U8,
  MARKER_VALUE_F64,
  MARKER_WATERMARK,
  MARKER_WATERMARK_F64,
  NO_INSTRUMENT,
} from "../../kernel/record/marker.ts";
import type { RecordTarget } from "../../kernel/record/outlet.ts";
import { Slots } from "../../kernel/record/slots.ts";
import type { GatedRing } from "../../kernel/ring/gated-ring.ts";
import type { BoundedOutOfOrder } from "../../analysis/window/watermark.ts";
import type { BurstQueue } from "../delivery/burst-queue.ts";
import type { Backpressure } from "./backpressure.ts";

const SEQUENCE = 0;
const SINCE_MARKER = 1;
const BAD_TIMES = 2;
const PUBLISHED = 3;
const STATE_CELLS = 8;

/** Says which shard, in [0, rings), owns an instrument. Asked once an instrument, at its first record; equal in every run of a plan on as many shards. */
export interface ShardChooser {
  choose(instrument: number): number;
}

export interface IngestOptions {
  readonly registry: InstrumentRegistry;
  readonly rings: readonly GatedRing[];
  readonly chooser: ShardChooser;
  readonly watermark: BoundedOutOfOrder;
  readonly markerEvery: number;
  /** Records published at once at most. */
  readonly batch: number;
  /** The driver's way to make room. */
  readonly pressure: Backpressure;
  /** One before each ring, for a source that cannot wait; none unless given. */
  readonly bursts?: readonly BurstQueue[];
  /** Stamps the markers, so that the collector can measure the way of every 64th record. */
  readonly clock: Clock;
  readonly log?: LogObserver;
}

export class Ingest implements RecordTarget {
  private readonly state: Float64Array;
  private readonly perType: Float64Array;
  private readonly chooser: ShardChooser;
  private readonly rings: readonly GatedRing[];
  private readonly bursts: readonly BurstQueue[];
  private readonly watermark: BoundedOutOfOrder;
  private readonly markerEvery: number;
  private readonly batch: number;
  private readonly shardTable: Int16Array;
  private readonly marker: Slots = Slots.create(1);
  private readonly shards: number;
  /** Event time, and 0 for the receive time: it differs between runs, so it may not decide anything. */
  private readonly times: Float64Array = new Float64Array(2);
  private readonly pressure: Backpressure;
  private readonly clock: Clock;
  private readonly log: LogObserver;
  /** By ring, outside the arena because they depend on threads: most slots in use, and how often it was full. */
  private readonly mostUsed: Int32Array;
  private readonly fullCount: Float64Array;

  constructor(arena: Arena, options: IngestOptions) {
    this.state = arena.float64("ingest.state", STATE_CELLS);
    this.perType = arena.float64("ingest.recordsByType", 256);
    this.chooser = options.chooser;
    this.rings = options.rings;
    this.bursts = options.bursts ?? [];
    this.shards = options.rings.length;
    this.watermark = options.watermark;
    this.markerEvery = options.markerEvery;
    this.batch = options.batch;
    this.shardTable = new Int16Array(options.registry.capacity).fill(-1);
    this.pressure = options.pressure;
    this.clock = options.clock;
    this.log = options.log ?? new NoLog();
    this.mostUsed = new Int32Array(this.shards);
    this.fullCount = new Float64Array(this.shards);
  }

  /** The last sequence given. */
  get sequence(): number {
    return this.state[SEQUENCE];
  }

  /** Records and markers put into rings, or queues before them, so far; one that goes to several shards counts for each. */
  get published(): number {
    return this.state[PUBLISHED];
  }

  /** Records whose time was out of its sane range. */
  get badTimes(): number {
    return this.state[BAD_TIMES];
  }

  /** The newest sane event time so far. */
  get newestEventNs(): number {
    return this.watermark.newest();
  }

  /** Most slots of a ring seen in use, looked at once a batch. */
  ringHighWater(shard: number): number {
    return this.mostUsed[shard];
  }

  /** How often a ring was found full. */
  ringRefusals(shard: number): number {
    return this.fullCount[shard];
  }

  /** Data records by type byte. Cold. */
  recordsOfType(type: number): number {
    return this.perType[type];
  }

  accept(slots: Slots, slot: number): void {
    const state = this.state;
    const doubles = slots.f64;
    const at = slot << 3;
    doubles[at + HEADER_SEQUENCE_F64] = ++state[SEQUENCE];
    this.perType[slots.u8[slot << 6]]++;
    this.times[0] = doubles[at + HEADER_TS_EVENT_F64];
    const instrument = slots.u32[(slot << 4) + HEADER_INSTRUMENT_U32];
    if (this.watermark.observe(this.times, 0) < 0) {
      slots.u16[(slot << 5) + HEADER_FLAGS_U16] |= FLAG_BAD_TS;
      state[BAD_TIMES]++;
      if (isWorthALine(state[BAD_TIMES])) this.log.event(EVENT_BAD_TIME, state[BAD_TIMES], instrument, 0);
    }
    if (this.shards === 1) this.put(0, slots, slot);
    else if (instrument === NO_INSTRUMENT) this.putAll(slots, slot);
    else this.put(this.shardOfInstrument(instrument), slots, slot);
    if (++state[SINCE_MARKER] >= this.markerEvery) this.mark(MARKER_WATERMARK);
  }

  /** Records that wait in burst queues. */
  get waiting(): number {
    let waiting = 0;
    for (let shard = 0; shard < this.bursts.length; shard++) waiting += this.bursts[shard].length;
    return waiting;
  }

  /** Moves what waits in burst queues to the rings, as far as they have room; answers how many records. */
  pump(): number {
    let moved = 0;
    for (let shard = 0; shard < this.bursts.length; shard++) moved += this.bursts[shard].pump();
    return moved;
  }

  /** Publishes what is claimed: at the end of each push. */
  flush(): void {
    this.pump();
    for (let shard = 0; shard < this.shards; shard++) this.publish(shard);
  }

  /** A checkpoint barrier at this position. It takes no sequence and moves no time, so a run with checkpoints is the run without; flush() publishes it. */
  barrier(epoch: number): void {
    this.marker.f64[MARKER_VALUE_F64] = epoch;
    this.writeMarker(MARKER_BARRIER);
    this.marker.f64[MARKER_VALUE_F64] = 0;
  }

  /** The end of a bounded input: everything fires. */
  end(): void {
    this.state[SEQUENCE]++;
    this.writeMarker(MARKER_END);
    this.flush();
  }

  /** The shard that owns an instrument. */
  shardOfInstrument(instrument: number): number {
    const known = this.shardTable[instrument];
    if (known >= 0) return known;
    const shard = this.chooser.choose(instrument);
    this.shardTable[instrument] = shard;
    return shard;
  }

  private mark(kind: number): void {
    this.state[SINCE_MARKER] = 0;
    this.state[SEQUENCE]++;
    this.writeMarker(kind);
  }

  private writeMarker(kind: number): void {
    const marker = this.marker;
    const f64 = marker.f64;
    marker.i32[HEADER_WORD_I32] = headerWord(TYPE_MARKER, FLAG_LAST);
    marker.u32[HEADER_INSTRUMENT_U32] = NO_INSTRUMENT;
    f64[HEADER_SEQUENCE_F64] = this.state[SEQUENCE];
    f64[MARKER_WATERMARK_F64] = this.watermark.current();
    f64[HEADER_TS_EVENT_F64] = f64[MARKER_WATERMARK_F64]; // the time of what it makes due
    // Not by `? :`: a double that meets an imported constant in one variable is boxed, for that may be of any type.
    if (kind === MARKER_END) {
      f64[MARKER_WATERMARK_F64] = TIME_END;
      f64[HEADER_TS_EVENT_F64] = this.watermark.newest();
    }
    this.clock.stamp(f64, HEADER_TS_RECV_F64);
    marker.u8[MARKER_KIND_U8] = kind;
    this.putAll(marker, 0);
  }

  private putAll(slots: Slots, slot: number): void {
    for (let shard = 0; shard < this.shards; shard++) this.put(shard, slots, slot);
  }

  private put(shard: number, slots: Slots, slot: number): void {
    const ring = this.rings[shard];
    if (this.bursts.length > 0) {
      while (this.bursts[shard].put(slots, slot) < 0) this.makeRoom(shard);
    } else {
      let target = ring.claim();
      while (target < 0) {
        this.makeRoom(shard);
        target = ring.claim();
      }
      ring.slots.copyFrom(slots, slot, target);
    }
    this.state[PUBLISHED]++;
    if (ring.claimed >= this.batch) this.publish(shard);
  }

  /** Publishes what is claimed, and looks how full the ring is then. */
  private publish(shard: number): void {
    const ring = this.rings[shard];
    if (ring.claimed === 0) return;
    ring.commit();
    const used = ring.used;
    if (used > this.mostUsed[shard]) this.mostUsed[shard] = used;
  }

  private makeRoom(shard: number): void {
    const ring = this.rings[shard];
    this.fullCount[shard]++;
    if (isWorthALine(this.fullCount[shard])) this.log.event(EVENT_RING_FULL, shard, this.fullCount[shard], 0);
    this.flush(); // to all: what another shard has not seen may be what this one's outputs wait for
    this.pressure.relieve(ring);
  }
}
