/** What replay, simulate and run share: their options, and the way from a plan and a source to the printed summary. */
import { Option, type Command } from "commander";
import { FileCheckpointStore } from "../connect/file/checkpoint-store.ts";
import type { LogFormat } from "../control/logger.ts";
import { parseDuration } from "../engine/pipeline/quantity.ts";
import { StreamError } from "../kernel/core/errors.ts";
import { LOG_INFO, LOG_LEVELS, LOG_WARN, logLevelOf } from "../kernel/core/log.ts";
import { IDLE_NAMES, type IdleName } from "../kernel/ring/idle.ts";
import { explainRun } from "./explain-run.ts";
import type { CommandContext } from "./main.ts";
import { runPipeline, type DriverName, type PipelineRunOptions, type RunSummary } from "./pipeline-run.ts";
import { ProgressLine } from "./progress.ts";
import type { LogSettings } from "./run-log.ts";
import { summaryText, warmupText } from "./summary.ts";
import type { UsageRow } from "./usage-log.ts";
import { addThreadOptions, threadSettings, type ThreadFlags } from "./thread-options.ts";
import { wholeNumber } from "./whole-number.ts";

/** Bytes of a piece unless --chunk says otherwise: what one network packet carries. */
export const DEFAULT_PIECE_BYTES = 1472;

/** Most records that wait in memory before a shard: 1 GB. */
const BURST_RECORDS_MAX = 16_777_216;

/** The shared options as given. */
export interface RunFlags extends ThreadFlags {
  driver: DriverName;
  shards: number;
  batch: number;
  idle: IdleName;
  burstRecords?: number;
  spill?: string;
  checkpoint?: string;
  every: string;
  resume?: boolean;
  explain?: boolean;
  log?: string;
  logLevel?: string;
  logFormat: LogFormat;
  json?: boolean;
}

/** What a command itself decides. */
export type RunSubject = Pick<PipelineRunOptions, "plan" | "feed" | "input" | "pieceBytes" | "speed" | "openSource" | "warmUp" | "isLive" | "truth"> & {
  /** Heads the summary. */
  readonly title: string;
  /** Rows of memory in use, known at the end. */
  readonly usage?: () => readonly UsageRow[] | undefined;
};

/** Options of every command that runs a pipeline. */
export function addRunOptions(command: Command): Command {
  const placed = command
    .addOption(new Option("--driver <name>", "where the shards run").choices(["inline", "threaded"]).default("inline"))
    .addOption(new Option("--shards <n>", "shards, by instrument").argParser(wholeNumber("--shards", 1, 64)).default(1))
    .addOption(new Option("--batch <n>", "records published and read at once at most").argParser(wholeNumber("--batch", 1, 65_536)).default(256))
    .addOption(new Option("--idle <name>", "how a shard's thread waits for input, with --driver threaded").choices(IDLE_NAMES).default("park"))
    .addOption(
      new Option("--burst-records <n>", "records that wait in memory before each shard while it is busy").argParser(
        wholeNumber("--burst-records", 1, BURST_RECORDS_MAX),
      ),
    )
    .option("--spill <file>", "where records wait for which --burst-records has no memory");
  return addThreadOptions(placed)
    .option("--checkpoint <folder>", "write checkpoints there")
    .option("--every <duration>", "time between checkpoints", "1s")
    .option("--resume", "go on from the newest checkpoint")
    .option("--explain", "print the effective pipeline as YAML and the memory it takes, and run nothing")
    .option("--log <file>", "append diagnostics to a file instead of stderr, written by a thread of its own")
    .addOption(new Option("--log-level <name>", "from which level on: by default warn on stderr, info in a file").choices(LOG_LEVELS))
    .addOption(new Option("--log-format <name>", "how lines look").choices(["text", "json"]).default("text"))
    .option("--json", "one JSON document on stdout");
}

/** Runs to the end and prints the summary; null when --explain was all that was asked for. */
export async function execute({ title, usage, ...subject }: RunSubject, flags: RunFlags, { terminal }: CommandContext): Promise<RunSummary | null> {
  const checkpointEveryNs = parseDuration(flags.every, "--every");
  const { driver, shards, batch, idle } = flags;
  const json = flags.json === true;
  const burst = burstOf(flags);
  if (flags.resume === true && flags.checkpoint === undefined) throw new StreamError("USAGE", "--resume needs --checkpoint FOLDER to resume from");
  const threading = threadSettings(flags, driver, subject.plan);
  if (flags.explain === true) {
    explainRun({ ...subject, driver, shards, batch, idle, burst, threading, checkpoint: flags.checkpoint ?? null, checkpointEveryNs }, json, terminal);
    return null;
  }
  const store = openCheckpoints(flags.checkpoint, flags.resume === true);
  const progress = new ProgressLine(terminal, json);
  let summary: RunSummary;
  try {
    summary = await runPipeline({
      ...subject,
      driver,
      shards,
      batch,
      idle,
      burst,
      threading,
      store,
      checkpointEveryNs,
      resume: flags.resume === true,
      onProgress: (now) => progress.show(now),
      log: logSettings(flags),
      onLog: (lines) => {
        progress.end();
        terminal.err(lines);
      },
      onWarmup: (report) => {
        if (!json) terminal.err(warmupText(report));
      },
    });
  } finally {
    progress.end();
  }
  const rows = usage?.();
  if (rows !== undefined) summary = { ...summary, usage: rows };
  terminal.out(json ? `${JSON.stringify(summary)}\n` : summaryText(title, summary));
  return summary;
}

/** Where diagnostics go: what must be acted on to stderr, unless a file is named. */
function logSettings({ log, logLevel, logFormat }: RunFlags): LogSettings {
  const level = logLevel === undefined ? (log === undefined ? LOG_WARN : LOG_INFO) : logLevelOf(logLevel);
  return { file: log ?? null, level, format: logFormat };
}

/** The burst queues that were asked for. */
function burstOf({ burstRecords, spill }: RunFlags): NonNullable<PipelineRunOptions["burst"]> | null {
  if (burstRecords !== undefined) return { records: burstRecords, spill: spill ?? null };
  if (spill !== undefined) throw new StreamError("USAGE", "--spill needs --burst-records N: it takes what those have no room for");
  return null;
}

/** The store in a folder; emptied for a run from the start. */
function openCheckpoints(folder: string | undefined, resume: boolean): FileCheckpointStore | null {
  if (folder === undefined) return null;
  const store = new FileCheckpointStore(folder);
  if (!resume) store.clear();
  return store;
}
