/** Documents tell the truth: every table that repeats something of the code is compared with it, in both directions. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { beforeAll, describe, expect, it } from "vitest";
import { z } from "zod";
import { FUNCTION_NAMES } from "../../src/analysis/formula/compile.ts";
import { BOOK_COLUMN_NAMES } from "../../src/analysis/formula/book-row.ts";
import { INDICATORS } from "../../src/analysis/indicator/catalog.ts";
import { COLUMN_NAMES } from "../../src/analysis/indicator/indicator.ts";
import { AGGREGATE_NAMES } from "../../src/analysis/window/aggregate.ts";
import * as exit from "../../src/cli/exit.ts";
import { loadPlan, parsePlan } from "../../src/cli/config/load.ts";
import { pipelineSchema } from "../../src/cli/config/schema.ts";
import { main } from "../../src/cli/main.ts";
import { FEED_NAMES } from "../../src/engine/pipeline/feed-catalog.ts";
import { Pipeline } from "../../src/engine/pipeline/pipeline.ts";
import { DEFAULT_LIMITS } from "../../src/engine/pipeline/plan.ts";
import { GATE_BOOKS_SYNCED, GATE_CLOCK_SANE, GATE_FEEDS_FRESH, GATE_JIT_WARM, GATE_LOOKBACK_FILLED } from "../../src/control/readiness.ts";
import { ERROR_CODES } from "../../src/kernel/core/errors.ts";
import { LOG_EVENTS, LOG_LEVELS } from "../../src/kernel/core/log.ts";
import * as ack from "../../src/kernel/record/ack.ts";
import * as bookDelta from "../../src/kernel/record/book-delta.ts";
import * as flags from "../../src/kernel/record/flags.ts";
import * as header from "../../src/kernel/record/header.ts";
import * as marker from "../../src/kernel/record/marker.ts";
import * as pane from "../../src/kernel/record/pane.ts";
import * as signal from "../../src/kernel/record/signal.ts";
import * as trade from "../../src/kernel/record/trade.ts";
import * as venueStatus from "../../src/kernel/record/venue-status.ts";
import { findScenario, scenarioNames } from "../../src/sim/scenario.ts";
import { blocks, documents, helpPages, missingFiles, parseHelp, pictures, rowsByName, section, tableRows, wrongCommandLines, type HelpPage } from "./docs.ts";
import { SIDEWAYS } from "./layers.ts";
import { ROOT, filesBelow, textOf } from "./sources.ts";

const reference = (name: string): string => textOf(`docs/reference/${name}.md`);

describe("errors.md", () => {
  it("has a row for every error code, with its severity and remedy, and no other", () => {
    const rows = [...rowsByName(reference("errors")).values()];
    const expected = Object.entries(ERROR_CODES).map(([code, { severity, remedy }]) => [`\`${code}\``, severity, remedy]);
    expect(rows.map(([code, severity, , remedy]) => [code, severity, remedy])).toEqual(expected);
    for (const [code, , when] of rows) expect(when.length, code).toBeGreaterThan(10);
  });
});

describe("records.md", () => {
  it("shows the pictures of the sources, each once, and no other", () => {
    const sources = filesBelow("src/kernel/record", [".ts"]).filter((path) => !path.endsWith(".test.ts"));
    const drawn = sources.flatMap((path) => pictures(/\/\*\*[\s\S]*?\*\//.exec(textOf(path))?.[0] ?? ""));
    expect(drawn.length).toBeGreaterThan(10);
    expect(blocks(reference("records"), "text").flatMap(pictures).toSorted()).toEqual(drawn.toSorted());
  });

  it("a changed picture is noticed", () => {
    const text = reference("records");
    expect(pictures(text.replace("48 tradeId u64", "48 tradeId u32")).toSorted()).not.toEqual(pictures(text).toSorted());
  });

  it("lists every numbered constant with its number, and no other", () => {
    const prefixes = ["TYPE_", "SIDE_", "FLAG_", "ACTION_", "STATUS_", "BOOK_", "MARKER_", "KIND_", "TIMING_", "ACK_", "REASON_", "CONDITION_"];
    const isField = /_(F64|I32|U32|U16|U8)$/;
    const expected = [header, flags, trade, bookDelta, venueStatus, signal, ack, pane, marker].flatMap((module: Readonly<Record<string, unknown>>) =>
      Object.entries(module).flatMap(([name, value]) =>
        typeof value === "number" && prefixes.some((prefix) => name.startsWith(prefix)) && !isField.test(name) ? [`${name} ${value}`] : [],
      ),
    );
    const listed = [...rowsByName(reference("records"), 1)].map(([name, [value]]) => `${name} ${value}`);
    expect(listed.toSorted()).toEqual(expected.toSorted());
  });
});

interface JsonSchema {
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema | false;
  readonly anyOf?: readonly JsonSchema[];
  readonly items?: JsonSchema;
  readonly required?: readonly string[];
  readonly enum?: readonly string[];
  readonly minimum?: number;
  readonly maximum?: number;
}

interface Key {
  readonly required: boolean;
  readonly schema: JsonSchema;
}

/** A schema and its alternatives: of a union, and of a list of the same. */
function alternatives(schema: JsonSchema): JsonSchema[] {
  return [schema, ...[...(schema.anyOf ?? []), ...(schema.items === undefined ? [] : [schema.items])].flatMap(alternatives)];
}

/** Keys of a schema as they are written in config.md: `a.b`, `a.<name>.c`. A map of words, numbers or lists of words is a key itself. */
function keysOf(schema: JsonSchema, path: string): [string, Key][] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, member]): [string, Key][] => {
    const here = path === "" ? name : `${path}.${name}`;
    const self: [string, Key] = [here, { required: schema.required?.includes(name) === true, schema: member }];
    const map = alternatives(member).find((each) => each.properties !== undefined);
    if (map !== undefined) return keysOf(map, here);
    const entry = member.additionalProperties;
    if (entry === undefined || entry === false) return [self];
    if (entry.enum !== undefined || (entry.anyOf === undefined && entry.properties === undefined)) return [[here, { ...self[1], schema: entry }]];
    const inner = alternatives(entry).flatMap((each) => keysOf(each, `${here}.<name>`));
    return entry.anyOf === undefined ? inner : [[`${here}.<name>`, { required: false, schema: {} }], ...inner];
  });
}

describe("config.md", () => {
  const keys = new Map(keysOf(z.toJSONSchema(pipelineSchema) as JsonSchema, ""));
  const rows = rowsByName(reference("config"));

  it("has a row for every key of the schema, and no other", () => {
    expect(keys.size).toBeGreaterThan(20);
    expect([...rows.keys()].toSorted()).toEqual([...keys.keys()].toSorted());
  });

  it.each([...keys])("%s: whether it is required, its range and its words are those of the schema", (name, { required, schema }) => {
    const [, , byDefault, range] = rows.get(name) ?? [];
    expect(byDefault === "required").toBe(required);
    if (schema.minimum !== undefined) expect(range).toContain(`${schema.minimum} to`);
    if (schema.maximum !== undefined) expect(range).toContain(`to ${schema.maximum}`);
    for (const word of schema.enum ?? []) expect(range.split(/[,;] /)).toContain(word);
  });

  it("gives the defaults of the limits", () => {
    const { memoryBytes, ...counts } = DEFAULT_LIMITS;
    for (const [name, value] of Object.entries(counts)) expect(rows.get(`limits.${name}`)?.[2], name).toBe(String(value));
    expect(rows.get("limits.memory")?.[2]).toBe(`${memoryBytes / 1024 ** 2}MB`);
  });
});

describe("cli.md", () => {
  let pages: Map<string, HelpPage>;
  beforeAll(async () => {
    pages = await helpPages();
  });

  it("has a section for every command of the program with its arguments, and no other", () => {
    const sections = [...reference("cli").matchAll(/^## `tercel (.*)`$/gm)].map(([, usage]) => usage);
    const expected = [...pages].flatMap(([name, { usage, commands }]) => (name === "" ? [] : [commands.length > 0 ? name : usage]));
    expect(expected.length).toBeGreaterThan(6);
    expect(sections.toSorted()).toEqual(expected.toSorted());
  });

  it("lists every option of every command with its default, and no other", () => {
    for (const [name, { usage, options, commands }] of pages) {
      if (name === "" || commands.length > 0) continue;
      const rows = tableRows(section(reference("cli"), `## \`tercel ${usage}\``));
      const listed = rows.map(([flag, byDefault]) => [/--[\w-]+/.exec(flag)?.[0], byDefault]);
      expect(listed, name).toEqual([...options].map(([option, byDefault]) => [option, byDefault ?? ""]));
    }
  });

  it("a command, an option or a default that is missing is noticed", () => {
    const help = parseHelp(
      "Usage: tercel a [options] <b>\n\nOptions:\n  --c <n>  it is\n           long (default: 3)\n  --help  h\n\nCommands:\n  d [options]  e\n",
    );
    expect(help).toEqual({ usage: "a <b>", options: new Map([["--c", "3"]]), commands: ["d"] });
  });

  it("gives the exit codes, feeds and scenarios of the program", () => {
    const codes = tableRows(section(reference("cli"), "## Exit codes")).map(([code, constant]) => `${constant} ${code}`);
    const expected = Object.entries(exit).flatMap(([name, value]) => (typeof value === "number" ? [`\`${name}\` ${value}`] : []));
    expect(codes).toEqual(expected.toSorted((a, b) => Number(a.split(" ")[1]) - Number(b.split(" ")[1])));
    expect([...rowsByName(section(reference("cli"), "## Feeds")).keys()]).toEqual(FEED_NAMES);
    const scenarios = [...rowsByName(section(reference("cli"), "## Scenarios")).values()];
    expect(scenarios).toEqual(scenarioNames().map((name) => [`\`${name}\``, String(findScenario(name).seconds), findScenario(name).summary]));
  });

  it("names the errors that give exit code 2", () => {
    const [, line] = /^Errors that give 2: (.*?)\. INPUT/ms.exec(reference("cli")) ?? [];
    expect(line).toBeDefined();
    const named = [...line.matchAll(/`([A-Z_]+)`/g)].map(([, code]) => code);
    for (const code of named) expect(Object.keys(ERROR_CODES)).toContain(code);
    const [, list] = /USAGE_CODES[^=]*= \[([\s\S]*?)\]/.exec(textOf("src/cli/exit.ts")) ?? [];
    expect(named).toEqual([...list.matchAll(/"([A-Z_]+)"/g)].map(([, code]) => code));
  });

  it("every command line in the documents uses commands and options that exist", () => {
    expect(documents().flatMap((path) => wrongCommandLines(textOf(path), pages).map((fault) => `${path}: ${fault}`))).toEqual([]);
    const planted = "```sh\nnpx tercel replay p.yaml --form x\nnpx tercel relpay p.yaml\n```\n";
    expect(wrongCommandLines(planted, pages)).toHaveLength(2);
  });
});

describe("metrics.md", () => {
  it("lists every member of a run's summary, and no other", async () => {
    let json = "";
    const folder = mkdtempSync(join(tmpdir(), "tercel-metrics-"));
    const path = join(folder, "budget.yaml");
    writeFileSync(path, "pipeline: a\nbars: 1s\nbudget: { ingest: 1s, shard: 1s, release: 1s, total: 1s }\n");
    await main(["simulate", "calm", "--pipeline", path, "--messages", "3000", "--instruments", "3", "--json"], {
      out: (text) => (json += text),
      err: () => undefined,
      isInteractive: false,
    });
    const members = Object.entries(JSON.parse(json) as Record<string, unknown>).flatMap(([name, value]) => {
      if (name === "records" || typeof value !== "object" || value === null || Array.isArray(value)) return [name];
      const inner = Object.entries(value);
      const each = name === "highWater" ? "<part>" : "<stage>";
      return inner.flatMap(([key, nested]) =>
        typeof nested === "object" && nested !== null ? Object.keys(nested).map((leaf) => `${name}.${each}.${leaf}`) : [`${name}.${key}`],
      );
    });
    rmSync(folder, { recursive: true });
    expect([...rowsByName(section(reference("metrics"), "## The summary of a run")).keys()].toSorted()).toEqual([...new Set(members)].toSorted());
  });

  it("names every function that makes Prometheus text", () => {
    const functions = [...textOf("src/control/prometheus.ts").matchAll(/^export function (\w+)/gm)].map(([, name]) => name);
    expect([...rowsByName(section(reference("metrics"), "## Prometheus")).keys()].toSorted()).toEqual(functions.toSorted());
  });
});

describe("the guide", () => {
  it("names every column, indicator, output and function of formulas, and no other", () => {
    const rows = tableRows(textOf("docs/guide/formulas.md"));
    const words = (start: string): string[] => {
      const row = rows.find(([first]) => first.startsWith(start)) ?? [];
      return [...(row[1] ?? "").matchAll(/`\.?(\w+)/g)].map(([, name]) => name);
    };
    expect(words("columns of the bar").toSorted()).toEqual(COLUMN_NAMES.toSorted());
    expect(words("columns of the book").toSorted()).toEqual(BOOK_COLUMN_NAMES.toSorted());
    expect(words("functions").toSorted()).toEqual(FUNCTION_NAMES.toSorted());
    const indicators = rows.find(([first]) => first === "indicators")?.[1] ?? "";
    const calls = [...indicators.matchAll(/`(\w+\([^)]*\))`/g)].map(([, call]) => call);
    expect(calls).toEqual(INDICATORS.map(({ name, parameters }) => `${name}(${parameters.map((parameter) => parameter.name).join(", ")})`));
    for (const { outputs, aliases, name } of INDICATORS) {
      for (const alias of aliases) expect(indicators).toContain(`\`${alias}\` is ${name}`);
      for (const output of outputs.length > 1 ? outputs : []) expect(rows.find(([first]) => first.startsWith("outputs"))?.[1]).toContain("." + output + "`");
    }
  });

  it("lists every aggregate of windows, every feed and every method of the builder", () => {
    const aggregates = tableRows(section(textOf("docs/guide/event-time.md"), "# Event time")).flatMap(([cell]) =>
      [...cell.matchAll(/`([^`]+)`/g)].map(([, name]) => name),
    );
    expect(aggregates.filter((name) => name !== "lateness").toSorted()).toEqual([...AGGREGATE_NAMES].toSorted());
    const feeds = textOf("docs/guide/feeds-and-books.md");
    expect([...rowsByName(feeds).keys()].slice(0, FEED_NAMES.length)).toEqual(FEED_NAMES);
    const methods = [...rowsByName(textOf("docs/guide/pipelines.md")).keys()].map((call) => call.split("(")[0]);
    const builder = Object.getOwnPropertyNames(Pipeline.prototype).filter((name) => !["constructor", "with", "requireNewName"].includes(name));
    expect(methods.toSorted()).toEqual(builder.toSorted());
  });
});

describe("the log", () => {
  it("has a row for every event with its level, and no other", () => {
    const rows = [...rowsByName(section(textOf("docs/guide/latency-and-logs.md"), "## The log"))].map(([name, [, level]]) => [name, level]);
    expect(rows).toEqual(LOG_EVENTS.map(({ name, level }) => [name, LOG_LEVELS[level]]));
  });

  it("has a row for every gate, and no other", () => {
    const rows = [...rowsByName(section(textOf("docs/guide/latency-and-logs.md"), "## READY")).keys()];
    expect(rows.toSorted()).toEqual([GATE_JIT_WARM, GATE_CLOCK_SANE, GATE_BOOKS_SYNCED, GATE_LOOKBACK_FILLED, GATE_FEEDS_FRESH].toSorted());
  });
});

describe("the parts", () => {
  it("are the entries of the package, each with its source", () => {
    const { exports } = JSON.parse(textOf("package.json")) as { exports: Record<string, string | { default: string }> };
    const expected = Object.entries(exports).flatMap(([entry, target]) =>
      typeof target === "string" ? [] : [[`tercel${entry.slice(1)}`, target.default.replace("./dist/", "src/").replace(/js$/, "ts")]],
    );
    const rows = [...rowsByName(textOf("docs/guide/parts.md"))].map(([entry, [, , source]]) => [entry, source.replaceAll("`", "")]);
    expect(rows).toEqual(expected);
  });
});

describe("ARCHITECTURE.md", () => {
  it("has the table of layers that the layer test holds", () => {
    const rows = tableRows(section(textOf("ARCHITECTURE.md"), "## Layers"));
    const listed = rows.map(([folder, allowed]) => [folder.replaceAll("`", ""), allowed === "-" ? [] : allowed.replaceAll("`", "").split(", ")]);
    expect(Object.fromEntries(listed)).toEqual(SIDEWAYS);
  });
});

describe("all documents", () => {
  it("name files, folders and headings that exist", () => {
    expect(documents().flatMap((path) => missingFiles(path, textOf(path)).map((missing) => `${path}: ${missing}`))).toEqual([]);
    expect(missingFiles("docs/guide/x.md", "[a](../none.md) `src/none.ts` [b](../../README.md#none)")).toEqual([
      "docs/none.md",
      "src/none.ts",
      "README.md#none",
    ]);
  });

  it("show pipelines that load", () => {
    const shown = documents().flatMap((path) => blocks(textOf(path), "yaml").map((yaml): [string, string] => [path, yaml]));
    expect(shown.length).toBeGreaterThan(0);
    for (const [path, yaml] of shown) expect(parsePlan(yaml, path).name).toBe("example");
  });

  it("show builders that run", async () => {
    const folder = mkdtempSync(join(tmpdir(), "tercel-docs-"));
    const entry = pathToFileURL(join(ROOT, "src", "index.ts")).href;
    try {
      const shown = documents().flatMap((path) => blocks(textOf(path), "ts").map((code): [string, string] => [path, code]));
      expect(shown.length).toBeGreaterThan(1);
      for (const [index, [path, code]] of shown.entries()) {
        const module = join(folder, `${index}.ts`);
        writeFileSync(module, code.replace('from "tercel"', `from ${JSON.stringify(entry)}`));
        expect((await loadPlan(module)).name, path).toBe("dips");
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it("the pipeline of the README is the one that the examples run", () => {
    const chain = (text: string): string => /pipeline\("dips"\)[\s\S]*?;/.exec(text)?.[0] ?? "nothing";
    expect(chain(textOf("README.md"))).toBe(chain(textOf("examples/03-signals.ts")));
    expect(blocks(textOf("README.md"), "ts")[0].trim().split("\n").length).toBeLessThanOrEqual(10);
  });

  it("decision records are numbered without a gap and have their four parts", () => {
    const records = filesBelow("docs/adr", [".md"]);
    expect(records.length).toBeGreaterThanOrEqual(8);
    records.forEach((path, i) => {
      const number = String(i + 1).padStart(4, "0");
      expect(path).toMatch(new RegExp(`^docs/adr/${number}-[a-z0-9-]+\\.md$`));
      expect(textOf(path).startsWith(`# ${number}: `), path).toBe(true);
      const headings = [...textOf(path).matchAll(/^## (.*)$/gm)].map(([, title]) => title);
      expect(headings, path).toEqual(["Context", "Decision", "Rejected", "Consequence"]);
      expect(textOf(path).split("\n").length, `${path}: one page`).toBeLessThan(60);
    });
  });
});
