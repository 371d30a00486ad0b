import { describe, expect, it } from "vitest";
import { isStreamError } from "./errors.ts";
import { decimalFromNumber, decimalFromText, floorDiv, floorMod, formatDecimal, NOT_EXACT, parseDecimal, POW10, SCALE_MAX } from "./fixed.ts";

function parse(text: string, scale: number): number {
  const bytes = new TextEncoder().encode(text);
  return parseDecimal(bytes, 0, bytes.length, scale);
}

describe("parseDecimal", () => {
  it.each([
    ["0", 0, 0],
    ["-0", 2, 0],
    ["1", 4, 10_000],
    ["1.5", 4, 15_000],
    ["-1.5", 1, -15],
    ["0.00000001", 8, 1],
    ["67123.45000000", 2, 6_712_345],
    ["000000000000000000000000000012.5", 1, 125],
    ["12.500000000000000000000000000000", 1, 125],
    ["5.0", 0, 5],
    ["9007199254740991", 0, 9_007_199_254_740_991],
    ["-9007199254740991", 0, -9_007_199_254_740_991],
    ["9007199.254740991", 9, 9_007_199_254_740_991],
    ["9.007199254740991", 15, 9_007_199_254_740_991],
  ])("reads %s at scale %i as %d", (text, scale, value) => {
    const got = parse(text, scale);
    expect(got).toBe(value); // toBe tells 0 from -0
  });

  it.each([
    ["", 0, "empty"],
    ["-", 0, "a sign alone"],
    [".", 2, "a point alone"],
    [".5", 2, "no digit before the point"],
    ["-.5", 2, "no digit before the point"],
    ["5.", 2, "no digit after the point"],
    ["5.", 0, "no digit after the point"],
    ["1.2.3", 2, "two points"],
    ["--1", 0, "two signs"],
    ["+1", 0, "a plus"],
    ["1e5", 0, "an exponent"],
    [" 1", 0, "a space"],
    ["1 ", 0, "a space"],
    ["1,5", 1, "a comma"],
    ["0.001", 2, "more decimals than the scale"],
    ["9007199254740992", 0, "2^53"],
    ["-9007199254740992", 0, "-2^53"],
    ["9007199254740993", 0, "2^53 + 1, which a double would round"],
    ["9007199254740992.0", 1, "2^53 with decimals"],
    ["9.007199254740992", 15, "2^53 at scale 15"],
    ["90071992547409910", 0, "ten times too large"],
    ["99999999999999999999999999999999999999", 0, "38 digits"],
    ["10", 15, "10^16"],
  ])("refuses %j at scale %i: %s", (text, scale) => {
    expect(parse(text, scale)).toBe(NOT_EXACT);
  });

  it("reads only bytes[from, to)", () => {
    const bytes = new TextEncoder().encode("99,12.34,77");
    expect(parseDecimal(bytes, 3, 8, 2)).toBe(1234);
    expect(parseDecimal(bytes, 3, 3, 2)).toBe(NOT_EXACT);
  });
});

describe("decimal text", () => {
  it.each([
    [0, 0, "0"],
    [0, 2, "0.00"],
    [5, 2, "0.05"],
    [-5, 2, "-0.05"],
    [1234, 2, "12.34"],
    [-1234, 0, "-1234"],
    [9_007_199_254_740_991, 8, "90071992.54740991"],
  ])("writes %d at scale %i as %s", (value, scale, text) => {
    expect(formatDecimal(value, scale)).toBe(text);
    expect(decimalFromText(text, scale)).toBe(value);
  });

  it("refuses to write what is not an exact integer", () => {
    for (const value of [0.5, NaN, Infinity, 2 ** 53]) expect(() => formatDecimal(value, 2)).toThrowError(expect.objectContaining({ code: "VALUE_RANGE" }));
  });

  it("does not take a foreign character for a digit, though its low byte is one", () => {
    for (const text of ["\u0130", "1\u0131", "\u{1d7ce}", "\u0660"]) {
      expect(() => decimalFromText(text, 0), text).toThrowError(expect.objectContaining({ code: "VALUE_RANGE" }));
    }
    try {
      decimalFromText("1.234", 2);
      expect.unreachable();
    } catch (error) {
      expect(isStreamError(error, "VALUE_RANGE") && error.details).toEqual({ text: "1.234", scale: 2 });
    }
  });
});

describe("powers of ten", () => {
  it("are exact", () => {
    expect(POW10).toHaveLength(23);
    for (let i = 0; i < 23; i++) expect(BigInt(POW10[i])).toBe(10n ** BigInt(i));
    expect(10 ** SCALE_MAX).toBeLessThan(Number.MAX_SAFE_INTEGER);
    expect(10 ** (SCALE_MAX + 1)).toBeGreaterThan(Number.MAX_SAFE_INTEGER);
  });
});

describe("floor division", () => {
  it("puts a negative time into the window that holds it", () => {
    expect(floorDiv(-1, 60)).toBe(-1);
    expect(floorMod(-1, 60)).toBe(59);
    expect(floorDiv(-60, 60)).toBe(-1);
    expect(floorDiv(59, 60)).toBe(0);
  });

  it("answers 0, never -0, for a multiple below zero", () => {
    expect(Object.is(floorMod(-120, 60), 0)).toBe(true);
  });
});

describe("decimalFromNumber", () => {
  it.each([
    [429_496.7296, 4, 4_294_967_296],
    [0.1, 1, 1],
    [-37.63, 2, -3763],
    [-0, 4, 0],
    [1e15, 0, 1e15],
    [1e-8, 8, 1],
    [2.5e-7, 8, 25],
    [99_999_999_999.9999, 4, 999_999_999_999_999],
  ])("reads %d at scale %i as %d", (value, scale, units) => {
    expect(decimalFromNumber(value, scale)).toBe(units); // toBe tells 0 from -0
  });

  it.each([
    [0.1 + 0.2, 4],
    [1.00005, 4],
    [1e15 + 1, 0],
    [900_719_925_474.125, 4],
    [Number.NaN, 4],
    [Infinity, 4],
    [-Infinity, 0],
    [5e-324, 15],
  ])("neither cuts nor rounds %d to scale %i", (value, scale) => {
    expect(() => decimalFromNumber(value, scale)).toThrow(expect.toSatisfy((error: unknown) => isStreamError(error, "VALUE_RANGE")));
  });
});
