/**
 * An ITCH stream for a paced run of any length: a thread makes it ahead of time into shared memory, in the session's own order, without an end
 * or a seam, so that books, order numbers and times are those of one long day.
 *
 *   session (byte-maker, a thread) -> ring of chunks of whole messages, 256 MB at most -> reader
 *
 * What fits is made before create() answers: some 8 million messages, so shorter runs are measured with the maker asleep. A longer run takes
 * a quarter of another core for it, at a million messages a second; its processor time is told apart. The first 25 simulated
 * seconds hold the warm-up, so that every indicator has its bars; then the simulated rate is the paced one, burst for burst.
 */
import { Worker } from "node:worker_threads";
import { StreamError } from "../src/kernel/core/errors.ts";
import { findScenario, type Scenario, type Shock } from "../src/sim/scenario.ts";
import { preludeMessages } from "../src/sim/session.ts";
import { BENCH_INSTRUMENTS } from "./input.ts";

/** Shared words: chunks made; chunks given back; the end is wanted; everything is made; then the length of each chunk. */
export const STREAM_FILLED = 0;
export const STREAM_DRAINED = 1;
export const STREAM_STOP = 2;
export const STREAM_MADE = 3;
export const STREAM_LENGTHS = 4;
export const CHUNK_BYTES = 1 << 22;
const CHUNKS_MAX = 64;
/** By measurement 31 bytes, two of them the length before it. */
const MESSAGE_BYTES = 33;
/** Simulated time of the warm-up: twenty bars of a second, and some. */
const WARM_SECONDS = 25;
/** Simulated time behind the last message that is needed. */
const SLACK_SECONDS = 2;
/** Ten instruments fall by 8 % and recover, once in so many seconds. */
const CRASH_EVERY_SECONDS = 5;
/** One in the warm-up, early enough for a breaker to trip, cool down and recover there. */
const WARM_CRASH_SECOND = 8;
const CRASH: Shock = { at: 0.3, moveSeconds: 1, holdSeconds: 0.3, recoverSeconds: 1.5, ppm: -80_000, first: 0, every: 1, limit: 10 };

export interface StreamOptions {
  readonly rate: number;
  /** Times the rate in the last 100 ms of each second; 1 is none. */
  readonly burst: number;
  /** Paced seconds, those in which the run settles among them. */
  readonly seconds: number;
  /** Paced messages. */
  readonly messages: number;
  /** Messages of the warm-up, those before the bell not among them. */
  readonly warmMessages: number;
}

/** What the maker's thread is started with. */
export interface MakerTask {
  readonly bytes: SharedArrayBuffer;
  readonly words: Int32Array;
  /** One cell: its processor time, ns. */
  readonly cpu: Float64Array;
  readonly chunks: number;
  readonly scenario: Scenario;
  readonly ratePerSecond: number;
  readonly messages: number;
}

/** The day of a paced run: quiet for the warm-up, then at its rate. Its intensities are messages a second. */
export function pacedScenario({ rate, burst, seconds, warmMessages }: StreamOptions): Scenario {
  const warmRate = warmMessages / WARM_SECONDS;
  const end = WARM_SECONDS + seconds + SLACK_SECONDS;
  const intensity: [number, number][] = [
    [0, warmRate],
    [WARM_SECONDS, warmRate],
    [WARM_SECONDS + 0.0001, rate],
  ];
  if (burst > 1) {
    for (let second = WARM_SECONDS; second + 1 < end; second++) {
      intensity.push([second + 0.9, rate], [second + 0.9001, rate * burst], [second + 1, rate * burst], [second + 1.0001, rate]);
    }
  }
  intensity.push([end, rate]);
  const shocks: Shock[] = [{ ...CRASH, at: WARM_CRASH_SECOND }];
  for (let at = WARM_SECONDS; at + CRASH_EVERY_SECONDS <= end; at += CRASH_EVERY_SECONDS) shocks.push({ ...CRASH, at: at + CRASH.at });
  return { ...findScenario("calm"), name: "paced", summary: "a steady rate", seconds: end, intensity, shocks, halts: [], marketHalts: [] };
}

/** The mean of an intensity curve: with it as rate, intensities are messages a second. */
export function meanIntensity({ intensity, seconds }: Scenario): number {
  let area = 0;
  for (let i = 1; i < intensity.length; i++) area += ((intensity[i][0] - intensity[i - 1][0]) * (intensity[i][1] + intensity[i - 1][1])) / 2;
  return area / seconds;
}

/** Whole framed messages, chunk after chunk: in bytes[from, to) until next() is called. */
export interface MessageStream {
  readonly bytes: Uint8Array;
  readonly from: number;
  readonly to: number;
  next(): void;
}

export class ByteStream implements MessageStream {
  readonly bytes: Uint8Array;
  /** Messages before the paced ones. */
  readonly warmMessages: number;
  from = 0;
  to = 0;
  private readonly words: Int32Array;
  private readonly cpu: Float64Array;
  private readonly chunks: number;
  private readonly worker: Worker;
  private chunk = -1;

  private constructor(options: StreamOptions) {
    this.warmMessages = preludeMessages(BENCH_INSTRUMENTS) + options.warmMessages;
    const messages = this.warmMessages + options.messages;
    this.chunks = Math.min(CHUNKS_MAX, Math.ceil((messages * MESSAGE_BYTES) / CHUNK_BYTES) + 1);
    const buffer = new SharedArrayBuffer(this.chunks * CHUNK_BYTES);
    this.bytes = new Uint8Array(buffer);
    this.words = new Int32Array(new SharedArrayBuffer((STREAM_LENGTHS + this.chunks) * 4));
    this.cpu = new Float64Array(new SharedArrayBuffer(8));
    const scenario = pacedScenario(options);
    const { words, cpu, chunks } = this;
    const task: MakerTask = { bytes: buffer, words, cpu, chunks, scenario, ratePerSecond: meanIntensity(scenario), messages };
    this.worker = new Worker(new URL("./byte-maker.ts", import.meta.url), { workerData: task });
  }

  /** Starts the maker and waits until the ring is full, or everything is made. */
  static async create(options: StreamOptions): Promise<ByteStream> {
    const stream = new ByteStream(options);
    while (!stream.isAhead) await new Promise((resolve) => setTimeout(resolve, 5));
    stream.next();
    return stream;
  }

  /** Processor time that the maker has taken, as it last told. */
  get cpuNs(): number {
    return this.cpu[0];
  }

  /** True when the ring is full, or everything is made. */
  private get isAhead(): boolean {
    return Atomics.load(this.words, STREAM_MADE) !== 0 || Atomics.load(this.words, STREAM_FILLED) === this.chunks;
  }

  /** Gives the chunk back and goes on to the next. INVARIANT when it has not been made. */
  next(): void {
    const { words, chunks } = this;
    const chunk = ++this.chunk;
    if (chunk > 0) {
      Atomics.store(words, STREAM_DRAINED, chunk);
      Atomics.notify(words, STREAM_DRAINED);
    }
    if (Atomics.load(words, STREAM_FILLED) <= chunk) starved(chunk);
    this.from = (chunk % chunks) * CHUNK_BYTES;
    this.to = this.from + words[STREAM_LENGTHS + (chunk % chunks)];
  }

  /** Ends the maker. */
  async close(): Promise<void> {
    Atomics.store(this.words, STREAM_STOP, 1);
    Atomics.notify(this.words, STREAM_DRAINED);
    await this.worker.terminate();
  }
}

function starved(chunk: number): never {
  throw new StreamError("INVARIANT", "the simulated exchange could not keep up with the pace: lower --rate or --seconds", { chunk });
}
