/**
 * The outputs of one shard as the collector reads them: its gated ring, and in front of it what was moved out of a full one. @hot
 *
 * Where the shards share one thread, a shard that fills its ring may have to wait for another that cannot run before it returns; spill()
 * takes the ring's records into memory that grows, so that it returns. Threads never spill. Bound: SPILL_MAX records, ARENA_CAPACITY
 * beyond. Empty at every barrier, so it is no part of a checkpoint.
 */
import { StreamError } from "../../kernel/core/errors.ts";
import { Slots } from "../../kernel/record/slots.ts";
import type { GatedRing } from "../../kernel/ring/gated-ring.ts";

/** Most records kept beside a ring: 256 MB of outputs of one batch. */
export const SPILL_MAX: number = 1 << 22;

export class OutputQueue {
  private readonly ring: GatedRing;
  private kept: Slots;
  private from = 0;
  private to = 0;
  private spilledCount = 0;
  private mostKept = 0;
  private mostUsed = 0;

  constructor(ring: GatedRing) {
    this.ring = ring;
    this.kept = Slots.create(0);
  }

  /** Where the slots of slotAt() lie now: to be read again after release() and spill(). */
  get slots(): Slots {
    return this.from < this.to ? this.kept : this.ring.slots;
  }

  /** Records moved out of the ring so far. */
  get spilled(): number {
    return this.spilledCount;
  }

  /** Most slots of the ring seen in use by look(). */
  get ringHighWater(): number {
    return this.mostUsed;
  }

  /** Most records kept beside the ring at one time. */
  get spillHighWater(): number {
    return this.mostKept;
  }

  /** Looks how full the ring is: once a batch. */
  look(): void {
    const used = this.ring.used;
    if (used > this.mostUsed) this.mostUsed = used;
  }

  /** Records that can be read now; there may be more behind them. */
  available(): number {
    return this.from < this.to ? this.to - this.from : this.ring.available();
  }

  /** The slot of the oldest record. */
  head(): number {
    return this.from < this.to ? this.from : this.ring.slotAt(0);
  }

  /** Gives the oldest record back. */
  drop(): void {
    if (this.from < this.to) this.from++;
    else this.ring.release(1);
  }

  /** Empties the ring behind what is kept. */
  spill(): void {
    const count = this.ring.available();
    if (this.from === this.to) {
      this.from = 0;
      this.to = 0;
    }
    if (this.to + count > this.kept.count) this.kept = this.createRoom(count);
    for (let i = 0; i < count; i++) this.kept.copyFrom(this.ring.slots, this.ring.slotAt(i), this.to++);
    this.ring.release(count);
    this.spilledCount += count;
    if (this.to - this.from > this.mostKept) this.mostKept = this.to - this.from;
  }

  /** Memory for what is kept and `more`, what is kept at its front. */
  private createRoom(more: number): Slots {
    const length = this.to - this.from;
    const wanted = length + more;
    if (wanted > SPILL_MAX) {
      throw new StreamError("ARENA_CAPACITY", `a shard emitted over ${SPILL_MAX} records that another had to go before: lower the batch`, { wanted });
    }
    const room = wanted * 2 <= this.kept.count ? this.kept : Slots.create(wanted * 2);
    for (let i = 0; i < length; i++) room.copyFrom(this.kept, this.from + i, i);
    this.from = 0;
    this.to = length;
    return room;
  }
}
