/**
 * The thread that writes a log file: takes the entries of every thread of the run until it is told to stop, then what is left, for a
 * bounded time. It sleeps on its stop word between turns; no thread of the run ever waits for it.
 */
import { parentPort, workerData } from "node:worker_threads";
import { LogFile } from "../connect/file/log-file.ts";
import { DRAIN_MAX, Logger, type LogFormat } from "../control/logger.ts";
import { LiveClock } from "../kernel/core/clock.ts";
import { LogReader, type LogTap } from "../kernel/ring/log-ring.ts";
import { logNames, type LogNameTables } from "./log-names.ts";

/** Shared memory and plain data. */
export interface LogWorkerData {
  readonly path: string;
  readonly bytesMax: number;
  readonly format: LogFormat;
  readonly epochMs: number;
  readonly anchorNs: number;
  readonly threads: readonly { readonly name: string; readonly tap: LogTap }[];
  readonly tables: LogNameTables;
  /** One Int32: 0 while the run goes on. */
  readonly stop: SharedArrayBuffer;
  readonly deadlineNs: number;
}

/** Longest sleep between two turns. */
const NAP_MS = 50;

function main(data: LogWorkerData): void {
  const logger = new Logger({
    sources: data.threads.map(({ name, tap }) => new LogReader(name, tap)),
    output: new LogFile(data.path, data.bytesMax),
    clock: new LiveClock(data.epochMs, data.anchorNs),
    format: data.format,
    epochMs: data.epochMs,
    names: logNames(data.tables),
  });
  const stop = new Int32Array(data.stop);
  while (Atomics.load(stop, 0) === 0) {
    if (logger.drain() < DRAIN_MAX) Atomics.wait(stop, 0, 0, NAP_MS);
  }
  parentPort?.postMessage(logger.close(data.deadlineNs));
}

main(workerData as LogWorkerData);
