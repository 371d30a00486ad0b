/**
 * Two lanes of 64-byte records between one producer and one consumer: critical records go first, routine ones when there is none. @hot
 *
 * This is the shared memory of it; priority-writer.ts puts records in, priority-reader.ts takes them out. Nothing is lost: a full lane
 * refuses. A record never overtakes another of its instrument: a critical one pulls the pending routine ones of its instrument forward.
 * What that takes lies beside the slots: each routine unit knows the one before it of its instrument, each critical unit the last routine one
 * of its instrument, and how many of all came before it.
 * A word has one writer:
 *
 *      0 routine published i32   writer   records that the reader may take, modulo 2^32
 *    128 routine released i32    reader   records that the writer may overwrite, modulo 2^32
 *    256 critical published i32  writer   likewise
 *    384 critical released i32   reader
 *    512 bell i32                writer   commits that found the reader parked: what it sleeps on
 *    640 room i32                reader   releases that found the writer parked: what it sleeps on
 *    768 reader parked i32       reader   1 while it waits
 *    896 writer parked i32       writer   1 while it waits
 *   1024 closed i32              either   0, then 1 for ever
 *   1152 written i32             writer   the routine cursor that a commit is about to publish, stored before the critical one
 *   1280 capacities, instruments creator  three words: a second object must ask for the same
 *   1408 slots of the routine lane, slots of the critical lane: 64 bytes each
 *        links of the slots, at a unit's first                                                                    writer
 *        newest: for each instrument, the cursor of its newest routine unit                                      writer
 *        taken, next: for each routine slot, whether its unit was pulled forward; the unit after it in the pull    reader
 */
import { StreamError } from "../core/errors.ts";
import { Slots } from "../record/slots.ts";
import { ringBytes } from "./ring-layout.ts";

export const ROUTINE = 0;
export const CRITICAL = 1;

/** Word of lane L's cursors: PUBLISHED_I32 + L * LANE_I32. */
export const LANE_PUBLISHED_I32 = 0;
export const LANE_RELEASED_I32 = 32;
export const LANE_I32 = 64;
export const LANE_BELL_I32 = 128;
export const LANE_ROOM_I32 = 160;
export const LANE_READER_PARKED_I32 = 192;
export const LANE_WRITER_PARKED_I32 = 224;
export const LANE_CLOSED_I32 = 256;
export const LANE_WRITTEN_I32 = 288;
const SIZES_I32 = 320;
const CONTROL_BYTES = 1408;

/** Words of a routine slot's links: cursor of the unit before it of its instrument; records of the unit. */
export const LINK_BEFORE_I32 = 0;
export const LINK_LENGTH_I32 = 1;
export const ROUTINE_LINKS = 2;
/** Words of a critical slot's links: cursor of its instrument's last routine unit, records, cursor behind all routine units put before it. */
export const LINK_MARK_I32 = 2;
export const CRITICAL_LINKS = 3;

/** Longest single sleep: close() does not move a cursor, so a sleeper that just missed its wake looks again after this. */
const NAP_MS = 50;

/** Sizes of a priority lane. */
export interface PriorityLaneSizes {
  /** Slots of the routine lane, a power of two: what a burst of routine records piles up in. */
  readonly routine: number;
  /** Slots of the critical lane, a power of two. */
  readonly critical: number;
  /** Instrument ids are below this. */
  readonly instruments: number;
}

export class PriorityLane {
  readonly buffer: SharedArrayBuffer;
  readonly byteOffset: number;
  readonly sizes: PriorityLaneSizes;
  readonly words: Int32Array;
  /** Slots of the routine lane; the slot of a cursor is `cursor & (sizes.routine - 1)`. */
  readonly routine: Slots;
  readonly critical: Slots;
  /** LINK_* of each slot, valid at a unit's first. */
  readonly routineLinks: Int32Array;
  readonly criticalLinks: Int32Array;
  readonly newest: Int32Array;
  readonly taken: Int32Array;
  readonly next: Int32Array;

  /** Attaches to the lane at these bytes; zeroed bytes are an empty one. `byteOffset`: a multiple of 64. RING_CAPACITY for other sizes than it has. */
  constructor(buffer: SharedArrayBuffer, byteOffset: number, sizes: PriorityLaneSizes) {
    const { routine, critical, instruments } = sizes;
    const bytes = PriorityLane.bytesFor(sizes);
    if (!Number.isInteger(byteOffset) || byteOffset < 0 || byteOffset % 64 !== 0 || byteOffset + bytes > buffer.byteLength) {
      throw new StreamError(
        "RING_CAPACITY",
        `a priority lane of ${routine} and ${critical} slots takes ${bytes} bytes from an offset that is a multiple of 64, got ${byteOffset} of ${buffer.byteLength}`,
        { byteOffset, bytes, bufferBytes: buffer.byteLength },
      );
    }
    this.buffer = buffer;
    this.byteOffset = byteOffset;
    this.sizes = sizes;
    this.words = new Int32Array(buffer, byteOffset, CONTROL_BYTES / 4);
    [routine, critical, instruments].forEach((size, index) => this.requireSize(index, size));
    let at = byteOffset + CONTROL_BYTES;
    const words = (count: number): Int32Array => {
      const from = at;
      at += count * 4;
      return new Int32Array(buffer, from, count);
    };
    this.routine = new Slots(buffer, at, routine);
    at += routine * 64;
    this.critical = new Slots(buffer, at, critical);
    at += critical * 64;
    this.routineLinks = words(routine * ROUTINE_LINKS);
    this.criticalLinks = words(critical * CRITICAL_LINKS);
    this.newest = words(instruments);
    this.taken = words(routine);
    this.next = words(routine);
  }

  /** Bytes that it takes. RING_CAPACITY unless both capacities are powers of two from 2 to 2^26; VALUE_RANGE for no whole number of instruments. */
  static bytesFor({ routine, critical, instruments }: PriorityLaneSizes): number {
    if (!Number.isInteger(instruments) || instruments < 1)
      throw new StreamError("VALUE_RANGE", `expected a priority lane for at least 1 instrument, got ${instruments}`, { instruments }); // hot-ok: cold
    return CONTROL_BYTES + ringBytes(0, routine) + ringBytes(0, critical) + (routine * (ROUTINE_LINKS + 2) + critical * CRITICAL_LINKS + instruments) * 4;
  }

  /** An empty one in a buffer of its own. */
  static create(sizes: PriorityLaneSizes): PriorityLane {
    return new PriorityLane(new SharedArrayBuffer(PriorityLane.bytesFor(sizes)), 0, sizes);
  }

  /** Records published in a lane and not yet given back, from any thread: exact when both sides stand still. */
  used(lane: number): number {
    const released = Atomics.load(this.words, LANE_RELEASED_I32 + lane * LANE_I32);
    return (Atomics.load(this.words, LANE_PUBLISHED_I32 + lane * LANE_I32) - released) | 0;
  }

  /** True once either side has closed. What was published stays readable. */
  get isClosed(): boolean {
    return Atomics.load(this.words, LANE_CLOSED_I32) !== 0;
  }

  /** Tells both sides that no more will come or be taken, and wakes them. */
  close(): void {
    Atomics.store(this.words, LANE_CLOSED_I32, 1);
    Atomics.notify(this.words, LANE_BELL_I32);
    Atomics.notify(this.words, LANE_ROOM_I32);
  }

  /** Moves an empty lane to two cursors, before a writer or reader attaches: how tests cross 2^31 and 2^32. */
  startAt(routine: number, critical: number): void {
    for (let lane = ROUTINE; lane <= CRITICAL; lane++) {
      const cursor = lane === ROUTINE ? routine : critical;
      if (this.used(lane) !== 0) throw new StreamError("ARENA_STATE", "a priority lane is moved while it is empty"); // hot-ok: cold, before use
      Atomics.store(this.words, LANE_PUBLISHED_I32 + lane * LANE_I32, cursor);
      Atomics.store(this.words, LANE_RELEASED_I32 + lane * LANE_I32, cursor);
    }
    Atomics.store(this.words, LANE_WRITTEN_I32, routine);
    this.newest.fill(routine - 1);
  }

  /**
   * Sleeps until words[bell] moves from `seen`, for at most `timeoutMs`; false after that. The caller has read `seen`, raised its flag, and
   * then looked in vain for what it waits for: the other side moves that first and looks at the flag after, so no wake is lost.
   */
  sleep(bell: number, seen: number, timeoutMs: number): boolean {
    for (let leftMs = timeoutMs; leftMs > 0 && !this.isClosed; leftMs -= NAP_MS) {
      if (Atomics.wait(this.words, bell, seen, leftMs < NAP_MS ? leftMs : NAP_MS) !== "timed-out") return true;
    }
    return this.isClosed;
  }

  private requireSize(index: number, size: number): void {
    const found = Atomics.compareExchange(this.words, SIZES_I32 + index, 0, size);
    if (found === 0 || found === size) return;
    const what = ["routine slots", "critical slots", "instruments"][index]; // hot-ok: cold, in the constructor
    throw new StreamError("RING_CAPACITY", `this priority lane has ${found} ${what}, and was attached with ${size}`, { found, size }); // hot-ok: cold
  }
}
