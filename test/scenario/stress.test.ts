/**
 * Situations of the market by name, and what the outputs say in them: which signals are flagged, which orders are refused and why, that
 * no book differs from the exchange's and nothing is lost however much comes at once. Never how long it takes.
 */
import { describe, expect, it } from "vitest";
import { levels } from "../../src/market/book/book-view.ts";
import { SIDE_ASK, SIDE_BID } from "../../src/kernel/record/header.ts";
import { MarketSimulator } from "../../src/sim/simulator.ts";
import { busyPlan, hashOf, lostOf, runBytes, type Engine, type EngineOptions } from "../model/engine-rig.ts";

const MESSAGES = 60_000;
const INSTRUMENTS = 30;
/** Instruments that the scenarios' crash moves: the first ten. */
const CRASHED = 10;
/** 09:30:00. */
const BELL_SECOND = 9 * 3600 + 30 * 60;

interface Said {
  readonly signal?: string;
  readonly ack?: string;
  readonly reason?: string;
  readonly instrument: string;
  readonly time: number;
  readonly flags?: readonly string[];
  readonly values?: Readonly<Record<string, number>>;
}

interface Outcome {
  readonly engine: Engine;
  readonly said: readonly Said[];
  readonly simulator: MarketSimulator;
}

async function play(scenario: string, options: EngineOptions = {}): Promise<Outcome> {
  const simulator = new MarketSimulator({ seed: 31, scenario, instruments: INSTRUMENTS, messages: MESSAGES });
  const bytes = new Uint8Array(MESSAGES * 64);
  let length = 0;
  for (let got = simulator.read(bytes, 0); got > 0; got = simulator.read(bytes, length)) length += got;
  const lines: string[] = [];
  const engine = await runBytes(bytes.subarray(0, length), { plan: busyPlan(), lines, ...options });
  return { engine, simulator, said: lines.map((line) => JSON.parse(line) as Said) };
}

/** Seconds from the bell. */
function secondOf({ time }: Said): number {
  return time / 1e9 - BELL_SECOND;
}

function rankOf({ instrument }: Said): number {
  return Number(instrument.slice(3));
}

function expectBooksOfTheVenue({ engine, simulator }: Outcome): void {
  const { assembly } = engine;
  for (let instrument = 0; instrument < INSTRUMENTS; instrument++) {
    const { book } = assembly.shards[assembly.ingest.shardOfInstrument(instrument)];
    const ours = { bids: levels(book, instrument, SIDE_BID), asks: levels(book, instrument, SIDE_ASK) };
    const symbol = assembly.market.registry.symbol(instrument);
    expect(ours, symbol).toEqual(simulator.truth(symbol));
  }
}

describe.each(["open", "close", "burst-10x", "flash-crash", "news-shock", "market-halt"])("%s", (scenario) => {
  it("ends in the exchange's own books with nothing lost, through rings that are far too small as through large ones", async () => {
    const wide = await play(scenario);
    const narrow = await play(scenario, { plan: busyPlan({ ringRecords: 128 }), shards: 3, batch: 128 });
    const threaded = await play(scenario, { plan: busyPlan({ ringRecords: 128 }), shards: 2, batch: 64, driver: "threaded" });
    for (const outcome of [wide, narrow, threaded]) {
      expect(lostOf(outcome.engine)).toEqual({ input: 0, output: 0 });
      expect(hashOf(outcome.engine)).toBe(hashOf(wide.engine));
      expectBooksOfTheVenue(outcome);
    }
  });
});

describe("a flash crash", () => {
  it("trips the breaker of what crashes, whose orders are refused with the reason and whose signals say so", async () => {
    const { said } = await play("flash-crash");
    const trips = said.filter(({ signal, values }) => signal === "breaker" && values?.["state"] === 2);
    expect(new Set(trips.filter((each) => secondOf(each) > 3 && secondOf(each) < 9).map(rankOf)).size).toBeGreaterThanOrEqual(CRASHED / 2);
    const refused = said.filter(({ ack, reason }) => ack === "rejected" && reason === "breakerOpen");
    expect(refused.length).toBeGreaterThan(0);
    for (const each of refused) expect(each.flags).toContain("SUPPRESSED");
    for (const each of said.filter(({ ack }) => ack === "filled")) expect(each.flags ?? []).not.toContain("SUPPRESSED");
  });

  it("leaves those alone that do not crash: their orders are filled while the others are refused", async () => {
    const { said } = await play("flash-crash");
    const during = said.filter((each) => each.ack !== undefined && secondOf(each) > 3.5 && secondOf(each) < 5);
    expect(during.some((each) => each.ack === "filled" && rankOf(each) > CRASHED)).toBe(true);
    expect(during.some((each) => each.reason === "breakerOpen" && rankOf(each) <= CRASHED)).toBe(true);
  });
});

describe("a halt of the whole market", () => {
  it("marks everything that is said meanwhile, fills no order, and ends with the resumption", async () => {
    const { said } = await play("market-halt");
    const halted = said.filter((each) => each.flags?.includes("HALTED") === true);
    expect(halted.length).toBeGreaterThan(0);
    for (const each of halted) expect(each.ack).not.toBe("filled");
    const within = said.filter((each) => each.signal !== undefined && secondOf(each) > 5.01 && secondOf(each) < 8.9);
    expect(within.length).toBeGreaterThan(0);
    for (const each of within) expect(each.flags, JSON.stringify(each)).toContain("HALTED");
    expect(said.some((each) => each.ack === "filled" && secondOf(each) < 5)).toBe(true);
    expect(said.some((each) => each.ack === "filled" && secondOf(each) > 9.1)).toBe(true);
  });
});

describe("hundreds of instruments on several shards", () => {
  it("are shared out: every shard has its part of the instruments and of the records, and together they have all", async () => {
    const simulator = new MarketSimulator({ seed: 32, scenario: "calm", instruments: 400, messages: MESSAGES });
    const bytes = new Uint8Array(MESSAGES * 64);
    let length = 0;
    for (let got = simulator.read(bytes, 0); got > 0; got = simulator.read(bytes, length)) length += got;
    const input = bytes.subarray(0, length);
    const whole = await runBytes(input, { plan: busyPlan() });
    const total = whole.assembly.shards[0].consumed;
    for (const shards of [2, 3, 4]) {
      const engine = await runBytes(input, { plan: busyPlan(), shards });
      const { assembly } = engine;
      expect(hashOf(engine)).toBe(hashOf(whole));
      const instruments = Array.from({ length: shards }, () => 0);
      for (let instrument = 0; instrument < 400; instrument++) instruments[assembly.ingest.shardOfInstrument(instrument)]++;
      const records = assembly.shards.map((shard) => shard.consumed);
      for (const count of instruments) expect(Math.abs(count / (400 / shards) - 1), `${shards} shards: ${instruments.join(", ")}`).toBeLessThan(0.25);
      // Activity falls with rank (the first instrument has a tenth of it), so records are shared less evenly than instruments.
      for (const count of records) expect(count / (total / shards), `${shards} shards: ${records.join(", ")}`).toBeLessThan(1.6);
      expect(records.reduce((sum, count) => sum + count, 0)).toBeGreaterThanOrEqual(total);
    }
  });
});
