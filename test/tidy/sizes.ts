/**
 * The measures of the tree: how long a file and a function may be, how deep a folder, how a file is called, what stands at its top.
 * What is longer has a reason, and it is written here.
 */
import { parseSync } from "oxc-parser";

export const FILE_LINES_MAX = 400;
export const FUNCTION_LINES_MAX = 70;

/** Files and functions (`path` or `path#function`) that are longer, and why. */
export const ALLOWED_LONG: Readonly<Record<string, string>> = {
  "test/contract/indicator.ts#declare": "the contract suite: a list of cases, each short",
  "test/model/formula-model.ts#formulaModel": "the naive evaluator of every formula word in one place, to be read beside the grammar",
};

/** Wings whose files lie in the wing itself, without a folder for the noun. */
const FLAT_WINGS: readonly string[] = ["control", "cli", "sim"];
const KEBAB_CASE = /^[a-z0-9]+(-[a-z0-9]+)*(\.(test|fuzz|bench))?\.ts$/;

interface Node {
  readonly type: string;
  readonly start: number;
  readonly end: number;
  readonly [member: string]: unknown;
}

/** Violations of the two lengths, each `path: what`, whether allowed or not. */
export function longParts(path: string, text: string): { readonly key: string; readonly lines: number }[] {
  const { program, errors } = parseSync(path, text);
  if (errors.length > 0) throw new Error(`${path}: ${errors[0].message}`);
  const found: { key: string; lines: number }[] = [];
  const lines = linesOf(text);
  if (lines > FILE_LINES_MAX) found.push({ key: path, lines });
  visit(program as unknown as Node, "(anonymous)", (name, node) => {
    const length = linesOf(text.slice(node.start, node.end));
    if (length > FUNCTION_LINES_MAX) found.push({ key: `${path}#${name}`, lines: length });
  });
  return found;
}

/** Lengths that are over the limit and not in the list of allowed ones, each a sentence. */
export function lengthViolations(path: string, text: string, allowed: Readonly<Record<string, string>> = ALLOWED_LONG): string[] {
  return longParts(path, text)
    .filter(({ key }) => !(key in allowed))
    .map(({ key, lines }) => `${key} has ${lines} lines, at most ${key.includes("#") ? FUNCTION_LINES_MAX : FILE_LINES_MAX}`);
}

/** Violations of one file's place, name and form; `path` is relative to the root and begins with `src/`. */
export function placeViolations(path: string, text: string): string[] {
  const parts = path.split("/");
  const name = parts[parts.length - 1];
  const isTest = /\.(test|fuzz|bench)\.ts$/.test(name);
  const found: string[] = [];
  if (path !== "src/index.ts" && name === "index.ts") found.push(`${path}: no index.ts but src/index.ts`);
  if (!KEBAB_CASE.test(name)) found.push(`${path}: file names are kebab-case`);
  const isPlaced = path === "src/index.ts" || parts.length === 4 || (parts.length === 3 && FLAT_WINGS.includes(parts[1]));
  if (!isPlaced) found.push(`${path}: sources lie in src/wing/noun/, or in src/wing/ for ${FLAT_WINGS.join(", ")}`);
  const { module, program } = parseSync(path, text);
  const isStar = (entry: { importName: { kind: string }; exportName: { kind: string } }): boolean =>
    entry.importName.kind.startsWith("All") && entry.exportName.kind === "None";
  if (module.staticExports.some((each) => each.entries.some(isStar))) found.push(`${path}: export * hides what is public`);
  if (isTest) return found;
  if (!hasHeader(text)) found.push(`${path}: a source begins with a comment that says what it is`);
  if ((program as unknown as { body: Node[] }).body.some((node) => node.type === "ExportDefaultDeclaration")) found.push(`${path}: exports have names`);
  return found;
}

function hasHeader(text: string): boolean {
  const header = /^\/\*\*([\s\S]*?)\*\//.exec(text);
  return header !== null && /\w/.test(header[1]);
}

function visit(node: Node, name: string, found: (name: string, node: Node) => void): void {
  const named = nameOf(node["key"]) ?? nameOf(node["id"]) ?? name;
  const isSuite = node.type === "CallExpression" && isDescribe(node["callee"] as Node);
  if (/Function/.test(node.type) && node["body"] !== null && node["suite"] !== true) found(named, node);
  for (const [member, value] of Object.entries(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (!isNode(child)) continue;
      // A suite is a list of cases, not a function that is read from top to bottom.
      if (isSuite && member === "arguments" && /Function/.test(child.type)) visit({ ...child, suite: true }, named, found);
      else visit(child, named, found);
    }
  }
}

/** `describe(...)`, `describe.each(...)(...)`. */
function isDescribe(callee: Node): boolean {
  if (callee.type === "Identifier") return callee["name"] === "describe";
  if (callee.type === "MemberExpression") return isDescribe(callee["object"] as Node);
  return callee.type === "CallExpression" && isDescribe(callee["callee"] as Node);
}

function nameOf(node: unknown): string | null {
  return node !== null && typeof node === "object" && "name" in node ? String(node.name) : null;
}

function isNode(value: unknown): value is Node {
  return value !== null && typeof value === "object" && "type" in value && typeof value.type === "string" && "start" in value;
}

function linesOf(text: string): number {
  return text.replace(/\n$/, "").split("\n").length;
}
