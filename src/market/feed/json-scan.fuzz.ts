import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { NOT_EXACT, parseDecimal } from "../../kernel/core/fixed.ts";
import { NUMBER, SHAPE, scanDecimal, scanInteger } from "./json-scan.ts";

const seed = 20240808;
const digits = (max: number): fc.Arbitrary<string> => fc.string({ unit: fc.constantFrom(..."0123456789"), maxLength: max });

describe("numbers scanned from bytes", () => {
  it("decimals are those of parseDecimal, at every scale", () => {
    const decimal = fc.oneof(
      fc.tuple(digits(12), digits(14)).map(([whole, fraction]) => `${whole}.${fraction}`),
      digits(18),
      fc.tuple(digits(6), digits(6)).map(([whole, fraction]) => `-${whole}.${fraction}`),
      fc.string({ unit: fc.constantFrom(..."0123.-e+"), maxLength: 8 }),
    );
    fc.assert(
      fc.property(decimal, fc.integer({ min: 0, max: 15 }), (text, scale) => {
        const bytes = new TextEncoder().encode(`${text}",`);
        const out = new Float64Array(2);
        const expected = parseDecimal(bytes, 0, text.length, scale);
        const at = scanDecimal(bytes, 0, scale, out, 1);
        if (expected === NOT_EXACT) expect(at).toBe(NUMBER);
        else {
          expect(at).toBe(text.length + 1);
          expect(out[1]).toBe(expected);
        }
      }),
      { seed, numRuns: 5000 },
    );
  });

  it("integers are those of JSON.parse, or are refused", () => {
    const integer = fc.oneof(digits(18), fc.maxSafeNat().map(String), fc.string({ unit: fc.constantFrom(..."0123.-e"), maxLength: 6 }));
    fc.assert(
      fc.property(integer, (text) => {
        fc.pre(/^\d/.test(text));
        const bytes = new TextEncoder().encode(`${text}}`);
        const out = new Float64Array(1);
        const at = scanInteger(bytes, 0, out, 0);
        if (at === SHAPE) expect(/^0\d/.test(text) || text.length > 15).toBe(true);
        else {
          const taken = text.slice(0, at);
          expect(taken).toMatch(/^\d+$/);
          expect(out[0]).toBe(JSON.parse(taken));
        }
      }),
      { seed, numRuns: 5000 },
    );
  });
});
