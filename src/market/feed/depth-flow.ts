/**
 * The way of depth messages to the outlet: increments wait for a snapshot, follow it in order, and stop at a gap. @hot
 *
 * Nothing of an increment is put out before its book is in step, and a message goes out whole or not at all. A snapshot is CLEAR and
 * SET records with FLAG_SNAPSHOT, then the status of the book, then the increments that waited. What the book is worth is said by a
 * STATUS_BOOK record at each change. An increment without levels moves the ids and puts out nothing.
 * Increments that waited carry the receive time of the snapshot that released them.
 */
import type { Arena } from "../../kernel/memory/arena.ts";
import { ACTION_CLEAR, ACTION_SET } from "../../kernel/record/book-delta.ts";
import { FLAG_BOOK_UNSYNCED, FLAG_BOOK_UNVERIFIED, FLAG_GAP_BEFORE, FLAG_LAST, FLAG_SNAPSHOT } from "../../kernel/record/flags.ts";
import { SIDE_ASK, SIDE_BID } from "../../kernel/record/header.ts";
import { BOOK_UNSYNCED, BOOK_UNVERIFIED } from "../../kernel/record/venue-status.ts";
import { DepthBuffer, ENTRY_CELLS } from "./depth-buffer.ts";
import {
  DEPTH_APPLY,
  DEPTH_CONTAINED,
  DEPTH_DUPLICATE,
  DEPTH_GAP,
  SNAPSHOT_TAKE_AFTER_GAP,
  SNAPSHOT_TOO_OLD,
  SNAPSHOT_UNUSED,
  type DepthGate,
  type DepthObserver,
} from "./depth-gate.ts";
import type { RecordWriter } from "./record-writer.ts";

const SET_BID = ACTION_SET | (SIDE_BID << 8);
const SET_ASK = ACTION_SET | (SIDE_ASK << 8);
const CLEAR = ACTION_CLEAR;

const APPLIED = 0;
const GAPS = 1;
const DUPLICATES = 2;
const CONTAINED = 3;
const SNAPSHOTS = 4;
const RESYNCS = 5;
const SNAPSHOTS_UNUSED = 6;
const SNAPSHOTS_TOO_OLD = 7;
const LOST_WAITING = 8;
const COUNTERS = 16;

export class DepthFlow {
  /** Levels of the message at hand: price, quantity. The decoder fills them and says which cells are bids and asks. */
  readonly levels: Float64Array;
  bidsAt = 0;
  bidsEnd = 0;
  asksAt = 0;
  asksEnd = 0;
  private readonly gate: DepthGate;
  private readonly observer: DepthObserver;
  private readonly writer: RecordWriter;
  private readonly buffer: DepthBuffer;
  private readonly counters: Float64Array;
  /** Published quality of each instrument, plus 1; 0 before the first. */
  private readonly published: Uint8Array;
  private readonly nothing: Float64Array = new Float64Array(2);

  /** `levels`: where the decoder leaves them; `bufferCells`: room for waiting increments, eight bytes each. */
  constructor(arena: Arena, instruments: number, writer: RecordWriter, gate: DepthGate, observer: DepthObserver, levels: Float64Array, bufferCells: number) {
    this.buffer = new DepthBuffer(arena, bufferCells);
    this.counters = arena.float64("depthFlow.counters", COUNTERS);
    this.published = arena.uint8("depthFlow.published", instruments);
    this.writer = writer;
    this.gate = gate;
    this.observer = observer;
    this.levels = levels;
  }

  /** An increment whose ids are in the gate's row and whose levels are in place. `flags`: of its time. */
  increment(instrument: number, flags: number): void {
    const verdict = this.gate.onDepth(instrument);
    if (verdict === DEPTH_APPLY) {
      this.publish(instrument, 0);
      this.apply(instrument, flags);
      return;
    }
    if (verdict === DEPTH_DUPLICATE) {
      this.counters[DUPLICATES]++;
      return;
    }
    if (verdict === DEPTH_CONTAINED) {
      this.counters[CONTAINED]++;
      return;
    }
    if (verdict === DEPTH_GAP) this.counters[GAPS]++;
    this.publish(instrument, verdict === DEPTH_GAP ? FLAG_GAP_BEFORE : 0);
    this.hold(instrument);
  }

  /** A snapshot whose id is in the gate's row and whose levels are in place. */
  snapshot(instrument: number, flags: number): void {
    const verdict = this.gate.onSnapshot(instrument);
    if (verdict === SNAPSHOT_UNUSED) {
      this.counters[SNAPSHOTS_UNUSED]++;
      return;
    }
    if (verdict === SNAPSHOT_TOO_OLD) {
      this.counters[SNAPSHOTS_TOO_OLD]++;
      return;
    }
    this.counters[SNAPSHOTS]++;
    const afterGap = verdict === SNAPSHOT_TAKE_AFTER_GAP;
    if (afterGap) this.counters[RESYNCS]++;
    const all = flags | FLAG_SNAPSHOT | this.bookFlags(instrument);
    const empty = this.bidsAt === this.bidsEnd && this.asksAt === this.asksEnd;
    this.writer.delta(instrument, all | (afterGap ? FLAG_GAP_BEFORE : 0) | (empty ? FLAG_LAST : 0), this.nothing, 0, CLEAR);
    this.putLevels(instrument, all, this.levels, this.bidsAt, this.bidsEnd, this.asksAt, this.asksEnd);
    this.publish(instrument, 0);
    this.release(instrument);
  }

  /** An increment of this instrument could not be read. */
  unreadable(instrument: number): void {
    if (!this.gate.onUnreadable(instrument)) return;
    this.counters[GAPS]++;
    this.publish(instrument, FLAG_GAP_BEFORE);
  }

  /** Finds a book gone stale, one instrument a call. */
  sweep(): void {
    const stale = this.gate.sweep();
    if (stale >= 0) this.publish(stale, 0);
  }

  /** Increments and snapshots so far. Cold. */
  createCounts(): Readonly<Record<string, number>> {
    const counters = this.counters;
    return {
      applied: counters[APPLIED],
      gaps: counters[GAPS],
      duplicates: counters[DUPLICATES],
      contained: counters[CONTAINED],
      snapshots: counters[SNAPSHOTS],
      resyncs: counters[RESYNCS],
      snapshotsUnused: counters[SNAPSHOTS_UNUSED],
      snapshotsTooOld: counters[SNAPSHOTS_TOO_OLD],
      waiting: this.buffer.entries,
      overflows: this.buffer.overflows,
      lostWaiting: counters[LOST_WAITING],
    };
  }

  private apply(instrument: number, flags: number): void {
    this.counters[APPLIED]++;
    this.putLevels(instrument, flags | this.bookFlags(instrument), this.levels, this.bidsAt, this.bidsEnd, this.asksAt, this.asksEnd);
    this.observer.onDepthApplied(instrument, this.gate.row);
  }

  /** Keeps the increment at hand; when there is no room the instrument's others are given up for it. */
  private hold(instrument: number): void {
    if (this.append(instrument)) return;
    this.buffer.discard(instrument, -1);
    this.gate.onOverflow(instrument);
    if (!this.append(instrument)) this.counters[LOST_WAITING]++;
  }

  private append(instrument: number): boolean {
    return this.buffer.append(instrument, this.gate.row, this.writer.time, this.levels, this.bidsAt, this.bidsEnd, this.asksAt, this.asksEnd);
  }

  /** Puts out what waited for the snapshot, up to the first gap. */
  private release(instrument: number): void {
    const buffer = this.buffer;
    const row = this.gate.row;
    let at = buffer.find(instrument, 0);
    while (at >= 0) {
      buffer.load(at, row, this.writer.time);
      const verdict = this.gate.onHeld(instrument);
      if (verdict === DEPTH_GAP) {
        this.counters[GAPS]++;
        this.publish(instrument, FLAG_GAP_BEFORE);
        break;
      }
      if (verdict === DEPTH_APPLY) {
        this.counters[APPLIED]++;
        const bids = at + ENTRY_CELLS;
        const asks = bids + buffer.bids(at) * 2;
        this.putLevels(instrument, this.bookFlags(instrument), buffer.cells, bids, asks, asks, asks + buffer.asks(at) * 2);
        this.observer.onDepthApplied(instrument, row);
      } else this.counters[verdict === DEPTH_CONTAINED ? CONTAINED : DUPLICATES]++;
      at = buffer.find(instrument, buffer.after(at));
    }
    buffer.discard(instrument, at);
  }

  private putLevels(instrument: number, flags: number, cells: Float64Array, bidsAt: number, bidsEnd: number, asksAt: number, asksEnd: number): void {
    const writer = this.writer;
    const lastBid = asksAt === asksEnd ? bidsEnd - 2 : -1;
    for (let i = bidsAt; i < bidsEnd; i += 2) writer.delta(instrument, i === lastBid ? flags | FLAG_LAST : flags, cells, i, SET_BID);
    for (let i = asksAt; i < asksEnd; i += 2) writer.delta(instrument, i === asksEnd - 2 ? flags | FLAG_LAST : flags, cells, i, SET_ASK);
  }

  private bookFlags(instrument: number): number {
    const quality = this.gate.quality(instrument);
    return quality === BOOK_UNVERIFIED ? FLAG_BOOK_UNVERIFIED : quality === BOOK_UNSYNCED ? FLAG_BOOK_UNSYNCED : 0;
  }

  /** Says what the book is worth, if that has changed. */
  private publish(instrument: number, flags: number): void {
    const quality = this.gate.quality(instrument);
    if (this.published[instrument] === quality + 1) return;
    this.published[instrument] = quality + 1;
    this.writer.bookStatus(instrument, FLAG_LAST | flags | this.bookFlags(instrument), quality);
  }
}
