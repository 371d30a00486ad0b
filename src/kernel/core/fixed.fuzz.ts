import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decimalFromNumber, floorDiv, floorMod, formatDecimal, NOT_EXACT, parseDecimal, SCALE_MAX } from "./fixed.ts";

const MAX = 9_007_199_254_740_991n;

/** The contract in the plainest words: match the grammar, shift the digits, compare with 2^53. */
function parseModel(text: string, scale: number): number {
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text);
  if (match === null) return NOT_EXACT;
  const decimals = match[3] ?? "";
  if (/[1-9]/.test(decimals.slice(scale))) return NOT_EXACT;
  const value = BigInt(match[2] + decimals.slice(0, scale).padEnd(scale, "0"));
  if (value > MAX) return NOT_EXACT;
  return value === 0n ? 0 : Number(match[1] + value.toString());
}

function parse(text: string, scale: number): number {
  const bytes = new TextEncoder().encode(`x${text}x`);
  return parseDecimal(bytes, 1, bytes.length - 1, scale);
}

const digits = fc.string({ unit: fc.constantFrom(..."0123456789"), maxLength: 22 });
const nearLimit = fc.bigInt({ min: MAX - 20n, max: MAX + 20n }).map(String);
const scale = fc.integer({ min: 0, max: SCALE_MAX });
const safe = fc.oneof(
  fc.maxSafeInteger(),
  fc.integer({ min: -1000, max: 1000 }),
  fc.constantFrom(2 ** 26, 2 ** 26 - 1, 2 ** 52, 2 ** 52 - 1, -(2 ** 52), 2 ** 53 - 1, 1 - 2 ** 53),
);

describe("parseDecimal against a string model", () => {
  it("agrees on decimals of all lengths", () => {
    fc.assert(
      fc.property(fc.constantFrom("", "-"), digits, fc.constantFrom("", "."), digits, scale, (sign, whole, point, rest, s) => {
        const text = sign + whole + point + rest;
        expect(parse(text, s)).toBe(parseModel(text, s));
      }),
      { seed: 20240808, numRuns: 4000 },
    );
  });

  it("agrees around 2^53 with the point anywhere", () => {
    fc.assert(
      fc.property(nearLimit, fc.nat(16), scale, fc.nat(4), (text, point, s, zeros) => {
        const cut = Math.min(point, text.length - 1);
        const decimal = cut === 0 ? text : `${"0".repeat(zeros)}${text.slice(0, -cut)}.${text.slice(-cut)}${"0".repeat(zeros)}`;
        expect(parse(decimal, s)).toBe(parseModel(decimal, s));
      }),
      { seed: 20240808, numRuns: 4000 },
    );
  });

  it("agrees on arbitrary characters", () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(..."0159-+.eE ,xٱ"), maxLength: 8 }), scale, (text, s) => {
        expect(parse(text, s)).toBe(parseModel(text, s));
      }),
      { seed: 20240808, numRuns: 4000 },
    );
  });

  it("reads back what formatDecimal wrote", () => {
    fc.assert(
      fc.property(safe, scale, (value, s) => {
        expect(parse(formatDecimal(value, s), s)).toBe(value === 0 ? 0 : value);
      }),
    );
  });
});

describe("floor division against BigInt", () => {
  it("is exact for all integers to 2^53", () => {
    fc.assert(
      fc.property(
        safe,
        safe.filter((d) => d > 0),
        fc.boolean(),
        (n, d, onMultiple) => {
          const numerator = onMultiple ? Math.floor(n / d) * d - 1 : n;
          if (!Number.isSafeInteger(numerator)) return;
          const rest = ((BigInt(numerator) % BigInt(d)) + BigInt(d)) % BigInt(d);
          expect(floorMod(numerator, d)).toBe(Number(rest));
          expect(BigInt(floorDiv(numerator, d))).toBe((BigInt(numerator) - rest) / BigInt(d));
        },
      ),
      { seed: 20240808, numRuns: 5000 },
    );
  });
});

describe("decimalFromNumber against the digits of the number", () => {
  const read = (value: number, s: number): number => {
    try {
      return decimalFromNumber(value, s);
    } catch {
      return NOT_EXACT;
    }
  };

  it("agrees on every decimal of 15 digits, and on the doubles beside it", () => {
    const fifteen = fc.integer({ min: -(10 ** 15), max: 10 ** 15 });
    fc.assert(
      fc.property(fifteen, scale, fc.integer({ min: -3, max: 3 }), (units, s, steps) => {
        expect(read(Number(formatDecimal(units, s)), s)).toBe(units);
        const beside = Number(formatDecimal(units, s)) * (1 + steps * Number.EPSILON);
        const digits15 = Number(beside.toPrecision(15)) === beside;
        const exact = digits15 ? parseModel(Math.abs(beside) < 1e-6 ? beside.toFixed(20) : String(beside), s) : NOT_EXACT;
        if (digits15 && Math.abs(exact) <= 1e15) expect(read(beside, s)).toBe(exact);
        else expect(read(beside, s)).toBe(NOT_EXACT);
      }),
      { seed: 20240808, numRuns: 4000 },
    );
  });
});
