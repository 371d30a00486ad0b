/**
 * Metrics as text in the Prometheus exposition format, version 0.0.4 (prometheus.io/docs/instrumenting/exposition_formats).
 *
 * An unknown value is left out, never written as 0: a series that is absent says that nothing is known. Names, labels and the
 * uniqueness of series are checked, so that what is written can be read. Times are in seconds, as the format's conventions want.
 */
import { StreamError } from "../kernel/core/errors.ts";
import type { BudgetReport } from "./budget.ts";
import type { Histogram } from "./histogram.ts";
import type { MetricsSnapshot } from "./metrics.ts";

/** The content type to serve it with. */
export const PROMETHEUS_CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

export type Labels = Readonly<Record<string, string>>;

/** One value of a family. `suffix` is _bucket, _sum or _count of a histogram or summary. */
export interface Sample {
  readonly suffix?: "_bucket" | "_sum" | "_count";
  readonly labels?: Labels;
  /** null: not known, and left out. */
  readonly value: number | null;
}

/** All series of one name. */
export interface MetricFamily {
  readonly name: string;
  readonly help: string;
  readonly type: "counter" | "gauge" | "histogram" | "summary";
  readonly samples: readonly Sample[];
}

const NAME = /^[a-zA-Z_:][a-zA-Z0-9_:]*$/;
const LABEL = /^[a-zA-Z_][a-zA-Z0-9_]*$/;
const NANOS = 1e9;

/** Upper bounds of latency buckets in ns: 1-2-5 steps from 100 ns to 10 s. */
export const LATENCY_BOUNDS_NS: readonly number[] = [1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9].flatMap((decade) => [decade, 2 * decade, 5 * decade]).concat(1e10);

export function counterFamily(name: string, help: string, value: number | null, labels: Labels = {}): MetricFamily {
  return { name, help, type: "counter", samples: [{ labels, value }] };
}

export function gaugeFamily(name: string, help: string, value: number | null, labels: Labels = {}): MetricFamily {
  return { name, help, type: "gauge", samples: [{ labels, value }] };
}

/**
 * Histograms as one family, a set of labels each. A bucket counts what lies at or below its bound to the histogram's three
 * significant digits.
 */
export function histogramFamily(
  name: string,
  help: string,
  series: readonly { readonly labels?: Labels; readonly histogram: Histogram }[],
  boundsNs: readonly number[] = LATENCY_BOUNDS_NS,
): MetricFamily {
  const samples: Sample[] = [];
  for (const { labels = {}, histogram } of series) {
    const all = histogram.countAtOrBelow(Infinity);
    for (const bound of boundsNs) {
      samples.push({ suffix: "_bucket", labels: { ...labels, le: number(bound / NANOS) }, value: Math.min(all, histogram.countAtOrBelow(bound)) });
    }
    samples.push({ suffix: "_bucket", labels: { ...labels, le: "+Inf" }, value: all });
    samples.push({ suffix: "_sum", labels, value: histogram.totalNs / NANOS });
    samples.push({ suffix: "_count", labels, value: all });
  }
  return { name, help, type: "histogram", samples };
}

/** Histograms as quantiles; those of an empty one are left out. */
export function summaryFamily(
  name: string,
  help: string,
  series: readonly { readonly labels?: Labels; readonly histogram: Histogram }[],
  percents: readonly number[] = [50, 90, 99, 99.9, 99.99],
): MetricFamily {
  const samples: Sample[] = [];
  for (const { labels = {}, histogram } of series) {
    for (const percent of percents) {
      const ns = histogram.percentile(percent);
      samples.push({ labels: { ...labels, quantile: number(Number((percent / 100).toPrecision(12))) }, value: ns < 0 ? null : ns / NANOS });
    }
    samples.push({ suffix: "_sum", labels, value: histogram.totalNs / NANOS });
    samples.push({ suffix: "_count", labels, value: histogram.countAtOrBelow(Infinity) });
  }
  return { name, help, type: "summary", samples };
}

/** The four counters of Metrics as three families: a summary without quantiles, the least and the greatest. */
export function metricsFamilies(name: string, help: string, snapshot: MetricsSnapshot, labels: Labels = {}): MetricFamily[] {
  const seconds = (ns: number | null): number | null => (ns === null ? null : ns / NANOS);
  return [
    {
      name,
      help,
      type: "summary",
      samples: [
        { suffix: "_sum", labels, value: seconds(snapshot.totalLatencyNs) },
        { suffix: "_count", labels, value: snapshot.count },
      ],
    },
    gaugeFamily(`${name}_min`, `${help} (least)`, seconds(snapshot.minLatencyNs), labels),
    gaugeFamily(`${name}_max`, `${help} (greatest)`, seconds(snapshot.maxLatencyNs), labels),
  ];
}

/** A state machine as one gauge a state: 1 for the state that holds, 0 for the others. */
export function stateFamily(name: string, help: string, states: readonly string[], current: string, labels: Labels = {}): MetricFamily {
  return { name, help, type: "gauge", samples: states.map((state) => ({ labels: { ...labels, state }, value: state === current ? 1 : 0 })) };
}

/** What stages with a budget took against it: the budget, the violations and the worst, a series a stage. */
export function budgetFamilies(name: string, help: string, report: Readonly<Record<string, BudgetReport>>): MetricFamily[] {
  const family = (suffix: string, what: string, type: "counter" | "gauge", value: (stage: BudgetReport) => number | null): MetricFamily => ({
    name: `${name}_${suffix}`,
    help: `${help} (${what})`,
    type,
    samples: Object.entries(report).map(([stage, each]) => ({ labels: { stage }, value: value(each) })),
  });
  return [
    family("seconds", "what a stage may take", "gauge", ({ budgetNs }) => budgetNs / NANOS),
    family("violations_total", "how often it took more", "counter", ({ violations }) => violations),
    family("worst_seconds", "the most it took", "gauge", ({ worstNs }) => (worstNs === null ? null : worstNs / NANOS)),
  ];
}

/** High-water marks of pools, books, rings and queues beside their bounds, a series a part. */
export function highWaterFamilies(
  name: string,
  help: string,
  marks: Readonly<Record<string, { readonly max: number; readonly bound: number }>>,
): MetricFamily[] {
  const samples = (value: (mark: { readonly max: number; readonly bound: number }) => number): Sample[] =>
    Object.entries(marks).map(([part, mark]) => ({ labels: { part }, value: value(mark) }));
  return [
    { name, help: `${help} (the most in use at one time)`, type: "gauge", samples: samples(({ max }) => max) },
    { name: `${name}_bound`, help: `${help} (what it was sized for)`, type: "gauge", samples: samples(({ bound }) => bound) },
  ];
}

/** Bytes by kind, such as resident, heap and planned; an unknown one is left out. */
export function memoryFamily(name: string, help: string, bytes: Readonly<Record<string, number | null>>): MetricFamily {
  return { name, help, type: "gauge", samples: Object.entries(bytes).map(([kind, value]) => ({ labels: { kind }, value })) };
}

/** The text of all families. Throws VALUE_RANGE for a name, label or series that the format does not allow. */
export function prometheusText(families: readonly MetricFamily[]): string {
  const names = new Set<string>();
  let text = "";
  for (const family of families) {
    demand(NAME.test(family.name), `expected a metric name of letters, digits, _ and :, got ${family.name}`);
    demand(!names.has(family.name), `expected each metric name once, got ${family.name} twice`);
    names.add(family.name);
    text += familyText(family);
  }
  return text;
}

function familyText(family: MetricFamily): string {
  const seen = new Set<string>();
  let lines = "";
  for (const sample of family.samples) {
    if (sample.value === null || Number.isNaN(sample.value)) continue;
    const series = `${family.name}${sample.suffix ?? ""}${labelText(sample.labels ?? {})}`;
    demand(!seen.has(series), `expected each series once, got ${series} twice`);
    demand(family.type !== "counter" || sample.value >= 0, `expected a counter of 0 or more, got ${sample.value} for ${series}`);
    seen.add(series);
    lines += `${series} ${number(sample.value)}\n`;
  }
  if (lines === "") return "";
  return `# HELP ${family.name} ${family.help.replace(/\\/g, "\\\\").replace(/\n/g, "\\n")}\n# TYPE ${family.name} ${family.type}\n${lines}`;
}

function labelText(labels: Labels): string {
  const pairs = Object.entries(labels).map(([label, value]) => {
    demand(LABEL.test(label) && !label.startsWith("__"), `expected a label name of letters, digits and _, got ${label}`);
    return `${label}="${value.replace(/\\/g, "\\\\").replace(/"/g, '\\"').replace(/\n/g, "\\n")}"`;
  });
  return pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
}

function number(value: number): string {
  if (value === Infinity) return "+Inf";
  return value === -Infinity ? "-Inf" : String(value);
}

function demand(condition: boolean, message: string): void {
  if (!condition) throw new StreamError("VALUE_RANGE", message);
}
