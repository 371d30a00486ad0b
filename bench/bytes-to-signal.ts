/**
 * The whole pipeline on one core, against the rxjs pipeline that one would write.
 *
 *   bytes of a simulated day in packets -> ITCH -> ingest -> ring -> order books -> breaker -> bars of 1 s -> five indicators -> three rules
 *   -> orders, acks -> ring -> collector (hash)
 *
 * Percentiles are from the ingest of a record to the release of what it caused, every 64th record, within a packet of 1,472 bytes.
 * The rival does less (no signals' values, no orders, no watermark, no hash); both must close the same bars over the same volume.
 */
import { Histogram } from "../src/control/histogram.ts";
import { LiveClock } from "../src/kernel/core/clock.ts";
import { TAIL_VOLUME_F64 } from "../src/kernel/record/bar.ts";
import { TYPE_BAR_TAIL } from "../src/kernel/record/header.ts";
import type { Slots } from "../src/kernel/record/slots.ts";
import { StreamError } from "../src/kernel/core/errors.ts";
import { RxPipeline } from "./baseline/rx-pipeline.ts";
import { compete, type Effort, type Result, type Rival, type Sample, type Side } from "./harness.ts";
import { simulatedDay } from "./input.ts";
import { BenchPipeline, NullSink } from "./pipeline-under-test.ts";

/** What one network packet carries. */
const PACKET_BYTES = 1472;

/** Keeps two sums: bars, and the quantity in them. */
class BarSums extends NullSink {
  readonly sums: Float64Array = new Float64Array(2);

  override open(): void {
    this.sums.fill(0);
  }

  override write(slots: Slots, slot: number): void {
    if (slots.u8[slot << 6] !== TYPE_BAR_TAIL) return;
    this.sums[0]++;
    this.sums[1] += slots.f64[(slot << 3) + TAIL_VOLUME_F64];
  }
}

class BytesToSignal implements Side {
  readonly sink: BarSums = new BarSums();
  readonly histogram: Histogram = new Histogram();
  private readonly bytes: Uint8Array;
  private readonly clock: LiveClock = new LiveClock();
  private pipeline: BenchPipeline;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.pipeline = new BenchPipeline(this.clock, this.sink, this.histogram);
  }

  prepare(): void {
    this.pipeline = new BenchPipeline(this.clock, this.sink, this.histogram);
    this.sink.open();
  }

  run(): Sample {
    const { bytes, pipeline, clock } = this;
    const start = performance.now();
    for (let from = 0; from < bytes.length; from += PACKET_BYTES) {
      pipeline.arrival[0] = clock.now();
      pipeline.push(bytes, from, Math.min(from + PACKET_BYTES, bytes.length));
    }
    pipeline.end();
    const ns = (performance.now() - start) * 1e6;
    return { operations: pipeline.messages, ns, hash: pipeline.outputHash };
  }
}

/** The rival over the first part of the day: its speed hardly depends on the length, its patience with memory does. */
class RxRival implements Rival {
  readonly name: string = "JavaScript, rxjs and objects";
  readonly sameWork: boolean = false;
  bars = 0;
  volume = 0;
  private readonly bytes: Uint8Array;
  private pipeline: RxPipeline = new RxPipeline();

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  prepare(): void {
    this.pipeline = new RxPipeline();
  }

  run(): Sample {
    const { bytes, pipeline: rx } = this;
    const start = performance.now();
    rx.push(bytes);
    rx.end();
    const ns = (performance.now() - start) * 1e6;
    this.bars = rx.bars;
    this.volume = rx.volume;
    return { operations: rx.messages, ns, hash: String(rx.bars) };
  }
}

export async function benchBytesToSignal(effort: Effort): Promise<Result[]> {
  const messages = effort.small ? 50_000 : 1_000_000;
  const rivalMessages = effort.small ? 50_000 : 200_000;
  const day = simulatedDay(messages);
  const shortDay = messages === rivalMessages ? day : simulatedDay(rivalMessages);
  requireSameBars(shortDay);
  const ours = new BytesToSignal(day);
  const laps = {
    clear: () => ours.histogram.reset(),
    percentiles: () => {
      const { p50Ns, p99Ns, p999Ns, maxNs } = ours.histogram.snapshot();
      return [p50Ns, p99Ns, p999Ns, maxNs];
    },
  };
  return [await compete({ name: "bytes-to-signal", unit: "messages/s", ours, rival: new RxRival(shortDay), laps }, effort)];
}

/** Both over one day: INVARIANT unless they closed the same bars. */
function requireSameBars(day: Uint8Array): void {
  const ours = new BytesToSignal(day);
  const rival = new RxRival(day);
  ours.prepare();
  ours.run();
  rival.run();
  const [bars, volume] = ours.sink.sums;
  if (bars === rival.bars && volume === rival.volume) return;
  throw new StreamError("INVARIANT", `bytes-to-signal: expected the rival's ${rival.bars} bars over ${rival.volume}, got ${bars} over ${volume}`);
}
