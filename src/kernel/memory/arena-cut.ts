/**
 * The consistent image of a sealed arena at one moment, taken while its thread goes on. @hot
 *
 * begin() fixes the moment; the image is whole once isDone says so, and only then may begin() be called again. Nothing is allocated.
 * Cost: a copy of the used bytes in begin().
 */
import { fail } from "../core/invariant.ts";
import type { Arena } from "./arena.ts";

export class ArenaCut {
  private readonly arena: Arena;
  private running = false;

  constructor(arena: Arena) {
    this.arena = arena;
  }

  /** Begins an image of this moment in `target`, which holds at least the arena's used bytes. INVARIANT while one is being made. */
  begin(target: Uint8Array): void {
    if (this.running) fail("a cut was begun before the one before it was whole", 1);
    this.running = true;
    this.arena.snapshotInto(target);
    this.running = false;
  }

  /** True when the image begun last is whole. */
  get isDone(): boolean {
    return !this.running;
  }
}
