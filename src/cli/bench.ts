/** `tercel bench [NAME]`: measurements beside their rivals. They lie in the checkout, not in the published package. */
import { existsSync } from "node:fs";
import { Option, type Command } from "commander";
import { StreamError } from "../kernel/core/errors.ts";
import type { CommandContext } from "./main.ts";
import { wholeNumber } from "./whole-number.ts";

/** Options that a bench reads. */
export interface BenchFlags {
  seconds: number;
  rate?: number;
  burst?: number;
  small?: boolean;
  json?: boolean;
}

const BURST_MIN = 2;
const BURST_MAX = 100;

export function addBench(program: Command, { terminal }: CommandContext): void {
  program
    .command("bench [name]")
    .description("measure parts beside their rivals: ratio, percentiles, garbage collections and a hash of the result")
    .addOption(new Option("--seconds <n>", "measured time of each part").argParser(wholeNumber("--seconds", 1, 3600)).default(2))
    .addOption(new Option("--rate <n>", "operations a second of a paced bench").argParser(wholeNumber("--rate", 1000, 50_000_000)))
    .addOption(new Option("--burst <factor>", "times the rate for 100 ms of each second, such as 10x").argParser(burstFactor))
    .option("--small", "a few thousand operations each: does it run at all?")
    .option("--json", "one JSON document on stdout")
    .action(async (name: string | undefined, flags: BenchFlags) => {
      const entry = new URL("../../bench/run.ts", import.meta.url);
      if (!existsSync(entry))
        throw new StreamError("USAGE", "the benches lie in the source checkout, not in the published package: clone it and run npx tercel bench");
      const { runBenches } = (await import(entry.href)) as {
        readonly runBenches: (name: string | undefined, flags: BenchFlags, out: (text: string) => void) => Promise<void>;
      };
      await runBenches(name, flags, (text) => terminal.out(text));
    });
}

/** 10 of "10x"; USAGE for anything else. */
function burstFactor(text: string): number {
  const factor = Number(/^(\d+)x$/.exec(text)?.[1]);
  if (factor >= BURST_MIN && factor <= BURST_MAX) return factor;
  throw new StreamError("USAGE", `--burst: expected a factor from ${BURST_MIN}x to ${BURST_MAX}x such as 10x, got ${JSON.stringify(text)}`, {
    option: "--burst",
  });
}
