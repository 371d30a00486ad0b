/**
 * The producer of a priority lane: puts records in, one after the other; the first record of a unit says which lane it takes. @hot
 *
 * A unit is a record and those that follow it up to FLAG_LAST; it becomes visible whole, at commit(). A full lane refuses (FULL), and the
 * other stays open. Who is refused a routine record and goes on may not put a critical one of the same instrument before it.
 * One thread. All that a second writer over the same memory needs lies in that memory; a unit that was not whole is then forgotten.
 */
import { StreamError } from "../core/errors.ts";
import { fail } from "../core/invariant.ts";
import { FULL } from "../core/status.ts";
import { FLAG_CRITICAL, FLAG_LAST } from "../record/flags.ts";
import { HEADER_FLAGS_U16, HEADER_INSTRUMENT_U32 } from "../record/header.ts";
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
  LANE_WRITTEN_I32,
  LINK_BEFORE_I32,
  LINK_LENGTH_I32,
  LINK_MARK_I32,
  ROUTINE,
  ROUTINE_LINKS,
  type PriorityLane,
} from "./priority-lane.ts";

const NO_LANE = -1;

export class PriorityWriter {
  readonly lane: PriorityLane;
  private readonly words: Int32Array;
  private readonly capacity: Int32Array;
  /** By lane: the next cursor to fill; the end of the last whole unit; what is published; the reader's cursor as last seen. */
  private readonly next: Int32Array = new Int32Array(2);
  private readonly whole: Int32Array = new Int32Array(2);
  private readonly published: Int32Array = new Int32Array(2);
  private readonly releasedSeen: Int32Array = new Int32Array(2);
  /** The unit being written: its lane, instrument and first cursor. */
  private open: number = NO_LANE;
  private instrument = 0;
  private first = 0;
  private refused: number = ROUTINE;

  constructor(lane: PriorityLane) {
    this.lane = lane;
    this.words = lane.words;
    // A writer that ended in the middle of a commit had written these records; a critical one that refers to them may be out.
    Atomics.store(this.words, LANE_PUBLISHED_I32, Atomics.load(this.words, LANE_WRITTEN_I32));
    this.capacity = Int32Array.of(lane.sizes.routine, lane.sizes.critical);
    for (let each = ROUTINE; each <= CRITICAL; each++) {
      const published = Atomics.load(this.words, LANE_PUBLISHED_I32 + each * LANE_I32);
      this.next[each] = published;
      this.whole[each] = published;
      this.published[each] = published;
      this.releasedSeen[each] = Atomics.load(this.words, LANE_RELEASED_I32 + each * LANE_I32);
    }
    this.createNewest();
  }

  /**
   * Takes a copy of a record: 1 when it made a unit whole, else 0. FULL when its lane has no room: nothing was taken; commit() and try again
   * once the reader has moved. RING_CAPACITY for a unit longer than its lane, INVARIANT for an instrument that the lane was not made for.
   */
  put(slots: Slots, slot: number): number {
    const flags = slots.u16[(slot << 5) + HEADER_FLAGS_U16];
    const lane = this.open !== NO_LANE ? this.open : (flags & FLAG_CRITICAL) !== 0 ? CRITICAL : ROUTINE;
    const cursor = this.next[lane];
    if (((cursor - this.releasedSeen[lane]) | 0) >= this.capacity[lane] && !this.makeRoom(lane, cursor)) return FULL;
    if (this.open === NO_LANE) this.begin(lane, cursor, slots.u32[(slot << 4) + HEADER_INSTRUMENT_U32]);
    const target = lane === CRITICAL ? this.lane.critical : this.lane.routine;
    target.copyFrom(slots, slot, cursor & (this.capacity[lane] - 1));
    this.next[lane] = cursor + 1;
    if ((flags & FLAG_LAST) === 0) return 0;
    this.finish(lane);
    return 1;
  }

  /**
   * Publishes the whole units put so far and wakes a parked reader. Critical ones first: who sees a routine unit sees every critical one put
   * before it. A critical unit leads to the routine ones before it by their links, published or not.
   */
  commit(): void {
    const words = this.words;
    const routine = this.whole[ROUTINE];
    const critical = this.whole[CRITICAL];
    const hasRoutine = routine !== this.published[ROUTINE];
    if (hasRoutine) Atomics.store(words, LANE_WRITTEN_I32, routine);
    if (critical !== this.published[CRITICAL]) {
      this.published[CRITICAL] = critical;
      Atomics.store(words, LANE_PUBLISHED_I32 + LANE_I32, critical);
    } else if (!hasRoutine) return;
    if (hasRoutine) {
      this.published[ROUTINE] = routine;
      Atomics.store(words, LANE_PUBLISHED_I32, routine);
    }
    if (Atomics.load(words, LANE_READER_PARKED_I32) === 0) return;
    Atomics.store(words, LANE_BELL_I32, (words[LANE_BELL_I32] + 1) | 0);
    Atomics.notify(words, LANE_BELL_I32, 1);
  }

  /** Sleeps until the lane that refused last has room: true then, and when the lane is closed; false after `timeoutMs`. */
  park(timeoutMs: number): boolean {
    const words = this.words;
    const lane = this.refused;
    const seen = Atomics.load(words, LANE_ROOM_I32);
    Atomics.store(words, LANE_WRITER_PARKED_I32, 1);
    const woken = this.makeRoom(lane, this.next[lane]) || this.lane.sleep(LANE_ROOM_I32, seen, timeoutMs);
    Atomics.store(words, LANE_WRITER_PARKED_I32, 0);
    return woken;
  }

  private makeRoom(lane: number, cursor: number): boolean {
    this.releasedSeen[lane] = Atomics.load(this.words, LANE_RELEASED_I32 + lane * LANE_I32);
    if (((cursor - this.releasedSeen[lane]) | 0) < this.capacity[lane]) return true;
    this.refused = lane;
    if (this.open === lane && ((cursor - this.first) | 0) >= this.capacity[lane]) {
      // hot-ok: a fault of the plan, told once
      throw new StreamError("RING_CAPACITY", `expected units of at most ${this.capacity[lane]} records, the slots of their lane, got a longer one`); // hot-ok: so is this
    }
    return false;
  }

  private begin(lane: number, cursor: number, instrument: number): void {
    if (instrument >= this.lane.sizes.instruments) fail("a record of an instrument that its priority lane was not made for", instrument);
    this.open = lane;
    this.instrument = instrument;
    this.first = cursor;
  }

  private finish(lane: number): void {
    const { routineLinks, criticalLinks, newest } = this.lane;
    const slot = this.first & (this.capacity[lane] - 1);
    const links = lane === CRITICAL ? criticalLinks : routineLinks;
    const at = slot * (lane === CRITICAL ? CRITICAL_LINKS : ROUTINE_LINKS);
    links[at + LINK_BEFORE_I32] = this.pendingOf(this.instrument);
    links[at + LINK_LENGTH_I32] = this.next[lane] - this.first;
    if (lane === CRITICAL) links[at + LINK_MARK_I32] = this.whole[ROUTINE];
    else newest[this.instrument] = this.first;
    this.whole[lane] = this.next[lane];
    this.open = NO_LANE;
  }

  /**
   * Cursor of the newest whole routine unit of the instrument that may be pending; one before the reader's if there is none. What `newest` holds
   * may be 2^32 records old, so it counts only if a unit of this instrument lies there: then it is the newest, for any later one has replaced it.
   */
  private pendingOf(instrument: number): number {
    const cursor = this.lane.newest[instrument];
    const capacity = this.capacity[ROUTINE];
    const isPending = ((cursor - this.releasedSeen[ROUTINE]) | 0) >= 0 && ((this.whole[ROUTINE] - cursor) | 0) > 0;
    if (isPending && this.lane.routine.u32[((cursor & (capacity - 1)) << 4) + HEADER_INSTRUMENT_U32] === instrument) return cursor;
    return (this.next[ROUTINE] - capacity - 1) | 0;
  }

  /** The newest unit of each instrument among those published: a writer before this one may have noted units that it never published. */
  private createNewest(): void {
    const { routine, routineLinks, newest } = this.lane;
    const mask = this.capacity[ROUTINE] - 1;
    for (let cursor = this.releasedSeen[ROUTINE]; cursor !== this.published[ROUTINE];) {
      const slot = cursor & mask;
      newest[routine.u32[(slot << 4) + HEADER_INSTRUMENT_U32]] = cursor;
      cursor = (cursor + routineLinks[slot * ROUTINE_LINKS + LINK_LENGTH_I32]) | 0;
    }
  }
}
