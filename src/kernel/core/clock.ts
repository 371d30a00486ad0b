/**
 * Time comes in through this port. This file is the only reader of a real clock.
 *
 * now() is monotonic nanoseconds since the session epoch: wall time is tied to the monotonic clock once, at construction, so one
 * field serves latency and receive time. Resolution of the live clock is that of performance.now().
 */
import { StreamError } from "./errors.ts";
import { NANOS_PER_DAY, type Nanos } from "./units.ts";

/** A source of monotonic time. */
export interface Clock {
  /** Monotonic nanoseconds since the session epoch. */
  now(): Nanos;
  /** The same, written to times[at]: for the hot path, where a double that a call returns is boxed unless that call is inlined. */
  stamp(times: Float64Array, at: number): void;
}

/** Nanoseconds from one monotonic time to another (source 2). */
export function delta(start: Nanos, end: Nanos): number {
  return end - start;
}

/** Milliseconds since 1970 of the UTC midnight at or before a wall time given in the same unit. */
export function sessionEpochMs(timeMs: number): number {
  return Math.floor(timeMs / 86_400_000) * 86_400_000;
}

/**
 * The machine's clock. Every thread's performance.now() counts from its own origin, so each clock ties itself to the process-wide
 * monotonic clock by bracketing, and all clocks of one run share the anchor of the first.
 */
export class LiveClock implements Clock {
  /** ms since 1970 of the session epoch; 0 where it was not given, as in other threads. */
  readonly epochMs: number;
  /** Session time at the zero of the process-wide monotonic clock: hand it to the clocks of other threads. */
  readonly anchorNs: number;
  private readonly offsetNs: number;
  private readonly readArguments: [number, Float64Array, number];

  /** `epochMs`: the session epoch, by default today's UTC midnight. `anchorNs`: that of the run's first clock, in another thread. */
  constructor(epochMs: number = sessionEpochMs(Date.now()), anchorNs?: number) {
    const toProcessNs = bracketOffset();
    this.epochMs = epochMs;
    this.anchorNs = anchorNs ?? (performance.timeOrigin - epochMs) * 1e6 - toProcessNs;
    this.offsetNs = this.anchorNs + toProcessNs;
    this.readArguments = [this.offsetNs, new Float64Array(1), 0];
  }

  now(): Nanos {
    return Math.floor(this.offsetNs + performance.now() * 1e6) as Nanos;
  }

  /**
   * 15 ns slower than now() where that is inlined. V8 inlines no call whose arguments come from a list that was made elsewhere: so
   * readInto is compiled by itself and performance.now(), which would box its answer where a large caller leaves no room for it, inside it.
   */
  stamp(times: Float64Array, at: number): void {
    const list = this.readArguments;
    list[1] = times;
    list[2] = at;
    Reflect.apply(readInto, undefined, list);
  }
}

/** Writes the machine's time to times[at]. */
function readInto(offsetNs: number, times: Float64Array, at: number): void {
  times[at] = Math.floor(offsetNs + performance.now() * 1e6);
}

/** Nanoseconds to add to this thread's performance.now() to get the process-wide monotonic clock: the tightest of 32 brackets. */
function bracketOffset(): number {
  let best = 0;
  let narrowest = Infinity;
  for (let i = 0; i < 32; i++) {
    const before = performance.now() * 1e6;
    const [seconds, nanos] = process.hrtime();
    const after = performance.now() * 1e6;
    if (after - before < narrowest) {
      narrowest = after - before;
      best = seconds * 1e9 + nanos - (before + after) / 2;
    }
  }
  return best;
}

/** A clock that moves only when told to. */
export class TestClock implements Clock {
  private timeNs: number;

  constructor(startNs: number = 0) {
    this.timeNs = startNs;
  }

  now(): Nanos {
    return this.timeNs as Nanos;
  }

  stamp(times: Float64Array, at: number): void {
    times[at] = this.timeNs;
  }

  advance(ns: number): void {
    if (!(ns >= 0)) throw new StreamError("VALUE_RANGE", `a clock moves forward: expected ns >= 0, got ${ns}`, { ns });
    this.timeNs += ns;
  }
}

/**
 * Virtual time for replay: it stands at the receive time of the record being delivered, and tells how long a driver must wait on
 * the real clock before the next one at a given speed. Never moves back.
 */
export class ReplayClock implements Clock {
  /** 1 is real time, 10 ten times faster, Infinity as fast as accepted. */
  readonly speed: number;
  private timeNs = 0;
  private started = false;
  private virtualStartNs = 0;
  private realStartNs = 0;

  constructor(speed: number) {
    if (!(speed > 0)) throw new StreamError("VALUE_RANGE", `expected a speed above 0 or "max", got ${speed}`, { speed });
    this.speed = speed;
  }

  now(): Nanos {
    return this.timeNs as Nanos;
  }

  stamp(times: Float64Array, at: number): void {
    times[at] = this.timeNs;
  }

  /** Moves to a record's time; a regressing time is kept at the last one. */
  moveTo(ns: number): void {
    if (ns > this.timeNs) this.timeNs = ns;
  }

  /** Real nanoseconds to wait, from `realNowNs`, before a record of virtual time `ns` is due; 0 when it is due. */
  waitNs(ns: number, realNowNs: number): number {
    if (this.speed === Infinity) return 0;
    if (!this.started) {
      this.started = true;
      this.virtualStartNs = ns;
      this.realStartNs = realNowNs;
      return 0;
    }
    const dueNs = this.realStartNs + (ns - this.virtualStartNs) / this.speed;
    return dueNs > realNowNs ? dueNs - realNowNs : 0;
  }
}

/** Nanoseconds within the UTC day, for display. */
export function timeOfDay(ns: number): number {
  return ((ns % NANOS_PER_DAY) + NANOS_PER_DAY) % NANOS_PER_DAY;
}
