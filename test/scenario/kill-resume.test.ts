/**
 * kill -9 of the real command at random moments, among them while a checkpoint is being written, and resume: the output hash and every
 * byte of the output file are those of a run that nobody killed, and a file with critical records first has the same lines. The driver
 * changes from one life to the next.
 *
 * Nothing here depends on how fast the machine is: a life that ends before it is killed is checked, and the next round starts anew,
 * until enough lives have been taken.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, describe, expect, it } from "vitest";
import { Random } from "../../src/kernel/core/random.ts";
import { simulatedBytes } from "../model/engine-rig.ts";

const COMMAND = resolve(import.meta.dirname, "../../bin/tercel.js");
const KILLS = 10;
const LIVES_MAX = 60;
/** A life that lasts longer is a hang. */
const LIFE_MS = 15_000;
const POLL_MS = 2;
const MOMENTS = ["after its start", "after a checkpoint", "while it writes a checkpoint"] as const;

const folder = mkdtempSync(join(tmpdir(), "tercel-kill-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const recording = join(folder, "session.itch");
const checkpoints = join(folder, "checkpoints");

function writePlan(name: string): { plan: string; output: string; urgent: string } {
  const output = join(folder, `${name}.jsonl`);
  const urgent = join(folder, `${name}-urgent.jsonl`);
  const plan = join(folder, `${name}.yaml`);
  writeFileSync(
    plan,
    [
      "pipeline: kill",
      "bars: 50ms",
      "signals:",
      '  up: { when: "close > sma(3)", side: buy }',
      "windows:",
      "  flow: { tumbling: 100ms, values: { vwap: vwap, trades: count } }",
      "patterns:",
      '  jump: { breakout: "0.05%", over: 200ms }',
      'guard: { velocity: "0.3% in 100ms", cooldown: 50ms }',
      "orders: { qty: 100 }",
      `sink: [{ file: ${JSON.stringify(output)} }, { file: ${JSON.stringify(urgent)}, priority: true }]`,
      "limits: { instruments: 64, orders: 16384, levels: 8192, ringRecords: 1024, memory: 256MB }",
      "",
    ].join("\n"),
  );
  return { plan, output, urgent };
}

interface Life {
  readonly child: ChildProcess;
  /** Exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>;
  readonly stdout: () => string;
  readonly stderr: () => string;
}

function start(args: readonly string[]): Life {
  const child = spawn(process.execPath, [COMMAND, "replay", ...args, "--from", recording, "--json"], { stdio: ["ignore", "pipe", "pipe"] });
  const text = { out: "", err: "" };
  child.stdout.on("data", (bytes: Buffer) => (text.out += bytes.toString()));
  child.stderr.on("data", (bytes: Buffer) => (text.err += bytes.toString()));
  const hang = setTimeout(() => child.kill("SIGKILL"), LIFE_MS);
  const ended = new Promise<number | string>((settle) => {
    child.on("close", (code, signal) => {
      clearTimeout(hang);
      settle(code ?? signal ?? "nothing");
    });
  });
  return { child, ended, stdout: () => text.out, stderr: () => text.err };
}

async function runToEnd(args: readonly string[]): Promise<{ outputHash: string; lost: number }> {
  const life = start(args);
  expect(await life.ended, life.stderr()).toBe(0);
  return JSON.parse(life.stdout()) as { outputHash: string; lost: number };
}

/** The lines of a file, whatever their order. */
const linesOf = (path: string): string[] => readFileSync(path, "utf8").split("\n").toSorted();

function checkpointNames(): string[] {
  return existsSync(checkpoints) ? readdirSync(checkpoints) : [];
}

/** The number of the newest whole checkpoint. */
function checkpointsWritten(): number {
  return Math.max(0, ...checkpointNames().map((name) => Number(/^checkpoint-(\d+)$/.exec(name)?.[1] ?? 0)));
}

/** Waits for the moment, or for the life's end; true when it still lives. */
async function reach(moment: (typeof MOMENTS)[number], life: Life, random: Random): Promise<boolean> {
  const isOver = (): boolean => life.child.exitCode !== null || life.child.signalCode !== null;
  const before = checkpointsWritten();
  const more = 1 + random.nextBelow(15);
  const isReached = (): boolean => {
    if (moment === "after its start") return true;
    if (checkpointsWritten() < before + more) return false;
    return moment === "after a checkpoint" || checkpointNames().some((name) => name.endsWith(".tmp"));
  };
  while (!isOver() && !isReached()) await sleep(POLL_MS);
  const delayMs = moment === "after its start" ? 300 + random.nextBelow(300) : random.nextBelow(20);
  if (moment !== "while it writes a checkpoint") await Promise.race([sleep(delayMs), life.ended]);
  return !isOver();
}

describe("kill -9", () => {
  it(`at ${KILLS} random moments changes neither the output hash nor a byte of the output file`, { timeout: 120_000 }, async () => {
    writeFileSync(recording, simulatedBytes({ seed: 5, instruments: 50, messages: 200_000 }));
    const whole = writePlan("whole");
    const expected = await runToEnd([whole.plan, "--shards", "2"]);
    const expectedLines = readFileSync(whole.output);
    expect(expectedLines.length).toBeGreaterThan(100_000);

    const killed = writePlan("killed");
    const random = new Random(new Int32Array(4), 9);
    const args = (life: number): string[] => {
      const driver = life % 2 === 0 ? "inline" : "threaded";
      return [killed.plan, "--shards", "2", "--driver", driver, "--checkpoint", checkpoints, "--every", "10ms"];
    };
    let kills = 0;
    let isResume = false;
    for (let life = 0; kills < KILLS; life++) {
      expect(life).toBeLessThan(LIVES_MAX);
      const current = start([...args(life), ...(isResume ? ["--resume"] : [])]);
      if (await reach(MOMENTS[life % MOMENTS.length], current, random)) current.child.kill("SIGKILL");
      const how = await current.ended;
      if (how === "SIGKILL") {
        if (existsSync(killed.output) && statSync(killed.output).size > 0) kills++; // one before the first output proves little
        isResume = true;
        continue;
      }
      expect(how, current.stderr()).toBe(0);
      expect(JSON.parse(current.stdout())).toMatchObject({ outputHash: expected.outputHash, lost: 0 });
      expect(readFileSync(killed.output).equals(expectedLines)).toBe(true);
      expect(linesOf(killed.urgent)).toEqual(linesOf(whole.output));
      isResume = false;
    }
    const last = await runToEnd([...args(0), "--resume"]);
    expect(last).toMatchObject({ outputHash: expected.outputHash, lost: 0 });
    expect(readFileSync(killed.output).equals(expectedLines)).toBe(true);
    expect(linesOf(killed.urgent)).toEqual(linesOf(whole.output));
    expect(readFileSync(killed.urgent).equals(expectedLines)).toBe(false); // critical ones went first
  });

  it("of a run whose checkpoints are of another shard count is told so when resumed", { timeout: 30_000 }, async () => {
    const { plan } = writePlan("killed");
    const life = start([plan, "--shards", "3", "--checkpoint", checkpoints, "--resume"]);
    expect(await life.ended).toBe(2);
    expect(life.stderr()).toContain("shards 2, this run has 3");
  });
});
