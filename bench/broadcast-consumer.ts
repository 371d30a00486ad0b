/** One consumer of the broadcast bench: copies out and checks every record that it can still get, and counts those that it cannot. */
import v8 from "node:v8";
import { parentPort, workerData } from "node:worker_threads";
import { EMPTY, OVERRUN } from "../src/kernel/core/status.ts";
import { Slots } from "../src/kernel/record/slots.ts";
import { BroadcastReader, BroadcastRing } from "../src/kernel/ring/broadcast-ring.ts";
import { DONE, GO, READY, type BroadcastRound, type BroadcastTask } from "./broadcast-protocol.ts";

const task = workerData as BroadcastTask;
const reader = new BroadcastReader(new BroadcastRing(task.ring, 0, task.capacity));
const record = Slots.create(1);
const { words } = task;
/** Records tried at once. */
const BATCH = 256;

const CONSUMED = 0;
const WRONG = 1;
const counts = new Float64Array(2);

/** Reads until nothing is there, at most a batch; true when the reader stands at `end`. */
function take(end: number): boolean {
  const f64 = record.f64;
  for (let i = 0; i < BATCH; i++) {
    const n = reader.cursor;
    const status = reader.poll(record, 0);
    if (status === EMPTY) return n >= end;
    if (status === OVERRUN) {
      reader.resetToOldest();
      continue;
    }
    counts[CONSUMED]++;
    if (f64[1] !== n || f64[4] !== n % 4096 || f64[5] !== n % 128) counts[WRONG]++;
  }
  return false;
}

parentPort?.on("message", (end: number) => {
  counts.fill(0);
  const lostBefore = reader.lostTotal;
  const profiler = new v8.GCProfiler();
  profiler.start();
  Atomics.add(words, READY, 1);
  while (Atomics.load(words, GO) === 0);
  while (!take(end));
  Atomics.add(words, DONE, 1);
  const gcEvents = profiler.stop()?.statistics.length ?? 0;
  const round: BroadcastRound = { consumed: counts[CONSUMED], lost: reader.lostTotal - lostBefore, wrong: counts[WRONG], gcEvents };
  parentPort?.postMessage(round);
});
