import { describe, expect, it } from "vitest";
import { isStreamError } from "../../kernel/core/errors.ts";
import { breakout, file, imbalance, liquidityChange, pipeline, simulator, tumbling } from "./pipeline.ts";

const code = (name: Parameters<typeof isStreamError>[1]) => expect.toSatisfy((error: unknown) => isStreamError(error, name));

describe("the pipeline builder", () => {
  it("makes a plan of plain data, durations in ns and fractions as numbers", () => {
    const plan = pipeline("all")
      .from(simulator({ seed: 7 }))
      .bars("1m")
      .signal("dip", "close < sma(3)", { side: "buy" })
      .bars("5m")
      .signal("tip", "close > sma(3)", { every: true })
      .window("flow", tumbling("5s"), { trades: "count" }, { lateness: "1s" })
      .pattern("jump", breakout({ threshold: "0.2%", over: "10s", direction: "down" }))
      .guard({ velocity: "5% in 1s", then: "tag", cooldown: "1m" })
      .orders({ qty: "1.5" })
      .outOfOrder("2ms")
      .partition({ pins: { AAPL: 1 }, groups: { ES: ["NQ"] }, weights: { AAPL: 1200 } })
      .limits({ instruments: 9, memory: "64MB" })
      .to(file("out.jsonl"))
      .toPlan();
    expect(JSON.parse(JSON.stringify(plan))).toEqual(plan);
    expect(plan).toMatchObject({
      name: "all",
      source: { kind: "simulator", seed: 7 },
      bars: [{ everyNs: 60e9 }, { everyNs: 300e9 }],
      signals: [
        { name: "dip", side: "buy", every: false, bar: 0 },
        { name: "tip", side: "none", every: true, bar: 1 },
      ],
      windows: [{ name: "flow", sizeNs: 5e9, latenessNs: 1e9, values: [{ name: "trades", aggregate: "count" }] }],
      patterns: [{ name: "jump", threshold: 0.002, overNs: 10e9, direction: "down" }],
      guard: { threshold: 0.05, overNs: 1e9, cooldownNs: 60e9, then: "tag" },
      orders: { qty: "1.5" },
      outOfOrderNs: 2e6,
      partition: { pins: [{ symbol: "AAPL", shard: 1 }], groups: [{ key: "ES", symbols: ["NQ"] }], weights: [{ symbol: "AAPL", weight: 1200 }] },
      limits: { instruments: 9, memoryBytes: 67_108_864 },
      sinks: [{ kind: "file", path: "out.jsonl" }],
    });
  });

  it("gives patterns over books their defaults, and patterns the critical lane unless told otherwise", () => {
    const plan = pipeline("p")
      .pattern("jump", breakout({ threshold: "1%", over: "1s" }))
      .pattern("thin", liquidityChange({ threshold: "50%", over: "1s", side: "bid" }), { critical: false })
      .pattern("lean", imbalance({ threshold: "60%" }))
      .bars("1s")
      .signal("calm", "close > 1")
      .signal("loud", "close > 2", { critical: true })
      .to(file("a"))
      .to(file("b"), { priority: true })
      .to({ ...file("c"), priority: true })
      .toPlan();
    expect(plan.patterns).toEqual([
      { name: "jump", kind: "breakout", threshold: 0.01, overNs: 1e9, direction: "up", critical: true },
      { name: "thin", kind: "liquidityChange", threshold: 0.5, overNs: 1e9, side: "bid", levels: 5, direction: "fall", critical: false },
      { name: "lean", kind: "imbalance", threshold: 0.6, release: 0.3, holdNs: 0, levels: 5, direction: "both", critical: true },
    ]);
    expect(plan.signals.map(({ critical }) => critical)).toEqual([false, true]);
    expect(plan.sinks.map(({ priority }) => priority)).toEqual([false, true, true]);
  });

  it.each([
    () => liquidityChange({ threshold: 1, over: "1s", side: "bid" }),
    () => liquidityChange({ threshold: 1001, over: "1s", side: "bid", direction: "rise" }),
    () => liquidityChange({ threshold: 0.5, over: 1, side: "bid" }),
    () => liquidityChange({ threshold: 0.5, over: "1s", side: "bid", levels: 11 }),
    () => liquidityChange({ threshold: 0.5, over: "1s", side: "buy" as "bid" }),
    () => imbalance({ threshold: 1.5 }),
    () => imbalance({ threshold: 0.5, levels: 0 }),
    () => imbalance({ threshold: 0.5, release: 0.5 }),
  ])("refuses a pattern over a book that could not be (%#)", (create) => {
    expect(create).toThrow(code("CONFIG_INVALID"));
  });

  it("never changes: two pipelines from one beginning do not know of each other", () => {
    const start = pipeline("p").bars("1s");
    start.signal("a", "close > 1");
    expect(start.signal("a", "close > 2").toPlan().signals).toEqual([{ name: "a", when: "close > 2", side: "none", every: false, critical: false, bar: 0 }]);
    expect(start.toPlan().signals).toEqual([]);
  });

  it("refuses a plan that would do nothing, a formula without bars, a window without values and a name given twice", () => {
    expect(() => pipeline("p").toPlan()).toThrow(code("PIPELINE_INVALID"));
    expect(() => pipeline("p").signal("a", "close > 1")).toThrow(code("PIPELINE_INVALID"));
    expect(() => pipeline("p").window("w", tumbling("1s"), {})).toThrow(code("PIPELINE_INVALID"));
    const named = pipeline("p").bars("1s").signal("a", "close > 1");
    expect(() => named.window("a", tumbling("1s"), { n: "count" })).toThrow(code("PIPELINE_INVALID"));
    expect(() => named.pattern("a", breakout({ threshold: 0.1, over: "1s" }))).toThrow(code("PIPELINE_INVALID"));
  });

  it("has a budget in ns for each stage that is named, none for the others, and a trip with its recovery", () => {
    const start = pipeline("p").bars("1s");
    expect(start.toPlan().budget).toBeNull();
    expect(start.budget({ ingest: "5us", total: 100 }).toPlan().budget).toEqual({ ingestNs: 5000, shardNs: null, releaseNs: null, totalNs: 100, trip: null });
    const trip = { violations: 3, within: "1s" } as const;
    expect(start.budget({ shard: "1ms", trip }).toPlan().budget?.trip).toEqual({ violations: 3, withinNs: 1e9, recoverNs: 5e9 });
    expect(start.budget({ release: "1ms", trip: { ...trip, recover: 0 } }).toPlan().budget?.trip?.recoverNs).toBe(0);
  });

  it("refuses a budget that bounds nothing, and a trip out of its range", () => {
    const start = pipeline("p").bars("1s");
    expect(() => start.budget({})).toThrow(code("CONFIG_INVALID"));
    expect(() => start.budget({ ingest: 0 })).toThrow(code("CONFIG_INVALID"));
    for (const violations of [-1, 0.5, 65_537]) {
      expect(() => start.budget({ ingest: "1us", trip: { violations, within: "1s" } })).toThrow(code("CONFIG_INVALID"));
    }
    expect(() => start.budget({ ingest: "1us", trip: { violations: 1, within: "0s" } })).toThrow(code("CONFIG_INVALID"));
  });

  it.each(["", "1a", "a b", "a".repeat(65), "ä"])("refuses the name %j", (name) => {
    expect(() => pipeline("p").bars("1s").signal(name, "close > 1")).toThrow(code("CONFIG_INVALID"));
  });

  it("refuses a partition that contradicts itself", () => {
    expect(() => pipeline("p").partition({ pins: { NQ: 1 }, groups: { ES: ["NQ"] } })).toThrow(code("CONFIG_INVALID"));
  });

  it.each(["0", "0.0", "-1", "1e3", "x", ""])("refuses an order quantity of %j", (qty) => {
    expect(() => pipeline("p").orders({ qty })).toThrow(code("CONFIG_INVALID"));
  });
});
