import { describe, expect, it } from "vitest";
import { snapshotContract } from "../../../test/contract/snapshot.ts";
import { REJECTED } from "../../kernel/core/status.ts";
import { NANOS_PER_DAY, TIME_END, TIME_UNSET } from "../../kernel/core/units.ts";
import { Arena } from "../../kernel/memory/arena.ts";
import { BoundedOutOfOrder, type BoundedOutOfOrderOptions } from "./watermark.ts";

function create(options: Partial<BoundedOutOfOrderOptions> = {}): { watermark: BoundedOutOfOrder; see: (ts: number, received?: number) => number } {
  const arena = Arena.create("watermark", 1 << 12);
  const watermark = new BoundedOutOfOrder(arena, { boundNs: 10, ...options });
  arena.seal();
  const times = new Float64Array(3);
  const see = (ts: number, received = 0): number => {
    times.set([7, ts, received]);
    return watermark.observe(times, 1);
  };
  return { watermark, see };
}

describe("BoundedOutOfOrder", () => {
  it("stays the bound and one nanosecond behind the newest event", () => {
    const { watermark, see } = create();
    expect(watermark.current()).toBe(TIME_UNSET);
    expect(see(100)).toBe(0);
    expect(watermark.current()).toBe(89);
    expect(watermark.newest()).toBe(100);
  });

  it("with a bound of 0 does not make an event at the newest time late", () => {
    const { watermark, see } = create({ boundNs: 0 });
    see(100);
    expect(watermark.current()).toBe(99);
  });

  it("never moves back", () => {
    const { watermark, see } = create();
    see(100);
    expect(see(50)).toBe(0);
    expect(see(-1000)).toBe(0);
    expect(watermark.current()).toBe(89);
  });

  it("refuses a time too far ahead, and goes on from the sane ones", () => {
    const { watermark, see } = create({ maxAheadNs: 1000 });
    see(100);
    expect(see(1101)).toBe(REJECTED);
    expect(watermark.current()).toBe(89);
    expect(see(1100)).toBe(0);
    expect(watermark.refused).toBe(1);
  });

  it("believes a jump that the receive time confirms", () => {
    const { watermark, see } = create({ maxAheadNs: 1000 });
    see(100, 100);
    expect(see(50_000, 49_500)).toBe(0);
    expect(see(99_000, 50_600)).toBe(REJECTED);
    expect(watermark.newest()).toBe(50_000);
  });

  it("refuses a first time far beyond its receive time", () => {
    const { see } = create({ maxAheadNs: 1000 });
    expect(see(9000, 10)).toBe(REJECTED);
    expect(see(9, 10)).toBe(0);
  });

  it("believes a jump after four times in a row that agree, such as the next morning", () => {
    const { watermark, see } = create();
    see(100);
    const morning = NANOS_PER_DAY;
    expect([see(morning), see(morning + 5), see(morning + 4)]).toEqual([REJECTED, REJECTED, REJECTED]);
    expect(watermark.newest()).toBe(100);
    expect(see(morning + 9)).toBe(0);
    expect(watermark.newest()).toBe(morning + 9);
  });

  it("does not believe wrong times that disagree or come between right ones", () => {
    const { watermark, see } = create({ maxAheadNs: 1000 });
    see(100);
    for (const ts of [5000, 90_000, 7000, 800_000, 5000, 90_000]) expect(see(ts)).toBe(REJECTED);
    for (let i = 0; i < 10; i++) {
      expect(see(5000)).toBe(REJECTED);
      expect(see(101 + i)).toBe(0);
    }
    expect(watermark.newest()).toBe(110);
  });

  it("refuses what is no time at all", () => {
    const { watermark, see } = create();
    for (const ts of [Number.NaN, Infinity, -Infinity, TIME_END, TIME_UNSET]) expect(see(ts)).toBe(REJECTED);
    see(5);
    for (const ts of [Number.NaN, Infinity, -Infinity, TIME_END, TIME_UNSET]) expect(see(ts)).toBe(REJECTED);
    expect(watermark.current()).toBe(-6);
  });

  it.each([{ boundNs: -1 }, { boundNs: 0.5 }, { maxAheadNs: 0 }, { confirmations: 0 }])("refuses the options %j", (options) => {
    expect(() => create(options)).toThrow("expected");
  });
});

snapshotContract("BoundedOutOfOrder", (arena) => {
  const watermark = new BoundedOutOfOrder(arena, { boundNs: 5, maxAheadNs: 100 });
  const times = new Float64Array(2);
  return {
    step(random) {
      times[0] = watermark.newest() === TIME_UNSET ? 0 : watermark.newest() + random.nextBelow(150) - 30;
      return [watermark.observe(times, 0), watermark.current(), watermark.newest(), watermark.refused];
    },
  };
});
