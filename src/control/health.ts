/**
 * Health probes: is it alive, is it ready, and what is wrong, in words.
 *
 * Live means that work goes on: a hang is a progress word that stands still while there is lag. Ready means lifecycle READY. A check
 * that throws or cannot know says `unknown`, which is never counted as healthy. Probes read; they change nothing.
 */
import type { Clock } from "../kernel/core/clock.ts";
import { StreamError } from "../kernel/core/errors.ts";
import type { Nanos } from "../kernel/core/units.ts";
import type { Lifecycle } from "../kernel/lifecycle/machine.ts";
import type { LifecycleState } from "../kernel/lifecycle/state-word.ts";

/** From best to worst. */
export type HealthStatus = "ok" | "degraded" | "unknown" | "failed";

const WORSE: readonly HealthStatus[] = ["ok", "degraded", "unknown", "failed"];

export interface HealthAnswer {
  readonly status: HealthStatus;
  readonly detail: string;
}

export interface HealthCheck {
  readonly name: string;
  /** False if a failure of this check means that the process should be restarted; true (default) if it only is not ready. */
  readonly readinessOnly?: boolean;
  check(): HealthAnswer;
}

export interface HealthReport {
  /** The worst of all checks and of the lifecycle. */
  readonly status: HealthStatus;
  /** False: restart the process. */
  readonly live: boolean;
  /** False: send it no work. */
  readonly ready: boolean;
  readonly lifecycle: LifecycleState;
  readonly reasons: readonly string[];
  readonly checks: readonly (HealthAnswer & { readonly name: string })[];
  readonly at: Nanos;
}

export class HealthProbe {
  private readonly lifecycle: Lifecycle;
  private readonly clock: Clock;
  private readonly checks: HealthCheck[] = [];

  constructor(lifecycle: Lifecycle, clock: Clock) {
    this.lifecycle = lifecycle;
    this.clock = clock;
  }

  /** Adds a check. Its name must be new. */
  add(check: HealthCheck): void {
    if (this.checks.some((known) => known.name === check.name)) {
      throw new StreamError("VALUE_RANGE", `expected checks with different names, got ${check.name} twice`, { check: check.name });
    }
    this.checks.push(check);
  }

  report(): HealthReport {
    const state = this.lifecycle.state;
    let live = true;
    let status: HealthStatus = state === "READY" ? "ok" : "degraded";
    const checks = this.checks.map((check) => {
      const answer = ask(check);
      if (answer.status === "failed" && check.readinessOnly === false) live = false;
      if (WORSE.indexOf(answer.status) > WORSE.indexOf(status)) status = answer.status;
      return { name: check.name, ...answer };
    });
    const ready = state === "READY" && checks.every((check) => check.status === "ok" || check.status === "degraded");
    return { status, live, ready: live && ready, lifecycle: state, reasons: this.lifecycle.reasons, checks, at: this.clock.now() };
  }

  /** True while the process should go on running. */
  isLive(): boolean {
    return this.report().live;
  }

  /** True while it should be given work. */
  isReady(): boolean {
    return this.report().ready;
  }
}

/** A check that fails when `progress()` stands still for `stallNs` while `lag()` says that there is work. */
export function progressCheck(name: string, clock: Clock, stallNs: number, progress: () => number, lag: () => number): HealthCheck {
  let seen = progress();
  let since = clock.now();
  return {
    name,
    readinessOnly: false,
    check() {
      const now = clock.now();
      const position = progress();
      const waiting = lag();
      if (position !== seen || waiting <= 0) {
        seen = position;
        since = now;
        return { status: "ok", detail: waiting > 0 ? `at ${position}, ${waiting} waiting` : `at ${position}, nothing waiting` };
      }
      const standsNs = now - since;
      if (standsNs < stallNs) return { status: "ok", detail: `at ${position} for ${standsNs} ns, ${waiting} waiting` };
      return { status: "failed", detail: `stands at ${position} for ${standsNs} ns with ${waiting} waiting` };
    },
  };
}

/** A check of a value between limits: from `degradedAt` degraded, from `failedAt` failed, null unknown. */
export function limitCheck(name: string, value: () => number | null, degradedAt: number, failedAt: number): HealthCheck {
  return {
    name,
    check() {
      const now = value();
      if (now === null) return { status: "unknown", detail: "no value" };
      const status = now >= failedAt ? "failed" : now >= degradedAt ? "degraded" : "ok";
      return { status, detail: `${now}, degraded from ${degradedAt}, failed from ${failedAt}` };
    },
  };
}

function ask(check: HealthCheck): HealthAnswer {
  try {
    return check.check();
  } catch (error) {
    return { status: "unknown", detail: `check failed: ${error instanceof Error ? error.message : String(error)}` };
  }
}
