/** The consumer of the hop bench: notes for each record how long ago it was meant to be sent, in a thread and on a clock of its own. */
import v8 from "node:v8";
import { parentPort, workerData } from "node:worker_threads";
import { Histogram } from "../src/control/histogram.ts";
import { LiveClock } from "../src/kernel/core/clock.ts";
import { HEADER_SEQUENCE_F64, HEADER_TS_RECV_F64 } from "../src/kernel/record/header.ts";
import { GatedRing } from "../src/kernel/ring/gated-ring.ts";
import { DONE, GO, READY, SETTLING_RECORDS, type HopRound, type HopTask } from "./hop-protocol.ts";

const task = workerData as HopTask;
const ring = new GatedRing(task.ring, 0, task.capacity);
const clock = new LiveClock(undefined, task.anchorNs);
const histogram = new Histogram();
const sum = new Float64Array(1);
/** Intended time, time of arrival. */
const times = new Float64Array(2);

function take(done: number): number {
  const available = ring.available();
  if (available === 0) return 0;
  const f64 = ring.slots.f64;
  for (let i = 0; i < available; i++) {
    times[1] = clock.now();
    const at = ring.slotAt(i) << 3;
    times[0] = f64[at + HEADER_TS_RECV_F64];
    sum[0] += f64[at + HEADER_SEQUENCE_F64];
    if (done + i >= SETTLING_RECORDS) histogram.recordSpan(times, 0, 1);
  }
  ring.release(available);
  return available;
}

function takeAll(records: number): void {
  for (let done = 0; done < records;) done += take(done);
}

parentPort?.on("message", (records: number) => {
  histogram.reset();
  sum[0] = 0;
  const profiler = new v8.GCProfiler();
  profiler.start();
  Atomics.store(task.words, READY, 1);
  while (Atomics.load(task.words, GO) === 0);
  takeAll(records);
  Atomics.store(task.words, DONE, 1);
  const gcEvents = profiler.stop()?.statistics.length ?? 0;
  const { p50Ns, p90Ns, p99Ns, p999Ns, maxNs } = histogram.snapshot();
  const latency = { p50: p50Ns ?? 0, p90: p90Ns ?? 0, p99: p99Ns ?? 0, p999: p999Ns ?? 0, max: maxNs ?? 0 };
  const round: HopRound = { sum: sum[0], latency, gcEvents };
  parentPort?.postMessage(round);
});
