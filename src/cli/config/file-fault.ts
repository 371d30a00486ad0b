/**
 * A fault in a pipeline file: one sentence with the place and what is allowed, then the line with a caret under it.
 */
import { LineCounter, isAlias, isMap, isScalar, visit, type Document } from "yaml";
import type { z } from "zod";
import { nearestName } from "../../analysis/formula/ast.ts";
import { StreamError, type ErrorCode } from "../../kernel/core/errors.ts";
import { keysAt, mapMeant } from "./schema.ts";

type Path = readonly PropertyKey[];

/** What the schema calls a type, and what people call it. */
const TYPE_WORDS: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  object: "a map",
  record: "a map",
  array: "a list",
};

/** Longest part of a value that a message repeats. */
const SHOWN_CHARS = 60;

/** The text of a pipeline file and where its parts stand. */
export class FileText {
  readonly path: string;
  readonly lines: LineCounter = new LineCounter();
  private readonly text: string;

  constructor(path: string, text: string) {
    this.path = path;
    this.text = text;
  }

  /** The fault at an offset of the text. A sentence of several lines shows its own place and gets no caret. */
  faultAt(offset: number, what: string, code: ErrorCode = "CONFIG_INVALID", cause?: unknown): StreamError {
    const { line, col } = this.lines.linePos(offset);
    const faulty = this.text.split(/\r?\n/)[line - 1] ?? "";
    const caret = what.includes("\n") ? "" : `\n  ${faulty.replace(/\t/g, " ")}\n  ${" ".repeat(Math.max(0, col - 1))}^`;
    return new StreamError(code, `${this.path}:${line}:${col}: ${what}${caret}`, { path: this.path, line, column: col }, cause);
  }

  /** The fault at what stands behind a path of keys, or at its nearest ancestor that is there. */
  faultIn(document: Document, path: Path, what: string, code: ErrorCode = "CONFIG_INVALID", cause?: unknown): StreamError {
    return this.faultAt(offsetOf(document, path), what, code, cause);
  }
}

/** The fault that the schema found first. `value`: the document as plain data. */
export function schemaFault(file: FileText, document: Document, issue: z.core.$ZodIssue, value: unknown): StreamError {
  const { path, innermost } = descend(issue, issue.path, value);
  const where = path.length === 0 ? "the document" : path.map(String).join(".");
  if (innermost.code === "unrecognized_keys") {
    const [key] = innermost.keys;
    return file.faultAt(offsetOfKey(document, path, key), unknownKey(key, path, value));
  }
  return file.faultIn(document, path, `${where}: ${sentence(innermost, valueAt(value, path))}`);
}

/** The offset of an alias without an anchor, or null. */
export function offsetOfLooseAlias(document: Document): number | null {
  let found: number | null = null;
  visit(document, {
    Alias(_, node) {
      if (isAlias(node) && node.resolve(document) === undefined) found ??= node.range?.[0] ?? 0;
    },
  });
  return found;
}

/** Of a choice between types, the branch that the value meant: the one whose type it has; of several maps, the one that it names. */
function descend(issue: z.core.$ZodIssue, path: Path, value: unknown): { path: Path; innermost: z.core.$ZodIssue } {
  if (issue.code !== "invalid_union") return { path, innermost: issue };
  const possible = issue.errors.filter((branch) => !isWrongType(branch));
  if (possible.length === 0) return { path, innermost: issue };
  const named = possible.length === 1 ? 0 : mapMeant(path.map(String), valueAt(value, path));
  const meant = possible[Math.max(0, named)];
  const told = meant.find((each) => each.code === "unrecognized_keys") ?? meant[0];
  return descend(told, [...path, ...told.path], value);
}

/** Whether nothing but the type of the value itself was wrong, in every branch. */
function isWrongType(branch: readonly z.core.$ZodIssue[]): boolean {
  const [first] = branch;
  if (first.path.length > 0) return false;
  return first.code === "invalid_type" || (first.code === "invalid_union" && first.errors.every(isWrongType));
}

function unknownKey(key: string, path: Path, value: unknown): string {
  const where = path.length === 0 ? "" : ` in ${path.map(String).join(".")}`;
  const allowed = keysAt(path.map(String), valueAt(value, path)) ?? [];
  const near = nearestName(key, allowed);
  return `unknown key ${key}${where}${near === undefined ? "" : `: did you mean ${near}?`} (allowed: ${allowed.join(", ")})`;
}

function sentence(issue: z.core.$ZodIssue, value: unknown): string {
  const seen = shown(value);
  switch (issue.code) {
    case "invalid_type":
    case "invalid_union":
      return `expected ${[...new Set(typesOf(issue))].join(" or ")}, got ${seen}`;
    case "too_small":
      return `expected at least ${issue.minimum}, got ${seen}`;
    case "too_big":
      return `expected at most ${issue.maximum}, got ${seen}`;
    case "invalid_value": {
      const allowed = issue.values.map(String);
      const near = typeof value === "string" ? nearestName(value, allowed) : undefined;
      return `expected one of ${allowed.join(", ")}, got ${seen}${near === undefined ? "" : `: did you mean ${near}?`}`;
    }
    default:
      return `${issue.message}, got ${seen}`;
  }
}

function typesOf(issue: z.core.$ZodIssue): string[] {
  if (issue.code === "invalid_union") return issue.errors.flatMap((branch) => typesOf(branch[0]));
  return issue.code === "invalid_type" ? [TYPE_WORDS[issue.expected] ?? issue.expected] : [];
}

function shown(value: unknown): string {
  if (value === undefined || value === null) return "nothing";
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object") return "a map";
  const text = JSON.stringify(value);
  return text.length > SHOWN_CHARS ? `${text.slice(0, SHOWN_CHARS)}...` : text;
}

function valueAt(value: unknown, path: Path): unknown {
  let at = value;
  for (const key of path) at = typeof at === "object" && at !== null ? (at as Record<PropertyKey, unknown>)[key] : undefined;
  return at;
}

function offsetOfKey(document: Document, path: Path, key: string): number {
  const parent = path.length === 0 ? document.contents : document.getIn(path, true);
  if (!isMap(parent)) return offsetOf(document, path);
  const pair = parent.items.find((item) => isScalar(item.key) && String(item.key.value) === key);
  return pair !== undefined && isScalar(pair.key) ? (pair.key.range?.[0] ?? 0) : offsetOf(document, path);
}

function offsetOf(document: Document, path: Path): number {
  for (let depth = path.length; depth > 0; depth--) {
    const node = document.getIn(path.slice(0, depth), true) as { range?: readonly [number, number, number] | null } | null | undefined;
    if (node?.range) return node.range[0];
  }
  return document.contents?.range?.[0] ?? 0;
}
