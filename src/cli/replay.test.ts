import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { tercel, tercelJson } from "../../test/model/cli.ts";

const folder = mkdtempSync(join(tmpdir(), "tercel-replay-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const day = join(folder, "day.itch");
const checkpoints = join(folder, "checkpoints");
const plan = join(folder, "plan.yaml");
writeFileSync(
  plan,
  "pipeline: p\nbars: 1s\nwindows: { w: { tumbling: 1s, values: { n: count } } }\nlimits: { instruments: 64, orders: 65536, levels: 65536 }\n",
);

interface Summary {
  readonly messages: number;
  readonly outputHash: string;
  readonly lost: number;
}

const replay = (...more: readonly string[]): Promise<Summary> => tercelJson<Summary>(["replay", plan, "--from", day, ...more]);

describe("tercel replay", () => {
  it("gives one hash whatever the options, and the one that simulate gave", async () => {
    const simulated = ["simulate", "open", "--messages", "20000", "--instruments", "20", "--seed", "9"];
    expect(await tercelJson([...simulated, "--out", day])).toMatchObject({ file: day });
    const { outputHash, messages } = await tercelJson<Summary>([...simulated, "--pipeline", plan]);
    for (const more of [
      [],
      ["--chunk", "7", "--batch", "1"],
      ["--shards", "3"],
      ["--driver", "threaded", "--shards", "2"],
      ["--driver", "threaded", "--idle", "phased"],
      ["--speed", "100000x"],
    ]) {
      expect(await replay(...more), more.join(" ")).toMatchObject({ outputHash, messages, lost: 0 });
    }
  });

  it("goes on from its checkpoints to the same end, and begins anew without --resume", async () => {
    const { outputHash } = await replay("--checkpoint", checkpoints, "--every", "1ns", "--chunk", "65536");
    expect(readdirSync(checkpoints).length).toBeGreaterThan(0);
    expect(await replay("--checkpoint", checkpoints, "--resume")).toMatchObject({ outputHash });
    expect(await replay("--checkpoint", checkpoints, "--every", "1h")).toMatchObject({ outputHash });
    expect(readdirSync(checkpoints)).toEqual([]);
  });

  it("through burst queues it comes to the same end, says how many records waited, and leaves no file behind", async () => {
    const spill = join(folder, "spill");
    const { outputHash } = await replay();
    const small = join(folder, "small.yaml");
    writeFileSync(small, readFileSync(plan, "utf8").replace("limits: {", "limits: { ringRecords: 256,"));
    const args = ["replay", small, "--from", day, "--chunk", "1000000", "--burst-records", "300", "--spill", spill, "--shards", "2"];
    const summary = await tercelJson<Summary & { burst: { queued: number; spilled: number; highWater: number } }>(args);
    const { queued, spilled, highWater } = summary.burst;
    expect([queued > spilled, spilled > 1000, highWater > 1000, highWater <= queued]).toEqual([true, true, true, true]);
    expect(summary.lost).toBe(0);
    expect(readdirSync(folder).filter((name) => name.startsWith("spill"))).toEqual([]);
    expect((await tercel(...args)).out).toMatch(/ {2}burst {5}queued [\d,]+ {3}spilled [\d,]+ {3}most at one time [\d,]+/);
    expect(await replay("--burst-records", "16")).toMatchObject({ outputHash, burst: { queued: 0, spilled: 0, highWater: 0 } });
    expect(summary.outputHash).toBe(outputHash);
  });

  it("a spill without burst queues is refused, and one that cannot be written is a failed run", async () => {
    expect(await tercel("replay", plan, "--from", day, "--spill", "x")).toMatchObject({
      code: 2,
      err: expect.stringContaining("--spill needs --burst-records"),
    });
    const nowhere = ["--burst-records", "16", "--spill", join(folder, "no", "such", "file")];
    expect(await tercel("replay", plan, "--from", day, ...nowhere)).toMatchObject({ code: 4, err: expect.stringContaining("cannot open the spill") });
  });

  it("a misspelt input leaves the checkpoints alone", async () => {
    await replay("--checkpoint", checkpoints, "--every", "1ns", "--chunk", "65536");
    const before = readdirSync(checkpoints);
    expect((await tercel("replay", plan, "--from", day, `${day}.gz`, "--checkpoint", checkpoints)).code).toBe(3);
    expect(readdirSync(checkpoints)).toEqual(before);
  });

  it("another pipeline's checkpoints are refused", async () => {
    const other = join(folder, "other.yaml");
    writeFileSync(other, "pipeline: other\nbars: 2s\nlimits: { instruments: 64, orders: 65536, levels: 65536 }\n");
    const { code, err } = await tercel("replay", other, "--from", day, "--checkpoint", checkpoints, "--resume");
    expect([code, err]).toEqual([2, expect.stringMatching(/^tercel: the checkpoint was written with pipeline "/)]);
  });

  it("more instruments than there is room for are told of, and counted", async () => {
    const few = join(folder, "few.yaml");
    writeFileSync(few, "pipeline: few\nbars: 1s\nlimits: { instruments: 3, orders: 65536, levels: 65536 }\n");
    const { code, out, err } = await tercel("replay", few, "--from", day);
    expect(code).toBe(0);
    expect(err).toContain("limits.instruments is 3 and all of them are taken");
    expect(out).toMatch(/malformed [1-9]/);
    expect((await tercel("replay", plan, "--from", day)).err).toBe("");
  });

  it("people get a summary with the hash in groups", async () => {
    const { code, out } = await tercel("replay", plan, "--from", day);
    expect(code).toBe(0);
    expect(out.split("\n").map((line) => line.trim().split(" ")[0])).toEqual([
      "p",
      "messages",
      "records",
      "outputs",
      "quality",
      "latency",
      "stages",
      "memory",
      "output",
      "",
    ]);
    expect(out).toMatch(/output {4}[0-9a-f]{8} [0-9a-f]{8} [0-9a-f]{8} [0-9a-f]{8}$/m);
  });
});

describe("tercel simulate", () => {
  it("a recording that cannot be written is a failed run", async () => {
    const { code, err } = await tercel("simulate", "calm", "--messages", "2000", "--out", join(folder, "no", "such", "folder.itch"));
    expect([code, err]).toEqual([4, expect.stringMatching(/^tercel: cannot write .*ENOENT/)]);
  });

  it("--rate and --messages decide how long it is", async () => {
    const path = join(folder, "rate.itch");
    const { code, out } = await tercel("simulate", "calm", "--rate", "1000", "--messages", "3000", "--instruments", "2", "--out", path);
    expect([code, out]).toEqual([0, expect.stringMatching(/: \d+ messages, \d+ bytes of ITCH 5\.0\n$/)]);
    expect(existsSync(path)).toBe(true);
  });
});

describe("tercel demo", () => {
  it("runs for as long as it is told, and ends with the ways on", async () => {
    const { code, out, err } = await tercel("demo", "--seconds", "1", "--rate", "5000", "--instruments", "5");
    expect(code).toBe(0);
    expect(err).toMatch(/warm after \d+ rounds/);
    expect(out).toContain("5 of 5 equal to the exchange's own");
    expect(out).toContain("Ways on:");
  }, 20_000);
});
