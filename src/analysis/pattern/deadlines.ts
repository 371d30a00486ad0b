/**
 * One deadline a lane, in order: whether any is due is one comparison, however many lanes wait. @hot
 *
 * A doubly linked list through the lanes, earliest first. A new deadline is put in from the late end: deadlines of one constant length
 * come nearly in order, so that is one or two steps; never more than there are lanes. Equal deadlines keep the order of their arming.
 */
import type { Arena } from "../../kernel/memory/arena.ts";

/** Cells of `ends`: lane + 1 of the earliest and of the latest, 0 for none. */
const EARLIEST = 0;
const LATEST = 1;

export class Deadlines {
  /** By lane, in ns since the session epoch; Infinity for none. Write it, then call arm(). */
  readonly at: Float64Array;
  /** Lane + 1 of the neighbours, 0 for none. */
  private readonly earlier: Int32Array;
  private readonly later: Int32Array;
  private readonly ends: Int32Array;

  constructor(arena: Arena, name: string, lanes: number) {
    this.at = arena.float64(`${name}.deadline`, lanes);
    this.earlier = arena.int32(`${name}.earlier`, lanes);
    this.later = arena.int32(`${name}.later`, lanes);
    this.ends = arena.int32(`${name}.ends`, 2);
    if (arena.fresh) this.at.fill(Infinity);
  }

  /** Whether the lane has one. */
  isArmed(lane: number): boolean {
    return this.at[lane] !== Infinity;
  }

  /** The lane with the earliest deadline, or -1. */
  first(): number {
    return this.ends[EARLIEST] - 1;
  }

  /** Takes the lane's at[lane] in; the lane had none before. */
  arm(lane: number): void {
    const { at, earlier, later, ends } = this;
    const due = at[lane];
    let before = ends[LATEST];
    while (before !== 0 && at[before - 1] > due) before = earlier[before - 1];
    const after = before === 0 ? ends[EARLIEST] : later[before - 1];
    earlier[lane] = before;
    later[lane] = after;
    if (before === 0) ends[EARLIEST] = lane + 1;
    else later[before - 1] = lane + 1;
    if (after === 0) ends[LATEST] = lane + 1;
    else earlier[after - 1] = lane + 1;
  }

  /** Drops the lane's deadline, if it has one. */
  disarm(lane: number): void {
    if (this.at[lane] === Infinity) return;
    const { earlier, later, ends } = this;
    const before = earlier[lane];
    const after = later[lane];
    if (before === 0) ends[EARLIEST] = after;
    else later[before - 1] = after;
    if (after === 0) ends[LATEST] = before;
    else earlier[after - 1] = before;
    this.at[lane] = Infinity;
    earlier[lane] = 0;
    later[lane] = 0;
  }
}
