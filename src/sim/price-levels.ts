/**
 * The price levels of every instrument's book: a FIFO queue of order slots at each tick of a fixed window, and a two-storey bitmap
 * a side, so that the next best price is found in a few words however far away it is. @hot
 *
 * A tick has one queue for both sides: the engine never lets a book cross, so a tick holds bids or asks, never both.
 * A book is instrument * 2 + side; an offset is a tick less the first tick of the instrument's window.
 */
import { SIDE_ASK, SIDE_BID } from "../kernel/record/header.ts";

/** Offset of no level. */
export const NO_LEVEL = -1;

export class PriceLevels {
  /** Ticks of one window, a power of two from 1024. */
  readonly window: number;
  /** Next order in the queue, slot + 1, by slot; 0 at the tail. */
  readonly next: Int32Array;
  private readonly previous: Int32Array;
  private readonly heads: Int32Array;
  private readonly tails: Int32Array;
  private readonly words: Int32Array;
  private readonly summary: Int32Array;
  private readonly bests: Int32Array;
  private readonly windowShift: number;

  constructor(instruments: number, window: number, slots: number) {
    this.window = window;
    this.windowShift = 31 - Math.clz32(window);
    this.next = new Int32Array(slots);
    this.previous = new Int32Array(slots);
    this.heads = new Int32Array(instruments * window);
    this.tails = new Int32Array(instruments * window);
    this.words = new Int32Array((instruments * 2 * window) >> 5);
    this.summary = new Int32Array((instruments * 2 * window) >> 10);
    this.bests = new Int32Array(instruments * 2).fill(NO_LEVEL);
  }

  /** Offset of the best level of a book, or NO_LEVEL. */
  best(book: number): number {
    return this.bests[book];
  }

  /** First order at an offset of an instrument, slot + 1; 0 when there is none. */
  head(instrument: number, offset: number): number {
    return this.heads[(instrument << this.windowShift) + offset];
  }

  /** Puts an order at the end of its queue. */
  append(book: number, offset: number, slot: number): void {
    const level = ((book >> 1) << this.windowShift) + offset;
    const tail = this.tails[level];
    this.next[slot] = 0;
    this.previous[slot] = tail;
    this.tails[level] = slot + 1;
    if (tail !== 0) {
      this.next[tail - 1] = slot + 1;
      return;
    }
    this.heads[level] = slot + 1;
    this.open(book, offset);
  }

  /** Takes an order out of its queue, wherever it stands. */
  remove(book: number, offset: number, slot: number): void {
    const level = ((book >> 1) << this.windowShift) + offset;
    const next = this.next[slot];
    const previous = this.previous[slot];
    if (previous === 0) this.heads[level] = next;
    else this.next[previous - 1] = next;
    if (next === 0) this.tails[level] = previous;
    else this.previous[next - 1] = previous;
    if ((next | previous) === 0) this.close(book, offset);
  }

  private open(book: number, offset: number): void {
    const bit = (book << this.windowShift) + offset;
    this.words[bit >> 5] |= 1 << (bit & 31);
    this.summary[bit >> 10] |= 1 << ((bit >> 5) & 31);
    const best = this.bests[book];
    if (best === NO_LEVEL || ((book & 1) === SIDE_BID ? offset > best : offset < best)) this.bests[book] = offset;
  }

  private close(book: number, offset: number): void {
    const bit = (book << this.windowShift) + offset;
    const word = this.words[bit >> 5] & ~(1 << (bit & 31));
    this.words[bit >> 5] = word;
    if (word === 0) this.summary[bit >> 10] &= ~(1 << ((bit >> 5) & 31));
    if (this.bests[book] === offset) this.bests[book] = this.outermost(book);
  }

  /** The best offset of a book by its bitmap, or NO_LEVEL. */
  private outermost(book: number): number {
    const count = this.window >> 10;
    const first = book * count;
    const isAsk = (book & 1) === SIDE_ASK;
    for (let i = 0; i < count; i++) {
      const group = isAsk ? first + i : first + count - 1 - i;
      const bits = this.summary[group];
      if (bits === 0) continue;
      const at = (group << 5) + (isAsk ? lowestBit(bits) : 31 - Math.clz32(bits));
      const word = this.words[at];
      return (at << 5) + (isAsk ? lowestBit(word) : 31 - Math.clz32(word)) - (book << this.windowShift);
    }
    return NO_LEVEL;
  }
}

function lowestBit(word: number): number {
  return 31 - Math.clz32(word & -word);
}
