/**
 * All stages in this thread, one after the other: tests, replay, simulation, and the lowest latency on one core.
 *
 * After each piece of input everything that it caused has left the shards.
 */
import { NoStageObserver, type StageObserver } from "../../kernel/core/observer.ts";
import type { GatedRing } from "../../kernel/ring/gated-ring.ts";
import type { Assembly } from "./assembly.ts";
import type { Backpressure } from "./backpressure.ts";
import { loopTurn } from "./loop-turn.ts";
import type { Driver } from "./run.ts";
import { STAGE_RELEASE, STAGE_SHARD } from "./stages.ts";

export class InlineDriver implements Driver {
  /** Makes room for ingest by running the shards. */
  readonly ingestPressure: Backpressure;
  /** Makes room for the shards by releasing outputs. */
  readonly outputPressure: Backpressure;
  private readonly batch: number;
  private readonly stages: StageObserver;
  private assembly: Assembly | null = null;

  /** `batch`: records that a shard takes at once. `stages`: told when the shards and the collector have had their turn. */
  constructor(batch: number, stages: StageObserver = new NoStageObserver()) {
    this.batch = batch;
    this.stages = stages;
    this.ingestPressure = { relieve: () => this.turn() };
    this.outputPressure = { relieve: (ring) => this.drainOutputs(ring) };
  }

  /** The assembly made with this driver's pressures. */
  attach(assembly: Assembly): void {
    this.assembly = assembly;
  }

  start(): void {
    // the shards run in this thread: there is nothing to start
  }

  afterPiece(): void {
    this.settle();
  }

  async finish(): Promise<void> {
    this.settle();
  }

  async abort(): Promise<void> {
    // nothing runs elsewhere
  }

  breathe(): Promise<void> {
    return loopTurn();
  }

  /** Turns until there is no input: what the collector holds back after that, no further turn would release. */
  private settle(): void {
    while (this.turn() > 0 && this.hasInput());
  }

  private hasInput(): boolean {
    const assembly = this.assembly;
    if (assembly === null) return false;
    for (let i = 0; i < assembly.inRings.length; i++) if (assembly.inRings[i].available() > 0) return true;
    return assembly.ingest.waiting > 0;
  }

  private turn(): number {
    const assembly = this.assembly;
    if (assembly === null) return 0;
    let moved = assembly.ingest.pump();
    for (let i = 0; i < assembly.shards.length; i++) moved += assembly.shards[i].poll(this.batch);
    this.stages.mark(STAGE_SHARD);
    moved += assembly.collector.poll();
    this.stages.mark(STAGE_RELEASE);
    return moved;
  }

  /** Nothing can be released while a shard that has to go first waits for this one to return: then the ring is emptied aside. */
  private drainOutputs(ring: GatedRing): void {
    const assembly = this.assembly;
    if (assembly === null || assembly.collector.poll() > 0) return;
    assembly.outputs[assembly.outRings.indexOf(ring)].spill();
  }
}
