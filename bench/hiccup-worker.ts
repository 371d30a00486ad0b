/** The thread of the hiccup meter: looks at the clock, waits, looks again; what took longer than it should is a pause of the host. */
import { workerData } from "node:worker_threads";
import { LiveClock } from "../src/kernel/core/clock.ts";
import { HiccupRows, METER_READY, METER_STOP, type MeterTask } from "./hiccup-meter.ts";

const { words, rows, cadence, thresholdNs, anchorNs } = workerData as MeterTask;
const pauses = new HiccupRows(words, rows);
const clock = new LiveClock(undefined, anchorNs);
const sleepMs = cadence === "10 ms" ? 10 : 1;
const sleepNs = cadence === "spin" ? 0 : sleepMs * 1e6;
/** Looks between two notes of the processor time, of a spinning meter. */
const SPIN_LOOKS = 4096;
const canPause = typeof Atomics.pause === "function";

const last = Float64Array.of(clock.now());

/** One look, due one sleep after the last. */
function look(): void {
  const dueNs = last[0] + sleepNs;
  last[0] = clock.now();
  pauses.look(dueNs, last[0], thresholdNs);
}

function spin(): void {
  for (let i = 0; i < SPIN_LOOKS; i++) {
    if (canPause) Atomics.pause();
    look();
  }
}

function noteCpu(): void {
  const { user, system } = process.threadCpuUsage();
  pauses.cpuNs = (user + system) * 1000;
  last[0] = clock.now(); // what this took is not a pause
}

noteCpu();
Atomics.store(words, METER_READY, 1);
while (Atomics.load(words, METER_STOP) === 0) {
  if (sleepNs === 0) spin();
  else {
    Atomics.wait(words, METER_STOP, 0, sleepMs);
    look();
  }
  noteCpu();
}
