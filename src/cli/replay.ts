/** `tercel replay PIPELINE --from FILE...`: a recorded stream through a pipeline, at any speed, with checkpoints and resume. */
import { Option, type Command } from "commander";
import { FileSource } from "../connect/file/file-source.ts";
import { StdinSource } from "../connect/file/stdin-source.ts";
import { feedNamed } from "../engine/pipeline/feed-catalog.ts";
import { parseSpeed } from "../engine/pipeline/quantity.ts";
import { StreamError } from "../kernel/core/errors.ts";
import { loadPlan } from "./config/load.ts";
import type { CommandContext } from "./main.ts";
import { wholeNumber } from "./whole-number.ts";
import { DEFAULT_PIECE_BYTES, addRunOptions, execute, type RunFlags } from "./run-options.ts";

interface ReplayFlags extends RunFlags {
  from: string[];
  feed?: string;
  speed: string;
  chunk?: number;
}

export function addReplay(program: Command, context: CommandContext): void {
  const command = program
    .command("replay <pipeline>")
    .description("run a pipeline (.yaml, or a module with a default export) over recorded files; the same input gives the same output hash")
    .requiredOption("--from <files...>", "recorded files, one stream in the order given; - is standard input, a live feed piped in")
    .option("--feed <name>", "the feed in the files", "itch50")
    .option("--speed <factor>", "max, or a factor of real time such as 10x", "max")
    .addOption(
      new Option("--chunk <bytes>", `feed it in pieces of so many bytes (default ${DEFAULT_PIECE_BYTES})`).argParser(wholeNumber("--chunk", 1, 1 << 30)),
    );
  addRunOptions(command).action(async (pipeline: string, flags: ReplayFlags) => replay(pipeline, flags, context));
}

async function replay(path: string, flags: ReplayFlags, context: CommandContext): Promise<void> {
  const feed = flags.feed ?? "itch50";
  feedNamed(feed);
  const plan = await loadPlan(path);
  const speed = parseSpeed(flags.speed);
  const piped = flags.from.includes("-");
  if (piped && (flags.from.length > 1 || flags.checkpoint !== undefined)) {
    throw new StreamError("USAGE", "--from - (standard input) cannot be read again: it takes no other file and no --checkpoint");
  }
  if (!piped && flags.explain !== true) await requireReadable(flags.from);
  await execute(
    {
      title: plan.name,
      plan,
      feed,
      input: flags.from,
      pieceBytes: flags.chunk ?? DEFAULT_PIECE_BYTES,
      speed,
      openSource: (startOffset) => (piped ? new StdinSource() : new FileSource(flags.from, { startOffset })),
      warmUp: false,
    },
    flags,
    context,
  );
}

/** Opens and closes each file: a run must not touch its outputs before its input is there. */
async function requireReadable(files: readonly string[]): Promise<void> {
  for (const file of files) {
    const probe = new FileSource([file]);
    await probe.open();
    await probe.close();
  }
}
