import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import config from "../../vitest.config.ts";
import { ROOT, textOf } from "./sources.ts";

/** How many demands each source has. */
const COUNTS: readonly (readonly [prefix: string, count: number])[] = [
  ["S1.", 78],
  ["S2.", 36],
  ["S3.", 23],
  ["S4.", 64],
  ["S5.", 35],
  ["X", 24],
  ["R", 11],
];
const NUMBERS = COUNTS.flatMap(([prefix, count]) => Array.from({ length: count }, (_, index) => `${prefix}${index + 1}`));
/** Where something planned may be said to live: a wing, or a folder beside src. */
const AREAS = /^planned: (kernel|market|analysis|trading|engine|connect|control|facade|sim|cli|bench|test|docs)\b/;

interface Row {
  readonly number: string;
  readonly short: string;
  readonly status: string;
  readonly modules: readonly string[];
  readonly tests: readonly string[];
  readonly columns: number;
}

/** The rows of all tables, in order. */
function rowsOf(text: string): Row[] {
  return text.split("\n").flatMap((line) => {
    if (!/^\| (S\d|X|R)/.test(line)) return [];
    const cells = line
      .slice(1, -1)
      .split("|")
      .map((cell) => cell.trim());
    const [number, short, status, modules, tests] = cells;
    return [{ number, short, status, modules: pathsOf(modules), tests: pathsOf(tests), columns: cells.length }];
  });
}

function pathsOf(cell = ""): string[] {
  return cell === "-" ? [] : cell.split(", ").map((path) => path.replace(/^`|`$/g, ""));
}

/** Everything that is wrong with the page, a sentence each. */
function faults(text: string): string[] {
  const rows = rowsOf(text);
  const numbers = rows.map(({ number }) => number);
  const found = NUMBERS.filter((number) => !numbers.includes(number)).map((number) => `${number} is missing`);
  found.push(...numbers.filter((number, index) => numbers.indexOf(number) !== index).map((number) => `${number} occurs twice`));
  found.push(...numbers.filter((number) => !NUMBERS.includes(number)).map((number) => `${number} is no number of a source`));
  const known = NUMBERS.filter((number) => numbers.includes(number));
  if (found.length === 0 && known.join() !== numbers.join()) found.push(`out of order from ${numbers.find((number, index) => number !== known[index])} on`);
  return [...found, ...rows.flatMap(rowFaults)];
}

function rowFaults({ number, short, status, modules, tests, columns }: Row): string[] {
  const found: string[] = [];
  if (columns !== 5 || short === "") found.push(`${number} has ${columns} columns, or nothing in short`);
  const isPlanned = AREAS.test(status);
  if (!isPlanned && status !== "met" && !/^part: \S/.test(status)) found.push(`${number} is neither met, part with what is missing, nor planned with an area`);
  if (isPlanned && modules.length + tests.length > 0) found.push(`${number} is planned and names files`);
  if (!isPlanned && modules.length === 0) found.push(`${number} names no module`);
  if (!isPlanned && tests.length === 0) found.push(`${number} names no test`);
  found.push(...[...modules, ...tests].filter((path) => !existsSync(join(ROOT, path))).map((path) => `${number}: ${path} does not exist`));
  found.push(...tests.filter((path) => !/\.(test|fuzz)\.ts$/.test(path)).map((path) => `${number}: ${path} is no test`));
  found.push(...modules.filter((path) => /\.(test|fuzz)\.ts$/.test(path)).map((path) => `${number}: ${path} is no module`));
  return found;
}

const page = textOf("docs/requirements.md");

/** The page with one row changed. */
function changed(number: string, change: (line: string) => string): string {
  return page
    .split("\n")
    .map((line) => (line.startsWith(`| ${number} |`) ? change(line) : line))
    .join("\n");
}

describe("the page of requirements", () => {
  it("has every number once and in order, with files that exist", () => {
    expect(rowsOf(page)).toHaveLength(271);
    expect(faults(page)).toEqual([]);
  });

  it("is honest enough to have rows of all three kinds", () => {
    const words = new Set(rowsOf(page).map(({ status }) => status.split(":")[0]));
    expect([...words].sort()).toEqual(["met", "part", "planned"]);
  });

  it.each<[string, string, (line: string) => string, string]>([
    ["a row that is missing", "S2.20", () => "", "S2.20 is missing"],
    ["a row that is there twice", "S2.20", (line) => `${line}\n${line}`, "S2.20 occurs twice"],
    ["a number that no source has", "S2.36", (line) => `${line}\n${line.replace("S2.36", "S2.37")}`, "S2.37 is no number"],
    [
      "a module that does not exist",
      "S2.20",
      (line) => line.replace("ring-buffer.ts`", "ring-bluffer.ts`"),
      "S2.20: src/kernel/ring/ring-bluffer.ts does not exist",
    ],
    [
      "a test that does not exist",
      "S2.20",
      (line) => line.replace("ring-buffer.test.ts", "gone.test.ts"),
      "S2.20: src/kernel/ring/gone.test.ts does not exist",
    ],
    ["met without a test", "S2.20", (line) => line.replace(/[^|]*\|$/, " - |"), "S2.20 names no test"],
    ["met by a module alone", "S2.20", (line) => line.replace("ring-buffer.test.ts", "ring-buffer.ts"), "ring-buffer.ts is no test"],
    ["part without what is missing", "S2.20", (line) => line.replace("| met |", "| part |"), "S2.20 is neither"],
    ["another status", "S2.20", (line) => line.replace("| met |", "| done |"), "S2.20 is neither"],
    ["planned without an area", "S3.13", (line) => line.replace(/planned: [^|]*/, "planned: later "), "S3.13 is neither"],
    ["planned with a file", "S2.20", (line) => line.replace("| met |", "| planned: facade |"), "S2.20 is planned and names files"],
    ["a column too many", "S2.20", (line) => `${line} - |`, "S2.20 has 6 columns"],
  ])("%s is found", (_, number, change, fault) => {
    expect(changed(number, change)).not.toBe(page);
    expect(faults(changed(number, change)).join("\n")).toContain(fault);
  });

  it("two rows exchanged are found", () => {
    const first = page.split("\n").find((line) => line.startsWith("| S2.20 |")) ?? "";
    const second = page.split("\n").find((line) => line.startsWith("| S2.21 |")) ?? "";
    const exchanged = page.replace(`${first}\n${second}`, `${second}\n${first}`);
    expect(faults(exchanged)).toEqual(["out of order from S2.21 on"]);
  });
});

/** Faults of others that are met, and of which no test in their row bears the number. */
function unnamedFaults(rows: readonly Row[], textOfTest: (path: string) => string): string[] {
  const met = rows.filter(({ number, status }) => /^R\d+$/.test(number) && status === "met");
  return met
    .filter(({ number, tests }) => !tests.some((path) => existsSync(join(ROOT, path)) && textOfTest(path).includes(`("${number}: `)))
    .map(({ number }) => number);
}

describe("demands on the project itself", () => {
  it("R11: there are tests, and each fault of others that is met has one with its number in the name", () => {
    expect(rowsOf(page).filter(({ number, status }) => number.startsWith("R") && status === "met").length).toBeGreaterThan(6);
    expect(unnamedFaults(rowsOf(page), textOf)).toEqual([]);
  });

  it("a fault without a test of its number is found", () => {
    const hidden = (path: string): string => textOf(path).replaceAll("R6: ", "R66: ");
    expect(unnamedFaults(rowsOf(page), hidden)).toEqual(["R6"]);
    const elsewhere = rowsOf(changed("R6", (line) => line.replaceAll("`test/scenario/known-faults.test.ts`", "`test/tidy/docs.test.ts`")));
    expect(unnamedFaults(elsewhere, textOf)).toEqual(["R6"]);
  });

  it("every test run writes a result file that machines can read", () => {
    const { reporters } = (config as { test: { reporters: readonly (string | readonly [string, { outputFile: string }])[] } }).test;
    expect(reporters).toContainEqual(["json", { outputFile: "test-results.json" }]);
  });

  it("every test that the page names is one that a run of the tests includes", () => {
    const { projects } = (config as { test: { projects: readonly { test: { include: readonly string[] } }[] } }).test;
    const patterns = projects.flatMap(({ test }) => test.include).flatMap(expandBraces);
    const named = [...new Set(rowsOf(page).flatMap(({ tests }) => tests))];
    expect(named.length).toBeGreaterThan(80);
    expect(named.filter((path) => !patterns.some((pattern) => matches(path, pattern)))).toEqual([]);
    expect(patterns.some((pattern) => matches("test/elsewhere/a.test.ts", pattern))).toBe(false);
  });

  it("the README says how to set it up and how to test it", () => {
    const readme = textOf("README.md");
    expect(readme).toContain("npm ci && npm start");
    expect(readme).toContain("npm test");
  });
});

/** `a/{b,c}/d` as two patterns. */
function expandBraces(pattern: string): string[] {
  const group = /\{([^}]*)\}/.exec(pattern);
  return group === null ? [pattern] : group[1].split(",").map((choice) => pattern.replace(group[0], choice));
}

/** Whether a path matches a pattern of `**` folders and `*` names. */
function matches(path: string, pattern: string): boolean {
  const source = pattern.replaceAll(".", "\\.").replaceAll("**/", "\u0000").replaceAll("*", "[^/]*").replaceAll("\u0000", "(?:.*/)?");
  return new RegExp(`^${source}$`).test(path);
}
