/** What replay, simulate and run share: their options, and the way from a plan and a source to the printed summary. */
import { Option, type Command } from "commander";
import { FileCheckpointStore } from "../connect/file/checkpoint-store.ts";
import { parseDuration } from "../engine/pipeline/quantity.ts";
import { StreamError } from "../kernel/core/errors.ts";
import { IDLE_NAMES, type IdleName } from "../kernel/ring/idle.ts";
import { explainRun } from "./explain-run.ts";
import type { CommandContext } from "./main.ts";
import { runPipeline, type DriverName, type PipelineRunOptions, type RunSummary } from "./pipeline-run.ts";
import { ProgressLine } from "./progress.ts";
import { summaryText, warmupText } from "./summary.ts";
import { addThreadOptions, threadSettings, type ThreadFlags } from "./thread-options.ts";
import { wholeNumber } from "./whole-number.ts";

/** Bytes of a piece unless --chunk says otherwise: what one network packet carries. */
export const DEFAULT_PIECE_BYTES = 1472;

/** The shared options as given. */
export interface RunFlags extends ThreadFlags {
  driver: DriverName;
  shards: number;
  batch: number;
  idle: IdleName;
  checkpoint?: string;
  every: string;
  resume?: boolean;
  explain?: boolean;
  json?: boolean;
}

/** What a command itself decides. */
export type RunSubject = Pick<PipelineRunOptions, "plan" | "feed" | "input" | "pieceBytes" | "speed" | "openSource" | "warmUp" | "truth"> & {
  /** Heads the summary. */
  readonly title: string;
};

/** Options of every command that runs a pipeline. */
export function addRunOptions(command: Command): Command {
  const placed = command
    .addOption(new Option("--driver <name>", "where the shards run").choices(["inline", "threaded"]).default("inline"))
    .addOption(new Option("--shards <n>", "shards, by instrument").argParser(wholeNumber("--shards", 1, 64)).default(1))
    .addOption(new Option("--batch <n>", "records published and read at once at most").argParser(wholeNumber("--batch", 1, 65_536)).default(256))
    .addOption(new Option("--idle <name>", "how a shard's thread waits for input, with --driver threaded").choices(IDLE_NAMES).default("park"));
  return addThreadOptions(placed)
    .option("--checkpoint <folder>", "write checkpoints there")
    .option("--every <duration>", "time between checkpoints", "1s")
    .option("--resume", "go on from the newest checkpoint")
    .option("--explain", "print the effective pipeline as YAML and the memory it takes, and run nothing")
    .option("--json", "one JSON document on stdout");
}

/** Runs to the end and prints the summary; null when --explain was all that was asked for. */
export async function execute({ title, ...subject }: RunSubject, flags: RunFlags, { terminal }: CommandContext): Promise<RunSummary | null> {
  const checkpointEveryNs = parseDuration(flags.every, "--every");
  const { driver, shards, batch, idle } = flags;
  const json = flags.json === true;
  if (flags.resume === true && flags.checkpoint === undefined) throw new StreamError("USAGE", "--resume needs --checkpoint FOLDER to resume from");
  const threading = threadSettings(flags, driver, subject.plan);
  if (flags.explain === true) {
    explainRun({ ...subject, driver, shards, batch, idle, threading, checkpoint: flags.checkpoint ?? null, checkpointEveryNs }, json, terminal);
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
      threading,
      store,
      checkpointEveryNs,
      resume: flags.resume === true,
      onProgress: (now) => progress.show(now),
      onNote: (text) => terminal.err(`tercel: ${text}\n`),
      onWarmup: (report) => {
        if (!json) terminal.err(warmupText(report));
      },
    });
  } finally {
    progress.end();
  }
  terminal.out(json ? `${JSON.stringify(summary)}\n` : summaryText(title, summary));
  return summary;
}

/** The store in a folder; emptied for a run from the start. */
function openCheckpoints(folder: string | undefined, resume: boolean): FileCheckpointStore | null {
  if (folder === undefined) return null;
  const store = new FileCheckpointStore(folder);
  if (!resume) store.clear();
  return store;
}
