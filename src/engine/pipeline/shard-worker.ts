/**
 * The thread of one shard: attaches to the arenas and rings that the main thread made, and polls until the end marker has passed.
 * It has no sockets and no event loop to serve, so it may sleep in its ring when there is nothing to read: how it waits is the run's choice.
 */
import { GCProfiler } from "node:v8";
import { parentPort, workerData } from "node:worker_threads";
import { LiveClock } from "../../kernel/core/clock.ts";
import { EVENT_SHARD_ENDED, EVENT_SHARD_STARTED, NoLog } from "../../kernel/core/log.ts";
import { StateWord } from "../../kernel/lifecycle/state-word.ts";
import { Arena } from "../../kernel/memory/arena.ts";
import { GatedRing } from "../../kernel/ring/gated-ring.ts";
import { createIdle, type IdleName } from "../../kernel/ring/idle.ts";
import { PriorityLane, type PriorityLaneSizes } from "../../kernel/ring/priority-lane.ts";
import { PriorityWriter } from "../../kernel/ring/priority-writer.ts";
import { LogWriter, type LogTap } from "../../kernel/ring/log-ring.ts";
import { Market } from "./assembly.ts";
import type { BookKind } from "./feed-catalog.ts";
import type { PipelinePlan } from "./plan.ts";
import { Shard } from "./shard.ts";

/** Shared memory and plain data: all that a worker needs to be the shard. */
export interface ShardWorkerData {
  readonly plan: PipelinePlan;
  readonly book: BookKind;
  readonly index: number;
  readonly market: SharedArrayBuffer;
  readonly arena: SharedArrayBuffer;
  readonly input: { readonly buffer: SharedArrayBuffer; readonly byteOffset: number; readonly capacity: number };
  readonly output: { readonly buffer: SharedArrayBuffer; readonly byteOffset: number; readonly capacity: number };
  /** The priority lane of the shard, where a sink asks for one. */
  readonly lane: { readonly buffer: SharedArrayBuffer; readonly sizes: PriorityLaneSizes } | null;
  readonly snapshot: SharedArrayBuffer;
  readonly lifecycle: SharedArrayBuffer;
  readonly anchorNs: number;
  readonly batch: number;
  readonly idle: IdleName;
  readonly log: LogTap | null;
}

/** What a worker says when it is done. */
export interface ShardWorkerReport {
  readonly index: number;
  readonly gcEvents: number;
}

/** Longest sleep before a full ring. */
const PARK_MS = 50;

function main(data: ShardWorkerData): void {
  const market = new Market(Arena.attach("market", data.market), data.plan.limits.instruments);
  const input = new GatedRing(data.input.buffer, data.input.byteOffset, data.input.capacity);
  const output = new GatedRing(data.output.buffer, data.output.byteOffset, data.output.capacity);
  const writer = data.lane === null ? null : new PriorityWriter(new PriorityLane(data.lane.buffer, 0, data.lane.sizes));
  const clock = new LiveClock(0, data.anchorNs);
  const log = data.log === null ? new NoLog() : new LogWriter(data.log, clock);
  const arena = Arena.attach(`shard-${data.index}`, data.arena);
  const shard = new Shard(arena, {
    plan: data.plan,
    book: data.book,
    market,
    input,
    output,
    pressure: { relieve: (ring) => void ring.parkProducer(PARK_MS) },
    priority: writer === null ? null : { writer, relieve: () => void writer.park(PARK_MS) },
    clock,
    lifecycle: new StateWord(data.lifecycle),
    log,
  });
  arena.seal();
  shard.setSnapshotTarget(new Uint8Array(data.snapshot));
  const profiler = new GCProfiler();
  profiler.start();
  log.event(EVENT_SHARD_STARTED, data.index, 0, 0);
  try {
    const idle = createIdle(data.idle);
    while (!shard.isEnded) idle.idle(shard.poll(data.batch), input);
  } catch (error) {
    input.close(); // the main thread may be waiting for room in it
    throw error;
  }
  const profile = profiler.stop() as { statistics: unknown[] } | undefined;
  log.event(EVENT_SHARD_ENDED, data.index, shard.consumed, profile?.statistics.length ?? 0);
  const report: ShardWorkerReport = { index: data.index, gcEvents: profile?.statistics.length ?? 0 };
  parentPort?.postMessage(report);
}

main(workerData as ShardWorkerData);
