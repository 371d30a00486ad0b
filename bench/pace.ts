/**
 * The intended times of an open loop: when each operation is due, whatever became of those before it. @hot
 *
 * `rate` a second, evenly spaced; with a burst, the last 100 ms of each second have so many times as many. Times are computed from the
 * number within the second, so nothing adds up. A latency is counted from here (coordinated omission: a late start is our lateness).
 */

/** Cells of `row`: when the next operation is due; when its second began. */
export const PACE_NEXT = 0;
const SECOND = 1;
const PERIOD = 2;
const BURST_PERIOD = 3;
const START = 4;

const SECOND_NS = 1e9;
/** Where in each second its burst begins. */
const BURST_FROM_NS = 0.9e9;

export class Pace {
  readonly row: Float64Array = new Float64Array(5);
  /** Operations of one second, burst included. */
  readonly perSecond: number;
  private readonly calm: number;
  private index = 0;

  /** `rate`: operations a second, at least 10. `burst`: 1 is none. */
  constructor(rate: number, burst: number = 1) {
    this.calm = Math.floor(rate * 0.9);
    const inBurst = burst === 1 ? rate - this.calm : Math.round(rate * 0.1 * burst);
    this.perSecond = this.calm + inBurst;
    this.row[PERIOD] = burst === 1 ? SECOND_NS / rate : BURST_FROM_NS / this.calm;
    this.row[BURST_PERIOD] = (SECOND_NS - BURST_FROM_NS) / inBurst;
  }

  /** The first operation is due at `ns`. */
  start(ns: number): void {
    this.index = 0;
    this.row[START] = ns;
    this.row[SECOND] = ns;
    this.row[PACE_NEXT] = ns;
  }

  /** On to the next operation. */
  advance(): void {
    const row = this.row;
    const calm = this.calm;
    let index = this.index + 1;
    if (index === this.perSecond) {
      index = 0;
      row[SECOND] += SECOND_NS;
    }
    this.index = index;
    row[PACE_NEXT] = row[SECOND] + (index < calm ? index * row[PERIOD] : BURST_FROM_NS + (index - calm) * row[BURST_PERIOD]);
  }

  /** Operations that are due by `ns`, from the first one on. */
  dueBy(ns: number): number {
    const row = this.row;
    const elapsed = ns - row[START];
    if (elapsed < 0) return 0;
    const seconds = Math.floor(elapsed / SECOND_NS);
    const within = elapsed - seconds * SECOND_NS;
    const calm = Math.min(this.calm, Math.floor(within / row[PERIOD]) + 1);
    const inBurst = within < BURST_FROM_NS ? 0 : Math.min(this.perSecond - this.calm, Math.floor((within - BURST_FROM_NS) / row[BURST_PERIOD]) + 1);
    return seconds * this.perSecond + calm + inBurst;
  }
}
