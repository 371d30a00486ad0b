/**
 * The lifecycle: INIT -> WARMUP -> READY <-> DEGRADED, validated, with a set of reasons and a history.
 *
 * Valid changes: INIT -> WARMUP; WARMUP -> READY, DEGRADED; READY -> DEGRADED; DEGRADED -> READY, WARMUP. All others throw
 * LIFECYCLE_TRANSITION and change nothing. DEGRADED holds a set of reasons and is left only when the set is empty, so two failures
 * at once end when both have ended. The state is published in a StateWord before any listener hears of it. Cold: control calls it,
 * the hot path reads the word. Its state is not in an arena: a restart begins at INIT, whatever the checkpoint knew.
 */
import { type Clock, LiveClock } from "../core/clock.ts";
import { StreamError } from "../core/errors.ts";
import type { Nanos } from "../core/units.ts";
import { type LifecycleState, STATE_DEGRADED, STATE_INIT, STATE_READY, STATE_WARMUP, stateName, stateOf, StateWord } from "./state-word.ts";

/** Most reasons held at once. */
export const REASONS_MAX = 64;
/** Changes kept; the oldest are forgotten first and counted. */
export const HISTORY_MAX = 1024;
/** Changes that listeners may cause in answer to one change before that is taken for a fault. */
const CASCADE_MAX = 1000;
/** The reason given to a change to DEGRADED that names none. */
export const REASON_UNSPECIFIED = "unspecified";

/** One change. When `from` equals `to` only the set of reasons changed. */
export interface LifecycleChange {
  readonly from: LifecycleState;
  readonly to: LifecycleState;
  /** Reasons to be degraded after the change, in the order in which they came. */
  readonly reasons: readonly string[];
  /** Number of the change in this lifecycle, from 1. */
  readonly sequence: number;
  /** Monotonic time of the change. */
  readonly at: Nanos;
}

export type LifecycleListener = (change: LifecycleChange) => void;

/** For each state, the states that may follow it. */
const FOLLOWERS: readonly (readonly number[])[] = [[STATE_WARMUP], [STATE_READY, STATE_DEGRADED], [STATE_DEGRADED], [STATE_READY, STATE_WARMUP]];

/** True when the lifecycle may go from one state to the other directly. */
export function isValidTransition(from: LifecycleState, to: LifecycleState): boolean {
  return FOLLOWERS[stateOf(from)].includes(stateOf(to));
}

export class Lifecycle {
  /** What the hot path reads, in this thread or another. */
  readonly word: StateWord;
  private readonly clock: Clock;
  private readonly reasonSet = new Set<string>();
  private readonly listeners = new Set<LifecycleListener>();
  private readonly changes: LifecycleChange[] = [];
  private readonly pending: LifecycleChange[] = [];
  private current: number = STATE_INIT;
  private resumeState: number = STATE_READY;
  private sequence = 0;
  private notifying = false;
  private listenerFailureCount = 0;
  private lastListenerError: unknown = null;

  /** `word`: shared with other threads if given; it is set to INIT. */
  constructor(clock: Clock = new LiveClock(), word: StateWord = StateWord.create()) {
    this.clock = clock;
    this.word = word;
    word.store(STATE_INIT);
  }

  get state(): LifecycleState {
    return stateName(this.current);
  }

  /** True in READY only. */
  get isReady(): boolean {
    return this.current === STATE_READY;
  }

  /** Why it is DEGRADED, in the order in which the reasons came; empty in every other state. */
  get reasons(): readonly string[] {
    return [...this.reasonSet];
  }

  /** The latest HISTORY_MAX changes, oldest first. */
  get history(): readonly LifecycleChange[] {
    return [...this.changes];
  }

  /** Changes no longer in the history. */
  get forgottenChanges(): number {
    return this.sequence - this.changes.length;
  }

  /** Listeners that threw; the change stood and the other listeners were told. */
  get listenerFailures(): number {
    return this.listenerFailureCount;
  }

  /** What the last failing listener threw; null if none did. */
  get lastListenerFailure(): unknown {
    return this.lastListenerError;
  }

  /** True when `transition(to)` would not throw. */
  canTransition(to: LifecycleState): boolean {
    return FOLLOWERS[this.current].includes(stateOf(to)) && this.obstacles().length === 0;
  }

  /**
   * Goes to another state, or throws LIFECYCLE_TRANSITION. To DEGRADED: `reason` joins the set. From DEGRADED: confirms recovery
   * (READY) or asks for a full restart (WARMUP); the unspecified reason ends with it, any other still present forbids it.
   */
  transition(to: LifecycleState, reason: string = REASON_UNSPECIFIED): void {
    const target = stateOf(to);
    if (!FOLLOWERS[this.current].includes(target)) {
      const allowed = FOLLOWERS[this.current].map(stateName).join(" or ");
      throw new StreamError("LIFECYCLE_TRANSITION", `expected ${allowed} after ${this.state}, got ${to}`, { from: this.state, to });
    }
    if (target === STATE_DEGRADED) {
      this.degrade(reason);
      return;
    }
    const obstacles = this.obstacles();
    if (obstacles.length > 0) {
      const reasons = obstacles.join(", ");
      throw new StreamError("LIFECYCLE_TRANSITION", `expected no reason left to leave DEGRADED, got ${reasons}`, { from: this.state, to, reasons });
    }
    this.reasonSet.clear();
    this.change(target);
  }

  /**
   * Says that something is wrong: WARMUP and READY become DEGRADED, DEGRADED gets one more reason. False if the reason was there
   * already. Throws LIFECYCLE_TRANSITION in INIT, where nothing runs that could degrade.
   */
  addReason(reason: string): boolean {
    if (this.current === STATE_INIT) {
      throw new StreamError("LIFECYCLE_TRANSITION", `expected WARMUP, READY or DEGRADED to add the reason ${reason}, got INIT`, {
        from: "INIT",
        to: "DEGRADED",
      });
    }
    if (this.reasonSet.has(reason)) return false;
    if (this.current !== STATE_DEGRADED) this.degrade(reason);
    else {
      this.keepReason(reason);
      this.change(STATE_DEGRADED);
    }
    return true;
  }

  /**
   * Says that one thing is right again; with the last reason DEGRADED is left for the state that it was entered from. With
   * `resumeAt` WARMUP, given with this or an earlier reason, it is left for WARMUP: the caches are cold again. False, and nothing
   * happens, if the reason is not there.
   */
  removeReason(reason: string, resumeAt?: "WARMUP"): boolean {
    if (!this.reasonSet.delete(reason)) return false;
    if (resumeAt === "WARMUP") this.resumeState = STATE_WARMUP;
    this.change(this.reasonSet.size === 0 ? this.resumeState : STATE_DEGRADED);
    return true;
  }

  /** True when the reason is in the set. */
  hasReason(reason: string): boolean {
    return this.reasonSet.has(reason);
  }

  /** Calls `listener` after each change, in order; returns the function that ends it. */
  onChange(listener: LifecycleListener): () => void {
    this.listeners.add(listener);
    return () => {
      this.listeners.delete(listener);
    };
  }

  private degrade(reason: string): void {
    this.keepReason(reason);
    this.resumeState = this.current;
    this.change(STATE_DEGRADED);
  }

  private keepReason(reason: string): void {
    if (reason === "") throw new StreamError("VALUE_RANGE", "expected a reason with at least one character, got an empty one");
    if (this.reasonSet.size >= REASONS_MAX) {
      throw new StreamError("VALUE_RANGE", `expected at most ${REASONS_MAX} reasons at once, got ${reason} on top`, { reason });
    }
    this.reasonSet.add(reason);
  }

  private obstacles(): string[] {
    return [...this.reasonSet].filter((reason) => reason !== REASON_UNSPECIFIED);
  }

  private change(to: number): void {
    const from = this.state;
    this.current = to;
    this.word.store(to);
    this.sequence += 1;
    const change = Object.freeze({ from, to: stateName(to), reasons: Object.freeze([...this.reasonSet]), sequence: this.sequence, at: this.clock.now() });
    this.changes.push(change);
    if (this.changes.length > HISTORY_MAX) this.changes.shift();
    this.pending.push(change);
    this.notify();
  }

  /** Tells all listeners of one change before any of the next: a listener that causes a change does not overtake the others. */
  private notify(): void {
    if (this.notifying) return;
    this.notifying = true;
    try {
      for (let told = 0; this.pending.length > 0; told++) {
        if (told > CASCADE_MAX) {
          this.pending.length = 0;
          throw new StreamError("INVARIANT", `listeners of the lifecycle answer each other: more than ${CASCADE_MAX} changes caused by one`);
        }
        const change = this.pending.shift() as LifecycleChange;
        for (const listener of Array.from(this.listeners)) this.tell(listener, change);
      }
    } finally {
      this.notifying = false;
    }
  }

  private tell(listener: LifecycleListener, change: LifecycleChange): void {
    try {
      listener(change);
    } catch (error) {
      this.listenerFailureCount += 1;
      this.lastListenerError = error;
    }
  }
}
