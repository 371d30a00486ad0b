import fc from "fast-check";
import { expect, it } from "vitest";
import { Arena } from "../../kernel/memory/arena.ts";
import { TAPE_LENGTH } from "../../kernel/record/tape.ts";
import { AGGREGATE_NAMES, Accumulators, COUNT, FIRST, LAST, MAX, MEAN, MIN, SD, SUM_QTY, VWAP } from "./aggregate.ts";

interface Trade {
  readonly ts: number;
  readonly price: number;
  readonly qty: number;
}

const trade = fc.record({
  ts: fc.nat(20),
  price: fc.oneof(fc.integer({ min: -1000, max: 1000 }), fc.integer({ min: 1_000_000_000, max: 1_000_100_000 })),
  qty: fc.oneof(fc.nat(5), fc.integer({ min: 2 ** 40, max: 2 ** 50 })),
});

function create(rows: number): {
  sums: Accumulators;
  add: (row: number, trades: readonly Trade[], from: number) => void;
  read: (row: number, count: number) => number[];
} {
  const arena = Arena.create("aggregate", 1 << 16);
  const tape = new Float64Array(TAPE_LENGTH);
  const sums = new Accumulators(arena, "a", rows, AGGREGATE_NAMES, tape);
  arena.seal();
  const add = (row: number, trades: readonly Trade[], from: number): void => {
    trades.forEach(({ ts, price, qty }, i) => {
      tape.set([price, qty, ts, from + i]);
      sums.add(row, i);
    });
  };
  const read = (row: number, count: number): number[] => {
    const out = new Float64Array(AGGREGATE_NAMES.length);
    return AGGREGATE_NAMES.map((_, i) => (sums.read(i, row, count, 2, 3, out, i) === 1 ? out[i] : Number.NaN));
  };
  return { sums, add, read };
}

/** The aggregates in the naive way, with exact sums. */
function naive(trades: readonly Trade[]): number[] {
  const order = trades.map((t, sequence) => ({ ...t, sequence })).sort((a, b) => a.ts - b.ts || a.sequence - b.sequence);
  const prices = trades.map((t) => t.price);
  const n = trades.length;
  const qty = trades.reduce((sum, t) => sum + BigInt(t.qty), 0n);
  const notional = trades.reduce((sum, t) => sum + BigInt(t.qty) * BigInt(t.price), 0n);
  const sum = prices.reduce((a, b) => a + b, 0);
  // n x sum of squares - square of the sum, exactly.
  const spread = BigInt(n) * prices.reduce((a, b) => a + BigInt(b) * BigInt(b), 0n) - BigInt(sum) * BigInt(sum);
  const out: number[] = [];
  out[COUNT] = n;
  out[SUM_QTY] = Number(qty) / 1e3;
  out[VWAP] = qty === 0n ? Number.NaN : Number(notional) / Number(qty) / 100;
  out[MIN] = Math.min(...prices) / 100;
  out[MAX] = Math.max(...prices) / 100;
  out[FIRST] = order[0].price / 100;
  out[LAST] = order[n - 1].price / 100;
  out[MEAN] = sum / n / 100;
  out[SD] = n < 2 ? Number.NaN : Math.sqrt(Number(spread) / n / (n - 1)) / 100;
  return out;
}

function expectSame(got: readonly number[], expected: readonly number[], name: string): void {
  got.forEach((value, i) => {
    if (i !== SD || Number.isNaN(expected[SD])) expect(value, `${name} ${AGGREGATE_NAMES[i]}`).toEqual(expected[i]);
    else expect(Math.abs(value - expected[SD]), `${name} sd ${value} ${expected[SD]}`).toBeLessThanOrEqual(1e-9 * Math.max(1, expected[SD]));
  });
}

it("reads what a naive model computes over the same trades", () => {
  fc.assert(
    fc.property(fc.array(trade, { minLength: 1, maxLength: 40 }), (trades) => {
      const { add, read } = create(1);
      add(0, trades, 0);
      expectSame(read(0, trades.length), naive(trades), "row");
    }),
    { seed: 20240808, numRuns: 200 },
  );
});

it("combines rows to the row of all trades, in either order and grouping", () => {
  const part = fc.array(trade, { maxLength: 15 });
  fc.assert(
    fc.property(part, part, part, (a, b, c) => {
      const all = [...a, ...b, ...c];
      if (all.length === 0) return;
      const fill = (): ReturnType<typeof create> => {
        const made = create(3);
        made.add(0, a, 0);
        made.add(1, b, a.length);
        made.add(2, c, a.length + b.length);
        return made;
      };
      const expected = naive(all);
      const left = fill();
      left.sums.combine(0, a.length, 1, b.length);
      left.sums.combine(0, a.length + b.length, 2, c.length);
      expectSame(left.read(0, all.length), expected, "(a b) c");
      const right = fill();
      right.sums.combine(1, b.length, 2, c.length);
      right.sums.combine(0, a.length, 1, b.length + c.length);
      expectSame(right.read(0, all.length), expected, "a (b c)");
      const swapped = fill();
      swapped.sums.combine(2, c.length, 0, a.length);
      swapped.sums.combine(2, c.length + a.length, 1, b.length);
      expectSame(swapped.read(2, all.length), expected, "c a b");
    }),
    { seed: 20240808, numRuns: 200 },
  );
});
