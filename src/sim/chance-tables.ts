/**
 * Distributions as integer tables, drawn from by one uniform index. Built with the four operations of arithmetic only, which
 * IEEE 754 fixes to the last bit: the same seed gives the same stream on every engine, where Math.log might differ.
 */
/** Entries of a quantile table. */
export const QUANTILES = 4096;
/** One mean of the exponential table. */
export const EXPONENTIAL_MEAN = 256;

/** Quantiles of the geometric distribution from 0 with success chance `chance`, cut at `max`. */
export function createGeometric(chance: number, max: number): Int32Array {
  const table = new Int32Array(QUANTILES);
  let survival = 1;
  let value = 0;
  for (let i = 0; i < QUANTILES; i++) {
    const above = 1 - (i + 0.5) / QUANTILES;
    while (value < max && survival * (1 - chance) > above) {
      survival *= 1 - chance;
      value++;
    }
    table[i] = value;
  }
  return table;
}

/** Quantiles of the exponential distribution in units of 1 / EXPONENTIAL_MEAN of its mean; their average is EXPONENTIAL_MEAN to a thousandth. */
export function createExponential(): Int32Array {
  return createGeometric(1 / (EXPONENTIAL_MEAN + 1), EXPONENTIAL_MEAN * 16);
}

/**
 * Sampling by weight in one draw (Walker 1977, in the form of Vose 1991). `accept[i]` is the chance, in 2^-32, that column i
 * keeps its own index; `alias[i]` is what it gives else.
 */
export interface AliasTable {
  readonly accept: Float64Array;
  readonly alias: Int32Array;
}

export function createAlias(weights: Float64Array): AliasTable {
  const count = weights.length;
  const accept = new Float64Array(count);
  const alias = new Int32Array(count);
  const share = new Float64Array(count);
  let total = 0;
  for (let i = 0; i < count; i++) total += weights[i];
  const small: number[] = [];
  const large: number[] = [];
  for (let i = 0; i < count; i++) {
    share[i] = (weights[i] * count) / total;
    alias[i] = i;
    accept[i] = 4_294_967_296;
    (share[i] < 1 ? small : large).push(i);
  }
  while (small.length > 0 && large.length > 0) {
    const less = small.pop()!;
    const more = large.pop()!;
    accept[less] = Math.floor(share[less] * 4_294_967_296);
    alias[less] = more;
    share[more] -= 1 - share[less];
    (share[more] < 1 ? small : large).push(more);
  }
  return { accept, alias };
}
