/**
 * Each indicator against `trading-signals`, one after the other, each in a thread of its own: code that has seen several classes at one
 * call is slower, on both sides, and by what came before it.
 */
import { Worker } from "node:worker_threads";
import type { Effort, Result } from "./harness.ts";
import type { ContestTask } from "./indicator-contest.ts";

const NAMES = ["sma", "ema", "rsi", "macd", "bollinger", "atr", "vwap"];

export async function benchIndicators(effort: Effort): Promise<Result[]> {
  const share: Effort = { ...effort, seconds: effort.seconds / 2 };
  const results: Result[] = [];
  for (const name of NAMES) results.push(await contest({ name, effort: share }));
  return results;
}

function contest(task: ContestTask): Promise<Result> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL("./indicator-contest.ts", import.meta.url), { workerData: task });
    worker.once("message", resolve);
    worker.once("error", reject);
  });
}
