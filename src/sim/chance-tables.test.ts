import { describe, expect, it } from "vitest";
import { createAlias, createExponential, createGeometric, EXPONENTIAL_MEAN, QUANTILES } from "./chance-tables.ts";

function mean(table: Int32Array): number {
  return table.reduce((sum, value) => sum + value, 0) / table.length;
}

describe("quantile tables", () => {
  it("give the geometric distribution its mean, its cut and its order", () => {
    const table = createGeometric(1 / 7, 1_000);
    expect(mean(table)).toBeCloseTo(6, 1);
    expect(table.every((value, i) => i === 0 || value >= table[i - 1])).toBe(true);
    expect(table.filter((value) => value === 0).length / QUANTILES).toBeCloseTo(1 / 7, 2);
    expect(createGeometric(1 / 7, 5).at(-1)).toBe(5);
  });

  it("give the exponential distribution its mean and its median", () => {
    const table = createExponential();
    expect(mean(table) / EXPONENTIAL_MEAN).toBeCloseTo(1, 2);
    expect(table[QUANTILES / 2] / EXPONENTIAL_MEAN).toBeCloseTo(Math.LN2, 2);
  });
});

describe("the alias table", () => {
  it("gives every index its weight, exactly to a part in 2^32", () => {
    const weights = Float64Array.of(1, 2, 3, 10, 0, 4);
    const { accept, alias } = createAlias(weights);
    const chance = new Float64Array(weights.length);
    for (let i = 0; i < weights.length; i++) {
      chance[i] += accept[i] / 4_294_967_296 / weights.length;
      chance[alias[i]] += (1 - accept[i] / 4_294_967_296) / weights.length;
    }
    for (let i = 0; i < weights.length; i++) expect(chance[i]).toBeCloseTo(weights[i] / 20, 8);
  });
});
