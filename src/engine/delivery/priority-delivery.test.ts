import { describe, expect, it } from "vitest";
import { isStreamError } from "../../kernel/core/errors.ts";
import { FLAG_CRITICAL, FLAG_LAST } from "../../kernel/record/flags.ts";
import { HEADER_INSTRUMENT_U32, HEADER_SEQUENCE_F64, HEADER_WORD_I32, TYPE_SIGNAL, headerWord } from "../../kernel/record/header.ts";
import { Slots } from "../../kernel/record/slots.ts";
import { PriorityLane, ROUTINE } from "../../kernel/ring/priority-lane.ts";
import { PriorityWriter } from "../../kernel/ring/priority-writer.ts";
import { PriorityDelivery } from "./priority-delivery.ts";
import type { Sink } from "./sink.ts";

class Seen implements Sink {
  readonly sequences: number[] = [];

  write(slots: Slots, slot: number): void {
    this.sequences.push(slots.f64[slot * 8 + HEADER_SEQUENCE_F64]);
  }

  open(): void {}

  flush(): number {
    return 0;
  }

  close(): void {}
}

function rig(shards: number, slots: number = 128, asideMax?: number) {
  const lanes = Array.from({ length: shards }, () => PriorityLane.create({ routine: slots, critical: slots, instruments: 16 }));
  const writers = lanes.map((lane) => new PriorityWriter(lane));
  const sinks = [new Seen(), new Seen()];
  const delivery = new PriorityDelivery(lanes, sinks, asideMax);
  const staging = Slots.create(1);
  /** One unit of a shard, visible at once; false when the lane is full. */
  const put = (shard: number, sequence: number, options: { instrument?: number; critical?: boolean } = {}): boolean => {
    staging.i32[HEADER_WORD_I32] = headerWord(TYPE_SIGNAL, FLAG_LAST | (options.critical === true ? FLAG_CRITICAL : 0));
    staging.u32[HEADER_INSTRUMENT_U32] = options.instrument ?? shard;
    staging.f64[HEADER_SEQUENCE_F64] = sequence;
    const isPut = writers[shard].put(staging, 0) >= 0;
    writers[shard].commit();
    return isPut;
  };
  const taken = (): number[] => sinks[0].sequences.splice(0);
  return { lanes, delivery, sinks, put, taken };
}

describe("the priority delivery", () => {
  it("hands what the lanes hold to every sink, critical units first, the shards in turns", () => {
    const { delivery, sinks, put, taken } = rig(2);
    for (const [sequence, critical] of [
      [1, false],
      [2, true],
      [3, false],
    ] as const)
      put(0, sequence, { critical, instrument: sequence });
    put(1, 10);
    put(1, 11);
    expect(delivery.poll()).toBe(5);
    expect(sinks[1].sequences).toEqual(sinks[0].sequences);
    expect(taken()).toEqual([2, 10, 1, 11, 3]);
    expect([delivery.poll(), delivery.delivered]).toEqual([0, 5]);
  });

  it("does not take all of a flood in one poll, and all of it in settle()", () => {
    const { delivery, put, taken } = rig(1, 1024);
    for (let n = 1; n <= 1000; n++) put(0, n);
    const first = delivery.poll();
    expect(first).toBeGreaterThan(0);
    expect(first).toBeLessThan(1000);
    delivery.settle();
    expect(taken()).toHaveLength(1000);
  });

  it("keeps back what comes after a barrier until the cut is made, however critical, and delivers all before it", () => {
    const { delivery, put, taken } = rig(2, 1024);
    for (let n = 1; n <= 600; n++) put(0, n);
    delivery.hold(600);
    put(0, 601, { critical: true, instrument: 3 });
    put(1, 599);
    put(1, 602, { critical: true });
    delivery.settle();
    expect(taken().toSorted((a, b) => a - b)).toEqual(
      Array.from({ length: 600 }, (_, n) => n + 1)
        .concat(599)
        .toSorted((a, b) => a - b),
    );
    expect(delivery.poll()).toBe(0);
    delivery.goOn();
    delivery.settle();
    expect(taken()).toEqual([601, 602]);
  });

  it("empties a lane aside when it fills up with what is kept back, and delivers that first, in order", () => {
    const { delivery, lanes, put, taken } = rig(2);
    put(1, 4);
    delivery.hold(5);
    let sequence = 5;
    for (let n = 0; n < 1000; n++) {
      expect(put(0, ++sequence, { critical: n % 5 === 0, instrument: n % 3 })).toBe(true);
      if (n % 20 === 19) delivery.poll();
    }
    put(1, 5);
    delivery.settle();
    expect(taken()).toEqual([4, 5]);
    expect(lanes[0].used(ROUTINE)).toBeLessThan(128);
    delivery.goOn();
    delivery.settle();
    const after = taken();
    expect(after.toSorted((a, b) => a - b)).toEqual(Array.from({ length: 1000 }, (_, n) => n + 6));
    for (let instrument = 0; instrument < 3; instrument++) {
      const mine = after.filter((one) => (one - 6) % 3 === instrument);
      expect(mine).toEqual(mine.toSorted((a, b) => a - b));
    }
  });

  it("does nothing without lanes", () => {
    const delivery = new PriorityDelivery([], [new Seen()]);
    delivery.hold(1);
    delivery.settle();
    delivery.goOn();
    expect([delivery.poll(), delivery.delivered, delivery.pulled]).toEqual([0, 0, 0]);
  });

  it("stops with ARENA_CAPACITY when it would have to keep more aside than it may", () => {
    const { delivery, put, sinks } = rig(1, 128, 1000);
    delivery.hold(0);
    const speak = (count: number): void => {
      for (let n = 0; n < count; n++) put(0, n + 1);
      delivery.poll();
    };
    for (let kept = 0; kept < 1000; kept += 100) speak(100);
    expect(() => speak(100)).toThrow(expect.toSatisfy((error: unknown) => isStreamError(error, "ARENA_CAPACITY")));
    expect(sinks[0].sequences).toEqual([]);
  });
});
