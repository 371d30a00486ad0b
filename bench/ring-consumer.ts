/** The consumer of the ring bench: sums four fields of each record of a round, in a thread of its own, and counts its own collections. */
import v8 from "node:v8";
import { parentPort, workerData } from "node:worker_threads";
import { GatedRing } from "../src/kernel/ring/gated-ring.ts";
import { DONE, GO, READY, type RingRound, type RingTask } from "./ring-protocol.ts";

/** Room is given back after this many records at most. */
const RELEASE_EVERY = 256;

const task = workerData as RingTask;
const ring = new GatedRing(task.ring, 0, task.capacity);
const total = new Float64Array(1);

function consume(records: number): void {
  for (let done = 0; done < records;) done += take();
}

function take(): number {
  const available = ring.available();
  if (available === 0) return 0;
  const count = available < RELEASE_EVERY ? available : RELEASE_EVERY;
  const { f64, i32 } = ring.slots;
  let sum = 0;
  for (let i = 0; i < count; i++) {
    const slot = ring.slotAt(i);
    const d = slot << 3;
    sum += f64[d + 1] + f64[d + 4] + f64[d + 5] + i32[(slot << 4) + 1];
  }
  total[0] += sum;
  ring.release(count);
  return count;
}

parentPort?.on("message", (records: number) => {
  total[0] = 0;
  const profiler = new v8.GCProfiler();
  profiler.start();
  Atomics.store(task.words, READY, 1);
  while (Atomics.load(task.words, GO) === 0);
  consume(records);
  Atomics.store(task.words, DONE, 1);
  const gcEvents = profiler.stop()?.statistics.length ?? 0;
  const round: RingRound = { sum: total[0], gcEvents };
  parentPort?.postMessage(round);
});
