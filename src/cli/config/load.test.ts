import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { isStreamError, type StreamError } from "../../kernel/core/errors.ts";
import { breakout, file, imbalance, liquidityChange, pipeline, simulator, tumbling } from "../../engine/pipeline/pipeline.ts";
import { loadPlan, parsePlan } from "./load.ts";

const ROOT = join(import.meta.dirname, "..", "..", "..");
const folder = mkdtempSync(join(tmpdir(), "tercel-load-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function faultOf(text: string): StreamError {
  try {
    parsePlan(text, "p.yaml");
  } catch (error) {
    if (isStreamError(error)) return error;
    throw error;
  }
  throw new Error("expected a fault");
}

describe("a pipeline in YAML", () => {
  it("says every word of the builder", () => {
    const text = `
pipeline: dips
source: { simulator: { scenario: calm, seed: 7, instruments: 5, messages: 1000 } }
bars: [1s, 1m]
signals:
  fast: { when: close > open, bars: 1s, side: sell, every: true, critical: true }
  slow: close < sma(3)
windows:
  flow: { tumbling: 5s, values: { vwap: vwap, trades: count }, lateness: 2s }
patterns:
  jump: { breakout: 0.2%, over: 30s, direction: down, critical: false }
  thin: { liquidityChange: 50%, over: 1s, side: bid, levels: 3 }
  back: { liquidityChange: 300%, over: 1s, side: ask, direction: rise }
  lean: { imbalance: 60%, levels: 2, hold: 100ms, release: 0.2, direction: ask }
guard: { velocity: 5% in 1s, then: tag, cooldown: 10s }
orders: { qty: 100 }
sink: [{ file: a.jsonl }, { file: b.jsonl, priority: true }]
outOfOrder: 250ms
partition: { pins: { AAPL: 3, "600519": 0 }, groups: { ES: [NQ, YM] }, weights: { AAPL: 1200, ES: 80.5 } }
limits: { instruments: 10, memory: 64MB }
budget: { ingest: 5us, shard: 20us, total: 100us, trip: { violations: 10, within: 1s, recover: 2s } }
`;
    const built = pipeline("dips")
      .from(simulator({ scenario: "calm", seed: 7, instruments: 5, messages: 1000 }))
      .bars("1s")
      .signal("fast", "close > open", { side: "sell", every: true, critical: true })
      .bars("1m")
      .signal("slow", "close < sma(3)")
      .window("flow", tumbling("5s"), { vwap: "vwap", trades: "count" }, { lateness: "2s" })
      .pattern("jump", breakout({ threshold: "0.2%", over: "30s", direction: "down" }), { critical: false })
      .pattern("thin", liquidityChange({ threshold: "50%", over: "1s", side: "bid", levels: 3 }))
      .pattern("back", liquidityChange({ threshold: 3, over: "1s", side: "ask", direction: "rise" }))
      .pattern("lean", imbalance({ threshold: 0.6, levels: 2, hold: "100ms", release: "20%", direction: "ask" }))
      .guard({ velocity: "5% in 1s", then: "tag", cooldown: "10s" })
      .orders({ qty: 100 })
      .to(file("a.jsonl"))
      .to(file("b.jsonl"), { priority: true })
      .outOfOrder("250ms")
      .partition({ pins: { AAPL: 3, "600519": 0 }, groups: { ES: ["NQ", "YM"] }, weights: { AAPL: 1200, ES: 80.5 } })
      .limits({ instruments: 10, memory: "64MB" })
      .budget({ ingest: "5us", shard: "20us", total: "100us", trip: { violations: 10, within: "1s", recover: "2s" } });
    expect(parsePlan(text, "p.yaml")).toEqual(built.toPlan());
  });

  it("has the builder's defaults for what it leaves out", () => {
    expect(parsePlan("pipeline: a\nbars: 1s\n", "p.yaml")).toEqual(pipeline("a").bars("1s").toPlan());
  });

  it("a fault in a budget points at the budget", () => {
    expect(faultOf("pipeline: a\nbars: 1s\nbudget: { ingest: never }\n")).toMatchObject({ code: "CONFIG_INVALID", details: { line: 3 } });
    expect(faultOf("pipeline: a\nbars: 1s\nbudget: { trip: { violations: 1, within: 1s } }\n").message).toContain("at least one of ingest, shard");
    expect(faultOf("pipeline: a\nbars: 1s\nbudget: { ingset: 1us }\n").message).toContain("did you mean ingest?");
  });

  it("a signal is on the bars named last unless it says which", () => {
    const plan = parsePlan("pipeline: a\nbars: [1s, 5s]\nsignals: { x: close > 1 }\n", "p.yaml");
    expect(plan.signals[0].bar).toBe(1);
  });

  it("anchors may be used, and a flood of aliases is refused", () => {
    expect(parsePlan("pipeline: a\nbars: &x 1s\noutOfOrder: *x\n", "p.yaml").outOfOrderNs).toBe(1e9);
    const doubled = Array.from({ length: 12 }, (_, i) => `k${i + 1}: &l${i + 1} [*l${i}, *l${i}, *l${i}]`).join("\n");
    expect(faultOf(`k0: &l0 [1]\n${doubled}\n`)).toMatchObject({ code: "CONFIG_INVALID", message: expect.stringContaining("not valid YAML") });
  });

  it("a fault has file, line and column in its details, and its own code", () => {
    expect(faultOf("pipeline: a\nbras: 1s\n")).toMatchObject({ code: "CONFIG_INVALID", details: { path: "p.yaml", line: 2, column: 1 } });
    expect(faultOf("pipeline: a\n")).toMatchObject({ code: "PIPELINE_INVALID", details: { line: 1 } });
    const formula = faultOf("pipeline: a\nbars: 1s\nsignals:\n  up: clse > 1\n");
    expect(formula).toMatchObject({ code: "FORMULA_UNKNOWN_NAME", details: { line: 4, column: 7 } });
    expect(formula.cause).toMatchObject({ details: { formula: "up", column: 1 } });
  });

  it("a partition that contradicts itself, a pin beyond every run and a symbol that reads as a number are faults of their line", () => {
    const faults = ["{ pins: { B: 1 }, groups: { A: [B] } }", "{ pins: { A: 64 } }", "{ groups: { A: [700] } }", "{ weights: { A: 0 } }"];
    for (const text of faults)
      expect(faultOf(`pipeline: a\nbars: 1s\npartition: ${text}\n`), text).toMatchObject({ code: "CONFIG_INVALID", details: { line: 3 } });
  });

  it("the caret stands under the value, tabs and carriage returns aside", () => {
    const { message } = faultOf("pipeline: a\r\nbars:\t1x\r\n");
    expect(message.split("\n").slice(1)).toEqual(["  bars: 1x", "        ^"]);
  });

  it("an unknown key is told before a wrong value", () => {
    expect(faultOf("pipeline: a\nlimits: { orders: 1 }\nwindws: {}\n").message).toContain("unknown key windws: did you mean windows?");
  });

  it.each([
    ["breakot: 0.2%, over: 30s", "unknown key breakot in patterns.x: did you mean breakout?"],
    ["imbalnce: 60%", "unknown key imbalnce in patterns.x: did you mean imbalance?"],
    ["imbalance: 60%, over: 1s, side: bid", "unknown key over in patterns.x (allowed: imbalance, levels, hold, release, direction, critical)"],
    ["liquidityChange: 50%", "patterns.x.over: expected"],
    ["liquidityChange: 50%, over: 1s, side: buy", "patterns.x.side: expected one of bid, ask"],
    ["liquidityChange: 50%, over: 1s, side: bid, levels: 11", "patterns.x.levels: expected at most 10, got 11"],
    ["liquidityChange: 150%, over: 1s, side: bid", "liquidityChange threshold: expected a fraction"],
    ["liquidityChange: 0%, over: 1s, side: bid, direction: rise", "liquidityChange threshold: expected a rise"],
    ["liquidityChange: 50%, over: 1ns, side: bid", "liquidityChange over: expected at least 2ns"],
    ["imbalance: 60%, release: 60%", "imbalance release: expected below the threshold of 0.6"],
    ["imbalance: 60%, hold: soon", "imbalance hold: expected a duration"],
  ])("a pattern { %s } is told what is wrong with it", (text, fault) => {
    expect(faultOf(`pipeline: a\npatterns:\n  x: { ${text} }\n`).message).toContain(fault);
  });

  it("a long value is cut short in the message", () => {
    expect(faultOf(`pipeline: a\norders: ${"x".repeat(500)}\n`).message.split("\n")[0].length).toBeLessThan(150);
  });
});

describe("a pipeline in a file", () => {
  it("may be YAML or a module, and both examples load", async () => {
    const yaml = await loadPlan(join(ROOT, "examples", "pipeline.yaml"));
    expect(yaml).toEqual(parsePlan(readFileSync(join(ROOT, "examples", "pipeline.yaml"), "utf8"), "p.yaml"));
    expect((await loadPlan(join(ROOT, "examples", "03-signals.ts"))).name).toBe("dips");
  });

  it("a module's formulas are checked when it is loaded", async () => {
    const path = join(folder, "typo.mjs");
    const builder = JSON.stringify(join(ROOT, "src", "engine", "pipeline", "pipeline.ts"));
    writeFileSync(path, `import { pipeline } from ${builder};\nexport default pipeline("a").bars("1s").signal("x", "clse > 1");\n`);
    await expect(loadPlan(path)).rejects.toSatisfy((error) => isStreamError(error, "FORMULA_UNKNOWN_NAME"));
    writeFileSync(join(folder, "bad.mjs"), `import { pipeline } from ${builder};\nexport default pipeline("a").bars("never");\n`);
    await expect(loadPlan(join(folder, "bad.mjs"))).rejects.toMatchObject({
      code: "CONFIG_INVALID",
      message: expect.stringMatching(/bad\.mjs: bars: expected/),
    });
  });
});
