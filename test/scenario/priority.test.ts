/**
 * A sink that asks for priority, beside one that does not: the same records, those of one instrument in the same order, critical ones before their
 * turn; nothing of it in the output hash; exactly once through checkpoints at any place, and however small the lanes are.
 */
import { describe, expect, it } from "vitest";
import type { PipelinePlan } from "../../src/engine/pipeline/plan.ts";
import type { OutputText } from "../../src/engine/pipeline/output-text.ts";
import { Random } from "../../src/kernel/core/random.ts";
import {
  BytesSource,
  LinesSink,
  MemoryStore,
  busyPlan,
  createEngine,
  hashOf,
  runBytes,
  simulatedBytes,
  type Engine,
  type EngineOptions,
} from "../model/engine-rig.ts";

/** A run that lasts longer is a deadlock. */
const SLOW_MS = 120_000;
const BYTES = simulatedBytes({ seed: 31, instruments: 40, messages: 12_000 });

const plain = runBytes(BYTES, { plan: { ...urgentPlan(1024), sinks: [] } });

/** The busy plan, one of its rules critical, with a sink that asks for priority. */
function urgentPlan(ringRecords: number): PipelinePlan {
  const plan = busyPlan({ ringRecords });
  const signals = plan.signals.map((signal) => ({ ...signal, critical: signal.name === "down" }));
  return { ...plan, signals, sinks: [{ kind: "file", path: "urgent", priority: true }] };
}

class UrgentLines extends LinesSink {
  readonly priority = true;
}

/** Lines of the ordered and of the priority sink, which outlive the run. */
interface Lines {
  readonly ordered: string[];
  readonly urgent: string[];
}

function options(lines: Lines, given: EngineOptions): EngineOptions {
  const createSinks = (text: () => OutputText): readonly LinesSink[] => [new LinesSink(lines.ordered, text()), new UrgentLines(lines.urgent, text())];
  return { plan: urgentPlan(1024), ...given, createSinks };
}

const instrumentOf = (line: string): string => (JSON.parse(line) as { instrument: string }).instrument;

function byInstrument(lines: readonly string[]): Record<string, string[]> {
  const found: Record<string, string[]> = {};
  for (const line of lines) (found[instrumentOf(line)] ??= []).push(line);
  return found;
}

/** Critical lines that stand before a line which the ordered sink has before them. */
function overtakesIn({ ordered, urgent }: Lines): number {
  const place = new Map(ordered.map((line, n) => [line, n]));
  let overtakes = 0;
  for (let n = urgent.length - 1, least = Infinity; n >= 0; n--) {
    const here = place.get(urgent[n]) ?? -1;
    if (here > least && urgent[n].includes('"critical":true')) overtakes++;
    least = Math.min(least, here);
  }
  return overtakes;
}

function expectSameSet(lines: Lines): void {
  expect(lines.urgent.length).toBeGreaterThan(1000);
  expect(lines.urgent.toSorted()).toEqual(lines.ordered.toSorted());
  expect(byInstrument(lines.urgent)).toEqual(byInstrument(lines.ordered));
}

const conserved = ({ assembly }: Engine): void => {
  const released = Array.from({ length: 256 }, (_, type) => assembly.collector.recordsOfType(type)).reduce((sum, count) => sum + count, 0);
  expect(assembly.delivery.delivered).toBe(released);
};

const VARIATIONS: readonly EngineOptions[] = [
  { shards: 1 },
  { shards: 2, batch: 7 },
  { shards: 3, plan: urgentPlan(128), batch: 128, pieceBytes: 65_536 },
  { shards: 1, driver: "threaded", plan: urgentPlan(128), batch: 128 },
  { shards: 2, driver: "threaded" },
  { shards: 3, driver: "threaded", plan: urgentPlan(128), batch: 128, pieceBytes: 65_536 },
];
const titleOf = ({ driver = "inline", shards, plan }: EngineOptions): string =>
  `${driver}, ${shards} shard(s), ${plan?.limits.ringRecords ?? 1024} slots a lane`;

describe("a sink that asks for priority", () => {
  it.each(VARIATIONS.map((given) => ({ title: titleOf(given), given })))(
    "gets the records of the ordered sink, each instrument's in order, and leaves the hash alone: $title",
    { timeout: SLOW_MS },
    async ({ given }) => {
      const lines: Lines = { ordered: [], urgent: [] };
      const engine = await runBytes(BYTES, options(lines, given));
      expect(hashOf(engine)).toBe(hashOf(await plain));
      expectSameSet(lines);
      conserved(engine);
      if (given.driver !== "threaded") expect(overtakesIn(lines)).toBeGreaterThan(50);
    },
  );

  it.each(["open", "close", "burst-10x", "flash-crash"])("does so in the situation %s, where patterns over trades and books speak", async (scenario) => {
    const lines: Lines = { ordered: [], urgent: [] };
    const bytes = simulatedBytes({ scenario, seed: 32, instruments: 30, messages: 12_000 });
    const engine = await runBytes(bytes, options(lines, { shards: 2 }));
    expectSameSet(lines);
    conserved(engine);
    expect(overtakesIn(lines)).toBeGreaterThan(20);
    for (const name of ["jump", "drop", "thin", "lean"])
      expect(
        lines.urgent.some((line) => line.startsWith(`{"signal":"${name}"`)),
        name,
      ).toBe(true);
  });

  it("has routine records pulled forward by a critical one of their instrument", async () => {
    const { assembly } = await runBytes(BYTES, options({ ordered: [], urgent: [] }, { shards: 2 }));
    expect(assembly.delivery.pulled).toBeGreaterThan(50);
  });

  it("is no reason for a plan without one to have lanes", async () => {
    const { assembly } = await plain;
    expect([assembly.lanes.length, assembly.delivery.delivered]).toEqual([0, 0]);
    expect(assembly.memoryPlan().some(({ name }) => name.startsWith("lane"))).toBe(false);
    const { assembly: urgent } = createEngine({ plan: urgentPlan(1024), shards: 2 });
    expect(urgent.memoryPlan().filter(({ name }) => name.startsWith("lane"))).toHaveLength(2);
  });

  it("is refused by an assembly whose plan does not know of it", () => {
    expect(() => createEngine(options({ ordered: [], urgent: [] }, { plan: busyPlan() }))).toThrow("a sink asks for priority");
  });
});

describe("a run with such a sink, cut off anywhere and resumed", () => {
  it.each(VARIATIONS.map((given) => ({ title: titleOf(given), given })))(
    "delivers every record exactly once: $title",
    { timeout: SLOW_MS },
    async ({ given }) => {
      const random = new Random(new Int32Array(4), 5);
      for (let draw = 0; draw < (given.driver === "threaded" ? 2 : 5); draw++) {
        const lines: Lines = { ordered: [], urgent: [] };
        const store = new MemoryStore();
        const cuts = 1 + random.nextBelow(4);
        const dieAfter = 4096 + random.nextBelow(BYTES.length - 4096);
        const nextCut = (): number => (store.saved.length + 1) * (dieAfter / (cuts + 1));
        const pieceBytes = 1 + random.nextBelow(3000);
        const first = createEngine(options(lines, { ...given, pieceBytes, store, checkpointAt: (position) => position > nextCut() }));
        first.run.begin();
        const source = new BytesSource(BYTES, 0, 4096, (position) => {
          if (position > dieAfter && store.saved.length > 0) throw new Error("cut");
        });
        await first.run.consume(source).catch((error: Error) => expect(error.message).toBe("cut"));
        expect(store.saved.length).toBeGreaterThan(0);
        const second = createEngine(options(lines, { ...given, store, checkpointAt: () => false }));
        await second.run.consume(new BytesSource(BYTES, second.run.resume()));
        expectSameSet(lines);
        expect(hashOf(second)).toBe(hashOf(await plain));
      }
    },
  );
});
