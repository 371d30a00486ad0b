/**
 * Where captures lie: TERCEL_DATA, by default ../shared/data beside the project. A test whose data is absent skips visibly, by
 * name; with TERCEL_REQUIRE_DATA=1 it fails instead.
 */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { it } from "vitest";

const root = resolve(import.meta.dirname, "..", process.env["TERCEL_DATA"] ?? "../shared/data");

/** The path of a file of the test data. */
export function dataPath(name: string): string {
  return join(root, name);
}

/** A test that needs files of the test data: `itWithData("name", ["a/b.gz"], () => ...)`. */
export function itWithData(name: string, files: readonly string[], body: () => void | Promise<void>, timeoutMs = 60_000): void {
  const missing = files.filter((file) => !existsSync(dataPath(file)));
  if (missing.length === 0) it(name, body, timeoutMs);
  else if (process.env["TERCEL_REQUIRE_DATA"] === "1") {
    it(name, () => {
      throw new Error(`test data is missing: ${missing.join(", ")} (TERCEL_DATA=${root})`);
    });
  } else {
    console.warn(`skipped for want of data: ${name} [${missing.join(", ")}]`); // the reporter shows skipped tests as a count only
    it.skip(`${name} [no data: ${missing.join(", ")}]`, body);
  }
}
