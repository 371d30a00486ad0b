/**
 * What lets a source go on while a gated ring is full: records in memory, and behind them a spill, in front of the ring. @hot
 *
 *   put -> spill -> memory -> ring      each only while the one after it has no room
 *
 * The order is that of put(), and nothing is lost: with no room left anywhere put() answers FULL, and the caller waits as without a queue. While
 * anything is spilled, what comes goes behind it. Empty, it costs one comparison a record. Its content is no part of a checkpoint: a barrier
 * goes through it like any record, and what comes after a barrier is read from the source again. One thread.
 */
import { fail } from "../../kernel/core/invariant.ts";
import { FULL } from "../../kernel/core/status.ts";
import { Slots } from "../../kernel/record/slots.ts";
import type { GatedRing } from "../../kernel/ring/gated-ring.ts";
import type { SpillStore } from "./spill-store.ts";

/** Rows of the counts. */
const IN_SPILL = 0;
const QUEUED = 1;
const SPILLED = 2;
const HIGH_WATER = 3;

export class BurstQueue {
  /** Records that it holds in memory at most. */
  readonly capacity: number;
  private readonly ring: GatedRing;
  private readonly batch: number;
  private readonly spill: SpillStore | null;
  private readonly kept: Slots;
  private readonly counts: Float64Array;
  private head = 0;
  private inMemory = 0;

  /** `capacity`: records in memory. `batch`: records committed to the ring at once at most. Without a spill it is full when its memory is. */
  constructor(ring: GatedRing, capacity: number, batch: number, spill: SpillStore | null) {
    this.ring = ring;
    this.capacity = capacity;
    this.batch = batch;
    this.spill = spill;
    this.kept = Slots.create(capacity);
    this.counts = new Float64Array(4);
  }

  /** Records that it holds now. */
  get length(): number {
    return this.inMemory + this.counts[IN_SPILL];
  }

  /** Records that found the ring full, or others waiting, so far. */
  get queued(): number {
    return this.counts[QUEUED];
  }

  /** Of these, records for which there was no memory. */
  get spilled(): number {
    return this.counts[SPILLED];
  }

  /** Most records held at one time. */
  get highWater(): number {
    return this.counts[HIGH_WATER];
  }

  /** Bytes of its memory. */
  get bytes(): number {
    return this.kept.u8.byteLength;
  }

  /** Takes a record: into the ring if it has room and nothing waits, else behind what waits. 0, or FULL: nothing was taken. */
  put(slots: Slots, slot: number): number {
    const ring = this.ring;
    const counts = this.counts;
    if (this.inMemory === 0 && counts[IN_SPILL] === 0) {
      const target = ring.claim();
      if (target >= 0) {
        ring.slots.copyFrom(slots, slot, target);
        return 0;
      }
    }
    if (counts[IN_SPILL] === 0 && this.inMemory < this.capacity) {
      const at = this.head + this.inMemory++;
      this.kept.copyFrom(slots, slot, at < this.capacity ? at : at - this.capacity);
    } else if (this.spill !== null) {
      this.spill.append(slots, slot);
      counts[IN_SPILL]++;
      counts[SPILLED]++;
    } else return FULL;
    counts[QUEUED]++;
    const length = this.inMemory + counts[IN_SPILL];
    if (length > counts[HIGH_WATER]) counts[HIGH_WATER] = length;
    return 0;
  }

  /** Moves what waits to the ring, as far as it has room, and commits it; answers how many records. */
  pump(): number {
    let moved = 0;
    while (this.inMemory > 0 || this.readBack() > 0) {
      const count = this.moveToRing();
      moved += count;
      if (count === 0) break;
    }
    if (moved > 0) this.ring.commit();
    return moved;
  }

  private moveToRing(): number {
    const ring = this.ring;
    let moved = 0;
    while (this.inMemory > 0) {
      const target = ring.claim();
      if (target < 0) break;
      ring.slots.copyFrom(this.kept, this.head, target);
      this.head = this.head + 1 === this.capacity ? 0 : this.head + 1;
      this.inMemory--;
      moved++;
      if (ring.claimed >= this.batch) ring.commit();
    }
    return moved;
  }

  /** The memory is empty: fills it from the spill. */
  private readBack(): number {
    const counts = this.counts;
    const waiting = counts[IN_SPILL];
    if (waiting === 0 || this.spill === null) return 0;
    const count = this.spill.read(this.kept, 0, waiting < this.capacity ? waiting : this.capacity);
    if (count < 1) fail("a spill gave back fewer records than it was given", waiting);
    this.head = 0;
    this.inMemory = count;
    counts[IN_SPILL] = waiting - count;
    if (counts[IN_SPILL] === 0) this.spill.truncate();
    return count;
  }
}
