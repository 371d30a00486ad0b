/**
 * How everything here is measured: ours and its rival in turns (A B A B ...), after a warm-up, in one process and one minute.
 *
 * The value is the median of the rounds and the ratio the median of the ratios of neighbouring rounds, so that a host whose speed
 * changes from second to second shifts both sides alike. Garbage collections are counted by v8.GCProfiler strictly around our part.
 * Percentiles are ns per operation of a lap (some hundred operations), over all measured rounds. Cold.
 */
import v8 from "node:v8";
import { StreamError } from "../src/kernel/core/errors.ts";
import type { HiccupSummary } from "./hiccup-meter.ts";

/** Latencies in ns. */
export interface Percentiles {
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/** One line of the report. */
export interface Result {
  readonly name: string;
  /** Operations a second, or a latency in ns: the median of the rounds. */
  readonly value: number;
  /** "ns" for latencies, else operations a second. */
  readonly unit: string;
  /** What it was measured against, or null when that could not be had. */
  readonly rival: string | null;
  readonly rivalValue: number | null;
  /** Ours / rival, the median over pairs of rounds: above 1 is better for a rate, below 1 for a latency. */
  readonly ratio: number | null;
  readonly p50: number | null;
  readonly p99: number | null;
  readonly p999: number | null;
  readonly max: number | null;
  readonly gcEvents: number;
  /** Of the work's result: equal to the rival's, where both do the same work. */
  readonly hash: string;
  /** Why there is no rival. */
  readonly skipped?: string;
  readonly p90?: number;
  /** The rival's latencies, where it measures them as we do. */
  readonly rivalLatency?: Percentiles;
  /** Operations that were offered and not done. */
  readonly lost?: number;
  /** Standard deviation of the latencies in ns, and that without the samples during which the host held us up. */
  readonly sd?: number;
  readonly sdWithoutHiccups?: number;
  /** When the host held up the hiccup meter's thread while this was measured. */
  readonly hiccups?: HiccupSummary;
  /** Whatever else the bench has to tell. */
  readonly detail?: Readonly<Record<string, unknown>>;
}

/** One round. */
export interface Sample {
  readonly operations: number;
  readonly ns: number;
  readonly hash: string;
  /** Collections that the round counted itself, in other threads. */
  readonly gcEvents?: number;
}

/** One contestant: each run does the same work from the same start. */
export interface Side {
  /** Brings the state back to the start: not measured. */
  prepare?(): void;
  run(): Sample | Promise<Sample>;
}

export interface Rival extends Side {
  readonly name: string;
  /** Whether its hash must equal ours; true unless stated. */
  readonly sameWork?: boolean;
}

export interface Contest {
  readonly name: string;
  readonly unit: string;
  readonly ours: Side;
  /** The rival, or why there is none. */
  readonly rival: Rival | string;
  /** Latencies of our rounds, where they make sense. */
  readonly laps?: Latencies;
}

/** Where latencies are kept. */
export interface Latencies {
  /** Forgets the warm-up. */
  clear(): void;
  /** p50, p99, p999 and max in ns; empty when nothing was recorded. */
  percentiles(): readonly (number | null)[];
}

/** How long to measure, and at what pace. */
export interface Effort {
  readonly seconds: number;
  readonly small: boolean;
  /** Operations a second of a paced bench; its own default if left out. */
  readonly rate?: number;
  /** How many times the rate for 100 ms of each second; none if left out. */
  readonly burst?: number;
}

const WARM_ROUNDS = 3;
const WARM_ROUNDS_MAX = 12;
const ROUNDS_MIN = 5;
const ROUNDS_MAX = 200;

/** Runs both sides in turns until the measured time is used up. INVARIANT when two that do the same work disagree. */
export async function compete(contest: Contest, effort: Effort): Promise<Result> {
  const { ours, rival, laps } = contest;
  const opponent = typeof rival === "string" ? null : rival;
  const warmRounds = effort.small ? 1 : WARM_ROUNDS;
  for (let i = 0; i < warmRounds; i++) {
    const mine = await runOnce(ours);
    const theirs = opponent === null ? null : await runOnce(opponent);
    if (theirs !== null && opponent?.sameWork !== false) requireSame(contest.name, mine, theirs);
  }
  laps?.clear();
  const values: number[] = [];
  const rivalValues: number[] = [];
  const ratios: number[] = [];
  let gcEvents = 0;
  let hash = "";
  let usedNs = 0;
  const leastRounds = effort.small ? 1 : ROUNDS_MIN;
  for (let round = 0; round < ROUNDS_MAX && (round < leastRounds || usedNs < effort.seconds * 1e9); round++) {
    const mine = await measured(ours);
    values.push(rate(mine.sample));
    gcEvents += mine.gcEvents;
    usedNs += mine.sample.ns;
    hash = mine.sample.hash;
    if (opponent === null) continue;
    const theirs = await runOnce(opponent);
    if (opponent.sameWork !== false) requireSame(contest.name, mine.sample, theirs);
    rivalValues.push(rate(theirs));
    ratios.push(rate(mine.sample) / rate(theirs));
    usedNs += theirs.ns;
  }
  const [p50 = null, p99 = null, p999 = null, max = null] = laps?.percentiles() ?? [];
  return {
    name: contest.name,
    value: Math.round(median(values)),
    unit: contest.unit,
    rival: opponent?.name ?? null,
    rivalValue: opponent === null ? null : Math.round(median(rivalValues)),
    ratio: opponent === null ? null : rounded(median(ratios)),
    p50,
    p99,
    p999,
    max,
    gcEvents,
    hash,
    ...(typeof rival === "string" ? { skipped: rival } : {}),
  };
}

/** One round of a paced load: latencies from the intended time of each operation. */
export interface LatencySample extends Sample {
  readonly latency: Percentiles;
}

/** One contestant whose latencies are compared. */
export interface LatencySide {
  run(): LatencySample | Promise<LatencySample>;
}

export interface LatencyContest {
  readonly name: string;
  readonly ours: LatencySide;
  /** The rival, or why there is none. */
  readonly rival: (LatencySide & { readonly name: string }) | string;
  /** One row each, named `name/p50` and so on. */
  readonly rows: readonly (keyof Percentiles)[];
}

/** Runs both sides in turns as compete() does; the ratio is latency over latency, so below 1 is better. INVARIANT when they disagree. */
export async function competeLatency(contest: LatencyContest, effort: Effort): Promise<Result[]> {
  const { name, ours, rival } = contest;
  const opponent = typeof rival === "string" ? null : rival;
  const mine: LatencySample[] = [];
  const theirs: LatencySample[] = [];
  if (!effort.small) await warmLatency(ours);
  const rounds = effort.small ? 1 : ROUNDS_MIN;
  for (let round = 0; round < rounds; round++) {
    mine.push(await ours.run());
    if (opponent === null) continue;
    theirs.push(await opponent.run());
    requireSame(name, mine[round], theirs[round]);
  }
  const latency = medians(mine);
  const rivalLatency = opponent === null ? null : medians(theirs);
  return contest.rows.map((row) => ({
    name: `${name}/${row}`,
    value: latency[row],
    unit: "ns",
    rival: opponent?.name ?? null,
    rivalValue: rivalLatency?.[row] ?? null,
    ratio: opponent === null ? null : rounded(median(mine.map((sample, i) => sample.latency[row] / theirs[i].latency[row]))),
    ...latency,
    gcEvents: mine.reduce((sum, sample) => sum + (sample.gcEvents ?? 0), 0),
    hash: mine[0].hash,
    ...(rivalLatency === null ? {} : { rivalLatency }),
    ...(typeof rival === "string" ? { skipped: rival } : {}),
  }));
}

/** Rounds that are thrown away: some, and then until one collects nothing, which is when its code has been compiled. */
async function warmLatency(side: LatencySide): Promise<void> {
  for (let round = 1; round <= WARM_ROUNDS_MAX; round++) {
    const { gcEvents = 0 } = await side.run();
    if (round >= WARM_ROUNDS && gcEvents === 0) return;
  }
}

/** The median round of each percentile, and the largest maximum. */
function medians(samples: readonly LatencySample[]): Percentiles {
  const of = (key: keyof Percentiles): number => Math.round(median(samples.map((sample) => sample.latency[key])));
  return { p50: of("p50"), p90: of("p90"), p99: of("p99"), p999: of("p999"), max: Math.max(...samples.map((sample) => sample.latency.max)) };
}

function rate(sample: Sample): number {
  return (sample.operations / sample.ns) * 1e9;
}

async function runOnce(side: Side): Promise<Sample> {
  side.prepare?.();
  return side.run();
}

/** One round with the collector watched from its first to its last operation. */
async function measured(side: Side): Promise<{ sample: Sample; gcEvents: number }> {
  side.prepare?.();
  const profiler = new v8.GCProfiler();
  profiler.start();
  const answer = side.run();
  const events = profiler.stop()?.statistics.length ?? 0; // what a round does after its first await is not its work
  const sample = await answer;
  return { sample, gcEvents: events + (sample.gcEvents ?? 0) };
}

function requireSame(name: string, mine: Sample, theirs: Sample): void {
  if (mine.hash === theirs.hash && mine.operations === theirs.operations) return;
  throw new StreamError(
    "INVARIANT",
    `${name}: expected the rival's ${theirs.operations} operations with hash ${theirs.hash}, got ${mine.operations} with ${mine.hash}`,
  );
}

/** The middle value; the mean of the two middle ones of an even number. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

function rounded(value: number): number {
  return Number(value.toPrecision(3));
}

/** Time stamps around laps of a fixed number of operations, kept without a word of garbage. */
export class Laps implements Latencies {
  private readonly operations: number;
  private readonly spans: Float64Array;
  private count = 0;
  private readonly last: Float64Array = new Float64Array(1);

  /** `operations` of one lap; at most `capacity` laps are kept. */
  constructor(operations: number, capacity: number = 1 << 20) {
    this.operations = operations;
    this.spans = new Float64Array(capacity);
  }

  clear(): void {
    this.count = 0;
  }

  /** Before the first operation of a round. */
  begin(): void {
    this.last[0] = performance.now();
  }

  /** After each lap. */
  lap(): void {
    const now = performance.now();
    if (this.count < this.spans.length) this.spans[this.count++] = now - this.last[0];
    this.last[0] = now;
  }

  /** p50, p99, p999 and max in ns an operation. */
  percentiles(): (number | null)[] {
    if (this.count === 0) return [];
    const sorted = this.spans.slice(0, this.count).sort();
    const at = (part: number): number => rounded((sorted[Math.min(this.count - 1, Math.ceil(part * this.count) - 1)] * 1e6) / this.operations);
    return [at(0.5), at(0.99), at(0.999), at(1)];
  }
}

/** Eight hexadecimal digits of a 32-bit word. */
export function hexWord(word: number): string {
  return (word >>> 0).toString(16).padStart(8, "0");
}

/** One step of the check sum that the rivals in C++ take too: see baseline/rival.hpp. */
export function mixWord(hash: number, word: number): number {
  const mixed = hash ^ Math.imul(word, 0xcc9e2d51);
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0;
}
