/** The YAML of a plan: what parsePlan reads back to the same plan. */
import { stringify } from "yaml";
import type {
  BudgetPlan,
  GuardPlan,
  PartitionPlan,
  PatternPlan,
  PipelinePlan,
  SignalPlan,
  SinkPlan,
  SourcePlan,
  WindowPlan,
} from "../../engine/pipeline/plan.ts";
import { formatDuration } from "../../engine/pipeline/quantity.ts";

/** Every key with its effective value; stages that a plan does not have are left out. */
export function planToYaml(plan: PipelinePlan): string {
  const { source, guard, orders, sinks, bars, limits, budget } = plan;
  const intervals = bars.map((bar) => formatDuration(bar.everyNs));
  return stringify(
    {
      pipeline: plan.name,
      ...(source === null ? {} : { source: sourceText(source) }),
      ...(intervals.length === 0 ? {} : { bars: intervals.length === 1 ? intervals[0] : intervals }),
      ...named("signals", plan.signals, (signal) => signalText(signal, intervals)),
      ...named("windows", plan.windows, windowText),
      ...named("patterns", plan.patterns, patternText),
      ...(guard === null ? {} : { guard: guardText(guard) }),
      ...(orders === null ? {} : { orders: { qty: orders.qty } }),
      ...(sinks.length === 0 ? {} : { sink: sinks.length === 1 ? sinkText(sinks[0]) : sinks.map(sinkText) }),
      outOfOrder: delayText(plan.outOfOrderNs),
      ...(plan.partition === null ? {} : { partition: partitionText(plan.partition) }),
      limits: {
        instruments: limits.instruments,
        orders: limits.orders,
        levels: limits.levels,
        ringRecords: limits.ringRecords,
        memory: sizeText(limits.memoryBytes),
      },
      ...(budget === null ? {} : { budget: budgetText(budget) }),
    },
    { lineWidth: 0 },
  );
}

function named<T extends { readonly name: string }>(key: string, stages: readonly T[], text: (stage: T) => unknown): Record<string, unknown> {
  return stages.length === 0 ? {} : { [key]: Object.fromEntries(stages.map((stage) => [stage.name, text(stage)])) };
}

function sourceText({ scenario, seed, instruments, messages }: SourcePlan): object {
  return { simulator: { scenario, seed, instruments, messages } };
}

function signalText({ when, side, every, critical, bar }: SignalPlan, intervals: readonly string[]): object {
  return { when, side, every, critical, ...(intervals.length === 1 ? {} : { bars: intervals[bar] }) };
}

function windowText({ sizeNs, latenessNs, values }: WindowPlan): object {
  return {
    tumbling: formatDuration(sizeNs),
    values: Object.fromEntries(values.map(({ name, aggregate }) => [name, aggregate])),
    lateness: delayText(latenessNs),
  };
}

function patternText(pattern: PatternPlan): object {
  const { critical } = pattern;
  const threshold = decimalText(pattern.threshold);
  switch (pattern.kind) {
    case "breakout":
      return { breakout: threshold, over: formatDuration(pattern.overNs), direction: pattern.direction, critical };
    case "liquidityChange": {
      const { overNs, side, levels, direction } = pattern;
      return { liquidityChange: threshold, over: formatDuration(overNs), side, levels, direction, critical };
    }
    case "imbalance": {
      const { holdNs, release, levels, direction } = pattern;
      return { imbalance: threshold, levels, hold: delayText(holdNs), release: decimalText(release), direction, critical };
    }
  }
}

function sinkText({ path, priority }: SinkPlan): object {
  return { file: path, priority };
}

function guardText({ threshold, overNs, cooldownNs, then }: GuardPlan): object {
  return { velocity: `${decimalText(threshold)} in ${formatDuration(overNs)}`, then, cooldown: formatDuration(cooldownNs) };
}

function partitionText({ pins, groups, weights }: PartitionPlan): object {
  return {
    ...(pins.length === 0 ? {} : { pins: Object.fromEntries(pins.map(({ symbol, shard }) => [symbol, shard])) }),
    ...(groups.length === 0 ? {} : { groups: Object.fromEntries(groups.map(({ key, symbols }) => [key, symbols])) }),
    ...(weights.length === 0 ? {} : { weights: Object.fromEntries(weights.map(({ symbol, weight }) => [symbol, weight])) }),
  };
}

function budgetText({ ingestNs, shardNs, releaseNs, totalNs, trip }: BudgetPlan): object {
  const bounds = { ingest: ingestNs, shard: shardNs, release: releaseNs, total: totalNs };
  return {
    ...Object.fromEntries(Object.entries(bounds).flatMap(([name, ns]) => (ns === null ? [] : [[name, formatDuration(ns)]]))),
    ...(trip === null ? {} : { trip: { violations: trip.violations, within: formatDuration(trip.withinNs), recover: delayText(trip.recoverNs) } }),
  };
}

function delayText(ns: number): string | number {
  return ns === 0 ? 0 : formatDuration(ns);
}

function sizeText(bytes: number): string {
  return bytes % 1024 ** 2 === 0 ? `${bytes / 1024 ** 2}MB` : `${bytes}B`;
}

/** A number above 0 and at most 1000 without an exponent, to its last digit. */
function decimalText(value: number): string {
  const [digits, exponent] = String(value).split("e-");
  return exponent === undefined ? digits : `0.${"0".repeat(Number(exponent) - 1)}${digits.replace(".", "")}`;
}
