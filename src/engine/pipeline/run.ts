/**
 * A run from a source to its end: reads, feeds, checkpoints, restores, and sums up. The driver decides where the shards run.
 */
import type { Clock } from "../../kernel/core/clock.ts";
import { ReplayClock } from "../../kernel/core/clock.ts";
import { EVENT_CHECKPOINT_SAVED, EVENT_RUN_ENDED, EVENT_RUN_STARTED } from "../../kernel/core/log.ts";
import type { StageObserver } from "../../kernel/core/observer.ts";
import { HEADER_TS_RECV_F64 } from "../../kernel/record/header.ts";
import { partNamed, requireSameRun, type Checkpoint, type CheckpointStore, type RunIdentity } from "../checkpoint/checkpoint.ts";
import type { Sink } from "../delivery/sink.ts";
import type { Source } from "../delivery/source.ts";
import type { Assembly } from "./assembly.ts";
import type { BarrierListener } from "./collector.ts";
import { STAGE_INGEST, STAGE_RELEASE } from "./stages.ts";

/** Moves the shards of a run. */
export interface Driver {
  /** Called once, after a restore and before the first record. */
  start(): void;
  /** Called after each piece: the inline driver settles it, the threaded one drains outputs. */
  afterPiece(): void;
  /** Resolves when every shard has emitted everything; called once, after the end marker. */
  finish(): Promise<void>;
  /** Gives up: stops threads. */
  abort(): Promise<void>;
  /** Lets other work of this thread run. */
  breathe(): Promise<void>;
}

export interface RunOptions {
  readonly assembly: Assembly;
  readonly driver: Driver;
  readonly clock: Clock;
  /** Told of each piece's way: STAGE_* of stages.ts. */
  readonly stages: StageObserver;
  /** Bytes pushed at once at most: what one network packet would carry. */
  readonly pieceBytes: number;
  readonly speed: number;
  readonly identity: RunIdentity;
  readonly store: CheckpointStore | null;
  /** Real nanoseconds between checkpoints. */
  readonly checkpointEveryNs: number;
  /** Called now and then with what has happened so far. */
  onProgress?(sourceOffset: number): void;
}

/** Longest nap while burst queues wait for shards that do not move. */
const NAP_MS = 1;
/** Real nanoseconds between two calls of onProgress, and between two breaths: each makes some garbage, and an interrupt can wait so long. */
const BREATH_NS = 500e6;

// Places in `cells`.
const POSITION = 0;
const NOW = 1;
const LAST_CHECKPOINT = 2;
const LAST_BREATH = 3;
const CELLS = 4;

export class Run implements BarrierListener {
  private readonly options: RunOptions;
  private epoch = 0;
  private waiting: { epoch: number; sourceOffset: number; market: Uint8Array; ingest: Uint8Array } | null = null;
  /** Bytes taken, and times. As cells: a double kept across an await or given to a call that is not inlined is garbage a piece. */
  private readonly cells: Float64Array = new Float64Array(CELLS);

  constructor(options: RunOptions) {
    this.options = options;
  }

  /** Bytes taken from the source. */
  get position(): number {
    return this.cells[POSITION];
  }

  /** Restores the newest checkpoint; answers the source position to read on from: 0 when there is none. CHECKPOINT_MISMATCH for another run's. */
  resume(): number {
    const checkpoint = this.options.store?.load() ?? null;
    if (checkpoint !== null) {
      requireSameRun(checkpoint.identity, this.options.identity);
      this.restore(checkpoint);
    }
    this.options.assembly.sinks.forEach((sink, index) => sink.open(checkpoint?.sinkPositions[index] ?? 0));
    return this.cells[POSITION];
  }

  /** Opens the sinks empty: a run from the start. */
  begin(): void {
    for (const sink of this.options.assembly.sinks) sink.open(0);
  }

  /** Takes the source to its end. The source starts at `position`. */
  async consume(source: Source): Promise<void> {
    const { driver, assembly } = this.options;
    assembly.log.event(EVENT_RUN_STARTED, this.cells[POSITION], assembly.shards.length, 0);
    driver.start();
    try {
      const clock = new ReplayClock(this.options.speed);
      this.options.clock.stamp(this.cells, LAST_CHECKPOINT);
      for (let bytes = await this.next(source); bytes !== null; bytes = await this.next(source)) await this.take(bytes, clock);
      assembly.ingest.end();
      driver.afterPiece();
      await driver.finish();
      assembly.delivery.settle();
      assembly.log.event(EVENT_RUN_ENDED, this.cells[POSITION], assembly.ingest.sequence, assembly.collector.received);
    } catch (error) {
      await driver.abort();
      for (const sink of assembly.sinks) closeQuietly(sink);
      throw error;
    }
    for (const sink of assembly.sinks) {
      sink.flush();
      sink.close();
    }
  }

  /** Every output before the barrier is out: the cut is complete. */
  onBarrier(epoch: number): void {
    const waiting = this.waiting;
    if (waiting === null || waiting.epoch !== epoch) return;
    this.waiting = null;
    const { assembly, store, identity } = this.options;
    const shardParts = assembly.shards.map((_, index) => ({ name: `shard-${index}`, bytes: assembly.snapshots[index] }));
    store?.save({
      epoch,
      identity,
      sourceOffset: waiting.sourceOffset,
      sinkPositions: assembly.sinks.map((sink) => sink.flush()),
      parts: [
        { name: "market", bytes: waiting.market },
        { name: "ingest", bytes: waiting.ingest },
        { name: "collector", bytes: assembly.collectorArena.snapshot() },
        ...shardParts,
      ],
    });
    assembly.log.event(EVENT_CHECKPOINT_SAVED, epoch, waiting.sourceOffset, 0);
    // The interval counts from here: a store slower than the interval would else leave one piece of input between two checkpoints.
    this.options.clock.stamp(this.cells, LAST_CHECKPOINT);
  }

  /** The next bytes. While the source has none, what waits in burst queues goes on its way. */
  private next(source: Source): Promise<Uint8Array | null> {
    const reading = source.read();
    return this.options.assembly.ingest.waiting === 0 ? reading : this.nextOrPump(reading);
  }

  private async nextOrPump(reading: Promise<Uint8Array | null>): Promise<Uint8Array | null> {
    const { driver, assembly } = this.options;
    const { ingest } = assembly;
    for (let pause = driver.breathe(); ingest.waiting > 0;) {
      const bytes = await Promise.race([reading, pause]);
      if (bytes !== undefined) return bytes;
      const before = ingest.waiting;
      driver.afterPiece();
      pause = ingest.waiting < before ? driver.breathe() : new Promise((resolve) => setTimeout(resolve, NAP_MS)); // the shards want the core
    }
    return reading;
  }

  private async take(bytes: Uint8Array, replay: ReplayClock): Promise<void> {
    const { driver, speed } = this.options;
    for (let from = 0; from < bytes.length;) {
      from = this.pushOn(bytes, from);
      if (speed !== Infinity) await this.pace(replay);
      if (!this.isBreathDue()) continue;
      this.cells[LAST_BREATH] = this.cells[NOW];
      this.options.onProgress?.(this.cells[POSITION]);
      await driver.breathe();
    }
  }

  /** Pushes pieces from `from` on until there is something to wait for; returns where it stopped. */
  private pushOn(bytes: Uint8Array, from: number): number {
    const { clock, pieceBytes, speed } = this.options;
    const isPaced = speed !== Infinity;
    let at = from;
    for (;;) {
      const to = Math.min(at + pieceBytes, bytes.length);
      this.push(bytes, at, to);
      clock.stamp(this.cells, NOW);
      if (this.isCheckpointDue()) this.checkpoint();
      at = to;
      if (isPaced || at >= bytes.length || this.isBreathDue()) return at;
    }
  }

  private isCheckpointDue(): boolean {
    const { store, checkpointEveryNs } = this.options;
    return store !== null && this.waiting === null && this.cells[NOW] - this.cells[LAST_CHECKPOINT] >= checkpointEveryNs;
  }

  private isBreathDue(): boolean {
    return this.cells[NOW] - this.cells[LAST_BREATH] >= BREATH_NS;
  }

  private push(bytes: Uint8Array, from: number, to: number): void {
    const { assembly, clock, driver, stages } = this.options;
    stages.begin();
    clock.stamp(assembly.outlet.slots.f64, HEADER_TS_RECV_F64);
    assembly.feed.push(bytes, from, to);
    assembly.ingest.flush();
    stages.mark(STAGE_INGEST);
    this.cells[POSITION] += to - from;
    driver.afterPiece();
    stages.finish(STAGE_RELEASE);
  }

  private checkpoint(): void {
    const { assembly, driver } = this.options;
    this.cells[LAST_CHECKPOINT] = this.cells[NOW];
    this.epoch++;
    assembly.delivery.hold(assembly.ingest.sequence);
    assembly.ingest.barrier(this.epoch);
    this.waiting = {
      epoch: this.epoch,
      sourceOffset: this.cells[POSITION],
      market: assembly.market.arena.snapshot(),
      ingest: assembly.ingestArena.snapshot(),
    };
    assembly.ingest.flush();
    driver.afterPiece();
  }

  /** Waits until the newest event is due at this speed. */
  private async pace(replay: ReplayClock): Promise<void> {
    const { assembly, clock } = this.options;
    const event = assembly.ingest.newestEventNs;
    replay.moveTo(event);
    const waitMs = replay.waitNs(event, clock.now()) / 1e6;
    if (waitMs >= 1) await new Promise((resolve) => setTimeout(resolve, Math.min(waitMs, 3_600_000)));
  }

  private restore(checkpoint: Checkpoint): void {
    const { assembly } = this.options;
    assembly.market.arena.restore(partNamed(checkpoint, "market"));
    assembly.ingestArena.restore(partNamed(checkpoint, "ingest"));
    assembly.collectorArena.restore(partNamed(checkpoint, "collector"));
    assembly.shardArenas.forEach((arena, index) => arena.restore(partNamed(checkpoint, `shard-${index}`)));
    this.cells[POSITION] = checkpoint.sourceOffset;
    this.epoch = checkpoint.epoch;
  }
}

/** Closes a sink of a run that has failed: the first fault is the one to be told. */
function closeQuietly(sink: Sink): void {
  try {
    sink.close();
  } catch {
    // what it could not write comes after the last checkpoint
  }
}
