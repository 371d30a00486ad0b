/** Options of runs whose shards are on threads: how many, whether they are evened out and brought back, and the recovery drill. */
import { Option, type Command } from "commander";
import { Drill } from "../engine/pipeline/drill.ts";
import type { PipelinePlan } from "../engine/pipeline/plan.ts";
import { RESTARTS_MAX } from "../engine/pipeline/restart-policy.ts";
import type { ShardOutage } from "../engine/pipeline/shard-outage.ts";
import { ThreadedDriver } from "../engine/pipeline/threaded-driver.ts";
import type { LiveClock } from "../kernel/core/clock.ts";
import { StreamError } from "../kernel/core/errors.ts";
import type { IdleName } from "../kernel/ring/idle.ts";
import { wholeNumber } from "./whole-number.ts";

/**
 * Slots of the input rings of shards that are brought back, unless the plan's are larger: a quarter of a second at a million records a second,
 * of which half may be held for the next image.
 */
const PROTECTED_INPUT_RECORDS = 1 << 18;

/** The options as given. */
export interface ThreadFlags {
  threads?: number;
  rebalance?: boolean;
  recovery: boolean;
  drill?: number;
}

/** How the shards are carried; nothing of it changes an output. */
export interface ThreadSettings {
  /** Null is one for each shard. */
  readonly threads: number | null;
  readonly rebalance: boolean;
  readonly recovery: boolean;
  /** Threads to end while the run goes on. */
  readonly drill: number;
}

export const DEFAULT_THREAD_SETTINGS: ThreadSettings = { threads: null, rebalance: false, recovery: true, drill: 0 };

export function addThreadOptions(command: Command): Command {
  return command
    .addOption(
      new Option("--threads <n>", "threads that carry the shards, with --driver threaded; one for each if left out").argParser(wholeNumber("--threads", 1, 64)),
    )
    .option("--rebalance", "move shards from the busiest thread to the idlest while the imbalance lasts")
    .option("--no-recovery", "keep no images of the shards: a thread that dies ends the run")
    .addOption(new Option("--drill <kills>", "end so many threads while the run goes on: the output hash stays").argParser(wholeNumber("--drill", 1, 1000)));
}

/** The flags as settings. USAGE for those that mean nothing with the inline driver, and for a drill of shards that are not brought back. */
export function threadSettings(flags: ThreadFlags, driver: "inline" | "threaded", plan: PipelinePlan): ThreadSettings {
  const settings = { threads: flags.threads ?? null, rebalance: flags.rebalance === true, recovery: flags.recovery, drill: flags.drill ?? 0 };
  if (driver === "inline" && (settings.threads !== null || settings.rebalance || settings.drill > 0))
    throw new StreamError("USAGE", "--threads, --rebalance and --drill need --driver threaded");
  if (settings.drill > 0 && protectedInputOf(plan, settings) === null)
    throw new StreamError("USAGE", "--drill needs shards that are brought back: not with --no-recovery, nor with a sink that asks for priority");
  return settings;
}

/**
 * Slots of the input rings of shards that are brought back, or null when they are not: images were not wanted, or a sink asks for priority,
 * whose lane may hold more than the output ring shows.
 */
export function protectedInputOf(plan: PipelinePlan, { recovery }: ThreadSettings): number | null {
  return recovery && !plan.sinks.some((sink) => sink.priority) ? Math.max(plan.limits.ringRecords, PROTECTED_INPUT_RECORDS) : null;
}

/** The driver of these settings. */
export function createThreadedDriver(
  clock: LiveClock,
  batch: number,
  idle: IdleName | undefined,
  settings: ThreadSettings,
  outage: ShardOutage,
  note: (text: string) => void,
): ThreadedDriver {
  return new ThreadedDriver(clock, {
    batch,
    idle,
    threads: settings.threads,
    rebalance: settings.rebalance,
    restartsMax: RESTARTS_MAX + settings.drill,
    drill: settings.drill === 0 ? null : new Drill(settings.drill),
    outage,
    onDeath: (shards, cause) => note(`the thread of shard ${shards.join(", ")} died: ${cause}; it is replaced and goes on from its image`),
  });
}
