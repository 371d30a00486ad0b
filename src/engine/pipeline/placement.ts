/**
 * Which thread carries which shard. A shard goes to the thread that its rendezvous hash likes best among those that have room, where room is
 * an even share (Thaler and Ravishankar 1998; Mirrokni, Thorup and Zadimoghaddam 2016 for the bound).
 *
 * A thread that is added takes 1/(n+1) of the shards, and none moves between the others; a thread that leaves gives away its own and no
 * other. Pure: equal calls give equal placements.
 */
import { mix32 } from "../../kernel/core/hash.ts";

/** A shard that changes its thread. */
export interface Move {
  readonly shard: number;
  readonly from: number;
  readonly to: number;
}

/** The busiest thread must have so much more than the mean before a shard is moved from it ... */
const IMBALANCE = 1.25;
/** ... and the move must take off the busiest at least this part. */
const GAIN = 0.1;

export class Placement {
  private readonly threadOf: number[];
  private readonly live: number[] = [];

  /** Shards 0 to `shards` - 1 over threads 0 to `threads` - 1. */
  constructor(shards: number, threads: number) {
    this.live = Array.from({ length: threads }, (_, thread) => thread);
    this.threadOf = Array.from({ length: shards }, () => -1);
    const roomMax = Math.ceil(shards / threads);
    for (let shard = 0; shard < shards; shard++) {
      const open = this.live.filter((thread) => this.shardsOf(thread).length < roomMax);
      this.threadOf[shard] = favourite(shard, open);
    }
  }

  /** Threads in use, ascending. */
  get threads(): readonly number[] {
    return this.live;
  }

  /** The thread of a shard. */
  of(shard: number): number {
    return this.threadOf[shard];
  }

  /** The shards of a thread, ascending. */
  shardsOf(thread: number): number[] {
    return this.threadOf.flatMap((at, shard) => (at === thread ? [shard] : []));
  }

  /** A shard was moved for a reason of the caller's own. */
  set(shard: number, thread: number): void {
    this.threadOf[shard] = thread;
  }

  /** One more thread: what it takes, each from the thread that has most. */
  add(thread: number): Move[] {
    this.live.push(thread);
    this.live.sort((a, b) => a - b);
    const share = Math.floor(this.threadOf.length / this.live.length);
    const moves: Move[] = [];
    while (moves.length < share) {
      const from = most(
        this.live.filter((each) => each !== thread),
        (each) => this.shardsOf(each).length,
      );
      const shard = most(this.shardsOf(from), (each) => score(each, thread));
      this.threadOf[shard] = thread;
      moves.push({ shard, from, to: thread });
    }
    return moves;
  }

  /** One thread less, of at least two: where its shards go, each to a thread that has fewest. */
  remove(thread: number): Move[] {
    this.live.splice(this.live.indexOf(thread), 1);
    return this.shardsOf(thread).map((shard) => {
      const fewest = Math.min(...this.live.map((each) => this.shardsOf(each).length));
      const to = favourite(
        shard,
        this.live.filter((each) => this.shardsOf(each).length === fewest),
      );
      this.threadOf[shard] = to;
      return { shard, from: thread, to };
    });
  }

  /** The one move from the busiest thread to the idlest that evens the load most, or null when none is worth it. `load`: of each shard. */
  relief(load: readonly number[]): Move | null {
    const of = (thread: number): number => this.shardsOf(thread).reduce((sum, shard) => sum + load[shard], 0);
    const busiest = most(this.live, of);
    const idlest = most(this.live, (thread) => -of(thread));
    const mean = load.reduce((sum, each) => sum + each, 0) / this.live.length;
    if (of(busiest) <= mean * IMBALANCE) return null;
    const after = (shard: number): number => Math.max(of(busiest) - load[shard], of(idlest) + load[shard]);
    const shard = most(this.shardsOf(busiest), (each) => -after(each));
    return after(shard) > of(busiest) * (1 - GAIN) ? null : { shard, from: busiest, to: idlest };
  }
}

function score(shard: number, thread: number): number {
  return mix32(mix32(shard + 1) ^ mix32(thread + 0x9e3779b9));
}

function favourite(shard: number, threads: readonly number[]): number {
  return most(threads, (thread) => score(shard, thread));
}

/** The first of those with the greatest value. */
function most(list: readonly number[], value: (each: number) => number): number {
  return list.reduce((best, each) => (value(each) > value(best) ? each : best));
}
