/**
 * A budget that may trip, on a clock that the test moves: slow in the middle third of the input. Orders go out before and after, and none
 * between. A budget that may not trip changes no output, however often it is exceeded.
 */
import { describe, expect, it } from "vitest";
import { BudgetTrip, REASON_LATENCY_BUDGET } from "../../src/control/budget-trip.ts";
import { LatencyBudget, BudgetedRecorder, type BudgetListener } from "../../src/control/budget.ts";
import { Histogram } from "../../src/control/histogram.ts";
import { LatencyLedger } from "../../src/control/latency-ledger.ts";
import { Assembly } from "../../src/engine/pipeline/assembly.ts";
import { InlineDriver } from "../../src/engine/pipeline/inline-driver.ts";
import { OutputText } from "../../src/engine/pipeline/output-text.ts";
import { Run } from "../../src/engine/pipeline/run.ts";
import { STAGE_NAMES } from "../../src/engine/pipeline/stages.ts";
import { TestClock } from "../../src/kernel/core/clock.ts";
import type { Nanos } from "../../src/kernel/core/units.ts";
import { Lifecycle } from "../../src/kernel/lifecycle/machine.ts";
import { BytesSource, LinesSink, busyPlan, simulatedBytes } from "../model/engine-rig.ts";

const BYTES = simulatedBytes({ seed: 5, instruments: 4, scenario: "calm", messages: 12_000 });
const READ_BYTES = 4096;
const FAST_NS = 10;
const SLOW_NS = 100_000;
/** Each stage of a piece reads the clock a few times. */
const BUDGET_NS = 20_000;

/** Moves on by a step at each reading. */
class SteppingClock extends TestClock {
  stepNs = FAST_NS;

  override now(): Nanos {
    this.advance(this.stepNs);
    return super.now();
  }

  override stamp(times: Float64Array, at: number): void {
    times[at] = this.now();
  }
}

interface Outcome {
  readonly hash: string;
  /** Answers to orders: how many, and how many of them were not executed for want of READY, by third of the input. */
  readonly acks: readonly { readonly all: number; readonly notReady: number }[];
  readonly budget: LatencyBudget;
  readonly lifecycle: Lifecycle;
  readonly trips: number;
}

async function run(slow: (third: number) => boolean, mayTrip: boolean): Promise<Outcome> {
  const clock = new SteppingClock(1e9);
  const lifecycle = new Lifecycle(clock);
  lifecycle.transition("WARMUP");
  lifecycle.transition("READY");
  const trip = new BudgetTrip({ lifecycle, clock, violations: 2, windowNs: 1_000_000, recoverNs: 1000 });
  const listener: BudgetListener = mayTrip ? trip : { onViolation: () => undefined };
  const stages = [...STAGE_NAMES, "total"].map((name) => ({ name, budgetNs: BUDGET_NS }));
  const budget = new LatencyBudget(stages, listener);
  const ledger = new LatencyLedger(STAGE_NAMES, clock, { budget });
  const driver = new InlineDriver(64, ledger);
  const lines: string[] = [];
  const plan = busyPlan();
  const assembly = new Assembly({
    plan,
    feed: "itch50",
    shards: 1,
    batch: 64,
    ingestPressure: driver.ingestPressure,
    outputPressure: driver.outputPressure,
    barriers: { onBarrier: () => undefined },
    clock,
    latency: new BudgetedRecorder(new Histogram(), budget, STAGE_NAMES.length),
    lifecycle: lifecycle.word,
    checkpoints: false,
    createSinks: (market, ruleValues) => [new LinesSink(lines, new OutputText({ plan, registry: market.registry, epochMs: () => 0, ruleValues }))],
  });
  driver.attach(assembly);
  const identity = { pipeline: "p", feed: "itch50", shards: 1, input: [], version: "1" };
  const engine = new Run({ assembly, driver, clock, stages: ledger, pieceBytes: 512, speed: Infinity, identity, store: null, checkpointEveryNs: Infinity });
  const acks = [0, 1, 2].map(() => ({ all: 0, notReady: 0 }));
  let third = 0;
  let seen = 0;
  const count = (): void => {
    for (const ack of lines.slice(seen).map((line) => JSON.parse(line) as { ack?: string; reason?: string })) {
      if (ack.ack === undefined) continue;
      acks[third].all++;
      if (ack.reason === "notReady") acks[third].notReady++;
    }
    seen = lines.length;
  };
  const source = new BytesSource(BYTES, 0, READ_BYTES, (position) => {
    count();
    third = Math.min(2, Math.floor((position / BYTES.length) * 3));
    clock.stepNs = slow(third) ? SLOW_NS : FAST_NS;
    if (!slow(third)) clock.advance(2_000_000); // the violations leave the window
    trip.poll();
  });
  engine.begin();
  await engine.consume(source);
  count();
  return { hash: assembly.collector.hash.text(), acks, budget, lifecycle, trips: trip.trips };
}

describe("a latency budget over a run that is slow in its middle third", () => {
  it("that may trip refuses orders while it is slow, and lets them go again when calm has lasted", async () => {
    const { acks, lifecycle, trips, budget } = await run((third) => third === 1, true);
    for (const { all } of acks) expect(all).toBeGreaterThan(10);
    expect(acks[0].notReady).toBe(0);
    // The orders of the first slow piece go out before it is measured.
    expect(acks[1].notReady).toBeGreaterThan(acks[1].all * 0.8);
    // Calm must be seen to last: the first read of the last third is still refused.
    expect(acks[2].notReady).toBeLessThan(acks[2].all / 4);
    expect([trips, lifecycle.state]).toEqual([1, "READY"]);
    expect(lifecycle.history.filter((change) => change.to === "DEGRADED").map((change) => change.reasons)).toEqual([[REASON_LATENCY_BUDGET]]);
    for (const stage of ["ingest", "shard", "release", "total"]) expect(budget.createReport()[stage].violations, stage).toBeGreaterThan(0);
  });

  it("that may not trip changes no output, and counts the same", async () => {
    const calm = await run(() => false, false);
    const slow = await run((third) => third === 1, false);
    const tripped = await run((third) => third === 1, true);
    expect(slow.hash).toBe(calm.hash);
    expect(slow.acks.map((third) => third.notReady)).toEqual([0, 0, 0]);
    expect(tripped.hash).not.toBe(calm.hash);
    const violations = ({ budget }: Outcome): (number | null)[] => Object.values(budget.createReport()).map((stage) => stage.violations);
    expect(violations(slow)).toEqual(violations(tripped));
    expect(violations(calm)).toEqual([0, 0, 0, 0]);
  });
});
