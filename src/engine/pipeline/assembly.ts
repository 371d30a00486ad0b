/**
 * All parts of one run, sized and sealed before the first byte: the shared registry, ingest with its feed, the rings, the shards'
 * arenas and the collector. Drivers move it; checkpoints copy it.
 *
 *   feed -> ingest -> ring[0..n) -> shard[0..n) -> out[0..n) -> collector -> sinks
 *                                             `--> lane[0..n) -> delivery -> sinks that ask for priority
 */
import { BoundedOutOfOrder } from "../../analysis/window/watermark.ts";
import type { Clock } from "../../kernel/core/clock.ts";
import { StreamError, isStreamError } from "../../kernel/core/errors.ts";
import { invariant } from "../../kernel/core/invariant.ts";
import { NoLog, type LogObserver } from "../../kernel/core/log.ts";
import type { LatencyRecorder } from "../../kernel/core/observer.ts";
import type { StateWord } from "../../kernel/lifecycle/state-word.ts";
import { ARENA_CAPACITY_MAX, Arena } from "../../kernel/memory/arena.ts";
import { Outlet } from "../../kernel/record/outlet.ts";
import { GatedRing } from "../../kernel/ring/gated-ring.ts";
import { CRITICAL, PriorityLane, ROUTINE, type PriorityLaneSizes } from "../../kernel/ring/priority-lane.ts";
import { PriorityWriter } from "../../kernel/ring/priority-writer.ts";
import type { LogTap } from "../../kernel/ring/log-ring.ts";
import type { Feed } from "../../market/feed/feed.ts";
import { ShardImages } from "../checkpoint/shard-images.ts";
import { BurstQueue } from "../delivery/burst-queue.ts";
import { PriorityDelivery } from "../delivery/priority-delivery.ts";
import type { Sink } from "../delivery/sink.ts";
import type { SpillStore } from "../delivery/spill-store.ts";
import type { Backpressure } from "./backpressure.ts";
import { Collector, type BarrierListener } from "./collector.ts";
import { feedNamed, type BookKind } from "./feed-catalog.ts";
import { Ingest } from "./ingest.ts";
import { Market } from "./market.ts";
import { createOverLimit, type MemoryLine, type MemoryShape, type PartSizes } from "./memory-plan.ts";
import { OutputQueue } from "./output-queue.ts";
import { partitionOf, SHARDS_MAX } from "./partition.ts";
import type { PipelinePlan } from "./plan.ts";
import type { SeatData } from "./shard-seat.ts";
import { Shard, type ShardLinks } from "./shard.ts";

/** Fewest slots of a priority lane: the longest chain is a signal with 255 values, 65 records. */
const LANE_SLOTS_MIN = 128;

export interface AssemblyOptions {
  readonly plan: PipelinePlan;
  readonly feed: string;
  readonly shards: number;
  /** Records published at once at most, and read at once at most. */
  readonly batch: number;
  /** Makes room for ingest. */
  readonly ingestPressure: Backpressure;
  /** Makes room for the shards' outputs. */
  readonly outputPressure: Backpressure;
  readonly barriers: BarrierListener;
  readonly clock: Clock;
  readonly latency: LatencyRecorder;
  readonly lifecycle: StateWord;
  /** A burst queue before each input ring, for a source that cannot wait; none unless given. */
  readonly burst?: BurstOptions | null;
  /** Whether barriers will be taken: memory for the copies is set aside. */
  readonly checkpoints: boolean;
  /** Of the thread that assembles. */
  readonly log?: LogObserver;
  /** Of the threads that shards run in, by shard; those without one are not heard. */
  readonly shardLogs?: readonly LogTap[];
  /** Bytes of their rings and of the others' of the log, by name: part of the memory plan. */
  readonly logMemory?: readonly { readonly name: string; readonly bytes: number }[];
  /** Slots of each shard's input ring when the shards are protected by images of their arenas; null or left out when they are not. */
  readonly protectedInput?: number | null;
  /** Made once names are known. */
  createSinks(market: Market, ruleValues: (rule: number) => readonly string[]): readonly Sink[];
}

/** Burst queues of a run. They change no output. */
export interface BurstOptions {
  /** Records that each holds in memory. */
  readonly records: number;
  /** Where a shard's queue puts what it has no memory for; null: then the source waits. */
  createSpill(shard: number): SpillStore | null;
}

export class Assembly {
  readonly plan: PipelinePlan;
  readonly market: Market;
  readonly feed: Feed;
  readonly outlet: Outlet;
  readonly ingest: Ingest;
  readonly ingestArena: Arena;
  readonly inRings: readonly GatedRing[];
  readonly outRings: readonly GatedRing[];
  /** The queues before the input rings; empty without `burst`. */
  readonly bursts: readonly BurstQueue[];
  /** The output rings as the collector reads them. */
  readonly outputs: readonly OutputQueue[];
  /** One a shard where a sink asks for priority, else none. */
  readonly lanes: readonly PriorityLane[];
  readonly delivery: PriorityDelivery;
  readonly shardArenas: readonly Arena[];
  readonly shards: readonly Shard[];
  readonly collector: Collector;
  readonly collectorArena: Arena;
  readonly sinks: readonly Sink[];
  /** What each shard held at the last barrier; empty without checkpoints. */
  readonly snapshots: readonly Uint8Array[];
  readonly log: LogObserver;
  private readonly shardLogs: readonly LogTap[];
  private readonly logMemory: NonNullable<AssemblyOptions["logMemory"]>;
  private readonly shape: MemoryShape;
  /** The images of each shard; empty when the shards are not protected. */
  readonly images: readonly ShardImages[];
  /** The state that the shards obey. */
  readonly lifecycle: StateWord;
  private readonly clock: Clock;
  private readonly book: BookKind;

  constructor(options: AssemblyOptions) {
    const { plan, shards } = options;
    const inputRecords = requireSizes(options);
    const entry = feedNamed(options.feed);
    this.plan = plan;
    this.clock = options.clock;
    this.lifecycle = options.lifecycle;
    this.log = options.log ?? new NoLog();
    this.shardLogs = options.shardLogs ?? [];
    this.logMemory = options.logMemory ?? [];
    this.shape = shapeOf(options);
    this.book = entry.book;
    if (2 * shards * GatedRing.bytesFor(plan.limits.ringRecords) > plan.limits.memoryBytes) throw this.overLimit(options);
    this.market = new Market(Arena.create("market", 256 * 1024 * 1024), plan.limits.instruments);
    this.inRings = Array.from({ length: shards }, () => GatedRing.create(inputRecords));
    this.outRings = Array.from({ length: shards }, () => GatedRing.create(plan.limits.ringRecords));
    this.outputs = this.outRings.map((ring) => new OutputQueue(ring));
    this.lanes = hasLanes(plan) ? this.inRings.map(() => PriorityLane.create(laneSizesOf(plan))) : [];
    const { burst = null } = options;
    this.bursts = burst === null ? [] : this.inRings.map((ring, shard) => new BurstQueue(ring, burst.records, options.batch, burst.createSpill(shard)));

    const { registry } = this.market;
    const partition = partitionOf(plan.partition, shards);
    this.ingestArena = Arena.create("ingest", 512 * 1024 * 1024);
    this.ingest = new Ingest(this.ingestArena, {
      registry,
      rings: this.inRings,
      chooser: { choose: (instrument) => partition.shardOfHashed(registry.symbol(instrument), registry.symbolHash[instrument]) },
      watermark: new BoundedOutOfOrder(this.ingestArena, { boundNs: plan.outOfOrderNs }),
      markerEvery: plan.markerEvery,
      batch: options.batch,
      pressure: options.ingestPressure,
      bursts: this.bursts,
      clock: options.clock,
      log: this.log,
    });
    this.outlet = new Outlet(this.ingest);
    this.feed = entry.create({ arena: this.ingestArena, registry: this.market.registry, outlet: this.outlet, epoch: this.market.epoch });
    this.ingestArena.seal();

    [this.shardArenas, this.shards] = this.createShards(options);

    this.snapshots = this.shardArenas.map((arena) => new Uint8Array(new SharedArrayBuffer(options.checkpoints ? arena.usedBytes : 0)));
    this.shards.forEach((shard, index) => shard.setSnapshotTarget(this.snapshots[index]));
    const isProtected = (options.protectedInput ?? null) !== null;
    this.images = isProtected ? this.shardArenas.map((arena) => ShardImages.create(arena.usedBytes)) : [];

    const ruleValues = this.shards[0].createValueNames();
    this.sinks = options.createSinks(this.market, (rule) => ruleValues.get(rule) ?? []);
    this.collectorArena = Arena.create("collector", 64 * 1024);
    const urgent = this.sinks.filter((sink) => sink.priority === true);
    invariant(urgent.length === 0 || this.lanes.length > 0, "a sink asks for priority that the plan does not know of");
    this.delivery = new PriorityDelivery(this.lanes, urgent);
    this.collector = new Collector(this.collectorArena, {
      rings: this.outputs,
      sinks: this.sinks.filter((sink) => sink.priority !== true),
      delivery: this.delivery,
      listener: options.barriers,
      clock: options.clock,
      latency: options.latency,
    });
    this.collectorArena.seal();
    const total = this.memoryPlan().reduce((sum, line) => sum + line.bytes, 0);
    if (total > plan.limits.memoryBytes) throw this.overLimit(options);
  }

  /** Every region of every arena, in order; rings, images and logs behind them. */
  memoryPlan(): MemoryLine[] {
    const arenas = [this.market.arena, this.ingestArena, ...this.shardArenas, this.collectorArena];
    const regions = arenas.flatMap((arena) => {
      const lines = arena.regions.map(({ name, bytes }) => ({ arena: arena.name, name, bytes }));
      const rest = arena.usedBytes - lines.reduce((sum, line) => sum + line.bytes, 0);
      return [...lines, { arena: arena.name, name: "header and alignment", bytes: rest }];
    });
    const rings = [...this.inRings, ...this.outRings].map((ring, index) => ({ arena: "rings", name: `ring-${index}`, bytes: ring.buffer.byteLength }));
    const lanes = this.lanes.map((lane, index) => ({ arena: "rings", name: `lane-${index}`, bytes: lane.buffer.byteLength }));
    const images = this.snapshots.map((image, index) => ({ arena: "images", name: `image-${index}`, bytes: image.byteLength }));
    const logs = this.logMemory.map(({ name, bytes }) => ({ arena: "logs", name, bytes }));
    const bursts = this.bursts.map(({ bytes }, index) => ({ arena: "bursts", name: `burst-${index}`, bytes }));
    const recovery = this.images.map(({ memory }, index) => ({
      arena: "images",
      name: `recovery-${index}`,
      bytes: ShardImages.bytesFor(memory.images[0].byteLength),
    }));
    return [...regions, ...rings, ...lanes, ...bursts, ...images.filter((image) => image.bytes > 0), ...recovery, ...logs];
  }

  /** The first image of each shard, if they are protected: before the first record. `state`: what they obey. */
  commitImages(state: number): void {
    this.images.forEach((images, index) => {
      const { consumed, emitted } = this.shards[index];
      this.shardArenas[index].snapshotInto(images.spare);
      images.describe({ input: this.inRings[index].position, output: this.outRings[index].head, state, consumed, emitted });
      images.commit();
    });
  }

  /** What the thread of a shard is given. */
  seatData(index: number, anchorNs: number): SeatData {
    const { buffer: inBuffer, byteOffset: inOffset, capacity: inCapacity } = this.inRings[index];
    const { buffer: outBuffer, byteOffset: outOffset, capacity: outCapacity } = this.outRings[index];
    return {
      plan: this.plan,
      book: this.book,
      index,
      market: this.market.arena.buffer,
      arena: this.shardArenas[index].buffer,
      input: { buffer: inBuffer, byteOffset: inOffset, capacity: inCapacity },
      output: { buffer: outBuffer, byteOffset: outOffset, capacity: outCapacity },
      lane: this.lanes.length === 0 ? null : { buffer: this.lanes[index].buffer, sizes: this.lanes[index].sizes },
      snapshot: this.snapshots[index].buffer as SharedArrayBuffer,
      lifecycle: this.lifecycle.buffer,
      anchorNs,
      images: this.images[index]?.memory ?? null,
      reserve: reserveOf(this.plan, this.shards.length),
      log: this.shardLogs[index] ?? null,
    };
  }

  private createShards(options: AssemblyOptions): [arenas: Arena[], shards: Shard[]] {
    try {
      const capacity = Math.min(this.plan.limits.memoryBytes, ARENA_CAPACITY_MAX);
      const arenas = this.inRings.map((_, index) => Arena.create(`shard-${index}`, capacity));
      return [arenas, arenas.map((arena, index) => this.createShard(arena, index, options.outputPressure))];
    } catch (error) {
      throw isStreamError(error, "ARENA_CAPACITY") ? this.overLimit(options) : error;
    }
  }

  private createShard(arena: Arena, index: number, pressure: Backpressure): Shard {
    const links: ShardLinks = {
      plan: this.plan,
      book: this.book,
      market: this.market,
      input: this.inRings[index],
      output: this.outRings[index],
      pressure,
      priority: this.lanes.length === 0 ? null : { writer: new PriorityWriter(this.lanes[index]), relieve: () => this.relieveLane(this.lanes[index]) },
      clock: this.clock,
      lifecycle: this.lifecycle,
      log: this.log,
    };
    const shard = new Shard(arena, links);
    arena.seal();
    return shard;
  }

  /** A lane is full and its shard runs in this thread: what is in it is delivered. */
  private relieveLane(lane: PriorityLane): void {
    const used = lane.used(ROUTINE) + lane.used(CRITICAL);
    this.delivery.poll();
    invariant(lane.used(ROUTINE) + lane.used(CRITICAL) < used, "a priority lane is full and nothing of it can be delivered");
  }

  /** The refusal of a plan that does not fit, with its arithmetic. */
  private overLimit(options: AssemblyOptions): StreamError {
    const scratch = new SharedArrayBuffer(ARENA_CAPACITY_MAX); // address space: no page of it is touched
    return createOverLimit(this.plan.limits, this.shape, (limits) => measureParts({ ...options, plan: { ...this.plan, limits } }, scratch));
  }
}

/** Whether a sink asks for priority. */
function hasLanes(plan: PipelinePlan): boolean {
  return plan.sinks.some((sink) => sink.priority);
}

function laneSizesOf({ limits }: PipelinePlan): PriorityLaneSizes {
  const slots = Math.max(LANE_SLOTS_MIN, limits.ringRecords);
  return { routine: slots, critical: slots, instruments: limits.instruments };
}

/** What the parts of a run would take, measured by their constructors; null when one is beyond what an arena can hold. */
function measureParts(options: AssemblyOptions, scratch: SharedArrayBuffer): PartSizes | null {
  const { plan, shards, barriers, outputPressure, ingestPressure, clock, latency, lifecycle } = options;
  const entry = feedNamed(options.feed);
  const ring = GatedRing.create(2);
  try {
    const market = new Market(Arena.measure("market", scratch), plan.limits.instruments);
    const ingestArena = Arena.measure("ingest", scratch);
    const watermark = new BoundedOutOfOrder(ingestArena, { boundNs: plan.outOfOrderNs });
    const chooser = { choose: () => 0 };
    const { registry } = market;
    const ingest = new Ingest(ingestArena, { registry, rings: [ring], chooser, watermark, markerEvery: 1, batch: 1, pressure: ingestPressure, clock });
    entry.create({ arena: ingestArena, registry, outlet: new Outlet(ingest), epoch: market.epoch });
    const shardArena = Arena.measure("shard", scratch);
    new Shard(shardArena, { plan, book: entry.book, market, input: ring, output: ring, pressure: outputPressure, clock, lifecycle });
    const collectorArena = Arena.measure("collector", scratch);
    const outputs = Array.from({ length: shards }, () => new OutputQueue(ring));
    new Collector(collectorArena, { rings: outputs, sinks: [], listener: barriers, clock, latency });
    return {
      market: market.arena.usedBytes,
      ingest: ingestArena.usedBytes,
      shard: shardArena.usedBytes,
      lane: hasLanes(plan) ? PriorityLane.bytesFor(laneSizesOf(plan)) : 0,
      collector: collectorArena.usedBytes,
    };
  } catch (error) {
    if (isStreamError(error, "ARENA_CAPACITY")) return null;
    throw error;
  }
}

/** Slots of an input ring that stay free of held records: the next marker, the data before it and a barrier fit, whatever the shard waits for. */
function reserveOf(plan: PipelinePlan, shards: number): number {
  return shards > 1 ? plan.markerEvery + 2 : 0;
}

/** Refuses sizes that cannot work; answers how many slots an input ring has. */
function requireSizes({ plan, shards, batch, protectedInput = null }: AssemblyOptions): number {
  const { ringRecords } = plan.limits;
  if (!Number.isInteger(shards) || shards < 1 || shards > SHARDS_MAX)
    throw new StreamError("USAGE", `expected 1 to ${SHARDS_MAX} shards, got ${shards}`, { shards });
  if (!Number.isInteger(batch) || batch < 1 || batch > ringRecords)
    throw new StreamError("USAGE", `expected a batch of 1 to ${ringRecords} records, got ${batch}`, { batch });
  if (shards > 1 && ringRecords <= plan.markerEvery) {
    throw new StreamError(
      "PIPELINE_INVALID",
      `expected limits.ringRecords above ${plan.markerEvery} with several shards, got ${ringRecords}: a ring must hold what lies between two markers`,
    );
  }
  const reserve = reserveOf(plan, shards);
  if (protectedInput !== null && protectedInput <= reserve) {
    throw new StreamError(
      "PIPELINE_INVALID",
      `expected input rings of more than ${reserve} records for shards that are brought back, got ${protectedInput}: what lies between two markers must fit beside what is held`,
    );
  }
  if (protectedInput !== null && plan.sinks.some((sink) => sink.priority)) {
    throw new StreamError(
      "PIPELINE_INVALID",
      "a sink asks for priority: shards with a priority lane are not brought back, because the lane may hold more than their output ring shows",
    );
  }
  return protectedInput ?? ringRecords;
}

/** What of the memory plan the limits do not say. */
function shapeOf({ plan, feed, shards, checkpoints, burst, protectedInput = null, logMemory = [] }: AssemblyOptions): MemoryShape {
  return {
    shards,
    hasOrders: feedNamed(feed).book === "order",
    checkpoints,
    burstRecords: burst?.records ?? 0,
    inputFloor: protectedInput === null ? null : protectedInput === plan.limits.ringRecords ? 0 : protectedInput,
    logBytes: logMemory.reduce((sum, line) => sum + line.bytes, 0),
  };
}
