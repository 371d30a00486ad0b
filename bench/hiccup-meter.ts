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
export const METER_COUNT = 0;
export const METER_STOP = 1;
export const METER_READY = 2;
export const METER_WORDS = 3;
/** Doubles: processor time of the meter's thread in ns; then a row of (from, to) for each pause, the newest over the oldest. */
export const METER_CPU = 0;
export const METER_FIRST_ROW = 2;
export const METER_ROWS = 4096;

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

export class HiccupMeter {
  readonly cadence: MeterCadence;
  readonly thresholdNs: number;
  private readonly words: Int32Array;
  private readonly rows: Float64Array;
  private readonly worker: Worker;
  private first = 0;

  private constructor(cadence: MeterCadence, clock: LiveClock) {
    this.cadence = cadence;
    this.thresholdNs = THRESHOLD_NS[cadence];
    this.words = new Int32Array(new SharedArrayBuffer(METER_WORDS * 4));
    this.rows = new Float64Array(new SharedArrayBuffer((METER_FIRST_ROW + METER_ROWS * 2) * 8));
    const { words, rows, thresholdNs } = this;
    const task: MeterTask = { words, rows, cadence, thresholdNs, anchorNs: clock.anchorNs };
    this.worker = new Worker(new URL("./hiccup-worker.ts", import.meta.url), { workerData: task });
  }

  /** Starts the thread. `spinning`: threads of the bench that never sleep, this one among them. `clock`: whose times overlaps() is asked with. */
  static async start(spinning: number, clock: LiveClock = new LiveClock()): Promise<HiccupMeter> {
    const spare = availableParallelism() - spinning;
    const meter = new HiccupMeter(spare >= 2 ? "spin" : spare === 1 ? "1 ms" : "10 ms", clock);
    while (Atomics.load(meter.words, METER_READY) === 0) await new Promise((resolve) => setTimeout(resolve, 1));
    return meter;
  }

  /** Forgets what came before. */
  begin(): void {
    this.first = Atomics.load(this.words, METER_COUNT);
  }

  /** Processor time that its thread has taken so far, as it last told. */
  get cpuNs(): number {
    return this.rows[METER_CPU];
  }

  /** What was seen since begin(). Of more than 4,096 pauses the oldest only count. */
  summary(): HiccupSummary {
    const count = Atomics.load(this.words, METER_COUNT);
    let totalNs = 0;
    let maxNs = 0;
    for (let i = Math.max(this.first, count - METER_ROWS); i < count; i++) {
      const pauseNs = this.to(i) - this.from(i);
      totalNs += pauseNs;
      if (pauseNs > maxNs) maxNs = pauseNs;
    }
    const { thresholdNs, cadence } = this;
    return { count: count - this.first, totalNs: Math.round(totalNs), maxNs: Math.round(maxNs), thresholdNs, cadence };
  }

  /** Whether it was held up at some moment of [fromNs, toNs]. */
  overlaps(fromNs: number, toNs: number): boolean {
    const count = Atomics.load(this.words, METER_COUNT);
    for (let i = Math.max(this.first, count - METER_ROWS); i < count; i++) if (this.from(i) <= toNs && this.to(i) >= fromNs) return true;
    return false;
  }

  /** Ends the thread. */
  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.worker.once("exit", resolve));
    Atomics.store(this.words, METER_STOP, 1);
    Atomics.notify(this.words, METER_STOP);
    await ended;
  }

  private from(pause: number): number {
    return this.rows[METER_FIRST_ROW + (pause % METER_ROWS) * 2];
  }

  private to(pause: number): number {
    return this.rows[METER_FIRST_ROW + (pause % METER_ROWS) * 2 + 1];
  }
}
