import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseSync } from "oxc-parser";
import { describe, expect, it } from "vitest";
import { ROOT, textOf } from "./sources.ts";

/** The public names of the root entry. A change here is a change for users: it belongs in CHANGELOG.md. */
const VALUES: readonly string[] = [
  "ERROR_CODES",
  "Pipeline",
  "StreamError",
  "breakout",
  "decimalFromText",
  "file",
  "formatDecimal",
  "imbalance",
  "isStreamError",
  "liquidityChange",
  "pipeline",
  "simulator",
  "tumbling",
];
const TYPES: readonly string[] = [
  "ErrorCode",
  "ErrorDetails",
  "InstrumentId",
  "Nanos",
  "PatternOptions",
  "PatternSpec",
  "PipelinePlan",
  "Price",
  "Qty",
  "Sequence",
  "Severity",
  "SignalOptions",
  "SinkOptions",
  "WindowSpec",
];

type Target = string | { readonly types?: string; readonly default?: string };

/** Names that a module exports, types and values apart, sorted. */
function exportedNames(path: string, text: string): { readonly values: string[]; readonly types: string[] } {
  const entries = parseSync(path, text).module.staticExports.flatMap((each) => each.entries);
  const names = (isType: boolean): string[] => entries.filter((entry) => entry.isType === isType).map((entry) => entry.exportName.name ?? "*");
  return { values: names(false).sort(), types: names(true).sort() };
}

/** What is wrong with an `exports` map of package.json; empty for a good one. */
function mapFaults(exports: Readonly<Record<string, Target>>, exists: (path: string) => boolean): string[] {
  return Object.entries(exports).flatMap(([entry, target]) => {
    if (entry === "./package.json") return target === "./package.json" ? [] : [`${entry}: must be itself`];
    if (!/^\.(\/[a-z0-9]+(-[a-z0-9]+)*)?$/.test(entry)) return [`${entry}: entries are short and in kebab-case`];
    if (typeof target === "string" || Object.keys(target).join() !== "types,default") return [`${entry}: needs types, then default`];
    const built = /^\.\/dist\/(.+)\.js$/.exec(target.default ?? "");
    if (built === null || target.types !== `./dist/${built[1]}.d.ts`) return [`${entry}: types and default are one module of dist`];
    return exists(`src/${built[1]}.ts`) ? [] : [`${entry}: src/${built[1]}.ts does not exist`];
  });
}

const { exports } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { exports: Record<string, Target> };

describe("the root entry", () => {
  it("has the public names that are listed here, and no others", () => {
    expect(exportedNames("src/index.ts", textOf("src/index.ts"))).toEqual({ values: VALUES, types: TYPES });
  });

  it("has its values at run time", async () => {
    const root = (await import("../../src/index.ts")) as Record<string, unknown>;
    expect(Object.keys(root).sort()).toEqual(VALUES);
    expect(Object.values(root).filter((value) => value === undefined)).toEqual([]);
  });

  it("a planted name is found", () => {
    const { values, types } = exportedNames("src/index.ts", `${textOf("src/index.ts")}\nexport const planted = 1;\nexport type Planted = number;\n`);
    expect(values.filter((name) => !VALUES.includes(name))).toEqual(["planted"]);
    expect(types.filter((name) => !TYPES.includes(name))).toEqual(["Planted"]);
  });
});

describe("the entries of package.json", () => {
  const exists = (path: string): boolean => existsSync(join(ROOT, path));

  it("lead to sources that exist, each with its types first", () => {
    expect(Object.keys(exports).length).toBeGreaterThan(20);
    expect(mapFaults(exports, exists)).toEqual([]);
  });

  it("name no module twice", () => {
    const targets = Object.values(exports).map((target) => JSON.stringify(target));
    expect(targets.filter((target, index) => targets.indexOf(target) !== index)).toEqual([]);
  });

  it.each<[string, Target, string]>([
    ["./gone", { types: "./dist/kernel/gone.d.ts", default: "./dist/kernel/gone.js" }, "does not exist"],
    ["./swapped", { default: "./dist/index.js", types: "./dist/index.d.ts" }, "types, then default"],
    ["./other", { types: "./dist/index.d.ts", default: "./dist/cli/main.js" }, "one module"],
    ["./Upper", { types: "./dist/index.d.ts", default: "./dist/index.js" }, "kebab-case"],
    ["./source", { types: "./src/index.ts", default: "./src/index.ts" }, "one module"],
  ])("a planted entry %s is found", (entry, target, reason) => {
    expect(mapFaults({ ...exports, [entry]: target }, exists).join()).toContain(reason);
  });
});
