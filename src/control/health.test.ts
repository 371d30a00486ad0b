import { describe, expect, it } from "vitest";
import { TestClock } from "../kernel/core/clock.ts";
import { StreamError } from "../kernel/core/errors.ts";
import { Lifecycle } from "../kernel/lifecycle/machine.ts";
import type { LifecycleState } from "../kernel/lifecycle/state-word.ts";
import { type HealthAnswer, HealthProbe, limitCheck, progressCheck } from "./health.ts";

function probeIn(...path: LifecycleState[]): { probe: HealthProbe; lifecycle: Lifecycle; clock: TestClock } {
  const clock = new TestClock(7);
  const lifecycle = new Lifecycle(clock);
  for (const next of path) lifecycle.transition(next);
  return { probe: new HealthProbe(lifecycle, clock), lifecycle, clock };
}

function answering(name: string, status: HealthAnswer["status"], readinessOnly = true) {
  return { name, readinessOnly, check: () => ({ status, detail: "said so" }) };
}

describe("the health probe", () => {
  it.each([
    [[], false],
    [["WARMUP"], false],
    [["WARMUP", "READY"], true],
    [["WARMUP", "READY", "DEGRADED"], false],
  ] as [LifecycleState[], boolean][])("after %j is live, and ready: %s", (path, ready) => {
    const { probe } = probeIn(...path);
    expect([probe.isLive(), probe.isReady(), probe.report().status]).toEqual([true, ready, ready ? "ok" : "degraded"]);
  });

  it("names the reasons to be degraded", () => {
    const { probe, lifecycle } = probeIn("WARMUP", "READY");
    lifecycle.addReason("outage");
    expect(probe.report()).toMatchObject({ lifecycle: "DEGRADED", reasons: ["outage"], at: 7 });
  });

  it("has the status of its worst check", () => {
    const { probe } = probeIn("WARMUP", "READY");
    probe.add(answering("a", "ok"));
    probe.add(answering("b", "failed"));
    probe.add(answering("c", "degraded"));
    expect(probe.report().status).toBe("failed");
  });

  it("does not count unknown as healthy", () => {
    const { probe } = probeIn("WARMUP", "READY");
    probe.add(answering("a", "unknown"));
    expect([probe.report().status, probe.isReady(), probe.isLive()]).toEqual(["unknown", false, true]);
  });

  it("takes a check that throws as unknown, and asks the others", () => {
    const { probe } = probeIn("WARMUP", "READY");
    probe.add({
      name: "broken",
      check: () => {
        throw new Error("no answer");
      },
    });
    probe.add(answering("b", "ok"));
    expect(probe.report().checks).toEqual([
      { name: "broken", status: "unknown", detail: "check failed: no answer" },
      { name: "b", status: "ok", detail: "said so" },
    ]);
  });

  it("asks for a restart only for checks that say so", () => {
    const { probe } = probeIn("WARMUP", "READY");
    probe.add(answering("database", "failed"));
    expect([probe.isLive(), probe.isReady()]).toEqual([true, false]);
    probe.add(answering("loop", "failed", false));
    expect(probe.isLive()).toBe(false);
  });

  it("refuses two checks of one name", () => {
    const { probe } = probeIn();
    probe.add(answering("a", "ok"));
    expect(() => probe.add(answering("a", "ok"))).toThrow(StreamError);
  });

  it("changes nothing", () => {
    const { probe, lifecycle } = probeIn("WARMUP", "READY");
    probe.add(answering("a", "failed"));
    probe.report();
    expect([lifecycle.state, lifecycle.history.length]).toEqual(["READY", 2]);
  });
});

describe("the progress check", () => {
  function shard() {
    const clock = new TestClock();
    const state = { position: 0, lag: 0 };
    const check = progressCheck(
      "shard 0",
      clock,
      1000,
      () => state.position,
      () => state.lag,
    );
    return { clock, state, check };
  }

  it("fails when work waits and nothing moves for the whole time", () => {
    const { clock, state, check } = shard();
    state.lag = 5;
    clock.advance(999);
    expect(check.check().status).toBe("ok");
    clock.advance(1);
    expect(check.check()).toEqual({ status: "failed", detail: "stands at 0 for 1000 ns with 5 waiting" });
  });

  it("does not take an idle shard for a hanging one", () => {
    const { clock, check } = shard();
    clock.advance(1_000_000);
    expect(check.check().status).toBe("ok");
  });

  it("counts from the last sign of progress", () => {
    const { clock, state, check } = shard();
    state.lag = 5;
    clock.advance(900);
    state.position = 1;
    check.check();
    clock.advance(900);
    expect(check.check().status).toBe("ok");
    clock.advance(100);
    expect(check.check().status).toBe("failed");
  });

  it("counts from when work began to wait", () => {
    const { clock, state, check } = shard();
    clock.advance(5000);
    check.check();
    state.lag = 1;
    clock.advance(500);
    expect(check.check().status).toBe("ok");
  });

  it("concerns the life of the process", () => {
    expect(shard().check.readinessOnly).toBe(false);
  });
});

describe("the limit check", () => {
  it.each([
    [0, "ok"],
    [79, "ok"],
    [80, "degraded"],
    [94, "degraded"],
    [95, "failed"],
    [null, "unknown"],
  ])("of %d with limits 80 and 95 is %s", (value, status) => {
    expect(limitCheck("buffer", () => value, 80, 95).check().status).toBe(status);
  });
});
