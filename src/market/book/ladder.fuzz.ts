import { describe, expect, it } from "vitest";
import { Random } from "../../kernel/core/random.ts";
import { Arena } from "../../kernel/memory/arena.ts";
import { BlockPool, UNIT_ENTRIES } from "./block-pool.ts";
import { Ladders } from "./ladder.ts";

describe("block pool under random takes and gives", () => {
  it.each([1, 2, 3, 4])("never hands out an entry twice and joins to one range again (seed %i)", (seed) => {
    const random = new Random(new Int32Array(4), seed);
    const units = 97 + random.nextBelow(200);
    const pool = new BlockPool(Arena.create("pool", 1 << 20), "pool", units * UNIT_ENTRIES);
    const owner = new Int8Array(units);
    const held: { entry: number; sizeClass: number }[] = [];
    for (let step = 0; step < 5000; step++) {
      if (random.nextBelow(2) === 0 || held.length === 0) {
        const sizeClass = random.nextBelow(5);
        const entry = pool.take(sizeClass);
        if (entry < 0) continue;
        expect(entry % (UNIT_ENTRIES << sizeClass)).toBe(0);
        for (let unit = entry / UNIT_ENTRIES; unit < entry / UNIT_ENTRIES + 2 ** sizeClass; unit++) {
          if (unit >= units || owner[unit] !== 0) throw new Error(`unit ${unit} of ${units} handed out twice or out of range`);
          owner[unit] = 1;
        }
        held.push({ entry, sizeClass });
      } else {
        const [block] = held.splice(random.nextBelow(held.length), 1);
        pool.give(block.entry, block.sizeClass);
        owner.fill(0, block.entry / UNIT_ENTRIES, block.entry / UNIT_ENTRIES + 2 ** block.sizeClass);
      }
    }
    for (const block of held) pool.give(block.entry, block.sizeClass);
    const largest = Math.floor(Math.log2(units));
    expect(pool.take(largest)).toBe(0);
  });
});

describe("ladders under random inserts and removals", () => {
  it.each([1, 2, 3, 4, 5])("equal sorted lists, with growth, shrinkage and exhaustion (seed %i)", (seed) => {
    const random = new Random(new Int32Array(4), seed);
    const count = 6;
    const capacity = 1500;
    const ladders = new Ladders(Arena.create("ladders", 1 << 22), count / 2, capacity);
    const model: number[][] = Array.from({ length: count }, () => []);
    const scratch = new Float64Array(1);
    let used = 0;
    let peak = 0;
    let refused = 0;
    for (let step = 0; step < 30_000; step++) {
      const ladder = random.nextBelow(3) === 0 ? random.nextBelow(count) : seed % count;
      const list = model[ladder];
      const phase = Math.floor(step / 5000) % 2;
      scratch[0] = random.nextBelow(4000) - 1000;
      const found = ladders.find(ladder, scratch, 0);
      expect(found > 0).toBe(list.includes(scratch[0]));
      if (found > 0 && (phase === 1 || random.nextBelow(4) === 0)) {
        ladders.remove(found);
        list.splice(list.indexOf(scratch[0]), 1);
        used--;
      } else if (found < 0 && (phase === 0 || random.nextBelow(4) === 0)) {
        const level = ladders.insert(ladder, -1 - found, scratch, 0);
        if (level > 0) {
          list.push(scratch[0]);
          peak = Math.max(peak, ++used);
        } else {
          expect(used, "refused while levels were left").toBe(capacity);
          refused++;
        }
      } else if (phase === 1 && list.length > 0 && random.nextBelow(2) === 0) {
        const rank = random.nextBelow(list.length);
        const level = ladders.levelAt(ladder, rank);
        list.splice(list.indexOf(ladders.f64[level * 4]), 1);
        ladders.remove(level);
        used--;
      }
      if (random.nextBelow(4000) === 0) {
        ladders.clear(ladder);
        used -= list.length;
        list.length = 0;
      }
      expect([ladders.used, ladders.highWater]).toEqual([used, peak]);
      expect(ladders.best(ladder)).toBe(ladders.levelAt(ladder, 0));
      if (step % 500 !== 0) continue;
      for (let l = 0; l < count; l++) {
        model[l].sort((a, b) => (l % 2 === 0 ? b - a : a - b));
        const prices = Array.from({ length: ladders.depth(l) }, (_, rank) => ladders.f64[ladders.levelAt(l, rank) * 4]);
        expect(prices).toEqual(model[l]);
      }
    }
    expect(used).toBeLessThanOrEqual(capacity);
    expect(refused).toBeGreaterThan(100);
  });
});
