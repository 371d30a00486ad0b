/**
 * Counts garbage collections: how many of each kind, how long they stopped the thread, the longest.
 *
 * Collections are heard of through a port, because the observer of the runtime is no part of control: the command line gives it one
 * over perf_hooks. That observer reports only after the event loop has turned; a worker without a loop profiles itself with
 * v8.GCProfiler, whose report summariseGcProfile() reads. Pauses are in ns.
 */
import { Histogram, type HistogramSnapshot } from "./histogram.ts";

/** `minor` scavenges new space; `major` is mark-compact; `incremental` one marking step; `weak` the callbacks of weak references. */
export type GcKind = "minor" | "major" | "incremental" | "weak" | "other";

/** One collection. */
export interface GcEvent {
  readonly kind: GcKind;
  readonly durationNs: number;
}

/** Where collections are heard of. */
export interface GcSource {
  /** Calls `listener` for each collection from now on. */
  start(listener: (event: GcEvent) => void): void;
  stop(): void;
}

export interface GcSnapshot {
  readonly events: number;
  readonly byKind: Readonly<Record<GcKind, number>>;
  readonly totalNs: number;
  readonly maxNs: number | null;
  readonly pauses: HistogramSnapshot;
}

/** The kind of a performance entry of type "gc", whose detail.kind is perf_hooks.constants.NODE_PERFORMANCE_GC_*. */
export function gcKindOfEntry(kind: number): GcKind {
  if (kind === 1 || kind === 2) return "minor";
  if (kind === 4) return "major";
  if (kind === 8) return "incremental";
  return kind === 16 ? "weak" : "other";
}

/** The part of what v8.GCProfiler.stop() returns that is read here. */
export interface GcProfile {
  /** `cost` in microseconds. */
  readonly statistics: readonly { readonly gcType: string; readonly cost: number }[];
}

/** The kind of a collection in a GCProfiler report. */
export function gcKindOfProfile(gcType: string): GcKind {
  if (gcType === "Scavenge" || gcType === "MinorMarkSweep" || gcType === "MinorMarkCompact") return "minor";
  if (gcType === "MarkSweepCompact") return "major";
  if (gcType === "IncrementalMarking") return "incremental";
  return gcType === "ProcessWeakCallbacks" ? "weak" : "other";
}

export class GcObserver {
  private readonly source: GcSource | null;
  private readonly pauses = new Histogram();
  private readonly counts: Record<GcKind, number> = { minor: 0, major: 0, incremental: 0, weak: 0, other: 0 };
  private running = false;

  /** Without a source it counts only what is given to observe(). */
  constructor(source: GcSource | null = null) {
    this.source = source;
  }

  /** Begins to listen. Idempotent. */
  start(): void {
    if (this.running) return;
    this.running = true;
    this.source?.start((event) => this.observe(event));
  }

  /** Ends listening; what was counted stays. Idempotent. */
  stop(): void {
    if (!this.running) return;
    this.running = false;
    this.source?.stop();
  }

  observe(event: GcEvent): void {
    this.counts[event.kind] += 1;
    this.pauses.record(event.durationNs);
  }

  get events(): number {
    return this.counts.minor + this.counts.major + this.counts.incremental + this.counts.weak + this.counts.other;
  }

  snapshot(): GcSnapshot {
    const pauses = this.pauses.snapshot();
    return Object.freeze({ events: this.events, byKind: Object.freeze({ ...this.counts }), totalNs: pauses.totalNs, maxNs: pauses.maxNs, pauses });
  }
}

/** Counts what a GCProfiler has seen. Without a profile (the profiler was not running) nothing is known: null. */
export function summariseGcProfile(profile: GcProfile | undefined): GcSnapshot | null {
  if (profile === undefined) return null;
  const observer = new GcObserver();
  for (const entry of profile.statistics) observer.observe({ kind: gcKindOfProfile(entry.gcType), durationNs: entry.cost * 1000 });
  return observer.snapshot();
}
