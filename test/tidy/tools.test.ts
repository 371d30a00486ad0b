import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { ROOT } from "./sources.ts";

const BIN = join(ROOT, "node_modules", ".bin");
const folder = mkdtempSync(join(tmpdir(), "tercel-tools-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Runs a tool of the project in a folder; answers its exit code and everything it printed. */
function run(tool: string, args: readonly string[], cwd: string): { code: number | null; output: string } {
  const env = { ...process.env, PATH: `${BIN}${delimiter}${process.env["PATH"] ?? ""}`, NO_COLOR: "1" };
  const { status, stdout, stderr, error } = spawnSync(join(BIN, tool), args, { cwd, env, encoding: "utf8", timeout: 120_000 });
  if (error !== undefined) throw error;
  return { code: status, output: stdout + stderr };
}

/** A small project with one planted file, using the project's own settings. */
function plant(name: string, files: Readonly<Record<string, string>>): string {
  const path = join(folder, name);
  mkdirSync(join(path, "src"), { recursive: true });
  symlinkSync(join(ROOT, "node_modules"), join(path, "node_modules"));
  for (const [file, text] of Object.entries(files)) writeFileSync(join(path, file), text);
  return path;
}

const TSCONFIG = JSON.stringify({
  extends: join(ROOT, "tsconfig.json"),
  compilerOptions: { typeRoots: [join(ROOT, "node_modules", "@types")] },
  include: ["src"],
});

describe("the tools that guard the rules", () => {
  it("types hold everywhere", () => {
    const { code, output } = run("tsc", ["--noEmit", "-p", "."], ROOT);
    expect(output).toBe("");
    expect(code).toBe(0);
  }, 120_000);

  it("declarations can be made of every published source by itself", () => {
    const { code, output } = run("tsc", ["--noEmit", "-p", "tsconfig.build.json"], ROOT);
    expect(output).toBe("");
    expect(code).toBe(0);
  }, 120_000);

  it("a planted type error is found", () => {
    const path = plant("types", { "tsconfig.json": TSCONFIG, "src/a.ts": `export const a: number = "text";\n` });
    const { code, output } = run("tsc", ["--noEmit", "-p", "."], path);
    expect(output).toContain("TS2322");
    expect(code).not.toBe(0);
  });

  it("lint holds everywhere", () => {
    const { code, output } = run("oxlint", ["--type-aware"], ROOT);
    expect(output).toContain("0 errors");
    expect(code).toBe(0);
  }, 120_000);

  it.each([
    ["any", `export function a(x: any): unknown {\n  return x;\n}\n`, "no-explicit-any"],
    ["promise", `export function a(): void {\n  Promise.resolve(1);\n}\n`, "no-floating-promises"],
    ["equality", `export function a(x: number): boolean {\n  return x == 1;\n}\n`, "eqeqeq"],
  ])("a planted lint violation is found: %s", (name, text, rule) => {
    const path = plant(`lint-${name}`, { "tsconfig.json": TSCONFIG, "package.json": `{ "type": "module" }`, "src/a.ts": text });
    const { code, output } = run("oxlint", ["--type-aware", "--config", join(ROOT, ".oxlintrc.json"), "src"], path);
    expect(output).toContain(rule);
    expect(code).not.toBe(0);
  });

  it("formatting holds everywhere", () => {
    const { code, output } = run("oxfmt", ["--check"], ROOT);
    expect(output).toContain("All matched files use the correct format");
    expect(code).toBe(0);
  });

  it("a planted misformatting is found", () => {
    const path = plant("format", { "src/a.ts": `export const   a = 'x'\n` });
    const { code } = run("oxfmt", ["--check", "--config", join(ROOT, ".oxfmtrc.json"), "src/a.ts"], path);
    expect(code).not.toBe(0);
  });

  it("no code is dead and no dependency unused", () => {
    const { code, output } = run("knip", [], ROOT);
    expect(output).toBe("");
    expect(code).toBe(0);
  }, 120_000);

  it("a planted dead export and a planted unused dependency are found", () => {
    const path = plant("dead", {
      "package.json": `{ "name": "planted", "version": "1.0.0", "type": "module", "main": "src/index.ts", "dependencies": { "zod": "*" } }`,
      "src/index.ts": `import { used } from "./a.ts";\nconsole.log(used);\n`,
      "src/a.ts": `export const used = 1;\nexport const unused = 2;\n`,
    });
    const { code, output } = run("knip", [], path);
    expect(output).toContain("unused");
    expect(output).toContain("zod");
    expect(code).not.toBe(0);
  }, 60_000);
});
