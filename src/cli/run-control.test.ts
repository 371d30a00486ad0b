import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { BytesSource, MemoryStore, busyPlan, simulatedBytes } from "../../test/model/engine-rig.ts";
import type { BudgetPlan } from "../engine/pipeline/plan.ts";
import { LOG_INFO } from "../kernel/core/log.ts";
import { runPipeline, type PipelineRunOptions, type RunSummary } from "./pipeline-run.ts";
import { summaryText } from "./summary.ts";

const folder = mkdtempSync(join(tmpdir(), "tercel-control-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const BYTES = simulatedBytes({ seed: 9, instruments: 4, scenario: "calm", messages: 8_000 });

/** A budget that nothing can keep. */
const TIGHT: BudgetPlan = { ingestNs: 1, shardNs: 1, releaseNs: null, totalNs: 1, trip: null };
const TRIP = { violations: 3, withinNs: 1e9, recoverNs: 1e9 };

async function run(budget: BudgetPlan | null, options: Partial<PipelineRunOptions> = {}): Promise<RunSummary> {
  return runPipeline({
    plan: { ...busyPlan({ orders: 16_384, levels: 16_384 }), budget },
    feed: "itch50",
    input: ["bytes"],
    driver: "inline",
    shards: 1,
    batch: 64,
    pieceBytes: 512,
    speed: Infinity,
    store: null,
    checkpointEveryNs: Infinity,
    resume: false,
    openSource: (position) => new BytesSource(BYTES, position, 4096),
    warmUp: false,
    ...options,
  });
}

describe("a latency budget of a run", () => {
  it("is reported by stage, and changes no output while it may not trip", async () => {
    const plain = await run(null);
    const tight = await run(TIGHT);
    expect(plain).not.toHaveProperty("budget");
    expect(plain).not.toHaveProperty("budgetTrips");
    expect(tight.outputHash).toBe(plain.outputHash);
    expect(Object.keys(tight.budget ?? {})).toEqual(["ingest", "shard", "total"]);
    for (const [stage, report] of Object.entries(tight.budget ?? {})) {
      expect(report.budgetNs, stage).toBe(1);
      expect(report.violations, stage).toBeGreaterThan(100);
      expect(report.worstNs, stage).toBeGreaterThan(1);
    }
    expect(tight.budgetTrips).toBe(0);
  });

  it("that may trip refuses the orders of a run that cannot keep it", async () => {
    const { outputHash, budgetTrips, acks } = await run({ ...TIGHT, trip: TRIP });
    const plain = await run(null);
    expect([budgetTrips, acks]).toEqual([1, plain.acks]);
    expect(outputHash).not.toBe(plain.outputHash);
  });

  it("says unknown of the shard with the threaded driver, whose shards are not measured", async () => {
    const { budget, outputHash } = await run(TIGHT, { driver: "threaded", shards: 2 });
    expect(budget?.["shard"]).toEqual({ budgetNs: 1, violations: null, worstNs: null });
    expect(outputHash).toBe((await run(null)).outputHash);
  });

  it("is no part of what a checkpoint belongs to", async () => {
    const store = new MemoryStore();
    const whole = await run(null);
    const half = BYTES.subarray(0, BYTES.length / 2);
    await run(null, { store, checkpointEveryNs: 0, pieceBytes: half.length / 2, openSource: (position) => new BytesSource(half, position, half.length) });
    expect(store.saved.length).toBeGreaterThan(0);
    const resumed = await run(TIGHT, { store, resume: true });
    expect(resumed.outputHash).toBe(whole.outputHash);
  });

  it("stands in the summary for people", async () => {
    const summary = await run({ ...TIGHT, trip: TRIP });
    const text = summaryText("t", {
      ...summary,
      budget: { ingest: { budgetNs: 5000, violations: 12, worstNs: 90_000 }, shard: { budgetNs: 1000, violations: null, worstNs: null } },
      budgetTrips: 2,
    });
    expect(text).toContain("  budget    ingest 5.00 us: 12 over it, worst 90.0 us   shard 1.00 us: unknown   the breaker fell 2 times\n");
    expect(summaryText("t", await run(null))).not.toContain("budget");
  });
});

describe("a live run", () => {
  it("is READY once its gates hold, after the input has begun; orders before that are refused", async () => {
    const log = join(folder, "live.log");
    const plain = await run(null);
    const lifecycles: string[] = [];
    // The source waits until the gates were looked at, twice as long as it takes to look: a busy host makes it longer, not shorter.
    const live = await run(null, {
      isLive: true,
      log: { file: log, level: LOG_INFO, format: "text" },
      onProgress: ({ lifecycle }) => void lifecycles.push(lifecycle),
      openSource: () => new PausingSource(BYTES, log),
    });
    const said = readFileSync(log, "utf8");
    const [begun, ready] = [said.indexOf("run-started"), said.indexOf("WARMUP -> READY")];
    expect(begun).toBeGreaterThan(0);
    expect(ready).toBeGreaterThan(begun);
    expect(lifecycles[0]).toBe("WARMUP");
    expect(live.acks).toBe(plain.acks);
    expect(live.outputHash).not.toBe(plain.outputHash);
  });

  it("a replay does not ask the gates", async () => {
    const lifecycles = new Set<string>();
    await run(null, { onProgress: ({ lifecycle }) => void lifecycles.add(lifecycle) });
    expect([...lifecycles]).toEqual(["READY"]);
  });
});

/** Half of the bytes, then nothing until the log says READY, then the rest. */
class PausingSource extends BytesSource {
  private readonly log: string;
  private readonly half: number;
  private given = 0;

  constructor(bytes: Uint8Array, log: string) {
    super(bytes, 0, 4096);
    this.log = log;
    this.half = bytes.length / 2;
  }

  override async read(): Promise<Uint8Array | null> {
    if (this.given >= this.half) while (!readFileSync(this.log, "utf8").includes("-> READY")) await new Promise((resolve) => setImmediate(resolve));
    const bytes = await super.read();
    this.given += bytes?.length ?? 0;
    return bytes;
  }
}
