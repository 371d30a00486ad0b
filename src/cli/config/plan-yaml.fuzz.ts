import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AGGREGATE_NAMES } from "../../analysis/window/aggregate.ts";
import { breakout, file, imbalance, liquidityChange, pipeline, simulator, tumbling, type PatternSpec, type Pipeline } from "../../engine/pipeline/pipeline.ts";
import { isStreamError } from "../../kernel/core/errors.ts";
import { scenarioNames } from "../../sim/scenario.ts";
import { INSTRUMENTS_MAX } from "../../sim/simulator.ts";
import { parsePlan } from "./load.ts";
import { planToYaml } from "./plan-yaml.ts";

/** A step of the builder, given a name that no other step has. */
type Step = (built: Pipeline, name: string) => Pipeline;

const name = fc.stringMatching(/^[A-Za-z][\w-]{0,12}$/);
const text = fc.string({ unit: "grapheme", maxLength: 30 });
const duration = fc.oneof(
  fc.tuple(fc.integer({ min: 1, max: 100 }), fc.constantFrom("ns", "us", "ms", "s", "m", "h", "d")).map(([count, unit]) => `${count}${unit}`),
  fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
);
const delay = fc.oneof(fc.constant(0), duration);
const fraction = fc.double({ min: 0, max: 1, minExcluded: true, maxExcluded: true, noNaN: true });
const percent = fc.integer({ min: 1, max: 9999 }).map((hundredths) => `${hundredths / 100}%`);
const when = fc.constantFrom(
  "close > open",
  "close < bollinger(20, 2).lower and rsi(14) < 30",
  "volume > 3 * sma(volume, 20)",
  "gap = high - low;\ngap > 2 * atr(14)",
  "not (close == 1) and close[3] < 7",
);

const bars: fc.Arbitrary<Step> = duration.map((every) => (built) => built.bars(every));
const maybe = fc.constantFrom(true, false, undefined);
const signal: fc.Arbitrary<Step> = fc.tuple(when, fc.constantFrom("buy", "sell", "none", undefined), maybe, maybe).map(
  ([formula, side, every, critical]) =>
    (built, own) =>
      built.signal(own, formula, {
        ...(side === undefined ? {} : { side }),
        ...(every === undefined ? {} : { every }),
        ...(critical === undefined ? {} : { critical }),
      }),
);
const window: fc.Arbitrary<Step> = fc.tuple(duration, fc.dictionary(name, fc.constantFrom(...AGGREGATE_NAMES), { minKeys: 1, maxKeys: 4 }), delay).map(
  ([size, values, lateness]) =>
    (built, own) =>
      built.window(own, tumbling(size), values, { lateness }),
);
const levels = fc.integer({ min: 1, max: 10 });
const spec: fc.Arbitrary<PatternSpec> = fc.oneof(
  fc
    .tuple(fc.oneof(fraction, percent), duration, fc.constantFrom("up", "down"))
    .map(([threshold, over, direction]) => breakout({ threshold, over, direction })),
  fc
    .tuple(fc.oneof(fraction, percent), duration, fc.constantFrom("bid", "ask"), levels)
    .map(([threshold, over, side, count]) => liquidityChange({ threshold, over: over === 1 || over === "1ns" ? 2 : over, side, levels: count })),
  fc
    .tuple(fc.double({ min: 0, max: 1000, minExcluded: true, noNaN: true }), fc.constantFrom("bid", "ask"), levels)
    .map(([threshold, side, count]) => liquidityChange({ threshold, over: "1s", side, levels: count, direction: "rise" })),
  fc
    .tuple(fraction, fraction, delay, levels, fc.constantFrom("bid", "ask", "both"))
    .filter(([a, b]) => a !== b)
    .map(([a, b, hold, count, direction]) => imbalance({ threshold: Math.max(a, b), release: Math.min(a, b), hold, levels: count, direction })),
);
const pattern: fc.Arbitrary<Step> = fc.tuple(spec, maybe).map(
  ([what, critical]) =>
    (built, own) =>
      built.pattern(own, what, critical === undefined ? {} : { critical }),
);
const guard: fc.Arbitrary<Step> = fc.tuple(percent, fc.integer({ min: 1, max: 900 }), fc.constantFrom("tag", "suppress"), duration).map(
  ([velocity, seconds, then, cooldown]) =>
    (built) =>
      built.guard({ velocity: `${velocity} in ${seconds}s`, then, cooldown }),
);
const source: fc.Arbitrary<Step> = fc
  .record({
    scenario: fc.constantFrom(...scenarioNames()),
    seed: fc.maxSafeInteger(),
    instruments: fc.integer({ min: 1, max: INSTRUMENTS_MAX }),
    messages: fc.integer({ min: 1, max: 1e9 }),
  })
  .map((options) => (built) => built.from(simulator(options)));
const limits: fc.Arbitrary<Step> = fc
  .record({
    instruments: fc.integer({ min: 1, max: 65_536 }),
    orders: fc.integer({ min: 1024, max: 33_554_432 }),
    levels: fc.integer({ min: 1024, max: 33_554_432 }),
    ringRecords: fc.integer({ min: 8, max: 26 }).map((bits) => 2 ** bits),
    memory: fc.oneof(fc.integer({ min: 1, max: 2 ** 40 }), fc.constantFrom("64MB", "2GB", "100KB")),
  })
  .map((chosen) => (built) => built.limits(chosen));
const symbol = fc.stringMatching(/^[A-Z0-9:._-]{1,12}$/);
const partition: fc.Arbitrary<Step> = fc
  .record({
    pins: fc.dictionary(symbol, fc.integer({ min: 0, max: 63 }), { maxKeys: 4 }),
    groups: fc.dictionary(symbol, fc.uniqueArray(symbol, { maxLength: 3 }), { maxKeys: 2 }),
    weights: fc.dictionary(symbol, fc.double({ min: 1e-6, max: 1e9, noNaN: true }), { maxKeys: 4 }),
  })
  .map((options) => (built) => built.partition(options));
const perhaps = fc.option(duration, { nil: undefined });
const trip = fc.record({ violations: fc.integer({ min: 0, max: 65_536 }), within: duration, recover: delay });
const budget: fc.Arbitrary<Step> = fc.tuple(duration, perhaps, perhaps, perhaps, fc.option(trip, { nil: undefined })).map(
  ([total, ingest, shard, release, tripping]) =>
    (built) =>
      built.budget({
        total,
        ...Object.fromEntries(Object.entries({ ingest, shard, release, trip: tripping }).filter(([, value]) => value !== undefined)),
      }),
);
const other: fc.Arbitrary<Step> = fc.oneof(
  fc.integer({ min: 1, max: 1e9 }).map(
    (qty): Step =>
      (built) =>
        built.orders({ qty: String(qty / 1000) }),
  ),
  fc.tuple(text, fc.boolean()).map(
    ([path, priority]): Step =>
      (built) =>
        built.to(file(path), { priority }),
  ),
  delay.map(
    (bound): Step =>
      (built) =>
        built.outOfOrder(bound),
  ),
);

/** Bars first, as a signal needs them; bars of a length that is already there and a partition that contradicts itself are refused, and left out. */
function build(title: string, steps: readonly Step[]): Pipeline {
  let built = pipeline(title).bars("1s");
  steps.forEach((step, i) => {
    try {
      built = step(built, `stage${i}`);
    } catch (error) {
      if (!isStreamError(error, "PIPELINE_INVALID") && !(isStreamError(error, "CONFIG_INVALID") && error.message.startsWith("partition:"))) throw error;
    }
  });
  return built;
}

describe("the YAML of a plan", () => {
  it("reads back as the same plan, whatever the builder made", () => {
    const steps = fc.array(fc.oneof(bars, signal, window, pattern, guard, source, limits, budget, partition, other), { maxLength: 12 });
    fc.assert(
      fc.property(text, steps, (title, chosen) => {
        const plan = build(title, chosen).toPlan();
        expect(parsePlan(planToYaml(plan), "plan.yaml")).toEqual(plan);
      }),
      { numRuns: 300 },
    );
  });

  it("is the same text again once it is read back", () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(bars, signal, window, pattern), { maxLength: 6 }), (chosen) => {
        const yaml = planToYaml(build("again", chosen).toPlan());
        expect(planToYaml(parsePlan(yaml, "plan.yaml"))).toBe(yaml);
      }),
      { numRuns: 100 },
    );
  });
});
