import { describe, expect, it } from "vitest";
import { isStreamError } from "../../kernel/core/errors.ts";
import { Arena } from "../../kernel/memory/arena.ts";
import { runIndicator } from "./batch.ts";
import { checkParameters, createIndicator, findIndicator, INDICATORS } from "./catalog.ts";
import { PROFILES } from "./indicator.ts";

function codeOf(action: () => unknown): string {
  try {
    action();
  } catch (error) {
    return isStreamError(error) ? error.code : String(error);
  }
  return "none";
}

describe("the catalog", () => {
  it("has each name once, in alphabetical order, aliases included", () => {
    const names = INDICATORS.map((definition) => definition.name);
    expect(names).toEqual([...names].sort());
    const all = INDICATORS.flatMap((definition) => [definition.name, ...definition.aliases]);
    expect(new Set(all).size).toBe(all.length);
    expect(findIndicator("bbands")).toBe(findIndicator("bollinger"));
    expect(findIndicator("nothing")).toBeUndefined();
  });

  it("makes each indicator with its defaults, under its own name and outputs", () => {
    for (const definition of INDICATORS) {
      for (const profile of PROFILES) {
        const indicator = createIndicator(Arena.create("catalog", 1 << 20), 2, definition.name, [], { profile });
        expect([indicator.name, indicator.outputs]).toEqual([definition.name, definition.outputs]);
        expect(indicator.values.length).toBe(2 * definition.outputs.length);
      }
    }
  });

  it("refuses parameters out of range and names the parameter", () => {
    const sma = findIndicator("sma")!;
    for (const n of [0, 10_001, 1.5, NaN, -1]) expect(() => checkParameters(sma, [n])).toThrow("n expects a whole number from 1 to 10000");
    expect(checkParameters(sma, [10_000])).toEqual([10_000]);
    expect(checkParameters(findIndicator("bollinger")!, [30])).toEqual([30, 2]);
    expect(() => checkParameters(findIndicator("bollinger")!, [20, -1])).toThrow("k expects a number from 0 to 100");
    expect(() => checkParameters(findIndicator("macd")!, [12, 12, 9])).toThrow("fast < slow");
    expect(() => checkParameters(sma, [1, 2])).toThrow("at most 1 (n), got 2");
  });

  it("refuses unknown names and a column for fixed inputs", () => {
    const arena = Arena.create("catalog", 1 << 20);
    expect(codeOf(() => createIndicator(arena, 1, "smaa"))).toBe("USAGE");
    expect(codeOf(() => createIndicator(arena, 1, "atr", [14], { column: 3 }))).toBe("USAGE");
    expect(codeOf(() => createIndicator(arena, 1, "sma", [0]))).toBe("VALUE_RANGE");
  });
});

describe("runIndicator", () => {
  it("gives null before the first value and one value a row after it", () => {
    expect(runIndicator("sma", [3], { close: [1, 2, 3, 4, NaN, 8] })).toEqual({
      name: "sma",
      params: [3],
      profile: "talib",
      lookback: 2,
      outputs: { sma: [null, null, 2, 3, 3, 5] },
    });
  });

  it("fills in defaults, resolves aliases and computes the typical price", () => {
    const result = runIndicator("bbands", [2], { close: [1, 3] }, { profile: "tulip" });
    expect(result).toEqual({
      name: "bollinger",
      params: [2, 2],
      profile: "tulip",
      lookback: 1,
      outputs: { upper: [null, 4], middle: [null, 2], lower: [null, 0] },
    });
    expect(runIndicator("vwap", [], { high: [3, 6], low: [1, 4], close: [2, 5], volume: [1, 3] }).outputs).toEqual({ vwap: [2, (2 + 15) / 4] });
  });

  it("takes the longest period of every indicator", () => {
    const close = Float64Array.from({ length: 10_002 }, (_, i) => 100 + (i % 7));
    for (const name of ["sma", "ema", "rsi", "bollinger"]) {
      expect(Object.values(runIndicator(name, [10_000], { close }).outputs)[0].at(-1)).toEqual(expect.any(Number));
    }
  });

  it("refuses columns that do not fit together", () => {
    expect(codeOf(() => runIndicator("sma", [3], {}))).toBe("USAGE");
    expect(codeOf(() => runIndicator("sma", [3], { close: [1], volume: [1, 2] }))).toBe("USAGE");
    expect(codeOf(() => runIndicator("sma", [3], { klose: [1] }))).toBe("USAGE");
    expect(runIndicator("sma", [3], { close: [] }).outputs).toEqual({ sma: [] });
  });
});

describe("a series that does not move", () => {
  it("has an RSI of 50, bands of width 0 and an ATR of 0", () => {
    const close = Array.from({ length: 40 }, (_, i) => (i < 8 ? 17_832.25 + i : 17_832.1));
    expect(runIndicator("rsi", [14], { close: close.map(() => 5) }).outputs["rsi"].at(-1)).toBe(50);
    const { upper, middle, lower } = runIndicator("bollinger", [20, 2], { close }).outputs;
    expect([upper.at(-1), middle.at(-1), lower.at(-1)]).toEqual([17_832.1, 17_832.1, 17_832.1]);
    expect(runIndicator("atr", [3], { high: [5, 5, 5, 5], low: [5, 5, 5, 5], close: [5, 5, 5, 5] }).outputs["atr"].at(-1)).toBe(0);
  });
});
