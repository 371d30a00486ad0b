/** Garbage collections of this thread that nobody asked for, as Node's performance hooks tell of them once the event loop has turned. */
import { constants, PerformanceObserver, type PerformanceEntry } from "node:perf_hooks";
import { gcKindOfEntry, type GcEvent, type GcSource } from "../control/gc-observer.ts";

export class PerfHooksGc implements GcSource {
  private observer: PerformanceObserver | null = null;

  start(listener: (event: GcEvent) => void): void {
    this.observer = new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) {
        const { kind = 0, flags = 0 } = detailOf(entry);
        if ((flags & constants.NODE_PERFORMANCE_GC_FLAGS_FORCED) === 0) listener({ kind: gcKindOfEntry(kind), durationNs: entry.duration * 1e6 });
      }
    });
    this.observer.observe({ entryTypes: ["gc"] });
  }

  stop(): void {
    this.observer?.disconnect();
    this.observer = null;
  }
}

function detailOf(entry: PerformanceEntry): { kind?: number; flags?: number } {
  return (entry as PerformanceEntry & { detail?: { kind?: number; flags?: number } }).detail ?? {};
}
