import { describe, expect, it } from "vitest";
import { snapshotContract } from "../../../test/contract/snapshot.ts";
import { FULL, REJECTED, UNKNOWN } from "../core/status.ts";
import { Arena } from "./arena.ts";
import { IntMap } from "./int-map.ts";

function mapOf(capacity: number): IntMap {
  return new IntMap(Arena.create("test", 1 << 24), "map", capacity);
}

describe("IntMap", () => {
  it("answers what was put, and UNKNOWN for what was not", () => {
    const map = mapOf(8);
    expect(map.put(1, 2, 33)).toBe(1);
    expect(map.get(1, 2)).toBe(33);
    expect(map.get(2, 1)).toBe(UNKNOWN);
    expect(map.get(0, 0)).toBe(UNKNOWN);
    expect(map.put(1, 2, 44)).toBe(0);
    expect(map.get(1, 2)).toBe(44);
    expect(map.size).toBe(1);
  });

  it("holds the key zero, negative words and the largest value", () => {
    const map = mapOf(8);
    map.put(0, 0, 0);
    map.put(-1, -1, 0x7fffffff);
    map.put(-0x80000000, 0x7fffffff, 5);
    expect(map.get(0, 0)).toBe(0);
    expect(map.get(-1, -1)).toBe(0x7fffffff);
    expect(map.get(-0x80000000, 0x7fffffff)).toBe(5);
  });

  it("takes an unsigned word for the signed word of the same bits", () => {
    const map = mapOf(8);
    map.put(0xffffffff, 0x80000000, 9);
    expect(map.get(-1, -0x80000000)).toBe(9);
    expect(map.put(0xffffffff, 0x80000000, 10)).toBe(0);
    expect(map.remove(0xffffffff, 0x80000000)).toBe(10);
    expect(map.size).toBe(0);
  });

  it("refuses values that would read as a status or are no int32", () => {
    const map = mapOf(8);
    for (const value of [-1, 0.5, 2 ** 31, NaN]) expect(map.put(1, 1, value)).toBe(REJECTED);
    expect(map.size).toBe(0);
  });

  it("refuses a new key at capacity and counts it, but still replaces and frees", () => {
    const map = mapOf(3);
    for (let key = 0; key < 3; key++) map.put(key, 0, key);
    expect(map.put(3, 0, 3)).toBe(FULL);
    expect(map.refused).toBe(1);
    expect(map.put(2, 0, 22)).toBe(0);
    expect(map.remove(0, 0)).toBe(0);
    expect(map.put(3, 0, 3)).toBe(1);
    expect(map.highWater).toBe(3);
  });

  it("removes a key once", () => {
    const map = mapOf(4);
    map.put(5, 5, 50);
    expect(map.remove(5, 5)).toBe(50);
    expect(map.remove(5, 5)).toBe(UNKNOWN);
    expect(map.get(5, 5)).toBe(UNKNOWN);
  });

  it("forgets all keys at once, and keeps its high water", () => {
    const map = mapOf(4);
    map.put(1, 0, 1);
    map.put(2, 0, 2);
    map.clear();
    expect(map.size).toBe(0);
    expect(map.get(1, 0)).toBe(UNKNOWN);
    expect(map.highWater).toBe(2);
  });

  it.each<[string, (i: number) => [number, number]]>([
    ["consecutive numbers", (i) => [i, 0]],
    ["multiples of 2^16", (i) => [i << 16, i >> 16]],
    ["multiples of 2^20 over both words", (i) => [(i << 20) | 0, i >> 12]],
    ["high words only", (i) => [0, i]],
    ["time stamps 1024 apart", (i) => [1_000_000 + i * 1024, 77]],
  ])("keeps probes short when full of %s", (_, key) => {
    const map = mapOf(30_000);
    for (let i = 0; i < 30_000; i++) map.put(...key(i), i);
    expect(map.size).toBe(30_000);
    expect(map.longestProbe()).toBeLessThan(64);
  });

  it.each([0, -1, 1.5, 2 ** 24 + 1, NaN])("refuses a capacity of %d", (capacity) => {
    expect(() => mapOf(capacity)).toThrowError(expect.objectContaining({ code: "VALUE_RANGE" }));
  });
});

snapshotContract("IntMap", (arena) => {
  const map = new IntMap(arena, "map", 24);
  return {
    step(random) {
      const key = random.nextBelow(40);
      if (random.nextBelow(3) === 0) return [map.remove(key, -key), map.size, map.longestProbe()];
      return [map.put(key, -key, random.nextBelow(1000)), map.get(random.nextBelow(40), 0), map.refused, map.highWater];
    },
  };
});
