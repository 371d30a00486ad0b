import { describe, expect, it } from "vitest";
import { Placement } from "./placement.ts";

const counts = (placement: Placement): number[] => placement.threads.map((thread) => placement.shardsOf(thread).length);
const all = (placement: Placement, shards: number): number[] => Array.from({ length: shards }, (_, shard) => placement.of(shard));

describe("a placement of shards on threads", () => {
  it.each([
    [1, 1],
    [4, 4],
    [5, 2],
    [64, 10],
    [7, 3],
  ])("of %i shards over %i threads gives none more than an even share", (shards, threads) => {
    const placement = new Placement(shards, threads);
    expect(Math.max(...counts(placement))).toBeLessThanOrEqual(Math.ceil(shards / threads));
    expect(counts(placement).reduce((sum, count) => sum + count, 0)).toBe(shards);
  });

  it("is the same each time", () => {
    expect(all(new Placement(20, 6), 20)).toEqual(all(new Placement(20, 6), 20));
  });

  it("gives a new thread 1/(n+1) of the shards and moves no other", () => {
    for (let threads = 1; threads < 12; threads++) {
      const placement = new Placement(60, threads);
      const before = all(placement, 60);
      const moves = placement.add(threads);
      expect(moves).toHaveLength(Math.floor(60 / (threads + 1)));
      const after = all(placement, 60);
      after.forEach((thread, shard) => {
        if (thread !== threads) expect(thread).toBe(before[shard]);
      });
      for (const { shard, from, to } of moves) expect([before[shard], after[shard]]).toEqual([from, to]);
    }
  });

  it("takes from those that have most, so that what was even stays even", () => {
    const placement = new Placement(12, 3);
    placement.add(3);
    expect(counts(placement)).toEqual([3, 3, 3, 3]);
  });

  it("spreads what a thread leaves and moves no other", () => {
    const placement = new Placement(12, 4);
    const before = all(placement, 12);
    const left = placement.shardsOf(1);
    expect(placement.remove(1).map(({ shard }) => shard)).toEqual(left);
    expect(placement.threads).toEqual([0, 2, 3]);
    expect(counts(placement)).toEqual([4, 4, 4]);
    all(placement, 12).forEach((thread, shard) => {
      if (!left.includes(shard)) expect(thread).toBe(before[shard]);
    });
  });
});

describe("relief of the busiest thread", () => {
  /** Shards 0 to 3 on thread 0, 4 and 5 on thread 1. */
  function lopsided(): Placement {
    const placement = new Placement(6, 2);
    for (let shard = 0; shard < 6; shard++) placement.set(shard, shard < 4 ? 0 : 1);
    return placement;
  }

  it("is the move that evens the load most", () => {
    expect(lopsided().relief([60, 25, 10, 5, 20, 0])).toEqual({ shard: 1, from: 0, to: 1 });
  });

  it("is none when the load is even enough, when no move helps, or when there is one thread", () => {
    expect(lopsided().relief([10, 10, 10, 10, 20, 18])).toBeNull();
    expect(lopsided().relief([100, 0, 0, 0, 5, 5])).toBeNull();
    expect(lopsided().relief([0, 0, 0, 0, 0, 0])).toBeNull();
    expect(new Placement(3, 1).relief([9, 1, 1])).toBeNull();
  });
});
