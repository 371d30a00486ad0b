/**
 * `--explain`: what a run would be. The YAML holds every value in force, defaults too, and can be run again; what the options decided
 * and the memory stand in its comments.
 */
import { Assembly } from "../engine/pipeline/assembly.ts";
import { InlineDriver } from "../engine/pipeline/inline-driver.ts";
import type { MemoryLine } from "../engine/pipeline/memory-plan.ts";
import type { PipelinePlan } from "../engine/pipeline/plan.ts";
import { formatDuration } from "../engine/pipeline/quantity.ts";
import { LiveClock } from "../kernel/core/clock.ts";
import { NoLatencyRecorder } from "../kernel/core/observer.ts";
import { Lifecycle } from "../kernel/lifecycle/machine.ts";
import type { IdleName } from "../kernel/ring/idle.ts";
import { planToYaml } from "./config/plan-yaml.ts";
import type { DriverName } from "./pipeline-run.ts";
import { logMemory } from "./run-log.ts";
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
  readonly burst: { readonly records: number; readonly spill: string | null } | null;
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
  const { plan, feed, input, driver, shards, batch, pieceBytes, burst } = settings;
  const idle = driver === "inline" ? null : settings.idle;
  const threads = driver === "inline" ? null : threadsOf(settings);
  const memory = memoryOf(settings);
  const bytes = memory.reduce((sum, line) => sum + line.bytes, 0);
  const checkpoint = settings.checkpoint === null ? null : { folder: settings.checkpoint, everyNs: settings.checkpointEveryNs };
  const run = {
    feed,
    input,
    driver,
    shards,
    batch,
    idle,
    threads,
    burst,
    pieceBytes,
    speed: Number.isFinite(settings.speed) ? settings.speed : "max",
    checkpoint,
  };
  if (json) {
    terminal.out(`${JSON.stringify({ plan, run, memory, memoryBytes: bytes, limitBytes: plan.limits.memoryBytes })}\n`);
    return;
  }
  const comments = [
    `input   ${input.join(", ")} as ${feed}, in pieces of ${pieceBytes} bytes, speed ${run.speed}`,
    `driver  ${driver}, ${shards} ${shards === 1 ? "shard" : "shards"}, batches of ${batch}${idle === null ? "" : `, idle ${idle}`}`,
    ...(burst === null
      ? []
      : [`bursts  ${burst.records} records in memory before each shard, ${burst.spill === null ? "then the source waits" : `then ${burst.spill}`}`]),
    ...(threads === null
      ? []
      : [`threads ${threads.count}${threads.rebalance ? ", evened out" : ""}, ${threads.recovery ? "brought back when they die" : "a death ends the run"}`]),
    `checkpoints  ${checkpoint === null ? "none" : `${checkpoint.folder}, every ${formatDuration(checkpoint.everyNs)}`}`,
    "",
    "memory in bytes, taken before the first message, and its share of limits.memory",
    ...memoryText(memory, plan.limits.memoryBytes),
  ];
  terminal.out(planToYaml(plan) + comments.map((line) => `# ${line}`.trimEnd()).join("\n") + "\n");
}

/** Regions shown one by one. */
const REGIONS_SHOWN = 12;

/** The sums of arenas, rings, images and logs, and the largest regions, biggest first. */
function memoryText(memory: readonly MemoryLine[], limitBytes: number): string[] {
  const share = (bytes: number): string => `${((bytes / limitBytes) * 100).toFixed(2).padStart(6)}%`;
  const row = (name: string, bytes: number): string[] => [name, grouped(bytes).padStart(15), share(bytes)];
  const sums = [...Map.groupBy(memory, (line) => line.arena)].map(([name, lines]) => ({ name, bytes: lines.reduce((sum, line) => sum + line.bytes, 0) }));
  const total = sums.reduce((sum, each) => sum + each.bytes, 0);
  const regions = memory.toSorted((a, b) => b.bytes - a.bytes).slice(0, REGIONS_SHOWN);
  return table([
    ...sums.toSorted((a, b) => b.bytes - a.bytes).map(({ name, bytes }) => row(name, bytes)),
    [...row("sum", total), `of ${grouped(limitBytes)}`],
    [""],
    [`the largest ${regions.length} of ${memory.length} regions`],
    ...regions.map(({ arena, name, bytes }) => row(`${arena}/${name}`, bytes)),
  ])
    .trimEnd()
    .split("\n");
}

/** What becomes of the settings. */
function threadsOf({ plan, shards, threading }: RunSettings): { readonly count: number; readonly rebalance: boolean; readonly recovery: boolean } {
  return { count: threading.threads ?? shards, rebalance: threading.rebalance, recovery: protectedInputOf(plan, threading) !== null };
}

/** The regions of a run that is built and thrown away. */
function memoryOf({ plan, feed, driver: driverName, shards, batch, threading, checkpoint, burst }: RunSettings): MemoryLine[] {
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
    logMemory: logMemory(driverName === "threaded" ? shards : 0),
    burst: burst === null ? null : { records: burst.records, createSpill: () => null },
    protectedInput: driverName === "inline" ? null : protectedInputOf(plan, threading),
    createSinks: () => [],
  });
  return assembly.memoryPlan();
}
