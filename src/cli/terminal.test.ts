import { describe, expect, it } from "vitest";
import { RecordingTerminal } from "../../test/model/cli.ts";
import type { RunProgress } from "./pipeline-run.ts";
import { ProgressLine } from "./progress.ts";
import { createProcessTerminal, grouped, latencyText, table } from "./terminal.ts";

function progress(seconds: number, records: number): RunProgress {
  return { seconds, position: 0, records, signals: 3, p50Ns: 410, p99Ns: 3800, maxNs: 94e6, ringUse: 0.25, gcEvents: 0, lifecycle: "READY" };
}

describe("figures for people", () => {
  it("latencies have the unit that fits, and say when they are not known", () => {
    expect([410, 3800, 94e6, 1.5e9, null].map(latencyText)).toEqual(["410 ns", "3.80 us", "94.0 ms", "1.50 s", "unknown"]);
    expect(grouped(1_234_567.4)).toBe("1,234,567");
  });

  it("a table has its numbers to the right and its words to the left", () => {
    expect(
      table([
        ["name", "n"],
        ["a", 5],
        ["bb", 120],
      ]),
    ).toBe("name  n\na       5\nbb    120\n");
  });
});

describe("progress", () => {
  it("is one line that is written over on a terminal, and wiped at the end", () => {
    const terminal = new RecordingTerminal(true);
    const line = new ProgressLine(terminal, false);
    line.show(progress(0.1, 10));
    expect(terminal.complained).toBe("");
    line.show(progress(0.5, 100_000));
    expect(terminal.complained).toMatch(/^\r +0\.5 s +200,000 records\/s {2}p50 410 ns {2}p99 3\.80 us {2}max 94\.0 ms {2}ring 25% {2}signals 3 {2}gc 0$/);
    line.end();
    expect(terminal.complained).toMatch(/\r +\r$/);
  });

  it("is a line a minute in a log", () => {
    const terminal = new RecordingTerminal();
    const line = new ProgressLine(terminal, false);
    for (let seconds = 1; seconds <= 125; seconds++) line.show(progress(seconds, seconds * 1000));
    line.end();
    expect(
      terminal.complained
        .trimEnd()
        .split("\n")
        .map((text) => text.trim().slice(0, 6)),
    ).toEqual(["60.0 s", "120.0 "]);
  });

  it("is nothing with --json", () => {
    const terminal = new RecordingTerminal(true);
    const line = new ProgressLine(terminal, true);
    line.show(progress(100, 5));
    line.end();
    expect(terminal.complained).toBe("");
  });
});

describe("the process's streams", () => {
  it("forgive a reader that has gone, and nothing else", () => {
    const before = process.stdout.listeners("error").length;
    const terminal = createProcessTerminal();
    const listener = process.stdout.listeners("error").at(-1) as (error: NodeJS.ErrnoException) => void;
    expect(process.stdout.listeners("error")).toHaveLength(before + 1);
    expect(() => listener(Object.assign(new Error("gone"), { code: "EPIPE" }))).not.toThrow();
    expect(() => listener(Object.assign(new Error("full"), { code: "ENOSPC" }))).toThrow("full");
    expect(typeof terminal.out).toBe("function");
    for (const stream of [process.stdout, process.stderr]) stream.removeListener("error", listener);
  });
});
