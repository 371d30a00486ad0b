import { describe, expect, it } from "vitest";
import { TestClock } from "../kernel/core/clock.ts";
import { StreamError } from "../kernel/core/errors.ts";
import { Lifecycle } from "../kernel/lifecycle/machine.ts";
import { MarketDataOutage } from "./failure.ts";
import { Readiness } from "./readiness.ts";
import { REASON_WARMUP_FAILED, REASON_WARMUP_UNSTABLE, WarmupController, type WarmupOptions } from "./warmup.ts";

/** Work whose cost in ns is drawn from a list, a round each; the last repeats. */
function setUp(costs: readonly number[], options: Partial<WarmupOptions> = {}) {
  const clock = new TestClock();
  const lifecycle = new Lifecycle(clock);
  const iterations = options.iterations ?? 10;
  let runs = 0;
  let open = true;
  const readiness = new Readiness([{ name: "books-synced", missing: () => (open ? null : "3 of 5 books") }]);
  const warmup = new WarmupController({
    lifecycle,
    readiness,
    clock,
    iteration: () => {
      clock.advance(costs[Math.min(Math.floor(runs / iterations), costs.length - 1)]);
      runs += 1;
    },
    iterations,
    grainNs: 0,
    ...options,
  });
  return { lifecycle, warmup, gate: (isOpen: boolean) => void (open = isOpen), runs: () => runs };
}

describe("the warm-up", () => {
  it("begins by taking INIT to WARMUP", () => {
    const { lifecycle, warmup } = setUp([100]);
    warmup.step();
    expect(lifecycle.history[0]).toMatchObject({ from: "INIT", to: "WARMUP" });
    expect(lifecycle.state).toBe("WARMUP");
  });

  it("is READY after as many equal rounds as asked for, not before", () => {
    const { lifecycle, warmup } = setUp([100], { stableRounds: 4 });
    const outcomes = [1, 2, 3, 4].map(() => warmup.step().outcome);
    expect(outcomes).toEqual(["warming", "warming", "warming", "ready"]);
    expect(lifecycle.state).toBe("READY");
  });

  it("waits while the p99 still falls", () => {
    const { warmup } = setUp([5000, 2000, 1000, 500, 480, 490]);
    const reports = Array.from({ length: 6 }, () => warmup.step());
    expect(reports.map((report) => report.outcome)).toEqual(["warming", "warming", "warming", "warming", "warming", "ready"]);
    expect(reports.map((report) => report.p99Ns)).toEqual([5000, 2000, 1000, 500, 480, 490]);
  });

  it("takes rounds that differ by the tolerance as equal, and by more as not", () => {
    const within = setUp([100, 110, 105], { tolerance: 0.1 });
    const beyond = setUp([100, 111, 105], { tolerance: 0.1 });
    for (let i = 0; i < 3; i++) {
      within.warmup.step();
      beyond.warmup.step();
    }
    expect([within.lifecycle.state, beyond.lifecycle.state]).toEqual(["READY", "WARMUP"]);
  });

  it("takes differences below the grain of the clock as none", () => {
    const { lifecycle, warmup } = setUp([40, 80, 40], { grainNs: 50 });
    for (let i = 0; i < 3; i++) warmup.step();
    expect(lifecycle.state).toBe("READY");
  });

  it("judges by the 99th percentile: one slow run in a hundred does not count, two do", () => {
    const run = (slow: number) => {
      const clock = new TestClock();
      const lifecycle = new Lifecycle(clock);
      let n = 0;
      const iteration = () => {
        const round = Math.floor(n / 100);
        clock.advance(n % 100 < slow ? 1000 * (round + 1) : 100);
        n += 1;
      };
      const warmup = new WarmupController({ lifecycle, readiness: new Readiness(), clock, iteration, iterations: 100, grainNs: 0 });
      for (let i = 0; i < 3; i++) warmup.step();
      return lifecycle.state;
    };
    expect([run(1), run(2)]).toEqual(["READY", "WARMUP"]);
  });

  it("waits for the gates when latency is stable, and says what is missing", () => {
    const { lifecycle, warmup, gate } = setUp([100]);
    gate(false);
    for (let i = 0; i < 2; i++) warmup.step();
    expect(warmup.step()).toMatchObject({ outcome: "waiting", stable: true, missing: [{ gate: "books-synced", missing: "3 of 5 books" }] });
    gate(true);
    expect(warmup.step().outcome).toBe("ready");
    expect(lifecycle.state).toBe("READY");
  });

  it("runs no more work once latency is stable", () => {
    const { warmup, gate, runs } = setUp([100]);
    gate(false);
    for (let i = 0; i < 10; i++) warmup.step();
    expect(runs()).toBe(30);
  });

  it("names the unstable latency as a gate of its own", () => {
    expect(setUp([100]).warmup.step().missing).toEqual([{ gate: "jit-warm", missing: "p99 not stable after 1 rounds" }]);
  });

  it("does nothing more in READY", () => {
    const { warmup, runs } = setUp([100]);
    for (let i = 0; i < 3; i++) warmup.step();
    expect([warmup.step().outcome, runs()]).toEqual(["ready", 30]);
  });

  it("that does not settle degrades, with its reason", () => {
    const { lifecycle, warmup } = setUp([100, 200, 400, 800, 1600, 3200], { roundsMax: 5 });
    const outcomes = Array.from({ length: 5 }, () => warmup.step().outcome);
    expect(outcomes.at(-1)).toBe("degraded");
    expect([lifecycle.state, lifecycle.reasons]).toEqual(["DEGRADED", [REASON_WARMUP_UNSTABLE]]);
  });

  it("whose work throws degrades, and keeps what was thrown", () => {
    const fault = new Error("cold");
    const { lifecycle, warmup } = setUp([100], {
      iteration: () => {
        throw fault;
      },
    });
    expect(warmup.step().outcome).toBe("degraded");
    expect([lifecycle.reasons, warmup.failure]).toEqual([[REASON_WARMUP_FAILED], fault]);
  });

  it("begins again after a restart, with new measurements", () => {
    const { lifecycle, warmup } = setUp([100, 200, 400, 800, 100], { roundsMax: 4 });
    for (let i = 0; i < 4; i++) warmup.step();
    warmup.restart();
    expect(lifecycle.state).toBe("WARMUP");
    expect([1, 2, 3].map(() => warmup.step().outcome)).toEqual(["warming", "warming", "ready"]);
  });

  it("measures afresh when the lifecycle returns to WARMUP for a full restart", () => {
    const { lifecycle, warmup } = setUp([100]);
    for (let i = 0; i < 3; i++) warmup.step();
    lifecycle.addReason("books-lost");
    lifecycle.removeReason("books-lost", "WARMUP");
    expect(warmup.step()).toMatchObject({ outcome: "warming", rounds: 1 });
  });

  it("stands still during an outage and goes on after it", () => {
    const { lifecycle, warmup, runs } = setUp([100]);
    warmup.step();
    const outage = new MarketDataOutage(lifecycle);
    outage.activate();
    expect([warmup.step().outcome, runs()]).toEqual(["degraded", 10]);
    outage.deactivate();
    for (let i = 0; i < 3; i++) warmup.step();
    expect(lifecycle.state).toBe("READY");
  });

  it("does not become READY when its own work degraded the lifecycle", () => {
    const box: { lifecycle?: Lifecycle } = {};
    const made = setUp([100], { iteration: () => void box.lifecycle?.addReason("disk") });
    box.lifecycle = made.lifecycle;
    expect(made.warmup.step().outcome).toBe("degraded");
    expect(made.lifecycle.reasons).toEqual(["disk"]);
  });

  it.each([{ iterations: 0 }, { stableRounds: 1 }, { stableRounds: 5, roundsMax: 4 }, { tolerance: -1 }, { tolerance: Number.NaN }])(
    "refuses %j",
    (options) => {
      expect(() => setUp([100], options)).toThrow(StreamError);
    },
  );
});
