/**
 * Where a shard's records leave it: the gated output ring, with the identity of each output. @hot
 *
 * An output is known for ever by (ingest sequence of its cause, instrument, emit index). The index counts from 0 for each cause
 * and instrument; its state lies in the arena. A full ring is relieved and tried again.
 *
 * Where a sink asks for priority, each output goes into the shard's priority lane too, and always before the ring shows it: when the collector
 * sees a barrier, everything before it is in the lane.
 *
 * A shard that was restored makes again what the thread before it had published: those records are made and counted, and go nowhere.
 */
import { fail } from "../../kernel/core/invariant.ts";
import type { Arena } from "../../kernel/memory/arena.ts";
import type { Slots } from "../../kernel/record/slots.ts";
import {
  HEADER_INSTRUMENT_U32,
  HEADER_SEQUENCE_F64,
  HEADER_TS_EVENT_F64,
  HEADER_TS_RECV_F64,
  HEADER_WORD_I32,
  TYPE_MARKER,
  headerWord,
} from "../../kernel/record/header.ts";
import type { GatedRing } from "../../kernel/ring/gated-ring.ts";
import type { PriorityWriter } from "../../kernel/ring/priority-writer.ts";
import type { Backpressure } from "./backpressure.ts";

/** Cells of the cause row: what the shard is processing. */
export const CAUSE_SEQUENCE = 0;
export const CAUSE_TS_EVENT = 1;
export const CAUSE_TS_RECV = 2;
const LAST_SEQUENCE = 3;
const LAST_INSTRUMENT = 4;
const NEXT_INDEX = 5;
const EMITTED = 6;
const CELLS = 8;

/** The second way out of a shard. */
export interface PriorityOutput {
  readonly writer: PriorityWriter;
  /** The lane is full: makes room in it, or waits for another thread to. */
  relieve(): void;
}

const NONE = -1;

export class Emitter {
  readonly slots: Slots;
  /** The record being processed: the shard writes CAUSE_* before each. */
  readonly cause: Float64Array;
  private readonly ring: GatedRing;
  private readonly pressure: Backpressure;
  private readonly priority: PriorityOutput | null;
  /** The slot claimed last, until it has gone into the lane. */
  private newest: number = NONE;
  private repeats = 0;

  constructor(arena: Arena, ring: GatedRing, pressure: Backpressure, priority: PriorityOutput | null = null) {
    this.cause = arena.float64("emitter.cause", CELLS);
    if (arena.fresh) this.cause[LAST_SEQUENCE] = -1;
    this.ring = ring;
    this.slots = ring.slots;
    this.pressure = pressure;
    this.priority = priority;
  }

  /** Records emitted so far. */
  get emitted(): number {
    return this.cause[EMITTED];
  }

  /** The index of the next output of this cause for the instrument; counts it. */
  takeIndex(instrument: number): number {
    const cause = this.cause;
    if (cause[LAST_SEQUENCE] !== cause[CAUSE_SEQUENCE] || cause[LAST_INSTRUMENT] !== instrument) {
      cause[LAST_SEQUENCE] = cause[CAUSE_SEQUENCE];
      cause[LAST_INSTRUMENT] = instrument;
      cause[NEXT_INDEX] = 0;
    }
    return cause[NEXT_INDEX]++;
  }

  /** The next `count` records have been published before. INVARIANT with a priority lane, which may hold more of them than the ring. */
  repeat(count: number): void {
    if (count > 0 && this.priority !== null) fail("outputs that are in a priority lane cannot be made again", count);
    this.repeats = count;
  }

  /** Records that have been published before and are still to be made again. */
  get repeatsLeft(): number {
    return this.repeats;
  }

  /**
   * Claims a slot, zeroed, with its header written: the sequence and times of the cause. The caller fills the body, may replace
   * tsEvent, and commits the batch later.
   */
  next(type: number, flags: number, instrument: number): number {
    if (this.priority !== null) this.passOn(this.priority);
    const slot = this.repeats === 0 ? this.claim() : this.claimNothing();
    const slots = this.slots;
    const cause = this.cause;
    slots.clear(slot);
    slots.i32[(slot << 4) + HEADER_WORD_I32] = headerWord(type, flags);
    slots.u32[(slot << 4) + HEADER_INSTRUMENT_U32] = instrument;
    const at = slot << 3;
    slots.f64[at + HEADER_SEQUENCE_F64] = cause[CAUSE_SEQUENCE];
    slots.f64[at + HEADER_TS_EVENT_F64] = cause[CAUSE_TS_EVENT];
    slots.f64[at + HEADER_TS_RECV_F64] = cause[CAUSE_TS_RECV];
    cause[EMITTED]++;
    return slot;
  }

  /** Publishes what was emitted since the last commit. */
  commit(): void {
    this.hasten();
    this.ring.commit();
  }

  /** What was emitted so far is whole: shows it in the priority lane at once, if there is one. The ring waits for commit(). */
  hasten(): void {
    if (this.priority === null) return;
    this.passOn(this.priority);
    this.priority.writer.commit();
  }

  private claim(): number {
    let slot = this.ring.claim();
    while (slot < 0) {
      this.commit();
      this.pressure.relieve(this.ring);
      slot = this.ring.claim();
    }
    this.newest = slot;
    return slot;
  }

  private claimNothing(): number {
    this.repeats--;
    return this.ring.scratchSlot();
  }

  /** The record emitted last is written by now: it goes into the lane. Markers do not. */
  private passOn(priority: PriorityOutput): void {
    const slot = this.newest;
    if (slot === NONE) return;
    this.newest = NONE;
    if (this.slots.u8[slot << 6] === TYPE_MARKER) return;
    while (priority.writer.put(this.slots, slot) < 0) {
      priority.writer.commit();
      this.ring.commit(); // all that it shows is in the lane, but for this record, which is no barrier
      priority.relieve();
    }
  }
}
