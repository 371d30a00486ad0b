import { describe, expect, it } from "vitest";
import { TestClock } from "../../kernel/core/clock.ts";
import { InstrumentRegistry } from "../../kernel/instrument/registry.ts";
import { STATE_READY, STATE_WARMUP } from "../../kernel/lifecycle/state-word.ts";
import { Arena } from "../../kernel/memory/arena.ts";
import {
  ACK_FILLED,
  ACK_NOT_EXECUTED,
  ACK_REJECTED,
  AckView,
  REASON_BREAKER_OPEN,
  REASON_LOT,
  REASON_NONE,
  REASON_NOT_READY,
  REASON_NO_LIQUIDITY,
} from "../../kernel/record/ack.ts";
import { FLAG_CRITICAL, FLAG_LAST, flagNames } from "../../kernel/record/flags.ts";
import { SIDE_ASK, SIDE_BID, SIDE_NONE, TYPE_ACK, TYPE_SIGNAL, TYPE_VALUES } from "../../kernel/record/header.ts";
import { KIND_RULE, SignalView } from "../../kernel/record/signal.ts";
import { VALUES_FIRST_F64 } from "../../kernel/record/values.ts";
import { GatedRing } from "../../kernel/ring/gated-ring.ts";
import { LevelBook } from "../../market/book/level-book.ts";
import type { MarketBreaker } from "../../trading/risk/market-breaker.ts";
import { Deltas } from "../../../test/model/book-records.ts";
import { CAUSE_SEQUENCE, CAUSE_TS_RECV, Emitter } from "./emitter.ts";
import { LaneQuality } from "./lane-quality.ts";
import { DRAFT_PRICE, DRAFT_STRENGTH, SignalDesk } from "./signal-desk.ts";

function setUp(options: { qty?: string | null; breakerOpen?: boolean; qtyScale?: number } = {}) {
  const { qty = "2", breakerOpen = false, qtyScale = 1 } = options;
  const arena = Arena.create("desk", 1 << 22);
  const registry = new InstrumentRegistry(arena, 2);
  registry.add(Uint8Array.of(65), 0, 1, 2, qtyScale);
  const ring = GatedRing.create(256);
  const emitter = new Emitter(arena, ring, { relieve: () => expect.fail("full") });
  const book = new LevelBook(arena, { instruments: 2, levels: 64 });
  const clock = new TestClock(1000);
  const desk = new SignalDesk(arena, {
    emitter,
    quality: new LaneQuality(arena, 2, true),
    registry,
    top: book.top,
    breaker: { reasonAgainst: () => (breakerOpen ? REASON_BREAKER_OPEN : REASON_NONE) } as unknown as MarketBreaker,
    orders: qty === null ? null : { qty },
    clock,
  });
  arena.seal();
  desk.stateWord = STATE_READY;
  emitter.cause[CAUSE_SEQUENCE] = 42;
  emitter.cause[CAUSE_TS_RECV] = 400;
  const raise = (side: number, values: number = 0, extra: number = 0) => {
    desk.draft[DRAFT_PRICE] = 12_345;
    desk.draft[DRAFT_STRENGTH] = 0.5;
    for (let i = 0; i < values; i++) desk.values[i] = i + 0.25;
    desk.raise(0, KIND_RULE, 3, side, values, 1, extra);
    emitter.commit();
    return Array.from({ length: ring.available() }, (_, n) => ring.slotAt(n));
  };
  const typeAt = (slot: number): number => ring.slots.u8[slot * 64];
  const flagsAt = (slot: number): string[] => flagNames(ring.slots.u16[slot * 32 + 1]);
  const ack = (slots: number[]) => {
    const slot = slots.find((candidate) => typeAt(candidate) === TYPE_ACK) as number;
    const { status, reason, price, qty: filled, side } = new AckView(ring.slots).at(ring.slots, slot);
    return { status, reason, price, qty: filled, side };
  };
  return { desk, ring, clock, deltas: new Deltas(book), raise, ack, typeAt, flagsAt };
}

describe("the signal desk", () => {
  it("says a signal with its values, four to a record, the last of the chain marked", () => {
    const { raise, ring, typeAt, flagsAt } = setUp();
    const slots = raise(SIDE_NONE, 6);
    expect(slots.map(typeAt)).toEqual([TYPE_SIGNAL, TYPE_VALUES, TYPE_VALUES]);
    expect(slots.map((slot) => flagsAt(slot).includes("LAST"))).toEqual([false, false, true]);
    const { price, strength, rule, kind, side, values, emitIndex } = new SignalView(ring.slots).at(ring.slots, slots[0]);
    expect({ price, strength, rule, kind, side, values, emitIndex }).toEqual({
      price: 12_345,
      strength: 0.5,
      rule: 3,
      kind: KIND_RULE,
      side: SIDE_NONE,
      values: 6,
      emitIndex: 0,
    });
    expect([...ring.slots.f64.slice(slots[1] * 8 + VALUES_FIRST_F64, slots[1] * 8 + 8), ring.slots.f64[slots[2] * 8 + VALUES_FIRST_F64]]).toEqual([
      0.25, 1.25, 2.25, 3.25, 4.25,
    ]);
  });

  it("puts what its caller adds on all of the signal and on the ack of its order", () => {
    const { raise, flagsAt, typeAt } = setUp();
    const slots = raise(SIDE_BID, 6, FLAG_CRITICAL);
    expect(slots.map(typeAt)).toEqual([TYPE_SIGNAL, TYPE_VALUES, TYPE_VALUES, TYPE_ACK]);
    for (const slot of slots) expect(flagsAt(slot)).toContain("CRITICAL");
  });

  it("ends the chain with the signal itself when it carries no values", () => {
    const { raise, ring } = setUp();
    const [slot] = raise(SIDE_NONE);
    expect(ring.slots.u16[slot * 32 + 1] & FLAG_LAST).toBe(FLAG_LAST);
  });

  it("sends an order for a side: a buy is filled at the ask, a sell at the bid, at the instrument's scale", () => {
    for (const [side, price] of [
      [SIDE_BID, 10_100],
      [SIDE_ASK, 9900],
    ]) {
      const { raise, ack, deltas } = setUp();
      deltas.set(SIDE_BID, 9900, 5);
      deltas.set(SIDE_ASK, 10_100, 5);
      expect(ack(raise(side))).toEqual({ status: ACK_FILLED, reason: REASON_NONE, price, qty: 20, side });
    }
  });

  it("refuses with a reason, and then nothing is filled", () => {
    const none = { price: 0, qty: 0, side: SIDE_BID };
    const full = (desk: ReturnType<typeof setUp>) => (desk.deltas.set(SIDE_ASK, 10_100, 5), desk);
    const empty = setUp();
    expect(empty.ack(empty.raise(SIDE_BID))).toEqual({ ...none, status: ACK_REJECTED, reason: REASON_NO_LIQUIDITY });
    const lot = full(setUp({ qty: "0.05" }));
    expect(lot.ack(lot.raise(SIDE_BID))).toEqual({ ...none, status: ACK_REJECTED, reason: REASON_LOT });
    const cold = full(setUp());
    cold.desk.stateWord = STATE_WARMUP;
    expect(cold.ack(cold.raise(SIDE_BID))).toEqual({ ...none, status: ACK_NOT_EXECUTED, reason: REASON_NOT_READY });
  });

  it("withholds the order while the breaker is open, and says so on the signal", () => {
    const { raise, ack, deltas, flagsAt } = setUp({ breakerOpen: true });
    deltas.set(SIDE_ASK, 10_100, 5);
    const slots = raise(SIDE_BID);
    expect(ack(slots)).toMatchObject({ status: ACK_REJECTED, reason: REASON_BREAKER_OPEN, qty: 0 });
    expect(flagsAt(slots[0])).toContain("SUPPRESSED");
  });

  it("sends nothing for a signal without a side, or in a pipeline without orders", () => {
    for (const [qty, side] of [
      ["2", SIDE_NONE],
      [null, SIDE_BID],
    ] as const) {
      const { raise, typeAt } = setUp({ qty });
      expect(raise(side).map(typeAt)).toEqual([TYPE_SIGNAL]);
    }
  });

  it("marks a signal made over a crossed book", () => {
    const { raise, deltas, flagsAt } = setUp();
    deltas.set(SIDE_BID, 10_200, 5);
    deltas.set(SIDE_ASK, 10_100, 5);
    expect(flagsAt(raise(SIDE_NONE)[0])).toContain("BOOK_CROSSED");
  });

  it("measures decision and completion from the receipt of the cause, within a Uint32", () => {
    const measure = (now: number): number[] => {
      const { raise, ring, clock, typeAt } = setUp();
      clock.advance(now - 1000);
      const slot = raise(SIDE_BID).find((candidate) => typeAt(candidate) === TYPE_ACK) as number;
      const view = new AckView(ring.slots).at(ring.slots, slot);
      return [view.decisionNs, view.completionNs];
    };
    expect(measure(1000)).toEqual([600, 600]);
    expect(measure(1e12)).toEqual([4_294_967_295, 4_294_967_295]);
  });
});
