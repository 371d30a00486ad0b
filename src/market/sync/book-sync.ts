/**
 * Keeps the books of one feed in step with its venue, by update ids alone: what to hold, apply, drop, and when to ask for a snapshot. @hot
 *
 *   INIT -> BUFFERING -> SNAPSHOT_REQUESTED -> SYNCED -> GAP -> SNAPSHOT_REQUESTED -> SYNCED ...
 *                                              SYNCED <-> STALE (no increment for `staleAfterNs`)
 *
 * The rules of the venue are a row of sync-table.ts. A book is called good only while every increment since its snapshot has linked
 * to the one before. State lies in the arena by instrument. Nothing here asks the network: takeSnapshotRequest() says for whom.
 */
import { REJECTED, UNKNOWN } from "../../kernel/core/status.ts";
import type { InstrumentRegistry } from "../../kernel/instrument/registry.ts";
import type { Arena } from "../../kernel/memory/arena.ts";
import { BOOK_UNSYNCED } from "../../kernel/record/venue-status.ts";
import {
  DEPTH_APPLY,
  DEPTH_CONTAINED,
  DEPTH_DUPLICATE,
  DEPTH_GAP,
  DEPTH_HOLD,
  ROW_FIRST,
  ROW_LAST,
  ROW_LENGTH,
  ROW_PREVIOUS,
  ROW_TIME,
  SNAPSHOT_TAKE,
  SNAPSHOT_TAKE_AFTER_GAP,
  SNAPSHOT_TOO_OLD,
  SNAPSHOT_UNUSED,
  type DepthGate,
} from "../feed/depth-gate.ts";
import { LINK_PREVIOUS, type SyncRow } from "./sync-table.ts";

export const SYNC_INIT = 0;
export const SYNC_BUFFERING = 1;
export const SYNC_SNAPSHOT_REQUESTED = 2;
export const SYNC_SYNCED = 3;
export const SYNC_GAP = 4;
export const SYNC_STALE = 5;

const STATE_NAMES = ["INIT", "BUFFERING", "SNAPSHOT_REQUESTED", "SYNCED", "GAP", "STALE"];

/** What became of an instrument's increments and snapshots. */
export interface SyncCounts {
  readonly received: number;
  readonly applied: number;
  readonly contained: number;
  readonly duplicates: number;
  readonly gaps: number;
  readonly snapshots: number;
  readonly resyncs: number;
  readonly snapshotsTooOld: number;
}

const COUNTS = 8;
const RECEIVED = 0;
const APPLIED = 1;
const CONTAINED = 2;
const DUPLICATES = 3;
const GAPS = 4;
const SNAPSHOTS = 5;
const RESYNCS = 6;
const TOO_OLD = 7;

/** Cells an instrument: last id in the book; first id held, -1 if none; time of the last increment; increments behind in a row. */
const IDS = 4;
const ID_LAST = 0;
const ID_FIRST_HELD = 1;
const ID_TIME = 2;
const ID_BEHIND = 3;

/** Bits: a snapshot is wanted; the book fell out of step before; no increment has linked to the snapshot yet. */
const BIT_WANTED = 1;
const BIT_AFTER_GAP = 2;
const BIT_FIRST = 4;

const RUN_REQUESTS = 0;
const RUN_REQUEST_CURSOR = 1;
const RUN_SWEEP_CURSOR = 2;

export class BookSync implements DepthGate {
  readonly row: Float64Array = new Float64Array(ROW_LENGTH);
  /** State of each instrument: one of SYNC_*. */
  readonly states: Int32Array;
  private readonly rules: SyncRow;
  private readonly registry: InstrumentRegistry;
  private readonly staleAfterNs: number;
  private readonly bits: Uint8Array;
  private readonly ids: Float64Array;
  private readonly tally: Float64Array;
  private readonly run: Float64Array;

  /** `staleAfterNs`: silence after which a book in step is called stale; 0 never. */
  constructor(arena: Arena, registry: InstrumentRegistry, rules: SyncRow, staleAfterNs: number = 0) {
    this.rules = rules;
    this.registry = registry;
    this.staleAfterNs = staleAfterNs;
    this.states = arena.int32("bookSync.states", registry.capacity);
    this.bits = arena.uint8("bookSync.bits", registry.capacity);
    this.ids = arena.float64("bookSync.ids", registry.capacity * IDS);
    this.tally = arena.float64("bookSync.counts", registry.capacity * COUNTS);
    this.run = arena.float64("bookSync.run", 8);
  }

  /** Snapshots asked for so far. */
  get snapshotRequests(): number {
    return this.run[RUN_REQUESTS];
  }

  onDepth(instrument: number): number {
    this.tally[instrument * COUNTS + RECEIVED]++;
    const state = this.states[instrument];
    if (state === SYNC_SYNCED || state === SYNC_STALE) {
      const verdict = this.judge(instrument);
      this.ids[instrument * IDS + ID_TIME] = this.row[ROW_TIME];
      if (verdict === DEPTH_APPLY) this.states[instrument] = SYNC_SYNCED;
      return verdict;
    }
    if (state === SYNC_INIT) {
      this.states[instrument] = SYNC_BUFFERING;
      this.ids[instrument * IDS + ID_FIRST_HELD] = -1;
      this.want(instrument);
    }
    const first = instrument * IDS + ID_FIRST_HELD;
    if (this.ids[first] < 0) this.ids[first] = this.row[ROW_FIRST];
    return DEPTH_HOLD;
  }

  onHeld(instrument: number): number {
    return this.judge(instrument);
  }

  onSnapshot(instrument: number): number {
    const state = this.states[instrument];
    if (state === SYNC_SYNCED || state === SYNC_STALE) return SNAPSHOT_UNUSED;
    const at = instrument * IDS;
    const id = this.row[ROW_LAST];
    const afterGap = (this.bits[instrument] & BIT_AFTER_GAP) !== 0;
    const missesHeld = state !== SYNC_INIT && this.ids[at + ID_FIRST_HELD] > id + this.rules.snapshotSlack;
    if (missesHeld || (afterGap && id <= this.ids[at + ID_LAST])) {
      this.tally[instrument * COUNTS + TOO_OLD]++;
      this.want(instrument);
      return SNAPSHOT_TOO_OLD;
    }
    this.bits[instrument] = BIT_FIRST;
    this.states[instrument] = SYNC_SYNCED;
    this.ids[at + ID_LAST] = id;
    this.ids[at + ID_FIRST_HELD] = -1;
    this.ids[at + ID_TIME] = this.row[ROW_TIME];
    this.ids[at + ID_BEHIND] = 0;
    this.tally[instrument * COUNTS + SNAPSHOTS]++;
    if (!afterGap) return SNAPSHOT_TAKE;
    this.tally[instrument * COUNTS + RESYNCS]++;
    return SNAPSHOT_TAKE_AFTER_GAP;
  }

  onUnreadable(instrument: number): boolean {
    const state = this.states[instrument];
    if (state !== SYNC_SYNCED && state !== SYNC_STALE) return false;
    this.fallOut(instrument, -1);
    return true;
  }

  onOverflow(instrument: number): void {
    this.ids[instrument * IDS + ID_FIRST_HELD] = this.row[ROW_FIRST];
  }

  sweep(): number {
    const count = this.registry.count;
    if (this.staleAfterNs <= 0 || count === 0) return UNKNOWN;
    const instrument = this.run[RUN_SWEEP_CURSOR];
    this.run[RUN_SWEEP_CURSOR] = instrument + 1 < count ? instrument + 1 : 0;
    if (this.states[instrument] !== SYNC_SYNCED) return UNKNOWN;
    if (this.row[ROW_TIME] - this.ids[instrument * IDS + ID_TIME] <= this.staleAfterNs) return UNKNOWN;
    this.states[instrument] = SYNC_STALE;
    return instrument;
  }

  quality(instrument: number): number {
    return this.states[instrument] === SYNC_SYNCED ? this.rules.quality : BOOK_UNSYNCED;
  }

  onlyWaiting(): number {
    let found = UNKNOWN;
    for (let i = 0; i < this.registry.count; i++) {
      const state = this.states[i];
      if (state !== SYNC_BUFFERING && state !== SYNC_SNAPSHOT_REQUESTED && state !== SYNC_GAP) continue;
      if (found >= 0) return REJECTED;
      found = i;
    }
    return found;
  }

  /** The next instrument for which a snapshot is to be fetched, or UNKNOWN; each request is handed out once. */
  takeSnapshotRequest(): number {
    const count = this.registry.count;
    let instrument = this.run[RUN_REQUEST_CURSOR];
    for (let i = 0; i < count; i++) {
      if (instrument >= count) instrument = 0;
      if ((this.bits[instrument] & BIT_WANTED) !== 0) {
        this.bits[instrument] &= ~BIT_WANTED;
        this.states[instrument] = SYNC_SNAPSHOT_REQUESTED;
        this.run[RUN_REQUEST_CURSOR] = instrument + 1;
        return instrument;
      }
      instrument++;
    }
    return UNKNOWN;
  }

  /** The name of an instrument's state. Cold. */
  stateName(instrument: number): string {
    return STATE_NAMES[this.states[instrument]];
  }

  /** Id of the last update in an instrument's book. Cold. */
  lastId(instrument: number): number {
    return this.ids[instrument * IDS + ID_LAST];
  }

  /** What became of an instrument's increments. Cold. */
  createCounts(instrument: number): SyncCounts {
    const at = instrument * COUNTS;
    const tally = this.tally;
    return {
      received: tally[at + RECEIVED],
      applied: tally[at + APPLIED],
      contained: tally[at + CONTAINED],
      duplicates: tally[at + DUPLICATES],
      gaps: tally[at + GAPS],
      snapshots: tally[at + SNAPSHOTS],
      resyncs: tally[at + RESYNCS],
      snapshotsTooOld: tally[at + TOO_OLD],
    };
  }

  /** The increment in `row` against a book in step. */
  private judge(instrument: number): number {
    const row = this.row;
    const at = instrument * IDS;
    const ids = this.ids;
    const last = ids[at + ID_LAST];
    const isFirst = (this.bits[instrument] & BIT_FIRST) !== 0;
    const slack = this.rules.snapshotSlack;
    if (isFirst ? row[ROW_LAST] < last + slack : row[ROW_LAST] <= last) {
      this.tally[instrument * COUNTS + (isFirst ? CONTAINED : DUPLICATES)]++;
      if (isFirst) return DEPTH_CONTAINED;
      if (++ids[at + ID_BEHIND] < this.rules.behindMax) return DEPTH_DUPLICATE;
      ids[at + ID_LAST] = -1; // the ids began anew: no snapshot is too old
      return this.fallOut(instrument, row[ROW_FIRST]);
    }
    const links = isFirst ? row[ROW_FIRST] <= last + slack : this.links(row, last);
    if (!links) return this.fallOut(instrument, row[ROW_FIRST]);
    ids[at + ID_LAST] = row[ROW_LAST];
    ids[at + ID_BEHIND] = 0;
    this.bits[instrument] &= ~BIT_FIRST;
    this.tally[instrument * COUNTS + APPLIED]++;
    return DEPTH_APPLY;
  }

  private links(row: Float64Array, last: number): boolean {
    return this.rules.link === LINK_PREVIOUS ? row[ROW_PREVIOUS] === last : row[ROW_FIRST] <= last + 1;
  }

  /** The book is out of step; `firstHeld` is the id at which increments are kept again, -1 if none is yet. */
  private fallOut(instrument: number, firstHeld: number): number {
    this.states[instrument] = SYNC_GAP;
    this.bits[instrument] = (this.bits[instrument] & BIT_WANTED) | BIT_AFTER_GAP;
    this.ids[instrument * IDS + ID_FIRST_HELD] = firstHeld;
    this.tally[instrument * COUNTS + GAPS]++;
    this.want(instrument);
    return DEPTH_GAP;
  }

  private want(instrument: number): void {
    if ((this.bits[instrument] & BIT_WANTED) !== 0) return;
    this.bits[instrument] |= BIT_WANTED;
    this.run[RUN_REQUESTS]++;
  }
}
