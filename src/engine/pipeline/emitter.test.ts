import { describe, expect, it } from "vitest";
import { Arena } from "../../kernel/memory/arena.ts";
import { FLAG_CRITICAL, FLAG_LAST } from "../../kernel/record/flags.ts";
import { HEADER_INSTRUMENT_U32, TYPE_ACK, TYPE_MARKER, TYPE_SIGNAL, TYPE_VALUES } from "../../kernel/record/header.ts";
import { GatedRing } from "../../kernel/ring/gated-ring.ts";
import { CRITICAL, PriorityLane, ROUTINE } from "../../kernel/ring/priority-lane.ts";
import { PriorityReader } from "../../kernel/ring/priority-reader.ts";
import { PriorityWriter } from "../../kernel/ring/priority-writer.ts";
import { CAUSE_SEQUENCE, CAUSE_TS_EVENT, CAUSE_TS_RECV, Emitter, type PriorityOutput } from "./emitter.ts";

function setUp(capacity: number, relieve: (ring: GatedRing) => void = () => {}, priority: PriorityOutput | null = null) {
  const arena = Arena.create("emitter", 4096);
  const ring = GatedRing.create(capacity);
  const emitter = new Emitter(arena, ring, { relieve }, priority);
  arena.seal();
  return { ring, emitter, arena };
}

describe("the emitter", () => {
  it("writes the cause into the header and leaves nothing of an older record in the body", () => {
    const { ring, emitter } = setUp(2);
    ring.slots.u8.fill(0xff);
    emitter.cause[CAUSE_SEQUENCE] = 9;
    emitter.cause[CAUSE_TS_EVENT] = 100;
    emitter.cause[CAUSE_TS_RECV] = 200;
    const slot = emitter.next(TYPE_SIGNAL, 1, 5);
    expect(Array.from(ring.slots.u8.subarray(slot * 64, slot * 64 + 4))).toEqual([TYPE_SIGNAL, 8, 1, 0]);
    expect(ring.slots.u32[slot * 16 + 1]).toBe(5);
    expect(Array.from(ring.slots.f64.subarray(slot * 8 + 1, slot * 8 + 8))).toEqual([9, 100, 200, 0, 0, 0, 0]);
  });

  it("publishes nothing before commit()", () => {
    const { ring, emitter } = setUp(4);
    emitter.next(TYPE_SIGNAL, 1, 0);
    expect(ring.used).toBe(0);
    emitter.commit();
    expect(ring.used).toBe(1);
  });

  it("makes again, for nobody, as many outputs as it is told to, counts them, and goes on with the next", () => {
    const { ring, emitter } = setUp(2, () => {
      throw new Error("there is room for what is published");
    });
    emitter.repeat(5);
    for (let n = 0; n < 7; n++) {
      expect(emitter.repeatsLeft).toBe(Math.max(0, 5 - n));
      ring.slots.u32[emitter.next(TYPE_SIGNAL, FLAG_LAST, n) * 16 + 2] = n;
      emitter.commit();
      expect(ring.used).toBe(Math.max(0, n - 4));
    }
    expect(ring.available()).toBe(2);
    expect([0, 1].map((index) => ring.slots.u32[ring.slotAt(index) * 16 + HEADER_INSTRUMENT_U32])).toEqual([5, 6]);
    expect([emitter.emitted, emitter.repeatsLeft]).toEqual([7, 0]);
  });

  it("counts the outputs of each cause and instrument from 0", () => {
    const { emitter } = setUp(2);
    const indexes = [];
    for (const [sequence, instrument] of [
      [1, 0],
      [1, 0],
      [1, 1],
      [2, 1],
      [2, 1],
      [3, 1],
    ]) {
      emitter.cause[CAUSE_SEQUENCE] = sequence;
      indexes.push(emitter.takeIndex(instrument));
    }
    expect(indexes).toEqual([0, 1, 0, 0, 1, 0]);
  });

  it("asks for room until there is some, what was claimed before being published, and loses nothing", () => {
    const seen: number[] = [];
    let asked = 0;
    const { emitter, ring } = setUp(2, (full) => {
      asked++;
      if (asked % 3 !== 0 || full.available() === 0) return;
      seen.push(full.slots.u32[full.slotAt(0) * 16 + 1]);
      full.release(1);
    });
    ring.available();
    for (let instrument = 0; instrument < 20; instrument++) {
      emitter.next(TYPE_ACK, 1, instrument);
      if (instrument >= 2) expect(ring.available()).toBeGreaterThan(0);
    }
    emitter.commit();
    expect(ring.used).toBe(2);
    expect(seen).toEqual(Array.from({ length: 18 }, (_, n) => n));
    expect(emitter.emitted).toBe(20);
  });
});

describe("the emitter of a shard with a priority lane", () => {
  function withLane(slots: number, capacity: number) {
    const lane = PriorityLane.create({ routine: slots, critical: slots, instruments: 100 });
    const reader = new PriorityReader(lane);
    const taken: number[][] = [];
    /** Types and instruments of the units in the lane. */
    const take = (): number[][] => {
      for (let length = reader.take(); length > 0; length = reader.take()) {
        const at = (n: number): number => reader.slotAt(n);
        taken.push([...Array.from({ length }, (_, n) => reader.slots.u8[at(n) * 64]), reader.slots.u32[at(0) * 16 + HEADER_INSTRUMENT_U32]]);
      }
      return taken;
    };
    const shown: [ring: number, lane: number][] = [];
    const created = setUp(capacity, (ring) => ring.release(ring.available()), {
      writer: new PriorityWriter(lane),
      relieve: () => {
        shown.push([created.ring.used, lane.used(ROUTINE)]);
        take();
      },
    });
    return { ...created, lane, take, shown };
  }

  it("puts every output but the markers into the lane too, written whole, before the ring shows it", () => {
    const { emitter, ring, lane, take } = withLane(8, 64);
    const slot = emitter.next(TYPE_SIGNAL, 0, 7);
    ring.slots.f64[slot * 8 + 4] = 1.5;
    emitter.next(TYPE_VALUES, FLAG_LAST, 7);
    emitter.next(TYPE_MARKER, FLAG_LAST, 0xffff_ffff);
    emitter.next(TYPE_ACK, FLAG_LAST, 9);
    expect([ring.used, lane.used(ROUTINE)]).toEqual([0, 0]);
    emitter.commit();
    expect([ring.used, lane.used(ROUTINE)]).toEqual([4, 3]);
    expect(lane.routine.f64[4]).toBe(1.5);
    expect(take()).toEqual([
      [TYPE_SIGNAL, TYPE_VALUES, 7],
      [TYPE_ACK, 9],
    ]);
  });

  it("shows what was emitted in the lane at once when told to hasten, and in the ring not yet", () => {
    const { emitter, ring, lane } = withLane(8, 64);
    emitter.next(TYPE_ACK, FLAG_LAST, 1);
    emitter.next(TYPE_SIGNAL, FLAG_LAST | FLAG_CRITICAL, 2);
    emitter.hasten();
    expect([ring.used, lane.used(ROUTINE), lane.used(CRITICAL)]).toEqual([0, 1, 1]);
    emitter.hasten();
    emitter.commit();
    expect([ring.used, lane.used(ROUTINE), lane.used(CRITICAL)]).toEqual([2, 1, 1]);
  });

  it("asks for room in a full lane until there is some, all that it emitted being shown, and loses nothing", () => {
    const { emitter, ring, take, shown } = withLane(4, 4);
    for (let instrument = 0; instrument < 40; instrument++) emitter.next(TYPE_ACK, FLAG_LAST, instrument);
    emitter.commit();
    expect(take()).toEqual(Array.from({ length: 40 }, (_, instrument) => [TYPE_ACK, instrument]));
    expect(shown.length).toBeGreaterThan(5);
    for (const [inRing, inLane] of shown) expect([inRing > 0, inLane]).toEqual([true, 4]);
    expect(ring.claimed).toBe(0);
  });
});
