/**
 * The builder that users write:
 *
 *   export default pipeline("dips").bars("1m").signal("dip", "close < bollinger(20, 2).lower and rsi(14) < 30")
 *
 * It makes a PipelinePlan and nothing else, so that the same words run on a file, live, in simulation and on any number of shards.
 * Each method checks its own arguments (CONFIG_INVALID) and returns a new builder; a builder is never changed.
 */
import { WATCHED_LEVELS_MAX } from "../../analysis/pattern/depth-watch.ts";
import type { AggregateName } from "../../analysis/window/aggregate.ts";
import { StreamError } from "../../kernel/core/errors.ts";
import { checkPartition } from "./partition.ts";
import {
  DEFAULT_LIMITS,
  DEFAULT_MARKER_EVERY,
  type BreakoutPlan,
  type ImbalancePlan,
  type BudgetPlan,
  type LimitPlan,
  type PartitionPlan,
  type LiquidityChangePlan,
  type PatternPlan,
  type PipelinePlan,
  type SinkPlan,
  type SourcePlan,
} from "./plan.ts";
import { parseDelay, parseDuration, parseFraction, parseRise, parseSize, parseVelocity } from "./quantity.ts";

/** A window's assigner: tumbling("5s"). */
export interface WindowSpec {
  readonly kind: "tumbling";
  readonly sizeNs: number;
}

/** Windows of a fixed size, one after the other, aligned to the session epoch. */
export function tumbling(size: string | number): WindowSpec {
  return { kind: "tumbling", sizeNs: parseDuration(size, "tumbling window") };
}

/** A pattern that has no name yet. */
type Unnamed<Plan extends PatternPlan> = Omit<Plan, "name" | "critical">;
export type PatternSpec = Unnamed<BreakoutPlan> | Unnamed<LiquidityChangePlan> | Unnamed<ImbalancePlan>;

/** Levels of a side that the patterns over books look at unless told otherwise. */
const DEFAULT_PATTERN_LEVELS = 5;

/** The price left the range of the `over` before it by more than `threshold` (C9). */
export function breakout(options: { threshold: string | number; over: string | number; direction?: "up" | "down" }): Unnamed<BreakoutPlan> {
  return {
    kind: "breakout",
    threshold: parseFraction(options.threshold, "breakout threshold"),
    overNs: parseDuration(options.over, "breakout over"),
    direction: options.direction ?? "up",
  };
}

/**
 * The depth of the best `levels` levels of a side fell (or rose) by more than `threshold` against the highest (lowest) of the `over` before.
 * `levels: 1` is the size at the top. The threshold of a rise may be above 1.
 */
export function liquidityChange(options: {
  threshold: string | number;
  over: string | number;
  side: "bid" | "ask";
  levels?: number;
  direction?: "fall" | "rise";
}): Unnamed<LiquidityChangePlan> {
  const direction = options.direction ?? "fall";
  const parse = direction === "fall" ? parseFraction : parseRise;
  if (options.side !== "bid" && options.side !== "ask")
    throw new StreamError("CONFIG_INVALID", `liquidityChange side: expected bid or ask, got ${JSON.stringify(options.side)}`);
  const overNs = parseDuration(options.over, "liquidityChange over");
  if (overNs < 2) throw new StreamError("CONFIG_INVALID", `liquidityChange over: expected at least 2ns, got ${JSON.stringify(options.over)}`);
  return {
    kind: "liquidityChange",
    threshold: parse(options.threshold, "liquidityChange threshold"),
    overNs,
    side: options.side,
    levels: levelCount(options.levels, "liquidityChange levels"),
    direction,
  };
}

/**
 * (bid - ask) / (bid + ask) of the best `levels` levels of both sides came to `threshold` and beyond and stayed there for `hold`. For the same
 * side again only after it was back at `release`, by default half of the threshold.
 */
export function imbalance(options: {
  threshold: string | number;
  levels?: number;
  hold?: string | number;
  release?: string | number;
  direction?: "bid" | "ask" | "both";
}): Unnamed<ImbalancePlan> {
  const threshold = parseFraction(options.threshold, "imbalance threshold");
  const release = options.release === undefined ? threshold / 2 : parseFraction(options.release, "imbalance release");
  if (release >= threshold) {
    throw new StreamError("CONFIG_INVALID", `imbalance release: expected below the threshold of ${threshold}, got ${JSON.stringify(options.release)}`);
  }
  return {
    kind: "imbalance",
    threshold,
    release,
    holdNs: parseDelay(options.hold ?? 0, "imbalance hold"),
    levels: levelCount(options.levels, "imbalance levels"),
    direction: options.direction ?? "both",
  };
}

function levelCount(levels: number = DEFAULT_PATTERN_LEVELS, what: string): number {
  if (!Number.isInteger(levels) || levels < 1 || levels > WATCHED_LEVELS_MAX)
    throw new StreamError("CONFIG_INVALID", `${what}: expected 1 to ${WATCHED_LEVELS_MAX}, got ${levels}`);
  return levels;
}

/** The seeded exchange simulator as a source. */
export function simulator(options: { scenario?: string; seed?: number; instruments?: number; messages?: number } = {}): SourcePlan {
  return {
    kind: "simulator",
    scenario: options.scenario ?? "demo",
    seed: options.seed ?? 1,
    instruments: options.instruments ?? 300,
    messages: options.messages ?? 1_000_000,
  };
}

/** One JSON object a line for each signal, pane and ack. */
export function file(path: string): SinkPlan {
  return { kind: "file", path, priority: false };
}

/** Options of a signal. */
export interface SignalOptions {
  readonly side?: "buy" | "sell" | "none";
  /** Fire on each bar for which the condition holds, not only when it turns true. */
  readonly every?: boolean;
  /** Its signals go before routine ones where a sink asks for priority; false unless stated. */
  readonly critical?: boolean;
}

/** Options of a pattern. */
export interface PatternOptions {
  /** Its signals go before routine ones where a sink asks for priority; true unless stated. */
  readonly critical?: boolean;
}

/** Options of a sink. */
export interface SinkOptions {
  /** Critical records first, and no wait for the merge of the shards; records of one instrument keep their order. False unless stated. */
  readonly priority?: boolean;
}

/** Options of a partition. */
export interface PartitionOptions {
  readonly pins?: Readonly<Record<string, number>>;
  readonly groups?: Readonly<Record<string, readonly string[]>>;
  readonly weights?: Readonly<Record<string, number>>;
}

/** What a stage may take, and what happens when it takes more. */
export interface BudgetOptions {
  /** Bytes to records in the rings, of a piece of input. */
  readonly ingest?: string | number;
  /** Records through the shards, of a piece; measured with the inline driver only. */
  readonly shard?: string | number;
  /** Outputs merged and handed to the sinks, of a piece. */
  readonly release?: string | number;
  /** From ingest to release, of every 64th record. */
  readonly total?: string | number;
  /** Refuse orders while there are more than `violations` within `within`; `recover` (5s) is how long calm must last. */
  readonly trip?: { readonly violations: number; readonly within: string | number; readonly recover?: string | number };
}

export class Pipeline {
  private readonly plan: PipelinePlan;

  constructor(plan: PipelinePlan) {
    this.plan = plan;
  }

  /** Where a live run's bytes come from. */
  from(source: SourcePlan): Pipeline {
    return this.with({ source });
  }

  /** Time bars of this length; signals after it are evaluated on them. */
  bars(every: string | number): Pipeline {
    const everyNs = parseDuration(every, "bars");
    if (this.plan.bars.some((bar) => bar.everyNs === everyNs)) throw new StreamError("PIPELINE_INVALID", `bars of ${every} are there already`);
    return this.with({ bars: [...this.plan.bars, { everyNs }] });
  }

  /** A formula over the bars named last. */
  signal(name: string, when: string, options: SignalOptions = {}): Pipeline {
    if (this.plan.bars.length === 0) throw new StreamError("PIPELINE_INVALID", `signal ${name}: a formula needs bars: put .bars("1m") before it`);
    this.requireNewName(name);
    const { side = "none", every = false, critical = false } = options;
    const signal = { name, when, side, every, critical, bar: this.plan.bars.length - 1 };
    return this.with({ signals: [...this.plan.signals, signal] });
  }

  /** Aggregates over windows of each instrument's trades. */
  window(name: string, spec: WindowSpec, values: Readonly<Record<string, AggregateName>>, options: { lateness?: string | number } = {}): Pipeline {
    this.requireNewName(name);
    const latenessNs = parseDelay(options.lateness ?? 0, `window ${name} lateness`);
    const list = Object.entries(values).map(([valueName, aggregate]) => ({ name: valueName, aggregate }));
    if (list.length === 0) throw new StreamError("PIPELINE_INVALID", `window ${name}: expected at least one value, such as { trades: "count" }`);
    return this.with({ windows: [...this.plan.windows, { name, sizeNs: spec.sizeNs, latenessNs, values: list }] });
  }

  /** An event pattern over each instrument's trades or book. */
  pattern(name: string, spec: PatternSpec, options: PatternOptions = {}): Pipeline {
    this.requireNewName(name);
    return this.with({ patterns: [...this.plan.patterns, { ...spec, name, critical: options.critical ?? true }] });
  }

  /** The velocity breaker that stands before every order. */
  guard(options: { velocity: string; then?: "tag" | "suppress"; cooldown?: string | number }): Pipeline {
    const velocity = parseVelocity(options.velocity, "guard velocity");
    return this.with({ guard: { ...velocity, then: options.then ?? "suppress", cooldownNs: parseDuration(options.cooldown ?? "30s", "guard cooldown") } });
  }

  /** Sends an order of `qty` for each signal that has a side, to the paper venue. */
  orders(options: { qty: string | number }): Pipeline {
    const qty = String(options.qty);
    if (!/^\d+(\.\d+)?$/.test(qty) || Number(qty) === 0)
      throw new StreamError("CONFIG_INVALID", `orders qty: expected a decimal above 0, got ${JSON.stringify(options.qty)}`);
    return this.with({ orders: { qty } });
  }

  /** Event times may arrive this much out of order; the watermark stays that far behind. */
  outOfOrder(bound: string | number): Pipeline {
    return this.with({ outOfOrderNs: parseDelay(bound, "outOfOrder") });
  }

  /**
   * Which shard owns which instrument, where the hash of the symbol alone should not say: `pins` symbol to shard, `groups` a key to the
   * symbols that go where it goes, `weights` symbol to its rate. Changes no output, only which shard makes it.
   */
  partition(options: PartitionOptions): Pipeline {
    const partition: PartitionPlan = {
      pins: Object.entries(options.pins ?? {}).map(([symbol, shard]) => ({ symbol, shard })),
      groups: Object.entries(options.groups ?? {}).map(([key, symbols]) => ({ key, symbols })),
      weights: Object.entries(options.weights ?? {}).map(([symbol, weight]) => ({ symbol, weight })),
    };
    checkPartition(partition);
    return this.with({ partition });
  }

  /** What is sized at start. */
  limits(limits: Partial<Omit<LimitPlan, "memoryBytes">> & { memory?: string | number }): Pipeline {
    const { memory, ...counts } = limits;
    const memoryBytes = memory === undefined ? this.plan.limits.memoryBytes : parseSize(memory, "limits memory");
    return this.with({ limits: { ...this.plan.limits, ...counts, memoryBytes } });
  }

  /** Latency budgets: counted and reported; with `trip` they decide whether orders go out. */
  budget(options: BudgetOptions): Pipeline {
    return this.with({ budget: budgetOf(options) });
  }

  /** One more sink. */
  to(sink: SinkPlan, options: SinkOptions = {}): Pipeline {
    return this.with({ sinks: [...this.plan.sinks, { ...sink, priority: options.priority ?? sink.priority }] });
  }

  /** The pipeline as data. PIPELINE_INVALID when it would do nothing. */
  toPlan(): PipelinePlan {
    const { bars, windows, patterns, guard } = this.plan;
    if (bars.length + windows.length + patterns.length === 0 && guard === null) {
      throw new StreamError("PIPELINE_INVALID", `pipeline ${this.plan.name}: expected at least one of bars, window, pattern or guard`);
    }
    return this.plan;
  }

  private with(change: Partial<PipelinePlan>): Pipeline {
    return new Pipeline({ ...this.plan, ...change });
  }

  private requireNewName(name: string): void {
    if (!/^[A-Za-z][\w-]{0,63}$/.test(name))
      throw new StreamError("CONFIG_INVALID", `expected a name of letters, digits, _ and -, starting with a letter, got ${JSON.stringify(name)}`);
    const { signals, windows, patterns } = this.plan;
    if ([...signals, ...windows, ...patterns].some((stage) => stage.name === name)) {
      throw new StreamError("PIPELINE_INVALID", `the name ${name} is used twice: signals, windows and patterns share one set of names`);
    }
  }
}

/** A new pipeline of this name. */
export function pipeline(name: string): Pipeline {
  return new Pipeline({
    name,
    source: null,
    bars: [],
    signals: [],
    windows: [],
    patterns: [],
    guard: null,
    orders: null,
    sinks: [],
    outOfOrderNs: 0,
    markerEvery: DEFAULT_MARKER_EVERY,
    partition: null,
    limits: DEFAULT_LIMITS,
    budget: null,
  });
}

/** Most violations that a budget's trip may forgive. */
const FORGIVEN_MAX = 65_536;

function budgetOf({ ingest, shard, release, total, trip }: BudgetOptions): BudgetPlan {
  const bound = (value: string | number | undefined, name: string): number | null => (value === undefined ? null : parseDuration(value, `budget ${name}`));
  const bounds = { ingestNs: bound(ingest, "ingest"), shardNs: bound(shard, "shard"), releaseNs: bound(release, "release"), totalNs: bound(total, "total") };
  if (Object.values(bounds).every((each) => each === null)) {
    throw new StreamError("CONFIG_INVALID", "budget: expected at least one of ingest, shard, release, total");
  }
  if (trip === undefined) return { ...bounds, trip: null };
  const { violations, within, recover } = trip;
  if (!Number.isInteger(violations) || violations < 0 || violations > FORGIVEN_MAX) {
    throw new StreamError("CONFIG_INVALID", `budget trip violations: expected a whole number from 0 to ${FORGIVEN_MAX}, got ${violations}`);
  }
  return {
    ...bounds,
    trip: { violations, withinNs: parseDuration(within, "budget trip within"), recoverNs: parseDelay(recover ?? "5s", "budget trip recover") },
  };
}
