/**
 * The measured loop of tick-to-signal: takes from the stream what is due, gives it to the pipeline, and counts from the intended time. @hot
 *
 * What is due and was not taken waits, as in the buffer of a socket. That buffer is bounded: when more than `bufferMessages` wait, the
 * oldest are overwritten, skipped here and counted in `lost`. A piece is what is due, 32 messages at most: a small packet.
 */
import { Histogram } from "../src/control/histogram.ts";
import type { Clock } from "../src/kernel/core/clock.ts";
import { TYPE_SIGNAL } from "../src/kernel/record/header.ts";
import type { Slots } from "../src/kernel/record/slots.ts";
import type { MessageStream } from "./byte-stream.ts";
import { type Pace, PACE_NEXT } from "./pace.ts";
import { IDLE_GAP_NS, Pauses, TIME_CELLS, TIME_DUE, TIME_END, TIME_LAST, TIME_NOW, WORK_GAP_NS } from "./pauses.ts";
import { BenchPipeline, NullSink } from "./pipeline-under-test.ts";

/** Messages that the input buffer holds: 64 MB of them. */
const BUFFER_MESSAGES = 1 << 21;
export const PIECE_MESSAGES_MAX = 32;
/** The buffer is looked at when the oldest message is this late. */
const LATE_NS = 1e6;

/** Cells of the loop's row behind those of TIME_*. */
const FIRST_DUE = 4;
const SIGNAL_AT = 5;
const BUSY = 6;

/** Notes when each signal leaves. */
class SignalSink extends NullSink {
  count = 0;
  readonly latency: Histogram = new Histogram();
  private readonly times: Float64Array;
  private readonly clock: Clock;

  constructor(times: Float64Array, clock: Clock) {
    super();
    this.times = times;
    this.clock = clock;
  }

  override write(slots: Slots, slot: number): void {
    if (slots.u8[slot << 6] !== TYPE_SIGNAL) return;
    this.count++;
    this.times[SIGNAL_AT] = this.clock.now();
    this.latency.recordSpan(this.times, FIRST_DUE, SIGNAL_AT);
  }
}

export class TickLoop {
  /** Latencies of all messages, and of those that the host did not hold up. */
  readonly all: Histogram = new Histogram();
  readonly calm: Histogram = new Histogram();
  readonly pauses: Pauses;
  readonly signals: SignalSink;
  readonly pipeline: BenchPipeline;
  /** Messages that were due and were overwritten before they were read. */
  lost = 0;
  private readonly times: Float64Array = new Float64Array(TIME_CELLS);
  private readonly dues: Float64Array = new Float64Array(PIECE_MESSAGES_MAX);
  private readonly sleeper: Int32Array = new Int32Array(new SharedArrayBuffer(4));
  private readonly clock: Clock;
  private readonly stream: MessageStream;
  private readonly pace: Pace;
  private readonly sleepMs: number;
  private readonly bufferMessages: number;
  private at: number;
  /** Messages still to take, and taken or lost since the pace began. */
  private left = 0;
  private taken = 0;

  /** `sleepMs`: how long to sleep when nothing is due; 0 spins. */
  constructor(clock: Clock, stream: MessageStream, pace: Pace, sleepMs: number, bufferMessages: number = BUFFER_MESSAGES) {
    this.clock = clock;
    this.stream = stream;
    this.pace = pace;
    this.sleepMs = sleepMs;
    this.bufferMessages = bufferMessages;
    this.at = stream.from;
    this.pauses = new Pauses(this.times, this.calm);
    this.signals = new SignalSink(this.times, clock);
    this.pipeline = new BenchPipeline(clock, this.signals, new Histogram());
  }

  /** Share of the time since start() in which there was work, given the time that has passed. */
  busyPart(elapsedNs: number): number {
    return this.times[BUSY] / elapsedNs;
  }

  /** Takes messages as fast as they can be, in pieces of all sizes; nothing is recorded. */
  warm(messages: number): void {
    this.left = messages;
    let size = 1;
    while (this.left > 0) {
      this.warmPiece(size);
      size = size === PIECE_MESSAGES_MAX ? 1 : size + 1;
    }
  }

  /** The pace begins now. */
  begin(): void {
    this.taken = 0;
    this.pace.start(this.clock.now());
    this.forget();
  }

  /** Forgets what was recorded so far. */
  forget(): void {
    this.all.reset();
    this.calm.reset();
    this.signals.latency.reset();
    this.signals.count = 0;
    this.lost = 0;
    this.times[BUSY] = 0;
    this.times[TIME_LAST] = this.clock.now();
    this.pauses.reset();
  }

  /** So many messages at their times. */
  run(messages: number): void {
    this.left = messages;
    while (this.left > 0) this.turn();
  }

  private turn(): void {
    const { times, dues, pace, stream, clock } = this;
    const now = clock.now();
    times[TIME_NOW] = now;
    if (now - times[TIME_LAST] > IDLE_GAP_NS && this.sleepMs === 0) this.pauses.onIdleGap();
    if (pace.row[PACE_NEXT] > now) {
      times[TIME_LAST] = now;
      this.pauses.onDrained();
      if (this.sleepMs > 0) this.sleep();
      return;
    }
    if (now - pace.row[PACE_NEXT] > LATE_NS) this.overwrite();
    if (this.at === stream.to) this.nextChunk();
    const bytes = stream.bytes;
    const most = this.left < PIECE_MESSAGES_MAX ? this.left : PIECE_MESSAGES_MAX;
    const from = this.at;
    let to = from;
    let count = 0;
    while (count < most && to < stream.to && pace.row[PACE_NEXT] <= now) {
      dues[count++] = pace.row[PACE_NEXT];
      to += 2 + (bytes[to] << 8) + bytes[to + 1];
      pace.advance();
    }
    times[FIRST_DUE] = dues[0];
    this.pipeline.arrival[0] = dues[0];
    this.pipeline.push(bytes, from, to);
    const end = clock.now();
    times[TIME_END] = end;
    times[BUSY] += end - now;
    this.at = to;
    this.left -= count;
    this.taken += count;
    if (end - now > WORK_GAP_NS) this.pauses.onWorkGap();
    this.record(count);
    times[TIME_LAST] = end;
  }

  private record(count: number): void {
    const { times, dues } = this;
    for (let i = 0; i < count; i++) {
      times[TIME_DUE] = dues[i];
      this.all.recordSpan(times, TIME_DUE, TIME_END);
      this.pauses.record();
    }
  }

  private warmPiece(size: number): void {
    const { stream } = this;
    if (this.at === stream.to) this.nextChunk();
    const most = this.left < size ? this.left : size;
    const from = this.at;
    let count = 0;
    while (count < most && this.at < stream.to) {
      this.skipFrame();
      count++;
    }
    this.pipeline.arrival[0] = this.clock.now();
    this.pipeline.push(stream.bytes, from, this.at);
    this.left -= count;
  }

  /** Overwrites the oldest messages while more wait than the buffer holds. */
  private overwrite(): void {
    const { pace, times } = this;
    const waiting = Math.min(pace.dueBy(times[TIME_NOW]) - this.taken, this.left);
    for (let over = waiting - this.bufferMessages; over > 0; over--) {
      if (this.at === this.stream.to) this.nextChunk();
      this.skipFrame();
      pace.advance();
      this.taken++;
      this.left--;
      this.lost++;
    }
  }

  private skipFrame(): void {
    const bytes = this.stream.bytes;
    this.at += 2 + (bytes[this.at] << 8) + bytes[this.at + 1];
  }

  private nextChunk(): void {
    this.stream.next();
    this.at = this.stream.from;
  }

  private sleep(): void {
    Atomics.wait(this.sleeper, 0, 0, this.sleepMs);
    this.times[TIME_LAST] = this.clock.now();
  }
}
