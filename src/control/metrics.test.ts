import { describe, expect, it } from "vitest";
import { meanLatencyNs, Metrics, METRICS_WORDS } from "./metrics.ts";

function metricsOf(...latencies: number[]): Metrics {
  const metrics = new Metrics();
  for (const latency of latencies) metrics.observe(latency);
  return metrics;
}

describe("metrics", () => {
  it("know nothing before the first observation, and say so", () => {
    expect(new Metrics().snapshot()).toEqual({ count: 0, totalLatencyNs: 0, minLatencyNs: null, maxLatencyNs: null });
  });

  it("of one observation have it as least and greatest", () => {
    expect(metricsOf(70).snapshot()).toEqual({ count: 1, totalLatencyNs: 70, minLatencyNs: 70, maxLatencyNs: 70 });
  });

  it("count, add up, and keep the least and the greatest", () => {
    expect(metricsOf(50, 20, 90, 40).snapshot()).toEqual({ count: 4, totalLatencyNs: 200, minLatencyNs: 20, maxLatencyNs: 90 });
  });

  it("tell a latency of 0 from none", () => {
    expect(metricsOf(0).snapshot()).toEqual({ count: 1, totalLatencyNs: 0, minLatencyNs: 0, maxLatencyNs: 0 });
  });

  it("give a snapshot that later observations do not change", () => {
    const metrics = metricsOf(10);
    const before = metrics.snapshot();
    metrics.observe(99);
    expect(before.maxLatencyNs).toBe(10);
  });

  it("give a snapshot that nobody can change", () => {
    const snapshot = metricsOf(10).snapshot();
    expect(() => {
      (snapshot as { count: number }).count = 5;
    }).toThrow(TypeError);
  });

  it("reset to nothing and return what there was", () => {
    const metrics = metricsOf(10, 30);
    expect(metrics.reset()).toEqual({ count: 2, totalLatencyNs: 40, minLatencyNs: 10, maxLatencyNs: 30 });
    expect(metrics.snapshot()).toEqual(new Metrics().snapshot());
  });

  it("lose nothing between two resets", () => {
    const metrics = new Metrics();
    let counted = 0;
    for (let i = 1; i <= 100; i++) {
      metrics.observe(i);
      if (i % 7 === 0) counted += metrics.reset().count;
    }
    expect(counted + metrics.snapshot().count).toBe(100);
  });

  it("take least and greatest afresh after a reset", () => {
    const metrics = metricsOf(1, 1000);
    metrics.reset();
    metrics.observe(50);
    expect(metrics.snapshot()).toMatchObject({ minLatencyNs: 50, maxLatencyNs: 50 });
  });

  it.each([-1, Number.NaN, Infinity, -Infinity])("refuse %d, which is no latency, and count it", (latency) => {
    const metrics = metricsOf(10, latency);
    expect([metrics.snapshot().count, metrics.snapshot().totalLatencyNs, metrics.refused]).toEqual([1, 10, 1]);
  });

  it("can be read by another thread over shared words", () => {
    const words = new Float64Array(new SharedArrayBuffer(METRICS_WORDS * 8));
    const writer = new Metrics(words);
    writer.observe(12);
    expect(new Metrics(words).snapshot()).toEqual(writer.snapshot());
  });

  it("record spans of a row of times", () => {
    const metrics = new Metrics();
    metrics.recordSpan(new Float64Array([100, 0, 160]), 0, 2);
    expect(metrics.snapshot().totalLatencyNs).toBe(60);
  });

  it("have a mean, unknown while nothing was observed", () => {
    expect([meanLatencyNs(metricsOf(10, 20).snapshot()), meanLatencyNs(new Metrics().snapshot())]).toEqual([15, null]);
  });
});
