/** The version in package.json, in a checkout and in the published package alike. */
import { readFileSync } from "node:fs";
import { join } from "node:path";

const manifest = JSON.parse(readFileSync(join(import.meta.dirname, "..", "..", "package.json"), "utf8")) as { version: string };

/** Semantic version of this build. */
export const VERSION: string = manifest.version;
