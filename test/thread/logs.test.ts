/**
 * Logs between real threads: writers that never wait, one reader that may be slow. Every thread has a hard timeout.
 */
import { Worker } from "node:worker_threads";
import { describe, expect, it } from "vitest";
import { Logger } from "../../src/control/logger.ts";
import { LiveClock } from "../../src/kernel/core/clock.ts";
import { LOG_INFO, type LogEntry } from "../../src/kernel/core/log.ts";
import { LogReader, createLog, type LogTap } from "../../src/kernel/ring/log-ring.ts";
import type { FloodTask } from "./log-worker.ts";

const TIMEOUT_MS = 25_000;
const CALLS = 200_000;

const clock = new LiveClock();

/** Starts a thread that waits for `start`; resolves when it has logged everything. */
function startFlood(tap: LogTap, start: SharedArrayBuffer): { ended: Promise<void>; isEnded: () => boolean } {
  const task: FloodTask = { tap, calls: CALLS, anchorNs: clock.anchorNs, start };
  const worker = new Worker(new URL("./log-worker.ts", import.meta.url), { workerData: task, execArgv: [] });
  let over = false;
  const ended = new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => {
      void worker.terminate();
      reject(new Error(`a thread did not end within ${TIMEOUT_MS} ms`));
    }, TIMEOUT_MS);
    worker.on("error", reject);
    worker.on("exit", () => {
      clearTimeout(timer);
      over = true;
      resolve();
    });
  });
  return { ended, isEnded: () => over };
}

function release(start: SharedArrayBuffer): void {
  Atomics.store(new Int32Array(start), 0, 1);
  Atomics.notify(new Int32Array(start), 0);
}

/** The number that an entry says, after checking that it says it everywhere. */
function numberOf({ event, values, text }: LogEntry): number {
  if (event >= 0) {
    const [i, mixed, negative] = values;
    return mixed === (i ^ 0x5555) && negative === -i ? i : -1;
  }
  const i = Number.parseInt(text, 10);
  return text === `${i} ${"x".repeat(i % 300)} ${i}` ? i : -1;
}

const turn = async (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe("a thread that logs faster than anyone reads", () => {
  it.each([1, 16, 1024])(
    "is never held up by a ring of %d entries; what was taken is whole and in order, and the holes are where they are said",
    async (entries) => {
      const tap = createLog(LOG_INFO, entries);
      const start = new SharedArrayBuffer(4);
      const { ended, isEnded } = startFlood(tap, start);
      const reader = new LogReader("flood", tap);
      release(start);
      let taken = 0;
      let next = 0;
      let droppedSeen = 0;
      const faults: string[] = [];
      while (!isEnded() || reader.nextTimeNs() !== null) {
        for (let burst = 0; burst < 100 && reader.nextTimeNs() !== null; burst++) {
          const entry = reader.take();
          const number = numberOf(entry);
          const skipped = entry.droppedBefore - droppedSeen;
          if (number !== next + skipped) faults.push(`entry ${taken} is number ${number}, expected ${next} and ${skipped} dropped`);
          droppedSeen = entry.droppedBefore;
          next = number + 1;
          taken++;
        }
        await turn();
      }
      await ended;
      expect(faults.slice(0, 5)).toEqual([]);
      expect(taken + reader.dropped).toBe(CALLS);
      expect(taken).toBeGreaterThan(0);
    },
  );
});

describe("several threads", () => {
  it("end in one log, every line or its loss, each thread's in order", async () => {
    const taps = Array.from({ length: 2 }, () => createLog(LOG_INFO, 256));
    const start = new SharedArrayBuffer(4);
    const floods = taps.map((tap) => startFlood(tap, start));
    let lines = "";
    const output = {
      write(text: string): null {
        lines += text;
        return null;
      },
      close: () => undefined,
    };
    const sources = taps.map((tap, index) => new LogReader(`t${index}`, tap));
    const logger = new Logger({ sources, output, clock, format: "json", epochMs: clock.epochMs });
    release(start);
    while (floods.some((flood) => !flood.isEnded())) {
      logger.drain();
      await turn();
    }
    const report = logger.close(10e9);
    const parsed = lines
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { thread: string; event?: string; message: string; values?: number[] });
    const told = parsed.filter((line) => line.event === "entries-dropped").reduce((sum, line) => sum + (line.values?.[0] ?? 0), 0);
    const said = parsed.filter((line) => line.thread !== "log");
    expect(told).toBe(report.dropped);
    expect(said.length + told).toBe(CALLS * taps.length);
    expect(report).toEqual({ lines: parsed.length, dropped: told, unwritten: 0, complete: true });
    for (const thread of ["t0", "t1"]) {
      const numbers = said.filter((line) => line.thread === thread).map((line) => line.values?.[0] ?? Number.parseInt(line.message, 10));
      expect(numbers.every((number, index) => index === 0 || number > numbers[index - 1])).toBe(true);
    }
  });
});
