/** Garbage collections of this thread, as Node's performance hooks tell of them once the event loop has turned. */
import { PerformanceObserver, type PerformanceEntry } from "node:perf_hooks";
import { gcKindOfEntry, type GcEvent, type GcSource } from "../control/gc-observer.ts";

export class PerfHooksGc implements GcSource {
  private observer: PerformanceObserver | null = null;

  start(listener: (event: GcEvent) => void): void {
    this.observer = new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) listener({ kind: gcKindOfEntry(kindOf(entry)), durationNs: entry.duration * 1e6 });
    });
    this.observer.observe({ entryTypes: ["gc"] });
  }

  stop(): void {
    this.observer?.disconnect();
    this.observer = null;
  }
}

function kindOf(entry: PerformanceEntry): number {
  const { detail } = entry as PerformanceEntry & { detail?: { kind?: number } };
  return detail?.kind ?? 0;
}
