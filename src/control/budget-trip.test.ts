import { describe, expect, it } from "vitest";
import { TestClock } from "../kernel/core/clock.ts";
import { isStreamError } from "../kernel/core/errors.ts";
import { Lifecycle } from "../kernel/lifecycle/machine.ts";
import { BudgetTrip, REASON_LATENCY_BUDGET, TRIP_VIOLATIONS_MAX } from "./budget-trip.ts";

interface Rig {
  readonly clock: TestClock;
  readonly lifecycle: Lifecycle;
  readonly trip: BudgetTrip;
  /** Lets time pass, then violates so many times. */
  readonly after: (ns: number, violations?: number) => void;
}

function rig(violations: number, windowNs = 1000, recoverNs = 500): Rig {
  const clock = new TestClock(1_000_000);
  const lifecycle = new Lifecycle(clock);
  lifecycle.transition("WARMUP");
  lifecycle.transition("READY");
  const trip = new BudgetTrip({ lifecycle, clock, violations, windowNs, recoverNs });
  return {
    clock,
    lifecycle,
    trip,
    after(ns, count = 1) {
      clock.advance(ns);
      for (let i = 0; i < count; i++) trip.onViolation(0);
    },
  };
}

describe("the breaker of a latency budget", () => {
  it("forgives so many violations within the window and falls with the next", () => {
    const { lifecycle, trip, after } = rig(3);
    after(0, 3);
    expect(lifecycle.state).toBe("READY");
    after(1000);
    expect([lifecycle.state, lifecycle.reasons, trip.trips, trip.isTripped]).toEqual(["DEGRADED", [REASON_LATENCY_BUDGET], 1, true]);
  });

  it("does not fall when the window has slid past the first of them", () => {
    const { lifecycle, after } = rig(3);
    after(0, 3);
    after(1001);
    expect(lifecycle.state).toBe("READY");
    after(0, 2);
    expect(lifecycle.state).toBe("READY");
    after(0);
    expect(lifecycle.state).toBe("DEGRADED");
  });

  it("that forgives nothing falls with the first", () => {
    const { lifecycle, after } = rig(0);
    after(0);
    expect(lifecycle.state).toBe("DEGRADED");
  });

  it("rises when calm has lasted: half of what is forgiven within the window, for the whole recovery", () => {
    const { lifecycle, clock, trip, after } = rig(4, 1000, 500);
    after(0, 5);
    clock.advance(1001);
    trip.poll();
    clock.advance(499);
    trip.poll();
    expect(lifecycle.state).toBe("DEGRADED");
    after(0, 2); // half of four: still calm
    clock.advance(1);
    trip.poll();
    expect([lifecycle.state, lifecycle.reasons, trip.isTripped]).toEqual(["READY", [], false]);
  });

  it("does not rise while more than half of what is forgiven lies within the window, and begins to wait anew", () => {
    const { lifecycle, clock, trip, after } = rig(4, 1000, 500);
    after(0, 5);
    clock.advance(1001);
    trip.poll();
    clock.advance(400);
    after(0, 3); // more than half: not calm
    clock.advance(1000);
    trip.poll();
    expect(lifecycle.state).toBe("DEGRADED");
    clock.advance(1);
    trip.poll();
    clock.advance(499);
    trip.poll();
    expect(lifecycle.state).toBe("DEGRADED");
    clock.advance(1);
    trip.poll();
    expect(lifecycle.state).toBe("READY");
  });

  it("an uncalm moment between two polls counts", () => {
    const { lifecycle, clock, trip, after } = rig(0, 100, 500);
    after(0);
    clock.advance(101);
    trip.poll();
    after(200);
    clock.advance(350);
    trip.poll();
    expect(lifecycle.state).toBe("DEGRADED");
    clock.advance(500);
    trip.poll();
    expect(lifecycle.state).toBe("READY");
  });

  it("can fall again, and counts its falls", () => {
    const { lifecycle, clock, trip, after } = rig(0, 100, 0);
    for (let fall = 1; fall <= 3; fall++) {
      after(1000);
      expect([lifecycle.state, trip.trips]).toEqual(["DEGRADED", fall]);
      clock.advance(101);
      trip.poll();
      expect(lifecycle.state).toBe("READY");
    }
  });

  it("joins other reasons and ends only its own", () => {
    const { lifecycle, clock, trip, after } = rig(0, 100, 0);
    lifecycle.addReason("outage");
    after(0);
    expect(lifecycle.reasons).toEqual(["outage", REASON_LATENCY_BUDGET]);
    clock.advance(101);
    trip.poll();
    expect([lifecycle.state, lifecycle.reasons]).toEqual(["DEGRADED", ["outage"]]);
    lifecycle.removeReason("outage");
    expect(lifecycle.state).toBe("READY");
  });

  it.each(["INIT", "WARMUP"] as const)("leaves %s alone: nothing is executed there anyway", (state) => {
    const clock = new TestClock();
    const lifecycle = new Lifecycle(clock);
    if (state === "WARMUP") lifecycle.transition("WARMUP");
    const trip = new BudgetTrip({ lifecycle, clock, violations: 0, windowNs: 1, recoverNs: 0 });
    trip.onViolation(0);
    trip.poll();
    expect([lifecycle.state, trip.trips]).toEqual([state, 0]);
  });

  it.each([
    { violations: -1 },
    { violations: 1.5 },
    { violations: TRIP_VIOLATIONS_MAX + 1 },
    { windowNs: 0 },
    { windowNs: NaN },
    { recoverNs: -1 },
    { recoverNs: NaN },
  ])("refuses %o", (wrong) => {
    const clock = new TestClock();
    const make = (): BudgetTrip => new BudgetTrip({ lifecycle: new Lifecycle(clock), clock, violations: 1, windowNs: 1, recoverNs: 1, ...wrong });
    expect(make).toThrow(expect.toSatisfy((error: unknown) => isStreamError(error, "VALUE_RANGE")));
  });
});
