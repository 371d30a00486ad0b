/**
 * The syntax tree of a formula, and how a fault in one is shown: the line, a caret under the place, the nearest name. Cold.
 *
 * Every node keeps the offset in the source at which it begins, so that a fault found late (a type, a range) points at its cause.
 */
import { StreamError, type ErrorCode } from "../../kernel/core/errors.ts";

export type UnaryOperator = "-" | "!";
export type BinaryOperator = "+" | "-" | "*" | "/" | "%" | "^" | "<" | "<=" | ">" | ">=" | "==" | "!=" | "&&" | "||";

export type Ast =
  | { readonly kind: "number"; readonly at: number; readonly value: number }
  | { readonly kind: "boolean"; readonly at: number; readonly value: boolean }
  | { readonly kind: "name"; readonly at: number; readonly name: string }
  | { readonly kind: "unary"; readonly at: number; readonly operator: UnaryOperator; readonly operand: Ast }
  | { readonly kind: "binary"; readonly at: number; readonly operator: BinaryOperator; readonly left: Ast; readonly right: Ast }
  | { readonly kind: "call"; readonly at: number; readonly name: string; readonly args: readonly Ast[] }
  /** call.output: one of several outputs of an indicator. */
  | { readonly kind: "output"; readonly at: number; readonly target: Ast; readonly output: string; readonly outputAt: number }
  /** target[bars]: the value of some bars ago. */
  | { readonly kind: "past"; readonly at: number; readonly target: Ast; readonly bars: number };

/** name = value; before the formula's own expression. */
export interface Local {
  readonly name: string;
  readonly at: number;
  readonly value: Ast;
}

export interface ParsedFormula {
  readonly name: string;
  readonly source: string;
  readonly locals: readonly Local[];
  readonly root: Ast;
}

/** Longest source of one formula, in characters. */
export const MAX_SOURCE = 4096;
/** Nodes in the tree of one formula. */
export const MAX_NODES = 256;
/** Depth of nesting. */
export const MAX_DEPTH = 32;
/** Local names in one formula. */
export const MAX_LOCALS = 16;
/** Bars that a formula may look back in all. */
export const MAX_LOOKBACK = 10_000;

/** Where a formula came from, for messages. */
export interface FormulaText {
  readonly name: string;
  readonly source: string;
}

/**
 * A fault at an offset of the source: `formula dip: expected ..., got ...` with the line and a caret under the place.
 * details: formula, line and column (both from 1).
 */
export function formulaError(code: ErrorCode, formula: FormulaText, at: number, what: string): StreamError {
  const before = formula.source.slice(0, at);
  const lineStart = before.lastIndexOf("\n") + 1;
  const lineEnd = formula.source.indexOf("\n", at);
  const line = before.split("\n").length;
  const column = at - lineStart + 1;
  const text = formula.source.slice(lineStart, lineEnd < 0 ? undefined : lineEnd).replace(/[\t\r]/g, " ");
  const place = line > 1 ? `line ${line}, column ${column}` : `column ${column}`;
  const message = `formula ${formula.name}, ${place}: ${what}\n  ${text}\n  ${" ".repeat(column - 1)}^`;
  return new StreamError(code, message, { formula: formula.name, line, column });
}

/**
 * The name of `known` that is nearest to `name`, letter case aside: by insertions, deletions, substitutions and exchanges of neighbours
 * (Damerau 1964), at most one for each three letters. undefined when none is near.
 */
export function nearestName(name: string, known: readonly string[]): string | undefined {
  const wanted = name.toLowerCase();
  let best: string | undefined;
  let bestDistance = Math.floor(Math.max(wanted.length, 3) / 3) + 1;
  for (const candidate of known) {
    const distance = editDistance(wanted, candidate.toLowerCase());
    if (distance < bestDistance) {
      best = candidate;
      bestDistance = distance;
    }
  }
  return best;
}

function editDistance(a: string, b: string): number {
  const rows = [Array.from({ length: b.length + 1 }, (_, i) => i)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const swapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? rows[i - 2][j - 2] + 1 : Infinity;
      row.push(Math.min(rows[i - 1][j] + 1, row[j - 1] + 1, rows[i - 1][j - 1] + (a[i - 1] === b[j - 1] ? 0 : 1), swapped));
    }
    rows.push(row);
  }
  return rows[a.length][b.length];
}
