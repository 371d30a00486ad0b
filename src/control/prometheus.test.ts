import { describe, expect, it } from "vitest";
import { StreamError } from "../kernel/core/errors.ts";
import { Histogram } from "./histogram.ts";
import { Metrics } from "./metrics.ts";
import {
  budgetFamilies,
  counterFamily,
  gaugeFamily,
  highWaterFamilies,
  histogramFamily,
  LATENCY_BOUNDS_NS,
  memoryFamily,
  type MetricFamily,
  metricsFamilies,
  prometheusText,
  stateFamily,
  summaryFamily,
} from "./prometheus.ts";

interface Parsed {
  readonly name: string;
  readonly labels: Record<string, string>;
  readonly value: number;
}

/** A reader of the text format, strict in what it accepts: each family has HELP, TYPE and then its samples, each line ends in \n. */
function parse(text: string): { types: Record<string, string>; help: Record<string, string>; samples: Parsed[] } {
  const types: Record<string, string> = {};
  const help: Record<string, string> = {};
  const samples: Parsed[] = [];
  if (text === "") return { types, help, samples };
  expect(text.endsWith("\n")).toBe(true);
  let current = "";
  for (const line of text.slice(0, -1).split("\n")) {
    const comment = /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.*)$/.exec(line);
    if (comment !== null) {
      const [, keyword, name, rest] = comment;
      if (keyword === "HELP") {
        help[name] = rest.replace(/\\(n|\\)/g, (_, c: string) => (c === "n" ? "\n" : "\\"));
        current = name;
      } else {
        expect(name).toBe(current);
        expect(["counter", "gauge", "histogram", "summary"]).toContain(rest);
        expect(types[name]).toBeUndefined();
        types[name] = rest;
      }
      continue;
    }
    const sample = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (sample === null) throw new Error(`not a line of the format: ${line}`);
    const [, name, labelText = "", valueText] = sample;
    expect([current, `${current}_bucket`, `${current}_sum`, `${current}_count`]).toContain(name);
    const labels: Record<string, string> = {};
    let rest = labelText;
    while (rest !== "") {
      const pair = /^([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)/.exec(rest);
      if (pair === null) throw new Error(`not a label: ${rest}`);
      labels[pair[1]] = pair[2].replace(/\\(n|"|\\)/g, (_, c: string) => (c === "n" ? "\n" : c));
      rest = rest.slice(pair[0].length);
    }
    const value = valueText === "+Inf" ? Infinity : valueText === "-Inf" ? -Infinity : Number(valueText);
    expect(Number.isNaN(value)).toBe(false);
    samples.push({ name, labels, value });
  }
  return { types, help, samples };
}

function histogramOf(...values: number[]): Histogram {
  const histogram = new Histogram();
  for (const value of values) histogram.record(value);
  return histogram;
}

describe("the exposition text", () => {
  it("has help, type and value of a counter", () => {
    expect(prometheusText([counterFamily("records_total", "Records read.", 42)])).toBe(
      "# HELP records_total Records read.\n# TYPE records_total counter\nrecords_total 42\n",
    );
  });

  it("ends every line, and is empty for nothing", () => {
    expect(prometheusText([])).toBe("");
    expect(parse(prometheusText([gaugeFamily("lag", "Lag.", 1), gaugeFamily("depth", "Depth.", -2.5)])).samples.map((s) => s.value)).toEqual([1, -2.5]);
  });

  it("leaves out what is not known, rather than writing 0", () => {
    expect(prometheusText([gaugeFamily("lag", "Lag.", null), gaugeFamily("age", "Age.", Number.NaN)])).toBe("");
  });

  it("brings any label value and help through unharmed", () => {
    const value = 'quote " backslash \\ newline \n end, } {';
    const { samples, help } = parse(prometheusText([gaugeFamily("g", "a \\ b \n c", 1, { venue: value, plain: "x" })]));
    expect(samples[0].labels).toEqual({ venue: value, plain: "x" });
    expect(help["g"]).toBe("a \\ b \n c");
  });

  it("writes great, small and endless numbers so that they read back", () => {
    const values = [2 ** 53, 1e-9, 1e300, Infinity, -Infinity, 0];
    const family: MetricFamily = { name: "g", help: "G.", type: "gauge", samples: values.map((value, i) => ({ labels: { i: String(i) }, value })) };
    expect(parse(prometheusText([family])).samples.map((sample) => sample.value)).toEqual(values);
  });

  it.each(["", "1st", "a-b", "a b", "ä"])("refuses the name %j", (name) => {
    expect(() => prometheusText([gaugeFamily(name, "G.", 1)])).toThrow(StreamError);
  });

  it.each(["", "1st", "a-b", "__reserved", "a:b"])("refuses the label %j", (label) => {
    expect(() => prometheusText([gaugeFamily("g", "G.", 1, { [label]: "x" })])).toThrow(StreamError);
  });

  it("refuses a name twice, a series twice and a negative counter", () => {
    expect(() => prometheusText([gaugeFamily("g", "G.", 1), gaugeFamily("g", "G.", 2)])).toThrow(/once/);
    expect(() => prometheusText([{ name: "g", help: "G.", type: "gauge", samples: [{ value: 1 }, { value: 2 }] }])).toThrow(/once/);
    expect(() => prometheusText([counterFamily("c", "C.", -1)])).toThrow(/0 or more/);
  });
});

describe("histograms as text", () => {
  it("have cumulative buckets that end in +Inf with the count", () => {
    const histogram = histogramOf(50, 150, 150, 3000, 20e9);
    const { samples, types } = parse(prometheusText([histogramFamily("latency_seconds", "Latency.", [{ histogram }])]));
    expect(types).toEqual({ latency_seconds: "histogram" });
    const buckets = samples.filter((sample) => sample.name.endsWith("_bucket"));
    expect(buckets).toHaveLength(LATENCY_BOUNDS_NS.length + 1);
    const bounds = buckets.map((bucket) => (bucket.labels["le"] === "+Inf" ? Infinity : Number(bucket.labels["le"])));
    expect(bounds).toEqual([...bounds].sort((a, b) => a - b));
    const counts = buckets.map((bucket) => bucket.value);
    expect(counts).toEqual([...counts].sort((a, b) => a - b));
    expect(buckets.find((bucket) => bucket.labels["le"] === "2e-7")?.value).toBe(3);
    expect(counts.at(-1)).toBe(5);
    expect(samples.find((sample) => sample.name.endsWith("_count"))?.value).toBe(5);
    expect(samples.find((sample) => sample.name.endsWith("_sum"))?.value).toBeCloseTo(20.00000335, 12);
  });

  it("share one family, a set of labels each", () => {
    const series = ["book", "bar"].map((stage, i) => ({ labels: { stage }, histogram: histogramOf(...Array.from({ length: i + 1 }, () => 10)) }));
    const { samples } = parse(prometheusText([histogramFamily("h", "H.", series, [100])]));
    expect(samples.filter((s) => s.name === "h_count").map((s) => [s.labels["stage"], s.value])).toEqual([
      ["book", 1],
      ["bar", 2],
    ]);
  });

  it("as a summary have quantiles in seconds", () => {
    const histogram = histogramOf(...Array.from({ length: 1000 }, (_, i) => i + 1));
    const { samples, types } = parse(prometheusText([summaryFamily("h", "H.", [{ histogram }])]));
    expect(types).toEqual({ h: "summary" });
    expect(samples.filter((s) => s.name === "h").map((s) => [s.labels["quantile"], s.value])).toEqual([
      ["0.5", 500 / 1e9],
      ["0.9", 900 / 1e9],
      ["0.99", 990 / 1e9],
      ["0.999", 999 / 1e9],
      ["0.9999", 1000 / 1e9],
    ]);
  });

  it("that are empty have no quantiles, but a count of 0", () => {
    const { samples } = parse(prometheusText([summaryFamily("h", "H.", [{ histogram: new Histogram() }])]));
    expect(samples.map((sample) => [sample.name, sample.value])).toEqual([
      ["h_sum", 0],
      ["h_count", 0],
    ]);
  });
});

describe("the four counters as text", () => {
  it("are a count, a sum, a least and a greatest", () => {
    const metrics = new Metrics();
    metrics.observe(1000);
    metrics.observe(3000);
    const { samples } = parse(prometheusText(metricsFamilies("exec_seconds", "Execution.", metrics.snapshot())));
    expect(Object.fromEntries(samples.map((sample) => [sample.name, sample.value]))).toEqual({
      exec_seconds_sum: 4000 / 1e9,
      exec_seconds_count: 2,
      exec_seconds_min: 1000 / 1e9,
      exec_seconds_max: 3000 / 1e9,
    });
  });

  it("leave least and greatest out while nothing was observed", () => {
    const { samples } = parse(prometheusText(metricsFamilies("m", "M.", new Metrics().snapshot())));
    expect(samples.map((sample) => sample.name)).toEqual(["m_sum", "m_count"]);
  });
});

it("a state is 1 for the one that holds and 0 for the others", () => {
  const { samples } = parse(prometheusText([stateFamily("lifecycle", "State.", ["INIT", "WARMUP", "READY", "DEGRADED"], "READY")]));
  expect(samples.map((sample) => [sample.labels["state"], sample.value])).toEqual([
    ["INIT", 0],
    ["WARMUP", 0],
    ["READY", 1],
    ["DEGRADED", 0],
  ]);
});

describe("families of a run", () => {
  it("budgets have a series a stage, in seconds, and leave out what was not measured", () => {
    const report = { ingest: { budgetNs: 5000, violations: 12, worstNs: 90_000 }, shard: { budgetNs: 1000, violations: null, worstNs: null } };
    const { samples, types } = parse(prometheusText(budgetFamilies("tercel_budget", "Latency budgets", report)));
    expect(samples).toEqual([
      { name: "tercel_budget_seconds", labels: { stage: "ingest" }, value: 5e-6 },
      { name: "tercel_budget_seconds", labels: { stage: "shard" }, value: 1e-6 },
      { name: "tercel_budget_violations_total", labels: { stage: "ingest" }, value: 12 },
      { name: "tercel_budget_worst_seconds", labels: { stage: "ingest" }, value: 9e-5 },
    ]);
    expect(types["tercel_budget_violations_total"]).toBe("counter");
  });

  it("high-water marks have a series a part, beside what the part was sized for", () => {
    const marks = { orders: { max: 5, bound: 10 }, inputRing: { max: 8, bound: 8, refused: 3 } };
    const { samples } = parse(prometheusText(highWaterFamilies("tercel_high_water", "Parts", marks)));
    expect(samples).toEqual([
      { name: "tercel_high_water", labels: { part: "orders" }, value: 5 },
      { name: "tercel_high_water", labels: { part: "inputRing" }, value: 8 },
      { name: "tercel_high_water_bound", labels: { part: "orders" }, value: 10 },
      { name: "tercel_high_water_bound", labels: { part: "inputRing" }, value: 8 },
    ]);
  });

  it("memory has a series a kind, without those that are not known", () => {
    const { samples } = parse(prometheusText([memoryFamily("tercel_memory_bytes", "Memory", { resident: 1000, heap: null, planned: 0 })]));
    expect(samples.map(({ labels, value }) => [labels["kind"], value])).toEqual([
      ["resident", 1000],
      ["planned", 0],
    ]);
  });
});
