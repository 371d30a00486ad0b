/** The command line in a test: one call, what it printed, its exit code. */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { main } from "../../src/cli/main.ts";
import type { Terminal } from "../../src/cli/terminal.ts";

/** What a command left behind. */
export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A terminal that keeps what is written to it. */
export class RecordingTerminal implements Terminal {
  printed = "";
  complained = "";
  readonly isInteractive: boolean;

  constructor(isInteractive: boolean = false) {
    this.isInteractive = isInteractive;
  }

  out(text: string): void {
    this.printed += text;
  }

  err(text: string): void {
    this.complained += text;
  }
}

/** Runs `tercel args...` in this process. */
export async function tercel(...args: readonly string[]): Promise<Outcome> {
  const terminal = new RecordingTerminal();
  const code = await main(args, terminal);
  return { code, out: terminal.printed, err: terminal.complained };
}

/** The document that `tercel args... --json` prints; throws what stands on stderr for any other exit code. */
export async function tercelJson<T>(args: readonly string[], expectedCode: number = 0): Promise<T> {
  const { code, out, err } = await tercel(...args, "--json");
  if (code !== expectedCode) throw new Error(`exit code ${code}: ${err}`);
  return JSON.parse(out) as T;
}

/** Runs the program itself. */
export function spawnTercel(args: readonly string[], nodeArgs: readonly string[] = []): Outcome {
  const program = join(import.meta.dirname, "..", "..", "bin", "tercel.js");
  const { status, stdout, stderr } = spawnSync(process.execPath, [...nodeArgs, program, ...args], { encoding: "utf8", timeout: 60_000 });
  return { code: status ?? -1, out: stdout, err: stderr };
}
