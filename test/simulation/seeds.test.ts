/**
 * Many seeds of every scenario through the whole pipeline. Each run must lose nothing, end with the exchange's own books, and give
 * the same output hash with another number of shards, batch and piece size. TERCEL_SEEDS sets how many seeds; the seed is in the name.
 */
import { describe, expect, it } from "vitest";
import { demoPlan } from "../../src/cli/demo-plan.ts";
import { runPipeline, type RunSummary } from "../../src/cli/pipeline-run.ts";
import { SimulatorSource } from "../../src/cli/simulator-source.ts";
import { Random } from "../../src/kernel/core/random.ts";
import { scenarioNames } from "../../src/sim/scenario.ts";
import { MarketSimulator } from "../../src/sim/simulator.ts";

const SEEDS = Number(process.env["TERCEL_SEEDS"] ?? "3");
const MESSAGES = 60_000;

async function run(scenario: string, seed: number, shards: number, batch: number, pieceBytes: number): Promise<RunSummary> {
  const simulator = new MarketSimulator({ seed, scenario, instruments: 200, messages: MESSAGES });
  const plan = demoPlan();
  return runPipeline({
    plan: { ...plan, limits: { ...plan.limits, instruments: 256, orders: 1 << 17, levels: 1 << 16, ringRecords: 1024 } },
    feed: "itch50",
    input: [scenario],
    driver: "inline",
    shards,
    batch,
    pieceBytes,
    speed: Infinity,
    store: null,
    checkpointEveryNs: 1e9,
    resume: false,
    warmUp: false,
    openSource: (position) => new SimulatorSource(simulator, position),
    truth: (symbol) => simulator.truth(symbol),
  });
}

describe.each(scenarioNames())("scenario %s", (scenario) => {
  for (let seed = 1; seed <= SEEDS; seed++) {
    it(`seed ${seed}: nothing lost, books equal, one hash however it is run`, async () => {
      const first = await run(scenario, seed, 1, 256, 1472);
      expect(first.lost).toBe(0);
      expect(first.malformed).toBe(0);
      expect(first.invariants).toEqual({ booksChecked: 200, booksEqual: 200 });
      const draw = new Random(new Int32Array(4), seed);
      const other = await run(scenario, seed, 2 + draw.nextBelow(4), 1 + draw.nextBelow(300), 1 + draw.nextBelow(4000));
      expect(other.outputHash).toBe(first.outputHash);
      expect(other.invariants).toEqual(first.invariants);
    });
  }
});
