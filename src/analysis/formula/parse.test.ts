import { describe, expect, it } from "vitest";
import type { StreamError } from "../../kernel/core/errors.ts";
import { MAX_DEPTH, MAX_NODES, MAX_SOURCE, nearestName, type Ast } from "./ast.ts";
import { parseFormula } from "./parse.ts";

/** The tree with every grouping written out. */
function show(ast: Ast): string {
  switch (ast.kind) {
    case "number":
    case "boolean":
      return String(ast.value);
    case "name":
      return ast.name;
    case "unary":
      return `(${ast.operator}${show(ast.operand)})`;
    case "binary":
      return `(${show(ast.left)} ${ast.operator} ${show(ast.right)})`;
    case "call":
      return `${ast.name}(${ast.args.map(show).join(", ")})`;
    case "output":
      return `${show(ast.target)}.${ast.output}`;
    case "past":
      return `${show(ast.target)}[${ast.bars}]`;
  }
}

function fault(source: string): StreamError {
  try {
    parseFormula("f", source);
  } catch (error) {
    return error as StreamError;
  }
  return expect.fail(`parsed ${source}`);
}

describe("the grammar", () => {
  it.each([
    ["1 + 2 * 3", "(1 + (2 * 3))"],
    ["1 - 2 - 3", "((1 - 2) - 3)"],
    ["8 / 4 % 3", "((8 / 4) % 3)"],
    ["2 ^ 3 ^ 2", "(2 ^ (3 ^ 2))"],
    ["-2 ^ 2", "(-(2 ^ 2))"],
    ["2 ^ -1 * 3", "((2 ^ (-1)) * 3)"],
    ["+a - -b", "(a - (-b))"],
    ["a + 1 < b == c > d", "(((a + 1) < b) == (c > d))"],
    ["a and b or c && d || e", "(((a && b) || (c && d)) || e)"],
    ["not a == b and c", "((!(a == b)) && c)"],
    ["!a == b", "((!a) == b)"],
    ["a == not b", "(a == (!b))"],
    ["(a or b) and c", "((a || b) && c)"],
    ["-close[1] * 2", "((-close[1]) * 2)"],
    ["close[1][2]", "close[1][2]"],
    ["bollinger(20, 2).lower[3]", "bollinger(20, 2).lower[3]"],
    ["if(a, .5, 1e3)", "if(a, 0.5, 1000)"],
    ["f()", "f()"],
    ["true\n\tand\r\nfalse", "(true && false)"],
  ])("groups %s as %s", (source, grouped) => {
    expect(show(parseFormula("f", source).root)).toBe(grouped);
  });

  it("takes local names before the expression", () => {
    const { locals, root } = parseFormula("f", "fast = sma(5); slow = sma(20); fast > slow");
    expect(locals.map((local) => `${local.name}=${show(local.value)}`)).toEqual(["fast=sma(5)", "slow=sma(20)"]);
    expect(show(root)).toBe("(fast > slow)");
  });
});

describe("faults", () => {
  it.each([
    ["", 1, "got the end"],
    ["close <", 8, "got the end"],
    ["close < < 3", 9, "got <"],
    ["(close < 3", 11, "expected )"],
    ["close < 3)", 10, "expected an operator or the end"],
    ["close 3", 7, "expected an operator or the end"],
    ["close @ 3", 7, 'unexpected character "@"'],
    ["sma(20", 7, "or a comma"],
    ["sma(20,)", 8, "expected a number, a name or a bracket"],
    ["close[1.5]", 7, "whole number of bars"],
    ["close[10001]", 7, "whole number of bars"],
    ["close[x]", 7, "whole number of bars"],
    ["close[", 7, "got the end"],
    ["close[1", 8, "expected ]"],
    ["bollinger(20, 2).3", 17, "expected an operator or the end"],
    ["bollinger(20, 2).", 18, "name of an output"],
    ["1e999", 1, "too large"],
    ["a = 1 a", 7, "expected ;"],
    ["and = 1; 2", 1, "expected a number"],
    ["true = 1; 2", 1, "word of the language"],
    ["a = b = 1; a", 7, "expected ;"],
  ])("%j is refused at column %i: %s", (source, column, message) => {
    const error = fault(source);
    expect(error.code).toBe("FORMULA_SYNTAX");
    expect(error.message).toContain(message);
    expect(error.details).toEqual({ formula: "f", line: 1, column });
  });

  it("show the line with a caret under the place", () => {
    expect(fault("close > 1 and\n  close < < 2").message).toBe(
      "formula f, line 2, column 11: expected a number, a name or a bracket, got <\n    close < < 2\n            ^",
    );
  });

  it("are given for sources past the bounds, and not for those at them", () => {
    expect(fault("x".repeat(MAX_SOURCE + 1)).message).toContain(`at most ${MAX_SOURCE} characters`);
    expect(parseFormula("f", "x".repeat(MAX_SOURCE)).root.kind).toBe("name");
    expect(fault(`${"(".repeat(MAX_DEPTH + 1)}1${")".repeat(MAX_DEPTH + 1)}`).message).toContain(`more than ${MAX_DEPTH} deep`);
    expect(parseFormula("f", `${"(".repeat(MAX_DEPTH)}1${")".repeat(MAX_DEPTH)}`).root.kind).toBe("number");
    expect(fault(Array.from({ length: MAX_NODES }, () => "1").join("+")).message).toContain(`more than ${MAX_NODES} operations`);
    const locals = (count: number): string => `${Array.from({ length: count }, (_, i) => `v${i} = 1;`).join("")}2`;
    expect(fault(locals(17)).message).toContain("at most 16 local names");
    expect(parseFormula("f", locals(16)).locals.length).toBe(16);
  });
});

describe("nearestName", () => {
  it("offers the name a typing error away and none that is far", () => {
    const known = ["close", "crossOver", "bollinger", "bid", "bidQty"];
    expect(nearestName("clsoe", known)).toBe("close");
    expect(nearestName("crossover", known)).toBe("crossOver");
    expect(nearestName("bolinger", known)).toBe("bollinger");
    expect(nearestName("bidqty", known)).toBe("bidQty");
    expect(nearestName("velocity", known)).toBeUndefined();
  });
});
