/**
 * What a person can get wrong: each case is answered with one sentence that says what was expected, the right exit code, and no
 * stack. A fault in a file comes with the line and a caret.
 */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { Random } from "../../src/kernel/core/random.ts";
import { MarketSimulator } from "../../src/sim/simulator.ts";
import { spawnTercel, tercel } from "../model/cli.ts";

const folder = mkdtempSync(join(tmpdir(), "tercel-bad-input-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function put(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

function randomBytes(count: number): Uint8Array {
  const random = new Random(new Int32Array(4), 7);
  return Uint8Array.from({ length: count }, () => random.nextBelow(256));
}

function simulated(): Uint8Array {
  const buffer = new Uint8Array(1 << 19);
  const length = new MarketSimulator({ seed: 3, instruments: 4, scenario: "calm", messages: 3000 }).read(buffer, 0);
  return buffer.subarray(0, length);
}

const MISSING = join(folder, "missing.itch");
const FOLDER = join(folder, "a-folder");
mkdirSync(FOLDER);
const RANDOM = put("random.bin", randomBytes(100_000));
const EMPTY = put("empty.itch", "");
const ITCH = put("day.itch", simulated());
const DAMAGED = put("damaged.gz", Uint8Array.of(0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3, 255, 255, 255, 255, 255, 255));
const LINES = put("binance.txt", '{"stream":"ethusdt@trade","data":{"e":"trade"}}\n'.repeat(3));
const GOOD = put("good.yaml", "pipeline: good\nbars: 1s\nlimits: { orders: 65536, levels: 65536 }\n");
const NO_EXTENSION = put("pipeline", "pipeline: good\nbars: 1s\n");
const NOT_A_PIPELINE = put("other.mjs", "export default 3;\n");
const BROKEN_MODULE = put("broken.mjs", "export default nothing.at.all;\n");

const yaml = (name: string, text: string): string[] => ["replay", put(`${name}.yaml`, text), "--from", EMPTY];
const decode = (file: string, feed: string): string[] => ["inspect", "decode", file, "--feed", feed];
const replay = (...more: readonly string[]): string[] => ["replay", GOOD, "--from", EMPTY, ...more];

/** The command, its exit code, and words that the sentence must hold. */
type Case = readonly [name: string, args: readonly string[], code: number, ...says: readonly (string | RegExp)[]];

const INPUT_CASES: readonly Case[] = [
  ["a missing file", decode(MISSING, "itch50"), 3, MISSING, "no such file", "expected a capture file"],
  ["a directory", decode(FOLDER, "itch50"), 3, "is a directory", "expected a capture file"],
  ["random bytes as ITCH", decode(RANDOM, "itch50"), 3, "no itch50 message recognised in 100000 bytes", /at offset \d+/],
  ["random bytes as Binance", decode(RANDOM, "binance"), 3, "no binance message recognised", /at offset \d+/],
  ["random bytes in a check", ["inspect", "book", RANDOM, "--feed", "binance", "--check", "bbo"], 3, "no binance message recognised", /at offset \d+/],
  ["random bytes in a replay", ["replay", GOOD, "--from", RANDOM], 3, "no itch50 message recognised in 100000 bytes", /at offset \d+/],
  ["a wrong feed", decode(ITCH, "binance"), 3, "no binance message recognised", "is it another feed?"],
  ["the wrong feed the other way", decode(LINES, "itch50"), 3, "no itch50 message recognised"],
  ["damaged gzip", decode(DAMAGED, "itch50"), 3, "compressed data is damaged", "expected whole gzip or zstd data"],
  ["a missing file in a replay", ["replay", GOOD, "--from", MISSING], 3, MISSING, "no such file"],
  ["a second file that is missing", ["replay", GOOD, "--from", ITCH, MISSING], 3, MISSING, "no such file"],
  ["missing files of a check", ["inspect", "book", MISSING, MISSING, "--feed", "lobster", "--check", "transitions"], 3, "cannot be read"],
];

const USAGE_CASES: readonly Case[] = [
  ["an unknown feed", decode(ITCH, "itch51"), 2, "unknown feed itch51", "expected one of itch50, binance"],
  ["a feed named like a property of every object", decode(ITCH, "toString"), 2, "unknown feed toString"],
  ["no feed", ["inspect", "decode", ITCH], 2, "required option '--feed <name>' not specified"],
  ["an unknown instrument", ["inspect", "book", ITCH, "--feed", "itch50", "--instrument", "SIM0O1"], 2, "no instrument SIM0O1", "did you mean SIM001?"],
  ["neither instrument nor check", ["inspect", "book", ITCH, "--feed", "itch50"], 2, "expected --instrument SYMBOL or --check"],
  ["an unknown check", ["inspect", "book", ITCH, "--feed", "itch50", "--check", "bob"], 2, "'bob' is invalid; expected one of bbo, sequence"],
  ["a check that the feed's data does not allow", ["inspect", "book", ITCH, "--feed", "itch50", "--check", "bbo"], 2, "--check bbo works with binance"],
  ["a check for two files with one", ["inspect", "book", ITCH, "--feed", "lobster", "--check", "transitions"], 2, "expects --feed lobster and two files"],
  ["a depth that is no number", ["inspect", "book", ITCH, "--feed", "itch50", "--instrument", "SIM001", "--depth", "all"], 2, "--depth", "from 1 to 1000000"],
  ["an unknown command", ["replya"], 2, "unknown command 'replya': did you mean replay?"],
  ["an unknown option", replay("--sped", "max"), 2, "unknown option '--sped': did you mean --speed?"],
  ["an option without its value", replay("--speed"), 2, "argument missing"],
  ["--resume without --checkpoint", replay("--resume"), 2, "--resume needs --checkpoint FOLDER"],
  ["a bad --speed", replay("--speed", "fast"), 2, "--speed: expected max or a factor such as 10x", '"fast"'],
  ["a --speed of zero", replay("--speed", "0x"), 2, "--speed: expected max or a factor"],
  ["a bad --chunk", replay("--chunk", "0"), 2, "--chunk: expected a whole number from 1 to", '"0"'],
  ["a bad --shards", replay("--shards", "1.5"), 2, "--shards: expected a whole number from 1 to 64", '"1.5"'],
  ["a bad --batch", replay("--batch", "many"), 2, "--batch: expected a whole number"],
  ["a bad --driver", replay("--driver", "gpu"), 2, "'gpu' is invalid; expected one of inline, threaded"],
  ["a bad --every", replay("--every", "soon"), 2, "--every: expected a duration such as 250ms"],
  ["standard input with a checkpoint", ["replay", GOOD, "--from", "-", "--checkpoint", FOLDER], 2, "cannot be read again"],
  ["a batch larger than the rings", replay("--batch", "65536"), 2, "expected a batch of 1 to 16384 records, got 65536"],
  ["an unknown scenario", ["simulate", "armageddon"], 2, "expected a scenario of demo, open, calm", "got armageddon"],
  ["too many instruments", ["simulate", "calm", "--instruments", "6000"], 2, "--instruments: expected a whole number from 1 to 5000"],
  ["an unknown bench", ["bench", "rnig"], 2, "unknown bench rnig; expected one of ring, hop"],
  ["a pace that a bench does not have", ["bench", "ring", "--rate", "1000"], 2, "bench ring has no --rate; those with one: hop, tick-to-signal"],
  ["a bad --burst", ["bench", "tick-to-signal", "--burst", "10"], 2, "--burst: expected a factor from 2x to 100x such as 10x", '"10"'],
  ["an unknown bench option", ["bench", "--sceonds", "1"], 2, "unknown option '--sceonds': did you mean --seconds?"],
];

const PIPELINE_CASES: readonly Case[] = [
  ["a missing pipeline", ["replay", join(folder, "no.yaml"), "--from", EMPTY], 2, "no such pipeline file", "expected a .yaml file or a module"],
  ["a folder as pipeline", ["replay", FOLDER, "--from", EMPTY], 2, "is a directory", "expected a .yaml file or a module"],
  ["a pipeline of another kind", ["replay", NO_EXTENSION, "--from", EMPTY], 2, "expected a pipeline as .yaml, .yml, .ts, .js or .mjs, got no extension"],
  ["a module without a pipeline", ["replay", NOT_A_PIPELINE, "--from", EMPTY], 2, "expected a default export made by pipeline(...), got number"],
  ["a module that throws", ["replay", BROKEN_MODULE, "--from", EMPTY], 2, "the module cannot be loaded", "nothing is not defined"],
  ["a live run without a source", ["run", GOOD], 2, "a live run expects a source", "simulator", "--from FILE"],
];

/** A fault in a YAML file: the place that the message names, and the characters under which its caret stands. */
type FileCase = readonly [name: string, text: string, place: string, caretAt: string, ...says: readonly string[]];

const FILE_CASES: readonly FileCase[] = [
  ["a misspelt key", "pipeline: a\nbras: 1s\n", "2:1", "bras", "unknown key bras: did you mean bars?", "allowed: pipeline, source, bars, signals"],
  [
    "a misspelt key of a map",
    "pipeline: a\nbars: 1s\nguard: { velocty: 5% in 1s }\n",
    "3:10",
    "velocty",
    "unknown key velocty in guard: did you mean velocity?",
  ],
  [
    "a misspelt key of a signal",
    "pipeline: a\nbars: 1s\nsignals:\n  up: { when: close > 1, sid: buy }\n",
    "4:26",
    "sid",
    "unknown key sid in signals.up",
    "allowed: when, side, every, critical, bars",
  ],
  ["a missing key", "bars: 1s\n", "1:1", "bars", "pipeline: expected text, got nothing"],
  ["an empty file", "", "1:1", "", "the document: expected a map, got nothing"],
  ["a list for a map", "- a\n", "1:1", "- a", "the document: expected a map, got a list"],
  ["a number out of range", "pipeline: a\nbars: 1s\nlimits: { orders: 10 }\n", "3:19", "10", "limits.orders: expected at least 1024, got 10"],
  ["a number above its range", "pipeline: a\nbars: 1s\nlimits: { instruments: 70000 }\n", "3:24", "70000", "expected at most 65536, got 70000"],
  ["a part of a number", "pipeline: a\nbars: 1s\nlimits: { instruments: 1.5 }\n", "3:24", "1.5", "limits.instruments: expected a whole number, got 1.5"],
  ["a ring of an odd size", "pipeline: a\nbars: 1s\nlimits: { ringRecords: 1000 }\n", "3:24", "1000", "expected a power of two, got 1000"],
  [
    "a word that is not in the list",
    "pipeline: a\nbars: 1s\nsignals:\n  up: { when: close > 1, side: byu }\n",
    "4:32",
    "byu",
    "expected one of buy, sell, none",
    "did you mean buy?",
  ],
  ["an unknown aggregate", "pipeline: a\nwindows:\n  w: { tumbling: 5s, values: { v: vwpa } }\n", "3:35", "vwpa", "did you mean vwap?"],
  [
    "an unknown scenario",
    "pipeline: a\nsource: { simulator: { scenario: clam } }\nbars: 1s\n",
    "2:34",
    "clam",
    "expected one of demo, open, calm",
    "did you mean calm?",
  ],
  ["the wrong type", "pipeline: a\nbars: true\n", "2:7", "true", "bars: expected text or a number or a list, got true"],
  ["the wrong type of a switch", "pipeline: a\nbars: 1s\nsignals:\n  up: { when: close > 1, every: maybe }\n", "4:33", "maybe", "expected true or false"],
  ["a bad duration", "pipeline: a\nbars: 1x\n", "2:7", "1x", "bars: expected a duration such as 250ms, 5s or 1m"],
  ["a bad fraction", "pipeline: a\npatterns:\n  jump: { breakout: 200%, over: 5s }\n", "3:9", "{ breakout", "expected a fraction such as 0.2% or 0.002"],
  ["a bad velocity", "pipeline: a\nguard: { velocity: 5% }\n", "2:8", "{ velocity", 'expected a fraction and a duration such as "5% in 1s"'],
  ["a bad quantity", "pipeline: a\nbars: 1s\norders: { qty: -1 }\n", "3:16", "-1", "orders qty: expected a decimal above 0"],
  ["a bad size", "pipeline: a\nbars: 1s\nlimits: { memory: 64XB }\n", "3:19", "64XB", "expected a size such as 64MB"],
  ["a bad delay", "pipeline: a\nbars: 1s\noutOfOrder: late\n", "3:13", "late", "outOfOrder: expected a duration"],
  ["a signal without bars", "pipeline: a\nsignals: { up: close > 1 }\n", "2:16", "close", "a formula needs bars"],
  [
    "a signal on bars that are not there",
    "pipeline: a\nbars: [1s, 5s]\nsignals:\n  up: { when: close > 1, bars: 2s }\n",
    "4:32",
    "2s",
    "expected an interval that bars lists, got 2s",
  ],
  [
    "a name used twice",
    "pipeline: a\nbars: 1s\nsignals: { x: close > 1 }\nwindows: { x: { tumbling: 1s, values: { n: count } } }\n",
    "4:15",
    "{ tumbling",
    "the name x is used twice",
  ],
  ["nothing to do", "pipeline: a\n", "1:1", "pipeline", "expected at least one of bars, window, pattern or guard"],
  ["a window without values", "pipeline: a\nwindows: { w: { tumbling: 1s, values: {} } }\n", "2:15", "{ tumbling", "expected at least one value"],
  ["an alias without an anchor", "pipeline: a\nbars: *later\n", "2:7", "*later", "names no anchor"],
  ["a key twice", "pipeline: a\nbars: 1s\nbars: 2s\n", "3:1", "bars: 2s", "not valid YAML"],
  ["a bracket that is not closed", "pipeline: [a\n", "2:1", "", "not valid YAML"],
];

const FORMULA_CASES: readonly FileCase[] = [
  ["an unknown function", "close < smaa(20)", "column 9", "smaa", "unknown function smaa: did you mean sma?"],
  ["an unknown column", "clse > 1", "column 1", "clse", "did you mean close?"],
  ["a formula that breaks off", "close < ", "column 9", "", "expected"],
];

/** One sentence on stderr, nothing on stdout, no stack. */
function expectSentence({ code, out, err }: { code: number; out: string; err: string }, expectedCode: number, says: readonly (string | RegExp)[]): void {
  for (const words of says) expect(err).toEqual(typeof words === "string" ? expect.stringContaining(words) : expect.stringMatching(words));
  expect({ code, out }).toEqual({ code: expectedCode, out: "" });
  expect(err).toMatch(/^tercel: /);
  expect(err).not.toMatch(/^\s+at |Error:|unexpected; run again/m);
}

describe("input that cannot be read", () => {
  it.for(INPUT_CASES)("%s", async ([, args, code, ...says]) => {
    const outcome = await tercel(...args);
    expectSentence(outcome, code, says);
    expect(outcome.err.trimEnd().split("\n")).toHaveLength(1);
  });

  it("an empty file is 0 messages and no error", async () => {
    for (const feed of ["itch50", "binance", "binance-usdm", "binance-coinm"]) {
      const { code, out, err } = await tercel(...decode(EMPTY, feed), "--json");
      expect([code, err]).toEqual([0, ""]);
      expect(JSON.parse(out)).toMatchObject({ feed, messages: 0, malformed: 0, pendingBytes: 0 });
    }
    const { code, out } = await tercel(...replay("--json"));
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({ messages: 0, signals: 0, lost: 0, records: {} });
  });

  it("--json changes neither sentence nor exit code", async () => {
    for (const [, args, code, ...says] of INPUT_CASES) expectSentence(await tercel(...args, "--json"), code, says);
  });
});

describe("calls that ask for what is not there", () => {
  it.for([...USAGE_CASES, ...PIPELINE_CASES])("%s", async ([, args, code, ...says]) => {
    const outcome = await tercel(...args);
    expectSentence(outcome, code, says);
    expect(outcome.err.trimEnd().split("\n")).toHaveLength(1);
  });

  it("without a command the help goes to stderr with exit code 2", async () => {
    for (const args of [[], ["inspect"]]) {
      const { code, out, err } = await tercel(...args);
      expect([code, out]).toEqual([2, ""]);
      expect(err).toContain("Usage: tercel");
    }
  });
});

describe("faults in a pipeline file", () => {
  it.for(FILE_CASES)("%s", async ([name, text, place, caretAt, ...says]) => {
    const outcome = await tercel(...yaml(name.replaceAll(" ", "-"), text));
    expectSentence(outcome, 2, [`.yaml:${place}: `, ...says]);
    const [, shown, caret] = outcome.err.trimEnd().split("\n");
    expect(caret.trim()).toBe("^");
    expect(shown.slice(caret.indexOf("^"))).toMatch(new RegExp(`^${caretAt.replace(/[*{[]/g, "\\$&")}`));
  });

  it.for(FORMULA_CASES)("%s in a formula", async ([name, formula, column, caretAt, ...says]) => {
    const outcome = await tercel(...yaml(name.replaceAll(" ", "-"), `pipeline: a\nbars: 1s\nsignals:\n  dip: { when: "${formula}" }\n`));
    expectSentence(outcome, 2, [".yaml:4:16: formula dip, ", column, ...says]);
    const [, shown, caret] = outcome.err.trimEnd().split("\n");
    expect(shown.slice(caret.indexOf("^"))).toMatch(new RegExp(`^${caretAt}`));
  });
});

describe("the program itself", () => {
  it("a fault has no stack, and has one with --debug", () => {
    const plain = spawnTercel(decode(MISSING, "itch50"));
    expectSentence(plain, 3, ["no such file"]);
    const debug = spawnTercel([...decode(MISSING, "itch50"), "--debug"]);
    expect(debug.code).toBe(3);
    expect(debug.err).toMatch(/^\s+at .*container/m);
  });

  it("an old Node is told what is needed", () => {
    const older = `data:text/javascript,Object.defineProperty(process,"versions",{value:{...process.versions,node:"20.1.0"}})`;
    const { code, err } = spawnTercel(["--version"], ["--import", older]);
    expect([code, err]).toEqual([2, expect.stringContaining("tercel needs Node 24.12 or later, this is 20.1.0")]);
    expect(spawnTercel(["--version"])).toMatchObject({ code: 0, out: expect.stringMatching(/^\d+\.\d+\.\d+/) });
  });
});
