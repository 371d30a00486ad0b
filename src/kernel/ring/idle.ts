/**
 * What a thread does when there was nothing to do: a ladder of spinning, pausing and sleeping, chosen by name. @hot
 *
 *   spin    never sleeps: lowest latency, a core of its own
 *   yield   spins, then gives the core's other hyper-thread way with Atomics.pause (where the engine has it); never sleeps
 *   park    spins and pauses, then sleeps in the ring until its producer commits: a wake costs 10 to 28 us
 *
 * A thread with sockets or timers must not park.
 */
import { StreamError } from "../core/errors.ts";
import type { GatedRing } from "./gated-ring.ts";

export type IdleName = "spin" | "yield" | "park";

/** The rungs of a ladder, in turns without work; a rung of Infinity is never left. */
interface IdleLadder {
  readonly spinTurns: number;
  readonly pauseTurns: number;
  readonly parkMs: number;
}

/** Pauses in one turn: some 30 ns each. */
const PAUSES_PER_TURN = 4;

const canPause = typeof Atomics.pause === "function";

/** One thread's idle ladder over the ring that it consumes. */
export class Idle {
  readonly name: IdleName;
  private readonly spinTurns: number;
  private readonly pauseTurns: number;
  private readonly parkMs: number;
  /** Turns without work since the last work. */
  private turns = 0;

  constructor(name: IdleName, ladder: IdleLadder) {
    this.name = name;
    this.spinTurns = ladder.spinTurns;
    this.pauseTurns = ladder.pauseTurns;
    this.parkMs = ladder.parkMs;
  }

  /** Call once a turn with the amount of work done: any work starts the ladder anew, none goes a rung up. True if the thread slept. */
  idle(work: number, ring: GatedRing): boolean {
    if (work > 0) {
      this.turns = 0;
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
    ring.parkConsumer(this.parkMs);
    return true;
  }
}

/** The idle ladder of that name; USAGE for another one. */
export function createIdle(name: string): Idle {
  if (name === "spin") return new Idle(name, { spinTurns: Infinity, pauseTurns: 0, parkMs: 0 });
  if (name === "yield") return new Idle(name, { spinTurns: 100, pauseTurns: Infinity, parkMs: 0 });
  if (name === "park") return new Idle(name, { spinTurns: 20_000, pauseTurns: 1_000, parkMs: 50 });
  throw new StreamError("USAGE", `expected spin, yield or park as idle, got ${JSON.stringify(name)}`, { name });
}
