/**
 * What a thread does when there was nothing to do: a ladder of spinning, pausing and sleeping, chosen by name. @hot
 *
 *   spin    never sleeps: lowest latency, a core of its own
 *   yield   spins, then gives the core's other hyper-thread way with Atomics.pause (where the engine has it); never sleeps
 *   park    sleeps at once, in the ring, until its producer commits: a wake costs 10 to 28 us, and other threads get the core
 *   phased  spins for about as long as a wake costs, pauses, then takes naps that grow from 0.1 to 50 ms, each ended by a commit
 *
 * Threads that spin on cores that they share starve each other for milliseconds, so the default is park, and spinning is for a core of one's
 * own. A thread with sockets or timers must not sleep.
 */
import { StreamError } from "../core/errors.ts";

/** Every idle ladder there is. */
export const IDLE_NAMES = ["spin", "yield", "park", "phased"] as const;

export type IdleName = (typeof IDLE_NAMES)[number];

/** What a thread can sleep in: a gated ring, a consumer of a multicast ring. */
export interface Parkable {
  /** Sleeps until there is something to consume; true if there is, or there never will be, false after `timeoutMs`. */
  parkConsumer(timeoutMs: number): boolean;
}

/** The rungs of a ladder, in turns without work; a rung of Infinity is never left. */
interface IdleLadder {
  readonly spinTurns: number;
  readonly pauseTurns: number;
  /** The first sleep of a row, and the longest: each is twice the one before. */
  readonly firstParkMs: number;
  readonly parkMs: number;
}

/** Pauses in one turn: some 30 ns each. */
const PAUSES_PER_TURN = 4;

const canPause = typeof Atomics.pause === "function";

/** Most doublings of a sleep: 2^20 times the first. */
const DOUBLINGS_MAX = 20;

/** One thread's idle ladder over the ring that it consumes. */
export class Idle {
  readonly name: IdleName;
  private readonly spinTurns: number;
  private readonly pauseTurns: number;
  private readonly firstParkMs: number;
  private readonly parkMs: number;
  /** Turns without work since the last work, and sleeps among them as far as they count. */
  private turns = 0;
  private sleeps = 0;

  constructor(name: IdleName, ladder: IdleLadder) {
    this.name = name;
    this.spinTurns = ladder.spinTurns;
    this.pauseTurns = ladder.pauseTurns;
    this.firstParkMs = ladder.firstParkMs;
    this.parkMs = ladder.parkMs;
  }

  /** Call once a turn with the amount of work done: any work starts the ladder anew, none goes a rung up. True if the thread slept. */
  idle(work: number, ring: Parkable): boolean {
    if (work > 0) {
      this.turns = 0;
      this.sleeps = 0;
      return false;
    }
    const turns = this.turns;
    if (turns < this.spinTurns) {
      if (this.spinTurns !== Infinity) this.turns = turns + 1;
      return false;
    }
    if (turns < this.spinTurns + this.pauseTurns) {
      if (this.pauseTurns !== Infinity) this.turns = turns + 1;
      if (canPause) for (let i = 0; i < PAUSES_PER_TURN; i++) Atomics.pause();
      return false;
    }
    const sleepMs = this.firstParkMs * (1 << this.sleeps);
    if (this.sleeps < DOUBLINGS_MAX && sleepMs < this.parkMs) this.sleeps++;
    ring.parkConsumer(sleepMs < this.parkMs ? sleepMs : this.parkMs);
    return true;
  }
}

/** The idle ladder of that name; USAGE, with the names there are, for another one. */
export function createIdle(name: string): Idle {
  if (name === "spin") return new Idle(name, { spinTurns: Infinity, pauseTurns: 0, firstParkMs: 0, parkMs: 0 });
  if (name === "yield") return new Idle(name, { spinTurns: 100, pauseTurns: Infinity, firstParkMs: 0, parkMs: 0 });
  if (name === "park") return new Idle(name, { spinTurns: 0, pauseTurns: 0, firstParkMs: 50, parkMs: 50 });
  if (name === "phased") return new Idle(name, { spinTurns: 2_000, pauseTurns: 1_000, firstParkMs: 0.1, parkMs: 50 });
  throw new StreamError("USAGE", `expected spin, yield, park or phased as idle, got ${JSON.stringify(name)}`, { name });
}
