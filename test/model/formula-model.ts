/**
 * Formulas by walking the tree over whole arrays, everything recomputed at every bar: the oracle of the compiled ones.
 * Absent is null. Where its indicators come from is the caller's choice: recomputed (indicator-model.ts), or run on their own.
 */
import type { Ast, ParsedFormula } from "../../src/analysis/formula/ast.ts";
import type { Row } from "./indicator-model.ts";

const BAR_NAMES = ["open", "high", "low", "close", "volume", "notional", "count", "typical"];
const BOOK_NAMES = ["bid", "ask", "bidQty", "askQty", "spread", "mid", "microprice", "imbalance"];
const OUTPUTS: Record<string, string[]> = { macd: ["macd", "signal", "histogram"], bollinger: ["upper", "middle", "lower"] };

export interface ModelInput {
  readonly bars: readonly Row[];
  /** Null in a cell that is absent. */
  readonly books: readonly (readonly (number | null)[])[];
  /** All outputs of an indicator after bar `at`; null before there are any. */
  readonly indicator: (name: string, params: readonly number[], column: number, at: number) => readonly number[] | null;
}

type Value = number | null;

/** The value of a formula at bar i: a number, 1 or 0 for a condition, null when absent. */
export function formulaModel(formula: ParsedFormula, input: ModelInput, i: number): Value {
  const locals = new Map(formula.locals.map((local) => [local.name, local.value]));

  function finite(value: number): Value {
    return Number.isFinite(value) ? value : null;
  }

  function both(a: Ast, b: Ast, at: number, apply: (x: number, y: number) => number | boolean): Value {
    const x = walk(a, at);
    const y = walk(b, at);
    return x === null || y === null ? null : finite(Number(apply(x, y)));
  }

  function indicator(ast: Extract<Ast, { kind: "call" }>, output: string, at: number): Value {
    const column = ast.args[0]?.kind === "name" ? BAR_NAMES.indexOf(ast.args[0].name) : ast.name === "vwap" ? 7 : 3;
    const params = ast.args.flatMap((arg) => (arg.kind === "number" ? [arg.value] : []));
    const values = input.indicator(ast.name, params, column, at);
    return values === null ? null : values[Math.max(0, OUTPUTS[ast.name]?.indexOf(output) ?? 0)];
  }

  function call(ast: Extract<Ast, { kind: "call" }>, at: number): Value {
    const { name, args } = ast;
    const one = (apply: (x: number) => number): Value => {
      const x = walk(args[0], at);
      return x === null ? null : finite(apply(x));
    };
    const each = (indexes: readonly number[], apply: (values: number[]) => number | boolean): Value => {
      const values = indexes.map((k) => walk(args[k], at));
      return values.some((value) => value === null) ? null : finite(Number(apply(values as number[])));
    };
    const run = (holds: (now: number, before: number) => boolean): Value => {
      const bars = args[1].kind === "number" ? args[1].value : 0;
      const values = Array.from({ length: bars + 1 }, (_, k) => (args[0].kind === "number" && k > at ? null : walk(args[0], at - k)));
      if (values.some((value) => value === null)) return null;
      return Number(values.slice(1).every((before, k) => holds(values[k]!, before!)));
    };
    const cross = (holds: (a: number, b: number, a1: number, b1: number) => boolean): Value => {
      const values = [walk(args[0], at), walk(args[1], at), walk(args[0], at - 1), walk(args[1], at - 1)];
      return values.some((value) => value === null) ? null : Number(holds(values[0]!, values[1]!, values[2]!, values[3]!));
    };
    const all = args.map((_, k) => k);
    switch (name) {
      case "abs":
        return one(Math.abs);
      case "ceil":
        return one(Math.ceil);
      case "floor":
        return one(Math.floor);
      case "round":
        return one(Math.round);
      case "sqrt":
        return one(Math.sqrt);
      case "log":
        return one(Math.log);
      case "exp":
        return one(Math.exp);
      case "min":
        return each(all, (values) => Math.min(...values));
      case "max":
        return each(all, (values) => Math.max(...values));
      case "between":
        return each(all, ([x, low, high]) => low <= x && x <= high);
      case "if": {
        const condition = walk(args[0], at);
        return condition === null ? null : walk(args[condition === 1 ? 1 : 2], at);
      }
      case "crossOver":
        return cross((a, b, a1, b1) => a > b && a1 <= b1);
      case "crossUnder":
        return cross((a, b, a1, b1) => a < b && a1 >= b1);
      case "rising":
        return run((now, before) => now > before);
      case "falling":
        return run((now, before) => now < before);
      default:
        return indicator(ast, "", at);
    }
  }

  function binary(ast: Extract<Ast, { kind: "binary" }>, at: number): Value {
    const { left, right } = ast;
    switch (ast.operator) {
      case "+":
        return both(left, right, at, (x, y) => x + y);
      case "-":
        return both(left, right, at, (x, y) => x - y);
      case "*":
        return both(left, right, at, (x, y) => x * y);
      case "/":
        return both(left, right, at, (x, y) => x / y);
      case "%":
        return both(left, right, at, (x, y) => x % y);
      case "^":
        return both(left, right, at, (x, y) => x ** y);
      case "<":
        return both(left, right, at, (x, y) => x < y);
      case "<=":
        return both(left, right, at, (x, y) => x <= y);
      case ">":
        return both(left, right, at, (x, y) => x > y);
      case ">=":
        return both(left, right, at, (x, y) => x >= y);
      case "==":
        return both(left, right, at, (x, y) => x === y);
      case "!=":
        return both(left, right, at, (x, y) => x !== y);
      case "&&":
        return both(left, right, at, (x, y) => x === 1 && y === 1);
      case "||":
        return both(left, right, at, (x, y) => x === 1 || y === 1);
    }
  }

  function walk(ast: Ast, at: number): Value {
    if (ast.kind === "number") return ast.value;
    if (ast.kind === "boolean") return Number(ast.value);
    const local = ast.kind === "name" ? locals.get(ast.name) : undefined;
    if (local !== undefined) return walk(local, at);
    if (at < 0) return null;
    switch (ast.kind) {
      case "name": {
        const column = BAR_NAMES.indexOf(ast.name);
        return column >= 0 ? finite(input.bars[at][column]) : input.books[at][BOOK_NAMES.indexOf(ast.name)];
      }
      case "unary": {
        const x = walk(ast.operand, at);
        return x === null ? null : ast.operator === "-" ? -x : 1 - x;
      }
      case "binary":
        return binary(ast, at);
      case "call":
        return call(ast, at);
      case "output":
        return ast.target.kind === "call" ? indicator(ast.target, ast.output, at) : null;
      case "past":
        return walk(ast.target, at - ast.bars);
    }
  }

  return walk(formula.root, i);
}
