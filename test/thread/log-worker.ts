/** A thread that logs as fast as it can, for logs.test.ts. Each entry says its number, so that a hole, a double or a torn entry is seen. */
import { parentPort, workerData } from "node:worker_threads";
import { LiveClock } from "../../src/kernel/core/clock.ts";
import { EVENT_RUN_STARTED, LOG_INFO } from "../../src/kernel/core/log.ts";
import { LogWriter, type LogTap } from "../../src/kernel/ring/log-ring.ts";

/** What the thread is to do. */
export interface FloodTask {
  readonly tap: LogTap;
  readonly calls: number;
  readonly anchorNs: number;
  /** One Int32 that all threads wait for. */
  readonly start: SharedArrayBuffer;
}

function flood({ tap, calls, anchorNs, start }: FloodTask): void {
  const log = new LogWriter(tap, new LiveClock(0, anchorNs));
  Atomics.wait(new Int32Array(start), 0, 0, 10_000);
  for (let i = 0; i < calls; i++) {
    if ((i & 1) === 0) log.event(EVENT_RUN_STARTED, i, i ^ 0x5555, -i);
    else log.text(LOG_INFO, `${i} ${"x".repeat(i % 300)} ${i}`);
  }
  parentPort?.postMessage(calls); // oxlint-disable-line unicorn/require-post-message-target-origin -- a port between threads has no origin
}

flood(workerData as FloodTask);
