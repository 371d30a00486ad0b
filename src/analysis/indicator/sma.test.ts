import { expect, it } from "vitest";
import { indicatorContract } from "../../../test/contract/indicator.ts";
import { Arena } from "../../kernel/memory/arena.ts";
import { IN_COLUMNS, IN_VOLUME } from "./indicator.ts";
import { Sma } from "./sma.ts";

indicatorContract("sma", [5]);
indicatorContract("sma", [1]);
indicatorContract("sma", [40], IN_VOLUME);

it("is exact again as soon as a huge value has left the window", () => {
  const sma = new Sma(Arena.create("sma", 1 << 16), 1, 5);
  const closes = [1e17, 0.1, 0.2, 0.3, 0.4, 0.5];
  for (const close of closes) sma.update(0, new Float64Array(IN_COLUMNS).fill(close));
  expect(Math.abs(sma.values[0] - 0.3)).toBeLessThan(1e-15);
});
