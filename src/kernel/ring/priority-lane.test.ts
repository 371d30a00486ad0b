import { describe, expect, it } from "vitest";
import { isStreamError, type ErrorCode } from "../core/errors.ts";
import { FULL } from "../core/status.ts";
import { FLAG_CRITICAL, FLAG_LAST } from "../record/flags.ts";
import { HEADER_SEQUENCE_F64, HEADER_WORD_I32, TYPE_SIGNAL, headerWord } from "../record/header.ts";
import { Slots } from "../record/slots.ts";
import { CRITICAL, LANE_I32, LANE_PUBLISHED_I32, LANE_WRITTEN_I32, PriorityLane, ROUTINE, type PriorityLaneSizes } from "./priority-lane.ts";
import { PriorityReader } from "./priority-reader.ts";
import { PriorityWriter } from "./priority-writer.ts";

const code = (name: ErrorCode) => expect.toSatisfy((error: unknown) => isStreamError(error, name));
const SIZES: PriorityLaneSizes = { routine: 8, critical: 4, instruments: 3 };

class Rig {
  readonly lane: PriorityLane;
  readonly writer: PriorityWriter;
  readonly reader: PriorityReader;
  private readonly staging = Slots.create(1);
  private sequence = 0;

  constructor(sizes: Partial<PriorityLaneSizes> = {}, run?: number) {
    this.lane = PriorityLane.create({ ...SIZES, ...sizes });
    this.writer = new PriorityWriter(this.lane);
    this.reader = new PriorityReader(this.lane, run);
  }

  /** Puts one record, the next sequence; answers what put() did. */
  put(instrument: number, isCritical: boolean = false, isLast: boolean = true): number {
    this.staging.i32[HEADER_WORD_I32] = headerWord(TYPE_SIGNAL, (isCritical ? FLAG_CRITICAL : 0) | (isLast ? FLAG_LAST : 0));
    this.staging.u32[1] = instrument;
    this.staging.f64[HEADER_SEQUENCE_F64] = this.sequence + 1;
    const answer = this.writer.put(this.staging, 0);
    if (answer !== FULL) this.sequence++;
    return answer;
  }

  /** Sequences of the next unit's records; empty for none. */
  take(): number[] {
    return Array.from({ length: this.reader.take() }, (_, n) => this.reader.slots.f64[this.reader.slotAt(n) * 8 + HEADER_SEQUENCE_F64]);
  }

  takeAll(): number[] {
    const all: number[] = [];
    for (let unit = this.take(); unit.length > 0; unit = this.take()) all.push(...unit);
    return all;
  }
}

describe("a priority lane", () => {
  it("takes critical units before routine ones, in order, and nothing before commit()", () => {
    const rig = new Rig();
    for (const [instrument, isCritical] of [
      [0, false],
      [1, true],
      [0, false],
      [2, true],
    ] as const)
      rig.put(instrument, isCritical);
    expect(rig.takeAll()).toEqual([]);
    rig.writer.commit();
    expect(rig.takeAll()).toEqual([2, 4, 1, 3]);
  });

  it("pulls the pending routine units of the instrument forward, and leaves those of others", () => {
    const rig = new Rig();
    for (const instrument of [0, 1, 0, 2, 1]) rig.put(instrument);
    rig.put(1, true);
    rig.put(1);
    rig.writer.commit();
    expect(rig.takeAll()).toEqual([2, 5, 6, 1, 3, 4, 7]);
    expect(rig.reader.pulled).toBe(2);
  });

  it("keeps a unit whole, whichever its lane", () => {
    const rig = new Rig();
    rig.put(0, false, false);
    rig.put(0, false, false);
    expect(rig.put(0)).toBe(1);
    expect(rig.put(1, true, false)).toBe(0);
    rig.writer.commit();
    rig.put(1); // without the flag, and yet of the critical unit
    rig.writer.commit();
    expect([rig.take(), rig.take(), rig.take()]).toEqual([[4, 5], [1, 2, 3], []]);
  });

  it("lets the oldest routine unit go after a run of critical ones that overtook it, 8 unless told otherwise", () => {
    const rig = new Rig({ critical: 32 });
    rig.put(0);
    rig.put(0);
    for (let n = 0; n < 20; n++) rig.put(1, true);
    rig.writer.commit();
    const order = rig.takeAll();
    expect([order.indexOf(1), order.indexOf(2)]).toEqual([8, 17]);
    const eager = new Rig({ critical: 32 }, 1);
    for (let n = 0; n < 3; n++) eager.put(0);
    for (let n = 0; n < 5; n++) eager.put(1, true);
    eager.writer.commit();
    expect(eager.takeAll()).toEqual([4, 1, 5, 2, 6, 3, 7, 8]);
  });

  it("never lets a routine unit go before a critical one of its instrument that was put before it", () => {
    const rig = new Rig({ critical: 32 }, 1);
    rig.put(0, true);
    rig.put(0, true);
    rig.put(0);
    rig.put(1, true);
    rig.put(1, true);
    rig.writer.commit();
    expect(rig.takeAll()).toEqual([1, 2, 4, 3, 5]);
  });

  it("refuses in a full lane and stays open in the other; what is taken makes room", () => {
    const rig = new Rig();
    for (let n = 0; n < 8; n++) expect(rig.put(0)).toBe(1);
    expect(rig.put(0)).toBe(FULL);
    for (let n = 0; n < 4; n++) expect(rig.put(1, true)).toBe(1);
    expect(rig.put(1, true)).toBe(FULL);
    rig.writer.commit();
    expect([rig.lane.used(ROUTINE), rig.lane.used(CRITICAL)]).toEqual([8, 4]);
    expect(rig.takeAll()).toHaveLength(12);
    expect([rig.put(0), rig.put(1, true)]).toEqual([1, 1]);
  });

  it("refuses in the middle of a unit, and goes on with it when there is room", () => {
    const rig = new Rig();
    for (let n = 0; n < 6; n++) rig.put(0);
    expect([rig.put(1, false, false), rig.put(1, false, false), rig.put(1, false, false)]).toEqual([0, 0, FULL]);
    rig.writer.commit();
    expect(rig.takeAll()).toEqual([1, 2, 3, 4, 5, 6]);
    expect(rig.put(1)).toBe(1);
    rig.writer.commit();
    expect(rig.takeAll()).toEqual([7, 8, 9]);
  });

  it("keeps the records of a unit whole until the next take", () => {
    const rig = new Rig();
    for (let n = 0; n < 8; n++) rig.put(0);
    rig.writer.commit();
    for (let n = 0; n < 8; n++) rig.take();
    const slot = rig.reader.slotAt(0);
    for (let n = 0; n < 8 && rig.put(0) !== FULL; n++) rig.writer.commit();
    expect(rig.reader.slots.f64[slot * 8 + HEADER_SEQUENCE_F64]).toBe(8);
  });

  it("holds back what lies behind a bound, in both lanes", () => {
    const rig = new Rig();
    for (const [instrument, isCritical] of [
      [0, false],
      [1, true],
      [0, false],
      [2, true],
      [1, false],
    ] as const)
      rig.put(instrument, isCritical);
    rig.writer.commit();
    rig.reader.bound[0] = 3;
    expect(rig.takeAll()).toEqual([2, 1, 3]);
    rig.reader.bound[0] = Infinity;
    expect(rig.takeAll()).toEqual([4, 5]);
  });

  it("a second writer goes on where the first ended, knows what is pending, and forgets what it never published", () => {
    const rig = new Rig();
    rig.put(1);
    rig.writer.commit();
    rig.put(1);
    const second = new PriorityWriter(rig.lane);
    const staging = Slots.create(1);
    staging.i32[HEADER_WORD_I32] = headerWord(TYPE_SIGNAL, FLAG_LAST | FLAG_CRITICAL);
    staging.u32[1] = 1;
    staging.f64[HEADER_SEQUENCE_F64] = 9;
    second.put(staging, 0);
    second.commit();
    expect(rig.takeAll()).toEqual([1, 9]);
  });

  it("a second writer publishes what the first had written when it ended between the two lanes of a commit", () => {
    const rig = new Rig();
    rig.put(1);
    rig.put(1, true);
    Atomics.store(rig.lane.words, LANE_WRITTEN_I32, 1);
    Atomics.store(rig.lane.words, LANE_PUBLISHED_I32 + LANE_I32, 1);
    expect(rig.takeAll()).toEqual([1, 2]); // by the link, though the routine lane says nothing yet
    const second = new PriorityWriter(rig.lane);
    expect(rig.takeAll()).toEqual([]);
    expect(rig.lane.used(ROUTINE)).toBe(0);
    const staging = Slots.create(1);
    staging.i32[HEADER_WORD_I32] = headerWord(TYPE_SIGNAL, FLAG_LAST);
    staging.f64[HEADER_SEQUENCE_F64] = 3;
    second.put(staging, 0);
    second.commit();
    expect(rig.takeAll()).toEqual([3]);
  });

  it("tells a parked reader and a parked writer at once what is there, and wakes them when it is closed", () => {
    const rig = new Rig();
    expect([rig.reader.park(1), rig.writer.park(1)]).toEqual([false, true]);
    for (let n = 0; n < 9; n++) rig.put(0);
    rig.writer.commit();
    expect([rig.reader.park(1), rig.writer.park(1)]).toEqual([true, false]);
    rig.lane.close();
    expect([rig.lane.isClosed, rig.writer.park(1e9)]).toEqual([true, true]);
    rig.takeAll();
    expect(rig.reader.park(1e9)).toBe(true);
  });

  it("refuses a unit longer than its lane, an instrument that it was not made for and sizes that are none", () => {
    const rig = new Rig();
    for (let n = 0; n < 8; n++) rig.put(0, false, false);
    expect(() => rig.put(0, false, false)).toThrow(code("RING_CAPACITY"));
    expect(() => new Rig().put(3)).toThrow(code("INVARIANT"));
    expect(() => PriorityLane.create({ ...SIZES, routine: 3 })).toThrow(code("RING_CAPACITY"));
    expect(() => PriorityLane.create({ ...SIZES, critical: 1 })).toThrow(code("RING_CAPACITY"));
    expect(() => PriorityLane.create({ ...SIZES, instruments: 0 })).toThrow(code("VALUE_RANGE"));
    expect(() => new PriorityReader(rig.lane, 0)).toThrow(code("VALUE_RANGE"));
    expect(() => new PriorityLane(rig.lane.buffer, 8, SIZES)).toThrow(code("RING_CAPACITY"));
    expect(() => new PriorityLane(rig.lane.buffer, 64, SIZES)).toThrow(code("RING_CAPACITY"));
    expect(() => new PriorityLane(rig.lane.buffer, 0, { ...SIZES, routine: 4 })).toThrow("8 routine slots, and was attached with 4");
    expect(() => rig.lane.startAt(0, 0)).not.toThrow();
    const used = new Rig();
    used.put(0);
    used.writer.commit();
    expect(() => used.lane.startAt(5, 5)).toThrow(code("ARENA_STATE"));
  });
});
