import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { loadPlan } from "../../src/cli/config/load.ts";
import { ROOT, filesBelow, textOf } from "./sources.ts";

const LINES_MAX = 60;
const examples = filesBelow("examples", [".ts"]);
const yamls = filesBelow("examples", [".yaml", ".yml"]);

/** Why a text is no example; empty for a good one. */
function faults(text: string): string[] {
  const lines = text.replace(/\n$/, "").split("\n").length;
  const header = /^\/\*\*\s*(?:\*\s*)?([\s\S]*?)\*\//.exec(text);
  const found: string[] = [];
  if (lines >= LINES_MAX) found.push(`${lines} lines`);
  // The first sentence asks.
  if (header === null || !/^[A-Z][^.!?]*\?/.test(header[1])) found.push("no question at its top");
  return found;
}

/** Exit code and output of a program run from the project's root. */
function run(path: string): { readonly code: number | null; readonly output: string } {
  const { status, stdout, stderr, error } = spawnSync(process.execPath, [path], { cwd: ROOT, encoding: "utf8", timeout: 60_000 });
  if (error !== undefined) throw error;
  return { code: status, output: stdout + stderr };
}

describe("examples", () => {
  it("are there, numbered in the order to read them", () => {
    expect(examples.length).toBeGreaterThanOrEqual(3);
    examples.forEach((path, index) => expect(path).toMatch(new RegExp(`^examples/${String(index + 1).padStart(2, "0")}-[a-z0-9-]+\\.ts$`)));
  });

  it.each(examples)("%s is short and opens with the question it answers", (path) => {
    expect(faults(textOf(path))).toEqual([]);
  });

  it.each(examples)(
    "%s runs and says something",
    (path) => {
      const { code, output } = run(path);
      expect(code, output).toBe(0);
      expect(output.trim()).not.toBe("");
    },
    60_000,
  );

  it.each(yamls)("%s is a whole pipeline", async (path) => {
    const plan = await loadPlan(join(ROOT, path));
    expect(plan.name).not.toBe("");
    expect(plan.signals.length + plan.windows.length + plan.patterns.length).toBeGreaterThan(0);
  });

  it("a planted long example, one without a header and one that only tells are found", () => {
    const good = readFileSync(join(ROOT, examples[0]), "utf8");
    expect(faults(good)).toEqual([]);
    expect(faults(good + "// more\n".repeat(LINES_MAX))).toHaveLength(1);
    expect(faults("const a = 1;\n")).toEqual(["no question at its top"]);
    expect(faults("/** This is how. Is it? */\n")).toEqual(["no question at its top"]);
  });
});
