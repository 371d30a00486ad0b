/** `tercel simulate SCENARIO`: the seeded exchange through a pipeline, its books compared with the exchange's own at the end. */
import { closeSync, openSync, writeSync } from "node:fs";
import { Option, type Command } from "commander";
import { parseDuration, parseSpeed } from "../engine/pipeline/quantity.ts";
import { StreamError } from "../kernel/core/errors.ts";
import { findScenario, scenarioNames } from "../sim/scenario.ts";
import { INSTRUMENTS_MAX, MarketSimulator } from "../sim/simulator.ts";
import { loadPlan } from "./config/load.ts";
import { demoPlan } from "./demo-plan.ts";
import { EXIT_MISMATCH } from "./exit.ts";
import type { CommandContext } from "./main.ts";
import { DEFAULT_PIECE_BYTES, addRunOptions, execute, type RunFlags } from "./run-options.ts";
import { SimulatorSource } from "./simulator-source.ts";
import { UsageLog } from "./usage-log.ts";
import { wholeNumber } from "./whole-number.ts";

interface SimulateFlags extends RunFlags {
  pipeline?: string;
  seed: number;
  instruments?: number;
  messages?: number;
  rate?: number;
  out?: string;
  speed: string;
  usageEvery?: string;
}

export function addSimulate(program: Command, context: CommandContext): void {
  const command = program
    .command("simulate <scenario>")
    .description(`a simulated session (${scenarioNames().join(", ")}) through a pipeline, or into a file`)
    .option("--pipeline <file>", "the pipeline (default: one of each analysis)")
    .addOption(new Option("--seed <n>", "the seed: equal seeds give equal bytes").argParser(wholeNumber("--seed", -2147483648, 4294967295)).default(1))
    .addOption(new Option("--instruments <n>", "instruments (default: those of the scenario)").argParser(wholeNumber("--instruments", 1, INSTRUMENTS_MAX)))
    .addOption(new Option("--messages <n>", "close after about so many messages").argParser(wholeNumber("--messages", 1, 1e12)))
    .addOption(new Option("--rate <n>", "mean messages a simulated second").argParser(wholeNumber("--rate", 1, 50_000_000)))
    .option("--out <file>", "write the ITCH 5.0 bytes there instead of running a pipeline")
    .option("--speed <factor>", "max, or a factor of real time such as 1x", "max")
    .option("--usage-every <duration>", "also a table of the memory in use, a row each so much simulated time, such as 1h");
  addRunOptions(command).action(async (scenario: string, flags: SimulateFlags) => simulate(scenario, flags, context));
}

async function simulate(scenario: string, flags: SimulateFlags, context: CommandContext): Promise<void> {
  findScenario(scenario);
  const create = (): MarketSimulator => createSimulator(scenario, flags);
  if (flags.out !== undefined) return writeRecording(create(), flags.out, flags.json === true, context);
  const plan = flags.pipeline === undefined ? demoPlan() : await loadPlan(flags.pipeline);
  const speed = parseSpeed(flags.speed);
  const usageEveryNs = flags.usageEvery === undefined ? null : parseDuration(flags.usageEvery, "--usage-every");
  const simulator = create();
  let usage: UsageLog | null = null;
  const summary = await execute(
    {
      title: scenario,
      plan,
      feed: "itch50",
      input: [`simulator:${scenario}:${flags.seed}:${simulator.instruments}:${flags.messages ?? ""}:${flags.rate ?? ""}`],
      pieceBytes: DEFAULT_PIECE_BYTES,
      speed,
      openSource: (position, assembly) => {
        const source = new SimulatorSource(simulator, position);
        if (usageEveryNs === null) return source;
        usage = new UsageLog(simulator, assembly, usageEveryNs);
        return usage.watch(source);
      },
      warmUp: false,
      truth: (symbol) => simulator.truth(symbol),
      usage: () => usage?.rows,
    },
    flags,
    context,
  );
  const books = summary?.invariants;
  if (books !== undefined && books.booksEqual < books.booksChecked) context.setExitCode(EXIT_MISMATCH);
}

function createSimulator(scenario: string, flags: { seed: number; instruments?: number; messages?: number; rate?: number }): MarketSimulator {
  const { seed, instruments, messages, rate } = flags;
  return new MarketSimulator({
    seed,
    scenario,
    ...(instruments === undefined ? {} : { instruments }),
    ...(messages === undefined ? {} : { messages }),
    ...(rate === undefined ? {} : { ratePerSecond: rate }),
  });
}

function writeRecording(simulator: MarketSimulator, path: string, json: boolean, { terminal }: CommandContext): void {
  const buffer = new Uint8Array(1 << 20);
  try {
    const file = openSync(path, "w");
    for (let length = simulator.read(buffer, 0); length > 0; length = simulator.read(buffer, 0)) {
      for (let at = 0; at < length;) at += writeSync(file, buffer, at, length - at);
    }
    closeSync(file);
  } catch (cause) {
    throw new StreamError("SINK_FAILED", `cannot write ${path}: ${(cause as Error).message}`, { path }, cause);
  }
  const written = { file: path, messages: simulator.messages, bytes: simulator.position };
  terminal.out(json ? `${JSON.stringify(written)}\n` : `${path}: ${written.messages} messages, ${written.bytes} bytes of ITCH 5.0\n`);
}
