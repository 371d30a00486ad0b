/** The report of the benches: a table for the terminal; Markdown with plots, and JSON, for bench/results. Cold. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import type { Percentiles, Result } from "./harness.ts";
import type { ClockFigures } from "./host.ts";
import { durationText, percentilePlot, type PlotGroup } from "./plot.ts";
import { judge, verdictText, type Verdict } from "./targets.ts";

/** A result with what it had to reach. */
export interface JudgedResult extends Result {
  readonly targets?: readonly Verdict[];
  /** Whether every must is met; null when one could not be measured. Absent without targets. */
  readonly met?: boolean | null;
}

/** The one document of a run. */
export interface BenchReport {
  readonly name: string;
  readonly host: string;
  readonly node: string;
  readonly results: readonly JudgedResult[];
  /** Load averages at the end, and the clock that measured. */
  readonly load: string;
  readonly clock: ClockFigures;
}

const RESULTS = join(import.meta.dirname, "results");

export function judged(result: Result): JudgedResult {
  const targets = judge(result);
  if (targets.length === 0) return result;
  const met = targets.some((each) => each.met === false) ? false : targets.every((each) => each.met === true) ? true : null;
  return { ...result, targets, met };
}

/** Writes report.md, report.json and the plots into a folder of their own; answers the path of report.md. `about`: a text a bench. */
export function keepReport(report: BenchReport, about: Readonly<Record<string, string>>, into: string = RESULTS): string {
  const folder = join(into, `${report.name}-node${report.node}`);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "report.json"), `${JSON.stringify(report, null, 2)}\n`);
  const sections = [...new Set(report.results.map(benchOf))].map((bench) => {
    const rows = report.results.filter((result) => benchOf(result) === bench);
    const groups = groupsOf(rows);
    if (groups.length > 0) writeFileSync(join(folder, `${bench}.svg`), percentilePlot(`${bench}: latencies`, groups));
    return sectionText(bench, about[bench] ?? "", rows, groups.length > 0);
  });
  const path = join(folder, "report.md");
  writeFileSync(path, [headText(report), ...sections].join("\n"));
  return relative(process.cwd(), path);
}

/** The part of a row's name before the slash. */
function benchOf({ name }: Result): string {
  return name.split("/")[0];
}

function headText(report: BenchReport): string {
  const missed = report.results.filter((result) => result.met === false).map((result) => result.name);
  return [
    `# Benches: ${report.name}`,
    "",
    whereText(report),
    "",
    "Each line stands beside a rival that ran in turns with it; a ratio is ours / the rival's: above 1 is better for a rate, below 1 for a",
    "latency (unit ns). On a shared host trust the ratios; beyond p99.9 it measures its scheduler.",
    "",
    missed.length === 0 ? "Every must that could be measured is met." : `**MISSED: ${missed.join(", ")}.**`,
    "",
  ].join("\n");
}

function whereText({ host, node, load, clock }: BenchReport): string {
  return `${host}, Node ${node}; load averages ${load}; a reading of the clock costs ${clock.costNs} ns and steps by ${clock.stepNs} ns.`;
}

const COLUMNS = ["row", "value", "unit", "rival", "its value", "ratio", "p50", "p90", "p99", "p99.9", "max", "GC"];

function sectionText(bench: string, about: string, rows: readonly JudgedResult[], hasPlot: boolean): string {
  const table = rows.map((row) => `| ${cellsOf(row).join(" | ")} |`);
  const verdicts = rows.flatMap((row) => (row.targets ?? []).map((each) => `- ${row.name}: ${verdictText(each)}`));
  const notes = notesOf(rows);
  return [
    `## ${bench}`,
    "",
    about,
    "",
    `| ${COLUMNS.join(" | ")} |`,
    `|${COLUMNS.map(() => "---|").join("")}`,
    ...table,
    "",
    ...(verdicts.length === 0 ? [] : [...verdicts, ""]),
    ...(notes.length === 0 ? [] : [...notes, ""]),
    ...(hasPlot ? [`![${bench}: latencies](${bench}.svg)`, ""] : []),
  ].join("\n");
}

function cellsOf(row: Result): string[] {
  const durations = [row.p50, row.p90 ?? null, row.p99, row.p999, row.max].map((ns) => (ns === null ? "-" : durationText(ns)));
  const its = row.rivalValue === null ? "-" : countText(row.rivalValue);
  return [row.name, countText(row.value), row.unit, row.rival ?? "none", its, ratioText(row), ...durations, String(row.gcEvents)];
}

/** What the columns do not say, once for rows that share a measurement. */
function notesOf(rows: readonly Result[]): string[] {
  const seen = new Set<string>();
  return rows.flatMap((row) => {
    const note = noteText(row);
    if (seen.has(note)) return [];
    seen.add(note);
    return [`- ${row.name}: ${note}`];
  });
}

function noteText(row: Result): string {
  const { sd, sdWithoutHiccups, lost, hiccups, skipped, hash, detail = {} } = row;
  const parts = [`hash ${hash}`];
  if (skipped !== undefined) parts.push(`no rival (${skipped})`);
  if (sd !== undefined) parts.push(`standard deviation ${durationText(sd)}, without the host's pauses ${durationText(sdWithoutHiccups ?? sd)}`);
  if (lost !== undefined) parts.push(`lost ${countText(lost)}`);
  if (hiccups !== undefined) {
    const { count, totalNs, maxNs, thresholdNs, cadence } = hiccups;
    const look = cadence === "spin" ? "looking all the time" : `looking each ${cadence}`;
    const seen = count === 0 ? "saw no pause" : `was held up ${count} times, ${durationText(totalNs)} in all, ${durationText(maxNs)} at most`;
    parts.push(`the hiccup meter, ${look}, ${seen} (threshold ${durationText(thresholdNs)})`);
  }
  const scalars = Object.entries(detail).filter(([key, value]) => typeof value === "number" && !(key in row));
  if (scalars.length > 0) parts.push(scalars.map(([key, value]) => `${key} ${(value as number).toLocaleString("en-US")}`).join(", "));
  return parts.join("; ");
}

/** What a section's plot shows: a group for each row with latencies of its own; a paced contest's rows share theirs. */
function groupsOf(rows: readonly Result[]): PlotGroup[] {
  const groups: PlotGroup[] = [];
  for (const row of rows) {
    const { p50, p90, p99, p999, max } = row;
    if (p50 === null || p99 === null || p999 === null || max === null) continue;
    if (row.rivalLatency !== undefined) {
      const bench = benchOf(row);
      if (groups.some(({ label }) => label.startsWith(`${bench},`))) continue;
      groups.push(groupOf(`${bench}, ours`, { p50, p90: p90 ?? p50, p99, p999, max }), groupOf(`${bench}, ${row.rival}`, row.rivalLatency));
    } else if (p90 === undefined) groups.push({ label: row.name, bars: barsOf({ p50, p99, p999, max }) });
    else groups.push(groupOf(row.name, { p50, p90, p99, p999, max }));
  }
  return groups;
}

function groupOf(label: string, { p50, p90, p99, p999, max }: Percentiles): PlotGroup {
  return { label, bars: barsOf({ p50, p90, p99, p999, max }) };
}

function barsOf(latencies: Partial<Percentiles>): PlotGroup["bars"] {
  return Object.entries(latencies).map(([label, ns]) => ({ label: label === "p999" ? "p99.9" : label, ns }));
}

/** The table for the terminal. */
export function tableText(report: BenchReport): string {
  const head = ["bench", "value", "unit", "rival", "its value", "ratio", "p50 ns", "p99 ns", "p99.9 ns", "max ns", "GC", "must", "hash"];
  const rows = report.results.map((result) => [
    result.name,
    countText(result.value),
    result.unit,
    result.rival ?? "none",
    result.rivalValue === null ? "-" : countText(result.rivalValue),
    ratioText(result),
    ...[result.p50, result.p99, result.p999, result.max].map((ns) => (ns === null ? "-" : String(ns))),
    String(result.gcEvents),
    mustText(result),
    result.hash,
  ]);
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column].length)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => cell.padEnd(widths[i]))
      .join("  ")
      .trimEnd();
  const skipped = report.results.flatMap(({ name, skipped: reason }) => (reason === undefined ? [] : [`${name}: ${reason}`]));
  const missed = report.results.flatMap(({ name, targets = [] }) => targets.filter(({ met }) => met === false).map((each) => `${name}: ${verdictText(each)}`));
  const ratios = "Ratio: ours / rival; above 1 is better for a rate, below 1 for a latency (unit ns). On a shared host trust the ratios.";
  return [whereText(report), ratios, line(head), ...rows.map(line), ...skipped, ...missed, ""].join("\n");
}

function mustText({ met }: JudgedResult): string {
  if (met === undefined) return "-";
  return met === null ? "not measured" : met ? "met" : "MISSED";
}

function ratioText({ ratio }: Result): string {
  return ratio === null ? "-" : String(ratio);
}

function countText(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}
