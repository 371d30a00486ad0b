/**
 * Text to tree: a Pratt parser (Pratt 1973, "Top Down Operator Precedence"). Cold; no eval, no new Function.
 *
 *   formula   = { name "=" expression ";" } expression
 *   from tight to loose:  x[k] x.output   ^ (right)   unary - !   * / %   + -   < <= > >=   == !=   not   && and   || or
 *
 * So -2 ^ 2 is -4, `not a == b` is not (a == b), and `!a == b` is (!a) == b. Faults are FORMULA_SYNTAX with line and column.
 * Bounds: MAX_SOURCE characters, MAX_NODES nodes, MAX_DEPTH levels, MAX_LOCALS names.
 */
import {
  formulaError,
  MAX_DEPTH,
  MAX_LOCALS,
  MAX_LOOKBACK,
  MAX_NODES,
  MAX_SOURCE,
  type Ast,
  type BinaryOperator,
  type FormulaText,
  type Local,
  type ParsedFormula,
} from "./ast.ts";

interface Token {
  readonly kind: "number" | "name" | "symbol" | "end";
  readonly text: string;
  readonly at: number;
}

const SPACE = /[ \t\r\n]+/y;
const NUMBER = /(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?/y;
const NAME = /[A-Za-z_][A-Za-z0-9_]*/y;
const SYMBOL = /&&|\|\||[<>=!]=|[-+*/%^<>=!()[\],.;]/y;

/** Strength of each binary operator, loose to tight. */
const STRENGTH: Readonly<Record<string, number>> = {
  "||": 1,
  "&&": 2,
  "==": 4,
  "!=": 4,
  "<": 5,
  "<=": 5,
  ">": 5,
  ">=": 5,
  "+": 6,
  "-": 6,
  "*": 7,
  "/": 7,
  "%": 7,
  "^": 9,
};
const NOT_STRENGTH = 3;
const UNARY_STRENGTH = 8;
const WORDS: Readonly<Record<string, string>> = { and: "&&", or: "||" };
const RESERVED: readonly string[] = ["and", "or", "not", "true", "false"];

/** Parses one formula. FORMULA_SYNTAX on any fault. */
export function parseFormula(name: string, source: string): ParsedFormula {
  return new Parser({ name, source }).parse();
}

function tokenize(formula: FormulaText): Token[] {
  const { source } = formula;
  if (source.length > MAX_SOURCE) {
    throw formulaError(
      "FORMULA_SYNTAX",
      { name: formula.name, source: source.slice(0, 60) },
      0,
      `expected at most ${MAX_SOURCE} characters, got ${source.length}`,
    );
  }
  const tokens: Token[] = [];
  let at = 0;
  const match = (pattern: RegExp): string | null => {
    pattern.lastIndex = at;
    return pattern.exec(source)?.[0] ?? null;
  };
  while (at < source.length) {
    const space = match(SPACE);
    if (space !== null) {
      at += space.length;
      continue;
    }
    const number = match(NUMBER);
    const word = number === null ? match(NAME) : null;
    const symbol = number === null && word === null ? match(SYMBOL) : null;
    const text = number ?? word ?? symbol;
    if (text === null)
      throw formulaError("FORMULA_SYNTAX", formula, at, `unexpected character ${JSON.stringify(String.fromCodePoint(source.codePointAt(at)!))}`);
    const kind = number !== null ? "number" : word !== null && WORDS[word] === undefined ? "name" : "symbol";
    tokens.push({ kind, text: word === null ? text : (WORDS[word] ?? word), at });
    at += text.length;
  }
  tokens.push({ kind: "end", text: "", at: source.length });
  return tokens;
}

class Parser {
  private readonly formula: FormulaText;
  private readonly tokens: readonly Token[];
  private position = 0;
  private nodes = 0;

  constructor(formula: FormulaText) {
    this.formula = formula;
    this.tokens = tokenize(formula);
  }

  parse(): ParsedFormula {
    const locals: Local[] = [];
    while (this.next.kind === "name" && this.tokens[this.position + 1].text === "=") {
      const { text: name, at } = this.take();
      if (RESERVED.includes(name)) throw this.fault(at, `${name} is a word of the language and cannot be assigned`);
      if (locals.length === MAX_LOCALS) throw this.fault(at, `expected at most ${MAX_LOCALS} local names`);
      this.take();
      locals.push({ name, at, value: this.expression(0, 0) });
      this.expect(";", `after the value of ${name}`);
    }
    const root = this.expression(0, 0);
    if (this.next.kind !== "end") throw this.unexpected("an operator or the end");
    return { ...this.formula, locals, root };
  }

  private expression(strength: number, depth: number): Ast {
    if (depth > MAX_DEPTH) throw this.fault(this.next.at, `nested more than ${MAX_DEPTH} deep`);
    let left = this.prefix(depth);
    for (;;) {
      const operator = this.next.kind === "symbol" ? this.next.text : "";
      const own = STRENGTH[operator];
      if (own === undefined || own <= strength) return left;
      this.take();
      // Of operators of one strength the left one binds first; only ^ groups to the right.
      const right = this.expression(operator === "^" ? own - 1 : own, depth + 1);
      left = this.node({ kind: "binary", at: left.at, operator: operator as BinaryOperator, left, right });
    }
  }

  private prefix(depth: number): Ast {
    const token = this.next;
    if (token.text === "-" || token.text === "!" || token.text === "+") {
      this.take();
      const operand = this.expression(UNARY_STRENGTH, depth + 1);
      return token.text === "+" ? operand : this.node({ kind: "unary", at: token.at, operator: token.text, operand });
    }
    if (token.kind === "name" && token.text === "not") {
      this.take();
      return this.node({ kind: "unary", at: token.at, operator: "!", operand: this.expression(NOT_STRENGTH, depth + 1) });
    }
    return this.postfix(this.primary(depth));
  }

  private primary(depth: number): Ast {
    const token = this.next;
    if (token.kind !== "number" && token.kind !== "name" && token.text !== "(") throw this.unexpected("a number, a name or a bracket");
    this.take();
    if (token.kind === "number") {
      const value = Number(token.text);
      if (!Number.isFinite(value)) throw this.fault(token.at, `the number ${token.text} is too large`);
      return this.node({ kind: "number", at: token.at, value });
    }
    if (token.text === "(") {
      const inner = this.expression(0, depth + 1);
      this.expect(")", "to close the bracket");
      return inner;
    }
    if (token.text === "true" || token.text === "false") return this.node({ kind: "boolean", at: token.at, value: token.text === "true" });
    if (this.next.text !== "(") return this.node({ kind: "name", at: token.at, name: token.text });
    return this.node({ kind: "call", at: token.at, name: token.text, args: this.callArguments(depth) });
  }

  private callArguments(depth: number): Ast[] {
    this.take();
    const args: Ast[] = [];
    if (this.next.text === ")") {
      this.take();
      return args;
    }
    for (;;) {
      args.push(this.expression(0, depth + 1));
      if (this.next.text !== ",") break;
      this.take();
    }
    this.expect(")", "or a comma in the arguments");
    return args;
  }

  private postfix(start: Ast): Ast {
    let target = start;
    for (;;) {
      if (this.next.text === "[") {
        this.take();
        const { kind, text, at } = this.take();
        const bars = Number(text);
        if (kind !== "number" || !Number.isInteger(bars) || bars > MAX_LOOKBACK) {
          throw this.fault(at, `a lookback expects a whole number of bars from 0 to ${MAX_LOOKBACK}, got ${text === "" ? "the end" : text}`);
        }
        this.expect("]", "to close the lookback");
        target = this.node({ kind: "past", at: start.at, target, bars });
      } else if (this.next.text === ".") {
        this.take();
        const output = this.take();
        if (output.kind !== "name") throw this.fault(output.at, "expected the name of an output after the dot");
        target = this.node({ kind: "output", at: start.at, target, output: output.text, outputAt: output.at });
      } else return target;
    }
  }

  private get next(): Token {
    return this.tokens[this.position];
  }

  /** The next token, which is passed unless it is the end. */
  private take(): Token {
    const token = this.next;
    if (token.kind !== "end") this.position++;
    return token;
  }

  private expect(text: string, why: string): void {
    if (this.next.kind !== "symbol" || this.next.text !== text) throw this.unexpected(`${text} ${why}`);
    this.take();
  }

  private node<Node extends Ast>(node: Node): Node {
    if (++this.nodes > MAX_NODES) throw this.fault(node.at, `more than ${MAX_NODES} operations in one formula`);
    return node;
  }

  private unexpected(expected: string): Error {
    const { kind, text, at } = this.next;
    return this.fault(at, `expected ${expected}, got ${kind === "end" ? "the end" : text}`);
  }

  private fault(at: number, what: string): Error {
    return formulaError("FORMULA_SYNTAX", this.formula, at, what);
  }
}
