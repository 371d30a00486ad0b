import { describe, expect, it } from "vitest";
import { Drill } from "./drill.ts";

function kills(drill: Drill, records: number, threads: number): [number, number][] {
  const found: [number, number][] = [];
  for (let taken = 0; taken < records; taken += 10) {
    const thread = drill.due(taken, threads);
    if (thread >= 0) found.push([taken, thread]);
  }
  return found;
}

describe("a drill", () => {
  it("ends as many threads as it was asked to, far enough apart, each of those there are", () => {
    const found = kills(new Drill(40), 2_000_000, 3);
    expect(found).toHaveLength(40);
    found.forEach(([taken], index) => expect(taken - (found[index - 1]?.[0] ?? 0)).toBeGreaterThanOrEqual(2000));
    expect(new Set(found.map(([, thread]) => thread))).toEqual(new Set([0, 1, 2]));
  });

  it("is the same for the same seed, and another for another", () => {
    expect(kills(new Drill(5, 9), 200_000, 4)).toEqual(kills(new Drill(5, 9), 200_000, 4));
    expect(kills(new Drill(5, 8), 200_000, 4)).not.toEqual(kills(new Drill(5, 9), 200_000, 4));
  });

  it("ends nothing where there is no thread, or the input is too short", () => {
    expect(kills(new Drill(5), 100_000, 0)).toEqual([]);
    expect(kills(new Drill(5), 1000, 2)).toEqual([]);
  });
});
