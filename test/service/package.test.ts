/**
 * The published package, as somebody has it who installed it: packed, installed into an empty folder with nothing but what its
 * package.json names as dependencies, imported by every entry, type-checked and run. No server and no network: the dependencies are
 * copied from the checkout.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { publint } from "publint";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ROOT, filesBelow } from "../tidy/sources.ts";

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly dependencies: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, string | { readonly types: string; readonly default: string }>>;
}

interface Summary {
  readonly messages: number;
  readonly lost: number;
  readonly outputHash: string;
  readonly invariants: { readonly booksChecked: number; readonly booksEqual: number };
}

const MANIFEST = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as Manifest;
const ENTRIES = Object.keys(MANIFEST.exports).map((key) => join(MANIFEST.name, key).replaceAll("\\", "/"));
const MODULES = ENTRIES.filter((entry) => !entry.endsWith(".json"));
const folder = mkdtempSync(join(tmpdir(), "tercel-package-"));
const home = join(folder, "home");
const tercel = join(home, "node_modules", ".bin", "tercel");
let tarball = "";

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The environment of a user: the project's Node first, and nothing that npm tells the scripts of this checkout. */
function userEnv(): NodeJS.ProcessEnv {
  const entries = Object.entries(process.env).filter(
    ([name]) => !/^(npm_(package|lifecycle)_|npm_config_local_prefix$|npm_config_prefix$|INIT_CWD$|VITEST)/i.test(name),
  );
  return { ...Object.fromEntries(entries), NODE_ENV: "", PATH: `${join(ROOT, "node_modules", ".bin")}${delimiter}${process.env["PATH"] ?? ""}` };
}

/** Runs a program to its end; throws with what it printed unless it succeeds. */
function run(program: string, args: readonly string[], cwd: string): string {
  const { status, stdout, stderr, error } = spawnSync(program, args, { cwd, env: userEnv(), encoding: "utf8", timeout: 110_000 });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${program} ${args.join(" ")} ended with ${status}\n${stdout}\n${stderr}`);
  return stdout;
}

function simulate(...options: string[]): Summary {
  return JSON.parse(run(tercel, ["simulate", "calm", "--messages", "20000", "--json", ...options], home)) as Summary;
}

beforeAll(() => {
  run("npm", ["pack", "--pack-destination", folder], ROOT);
  const packed = readdirSync(folder).filter((name) => name.endsWith(".tgz"));
  expect(packed).toEqual([`${MANIFEST.name}-${MANIFEST.version}.tgz`]);
  tarball = join(folder, packed[0]);
  mkdirSync(home);
  writeFileSync(join(home, "package.json"), JSON.stringify({ name: "home", private: true, type: "module" }));
  const dependencies = Object.keys(MANIFEST.dependencies).map((name) => join(ROOT, "node_modules", name));
  const options = ["--offline", "--install-links", "--ignore-scripts", "--omit=dev", "--omit=optional", "--no-audit", "--no-fund"];
  run("npm", ["install", ...options, tarball, ...dependencies], home);
}, 120_000);

describe("the packed package", () => {
  it("has nothing that a reader of package.json would stumble over", async () => {
    const bytes = readFileSync(tarball);
    const { messages } = await publint({ strict: true, pack: { tarball: new Uint8Array(bytes).buffer } });
    expect(messages).toEqual([]);
  });

  it("a planted entry that leads nowhere is stumbled over", async () => {
    const planted = { ...MANIFEST, exports: { ".": "./dist/gone.js" } };
    const file = { name: "/planted/package.json", data: new TextEncoder().encode(JSON.stringify(planted)) };
    const { messages } = await publint({ pkgDir: "/planted", strict: true, pack: { files: [file] } });
    expect(messages.map(({ code }) => code)).toContain("FILE_DOES_NOT_EXIST");
  });

  it("holds the command and the built files, and neither sources nor tests", () => {
    const root = join(home, "node_modules", MANIFEST.name);
    const files = readdirSync(root, { recursive: true, encoding: "utf8" }).map((name) => name.replaceAll("\\", "/"));
    expect(files).toEqual(expect.arrayContaining(["bin/tercel.js", "dist/index.js", "dist/engine/pipeline/shard-worker.js", "LICENSE", "README.md"]));
    expect(files.filter((name) => /(^(src|test|bench)\/|\.(test|fuzz)\.|[^d]\.ts$)/.test(name))).toEqual([]);
    const built = files.filter((name) => /^dist\/.*\.js$/.test(name)).length;
    expect(built).toBe(filesBelow("src", [".ts"]).filter((path) => !/\.(test|fuzz)\.ts$/.test(path)).length);
  });

  it("brings its own dependencies and no others", () => {
    const tree = JSON.parse(readFileSync(join(home, "node_modules", ".package-lock.json"), "utf8")) as { packages: Record<string, unknown> };
    const installed = Object.keys(tree.packages).map((path) => path.replace("node_modules/", ""));
    expect(installed.sort()).toEqual([MANIFEST.name, ...Object.keys(MANIFEST.dependencies)].sort());
  });
});

describe("every entry", () => {
  it("can be imported and exports something", () => {
    const script = `const names = ${JSON.stringify(MODULES)}; const found = {};
      for (const name of names) found[name] = Object.keys(await import(name)).length;
      process.stdout.write(JSON.stringify(found));`;
    const found = JSON.parse(run(process.execPath, ["--input-type=module", "--eval", script], home)) as Record<string, number>;
    expect(Object.keys(found)).toEqual(MODULES);
    expect(MODULES.filter((name) => found[name] === 0)).toEqual([]);
  });

  it("has types that a strict program can use", () => {
    const imports = MODULES.map((name, index) => `import * as entry${index} from "${name}";\nexport const use${index}: object = entry${index};\n`).join("");
    writeFileSync(join(home, "use.ts"), `${imports}import { pipeline } from "tercel";\nexport const text: string = pipeline("p").bars("1s").toPlan().name;\n`);
    const compilerOptions = {
      target: "es2024",
      lib: ["esnext"],
      module: "nodenext",
      strict: true,
      noEmit: true,
      types: ["node"],
      typeRoots: [join(ROOT, "node_modules", "@types")],
    };
    writeFileSync(join(home, "tsconfig.json"), JSON.stringify({ compilerOptions, files: ["use.ts"] }));
    expect(run("tsc", ["-p", "."], home)).toBe("");
    writeFileSync(join(home, "use.ts"), `import { pipeline } from "tercel";\nexport const wrong: number = pipeline("p").toPlan().name;\n`);
    expect(() => run("tsc", ["-p", "."], home)).toThrow("TS2322");
  });

  it("is the only way in", () => {
    const script = `import("tercel/dist/index.js").then(() => process.stdout.write("in"), (error) => process.stdout.write(error.code));`;
    expect(run(process.execPath, ["--input-type=module", "--eval", script], home)).toBe("ERR_PACKAGE_PATH_NOT_EXPORTED");
  });
});

describe("the installed command", () => {
  it("looks at the host", () => {
    const report = JSON.parse(run(tercel, ["doctor", "--json"], home)) as { version: string; findings: unknown[] };
    expect(report.version).toBe(MANIFEST.version);
    expect(report.findings.length).toBeGreaterThan(3);
  });

  it("runs a simulated session to equal books, on one thread and on workers, with one hash", () => {
    const inline = simulate();
    expect(inline.messages).toBeGreaterThan(19_000);
    expect(inline.lost).toBe(0);
    expect(inline.invariants.booksChecked).toBe(300);
    expect(inline.invariants.booksEqual).toBe(300);
    const threaded = simulate("--driver", "threaded", "--shards", "2");
    expect(threaded.outputHash).toBe(inline.outputHash);
    expect(threaded.invariants).toEqual(inline.invariants);
  });

  it("runs a pipeline of the user's own that imports the package", () => {
    writeFileSync(join(home, "own.mjs"), `import { pipeline } from "tercel";\nexport default pipeline("own").bars("1s").signal("up", "close > open");\n`);
    const own = JSON.parse(run(tercel, ["simulate", "calm", "--messages", "20000", "--pipeline", "own.mjs", "--json"], home)) as { signals: number };
    expect(own.signals).toBeGreaterThan(0);
  });
});
