import { describe, expect, it } from "vitest";
import { isStreamError } from "../../kernel/core/errors.ts";
import { breakout, file, pipeline, simulator, tumbling } from "./pipeline.ts";

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

  it("never changes: two pipelines from one beginning do not know of each other", () => {
    const start = pipeline("p").bars("1s");
    start.signal("a", "close > 1");
    expect(start.signal("a", "close > 2").toPlan().signals).toEqual([{ name: "a", when: "close > 2", side: "none", every: false, bar: 0 }]);
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
