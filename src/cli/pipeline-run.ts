/**
 * Wires a run from a plan, a feed and a source: assembly, driver, sinks, checkpoints, measurement. What `replay`, `simulate`, `run`
 * and the demo share.
 */
import { createHash } from "node:crypto";
import { JsonlSink } from "../connect/file/jsonl-sink.ts";
import type { BudgetReport } from "../control/budget.ts";
import { SpillFile } from "../connect/file/spill-file.ts";
import { GcObserver } from "../control/gc-observer.ts";
import type { WarmupReport } from "../control/warmup.ts";
import type { CheckpointStore, RunIdentity } from "../engine/checkpoint/checkpoint.ts";
import { OutputText } from "../engine/pipeline/output-text.ts";
import type { Source } from "../engine/delivery/source.ts";
import { Assembly, type BurstOptions } from "../engine/pipeline/assembly.ts";
import { InlineDriver } from "../engine/pipeline/inline-driver.ts";
import type { PipelinePlan } from "../engine/pipeline/plan.ts";
import { Run, type Driver } from "../engine/pipeline/run.ts";
import { ShardOutage } from "../engine/pipeline/shard-outage.ts";
import { ThreadedDriver, type RecoveryReport } from "../engine/pipeline/threaded-driver.ts";
import { LiveClock } from "../kernel/core/clock.ts";
import { LOG_INFO, LOG_OFF, LOG_WARN } from "../kernel/core/log.ts";
import type { LifecycleState } from "../kernel/lifecycle/state-word.ts";
import type { IdleName } from "../kernel/ring/idle.ts";
import { SIDE_ASK, SIDE_BID, TYPE_ACK, TYPE_BAR, TYPE_PANE, TYPE_SIGNAL, typeName } from "../kernel/record/header.ts";
import { levels } from "../market/book/book-view.ts";
import type { BookTruth } from "../sim/truth.ts";
import { requireRecognised } from "./feed-reader.ts";
import { PerfHooksGc } from "./perf-hooks-gc.ts";
import { progressText } from "./progress.ts";
import { RunControl } from "./run-control.ts";
import { logMemory, type LogSettings } from "./run-log.ts";
import { atBound, highWaterOf, processMemory, type HighWater, type ProcessMemory } from "./run-memory.ts";
import type { UsageRow } from "./usage-log.ts";
import { createThreadedDriver, DEFAULT_THREAD_SETTINGS, protectedInputOf, type ThreadSettings } from "./thread-options.ts";
import { VERSION } from "./version.ts";

export type DriverName = "inline" | "threaded";

export interface PipelineRunOptions {
  readonly plan: PipelinePlan;
  readonly feed: string;
  /** Names the input for a checkpoint. */
  readonly input: readonly string[];
  readonly driver: DriverName;
  readonly shards: number;
  readonly batch: number;
  /** How a shard's thread waits for input; with the threaded driver alone. */
  readonly idle?: IdleName;
  /** A burst queue before each shard, and where it spills to: the file's name, and behind it a point and the shard; null: then the source waits. */
  readonly burst?: { readonly records: number; readonly spill: string | null } | null;
  /** How threads carry the shards; likewise. */
  readonly threading?: ThreadSettings;
  readonly pieceBytes: number;
  readonly speed: number;
  readonly store: CheckpointStore | null;
  readonly checkpointEveryNs: number;
  readonly resume: boolean;
  /** Opens the source at a position. `assembly`: the run's parts, for a source that looks at them between two reads. */
  openSource(position: number, assembly: Assembly): Source | Promise<Source>;
  onProgress?(progress: RunProgress): void;
  /** Whether to warm up first: for runs in real time, whose latencies count. */
  readonly warmUp: boolean;
  onWarmup?(report: WarmupReport): void;
  /** Whether READY waits for books, lookbacks and a fresh feed: for runs on live data. */
  readonly isLive?: boolean;
  /** Where diagnostics go; without it, nowhere. */
  readonly log?: LogSettings;
  /** Takes the lines of a log that goes to stderr. */
  onLog?(lines: string): void;
  /** The venue's own books at the end, where it can be asked: every book of the run is compared. */
  readonly truth?: (symbol: string) => BookTruth;
}

/** What a run shows while it goes on. */
export interface RunProgress {
  readonly seconds: number;
  readonly position: number;
  readonly records: number;
  readonly signals: number;
  readonly p50Ns: number | null;
  readonly p99Ns: number | null;
  readonly maxNs: number | null;
  readonly ringUse: number;
  readonly gcEvents: number;
  readonly lifecycle: LifecycleState;
}

/** What `replay --json` prints. */
export interface RunSummary {
  readonly records: Readonly<Record<string, number>>;
  readonly messages: number;
  readonly malformed: number;
  readonly signals: number;
  readonly bars: number;
  readonly panes: number;
  readonly acks: number;
  readonly gaps: number;
  readonly late: number;
  readonly lost: number;
  /** Records whose time was out of its sane range: kept out of bars, windows and patterns. */
  readonly badTimes: number;
  /** Book records that named an order from before the input. */
  readonly unknownOrders: number;
  /** Book records that a book refused: its instrument is out of step from then on. */
  readonly bookRefusals: number;
  /** From a record's ingest to the release of its outputs, every 64th record, ns. */
  readonly latency: Readonly<Record<"p50" | "p90" | "p99" | "p999" | "max" | "sd", number | null>>;
  /** Where the time of a piece of input went, ns; the shares of one piece sum to its whole. */
  readonly stages: Readonly<Record<string, { readonly p50: number | null; readonly p99: number | null }>>;
  /** Records that waited in burst queues; of these, those that were spilled; the most of each queue at one time, added. 0 without the queues. */
  readonly burst: { readonly queued: number; readonly spilled: number; readonly highWater: number };
  readonly gcEvents: number;
  /** Threads that died and were replaced. */
  readonly restarts: number;
  /** Outputs that a dead thread had published and its successor made again, for nobody. */
  readonly repeated: number;
  /** From a death to the moment in which its shard had caught up, the longest, ns; null without one. */
  readonly recoveryNs: number | null;
  /** Shards that went from one thread to another. */
  readonly moves: number;
  readonly seconds: number;
  readonly outputHash: string;
  /** The most that was in use of what was sized at start, by part. */
  readonly highWater: Readonly<Record<string, HighWater>>;
  /** Parts that reached their bound. */
  readonly atBound: readonly string[];
  readonly memory: ProcessMemory;
  /** Entries of the log that found no room. */
  readonly logDropped: number;
  /** What stages with a budget took, against it; only with one. */
  readonly budget?: Readonly<Record<string, BudgetReport>>;
  /** How often the budget's breaker fell; only with one. */
  readonly budgetTrips?: number;
  /** Present where the venue could be asked. */
  readonly invariants?: { readonly booksChecked: number; readonly booksEqual: number };
  /** Present with --usage-every. */
  readonly usage?: readonly UsageRow[];
}

/** Of a run without threads. */
const NO_RECOVERY: RecoveryReport = { restarts: 0, repeated: 0, longestNs: null, moves: 0 };

/** Runs to the end of the source. */
export async function runPipeline(options: PipelineRunOptions): Promise<RunSummary> {
  const spills: SpillFile[] = [];
  try {
    return await runToEnd(options, burstOf(options, spills));
  } finally {
    for (const spill of spills) spill.close();
  }
}

/** The burst queues that were asked for; `spills` gets the files that they open. */
function burstOf({ burst = null }: PipelineRunOptions, spills: SpillFile[]): BurstOptions | null {
  if (burst === null) return null;
  const { records, spill } = burst;
  const open = (path: string): SpillFile => {
    const file = new SpillFile(path);
    spills.push(file);
    return file;
  };
  return { records, createSpill: (shard) => (spill === null ? null : open(`${spill}.${shard}`)) };
}

async function runToEnd(options: PipelineRunOptions, burst: BurstOptions | null): Promise<RunSummary> {
  const clock = new LiveClock();
  const control = createControl(options, clock);
  try {
    return await runUnder(control, clock, options, burst);
  } catch (error) {
    control.runLog.error(error);
    throw error;
  } finally {
    await control.end();
  }
}

async function runUnder(control: RunControl, clock: LiveClock, options: PipelineRunOptions, burst: BurstOptions | null): Promise<RunSummary> {
  const isInline = options.driver === "inline";
  const outage = new ShardOutage(control.lifecycle);
  const threading = options.threading ?? DEFAULT_THREAD_SETTINGS;
  const note = (text: string): void => control.runLog.log.text(LOG_WARN, text);
  const driver = isInline ? new InlineDriver(options.batch, control.ledger) : createThreadedDriver(clock, options.batch, options.idle, threading, outage, note);
  let run: Run | null = null;
  const assembly = new Assembly({
    plan: options.plan,
    feed: options.feed,
    shards: options.shards,
    batch: options.batch,
    ingestPressure: driver.ingestPressure,
    outputPressure: driver.outputPressure,
    barriers: { onBarrier: (epoch) => run?.onBarrier(epoch) },
    clock,
    latency: control.latency,
    lifecycle: outage.word,
    log: control.runLog.log,
    shardLogs: control.runLog.shardTaps,
    logMemory: logMemory(control.runLog.shardTaps.length),
    checkpoints: options.store !== null,
    burst,
    protectedInput: isInline ? null : protectedInputOf(options.plan, threading),
    createSinks: (market, ruleValues) => {
      const names = { plan: options.plan, registry: market.registry, epochMs: () => market.epoch[0], ruleValues };
      return options.plan.sinks.map((sink) => new JsonlSink(sink.path, new OutputText(names), sink.priority));
    },
  });
  driver.attach(assembly);
  const warmup = control.begin(assembly, options.warmUp, options.isLive === true);
  if (warmup !== null) options.onWarmup?.(warmup);

  const gc = new GcObserver(new PerfHooksGc());
  gc.start();
  const started = clock.now();
  const seconds = (): number => (clock.now() - started) / 1e9;
  run = new Run({
    assembly,
    driver: driver satisfies Driver,
    clock,
    stages: control.ledger,
    pieceBytes: options.pieceBytes,
    speed: options.speed,
    identity: identityOf(options),
    store: options.store,
    checkpointEveryNs: options.checkpointEveryNs,
    onProgress: (position) => tellProgress(options, control, seconds(), (now) => progressOf(assembly, driver, control, gc.events, position, now)),
  });
  let position = 0;
  if (options.resume) position = run.resume();
  else run.begin();
  const source = await options.openSource(position, assembly);
  try {
    await run.consume(source);
  } finally {
    await source.close();
  }
  requireRecognised(options.input, options.feed, assembly.feed, run.position);
  noteFullRegistry(assembly, control);
  const threads = driver instanceof ThreadedDriver ? driver : null;
  const elapsed = seconds();
  await driver.breathe(); // collections are told once the loop has turned
  gc.stop();
  const summary = summaryOf(assembly, control, gc.events + (threads?.gcEvents ?? 0), threads?.recovery ?? NO_RECOVERY, elapsed);
  return options.truth === undefined ? summary : { ...summary, invariants: compareBooks(assembly, options.truth) };
}

/** What the figures of the summary alone would not explain. */
function noteFullRegistry({ plan, feed, market }: Assembly, control: RunControl): void {
  const { instruments } = plan.limits;
  if (feed.report().malformed === 0 || market.registry.count < instruments) return;
  control.runLog.log.text(LOG_WARN, `limits.instruments is ${instruments} and all of them are taken: messages of any more are among the malformed`);
}

function createControl(options: PipelineRunOptions, clock: LiveClock): RunControl {
  const { plan, driver, shards, log } = options;
  const shardThreads = driver === "threaded" ? shards : 0;
  const settings = log ?? { file: null, level: LOG_OFF, format: "text" };
  return new RunControl({ plan, clock, shardThreads, log: settings, write: (lines) => options.onLog?.(lines) });
}

/** Progress for whoever asked, and once a minute in the log; it is measured for nobody else. */
function tellProgress(options: PipelineRunOptions, control: RunControl, seconds: number, measure: (seconds: number) => RunProgress): void {
  const isMinute = control.isMinuteOver(seconds);
  if (options.onProgress === undefined && !isMinute) return;
  const progress = measure(seconds);
  options.onProgress?.(progress);
  if (isMinute) control.runLog.log.text(LOG_INFO, progressText(progress));
}

/** Compares every level of every book with the venue's own. */
function compareBooks(assembly: Assembly, truth: (symbol: string) => BookTruth): { booksChecked: number; booksEqual: number } {
  const { registry } = assembly.market;
  let booksEqual = 0;
  for (let instrument = 0; instrument < registry.count; instrument++) {
    const { book } = assembly.shards[assembly.ingest.shardOfInstrument(instrument)];
    const ours = { bids: levels(book, instrument, SIDE_BID), asks: levels(book, instrument, SIDE_ASK) };
    if (JSON.stringify(ours) === JSON.stringify(truth(registry.symbol(instrument)))) booksEqual++;
  }
  return { booksChecked: registry.count, booksEqual };
}

/** What of a run its checkpoints belong to: what decides its outputs. A budget does not, but for its breaker, which is not in a checkpoint. */
function identityOf(options: PipelineRunOptions): RunIdentity {
  const pipeline = createHash("sha256")
    .update(JSON.stringify({ ...options.plan, budget: null }))
    .digest("hex");
  return { pipeline, feed: options.feed, shards: options.shards, input: options.input, version: VERSION };
}

function progressOf(
  assembly: Assembly,
  driver: InlineDriver | ThreadedDriver,
  control: RunControl,
  gcEvents: number,
  position: number,
  seconds: number,
): RunProgress {
  const { collector, ingest, inRings } = assembly;
  const latency = control.latencyNow();
  return {
    seconds,
    position,
    records: ingest.sequence,
    signals: collector.recordsOfType(TYPE_SIGNAL),
    p50Ns: latency.p50Ns,
    p99Ns: latency.p99Ns,
    maxNs: latency.maxNs,
    ringUse: Math.max(...inRings.map((ring, shard) => (driver instanceof ThreadedDriver ? driver.backlog(shard) : ring.used) / ring.capacity)),
    gcEvents,
    lifecycle: control.lifecycle.state,
  };
}

function summaryOf(assembly: Assembly, control: RunControl, gcEvents: number, recovery: RecoveryReport, seconds: number): RunSummary {
  const { collector, ingest, feed, shards } = assembly;
  const report = feed.report();
  const latency = control.histogram.snapshot();
  const budget = control.budgetReport();
  const highWater = highWaterOf(assembly);
  const records: Record<string, number> = {};
  for (let type = 0; type < 256; type++) {
    const count = ingest.recordsOfType(type);
    if (count > 0) records[typeName(type)] = count;
  }
  return {
    records,
    messages: report.messages,
    malformed: report.malformed,
    signals: collector.recordsOfType(TYPE_SIGNAL),
    bars: collector.recordsOfType(TYPE_BAR),
    panes: collector.recordsOfType(TYPE_PANE),
    acks: collector.recordsOfType(TYPE_ACK),
    gaps: report.gaps ?? 0,
    late: shards.reduce((sum, shard) => sum + shard.late, 0),
    lost: lostOf(assembly),
    badTimes: ingest.badTimes,
    unknownOrders: shards.reduce((sum, shard) => sum + shard.unknownOrders, 0),
    bookRefusals: shards.reduce((sum, shard) => sum + shard.bookRefusals, 0),
    latency: { p50: latency.p50Ns, p90: latency.p90Ns, p99: latency.p99Ns, p999: latency.p999Ns, max: latency.maxNs, sd: latency.sdNs },
    burst: {
      queued: assembly.bursts.reduce((sum, { queued }) => sum + queued, 0),
      spilled: assembly.bursts.reduce((sum, { spilled }) => sum + spilled, 0),
      highWater: assembly.bursts.reduce((sum, queue) => sum + queue.highWater, 0),
    },
    stages: Object.fromEntries(control.ledger.snapshot().stages.map(({ stage, latency: share }) => [stage, { p50: share.p50Ns, p99: share.p99Ns }])),
    gcEvents,
    restarts: recovery.restarts,
    repeated: recovery.repeated,
    recoveryNs: recovery.longestNs,
    moves: recovery.moves,
    seconds,
    outputHash: collector.hash.text(),
    highWater,
    atBound: atBound(highWater),
    memory: processMemory(assembly),
    logDropped: control.runLog.dropped.reduce((sum, thread) => sum + thread.dropped, 0),
    ...(budget === null ? {} : { budget, budgetTrips: control.budgetTrips }),
  };
}

/** Conservation: what went into a ring and did not come out of it. Every input was consumed and every output released, or this says how many were not. */
function lostOf(assembly: Assembly): number {
  const { collector, ingest, shards } = assembly;
  const consumed = shards.reduce((sum, shard) => sum + shard.consumed, 0);
  const emitted = shards.reduce((sum, shard) => sum + shard.emitted, 0);
  return ingest.published - consumed + (emitted - collector.received);
}
