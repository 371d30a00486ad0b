/**
 * The whole pipeline on threads: against plain objects posted to as many workers, against one thread, against itself without images; and how
 * long a thread that is killed is missed.
 *
 *   this thread: bytes of a simulated day in packets -> ITCH -> ingest | rings | N threads: books .. acks | rings | this thread: merge, hash
 *
 * From the first packet, with all threads running, to the last output. On fewer cores than threads the rows tell what sharing costs, not
 * what threads gain. All of our rows come to one hash.
 */
import { Assembly } from "../src/engine/pipeline/assembly.ts";
import { ThreadedDriver } from "../src/engine/pipeline/threaded-driver.ts";
import { StreamError } from "../src/kernel/core/errors.ts";
import { LiveClock } from "../src/kernel/core/clock.ts";
import { NoLatencyRecorder } from "../src/kernel/core/observer.ts";
import { STATE_READY, StateWord } from "../src/kernel/lifecycle/state-word.ts";
import { TAIL_VOLUME_F64 } from "../src/kernel/record/bar.ts";
import { HEADER_TS_RECV_F64, TYPE_BAR_TAIL } from "../src/kernel/record/header.ts";
import type { Slots } from "../src/kernel/record/slots.ts";
import { ObjectWorkers } from "./baseline/object-workers.ts";
import { compete, median, type Effort, type Result, type Rival, type Sample, type Side } from "./harness.ts";
import { simulatedDay } from "./input.ts";
import { BATCH, BenchPipeline, benchPlan, NullSink } from "./pipeline-under-test.ts";

/** What one network packet carries. */
const PACKET_BYTES = 1472;
/** Slots of the input rings of protected shards: what `tercel` takes. */
const PROTECTED_INPUT = 1 << 18;
/** Packets between two turns of the event loop, as in a run. */
const BREATH_PACKETS = 512;
const RECOVERY_ROUNDS = 7;

/** Keeps two sums: bars, and the quantity in them. */
class BarSums extends NullSink {
  bars = 0;
  volume = 0;

  override write(slots: Slots, slot: number): void {
    if (slots.u8[slot << 6] !== TYPE_BAR_TAIL) return;
    this.bars++;
    this.volume += slots.f64[(slot << 3) + TAIL_VOLUME_F64];
  }
}

/** A run on threads, and what became of it. */
interface Round extends Sample {
  readonly sink: BarSums;
  readonly driver: ThreadedDriver;
}

class OnThreads implements Rival {
  readonly name: string;
  private readonly bytes: Uint8Array;
  private readonly shards: number;
  private readonly isProtected: boolean;

  constructor(bytes: Uint8Array, shards: number, isProtected: boolean = true) {
    this.name = `${shards} threads, ${isProtected ? "protected" : "without images"}`;
    this.bytes = bytes;
    this.shards = shards;
    this.isProtected = isProtected;
  }

  async run(): Promise<Round> {
    return this.round(null);
  }

  /** `killAt`: byte behind which the first thread is ended. */
  async round(killAt: number | null): Promise<Round> {
    const { bytes } = this;
    const clock = new LiveClock();
    const sink = new BarSums();
    const driver = new ThreadedDriver(clock, { batch: BATCH });
    const assembly = this.assemble(clock, driver, sink);
    driver.attach(assembly);
    driver.start();
    while (!driver.isCarried) await driver.breathe();
    const start = performance.now();
    let isKilled = killAt === null;
    for (let from = 0, packet = 1; from < bytes.length; from += PACKET_BYTES, packet++) {
      assembly.outlet.slots.f64[HEADER_TS_RECV_F64] = clock.now();
      assembly.feed.push(bytes, from, Math.min(from + PACKET_BYTES, bytes.length));
      assembly.ingest.flush();
      driver.afterPiece();
      if (packet % BREATH_PACKETS === 0) await driver.breathe();
      if (isKilled || from < (killAt ?? 0)) continue;
      isKilled = true;
      driver.terminateThread(0);
    }
    assembly.ingest.end();
    while (!assembly.collector.isEnded) {
      driver.afterPiece();
      await driver.breathe();
    }
    const ns = (performance.now() - start) * 1e6;
    await driver.finish();
    return { operations: assembly.feed.messages, ns, hash: assembly.collector.hash.text(), gcEvents: driver.gcEvents, sink, driver };
  }

  private assemble(clock: LiveClock, driver: ThreadedDriver, sink: BarSums): Assembly {
    const lifecycle = StateWord.create();
    lifecycle.store(STATE_READY);
    return new Assembly({
      plan: benchPlan(),
      feed: "itch50",
      shards: this.shards,
      batch: BATCH,
      ingestPressure: driver.ingestPressure,
      outputPressure: driver.outputPressure,
      barriers: { onBarrier: () => undefined },
      clock,
      latency: new NoLatencyRecorder(),
      lifecycle,
      checkpoints: false,
      protectedInput: this.isProtected ? PROTECTED_INPUT : null,
      createSinks: () => [sink],
    });
  }
}

/** The same pipeline in one thread. */
class Inline implements Rival {
  readonly name: string = "the same pipeline in one thread";
  private readonly bytes: Uint8Array;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  run(): Sample {
    const { bytes } = this;
    const clock = new LiveClock();
    const pipeline = new BenchPipeline(clock, new NullSink(), new NoLatencyRecorder());
    const start = performance.now();
    for (let from = 0; from < bytes.length; from += PACKET_BYTES) {
      clock.stamp(pipeline.arrival, 0);
      pipeline.push(bytes, from, Math.min(from + PACKET_BYTES, bytes.length));
    }
    pipeline.end();
    return { operations: pipeline.messages, ns: (performance.now() - start) * 1e6, hash: pipeline.outputHash };
  }
}

export async function benchShards(effort: Effort): Promise<Result[]> {
  const day = simulatedDay(effort.small ? 20_000 : 400_000);
  const expected = new Inline(day).run().hash;
  const results: Result[] = [];
  for (const threads of effort.small ? [2] : [1, 2, 4]) {
    const rival = new ObjectWorkers(day, threads);
    try {
      await requireSameBars(new OnThreads(day, threads), rival);
      results.push(await contest(`threads-${threads}`, new OnThreads(day, threads), rival, effort));
    } finally {
      await rival.close();
    }
  }
  results.push(await contest("beside-inline", new OnThreads(day, 2), new Inline(day), effort));
  results.push(await contest("images", new OnThreads(day, 2), new OnThreads(day, 2, false), effort));
  results.push(await recovery(day, effort));
  for (const { name, hash } of results) {
    if (hash !== expected) throw new StreamError("INVARIANT", `${name}: expected the hash ${expected} of one thread, got ${hash}`);
  }
  return results;
}

async function contest(row: string, ours: Side, rival: Rival, effort: Effort): Promise<Result> {
  return compete({ name: `shards/${row}`, unit: "messages/s", ours, rival }, effort);
}

/** INVARIANT unless both closed the same bars. */
async function requireSameBars(ours: OnThreads, rival: ObjectWorkers): Promise<void> {
  const { sink } = await ours.run();
  await rival.run();
  if (sink.bars === rival.bars && sink.volume === rival.volume) return;
  throw new StreamError("INVARIANT", `shards: expected the rival's ${rival.bars} bars over ${rival.volume}, got ${sink.bars} over ${sink.volume}`);
}

/** How long a shard was missed whose thread was killed half way. */
async function recovery(day: Uint8Array, effort: Effort): Promise<Result> {
  const spans: number[] = [];
  let hash = "";
  let gcEvents = 0;
  for (let round = 0; round < (effort.small ? 1 : RECOVERY_ROUNDS); round++) {
    const killed = await new OnThreads(day, 2).round(day.length / 2);
    hash = killed.hash;
    gcEvents += killed.gcEvents ?? 0;
    const { longestNs } = killed.driver.recovery;
    if (longestNs === null) throw new StreamError("INVARIANT", "shards/recovery: a thread was killed and none was missed");
    spans.push(longestNs);
  }
  spans.sort((a, b) => a - b);
  const at = (part: number): number => spans[Math.min(spans.length - 1, Math.ceil(part * spans.length) - 1)];
  return {
    name: "shards/recovery",
    value: Math.round(median(spans)),
    unit: "ns",
    rival: null,
    rivalValue: null,
    ratio: null,
    p50: at(0.5),
    p99: at(0.99),
    p999: at(0.999),
    max: at(1),
    gcEvents,
    hash,
    skipped: "a rival is skipped: nobody else brings a worker back with its state",
  };
}
