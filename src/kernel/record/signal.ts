/**
 * A decision: a rule, pattern or strategy said something about an instrument.
 *
 *   32 price f | 40 strength f | 48 rule u32 | 52 kind u8 | 53 side u8 | 54 values u16 | 56 causeIndex u32 | 60 emitIndex u32
 *
 * `sequence` of the header is the ingest sequence of the cause; (sequence, instrument, emitIndex) identifies the signal for ever.
 * `values` doubles follow in VALUES records; FLAG_LAST is on the last record of the chain. Strength is in [0, 1].
 * causeIndex is the index of the stage that spoke.
 */
import type { Slots } from "./slots.ts";

export const SIGNAL_PRICE_F64 = 4;
export const SIGNAL_STRENGTH_F64 = 5;
export const SIGNAL_RULE_U32 = 12;
export const SIGNAL_KIND_U8 = 52;
export const SIGNAL_SIDE_U8 = 53;
export const SIGNAL_VALUES_U16 = 27;
export const SIGNAL_CAUSE_INDEX_U32 = 14;
export const SIGNAL_EMIT_INDEX_U32 = 15;

export const KIND_RULE = 1;
export const KIND_PATTERN = 2;
export const KIND_BREAKER = 3;

/** A movable view of one signal. */
export class SignalView {
  private slots: Slots;
  private slot = 0;

  constructor(slots: Slots) {
    this.slots = slots;
  }

  at(slots: Slots, slot: number): this {
    this.slots = slots;
    this.slot = slot;
    return this;
  }

  get price(): number {
    return this.slots.f64[(this.slot << 3) + SIGNAL_PRICE_F64];
  }

  get strength(): number {
    return this.slots.f64[(this.slot << 3) + SIGNAL_STRENGTH_F64];
  }

  get rule(): number {
    return this.slots.u32[(this.slot << 4) + SIGNAL_RULE_U32];
  }

  get kind(): number {
    return this.slots.u8[(this.slot << 6) + SIGNAL_KIND_U8];
  }

  get side(): number {
    return this.slots.u8[(this.slot << 6) + SIGNAL_SIDE_U8];
  }

  get values(): number {
    return this.slots.u16[(this.slot << 5) + SIGNAL_VALUES_U16];
  }

  get causeIndex(): number {
    return this.slots.u32[(this.slot << 4) + SIGNAL_CAUSE_INDEX_U32];
  }

  get emitIndex(): number {
    return this.slots.u32[(this.slot << 4) + SIGNAL_EMIT_INDEX_U32];
  }
}
