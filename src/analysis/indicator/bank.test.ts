import { expect, it } from "vitest";
import { createWalk } from "../../../test/contract/indicator.ts";
import { Arena } from "../../kernel/memory/arena.ts";
import { IndicatorBank } from "./bank.ts";
import { createIndicator, INDICATORS } from "./catalog.ts";
import { Sma } from "./sma.ts";

it("updates every indicator of the catalog exactly once a bar, and resets those that are anchored", () => {
  const uses = INDICATORS.map(({ name, parameters, defaultColumn }) => ({ name, params: parameters.map((p) => p.default), column: defaultColumn }));
  const bank = new IndicatorBank(Arena.create("bank", 1 << 20), 2, uses, "talib");
  const alone = uses.map((use) => createIndicator(Arena.create("alone", 1 << 20), 2, use.name, use.params));
  const walk = createWalk(3);
  for (let i = 0; i < 80; i++) {
    const bar = Float64Array.from(walk());
    bank.update(i & 1, bar);
    alone.forEach((indicator) => indicator.update(i & 1, bar));
    if (i === 60) {
      bank.reset(1);
      alone.forEach((indicator) => indicator.reset?.(1));
    }
  }
  alone.forEach((indicator, i) => {
    expect([...bank.indicators[i].values], indicator.name).toEqual([...indicator.values]);
    expect(indicator.isReady(0), indicator.name).toBe(true);
  });
});

it("updates an indicator that has no call site of its own by the shared one", () => {
  const bank = new IndicatorBank(Arena.create("bank", 1 << 20), 1, [{ name: "sma", params: [2], column: 3 }], "talib");
  class Wrapped {
    readonly inner = new Sma(Arena.create("inner", 1 << 16), 1, 2);
    update(lane: number, bar: Float64Array): void {
      this.inner.update(lane, bar);
    }
  }
  const wrapped = new Wrapped();
  Object.assign(bank, { indicators: [wrapped], kinds: new Uint8Array([255]) });
  for (let i = 0; i < 2; i++) bank.update(0, new Float64Array(8).fill(4));
  expect([wrapped.inner.isReady(0), wrapped.inner.values[0]]).toEqual([true, 4]);
});
