/**
 * Rivals in C++: compiled into a cache folder when g++ is there, then kept as one process that does a round for each line it is given.
 * It answers "nanoseconds operations hash" and, where it measures latencies, five percentiles. Without g++ the reason takes the rival's
 * place. Cold.
 */
import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { StreamError } from "../../src/kernel/core/errors.ts";
import type { LatencySample, Rival } from "../harness.ts";

const FLAGS = ["-O3", "-march=native", "-std=c++17", "-pthread"];
const HERE = import.meta.dirname;

/** A running rival; close() it when the bench is over. */
export class NativeRival implements Rival {
  readonly name: string;
  private readonly child: ChildProcess;
  private readonly lines: Interface;
  private readonly question: string;
  private waiting: { resolve(sample: LatencySample): void; reject(error: unknown): void } | null = null;

  constructor(name: string, program: string, args: readonly string[], question: string) {
    this.name = name;
    this.question = question;
    this.child = spawn(program, args, { stdio: ["pipe", "pipe", "inherit"] });
    this.lines = createInterface({ input: this.child.stdout! });
    this.lines.on("line", (line) => this.answer(line));
    this.child.on("exit", (code) => this.waiting?.reject(new StreamError("INVARIANT", `${name}: the rival ended with code ${code}`)));
  }

  run(): Promise<LatencySample> {
    return new Promise((resolve, reject) => {
      this.waiting = { resolve, reject };
      this.child.stdin!.write(`${this.question}\n`);
    });
  }

  close(): void {
    this.child.stdin!.end();
    this.lines.close();
  }

  private answer(line: string): void {
    const [ns, operations, hash, ...rest] = line.split(" ");
    const [p50 = NaN, p90 = NaN, p99 = NaN, p999 = NaN, max = NaN] = rest.map(Number);
    this.waiting?.resolve({ ns: Number(ns), operations: Number(operations), hash, latency: { p50, p90, p99, p999, max } });
    this.waiting = null;
  }
}

/** Starts a rival from baseline/<source>.cpp, or says why it cannot. `question`: what each line asks. */
export function startNative(source: string, name: string, args: readonly string[], question: string = "0 0"): NativeRival | string {
  const program = compiled(source);
  if (program === null) return `${name}: skipped, there is no g++ here`;
  return new NativeRival(name, program, args, question);
}

/** The program of a source, made anew only when source or compiler changed; null without a compiler. */
function compiled(source: string): string | null {
  let compiler: string;
  try {
    compiler = execFileSync("g++", ["--version"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
  } catch {
    return null;
  }
  const text = readFileSync(join(HERE, `${source}.cpp`), "utf8") + readFileSync(join(HERE, "rival.hpp"), "utf8");
  const key = createHash("sha256").update(text).update(compiler).update(FLAGS.join(" ")).digest("hex").slice(0, 16);
  const folder = join(tmpdir(), "tercel-bench");
  const program = join(folder, `${source}-${key}`);
  if (!existsSync(program)) {
    mkdirSync(folder, { recursive: true });
    const unfinished = `${program}.${process.pid}`;
    execFileSync("g++", [...FLAGS, "-o", unfinished, join(HERE, `${source}.cpp`)], { stdio: ["ignore", "ignore", "inherit"] });
    renameSync(unfinished, program);
  }
  return program;
}
