/**
 * One worker a shard; ingest, merge and sinks stay in this thread. Same records, same order, same hash as the inline driver.
 *
 * The shards' arenas are made here and attached there, so their state survives a worker. A worker that dies, or stands still while it
 * has input for `stallNs`, ends the run with SHARD_DIED; the last checkpoint is whole. A worker that throws closes its ring, so that
 * this thread hears of it even while it waits for room without turning its event loop.
 */
import { Worker } from "node:worker_threads";
import type { LiveClock } from "../../kernel/core/clock.ts";
import { StreamError } from "../../kernel/core/errors.ts";
import type { GatedRing } from "../../kernel/ring/gated-ring.ts";
import type { IdleName } from "../../kernel/ring/idle.ts";
import type { Assembly } from "./assembly.ts";
import type { Backpressure } from "./backpressure.ts";
import { loopTurn } from "./loop-turn.ts";
import type { Driver } from "./run.ts";
import type { ShardWorkerData, ShardWorkerReport } from "./shard-worker.ts";

/** Longest nap of this thread while a ring is full or outputs are awaited. */
const NAP_MS = 1;
/** A wait that was not looked at for so long is a new wait: this thread was elsewhere, writing a checkpoint or pacing a replay. */
const NEW_WAIT_NS = 1e9;
const DEFAULT_STALL_NS = 20e9;

export class ThreadedDriver implements Driver {
  readonly ingestPressure: Backpressure;
  readonly outputPressure: Backpressure;
  private readonly clock: LiveClock;
  private readonly batch: number;
  private readonly stallNs: number;
  private readonly idle: IdleName;
  private assembly: Assembly | null = null;
  private readonly workers: Worker[] = [];
  private readonly reports: ShardWorkerReport[] = [];
  private exited = 0;
  private death: StreamError | null = null;
  private lastMoveNs = 0;
  private lastLookNs = 0;
  private lastProgress = -1;

  /**
   * `batch`: records that a shard takes at once. `stallNs`: how long a shard may stand still with input waiting. `idle`: what a shard's
   * thread does when it has no input; it sleeps unless told otherwise, because threads that spin on cores that they share starve each other.
   */
  constructor(clock: LiveClock, batch: number, stallNs: number = DEFAULT_STALL_NS, idle: IdleName = "park") {
    this.clock = clock;
    this.batch = batch;
    this.stallNs = stallNs;
    this.idle = idle;
    this.ingestPressure = { relieve: (ring) => this.makeRoom(ring) };
    this.outputPressure = {
      relieve() {
        throw new StreamError("INVARIANT", "a shard emitted outside its worker");
      },
    };
  }

  attach(assembly: Assembly): void {
    this.assembly = assembly;
  }

  /** Collections seen in the workers' threads; known after finish(). */
  get gcEvents(): number {
    return this.reports.reduce((sum, report) => sum + report.gcEvents, 0);
  }

  start(): void {
    const assembly = this.attached();
    assembly.shards.forEach((_, index) => this.workers.push(this.startWorker(assembly, index)));
  }

  afterPiece(): void {
    const { collector, ingest } = this.attached();
    ingest.pump();
    collector.poll();
    if (this.death !== null) throw this.death;
    if (ingest.waiting > 0) this.requireMoving(); // nobody waits for room, so nobody else would see that a shard stands still
  }

  async finish(): Promise<void> {
    const { collector } = this.attached();
    while (!collector.isEnded) {
      const { received } = collector;
      this.afterPiece();
      if (collector.isEnded) break;
      this.requireMoving();
      if (collector.received === received) await this.nap();
      else await this.breathe();
    }
    while (this.exited < this.workers.length) {
      if (this.death !== null) throw this.death;
      await this.nap();
    }
  }

  async abort(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.terminate()));
  }

  breathe(): Promise<void> {
    return loopTurn();
  }

  /** Leaves the core to the shards for a moment. */
  private async nap(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, NAP_MS));
  }

  private startWorker(assembly: Assembly, index: number): Worker {
    const data: ShardWorkerData = assembly.shardWorkerData(index, this.clock.anchorNs, this.batch, this.idle);
    const worker = new Worker(new URL(import.meta.url.endsWith(".ts") ? "./shard-worker.ts" : "./shard-worker.js", import.meta.url), { workerData: data });
    worker.on("message", (report: ShardWorkerReport) => this.reports.push(report));
    worker.on("error", (cause) => {
      this.death ??= new StreamError("SHARD_DIED", `shard ${index} died: ${(cause as Error).message}`, { shard: index }, cause);
    });
    worker.on("exit", (code) => {
      this.exited++;
      if (code !== 0) this.death ??= new StreamError("SHARD_DIED", `the worker of shard ${index} ended with code ${code}`, { shard: index, code });
    });
    return worker;
  }

  private makeRoom(ring: GatedRing): void {
    if (this.attached().collector.poll() === 0) ring.parkProducer(NAP_MS);
    if (ring.isClosed) {
      const shard = this.attached().inRings.indexOf(ring);
      throw this.death ?? new StreamError("SHARD_DIED", `shard ${shard} died with input waiting`, { shard });
    }
    this.requireMoving();
  }

  /** Called again and again while waiting, so without closures: SHARD_DIED when no shard has taken or said anything for `stallNs` of that wait. */
  private requireMoving(): void {
    const { shards, inRings, collector } = this.attached();
    const now = this.clock.now();
    let progress = collector.received;
    let waiting = 0;
    for (let i = 0; i < shards.length; i++) {
      progress += shards[i].consumed + shards[i].emitted;
      waiting += inRings[i].used;
    }
    const isMoving = progress !== this.lastProgress || now - this.lastLookNs > NEW_WAIT_NS || waiting === 0;
    if (isMoving) this.lastMoveNs = now;
    this.lastProgress = progress;
    this.lastLookNs = now;
    const still = now - this.lastMoveNs;
    if (still > this.stallNs)
      throw new StreamError("SHARD_DIED", `a shard stood still for ${Math.round(still / 1e9)} s with input waiting`, { stillNs: still });
  }

  private attached(): Assembly {
    if (this.assembly === null) throw new StreamError("INVARIANT", "the threaded driver was started without an assembly");
    return this.assembly;
  }
}
