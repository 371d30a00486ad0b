/**
 * A pipeline as plain data: what the builder makes, what YAML says, what a worker is given and what a checkpoint is compared with.
 * Durations are nanoseconds, fractions are numbers (0.002 for "0.2%"), names are unique within their list.
 */
import type { AggregateName } from "../../analysis/window/aggregate.ts";

/** A time bar over [k x everyNs, (k + 1) x everyNs). */
export interface BarPlan {
  readonly everyNs: number;
}

/** A formula over the bars of one interval; it fires when the condition turns true, or with `every` on each bar for which it is. */
export interface SignalPlan {
  readonly name: string;
  readonly when: string;
  readonly side: "buy" | "sell" | "none";
  readonly every: boolean;
  /** Whether its signals take the critical lane: they carry FLAG_CRITICAL. */
  readonly critical: boolean;
  /** Index in `bars`. */
  readonly bar: number;
}

/** A tumbling event-time window over the trades of each instrument. */
export interface WindowPlan {
  readonly name: string;
  readonly sizeNs: number;
  readonly latenessNs: number;
  /** Name of each value and the aggregate that makes it. */
  readonly values: readonly { readonly name: string; readonly aggregate: AggregateName }[];
}

/** A price beyond the extreme of the time span before it by more than the threshold. */
export interface BreakoutPlan {
  readonly name: string;
  readonly kind: "breakout";
  readonly threshold: number;
  readonly overNs: number;
  readonly direction: "up" | "down";
  readonly critical: boolean;
}

/** The depth of a side's best levels fell, or rose, by more than the threshold against its extreme over the time span before. */
export interface LiquidityChangePlan {
  readonly name: string;
  readonly kind: "liquidityChange";
  readonly threshold: number;
  readonly overNs: number;
  readonly side: "bid" | "ask";
  readonly levels: number;
  readonly direction: "fall" | "rise";
  readonly critical: boolean;
}

/** (bid - ask) / (bid + ask) of the best levels was at the threshold, or beyond it, for `holdNs`; told again after it was at `release`. */
export interface ImbalancePlan {
  readonly name: string;
  readonly kind: "imbalance";
  readonly threshold: number;
  readonly release: number;
  readonly holdNs: number;
  readonly levels: number;
  readonly direction: "bid" | "ask" | "both";
  readonly critical: boolean;
}

export type PatternPlan = BreakoutPlan | LiquidityChangePlan | ImbalancePlan;

/** The velocity breaker: a return of at least `threshold` within `overNs` trips it. */
export interface GuardPlan {
  readonly threshold: number;
  readonly overNs: number;
  readonly cooldownNs: number;
  readonly then: "tag" | "suppress";
}

/** Orders for signals that have a side, sent to the paper venue. */
export interface OrderPlan {
  /** Decimal text in the instrument's units. */
  readonly qty: string;
}

/** Where a run's records go. */
export interface SinkPlan {
  readonly kind: "file";
  readonly path: string;
  /** Whether it gets critical records before routine ones, instead of all in the one order of the run. */
  readonly priority: boolean;
}

/** Where a live run's bytes come from; a replay names files instead. */
export interface SourcePlan {
  readonly kind: "simulator";
  readonly scenario: string;
  readonly seed: number;
  readonly instruments: number;
  readonly messages: number;
}

/** Which shard owns which instrument, where its hash alone should not say. Outputs do not depend on it (partition.ts). */
export interface PartitionPlan {
  /** Symbols, or keys of groups, and their shard, from 0. */
  readonly pins: readonly { readonly symbol: string; readonly shard: number }[];
  /** Symbols that go where the key goes; the key is a symbol, or a name of its own. */
  readonly groups: readonly { readonly key: string; readonly symbols: readonly string[] }[];
  /** Observed rates, in any one unit; a symbol without has weight 1. */
  readonly weights: readonly { readonly symbol: string; readonly weight: number }[];
}

/** Everything that is sized at start. */
export interface LimitPlan {
  readonly instruments: number;
  readonly orders: number;
  readonly levels: number;
  readonly ringRecords: number;
  readonly memoryBytes: number;
}

/** What the stages of stages.ts and the whole may take, ns; null for no bound. It decides no output unless it may trip. */
export interface BudgetPlan {
  readonly ingestNs: number | null;
  readonly shardNs: number | null;
  readonly releaseNs: number | null;
  readonly totalNs: number | null;
  readonly trip: BudgetTripPlan | null;
}

/** More than so many violations within a time make the run DEGRADED, until calm has lasted for `recoverNs`. */
export interface BudgetTripPlan {
  readonly violations: number;
  readonly withinNs: number;
  readonly recoverNs: number;
}

export interface PipelinePlan {
  readonly name: string;
  readonly source: SourcePlan | null;
  readonly bars: readonly BarPlan[];
  readonly signals: readonly SignalPlan[];
  readonly windows: readonly WindowPlan[];
  readonly patterns: readonly PatternPlan[];
  readonly guard: GuardPlan | null;
  readonly orders: OrderPlan | null;
  readonly sinks: readonly SinkPlan[];
  /** How far behind the newest event the watermark stays. */
  readonly outOfOrderNs: number;
  /** Data records between two watermark markers: part of the plan, because what fires when depends on it. */
  readonly markerEvery: number;
  readonly partition: PartitionPlan | null;
  readonly limits: LimitPlan;
  readonly budget: BudgetPlan | null;
}

export const DEFAULT_LIMITS: LimitPlan = {
  instruments: 1024,
  orders: 1 << 20,
  levels: 1 << 18,
  ringRecords: 1 << 14,
  memoryBytes: 1024 * 1024 * 1024,
};

/** Data records between two watermark markers unless the plan says otherwise. */
export const DEFAULT_MARKER_EVERY = 64;
