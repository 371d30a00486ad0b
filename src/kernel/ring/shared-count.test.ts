import { afterEach, describe, expect, it, vi } from "vitest";
import { loadCount, storeCount } from "./shared-count.ts";

const AT = 16;

function words(): Int32Array {
  return new Int32Array(new SharedArrayBuffer(4 * 128));
}

describe("a shared count", () => {
  afterEach(() => void vi.restoreAllMocks());

  it("is stored in one order and loaded in the other, and with one store while the high bits stand", () => {
    const shared = words();
    const store = vi.spyOn(Atomics, "store");
    const load = vi.spyOn(Atomics, "load");
    storeCount(shared, AT, Float64Array.of(2 ** 32 + 5), 0);
    expect(store.mock.calls.map(([, word]) => word)).toEqual([AT + 32, AT, AT + 64]);
    storeCount(shared, AT, Float64Array.of(2 ** 32 + 6), 0);
    expect(store.mock.calls.map(([, word]) => word).slice(3)).toEqual([AT]);
    loadCount(shared, AT, new Float64Array(1), 0);
    expect(load.mock.calls.map(([, word]) => word)).toEqual([AT + 64, AT, AT + 32]);
  });

  it.each([0, 1, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, 2 ** 52 + 12_345, 2 ** 53 - 1])("comes back exactly: %d", (count) => {
    const shared = words();
    const row = Float64Array.of(0, count, -1);
    storeCount(shared, AT, row, 1);
    expect(loadCount(shared, AT, row, 2)).toBe(true);
    expect(row[2]).toBe(count);
    expect(shared.filter((word, i) => word !== 0 && i !== AT && i !== AT + 32 && i !== AT + 64)).toHaveLength(0);
  });

  it("is not taken at the moment in which the high bits change: the last one known stays", () => {
    const shared = words();
    const row = Float64Array.of(2 ** 32 - 1, 77);
    storeCount(shared, AT, row, 0);
    shared[AT + 32] = 1; // the writer's first store of 2^32
    expect(loadCount(shared, AT, row, 1)).toBe(false);
    shared[AT] = 0; // its second
    expect(loadCount(shared, AT, row, 1)).toBe(false);
    expect(row[1]).toBe(77);
    shared[AT + 64] = 1; // its third
    expect(loadCount(shared, AT, row, 1)).toBe(true);
    expect(row[1]).toBe(2 ** 32);
  });
});
