import { describe, expect, it } from "vitest";
import { Arena } from "../../kernel/memory/arena.ts";
import { Slots } from "../../kernel/record/slots.ts";
import { UnitQueue } from "./unit-queue.ts";

const one = Slots.create(1);
const out = Slots.create(16);

function create(capacity: number, chain: number): UnitQueue {
  const arena = Arena.create("units", 1 << 16);
  const queue = new UnitQueue(arena, "q", capacity, chain);
  arena.seal();
  return queue;
}

/** Puts a unit together: `first`, `first` + 1, ... */
function stage(queue: UnitQueue, first: number, length: number): void {
  for (let i = 0; i < length; i++) {
    one.f64[1] = first + i;
    queue.put(one, 0);
  }
}

function add(queue: UnitQueue, first: number, length: number): number {
  stage(queue, first, length);
  return queue.append();
}

/** The units from the oldest on, each as its records' numbers. */
function unitsOf(queue: UnitQueue): number[][] {
  const units: number[][] = [];
  for (let unit = queue.oldest; unit >= 0; unit = queue.after(unit)) {
    queue.copyTo(unit, out, 0);
    units.push(Array.from({ length: queue.lengthOf(unit) }, (_, i) => out.f64[i * 8 + 1]));
  }
  return units;
}

describe("a queue of units", () => {
  it("keeps units in order, whatever their lengths, and the one in the making aside", () => {
    const queue = create(6, 3);
    expect([queue.oldest, queue.stage, queue.units, queue.used]).toEqual([-1, -1, 0, 0]);
    add(queue, 1, 1);
    add(queue, 10, 3);
    stage(queue, 20, 2);
    expect(unitsOf(queue)).toEqual([[1], [10, 11, 12]]);
    expect([queue.units, queue.used, queue.staged]).toEqual([2, 4, 2]);
    expect(queue.records.f64[queue.stage * 8 + 1]).toBe(20);
    queue.append();
    expect(unitsOf(queue)).toEqual([[1], [10, 11, 12], [20, 21]]);
    expect([queue.units, queue.used, queue.staged]).toEqual([3, 6, 0]);
  });

  it("lets a unit leave from anywhere", () => {
    const queue = create(8, 2);
    const [a, b, c, d] = [add(queue, 1, 2), add(queue, 3, 2), add(queue, 5, 2), add(queue, 7, 2)];
    expect(queue.remove(b)).toBe(2);
    expect(unitsOf(queue)).toEqual([
      [1, 2],
      [5, 6],
      [7, 8],
    ]);
    queue.remove(d);
    queue.remove(a);
    expect(unitsOf(queue)).toEqual([[5, 6]]);
    queue.remove(c);
    expect([queue.oldest, queue.units, queue.used]).toEqual([-1, 0, 0]);
    add(queue, 9, 1);
    expect(unitsOf(queue)).toEqual([[9]]);
  });

  it("replaces a unit in its place by one of another length, at both ends and between", () => {
    const queue = create(6, 3);
    const [a, b, c] = [add(queue, 1, 1), add(queue, 2, 2), add(queue, 4, 1)];
    stage(queue, 10, 3);
    queue.replace(b);
    stage(queue, 20, 1);
    queue.replace(a);
    stage(queue, 30, 2);
    queue.replace(c);
    expect(unitsOf(queue)).toEqual([[20], [10, 11, 12], [30, 31]]);
    expect(queue.used).toBe(6);
    add(create(2, 2), 1, 2);
  });

  it("gives up what is in the making, and uses its records again", () => {
    const queue = create(2, 2);
    expect(queue.discard()).toBe(0);
    for (let round = 0; round < 20; round++) {
      stage(queue, 1, 2);
      expect(queue.discard()).toBe(2);
      add(queue, 5, 2);
      stage(queue, 7, 1);
      expect(queue.discard()).toBe(1);
      expect(queue.remove(queue.oldest)).toBe(2);
    }
    expect([queue.staged, queue.stage, queue.used]).toEqual([0, -1, 0]);
  });

  it("stops with INVARIANT for a unit that is too long, for more than there is room for, and for none", () => {
    const invariant = expect.objectContaining({ code: "INVARIANT" });
    const queue = create(3, 2);
    stage(queue, 1, 2);
    expect(() => stage(queue, 3, 1)).toThrowError(invariant);
    const unit = queue.append();
    expect(() => queue.append()).toThrowError(invariant);
    stage(queue, 5, 2);
    expect(() => queue.append()).toThrowError(invariant);
    expect(queue.replace(unit)).toBeGreaterThanOrEqual(0);
  });
});
