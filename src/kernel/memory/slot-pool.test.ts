import { describe, expect, it } from "vitest";
import { snapshotContract } from "../../../test/contract/snapshot.ts";
import { FULL, UNKNOWN } from "../core/status.ts";
import { Arena } from "./arena.ts";
import { SlotPool } from "./slot-pool.ts";

function poolOf(capacity: number): SlotPool {
  return new SlotPool(Arena.create("test", 1 << 20), "pool", capacity);
}

describe("SlotPool", () => {
  it("gives every slot once, then FULL, which it counts", () => {
    const pool = poolOf(5);
    const handles = Array.from({ length: 5 }, () => pool.acquire());
    expect(handles.map((handle) => pool.indexOf(handle))).toEqual([0, 1, 2, 3, 4]);
    expect(pool.acquire()).toBe(FULL);
    expect(pool.acquire()).toBe(FULL);
    expect(pool.refused).toBe(2);
    expect(pool.inUse).toBe(5);
  });

  it("gives the slot released last, under another handle", () => {
    const pool = poolOf(4);
    const first = pool.acquire();
    const second = pool.acquire();
    pool.release(first);
    pool.release(second);
    const third = pool.acquire();
    expect(third).not.toBe(second);
    expect(pool.indexOf(third)).toBe(1);
    expect(pool.indexOf(pool.acquire())).toBe(0);
  });

  it("knows a stale handle: a status when hot, POOL_STALE_HANDLE with both generations when cold", () => {
    const pool = poolOf(4);
    const stale = pool.acquire();
    const index = pool.require(stale);
    expect(pool.release(stale)).toBe(0);
    expect(pool.indexOf(stale)).toBe(UNKNOWN);
    expect(pool.release(stale)).toBe(UNKNOWN);
    const live = pool.acquire();
    expect(pool.indexOf(stale)).toBe(UNKNOWN);
    expect(pool.indexOf(live)).toBe(index);
    expect(() => pool.require(stale)).toThrowError(expect.objectContaining({ code: "POOL_STALE_HANDLE", details: { handle: stale, slot: 0, generation: 2 } }));
    expect(pool.inUse).toBe(1);
  });

  it("takes neither 0, negative, foreign nor huge numbers for handles", () => {
    const pool = poolOf(3);
    pool.acquire();
    for (const handle of [0, -1, -0x80000000, 3, 5, 7, 0x7fffffff]) {
      expect(pool.indexOf(handle)).toBe(UNKNOWN);
      expect(() => pool.require(handle)).toThrowError(expect.objectContaining({ code: "POOL_STALE_HANDLE" }));
    }
  });

  it("works with one slot, whose handles are all generations of slot 0", () => {
    const pool = poolOf(1);
    const seen = new Set<number>();
    for (let i = 0; i < 1000; i++) {
      const handle = pool.acquire();
      expect(pool.indexOf(handle)).toBe(0);
      seen.add(handle);
      pool.release(handle);
    }
    expect(seen.size).toBe(1000);
  });

  it("goes through its generations without ever giving 0 or a negative handle", () => {
    const pool = new SlotPool(Arena.create("test", 1 << 29), "pool", 1 << 24);
    const handles = new Set<number>();
    for (let i = 0; i < 127 * 2; i++) {
      const handle = pool.acquire();
      if (handle <= 0) expect.fail(`handle ${handle}`);
      handles.add(handle);
      pool.release(handle);
    }
    expect(handles.size).toBe(127);
  });

  it("reports what is still held, the longest held first", () => {
    const pool = poolOf(8);
    const handles = Array.from({ length: 4 }, () => pool.acquire());
    pool.release(handles[1]);
    const late = pool.acquire();
    expect(pool.createLeakReport(2)).toEqual([
      { index: 0, handle: handles[0], age: 4 },
      { index: 2, handle: handles[2], age: 2 },
    ]);
    expect(pool.createLeakReport(10).map((held) => held.handle)).toEqual([handles[0], handles[2], handles[3], late]);
    expect(pool.highWater).toBe(4);
    for (const held of pool.createLeakReport(10)) pool.release(held.handle);
    expect(pool.createLeakReport(10)).toEqual([]);
    expect(pool.inUse).toBe(0);
  });

  it("says at the end what it was used for and what was not given back, the oldest of it first, no more than asked for", () => {
    const pool = poolOf(4);
    const handles = Array.from({ length: 5 }, () => pool.acquire());
    pool.release(handles[2]);
    const report = pool.closeReport(2);
    expect(report).toEqual({
      name: "pool",
      capacity: 4,
      inUse: 3,
      highWater: 4,
      refused: 1,
      leaks: [
        { index: 0, handle: handles[0], age: 3 },
        { index: 1, handle: handles[1], age: 2 },
      ],
    });
    expect(pool.closeReport().leaks).toHaveLength(3);
    expect(pool.closeReport(0)).toMatchObject({ inUse: 3, leaks: [] });
    for (const { handle } of pool.closeReport().leaks) pool.release(handle);
    expect(pool.closeReport()).toMatchObject({ inUse: 0, highWater: 4, leaks: [] });
  });

  it.each([0, -1, 1.5, 2 ** 24 + 1, NaN])("refuses a capacity of %d", (capacity) => {
    expect(() => poolOf(capacity)).toThrowError(expect.objectContaining({ code: "VALUE_RANGE" }));
  });
});

snapshotContract("SlotPool", (arena) => {
  const pool = new SlotPool(arena, "pool", 6);
  return {
    step(random) {
      if (random.nextBelow(2) === 0) return [pool.acquire(), pool.inUse, pool.highWater, pool.refused];
      const held = pool.createLeakReport(6);
      if (held.length === 0) return pool.release(random.nextBelow(100));
      return [held, pool.release(held[random.nextBelow(held.length)].handle)];
    },
  };
});
