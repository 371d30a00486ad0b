import { describe, expect, it } from "vitest";
import { type CountObserver, type LatencyRecorder, NoCountObserver, NoLatencyRecorder, NoStageObserver, type StageObserver } from "./observer.ts";

describe("the observers that do nothing", () => {
  it("take whatever the hot path tells, and answer nothing", () => {
    const latency: LatencyRecorder = new NoLatencyRecorder();
    const stages: StageObserver = new NoStageObserver();
    const counts: CountObserver = new NoCountObserver();
    const row = new Float64Array([1, 2]);
    const answers = [
      latency.record(5),
      latency.recordSpan(row, 0, 1),
      stages.begin(),
      stages.beginAt(row, 0),
      stages.mark(3),
      stages.finish(4),
      counts.count(1, 2),
    ];
    expect(answers.every((answer) => answer === undefined)).toBe(true);
    expect([...row]).toEqual([1, 2]);
  });

  it("keep no state", () => {
    expect([new NoLatencyRecorder(), new NoStageObserver(), new NoCountObserver()].flatMap((observer) => Object.keys(observer))).toEqual([]);
  });
});
