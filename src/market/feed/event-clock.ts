/**
 * Wall times of messages and captures to nanoseconds since the session epoch. @hot
 *
 * The first sane wall time opens the session: its UTC midnight becomes the epoch, unless the caller has set one. Milliseconds and
 * microseconds are told apart by their size. A message without a time takes the last event time of the stream, or its receive time
 * while there is none; so does one with a time that the session cannot hold, and it is marked FLAG_BAD_TS.
 */
import { sessionEpochMs } from "../../kernel/core/clock.ts";
import type { Arena } from "../../kernel/memory/arena.ts";
import { FLAG_BAD_TS } from "../../kernel/record/flags.ts";
import { HEADER_TS_RECV_F64 } from "../../kernel/record/header.ts";
import type { Slots } from "../../kernel/record/slots.ts";

/** Times from here on are microseconds since 1970, below it milliseconds. */
const MICROS_FROM = 1e14;
const DAY_MS = 86_400_000;
/** Farthest time from the epoch: 104 days. */
const NANOS_MAX = 9e15;

const EVENTS = 0;
const FIRST = 1;
const LAST = 2;

export class EventClock {
  /** Flags of the record whose time was stamped last: 0 or FLAG_BAD_TS. */
  flags = 0;
  private readonly epoch: Float64Array;
  private readonly time: Float64Array;
  private readonly doubles: Float64Array;
  private readonly state: Float64Array;

  /** `epoch`: one cell, ms since 1970, 0 while not known. `time`: one cell that stamp() fills. `staging`: its receive time is read and set. */
  constructor(arena: Arena, epoch: Float64Array, time: Float64Array, staging: Slots) {
    this.epoch = epoch;
    this.time = time;
    this.doubles = staging.f64;
    this.state = arena.float64("eventClock.state", 8);
  }

  /** First event time, null if there was none. Cold. */
  get first(): number | null {
    return this.state[EVENTS] > 0 ? this.state[FIRST] : null;
  }

  /** Last event time, null if there was none. Cold. */
  get last(): number | null {
    return this.state[EVENTS] > 0 ? this.state[LAST] : null;
  }

  /** The event time numbers[cell], ms or us since 1970. */
  stamp(numbers: Float64Array, cell: number): void {
    const value = numbers[cell];
    const state = this.state;
    const micros = value >= MICROS_FROM;
    if (this.epoch[0] === 0) this.open(micros ? value / 1000 : value);
    const ns = micros ? (value - this.epoch[0] * 1000) * 1000 : (value - this.epoch[0]) * 1_000_000;
    if (!(ns <= NANOS_MAX && ns >= -NANOS_MAX)) {
      this.stampAbsent();
      this.flags = FLAG_BAD_TS;
      return;
    }
    if (state[EVENTS]++ === 0) state[FIRST] = ns;
    state[LAST] = ns;
    this.time[0] = ns;
    this.flags = 0;
  }

  /** A message without a time. */
  stampAbsent(): void {
    const state = this.state;
    this.time[0] = state[EVENTS] > 0 ? state[LAST] : this.doubles[HEADER_TS_RECV_F64];
    this.flags = 0;
  }

  /** A receive time that came with the message: seconds since 1970 and nanoseconds in them. */
  stampReceive(wall: Float64Array): void {
    if (this.epoch[0] === 0) this.open(wall[0] * 1000);
    const ns = (wall[0] * 1000 - this.epoch[0]) * 1_000_000 + wall[1];
    if (ns <= NANOS_MAX && ns >= -NANOS_MAX) this.doubles[HEADER_TS_RECV_F64] = ns;
  }

  private open(ms: number): void {
    if (ms >= DAY_MS && ms < MICROS_FROM) this.epoch[0] = sessionEpochMs(ms);
  }
}
