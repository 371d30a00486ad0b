/**
 * The command line: parses, dispatches, and turns every error into one sentence and an exit code. docs/reference/cli.md.
 */
import { Command, CommanderError } from "commander";
import { addBench } from "./bench.ts";
import { addDemo } from "./demo.ts";
import { addDoctor } from "./doctor.ts";
import { EXIT_DONE, EXIT_USAGE, exitCodeOf, explainError } from "./exit.ts";
import { addInspect } from "./inspect.ts";
import { addReplay } from "./replay.ts";
import { addSimulate } from "./simulate.ts";
import { processTerminal, type Terminal } from "./terminal.ts";
import { VERSION } from "./version.ts";

/** What a command is given. */
export interface CommandContext {
  readonly terminal: Terminal;
  /** Sets the exit code of a command that ran to its end. */
  readonly setExitCode: (code: number) => void;
}

/** Runs one command line, without the two leading words; answers the exit code. */
export async function main(args: readonly string[], terminal: Terminal = processTerminal): Promise<number> {
  let exitCode = EXIT_DONE;
  const program = createProgram({ terminal, setExitCode: (code) => (exitCode = code) });
  const debug = args.includes("--debug");
  try {
    await program.parseAsync([...args], { from: "user" });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) {
      if (error.exitCode === 0) return EXIT_DONE;
      return EXIT_USAGE;
    }
    terminal.err(`tercel: ${explainError(error, debug)}\n`);
    return exitCodeOf(error);
  }
}

function createProgram(context: CommandContext): Command {
  const program = new Command("tercel");
  const { terminal } = context;
  program
    .description("Market-data stream processor: exchange feeds in; books, bars, indicators, windows, patterns, signals and orders out.")
    .version(VERSION)
    .option("--debug", "print stacks with errors")
    .configureOutput({
      writeOut: (text) => terminal.out(text),
      writeErr: (text) => terminal.err(text),
      outputError: (text, write) => write(text.replace(/^error: /, "tercel: ")),
    })
    .exitOverride()
    .showSuggestionAfterError(true)
    .showHelpAfterError("(--help lists what is allowed)");
  for (const add of [addDemo, addInspect, addReplay, addSimulate, addBench, addDoctor]) add(program, context);
  for (const command of allCommands(program)) {
    command.copyInheritedSettings(program);
    command.exitOverride();
    if (!command.options.some((option) => option.long === "--debug")) command.option("--debug", "print stacks with errors");
  }
  return program;
}

function allCommands(command: Command): Command[] {
  return command.commands.flatMap((child) => [child, ...allCommands(child)]);
}
