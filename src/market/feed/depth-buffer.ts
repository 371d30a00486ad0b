/**
 * Depth increments that wait for a snapshot: decoded levels of all instruments of a feed, in order of arrival, in one bounded region
 * of the arena. @hot
 *
 * entry, f64: size | instrument | bids | asks | first id | last id | previous id | tsEvent | price, qty of each bid, then of each ask
 *
 * Entries are decoded, not raw text: they take half the room, and what is malformed is known when it arrives. Giving up entries
 * moves the later ones down: the order is kept.
 */
import { StreamError } from "../../kernel/core/errors.ts";
import type { Arena } from "../../kernel/memory/arena.ts";
import { ROW_FIRST, ROW_LAST, ROW_PREVIOUS } from "./depth-gate.ts";

/** Cells of an entry before its levels. */
export const ENTRY_CELLS = 8;
/** Cells of all entries by default: 4 MB. */
export const BUFFER_CELLS: number = 1 << 19;

const SIZE = 0;
const INSTRUMENT = 1;
const BIDS = 2;
const ASKS = 3;
const FIRST = 4;
const LAST = 5;
const PREVIOUS = 6;
const TS_EVENT = 7;

const USED = 0;
const ENTRIES = 1;
const OVERFLOWS = 2;

export class DepthBuffer {
  readonly cells: Float64Array;
  private readonly state: Float64Array;

  /** `cells`: eight bytes each. */
  constructor(arena: Arena, cells: number = BUFFER_CELLS) {
    if (!Number.isInteger(cells) || cells < ENTRY_CELLS || cells > 1 << 27) {
      throw new StreamError("VALUE_RANGE", `expected ${ENTRY_CELLS} to ${1 << 27} cells for waiting increments, got ${cells}`, { cells });
    }
    this.state = arena.float64("depthBuffer.state", 8);
    this.cells = arena.float64("depthBuffer.cells", cells);
  }

  /** Increments kept. */
  get entries(): number {
    return this.state[ENTRIES];
  }

  /** How often there was no room for one. */
  get overflows(): number {
    return this.state[OVERFLOWS];
  }

  /**
   * Keeps an increment: ids from `row`, time from time[0], bids from levels[bidsAt, bidsEnd), asks likewise. False, and counted, if
   * there is no room.
   */
  append(
    instrument: number,
    row: Float64Array,
    time: Float64Array,
    levels: Float64Array,
    bidsAt: number,
    bidsEnd: number,
    asksAt: number,
    asksEnd: number,
  ): boolean {
    const cells = this.cells;
    const at = this.state[USED];
    const size = ENTRY_CELLS + (bidsEnd - bidsAt) + (asksEnd - asksAt);
    if (at + size > cells.length) {
      this.state[OVERFLOWS]++;
      return false;
    }
    cells[at + SIZE] = size;
    cells[at + INSTRUMENT] = instrument;
    cells[at + BIDS] = (bidsEnd - bidsAt) >> 1;
    cells[at + ASKS] = (asksEnd - asksAt) >> 1;
    cells[at + FIRST] = row[ROW_FIRST];
    cells[at + LAST] = row[ROW_LAST];
    cells[at + PREVIOUS] = row[ROW_PREVIOUS];
    cells[at + TS_EVENT] = time[0];
    let to = at + ENTRY_CELLS;
    for (let i = bidsAt; i < bidsEnd; i++) cells[to++] = levels[i];
    for (let i = asksAt; i < asksEnd; i++) cells[to++] = levels[i];
    this.state[USED] = to;
    this.state[ENTRIES]++;
    return true;
  }

  /** Position of the instrument's first entry at or after `from`, or -1. */
  find(instrument: number, from: number): number {
    const cells = this.cells;
    const used = this.state[USED];
    let at = from;
    while (at < used) {
      if (cells[at + INSTRUMENT] === instrument) return at;
      at += cells[at + SIZE];
    }
    return -1;
  }

  /** Position after the entry at `at`. */
  after(at: number): number {
    return at + this.cells[at + SIZE];
  }

  bids(at: number): number {
    return this.cells[at + BIDS];
  }

  asks(at: number): number {
    return this.cells[at + ASKS];
  }

  /** Copies the entry's ids into `row` and its time into time[0]. */
  load(at: number, row: Float64Array, time: Float64Array): void {
    const cells = this.cells;
    row[ROW_FIRST] = cells[at + FIRST];
    row[ROW_LAST] = cells[at + LAST];
    row[ROW_PREVIOUS] = cells[at + PREVIOUS];
    time[0] = cells[at + TS_EVENT];
  }

  /** Gives up the instrument's entries that lie before `end` (-1: all of them). */
  discard(instrument: number, end: number): void {
    const cells = this.cells;
    const used = this.state[USED];
    const limit = end < 0 ? used : end;
    let to = 0;
    let at = 0;
    while (at < used) {
      const size = cells[at + SIZE];
      if (at < limit && cells[at + INSTRUMENT] === instrument) this.state[ENTRIES]--;
      else {
        if (to !== at) cells.copyWithin(to, at, at + size);
        to += size;
      }
      at += size;
    }
    this.state[USED] = to;
  }
}
