import { describe, expect, it } from "vitest";
import { Deltas } from "../../../test/model/book-records.ts";
import { EMPTY, NEED_MORE } from "../../kernel/core/status.ts";
import { Arena } from "../../kernel/memory/arena.ts";
import { SIDE_ASK, SIDE_BID } from "../../kernel/record/header.ts";
import { LevelBook } from "./level-book.ts";
import {
  Liquidity,
  LIQUIDITY_ASK_QTY,
  LIQUIDITY_BID_QTY,
  LIQUIDITY_DEPTH_LEVELS,
  LIQUIDITY_DEPTH_QTY,
  LIQUIDITY_IMBALANCE,
  LIQUIDITY_MICROPRICE,
  LIQUIDITY_MID,
  LIQUIDITY_PRICE,
  LIQUIDITY_PRICE_QTY,
  LIQUIDITY_PRICE_WORST,
  LIQUIDITY_SPREAD,
} from "./liquidity.ts";

function create(): { liquidity: Liquidity; deltas: Deltas } {
  const book = new LevelBook(Arena.create("book", 1 << 22), { instruments: 2, levels: 64 });
  return { liquidity: new Liquidity(book), deltas: new Deltas(book) };
}

function filled(): Liquidity {
  const { liquidity, deltas } = create();
  for (const [price, qty] of [
    [9990, 30],
    [9980, 50],
    [9900, 100],
  ])
    deltas.set(SIDE_BID, price, qty);
  for (const [price, qty] of [
    [10_011, 10],
    [10_020, 20],
    [10_200, 40],
  ])
    deltas.set(SIDE_ASK, price, qty);
  return liquidity;
}

describe("liquidity", () => {
  it("gives spread, mid and the microprice that leans to the thin side", () => {
    const liquidity = filled();
    expect(liquidity.ofTop(0)).toBe(0);
    expect(liquidity.out[LIQUIDITY_SPREAD]).toBe(21);
    expect(liquidity.out[LIQUIDITY_MID]).toBe(10_000.5);
    expect(liquidity.out[LIQUIDITY_MICROPRICE]).toBe((9990 * 10 + 10_011 * 30) / 40);
  });

  it("keeps the microprice between the prices where their products pass 2^53", () => {
    const { liquidity, deltas } = create();
    deltas.set(SIDE_BID, 6_000_000_000_001, 90_000_000_001);
    deltas.set(SIDE_ASK, 6_000_000_000_003, 90_000_000_001);
    liquidity.ofTop(0);
    expect(liquidity.out[LIQUIDITY_MICROPRICE]).toBe(6_000_000_000_002);
  });

  it("weighs the best n levels against each other", () => {
    const liquidity = filled();
    expect(liquidity.imbalance(0, 1)).toBe(0);
    expect(liquidity.out[LIQUIDITY_IMBALANCE]).toBe(0.5);
    liquidity.imbalance(0, 2);
    expect(liquidity.out[LIQUIDITY_IMBALANCE]).toBe((80 - 30) / 110);
    liquidity.imbalance(0, 50);
    expect(liquidity.out[LIQUIDITY_IMBALANCE]).toBe((180 - 70) / 250);
  });

  it("sums the best n levels of a side, fewer where there are fewer, and keeps what an imbalance is of", () => {
    const liquidity = filled();
    const depth = (side: number, count: number): number[] => {
      expect(liquidity.depthOf(0, side, count)).toBe(0);
      return [liquidity.out[LIQUIDITY_DEPTH_QTY], liquidity.out[LIQUIDITY_DEPTH_LEVELS]];
    };
    expect([depth(SIDE_BID, 1), depth(SIDE_BID, 2), depth(SIDE_ASK, 50)]).toEqual([
      [30, 1],
      [80, 2],
      [70, 3],
    ]);
    liquidity.imbalance(0, 2);
    expect([liquidity.out[LIQUIDITY_BID_QTY], liquidity.out[LIQUIDITY_ASK_QTY]]).toEqual([80, 30]);
    const nothing = create().liquidity;
    expect([nothing.depthOf(0, SIDE_ASK, 5), ...nothing.out]).toEqual([0, ...Array.from({ length: nothing.out.length }, () => 0)]);
  });

  it("sums what lies within basis points of the mid", () => {
    const liquidity = filled();
    expect(liquidity.depthWithin(0, SIDE_BID, 20)).toBe(0); // reach 20.001
    expect([liquidity.out[LIQUIDITY_DEPTH_QTY], liquidity.out[LIQUIDITY_DEPTH_LEVELS]]).toEqual([30, 1]);
    liquidity.depthWithin(0, SIDE_BID, 21);
    expect([liquidity.out[LIQUIDITY_DEPTH_QTY], liquidity.out[LIQUIDITY_DEPTH_LEVELS]]).toEqual([80, 2]);
    liquidity.depthWithin(0, SIDE_ASK, 1000);
    expect([liquidity.out[LIQUIDITY_DEPTH_QTY], liquidity.out[LIQUIDITY_DEPTH_LEVELS]]).toEqual([70, 3]);
    liquidity.depthWithin(0, SIDE_ASK, 1);
    expect([liquidity.out[LIQUIDITY_DEPTH_QTY], liquidity.out[LIQUIDITY_DEPTH_LEVELS]]).toEqual([0, 0]);
  });

  it("counts a level that lies exactly at the edge", () => {
    const { liquidity, deltas } = create();
    deltas.set(SIDE_BID, 9990, 3);
    deltas.set(SIDE_ASK, 10_010, 4);
    liquidity.depthWithin(0, SIDE_BID, 10);
    expect(liquidity.out[LIQUIDITY_DEPTH_QTY]).toBe(3);
    liquidity.depthWithin(0, SIDE_ASK, 10);
    expect(liquidity.out[LIQUIDITY_DEPTH_QTY]).toBe(4);
  });

  it("prices a size through the levels", () => {
    const liquidity = filled();
    expect(liquidity.priceOf(0, SIDE_ASK, Float64Array.of(0, 15), 1)).toBe(0);
    expect(liquidity.out[LIQUIDITY_PRICE]).toBe((10_011 * 10 + 10_020 * 5) / 15);
    expect(liquidity.out[LIQUIDITY_PRICE_QTY]).toBe(15);
    expect(liquidity.out[LIQUIDITY_PRICE_WORST]).toBe(10_020);
  });

  it("says when a side holds less than the size, and prices what there is", () => {
    const liquidity = filled();
    expect(liquidity.priceOf(0, SIDE_BID, Float64Array.of(1000), 0)).toBe(NEED_MORE);
    expect(liquidity.out[LIQUIDITY_PRICE_QTY]).toBe(180);
    expect(liquidity.out[LIQUIDITY_PRICE]).toBe((9990 * 30 + 9980 * 50 + 9900 * 100) / 180);
  });

  it("answers EMPTY where there is nothing, and leaves what it said before", () => {
    const { liquidity, deltas } = create();
    expect([
      liquidity.ofTop(0),
      liquidity.imbalance(0, 5),
      liquidity.depthWithin(0, SIDE_BID, 10),
      liquidity.priceOf(0, SIDE_BID, Float64Array.of(1), 0),
    ]).toEqual([EMPTY, EMPTY, EMPTY, EMPTY]);
    deltas.set(SIDE_BID, 100, 5);
    expect(liquidity.ofTop(0)).toBe(EMPTY);
    expect(liquidity.imbalance(0, 5)).toBe(0);
    expect(liquidity.out[LIQUIDITY_IMBALANCE]).toBe(1);
    expect(liquidity.priceOf(0, SIDE_BID, Float64Array.of(0), 0)).toBe(EMPTY);
    expect(liquidity.out[LIQUIDITY_MID]).toBe(0);
  });
});
