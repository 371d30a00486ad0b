/**
 * The stage beside the collector: takes each shard's outputs from its priority lane to the sinks that ask for priority, critical ones first. @hot
 *
 * The set of records is that of the ordered sinks, and records of one instrument keep their order; each carries its key (sequence of its cause,
 * instrument, emit index). Nothing here can change the output hash, which is taken in the collector.
 * A cut is exact: from the moment that a barrier goes in, hold() keeps back what comes after it, and at the barrier settle() has delivered all
 * that came before. A lane that fills up meanwhile is emptied aside (ASIDE_MAX records, ARENA_CAPACITY beyond), so no shard waits for another.
 * One thread, the collector's. Without lanes every call does nothing.
 */
import { StreamError } from "../../kernel/core/errors.ts";
import { HEADER_SEQUENCE_F64 } from "../../kernel/record/header.ts";
import { Slots } from "../../kernel/record/slots.ts";
import { CRITICAL, ROUTINE, type PriorityLane } from "../../kernel/ring/priority-lane.ts";
import { PriorityReader } from "../../kernel/ring/priority-reader.ts";
import type { Sink } from "./sink.ts";

/** Units taken in one poll at most, so that the merge has its turn. */
const UNITS_A_POLL = 256;
/** The part of a lane from which on it counts as filling up: the rest holds the longest unit. */
const CROWDED = 0.25;
/** Most records kept aside while a barrier is on its way: 256 MB. */
const ASIDE_MAX: number = 1 << 22;

export class PriorityDelivery {
  private readonly readers: readonly PriorityReader[];
  private readonly sinks: readonly Sink[];
  /** The last sequence before the barrier on its way, and Infinity without one. */
  private readonly bound: Float64Array = Float64Array.of(Infinity);
  private readonly asideMax: number;
  private aside: Slots = Slots.create(0);
  private asideCount = 0;
  private deliveredCount = 0;
  private mostUsed = 0;

  /** `asideMax`: most records kept aside. */
  constructor(lanes: readonly PriorityLane[], sinks: readonly Sink[], asideMax: number = ASIDE_MAX) {
    this.readers = lanes.map((lane) => new PriorityReader(lane));
    this.sinks = sinks;
    this.asideMax = asideMax;
  }

  /** Records handed to the sinks so far, by this process. */
  get delivered(): number {
    return this.deliveredCount;
  }

  /** Most records seen in the two lanes of one shard, looked at once a poll. */
  get laneHighWater(): number {
    return this.mostUsed;
  }

  /** Routine units that went before their turn, so that a critical one of their instrument could go. */
  get pulled(): number {
    let pulled = 0;
    for (let i = 0; i < this.readers.length; i++) pulled += this.readers[i].pulled;
    return pulled;
  }

  /** Delivers what the lanes hold, one unit of each in turns and not all of a flood; returns how many records. */
  poll(): number {
    let records = 0;
    for (let i = 0; i < this.readers.length; i++) {
      const { lane } = this.readers[i];
      const used = lane.used(ROUTINE) + lane.used(CRITICAL);
      if (used > this.mostUsed) this.mostUsed = used;
    }
    for (let units = 0; units < UNITS_A_POLL;) {
      const before = units;
      for (let i = 0; i < this.readers.length; i++) {
        const reader = this.readers[i];
        const length = reader.take();
        if (length === 0) continue;
        this.deliver(reader, length);
        records += length;
        units++;
      }
      if (units === before) break;
    }
    if (this.bound[0] !== Infinity) records += this.relieveLanes();
    return records;
  }

  /** A barrier goes in behind this sequence: what has a later one is kept back until goOn(). To be called before the barrier goes in. */
  hold(sequence: number): void {
    this.bound[0] = sequence;
    for (let i = 0; i < this.readers.length; i++) this.readers[i].bound[0] = sequence;
  }

  /** Everything that is in the lanes and not kept back has been handed to the sinks when this returns. */
  settle(): void {
    while (this.poll() > 0);
  }

  /** The cut is made: what was kept back goes on. */
  goOn(): void {
    this.hold(Infinity);
    for (let slot = 0; slot < this.asideCount; slot++) this.write(this.aside, slot);
    this.asideCount = 0;
  }

  private deliver(reader: PriorityReader, length: number): void {
    const slots = reader.slots;
    for (let i = 0; i < length; i++) this.write(slots, reader.slotAt(i));
  }

  private write(slots: Slots, slot: number): void {
    for (let i = 0; i < this.sinks.length; i++) this.sinks[i].write(slots, slot);
    this.deliveredCount++;
  }

  /** A lane that fills up with what is kept back is emptied aside: its shard may have to speak on before another reaches the barrier. */
  private relieveLanes(): number {
    let records = 0;
    for (let i = 0; i < this.readers.length; i++) {
      const reader = this.readers[i];
      const { lane } = reader;
      if (lane.used(ROUTINE) <= lane.sizes.routine * CROWDED && lane.used(CRITICAL) <= lane.sizes.critical * CROWDED) continue;
      reader.bound[0] = Infinity;
      for (let length = reader.take(); length > 0; length = reader.take()) {
        // What was published since the last look may still be from before the barrier.
        if (reader.slots.f64[(reader.slotAt(0) << 3) + HEADER_SEQUENCE_F64] > this.bound[0]) this.keepAside(reader, length);
        else {
          this.deliver(reader, length);
          records += length;
        }
      }
      reader.bound[0] = this.bound[0];
    }
    return records;
  }

  private keepAside(reader: PriorityReader, length: number): void {
    if (this.asideCount + length > this.aside.count) this.aside = this.createRoom(length);
    for (let i = 0; i < length; i++) this.aside.copyFrom(reader.slots, reader.slotAt(i), this.asideCount++);
  }

  private createRoom(more: number): Slots {
    const wanted = this.asideCount + more;
    if (wanted > this.asideMax)
      throw new StreamError("ARENA_CAPACITY", `over ${this.asideMax} records came out of a shard while another had not reached the barrier`, { wanted });
    const room = Slots.create(Math.min(wanted * 2, this.asideMax));
    for (let slot = 0; slot < this.asideCount; slot++) room.copyFrom(this.aside, slot, slot);
    return room;
  }
}
