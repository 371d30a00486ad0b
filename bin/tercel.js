#!/usr/bin/env node
// The command: checks the Node version, sets V8 flags before the first worker, and loads the sources in a checkout, the built files
// when published. Plain JavaScript, so that an old Node can still say what is wrong.
import { existsSync } from "node:fs";
import v8 from "node:v8";

const [major, minor] = process.versions.node.split(".").map(Number);
if (major < 24 || (major === 24 && minor < 12)) {
  process.stderr.write(
    `tercel needs Node 24.12 or later, this is ${process.versions.node}. In a checkout run it through npm (npm start, npx tercel ...), which uses the Node of its devDependencies; elsewhere install Node 24.\n`,
  );
  process.exit(2);
}

// For what surrounds the hot path (text, JSON, warm-up); the hot path itself collects nothing at any size.
v8.setFlagsFromString("--max-semi-space-size=64");
v8.setFlagsFromString("--min-semi-space-size=64");

const source = new URL("../src/cli/main.ts", import.meta.url);
const entry = existsSync(source) ? source : new URL("../dist/cli/main.js", import.meta.url);
const { main } = await import(entry.href);
process.exitCode = await main(process.argv.slice(2));
