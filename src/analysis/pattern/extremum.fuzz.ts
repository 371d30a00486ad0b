import fc from "fast-check";
import { expect, it } from "vitest";
import { EMPTY, LATE } from "../../kernel/core/status.ts";
import { TIME_UNSET } from "../../kernel/core/units.ts";
import { Arena } from "../../kernel/memory/arena.ts";
import { TAPE_LENGTH } from "../../kernel/record/tape.ts";
import { RollingExtremum } from "./extremum.ts";

const SPAN = 100;

const step = fc.record({ lane: fc.nat(1), dt: fc.integer({ min: -40, max: 20 }), price: fc.integer({ min: -30, max: 30 }) });

interface Seen {
  readonly ts: number;
  readonly price: number;
}

function run(
  steps: readonly { lane: number; dt: number; price: number }[],
  kind: "highest" | "lowest",
  capacity: number,
  check: (exact: number | null, got: number | null, widest: number | null, extremum: RollingExtremum) => void,
): RollingExtremum {
  const arena = Arena.create("extremum", 1 << 18);
  const tape = new Float64Array(TAPE_LENGTH);
  const extremum = new RollingExtremum(arena, "x", { lanes: 2, spanNs: SPAN, kind, capacity }, tape);
  arena.seal();
  const seen: Seen[][] = [[], []];
  const newest = [TIME_UNSET as number, TIME_UNSET as number];
  const bucket = Math.ceil((2 * SPAN) / (capacity - 4));
  const best = (lane: number, from: number, to: number): number | null => {
    const inside = seen[lane].filter(({ ts }) => ts >= from && ts < to).map(({ price }) => price);
    if (inside.length === 0) return null;
    return kind === "highest" ? Math.max(...inside) : Math.min(...inside);
  };
  for (const { lane, dt, price } of steps) {
    const ts = (newest[lane] === TIME_UNSET ? 0 : newest[lane]) + dt;
    tape.set([price, 1, ts, 0]);
    const index = extremum.observe(lane);
    seen[lane].push({ ts, price });
    if (ts < newest[lane]) {
      expect(index).toBe(LATE);
      continue;
    }
    newest[lane] = ts;
    expect(index === EMPTY || index >= 0).toBe(true);
    check(best(lane, ts - SPAN, ts), index < 0 ? null : extremum.price(index), best(lane, ts - SPAN - bucket, ts), extremum);
  }
  return extremum;
}

it("finds the extreme of [t - span, t) as a search through all trades does", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200 }), fc.constantFrom("highest" as const, "lowest" as const), (steps, kind) => {
      const extremum = run(steps, kind, 256, (exact, got) => expect(got).toBe(exact));
      expect(extremum.merged).toBe(0);
    }),
    { seed: 20240808, numRuns: 300 },
  );
});

it("when a lane is full, never misses the extreme and keeps one at most a bucket longer", () => {
  let merged = 0;
  // Falling prices with some noise: nearly every one stays a candidate.
  const falling = fc.array(
    fc.record({
      lane: fc.nat(1),
      dt: fc.oneof({ weight: 5, arbitrary: fc.nat(8) }, { weight: 1, arbitrary: fc.integer({ min: -30, max: -1 }) }),
      price: fc.integer({ min: 0, max: 6 }),
    }),
    {
      minLength: 50,
      maxLength: 300,
    },
  );
  fc.assert(
    fc.property(falling, fc.constantFrom("highest" as const, "lowest" as const), fc.constantFrom(8, 16), (steps, kind, capacity) => {
      const sign = kind === "highest" ? 1 : -1;
      const sloped = steps.map((one, i) => ({ ...one, price: sign * (one.price - i) }));
      const extremum = run(sloped, kind, capacity, (exact, got, widest) => {
        if (exact === null) expect(got === null || got === widest).toBe(true);
        else {
          expect(got).not.toBeNull();
          expect(sign * (got ?? 0)).toBeGreaterThanOrEqual(sign * exact);
          expect(sign * (got ?? 0)).toBeLessThanOrEqual(sign * (widest ?? 0));
        }
      });
      merged += extremum.merged;
    }),
    { seed: 20240808, numRuns: 300 },
  );
  expect(merged).toBeGreaterThan(100);
});

it("knows nothing of a lane that was forgotten, and all of the others", () => {
  const arena = Arena.create("extremum", 1 << 18);
  const tape = new Float64Array(TAPE_LENGTH);
  const extremum = new RollingExtremum(arena, "x", { lanes: 2, spanNs: SPAN, kind: "highest", capacity: 8 }, tape);
  arena.seal();
  const blank = arena.snapshot();
  const trade = (lane: number, ts: number, price: number): number => {
    tape.set([price, 1, ts, 0]);
    return extremum.observe(lane);
  };
  for (let n = 0; n < 40; n++) trade(0, n, 100 - n);
  const merged = arena.regions.find(({ name }) => name === "x.state");
  extremum.forget(0);
  expect(trade(0, 5, 1)).toBe(EMPTY);
  expect(extremum.covers(0, 1)).toBe(false);
  trade(1, 0, 7);
  extremum.forget(0);
  expect(extremum.price(trade(1, 1, 3))).toBe(7);
  extremum.forget(1);
  for (const { name, offset, bytes } of arena.regions) {
    if (name === merged?.name || name.endsWith("times") || name.endsWith("prices")) continue;
    expect(Buffer.compare(arena.snapshot().subarray(offset, offset + bytes), blank.subarray(offset, offset + bytes)), name).toBe(0);
  }
});
