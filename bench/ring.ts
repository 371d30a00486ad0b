/**
 * The gated ring between two threads, against the same protocol in C++: 64-byte records, published 1, 16 and 64 at a time.
 *
 *   producer (this thread) -> ring of 16,384 -> consumer (worker); the whole record is written, four of its fields are read
 */
import { Worker } from "node:worker_threads";
import type { Slots } from "../src/kernel/record/slots.ts";
import { GatedRing } from "../src/kernel/ring/gated-ring.ts";
import { startNative } from "./baseline/native.ts";
import { compete, hexWord, Laps, mixWord, type Effort, type Result, type Sample, type Side } from "./harness.ts";
import { DONE, GO, READY, WORDS, type RingRound, type RingTask } from "./ring-protocol.ts";

const CAPACITY = 1 << 14;
const LAP_RECORDS = 1024;

class Hop implements Side {
  readonly laps: Laps = new Laps(LAP_RECORDS);
  private readonly ring: GatedRing;
  private readonly words: Int32Array;
  private readonly worker: Worker;
  private readonly records: number;
  private readonly batch: number;

  constructor(records: number, batch: number, ring: GatedRing, words: Int32Array, worker: Worker) {
    this.records = records;
    this.batch = batch;
    this.ring = ring;
    this.words = words;
    this.worker = worker;
  }

  async run(): Promise<Sample> {
    const { words, worker, records } = this;
    words.fill(0);
    const told = new Promise<RingRound>((resolve) => worker.once("message", resolve));
    worker.postMessage(records);
    while (Atomics.load(words, READY) === 0);
    const start = performance.now();
    Atomics.store(words, GO, 1);
    this.laps.begin();
    for (let from = 0; from < records; from += LAP_RECORDS) {
      this.produce(from, Math.min(from + LAP_RECORDS, records));
      this.laps.lap();
    }
    while (Atomics.load(words, DONE) === 0);
    const ns = (performance.now() - start) * 1e6;
    const { sum, gcEvents } = await told;
    return { operations: records, ns, gcEvents, hash: hexWord(mixWord(mixWord(0, sum % 4_294_967_296), sum / 4_294_967_296)) };
  }

  private produce(from: number, to: number): void {
    const { ring, batch } = this;
    for (let n = from; n < to;) {
      const wanted = n + batch < to ? batch : to - n;
      const count = ring.claimRun(wanted);
      fill(ring.slots, ring.claimedAt, n, count);
      n += count;
      ring.commit();
    }
  }
}

/** Writes every word of `count` records, numbered from n. */
function fill(slots: Slots, slot: number, n: number, count: number): void {
  const { f64, i32 } = slots;
  for (let i = 0; i < count; i++) {
    const serial = n + i;
    const d = (slot + i) << 3;
    const w = (slot + i) << 4;
    i32[w] = 0x803;
    i32[w + 1] = serial & 255;
    f64[d + 1] = serial;
    f64[d + 2] = serial + 1;
    f64[d + 3] = serial + 2;
    f64[d + 4] = serial & 4095;
    f64[d + 5] = serial & 127;
    i32[w + 12] = serial;
    i32[w + 13] = 0;
    i32[w + 14] = 1;
    i32[w + 15] = 0;
  }
}

export async function benchRing(effort: Effort): Promise<Result[]> {
  const ring = GatedRing.create(CAPACITY);
  const words = new Int32Array(new SharedArrayBuffer(WORDS * 4));
  const task: RingTask = { ring: ring.buffer, capacity: CAPACITY, words };
  const worker = new Worker(new URL("./ring-consumer.ts", import.meta.url), { workerData: task });
  const results: Result[] = [];
  try {
    for (const batch of [1, 16, 64]) {
      const records = effort.small ? 50_000 : batch === 1 ? 1_000_000 : 4_000_000;
      const ours = new Hop(records, batch, ring, words, worker);
      const rival = startNative("ring", "C++ ring, cached cursors", [], `${records} ${batch}`);
      results.push(await compete({ name: `ring/batch-${batch}`, unit: "records/s", ours, rival, laps: ours.laps }, effort));
      if (typeof rival !== "string") rival.close();
    }
  } finally {
    await worker.terminate();
  }
  return results;
}
