/**
 * The indicator contract: the laws of every indicator, written once.
 *
 *   ready exactly after `lookback` bars · incremental = recomputed from all bars · lanes do not touch each other ·
 *   a bar without finite inputs changes nothing · no drift after 100,000 bars · all state in the arena
 */
import { describe, expect, it } from "vitest";
import { Random } from "../../src/kernel/core/random.ts";
import { Arena } from "../../src/kernel/memory/arena.ts";
import { fillTypical, IN_COLUMNS, PROFILES, type Indicator, type Profile } from "../../src/analysis/indicator/indicator.ts";
import { createIndicator, findIndicator } from "../../src/analysis/indicator/catalog.ts";
import { indicatorModel, type Row } from "../model/indicator-model.ts";
import { snapshotContract } from "./snapshot.ts";

const CAPACITY = 1024 * 1024;

/** Largest relative error allowed against recomputation (spec C16). */
const TOLERANCE = 1e-9;

/** A seeded walk of bars; about one in `gapEvery` has an empty cell. */
export function createWalk(seed: number, gapEvery: number = 0): () => number[] {
  const random = new Random(new Int32Array(4), seed);
  let close = 100;
  return () => {
    const bar = new Float64Array(IN_COLUMNS);
    const open = close + Math.round((random.nextFloat() - 0.5) * 20) / 100;
    close = Math.max(1, open + Math.round((random.nextFloat() - 0.5) * 200) / 100);
    const volume = random.nextBelow(10) === 0 ? 0 : random.nextBelow(5000) / 10;
    const cells = [open, Math.max(open, close) + random.nextBelow(50) / 100, Math.min(open, close) - random.nextBelow(50) / 100, close];
    bar.set([...cells, volume, volume * (open + close) * 0.5, random.nextBelow(90)]);
    fillTypical(bar);
    if (gapEvery > 0 && random.nextBelow(gapEvery) === 0) bar.fill([NaN, Infinity, -Infinity][random.nextBelow(3)]);
    return [...bar];
  };
}

/** |got - expected| within the tolerance of the larger of |expected| and `scale`. */
export function expectClose(got: readonly number[], expected: readonly number[], scale: number, where: string, tolerance: number = TOLERANCE): void {
  expect(got.length, where).toBe(expected.length);
  for (let k = 0; k < got.length; k++) {
    const error = Math.abs(got[k] - expected[k]) / Math.max(Math.abs(expected[k]), scale, Number.MIN_VALUE);
    if (!(error <= tolerance)) expect.fail(`${where}, output ${k}: got ${got[k]}, expected ${expected[k]}, relative error ${error}`);
  }
}

/** Declares the contract's tests for one indicator with these parameters, in every profile. */
export function indicatorContract(name: string, params: readonly number[], column?: number): void {
  for (const profile of PROFILES) declare(name, params, profile, column);
}

function declare(name: string, params: readonly number[], profile: Profile, column?: number): void {
  const definition = findIndicator(name)!;
  const input = column ?? definition.defaultColumn;
  const options = column === undefined ? { profile } : { profile, column };

  function build(lanes: number): Indicator {
    const arena = Arena.create(name, CAPACITY);
    const indicator = createIndicator(arena, lanes, name, params, options);
    arena.seal();
    return indicator;
  }

  function read(indicator: Indicator, lane: number): number[] | null {
    const width = indicator.outputs.length;
    return indicator.isReady(lane) ? [...indicator.values.subarray(lane * width, (lane + 1) * width)] : null;
  }

  describe(`${name}(${params.join(", ")}) of column ${input}, profile ${profile}`, () => {
    it("says the name and outputs of its definition", () => {
      const indicator = build(1);
      expect(indicator.name).toBe(definition.name);
      expect(indicator.outputs).toEqual(definition.outputs);
    });

    it("is ready after exactly `lookback` bars", () => {
      const indicator = build(1);
      const bar = new Float64Array([10, 11, 9, 10, 5, 50, 3, 10]);
      for (let i = 0; i <= indicator.lookback + 2; i++) {
        expect(indicator.isReady(0), `before bar ${i}`).toBe(i > indicator.lookback);
        expect(indicator.ready[0]).toBe(i > indicator.lookback ? 1 : 0);
        indicator.update(0, bar);
      }
    });

    it("equals recomputation from all bars at every bar, with lanes interleaved and gaps skipped", () => {
      const lanes = 3;
      const indicator = build(lanes);
      const walks = [createWalk(1), createWalk(2, 5), createWalk(3, 40)];
      const rows: Row[][] = [[], [], []];
      const draw = new Random(new Int32Array(4), 99);
      for (let i = 0; i < 400; i++) {
        const lane = draw.nextBelow(lanes);
        const row = walks[lane]();
        rows[lane].push(row);
        indicator.update(lane, Float64Array.from(row));
        for (let other = 0; other < lanes; other++) {
          if (other !== lane && i % 37 !== 0) continue;
          const expected = indicatorModel(name, params, profile, input, rows[other]);
          const got = read(indicator, other);
          if (expected === null || got === null) expect(got, `bar ${i} lane ${other}`).toBe(expected);
          else expectClose(got, expected, 1, `bar ${i} lane ${other}`);
        }
      }
    });

    it("lets a bar without finite inputs change nothing", () => {
      const indicator = build(1);
      const walk = createWalk(5);
      for (let i = 0; i < indicator.lookback + 10; i++) {
        const before = read(indicator, 0);
        for (const cell of [NaN, Infinity, -Infinity]) indicator.update(0, new Float64Array(IN_COLUMNS).fill(cell));
        expect(read(indicator, 0)).toEqual(before);
        indicator.update(0, Float64Array.from(walk()));
      }
      expect(indicator.values.every(Number.isFinite)).toBe(true);
    });

    it("has not drifted after 100,000 bars that jump, shrink and stand still", () => {
      const indicator = build(1);
      const total = 100_000;
      const random = new Random(new Int32Array(4), 31);
      const rows: Row[] = [];
      const bar = new Float64Array(IN_COLUMNS);
      for (let i = 0; i < total; i++) {
        // Levels from 1e6 down to 0.01 in blocks, so that large values leave the window and small ones stay.
        const level = 10 ** (6 - (Math.floor(i / 997) % 9));
        const x = (i >> 8) % 5 === 0 ? level : level * (1 + random.nextFloat() * 0.01);
        bar.set([x, x * 1.001, x * 0.999, x, 1 + random.nextBelow(50), 7 * x, 1]);
        fillTypical(bar);
        indicator.update(0, bar);
        rows.push([...bar]);
        if (i === total / 2 || i === total - 1) {
          const width = name === "sma" || name === "bollinger" ? params[0] : rows.length;
          const recent = rows.slice(-width);
          const expected = indicatorModel(name, params, profile, input, recent)!;
          expectClose(read(indicator, 0)!, expected, Math.abs(name === "macd" ? bar[input] : 0), `bar ${i}`);
        }
      }
    });
  });

  snapshotContract(
    `${name}(${params.join(", ")}) ${profile}`,
    (arena) => {
      const indicator = createIndicator(arena, 4, name, params, options);
      return {
        step(random) {
          const lane = random.nextBelow(4);
          const price = 50 + random.nextBelow(1000) / 10;
          const bar = new Float64Array([price, price + 1, price - 1, price, random.nextBelow(100), price * 3, 1, price]);
          if (random.nextBelow(20) === 0) bar[3] = NaN;
          if (random.nextBelow(50) === 0) indicator.reset?.(lane);
          else indicator.update(lane, bar);
          return read(indicator, lane);
        },
      };
    },
    { steps: 200, cuts: 3, capacityBytes: CAPACITY },
  );
}
