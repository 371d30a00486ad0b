/**
 * Latency budgets: what each stage and the whole may take, and how often they took more. @hot
 *
 * check() is a comparison and an addition and allocates nothing; a stage without a budget has Infinity. What is counted is never less
 * than what was: every value that the histograms see is compared. Whoever must act on a violation listens (budget-trip.ts); without
 * one, nothing that is decided depends on a budget. One thread.
 */
import { EVENT_BUDGET_EXCEEDED, NoLog, isWorthALine, type LogObserver } from "../kernel/core/log.ts";
import type { LatencyRecorder } from "../kernel/core/observer.ts";

/** Told of each violation, at the moment when it is measured. Must not throw. */
export interface BudgetListener {
  onViolation(stage: number): void;
}

export class NoBudgetListener implements BudgetListener {
  onViolation(_stage: number): void {}
}

/** One stage's budget and what became of it. */
export interface BudgetReport {
  readonly budgetNs: number;
  /** null while nothing was measured. */
  readonly violations: number | null;
  /** The greatest value measured, within the budget or not; null while nothing was measured. */
  readonly worstNs: number | null;
}

export class LatencyBudget {
  private readonly names: readonly string[];
  private readonly budgetsNs: Float64Array;
  private readonly counts: Float64Array;
  private readonly worst: Float64Array;
  private readonly listener: BudgetListener;
  private readonly log: LogObserver;

  /** A name and a budget in ns for each stage; Infinity for none. `log` is told of the 1st, 2nd, 4th, 8th ... violation of a stage. */
  constructor(
    stages: readonly { readonly name: string; readonly budgetNs: number }[],
    listener: BudgetListener = new NoBudgetListener(),
    log: LogObserver = new NoLog(),
  ) {
    this.names = stages.map((stage) => stage.name);
    this.budgetsNs = Float64Array.from(stages, (stage) => stage.budgetNs);
    this.counts = new Float64Array(stages.length);
    this.worst = new Float64Array(stages.length).fill(-1);
    this.listener = listener;
    this.log = log;
  }

  /** Compares values[at], in ns, with the budget of a stage. What is no latency (below 0, no number) is not compared. */
  check(stage: number, values: Float64Array, at: number): void {
    const ns = values[at];
    if (ns > this.worst[stage]) this.worst[stage] = ns;
    if (ns > this.budgetsNs[stage]) this.violate(stage, ns);
  }

  /** Violations of a stage so far. */
  violations(stage: number): number {
    return this.counts[stage];
  }

  /** The greatest value of a stage so far in ns; -1 while nothing was measured. */
  worstNs(stage: number): number {
    return this.worst[stage];
  }

  private violate(stage: number, ns: number): void {
    const count = ++this.counts[stage];
    if (isWorthALine(count)) this.log.event(EVENT_BUDGET_EXCEEDED, stage, count, Math.floor(ns / 1000));
    this.listener.onViolation(stage);
  }

  /** The stages that have a budget, by name. */
  createReport(): Record<string, BudgetReport> {
    const report: Record<string, BudgetReport> = {};
    this.names.forEach((name, stage) => {
      if (this.budgetsNs[stage] === Infinity) return;
      const known = this.worst[stage] >= 0;
      report[name] = { budgetNs: this.budgetsNs[stage], violations: known ? this.counts[stage] : null, worstNs: known ? this.worst[stage] : null };
    });
    return report;
  }
}

/** A recorder whose values are compared with one stage's budget on their way. */
export class BudgetedRecorder implements LatencyRecorder {
  private readonly inner: LatencyRecorder;
  private readonly budget: LatencyBudget;
  private readonly stage: number;
  private readonly value: Float64Array = new Float64Array(1);

  constructor(inner: LatencyRecorder, budget: LatencyBudget, stage: number) {
    this.inner = inner;
    this.budget = budget;
    this.stage = stage;
  }

  record(valueNs: number): void {
    this.inner.record(valueNs);
    this.value[0] = valueNs;
    this.budget.check(this.stage, this.value, 0);
  }

  recordSpan(times: Float64Array, from: number, to: number): void {
    this.inner.recordSpan(times, from, to);
    this.value[0] = times[to] - times[from];
    this.budget.check(this.stage, this.value, 0);
  }
}
