/**
 * A pipeline from a file: YAML, or a module whose default export is a pipeline. A fault names file, line, what was seen and what is
 * allowed, with the line and a caret.
 */
import { readFileSync, statSync } from "node:fs";
import { extname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { parseDocument, type Document } from "yaml";
import {
  Pipeline,
  breakout,
  file,
  imbalance,
  liquidityChange,
  pipeline,
  simulator,
  tumbling,
  type BudgetOptions,
  type PatternSpec,
} from "../../engine/pipeline/pipeline.ts";
import type { PipelinePlan } from "../../engine/pipeline/plan.ts";
import { parseDuration } from "../../engine/pipeline/quantity.ts";
import { StreamError } from "../../kernel/core/errors.ts";
import { checkRules } from "../../trading/signal/rule.ts";
import { FileText, offsetOfLooseAlias, schemaFault } from "./file-fault.ts";
import { pipelineSchema, type PatternEntry, type PipelineFile } from "./schema.ts";

const EXPECTED = "expected a .yaml file or a module whose default export is a pipeline";

/** The plan in a `.yaml`, `.yml`, `.ts`, `.js` or `.mjs` file. */
export async function loadPlan(path: string): Promise<PipelinePlan> {
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) throw new StreamError("CONFIG_INVALID", `${path}: no such pipeline file; ${EXPECTED}`, { path });
  if (stat.isDirectory()) throw new StreamError("CONFIG_INVALID", `${path} is a directory; ${EXPECTED}`, { path });
  const extension = extname(path);
  if (extension === ".yaml" || extension === ".yml") return parsePlan(readText(path), path);
  if ([".ts", ".js", ".mjs"].includes(extension)) return importPlan(path);
  throw new StreamError("CONFIG_INVALID", `${path}: expected a pipeline as .yaml, .yml, .ts, .js or .mjs, got ${extension || "no extension"}`, { path });
}

/** The plan in YAML text; `path` is for messages. */
export function parsePlan(text: string, path: string): PipelinePlan {
  const source = new FileText(path, text);
  const document = parseDocument(text, { lineCounter: source.lines, prettyErrors: false });
  const [fault] = document.errors;
  if (fault !== undefined) throw source.faultAt(fault.pos[0], `not valid YAML: ${fault.message.split("\n")[0]}`);
  const value = plainData(source, document);
  const parsed = pipelineSchema.safeParse(value);
  if (!parsed.success) {
    const { issues } = parsed.error;
    throw schemaFault(source, document, issues.find((issue) => issue.code === "unrecognized_keys") ?? issues[0], value);
  }
  return buildPlan(parsed.data, (where, step) => {
    try {
      return step();
    } catch (error) {
      if (!(error instanceof StreamError)) throw error;
      throw source.faultIn(document, where, error.message, error.code, error);
    }
  });
}

/** Does one step of the making, and gives its fault the place in the file that it came from. */
type Step = <T>(where: readonly string[], step: () => T) => T;

function plainData(source: FileText, document: Document): unknown {
  const alias = offsetOfLooseAlias(document);
  if (alias !== null) throw source.faultAt(alias, "this alias names no anchor before it");
  try {
    return document.toJS();
  } catch (cause) {
    throw source.faultAt(0, `not valid YAML: ${(cause as Error).message}`, "CONFIG_INVALID", cause);
  }
}

function buildPlan(text: PipelineFile, step: Step): PipelinePlan {
  let built: Pipeline = pipeline(text.pipeline);
  if (text.source !== undefined) built = built.from(simulator(defined(text.source.simulator)));
  built = buildSignals(built, text, step);
  for (const [name, window] of Object.entries(text.windows ?? {})) {
    built = step(["windows", name], () => built.window(name, tumbling(window.tumbling), window.values, defined({ lateness: window.lateness })));
  }
  for (const [name, pattern] of Object.entries(text.patterns ?? {})) {
    built = step(["patterns", name], () => built.pattern(name, patternOf(pattern), defined({ critical: pattern.critical })));
  }
  const { guard, orders, outOfOrder, partition, limits } = text;
  if (guard !== undefined) {
    built = step(["guard"], () => built.guard({ velocity: guard.velocity, ...defined({ then: guard.then, cooldown: guard.cooldown }) }));
  }
  if (orders !== undefined) built = step(["orders", "qty"], () => built.orders(orders));
  for (const sink of listOf(text.sink)) built = built.to(file(sink.file), defined({ priority: sink.priority }));
  if (outOfOrder !== undefined) built = step(["outOfOrder"], () => built.outOfOrder(outOfOrder));
  if (partition !== undefined) built = step(["partition"], () => built.partition(defined(partition)));
  if (limits !== undefined) built = step(["limits", "memory"], () => built.limits(defined(limits)));
  const { budget } = text;
  if (budget !== undefined) built = step(["budget"], () => built.budget(budgetOf(budget)));
  return step([], () => built.toPlan());
}

function patternOf(entry: PatternEntry): PatternSpec {
  if ("breakout" in entry) {
    const { breakout: threshold, over, direction } = entry;
    return breakout({ threshold, over, ...defined({ direction }) });
  }
  if ("liquidityChange" in entry) {
    const { liquidityChange: threshold, over, side, levels, direction } = entry;
    return liquidityChange({ threshold, over, side, ...defined({ levels, direction }) });
  }
  const { imbalance: threshold, levels, hold, release, direction } = entry;
  return imbalance({ threshold, ...defined({ levels, hold, release, direction }) });
}

function budgetOf({ trip, ...bounds }: NonNullable<PipelineFile["budget"]>): BudgetOptions {
  if (trip === undefined) return defined(bounds);
  const { violations, within, recover } = trip;
  return { ...defined(bounds), trip: { violations, within, ...defined({ recover }) } };
}

/** Bars and the signals on them. A signal that does not say which is on the bars named last. */
function buildSignals(start: Pipeline, text: PipelineFile, step: Step): Pipeline {
  let built = start;
  const bars = listOf(text.bars);
  const onBar = step(["bars"], () => bars.map((every) => parseDuration(every, "bars")));
  const signals = Object.entries(text.signals ?? {}).map(([name, signal]) => {
    const { when, side, every, critical, bars: on } = typeof signal === "string" ? { when: signal } : signal;
    const where = typeof signal === "string" ? ["signals", name] : ["signals", name, "when"];
    const bar = on === undefined ? bars.length - 1 : step(["signals", name, "bars"], () => barOf(name, on, onBar));
    return { name, when, where, bar, options: defined({ side, every, critical }) };
  });
  for (let bar = Math.min(0, bars.length - 1); bar < bars.length; bar++) {
    if (bar >= 0) built = step(["bars"], () => built.bars(bars[bar]));
    for (const signal of signals.filter((each) => each.bar === bar)) {
      built = step(signal.where, () => {
        const next = built.signal(signal.name, signal.when, signal.options);
        checkRules([signal]);
        return next;
      });
    }
  }
  return built;
}

/** The index of the bars that a signal names. */
function barOf(name: string, on: string | number, bars: readonly number[]): number {
  const bar = bars.indexOf(parseDuration(on, `signal ${name} bars`));
  if (bar < 0) throw new StreamError("CONFIG_INVALID", `signal ${name} bars: expected an interval that bars lists, got ${on}`);
  return bar;
}

async function importPlan(path: string): Promise<PipelinePlan> {
  let module: { default?: unknown };
  try {
    module = (await import(pathToFileURL(resolve(path)).href)) as { default?: unknown };
  } catch (cause) {
    if (cause instanceof StreamError) throw new StreamError(cause.code, `${path}: ${cause.message}`, cause.details, cause);
    throw new StreamError(
      "CONFIG_INVALID",
      `${path}: the module cannot be loaded: ${(cause instanceof Error ? cause.message : String(cause)).split("\n")[0]}`,
      { path },
      cause,
    );
  }
  if (!(module.default instanceof Pipeline)) {
    throw new StreamError("CONFIG_INVALID", `${path}: expected a default export made by pipeline(...), got ${typeof module.default}`, { path });
  }
  const plan = module.default.toPlan();
  checkRules(plan.signals);
  return plan;
}

function readText(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw new StreamError("CONFIG_INVALID", `${path}: cannot be read: ${(cause as Error).message}`, { path }, cause);
  }
}

function listOf<T extends string | number | object>(value: T | readonly T[] | undefined): readonly T[] {
  if (value === undefined) return [];
  return Array.isArray(value) ? (value as readonly T[]) : [value as T];
}

/** Members that are undefined left out: the builder's options do not take undefined. */
function defined<T extends object>(value: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as { [K in keyof T]?: Exclude<T[K], undefined> };
}
