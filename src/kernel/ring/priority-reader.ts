/**
 * The consumer of a priority lane: takes one unit after the other, critical ones first. @hot
 *
 *   1. A critical unit, if there is one. The pending routine units of its instrument that were put before it go first, oldest first: they are
 *      pulled forward.
 *   2. But once `criticalRun` critical units that were put after the oldest routine unit have gone before it, that routine unit, whatever its
 *      instrument. So the n-th oldest is overtaken by at most n x criticalRun critical units, each with what it pulls.
 *   3. Without a critical unit the oldest routine one.
 *
 * A pull costs one step back and one forward for each unit pulled, and one later to pass its place; no queue is searched.
 * One thread. A unit's records stay whole until the next take(). Sequences of the records put never fall where `bound` is used.
 */
import { StreamError } from "../core/errors.ts";
import { HEADER_SEQUENCE_F64 } from "../record/header.ts";
import type { Slots } from "../record/slots.ts";
import {
  CRITICAL,
  CRITICAL_LINKS,
  LANE_BELL_I32,
  LANE_I32,
  LANE_PUBLISHED_I32,
  LANE_READER_PARKED_I32,
  LANE_RELEASED_I32,
  LANE_ROOM_I32,
  LANE_WRITER_PARKED_I32,
  LINK_BEFORE_I32,
  LINK_LENGTH_I32,
  LINK_MARK_I32,
  ROUTINE,
  ROUTINE_LINKS,
  type PriorityLane,
} from "./priority-lane.ts";

/** Critical units in a row while routine ones wait, unless told otherwise. */
export const DEFAULT_CRITICAL_RUN = 8;
/** Slots are given back after this many at most. */
const RELEASE_EVERY = 64;

export class PriorityReader {
  readonly lane: PriorityLane;
  /** A unit whose first record has a sequence above bound[0] stays where it is, and so does all behind it. Infinity: there is no bound. */
  readonly bound: Float64Array = Float64Array.of(Infinity);
  /** Where the records of the unit taken last lie: see slotAt(). */
  slots: Slots;
  private readonly words: Int32Array;
  private readonly criticalRun: number;
  private readonly releaseEvery: Int32Array;
  /** By lane: the next cursor to take; what was given back; the writer's cursor as last seen. */
  private readonly read: Int32Array = new Int32Array(2);
  private readonly released: Int32Array = new Int32Array(2);
  private readonly publishedSeen: Int32Array = new Int32Array(2);
  private readonly mask: Int32Array;
  private first = 0;
  private firstMask = 0;
  /** Critical units that overtook the oldest routine unit. */
  private run = 0;
  /** The pull under way: units left of it, the next of them; whether the critical unit that asked for it is still to come. */
  private pulling = 0;
  private pullAt = 0;
  private isOwed = false;
  private pulledCount = 0;

  /** `criticalRun`: a whole number from 1. */
  constructor(lane: PriorityLane, criticalRun: number = DEFAULT_CRITICAL_RUN) {
    if (!Number.isInteger(criticalRun) || criticalRun < 1)
      throw new StreamError("VALUE_RANGE", `expected a run of at least 1 critical unit, got ${criticalRun}`, { criticalRun });
    const { routine, critical } = lane.sizes;
    this.lane = lane;
    this.words = lane.words;
    this.slots = lane.routine;
    this.criticalRun = criticalRun;
    this.mask = Int32Array.of(routine - 1, critical - 1);
    this.releaseEvery = Int32Array.of(Math.min(RELEASE_EVERY, routine >> 1), Math.min(RELEASE_EVERY, critical >> 1));
    for (let each = ROUTINE; each <= CRITICAL; each++) {
      this.released[each] = Atomics.load(this.words, LANE_RELEASED_I32 + each * LANE_I32);
      this.read[each] = this.released[each];
      this.publishedSeen[each] = this.released[each];
    }
  }

  /** Routine units that went before their turn because a critical one of their instrument came. */
  get pulled(): number {
    return this.pulledCount;
  }

  /** Takes the next unit: its number of records, 0 when there is none within the bound. Gives the unit taken before back. */
  take(): number {
    this.giveBack(ROUTINE, this.releaseEvery[ROUTINE]);
    this.giveBack(CRITICAL, this.releaseEvery[CRITICAL]);
    if (this.pulling > 0) return this.takePulled();
    if (this.isOwed) return this.takeCritical();
    const isRoutineReady = this.isRoutineReady(); // before the look at the critical lane: see PriorityWriter.commit()
    if (this.isReady(CRITICAL, this.lane.critical)) {
      if (!isRoutineReady) this.run = 0;
      else if (this.isOvertaking() && ++this.run > this.criticalRun) return this.takeRoutine();
      this.beginPull();
      return this.pulling > 0 ? this.takePulled() : this.takeCritical();
    }
    if (isRoutineReady) return this.takeRoutine();
    this.giveBack(ROUTINE, 1);
    this.giveBack(CRITICAL, 1);
    return 0;
  }

  /** The slot, in `slots`, of the index-th record of the unit taken last. */
  slotAt(index: number): number {
    return (this.first + index) & this.firstMask;
  }

  /** Sleeps until a unit is published: true then, and when the lane is closed; false after `timeoutMs`. Only after take() answered 0. */
  park(timeoutMs: number): boolean {
    const words = this.words;
    const seen = Atomics.load(words, LANE_BELL_I32);
    Atomics.store(words, LANE_READER_PARKED_I32, 1);
    const woken = this.isReady(CRITICAL, this.lane.critical) || this.isRoutineReady() || this.lane.sleep(LANE_BELL_I32, seen, timeoutMs);
    Atomics.store(words, LANE_READER_PARKED_I32, 0);
    return woken;
  }

  private takeCritical(): number {
    const at = this.read[CRITICAL];
    const length = this.lane.criticalLinks[(at & this.mask[CRITICAL]) * CRITICAL_LINKS + LINK_LENGTH_I32];
    this.isOwed = false;
    this.read[CRITICAL] = at + length;
    this.show(this.lane.critical, at, this.mask[CRITICAL]);
    return length;
  }

  private takeRoutine(): number {
    const at = this.read[ROUTINE];
    const length = this.lane.routineLinks[(at & this.mask[ROUTINE]) * ROUTINE_LINKS + LINK_LENGTH_I32];
    this.run = 0;
    this.read[ROUTINE] = at + length;
    this.show(this.lane.routine, at, this.mask[ROUTINE]);
    return length;
  }

  /** Whether the next critical unit was put after the oldest routine one. If so, no critical unit put before that one is left. */
  private isOvertaking(): boolean {
    const mark = this.lane.criticalLinks[(this.read[CRITICAL] & this.mask[CRITICAL]) * CRITICAL_LINKS + LINK_MARK_I32];
    return ((mark - this.read[ROUTINE]) | 0) > 0;
  }

  /** Follows the critical unit's instrument back from its last routine unit to the oldest one pending, and leaves the way forward behind. */
  private beginPull(): void {
    const { routineLinks, criticalLinks, taken, next } = this.lane;
    const mask = this.mask[ROUTINE];
    const oldest = this.read[ROUTINE];
    let at = criticalLinks[(this.read[CRITICAL] & this.mask[CRITICAL]) * CRITICAL_LINKS + LINK_BEFORE_I32];
    let after = at;
    let count = 0;
    while (((at - oldest) | 0) >= 0 && taken[at & mask] === 0) {
      next[at & mask] = after;
      after = at;
      at = routineLinks[(at & mask) * ROUTINE_LINKS + LINK_BEFORE_I32];
      count++;
    }
    this.pulling = count;
    this.pullAt = after;
    this.isOwed = true;
    this.pulledCount += count;
  }

  private takePulled(): number {
    const at = this.pullAt;
    const slot = at & this.mask[ROUTINE];
    this.pulling--;
    this.pullAt = this.lane.next[slot];
    this.lane.taken[slot] = 1;
    this.show(this.lane.routine, at, this.mask[ROUTINE]);
    return this.lane.routineLinks[slot * ROUTINE_LINKS + LINK_LENGTH_I32];
  }

  private show(slots: Slots, first: number, mask: number): void {
    this.slots = slots;
    this.first = first;
    this.firstMask = mask;
  }

  /** Passes the places of units that were pulled forward, and looks for one that was not. */
  private isRoutineReady(): boolean {
    const { routineLinks, taken } = this.lane;
    const mask = this.mask[ROUTINE];
    while (this.isReady(ROUTINE, this.lane.routine)) {
      const slot = this.read[ROUTINE] & mask;
      if (taken[slot] === 0) return true;
      taken[slot] = 0;
      this.read[ROUTINE] += routineLinks[slot * ROUTINE_LINKS + LINK_LENGTH_I32];
    }
    return false;
  }

  private isReady(lane: number, slots: Slots): boolean {
    const read = this.read[lane];
    if (this.publishedSeen[lane] === read) {
      this.publishedSeen[lane] = Atomics.load(this.words, LANE_PUBLISHED_I32 + lane * LANE_I32);
      if (this.publishedSeen[lane] === read) return false;
    }
    return slots.f64[((read & this.mask[lane]) << 3) + HEADER_SEQUENCE_F64] <= this.bound[0];
  }

  /** Gives back what was taken, if it is at least `least` slots, and wakes a parked writer. */
  private giveBack(lane: number, least: number): void {
    const read = this.read[lane];
    if (((read - this.released[lane]) | 0) < least) return;
    const words = this.words;
    this.released[lane] = read;
    Atomics.store(words, LANE_RELEASED_I32 + lane * LANE_I32, read);
    if (Atomics.load(words, LANE_WRITER_PARKED_I32) === 0) return;
    Atomics.store(words, LANE_ROOM_I32, (words[LANE_ROOM_I32] + 1) | 0);
    Atomics.notify(words, LANE_ROOM_I32, 1);
  }
}
