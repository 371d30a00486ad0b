/**
 * Shutdown in order: stop intake, drain, checkpoint, flush, close; bounded by a deadline; every call idempotent.
 *
 * Steps are polled, so the caller's loop goes on running and no step can hang the others: a step is `done`, or asks to be polled
 * again. A second request, or the deadline, turns to the fast stop: steps that only save work are skipped, the rest get a last,
 * shorter time. A step that throws is reported and the next one begins: the crash path must work anyway, because recovery is the
 * same code. The report says of each step what became of it.
 */
import type { Clock } from "../kernel/core/clock.ts";
import { StreamError } from "../kernel/core/errors.ts";
import { NANOS_PER_SECOND } from "../kernel/core/units.ts";

/** The steps of a full system, in order. */
export const SHUTDOWN_ORDER = ["stop-intake", "drain", "checkpoint", "flush", "close"] as const;

export interface ShutdownStep {
  readonly name: string;
  /** Called until it says true. May throw. */
  poll(): boolean;
  /** True if the fast stop must run it too, as it must for closing; false (default) if it may be skipped. */
  readonly always?: boolean;
}

/** What became of a step. */
export type StepOutcome = "waiting" | "running" | "done" | "failed" | "skipped" | "timed-out";

export interface ShutdownStepReport {
  readonly name: string;
  readonly outcome: StepOutcome;
  /** What it threw; null if it did not. */
  readonly error: unknown;
  /** How long it ran, ns. */
  readonly tookNs: number;
}

/** `idle`: not asked for; `stopping`; `fast`: the rest is being skipped; `stopped`. */
export type ShutdownState = "idle" | "stopping" | "fast" | "stopped";

export interface ShutdownReport {
  readonly state: ShutdownState;
  /** Why it was asked for, first to last; empty while idle. */
  readonly causes: readonly string[];
  /** True if every step is done: nothing was skipped, failed or timed out. */
  readonly clean: boolean;
  readonly steps: readonly ShutdownStepReport[];
}

export interface ShutdownOptions {
  readonly clock: Clock;
  readonly steps: readonly ShutdownStep[];
  /** Time for all steps, default 10 s. */
  readonly deadlineNs?: number;
  /** Time for the steps of the fast stop, default 1 s. */
  readonly fastDeadlineNs?: number;
}

interface StepState {
  readonly step: ShutdownStep;
  outcome: StepOutcome;
  error: unknown;
  startedAt: number;
  tookNs: number;
}

/** Most causes kept. */
const CAUSES_MAX = 16;

export class ShutdownController {
  private readonly clock: Clock;
  private readonly steps: StepState[];
  private readonly deadlineNs: number;
  private readonly fastDeadlineNs: number;
  private readonly causes: string[] = [];
  private stateNow: ShutdownState = "idle";
  private position = 0;
  private dueAt = 0;
  private polling = false;

  constructor(options: ShutdownOptions) {
    this.clock = options.clock;
    this.steps = options.steps.map((step) => ({ step, outcome: "waiting", error: null, startedAt: 0, tookNs: 0 }));
    this.deadlineNs = positive(options.deadlineNs ?? 10 * NANOS_PER_SECOND, "deadline");
    this.fastDeadlineNs = positive(options.fastDeadlineNs ?? NANOS_PER_SECOND, "fast deadline");
    if (new Set(options.steps.map((step) => step.name)).size !== options.steps.length) {
      throw new StreamError("VALUE_RANGE", `expected steps with different names, got ${options.steps.map((step) => step.name).join(", ")}`);
    }
  }

  get state(): ShutdownState {
    return this.stateNow;
  }

  /** Asks to stop. The second request turns to the fast stop; later ones, and those after the end, change nothing. */
  request(cause: string): void {
    if (this.causes.length < CAUSES_MAX) this.causes.push(cause);
    if (this.stateNow === "idle") {
      this.stateNow = "stopping";
      this.dueAt = this.clock.now() + this.deadlineNs;
    } else if (this.stateNow === "stopping") this.goFast("skipped");
  }

  /** Runs what can be run now; true when all is over. Call it from the loop, or until it says true. */
  poll(): boolean {
    if (this.stateNow === "idle") return false;
    if (this.polling || this.stateNow === "stopped") return this.stateNow === "stopped";
    this.polling = true;
    try {
      while (this.position < this.steps.length) {
        const current = this.steps[this.position];
        if (current.outcome === "skipped" || current.outcome === "timed-out" || this.runStep(current)) this.position += 1;
        else if (this.clock.now() < this.dueAt) return false;
        else if (this.stateNow === "stopping") this.goFast("timed-out");
        else this.leave(current, "timed-out");
      }
      this.stateNow = "stopped";
      return true;
    } finally {
      this.polling = false;
    }
  }

  report(): ShutdownReport {
    return {
      state: this.stateNow,
      causes: [...this.causes],
      clean: this.stateNow === "stopped" && this.steps.every((step) => step.outcome === "done"),
      steps: this.steps.map(({ step, outcome, error, tookNs }) => ({ name: step.name, outcome, error, tookNs })),
    };
  }

  /** True when the step is over. */
  private runStep(current: StepState): boolean {
    if (current.outcome === "waiting") {
      current.outcome = "running";
      current.startedAt = this.clock.now();
    }
    try {
      if (!current.step.poll()) return false;
      this.leave(current, "done");
    } catch (error) {
      current.error = error;
      this.leave(current, "failed");
    }
    return true;
  }

  private leave(current: StepState, outcome: StepOutcome): void {
    current.outcome = outcome;
    current.tookNs = this.clock.now() - current.startedAt;
  }

  /** From here on only what must always run. The step in progress is left with the given outcome. */
  private goFast(outcome: "skipped" | "timed-out"): void {
    this.stateNow = "fast";
    this.dueAt = this.clock.now() + this.fastDeadlineNs;
    for (const state of this.steps.slice(this.position)) {
      if (state.step.always === true) continue;
      if (state.outcome === "running") this.leave(state, outcome);
      else if (state.outcome === "waiting") state.outcome = "skipped";
    }
  }
}

/** A step that starts an asynchronous operation once and is done when it has settled; its rejection is the step's failure. */
export function asyncStep(name: string, start: () => Promise<void>, always: boolean = false): ShutdownStep {
  let state: "waiting" | "running" | "done" | "failed" = "waiting";
  let failure: unknown = null;
  return {
    name,
    always,
    poll() {
      if (state === "waiting") {
        state = "running";
        start().then(
          () => {
            state = "done";
          },
          (error: unknown) => {
            failure = error;
            state = "failed";
          },
        );
      }
      if (state === "failed") throw failure;
      return state === "done";
    },
  };
}

function positive(ns: number, what: string): number {
  if (!(ns > 0)) throw new StreamError("VALUE_RANGE", `expected a ${what} above 0 ns, got ${ns}`, { ns });
  return ns;
}
