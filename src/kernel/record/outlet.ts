/**
 * Where a decoder puts records: fill the one staging slot, then emit it. @hot
 *
 * The target numbers the record, partitions it and copies it on; it may block (back pressure), never lose. A decoder is the only
 * writer of its outlet.
 */
import { Slots } from "./slots.ts";

/** Takes one finished record; the slot is reused when this returns. */
export interface RecordTarget {
  accept(slots: Slots, slot: number): void;
}

export class Outlet {
  /** The staging slot is slot 0: f64[0..8), i32[0..16), u16[0..32), u8[0..64). */
  readonly slots: Slots = Slots.create(1);
  private readonly target: RecordTarget;

  constructor(target: RecordTarget) {
    this.target = target;
  }

  /** Hands the staging record on. Fields keep their values: the next record overwrites what differs. */
  emit(): void {
    this.target.accept(this.slots, 0);
  }
}
