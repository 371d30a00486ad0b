/** `tercel doctor`: what on this host will hurt, one line each with the remedy. */
import { readFileSync } from "node:fs";
import { availableParallelism, freemem, totalmem } from "node:os";
import { getHeapStatistics } from "node:v8";
import type { Command } from "commander";
import type { CommandContext } from "./main.ts";
import { VERSION } from "./version.ts";

/** One finding; `ok` false is something to act on. */
export interface Finding {
  readonly check: string;
  readonly ok: boolean;
  readonly seen: string;
  readonly remedy: string;
}

export function addDoctor(program: Command, { terminal }: CommandContext): void {
  program
    .command("doctor")
    .description("what on this host will hurt, one line each with the remedy")
    .option("--json", "one JSON document on stdout")
    .action((flags: { json?: boolean }) => {
      const findings = examine();
      if (flags.json === true) terminal.out(`${JSON.stringify({ version: VERSION, node: process.versions.node, findings })}\n`);
      else for (const { check, ok, seen, remedy } of findings) terminal.out(`${ok ? "ok  " : "hurt"}  ${check}: ${seen}${ok ? "" : `; ${remedy}`}\n`);
    });
}

/** Looks at the host. */
export function examine(): Finding[] {
  const cores = availableParallelism();
  const isolated = readOr("/sys/devices/system/cpu/isolated", "").trim();
  const source = readOr("/sys/devices/system/clocksource/clocksource0/current_clocksource", "unknown").trim();
  const stepNs = clockStepNs();
  const { heap_size_limit: heapLimit, used_heap_size: heapUsed } = getHeapStatistics();
  const mb = (bytes: number): string => `${Math.round(bytes / 1024 ** 2)} MB`;
  return [
    { check: "node", ok: true, seen: `${process.versions.node}, V8 ${process.versions.v8}`, remedy: "" },
    { check: "cores", ok: cores >= 4, seen: `${cores}`, remedy: "give ingest, each shard and the sinks a core of their own; with fewer use --driver inline" },
    {
      check: "isolated cores",
      ok: isolated !== "",
      seen: isolated === "" ? "none" : isolated,
      remedy: "boot with isolcpus and pin the shards, or expect the scheduler in the tail latencies",
    },
    { check: "clock source", ok: source === "tsc", seen: source, remedy: "use a host whose kernel trusts the TSC: other clocks cost a system call a reading" },
    { check: "clock step", ok: stepNs <= 1000, seen: `${stepNs} ns`, remedy: "latencies below the step cannot be told apart" },
    {
      check: "memory",
      ok: totalmem() >= 2 * 1024 ** 3,
      seen: `${mb(totalmem())}, ${mb(freemem())} of it free`,
      remedy: "lower limits.memory in the pipeline",
    },
    {
      check: "process",
      ok: heapUsed < heapLimit / 2,
      seen: `resident ${mb(process.memoryUsage.rss())}, heap ${mb(heapUsed)} of ${mb(heapLimit)}`,
      remedy: "raise --max-old-space-size: what surrounds the hot path lives there",
    },
    {
      check: "Atomics.pause",
      ok: "pause" in Atomics,
      seen: "pause" in Atomics ? "present" : "absent",
      remedy: "spinning threads will heat their sibling; let them park (the default)",
    },
  ];
}

function readOr(path: string, fallback: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch {
    return fallback; // not this operating system
  }
}

/** The smallest step that performance.now() was seen to make. */
function clockStepNs(): number {
  let smallest = Infinity;
  let last = performance.now();
  for (let i = 0; i < 20_000; i++) {
    const now = performance.now();
    if (now > last) smallest = Math.min(smallest, now - last);
    last = now;
  }
  return Math.round(smallest * 1e6);
}
