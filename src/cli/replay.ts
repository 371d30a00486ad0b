/** `tercel replay PIPELINE --from FILE...`: a recorded stream through a pipeline, at any speed, with checkpoints and resume. */
import { Option, type Command } from "commander";
import { FileCheckpointStore } from "../connect/file/checkpoint-store.ts";
import { FileSource } from "../connect/file/file-source.ts";
import { feedNamed } from "../engine/pipeline/feed-catalog.ts";
import { parseDuration, parseSpeed } from "../engine/pipeline/quantity.ts";
import { StreamError } from "../kernel/core/errors.ts";
import { loadPlan } from "./config/load.ts";
import type { CommandContext } from "./main.ts";
import { wholeNumber } from "./whole-number.ts";
import { runPipeline, type DriverName } from "./pipeline-run.ts";
import { ProgressLine } from "./progress.ts";
import { summaryText } from "./summary.ts";

/** Bytes of a piece unless --chunk says otherwise: what one network packet carries. */
export const DEFAULT_PIECE_BYTES = 1472;

interface ReplayFlags {
  from: string[];
  feed?: string;
  speed: string;
  driver: DriverName;
  shards: number;
  batch: number;
  chunk?: number;
  checkpoint?: string;
  every: string;
  resume?: boolean;
  json?: boolean;
}

/** Options of every command that runs a pipeline. */
export function addRunOptions(command: Command): Command {
  return command
    .addOption(new Option("--driver <name>", "where the shards run").choices(["inline", "threaded"]).default("inline"))
    .addOption(new Option("--shards <n>", "shards, by instrument").argParser(wholeNumber("--shards", 1, 64)).default(1))
    .addOption(new Option("--batch <n>", "records published and read at once at most").argParser(wholeNumber("--batch", 1, 65_536)).default(256))
    .option("--checkpoint <folder>", "write checkpoints there")
    .option("--every <duration>", "time between checkpoints", "1s")
    .option("--resume", "go on from the newest checkpoint")
    .option("--json", "one JSON document on stdout");
}

export function addReplay(program: Command, context: CommandContext): void {
  const command = program
    .command("replay <pipeline>")
    .description("run a pipeline (.yaml, or a module with a default export) over recorded files; the same input gives the same output hash")
    .requiredOption("--from <files...>", "recorded files, one stream in the order given")
    .option("--feed <name>", "the feed in the files", "itch50")
    .option("--speed <factor>", "max, or a factor of real time such as 10x", "max")
    .addOption(
      new Option("--chunk <bytes>", `feed it in pieces of so many bytes (default ${DEFAULT_PIECE_BYTES})`).argParser(wholeNumber("--chunk", 1, 1 << 30)),
    );
  addRunOptions(command).action(async (pipeline: string, flags: ReplayFlags) => replay(pipeline, flags, context));
}

async function replay(path: string, flags: ReplayFlags, { terminal }: CommandContext): Promise<void> {
  const feed = flags.feed ?? "itch50";
  feedNamed(feed);
  const plan = await loadPlan(path);
  const speed = parseSpeed(flags.speed);
  const { store, checkpointEveryNs } = openCheckpoints(flags);
  const progress = new ProgressLine(terminal, flags.json === true);
  const probe = new FileSource(flags.from, {});
  await probe.close();
  const summary = await runPipeline({
    plan,
    feed,
    input: flags.from,
    driver: flags.driver,
    shards: flags.shards,
    batch: flags.batch,
    pieceBytes: flags.chunk ?? DEFAULT_PIECE_BYTES,
    speed,
    store,
    checkpointEveryNs,
    resume: flags.resume === true,
    openSource: (startOffset) => new FileSource(flags.from, { startOffset }),
    onProgress: (now) => progress.show(now),
    warmUp: false,
  });
  progress.end();
  if (summary.messages === 0 && summary.malformed > 0) {
    throw new StreamError("INPUT_UNREADABLE", `${flags.from.join(", ")}: no message of feed ${feed} recognised; is it another feed?`, { feed });
  }
  terminal.out(flags.json === true ? `${JSON.stringify(summary)}\n` : summaryText(plan.name, summary));
}

/** The store that --checkpoint names; USAGE for --resume without it. */
export function openCheckpoints(flags: { checkpoint?: string; every: string; resume?: boolean }): {
  store: FileCheckpointStore | null;
  checkpointEveryNs: number;
} {
  const checkpointEveryNs = parseDuration(flags.every, "--every");
  if (flags.checkpoint === undefined) {
    if (flags.resume === true) throw new StreamError("USAGE", "--resume needs --checkpoint FOLDER to resume from");
    return { store: null, checkpointEveryNs };
  }
  const store = new FileCheckpointStore(flags.checkpoint);
  if (flags.resume !== true) store.clear();
  return { store, checkpointEveryNs };
}
