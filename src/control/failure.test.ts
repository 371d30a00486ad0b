import { describe, expect, it } from "vitest";
import { TestClock } from "../kernel/core/clock.ts";
import { isStreamError } from "../kernel/core/errors.ts";
import { isValidTransition, Lifecycle } from "../kernel/lifecycle/machine.ts";
import type { LifecycleState } from "../kernel/lifecycle/state-word.ts";
import { ExecutionFailure, MarketDataOutage } from "./failure.ts";

function lifecycleIn(...path: LifecycleState[]): Lifecycle {
  const lifecycle = new Lifecycle(new TestClock());
  for (const next of path) lifecycle.transition(next);
  return lifecycle;
}

const refusal = expect.toSatisfy((error: unknown) => isStreamError(error, "LIFECYCLE_TRANSITION"));

describe.each([
  ["a market data outage", MarketDataOutage, "market-data-outage"],
  ["an execution failure", ExecutionFailure, "execution-failure"],
] as const)("%s", (_, Scenario, reason) => {
  it("is not active when made, and changes nothing", () => {
    const lifecycle = lifecycleIn("WARMUP", "READY");
    expect(new Scenario(lifecycle).isActive()).toBe(false);
    expect(lifecycle.state).toBe("READY");
  });

  it("degrades READY with its own reason, and restores it", () => {
    const lifecycle = lifecycleIn("WARMUP", "READY");
    const scenario = new Scenario(lifecycle);
    scenario.activate();
    expect([lifecycle.state, lifecycle.reasons, scenario.isActive(), scenario.previousState]).toEqual(["DEGRADED", [reason], true, "READY"]);
    scenario.deactivate();
    expect([lifecycle.state, lifecycle.reasons, scenario.isActive(), scenario.previousState]).toEqual(["READY", [], false, null]);
  });

  it("degrades WARMUP and restores it", () => {
    const lifecycle = lifecycleIn("WARMUP");
    const scenario = new Scenario(lifecycle);
    scenario.activate();
    expect([lifecycle.state, scenario.previousState]).toEqual(["DEGRADED", "WARMUP"]);
    scenario.deactivate();
    expect(lifecycle.state).toBe("WARMUP");
  });

  it("is idempotent both ways", () => {
    const lifecycle = lifecycleIn("WARMUP", "READY");
    const scenario = new Scenario(lifecycle);
    scenario.deactivate();
    scenario.activate();
    scenario.activate();
    expect(lifecycle.history).toHaveLength(3);
    scenario.deactivate();
    scenario.deactivate();
    expect([lifecycle.state, lifecycle.history.length]).toEqual(["READY", 4]);
  });

  it.each([[[]], [["WARMUP", "DEGRADED"]], [["WARMUP", "READY", "DEGRADED"]]] as LifecycleState[][][])("does not start after the path %j", (path) => {
    const lifecycle = lifecycleIn(...path);
    const scenario = new Scenario(lifecycle);
    const before = lifecycle.history.length;
    expect(() => scenario.activate()).toThrow(refusal);
    expect([scenario.isActive(), lifecycle.history.length]).toEqual([false, before]);
  });

  it("can start again after it has ended", () => {
    const lifecycle = lifecycleIn("WARMUP", "READY");
    const scenario = new Scenario(lifecycle);
    for (let i = 0; i < 3; i++) {
      scenario.activate();
      scenario.deactivate();
    }
    expect([lifecycle.state, lifecycle.history.length]).toEqual(["READY", 8]);
  });

  it("makes valid changes only", () => {
    const lifecycle = lifecycleIn("WARMUP", "READY");
    const scenario = new Scenario(lifecycle);
    scenario.activate();
    scenario.deactivate();
    expect(lifecycle.history.every((change) => isValidTransition(change.from, change.to))).toBe(true);
  });

  it("leaves the lifecycle DEGRADED when another reason came meanwhile, until that ends", () => {
    const lifecycle = lifecycleIn("WARMUP", "READY");
    const scenario = new Scenario(lifecycle);
    scenario.activate();
    lifecycle.addReason("disk");
    scenario.deactivate();
    expect([lifecycle.state, lifecycle.reasons, scenario.isActive()]).toEqual(["DEGRADED", ["disk"], false]);
    lifecycle.removeReason("disk");
    expect(lifecycle.state).toBe("READY");
  });

  it("cannot be ended by an operator's transition", () => {
    const lifecycle = lifecycleIn("WARMUP", "READY");
    new Scenario(lifecycle).activate();
    expect(() => lifecycle.transition("READY")).toThrow(refusal);
  });
});

describe("two failures at once", () => {
  it("are refused through scenarios: the second cannot start from DEGRADED", () => {
    const lifecycle = lifecycleIn("WARMUP", "READY");
    const [outage, failure] = [new MarketDataOutage(lifecycle), new ExecutionFailure(lifecycle)];
    outage.activate();
    expect(() => failure.activate()).toThrow(refusal);
    outage.deactivate();
    expect([lifecycle.state, failure.isActive()]).toEqual(["READY", false]);
  });

  it("are allowed through a reason, and end in either order", () => {
    for (const outageFirst of [true, false]) {
      const lifecycle = lifecycleIn("WARMUP", "READY");
      const outage = new MarketDataOutage(lifecycle);
      outage.activate();
      lifecycle.addReason("execution-failure");
      if (outageFirst) outage.deactivate();
      else lifecycle.removeReason("execution-failure");
      expect(lifecycle.state).toBe("DEGRADED");
      if (outageFirst) lifecycle.removeReason("execution-failure");
      else outage.deactivate();
      expect(lifecycle.state).toBe("READY");
    }
  });

  it("run the same way each time", () => {
    const run = () => {
      const lifecycle = lifecycleIn("WARMUP", "READY");
      const outage = new MarketDataOutage(lifecycle);
      outage.activate();
      lifecycle.addReason("x");
      outage.deactivate();
      lifecycle.removeReason("x");
      return lifecycle.history;
    };
    expect(run()).toEqual(run());
  });
});
