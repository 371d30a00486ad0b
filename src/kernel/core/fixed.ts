/**
 * Decimals at a scale. @hot
 *
 * A decimal of scale s is the integer value x 10^s held in a double, exact to 2^53; more digits than the scale (unless they are
 * zeros) or a value past 2^53 is NOT_EXACT, never rounded. Sums of products of two such values: exact-sum.ts.
 */
import { StreamError } from "./errors.ts";

/** The answer of a parse that cannot be exact: outside the range of every Price and Qty. */
export const NOT_EXACT = -9_007_199_254_740_992;

/** Largest scale: 10^15 still fits. */
export const SCALE_MAX = 15;

/** 10^0 .. 10^22, each exact in a double. */
export const POW10: Float64Array = createPow10();

function createPow10(): Float64Array {
  const table = new Float64Array(23);
  for (let i = 0; i < 23; i++) table[i] = Number(`1e${i}`);
  return table;
}

const LIMIT_HIGH = 900_719_925; // 2^53 = 9007199 25474 0992: nine leading digits that can still overflow with seven more

/**
 * Parses `-?digits[.digits]` in bytes[from, to) to an integer at `scale`. No string is made; two int-sized accumulators of
 * nine digits each keep V8 in small integers. Returns NOT_EXACT for anything else: empty, a foreign character, too many
 * decimals, or past 2^53.
 */
export function parseDecimal(bytes: Uint8Array, from: number, to: number, scale: number): number {
  let i = from;
  let negative = false;
  if (i < to && bytes[i] === 0x2d) {
    negative = true;
    i++;
  }
  let high = 0; // all digits but the last nine
  let low = 0; // up to nine digits
  let lowDigits = 0;
  let digits = 0;
  let decimals = -1; // -1 before the point
  for (; i < to; i++) {
    const digit = bytes[i] - 0x30;
    if (digit >= 0 && digit <= 9) {
      if (decimals >= 0) {
        if (decimals === scale) {
          if (digit !== 0) return NOT_EXACT;
          continue;
        }
        decimals++;
      }
      digits++;
      if (lowDigits === 9) {
        if (high > LIMIT_HIGH) return NOT_EXACT;
        high = high * 10 + ((low / 100_000_000) | 0);
        low = (low % 100_000_000) * 10 + digit;
      } else {
        low = low * 10 + digit;
        lowDigits++;
      }
    } else if (digit === -2 && decimals < 0 && digits > 0) {
      decimals = 0;
    } else return NOT_EXACT;
  }
  if (digits === 0 || bytes[to - 1] === 0x2e) return NOT_EXACT;
  const rest = scale - (decimals < 0 ? 0 : decimals);
  const value = (high * 1_000_000_000 + low) * POW10[rest];
  if (value > 9_007_199_254_740_991) return NOT_EXACT;
  return negative ? 0 - value : value;
}

/** The decimal text of an integer at a scale, with exactly `scale` decimals. Cold. */
export function formatDecimal(value: number, scale: number): string {
  if (!Number.isSafeInteger(value)) throw new StreamError("VALUE_RANGE", "a decimal must be an integer of at most 2^53", { value: String(value) }); // hot-ok: cold
  const text = String(Math.abs(value)).padStart(scale + 1, "0");
  const sign = value < 0 ? "-" : "";
  return scale === 0 ? sign + text : sign + text.slice(0, -scale) + "." + text.slice(-scale); // hot-ok: cold
}

/** Parses decimal text at a scale; VALUE_RANGE if it is not exact. Cold. */
export function decimalFromText(text: string, scale: number): number {
  const bytes = new TextEncoder().encode(text); // hot-ok: cold entry
  const value = parseDecimal(bytes, 0, bytes.length, scale);
  if (value === NOT_EXACT) throw new StreamError("VALUE_RANGE", "expected a decimal of at most the scale's places, below 2^53", { text, scale }); // hot-ok: cold entry
  return value;
}

/** Most units that a number gives: a decimal of 15 significant digits and its nearest double stand for each other; of 16 they may not. */
const NUMBER_UNITS_MAX = 1e15;

/**
 * The integer at a scale of the decimal that a double stands for: 429496.7296 at scale 4 is 4294967296. VALUE_RANGE if no decimal of at
 * most the scale's places has this double as its nearest (0.1 + 0.2), or if it has more than 15 digits: give those as text. Cold.
 */
export function decimalFromNumber(value: number, scale: number): number {
  const units = Math.round(value * POW10[scale]);
  if (Math.abs(units) <= NUMBER_UNITS_MAX && units / POW10[scale] === value) return units + 0;
  throw new StreamError("VALUE_RANGE", "expected a number of at most the scale's places and 15 digits", { value: String(value), scale }); // hot-ok: cold entry
}

/** Floor division that is right for negative numerators: the window start of time t is floorDiv(t - offset, size) x size + offset. */
export function floorDiv(numerator: number, denominator: number): number {
  return Math.floor(numerator / denominator);
}

/** numerator - floorDiv(numerator, denominator) x denominator: in [0, denominator). Exact for integers to 2^53. */
export function floorMod(numerator: number, denominator: number): number {
  const rest = numerator % denominator;
  return rest < 0 ? rest + denominator : rest + 0; // + 0 makes of -0, whose bytes differ, a 0
}
