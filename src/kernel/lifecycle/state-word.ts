/**
 * The lifecycle state as one Int32 in shared memory: what the hot path reads to know whether it may act. @hot
 *
 * One writer, the lifecycle machine; any number of readers in any thread, once a batch. The word lies outside every arena: a
 * restored checkpoint brings back what was computed, not whether this process is allowed to trade.
 *
 *   0 state i32 | 4 .. 64 reserved (nothing else shares the cache line)
 */
import { StreamError } from "../core/errors.ts";

/** Starting: nothing may be processed. */
export const STATE_INIT = 0;
/** Processed, not executed: caches and compiled code are cold, latencies are not to be trusted. */
export const STATE_WARMUP = 1;
/** Processed and executed. */
export const STATE_READY = 2;
/** Processed, not executed: at least one reason says so. */
export const STATE_DEGRADED = 3;

/** Bytes of the word with its padding. */
export const STATE_WORD_BYTES = 64;

const NAMES = ["INIT", "WARMUP", "READY", "DEGRADED"] as const; // hot-ok: made once, when the module loads

export type LifecycleState = (typeof NAMES)[number];

/** True when an event may be executed: READY only. */
export function isExecutable(stateWord: number): boolean {
  return stateWord === STATE_READY;
}

/** True when events may be taken from the ring at all: everything but INIT. */
export function isProcessable(stateWord: number): boolean {
  return stateWord !== STATE_INIT;
}

/** The name of a state. Cold. */
export function stateName(stateWord: number): LifecycleState {
  const name = NAMES[stateWord];
  if (name === undefined) throw createStateError(stateWord);
  return name;
}

/** The number of a state's name. Cold. */
export function stateOf(name: LifecycleState): number {
  return NAMES.indexOf(name);
}

export class StateWord {
  /** The bytes to hand to another thread, with `byteOffset`. */
  readonly buffer: SharedArrayBuffer;
  readonly byteOffset: number;
  private readonly word: Int32Array;

  /** The word at `byteOffset` of `buffer` as it stands; zeroed bytes read as INIT. */
  constructor(buffer: SharedArrayBuffer, byteOffset: number = 0) {
    this.buffer = buffer;
    this.byteOffset = byteOffset;
    this.word = new Int32Array(buffer, byteOffset, 1);
  }

  /** A new word in state INIT, alone on its cache line. */
  static create(): StateWord {
    return new StateWord(new SharedArrayBuffer(STATE_WORD_BYTES), 0);
  }

  /** The state now: one of STATE_*. */
  load(): number {
    return Atomics.load(this.word, 0);
  }

  /** Sets the state. Only the lifecycle machine calls this: it alone knows which changes are valid. */
  store(state: number): void {
    if (state < STATE_INIT || state > STATE_DEGRADED) throw createStateError(state);
    Atomics.store(this.word, 0, state);
  }
}

function createStateError(state: number): StreamError {
  return new StreamError("VALUE_RANGE", `expected a lifecycle state of 0 to 3, got ${state}`, { state });
}
