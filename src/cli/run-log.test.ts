import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import { spawnTercel, tercel } from "../../test/model/cli.ts";
import { Market } from "../engine/pipeline/market.ts";
import { LiveClock } from "../kernel/core/clock.ts";
import { EVENT_BAD_TIME, EVENT_BOOK_REFUSED, EVENT_BUDGET_EXCEEDED, LOG_DEBUG, LOG_INFO, LOG_WARN } from "../kernel/core/log.ts";
import { Arena } from "../kernel/memory/arena.ts";
import { NO_INSTRUMENT } from "../kernel/record/marker.ts";
import { LogWriter } from "../kernel/ring/log-ring.ts";
import type { LogNameTables } from "./log-names.ts";
import { RunLog, logMemory } from "./run-log.ts";

const folder = mkdtempSync(join(tmpdir(), "tercel-run-log-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let path = "";
let count = 0;
beforeEach(() => {
  path = join(folder, `${count++}.log`);
});

const clock = new LiveClock();

/** A registry that knows one symbol. */
function tables(): LogNameTables {
  const arena = Arena.create("market", 1 << 20);
  const market = new Market(arena, 16);
  market.registry.add(new TextEncoder().encode("AAPL"), 0, 4, 4, 0);
  return { market: arena.buffer, instruments: 16 };
}

const messages = (text: string): string[] =>
  text
    .split("\n")
    .slice(0, -1)
    .map((line) => line.replace(/^\S+ /, ""));

describe("a log to stderr", () => {
  it("is written when this thread has its turn, what was said before the start too, the rest at the end", async () => {
    let text = "";
    const runLog = new RunLog({ file: null, level: LOG_INFO, format: "text" }, clock, 0, (lines) => (text += lines));
    runLog.log.text(LOG_WARN, "before the start");
    runLog.turn();
    runLog.start(tables());
    expect(text).toBe("");
    runLog.log.event(EVENT_BOOK_REFUSED, 0, 3, 0);
    runLog.log.event(EVENT_BAD_TIME, 1, NO_INSTRUMENT, 0);
    runLog.log.event(EVENT_BUDGET_EXCEEDED, 3, 1, 70);
    runLog.log.event(EVENT_BUDGET_EXCEEDED, 0, 1, 7);
    expect(await runLog.close()).toEqual({ lines: 5, dropped: 0, unwritten: 0, complete: true });
    expect(messages(text)).toEqual([
      "warn  main before the start",
      expect.stringContaining("book-refused: the book of AAPL refused"),
      expect.stringContaining("the last of the whole market"),
      expect.stringContaining("of stage total was exceeded"),
      expect.stringContaining("of stage ingest was exceeded"),
    ]);
    expect(await runLog.close()).toBeNull();
  });

  it("that was never started has nothing to write", async () => {
    const runLog = new RunLog({ file: null, level: LOG_INFO, format: "text" }, clock, 0, () => undefined);
    expect(await runLog.close()).toBeNull();
  });
});

describe("a log file", () => {
  it("is written by a thread of its own, from the rings of all threads, in the order of their times", async () => {
    const runLog = new RunLog({ file: path, level: LOG_DEBUG, format: "json" }, clock, 2, () => undefined);
    runLog.start(tables());
    const logs = [runLog.log, ...runLog.shardTaps.map((tap) => new LogWriter(tap, clock))];
    for (let i = 0; i < 300; i++) logs[i % 3].text(LOG_INFO, `line ${i}`);
    expect(await runLog.close()).toEqual({ lines: 300, dropped: 0, unwritten: 0, complete: true });
    const lines = readFileSync(path, "utf8").trimEnd().split("\n");
    const parsed = lines.map((line) => JSON.parse(line) as { time: string; thread: string; message: string });
    expect(parsed.map((line) => line.message)).toEqual(Array.from({ length: 300 }, (_, i) => `line ${i}`));
    expect(new Set(parsed.map((line) => line.thread))).toEqual(new Set(["main", "shard-0", "shard-1"]));
    expect(parsed.map((line) => line.time)).toEqual(parsed.map((line) => line.time).toSorted());
    expect(Math.abs(Date.parse(parsed[0].time) - Date.now())).toBeLessThan(60_000);
  });

  it("says how many entries found no room, and the run knows their number", async () => {
    const runLog = new RunLog({ file: path, level: LOG_INFO, format: "text" }, clock, 0, () => undefined);
    for (let i = 0; i < 5000; i++) runLog.log.text(LOG_INFO, `line ${i}`);
    const [{ dropped }] = runLog.dropped;
    runLog.start(tables());
    expect(await runLog.close()).toEqual({ lines: 5000 - dropped + 1, dropped, unwritten: 0, complete: true });
    expect(dropped).toBe(5000 - 1024);
    expect(readFileSync(path, "utf8")).toContain(`entries-dropped: dropped ${dropped} entries of main since `);
  });

  it("that refuses every line costs the run nothing but the lines", async () => {
    const gone = join(folder, `gone-${count}`);
    mkdirSync(gone);
    const runLog = new RunLog({ file: join(gone, "run.log"), level: LOG_INFO, format: "text" }, clock, 0, () => undefined);
    rmSync(gone, { recursive: true });
    runLog.log.text(LOG_INFO, "lost");
    runLog.start(tables());
    expect(await runLog.close()).toEqual({ lines: 0, dropped: 0, unwritten: 1, complete: true });
  });

  it("whose thread dies is said on stderr, and ends without an answer", async () => {
    let text = "";
    const runLog = new RunLog({ file: path, level: LOG_INFO, format: "text" }, clock, 0, (lines) => (text += lines));
    runLog.start({ market: new SharedArrayBuffer(64), instruments: 1 });
    expect(await runLog.close()).toBeNull();
    expect(text).toMatch(/^tercel: the log .*\.log ended: arena market: expected a sealed arena/);
  });

  it("has its rings in the memory plan, with the bytes that they take", () => {
    const runLog = new RunLog({ file: path, level: LOG_INFO, format: "text" }, clock, 1, () => undefined);
    const [shard] = runLog.shardTaps.map((tap) => tap.buffer.byteLength);
    expect(logMemory(1)).toEqual([
      { name: "log-main", bytes: shard },
      { name: "log-shard-0", bytes: shard },
    ]);
  });
});

const small = ["--messages", "3000", "--instruments", "3"];

describe("tercel simulate --log", () => {
  it("says what became of the run, and nothing of it on stderr", async () => {
    const { code, err } = await tercel("simulate", "calm", ...small, "--json", "--log", path, "--checkpoint", join(folder, "cp"), "--every", "1ms");
    expect([code, err]).toEqual([0, ""]);
    const text = readFileSync(path, "utf8");
    for (const said of ["INIT -> WARMUP", "WARMUP -> READY", "run-started: the run begins at byte 0 with 1 shards", "checkpoint-saved: ", "run-ended: "])
      expect(text).toContain(said);
    expect(text).not.toContain(" debug ");
    expect(statSync(path).mode & 0o077).toBe(0);
  });

  it("has the lines of every shard's thread", async () => {
    const { code } = await tercel("simulate", "calm", ...small, "--driver", "threaded", "--shards", "2", "--log", path, "--log-format", "json");
    expect(code).toBe(0);
    const lines = readFileSync(path, "utf8").trimEnd().split("\n");
    const said = lines.map((line) => JSON.parse(line) as { thread: string; event?: string }).map(({ thread, event }) => `${thread} ${event}`);
    for (const line of ["shard-0 shard-started", "shard-1 shard-started", "shard-0 shard-ended", "shard-1 shard-ended"]) expect(said).toContain(line);
  });

  it("is appended to by the next run, and its level is what it is told", async () => {
    await tercel("simulate", "calm", ...small, "--log", path);
    const { size } = statSync(path);
    await tercel("simulate", "calm", ...small, "--log", path, "--log-level", "warn");
    expect(statSync(path).size).toBe(size);
    await tercel("simulate", "calm", ...small, "--log", path);
    expect(statSync(path).size).toBeGreaterThan(size);
  });

  it("to stderr is quiet unless something must be acted on", async () => {
    const quiet = await tercel("simulate", "calm", ...small, "--json");
    expect(quiet.err).toBe("");
    const loud = await tercel("simulate", "calm", ...small, "--json", "--log-level", "info");
    expect(messages(loud.err)).toContain("info  main WARMUP -> READY");
    const off = await tercel("simulate", "calm", ...small, "--json", "--log-level", "off");
    expect(off.err).toBe("");
  });

  it("a file that cannot be written is a fault of the call, before anything is run", async () => {
    const { code, err } = await tercel("simulate", "calm", ...small, "--log", join(folder, "no", "such", "place"));
    expect(code).toBe(2);
    expect(err).toMatch(/^tercel: cannot write the log .*ENOENT/);
    expect((await tercel("simulate", "calm", ...small, "--log-level", "loud")).code).toBe(2);
  });

  it("holds the error that ended the run, which stderr has once", async () => {
    const pipeline = join(folder, "no-sink.yaml");
    writeFileSync(pipeline, `pipeline: a\nbars: 1s\nsink: { file: ${JSON.stringify(join(folder, "none", "out.jsonl"))} }\n`);
    const { code, err } = await tercel("simulate", "calm", ...small, "--pipeline", pipeline, "--log", path);
    expect(code).toBe(4);
    expect(err.trimEnd().split("\n")).toHaveLength(1);
    expect(readFileSync(path, "utf8")).toMatch(/ error main cannot open .*out\.jsonl/);
    const plain = await tercel("simulate", "calm", ...small, "--pipeline", pipeline);
    expect(plain.err.trimEnd().split("\n")).toHaveLength(1);
  });

  it.skipIf(!existsSync("/dev/full"))("on a full disk runs to its end all the same", () => {
    const { code, out, err } = spawnTercel(["simulate", "calm", ...small, "--json", "--log", "/dev/full"]);
    expect([code, err]).toEqual([0, ""]);
    expect(JSON.parse(out)).toMatchObject({ lost: 0, logDropped: 0 });
  });
});
