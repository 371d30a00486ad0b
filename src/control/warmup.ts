/**
 * Warm-up: brings the lifecycle from INIT over WARMUP to READY when compiled code has settled and every gate has passed.
 *
 * A round is `iterations` runs of a given piece of work, each measured by the injected clock. Latency counts as stable when the p99 of
 * `stableRounds` consecutive rounds lie within `tolerance` of each other: code that is still being compiled shows as a falling p99.
 * Its measurements are kept apart: nothing of the warm-up enters the histograms of the run. A round that throws or a warm-up that does
 * not settle within its bounds degrades instead of pretending.
 */
import type { Clock } from "../kernel/core/clock.ts";
import { StreamError } from "../kernel/core/errors.ts";
import type { Lifecycle } from "../kernel/lifecycle/machine.ts";
import { Histogram } from "./histogram.ts";
import { GATE_JIT_WARM, type MissingGate, type Readiness } from "./readiness.ts";

/** The reason of a warm-up that did not settle. */
export const REASON_WARMUP_UNSTABLE = "warmup-unstable";
/** The reason of a warm-up whose work threw. */
export const REASON_WARMUP_FAILED = "warmup-failed";

export interface WarmupOptions {
  readonly lifecycle: Lifecycle;
  readonly readiness: Readiness;
  readonly clock: Clock;
  /** The work to warm: one event through the path, on data that has no effect. */
  readonly iteration: () => void;
  /** Runs in a round, default 1000. */
  readonly iterations?: number;
  /** Consecutive rounds whose p99 must agree, at least 2, default 3. */
  readonly stableRounds?: number;
  /** Largest difference of their p99, as a fraction of the least, default 0.1. */
  readonly tolerance?: number;
  /** Differences of the p99 up to this many ns count as none: the grain of the clock, default 100. */
  readonly grainNs?: number;
  /** Rounds after which an unstable warm-up gives up, default 100. */
  readonly roundsMax?: number;
}

/** Where the warm-up stands after a round. */
export interface WarmupReport {
  /** `warming`: latency not stable; `waiting`: stable, gates missing; `ready`; `degraded`: see the lifecycle's reasons. */
  readonly outcome: "warming" | "waiting" | "ready" | "degraded";
  readonly rounds: number;
  /** p99 of the latest round; null when none was run. */
  readonly p99Ns: number | null;
  readonly stable: boolean;
  readonly missing: readonly MissingGate[];
}

export class WarmupController {
  private readonly options: WarmupOptions;
  private readonly iterations: number;
  private readonly stableRounds: number;
  private readonly tolerance: number;
  private readonly grainNs: number;
  private readonly roundsMax: number;
  private readonly histogram = new Histogram();
  private readonly latestP99: number[] = [];
  private rounds = 0;
  private lastError: unknown = null;

  constructor(options: WarmupOptions) {
    this.options = options;
    this.iterations = atLeast(options.iterations ?? 1000, 1, "iterations of a round");
    this.stableRounds = atLeast(options.stableRounds ?? 3, 2, "stable rounds");
    this.roundsMax = atLeast(options.roundsMax ?? 100, this.stableRounds, "rounds at most");
    this.tolerance = options.tolerance ?? 0.1;
    this.grainNs = options.grainNs ?? 100;
    if (!(this.tolerance >= 0)) throw new StreamError("VALUE_RANGE", `expected a tolerance of 0 or more, got ${this.tolerance}`, { tolerance: this.tolerance });
    options.lifecycle.onChange((change) => {
      if (change.to === "WARMUP") this.forget();
    });
  }

  /** True when the latest rounds agree. */
  get isStable(): boolean {
    if (this.latestP99.length < this.stableRounds) return false;
    const least = Math.min(...this.latestP99);
    const greatest = Math.max(...this.latestP99);
    return greatest - least <= Math.max(this.grainNs, least * this.tolerance);
  }

  /**
   * One round: INIT becomes WARMUP; the work is run if latency is not stable yet; WARMUP becomes READY when it is and no gate is
   * missing. In READY and DEGRADED it does nothing. Whenever the lifecycle returns to WARMUP, rounds are measured afresh.
   */
  step(): WarmupReport {
    const { lifecycle, readiness } = this.options;
    if (lifecycle.state === "INIT") lifecycle.transition("WARMUP");
    if (lifecycle.state !== "WARMUP") return this.report(lifecycle.state === "READY" ? "ready" : "degraded", []);
    if (!this.isStable && !this.runRound()) return this.giveUp(REASON_WARMUP_FAILED);
    if (lifecycle.state !== "WARMUP") return this.report("degraded", []);
    if (!this.isStable) {
      if (this.rounds >= this.roundsMax) return this.giveUp(REASON_WARMUP_UNSTABLE);
      return this.report("warming", [{ gate: GATE_JIT_WARM, missing: `p99 not stable after ${this.rounds} rounds` }, ...readiness.evaluate().missing]);
    }
    const { ready, missing } = readiness.evaluate();
    if (!ready) return this.report("waiting", missing);
    lifecycle.transition("READY");
    return this.report("ready", []);
  }

  /** Ends the reasons that a failed warm-up gave: with no other reason left it begins again in WARMUP. */
  restart(): void {
    const { lifecycle } = this.options;
    lifecycle.removeReason(REASON_WARMUP_UNSTABLE, "WARMUP");
    lifecycle.removeReason(REASON_WARMUP_FAILED, "WARMUP");
  }

  /** What the work of the last failed round threw; null if it never did. */
  get failure(): unknown {
    return this.lastError;
  }

  private forget(): void {
    this.latestP99.length = 0;
    this.rounds = 0;
  }

  private runRound(): boolean {
    const { clock, iteration } = this.options;
    this.histogram.reset();
    try {
      for (let i = 0; i < this.iterations; i++) {
        const before = clock.now();
        iteration();
        this.histogram.record(clock.now() - before);
      }
    } catch (error) {
      this.lastError = error;
      return false;
    }
    this.rounds += 1;
    this.latestP99.push(this.histogram.percentile(99));
    if (this.latestP99.length > this.stableRounds) this.latestP99.shift();
    return true;
  }

  private giveUp(reason: string): WarmupReport {
    this.options.lifecycle.addReason(reason);
    return this.report("degraded", []);
  }

  private report(outcome: WarmupReport["outcome"], missing: readonly MissingGate[]): WarmupReport {
    return { outcome, rounds: this.rounds, p99Ns: this.latestP99.at(-1) ?? null, stable: this.isStable, missing };
  }
}

function atLeast(value: number, least: number, what: string): number {
  if (!Number.isInteger(value) || value < least) throw new StreamError("VALUE_RANGE", `expected ${least} or more ${what}, got ${value}`, { value });
  return value;
}
