/**
 * One thread's log in shared memory: entries of fixed size over a gated ring; a full ring drops the newest and counts it. @hot
 *
 * A call writes one entry and publishes it with one store; it never waits, throws or allocates. What was accepted is read once, in order;
 * what was dropped is counted in all, and each entry says how many were dropped before it, so a reader knows where the hole is.
 * One producer, one consumer; an entry is ENTRY_SLOTS slots of the ring, so a free slot is always a free entry.
 *
 *   entry   0 time f | 8 droppedBefore f | 16 a f | 24 b f | 32 c f | 40 event i32 | 44 textBytes u16 | 46 level u8 | 47 truncated u8 | 64 text ... 512
 *   buffer  0 dropped: a count of three words, 128 bytes apart (shared-count.ts) | 384 the ring
 */
import type { Clock } from "../core/clock.ts";
import { StreamError } from "../core/errors.ts";
import { EVENT_LEVELS, type LogEntry, type LogObserver, type LogSource } from "../core/log.ts";
import type { Slots } from "../record/slots.ts";
import { GatedRing } from "./gated-ring.ts";
import { loadCount, storeCount } from "./shared-count.ts";

/** Slots of one entry. */
export const ENTRY_SLOTS = 8;
/** Longest text of an entry, in bytes of UTF-8. */
export const LOG_TEXT_MAX = 448;
/** Entries that a thread's log holds unless told otherwise: 512 KiB. */
export const DEFAULT_LOG_ENTRIES = 1024;

const TIME_F64 = 0;
const DROPPED_F64 = 1;
const A_F64 = 2;
const B_F64 = 3;
const C_F64 = 4;
const EVENT_I32 = 10;
const TEXT_BYTES_U16 = 22;
const LEVEL_U8 = 46;
const TRUNCATED_U8 = 47;
const TEXT_U8 = 64;

const NO_EVENT = -1;
const RING_AT = 384;

/** What another thread needs to attach to a log. */
export interface LogTap {
  readonly buffer: SharedArrayBuffer;
  readonly entries: number;
  /** Calls below this level do nothing. */
  readonly level: number;
}

/** A log of so many entries, a power of two; RING_CAPACITY for another number. */
export function createLog(level: number, entries: number = DEFAULT_LOG_ENTRIES): LogTap {
  return { buffer: new SharedArrayBuffer(logBytes(entries)), entries, level };
}

/** Bytes of a log. */
export function logBytes(entries: number): number {
  return RING_AT + GatedRing.bytesFor(entries * ENTRY_SLOTS);
}

/** The calling end. */
export class LogWriter implements LogObserver {
  private readonly ring: GatedRing;
  private readonly words: Int32Array;
  private readonly slots: Slots;
  private readonly clock: Clock;
  private readonly level: number;
  /** Entries dropped so far. */
  private readonly counts: Float64Array = new Float64Array(1);

  constructor(tap: LogTap, clock: Clock) {
    this.ring = new GatedRing(tap.buffer, RING_AT, tap.entries * ENTRY_SLOTS);
    this.words = new Int32Array(tap.buffer, 0, RING_AT / 4);
    this.slots = this.ring.slots;
    this.clock = clock;
    this.level = tap.level;
    loadCount(this.words, 0, this.counts, 0);
  }

  event(event: number, a: number, b: number, c: number): void {
    if (EVENT_LEVELS[event] < this.level) return;
    const slot = this.begin(EVENT_LEVELS[event]);
    if (slot < 0) return;
    const f64 = this.slots.f64;
    const at = slot << 3;
    f64[at + A_F64] = a;
    f64[at + B_F64] = b;
    f64[at + C_F64] = c;
    this.slots.i32[(slot << 4) + EVENT_I32] = event;
    this.slots.u16[(slot << 5) + TEXT_BYTES_U16] = 0;
    this.ring.commit();
  }

  text(level: number, text: string): void {
    if (level < this.level) return;
    const slot = this.begin(level);
    if (slot < 0) return;
    this.slots.i32[(slot << 4) + EVENT_I32] = NO_EVENT;
    this.encode(text, slot);
    this.ring.commit();
  }

  /** Claims an entry and writes what every entry has; -1, counted, when there is no room. */
  private begin(level: number): number {
    // The reader gives whole entries back, and each one is committed here: there is room for all slots of an entry, or for none.
    if (this.ring.claimRun(ENTRY_SLOTS) === 0) {
      this.counts[0]++;
      storeCount(this.words, 0, this.counts, 0);
      return -1;
    }
    const slot = this.ring.claimedAt;
    const at = slot << 3;
    this.clock.stamp(this.slots.f64, at + TIME_F64);
    this.slots.f64[at + DROPPED_F64] = this.counts[0];
    this.slots.u8[(slot << 6) + LEVEL_U8] = level;
    this.slots.u8[(slot << 6) + TRUNCATED_U8] = 0;
    return slot;
  }

  /** The text as UTF-8, cut at a whole character; a lone surrogate becomes U+FFFD. */
  private encode(text: string, slot: number): void {
    const u8 = this.slots.u8;
    const start = (slot << 6) + TEXT_U8;
    const end = start + LOG_TEXT_MAX;
    let at = start;
    let i = 0;
    while (i < text.length) {
      let point = text.charCodeAt(i);
      let units = 1;
      if (point >= 0xd800 && point <= 0xdfff) {
        const next = point <= 0xdbff && i + 1 < text.length ? text.charCodeAt(i + 1) : 0;
        if (next >= 0xdc00 && next <= 0xdfff) {
          point = 0x10000 + ((point - 0xd800) << 10) + (next - 0xdc00);
          units = 2;
        } else point = 0xfffd;
      }
      const bytes = point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4;
      if (at + bytes > end) break;
      if (bytes === 1) u8[at] = point;
      else {
        for (let k = bytes - 1; k > 0; k--) u8[at + k] = 0x80 | ((point >> (6 * (bytes - 1 - k))) & 0x3f);
        u8[at] = ((0xf00 >> bytes) & 0xff) | (point >> (6 * (bytes - 1)));
      }
      at += bytes;
      i += units;
    }
    this.slots.u16[(slot << 5) + TEXT_BYTES_U16] = at - start;
    this.slots.u8[(slot << 6) + TRUNCATED_U8] = i < text.length ? 1 : 0;
  }
}

/** The reading end. Cold: in the thread that formats. */
export class LogReader implements LogSource {
  readonly name: string;
  private readonly ring: GatedRing;
  private readonly words: Int32Array;
  private readonly counts: Float64Array = new Float64Array(1);
  private readonly decoder = new TextDecoder();

  constructor(name: string, tap: LogTap) {
    this.name = name;
    this.ring = new GatedRing(tap.buffer, RING_AT, tap.entries * ENTRY_SLOTS);
    this.words = new Int32Array(tap.buffer, 0, RING_AT / 4);
  }

  get dropped(): number {
    loadCount(this.words, 0, this.counts, 0);
    return this.counts[0];
  }

  nextTimeNs(): number | null {
    if (this.ring.available() === 0) return null;
    return this.ring.slots.f64[(this.ring.slotAt(0) << 3) + TIME_F64];
  }

  take(): LogEntry {
    return this.createEntry();
  }

  private createEntry(): LogEntry {
    const { ring, decoder } = this;
    if (ring.available() === 0) throw new StreamError("INVARIANT", `the log of ${this.name} has no entry to take`);
    const slot = ring.slotAt(0);
    const { f64, i32, u16, u8 } = ring.slots;
    const d = slot << 3;
    const from = (slot << 6) + TEXT_U8;
    const event = i32[(slot << 4) + EVENT_I32];
    const entry: LogEntry = {
      timeNs: f64[d + TIME_F64],
      level: u8[(slot << 6) + LEVEL_U8],
      event,
      values: event === NO_EVENT ? [] : [f64[d + A_F64], f64[d + B_F64], f64[d + C_F64]],
      text: decoder.decode(u8.slice(from, from + u16[(slot << 5) + TEXT_BYTES_U16])),
      truncated: u8[(slot << 6) + TRUNCATED_U8] === 1,
      droppedBefore: f64[d + DROPPED_F64],
    };
    ring.release(ENTRY_SLOTS);
    return entry;
  }
}
