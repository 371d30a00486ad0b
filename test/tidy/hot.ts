/**
 * The rules of hot files: a file whose header says `@hot` runs per message and makes no garbage. Banned outside constructors, field
 * initialisers, module level, and functions named create*, snapshot*, restore*, close*, unless the line says `hot-ok: reason`.
 * A number field that is written later has a first value: without one it is undefined first, and V8 boxes every double put into it.
 */
import { parseSync } from "oxc-parser";

interface Node {
  readonly type: string;
  readonly start: number;
  readonly [member: string]: unknown;
}

const BANNED_NODES: Readonly<Record<string, string>> = {
  NewExpression: "new",
  ArrayExpression: "an array literal",
  ObjectExpression: "an object literal",
  ArrowFunctionExpression: "=>",
  FunctionExpression: "a function expression",
  AwaitExpression: "await",
  YieldExpression: "yield",
  TryStatement: "try",
  ForOfStatement: "for...of",
  SpreadElement: "spread",
  TemplateLiteral: "a template string",
};
const BANNED_METHODS: readonly string[] = ["map", "filter", "forEach", "push", "concat", "slice", "split", "join"];
const BANNED_NAMES: readonly string[] = ["Date", "console", "Map", "Set", "JSON", "BigInt", "WeakMap", "Promise"];
const COLD_NAME = /^(create|snapshot|restore|close)/;

/** True when the header comment of a source says @hot. */
export function isHot(text: string): boolean {
  const header = /^\s*\/\*\*[\s\S]*?\*\//.exec(text);
  return header !== null && /@hot\b/.test(header[0]);
}

/** Violations in one hot source, each `line: what`. */
export function hotViolations(path: string, text: string): string[] {
  const { program, errors } = parseSync(path, text);
  if (errors.length > 0) throw new Error(`${path}: ${errors[0].message}`);
  const lines = text.split("\n");
  const found: string[] = [];
  const report = (node: Node, what: string): void => {
    const line = text.slice(0, node.start).split("\n").length;
    if (!lines[line - 1].includes("hot-ok:")) found.push(`${path}:${line}: ${what}`);
  };
  visit(program as unknown as Node, false, report);
  return found;
}

function visit(node: Node, hot: boolean, report: (node: Node, what: string) => void): void {
  let inside = hot;
  if (isUnsetNumber(node)) report(node, "a number field without a first value");
  if (node.type === "MethodDefinition" || node.type === "FunctionDeclaration") {
    inside = !isCold(node);
    const body = (node.type === "MethodDefinition" ? node["value"] : node) as Node & { async?: boolean; generator?: boolean };
    if (inside && body.async === true) report(node, "async");
    if (inside && body.generator === true) report(node, "a generator");
    for (const child of childrenOf(node.type === "MethodDefinition" ? body : node)) visit(child, inside, report);
    return;
  }
  if (hot) {
    const banned = BANNED_NODES[node.type];
    if (banned !== undefined) report(node, banned);
    if (node.type === "Literal" && ("bigint" in node || "regex" in node)) report(node, "bigint" in node ? "a BigInt" : "a regular expression");
    if (node.type === "CallExpression") reportCall(node, report);
    if (node.type === "Identifier" && BANNED_NAMES.includes(String(node["name"]))) report(node, String(node["name"]));
    if (node.type === "MemberExpression" && nameOf(node["object"]) === "Math" && nameOf(node["property"]) === "random") report(node, "Math.random");
    if (node.type.startsWith("TS") && node.type !== "TSAsExpression" && node.type !== "TSNonNullExpression" && node.type !== "TSSatisfiesExpression") return;
  }
  for (const child of childrenOf(node)) visit(child, inside, report);
}

function reportCall(node: Node, report: (node: Node, what: string) => void): void {
  const callee = node["callee"] as Node;
  if (callee.type !== "MemberExpression") return;
  const method = nameOf(callee["property"]);
  // An array takes one element; feeds and sources have a push of their own that takes a range of bytes.
  if (method === "push" && (node["arguments"] as unknown[]).length !== 1) return;
  if (method !== null && BANNED_METHODS.includes(method)) report(node, `.${method}()`);
}

function isUnsetNumber(node: Node): boolean {
  if (node.type !== "PropertyDefinition" || node["readonly"] === true || node["value"] !== null) return false;
  const annotation = node["typeAnnotation"] as { readonly typeAnnotation?: Node } | null | undefined;
  return annotation?.typeAnnotation?.type === "TSNumberKeyword";
}

function isCold(node: Node): boolean {
  if (node["kind"] === "constructor") return true;
  const name = nameOf(node.type === "MethodDefinition" ? node["key"] : node["id"]);
  return name !== null && COLD_NAME.test(name);
}

function nameOf(node: unknown): string | null {
  if (node === null || typeof node !== "object" || !("name" in node)) return null;
  return String(node.name);
}

function childrenOf(node: Node): Node[] {
  return Object.values(node).flatMap((value) => (Array.isArray(value) ? value : [value]).filter(isNode));
}

function isNode(value: unknown): value is Node {
  return value !== null && typeof value === "object" && "type" in value && typeof value.type === "string" && "start" in value;
}
