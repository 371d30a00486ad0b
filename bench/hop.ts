/**
 * One way from thread to thread at a steady pace, against the same protocol in C++.
 *
 *   producer (this thread), a record each microsecond -> gated ring -> consumer (worker) that spins
 *
 * An open loop: latency is from the moment at which a record was meant to be sent, so a producer that comes late is late. Both threads
 * read clocks of their own, tied to the process-wide one by bracketing. The hiccup meter runs beside both sides.
 */
import v8 from "node:v8";
import { Worker } from "node:worker_threads";
import { LiveClock } from "../src/kernel/core/clock.ts";
import { FULL } from "../src/kernel/core/status.ts";
import { HEADER_SEQUENCE_F64, HEADER_TS_RECV_F64, HEADER_WORD_I32, headerWord, TYPE_TRADE } from "../src/kernel/record/header.ts";
import { FLAG_LAST } from "../src/kernel/record/flags.ts";
import { GatedRing } from "../src/kernel/ring/gated-ring.ts";
import { startNative } from "./baseline/native.ts";
import { competeLatency, hexWord, mixWord, type Effort, type LatencySample, type LatencySide, type Result } from "./harness.ts";
import { HiccupMeter } from "./hiccup-meter.ts";
import { DONE, GO, READY, WORDS, type HopRound, type HopTask } from "./hop-protocol.ts";
import { Pace, PACE_NEXT } from "./pace.ts";

const RATE_DEFAULT = 1_000_000;
const CAPACITY = 1 << 14;
/** Shortest measured round. */
const ROUND_SECONDS_MIN = 0.2;
/** Rounds of both sides together, of which the measured time is divided. */
const ROUNDS = 10;
const TRADE_WORD = headerWord(TYPE_TRADE, FLAG_LAST);

class Producer implements LatencySide {
  private readonly ring: GatedRing;
  private readonly words: Int32Array;
  private readonly worker: Worker;
  private readonly clock: LiveClock;
  private readonly pace: Pace;
  private readonly records: number;

  constructor(ring: GatedRing, words: Int32Array, worker: Worker, clock: LiveClock, rate: number, records: number) {
    this.ring = ring;
    this.words = words;
    this.worker = worker;
    this.clock = clock;
    this.pace = new Pace(rate);
    this.records = records;
  }

  async run(): Promise<LatencySample> {
    const { words, worker, records, clock, pace } = this;
    words.fill(0);
    const told = new Promise<HopRound>((resolve) => worker.once("message", resolve));
    worker.postMessage(records);
    while (Atomics.load(words, READY) === 0);
    const profiler = new v8.GCProfiler();
    profiler.start();
    const start = clock.now();
    Atomics.store(words, GO, 1);
    pace.start(start);
    this.sendAll(records);
    while (Atomics.load(words, DONE) === 0);
    const ns = clock.now() - start;
    const gcEvents = profiler.stop()?.statistics.length ?? 0;
    const round = await told;
    return {
      operations: records,
      ns,
      latency: round.latency,
      gcEvents: gcEvents + round.gcEvents,
      hash: hexWord(mixWord(mixWord(0, round.sum % 4_294_967_296), round.sum / 4_294_967_296)),
    };
  }

  private sendAll(records: number): void {
    for (let n = 0; n < records;) n += this.turn(n);
  }

  /** Sends record n if it is due: 1, else 0. Turn by turn, because a loop around the clock ended up boxing each reading. */
  private turn(n: number): number {
    if (!this.isDue()) return 0;
    this.send(n);
    return 1;
  }

  private isDue(): boolean {
    return this.clock.now() >= this.pace.row[PACE_NEXT];
  }

  private send(n: number): void {
    const { ring, pace } = this;
    let slot = ring.claim();
    while (slot === FULL) slot = ring.claim();
    const { f64, i32 } = ring.slots;
    i32[(slot << 4) + HEADER_WORD_I32] = TRADE_WORD;
    f64[(slot << 3) + HEADER_SEQUENCE_F64] = n;
    f64[(slot << 3) + HEADER_TS_RECV_F64] = pace.row[PACE_NEXT];
    ring.commit();
    pace.advance();
  }
}

export async function benchHop(effort: Effort): Promise<Result[]> {
  const rate = effort.rate ?? RATE_DEFAULT;
  const seconds = effort.small ? effort.seconds : Math.max(ROUND_SECONDS_MIN, effort.seconds / ROUNDS);
  const records = Math.ceil(rate * seconds);
  const clock = new LiveClock();
  const ring = GatedRing.create(CAPACITY);
  const words = new Int32Array(new SharedArrayBuffer(WORDS * 4));
  const task: HopTask = { ring: ring.buffer, capacity: CAPACITY, words, anchorNs: clock.anchorNs };
  const worker = new Worker(new URL("./hop-consumer.ts", import.meta.url), { workerData: task });
  const meter = await HiccupMeter.start(2, clock);
  const rival = startNative("hop", "C++, same ring and pace", [], `${records} ${rate}`);
  try {
    meter.begin();
    const ours = new Producer(ring, words, worker, clock, rate, records);
    const rows = await competeLatency({ name: "hop", ours, rival, rows: ["p50", "p99"] }, effort);
    const hiccups = meter.summary();
    return rows.map((row) => ({ ...row, hiccups, detail: { rate, recordsPerRound: records } }));
  } finally {
    if (typeof rival !== "string") rival.close();
    await meter.stop();
    await worker.terminate();
  }
}
