/**
 * A whole run in a test: a plan over bytes, any driver, shards, batch and piece size, checkpoints in memory, outputs as text.
 */
import type { Checkpoint, CheckpointStore, RunIdentity } from "../../src/engine/checkpoint/checkpoint.ts";
import type { Sink } from "../../src/engine/delivery/sink.ts";
import type { Source } from "../../src/engine/delivery/source.ts";
import { Assembly, type BurstOptions } from "../../src/engine/pipeline/assembly.ts";
import { InlineDriver } from "../../src/engine/pipeline/inline-driver.ts";
import { OutputText } from "../../src/engine/pipeline/output-text.ts";
import { breakout, imbalance, liquidityChange, pipeline, tumbling } from "../../src/engine/pipeline/pipeline.ts";
import type { LimitPlan, PipelinePlan } from "../../src/engine/pipeline/plan.ts";
import { Run, type Driver } from "../../src/engine/pipeline/run.ts";
import { ThreadedDriver, type ThreadedOptions } from "../../src/engine/pipeline/threaded-driver.ts";
import { LiveClock } from "../../src/kernel/core/clock.ts";
import { NoLatencyRecorder, NoStageObserver } from "../../src/kernel/core/observer.ts";
import { STATE_INIT, STATE_READY, StateWord } from "../../src/kernel/lifecycle/state-word.ts";
import type { Slots } from "../../src/kernel/record/slots.ts";
import { MarketSimulator, type SimulatorOptions } from "../../src/sim/simulator.ts";

export const SMALL_LIMITS: LimitPlan = { instruments: 512, orders: 1 << 17, levels: 1 << 16, ringRecords: 4096, memoryBytes: 512 * 1024 * 1024 };

/** Something of every analysis, over spans so short that little input makes many outputs. */
export function busyPlan(limits: Partial<LimitPlan> = {}): PipelinePlan {
  const plan = pipeline("busy")
    .bars("50ms")
    .signal("up", "close > sma(3)", { side: "buy" })
    .bars("250ms")
    .signal("down", "close < ema(3)", { side: "sell", every: true })
    .window("flow", tumbling("100ms"), { vwap: "vwap", trades: "count", low: "min" }, { lateness: "20ms" })
    .pattern("jump", breakout({ threshold: "0.05%", over: "200ms" }))
    .pattern("drop", breakout({ threshold: "0.05%", over: "200ms", direction: "down" }))
    .pattern("thin", liquidityChange({ threshold: "40%", over: "100ms", side: "bid", levels: 3 }))
    .pattern("lean", imbalance({ threshold: "70%", levels: 5, hold: "2ms" }), { critical: false })
    .guard({ velocity: "0.3% in 100ms", then: "suppress", cooldown: "50ms" })
    .orders({ qty: 100 })
    .toPlan();
  return { ...plan, limits: { ...SMALL_LIMITS, ...limits } };
}

/** The whole stream of a simulated session. */
export function simulatedBytes(options: SimulatorOptions): Uint8Array {
  const simulator = new MarketSimulator(options);
  const pieces: Buffer[] = [];
  const buffer = new Uint8Array(1 << 20);
  for (let length = simulator.read(buffer, 0); length > 0; length = simulator.read(buffer, 0)) pieces.push(Buffer.from(buffer.slice(0, length)));
  return new Uint8Array(Buffer.concat(pieces));
}

/** Bytes in memory as a source; `readBytes` at once. `onRead` is told the position before each read and may throw. */
export class BytesSource implements Source {
  private readonly bytes: Uint8Array;
  private readonly readBytes: number;
  private readonly onRead: (position: number) => void;
  private position: number;

  constructor(bytes: Uint8Array, position: number = 0, readBytes: number = 1 << 16, onRead: (position: number) => void = () => {}) {
    this.bytes = bytes;
    this.position = position;
    this.readBytes = readBytes;
    this.onRead = onRead;
  }

  async read(): Promise<Uint8Array | null> {
    this.onRead(this.position);
    if (this.position >= this.bytes.length) return null;
    const from = this.position;
    this.position = Math.min(from + this.readBytes, this.bytes.length);
    return this.bytes.subarray(from, this.position);
  }

  async close(): Promise<void> {
    // bytes in memory: nothing to close
  }
}

/** Keeps every checkpoint. */
export class MemoryStore implements CheckpointStore {
  readonly saved: Checkpoint[] = [];

  save(checkpoint: Checkpoint): void {
    this.saved.push({ ...checkpoint, parts: checkpoint.parts.map(({ name, bytes }) => ({ name, bytes: new Uint8Array(bytes) })) });
  }

  load(): Checkpoint | null {
    return this.saved.at(-1) ?? null;
  }
}

/** A sink of lines that outlives its run, as a file would. */
export class LinesSink implements Sink {
  readonly lines: string[];
  readonly text: OutputText;

  constructor(lines: string[], text: OutputText) {
    this.lines = lines;
    this.text = text;
  }

  open(position: number): void {
    if (this.lines.length < position) throw new Error(`expected ${position} lines, found ${this.lines.length}`);
    this.lines.length = position;
  }

  write(slots: Slots, slot: number): void {
    const output = this.text.take(slots, slot);
    if (output !== null) this.lines.push(JSON.stringify(output));
  }

  flush(): number {
    return this.lines.length;
  }

  close(): void {
    // the lines stay
  }
}

export interface EngineOptions {
  readonly plan?: PipelinePlan;
  readonly feed?: string;
  readonly driver?: "inline" | "threaded";
  readonly shards?: number;
  readonly batch?: number;
  readonly pieceBytes?: number;
  readonly store?: CheckpointStore | null;
  /** Whether to take a checkpoint after the piece that ends at this position; with a store and without this, after every one. */
  readonly checkpointAt?: (position: number) => boolean;
  /** Lines that outlive the run; without them nothing is described. */
  readonly lines?: string[] | null;
  readonly sinks?: readonly Sink[];
  /** More sinks, for which names are needed. */
  readonly createSinks?: (text: () => OutputText) => readonly Sink[];
  readonly burst?: BurstOptions;
  /** Inline, but the shards take only so many records after each piece of input, as if they were slower than the source. */
  readonly slow?: number;
  /** Whether the shards of threads are brought back when they die; their rings have the plan's size. True if left out. */
  readonly isProtected?: boolean;
  readonly threaded?: Partial<ThreadedOptions>;
  readonly identity?: Partial<RunIdentity>;
}

export interface Engine {
  readonly assembly: Assembly;
  readonly driver: InlineDriver | ThreadedDriver;
  readonly run: Run;
  /** With `slow`: how often ingest had to wait for room. */
  readonly waits: () => number;
}

export function createEngine(options: EngineOptions = {}): Engine {
  const { plan = busyPlan(), feed = "itch50", shards = 1, batch = 256, pieceBytes = 1472, store = null, lines = null } = options;
  const clock = new LiveClock();
  const isThreaded = options.driver === "threaded";
  const driver = isThreaded ? new ThreadedDriver(clock, { batch, ...options.threaded }) : new InlineDriver(options.slow ?? batch);
  const pressure = driver.ingestPressure;
  let waits = 0;
  const lifecycle = options.threaded?.outage?.word ?? StateWord.create();
  if (lifecycle.load() === STATE_INIT) lifecycle.store(STATE_READY);
  let run: Run | null = null;
  const assembly = new Assembly({
    plan,
    feed,
    shards,
    batch,
    ingestPressure: {
      relieve: (ring) => {
        waits++;
        pressure.relieve(ring);
      },
    },
    outputPressure: driver.outputPressure,
    barriers: { onBarrier: (epoch) => run?.onBarrier(epoch) },
    clock,
    latency: new NoLatencyRecorder(),
    lifecycle,
    checkpoints: store !== null,
    burst: options.burst ?? null,
    protectedInput: isThreaded && options.isProtected !== false && !plan.sinks.some((sink) => sink.priority) ? plan.limits.ringRecords : null,
    createSinks: (market, ruleValues) => {
      const text = (): OutputText => new OutputText({ plan, registry: market.registry, epochMs: () => market.epoch[0], ruleValues });
      return [...(lines === null ? [] : [new LinesSink(lines, text())]), ...(options.sinks ?? []), ...(options.createSinks?.(text) ?? [])];
    },
  });
  driver.attach(assembly);
  const identity: RunIdentity = { pipeline: "p", feed, shards, input: ["bytes"], version: "1", ...options.identity };
  const { checkpointAt = () => true } = options;
  const created = new Run({
    assembly,
    driver: options.slow === undefined ? driver : slowed(driver, () => pressure.relieve(assembly.inRings[0])),
    clock,
    stages: new NoStageObserver(),
    pieceBytes,
    speed: Infinity,
    identity,
    store,
    get checkpointEveryNs(): number {
      return checkpointAt(created.position) ? 0 : Infinity;
    },
  });
  run = created;
  return { assembly, driver, run: created, waits: () => waits };
}

/** A driver that gives the shards one turn after a piece of input, and does not wait until they are done. */
function slowed(driver: Driver, turn: () => void): Driver {
  return {
    start: () => driver.start(),
    afterPiece: turn,
    finish: () => driver.finish(),
    abort: () => driver.abort(),
    breathe: () => driver.breathe(),
  };
}

/** Runs bytes from the start to the end. */
export async function runBytes(bytes: Uint8Array, options: EngineOptions = {}, readBytes?: number): Promise<Engine> {
  const engine = createEngine(options);
  engine.run.begin();
  await engine.run.consume(new BytesSource(bytes, 0, readBytes));
  return engine;
}

/** The output hash of a run. */
export function hashOf({ assembly }: Engine): string {
  return assembly.collector.hash.text();
}

/** Records that went into a ring and did not come out of it. */
export function lostOf({ assembly }: Engine): { input: number; output: number } {
  const consumed = assembly.shards.reduce((sum, shard) => sum + shard.consumed, 0);
  const emitted = assembly.shards.reduce((sum, shard) => sum + shard.emitted, 0);
  return { input: assembly.ingest.published - consumed, output: emitted - assembly.collector.received };
}
