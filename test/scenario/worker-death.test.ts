/**
 * Threads killed in mid-burst, as the command line shows it: the output hash, the conservation of records and every byte of the output file
 * are those of the run that nobody disturbed. And what the options refuse.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RunSummary } from "../../src/cli/pipeline-run.ts";
import { tercel, tercelJson } from "../model/cli.ts";
import { simulatedBytes } from "../model/engine-rig.ts";

const HANG_MS = 90_000;
const folder = mkdtempSync(join(tmpdir(), "tercel-deaths-"));
const recording = join(folder, "session.itch");
afterAll(() => rmSync(folder, { recursive: true, force: true }));
beforeAll(() => {
  writeFileSync(recording, simulatedBytes({ seed: 61, instruments: 40, scenario: "burst-10x", messages: 60_000 }));
});

const SMALL = "{ instruments: 64, orders: 16384, levels: 8192 }";

/** A pipeline with a file of its own to write to. */
function plan(name: string, { limits = SMALL, priority = false } = {}): { readonly path: string; readonly output: string } {
  const path = join(folder, `${name}.yaml`);
  const output = join(folder, `${name}.jsonl`);
  const lines = [
    "pipeline: deaths",
    "bars: 50ms",
    'signals: { up: { when: "close > sma(3)", side: buy } }',
    "windows: { flow: { tumbling: 100ms, values: { vwap: vwap, trades: count } } }",
    'patterns: { jump: { breakout: "0.05%", over: 200ms } }',
    "orders: { qty: 100 }",
    `limits: ${limits}`,
    `sink: { file: ${JSON.stringify(output)}, priority: ${priority} }`,
  ];
  writeFileSync(path, `${lines.join("\n")}\n`);
  return { path, output };
}

describe("threads killed in mid-burst", () => {
  it("leave the output hash, the records and the output file as they are", { timeout: HANG_MS }, async () => {
    const whole = plan("whole");
    const expected = await tercelJson<RunSummary>(["replay", whole.path, "--from", recording]);
    const killed = plan("killed");
    const args = ["replay", killed.path, "--from", recording, "--driver", "threaded", "--shards", "3", "--threads", "2", "--drill", "4", "--rebalance"];
    const summary = await tercelJson<RunSummary>(args);
    expect(summary.restarts).toBeGreaterThan(0);
    expect(summary.recoveryNs).toBeGreaterThan(0);
    expect(summary).toMatchObject({ outputHash: expected.outputHash, records: expected.records, acks: expected.acks, lost: 0 });
    expect(readFileSync(killed.output).equals(readFileSync(whole.output))).toBe(true);
    expect(readFileSync(killed.output).length).toBeGreaterThan(100_000);
  });

  it("are told of on the way, and in the summary for people", { timeout: HANG_MS }, async () => {
    const { code, out, err } = await tercel("replay", plan("told").path, "--from", recording, "--driver", "threaded", "--shards", "2", "--drill", "2");
    expect(code).toBe(0);
    expect(err).toMatch(/the thread of shard [01] died: it was ended from outside; it is replaced/);
    expect(out).toMatch(/threads {3}replaced [12], the longest within \S+ \S+ {3}outputs made again/);
  });
});

describe("the options of threads", () => {
  it.each([
    [["--drill", "2"], "--threads, --rebalance and --drill need --driver threaded"],
    [["--threads", "2"], "--threads, --rebalance and --drill need --driver threaded"],
    [["--driver", "threaded", "--drill", "2", "--no-recovery"], "--drill needs shards that are brought back"],
    [["--driver", "threaded", "--shards", "2", "--threads", "3"], "expected 1 to 2 threads for 2 shards, got 3"],
  ])("%j are refused", async (options, message) => {
    const { code, err } = await tercel("replay", plan("refused").path, "--from", recording, ...options);
    expect(code).toBe(2);
    expect(err).toContain(message);
  });

  it("a drill is refused where a sink asks for priority: such shards are not brought back", async () => {
    const { path } = plan("urgent", { priority: true });
    const { code, err } = await tercel("replay", path, "--from", recording, "--driver", "threaded", "--drill", "1");
    expect([code, err]).toEqual([2, expect.stringContaining("asks for priority")]);
  });

  it("are explained, with the memory that images take, and without", async () => {
    const explain = async (...options: string[]): Promise<string> =>
      (await tercel("replay", plan("explained").path, "--from", recording, "--explain", "--driver", "threaded", "--shards", "4", ...options)).out;
    expect(await explain("--threads", "2", "--rebalance")).toMatch(/# threads 2, evened out, brought back when they die\n[\s\S]*# images /);
    const bare = await explain("--no-recovery");
    expect(bare).toContain("# threads 4, a death ends the run");
    expect(bare).not.toContain("# images");
  });

  it("images that do not fit are refused with the sum and the way out", async () => {
    const { path } = plan("large", { limits: "{ instruments: 64, orders: 1048576, levels: 262144, memory: 512MB }" });
    const args = ["replay", path, "--from", recording, "--driver", "threaded", "--shards", "4", "--explain"];
    const refused = await tercel(...args);
    expect(refused.code).toBe(2);
    expect(refused.err).toMatch(/4 recovery images of \d+ .*--no-recovery/);
    expect((await tercel(...args, "--no-recovery")).code).toBe(0);
  });
});
