/** The summary of a run for people. */
import type { WarmupReport } from "../control/warmup.ts";
import type { RunSummary } from "./pipeline-run.ts";
import { grouped, latencyText } from "./terminal.ts";
import { usageText } from "./usage-log.ts";

/** One line about the warm-up. */
export function warmupText(report: WarmupReport): string {
  const p99 = latencyText(report.p99Ns);
  const missing = report.missing.map((gate) => `${gate.gate} (${gate.missing})`).join(", ");
  if (report.outcome === "waiting") return `warm after ${report.rounds} rounds, p99 of a packet ${p99}: READY waits for ${missing}\n`;
  if (report.outcome === "ready") return `warm after ${report.rounds} rounds, p99 of a packet ${p99}: READY\n`;
  return `not warm after ${report.rounds} rounds, p99 of a packet ${p99}: DEGRADED, orders are not executed\n`;
}

/** A few lines; the same figures as --json. */
export function summaryText(name: string, summary: RunSummary): string {
  const { latency } = summary;
  const types = Object.entries(summary.records).map(([type, count]) => `${type} ${grouped(count)}`);
  const total = Object.values(summary.records).reduce((sum, count) => sum + count, 0);
  return [
    name,
    `  messages  ${grouped(summary.messages)} in ${summary.seconds.toFixed(2)} s, ${grouped(summary.messages / summary.seconds)}/s   malformed ${grouped(summary.malformed)}`,
    `  records   ${grouped(total)}   ${types.join("   ")}`,
    `  outputs   signals ${grouped(summary.signals)}   bars ${grouped(summary.bars)}   panes ${grouped(summary.panes)}   acks ${grouped(summary.acks)}`,
    `  quality   gaps ${summary.gaps}   late ${summary.late}   lost ${summary.lost}   bad times ${summary.badTimes}   unknown orders ${summary.unknownOrders}   book refusals ${summary.bookRefusals}`,
    `  latency   p50 ${latencyText(latency.p50)}   p99 ${latencyText(latency.p99)}   p99.9 ${latencyText(latency.p999)}   max ${latencyText(latency.max)}   garbage collections ${summary.gcEvents}`,
    `  stages    ${Object.entries(summary.stages)
      .map(([stage, { p50, p99 }]) => `${stage} p50 ${latencyText(p50)} p99 ${latencyText(p99)}`)
      .join("   ")}   of a packet`,
    memoryLine(summary),
    ...(summary.atBound.length === 0 ? [] : [`  at bound  ${summary.atBound.join("   ")}`]),
    ...budgetLine(summary),
    ...(summary.burst.queued === 0
      ? []
      : [
          `  burst     queued ${grouped(summary.burst.queued)}   spilled ${grouped(summary.burst.spilled)}   most at one time ${grouped(summary.burst.highWater)}`,
        ]),
    ...(summary.restarts + summary.moves === 0 ? [] : [threadsText(summary)]),
    ...(summary.invariants === undefined
      ? []
      : [`  books     ${summary.invariants.booksEqual} of ${summary.invariants.booksChecked} equal to the exchange's own`]),
    `  output    ${summary.outputHash.replace(/(.{8})(?=.)/g, "$1 ")}`,
    ...(summary.usage === undefined ? [] : ["", usageText(summary.usage).trimEnd()]),
    "",
  ].join("\n");
}

/** High-water marks of what limits size, and the process. */
function memoryLine({ highWater, memory }: RunSummary): string {
  const marks = Object.entries(highWater).filter(([, { max }]) => max > 0);
  const mb = (bytes: number): string => `${grouped(bytes / 1024 ** 2)} MB`;
  const used = marks.map(([part, { max, bound }]) => `${part} ${grouped(max)} of ${grouped(bound)}`);
  return `  memory    ${[...used, `planned ${mb(memory.plannedBytes)} of ${mb(memory.limitBytes)}`, `resident ${mb(memory.rssBytes)}`, `heap ${mb(memory.heapUsedBytes)}`].join("   ")}`;
}

function budgetLine({ budget, budgetTrips = 0 }: RunSummary): string[] {
  if (budget === undefined) return [];
  const stages = Object.entries(budget).map(([stage, { budgetNs, violations, worstNs }]) => {
    const seen = violations === null ? "unknown" : `${grouped(violations)} over it, worst ${latencyText(worstNs)}`;
    return `${stage} ${latencyText(budgetNs)}: ${seen}`;
  });
  return [`  budget    ${stages.join("   ")}${budgetTrips === 0 ? "" : `   the breaker fell ${budgetTrips} times`}`];
}

function threadsText({ restarts, recoveryNs, repeated, moves }: RunSummary): string {
  return `  threads   replaced ${restarts}, the longest within ${latencyText(recoveryNs)}   outputs made again ${grouped(repeated)}   shards moved ${moves}`;
}
