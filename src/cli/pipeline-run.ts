/**
 * Wires a run from a plan, a feed and a source: assembly, driver, sinks, checkpoints, measurement. What `replay`, `simulate`, `run`
 * and the demo share.
 */
import { createHash } from "node:crypto";
import { JsonlSink } from "../connect/file/jsonl-sink.ts";
import { GcObserver } from "../control/gc-observer.ts";
import { Histogram } from "../control/histogram.ts";
import { LatencyLedger } from "../control/latency-ledger.ts";
import type { WarmupReport } from "../control/warmup.ts";
import type { CheckpointStore, RunIdentity } from "../engine/checkpoint/checkpoint.ts";
import { OutputText } from "../engine/pipeline/output-text.ts";
import type { Source } from "../engine/delivery/source.ts";
import { Assembly } from "../engine/pipeline/assembly.ts";
import { InlineDriver } from "../engine/pipeline/inline-driver.ts";
import type { PipelinePlan } from "../engine/pipeline/plan.ts";
import { Run, type Driver } from "../engine/pipeline/run.ts";
import { STAGE_NAMES } from "../engine/pipeline/stages.ts";
import { ShardOutage } from "../engine/pipeline/shard-outage.ts";
import { ThreadedDriver, type RecoveryReport } from "../engine/pipeline/threaded-driver.ts";
import { LiveClock } from "../kernel/core/clock.ts";
import { Lifecycle } from "../kernel/lifecycle/machine.ts";
import type { IdleName } from "../kernel/ring/idle.ts";
import { SIDE_ASK, SIDE_BID, TYPE_ACK, TYPE_BAR, TYPE_PANE, TYPE_SIGNAL, typeName } from "../kernel/record/header.ts";
import { levels } from "../market/book/book-view.ts";
import type { BookTruth } from "../sim/truth.ts";
import { requireRecognised } from "./feed-reader.ts";
import { PerfHooksGc } from "./perf-hooks-gc.ts";
import { makeReady } from "./make-ready.ts";
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
  /** Told one sentence about what the figures of the summary alone would not explain. */
  onNote?(text: string): void;
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
  /** Present where the venue could be asked. */
  readonly invariants?: { readonly booksChecked: number; readonly booksEqual: number };
}

/** Of a run without threads. */
const NO_RECOVERY: RecoveryReport = { restarts: 0, repeated: 0, longestNs: null, moves: 0 };

/** Runs to the end of the source. */
export async function runPipeline(options: PipelineRunOptions): Promise<RunSummary> {
  const clock = new LiveClock();
  const histogram = new Histogram();
  const ledger = new LatencyLedger(STAGE_NAMES, clock);
  const lifecycle = new Lifecycle(clock);
  const isInline = options.driver === "inline";
  const outage = new ShardOutage(lifecycle);
  const threading = options.threading ?? DEFAULT_THREAD_SETTINGS;
  const note = (text: string): void => options.onNote?.(text);
  const driver = isInline ? new InlineDriver(options.batch, ledger) : createThreadedDriver(clock, options.batch, options.idle, threading, outage, note);
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
    latency: histogram,
    lifecycle: outage.word,
    checkpoints: options.store !== null,
    protectedInput: isInline ? null : protectedInputOf(options.plan, threading),
    createSinks: (market, ruleValues) => {
      const names = { plan: options.plan, registry: market.registry, epochMs: () => market.epoch[0], ruleValues };
      return options.plan.sinks.map((sink) => new JsonlSink(sink.path, new OutputText(names), sink.priority));
    },
  });
  driver.attach(assembly);
  const warmup = makeReady(lifecycle, clock, options.warmUp ? options.plan : null);
  if (warmup !== null) options.onWarmup?.(warmup);

  const gc = new GcObserver(new PerfHooksGc());
  gc.start();
  const started = clock.now();
  const seconds = (): number => (clock.now() - started) / 1e9;
  run = new Run({
    assembly,
    driver: driver satisfies Driver,
    clock,
    stages: ledger,
    pieceBytes: options.pieceBytes,
    speed: options.speed,
    identity: identityOf(options),
    store: options.store,
    checkpointEveryNs: options.checkpointEveryNs,
    onProgress: (position) => options.onProgress?.(progressOf(assembly, driver, histogram, gc.events, position, seconds())),
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
  if (assembly.feed.report().malformed > 0 && assembly.market.registry.count === options.plan.limits.instruments) {
    options.onNote?.(`limits.instruments is ${options.plan.limits.instruments} and all of them are taken: messages of any more are among the malformed`);
  }
  const threads = driver instanceof ThreadedDriver ? driver : null;
  const elapsed = seconds();
  await driver.breathe(); // collections are told once the loop has turned
  gc.stop();
  const summary = summaryOf(assembly, histogram, ledger, gc.events + (threads?.gcEvents ?? 0), threads?.recovery ?? NO_RECOVERY, elapsed);
  return options.truth === undefined ? summary : { ...summary, invariants: compareBooks(assembly, options.truth) };
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

/** What of a run its checkpoints belong to. */
function identityOf(options: PipelineRunOptions): RunIdentity {
  const pipeline = createHash("sha256").update(JSON.stringify(options.plan)).digest("hex");
  return { pipeline, feed: options.feed, shards: options.shards, input: options.input, version: VERSION };
}

function progressOf(
  assembly: Assembly,
  driver: InlineDriver | ThreadedDriver,
  histogram: Histogram,
  gcEvents: number,
  position: number,
  seconds: number,
): RunProgress {
  const { collector, ingest, inRings } = assembly;
  const latency = histogram.snapshot();
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
  };
}

function summaryOf(assembly: Assembly, histogram: Histogram, ledger: LatencyLedger, gcEvents: number, recovery: RecoveryReport, seconds: number): RunSummary {
  const { collector, ingest, feed, shards } = assembly;
  const report = feed.report();
  const latency = histogram.snapshot();
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
    stages: Object.fromEntries(ledger.snapshot().stages.map(({ stage, latency: share }) => [stage, { p50: share.p50Ns, p99: share.p99Ns }])),
    gcEvents,
    restarts: recovery.restarts,
    repeated: recovery.repeated,
    recoveryNs: recovery.longestNs,
    moves: recovery.moves,
    seconds,
    outputHash: collector.hash.text(),
  };
}

/** Conservation: what went into a ring and did not come out of it. Every input was consumed and every output released, or this says how many were not. */
function lostOf(assembly: Assembly): number {
  const { collector, ingest, shards } = assembly;
  const consumed = shards.reduce((sum, shard) => sum + shard.consumed, 0);
  const emitted = shards.reduce((sum, shard) => sum + shard.emitted, 0);
  return ingest.published - consumed + (emitted - collector.received);
}
