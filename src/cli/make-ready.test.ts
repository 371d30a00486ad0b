import { describe, expect, it } from "vitest";
import { countGate } from "../control/readiness.ts";
import { TestClock } from "../kernel/core/clock.ts";
import { Lifecycle } from "../kernel/lifecycle/machine.ts";
import type { Clock } from "../kernel/core/clock.ts";
import { demoPlan } from "./demo-plan.ts";
import { makeReady } from "./make-ready.ts";
import { warmupText } from "./summary.ts";

/** A clock that goes back by a nanosecond at each reading. */
function backwards(): Clock {
  let now = 1e9;
  return { now: () => now-- } as Clock;
}

describe("from INIT to READY", () => {
  it("a run on recorded time is ready as soon as its clock is sound", () => {
    const clock = new TestClock();
    const lifecycle = new Lifecycle(clock);
    expect(makeReady(lifecycle, clock, null).report).toBeNull();
    expect(lifecycle.state).toBe("READY");
  });

  it("a clock that goes back keeps a run from being ready", () => {
    const lifecycle = new Lifecycle(new TestClock());
    expect(makeReady(lifecycle, backwards(), null).report).toBeNull();
    expect(lifecycle.state).not.toBe("READY");
  });

  it("a run in real time is warmed on its own plan, which is thrown away", () => {
    const clock = new TestClock();
    const lifecycle = new Lifecycle(clock);
    const plan = { ...demoPlan(), sinks: [{ kind: "file", path: "/no/such/folder/never-opened.jsonl", priority: false }] } as const;
    const { report } = makeReady(lifecycle, clock, plan);
    expect([report?.outcome, lifecycle.state]).toEqual(["ready", "READY"]);
  });

  it("a live run is READY only while its gates hold, and asks none of them before it is warm", () => {
    const clock = new TestClock();
    const lifecycle = new Lifecycle(clock);
    let synced = 0;
    const books = countGate("books-synced", 2, () => synced, "books");
    const { report, poll } = makeReady(lifecycle, clock, demoPlan(), [books]);
    expect(report).toMatchObject({ outcome: "waiting", missing: [{ gate: "books-synced", missing: "0 of 2 books" }] });
    expect([lifecycle.state, poll()]).toEqual(["WARMUP", [{ gate: "books-synced", missing: "0 of 2 books" }]]);
    synced = 2;
    expect([poll(), lifecycle.state]).toEqual([[], "READY"]);
    synced = 1;
    poll();
    expect([lifecycle.state, lifecycle.reasons]).toEqual(["DEGRADED", ["gate:books-synced"]]);
    synced = 2;
    poll();
    expect(lifecycle.state).toBe("READY");
  });

  it("without a warm-up the gates decide alone", () => {
    const clock = new TestClock();
    const lifecycle = new Lifecycle(clock);
    let synced = 0;
    const { poll } = makeReady(lifecycle, clock, null, [countGate("books-synced", 1, () => synced, "books")]);
    expect([poll().length, lifecycle.state]).toEqual([1, "WARMUP"]);
    synced = 1;
    expect([poll().length, lifecycle.state]).toEqual([0, "READY"]);
  });

  it("the outcome is one line for people", () => {
    const clock = new TestClock();
    const { report } = makeReady(new Lifecycle(clock), clock, demoPlan());
    if (report === null) throw new Error("expected a report");
    expect(warmupText({ ...report, rounds: 7, p99Ns: 4100 })).toBe("warm after 7 rounds, p99 of a packet 4.10 us: READY\n");
    const missing = [
      { gate: "books-synced", missing: "0 of 2 books" },
      { gate: "feeds-fresh", missing: "nothing received yet" },
    ];
    expect(warmupText({ ...report, rounds: 7, p99Ns: 4100, outcome: "waiting", missing })).toBe(
      "warm after 7 rounds, p99 of a packet 4.10 us: READY waits for books-synced (0 of 2 books), feeds-fresh (nothing received yet)\n",
    );
    expect(warmupText({ ...report, rounds: 60, p99Ns: 9e6, outcome: "degraded" })).toBe(
      "not warm after 60 rounds, p99 of a packet 9.00 ms: DEGRADED, orders are not executed\n",
    );
  });
});
