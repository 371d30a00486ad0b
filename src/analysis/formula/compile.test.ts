import { describe, expect, it } from "vitest";
import type { StreamError } from "../../kernel/core/errors.ts";
import { compileFormulas, MAX_FORMULAS } from "./compile.ts";
import { describeProgram, OP_INDICATOR, OP_LESS, type ValueType } from "./program.ts";

function fault(source: string, type: ValueType = "condition"): StreamError {
  try {
    compileFormulas([{ name: "f", source, type }]);
  } catch (error) {
    return error as StreamError;
  }
  return expect.fail(`compiled ${source}`);
}

describe("names", () => {
  it.each([
    ["clsoe < 5", 1, "unknown name clsoe: did you mean close?"],
    ["close < smaa(5)", 9, "unknown function smaa: did you mean sma?"],
    ["close < bollinger(20, 2).lowr", 26, "unknown output of bollinger lowr: did you mean lower?"],
    ["close < sma(volum, 5)", 13, "unknown column volum: did you mean volume?"],
    ["zzzzzzzz > 1", 1, "known are open, high"],
    ["y = 1; yy > 1; y", 0, ""],
  ])("%s: %s", (source, column, message) => {
    const error = fault(source);
    if (column === 0) return expect(error.code).toBe("FORMULA_SYNTAX");
    expect(error.code).toBe("FORMULA_UNKNOWN_NAME");
    expect(error.message).toContain(message);
    expect(error.details["column"]).toBe(column);
  });

  it.each([
    ["rsi < 30", "rsi is an indicator: write rsi(14)"],
    ["bollinger < 30", "write bollinger(20, 2).lower"],
    ["abs > 1", "abs is a function"],
    ["bollinger(20, 2) > 1", "has the outputs upper, middle, lower"],
    ["close.lower > 1", "only an indicator has outputs"],
    ["abs(close).lower > 1", "only an indicator has outputs"],
    ["atr(close, 14) > 1", "no column can be named"],
    ["close = 1; close > 1", "already the name"],
    ["x = 1; x = 2; x > 1", "assigned twice"],
    ["sma(0) > 1", "n expects a whole number from 1 to 10000, got 0"],
    ["sma(-3) > 1", "got -3"],
    ["sma(2.5) > 1", "got 2.5"],
    ["sma(1 + 1) > 1", "written out"],
    ["n = 5; sma(close, n) > 1", "written out"],
    ["sma(1, 2) > 1", "at most 1 (n), got 2"],
    ["vwap(5) > 1", "no parameters"],
    ["macd(26, 12, 9) > 1", "fast < slow"],
    ["rising(close) ", "a number and a count of bars, got 1 argument"],
    ["rising(close, 0)", "whole number of bars"],
    ["rising(close, open)", "written out"],
    ["crossOver(close)", "2 numbers, got 1 argument"],
    ["min(close) > 1", "2 to 8 arguments, got 1"],
    ["abs(1, 2) > 1", "one number, got 2 arguments"],
    ["if(close > 1, 2) > 1", "a condition and two values"],
    ["sma(10000)[2] > 1", "looks back 10001 bars"],
  ])("%s is refused: %s", (source, message) => {
    const error = fault(source);
    expect(error.code).toBe("FORMULA_SYNTAX");
    expect(error.message).toContain(message);
  });
});

describe("types", () => {
  it.each([
    ["close", "the formula expects a condition, got a number", 1],
    ["close and open", "and expects a condition, got a number", 1],
    ["not close", "not expects a condition, got a number", 5],
    ["(close > 1) + 1 > 0", "+ expects a number, got a condition", 2],
    ["close < open < high", "< expects a number, got a condition", 1],
    ["close == (open > 1)", "the right side of == expects a number, got a condition", 11],
    ["if(close, 1, 2) > 0", "the first argument of if expects a condition", 4],
    ["if(close > 1, 1, true) > 0", "the last argument of if expects a number, got a condition", 18],
    ["rising(close > 1, 2)", "the first argument of rising expects a number", 8],
    ["-true > 0", "- expects a number", 2],
  ])("%s is refused: %s", (source, message, column) => {
    const error = fault(source);
    expect(error.message).toContain(message);
    expect(error.details["column"]).toBe(column);
  });

  it("may be asked to be a number", () => {
    expect(compileFormulas([{ name: "f", source: "(bid + ask) / 2", type: "number" }]).formulas[0].valueNames).toEqual(["bid", "ask"]);
    expect(fault("close > 1", "number").message).toContain("the formula expects a number, got a condition");
  });
});

describe("the program", () => {
  it("holds an operation of two formulas once", () => {
    const program = compileFormulas([
      { name: "a", source: "close < sma(20) and rsi(14) < 30" },
      { name: "b", source: "sma(close, 20) > close or sma( 20 ) == 3" },
      { name: "c", source: "bbands(20, 2).lower < bollinger(20).upper" },
    ]);
    expect(program.indicators.map((use) => use.name)).toEqual(["sma", "rsi", "bollinger"]);
    expect(program.nodes.filter((node) => node.op === OP_INDICATOR).length).toBe(4);
    expect(program.nodes.filter((node) => node.op === OP_LESS).length).toBe(3);
  });

  it("keeps one ring a value, as deep as the furthest look back, in a power of two", () => {
    const program = compileFormulas([{ name: "a", source: "close[3] < close[5] and close[1][2] > crossing[1]".replace("crossing", "(close * 2)") }]);
    expect(program.rings.map((ring) => ring.slots)).toEqual([8, 1]);
  });

  it.each([
    ["close > open", 0],
    ["close[3] > open", 3],
    ["sma(20) > 1", 19],
    ["ema(20)[5] > 1", 24],
    ["macd(12, 26, 9).signal > 1", 33],
    ["crossOver(sma(5), sma(20))", 20],
    ["rising(sma(5), 3)", 7],
    ["(rsi(14) > 1)[2]", 16],
    ["x = atr(14); x > x[1]", 15],
  ])("%s looks back %i bars", (source, lookback) => {
    expect(compileFormulas([{ name: "f", source }]).formulas[0].lookback).toBe(lookback);
  });

  it("takes lookbacks from the profile", () => {
    expect(compileFormulas([{ name: "f", source: "ema(20) > macd(12, 26, 9)" }], "tulip").formulas[0].lookback).toBe(25);
  });

  it("names the values of a signal: columns and indicators as they were read", () => {
    const [formula] = compileFormulas([
      { name: "f", source: "close < bbands(20,2).lower and sma(volume,20)[1] > volume and close[1][2] > macd() and close > vwap(notional)" },
    ]).formulas;
    expect(formula.valueNames).toEqual([
      "close",
      "bollinger(20, 2).lower",
      "sma(volume, 20)[1]",
      "volume",
      "close[3]",
      "macd(12, 26, 9).macd",
      "vwap(notional)",
    ]);
  });

  it("does not grow with what local names stand for", () => {
    const doubling = Array.from({ length: 16 }, (_, i) => `v${i} = ${i === 0 ? "close + close" : `v${i - 1} + v${i - 1}`};`).join("");
    const program = compileFormulas([{ name: "f", source: `${doubling} v15 > 1` }]);
    expect(program.nodes.length).toBeLessThan(22);
    expect(describeProgram(program).length).toBeLessThan(1200);
  });

  it("reads as text, a line a node and a formula", () => {
    expect(describeProgram(compileFormulas([{ name: "dip", source: "close < sma(20) and not rising(close, 2)" }])).split("\n")).toEqual([
      "n0 = true   condition, lookback 0",
      "n1 = close   number, lookback 0",
      "n2 = sma(20)   number, lookback 19",
      "n3 = close < sma(20)   condition, lookback 19",
      "n4 = close[1]   number, lookback 1",
      "n5 = rising(close, 2)   condition, lookback 2",
      "n6 = not n5   condition, lookback 2",
      "n7 = n3 and n6   condition, lookback 19",
      "ring of n1: 1 slots",
      "dip = n7   lookback 19, values close, sma(20)",
    ]);
  });

  it("is bounded in formulas and in values", () => {
    const many = Array.from({ length: MAX_FORMULAS + 1 }, (_, i) => ({ name: `f${i}`, source: "close > 1" }));
    expect(() => compileFormulas(many)).toThrow(`at most ${MAX_FORMULAS} formulas`);
    expect(fault(Array.from({ length: 33 }, (_, i) => `close[${i}] > 0`).join(" and ")).message).toContain("at most 32 columns");
  });
});
