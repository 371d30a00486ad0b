import { describe, expect, it } from "vitest";
import { Arena } from "../../kernel/memory/arena.ts";
import { TYPE_ACK, TYPE_SIGNAL } from "../../kernel/record/header.ts";
import { GatedRing } from "../../kernel/ring/gated-ring.ts";
import { CAUSE_SEQUENCE, CAUSE_TS_EVENT, CAUSE_TS_RECV, Emitter } from "./emitter.ts";

function setUp(capacity: number, relieve: (ring: GatedRing) => void = () => {}) {
  const arena = Arena.create("emitter", 4096);
  const ring = GatedRing.create(capacity);
  const emitter = new Emitter(arena, ring, { relieve });
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
