/**
 * What stands beside a run: its lifecycle, what is measured, budgets, gates and the log. It reads and is told; the only thing that it does to
 * the run is to say READY or DEGRADED. A timer of the loop looks after it; nothing on the path of a record waits for it.
 */
import { BudgetedRecorder, LatencyBudget, type BudgetReport } from "../control/budget.ts";
import { BudgetTrip } from "../control/budget-trip.ts";
import { Histogram } from "../control/histogram.ts";
import { LatencyLedger } from "../control/latency-ledger.ts";
import type { WarmupReport } from "../control/warmup.ts";
import type { Assembly } from "../engine/pipeline/assembly.ts";
import type { PipelinePlan } from "../engine/pipeline/plan.ts";
import { STAGE_NAMES } from "../engine/pipeline/stages.ts";
import type { LiveClock } from "../kernel/core/clock.ts";
import { LOG_INFO, LOG_WARN } from "../kernel/core/log.ts";
import type { LatencyRecorder } from "../kernel/core/observer.ts";
import { Lifecycle, type LifecycleChange } from "../kernel/lifecycle/machine.ts";
import { liveGates } from "./live-gates.ts";
import { STAGE_TOTAL } from "./log-names.ts";
import { makeReady, type ReadyWatch } from "./make-ready.ts";
import { RunLog, type LogSettings } from "./run-log.ts";

/** Time between two turns of the timer. */
const TURN_MS = 50;
/** Turns between two looks at the gates. */
const GATE_TURNS = 20;

export interface RunControlOptions {
  readonly plan: PipelinePlan;
  readonly clock: LiveClock;
  /** Shards that have a thread of their own. */
  readonly shardThreads: number;
  readonly log: LogSettings;
  /** Takes log lines for stderr. */
  readonly write: (lines: string) => void;
}

export class RunControl {
  readonly lifecycle: Lifecycle;
  readonly runLog: RunLog;
  readonly histogram: Histogram = new Histogram();
  /** A copy of it, so that all figures are of one moment. */
  private readonly glance: Histogram = new Histogram();
  /** Where the collector's measurements go. */
  readonly latency: LatencyRecorder;
  readonly ledger: LatencyLedger;
  private readonly options: RunControlOptions;
  private readonly budget: LatencyBudget;
  private readonly trip: BudgetTrip | null;
  private watch: ReadyWatch | null = null;
  private timer: ReturnType<typeof setInterval> | null = null;
  private turns = 0;
  private minutes = 0;

  constructor(options: RunControlOptions) {
    const { plan, clock } = options;
    this.options = options;
    this.lifecycle = new Lifecycle(clock);
    this.runLog = new RunLog(options.log, clock, options.shardThreads, options.write);
    this.trip = tripOf(plan, this.lifecycle, clock);
    this.budget = new LatencyBudget(stagesOf(plan), this.trip ?? undefined, this.runLog.log);
    this.latency = new BudgetedRecorder(this.histogram, this.budget, STAGE_NAMES.length);
    this.ledger = new LatencyLedger(STAGE_NAMES, clock, { budget: this.budget });
    this.lifecycle.onChange((change) => this.tell(change));
  }

  /** Begins to write the log, warms up where that is asked for, and watches the gates of a live run. Null without a warm-up. */
  begin(assembly: Assembly, warmUp: boolean, isLive: boolean): WarmupReport | null {
    const { plan, clock } = this.options;
    this.runLog.start({ market: assembly.market.arena.buffer, instruments: plan.limits.instruments });
    const watch = makeReady(this.lifecycle, clock, warmUp ? plan : null, isLive ? liveGates(assembly, clock) : []);
    if (isLive) this.watch = watch;
    this.timer = setInterval(() => this.turn(), TURN_MS);
    this.timer.unref();
    return watch.report;
  }

  /** The latencies so far, without the garbage of a snapshot: null while nothing was measured. */
  latencyNow(): Readonly<Record<"p50Ns" | "p99Ns" | "maxNs", number | null>> {
    const { glance } = this;
    this.histogram.copyInto(glance);
    const at = (percent: number): number | null => (glance.count === 0 ? null : glance.percentile(percent));
    return { p50Ns: at(50), p99Ns: at(99), maxNs: at(100) };
  }

  /** What is due now and then: the timer calls it. */
  turn(): void {
    this.trip?.poll();
    if (this.watch !== null && this.turns++ % GATE_TURNS === 0) this.watch.poll();
    this.runLog.turn();
  }

  /** True once a minute of a run that is so many seconds old. */
  isMinuteOver(seconds: number): boolean {
    const minutes = Math.floor(seconds / 60);
    if (minutes <= this.minutes) return false;
    this.minutes = minutes;
    return true;
  }

  /** Ends the timer and writes what is left of the log. */
  async end(): Promise<void> {
    if (this.timer !== null) clearInterval(this.timer);
    await this.runLog.close();
  }

  /** Budgets and what became of them, by stage; null without budgets. */
  budgetReport(): Record<string, BudgetReport> | null {
    return this.options.plan.budget === null ? null : this.budget.createReport();
  }

  /** How often the budget's breaker fell. */
  get budgetTrips(): number {
    return this.trip?.trips ?? 0;
  }

  private tell({ from, to, reasons }: LifecycleChange): void {
    const why = reasons.length === 0 ? "" : `: ${reasons.join(", ")}`;
    this.runLog.log.text(to === "DEGRADED" ? LOG_WARN : LOG_INFO, from === to ? `still ${to}${why}` : `${from} -> ${to}${why}`);
  }
}

/** The stages of the ledger and the whole, each with what the plan allows. */
function stagesOf({ budget }: PipelinePlan): { name: string; budgetNs: number }[] {
  const bounds = budget === null ? [] : [budget.ingestNs, budget.shardNs, budget.releaseNs, budget.totalNs];
  return [...STAGE_NAMES, STAGE_TOTAL].map((name, index) => ({ name, budgetNs: bounds[index] ?? Infinity }));
}

function tripOf({ budget }: PipelinePlan, lifecycle: Lifecycle, clock: LiveClock): BudgetTrip | null {
  if (budget === null || budget.trip === null) return null;
  const { violations, withinNs, recoverNs } = budget.trip;
  return new BudgetTrip({ lifecycle, clock, violations, windowNs: withinNs, recoverNs });
}
