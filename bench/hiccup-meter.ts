/**
 * Tells the host's pauses from ours: a thread that does nothing but read the clock, and notes in shared memory when it was held up.
 * After jHiccup (G. Tene). Latency benches start one, measure, and put its summary beside their own figures.
 *
 *   const meter = await HiccupMeter.start(1);     // one thread of this bench spins
 *   meter.begin();  ... measure ...  const hiccups = meter.summary();  await meter.stop();
 *
 * What it can tell: that the whole machine stood still, or the core that it ran on. What it cannot: a pause of another core alone, one
 * shorter than its threshold, and, while it sleeps between its looks, one that begins and ends within a sleep. So `hiccups` of 0 does not prove
 * a quiet host; many of them prove a loud one. It must not be in the way: with two cores or more to spare it spins, with one it sleeps for
 * 1 ms at a time, with none for 10 ms (each waking then costs a spinning thread some 10 us). Cold.
 */
import { availableParallelism } from "node:os";
import { Worker } from "node:worker_threads";
import { LiveClock } from "../src/kernel/core/clock.ts";

/** Shared words: pauses so far; the end; it runs. */
const COUNT = 0;
export const METER_STOP = 1;
export const METER_READY = 2;
const WORDS = 3;
/** Doubles: processor time of the meter's thread in ns; then a row of (from, to) for each pause, the newest over the oldest. */
const CPU = 0;
const FIRST_ROW = 2;
const ROWS = 4096;

/** How the meter waits between two looks at the clock. */
export type MeterCadence = "spin" | "1 ms" | "10 ms";

/** What its thread is started with. */
export interface MeterTask {
  readonly words: Int32Array;
  readonly rows: Float64Array;
  readonly cadence: MeterCadence;
  readonly thresholdNs: number;
  /** Of the clock of who started it: both count from the same moment. */
  readonly anchorNs: number;
}

export interface HiccupSummary {
  /** Pauses above the threshold. */
  readonly count: number;
  readonly totalNs: number;
  readonly maxNs: number;
  readonly thresholdNs: number;
  readonly cadence: MeterCadence;
}

/** Shorter delays are taken for the ordinary cost of a look: a sleeper's waking takes some 60 us. */
const THRESHOLD_NS: Readonly<Record<MeterCadence, number>> = { spin: 20_000, "1 ms": 250_000, "10 ms": 250_000 };

/** The pauses in shared memory: one thread looks, another reads. */
export class HiccupRows {
  readonly words: Int32Array;
  readonly rows: Float64Array;

  /** Over memory that another object has made, or its own. */
  constructor(
    words: Int32Array = new Int32Array(new SharedArrayBuffer(WORDS * 4)),
    rows: Float64Array = new Float64Array(new SharedArrayBuffer((FIRST_ROW + ROWS * 2) * 8)),
  ) {
    this.words = words;
    this.rows = rows;
  }

  /** Pauses so far. */
  get count(): number {
    return Atomics.load(this.words, COUNT);
  }

  get cpuNs(): number {
    return this.rows[CPU];
  }

  set cpuNs(ns: number) {
    this.rows[CPU] = ns;
  }

  /** A look that should have been at `dueNs` and was at `nowNs`: a pause, if that is later by the threshold or more. */
  look(dueNs: number, nowNs: number, thresholdNs: number): void {
    if (nowNs - dueNs < thresholdNs) return;
    const count = this.words[COUNT];
    const at = FIRST_ROW + (count % ROWS) * 2;
    this.rows[at] = dueNs;
    this.rows[at + 1] = nowNs;
    Atomics.store(this.words, COUNT, count + 1);
  }

  /** Count, sum and longest of the pauses from the `first` on. Of more than 4,096 the oldest only count. */
  sum(first: number): { count: number; totalNs: number; maxNs: number } {
    const count = this.count;
    let totalNs = 0;
    let maxNs = 0;
    for (let i = Math.max(first, count - ROWS); i < count; i++) {
      const pauseNs = this.to(i) - this.from(i);
      totalNs += pauseNs;
      if (pauseNs > maxNs) maxNs = pauseNs;
    }
    return { count: count - first, totalNs: Math.round(totalNs), maxNs: Math.round(maxNs) };
  }

  /** Whether one of the pauses from the `first` on touches [fromNs, toNs]. */
  overlaps(first: number, fromNs: number, toNs: number): boolean {
    const count = this.count;
    for (let i = Math.max(first, count - ROWS); i < count; i++) if (this.from(i) <= toNs && this.to(i) >= fromNs) return true;
    return false;
  }

  private from(pause: number): number {
    return this.rows[FIRST_ROW + (pause % ROWS) * 2];
  }

  private to(pause: number): number {
    return this.rows[FIRST_ROW + (pause % ROWS) * 2 + 1];
  }
}

export class HiccupMeter {
  readonly cadence: MeterCadence;
  readonly thresholdNs: number;
  private readonly pauses: HiccupRows = new HiccupRows();
  private readonly worker: Worker;
  private first = 0;

  private constructor(cadence: MeterCadence, clock: LiveClock) {
    this.cadence = cadence;
    this.thresholdNs = THRESHOLD_NS[cadence];
    const { words, rows } = this.pauses;
    const task: MeterTask = { words, rows, cadence, thresholdNs: this.thresholdNs, anchorNs: clock.anchorNs };
    this.worker = new Worker(new URL("./hiccup-worker.ts", import.meta.url), { workerData: task });
  }

  /** Starts the thread. `spinning`: threads of the bench that never sleep, this one among them. `clock`: whose times overlaps() is asked with. */
  static async start(spinning: number, clock: LiveClock = new LiveClock()): Promise<HiccupMeter> {
    const spare = availableParallelism() - spinning;
    const meter = new HiccupMeter(spare >= 2 ? "spin" : spare === 1 ? "1 ms" : "10 ms", clock);
    while (Atomics.load(meter.pauses.words, METER_READY) === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    return meter;
  }

  /** Forgets what came before. */
  begin(): void {
    this.first = this.pauses.count;
  }

  /** Processor time that its thread has taken so far, as it last told. */
  get cpuNs(): number {
    return this.pauses.cpuNs;
  }

  /** What was seen since begin(). */
  summary(): HiccupSummary {
    const { thresholdNs, cadence } = this;
    return { ...this.pauses.sum(this.first), thresholdNs, cadence };
  }

  /** Whether it was held up at some moment of [fromNs, toNs] since begin(). */
  overlaps(fromNs: number, toNs: number): boolean {
    return this.pauses.overlaps(this.first, fromNs, toNs);
  }

  /** Ends the thread. */
  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.worker.once("exit", resolve));
    Atomics.store(this.pauses.words, METER_STOP, 1);
    Atomics.notify(this.pauses.words, METER_STOP);
    await ended;
  }
}
