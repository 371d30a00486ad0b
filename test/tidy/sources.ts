/** The project's TypeScript files and what they import, read with a real parser. */
import { readFileSync, readdirSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { parseSync } from "oxc-parser";

/** The project's root folder. */
export const ROOT: string = resolve(import.meta.dirname, "..", "..");

/** All files below a folder with one of the endings, as paths relative to the root, with forward slashes. */
export function filesBelow(folder: string, endings: readonly string[]): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && endings.some((ending) => entry.name.endsWith(ending)))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)).replaceAll("\\", "/"))
    .filter((path) => !path.includes("node_modules"))
    .sort();
}

/** The text of a file of the project. */
export function textOf(path: string): string {
  return readFileSync(join(ROOT, path), "utf8");
}

/** Production sources: no tests, no fuzzers. */
export function productionSources(): string[] {
  return filesBelow("src", [".ts"]).filter((path) => !/\.(test|fuzz|bench)\.ts$/.test(path));
}

/** Module specifiers that a source imports, statically, dynamically or by re-export. */
export function importsOf(path: string, text: string): string[] {
  const { module, errors } = parseSync(path, text);
  if (errors.length > 0) throw new Error(`${path}: ${errors[0].message}`);
  const fixed = module.staticImports.map((each) => each.moduleRequest.value);
  const exported = module.staticExports.flatMap((each) => each.entries.flatMap((entry) => (entry.moduleRequest === null ? [] : [entry.moduleRequest.value])));
  const dynamic = module.dynamicImports.map((each) => text.slice(each.moduleRequest.start, each.moduleRequest.end).replace(/^["'`]|["'`]$/g, ""));
  return [...fixed, ...exported, ...dynamic];
}

/** A relative specifier as a path from the root; packages and node modules as they are. */
export function resolveImport(from: string, specifier: string): string {
  if (!specifier.startsWith(".")) return specifier;
  return relative(ROOT, resolve(ROOT, from, "..", specifier)).replaceAll("\\", "/");
}
