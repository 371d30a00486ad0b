import { GCProfiler } from "node:v8";
import { describe, expect, it } from "vitest";
import { TestClock } from "../kernel/core/clock.ts";
import { LatencyBudget, BudgetedRecorder } from "./budget.ts";
import { Histogram } from "./histogram.ts";
import { LatencyLedger } from "./latency-ledger.ts";

const STAGES = [
  { name: "ingest", budgetNs: 100 },
  { name: "shard", budgetNs: Infinity },
  { name: "total", budgetNs: 500 },
];

function check(budget: LatencyBudget, stage: number, ...values: number[]): void {
  const row = Float64Array.from(values);
  for (let i = 0; i < row.length; i++) budget.check(stage, row, i);
}

describe("a budget", () => {
  it("counts what was above it, not what was equal, and keeps the worst", () => {
    const budget = new LatencyBudget(STAGES);
    check(budget, 0, 99, 100, 101, 5000, 3);
    check(budget, 2, 500);
    expect(budget.createReport()).toEqual({
      ingest: { budgetNs: 100, violations: 2, worstNs: 5000 },
      total: { budgetNs: 500, violations: 0, worstNs: 500 },
    });
    expect([budget.violations(0), budget.worstNs(0), budget.worstNs(1)]).toEqual([2, 5000, -1]);
  });

  it("of what was never measured is null, not 0, and what is no latency is not compared", () => {
    const budget = new LatencyBudget(STAGES);
    check(budget, 0, NaN, -5);
    expect(budget.createReport()).toEqual({
      ingest: { budgetNs: 100, violations: null, worstNs: null },
      total: { budgetNs: 500, violations: null, worstNs: null },
    });
    check(budget, 0, 0);
    expect(budget.createReport()["ingest"]).toEqual({ budgetNs: 100, violations: 0, worstNs: 0 });
  });

  it("tells its listener of each violation at once, and the log when their number has doubled", () => {
    const told: number[] = [];
    const lines: number[][] = [];
    const log = { event: (...numbers: number[]) => void lines.push(numbers), text: () => undefined };
    const budget = new LatencyBudget(STAGES, { onViolation: (stage) => void told.push(stage) }, log);
    check(budget, 2, 1000, 2, 7_000_999, 600, 600, 600);
    expect(told).toEqual([2, 2, 2, 2, 2]);
    expect(lines.map(([, ...numbers]) => numbers)).toEqual([
      [2, 1, 1],
      [2, 2, 7000],
      [2, 4, 0],
    ]);
  });

  it("costs no garbage, kept or exceeded", () => {
    const budget = new LatencyBudget(STAGES);
    const row = Float64Array.from([50.5, 150.5, 1e9]);
    const run = (times: number): void => {
      for (let i = 0; i < times; i++) budget.check(i & 1, row, i % 3);
    };
    run(100_000);
    const profiler = new GCProfiler();
    profiler.start();
    run(5_000_000);
    expect((profiler.stop() as { statistics: unknown[] }).statistics).toHaveLength(0);
    expect(budget.violations(0)).toBeGreaterThan(0);
  });
});

describe("a budget of stages", () => {
  it("compares each share of a measured record as the ledger makes it", () => {
    const clock = new TestClock();
    const budget = new LatencyBudget(STAGES);
    const ledger = new LatencyLedger(["ingest", "shard"], clock, { budget });
    for (const [first, second] of [
      [50, 10],
      [101, 10],
      [100, 9000],
    ]) {
      ledger.begin();
      clock.advance(first);
      ledger.mark(0);
      clock.advance(second);
      ledger.finish(1);
    }
    expect(budget.createReport()["ingest"]).toEqual({ budgetNs: 100, violations: 1, worstNs: 101 });
    expect([budget.worstNs(1), budget.violations(1)]).toEqual([9000, 0]);
  });

  it("adds up several shares of one stage first, and does not compare what was abandoned", () => {
    const clock = new TestClock();
    const budget = new LatencyBudget(STAGES);
    const ledger = new LatencyLedger(["ingest", "shard"], clock, { budget });
    ledger.begin();
    for (let i = 0; i < 3; i++) {
      clock.advance(40);
      ledger.mark(0);
      ledger.mark(1);
    }
    ledger.finish(1);
    expect(budget.createReport()["ingest"]).toEqual({ budgetNs: 100, violations: 1, worstNs: 120 });
    ledger.begin();
    clock.advance(9999);
    ledger.mark(0);
    ledger.begin();
    ledger.finish(1);
    expect(budget.worstNs(0)).toBe(120);
  });
});

describe("a budget of the whole", () => {
  it("sees every value that the histogram sees", () => {
    const histogram = new Histogram();
    const budget = new LatencyBudget(STAGES);
    const recorder = new BudgetedRecorder(histogram, budget, 2);
    for (const ns of [1, 499, 500, 501, 90_000]) recorder.record(ns);
    recorder.recordSpan(Float64Array.from([1000, 5000]), 0, 1);
    expect(budget.createReport()["total"]).toEqual({ budgetNs: 500, violations: 3, worstNs: 90_000 });
    expect(histogram.snapshot().count).toBe(6);
  });
});
