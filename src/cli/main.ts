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
import { addRun } from "./run.ts";
import { addSimulate } from "./simulate.ts";
import { createProcessTerminal, type Terminal } from "./terminal.ts";
import { VERSION } from "./version.ts";

/** What a command is given. */
export interface CommandContext {
  readonly terminal: Terminal;
  /** Sets the exit code of a command that ran to its end. */
  readonly setExitCode: (code: number) => void;
}

/** Runs one command line, without the two leading words; answers the exit code. */
export async function main(args: readonly string[], terminal: Terminal = createProcessTerminal()): Promise<number> {
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
      outputError: (text, write) => write(usageSentence(text)),
    })
    .exitOverride()
    .showSuggestionAfterError(true);
  for (const add of [addDemo, addInspect, addRun, addReplay, addSimulate, addBench, addDoctor]) add(program, context);
  for (const command of allCommands(program)) {
    command.copyInheritedSettings(program);
    command.exitOverride();
    if (!command.options.some((option) => option.long === "--debug")) command.option("--debug", "print stacks with errors");
  }
  return program;
}

/** "error: unknown option '--fro'\n(Did you mean --from?)\n" as one sentence. */
function usageSentence(text: string): string {
  const [fault, hint] = text
    .replace(/^error: /, "")
    .trimEnd()
    .split("\n");
  const near = hint === undefined ? "" : `: ${hint.replace(/^\(D/, "d").replace(/\)$/, "")}`;
  return `tercel: ${fault.replace(/\. Allowed choices are /, "; expected one of ").replace(/\.$/, "")}${near} (--help lists what is allowed)\n`;
}

function allCommands(command: Command): Command[] {
  return command.commands.flatMap((child) => [child, ...allCommands(child)]);
}
