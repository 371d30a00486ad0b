/**
 * The ports through which the hot path tells what it sees, and the twins that do nothing. @hot
 *
 * A caller always calls its observer and never asks whether there is one: a method that does nothing is inlined away, an `if` on every
 * event is not. Implementations live in control/ and are handed in by the program that wires everything. They must not
 * throw, wait or allocate; what they cannot keep up with they drop.
 */

/** Takes latencies; a histogram does. */
export interface LatencyRecorder {
  /** Records one latency in ns. For calls once a batch or a piece: the double is boxed where the call is not inlined. */
  record(valueNs: number): void;
  /** Records times[to] - times[from], in ns. For calls once a record: the doubles stay in their array. */
  recordSpan(times: Float64Array, from: number, to: number): void;
}

/** Takes the times at which one record passed the stages of a path. Stages are small integers, fixed at start. */
export interface StageObserver {
  /** The record enters: time is read from the observer's clock. */
  begin(): void;
  /** The record entered earlier: at times[index], in ns of the observer's clock. */
  beginAt(times: Float64Array, index: number): void;
  /** The stage is done; what passed since the last call is its share. */
  mark(stage: number): void;
  /** The record is done with this stage, and so is the sum of the shares. */
  finish(stage: number): void;
}

/** Takes counts under small integer keys, fixed at start. */
export interface CountObserver {
  count(key: number, by: number): void;
}

export class NoLatencyRecorder implements LatencyRecorder {
  record(_valueNs: number): void {}
  recordSpan(_times: Float64Array, _from: number, _to: number): void {}
}

export class NoStageObserver implements StageObserver {
  begin(): void {}
  beginAt(_times: Float64Array, _index: number): void {}
  mark(_stage: number): void {}
  finish(_stage: number): void {}
}

export class NoCountObserver implements CountObserver {
  count(_key: number, _by: number): void {}
}
