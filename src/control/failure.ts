/**
 * Failure scenarios: deterministic objects that take the lifecycle to DEGRADED and back, by valid changes only.
 *
 * activate() saves the state and adds the scenario's reason; deactivate() takes the reason back, and the lifecycle returns to the
 * saved state unless another reason came meanwhile: then it returns when that one ends too. Both are idempotent. A scenario
 * does not start from INIT or DEGRADED (LIFECYCLE_TRANSITION); a second fault during the first is said with Lifecycle.addReason.
 */
import { StreamError } from "../kernel/core/errors.ts";
import type { Lifecycle } from "../kernel/lifecycle/machine.ts";
import type { LifecycleState } from "../kernel/lifecycle/state-word.ts";

export const REASON_MARKET_DATA_OUTAGE = "market-data-outage";
export const REASON_EXECUTION_FAILURE = "execution-failure";

export class FailureScenario {
  /** The reason under which it appears in the lifecycle. */
  readonly reason: string;
  private readonly lifecycle: Lifecycle;
  private saved: LifecycleState | null = null;

  constructor(lifecycle: Lifecycle, reason: string) {
    this.lifecycle = lifecycle;
    this.reason = reason;
  }

  /** Begins the failure. Does nothing while it is active. */
  activate(): void {
    if (this.saved !== null) return;
    const state = this.lifecycle.state;
    if (state === "INIT" || state === "DEGRADED") {
      throw new StreamError("LIFECYCLE_TRANSITION", `expected WARMUP or READY to begin ${this.reason}, got ${state}`, {
        from: state,
        to: "DEGRADED",
        reason: this.reason,
      });
    }
    this.lifecycle.addReason(this.reason);
    this.saved = state;
  }

  /** Ends the failure. Does nothing while it is not active. */
  deactivate(): void {
    if (this.saved === null) return;
    this.saved = null;
    this.lifecycle.removeReason(this.reason);
  }

  isActive(): boolean {
    return this.saved !== null;
  }

  /** The state that activate() left; null while not active. */
  get previousState(): LifecycleState | null {
    return this.saved;
  }
}

/** Market data stops: what is decided from here on is decided on old prices. */
export class MarketDataOutage extends FailureScenario {
  constructor(lifecycle: Lifecycle) {
    super(lifecycle, REASON_MARKET_DATA_OUTAGE);
  }
}

/** Orders cannot be sent or are not answered. */
export class ExecutionFailure extends FailureScenario {
  constructor(lifecycle: Lifecycle) {
    super(lifecycle, REASON_EXECUTION_FAILURE);
  }
}
