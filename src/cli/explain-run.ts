/**
 * `--explain`: what a run would be. The YAML holds every value in force, defaults too, and can be run again; what the options decided
 * and the memory stand in its comments.
 */
import { Assembly, type MemoryLine } from "../engine/pipeline/assembly.ts";
import { InlineDriver } from "../engine/pipeline/inline-driver.ts";
import type { PipelinePlan } from "../engine/pipeline/plan.ts";
import { formatDuration } from "../engine/pipeline/quantity.ts";
import { LiveClock } from "../kernel/core/clock.ts";
import { NoLatencyRecorder } from "../kernel/core/observer.ts";
import { Lifecycle } from "../kernel/lifecycle/machine.ts";
import type { IdleName } from "../kernel/ring/idle.ts";
import { planToYaml } from "./config/plan-yaml.ts";
import type { DriverName } from "./pipeline-run.ts";
import { protectedInputOf, type ThreadSettings } from "./thread-options.ts";
import { grouped, table, type Terminal } from "./terminal.ts";

/** What the plan does not say. */
export interface RunSettings {
  readonly plan: PipelinePlan;
  readonly feed: string;
  readonly input: readonly string[];
  readonly driver: DriverName;
  readonly shards: number;
  readonly batch: number;
  /** How a shard's thread waits; nothing waits with the inline driver. */
  readonly idle: IdleName;
  /** How threads carry the shards; likewise. */
  readonly threading: ThreadSettings;
  readonly pieceBytes: number;
  readonly speed: number;
  /** Folder, or null for none. */
  readonly checkpoint: string | null;
  readonly checkpointEveryNs: number;
}

/** Prints the explanation. ARENA_CAPACITY when the plan does not fit into its limit. */
export function explainRun(settings: RunSettings, json: boolean, terminal: Terminal): void {
  const { plan, feed, input, driver, shards, batch, pieceBytes } = settings;
  const idle = driver === "inline" ? null : settings.idle;
  const threads = driver === "inline" ? null : threadsOf(settings);
  const memory = memoryOf(settings);
  const bytes = memory.reduce((sum, line) => sum + line.bytes, 0);
  const checkpoint = settings.checkpoint === null ? null : { folder: settings.checkpoint, everyNs: settings.checkpointEveryNs };
  const run = { feed, input, driver, shards, batch, idle, threads, pieceBytes, speed: Number.isFinite(settings.speed) ? settings.speed : "max", checkpoint };
  if (json) {
    terminal.out(`${JSON.stringify({ plan, run, memory, memoryBytes: bytes, limitBytes: plan.limits.memoryBytes })}\n`);
    return;
  }
  const arenas = [...Map.groupBy(memory, (line) => line.arena)].map(([arena, lines]) => [arena, grouped(lines.reduce((sum, line) => sum + line.bytes, 0))]);
  const comments = [
    `input   ${input.join(", ")} as ${feed}, in pieces of ${pieceBytes} bytes, speed ${run.speed}`,
    `driver  ${driver}, ${shards} ${shards === 1 ? "shard" : "shards"}, batches of ${batch}${idle === null ? "" : `, idle ${idle}`}`,
    ...(threads === null
      ? []
      : [`threads ${threads.count}${threads.rebalance ? ", evened out" : ""}, ${threads.recovery ? "brought back when they die" : "a death ends the run"}`]),
    `checkpoints  ${checkpoint === null ? "none" : `${checkpoint.folder}, every ${formatDuration(checkpoint.everyNs)}`}`,
    "",
    "memory in bytes, taken before the first message",
    ...table([...arenas, ["sum", `${grouped(bytes)} of ${grouped(plan.limits.memoryBytes)}`]])
      .trimEnd()
      .split("\n"),
  ];
  terminal.out(planToYaml(plan) + comments.map((line) => `# ${line}`.trimEnd()).join("\n") + "\n");
}

/** What becomes of the settings. */
function threadsOf({ plan, shards, threading }: RunSettings): { readonly count: number; readonly rebalance: boolean; readonly recovery: boolean } {
  return { count: threading.threads ?? shards, rebalance: threading.rebalance, recovery: protectedInputOf(plan, threading) !== null };
}

/** The regions of a run that is built and thrown away. */
function memoryOf({ plan, feed, driver: name, shards, batch, threading, checkpoint }: RunSettings): MemoryLine[] {
  const clock = new LiveClock();
  const driver = new InlineDriver(batch);
  const assembly = new Assembly({
    plan,
    feed,
    shards,
    batch,
    ingestPressure: driver.ingestPressure,
    outputPressure: driver.outputPressure,
    barriers: { onBarrier: () => undefined },
    clock,
    latency: new NoLatencyRecorder(),
    lifecycle: new Lifecycle(clock).word,
    checkpoints: checkpoint !== null,
    protectedInput: name === "inline" ? null : protectedInputOf(plan, threading),
    createSinks: () => [],
  });
  return assembly.memoryPlan();
}
