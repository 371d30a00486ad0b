/** `tercel demo` (npm start): about 20 s of a simulated exchange through the whole pipeline, in real time, with a live line. */
import { Option, type Command } from "commander";
import { LOG_WARN } from "../kernel/core/log.ts";
import { INSTRUMENTS_MAX, MarketSimulator } from "../sim/simulator.ts";
import { demoPlan } from "./demo-plan.ts";
import type { CommandContext } from "./main.ts";
import { runPipeline } from "./pipeline-run.ts";
import { ProgressLine } from "./progress.ts";
import { DEFAULT_PIECE_BYTES } from "./run-options.ts";
import { SimulatorSource } from "./simulator-source.ts";
import { summaryText, warmupText } from "./summary.ts";
import { wholeNumber } from "./whole-number.ts";

const WAYS_ON = `
Ways on:
  npx tercel simulate flash-crash                                   another scenario, as fast as it goes
  npx tercel replay examples/pipeline.yaml --from FILE --feed F     your own recorded files; --help lists the options
  ... | npx tercel replay examples/pipeline.yaml --from - --feed F  a live feed, piped in by any client of the venue
  npx tercel inspect decode FILE --feed itch50                      what is in a file
  npx tercel inspect book FILE --feed itch50 --instrument SYMBOL    a book at the end of a file
  npx tercel simulate demo --out day.itch                           a recording to try them on
`;

interface DemoFlags {
  seconds: number;
  rate: number;
  instruments: number;
  seed: number;
  json?: boolean;
}

export function addDemo(program: Command, context: CommandContext): void {
  program
    .command("demo", { isDefault: false })
    .description("a simulated exchange through the whole pipeline, in real time: opening burst, flash crash, halt")
    .addOption(new Option("--seconds <n>", "length").argParser(wholeNumber("--seconds", 1, 3600)).default(20))
    .addOption(new Option("--rate <n>", "mean messages a second").argParser(wholeNumber("--rate", 1000, 5_000_000)).default(150_000))
    .addOption(new Option("--instruments <n>", "instruments").argParser(wholeNumber("--instruments", 1, INSTRUMENTS_MAX)).default(300))
    .addOption(new Option("--seed <n>", "the seed").argParser(wholeNumber("--seed", -2147483648, 4294967295)).default(1))
    .option("--json", "one JSON document on stdout")
    .addHelpText("after", WAYS_ON)
    .action(async (flags: DemoFlags) => demo(flags, context));
}

async function demo(flags: DemoFlags, { terminal }: CommandContext): Promise<void> {
  const plan = demoPlan();
  const simulator = new MarketSimulator({
    seed: flags.seed,
    instruments: flags.instruments,
    scenario: "demo",
    ratePerSecond: flags.rate,
    messages: flags.rate * flags.seconds,
  });
  if (flags.json !== true) {
    terminal.err(`${flags.instruments} instruments, ${flags.rate.toLocaleString("en-US")} messages/s, ${flags.seconds} s: opening burst, flash crash, halt\n`);
  }
  const progress = new ProgressLine(terminal, flags.json === true, 2);
  const summary = await runPipeline({
    plan,
    feed: "itch50",
    input: [`demo:${flags.seed}`],
    driver: "inline",
    shards: 1,
    batch: 256,
    pieceBytes: DEFAULT_PIECE_BYTES,
    speed: 1,
    store: null,
    checkpointEveryNs: Infinity,
    resume: false,
    openSource: (position) => new SimulatorSource(simulator, position),
    onProgress: (now) => progress.show(now),
    log: { file: null, level: LOG_WARN, format: "text" },
    onLog: (lines) => {
      progress.end();
      terminal.err(lines);
    },
    warmUp: true,
    onWarmup: (report) => {
      if (flags.json !== true) terminal.err(warmupText(report));
    },
    truth: (symbol) => simulator.truth(symbol),
  });
  progress.end();
  terminal.out(flags.json === true ? `${JSON.stringify(summary)}\n` : `${summaryText(plan.name, summary)}${WAYS_ON}`);
}
