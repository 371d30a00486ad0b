/**
 * The breaker of a latency budget: more than `violations` within `windowNs` take the lifecycle to DEGRADED, so orders are refused.
 *
 * It falls on the violation itself and rises by hysteresis: no more than half of `violations` within the window, seen at every poll
 * for `recoverNs` on end. The window slides and is exact: the times of the last violations are kept, so many and no more. It acts in READY and
 * DEGRADED only. A clock decides here, so a run whose budget may trip is not the same run twice (ARCHITECTURE.md). One thread. @hot
 */
import type { Clock } from "../kernel/core/clock.ts";
import { StreamError } from "../kernel/core/errors.ts";
import type { Lifecycle } from "../kernel/lifecycle/machine.ts";
import type { BudgetListener } from "./budget.ts";

/** The reason in the lifecycle while it is down. */
export const REASON_LATENCY_BUDGET = "latency-budget";

/** Most violations that a window may allow. */
export const TRIP_VIOLATIONS_MAX = 65_536;

export interface BudgetTripOptions {
  readonly lifecycle: Lifecycle;
  readonly clock: Clock;
  /** Violations of all stages within the window that are still forgiven, 0 to TRIP_VIOLATIONS_MAX. */
  readonly violations: number;
  readonly windowNs: number;
  /** How long calm must last before it rises. */
  readonly recoverNs: number;
}

const CALM_SINCE = 0;
const NOT_CALM = -1;

export class BudgetTrip implements BudgetListener {
  private readonly lifecycle: Lifecycle;
  private readonly clock: Clock;
  private readonly windowNs: number;
  private readonly recoverNs: number;
  /** Times of the last violations, one more than is forgiven; `next` is the place of the next and so of the oldest. */
  private readonly times: Float64Array;
  private readonly state: Float64Array = new Float64Array(1).fill(NOT_CALM);
  private readonly calmRank: number;
  private next = 0;
  private tripCount = 0;
  private isDown = false;

  /** VALUE_RANGE for a number out of its range. */
  constructor({ lifecycle, clock, violations, windowNs, recoverNs }: BudgetTripOptions) {
    if (!Number.isInteger(violations) || violations < 0 || violations > TRIP_VIOLATIONS_MAX) {
      throw new StreamError("VALUE_RANGE", `expected 0 to ${TRIP_VIOLATIONS_MAX} forgiven violations, got ${violations}`, { violations });
    }
    if (!(windowNs > 0) || !(recoverNs >= 0)) {
      throw new StreamError("VALUE_RANGE", `expected a window above 0 ns and a recovery of 0 or more, got ${windowNs} and ${recoverNs}`, {
        windowNs,
        recoverNs,
      });
    }
    this.lifecycle = lifecycle;
    this.clock = clock;
    this.windowNs = windowNs;
    this.recoverNs = recoverNs;
    this.times = new Float64Array(violations + 1).fill(-Infinity);
    this.calmRank = violations >> 1;
  }

  /** How often it fell. */
  get trips(): number {
    return this.tripCount;
  }

  /** True while orders are refused because of it. */
  get isTripped(): boolean {
    return this.isDown;
  }

  onViolation(_stage: number): void {
    const times = this.times;
    this.clock.stamp(times, this.next);
    const now = times[this.next];
    this.next = this.next + 1 === times.length ? 0 : this.next + 1;
    this.state[CALM_SINCE] = this.isCalm(now) ? this.state[CALM_SINCE] : NOT_CALM;
    if (!this.isDown && now - times[this.next] <= this.windowNs) this.fall();
  }

  /** To be called now and then, so that it can rise. */
  poll(): void {
    if (!this.isDown) return;
    const now = this.clock.now();
    if (!this.isCalm(now)) {
      this.state[CALM_SINCE] = NOT_CALM;
      return;
    }
    if (this.state[CALM_SINCE] === NOT_CALM) this.state[CALM_SINCE] = now;
    if (now - this.state[CALM_SINCE] < this.recoverNs) return;
    this.isDown = false;
    this.lifecycle.removeReason(REASON_LATENCY_BUDGET);
  }

  /** True when no more than half of what is forgiven lies within the window: the (half + 1)-th newest is older. */
  private isCalm(now: number): boolean {
    const times = this.times;
    let at = this.next - 1 - this.calmRank;
    if (at < 0) at += times.length;
    return now - times[at] > this.windowNs;
  }

  private fall(): void {
    const state = this.lifecycle.state;
    if (state !== "READY" && state !== "DEGRADED") return;
    this.isDown = true;
    this.tripCount++;
    this.state[CALM_SINCE] = NOT_CALM;
    this.lifecycle.addReason(REASON_LATENCY_BUDGET);
  }
}
