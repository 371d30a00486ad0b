/**
 * A measured run: its size, and the pipeline and stream that it runs. Tests start it in a process of its own, with the options of V8
 * that Node has by default; that process and its threads read its size from the environment.
 */
import { spawn } from "node:child_process";
import { join } from "node:path";
import { breakout, pipeline, tumbling } from "../../src/engine/pipeline/pipeline.ts";
import type { PipelinePlan } from "../../src/engine/pipeline/plan.ts";

export interface MeasuredRun {
  readonly driver: "inline" | "threaded";
  readonly shards: number;
  /** Records of the warm-up at least, and records that are measured after it. */
  readonly warmUpRecords: number;
  readonly records: number;
  /** Records of a window. */
  readonly windowRecords: number;
  /** Whether the warm-up also waits until V8 has stopped collecting. */
  readonly settled: boolean;
}

const RUN_VARIABLE = "TERCEL_MEASURED_RUN";

/** The run of this process. */
export function measuredRun(): MeasuredRun {
  return JSON.parse(process.env[RUN_VARIABLE] ?? "null") as MeasuredRun;
}

/** Runs a measured run and answers the reports of its threads, the main thread's last. */
export async function runMeasured<T>(program: string, run: MeasuredRun, timeoutMs: number): Promise<T[]> {
  return runProgram<T>(program, [], { [RUN_VARIABLE]: JSON.stringify(run) }, timeoutMs);
}

/** Runs a file beside this one as a process of its own, and answers the JSON documents that it printed, one a line. */
export async function runProgram<T>(file: string, args: readonly string[], env: Readonly<Record<string, string>>, timeoutMs: number): Promise<T[]> {
  const preload = join(import.meta.dirname, "shard-probe.ts");
  const child = spawn(process.execPath, ["--import", preload, join(import.meta.dirname, file), ...args], {
    env: { ...process.env, NODE_OPTIONS: "", ...env },
    stdio: ["ignore", "pipe", "inherit"],
    timeout: timeoutMs,
  });
  let text = "";
  child.stdout.setEncoding("utf8").on("data", (part: string) => (text += part));
  const [code, signal] = await new Promise<[number | null, string | null]>((resolve, reject) => {
    child.on("error", reject).on("close", (...how) => resolve(how));
  });
  if (code !== 0) throw new Error(`${file} ended with ${signal ?? code} after printing ${text}`);
  return text
    .trim()
    .split("\n")
    .map((line) => JSON.parse(line) as T);
}

/** Something of every analysis, over spans so short that every thousand records make outputs of each kind. */
export function measuredPlan(): PipelinePlan {
  return pipeline("endurance")
    .limits({ instruments: 512, orders: 1 << 17, levels: 1 << 16, ringRecords: 4096 })
    .bars("50ms")
    .signal("up", "close > sma(3)", { side: "buy" })
    .signal("dip", "close < bollinger(20, 2).lower and rsi(14) < 50", { side: "buy" })
    .signal("trend", "crossOver(ema(5), ema(20)) and macd(12, 26, 9).histogram > 0", { side: "buy" })
    .signal("fade", "close > vwap() + atr(14)", { side: "sell", every: true })
    .bars("1s")
    .window("flow", tumbling("100ms"), { vwap: "vwap", trades: "count", spread: "sd" }, { lateness: "20ms" })
    .pattern("jump", breakout({ threshold: "0.05%", over: "200ms" }))
    .pattern("drop", breakout({ threshold: "0.05%", over: "200ms", direction: "down" }))
    .guard({ velocity: "0.3% in 100ms", then: "suppress", cooldown: "50ms" })
    .orders({ qty: 100 })
    .toPlan();
}
