/**
 * `tercel bench`: every bench by name, one report. Cold.
 *
 * All of them run each in a process of its own, because code that has seen other classes at its calls is slower; one alone runs here, and so
 * does the small mode, whose numbers mean nothing. The report names host, load, clock and Node; on a shared host its ratios are
 * the part to trust.
 */
import { fork } from "node:child_process";
import { StreamError } from "../src/kernel/core/errors.ts";
import type { Effort, Result } from "./harness.ts";
import { hostText, loadText, measureClock } from "./host.ts";
import { judged, keepReport, tableText, type BenchReport } from "./report.ts";

interface Bench {
  /** What is compared with what. */
  readonly about: string;
  run(effort: Effort): Promise<Result[]>;
  /** Reads --rate, and --burst. */
  readonly isPaced?: boolean;
  readonly hasBursts?: boolean;
  /** What --json prints when it is run alone, where that is not the report. */
  document?(results: readonly Result[]): unknown;
}

/** The catalogue: a bench is one entry, and a line in bench/README.md. */
export const BENCHES: Readonly<Record<string, Bench>> = {
  ring: { about: "The gated ring between two threads against the same protocol in C++.", run: async (e) => (await import("./ring.ts")).benchRing(e) },
  hop: { about: "One way from thread to thread at a steady pace, against C++.", isPaced: true, run: async (e) => (await import("./hop.ts")).benchHop(e) },
  broadcast: {
    about: "One producer that never waits and three readers, against the same protocol in C++, a MessagePort to each and a BroadcastChannel.",
    run: async (e) => (await import("./broadcast.ts")).benchBroadcast(e),
  },
  book: { about: "Order books, against the same algorithm in C++ and against Map and arrays.", run: async (e) => (await import("./book.ts")).benchBook(e) },
  decode: { about: "ITCH 5.0 bytes to records, against C++ that reads the fields in place.", run: async (e) => (await import("./decode.ts")).benchDecode(e) },
  priority: {
    about: "Critical units behind a burst of routine ones, between two threads: the priority lane against one FIFO ring.",
    run: async (e) => (await import("./priority.ts")).benchPriority(e),
  },
  "bytes-to-signal": {
    about: "The whole pipeline on one core over a day in memory, against the rxjs pipeline that one would write.",
    run: async (e) => (await import("./bytes-to-signal.ts")).benchBytesToSignal(e),
  },
  "tick-to-signal": {
    about: "The whole pipeline in one thread at a steady pace, with bursts, and parked when idle: latency from the intended arrival.",
    isPaced: true,
    hasBursts: true,
    run: async (e) => (await import("./tick-to-signal.ts")).benchTickToSignal(e),
    document: ([steady, ...others]) => ({ ...steady.detail, others: Object.fromEntries(others.map(({ name, detail }) => [name, detail])) }),
  },
  shards: {
    about: "The whole pipeline on threads: against objects posted to as many workers, against one thread, against itself without images; and a kill.",
    run: async (e) => (await import("./shards.ts")).benchShards(e),
  },
  indicators: { about: "Each indicator against trading-signals.", run: async (e) => (await import("./indicators.ts")).benchIndicators(e) },
  "json-decode": { about: "Binance JSON to records, against JSON.parse.", run: async (e) => (await import("./json-decode.ts")).benchJsonDecode(e) },
};

/** What the command line gives. */
export interface BenchOptions {
  readonly seconds: number;
  readonly rate?: number;
  readonly burst?: number;
  readonly small?: boolean;
  readonly json?: boolean;
}

const SMALL_SECONDS = 0.05;

/**
 * Runs the named bench, or all; prints JSON or a table, and keeps a report in bench/results unless it is small. USAGE for another name, or
 * for a pace that the bench does not have.
 */
export async function runBenches(name: string | undefined, options: BenchOptions, out: (text: string) => void): Promise<void> {
  requireSound(name, options);
  const { small = false, json = false, rate, burst } = options;
  const effort: Effort = {
    small,
    seconds: small ? SMALL_SECONDS : options.seconds,
    ...(rate === undefined ? {} : { rate }),
    ...(burst === undefined ? {} : { burst }),
  };
  const clock = measureClock();
  const results: Result[] = [];
  for (const each of name === undefined ? Object.keys(BENCHES) : [name]) {
    if (!json && name === undefined) out(`${each} ...\n`);
    results.push(...(await (small || name !== undefined ? BENCHES[each].run(effort) : runApart(each, effort))));
  }
  const report: BenchReport = {
    name: name ?? "all",
    host: hostText(),
    node: process.versions.node,
    results: small ? results : results.map(judged),
    load: loadText(),
    clock,
  };
  const about = Object.fromEntries(Object.entries(BENCHES).map(([key, bench]) => [key, bench.about]));
  const kept = small ? null : keepReport(report, about);
  if (!json) out(`${tableText(report)}${kept === null ? "" : `report: ${kept}\n`}`);
  else out(`${JSON.stringify(name === undefined ? report : (BENCHES[name].document?.(results) ?? report))}\n`);
}

function requireSound(name: string | undefined, { rate, burst }: BenchOptions): void {
  const names = Object.keys(BENCHES);
  if (name === undefined) return;
  if (!names.includes(name)) throw new StreamError("USAGE", `unknown bench ${name}; expected one of ${names.join(", ")}`, { bench: name });
  const paced = names.filter((each) => BENCHES[each].isPaced === true);
  const bursting = names.filter((each) => BENCHES[each].hasBursts === true);
  if (rate !== undefined && !paced.includes(name)) throw new StreamError("USAGE", `bench ${name} has no --rate; those with one: ${paced.join(", ")}`);
  if (burst !== undefined && !bursting.includes(name)) throw new StreamError("USAGE", `bench ${name} has no --burst; those with one: ${bursting.join(", ")}`);
}

/** What bench/apart.ts is told, and what it answers. */
export interface ApartTask {
  readonly name: string;
  readonly effort: Effort;
}

/** One bench in a process of its own. INVARIANT when that ends without an answer; what it has to say is on standard error. */
function runApart(name: string, effort: Effort): Promise<Result[]> {
  return new Promise((resolve, reject) => {
    const child = fork(new URL("./apart.ts", import.meta.url), [], { stdio: ["ignore", "ignore", "inherit", "ipc"] });
    child.once("message", (results) => resolve(results as Result[]));
    child.once("error", reject);
    child.once("exit", (code) => reject(new StreamError("INVARIANT", `bench ${name}: its process ended with code ${code} and without results`)));
    const task: ApartTask = { name, effort };
    child.send(task);
  });
}
