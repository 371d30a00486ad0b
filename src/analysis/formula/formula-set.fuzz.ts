import { describe, expect, it } from "vitest";
import { formulaModel, type ModelInput } from "../../../test/model/formula-model.ts";
import { createWalk } from "../../../test/contract/indicator.ts";
import { Random } from "../../kernel/core/random.ts";
import { isStreamError } from "../../kernel/core/errors.ts";
import { Arena } from "../../kernel/memory/arena.ts";
import { runIndicator } from "../indicator/batch.ts";
import { COLUMN_NAMES, IN_COLUMNS } from "../indicator/indicator.ts";
import { BOOK_COLUMN_NAMES, BOOK_COLUMNS } from "./book-row.ts";
import { compileFormulas } from "./compile.ts";
import { FormulaSet } from "./formula-set.ts";
import { parseFormula } from "./parse.ts";

const INDICATOR_CALLS = [
  "sma(3)",
  "sma(volume, 4)",
  "ema(5)",
  "rsi(3)",
  "macd(2, 4, 3)",
  "macd(2, 4, 3).histogram",
  "bollinger(4, 2).lower",
  "bollinger(typical, 3, 1.5).upper",
  "atr(3)",
  "vwap()",
  "vwap(notional)",
];

/** Random well-typed source text. */
class Writer {
  private readonly random: Random;

  constructor(random: Random) {
    this.random = random;
  }

  number(depth: number): string {
    const draw = this.random.nextBelow(depth <= 0 ? 4 : 14);
    const n = (): string => this.number(depth - 1);
    if (draw === 0) return String(this.random.nextBelow(400) / 4);
    if (draw === 1) return this.pick(COLUMN_NAMES);
    if (draw === 2) return this.pick(BOOK_COLUMN_NAMES);
    if (draw === 3) return this.pick(INDICATOR_CALLS);
    if (draw === 4) return `${this.pick(["abs", "ceil", "floor", "round", "sqrt", "log", "exp"])}(${n()})`;
    if (draw === 5) return `${this.pick(["min", "max"])}(${n()}, ${n()}, ${n()})`;
    if (draw === 6) return `if(${this.condition(depth - 1)}, ${n()}, ${n()})`;
    if (draw === 7) return `-${n()}`;
    if (draw === 8) return `(${n()})[${this.random.nextBelow(6)}]`;
    if (draw === 9) return `${this.pick([...COLUMN_NAMES, ...INDICATOR_CALLS])}[${this.random.nextBelow(6)}]`;
    return `(${n()} ${this.pick(["+", "-", "*", "/", "%", "^"])} ${n()})`;
  }

  condition(depth: number): string {
    const draw = this.random.nextBelow(depth <= 0 ? 2 : 9);
    const n = (): string => this.number(depth - 1);
    const c = (): string => this.condition(depth - 1);
    if (draw === 0) return this.pick(["close > open", "bidQty < askQty", "true", "rising(close, 2)"]);
    if (draw <= 2) return `${n()} ${this.pick(["<", "<=", ">", ">=", "==", "!="])} ${n()}`;
    if (draw === 3) return `(${c()} ${this.pick(["and", "or", "&&", "||"])} ${c()})`;
    if (draw === 4) return `${this.pick(["not ", "!"])}(${c()})`;
    if (draw === 5) return `${this.pick(["crossOver", "crossUnder"])}(${n()}, ${n()})`;
    if (draw === 6) return `${this.pick(["rising", "falling"])}(${n()}, ${1 + this.random.nextBelow(4)})`;
    if (draw === 7) return `between(${n()}, ${n()}, ${n()})`;
    return `((${c()}) == (${c()}))[${this.random.nextBelow(4)}]`;
  }

  formula(): string {
    const locals = this.random.nextBelow(3) === 0 ? `x = ${this.number(2)}; ` : "";
    const condition = this.condition(4);
    return locals === "" ? condition : `${locals}${condition} ${this.pick(["and", "or"])} x > ${this.number(1)}`;
  }

  private pick(list: readonly string[]): string {
    return list[this.random.nextBelow(list.length)];
  }
}

function createBooks(random: Random, count: number): (number | null)[][] {
  return Array.from({ length: count }, () => Array.from({ length: BOOK_COLUMNS }, () => (random.nextBelow(6) === 0 ? null : random.nextBelow(200) - 40)));
}

/** Indicators run on their own over the lane's whole input, each once. */
function createIndicatorSeries(bars: readonly (readonly number[])[]): ModelInput["indicator"] {
  const columns = Object.fromEntries(COLUMN_NAMES.map((name, k) => [name, bars.map((bar) => bar[k])]));
  const cache = new Map<string, (number[] | null)[]>();
  return (name, params, column, at) => {
    const key = `${name} ${params.join()} ${column}`;
    let rows = cache.get(key);
    if (rows === undefined) {
      const { outputs } = runIndicator(name, params, columns, name === "atr" ? {} : { column });
      const lines = Object.values(outputs);
      rows = bars.map((_, i) => (lines[0][i] === null ? null : lines.map((line) => line[i]!)));
      cache.set(key, rows);
    }
    return rows[at];
  };
}

/** How often each kind of answer was compared: a fuzz test that only ever sees one proves nothing. */
const answers: Record<string, number> = { "1": 0, "0": 0, "-1": 0, number: 0, absent: 0 };

describe("random formulas", () => {
  for (let seed = 1; seed <= 100; seed++) {
    it(`answer on every bar of two lanes as the tree walked over whole arrays does (seed ${seed})`, () => {
      const random = new Random(new Int32Array(4), seed);
      const writer = new Writer(random);
      const formulas = Array.from({ length: 8 }, (_, i) => ({ name: `f${i}`, source: writer.formula() }));
      const numbers = Array.from({ length: 4 }, (_, i) => ({ name: `n${i}`, source: writer.number(4), type: "number" as const }));
      const arena = Arena.create("fuzz", 1 << 22);
      const set = new FormulaSet(arena, 2, [...formulas, ...numbers]);
      arena.seal();
      const trees = [...formulas, ...numbers].map(({ name, source }) => parseFormula(name, source));
      const total = 60;
      const lanes = [0, 1].map((lane) => {
        const walk = createWalk(seed * 2 + lane, 9);
        const bars = Array.from({ length: total }, walk);
        return { bars, books: createBooks(random, total), indicator: createIndicatorSeries(bars) };
      });
      const bar = new Float64Array(IN_COLUMNS);
      const book = new Float64Array(BOOK_COLUMNS);
      const at = [0, 0];
      while (at[0] < total || at[1] < total) {
        const lane = at[0] < total && (at[1] >= total || random.nextBelow(2) === 0) ? 0 : 1;
        const i = at[lane]++;
        const { bars, books } = lanes[lane];
        bar.set(bars[i]);
        let present = 0;
        books[i].forEach((cell, k) => {
          book[k] = cell ?? NaN;
          if (cell !== null) present |= 1 << k;
        });
        set.onBar(lane, bar, book, present);
        trees.forEach((tree, f) => {
          const expected = formulaModel(tree, lanes[lane], i);
          const answer = f < formulas.length ? set.result(f) : set.result(f) === 1 ? set.value(f) : null;
          const wanted = f < formulas.length ? (expected ?? -1) : expected;
          answers[f < formulas.length ? `${answer}` : answer === null ? "absent" : "number"]++;
          if (answer !== wanted) expect.fail(`${tree.source} at bar ${i} of lane ${lane}: got ${answer}, expected ${wanted}`);
          if (expected !== null && i < set.lookbackOf(f) && !/if|vwap/.test(tree.source)) {
            expect.fail(`${tree.source} at bar ${i}: a value before its lookback of ${set.lookbackOf(f)}`);
          }
        });
      }
      for (const { name, offset, bytes } of arena.regions) {
        if (/ready|present|cursors|seen|turns|streaks/.test(name)) continue;
        expect(new Float64Array(arena.buffer, offset, bytes >> 3).some(Number.isNaN), name).toBe(false);
      }
    });
  }

  it("gave each kind of answer often", () => {
    for (const [kind, count] of Object.entries(answers)) expect(count, kind).toBeGreaterThan(4000);
  });
});

describe("random text", () => {
  const PIECES = [
    "close",
    "sma",
    "(",
    ")",
    "[",
    "]",
    "1",
    ".5",
    "1e9",
    "20",
    ",",
    ".",
    "lower",
    "bollinger",
    "and",
    "or",
    "not",
    "!",
    "==",
    "=",
    ";",
    "<",
    "^",
    "-",
    "if",
    "rising",
    "x",
    " ",
    "\n",
    "true",
    "@",
    "é",
    "'",
  ];

  it("is a formula or a StreamError of the two formula codes that points into the text", () => {
    const random = new Random(new Int32Array(4), 7);
    const codes = new Set<string>();
    for (let n = 0; n < 2000; n++) {
      const source = Array.from({ length: random.nextBelow(14) }, () => PIECES[random.nextBelow(PIECES.length)]).join(random.nextBelow(2) === 0 ? " " : "");
      try {
        compileFormulas([{ name: "t", source }]);
        codes.add("whole");
      } catch (error) {
        if (!isStreamError(error)) throw error;
        codes.add(error.code);
        expect(["FORMULA_SYNTAX", "FORMULA_UNKNOWN_NAME"]).toContain(error.code);
        const lines = source.split("\n");
        const { line, column } = error.details as { line: number; column: number };
        expect(line).toBeLessThanOrEqual(lines.length);
        expect(column).toBeLessThanOrEqual(lines[line - 1].length + 1);
        expect(error.message.split("\n")[2]).toBe(`  ${" ".repeat(column - 1)}^`);
      }
    }
    expect([...codes].sort()).toEqual(["FORMULA_SYNTAX", "FORMULA_UNKNOWN_NAME", "whole"]);
  });

  it("of any characters and any depth is refused without another kind of error", () => {
    const random = new Random(new Int32Array(4), 8);
    const long = ["(".repeat(5000), "-".repeat(3000), "1+".repeat(3000), "!".repeat(500), "close[1]".repeat(400), "a=1;".repeat(600), "1^".repeat(200)];
    const noise = Array.from({ length: 500 }, () => String.fromCharCode(...Array.from({ length: 30 }, () => random.nextBelow(0x10000))));
    for (const source of [...long, ...noise, ""]) {
      try {
        parseFormula("t", source);
        expect.fail(`parsed ${JSON.stringify(source.slice(0, 60))}`);
      } catch (error) {
        expect(isStreamError(error, "FORMULA_SYNTAX"), String(error)).toBe(true);
      }
    }
  });
});
