/**
 * A recovery drill: ends shards' threads while a run goes on, at places that a seed chooses, to show on one's own input that the run comes to
 * the same outputs. A thread is ended wherever it happens to be, in the middle of a record as likely as not.
 */
import { Random } from "../../kernel/core/random.ts";

/** Records between two kills: at least, and so many more at most. */
const LEAST_RECORDS = 2_000;
const MORE_RECORDS = 20_000;

export class Drill {
  private readonly random: Random;
  private left: number;
  private next: number;

  /** So many kills, if the input is long enough. */
  constructor(kills: number, seed: number = 1) {
    this.random = new Random(new Int32Array(4), seed);
    this.left = kills;
    this.next = this.gap();
  }

  /** Asked with the records that the shards have taken, while none is down: the thread to end now, of `threads`, or -1. */
  due(taken: number, threads: number): number {
    if (this.left === 0 || taken < this.next || threads === 0) return -1;
    this.left--;
    this.next = taken + this.gap();
    return this.random.nextBelow(threads);
  }

  private gap(): number {
    return LEAST_RECORDS + this.random.nextBelow(MORE_RECORDS);
  }
}
