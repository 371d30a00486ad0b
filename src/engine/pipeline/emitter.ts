/**
 * Where a shard's records leave it: the gated output ring, with the identity of each output. @hot
 *
 * An output is known for ever by (ingest sequence of its cause, instrument, emit index). The index counts from 0 for each cause
 * and instrument; its state lies in the arena. A full ring is relieved and tried again.
 */
import type { Arena } from "../../kernel/memory/arena.ts";
import type { Slots } from "../../kernel/record/slots.ts";
import {
  HEADER_INSTRUMENT_U32,
  HEADER_SEQUENCE_F64,
  HEADER_TS_EVENT_F64,
  HEADER_TS_RECV_F64,
  HEADER_WORD_I32,
  headerWord,
} from "../../kernel/record/header.ts";
import type { GatedRing } from "../../kernel/ring/gated-ring.ts";
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

export class Emitter {
  readonly slots: Slots;
  /** The record being processed: the shard writes CAUSE_* before each. */
  readonly cause: Float64Array;
  private readonly ring: GatedRing;
  private readonly pressure: Backpressure;

  constructor(arena: Arena, ring: GatedRing, pressure: Backpressure) {
    this.cause = arena.float64("emitter.cause", CELLS);
    if (arena.fresh) this.cause[LAST_SEQUENCE] = -1;
    this.ring = ring;
    this.slots = ring.slots;
    this.pressure = pressure;
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

  /**
   * Claims a slot, zeroed, with its header written: the sequence and times of the cause. The caller fills the body, may replace
   * tsEvent, and commits the batch later.
   */
  next(type: number, flags: number, instrument: number): number {
    let slot = this.ring.claim();
    while (slot < 0) {
      this.ring.commit();
      this.pressure.relieve(this.ring);
      slot = this.ring.claim();
    }
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
    this.ring.commit();
  }
}
