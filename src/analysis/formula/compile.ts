/**
 * Trees to one program: names resolved, types and arities checked, lookbacks added up, equal operations shared. Cold.
 *
 * Names: bar columns (open high low close volume notional count typical), book columns (bid ask bidQty askQty spread mid microprice
 * imbalance), indicators with constant parameters and, first, an optional input column, functions, and the formula's own locals.
 *   crossOver(a, b)    a > b and a[1] <= b[1]          crossUnder(a, b)   a < b and a[1] >= b[1]
 *   rising(x, n)       each of the last n bars above the one before it     falling(x, n)   below
 *   between(x, lo, hi) lo <= x and x <= hi             round(x)           to the nearest integer, halves upwards
 * FORMULA_SYNTAX for a type, count or range; FORMULA_UNKNOWN_NAME, with the nearest name, for a name.
 */
import { isStreamError } from "../../kernel/core/errors.ts";
import { Arena } from "../../kernel/memory/arena.ts";
import { checkParameters, findIndicator, INDICATORS, type IndicatorDefinition } from "../indicator/catalog.ts";
import { COLUMN_NAMES, MAX_PERIOD, type Profile } from "../indicator/indicator.ts";
import { formulaError, MAX_LOOKBACK, nearestName, type Ast, type ParsedFormula } from "./ast.ts";
import { BOOK_COLUMN_NAMES } from "./book-row.ts";
import { parseFormula } from "./parse.ts";
import * as op from "./program.ts";
import { ProgramBuilder, type CompiledFormula, type Program, type ValueType } from "./program.ts";

/** One formula as it is written. */
export interface FormulaSource {
  readonly name: string;
  readonly source: string;
  /** What it must give; default condition. */
  readonly type?: ValueType;
}

/** Formulas in one set. */
export const MAX_FORMULAS = 1024;
/** Values that one formula's signal carries. */
export const MAX_VALUES = 32;
/** Arguments of min and max. */
const MAX_ARGUMENTS = 8;
/** Bytes that the largest indicator takes of an arena for one lane, when only its lookback is asked for. */
const PROBE_BYTES = 64 * 1024 + MAX_PERIOD * 16;

/** Functions of numbers that are one operation. */
const MATH: Readonly<Record<string, number>> = {
  abs: op.OP_ABS,
  ceil: op.OP_CEIL,
  floor: op.OP_FLOOR,
  round: op.OP_ROUND,
  sqrt: op.OP_SQRT,
  log: op.OP_LOG,
  exp: op.OP_EXP,
};
const ARITHMETIC: Readonly<Record<string, number>> = {
  "+": op.OP_ADD,
  "-": op.OP_SUBTRACT,
  "*": op.OP_MULTIPLY,
  "/": op.OP_DIVIDE,
  "%": op.OP_REMAINDER,
  "^": op.OP_POWER,
};
/** Names of all functions, in the order of the documentation. */
export const FUNCTION_NAMES: readonly string[] = [...Object.keys(MATH), "min", "max", "if", "crossOver", "crossUnder", "rising", "falling", "between"];

/** Compiles formulas into one program. FORMULA_SYNTAX, FORMULA_UNKNOWN_NAME. */
export function compileFormulas(sources: readonly FormulaSource[], profile: Profile = "talib"): Program {
  const builder = new ProgramBuilder();
  if (sources.length > MAX_FORMULAS) {
    const { name, source } = sources[MAX_FORMULAS];
    throw formulaError("FORMULA_SYNTAX", { name, source }, 0, `expected at most ${MAX_FORMULAS} formulas, got ${sources.length}`);
  }
  return builder.build(sources.map((source) => new Compiler(builder, parseFormula(source.name, source.source), profile).compile(source.type ?? "condition")));
}

class Compiler {
  private readonly builder: ProgramBuilder;
  private readonly formula: ParsedFormula;
  private readonly profile: Profile;
  private readonly locals = new Map<string, number>();
  private readonly leaves: number[] = [];

  constructor(builder: ProgramBuilder, formula: ParsedFormula, profile: Profile) {
    this.builder = builder;
    this.formula = formula;
    this.profile = profile;
  }

  compile(type: ValueType): CompiledFormula {
    for (const local of this.formula.locals) {
      if (this.locals.has(local.name)) throw this.fault(local.at, `${local.name} is assigned twice`);
      if (this.knownNames().includes(local.name)) throw this.fault(local.at, `${local.name} is already the name of a column, indicator or function`);
      this.locals.set(local.name, this.visit(local.value));
    }
    const root = this.expect(this.formula.root, type, "the formula");
    const { name, source } = this.formula;
    if (this.leaves.length > MAX_VALUES) throw this.fault(0, `expected at most ${MAX_VALUES} columns and indicators, got ${this.leaves.length}`);
    const { lookback } = this.builder.nodes[root];
    return { name, source, root, lookback, leaves: this.leaves, valueNames: this.leaves.map((leaf) => this.builder.nodes[leaf].text) };
  }

  private visit(ast: Ast): number {
    switch (ast.kind) {
      case "number":
        return this.builder.constant(ast.value, "number");
      case "boolean":
        return this.builder.constant(ast.value ? 1 : 0, "condition");
      case "name":
        return this.name(ast.name, ast.at);
      case "unary":
        return this.unary(ast);
      case "binary":
        return this.binary(ast);
      case "call":
        return this.call(ast);
      case "output":
        return this.output(ast);
      case "past":
        return this.past(ast);
    }
  }

  private name(name: string, at: number): number {
    const local = this.locals.get(name);
    if (local !== undefined) return local;
    const column = COLUMN_NAMES.indexOf(name);
    if (column >= 0) return this.leaf(this.builder.column(op.OP_COLUMN, column, name));
    const book = BOOK_COLUMN_NAMES.indexOf(name);
    if (book >= 0) return this.leaf(this.builder.column(op.OP_BOOK, book, name));
    const indicator = findIndicator(name);
    if (indicator !== undefined) throw this.fault(at, `${name} is an indicator: write ${example(indicator)}`);
    if (FUNCTION_NAMES.includes(name)) throw this.fault(at, `${name} is a function: write its arguments in brackets`);
    throw this.unknown("name", name, at, this.knownNames());
  }

  private unary(ast: Extract<Ast, { kind: "unary" }>): number {
    if (ast.operator === "!") return this.builder.operation(op.OP_NOT, "condition", this.expect(ast.operand, "condition", "not"));
    return this.builder.operation(op.OP_NEGATE, "number", this.expect(ast.operand, "number", "-"));
  }

  private binary(ast: Extract<Ast, { kind: "binary" }>): number {
    const { operator, left, right } = ast;
    if (operator === "&&" || operator === "||") {
      const word = operator === "&&" ? "and" : "or";
      const a = this.expect(left, "condition", word);
      const b = this.expect(right, "condition", word);
      return this.builder.operation(operator === "&&" ? op.OP_AND : op.OP_OR, "condition", a, b);
    }
    if (operator === "==" || operator === "!=") {
      const a = this.visit(left);
      const b = this.expect(right, this.builder.nodes[a].type, `the right side of ${operator}`);
      return this.builder.operation(operator === "==" ? op.OP_EQUAL : op.OP_UNEQUAL, "condition", a, b);
    }
    const a = this.expect(left, "number", operator);
    const b = this.expect(right, "number", operator);
    const arithmetic = ARITHMETIC[operator];
    if (arithmetic !== undefined) return this.builder.operation(arithmetic, "number", a, b);
    return this.compare(operator, a, b);
  }

  /** a > b is b < a: the two share a node. */
  private compare(operator: string, a: number, b: number): number {
    const code = operator === "<" || operator === ">" ? op.OP_LESS : op.OP_AT_MOST;
    return operator[0] === "<" ? this.builder.operation(code, "condition", a, b) : this.builder.operation(code, "condition", b, a);
  }

  private past(ast: Extract<Ast, { kind: "past" }>): number {
    const known = this.leaves.length;
    const node = this.visit(ast.target);
    const past = this.builder.past(node, ast.bars);
    this.checkLookback(past, ast.at);
    if (past === node || !this.builder.isLeaf(past)) return past;
    // The signal carries the value that was read, not the newest one of the same column.
    if (this.leaves.length > known && this.leaves[known] === node) this.leaves.length = known;
    return this.leaf(past);
  }

  private call(ast: Extract<Ast, { kind: "call" }>): number {
    const { name, args, at } = ast;
    const indicator = findIndicator(name);
    if (indicator !== undefined) {
      const output = indicator.outputs.length === 1 ? 0 : indicator.outputs.indexOf(indicator.name);
      if (output >= 0) return this.indicator(ast, indicator, output);
      throw this.fault(at, `${name} has the outputs ${indicator.outputs.join(", ")}: write ${example(indicator)}`);
    }
    const math = MATH[name];
    if (math !== undefined) return this.builder.operation(math, "number", this.numbers(ast, 1)[0]);
    switch (name) {
      case "min":
      case "max": {
        if (args.length < 2 || args.length > MAX_ARGUMENTS) throw this.fault(at, `${name} expects 2 to ${MAX_ARGUMENTS} arguments, got ${args.length}`);
        const code = name === "min" ? op.OP_MIN : op.OP_MAX;
        return this.numbers(ast, args.length).reduce((a, b) => this.builder.operation(code, "number", a, b));
      }
      case "if":
        return this.choice(ast);
      case "crossOver":
      case "crossUnder":
        return this.cross(ast);
      case "rising":
      case "falling":
        return this.streak(ast);
      case "between": {
        const [x, low, high] = this.numbers(ast, 3);
        return this.builder.operation(op.OP_AND, "condition", this.compare("<=", low, x), this.compare("<=", x, high));
      }
      default:
        throw this.unknown("function", name, at, [...FUNCTION_NAMES, ...INDICATORS.map((known) => known.name)]);
    }
  }

  private choice(ast: Extract<Ast, { kind: "call" }>): number {
    this.count(ast, 3, "a condition and two values");
    const condition = this.expect(ast.args[0], "condition", "the first argument of if");
    const first = this.visit(ast.args[1]);
    const { type } = this.builder.nodes[first];
    return this.builder.operation(op.OP_IF, type, condition, first, this.expect(ast.args[2], type, "the last argument of if"));
  }

  private cross(ast: Extract<Ast, { kind: "call" }>): number {
    const [a, b] = this.numbers(ast, 2);
    const [operator, before] = ast.name === "crossOver" ? [">", "<="] : ["<", ">="];
    const now = this.compare(operator, a, b);
    const node = this.builder.operation(op.OP_AND, "condition", now, this.compare(before, this.builder.past(a, 1), this.builder.past(b, 1)));
    return this.checkLookback(node, ast.at);
  }

  private streak(ast: Extract<Ast, { kind: "call" }>): number {
    this.count(ast, 2, "a number and a count of bars");
    const node = this.expect(ast.args[0], "number", `the first argument of ${ast.name}`);
    const bars = this.literal(ast.args[1]);
    if (!Number.isInteger(bars) || bars < 1 || bars > MAX_LOOKBACK) {
      throw this.fault(ast.args[1].at, `${ast.name} expects a whole number of bars from 1 to ${MAX_LOOKBACK}`);
    }
    return this.checkLookback(this.builder.streak(ast.name === "rising" ? op.OP_RISING : op.OP_FALLING, node, bars), ast.at);
  }

  private output(ast: Extract<Ast, { kind: "output" }>): number {
    const { target, output, outputAt } = ast;
    const definition = target.kind === "call" ? findIndicator(target.name) : undefined;
    if (target.kind !== "call" || definition === undefined) {
      throw this.fault(outputAt, "only an indicator has outputs: write them after its brackets, as in bollinger(20, 2).lower");
    }
    const index = definition.outputs.indexOf(output);
    if (index < 0) throw this.unknown(`output of ${definition.name}`, output, outputAt, definition.outputs);
    return this.indicator(target, definition, index);
  }

  private indicator(ast: Extract<Ast, { kind: "call" }>, definition: IndicatorDefinition, output: number): number {
    const { name, defaultColumn, outputs } = definition;
    const [first, ...rest] = ast.args;
    const named = first?.kind === "name";
    if (named && defaultColumn < 0) throw this.fault(first.at, `${name} reads high, low and close: no column can be named`);
    const column = named ? COLUMN_NAMES.indexOf(first.name) : defaultColumn;
    if (named && column < 0) throw this.unknown("column", first.name, first.at, COLUMN_NAMES);
    const given = (named ? rest : ast.args).map((arg) => this.literal(arg));
    const params = this.parameters(definition, given, ast.at);
    const inputs = [...(column === defaultColumn ? [] : [COLUMN_NAMES[column]]), ...params];
    const text = `${name}(${inputs.join(", ")})${outputs.length === 1 ? "" : `.${outputs[output]}`}`;
    const node = this.builder.indicator({ name, params, column }, output, indicatorLookback(definition, params, this.profile), text);
    return this.leaf(this.checkLookback(node, ast.at));
  }

  private parameters(definition: IndicatorDefinition, given: readonly number[], at: number): number[] {
    try {
      return checkParameters(definition, given);
    } catch (error) {
      if (isStreamError(error, "VALUE_RANGE")) throw this.fault(at, error.message);
      throw error;
    }
  }

  /** A number that is written out, with or without a sign. */
  private literal(ast: Ast): number {
    if (ast.kind === "number") return ast.value;
    if (ast.kind === "unary" && ast.operator === "-" && ast.operand.kind === "number") return -ast.operand.value;
    throw this.fault(ast.at, "a parameter must be a number that is written out, because memory is laid out before the first bar");
  }

  private numbers(ast: Extract<Ast, { kind: "call" }>, count: number): number[] {
    this.count(ast, count, count === 1 ? "one number" : `${count} numbers`);
    return ast.args.map((arg) => this.expect(arg, "number", ast.name));
  }

  private count(ast: Extract<Ast, { kind: "call" }>, count: number, what: string): void {
    if (ast.args.length !== count)
      throw this.fault(ast.at, `${ast.name} expects ${what}, got ${ast.args.length} ${ast.args.length === 1 ? "argument" : "arguments"}`);
  }

  private expect(ast: Ast, type: ValueType, where: string): number {
    const node = this.visit(ast);
    const got = this.builder.nodes[node].type;
    if (got !== type) throw this.fault(ast.at, `${where} expects a ${type}, got a ${got}`);
    return node;
  }

  private leaf(node: number): number {
    if (!this.leaves.includes(node)) this.leaves.push(node);
    return node;
  }

  private checkLookback(node: number, at: number): number {
    const { lookback } = this.builder.nodes[node];
    if (lookback > MAX_LOOKBACK) throw this.fault(at, `looks back ${lookback} bars, expected at most ${MAX_LOOKBACK}`);
    return node;
  }

  private knownNames(): string[] {
    return [...COLUMN_NAMES, ...BOOK_COLUMN_NAMES, ...FUNCTION_NAMES, ...INDICATORS.map((known) => known.name), ...this.locals.keys()];
  }

  private unknown(what: string, name: string, at: number, known: readonly string[]): Error {
    const nearest = nearestName(name, known);
    const hint = nearest === undefined ? `known are ${known.join(", ")}` : `did you mean ${nearest}?`;
    return formulaError("FORMULA_UNKNOWN_NAME", this.formula, at, `unknown ${what} ${name}: ${hint}`);
  }

  private fault(at: number, what: string): Error {
    return formulaError("FORMULA_SYNTAX", this.formula, at, what);
  }
}

function example(definition: IndicatorDefinition): string {
  const { name, parameters, outputs } = definition;
  return `${name}(${parameters.map((parameter) => parameter.default).join(", ")})${outputs.length === 1 ? "" : `.${outputs[outputs.length - 1]}`}`;
}

/** Asked of the indicator itself, so that no second list of lookbacks can disagree with it. */
function indicatorLookback(definition: IndicatorDefinition, params: readonly number[], profile: Profile): number {
  return definition.create(Arena.create(definition.name, PROBE_BYTES + 1024), 1, params, { profile }).lookback;
}
