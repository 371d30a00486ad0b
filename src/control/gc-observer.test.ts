import { constants } from "node:perf_hooks";
import { describe, expect, it } from "vitest";
import { type GcEvent, gcKindOfEntry, gcKindOfProfile, GcObserver, type GcSource, summariseGcProfile } from "./gc-observer.ts";

class FakeSource implements GcSource {
  listener: ((event: GcEvent) => void) | null = null;
  starts = 0;
  stops = 0;
  start(listener: (event: GcEvent) => void): void {
    this.listener = listener;
    this.starts += 1;
  }
  stop(): void {
    this.listener = null;
    this.stops += 1;
  }
}

describe("the garbage observer", () => {
  it("has seen nothing at first, and knows no longest pause", () => {
    expect(new GcObserver().snapshot()).toMatchObject({ events: 0, totalNs: 0, maxNs: null });
  });

  it("counts collections by kind, with their total and longest pause", () => {
    const source = new FakeSource();
    const observer = new GcObserver(source);
    observer.start();
    source.listener?.({ kind: "minor", durationNs: 500_000 });
    source.listener?.({ kind: "minor", durationNs: 700_000 });
    source.listener?.({ kind: "major", durationNs: 4_000_000 });
    expect(observer.snapshot()).toMatchObject({
      events: 3,
      byKind: { minor: 2, major: 1, incremental: 0, weak: 0, other: 0 },
      totalNs: 5_200_000,
      maxNs: 4_000_000,
    });
  });

  it("listens once, stops once, and keeps what it counted", () => {
    const source = new FakeSource();
    const observer = new GcObserver(source);
    observer.stop();
    observer.start();
    observer.start();
    source.listener?.({ kind: "weak", durationNs: 1 });
    observer.stop();
    observer.stop();
    expect([source.starts, source.stops, observer.events]).toEqual([1, 1, 1]);
  });

  it("gives a snapshot that later collections do not change", () => {
    const observer = new GcObserver();
    const before = observer.snapshot();
    observer.observe({ kind: "minor", durationNs: 1 });
    expect([before.events, before.byKind.minor]).toEqual([0, 0]);
  });

  it("names the kinds as the runtime numbers them", () => {
    expect(gcKindOfEntry(constants.NODE_PERFORMANCE_GC_MINOR)).toBe("minor");
    expect(gcKindOfEntry(constants.NODE_PERFORMANCE_GC_MAJOR)).toBe("major");
    expect(gcKindOfEntry(constants.NODE_PERFORMANCE_GC_INCREMENTAL)).toBe("incremental");
    expect(gcKindOfEntry(constants.NODE_PERFORMANCE_GC_WEAKCB)).toBe("weak");
    expect(gcKindOfEntry(999)).toBe("other");
  });

  it("names the kinds of a profile", () => {
    expect(["Scavenge", "MinorMarkSweep", "MarkSweepCompact", "IncrementalMarking", "ProcessWeakCallbacks", "New"].map(gcKindOfProfile)).toEqual([
      "minor",
      "minor",
      "major",
      "incremental",
      "weak",
      "other",
    ]);
  });

  it("summarises a profile, whose costs are microseconds", () => {
    const profile = {
      statistics: [
        { gcType: "Scavenge", cost: 91.2 },
        { gcType: "MarkSweepCompact", cost: 3985 },
      ],
    };
    expect(summariseGcProfile(profile)).toMatchObject({ events: 2, totalNs: 4_076_200, maxNs: 3_985_000 });
  });

  it("of an empty profile says none, of a missing one that nothing is known", () => {
    expect(summariseGcProfile({ statistics: [] })?.events).toBe(0);
    expect(summariseGcProfile(undefined)).toBeNull();
  });
});
