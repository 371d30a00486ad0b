/**
 * Critical records behind a queue of routine ones: the priority lane against one FIFO ring, the same load and the same consumer.
 *
 *   producer (this thread, an open loop) -> priority lane or gated ring -> consumer (worker) that takes 2 us over each unit
 *
 * A round is quiet first: 95,000 routine and 5,000 critical units a second, a fifth of what the consumer can do. Then routine units come ten
 * times as often in a burst, pile up, and are worked off again; at last all units do. Routine ones go round 8,192 instruments, as bars do.
 * Latency is that of critical units, from the moment at which one was meant to be put to the end of the consumer's work on it. Both threads
 * read clocks tied to the process-wide one by bracketing. Not measured: what the shards do before, what a sink does behind.
 */
import v8 from "node:v8";
import { Worker, parentPort, workerData } from "node:worker_threads";
import { LiveClock } from "../src/kernel/core/clock.ts";
import { StreamError } from "../src/kernel/core/errors.ts";
import { mix32 } from "../src/kernel/core/hash.ts";
import { Random } from "../src/kernel/core/random.ts";
import { FULL } from "../src/kernel/core/status.ts";
import { FLAG_CRITICAL, FLAG_LAST } from "../src/kernel/record/flags.ts";
import {
  HEADER_FLAGS_U16,
  HEADER_INSTRUMENT_U32,
  HEADER_SEQUENCE_F64,
  HEADER_TS_RECV_F64,
  HEADER_WORD_I32,
  TYPE_BAR,
  TYPE_SIGNAL,
  headerWord,
} from "../src/kernel/record/header.ts";
import { Slots } from "../src/kernel/record/slots.ts";
import { GatedRing } from "../src/kernel/ring/gated-ring.ts";
import { PriorityLane, type PriorityLaneSizes } from "../src/kernel/ring/priority-lane.ts";
import { PriorityReader } from "../src/kernel/ring/priority-reader.ts";
import { PriorityWriter } from "../src/kernel/ring/priority-writer.ts";
import { hexWord, median, type Effort, type Percentiles, type Result } from "./harness.ts";
import { HiccupMeter, type HiccupSummary } from "./hiccup-meter.ts";

const INSTRUMENTS = 8192;
/** What the consumer takes over a unit. */
const WORK_NS = 2000;
/** Units a second when it is quiet; ten times as many in a burst. */
const ROUTINE_RATE = 95_000;
const CRITICAL_RATE = 5000;
const BURST = 10;
const BURST_NS = 10e6;
/** From one burst to the next: the queue of a burst is gone some 13 ms after it, later on a host that has other work. */
const CYCLE_NS = 80e6;
const SIZES: PriorityLaneSizes = { routine: 1 << 15, critical: 1 << 12, instruments: INSTRUMENTS };
const RING_SLOTS = 1 << 16;
/** Pairs of rounds that are thrown away at most, until one collects no garbage. */
const WARM_PAIRS_MAX = 3;
/** From the moment at which both threads are there to the first unit. */
const LEAD_NS = 1e5;
/** Records of a unit: a bar and its tail, a signal and its values. */
const UNIT_RECORDS = 2;
const RIVAL = "one FIFO gated ring, same load and consumer";

/** Words shared with the consumer: it is there; begin; all units are taken. */
const READY = 0;
const GO = 1;
const DONE = 2;
const WORDS = 3;

type Way = "lane" | "fifo";

/** The parts of a round, and by how much routine and critical units are more in its burst. */
const PARTS = [
  { name: "quiet", routine: 1, critical: 1 },
  { name: "burst", routine: BURST, critical: 1 },
  { name: "burst-of-all", routine: BURST, critical: BURST },
] as const;
const QUIET = 0;
const ROUTINE_BURST = 1;

interface Task {
  readonly bench: "priority";
  readonly lane: SharedArrayBuffer;
  readonly ring: SharedArrayBuffer;
  readonly words: Int32Array;
  readonly anchorNs: number;
}

/** One round, as it is asked for and as it is answered. */
interface Round {
  readonly way: Way;
  readonly units: number;
  readonly criticals: number;
  /** The sequences at which the parts end. */
  readonly ends: readonly number[];
}
interface Answer {
  /** Critical latencies by part, ns, ascending. */
  readonly parts: readonly Float64Array[];
  readonly hash: number;
  readonly gcEvents: number;
}

/** When what is put: times in ns from the start of the round. */
interface Schedule {
  readonly at: Float64Array;
  readonly instrument: Uint32Array;
  readonly isCritical: Uint8Array;
  readonly round: Omit<Round, "way">;
}

/** Units that come by chance; a quiet part is as long as one with a burst. */
function createSchedule(): Schedule {
  const random = new Random(new Int32Array(4), 7);
  const at: number[] = [];
  const isCritical: number[] = [];
  const ends: number[] = [];
  let ns = 0;
  for (const part of PARTS) {
    for (const end = (ends.length + 1) * CYCLE_NS; ns < end;) {
      const inBurst = ns % CYCLE_NS < BURST_NS;
      const routine = ROUTINE_RATE * (inBurst ? part.routine : 1);
      const critical = CRITICAL_RATE * (inBurst ? part.critical : 1);
      at.push(ns);
      isCritical.push(random.nextBelow(routine + critical) < critical ? 1 : 0);
      ns += (-Math.log((random.nextBelow(1e9) + 1) / 1e9) * 1e9) / (routine + critical);
    }
    ends.push(at.length);
  }
  const instrument = Uint32Array.from(isCritical, (critical, n) => (critical === 1 ? random.nextBelow(INSTRUMENTS) : n % INSTRUMENTS));
  const criticals = isCritical.reduce((sum, each) => sum + each, 0);
  return { at: Float64Array.from(at), instrument, isCritical: Uint8Array.from(isCritical), round: { units: at.length, criticals, ends } };
}

/** The two ways to the consumer, as the producer uses them. */
class Producer {
  private readonly clock: LiveClock;
  private readonly writer: PriorityWriter;
  private readonly ring: GatedRing;
  private readonly staging: Slots = Slots.create(UNIT_RECORDS);
  /** When the round began; when the next unit is to be put. In cells, so that neither is boxed. */
  private readonly times: Float64Array = new Float64Array(2);

  constructor(clock: LiveClock, lane: PriorityLane, ring: GatedRing) {
    this.clock = clock;
    this.writer = new PriorityWriter(lane);
    this.ring = ring;
  }

  /** Puts every unit at its time, or at once when it is late. */
  play(schedule: Schedule, way: Way): void {
    this.times[0] = this.clock.now() + LEAD_NS;
    for (let n = 0; n < schedule.at.length; n++) {
      this.times[1] = this.times[0] + schedule.at[n];
      this.awaitTime();
      this.stage(schedule, n);
      if (way === "lane") this.putInLane();
      else this.putInRing();
    }
  }

  private awaitTime(): void {
    while (this.clock.now() < this.times[1]);
  }

  private stage({ instrument, isCritical }: Schedule, n: number): void {
    const { i32, u32, f64 } = this.staging;
    const flags = isCritical[n] === 1 ? FLAG_CRITICAL : 0;
    for (let record = 0; record < UNIT_RECORDS; record++) {
      i32[record * 16 + HEADER_WORD_I32] = headerWord(flags === 0 ? TYPE_BAR : TYPE_SIGNAL, record === UNIT_RECORDS - 1 ? flags | FLAG_LAST : flags);
      u32[record * 16 + HEADER_INSTRUMENT_U32] = instrument[n];
      f64[record * 8 + HEADER_SEQUENCE_F64] = n;
      f64[record * 8 + HEADER_TS_RECV_F64] = this.times[1];
    }
  }

  private putInLane(): void {
    for (let record = 0; record < UNIT_RECORDS; record++) while (this.writer.put(this.staging, record) === FULL) this.writer.commit();
    this.writer.commit();
  }

  private putInRing(): void {
    const { ring } = this;
    for (let record = 0; record < UNIT_RECORDS; record++) {
      let slot = ring.claim();
      while (slot === FULL) {
        ring.commit();
        slot = ring.claim();
      }
      ring.slots.copyFrom(this.staging, record, slot);
    }
    ring.commit();
  }
}

/** The consumer: the same work on each unit, whichever way it came. */
class Consumer {
  private readonly clock: LiveClock;
  private readonly reader: PriorityReader;
  private readonly ring: GatedRing;
  private latencies: Float64Array = new Float64Array(0);
  private sequences: Float64Array = new Float64Array(0);
  private count = 0;
  private hash = 0;

  constructor(task: Task) {
    this.clock = new LiveClock(0, task.anchorNs);
    this.reader = new PriorityReader(new PriorityLane(task.lane, 0, SIZES));
    this.ring = new GatedRing(task.ring, 0, RING_SLOTS);
  }

  /** Takes all units of a round; `ready` is called before the first. */
  run(round: Round, ready: () => void): Answer {
    this.latencies = new Float64Array(round.criticals);
    this.sequences = new Float64Array(round.criticals);
    this.count = 0;
    this.hash = 0;
    const profiler = new v8.GCProfiler();
    profiler.start();
    ready();
    for (let done = 0; done < round.units;) done += round.way === "lane" ? this.takeFromLane() : this.takeFromRing();
    this.reader.take(); // gives the last unit back
    const gcEvents = profiler.stop()?.statistics.length ?? 0;
    const parts = round.ends.map((end, part) => {
      const from = part === 0 ? 0 : round.ends[part - 1];
      return this.latencies.filter((_, n) => this.sequences[n] >= from && this.sequences[n] < end).sort();
    });
    return { parts, hash: this.hash, gcEvents };
  }

  private takeFromLane(): number {
    const { reader } = this;
    if (reader.take() === 0) return 0;
    this.work(reader.slots, reader.slotAt(0));
    return 1;
  }

  private takeFromRing(): number {
    const { ring } = this;
    if (ring.available() < UNIT_RECORDS) return 0;
    this.work(ring.slots, ring.slotAt(0));
    ring.release(UNIT_RECORDS);
    return 1;
  }

  private work(slots: Slots, slot: number): void {
    const until = this.clock.now() + WORK_NS;
    const sequence = slots.f64[slot * 8 + HEADER_SEQUENCE_F64];
    this.hash = (this.hash + mix32(sequence)) | 0; // of the set, not of its order
    let now = this.clock.now();
    while (now < until) now = this.clock.now();
    if ((slots.u16[slot * 32 + HEADER_FLAGS_U16] & FLAG_CRITICAL) === 0) return;
    this.latencies[this.count] = now - slots.f64[slot * 8 + HEADER_TS_RECV_F64];
    this.sequences[this.count++] = sequence;
  }
}

/** Both threads over a round; its answers, with the collections of both. */
class Threads {
  readonly clock: LiveClock = new LiveClock();
  private readonly words: Int32Array = new Int32Array(new SharedArrayBuffer(WORDS * 4));
  private readonly producer: Producer;
  private readonly worker: Worker;

  constructor() {
    const lane = PriorityLane.create(SIZES);
    const ring = GatedRing.create(RING_SLOTS);
    this.producer = new Producer(this.clock, lane, ring);
    const task: Task = { bench: "priority", lane: lane.buffer, ring: ring.buffer, words: this.words, anchorNs: this.clock.anchorNs };
    this.worker = new Worker(new URL(import.meta.url), { workerData: task });
  }

  async play(schedule: Schedule, way: Way): Promise<Answer> {
    const { words, worker } = this;
    words.fill(0);
    const told = new Promise<Answer>((resolve, reject) => {
      worker.removeAllListeners();
      worker.once("message", resolve);
      worker.once("error", reject);
    });
    worker.postMessage({ ...schedule.round, way } satisfies Round);
    Atomics.wait(words, READY, 0, 10_000);
    const profiler = new v8.GCProfiler();
    profiler.start();
    Atomics.store(words, GO, 1);
    this.producer.play(schedule, way);
    while (Atomics.load(words, DONE) === 0);
    const gcEvents = profiler.stop()?.statistics.length ?? 0;
    const answer = await told;
    return { ...answer, gcEvents: answer.gcEvents + gcEvents };
  }

  async close(): Promise<void> {
    await this.worker.terminate();
  }
}

interface Pair {
  readonly lane: Answer;
  readonly fifo: Answer;
}

const at = (sorted: Float64Array, share: number): number => sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)];
const p99Of = (answer: Answer, part: number): number => at(answer.parts[part], 0.99);
const over = ({ parts }: Answer, part: number, share: number): number => at(parts[part], share) / at(parts[QUIET], share);
const digits = (value: number): number => Number(value.toPrecision(3));

/** Percentiles of all rounds together. */
function percentiles(answers: readonly Answer[], part: number): Percentiles {
  const all = Float64Array.from(answers.flatMap(({ parts }) => [...parts[part]])).sort();
  const [p50, p90, p99, p999, max] = [0.5, 0.9, 0.99, 0.999, 1].map((share) => Math.round(at(all, share)));
  return { p50, p90, p99, p999, max };
}

/** One part of the rounds: p99 as the median of the rounds. */
function rowOf(part: number, pairs: readonly Pair[], hiccups: HiccupSummary): Result {
  const lanes = pairs.map(({ lane }) => lane);
  const fifos = pairs.map(({ fifo }) => fifo);
  return {
    ...common(pairs),
    ...percentiles(lanes, part),
    name: `priority/${PARTS[part].name}`,
    unit: "ns",
    value: Math.round(median(lanes.map((lane) => p99Of(lane, part)))),
    rivalValue: Math.round(median(fifos.map((fifo) => p99Of(fifo, part)))),
    ratio: digits(median(pairs.map(({ lane, fifo }) => p99Of(lane, part) / p99Of(fifo, part)))),
    rivalLatency: percentiles(fifos, part),
    hiccups,
    detail: { routineRate: ROUTINE_RATE * PARTS[part].routine, criticalRate: CRITICAL_RATE * PARTS[part].critical, workNs: WORK_NS, instruments: INSTRUMENTS },
  };
}

/** How long a burst of routine units makes it, in % of what it is when it is quiet: the median of the rounds. */
function overQuiet(pairs: readonly Pair[]): Result {
  const percent = (way: Way, share: number): number => Math.round(100 * median(pairs.map((pair) => over(pair[way], ROUTINE_BURST, share))));
  const ratio = median(pairs.map(({ lane, fifo }) => over(lane, ROUTINE_BURST, 0.99) / over(fifo, ROUTINE_BURST, 0.99)));
  const [p50, value, p999] = [0.5, 0.99, 0.999].map((share) => percent("lane", share));
  const rivalValue = percent("fifo", 0.99);
  return { ...common(pairs), name: "priority/burst-over-quiet", unit: "%", value, rivalValue, ratio: digits(ratio), p50, p99: value, p999, max: null };
}

function common(pairs: readonly Pair[]): Pick<Result, "rival" | "gcEvents" | "hash"> {
  return { rival: RIVAL, gcEvents: pairs.reduce((sum, { lane }) => sum + lane.gcEvents, 0), hash: hexWord(pairs[0].lane.hash) };
}

async function playPair(threads: Threads, schedule: Schedule): Promise<Pair> {
  const lane = await threads.play(schedule, "lane");
  const fifo = await threads.play(schedule, "fifo");
  if (lane.hash !== fifo.hash) throw new StreamError("INVARIANT", "priority: the lane and the ring delivered other units");
  return { lane, fifo };
}

/** Rounds of both ways in turns. INVARIANT when they did not deliver the same units. */
export async function benchPriority(effort: Effort): Promise<Result[]> {
  const schedule = createSchedule();
  const threads = new Threads();
  const meter = await HiccupMeter.start(2, threads.clock);
  const pairs: Pair[] = [];
  try {
    const pairSeconds = (schedule.at[schedule.at.length - 1] / 1e9) * 2;
    const wanted = effort.small ? 1 : Math.max(5, Math.round(effort.seconds / pairSeconds));
    if (!effort.small) for (let n = 0; n < WARM_PAIRS_MAX && (await playPair(threads, schedule)).lane.gcEvents > 0; n++);
    meter.begin();
    for (let n = 0; n < wanted; n++) pairs.push(await playPair(threads, schedule));
    const hiccups = meter.summary();
    return [...PARTS.map((_, part) => rowOf(part, pairs, hiccups)), overQuiet(pairs)];
  } finally {
    await threads.close();
    await meter.stop();
  }
}

/** This file is its own worker. */
function serve(task: Task): void {
  const consumer = new Consumer(task);
  parentPort?.on("message", (round: Round) => {
    const answer = consumer.run(round, () => {
      Atomics.store(task.words, READY, 1);
      Atomics.notify(task.words, READY);
      while (Atomics.load(task.words, GO) === 0);
    });
    Atomics.store(task.words, DONE, 1);
    parentPort?.postMessage(answer); // oxlint-disable-line unicorn/require-post-message-target-origin -- a port between threads has no origin
  });
}

if ((workerData as Partial<Task> | null)?.bench === "priority") serve(workerData as Task);
