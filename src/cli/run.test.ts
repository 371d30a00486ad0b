import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { tercel, tercelJson } from "../../test/model/cli.ts";
import { parsePlan } from "./config/load.ts";
import { DEFAULT_PIECE_BYTES } from "./run-options.ts";
import { StoppableSource } from "./run.ts";

const folder = mkdtempSync(join(tmpdir(), "tercel-run-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const out = join(folder, "out.jsonl");
const live = join(folder, "live.yaml");
const TEXT = `pipeline: live
source: { simulator: { scenario: burst-10x, instruments: 3, messages: 4000, seed: 5 } }
bars: 1s
signals: { up: { when: close > open, side: buy } }
orders: { qty: 100 }
sink: { file: ${JSON.stringify(out)} }
limits: { instruments: 8, orders: 16384, levels: 16384 }
`;
writeFileSync(live, TEXT);

interface Summary {
  readonly messages: number;
  readonly bars: number;
  readonly seconds: number;
  readonly lost: number;
  readonly outputHash: string;
}

describe("tercel run", () => {
  it("runs in real time, is ended in good order by an interrupt, and prints what replay prints", async () => {
    const interrupt = setTimeout(() => process.emit("SIGINT"), 1500);
    const { code, out: printed, err } = await tercel("run", live, "--json", "--log-level", "off");
    clearTimeout(interrupt);
    expect([code, err]).toEqual([0, ""]);
    const summary = JSON.parse(printed) as Summary;
    expect(summary.messages).toBeGreaterThan(0);
    expect(summary.messages).toBeLessThan(4000);
    expect(summary).toMatchObject({ lost: 0, outputHash: expect.stringMatching(/^[0-9a-f]{32}$/) });
    expect(summary.bars).toBeGreaterThan(0);
    expect(readFileSync(out, "utf8").trimEnd().split("\n").length).toBeGreaterThanOrEqual(summary.bars);
    expect(process.listenerCount("SIGINT")).toBe(0);
  });

  it("says how warm it is before it begins", async () => {
    const interrupt = setTimeout(() => process.emit("SIGTERM"), 300);
    const { code, err } = await tercel("run", live);
    clearTimeout(interrupt);
    expect(code).toBe(0);
    expect(err).toMatch(/^(not )?warm after \d+ rounds, p99 of a packet /);
  });

  it("a source that is stopped gives no byte more, and pieces of a packet until then", async () => {
    let closed = 0;
    const source = new StoppableSource(() => ({ read: async () => new Uint8Array(4000), close: async () => void closed++ })).open(0);
    expect((await source.read())?.length).toBe(DEFAULT_PIECE_BYTES);
    expect((await source.read())?.length).toBe(DEFAULT_PIECE_BYTES);
    expect((await source.read())?.length).toBe(4000 - 2 * DEFAULT_PIECE_BYTES);
    expect((await source.read())?.length).toBe(DEFAULT_PIECE_BYTES);
    source.stop();
    expect(await source.read()).toBeNull();
    await source.close();
    expect(closed).toBe(1);
  });

  it("a source that is stopped before it is opened gives nothing, and one that is over is over", async () => {
    const endless = new StoppableSource(() => ({ read: async () => new Uint8Array(10), close: async () => {} }));
    endless.stop();
    expect(await endless.open(0).read()).toBeNull();
    expect(await new StoppableSource(() => ({ read: async () => null, close: async () => {} })).open(0).read()).toBeNull();
  });
});

describe("--explain", () => {
  it("prints a pipeline that can be run again, and runs nothing", async () => {
    rmSync(out, { force: true });
    const { code, out: yaml, err } = await tercel("run", live, "--explain");
    expect([code, err]).toEqual([0, ""]);
    expect(parsePlan(yaml, "explained.yaml")).toEqual(parsePlan(TEXT, live));
    expect(yaml).toContain("# driver  inline, 1 shard, batches of 256\n# checkpoints  none\n");
    expect(yaml).toMatch(/^# sum +[\d,]+ +[\d.]+% +of 1,073,741,824$/m);
    expect(() => readFileSync(out)).toThrow("ENOENT");
    const shares = (lines: string[]): number[] => lines.map((line) => Number(/([\d,]+) +[\d.]+%/.exec(line)?.[1].replaceAll(",", "")));
    const [sums, regions] = yaml.slice(yaml.indexOf("# memory in bytes")).split("#\n# the largest 12 of ");
    const [parts, total] = [shares(sums.trimEnd().split("\n").slice(1, -1)), shares([sums.trimEnd().split("\n").at(-1) ?? ""])[0]];
    expect(parts).toEqual(parts.toSorted((a, b) => b - a));
    expect(parts.reduce((sum, bytes) => sum + bytes, 0)).toBe(total);
    const largest = shares(regions.trimEnd().split("\n").slice(1));
    expect(largest).toHaveLength(12);
    expect(largest).toEqual(largest.toSorted((a, b) => b - a));
  });

  it("as JSON it has the plan, what the options decided, and every region of memory", async () => {
    interface Explained {
      readonly plan: { readonly name: string };
      readonly run: Readonly<Record<string, unknown>>;
      readonly memory: readonly { arena: string; name: string; bytes: number }[];
      readonly memoryBytes: number;
      readonly limitBytes: number;
    }
    const args = [
      "replay",
      live,
      "--from",
      join(folder, "later.itch"),
      "--explain",
      "--shards",
      "2",
      "--driver",
      "threaded",
      "--idle",
      "yield",
      "--checkpoint",
      folder,
    ];
    const explained = await tercelJson<Explained>(args);
    expect(explained.plan).toEqual(parsePlan(TEXT, live));
    expect(explained.run).toMatchObject({ feed: "itch50", driver: "threaded", shards: 2, idle: "yield", speed: "max", checkpoint: { folder, everyNs: 1e9 } });
    expect(new Set(explained.memory.map((line) => line.arena))).toEqual(
      new Set(["market", "ingest", "shard-0", "shard-1", "collector", "rings", "images", "logs"]),
    );
    expect(explained.memoryBytes).toBe(explained.memory.reduce((sum, line) => sum + line.bytes, 0));
    expect(explained.limitBytes).toBe(1024 ** 3);
  });

  it("has the burst queues and their memory, and makes no file", async () => {
    const spill = join(folder, "never");
    const args = ["replay", live, "--from", join(folder, "later.itch"), "--explain", "--shards", "2", "--burst-records", "1000", "--spill", spill];
    const explained = await tercelJson<{ run: object; memory: { arena: string; bytes: number }[] }>([...args]);
    expect(explained.run).toMatchObject({ idle: null, burst: { records: 1000, spill } });
    expect(explained.memory.filter(({ arena }) => arena === "bursts").map(({ bytes }) => bytes)).toEqual([64_000, 64_000]);
    expect((await tercel(...args)).out).toContain(`# bursts  1000 records in memory before each shard, then ${spill}\n`);
    expect((await tercel(...args.slice(0, -2))).out).toContain("then the source waits\n");
    expect(existsSync(`${spill}.0`)).toBe(false);
  });

  it("a plan that does not fit into its memory is told before it runs", async () => {
    const path = join(folder, "large.yaml");
    writeFileSync(path, "pipeline: large\nbars: 1s\nlimits: { memory: 1MB }\n");
    const { code, err } = await tercel("simulate", "calm", "--pipeline", path, "--explain");
    expect(code).toBe(2);
    expect(err).toMatch(
      /^tercel: the pipeline needs shard of \d+ \(limits\.orders, .* bytes, over the limit of 1048576: it would fit with limits\.memory \d+MB/,
    );
  });
});
