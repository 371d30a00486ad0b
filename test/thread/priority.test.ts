/** The priority lane between real threads. Every thread has a hard timeout, after which it is ended and the test fails. */
import { Worker } from "node:worker_threads";
import { describe, expect, it } from "vitest";
import { CRITICAL, PriorityLane, ROUTINE } from "../../src/kernel/ring/priority-lane.ts";
import type { PriorityOutcome, PriorityTask } from "./priority-worker.ts";

const TIMEOUT_MS = 25_000;
const UNITS = 300_000;

async function run(task: PriorityTask): Promise<PriorityOutcome> {
  const worker = new Worker(new URL("./priority-worker.ts", import.meta.url), { workerData: task, execArgv: [] });
  try {
    return await new Promise<PriorityOutcome>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`the ${task.role} did not end within ${TIMEOUT_MS} ms`)), TIMEOUT_MS);
      worker.on("message", (outcome: PriorityOutcome) => (clearTimeout(timer), resolve(outcome)));
      worker.on("error", (error) => (clearTimeout(timer), reject(error)));
    });
  } finally {
    await worker.terminate();
  }
}

describe("a priority lane between two threads", () => {
  it.each([
    { routine: 4, critical: 4, instruments: 3, units: 20_000, cursors: [0, 0] },
    { routine: 64, critical: 16, instruments: 2, units: UNITS, cursors: [0x7fff_ffff - 1000, -1000] },
    { routine: 8192, critical: 1024, instruments: 300, units: UNITS, cursors: [-1000, 0x7fff_ffff - 1000] },
  ])("hands over $units units whole and once, none before another of its instrument, through $routine and $critical slots", async (sizes) => {
    const { units, cursors, routine, critical, instruments } = sizes;
    const lane = PriorityLane.create({ routine, critical, instruments });
    lane.startAt(cursors[0], cursors[1]);
    const task = { buffer: lane.buffer, sizes: lane.sizes, units };
    const [written, read] = await Promise.all([run({ ...task, role: "writer" }), run({ ...task, role: "reader" })]);
    expect(written.units).toBe(units);
    expect(read).toMatchObject({ units, damaged: 0 });
    expect([lane.used(ROUTINE), lane.used(CRITICAL)]).toEqual([0, 0]);
    if (routine === 8192) {
      expect(read.overtakes).toBeGreaterThan(0);
      expect(read.pulled).toBeGreaterThan(0);
    }
  });
});
