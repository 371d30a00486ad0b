import { describe, expect, it } from "vitest";
import type { AlertEvent } from "../../control/alert.ts";
import { TestClock } from "../../kernel/core/clock.ts";
import { isStreamError } from "../../kernel/core/errors.ts";
import { AlertConfig, PerformanceThresholds } from "./market-data-config.ts";
import { COMPONENTS_MAX, HISTORY_MAX, METRIC_NAMES, PerformanceMonitor, type ComponentMetrics, type MonitorOptions } from "./performance-monitor.ts";

const code = (name: Parameters<typeof isStreamError>[1]) => expect.toSatisfy((error: unknown) => isStreamError(error, name));
const SECOND = 1e9;

function setUp(options: Partial<MonitorOptions> = {}) {
  const clock = new TestClock(0);
  const monitor = new PerformanceMonitor({ clock, ...options });
  const events: AlertEvent[] = [];
  monitor.onAlert((event) => events.push(event));
  const metrics: Record<string, number | null> = {};
  monitor.registerComponent("consumer", { metrics: () => metrics });
  const sample = (change: Partial<ComponentMetrics>): void => {
    Object.assign(metrics, change);
    monitor.sample();
    clock.advance(SECOND);
  };
  return { clock, monitor, events, sample };
}

describe("thresholds", () => {
  it.each([
    ["bufferUtilization", "buffer-utilization", 0.8, 0.9, "above"],
    ["queueUtilization", "queue-utilization", 0.8, 0.9, "above"],
    ["latencyP99Ns", "latency-p99", 10e6, 20e6, "above"],
    ["throughput", "throughput-low", 1000, 500, "below"],
    ["dropRate", "drop-rate", 0.01, 0.02, "above"],
    ["errorRate", "error-rate", 0.05, 0.1, "above"],
    ["memoryBytes", "memory", 8 * 1024 ** 3, 10 * 1024 ** 3, "above"],
    ["cpuPercent", "cpu", 80, 90, "above"],
    ["silentNs", "connection-stale", 30e9, 60e9, "above"],
  ] as const)("%s warns with %s beyond %d, and is critical beyond %d", (metric, key, warning, critical, wrong) => {
    const { sample, events } = setUp();
    const beyond = (limit: number): number => (wrong === "above" ? limit * 1.001 : limit * 0.999);
    sample({ [metric]: warning });
    expect(events).toEqual([]);
    sample({ [metric]: beyond(warning) });
    sample({ [metric]: critical });
    sample({ [metric]: beyond(critical) });
    sample({ [metric]: wrong === "above" ? warning * 0.91 : warning * 1.09 });
    sample({ [metric]: wrong === "above" ? warning * 0.89 : warning * 1.11 });
    expect(events.map(({ kind, severity }) => [kind, severity])).toEqual([
      ["raised", "warning"],
      ["escalated", "critical"],
      ["resolved", "critical"],
    ]);
    expect(events.map((event) => [event.key, event.subject, event.limit])).toMatchObject([
      [key, "consumer", warning],
      [key, "consumer", critical],
      [key, "consumer", expect.closeTo(wrong === "above" ? warning * 0.9 : warning * 1.1, 6)],
    ]);
  });

  it("are configuration", () => {
    const { sample, events } = setUp({ thresholds: new PerformanceThresholds({ maxLatencyMs: 1 }) });
    sample({ latencyP99Ns: 1.5e6 });
    expect(events).toMatchObject([{ key: "latency-p99", limit: 1e6 }]);
  });

  it("low throughput is no alert outside the session, and one that is raised ends with it", () => {
    let isSession = false;
    const { sample, events } = setUp({ isSession: () => isSession });
    sample({ throughput: 1 });
    expect(events).toEqual([]);
    isSession = true;
    sample({});
    isSession = false;
    sample({});
    expect(events.map(({ kind, value }) => [kind, value])).toEqual([
      ["raised", 1],
      ["resolved", null],
    ]);
  });
});

describe("what is not known", () => {
  it("is null: left out, null, not a number, of a component that fails; none of it raises or ends an alert", () => {
    const { clock, monitor, sample, events } = setUp();
    let fails = false;
    monitor.registerComponent("faulty", {
      metrics: () => {
        if (fails) throw new Error("no");
        return { latencyP99Ns: Number.NaN, throughput: null, errorRate: 0.9 };
      },
    });
    sample({});
    fails = true;
    sample({});
    const [first, second] = monitor.history();
    expect(METRIC_NAMES.filter((name) => first.components["faulty"][name] !== null)).toEqual(["errorRate"]);
    expect(Object.values(second.components["faulty"])).toEqual(METRIC_NAMES.map(() => null));
    expect(events.map(({ kind, key }) => `${kind} ${key}`)).toEqual(["raised error-rate"]);
    const { componentFailures, active, components } = monitor.summary();
    expect([componentFailures, active.length]).toEqual([1, 1]);
    expect(components["faulty"].errorRate).toEqual({ known: 1, last: null, min: 0.9, mean: 0.9, max: 0.9 });
    expect(components["consumer"].latencyP99Ns).toEqual({ known: 0, last: null, min: null, mean: null, max: null });
    expect(clock.now()).toBe(2 * SECOND);
  });

  it("is null in the JSON and left out of the exposition", () => {
    const { monitor, sample } = setUp();
    expect(monitor.exportPrometheus()).toBe("");
    sample({ bufferUtilization: 0.25, latencyP99Ns: 1500 });
    const json = JSON.parse(monitor.exportJson()) as { history: { components: Record<string, ComponentMetrics> }[] };
    expect(json.history[0].components["consumer"]).toEqual({
      ...Object.fromEntries(METRIC_NAMES.map((name) => [name, null])),
      bufferUtilization: 0.25,
      latencyP99Ns: 1500,
    });
    const series = monitor
      .exportPrometheus("x")
      .split("\n")
      .filter((line) => line !== "" && !line.startsWith("#"));
    expect(series).toEqual([
      'x_component_buffer_utilization_ratio{component="consumer"} 0.25',
      'x_component_latency_p99_seconds{component="consumer"} 0.0000015'.replace("0.0000015", String(1.5e-6)),
    ]);
  });
});

describe("what is kept and said", () => {
  it("samples and alerts are the newest thousand", () => {
    const { monitor, sample } = setUp({ alerts: new AlertConfig({ cooldownMs: 0, criticalCooldownMs: 0, maxPerMinute: 1000 }) });
    for (let n = 0; n < HISTORY_MAX + 50; n++) sample({ cpuPercent: 100 });
    expect([monitor.history().length, monitor.history()[0].at, monitor.alerts().length]).toEqual([HISTORY_MAX, 50 * SECOND, HISTORY_MAX]);
  });

  it("the summary has the least, mean and greatest of what is kept", () => {
    const { monitor, sample } = setUp();
    for (const throughput of [1000, 3000, 2000]) sample({ throughput });
    expect(monitor.summary()).toMatchObject({
      samples: 3,
      components: { consumer: { throughput: { known: 3, last: 2000, min: 1000, mean: 2000, max: 3000 } } },
    });
  });

  it("alerts go to console, log and callbacks, each where it is wanted, and one that fails is counted", () => {
    const lines: string[] = [];
    const { monitor, sample, events } = setUp({
      alerts: new AlertConfig({ logAlerts: false }),
      console: (line) => {
        lines.push(`console ${line}`);
        throw new Error("closed");
      },
      log: (line) => lines.push(`log ${line}`),
    });
    monitor.onAlert(() => {
      throw new Error("no");
    });
    sample({ cpuPercent: 85 });
    expect(lines).toEqual(["console warning: cpu of consumer is 85, above 80"]);
    expect([events.length, monitor.summary().outputFailures]).toEqual([1, 2]);
    const silent = setUp({ alerts: new AlertConfig({ callbackAlerts: false }) });
    silent.sample({ cpuPercent: 85 });
    expect([silent.events.length, silent.monitor.alerts().length]).toEqual([0, 1]);
  });

  it("cooldown and cap are those of the configuration", () => {
    const { sample, events } = setUp({ alerts: new AlertConfig({ cooldownMs: 5000, maxPerMinute: 2 }) });
    for (let n = 0; n < 70; n++) sample({ cpuPercent: 85 });
    expect(events.map(({ kind, at }) => `${kind} ${at / SECOND}`)).toEqual(["raised 0", "repeated 5", "suppressed 60", "repeated 60", "repeated 65"]);
  });
});

describe("components", () => {
  it("are watched from when they come until they go", () => {
    const { monitor, sample, events } = setUp();
    sample({ cpuPercent: 85 });
    expect([monitor.unregisterComponent("consumer"), monitor.unregisterComponent("consumer")]).toEqual([true, false]);
    expect(events.map(({ kind }) => kind)).toEqual(["raised", "resolved"]);
    sample({});
    expect(monitor.history().at(-1)?.components).toEqual({});
    expect(monitor.summary()).toMatchObject({ components: {}, active: [] });
  });

  it("have names of their own, and are bounded", () => {
    const { monitor } = setUp();
    for (const name of ["consumer", "", "  "]) expect(() => monitor.registerComponent(name, { metrics: () => ({}) })).toThrow(code("VALUE_RANGE"));
    for (let n = 1; n < COMPONENTS_MAX; n++) monitor.registerComponent(`${n}`, { metrics: () => ({}) });
    expect(() => monitor.registerComponent("one more", { metrics: () => ({}) })).toThrow(code("VALUE_RANGE"));
  });
});
