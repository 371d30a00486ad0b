/**
 * One producer that never waits, three consumers that may be lapped: the broadcast ring, against the same protocol in C++ and against what
 * one would take, a MessagePort to each or a BroadcastChannel to all.
 *
 *   producer (this thread) -> broadcast ring of 16,384 -> 3 consumers (workers), each of which copies out and checks what it gets
 *
 * With fewer than four cores the threads take turns, and much is lost; never a record uncounted: published = consumed + lost, for each.
 * `broadcast` is the rate offered; beside the lossless rivals it is the rate that reached the slowest consumer.
 */
import v8 from "node:v8";
import { Worker } from "node:worker_threads";
import { StreamError } from "../src/kernel/core/errors.ts";
import { FLAG_LAST } from "../src/kernel/record/flags.ts";
import { HEADER_INSTRUMENT_U32, HEADER_WORD_I32, headerWord, TYPE_TRADE } from "../src/kernel/record/header.ts";
import { BroadcastRing } from "../src/kernel/ring/broadcast-ring.ts";
import { ChannelRival, PortRival } from "./baseline/message-ports.ts";
import { startNative } from "./baseline/native.ts";
import { CONSUMERS, DONE, GO, READY, WORDS, type BroadcastRound, type BroadcastTask } from "./broadcast-protocol.ts";
import { compete, hexWord, Laps, mixWord, type Effort, type Result, type Sample, type Side } from "./harness.ts";

const CAPACITY = 1 << 14;
/** Records published with one store. */
const BATCH = 16;
const LAP_RECORDS = 1024;
const TRADE_WORD = headerWord(TYPE_TRADE, FLAG_LAST);

/** The ring with its three consumers. */
class Broadcast {
  readonly laps: Laps = new Laps(LAP_RECORDS);
  /** Over all rounds and consumers so far. */
  published = 0;
  consumed = 0;
  lost = 0;
  private readonly ring: BroadcastRing = BroadcastRing.create(CAPACITY);
  private readonly words: Int32Array = new Int32Array(new SharedArrayBuffer(WORDS * 4));
  private readonly workers: readonly Worker[];

  constructor() {
    const task: BroadcastTask = { ring: this.ring.buffer, capacity: CAPACITY, words: this.words };
    this.workers = Array.from({ length: CONSUMERS }, () => new Worker(new URL("./broadcast-consumer.ts", import.meta.url), { workerData: task }));
  }

  /** Publishes so many records. INVARIANT when a consumer cannot account for one, or got one that is not what was sent. */
  async round(records: number): Promise<{ offeredNs: number; allNs: number; rounds: readonly BroadcastRound[]; gcEvents: number }> {
    const { ring, words, workers, laps } = this;
    const from = ring.head;
    words.fill(0);
    const told = workers.map((worker) => new Promise<BroadcastRound>((resolve) => worker.once("message", resolve)));
    for (const worker of workers) worker.postMessage(from + records);
    while (Atomics.load(words, READY) < CONSUMERS);
    const profiler = new v8.GCProfiler();
    profiler.start();
    const start = performance.now();
    Atomics.store(words, GO, 1);
    laps.begin();
    for (let n = from; n < from + records; n += LAP_RECORDS) {
      this.publish(n, Math.min(n + LAP_RECORDS, from + records));
      laps.lap();
    }
    const offeredNs = (performance.now() - start) * 1e6;
    while (Atomics.load(words, DONE) < CONSUMERS);
    const allNs = (performance.now() - start) * 1e6;
    const gcEvents = profiler.stop()?.statistics.length ?? 0;
    const rounds = await Promise.all(told);
    for (const { consumed, lost, wrong } of rounds) {
      if (consumed + lost !== records || wrong > 0)
        throw new StreamError("INVARIANT", `broadcast: expected consumed + lost = ${records}, got ${consumed} + ${lost} with ${wrong} wrong records`);
      this.published += records;
      this.consumed += consumed;
      this.lost += lost;
    }
    return { offeredNs, allNs, rounds, gcEvents: gcEvents + rounds.reduce((sum, round) => sum + round.gcEvents, 0) };
  }

  async close(): Promise<void> {
    await Promise.all(this.workers.map((worker) => worker.terminate()));
  }

  private publish(from: number, to: number): void {
    const { ring } = this;
    const { f64, i32 } = ring.slots;
    for (let n = from; n < to; n++) {
      const slot = ring.claim();
      const d = slot << 3;
      const w = slot << 4;
      i32[w + HEADER_WORD_I32] = TRADE_WORD;
      i32[w + HEADER_INSTRUMENT_U32] = n & 255;
      f64[d + 1] = n;
      f64[d + 2] = n + 1;
      f64[d + 3] = n + 2;
      f64[d + 4] = n % 4096;
      f64[d + 5] = n % 128;
      i32[w + 12] = n;
      i32[w + 13] = 0;
      i32[w + 14] = 1;
      i32[w + 15] = 0;
      if ((n & (BATCH - 1)) === BATCH - 1) ring.commit();
    }
    ring.commit();
  }
}

/** How fast the producer could offer. */
class Offered implements Side {
  private readonly broadcast: Broadcast;
  private readonly records: number;

  constructor(broadcast: Broadcast, records: number) {
    this.broadcast = broadcast;
    this.records = records;
  }

  async run(): Promise<Sample> {
    const { records } = this;
    const { offeredNs, rounds, gcEvents } = await this.broadcast.round(records);
    const hash = rounds.reduce((sum, { consumed, lost, wrong }) => mixWord(mixWord(sum, consumed + lost), wrong), mixWord(0, records));
    return { operations: records, ns: offeredNs, hash: hexWord(hash), gcEvents };
  }
}

/** How many records a second reached the slowest consumer. */
class Delivered implements Side {
  private readonly broadcast: Broadcast;
  private readonly records: number;

  constructor(broadcast: Broadcast, records: number) {
    this.broadcast = broadcast;
    this.records = records;
  }

  async run(): Promise<Sample> {
    const { allNs, rounds, gcEvents } = await this.broadcast.round(this.records);
    return { operations: Math.min(...rounds.map((round) => round.consumed)), ns: allNs, hash: hexWord(mixWord(0, this.records)), gcEvents };
  }
}

export async function benchBroadcast(effort: Effort): Promise<Result[]> {
  const records = effort.small ? 40_000 : 2_000_000;
  const messages = effort.small ? 300 : 20_000;
  const broadcast = new Broadcast();
  const native = startNative("broadcast", "C++ ring, same protocol", [], `${records} ${BATCH}`);
  const closable: { close(): unknown }[] = [broadcast];
  if (typeof native !== "string") closable.push(native);
  try {
    const { laps } = broadcast;
    const first = await compete({ name: "broadcast", unit: "records/s", ours: new Offered(broadcast, records), rival: native, laps }, effort);
    const { published, consumed, lost } = broadcast;
    const results: Result[] = [{ ...first, detail: { consumers: CONSUMERS, published, consumed, lost } }];
    for (const rival of [new PortRival(messages), new ChannelRival(messages)]) {
      closable.push(rival);
      const ours = new Delivered(broadcast, records);
      results.push(await compete({ name: `broadcast/${rival.key}`, unit: "records/s to all", ours, rival }, effort));
    }
    return results;
  } finally {
    for (const each of closable) await each.close();
  }
}
