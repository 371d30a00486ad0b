/**
 * A whole shard under the snapshot contract: books, bars, rules, windows, patterns, breaker, orders and acks, over one arena. And what
 * it says about its data. Its neighbours are rings that a test fills and empties.
 */
import { describe, expect, it } from "vitest";
import { snapshotContract } from "../../../test/contract/snapshot.ts";
import { TestClock } from "../../kernel/core/clock.ts";
import type { Random } from "../../kernel/core/random.ts";
import { STATE_DEGRADED, STATE_INIT, STATE_READY, StateWord } from "../../kernel/lifecycle/state-word.ts";
import { Arena } from "../../kernel/memory/arena.ts";
import { ACTION_SET, DELTA_PRICE_F64, DELTA_QTY_F64, DELTA_WORD_I32 } from "../../kernel/record/book-delta.ts";
import { FLAG_BAD_TS, FLAG_LAST, flagNames } from "../../kernel/record/flags.ts";
import {
  SIDE_ASK,
  SIDE_BID,
  TYPE_ACK,
  TYPE_BAR,
  TYPE_BOOK_DELTA,
  TYPE_MARKER,
  TYPE_PANE,
  TYPE_TRADE,
  TYPE_VALUES,
  TYPE_VENUE_STATUS,
  headerWord,
  typeName,
} from "../../kernel/record/header.ts";
import { MARKER_BARRIER, MARKER_END, MARKER_KIND_U8, MARKER_WATERMARK, MARKER_WATERMARK_F64, NO_INSTRUMENT } from "../../kernel/record/marker.ts";
import {
  ACK_REASON_U16,
  ACK_STATUS_U8,
  ACK_FILLED,
  ACK_NOT_EXECUTED,
  ACK_REJECTED,
  REASON_BOOK_UNSYNCED,
  REASON_HALTED,
  REASON_NONE,
  REASON_NOT_READY,
} from "../../kernel/record/ack.ts";
import { CONDITION_BROKEN, TRADE_AGGRESSOR_U8, TRADE_CONDITIONS_U8, TRADE_PRICE_F64, TRADE_QTY_F64 } from "../../kernel/record/trade.ts";
import { BOOK_SYNCED, STATUS_BOOK, STATUS_KIND_U8, STATUS_SESSION, STATUS_STATE_U8, STATUS_TRADING } from "../../kernel/record/venue-status.ts";
import { VALUES_FIRST_F64 } from "../../kernel/record/values.ts";
import { GatedRing } from "../../kernel/ring/gated-ring.ts";
import { Market } from "./market.ts";
import { breakout, imbalance, liquidityChange, pipeline, tumbling } from "./pipeline.ts";
import type { PipelinePlan } from "./plan.ts";
import { Shard } from "./shard.ts";

const LANES = 3;
const MS = 1e6;

const PLAN: PipelinePlan = {
  ...pipeline("shard")
    .bars("10ms")
    .signal("up", "close > sma(2)", { side: "buy" })
    .signal("wide", "spread > 1", { side: "sell", every: true })
    .window("flow", tumbling("5ms"), { n: "count", vwap: "vwap", sd: "sd" }, { lateness: "3ms" })
    .pattern("lean", imbalance({ threshold: "30%", hold: "4ms", levels: 3 }))
    .pattern("jump", breakout({ threshold: "1%", over: "20ms" }))
    .pattern("thin", liquidityChange({ threshold: "20%", over: "20ms", side: "bid", levels: 2 }), { critical: false })
    .guard({ velocity: "5% in 10ms", then: "suppress", cooldown: "7ms" })
    .orders({ qty: "2" })
    .toPlan(),
  limits: { instruments: 4, orders: 64, levels: 256, ringRecords: 1024, memoryBytes: 1 << 24 },
};

function createShard(arena: Arena, plan: PipelinePlan = PLAN) {
  const market = new Market(Arena.create("market", 1 << 20), plan.limits.instruments);
  for (const symbol of ["AAA", "BBB", "CCC"]) market.registry.add(new TextEncoder().encode(symbol), 0, 3, 2, 0);
  const input = GatedRing.create(plan.limits.ringRecords);
  const output = GatedRing.create(plan.limits.ringRecords);
  const lifecycle = StateWord.create();
  lifecycle.store(STATE_READY);
  const links = { plan, book: "level" as const, market, input, output, clock: new TestClock(50), lifecycle };
  const shard = new Shard(arena, {
    ...links,
    pressure: {
      relieve() {
        throw new Error("the output ring is full");
      },
    },
  });
  let sequence = 0;
  const put = (type: number, lane: number, tsEvent: number, flags: number = FLAG_LAST): number => {
    const slot = input.claim();
    input.slots.clear(slot);
    input.slots.i32[slot * 16] = headerWord(type, flags);
    input.slots.u32[slot * 16 + 1] = lane;
    input.slots.f64[slot * 8 + 1] = ++sequence;
    input.slots.f64[slot * 8 + 2] = tsEvent;
    return slot;
  };
  return {
    shard,
    input,
    lifecycle,
    /** From where sequences go on: a restored shard is driven by a new rig. */
    startAt: (at: number) => void (sequence = at),
    trade: (lane: number, tsEvent: number, price: number, qty: number = 1, flags: number = FLAG_LAST, condition: number = 0): void => {
      const slot = put(TYPE_TRADE, lane, tsEvent, flags);
      input.slots.f64[slot * 8 + TRADE_PRICE_F64] = price;
      input.slots.f64[slot * 8 + TRADE_QTY_F64] = qty;
      input.slots.u8[slot * 64 + TRADE_AGGRESSOR_U8] = price % 2;
      input.slots.u8[slot * 64 + TRADE_CONDITIONS_U8] = condition;
    },
    level: (lane: number, side: number, price: number, qty: number, tsEvent: number = 0): void => {
      const slot = put(TYPE_BOOK_DELTA, lane, tsEvent);
      input.slots.f64[slot * 8 + DELTA_PRICE_F64] = price;
      input.slots.f64[slot * 8 + DELTA_QTY_F64] = qty;
      input.slots.i32[slot * 16 + DELTA_WORD_I32] = ACTION_SET | (side << 8);
    },
    status: (lane: number, kind: number, state: number): void => {
      const slot = put(TYPE_VENUE_STATUS, lane, 0);
      input.slots.u8[slot * 64 + STATUS_KIND_U8] = kind;
      input.slots.u8[slot * 64 + STATUS_STATE_U8] = state;
    },
    mark: (kind: number, watermark: number): void => {
      const slot = put(TYPE_MARKER, NO_INSTRUMENT, watermark);
      input.slots.u8[slot * 64 + MARKER_KIND_U8] = kind;
      input.slots.f64[slot * 8 + MARKER_WATERMARK_F64] = watermark;
    },
    /** Takes everything; answers what was said, as the records' words. */
    poll: (): Uint32Array[] => {
      input.commit();
      while (shard.poll(7) > 0);
      const said = Array.from({ length: output.available() }, (_, n) => output.slots.u32.slice(output.slotAt(n) * 16, output.slotAt(n) * 16 + 16));
      output.release(said.length);
      return said;
    },
  };
}

function rig(plan: PipelinePlan = PLAN) {
  const arena = Arena.create("shard", 1 << 24);
  const created = createShard(arena, plan);
  arena.seal();
  return { ...created, arena };
}

const typeOf = (record: Uint32Array): number => record[0] & 0xff;
const flagsOf = (record: Uint32Array): string[] => flagNames((record[0] >>> 16) & ~FLAG_LAST);
const ackOf = (record: Uint32Array): { status: number; reason: number } => {
  const bytes = new Uint8Array(record.slice().buffer);
  return { status: bytes[ACK_STATUS_U8], reason: bytes[ACK_REASON_U16 * 2] + bytes[ACK_REASON_U16 * 2 + 1] * 256 };
};
const only = (records: readonly Uint32Array[], type: number): Uint32Array[] => records.filter((record) => typeOf(record) === type);

snapshotContract(
  "a whole shard",
  (arena) => {
    const driver = createShard(arena);
    const place = arena.float64("test.place", 2); // time and sequence of the test itself
    const act = (random: Random): void => {
      const lane = random.nextBelow(LANES);
      const draw = random.nextBelow(100);
      if (draw < 45)
        driver.trade(
          lane,
          Math.max(0, place[0] - random.nextBelow(4) * MS),
          9900 + random.nextBelow(300) + (random.nextBelow(50) === 0 ? 900 : 0),
          1 + random.nextBelow(9),
        );
      else if (draw < 70) {
        const side = random.nextBelow(2);
        driver.level(lane, side, side === SIDE_BID ? 9990 - random.nextBelow(9) : 9995 + random.nextBelow(9), random.nextBelow(5), place[0]);
      } else if (draw < 75) driver.status(lane, STATUS_BOOK, random.nextBelow(3));
      else if (draw < 78) driver.status(lane, STATUS_TRADING, random.nextBelow(3) === 0 ? 0x48 : 0x54);
      else driver.mark(MARKER_WATERMARK, place[0] - 2 * MS);
    };
    return {
      step(random) {
        driver.startAt(place[1]);
        place[0] += random.nextBelow(3) * MS;
        const moves = 1 + random.nextBelow(12);
        for (let n = 0; n < moves; n++) act(random);
        place[1] += moves;
        return { said: driver.poll(), late: driver.shard.late, consumed: driver.shard.consumed };
      },
    };
  },
  { steps: 300, cuts: 8, capacityBytes: 1 << 24 },
);

describe("a shard", () => {
  it("says everything that it can say, in the session of the snapshot contract's kind", () => {
    const { trade, level, mark, status, poll } = rig();
    status(0, STATUS_BOOK, BOOK_SYNCED);
    level(0, SIDE_BID, 9990, 5);
    level(0, SIDE_ASK, 10_200, 5);
    const said = [];
    for (let n = 0; n < 40; n++) {
      trade(0, n * MS, 10_000 + n * 30);
      if (n % 4 === 3) mark(MARKER_WATERMARK, n * MS);
      said.push(...poll());
    }
    mark(MARKER_END, 9_007_199_254_740_991);
    said.push(...poll());
    expect(new Set(said.map((record) => typeName(typeOf(record))))).toEqual(new Set(["bar", "barTail", "signal", "values", "pane", "ack", "marker"]));
  });

  it("takes nothing while the lifecycle is INIT, and everything after", () => {
    const { shard, lifecycle, trade, poll } = rig();
    lifecycle.store(STATE_INIT);
    trade(0, 0, 100);
    expect(poll()).toEqual([]);
    expect(shard.consumed).toBe(0);
    lifecycle.store(STATE_READY);
    poll();
    expect(shard.consumed).toBe(1);
  });

  it("executes an order, or says why not: not ready, halted, book out of step", () => {
    const ask = (prepare: (shard: ReturnType<typeof rig>) => void): { status: number; reason: number } => {
      const created = rig();
      created.status(0, STATUS_BOOK, BOOK_SYNCED);
      created.level(0, SIDE_BID, 9900, 5);
      created.level(0, SIDE_ASK, 10_100, 5);
      prepare(created);
      created.trade(0, 0, 10_000);
      created.mark(MARKER_WATERMARK, 20 * MS);
      return ackOf(only(created.poll(), TYPE_ACK)[0]);
    };
    expect(ask(() => {})).toEqual({ status: ACK_FILLED, reason: REASON_NONE });
    expect(ask(({ lifecycle }) => lifecycle.store(STATE_DEGRADED))).toEqual({ status: ACK_NOT_EXECUTED, reason: REASON_NOT_READY });
    expect(ask(({ status }) => status(0, STATUS_TRADING, 0x48))).toEqual({ status: ACK_REJECTED, reason: REASON_HALTED });
    expect(ask(({ status }) => status(0, STATUS_BOOK, 0))).toEqual({ status: ACK_REJECTED, reason: REASON_BOOK_UNSYNCED });
  });

  it("puts the quality of an instrument's data on everything that it says about it, and on nothing else", () => {
    const { trade, mark, status, poll } = rig();
    status(0, STATUS_BOOK, BOOK_SYNCED);
    status(1, STATUS_BOOK, BOOK_SYNCED);
    status(1, STATUS_TRADING, 0x48);
    for (const lane of [0, 1, 2]) trade(lane, 0, 10_000);
    mark(MARKER_WATERMARK, 20 * MS);
    const said = poll().filter((record) => [TYPE_BAR, TYPE_PANE].includes(typeOf(record)));
    expect(said.map((record) => [record[1], ...flagsOf(record)])).toEqual([[0], [0], [1, "HALTED"], [1, "HALTED"], [2, "BOOK_UNSYNCED"], [2, "BOOK_UNSYNCED"]]);
  });

  it("begins session-anchored indicators anew when the venue's market hours begin", () => {
    const plan = { ...pipeline("session").bars("10ms").signal("vwap", "vwap() > 0", { every: true }).toPlan(), limits: PLAN.limits };
    const { trade, mark, status, poll } = rig(plan);
    const vwap = (): number => {
      const [values] = only(poll(), TYPE_VALUES);
      return new Float64Array(values.slice().buffer)[VALUES_FIRST_F64];
    };
    trade(0, 0, 10_000);
    mark(MARKER_WATERMARK, 10 * MS);
    expect(vwap()).toBe(100);
    trade(0, 10 * MS, 30_000);
    mark(MARKER_WATERMARK, 20 * MS);
    expect(vwap()).toBe(200);
    status(NO_INSTRUMENT, STATUS_SESSION, 0x51);
    trade(0, 20 * MS, 50_000);
    mark(MARKER_WATERMARK, 30 * MS);
    expect(vwap()).toBe(500);
  });

  it("leaves broken trades and trades with a bad time out of bars and windows", () => {
    const { trade, mark, poll } = rig();
    trade(0, 0, 10_000, 1, FLAG_LAST, CONDITION_BROKEN);
    trade(0, 0, 10_000, 1, FLAG_LAST | FLAG_BAD_TS);
    mark(MARKER_WATERMARK, 20 * MS);
    expect(poll().map(typeOf)).toEqual([TYPE_MARKER]);
  });

  it("copies itself at a barrier as it stands before what comes after it, and passes the barrier on", () => {
    const { shard, arena, trade, mark, poll } = rig();
    const copy = new Uint8Array(arena.usedBytes);
    shard.setSnapshotTarget(copy);
    trade(0, 0, 10_000);
    mark(MARKER_BARRIER, 0);
    poll();
    const atBarrier = Buffer.from(arena.snapshot());
    expect(atBarrier.equals(copy)).toBe(true);
    trade(0, MS, 10_100);
    poll();
    expect(atBarrier.equals(copy)).toBe(true);
    expect(atBarrier.equals(arena.snapshot())).toBe(false);
  });

  it("gives its input back while it waits for room to speak: the next marker may need it", () => {
    const plan = { ...PLAN, limits: { ...PLAN.limits, ringRecords: 8 } };
    const market = new Market(Arena.create("market", 1 << 20), 4);
    market.registry.add(Uint8Array.of(65), 0, 1, 2, 0);
    const [input, output] = [GatedRing.create(8), GatedRing.create(2)];
    const lifecycle = StateWord.create();
    lifecycle.store(STATE_READY);
    const usedWhileWaiting: number[] = [];
    const relieve = (): void => {
      usedWhileWaiting.push(input.used);
      output.release(output.available());
    };
    const arena = Arena.create("shard", 1 << 24);
    const shard = new Shard(arena, { plan, book: "level", market, input, output, pressure: { relieve }, clock: new TestClock(0), lifecycle });
    arena.seal();
    for (let n = 0; n < 8; n++) {
      const slot = input.claim();
      input.slots.clear(slot);
      input.slots.i32[slot * 16] = headerWord(TYPE_MARKER, FLAG_LAST);
      input.slots.u8[slot * 64 + MARKER_KIND_U8] = MARKER_WATERMARK;
      input.slots.f64[slot * 8 + 1] = n + 1;
    }
    input.commit();
    expect(shard.poll(8)).toBe(8);
    expect(usedWhileWaiting).toEqual([6, 4, 2]);
    expect(input.used).toBe(0);
    expect(shard.consumed).toBe(8);
  });

  it("marks an instrument's book when the book refuses a record, and goes on", () => {
    const { shard, trade, level, status, mark, poll } = rig();
    status(0, STATUS_BOOK, BOOK_SYNCED);
    for (let n = 0; n < 300; n++) level(0, SIDE_BID, 1 + n, 1); // more levels than the book holds
    trade(0, 0, 10_000);
    mark(MARKER_WATERMARK, 20 * MS);
    const said = poll();
    expect(shard.bookRefusals).toBeGreaterThan(0);
    expect(flagsOf(only(said, TYPE_BAR)[0])).toContain("BOOK_UNSYNCED");
  });
});
