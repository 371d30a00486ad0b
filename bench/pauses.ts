/**
 * Which samples of a paced run were late because the host held this thread up: they are kept apart, and judged when the run is over.
 *
 * A gap is a span without progress. Between two readings of the clock with nothing between them, any gap is the host's (collections are
 * counted elsewhere; while there is one, no gap is believed). Within a piece of work it is the host's if the kernel's scheduler says that
 * this thread waited for a processor for half of it or more (Linux: the run delay of /proc/thread-self/schedstat), or if the hiccup meter
 * was held up at the same moment. All other gaps are ours. The samples of a gap are those that end after it, until nothing is waiting
 * any more, for ten times its length at most; a shorter gap among them is part of it. What is held back here is in the raw figures like
 * any other sample.
 */
import { openSync, readSync, closeSync } from "node:fs";
import type { Histogram } from "../src/control/histogram.ts";

/** Shortest gap between two readings with nothing between them, and within a piece of work. */
export const IDLE_GAP_NS = 10_000;
export const WORK_GAP_NS = 30_000;

/** Cells of the row in which the loop tells its times. */
export const TIME_NOW = 0;
/** End of the last turn. */
export const TIME_LAST = 1;
/** When what was just done was finished. */
export const TIME_END = 2;
/** Intended time of the sample that is recorded. */
export const TIME_DUE = 3;
export const TIME_CELLS = 8;

const EPISODES_MAX = 1 << 14;
const SAMPLES_MAX = 1 << 20;
const EPISODE_PER_GAP = 10;

const FROM = 0;
const TO = 1;
const HELD_UP = 2;
const FIRST = 3;
const CELLS = 4;

const UNTIL = 0;
const GAP = 1;

/** Says whether the host held another thread up at some moment of a span: a HiccupMeter does. */
export interface HostWitness {
  overlaps(fromNs: number, toNs: number): boolean;
}

/** Says how long this thread has waited for a processor since it was last asked. */
export interface DelayWitness {
  grown(): number;
  close(): void;
}

export interface PauseSummary {
  /** Gaps that were the host's, and all. */
  readonly host: number;
  readonly gaps: number;
  readonly hostNs: number;
  /** Samples without which the second set of figures is taken. */
  readonly samples: number;
}

export class Pauses {
  private readonly times: Float64Array;
  private readonly calm: Histogram;
  private readonly episodes: Float64Array = new Float64Array(EPISODES_MAX * CELLS);
  /** Latencies in ns, an episode's behind each other. */
  private readonly samples: Int32Array = new Int32Array(SAMPLES_MAX);
  /** Of the open episode: until when it lasts at most, and the length of its gap. */
  private readonly current: Float64Array = new Float64Array(2);
  private readonly delay: DelayWitness;
  private count = 0;
  private kept = 0;
  private open = false;

  /** `times`: the loop's TIME_* cells. `calm`: takes every sample that is not the host's. */
  constructor(times: Float64Array, calm: Histogram, delay: DelayWitness = new RunDelay()) {
    this.times = times;
    this.calm = calm;
    this.delay = delay;
  }

  /** Forgets everything. */
  reset(): void {
    this.count = 0;
    this.kept = 0;
    this.open = false;
    this.delay.grown();
  }

  /** Nothing was done from TIME_LAST to TIME_NOW. */
  onIdleGap(): void {
    const gap = this.times[TIME_NOW] - this.times[TIME_LAST];
    this.delay.grown();
    this.begin(TIME_LAST, TIME_NOW, gap);
  }

  /** A piece of work took from TIME_NOW to TIME_END. */
  onWorkGap(): void {
    this.begin(TIME_NOW, TIME_END, this.delay.grown());
  }

  /** Nothing is waiting any more. */
  onDrained(): void {
    this.open = false;
  }

  /** Records TIME_END - TIME_DUE. */
  record(): void {
    const times = this.times;
    if (this.open && this.kept < SAMPLES_MAX && times[TIME_END] < this.current[UNTIL]) {
      const ns = times[TIME_END] - times[TIME_DUE];
      this.samples[this.kept++] = ns < 2_147_483_647 ? ns : 2_147_483_647;
    } else this.calm.recordSpan(times, TIME_DUE, TIME_END);
  }

  /** Judges every gap and gives the samples of ours to the calm ones. `collections`: of this thread, meanwhile. Cold. */
  settle(witness: HostWitness, collections: number): PauseSummary {
    let host = 0;
    let hostNs = 0;
    let held = 0;
    for (let i = 0; i < this.count; i++) {
      const row = this.episodes.subarray(i * CELLS, (i + 1) * CELLS);
      const end = i + 1 < this.count ? this.episodes[(i + 1) * CELLS + FIRST] : this.kept;
      const gapNs = row[TO] - row[FROM];
      const isHost = (collections === 0 && row[HELD_UP] >= gapNs / 2) || witness.overlaps(row[FROM], row[TO]);
      if (isHost) {
        host++;
        hostNs += gapNs;
        held += end - row[FIRST];
      } else for (let k = row[FIRST]; k < end; k++) this.calm.record(this.samples[k]);
    }
    return { host, gaps: this.count, hostNs: Math.round(hostNs), samples: held };
  }

  close(): void {
    this.delay.close();
  }

  private begin(from: number, to: number, heldUpNs: number): void {
    const { times, current } = this;
    const gap = times[to] - times[from];
    if (this.open && gap <= current[GAP] && times[to] < current[UNTIL]) return;
    if (this.count === EPISODES_MAX) return;
    const at = this.count++ * CELLS;
    const episodes = this.episodes;
    episodes[at + FROM] = times[from];
    episodes[at + TO] = times[to];
    episodes[at + HELD_UP] = heldUpNs;
    episodes[at + FIRST] = this.kept;
    current[UNTIL] = times[to] + EPISODE_PER_GAP * gap;
    current[GAP] = gap;
    this.open = true;
  }
}

/** How long this thread has waited for a processor, by the kernel's scheduler; 0 where the kernel does not tell. 1 us a reading, no garbage. */
class RunDelay implements DelayWitness {
  private readonly file: number;
  private readonly text: Buffer = Buffer.alloc(96);
  private readonly last: Float64Array = new Float64Array(1);

  constructor() {
    this.file = openOr("/proc/thread-self/schedstat");
    this.grown();
  }

  /** Nanoseconds since the last call. */
  grown(): number {
    if (this.file < 0) return 0;
    const { text } = this;
    readSync(this.file, text, 0, text.length, 0);
    let at = 0;
    while (text[at] > 32) at++; // time on a processor
    let ns = 0;
    for (at++; text[at] > 32; at++) ns = ns * 10 + text[at] - 48;
    const grown = ns - this.last[0];
    this.last[0] = ns;
    return grown;
  }

  close(): void {
    if (this.file >= 0) closeSync(this.file);
  }
}

function openOr(path: string): number {
  try {
    return openSync(path, "r");
  } catch {
    return -1; // not this operating system
  }
}
