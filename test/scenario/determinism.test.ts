/**
 * One input, one output: whatever the batch, the pieces, the shards and the driver, and through checkpoints taken at random places
 * and resumed in new objects. What must be equal is the hash of every output in its order, and every line that a sink was given.
 */
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import type { PartitionPlan, PipelinePlan } from "../../src/engine/pipeline/plan.ts";
import { Random } from "../../src/kernel/core/random.ts";
import type { Arena } from "../../src/kernel/memory/arena.ts";
import { TYPE_ACK, TYPE_BAR, TYPE_PANE, TYPE_SIGNAL } from "../../src/kernel/record/header.ts";
import { dataPath, itWithData } from "../data.ts";
import {
  BytesSource,
  MemoryStore,
  busyPlan,
  createEngine,
  hashOf,
  lostOf,
  runBytes,
  simulatedBytes,
  type Engine,
  type EngineOptions,
} from "../model/engine-rig.ts";

const SPOT = "crypto_binance_raw_eth/spot_ethusdt_20240808.gz";
const SESSION = simulatedBytes({ seed: 11, instruments: 300, messages: 150_000 });
const SHORT = simulatedBytes({ seed: 12, instruments: 40, messages: 12_000 });

/** Cells that count barriers, hold receive times or the rests of pieces: the only state in which a resumed run may differ from a whole one. */
const OWN_TO_A_RUN = ["ingest.state", "shard.count", "emitter.cause", "collector.received", "framing.pending"];

const VARIATIONS: readonly EngineOptions[] = [
  {},
  { batch: 1 },
  { batch: 7, shards: 2 },
  { pieceBytes: 7 * 1024 + 1, shards: 3 },
  { pieceBytes: 65_536, shards: 5 },
  { pieceBytes: 65_536, shards: 5, batch: 1 },
  { driver: "threaded" },
  { driver: "threaded", shards: 2, batch: 7 },
  { driver: "threaded", shards: 3, pieceBytes: 65_536 },
];

const SYMBOLS = symbolsOf(SESSION);

/** Pins, groups and weights over the symbols of the session: all on one shard of three, the busiest apart, pairs together. */
const PARTITIONS: readonly { title: string; partition: PartitionPlan; options: EngineOptions }[] = [
  { title: "all on the last of three shards", partition: partitioned({ pins: SYMBOLS.map((symbol) => ({ symbol, shard: 2 })) }), options: { shards: 3 } },
  { title: "pins that wrap around", partition: partitioned({ pins: SYMBOLS.map((symbol, i) => ({ symbol, shard: i % 64 })) }), options: { shards: 5 } },
  {
    title: "groups and pins, threaded",
    partition: partitioned({
      pins: [{ symbol: SYMBOLS[0], shard: 1 }],
      groups: [
        { key: SYMBOLS[0], symbols: SYMBOLS.slice(1, 20) },
        { key: SYMBOLS[20], symbols: SYMBOLS.slice(21, 30) },
      ],
    }),
    options: { shards: 2, driver: "threaded" },
  },
  {
    title: "weights",
    partition: partitioned({ weights: SYMBOLS.map((symbol, i) => ({ symbol, weight: 1000 / (i + 1) })) }),
    options: { shards: 4, batch: 7 },
  },
];

function partitioned(plan: Partial<PartitionPlan>): PartitionPlan {
  return { pins: [], groups: [], weights: [], ...plan };
}

function busyPlanWith(partition: PartitionPlan): PipelinePlan {
  return { ...busyPlan(), partition };
}

/** The symbols of a session, in the order of their first record. */
function symbolsOf(bytes: Uint8Array): string[] {
  const { assembly } = createEngine();
  assembly.feed.push(bytes, 0, 20_000);
  return assembly.market.registry.symbols();
}

/** The shard of every instrument that a run has seen. */
function ownersOf({ assembly }: Engine): Map<string, number> {
  return new Map(assembly.market.registry.symbols().map((symbol, instrument) => [symbol, assembly.ingest.shardOfInstrument(instrument)]));
}

function titleOf({ driver = "inline", shards = 1, batch = 256, pieceBytes = 1472 }: EngineOptions): string {
  return `${driver}, ${shards} shard(s), batch ${batch}, pieces of ${pieceBytes}`;
}

function regionsThatDiffer(a: Arena, b: Arena): string[] {
  const [left, right] = [a.snapshot(), b.snapshot()];
  return a.regions
    .filter(({ offset, bytes }) => Buffer.compare(left.subarray(offset, offset + bytes), right.subarray(offset, offset + bytes)) !== 0)
    .map(({ name }) => name);
}

function arenasOf({ assembly }: Engine): Arena[] {
  return [assembly.market.arena, assembly.ingestArena, assembly.collectorArena, ...assembly.shardArenas];
}

/** Interrupts a run at a random place after a checkpoint at a random place, and resumes it in new objects. */
async function interrupted(bytes: Uint8Array, options: EngineOptions, random: Random): Promise<{ engine: Engine; lines: string[]; cut: number }> {
  const store = new MemoryStore();
  const lines: string[] = [];
  const checkpointAfter = random.nextBelow(Math.floor(bytes.length * 0.9));
  const dieAfter = checkpointAfter + random.nextBelow(bytes.length - checkpointAfter);
  const pieceBytes = 1 + random.nextBelow(2000);
  const first = createEngine({ ...options, pieceBytes, store, lines, checkpointAt: (position) => position > checkpointAfter && store.saved.length === 0 });
  first.run.begin();
  const source = new BytesSource(bytes, 0, 4096, (position) => {
    if (position > dieAfter && store.saved.length > 0) throw new Error("cut");
  });
  const how = await first.run.consume(source).then(
    () => "end",
    (error: Error) => error.message,
  );
  expect(["cut", "end"]).toContain(how);
  expect(store.saved.length).toBe(1);
  const engine = createEngine({ ...options, store, lines, checkpointAt: () => false });
  const cut = engine.run.resume();
  await engine.run.consume(new BytesSource(bytes, cut));
  return { engine, lines, cut };
}

describe("a simulated session of 150,000 messages in 300 instruments", () => {
  const expected = runBytes(SESSION);

  it("makes outputs of every kind", async () => {
    const { collector } = (await expected).assembly;
    for (const type of [TYPE_SIGNAL, TYPE_BAR, TYPE_PANE, TYPE_ACK]) expect(collector.recordsOfType(type), `type ${type}`).toBeGreaterThan(100);
  });

  it.each(VARIATIONS.map((options) => ({ title: titleOf(options), options })))("has one output hash: $title", async ({ options }) => {
    const engine = await runBytes(SESSION, options);
    expect(hashOf(engine)).toBe(hashOf(await expected));
    expect(lostOf(engine)).toEqual({ input: 0, output: 0 });
  });

  it.each(PARTITIONS)("has one output hash whichever shard owns which instrument: $title", async ({ partition, options }) => {
    const plan = busyPlanWith(partition);
    const engine = await runBytes(SESSION, { ...options, plan });
    expect(hashOf(engine)).toBe(hashOf(await expected));
    expect(lostOf(engine)).toEqual({ input: 0, output: 0 });
    const owners = ownersOf(engine);
    expect(owners.size).toBe(300);
    const shards = options.shards ?? 1;
    for (const { symbol, shard } of partition.pins) expect(owners.get(symbol), symbol).toBe(shard % shards);
    for (const { key, symbols } of partition.groups) for (const symbol of symbols) expect(owners.get(symbol), symbol).toBe(owners.get(key));
  });

  it("has another hash when an instrument's records go to two shards", async () => {
    const engine = createEngine({ shards: 2 });
    let asked = 0;
    engine.assembly.ingest.shardOfInstrument = () => asked++ % 2;
    engine.run.begin();
    await engine.run.consume(new BytesSource(SESSION));
    expect(hashOf(engine)).not.toBe(hashOf(await expected));
  });

  it("has another hash when one bit of an executed quantity differs", async () => {
    const changed = SHORT.slice();
    let at = 0;
    while (changed[at + 2] !== 0x45) at += 2 + changed[at] * 256 + changed[at + 1]; // E, order executed: shares at 19
    changed[at + 2 + 22] ^= 1;
    expect(hashOf(await runBytes(changed))).not.toBe(hashOf(await runBytes(SHORT)));
  });
});

describe("a short session, byte by byte and through tiny rings", () => {
  it.each<EngineOptions>([{ pieceBytes: 1 }, { pieceBytes: 1, shards: 3, batch: 1 }, { pieceBytes: 1, driver: "threaded", shards: 2 }])(
    "one byte at a time gives the hash of whole packets: %o",
    async (options) => {
      expect(hashOf(await runBytes(SHORT, options))).toBe(hashOf(await runBytes(SHORT)));
    },
  );

  it("so does a read of the source of any length", async () => {
    const expected = hashOf(await runBytes(SHORT));
    for (const readBytes of [13, 999, 1 << 20]) expect(hashOf(await runBytes(SHORT, {}, readBytes))).toBe(expected);
  });
});

describe("a run cut off anywhere and resumed from its checkpoint in new objects", () => {
  const plans: readonly EngineOptions[] = [
    {},
    { shards: 3, batch: 7 },
    { shards: 2, plan: { ...busyPlan({ ringRecords: 128 }), partition: PARTITIONS[3].partition }, batch: 128 },
    { driver: "threaded", shards: 2 },
  ];
  for (const options of plans) {
    it(`ends with the hash, the lines and the arenas of one that was not: ${titleOf(options)}`, async () => {
      const wholeLines: string[] = [];
      const whole = await runBytes(SHORT, { ...options, lines: wholeLines });
      expect(wholeLines.length).toBeGreaterThan(1000);
      const random = new Random(new Int32Array(4), 77);
      for (let draw = 0; draw < (options.driver === "threaded" ? 3 : 8); draw++) {
        const { engine, lines, cut } = await interrupted(SHORT, options, random);
        const what = `draw ${draw}, resumed at byte ${cut} of ${SHORT.length}`;
        expect(cut, what).toBeGreaterThan(0);
        expect(hashOf(engine), what).toBe(hashOf(whole));
        expect(lostOf(engine), what).toEqual({ input: 0, output: 0 });
        expect(lines, what).toEqual(wholeLines);
        const others = arenasOf(whole);
        arenasOf(engine).forEach((arena, index) => {
          expect(OWN_TO_A_RUN, what).toEqual(expect.arrayContaining(regionsThatDiffer(arena, others[index])));
        });
      }
    });
  }

  it("is not the same run when a byte of the checkpoint's state differs", async () => {
    const store = new MemoryStore();
    const engine = createEngine({ store, checkpointAt: (position) => position > SHORT.length / 2 && store.saved.length === 0 });
    engine.run.begin();
    await engine.run.consume(new BytesSource(SHORT));
    const collector = store.saved[0].parts.find((part) => part.name === "collector")?.bytes as Uint8Array;
    const { offset } = engine.assembly.collectorArena.regions[0];
    collector[offset] ^= 1;
    const resumed = createEngine({ store, checkpointAt: () => false });
    await resumed.run.consume(new BytesSource(SHORT, resumed.run.resume()));
    expect(hashOf(resumed)).not.toBe(hashOf(engine));
  });
});

describe("a capture of Binance spot", () => {
  const plan: PipelinePlan = { ...busyPlan({ instruments: 16, orders: 16 }), name: "spot" };
  const load = (): Uint8Array => new Uint8Array(gunzipSync(readFileSync(dataPath(SPOT))));

  itWithData("has one output hash for every batch, piece size, number of shards and driver", [SPOT], async () => {
    const bytes = load();
    const options = { plan, feed: "binance" };
    const expected = await runBytes(bytes, options);
    expect(expected.assembly.collector.recordsOfType(TYPE_SIGNAL)).toBeGreaterThan(100);
    for (const variation of [
      { pieceBytes: 7, batch: 7 },
      { shards: 3, batch: 1 },
      { pieceBytes: 65_536, shards: 2 },
      { driver: "threaded", shards: 2 },
    ] as const) {
      expect(hashOf(await runBytes(bytes, { ...options, ...variation })), titleOf(variation)).toBe(hashOf(expected));
    }
  });

  itWithData("goes on from checkpoints at random places to the same hash and lines", [SPOT], async () => {
    const bytes = load();
    const options = { plan, feed: "binance", shards: 2 };
    const wholeLines: string[] = [];
    const whole = await runBytes(bytes, { ...options, lines: wholeLines });
    const random = new Random(new Int32Array(4), 78);
    for (let draw = 0; draw < 4; draw++) {
      const { engine, lines, cut } = await interrupted(bytes, options, random);
      expect(hashOf(engine), `resumed at ${cut}`).toBe(hashOf(whole));
      expect(lines).toEqual(wholeLines);
    }
  });
});
