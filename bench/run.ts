/**
 * `tercel bench`: every bench by name, one report. Cold.
 *
 * The report names host, cores and Node; on a shared host its ratios are the part to trust.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { join, relative } from "node:path";
import { StreamError } from "../src/kernel/core/errors.ts";
import { benchBytesToSignal } from "./bytes-to-signal.ts";
import { benchRing } from "./ring.ts";
import type { Effort, Result } from "./harness.ts";
import { benchIndicators } from "./indicators.ts";
import { benchDecode } from "./decode.ts";
import { benchJsonDecode } from "./json-decode.ts";
import { benchBook } from "./book.ts";

const BENCHES: Readonly<Record<string, (effort: Effort) => Promise<Result[]>>> = {
  ring: benchRing,
  decode: benchDecode,
  book: benchBook,
  "bytes-to-signal": benchBytesToSignal,
  indicators: benchIndicators,
  "json-decode": benchJsonDecode,
};

/** The one document of a run. */
export interface BenchReport {
  readonly name: string;
  readonly host: string;
  readonly node: string;
  readonly results: readonly Result[];
}

/** What the command line gives. */
export interface BenchOptions {
  readonly seconds: number;
  readonly small?: boolean;
  readonly json?: boolean;
}

const SMALL_SECONDS = 0.05;

/** Runs the named bench, or all; prints JSON or a table, and keeps the JSON in bench/results. USAGE for another name. */
export async function runBenches(name: string | undefined, options: BenchOptions, out: (text: string) => void): Promise<void> {
  const names = Object.keys(BENCHES);
  if (name !== undefined && !names.includes(name))
    throw new StreamError("USAGE", `unknown bench ${name}; expected one of ${names.join(", ")}`, { bench: name });
  const small = options.small ?? false;
  const effort: Effort = { small, seconds: small ? SMALL_SECONDS : options.seconds };
  const results: Result[] = [];
  for (const each of name === undefined ? names : [name]) results.push(...(await BENCHES[each](effort)));
  const report: BenchReport = { name: name ?? "all", host: hostText(), node: process.versions.node, results };
  if (options.json === true) {
    out(`${JSON.stringify(report)}\n`);
    return;
  }
  out(tableText(report));
  if (!small) out(`JSON: ${keep(report)}\n`);
}

function hostText(): string {
  const cores = cpus();
  return `${process.platform} ${process.arch}, ${cores.length} x ${cores[0]?.model.trim() ?? "unknown"}`;
}

function keep(report: BenchReport): string {
  const folder = join(import.meta.dirname, "results");
  mkdirSync(folder, { recursive: true });
  const path = join(folder, `${report.name}-node${report.node}.json`);
  writeFileSync(path, `${JSON.stringify(report, null, 2)}\n`);
  return relative(process.cwd(), path);
}

function tableText(report: BenchReport): string {
  const head = ["bench", "value", "unit", "rival", "its value", "ratio", "p50 ns", "p99 ns", "p99.9 ns", "max ns", "GC", "hash"];
  const rows = report.results.map((result) => [
    result.name,
    countText(result.value),
    result.unit,
    result.rival ?? "none",
    result.rivalValue === null ? "-" : countText(result.rivalValue),
    result.ratio === null ? "-" : String(result.ratio),
    ...[result.p50, result.p99, result.p999, result.max].map((ns) => (ns === null ? "-" : String(ns))),
    String(result.gcEvents),
    result.hash,
  ]);
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => row[column].length)));
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => cell.padEnd(widths[i]))
      .join("  ")
      .trimEnd();
  const skipped = report.results.flatMap((result) => (result.skipped === undefined ? [] : [`${result.name}: ${result.skipped}`]));
  const where = `${report.host}, Node ${report.node}. Ratio: ours / rival, above 1 is faster. On a shared host trust the ratios.`;
  return [where, line(head), ...rows.map(line), ...skipped, ""].join("\n");
}

function countText(value: number): string {
  return Math.round(value).toLocaleString("en-US");
}
