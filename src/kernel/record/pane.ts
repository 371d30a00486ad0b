/**
 * One firing of a window: its result over [start, end). tsEvent is end - 1, the time of the result.
 *
 *   32 start f | 40 end f | 48 window u16 | 50 present u16 | 52 timing u8 | 53 values u8 | 54 version u16 | 56 count u32 | 60 emitIndex u32
 *
 * `values` doubles follow in VALUES records; FLAG_LAST ends the chain. Bit i of `present` is set when value i is known; an absent one is 0. `window` is the index of the pipeline's window definition.
 */
import type { Slots } from "./slots.ts";

export const PANE_START_F64 = 4;
export const PANE_END_F64 = 5;
export const PANE_WINDOW_U16 = 24;
export const PANE_PRESENT_U16 = 25;
export const PANE_TIMING_U8 = 52;
export const PANE_VALUES_U8 = 53;
export const PANE_VERSION_U16 = 27;
export const PANE_COUNT_U32 = 14;
export const PANE_EMIT_INDEX_U32 = 15;

export const TIMING_EARLY = 0;
export const TIMING_ON_TIME = 1;
export const TIMING_LATE = 2;

/** A movable view of one pane. */
export class PaneView {
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

  get start(): number {
    return this.slots.f64[(this.slot << 3) + PANE_START_F64];
  }

  get end(): number {
    return this.slots.f64[(this.slot << 3) + PANE_END_F64];
  }

  get window(): number {
    return this.slots.u16[(this.slot << 5) + PANE_WINDOW_U16];
  }

  get present(): number {
    return this.slots.u16[(this.slot << 5) + PANE_PRESENT_U16];
  }

  get timing(): number {
    return this.slots.u8[(this.slot << 6) + PANE_TIMING_U8];
  }

  get values(): number {
    return this.slots.u8[(this.slot << 6) + PANE_VALUES_U8];
  }

  get version(): number {
    return this.slots.u16[(this.slot << 5) + PANE_VERSION_U16];
  }

  get count(): number {
    return this.slots.u32[(this.slot << 4) + PANE_COUNT_U32];
  }

  get emitIndex(): number {
    return this.slots.u32[(this.slot << 4) + PANE_EMIT_INDEX_U32];
  }
}
