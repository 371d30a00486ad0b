import { describe, expect, it } from "vitest";
import { Random } from "../kernel/core/random.ts";
import { Market, symbolText, WINDOW_TICKS } from "./market.ts";

function market(instruments: number, seed = 1): Market {
  return new Market(instruments, new Random(new Int32Array(4), seed));
}

describe("the market", () => {
  it("lists symbols of eight bytes, numbered from one", () => {
    const listed = market(1_200);
    expect([0, 9, 299, 1_199].map((i) => symbolText(listed.symbols, i))).toEqual(["SIM001", "SIM010", "SIM300", "SIM1200"]);
    expect([...listed.symbols.subarray(0, 8)]).toEqual([..."SIM001  "].map((letter) => letter.charCodeAt(0)));
    expect(listed.indexOf("SIM300")).toBe(299);
    expect(listed.indexOf("SIM")).toBe(-1);
  });

  it("is busiest at the top and reaches the last instrument", () => {
    const listed = market(300);
    const turns = new Float64Array(300);
    for (let i = 0; i < 200_000; i++) turns[listed.pick()]++;
    expect(turns[0] / turns[5]).toBeGreaterThan(1.7);
    expect(turns[0] / turns[5]).toBeLessThan(2.3);
    expect(Math.min(...turns)).toBeGreaterThan(50);
  });

  it("keeps fair prices inside their windows, however hard the shock", () => {
    const listed = market(50);
    for (let i = 0; i < 50; i++) {
      for (const ppm of [-1_000_000, 5_000_000]) {
        listed.setShock(i, ppm);
        const offset = listed.fairTick(i) - listed.firstTick[i];
        expect(offset).toBeGreaterThanOrEqual(60);
        expect(offset).toBeLessThan(WINDOW_TICKS - 60);
      }
    }
  });

  it("moves fair prices by about half a percent, and by a shock exactly", () => {
    const listed = market(20, 3);
    let moved = 0;
    for (let i = 0; i < 200_000; i++) listed.step(i % 20);
    for (let i = 0; i < 20; i++) moved += Math.abs(listed.fairTick(i) / listed.openTick[i] - 1);
    expect(moved / 20).toBeGreaterThan(0.0005);
    expect(moved / 20).toBeLessThan(0.01);
    const before = listed.fairTick(7);
    listed.setShock(7, -80_000);
    expect(Math.abs(before - listed.fairTick(7) - listed.openTick[7] * 0.08)).toBeLessThanOrEqual(1);
  });

  it("moves instruments together by the common factor", () => {
    const listed = market(64, 9);
    let together = 0;
    for (let round = 0; round < 50; round++) {
      const before = Array.from({ length: 64 }, (_, i) => listed.fairTick(i));
      // Only the first instrument has turns: what the others do, they do by the common factor.
      for (let i = 0; i < 60_000; i++) listed.step(0);
      const moves = before.map((tick, i) => Math.sign(listed.fairTick(i) - tick)).slice(1);
      const up = moves.filter((move) => move > 0).length;
      const down = moves.filter((move) => move < 0).length;
      if (Math.max(up, down) > 40) together++;
      expect(Math.min(up, down)).toBe(0);
    }
    expect(together).toBeGreaterThan(20);
  });
});
