/** What a report says of its rows: targets held and missed, plots, the documents that name the benches. */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { competeLatency, type LatencySample, type Percentiles, type Result } from "../../bench/harness.ts";
import { durationText, percentilePlot } from "../../bench/plot.ts";
import { judged, keepReport, tableText, type BenchReport } from "../../bench/report.ts";
import { BENCHES } from "../../bench/run.ts";
import { appliesTo, judge, TARGETS, verdictText, type Target } from "../../bench/targets.ts";
import { textOf } from "./sources.ts";

const ROW: Result = {
  name: "ring/batch-1",
  value: 1_000_000,
  unit: "records/s",
  rival: "C++",
  rivalValue: 2_000_000,
  ratio: 0.5,
  p50: 20,
  p99: 300,
  p999: 4_000,
  max: 50_000,
  gcEvents: 0,
  hash: "0011aabb",
};

function target(change: Partial<Target>): Target {
  return { row: "ring/batch-1", measure: "ratio", better: "more", must: 0.2, aim: 0.4, reason: "", ...change };
}

function report(results: readonly Result[]): BenchReport {
  return { name: "all", host: "a host", node: "24.0.0", load: "0.10 0.20 0.30", clock: { stepNs: 10, costNs: 40 }, results: results.map(judged) };
}

describe("targets", () => {
  it("are met, or say what was reached", () => {
    expect(judge(ROW, [target({})]).map(verdictText)).toEqual(["ratio 0.5: must >= 0.2 met, aim 0.4 met"]);
    expect(judge(ROW, [target({ aim: 1, reason: "the store" })]).map(verdictText)).toEqual(["ratio 0.5: must >= 0.2 met, aim 1 missed (the store)"]);
    expect(judge(ROW, [target({ measure: "p99", better: "less", must: 300, aim: 300 })]).map(verdictText)).toEqual(["p99 300: must <= 300 met"]);
  });

  it("a missed must is printed as MISSED, whatever reason is written", () => {
    for (const reason of ["", "it is hard"]) {
      const [text] = judge(ROW, [target({ must: 0.6, aim: 1, reason })]).map(verdictText);
      expect(text).toContain("must >= 0.6 MISSED");
    }
    expect(judge(ROW, [target({ measure: "p999", better: "less", must: 3_999, aim: 1 })]).map(verdictText)[0]).toContain("MISSED");
  });

  it("of what could not be measured are neither met nor missed", () => {
    const [verdict] = judge({ ...ROW, ratio: null }, [target({})]);
    expect(verdict).toMatchObject({ got: null, met: null, aimMet: null });
    expect(verdictText(verdict)).toBe("ratio: not measured (must >= 0.2)");
    expect(judged({ ...ROW, ratio: null }).met).toBe(null);
  });

  it("name rows of benches that exist, and must is never beyond aim", () => {
    for (const { row, better, must, aim } of TARGETS) {
      expect(Object.keys(BENCHES), row).toContain(row.split("/")[0]);
      expect(better === "more" ? aim >= must : aim <= must, row).toBe(true);
    }
    expect(appliesTo(target({ row: "indicators/*" }), "indicators/sma")).toBe(true);
    expect(appliesTo(target({ row: "indicators/*" }), "indicators")).toBe(false);
    expect(appliesTo(target({ row: "book" }), "book/map")).toBe(false);
  });
});

describe("a report", () => {
  const slow: Result = {
    ...ROW,
    name: "tick-to-signal",
    ratio: null,
    rival: null,
    rivalValue: null,
    p999: 200_000,
    p90: 100,
    lost: 0,
    sd: 5_000,
    sdWithoutHiccups: 70,
  };

  it("shows a missed must in the terminal's table, by row and in words", () => {
    const text = tableText(report([ROW, slow]));
    expect(text).toMatch(/^ring\/batch-1 .* met {2}/m);
    expect(text).toMatch(/^tick-to-signal .* MISSED /m);
    expect(text).toContain("tick-to-signal: p999 200,000: must <= 100,000 MISSED, aim 50,000 missed");
  });

  it("is kept as Markdown with a section a bench, a plot each, and JSON", () => {
    const folder = mkdtempSync(join(tmpdir(), "tercel-report-"));
    try {
      const hiccups = { count: 2, totalNs: 3_000_000, maxNs: 2_000_000, thresholdNs: 250_000, cadence: "1 ms" } as const;
      keepReport(report([ROW, { ...slow, hiccups }]), { ring: "What it is about." }, folder);
      const text = readFileSync(join(folder, "all-node24.0.0", "report.md"), "utf8");
      expect(text).toContain("**MISSED: tick-to-signal.**");
      expect(text).toContain("## ring\n\nWhat it is about.\n");
      expect(text).toContain("| ring/batch-1 | 1,000,000 | records/s | C++ | 2,000,000 | 0.5 | 20 ns | - | 300 ns | 4 us | 50 us | 0 |");
      expect(text).toContain(
        "standard deviation 5 us, without the host's pauses 70 ns; lost 0; the hiccup meter, looking each 1 ms, was held up 2 times, 3 ms in all",
      );
      expect(text).toContain("![tick-to-signal: latencies](tick-to-signal.svg)");
      expect(readFileSync(join(folder, "all-node24.0.0", "ring.svg"), "utf8")).toContain(">ring/batch-1</text>");
      const json = JSON.parse(readFileSync(join(folder, "all-node24.0.0", "report.json"), "utf8")) as BenchReport;
      expect(json.results.map(({ name, met }) => [name, met])).toEqual([
        ["ring/batch-1", true],
        ["tick-to-signal", false],
      ]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("without a miss says so", () => {
    const folder = mkdtempSync(join(tmpdir(), "tercel-report-"));
    try {
      keepReport(report([ROW]), {}, folder);
      const text = readFileSync(join(folder, "all-node24.0.0", "report.md"), "utf8");
      expect(text).toContain("Every must that could be measured is met.");
      expect(text).not.toContain("MISSED");
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe("a contest of latencies", () => {
  const of = (p50: number, hash: string): { name: string; run(): LatencySample } => {
    const latency: Percentiles = { p50, p90: p50 * 2, p99: p50 * 4, p999: p50 * 8, max: p50 * 16 };
    return { name: "them", run: () => ({ operations: 10, ns: 1, hash, latency }) };
  };

  it("has a row a percentile; its ratio is ours over theirs", async () => {
    const rows = await competeLatency({ name: "hop", ours: of(300, "a"), rival: of(100, "a"), rows: ["p50", "p99"] }, { seconds: 1, small: false });
    expect(rows.map(({ name, value, unit, rivalValue, ratio }) => [name, value, unit, rivalValue, ratio])).toEqual([
      ["hop/p50", 300, "ns", 100, 3],
      ["hop/p99", 1_200, "ns", 400, 3],
    ]);
    expect(rows[0]).toMatchObject({ p90: 600, max: 4_800, rivalLatency: { p50: 100, max: 1_600 } });
    expect(rows.map(judged).map(({ met }) => met)).toEqual([true, true]);
  });

  it("refuses a rival that comes to another result, and goes on without one", async () => {
    const contest = { name: "hop", ours: of(1, "a"), rival: of(1, "b"), rows: ["p50"] as const };
    await expect(competeLatency(contest, { seconds: 1, small: true })).rejects.toMatchObject({ code: "INVARIANT" });
    const [row] = await competeLatency({ ...contest, rival: "no compiler" }, { seconds: 1, small: true });
    expect(row).toMatchObject({ rival: null, ratio: null, skipped: "no compiler" });
  });
});

describe("a plot", () => {
  const svg = percentilePlot("a < b", [
    {
      label: "ours",
      bars: [
        { label: "p50", ns: 100 },
        { label: "max", ns: 1_000_000 },
      ],
    },
    { label: "theirs", bars: [{ label: "p50", ns: 10 }] },
  ]);

  it("has a bar a value, as long as its logarithm, and names both ends of its axis", () => {
    const widths = [...svg.matchAll(/height="14" fill/g)];
    expect(widths).toHaveLength(3);
    const [p50, max, theirs] = [...svg.matchAll(/<rect x="70" y="[\d.]+" width="([\d.]+)"/g)].map(([, width]) => Number(width));
    expect([p50 / theirs, max / theirs].map(Math.round)).toEqual([2, 6]); // the axis begins at 1 ns
    expect(svg).toContain(">10 ns</text>");
    expect(svg).toContain(">1 ms</text>");
  });

  it("is well-formed: every text is escaped", () => {
    expect(svg).toContain(">a &lt; b</text>");
    expect(svg.match(/<text/g)?.length).toBe(svg.match(/<\/text>/g)?.length);
  });

  it("gives durations three digits and a unit", () => {
    expect([0.5, 999, 1_000, 12_345, 1_234_567, 2e9].map(durationText)).toEqual(["0.5 ns", "999 ns", "1 us", "12.3 us", "1.23 ms", "2 s"]);
  });
});

describe("documents", () => {
  it.each(["bench/README.md", "docs/reference/cli.md"])("%s names every bench, and none that is not there", (page) => {
    const text = textOf(page);
    const list = /Names: ([^.]*)\./.exec(text)?.[1] ?? "";
    expect([...list.matchAll(/`([\w-]+)`/g)].map(([, name]) => name)).toEqual(Object.keys(BENCHES));
  });
});
