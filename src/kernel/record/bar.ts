/**
 * A bar over [start, end): two records, the second with FLAG_LAST. tsEvent of the bar is its start, tsEvent of the tail its end.
 *
 *   bar    32 open f | 40 high f | 48 low f | 56 close f
 *   tail   32 volume f | 40 notional f | 48 buyVolume f | 56 count u32 | 60 version u16 | 62 interval u16
 *
 * Prices and volumes at the instrument's scales; volume is exact, notional is the exact sum rounded once to a double.
 * Version counts revisions by late trades, from 0. Interval is the index of the pipeline's bar definition.
 */
import type { Slots } from "./slots.ts";

export const BAR_OPEN_F64 = 4;
export const BAR_HIGH_F64 = 5;
export const BAR_LOW_F64 = 6;
export const BAR_CLOSE_F64 = 7;
export const TAIL_VOLUME_F64 = 4;
export const TAIL_NOTIONAL_F64 = 5;
export const TAIL_BUY_VOLUME_F64 = 6;
export const TAIL_COUNT_U32 = 14;
export const TAIL_VERSION_U16 = 30;
export const TAIL_INTERVAL_U16 = 31;

/** A movable view of a bar and its tail, which lies in the next slot. */
export class BarView {
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

  get open(): number {
    return this.slots.f64[(this.slot << 3) + BAR_OPEN_F64];
  }

  get high(): number {
    return this.slots.f64[(this.slot << 3) + BAR_HIGH_F64];
  }

  get low(): number {
    return this.slots.f64[(this.slot << 3) + BAR_LOW_F64];
  }

  get close(): number {
    return this.slots.f64[(this.slot << 3) + BAR_CLOSE_F64];
  }

  get volume(): number {
    return this.slots.f64[((this.slot + 1) << 3) + TAIL_VOLUME_F64];
  }

  get notional(): number {
    return this.slots.f64[((this.slot + 1) << 3) + TAIL_NOTIONAL_F64];
  }

  get buyVolume(): number {
    return this.slots.f64[((this.slot + 1) << 3) + TAIL_BUY_VOLUME_F64];
  }

  get count(): number {
    return this.slots.u32[((this.slot + 1) << 4) + TAIL_COUNT_U32];
  }

  get version(): number {
    return this.slots.u16[((this.slot + 1) << 5) + TAIL_VERSION_U16];
  }

  get interval(): number {
    return this.slots.u16[((this.slot + 1) << 5) + TAIL_INTERVAL_U16];
  }
}
