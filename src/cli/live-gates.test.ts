import { describe, expect, it } from "vitest";
import { BytesSource, busyPlan, createEngine, simulatedBytes, type Engine } from "../../test/model/engine-rig.ts";
import { GATE_BOOKS_SYNCED, GATE_FEEDS_FRESH, GATE_LOOKBACK_FILLED } from "../control/readiness.ts";
import { pipeline } from "../engine/pipeline/pipeline.ts";
import { LiveClock, TestClock, type Clock } from "../kernel/core/clock.ts";
import { HEADER_TS_RECV_F64 } from "../kernel/record/header.ts";
import { FEED_STALE_NS, liveGates } from "./live-gates.ts";

const BYTES = simulatedBytes({ seed: 3, instruments: 5, scenario: "calm", messages: 20_000 });

/** What each gate misses. */
function missing({ assembly }: Engine, clock: Clock = new LiveClock()): Record<string, string | null> {
  return Object.fromEntries(liveGates(assembly, clock).map((gate) => [gate.name, gate.missing()]));
}

async function consume(engine: Engine, bytes: Uint8Array): Promise<void> {
  engine.run.begin();
  await engine.run.consume(new BytesSource(bytes));
}

describe("the gates of a live run", () => {
  it("all miss something before the first byte, and say what", () => {
    expect(missing(createEngine())).toEqual({
      [GATE_BOOKS_SYNCED]: "0 of 0 books in step, expected 1",
      [GATE_FEEDS_FRESH]: "nothing received yet",
      [GATE_LOOKBACK_FILLED]: "0 of 0 bars of instruments whose rules answer, expected 1",
    });
  });

  it.each([
    { driver: "inline", shards: 1 },
    { driver: "threaded", shards: 2 },
  ] as const)("have passed after a session, $driver, $shards shards", async (options) => {
    const engine = createEngine(options);
    await consume(engine, BYTES);
    expect(missing(engine)).toEqual({ [GATE_BOOKS_SYNCED]: null, [GATE_FEEDS_FRESH]: null, [GATE_LOOKBACK_FILLED]: null });
  });

  it("books: fails when more than a tenth of them is out of step", async () => {
    const engine = createEngine();
    await consume(engine, BYTES);
    const { shards, market } = engine.assembly;
    const isSynced = shards[0].isSynced.bind(shards[0]);
    const lost = new Set([2]);
    shards[0].isSynced = (lane) => !lost.has(lane) && isSynced(lane);
    expect(market.registry.count).toBe(5);
    expect(missing(engine)[GATE_BOOKS_SYNCED]).toBe("4 of 5 books in step, expected 5");
    lost.clear();
    expect(missing(engine)[GATE_BOOKS_SYNCED]).toBeNull();
  });

  it("lookback: fails until the instruments that make half of the bars have an answer to every rule", async () => {
    const slow = pipeline("slow").bars("50ms").signal("trend", "close > sma(1000)").toPlan();
    const engine = createEngine({ plan: { ...slow, limits: busyPlan().limits } });
    await consume(engine, BYTES);
    expect(missing(engine)[GATE_LOOKBACK_FILLED]).toMatch(/^0 of \d+ bars of instruments whose rules answer, expected \d+$/);
  });

  it("lookback: is left out where there are no rules", () => {
    const bare = pipeline("bare").bars("1s").toPlan();
    expect(Object.keys(missing(createEngine({ plan: bare })))).toEqual([GATE_BOOKS_SYNCED, GATE_FEEDS_FRESH]);
  });

  it("feed: is fresh for so long after its newest byte", () => {
    const engine = createEngine();
    const clock = new TestClock(1e9);
    engine.assembly.outlet.slots.f64[HEADER_TS_RECV_F64] = 1e9;
    clock.advance(FEED_STALE_NS);
    expect(missing(engine, clock)[GATE_FEEDS_FRESH]).toBeNull();
    clock.advance(1);
    expect(missing(engine, clock)[GATE_FEEDS_FRESH]).toBe(`age ${FEED_STALE_NS + 1} ns, expected 0 to ${FEED_STALE_NS}`);
  });
});
