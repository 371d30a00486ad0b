/**
 * Which of a stream's numbered messages are new: the next expected sequence, and counts of what is missing or came twice. @hot
 *
 * What was missing and comes later counts as a duplicate and is dropped: order is never changed. Two lines that carry the same
 * stream (A and B) are both shown to one sequencer; the first copy wins.
 */
import { GAP } from "../../kernel/core/status.ts";
import type { Arena } from "../../kernel/memory/arena.ts";

const EXPECTED = 0;
const STARTED = 1;
const GAPS = 2;
const MISSING = 3;
const DUPLICATES = 4;
const RESETS = 5;
const STATE_CELLS = 8;

export class Sequencer {
  private readonly state: Float64Array;

  constructor(arena: Arena, name: string = "sequencer") {
    this.state = arena.float64(name, STATE_CELLS);
  }

  /** The next sequence; meaningless before the first. */
  get expected(): number {
    return this.state[EXPECTED];
  }

  /** True once a sequence was seen since the start or the last reset. */
  get isStarted(): boolean {
    return this.state[STARTED] === 1;
  }

  /** Times that a sequence was ahead of the expected one. */
  get gaps(): number {
    return this.state[GAPS];
  }

  /** Messages missing in those gaps. */
  get missing(): number {
    return this.state[MISSING];
  }

  /** Messages seen before. */
  get duplicates(): number {
    return this.state[DUPLICATES];
  }

  /** Times that the numbering began anew. */
  get resets(): number {
    return this.state[RESETS];
  }

  /**
   * Shows messages first .. first + count - 1. Returns how many at the front were seen before (count when all were), or GAP when some
   * before `first` are missing and all of these are new. The first ever shown is never a gap. `count` 0 tells the next sequence only.
   */
  observe(first: number, count: number): number {
    const state = this.state;
    const expected = state[EXPECTED];
    if (state[STARTED] === 0) {
      state[STARTED] = 1;
      state[EXPECTED] = first + count;
      return 0;
    }
    if (first > expected) {
      state[GAPS]++;
      state[MISSING] += first - expected;
      state[EXPECTED] = first + count;
      return GAP;
    }
    const seen = expected - first < count ? expected - first : count;
    state[DUPLICATES] += seen;
    if (seen < count) state[EXPECTED] = first + count;
    return seen;
  }

  /** The stream's numbering begins anew: the next sequence shown is taken as it is. */
  reset(): void {
    this.state[STARTED] = 0;
    this.state[EXPECTED] = 0;
    this.state[RESETS]++;
  }
}
