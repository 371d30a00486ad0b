/**
 * Watches components against thresholds (source 5): sample() asks each for its metrics, keeps them, and hands what is beyond a limit to
 * the alerts of control/alert.ts. The caller calls it, about once a second; nothing runs by itself. A metric that a component does not
 * know is null everywhere, never 0. Percentiles are those that the components measured.
 *
 *   metric             warning beyond          critical beyond
 *   buffer, queue      maxBufferUtilization    half way from there to full
 *   latency p99        maxLatencyMs            twice as much
 *   throughput         minThroughput           half as much; watched in the session only
 *   drops, errors      maxDropRate             twice as much
 *   memory             maxMemoryBytes          5/4 as much
 *   cpu                maxCpuPercent           half way from there to 100
 *   silence            connectionTimeoutMs     twice as much
 *
 * An alert is over when the value is a tenth better than the warning limit.
 */
import { AlertDesk, type ActiveAlert, type AlertCounts, type AlertEvent, type AlertLimit } from "../../control/alert.ts";
import { gaugeFamily, prometheusText, type MetricFamily } from "../../control/prometheus.ts";
import type { Clock } from "../../kernel/core/clock.ts";
import { StreamError } from "../../kernel/core/errors.ts";
import { NANOS_PER_MILLI, NANOS_PER_SECOND, type Nanos } from "../../kernel/core/units.ts";
import { AlertConfig, PerformanceThresholds } from "./market-data-config.ts";

/** Samples, and alerts, that are kept. */
export const HISTORY_MAX = 1000;
/** Most components. */
export const COMPONENTS_MAX = 1024;

/** What a component may know about itself. */
export const METRIC_NAMES = [
  "bufferUtilization",
  "queueUtilization",
  "latencyP99Ns",
  "throughput",
  "dropRate",
  "errorRate",
  "memoryBytes",
  "cpuPercent",
  "silentNs",
] as const;
export type MetricName = (typeof METRIC_NAMES)[number];
/** Shares from 0 to 1, ns, messages a second, bytes, per cent of one core. null: not known. */
export type ComponentMetrics = Readonly<Record<MetricName, number | null>>;

/** Anything that is watched: a BackpressureAwareConsumer and a ProcessUsage are. What is left out is not known. */
export interface MonitoredComponent {
  metrics(): Partial<ComponentMetrics>;
}

/** Every component's metrics at one moment. */
export interface MonitorSample {
  readonly at: Nanos;
  readonly components: Readonly<Record<string, ComponentMetrics>>;
}

/** A metric over the samples that are kept; null where no sample knew it. */
export interface MetricSummary {
  readonly known: number;
  readonly last: number | null;
  readonly min: number | null;
  readonly mean: number | null;
  readonly max: number | null;
}

export interface MonitorSummary {
  readonly samples: number;
  readonly components: Readonly<Record<string, Readonly<Record<MetricName, MetricSummary>>>>;
  /** Calls of metrics() that threw: what they would have said is null. */
  readonly componentFailures: number;
  /** Calls of callbacks and outputs that threw. */
  readonly outputFailures: number;
  readonly alerts: AlertCounts;
  readonly active: readonly ActiveAlert[];
}

export interface MonitorOptions {
  readonly clock: Clock;
  readonly thresholds?: PerformanceThresholds;
  readonly alerts?: AlertConfig;
  /** Where lines go while consoleAlerts is on. */
  readonly console?: (line: string) => void;
  /** Where lines go while logAlerts is on. */
  readonly log?: (line: string) => void;
  /** Whether the market is open: low throughput is an alert only then. */
  readonly isSession?: () => boolean;
}

type Limits = Readonly<Record<MetricName, AlertLimit>>;

export class PerformanceMonitor {
  readonly thresholds: PerformanceThresholds;
  readonly alertConfig: AlertConfig;
  private readonly options: MonitorOptions;
  private readonly limits: Limits;
  private readonly desk: AlertDesk;
  private readonly components: Map<string, MonitoredComponent> = new Map();
  private readonly callbacks: ((event: AlertEvent) => void)[] = [];
  private readonly samples: MonitorSample[] = [];
  private readonly events: AlertEvent[] = [];
  private componentFailures = 0;
  private outputFailures = 0;

  constructor(options: MonitorOptions) {
    const { clock, thresholds = new PerformanceThresholds(), alerts = new AlertConfig() } = options;
    const pace = {
      cooldownNs: alerts.cooldownMs * NANOS_PER_MILLI,
      criticalCooldownNs: alerts.criticalCooldownMs * NANOS_PER_MILLI,
      maxPerMinute: alerts.maxPerMinute,
    };
    this.options = options;
    this.thresholds = thresholds;
    this.alertConfig = alerts;
    this.limits = limitsOf(thresholds);
    this.desk = new AlertDesk(clock, pace, (event) => this.tell(event));
  }

  /** Watches a component from the next sample on. VALUE_RANGE for an empty name, one that is taken, or one component too many. */
  registerComponent(name: string, component: MonitoredComponent): void {
    if (name.trim() === "" || this.components.has(name) || this.components.size === COMPONENTS_MAX) {
      throw new StreamError("VALUE_RANGE", `expected a new name and at most ${COMPONENTS_MAX} components, got ${JSON.stringify(name)}`, { name });
    }
    this.components.set(name, component);
  }

  /** Watches a component no longer: its alerts are over. False if there is none of this name. */
  unregisterComponent(name: string): boolean {
    for (const { key } of Object.values(this.limits)) this.desk.end(key, name);
    return this.components.delete(name);
  }

  /** Calls back at each alert, escalation, resolution and suppression, while callbackAlerts is on. What it throws is counted. */
  onAlert(callback: (event: AlertEvent) => void): void {
    this.callbacks.push(callback);
  }

  /** Asks every component, keeps the answers and raises or ends alerts. */
  sample(): MonitorSample {
    const names = [...this.components.keys()];
    const components = Object.fromEntries(names.map((name) => [name, this.ask(name)]));
    const sample: MonitorSample = Object.freeze({ at: this.options.clock.now(), components });
    keep(this.samples, sample);
    this.desk.settle();
    for (const name of names) this.judge(name, components[name]);
    return sample;
  }

  /** The samples that are kept, oldest first. */
  history(): readonly MonitorSample[] {
    return [...this.samples];
  }

  /** The alerts that are kept, oldest first. */
  alerts(): readonly AlertEvent[] {
    return [...this.events];
  }

  summary(): MonitorSummary {
    const names = [...this.components.keys()];
    return {
      samples: this.samples.length,
      components: Object.fromEntries(names.map((name) => [name, this.summaryOf(name)])),
      componentFailures: this.componentFailures,
      outputFailures: this.outputFailures,
      alerts: this.desk.counts(),
      active: this.desk.active(),
    };
  }

  /** Thresholds, summary, samples and alerts as one JSON document. */
  exportJson(): string {
    const { thresholds, alertConfig, samples, events } = this;
    return JSON.stringify({ at: this.options.clock.now(), thresholds, alertConfig, summary: this.summary(), history: samples, alerts: events });
  }

  /** The last sample in the Prometheus exposition format; what is not known is left out. `prefix`: of every name. */
  exportPrometheus(prefix: string = "tercel"): string {
    const last = this.samples.at(-1);
    if (last === undefined) return "";
    return prometheusText(METRIC_NAMES.map((name) => familyOf(`${prefix}_${PROMETHEUS[name].name}`, name, last)));
  }

  private ask(name: string): ComponentMetrics {
    let given: Partial<ComponentMetrics> = {};
    try {
      given = this.components.get(name)?.metrics() ?? {};
    } catch {
      this.componentFailures++;
    }
    const known = METRIC_NAMES.map((metric) => [metric, Number.isFinite(given[metric]) ? given[metric] : null]);
    return Object.freeze(Object.fromEntries(known) as Record<MetricName, number | null>);
  }

  private judge(name: string, metrics: ComponentMetrics): void {
    const isSession = this.options.isSession?.() ?? true;
    for (const metric of METRIC_NAMES) {
      const limit = this.limits[metric];
      if (metric === "throughput" && !isSession) this.desk.end(limit.key, name);
      else this.desk.observe(limit, name, metrics[metric]);
    }
  }

  private tell(event: AlertEvent): void {
    const { consoleAlerts, logAlerts, callbackAlerts } = this.alertConfig;
    const { console, log } = this.options;
    keep(this.events, event);
    if (consoleAlerts && console !== undefined) this.attempt(() => console(event.text));
    if (logAlerts && log !== undefined) this.attempt(() => log(event.text));
    if (callbackAlerts) for (const callback of this.callbacks) this.attempt(() => callback(event));
  }

  private attempt(output: () => void): void {
    try {
      output();
    } catch {
      this.outputFailures++;
    }
  }

  private summaryOf(name: string): Readonly<Record<MetricName, MetricSummary>> {
    const samples = this.samples.flatMap(({ components }) => (Object.hasOwn(components, name) ? [components[name]] : []));
    const summaries = METRIC_NAMES.map((metric) => {
      const known = samples.flatMap((sample) => sample[metric] ?? []);
      const sum = known.reduce((total, value) => total + value, 0);
      const isKnown = known.length > 0;
      const [min, mean, max] = isKnown ? [Math.min(...known), sum / known.length, Math.max(...known)] : [null, null, null];
      return [metric, { known: known.length, last: samples.at(-1)?.[metric] ?? null, min, mean, max }];
    });
    return Object.fromEntries(summaries) as Record<MetricName, MetricSummary>;
  }
}

/** The limits of each metric, as pictured above. */
function limitsOf(thresholds: PerformanceThresholds): Limits {
  const above = (key: AlertLimit["key"], warning: number, critical: number): AlertLimit => ({
    key,
    wrong: "above",
    warning,
    critical,
    resolved: warning * 0.9,
  });
  const halfWay = (limit: number, full: number): number => Math.max(limit, (limit + full) / 2);
  const { maxBufferUtilization, maxQueueUtilization, minThroughput, maxDropRate, maxErrorRate, maxMemoryBytes, maxCpuPercent } = thresholds;
  const maxLatencyNs = thresholds.maxLatencyMs * NANOS_PER_MILLI;
  const maxSilentNs = thresholds.connectionTimeoutMs * NANOS_PER_MILLI;
  return {
    bufferUtilization: above("buffer-utilization", maxBufferUtilization, halfWay(maxBufferUtilization, 1)),
    queueUtilization: above("queue-utilization", maxQueueUtilization, halfWay(maxQueueUtilization, 1)),
    latencyP99Ns: above("latency-p99", maxLatencyNs, maxLatencyNs * 2),
    throughput: { key: "throughput-low", wrong: "below", warning: minThroughput, critical: minThroughput / 2, resolved: minThroughput * 1.1 },
    dropRate: above("drop-rate", maxDropRate, maxDropRate * 2),
    errorRate: above("error-rate", maxErrorRate, maxErrorRate * 2),
    memoryBytes: above("memory", maxMemoryBytes, maxMemoryBytes * 1.25),
    cpuPercent: above("cpu", maxCpuPercent, halfWay(maxCpuPercent, 100)),
    silentNs: above("connection-stale", maxSilentNs, maxSilentNs * 2),
  };
}

/** Names, units and scales of the exposition. */
const PROMETHEUS: Readonly<Record<MetricName, { readonly name: string; readonly help: string; readonly per: number }>> = {
  bufferUtilization: { name: "component_buffer_utilization_ratio", help: "Fill of the fullest ring", per: 1 },
  queueUtilization: { name: "component_queue_utilization_ratio", help: "Fill of the queue", per: 1 },
  latencyP99Ns: { name: "component_latency_p99_seconds", help: "99th percentile of latency", per: NANOS_PER_SECOND },
  throughput: { name: "component_throughput_messages_per_second", help: "Messages a second", per: 1 },
  dropRate: { name: "component_drop_ratio", help: "Share of records dropped", per: 1 },
  errorRate: { name: "component_error_ratio", help: "Share of handler calls that failed", per: 1 },
  memoryBytes: { name: "component_memory_bytes", help: "Resident memory", per: 1 },
  cpuPercent: { name: "component_cpu_ratio", help: "Processor time, in cores", per: 100 },
  silentNs: { name: "component_silent_seconds", help: "Time since the last message", per: NANOS_PER_SECOND },
};

function familyOf(name: string, metric: MetricName, { components }: MonitorSample): MetricFamily {
  const { help, per } = PROMETHEUS[metric];
  const samples = Object.entries(components).map(([component, metrics]) => {
    const value = metrics[metric];
    return { labels: { component }, value: value === null ? null : value / per };
  });
  return { ...gaugeFamily(name, help, null), samples };
}

/** Adds to a list that keeps the newest HISTORY_MAX. */
function keep<T>(list: T[], item: T): void {
  list.push(item);
  if (list.length > HISTORY_MAX) list.shift();
}
