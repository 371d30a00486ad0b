/** The thread of the hiccup meter: looks at the clock, waits, looks again; what took longer than it should is a pause of the host. */
import { workerData } from "node:worker_threads";
import { LiveClock } from "../src/kernel/core/clock.ts";
import { METER_COUNT, METER_CPU, METER_FIRST_ROW, METER_READY, METER_ROWS, METER_STOP, type MeterTask } from "./hiccup-meter.ts";

const { words, rows, cadence, thresholdNs, anchorNs } = workerData as MeterTask;
const clock = new LiveClock(undefined, anchorNs);
const sleepMs = cadence === "10 ms" ? 10 : 1;
const sleepNs = cadence === "spin" ? 0 : sleepMs * 1e6;
/** Looks between two notes of the processor time, of a spinning meter. */
const SPIN_LOOKS = 4096;
const canPause = typeof Atomics.pause === "function";

const last = Float64Array.of(clock.now());

/** One look. A pause lasts from when this look should have been to when it was. */
function look(): void {
  const now = clock.now();
  const dueNs = last[0] + sleepNs;
  last[0] = now;
  if (now - dueNs < thresholdNs) return;
  const count = words[METER_COUNT];
  const at = METER_FIRST_ROW + (count % METER_ROWS) * 2;
  rows[at] = dueNs;
  rows[at + 1] = now;
  Atomics.store(words, METER_COUNT, count + 1);
}

function spin(): void {
  for (let i = 0; i < SPIN_LOOKS; i++) {
    if (canPause) Atomics.pause();
    look();
  }
}

function noteCpu(): void {
  const { user, system } = process.threadCpuUsage();
  rows[METER_CPU] = (user + system) * 1000;
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
