/** Patterns over books as a shard drives them: whole events, books in step and not, time by events and by the watermark. */
import { describe, expect, it } from "vitest";
import { Deltas } from "../../../test/model/book-records.ts";
import { TestClock } from "../../kernel/core/clock.ts";
import { TIME_UNSET } from "../../kernel/core/units.ts";
import { InstrumentRegistry } from "../../kernel/instrument/registry.ts";
import { Arena } from "../../kernel/memory/arena.ts";
import { FLAG_BAD_TS, FLAG_CRITICAL } from "../../kernel/record/flags.ts";
import { HEADER_FLAGS_U16, HEADER_TS_EVENT_F64, SIDE_ASK, SIDE_BID, SIDE_NONE, TYPE_SIGNAL } from "../../kernel/record/header.ts";
import { KIND_PATTERN, SignalView } from "../../kernel/record/signal.ts";
import { Slots } from "../../kernel/record/slots.ts";
import { TAPE_LENGTH } from "../../kernel/record/tape.ts";
import { VALUES_FIRST_F64 } from "../../kernel/record/values.ts";
import { BOOK_SYNCED, BOOK_UNSYNCED, STATUS_BOOK, STATUS_KIND_U8, STATUS_STATE_U8 } from "../../kernel/record/venue-status.ts";
import { GatedRing } from "../../kernel/ring/gated-ring.ts";
import { LevelBook } from "../../market/book/level-book.ts";
import { Emitter } from "./emitter.ts";
import { LaneQuality } from "./lane-quality.ts";
import { PatternStage } from "./pattern-stage.ts";
import { breakout, imbalance, liquidityChange, pipeline, type Pipeline } from "./pipeline.ts";
import { SignalDesk } from "./signal-desk.ts";

const BOTH = pipeline("p")
  .pattern("lean", imbalance({ threshold: "60%", levels: 1, hold: 100 }), { critical: false })
  .pattern("thin", liquidityChange({ threshold: "50%", over: 100, side: "ask", levels: 2 }));

function rig(built: Pipeline = BOTH) {
  const plan = { ...built.toPlan(), limits: { instruments: 2, orders: 64, levels: 128, ringRecords: 64, memoryBytes: 1 << 22 } };
  const arena = Arena.create("patterns", 1 << 22);
  const registry = new InstrumentRegistry(arena, 2);
  for (const symbol of ["A", "B"]) registry.add(new TextEncoder().encode(symbol), 0, 1, 2, 1);
  const output = GatedRing.create(64);
  const emitter = new Emitter(arena, output, { relieve: () => expect.fail("full") });
  const book = new LevelBook(arena, { instruments: 2, levels: 128 });
  const quality = new LaneQuality(arena, 2, true);
  const desk = new SignalDesk(arena, { emitter, quality, registry, top: book.top, breaker: null, orders: null, clock: new TestClock(0) });
  const clock = Float64Array.of(TIME_UNSET);
  const stage = new PatternStage(arena, plan, { desk, quality, registry, book, tape: new Float64Array(TAPE_LENGTH), clock });
  arena.seal();
  const deltas = new Deltas(book);
  /** Signals said since the last look: name, price, values. */
  const said = (): unknown[] => {
    emitter.commit();
    const view = new SignalView(output.slots);
    const names = Array.from({ length: output.available() }, (_, n) => output.slotAt(n)).filter((slot) => output.slots.u8[slot * 64] === TYPE_SIGNAL);
    const found = names.map((slot) => {
      const { kind, rule, side, price, values, strength, causeIndex } = view.at(output.slots, slot);
      expect({ kind, side, causeIndex }).toEqual({ kind: KIND_PATTERN, side: SIDE_NONE, causeIndex: rule });
      const at = output.slotAt(((slot - output.slotAt(0)) & 63) + 1) * 8 + VALUES_FIRST_F64;
      const isCritical = (output.slots.u16[slot * 32 + HEADER_FLAGS_U16] & FLAG_CRITICAL) !== 0;
      expect(isCritical).toBe(plan.patterns[rule].critical);
      return [plan.patterns[rule].name, price, strength, ...output.slots.f64.slice(at, at + values)];
    });
    output.release(output.available());
    return found;
  };
  const set = (ts: number, side: number, price: number, qty: number, options: { last?: boolean; flags?: number; lane?: number } = {}): void => {
    const { last = true, flags = 0, lane = 0 } = options;
    deltas.set(side, price, qty, last, lane);
    deltas.slots.f64[HEADER_TS_EVENT_F64] = ts;
    deltas.slots.u16[HEADER_FLAGS_U16] |= flags;
    stage.onDelta(lane, deltas.slots, 0);
  };
  const status = (state: number, lane = 0): void => {
    const slots = Slots.create(1);
    slots.u8[STATUS_KIND_U8] = STATUS_BOOK;
    slots.u8[STATUS_STATE_U8] = state;
    quality.onStatus(lane, slots, 0);
    stage.forgetUnsynced(lane, lane + 1);
  };
  const mark = (watermark: number): void => {
    clock[0] = watermark;
    if (stage.isDue()) for (let lane = 0; lane < 2; lane++) stage.drain(lane);
  };
  return { stage, set, status, mark, said };
}

type Rig = ReturnType<typeof rig>;

/** A book of 100 at 1000 and 40 at 1001 (in tenths), and 20 behind it. */
function filled(at: number = 0): Rig {
  const created = rig();
  created.set(at, SIDE_BID, 1000, 100);
  created.set(at, SIDE_ASK, 1001, 40);
  created.set(at, SIDE_ASK, 1002, 20);
  return created;
}

describe("patterns over books", () => {
  it("say what they saw in the instrument's units, at the price that it is about, under their own index", () => {
    const { set, said, mark } = filled();
    set(200, SIDE_ASK, 1001, 9); // asks 60 -> 29; the top leans by 91 of 109
    expect(said()).toEqual([["thin", 1001, 31 / 60, 2.9, 6, -31 / 60]]);
    mark(300);
    expect(said()).toEqual([["lean", 1000, 91 / 109, 91 / 109, 10, 0.9]]);
    mark(400);
    expect(said()).toEqual([]);
  });

  it("a lean to the ask is priced at the ask, an empty side at 0", () => {
    const { set, said } = filled();
    set(200, SIDE_BID, 1000, 4);
    set(300, SIDE_ASK, 1005, 1);
    expect(said()).toEqual([["lean", 1001, 36 / 44, -36 / 44, 0.4, 4]]);
    set(400, SIDE_ASK, 1001, 0, { last: false });
    set(400, SIDE_ASK, 1002, 0, { last: false });
    set(400, SIDE_ASK, 1005, 0);
    expect(said()).toEqual([["thin", 0, 1, 0, 6, -1]]);
  });

  it("look at whole events only", () => {
    const { set, said } = filled();
    set(200, SIDE_ASK, 1001, 0, { last: false });
    set(200, SIDE_ASK, 1003, 40);
    expect(said()).toEqual([]);
  });

  it("a book that is out of step says nothing, and is watched anew once it is in step", () => {
    const { set, status, said, mark } = filled();
    set(150, SIDE_BID, 1000, 900); // leans since 150
    status(BOOK_UNSYNCED);
    set(200, SIDE_ASK, 1001, 1);
    status(BOOK_SYNCED);
    mark(400);
    expect(said()).toEqual([]);
    set(500, SIDE_ASK, 1001, 40);
    set(599, SIDE_ASK, 1001, 1);
    expect(said()).toEqual([]);
    set(600, SIDE_ASK, 1001, 2); // watched since 500, and still short of what it was
    expect(said()).toEqual([
      ["thin", 1001, 38 / 60, 2.2, 6, -38 / 60],
      ["lean", 1000, 898 / 902, 898 / 902, 90, 0.2],
    ]);
  });

  it("so is a crossed one", () => {
    const { set, said, mark } = filled();
    set(150, SIDE_BID, 1000, 900);
    set(200, SIDE_BID, 1002, 1);
    mark(400);
    set(410, SIDE_BID, 1002, 0);
    set(420, SIDE_ASK, 1001, 1);
    expect(said()).toEqual([]);
    mark(510);
    expect(said()).toEqual([["lean", 1000, 899 / 901, 899 / 901, 90, 0.1]]);
  });

  it("keep instruments apart", () => {
    const { set, said, status } = filled();
    set(0, SIDE_ASK, 1001, 50, { lane: 1 });
    status(BOOK_UNSYNCED, 1);
    set(200, SIDE_ASK, 1001, 9);
    expect(said()).toHaveLength(1);
  });

  it("an event whose time is not to be believed changes the book and moves no time", () => {
    const { set, said } = filled();
    set(9e15, SIDE_ASK, 1001, 9, { flags: FLAG_BAD_TS });
    expect(said()).toEqual([]);
    set(200, SIDE_ASK, 1001, 8);
    expect(said()).toEqual([["lean", 1000, 92 / 108, 92 / 108, 10, 0.8]]); // since 0; and of 29 since 0, 28 is little less
  });

  it("a plan without them does not look at books", () => {
    const { stage, set, said } = rig(pipeline("p").pattern("jump", breakout({ threshold: "1%", over: "1s" })));
    expect(stage.watchesBooks).toBe(false);
    set(0, SIDE_BID, 1000, 1);
    expect([stage.isDue(), ...said()]).toEqual([false]);
  });
});
