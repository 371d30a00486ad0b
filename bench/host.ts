/** Where a report was measured: the machine, its load, and the clock that everything was measured with. Cold. */
import { cpus, loadavg } from "node:os";

/** Of performance.now(), ns. */
export interface ClockFigures {
  /** Smallest step that it was seen to make. */
  readonly stepNs: number;
  /** Mean cost of a reading. */
  readonly costNs: number;
}

const READINGS = 50_000;

export function hostText(): string {
  const cores = cpus();
  return `${process.platform} ${process.arch}, ${cores.length} x ${cores[0]?.model.trim() ?? "unknown"}`;
}

/** Load averages of 1, 5 and 15 minutes. */
export function loadText(): string {
  return loadavg()
    .map((load) => load.toFixed(2))
    .join(" ");
}

export function measureClock(): ClockFigures {
  let smallest = Infinity;
  const start = performance.now();
  let last = start;
  for (let i = 0; i < READINGS; i++) {
    const now = performance.now();
    if (now > last && now - last < smallest) smallest = now - last;
    last = now;
  }
  return { stepNs: Math.round(smallest * 1e6), costNs: Math.round(((last - start) * 1e6) / READINGS) };
}
