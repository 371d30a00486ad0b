/**
 * From the arrival of a message to the end of all that it causes, in one thread, at a steady pace.
 *
 *   made-ahead ITCH stream, a message each microsecond -> the pipeline of bytes-to-signal -> orders, acks, signals released
 *
 * An open loop: latency is from the moment at which a message was meant to arrive to the moment at which everything that it caused has left
 * the pipeline, for every message; and for signals, to the moment at which each was released, from the arrival of the first message of its
 * piece. Messages that cannot be taken at once wait in the input buffer. With a burst, the last 100 ms of each second have so many
 * times the messages. `tick-to-signal/parked` is the same pace by a thread that sleeps when nothing is due: latency for processor time.
 */
import v8 from "node:v8";
import { LiveClock } from "../src/kernel/core/clock.ts";
import { ByteStream } from "./byte-stream.ts";
import type { Effort, Result } from "./harness.ts";
import { HiccupMeter, type HiccupSummary } from "./hiccup-meter.ts";
import { Pace } from "./pace.ts";
import type { PauseSummary } from "./pauses.ts";
import { TickLoop } from "./tick-loop.ts";

const RATE_DEFAULT = 1_000_000;
const RATE_SMALL = 50_000;
const BURST_DEFAULT = 10;
const WARM_MESSAGES = 1_500_000;
const WARM_MESSAGES_SMALL = 20_000;
/** Paced and not measured: the loop has changed from as-fast-as-possible to waiting. */
const SETTLE_SECONDS = 0.5;
const SETTLE_SECONDS_SMALL = 0.01;
const PARK_MS = 0.2;
const WARM_RUNS_MAX = 5;
const WARM_RUN_SECONDS = 1;
/** Share of --seconds for which the parked thread is measured. */
const PARKED_PART = 0.5;

/** What `bench tick-to-signal --json` prints: latencies in ns. */
export interface TickDocument {
  readonly rate: number;
  readonly seconds: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
  /** Raw, and without the samples during which the host held this thread up. */
  readonly sd: number;
  readonly sdWithoutHiccups: number;
  readonly gcEvents: number;
  readonly lost: number;
  /** Processor time / wall time, of the process without the threads of the meter and of the maker. */
  readonly cpu: number;
  /** Share of the wall time in which there was work: `cpu` without the spinning. */
  readonly busy: number;
  readonly burst: number;
  /** From the first message to the end of the last. */
  readonly elapsedSeconds: number;
  readonly messages: number;
  readonly p90: number;
  readonly p9999: number;
  readonly mean: number;
  readonly withoutHiccups: { readonly p50: number; readonly p99: number; readonly p999: number; readonly max: number; readonly samples: number };
  readonly pauses: PauseSummary;
  readonly hiccups: HiccupSummary;
  readonly signals: { readonly count: number; readonly p50: number | null; readonly p99: number | null; readonly max: number | null };
  /** Records that a book refused or did not know: 0 unless messages were lost. */
  readonly bookFaults: number;
  readonly outputHash: string;
}

interface Load {
  readonly rate: number;
  readonly burst: number;
  readonly seconds: number;
  readonly sleepMs: number;
  readonly small: boolean;
}

/**
 * Paced runs that are thrown away, until one collects no garbage: then the code is compiled for what follows. On a host whose cores are busy
 * the compiler's threads take their time.
 */
async function warmUp(load: Load): Promise<void> {
  for (let run = 0; run < WARM_RUNS_MAX; run++) {
    const { gcEvents } = await runPaced({ ...load, seconds: WARM_RUN_SECONDS });
    if (gcEvents === 0) return;
  }
}

/** One paced run, from an empty pipeline. */
export async function runPaced(load: Load): Promise<TickDocument> {
  const { rate, burst, seconds, sleepMs, small } = load;
  const pace = new Pace(rate, burst);
  const settleSeconds = small ? SETTLE_SECONDS_SMALL : SETTLE_SECONDS;
  const settling = Math.ceil(pace.perSecond * settleSeconds);
  const messages = Math.ceil(pace.perSecond * seconds);
  const warmMessages = small ? WARM_MESSAGES_SMALL : WARM_MESSAGES;
  const clock = new LiveClock();
  const meter = await HiccupMeter.start(1, clock);
  const stream = await ByteStream.create({ rate, burst, seconds: settleSeconds + seconds, messages: settling + messages, warmMessages });
  const loop = new TickLoop(clock, stream, pace, sleepMs);
  try {
    loop.warm(stream.warmMessages);
    loop.begin();
    loop.run(settling);
    meter.begin();
    const helpersNs = meter.cpuNs + stream.cpuNs;
    const cpu = process.cpuUsage();
    const profiler = new v8.GCProfiler();
    profiler.start();
    loop.forget();
    const startNs = clock.now();
    loop.run(messages);
    const elapsedNs = clock.now() - startNs;
    const gcEvents = profiler.stop()?.statistics.length ?? 0;
    const { user, system } = process.cpuUsage(cpu);
    const cpuNs = (user + system) * 1000 - (meter.cpuNs + stream.cpuNs - helpersNs);
    const hiccups = meter.summary();
    const pauses = loop.pauses.settle(meter, gcEvents);
    const shares = { cpu: rounded(cpuNs / elapsedNs), busy: rounded(loop.busyPart(elapsedNs)) };
    return documentOf(loop, { rate, burst, seconds, elapsedSeconds: rounded(elapsedNs / 1e9), ...shares, gcEvents, messages, hiccups, pauses });
  } finally {
    loop.pauses.close();
    await stream.close();
    await meter.stop();
  }
}

type Told = Pick<TickDocument, "rate" | "burst" | "seconds" | "elapsedSeconds" | "cpu" | "busy" | "gcEvents" | "messages" | "hiccups" | "pauses">;

function documentOf(loop: TickLoop, told: Told): TickDocument {
  const all = loop.all.snapshot();
  const calm = loop.calm.snapshot();
  const signals = loop.signals.latency.snapshot();
  const { rate, seconds, gcEvents, cpu, pauses } = told;
  return {
    rate,
    seconds,
    p50: all.p50Ns ?? 0,
    p99: all.p99Ns ?? 0,
    p999: all.p999Ns ?? 0,
    max: all.maxNs ?? 0,
    sd: Math.round(all.sdNs ?? 0),
    sdWithoutHiccups: Math.round(calm.sdNs ?? 0),
    gcEvents,
    lost: loop.lost,
    cpu,
    busy: told.busy,
    burst: told.burst,
    elapsedSeconds: told.elapsedSeconds,
    messages: told.messages,
    p90: all.p90Ns ?? 0,
    p9999: all.p9999Ns ?? 0,
    mean: Math.round(all.meanNs ?? 0),
    withoutHiccups: { p50: calm.p50Ns ?? 0, p99: calm.p99Ns ?? 0, p999: calm.p999Ns ?? 0, max: calm.maxNs ?? 0, samples: calm.count },
    pauses,
    hiccups: told.hiccups,
    signals: { count: loop.signals.count, p50: signals.p50Ns, p99: signals.p99Ns, max: signals.maxNs },
    bookFaults: loop.pipeline.bookFaults,
    outputHash: loop.pipeline.outputHash,
  };
}

/** Steady, with bursts, and parked; with a burst asked for, that alone. */
export async function benchTickToSignal(effort: Effort): Promise<Result[]> {
  const { small, seconds } = effort;
  const rate = effort.rate ?? (small ? RATE_SMALL : RATE_DEFAULT);
  const load = { rate, seconds, small, burst: effort.burst ?? 1, sleepMs: 0 };
  if (!small) await warmUp({ ...load, burst: 1 });
  if (effort.burst !== undefined) return [resultOf(`tick-to-signal/burst-${effort.burst}x`, await runPaced({ ...load, seconds: wholeSeconds(seconds) }))];
  return [
    resultOf("tick-to-signal", await runPaced(load)),
    resultOf(`tick-to-signal/burst-${BURST_DEFAULT}x`, await runPaced({ ...load, burst: BURST_DEFAULT, seconds: wholeSeconds(seconds) })),
    resultOf("tick-to-signal/parked", await runPaced({ ...load, seconds: seconds * PARKED_PART, sleepMs: PARK_MS })),
  ];
}

/** A burst comes at the end of each second: it needs whole ones. */
function wholeSeconds(seconds: number): number {
  return Math.max(1, Math.round(seconds));
}

function resultOf(name: string, document: TickDocument): Result {
  const { p50, p90, p99, p999, max, sd, sdWithoutHiccups, gcEvents, lost, hiccups, outputHash } = document;
  return {
    name,
    value: Math.round((document.messages - lost) / document.elapsedSeconds),
    unit: "messages/s",
    rival: null,
    rivalValue: null,
    ratio: null,
    p50,
    p90,
    p99,
    p999,
    max,
    sd,
    sdWithoutHiccups,
    gcEvents,
    lost,
    hiccups,
    hash: outputHash,
    skipped: "skipped, no rival does this work at this pace: what it must reach is absolute",
    detail: { ...document },
  };
}

function rounded(value: number): number {
  return Number(value.toPrecision(4));
}
