/**
 * A pipeline from a file: YAML, or a module whose default export is a pipeline. A fault names file, line, what was seen and what is
 * allowed, with the line and a caret.
 */
import { existsSync, readFileSync, statSync } from "node:fs";
import { extname, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { LineCounter, isMap, isScalar, parseDocument, stringify, type Document } from "yaml";
import type { z } from "zod";
import { Pipeline, breakout, file, pipeline, simulator, tumbling } from "../../engine/pipeline/pipeline.ts";
import type { PipelinePlan } from "../../engine/pipeline/plan.ts";
import { formatDuration } from "../../engine/pipeline/quantity.ts";
import { StreamError } from "../../kernel/core/errors.ts";
import { checkRules } from "../../trading/signal/rule.ts";
import { nearestName } from "../nearest.ts";
import { pipelineSchema, type PipelineFile } from "./schema.ts";

/** The plan in a `.yaml`, `.yml`, `.ts`, `.js` or `.mjs` file. */
export async function loadPlan(path: string): Promise<PipelinePlan> {
  if (!existsSync(path))
    throw new StreamError("CONFIG_INVALID", `${path}: no such pipeline file; expected a .yaml file or a module whose default export is a pipeline`, { path });
  if (statSync(path).isDirectory())
    throw new StreamError("CONFIG_INVALID", `${path} is a directory; expected a .yaml file or a module whose default export is a pipeline`, { path });
  const extension = extname(path);
  if (extension === ".yaml" || extension === ".yml") return parsePlan(readFileSync(path, "utf8"), path);
  if ([".ts", ".js", ".mjs"].includes(extension)) return importPlan(path);
  throw new StreamError("CONFIG_INVALID", `${path}: expected a pipeline as .yaml, .yml, .ts, .js or .mjs, got ${extension || "no extension"}`, { path });
}

/** The plan in YAML text; `path` is for messages. */
export function parsePlan(text: string, path: string): PipelinePlan {
  const lines = new LineCounter();
  const document = parseDocument(text, { lineCounter: lines, prettyErrors: false });
  const [fault] = document.errors;
  if (fault !== undefined) throw faultAt(path, text, lines.linePos(fault.pos[0]), fault.message.split("\n")[0]);
  const parsed = pipelineSchema.safeParse(document.toJS());
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const position = positionOf(document, issue.path, issue);
    throw faultAt(path, text, lines.linePos(position), explain(issue));
  }
  try {
    return buildPlan(parsed.data);
  } catch (error) {
    if (!(error instanceof StreamError)) throw error;
    throw new StreamError(error.code, `${path}: ${error.message}`, error.details, error);
  }
}

/** The YAML of a plan: what parsePlan reads back to the same plan. */
export function planToYaml(plan: PipelinePlan): string {
  const { source, guard, orders } = plan;
  const [bar] = plan.bars;
  return stringify({
    pipeline: plan.name,
    ...(source === null
      ? {}
      : { source: { simulator: { scenario: source.scenario, seed: source.seed, instruments: source.instruments, messages: source.messages } } }),
    ...(bar === undefined ? {} : { bars: formatDuration(bar.everyNs) }),
    ...(plan.signals.length === 0
      ? {}
      : { signals: Object.fromEntries(plan.signals.map(({ name, when, side, every }) => [name, side === "none" && !every ? when : { when, side, every }])) }),
    ...(plan.windows.length === 0
      ? {}
      : {
          windows: Object.fromEntries(
            plan.windows.map(({ name, sizeNs, latenessNs, values }) => [
              name,
              {
                tumbling: formatDuration(sizeNs),
                values: Object.fromEntries(values.map((v) => [v.name, v.aggregate])),
                ...(latenessNs === 0 ? {} : { lateness: formatDuration(latenessNs) }),
              },
            ]),
          ),
        }),
    ...(plan.patterns.length === 0
      ? {}
      : {
          patterns: Object.fromEntries(
            plan.patterns.map(({ name, threshold, overNs, direction }) => [name, { breakout: threshold, over: formatDuration(overNs), direction }]),
          ),
        }),
    ...(guard === null
      ? {}
      : { guard: { velocity: `${guard.threshold} in ${formatDuration(guard.overNs)}`, then: guard.then, cooldown: formatDuration(guard.cooldownNs) } }),
    ...(orders === null ? {} : { orders: { qty: orders.qty } }),
    ...(plan.sinks.length === 0 ? {} : { sink: { file: plan.sinks[0].path } }),
    ...(plan.outOfOrderNs === 0 ? {} : { outOfOrder: formatDuration(plan.outOfOrderNs) }),
    limits: {
      instruments: plan.limits.instruments,
      orders: plan.limits.orders,
      levels: plan.limits.levels,
      ringRecords: plan.limits.ringRecords,
      memory: `${plan.limits.memoryBytes}B`,
    },
  });
}

function buildPlan(text: PipelineFile): PipelinePlan {
  let built: Pipeline = pipeline(text.pipeline);
  if (text.source !== undefined) built = built.from(simulator(defined(text.source.simulator)));
  if (text.bars !== undefined) built = built.bars(text.bars);
  for (const [name, signal] of Object.entries(text.signals ?? {})) {
    built = typeof signal === "string" ? built.signal(name, signal) : built.signal(name, signal.when, defined({ side: signal.side, every: signal.every }));
  }
  for (const [name, window] of Object.entries(text.windows ?? {})) {
    built = built.window(name, tumbling(window.tumbling), window.values, defined({ lateness: window.lateness }));
  }
  for (const [name, pattern] of Object.entries(text.patterns ?? {})) {
    built = built.pattern(name, breakout({ threshold: pattern.breakout, over: pattern.over, ...defined({ direction: pattern.direction }) }));
  }
  if (text.guard !== undefined) built = built.guard({ velocity: text.guard.velocity, ...defined({ then: text.guard.then, cooldown: text.guard.cooldown }) });
  if (text.orders !== undefined) built = built.orders(text.orders);
  if (text.sink !== undefined) built = built.to(file(text.sink.file));
  if (text.outOfOrder !== undefined) built = built.outOfOrder(text.outOfOrder);
  if (text.limits !== undefined) built = built.limits(defined(text.limits));
  const plan = built.toPlan();
  checkRules(plan.signals);
  return plan;
}

async function importPlan(path: string): Promise<PipelinePlan> {
  const module = (await import(pathToFileURL(resolve(path)).href)) as { default?: unknown };
  if (module.default instanceof Pipeline) return module.default.toPlan();
  throw new StreamError("CONFIG_INVALID", `${path}: expected a default export made by pipeline(...), got ${typeof module.default}`, { path });
}

/** Members that are undefined left out: the builder's options do not take undefined. */
function defined<T extends object>(value: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(value).filter(([, member]) => member !== undefined)) as { [K in keyof T]?: Exclude<T[K], undefined> };
}

function explain(issue: z.core.$ZodIssue): string {
  const where = issue.path.join(".");
  if (issue.code === "unrecognized_keys") {
    const allowed = allowedKeys(issue.path);
    const near = allowed === null ? null : nearestName(issue.keys[0], allowed);
    const hint = near === null ? "" : `, did you mean ${near}?`;
    return `unknown key ${issue.keys[0]}${where === "" ? "" : ` in ${where}`}${hint}${allowed === null ? "" : ` Allowed: ${allowed.join(", ")}`}`;
  }
  return `${where === "" ? "the document" : where}: ${issue.message}`;
}

const KEYS: Readonly<Record<string, readonly string[]>> = {
  "": ["pipeline", "source", "bars", "signals", "windows", "patterns", "guard", "orders", "sink", "outOfOrder", "limits"],
  source: ["simulator"],
  "source.simulator": ["scenario", "seed", "instruments", "messages"],
  "signals.*": ["when", "side", "every"],
  "windows.*": ["tumbling", "values", "lateness"],
  "patterns.*": ["breakout", "over", "direction"],
  guard: ["velocity", "then", "cooldown"],
  orders: ["qty"],
  sink: ["file"],
  limits: ["instruments", "orders", "levels", "ringRecords", "memory"],
};

function allowedKeys(path: readonly PropertyKey[]): readonly string[] | null {
  const named = path.map(String);
  return KEYS[named.join(".")] ?? (named.length === 2 ? (KEYS[`${named[0]}.*`] ?? null) : null);
}

function positionOf(document: Document, path: readonly PropertyKey[], issue: z.core.$ZodIssue): number {
  const keys = path.map(String);
  const parent = keys.length === 0 ? document.contents : document.getIn(keys, true);
  if (issue.code === "unrecognized_keys" && isMap(parent)) {
    const pair = parent.items.find((item) => isScalar(item.key) && String(item.key.value) === issue.keys[0]);
    if (pair !== undefined && isScalar(pair.key)) return pair.key.range?.[0] ?? 0;
  }
  const node = parent as { range?: readonly [number, number, number] | null } | null | undefined;
  return node?.range?.[0] ?? 0;
}

function faultAt(path: string, text: string, at: { line: number; col: number }, what: string): StreamError {
  const line = text.split("\n")[at.line - 1] ?? "";
  const message = `${path}:${at.line}:${at.col}: ${what}\n  ${line}\n  ${" ".repeat(Math.max(0, at.col - 1))}^`;
  return new StreamError("CONFIG_INVALID", message, { path, line: at.line, column: at.col });
}
