/**
 * INIT to READY. A run on recorded or simulated time is ready when its clock is sane. A run in real time is first warmed: pieces of a
 * simulated session go through a pipeline of the same plan, thrown away afterwards, until the p99 of a piece has settled; a live run is
 * READY once its other gates hold too (live-gates.ts), and DEGRADED while one does not.
 */
import { GATE_CLOCK_SANE, Readiness, type Gate, type MissingGate } from "../control/readiness.ts";
import { WarmupController, type WarmupReport } from "../control/warmup.ts";
import { Assembly } from "../engine/pipeline/assembly.ts";
import { InlineDriver } from "../engine/pipeline/inline-driver.ts";
import type { PipelinePlan } from "../engine/pipeline/plan.ts";
import type { Clock } from "../kernel/core/clock.ts";
import { NoLatencyRecorder } from "../kernel/core/observer.ts";
import { Lifecycle } from "../kernel/lifecycle/machine.ts";
import { MarketSimulator } from "../sim/simulator.ts";

/** What one network packet carries. */
const PIECE_BYTES = 1472;
/** Pieces of a round. */
const ROUND_PIECES = 100;
/** A p99 that stays within a factor of two is settled: code still being compiled is ten times slower. */
const TOLERANCE = 1;
/** Differences below this are the host's, not ours. */
const GRAIN_NS = 100_000;
const ROUNDS_MAX = 60;

/** The way to READY and what keeps it there. */
export interface ReadyWatch {
  /** What the warm-up said; null without one. */
  readonly report: WarmupReport | null;
  /** To be called now and then in a live run: READY once no gate is missing, DEGRADED while one is. Answers what is missing. */
  readonly poll: () => readonly MissingGate[];
}

/** Without a plan the gates decide alone; with one it is warmed first. `gates`: what must hold beside a sane clock. */
export function makeReady(lifecycle: Lifecycle, clock: Clock, warmed: PipelinePlan | null, gates: readonly Gate[] = []): ReadyWatch {
  const readiness = new Readiness([clockGate(clock), ...gates]);
  if (warmed === null) {
    lifecycle.transition("WARMUP");
    return { report: null, poll: pollOf(lifecycle, readiness, () => (readiness.evaluate().ready ? lifecycle.transition("READY") : undefined)) };
  }
  const controller = new WarmupController({
    lifecycle,
    readiness,
    clock,
    iteration: createRehearsal(warmed, clock),
    iterations: ROUND_PIECES,
    tolerance: TOLERANCE,
    grainNs: GRAIN_NS,
    roundsMax: ROUNDS_MAX,
  });
  let report = controller.step();
  while (report.outcome === "warming") report = controller.step();
  return { report, poll: pollOf(lifecycle, readiness, () => void controller.step()) };
}

/** In WARMUP a step towards READY; after it the gates are watched. */
function pollOf(lifecycle: Lifecycle, readiness: Readiness, step: () => void): () => readonly MissingGate[] {
  const poll = (): readonly MissingGate[] => {
    if (lifecycle.state === "WARMUP") step();
    return readiness.watch(lifecycle).missing;
  };
  poll();
  return poll;
}

/** The clock moves forward. */
function clockGate(clock: Clock): Gate {
  let last = clock.now();
  return {
    name: GATE_CLOCK_SANE,
    missing() {
      const now = clock.now();
      const back = last - now;
      last = now;
      return back > 0 ? `the clock went back by ${back} ns` : null;
    },
  };
}

/** One piece of a simulated session through a pipeline of its own, again from the start when the session is over. */
function createRehearsal(plan: PipelinePlan, clock: Clock): () => void {
  const rehearsal = new Lifecycle(clock);
  rehearsal.transition("WARMUP");
  rehearsal.transition("READY");
  const driver = new InlineDriver(256);
  const assembly = new Assembly({
    plan: { ...plan, sinks: [] },
    feed: "itch50",
    shards: 1,
    batch: 256,
    ingestPressure: driver.ingestPressure,
    outputPressure: driver.outputPressure,
    barriers: { onBarrier: () => undefined },
    clock,
    latency: new NoLatencyRecorder(),
    lifecycle: rehearsal.word,
    checkpoints: false,
    createSinks: () => [],
  });
  driver.attach(assembly);
  const instruments = Math.min(100, plan.limits.instruments);
  const bytes = new Uint8Array(1 << 20);
  const length = new MarketSimulator({ seed: 1, instruments, scenario: "open", messages: 30_000 }).read(bytes, 0);
  let at = 0;
  return () => {
    const to = Math.min(at + PIECE_BYTES, length);
    assembly.feed.push(bytes, at, to);
    assembly.ingest.flush();
    driver.afterPiece();
    at = to === length ? 0 : to;
  };
}
