/**
 * The pipeline that several benches measure: in one thread with a whole day at once, and paced; its plan on threads.
 *
 *   bytes -> ITCH -> ingest -> ring -> order books -> breaker -> bars of 1 s -> five indicators -> three rules -> orders, acks -> ring
 *   -> collector (hash) -> sink
 */
import { Assembly } from "../src/engine/pipeline/assembly.ts";
import { InlineDriver } from "../src/engine/pipeline/inline-driver.ts";
import { pipeline } from "../src/engine/pipeline/pipeline.ts";
import type { PipelinePlan } from "../src/engine/pipeline/plan.ts";
import type { Sink } from "../src/engine/delivery/sink.ts";
import type { Clock } from "../src/kernel/core/clock.ts";
import type { LatencyRecorder } from "../src/kernel/core/observer.ts";
import { Lifecycle } from "../src/kernel/lifecycle/machine.ts";
import { HEADER_TS_RECV_F64 } from "../src/kernel/record/header.ts";
import type { Slots } from "../src/kernel/record/slots.ts";

/** Records that a shard takes at once. */
export const BATCH = 256;

/** The plan that is measured: sized for its market. */
export function benchPlan(): PipelinePlan {
  return pipeline("bench")
    .limits({ orders: 1 << 17, levels: 1 << 16, instruments: 512, ringRecords: 1 << 11 })
    .bars("1s")
    .signal("dip", "close < bollinger(20, 2).lower and rsi(14) < 30", { side: "buy" })
    .signal("trend", "crossOver(ema(5), ema(20))", { side: "buy" })
    .signal("fade", "close > vwap() * 1.001", { side: "sell" })
    .guard({ velocity: "3% in 1s", then: "suppress", cooldown: "5s" })
    .orders({ qty: 100 })
    .toPlan();
}

/** Takes everything and keeps nothing. */
export class NullSink implements Sink {
  open(): void {
    // there is nothing to open
  }

  write(_slots: Slots, _slot: number): void {
    // dropped
  }

  flush(): number {
    return 0;
  }

  close(): void {
    // nothing is held
  }
}

export class BenchPipeline {
  /** One cell: when the next piece arrived; the caller writes it before push(). */
  readonly arrival: Float64Array = new Float64Array(1);
  private readonly assembly: Assembly;
  private readonly driver: InlineDriver = new InlineDriver(BATCH);

  /** READY from the start. `latency` takes every 64th record's way from ingest to release. */
  constructor(clock: Clock, sink: Sink, latency: LatencyRecorder) {
    const { driver } = this;
    const lifecycle = new Lifecycle(clock);
    lifecycle.transition("WARMUP");
    lifecycle.transition("READY");
    this.assembly = new Assembly({
      plan: benchPlan(),
      feed: "itch50",
      shards: 1,
      batch: BATCH,
      ingestPressure: driver.ingestPressure,
      outputPressure: driver.outputPressure,
      barriers: { onBarrier: () => undefined },
      clock,
      latency,
      lifecycle: lifecycle.word,
      checkpoints: false,
      createSinks: () => [sink],
    });
    driver.attach(this.assembly);
  }

  get messages(): number {
    return this.assembly.feed.messages;
  }

  /** Records that the book refused, and those that named an order which it does not have: 0 unless messages were lost. */
  get bookFaults(): number {
    const [shard] = this.assembly.shards;
    return shard.bookRefusals + shard.unknownOrders;
  }

  get outputHash(): string {
    return this.assembly.collector.hash.text();
  }

  /** What a run does with each piece: everything that it causes has left the pipeline when this returns. */
  push(bytes: Uint8Array, from: number, to: number): void {
    const { assembly } = this;
    assembly.outlet.slots.f64[HEADER_TS_RECV_F64] = this.arrival[0];
    assembly.feed.push(bytes, from, to);
    assembly.ingest.flush();
    this.driver.afterPiece();
  }

  /** The end of the input: every bar closes. */
  end(): void {
    this.assembly.ingest.end();
    this.driver.afterPiece();
  }
}
