import { describe, expect, it } from "vitest";
import { hotViolations, isHot } from "./hot.ts";
import { productionSources, textOf } from "./sources.ts";

function planted(body: string): string[] {
  return hotViolations("planted.ts", `/** A planted file. @hot */\nexport class Planted {\n  run(a: number[]): unknown {\n    ${body}\n  }\n}\n`);
}

describe("hot files", () => {
  it("make nothing per message", () => {
    const hot = productionSources().filter((path) => isHot(textOf(path)));
    expect(hot.length).toBeGreaterThan(30);
    expect(hot.flatMap((path) => hotViolations(path, textOf(path)))).toEqual([]);
  });

  it.each([
    ["return new Float64Array(1);", "new"],
    ["return [1];", "array literal"],
    ["return { a: 1 };", "object literal"],
    ["return () => 1;", "=>"],
    ["for (const x of a) return x; return 0;", "for...of"],
    ["try { return 1; } catch { return 2; }", "try"],
    ["return a.map(Number);", ".map()"],
    ["return a.push(1);", ".push()"],
    ["return `${a}`;", "template"],
    ["return Date.now();", "Date"],
    ["console.log(1); return 0;", "console"],
    ["return Math.random();", "Math.random"],
    ["return 1n;", "BigInt"],
    ["return JSON;", "JSON"],
    ["return Math.max(...a);", "spread"],
    ["return /x/;", "regular expression"],
  ])("a planted %s is found", (body, what) => {
    expect(planted(body).join()).toContain(what);
  });

  it("a number field without a first value is found, one that is never written again is not", () => {
    const text = "/** @hot */\nexport class A {\n  private at: number;\n  readonly size: number;\n  constructor() { this.at = 1; this.size = 2; }\n}\n";
    expect(hotViolations("a.ts", text)).toEqual(["a.ts:3: a number field without a first value"]);
    expect(hotViolations("a.ts", text.replace("at: number;", "at = 0;"))).toEqual([]);
  });

  it("a constructor, a create function and a line that gives its reason are let through", () => {
    const text = `/** @hot */\nexport class A {\n  readonly a = new Map();\n  constructor() { this.a.set([], {}); }\n  createIt(): unknown { return []; }\n  cold(): unknown {\n    return []; // hot-ok: cold entry\n  }\n}\n`;
    expect(hotViolations("a.ts", text)).toEqual([]);
  });

  it("a file says so in its header only", () => {
    expect(isHot("/** Fast. @hot */\nconst a = 1;")).toBe(true);
    expect(isHot("/** Cold. */\n// @hot\nconst a = 1;")).toBe(false);
  });
});
