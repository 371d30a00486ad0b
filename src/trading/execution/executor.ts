/**
 * The execution consumer: takes one event from the ring, decides by the lifecycle state whether it may act, answers with an ack. @hot
 *
 * INIT refuses (LIFECYCLE_NOT_READY) and takes nothing; WARMUP and DEGRADED process without executing; READY executes. Every event
 * taken gives exactly one ack with the next sequence, whatever the sink does: a sink that throws is counted and the ack still returned,
 * because observation must not change execution. The ack is the one allocation, because the caller may keep it; the pipeline's
 * executor over 64-byte records shares isExecutable() and writes ack records instead.
 */
import { type Clock, LiveClock } from "../../kernel/core/clock.ts";
import { StreamError } from "../../kernel/core/errors.ts";
import type { Nanos } from "../../kernel/core/units.ts";
import type { Lifecycle } from "../../kernel/lifecycle/machine.ts";
import { isExecutable, isProcessable, type StateWord } from "../../kernel/lifecycle/state-word.ts";
import { Consumer, type RingBuffer } from "../../kernel/ring/ring-buffer.ts";

/** What became of one event. */
export class Ack {
  /** Sequence of the event in its ring. */
  readonly seq: number;
  /** When it was decided whether to execute, monotonic. */
  readonly decisionTs: Nanos;
  /** When the ack was made, monotonic; never before decisionTs. */
  readonly completionTs: Nanos;
  /** True only if the state was READY. */
  readonly executed: boolean;

  constructor(seq: number, decisionTs: Nanos, completionTs: Nanos, executed: boolean) {
    this.seq = seq;
    this.decisionTs = decisionTs;
    this.completionTs = completionTs;
    this.executed = executed;
  }
}

/** Sees each event with its ack. Implementations live in control/; they should not throw, wait or allocate. */
export interface ObservabilitySink<T> {
  observe(event: T, ack: Ack): void;
}

/** The sink that does nothing: the executor always calls a sink, and never asks whether there is one. */
export class NoOpSink implements ObservabilitySink<unknown> {
  observe(_event: unknown, _ack: Ack): void {}
}

export class Executor<T extends object | string | number | bigint | boolean | symbol> {
  private readonly consumer: Consumer<T>;
  private readonly word: StateWord;
  private readonly sink: ObservabilitySink<T>;
  private readonly clock: Clock;
  private sinkFailureCount = 0;
  private lastSinkError: unknown = null;

  /** Reads `ring` from its oldest item. */
  constructor(ring: RingBuffer<T>, lifecycle: Lifecycle, sink: ObservabilitySink<T> = new NoOpSink(), clock: Clock = new LiveClock()) {
    this.consumer = new Consumer(ring);
    this.word = lifecycle.word;
    this.sink = sink;
    this.clock = clock;
  }

  /**
   * Processes one event and returns its ack; null at once when there is none. Throws LIFECYCLE_NOT_READY in INIT, with the event
   * left in place, and RING_OVERRUN when it was overtaken, until resetToHead() or resetToOldest().
   */
  process(): Ack | null {
    const state = this.word.load();
    if (!isProcessable(state)) throw createNotReady();
    const seq = this.consumer.cursor();
    const event = this.consumer.poll();
    if (event === null) return null;
    const executed = isExecutable(state);
    const decisionTs = this.clock.now();
    const ack = new Ack(seq, decisionTs, this.clock.now(), executed); // hot-ok: handed to the caller
    this.observe(event, ack);
    return ack;
  }

  /** Sequence of the next event to process. */
  cursor(): number {
    return this.consumer.cursor();
  }

  /** Events published and not processed. */
  available(): number {
    return this.consumer.available();
  }

  /** Events skipped by resets so far. */
  lost(): number {
    return this.consumer.lost();
  }

  /** After an overrun: skips to the next event to be published; returns how many were skipped. */
  resetToHead(): number {
    return this.consumer.resetToHead();
  }

  /** After an overrun: skips only what was overwritten; returns how many were skipped. */
  resetToOldest(): number {
    return this.consumer.resetToOldest();
  }

  /** Calls of the sink that threw; their events were processed all the same. */
  get sinkFailures(): number {
    return this.sinkFailureCount;
  }

  /** What the sink threw last; null if it never did. */
  get lastSinkFailure(): unknown {
    return this.lastSinkError;
  }

  private observe(event: T, ack: Ack): void {
    // oxfmt-ignore
    try { // hot-ok: free until something throws
      this.sink.observe(event, ack);
    } catch (error) {
      this.sinkFailureCount += 1;
      this.lastSinkError = error;
    }
  }
}

function createNotReady(): StreamError {
  return new StreamError("LIFECYCLE_NOT_READY", "expected WARMUP, READY or DEGRADED to process events, got INIT", { state: "INIT" });
}
