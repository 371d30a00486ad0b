/**
 * Exact sums of integers and of price x quantity, in two limbs of a typed array: value = hi x 2^52 + lo, 0 <= lo < 2^52. @hot
 *
 * Only indices cross the call and nothing is called from here, so no double is boxed wherever V8 inlines or does not inline these.
 * The low half of a large product is Dekker's (1971, "A floating-point technique for extending the available precision", section 5):
 * p = fl(x y) and an e with p + e = x y exactly. Exact while |product| and |sum| are at most 2^105.
 */
const TWO_52 = 4_503_599_627_370_496;
const SPLIT = 134_217_729; // 2^27 + 1

/** Adds the integer source[index], below 2^53 in size, to the two limbs at sums[at], sums[at + 1]. */
export function addCell(sums: Float64Array, at: number, source: Float64Array, index: number): void {
  const value = source[index];
  let lo = sums[at + 1] + value;
  if (lo >= 0 && lo < TWO_52) {
    sums[at + 1] = lo; // both below 2^53 in size and the sum below 2^52: exact
    return;
  }
  let hi = Math.floor(value / TWO_52);
  lo = sums[at + 1] + (value - hi * TWO_52);
  if (lo >= TWO_52) {
    lo -= TWO_52;
    hi++;
  }
  sums[at] += hi;
  sums[at + 1] = lo;
}

/** Adds source[a] x source[b], integers below 2^53 in size, to the two limbs at sums[at], sums[at + 1]. */
export function addCellProduct(sums: Float64Array, at: number, source: Float64Array, a: number, b: number): void {
  const x = source[a];
  const y = source[b];
  const product = x * y;
  let hi = Math.floor(product / TWO_52);
  let lo = sums[at + 1] + (product - hi * TWO_52);
  if (lo >= TWO_52) {
    lo -= TWO_52;
    hi++;
  }
  if (product >= TWO_52 * 2 || product <= -TWO_52 * 2) {
    const xWide = SPLIT * x;
    const xHigh = xWide - (xWide - x);
    const xLow = x - xHigh;
    const yWide = SPLIT * y;
    const yHigh = yWide - (yWide - y);
    const yLow = y - yHigh;
    const rest = xHigh * yHigh - product + xHigh * yLow + xLow * yHigh + xLow * yLow;
    lo += rest; // at most half a unit in the last place of the product: 2^51
    if (lo < 0) {
      lo += TWO_52;
      hi--;
    } else if (lo >= TWO_52) {
      lo -= TWO_52;
      hi++;
    }
  }
  sums[at] += hi;
  sums[at + 1] = lo;
}

/** Adds the two-limb sum at sums[from] to the one at sums[at]. */
export function addLimbs(sums: Float64Array, at: number, from: number): void {
  sums[at] += sums[from];
  addCell(sums, at, sums, from + 1);
}

/** The two-limb sum as a double, rounded once if it fits neither limb alone. */
export function sumToNumber(sums: Float64Array, at: number): number {
  return sums[at] * TWO_52 + sums[at + 1];
}

/** The two-limb sum as a BigInt: exact. Cold: tests and edges. */
export function sumToBigInt(sums: Float64Array, at: number): bigint {
  return BigInt(sums[at]) * BigInt(TWO_52) + BigInt(sums[at + 1]); // hot-ok: cold edge
}
