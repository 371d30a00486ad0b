/**
 * The log of a run: a ring for each thread, and who empties them. Into a file: a thread of its own, so that no disk is touched by the
 * threads of the run. To stderr: this thread, whenever its loop turns. No call waits for either.
 */
import { Worker } from "node:worker_threads";
import { LOG_FILE_BYTES, LogFile } from "../connect/file/log-file.ts";
import { Logger, type LogFormat, type LogReport } from "../control/logger.ts";
import type { LiveClock } from "../kernel/core/clock.ts";
import { LOG_ERROR } from "../kernel/core/log.ts";
import { DEFAULT_LOG_ENTRIES, LogReader, LogWriter, createLog, logBytes, type LogTap } from "../kernel/ring/log-ring.ts";
import { logNames, type LogNameTables } from "./log-names.ts";
import type { LogWorkerData } from "./log-worker.ts";

/** What the command line says about the log. */
export interface LogSettings {
  /** A path, or null for stderr. */
  readonly file: string | null;
  /** One of LOG_*. */
  readonly level: number;
  readonly format: LogFormat;
}

/** Entries that this thread writes to stderr in one turn at most. */
const TURN_ENTRIES = 256;
/** Time for what is left at the end. */
const DEADLINE_NS = 2e9;
/** Time that the writing thread is given beyond its own deadline before it is ended. */
const GRACE_MS = 1000;

/** Name and bytes of each ring of a run's log. */
export function logMemory(shardThreads: number): { name: string; bytes: number }[] {
  return threadNames(shardThreads).map((name) => ({ name: `log-${name}`, bytes: logBytes(DEFAULT_LOG_ENTRIES) }));
}

function threadNames(shardThreads: number): string[] {
  return ["main", ...Array.from({ length: shardThreads }, (_, index) => `shard-${index}`)];
}

/** Empties the rings of a run. */
interface Drain {
  turn(): void;
  close(): Promise<LogReport | null>;
}

export class RunLog {
  /** The log of this thread. */
  readonly log: LogWriter;
  /** The logs of the shards' threads. */
  readonly shardTaps: readonly LogTap[];
  private readonly settings: LogSettings;
  private readonly clock: LiveClock;
  private readonly write: (lines: string) => void;
  private readonly threads: readonly { readonly name: string; readonly tap: LogTap }[];
  private drain: Drain | null = null;

  /** `shardThreads`: shards with a thread of their own. `write`: takes lines for stderr. USAGE when the file cannot be opened. */
  constructor(settings: LogSettings, clock: LiveClock, shardThreads: number, write: (lines: string) => void) {
    if (settings.file !== null) LogFile.require(settings.file);
    this.settings = settings;
    this.clock = clock;
    this.write = write;
    this.threads = threadNames(shardThreads).map((name) => ({ name, tap: createLog(settings.level) }));
    const [main, ...shards] = this.threads.map(({ tap }) => tap);
    this.shardTaps = shards;
    this.log = new LogWriter(main, clock);
  }

  /** Entries dropped so far, by thread. */
  get dropped(): readonly { readonly name: string; readonly dropped: number }[] {
    return this.threads.map(({ name, tap }) => ({ name, dropped: new LogReader(name, tap).dropped }));
  }

  /** Begins to write. What was logged before is written too. */
  start(tables: LogNameTables): void {
    const { file } = this.settings;
    this.drain = file === null ? this.startTurns(tables) : this.startWorker(file, tables);
  }

  /** Writes some of what is there, where this thread does it. */
  turn(): void {
    this.drain?.turn();
  }

  /** Writes what is left, within a deadline. Null when the writing thread did not answer. */
  async close(): Promise<LogReport | null> {
    const { drain } = this;
    this.drain = null;
    return drain === null ? null : drain.close();
  }

  private startTurns(tables: LogNameTables): Drain {
    const output = {
      write: (lines: string): null => {
        this.write(lines);
        return null;
      },
      close: () => undefined,
    };
    const { clock, settings } = this;
    const sources = this.threads.map(({ name, tap }) => new LogReader(name, tap));
    const logger = new Logger({ sources, output, clock, format: settings.format, epochMs: clock.epochMs, names: logNames(tables) });
    return { turn: () => void logger.drain(TURN_ENTRIES), close: async () => logger.close(DEADLINE_NS) };
  }

  private startWorker(path: string, tables: LogNameTables): Drain {
    const { clock, settings, threads } = this;
    const stop = new SharedArrayBuffer(4);
    const data: LogWorkerData = {
      path,
      bytesMax: LOG_FILE_BYTES,
      format: settings.format,
      epochMs: clock.epochMs,
      anchorNs: clock.anchorNs,
      threads,
      tables,
      stop,
      deadlineNs: DEADLINE_NS,
    };
    const worker = new Worker(new URL(import.meta.url.endsWith(".ts") ? "./log-worker.ts" : "./log-worker.js", import.meta.url), { workerData: data });
    const ended = new Promise<LogReport | null>((resolve) => {
      worker.on("message", resolve);
      worker.on("exit", () => resolve(null));
      worker.on("error", (cause) => {
        this.write(`tercel: the log ${path} ended: ${(cause as Error).message}\n`); // the run goes on: its log is not its work
        resolve(null);
      });
    });
    worker.unref(); // a run that fails before it closes its log still ends
    return {
      turn: () => undefined,
      close: async () => {
        Atomics.store(new Int32Array(stop), 0, 1);
        Atomics.notify(new Int32Array(stop), 0);
        const late = new AbortController();
        const report = await Promise.race([ended, timeout(DEADLINE_NS / 1e6 + GRACE_MS, late.signal)]);
        late.abort();
        await worker.terminate();
        return report;
      },
    };
  }

  /** The error that ends the run, for the file: on stderr the command itself says it. */
  error(error: unknown): void {
    if (this.settings.file !== null) this.log.text(LOG_ERROR, error instanceof Error ? error.message : String(error));
  }
}

/** Null after so many milliseconds, or when the signal comes. */
async function timeout(ms: number, signal: AbortSignal): Promise<null> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(null), ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve(null);
    });
  });
}
