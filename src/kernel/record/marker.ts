/**
 * A control record that ingest puts into every shard's ring at one position, so that what it triggers does not depend on the
 * number of shards.
 *
 *   32 watermark f | 40 value f | 48 kind u8
 *
 *   kind        watermark              value
 *   WATERMARK   no event at or below   -
 *   BARRIER     no event at or below   checkpoint epoch
 *   END         TIME_END               -
 */
import type { Slots } from "./slots.ts";

export const MARKER_WATERMARK_F64 = 4;
export const MARKER_VALUE_F64 = 5;
export const MARKER_KIND_U8 = 48;

export const MARKER_WATERMARK = 1;
export const MARKER_BARRIER = 2;
export const MARKER_END = 3;

/** Instrument id of records that belong to no instrument. */
export const NO_INSTRUMENT = 0xffff_ffff;

/** A movable view of one marker. */
export class MarkerView {
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

  get kind(): number {
    return this.slots.u8[(this.slot << 6) + MARKER_KIND_U8];
  }

  get watermark(): number {
    return this.slots.f64[(this.slot << 3) + MARKER_WATERMARK_F64];
  }

  get value(): number {
    return this.slots.f64[(this.slot << 3) + MARKER_VALUE_F64];
  }
}
