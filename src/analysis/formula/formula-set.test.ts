import { describe, expect, it } from "vitest";
import { createWalk } from "../../../test/contract/indicator.ts";
import { snapshotContract } from "../../../test/contract/snapshot.ts";
import { formulaModel } from "../../../test/model/formula-model.ts";
import { indicatorModel } from "../../../test/model/indicator-model.ts";
import { isStreamError } from "../../kernel/core/errors.ts";
import { Arena } from "../../kernel/memory/arena.ts";
import { IN_COLUMNS, IN_TYPICAL } from "../indicator/indicator.ts";
import { BOOK_ASK_PRESENT, BOOK_BID_PRESENT, BOOK_COLUMNS, fillBookRow } from "./book-row.ts";
import { FormulaSet, NOT_READY } from "./formula-set.ts";
import { parseFormula } from "./parse.ts";

function create(sources: readonly string[], lanes: number = 1): FormulaSet {
  const arena = Arena.create("formulas", 1 << 24);
  const set = new FormulaSet(
    arena,
    lanes,
    sources.map((source, i) => ({ name: `f${i}`, source })),
  );
  arena.seal();
  return set;
}

const NO_BOOK = new Float64Array(BOOK_COLUMNS);

/** Feeds closes to lane 0 of one formula; its answers. */
function answers(source: string, closes: readonly number[]): number[] {
  const set = create([source]);
  return closes.map((close) => {
    set.onBar(0, Float64Array.from([close, close, close, close, 1, close, 1, 0]), NO_BOOK, 0);
    return set.result(0);
  });
}

describe("answers", () => {
  it.each([
    ["close > 2", [1, 2, 3], [0, 0, 1]],
    ["close[1] < close", [1, 2, 2], [-1, 1, 0]],
    ["sma(2) >= 2", [1, 2, 2], [-1, 0, 1]],
    ["crossOver(close, 2)", [1, 2, 3, 4, 2, 3], [-1, 0, 1, 0, 0, 1]],
    ["crossUnder(close, 2)", [3, 2, 1, 3, 1], [-1, 0, 1, 0, 1]],
    ["rising(close, 2)", [1, 2, 3, 3, 4, 5], [-1, -1, 1, 0, 0, 1]],
    ["falling(close, 1)", [3, 2, 2, 1], [-1, 1, 0, 1]],
    ["between(close, 2, 3)", [1, 2, 3, 4], [0, 1, 1, 0]],
    ["if(close > 2, close[1] == 2, close == 1)", [1, 2, 3], [1, 0, 1]],
    ["sqrt(close - 2) >= 0", [1, 2, 3], [-1, 1, 1]],
    ["1 / (close - 2) > 0", [1, 2, 3], [0, -1, 1]],
    ["log(close) == 0 or true", [1, 0], [1, -1]],
    ["(close > 1)[1]", [1, 2, 3], [-1, 0, 1]],
    ["round(close) == 3 and round(-close) == -2", [2.5], [1]],
    ["close % 2 == 1 and 2 ^ close == 8", [3], [1]],
    ["x = close - 1; y = x * 2; y == 4", [3], [1]],
    ["typical == close and count == 1 and notional == close", [3], [1]],
  ])("of %s over closes %j are %j", (source, closes, expected) => {
    expect(answers(source, closes)).toEqual(expected);
  });

  it("need every side of the book that they name, and no other", () => {
    const set = create(["bid > 1", "spread < 5", "close > 0"]);
    const book = new Float64Array([10, 12, 1, 1, 0, 0, 0, 0]);
    const bar = new Float64Array(IN_COLUMNS).fill(1);
    const results = [0, BOOK_BID_PRESENT, BOOK_BID_PRESENT | BOOK_ASK_PRESENT].map((sides) => {
      set.onBar(0, bar, book, fillBookRow(book, sides));
      return [set.result(0), set.result(1), set.result(2)];
    });
    expect(results).toEqual([
      [NOT_READY, NOT_READY, 1],
      [1, NOT_READY, 1],
      [1, 1, 1],
    ]);
  });

  it("treat a bar cell that is not finite as absent, and its past too", () => {
    expect(answers("close > 1", [2, NaN, 2, Infinity, 2])).toEqual([1, -1, 1, -1, 1]);
    expect(answers("close[1] > 1", [2, NaN, 2, 2])).toEqual([-1, 1, -1, 1]);
    expect(answers("rising(close, 1)", [1, 2, NaN, 3, 4])).toEqual([-1, 1, -1, -1, 1]);
  });

  it("come with the values that the formula read", () => {
    const set = create(["close < sma(2) and close[1] > 1", "if(close > 100, ask, 0) == 0"]);
    const bar = new Float64Array([5, 5, 5, 5, 1, 5, 1, 0]);
    set.onBar(0, bar, NO_BOOK, 0);
    bar[3] = 3;
    set.onBar(0, bar, NO_BOOK, 0);
    const values = new Float64Array(4).fill(-1);
    expect(set.valueNames(0)).toEqual(["close", "sma(2)", "close[1]"]);
    expect(set.readValues(0, values)).toBe(3);
    expect([...values]).toEqual([3, 4, 5, -1]);
    expect(set.result(1)).toBe(1);
    expect(set.readValues(1, values)).toBe(2);
    expect([...values.subarray(0, 2)]).toEqual([3, 0]);
    expect(bar[IN_TYPICAL]).toBeCloseTo(13 / 3);
  });

  it("start anew with a session where an indicator is anchored to it, for that lane only", () => {
    const set = create(["vwap() == 5"], 2);
    const bar = (price: number): Float64Array => Float64Array.from([price, price, price, price, 10, 0, 1, 0]);
    for (const lane of [0, 1]) set.onBar(lane, bar(9), NO_BOOK, 0);
    set.reset(0);
    set.onBar(0, bar(5), NO_BOOK, 0);
    expect(set.result(0)).toBe(1);
    set.onBar(1, bar(5), NO_BOOK, 0);
    expect(set.result(0)).toBe(0);
  });

  it("of numbers are values", () => {
    const arena = Arena.create("numbers", 1 << 20);
    const set = new FormulaSet(arena, 1, [{ name: "half", source: "close[1] / 2", type: "number" }]);
    const bar = new Float64Array(IN_COLUMNS);
    set.onBar(0, bar, NO_BOOK, 0);
    expect([set.result(0), set.value(0)]).toEqual([NOT_READY, 0]);
    set.onBar(0, bar, NO_BOOK, 0);
    expect([set.result(0), set.value(0)]).toEqual([1, 0]);
  });
});

it("indicators in formulas are those recomputed from all bars, whatever the profile", () => {
  const source = "macd(3, 6, 4).signal + bollinger(5, 2).upper - ema(volume, 3) * rsi(4) + atr(3) / vwap()";
  for (const profile of ["talib", "tulip"] as const) {
    const arena = Arena.create("oracle", 1 << 20);
    const set = new FormulaSet(arena, 1, [{ name: "f", source, type: "number" }], { profile });
    const tree = parseFormula("f", source);
    const walk = createWalk(11);
    const bars: number[][] = [];
    let ready = 0;
    for (let i = 0; i < 120; i++) {
      bars.push(walk());
      set.onBar(0, Float64Array.from(bars[i]), NO_BOOK, 0);
      const indicator = (name: string, params: readonly number[], column: number, at: number): number[] | null =>
        indicatorModel(name, params, profile, column, bars.slice(0, at + 1));
      const expected = formulaModel(tree, { bars, books: bars.map(() => []), indicator }, i);
      expect(set.result(0)).toBe(expected === null ? NOT_READY : 1);
      if (expected !== null) expect(Math.abs(set.value(0) - expected)).toBeLessThan(1e-9 * Math.abs(expected) + 1e-6);
      ready += set.result(0) === 1 ? 1 : 0;
    }
    expect(ready).toBe(120 - set.lookback);
  }
});

it("a set of no formulas takes bars and says nothing", () => {
  const set = create([]);
  set.onBar(0, new Float64Array(IN_COLUMNS), NO_BOOK, 0);
  expect([set.count, set.lookback, set.describe()]).toEqual([0, 0, "n0 = true   condition, lookback 0"]);
});

it("rings that do not fit are refused by the arena, before the first bar", () => {
  const build = (): FormulaSet => new FormulaSet(Arena.create("small", 1 << 16), 1000, [{ name: "f", source: "close[500] > 1" }]);
  expect(build).toThrow();
  try {
    build();
  } catch (error) {
    expect(isStreamError(error, "ARENA_CAPACITY")).toBe(true);
  }
});

snapshotContract(
  "formula set",
  (arena) => {
    const sources = [
      "crossOver(sma(3), sma(7)) or close[9] > close",
      "rising(close, 3) and rsi(5) > 40",
      "ask - bid > atr(4)",
      "falling(vwap(), 2)",
      "macd(2, 5, 3).histogram[4] > 0",
    ];
    const set = new FormulaSet(
      arena,
      3,
      sources.map((source, i) => ({ name: `f${i}`, source })),
    );
    return {
      step(random) {
        const lane = random.nextBelow(3);
        const close = 90 + random.nextBelow(200) / 10;
        const bar = Float64Array.from([close, close + 1, close - 1, random.nextBelow(30) === 0 ? NaN : close, random.nextBelow(9), close, 1, 0]);
        const book = Float64Array.from([close - 1, close + random.nextBelow(3), 1, 1, 0, 0, 0, 0]);
        if (random.nextBelow(40) === 0) set.reset(lane);
        set.onBar(lane, bar, book, fillBookRow(book, random.nextBelow(5) === 0 ? BOOK_BID_PRESENT : BOOK_BID_PRESENT | BOOK_ASK_PRESENT));
        const into = new Float64Array(8);
        return sources.map((_, i) => [set.result(i), set.readValues(i, into), ...into]);
      },
    };
  },
  { cuts: 8 },
);
