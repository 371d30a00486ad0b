/**
 * A 53-bit count in shared memory: three Int32 words, one writer, any number of readers, no locks and no BigInt. @hot
 *
 *   word +0    low 32 bits
 *   word +32   high bits, stored before the low word wraps
 *   word +64   high bits, stored after it has wrapped
 *
 * A reader takes them in the opposite order. If both high words agree, the low word was read within that epoch: the first look proves that
 * the epoch had begun, the last that the next one had not. They differ for a moment once in 2^32 counts. Counts travel in Float64Arrays.
 */
const HIGH_BEFORE = 32;
const HIGH_AFTER = 64;
const TWO_32 = 4_294_967_296;

/** Stores counts[row] at words[at], with one Atomics.store unless the high bits change. For the one writer. */
export function storeCount(words: Int32Array, at: number, counts: Float64Array, row: number): void {
  const count = counts[row];
  const high = Math.floor(count / TWO_32) | 0;
  if (high === words[at + HIGH_AFTER]) {
    Atomics.store(words, at, count | 0);
    return;
  }
  Atomics.store(words, at + HIGH_BEFORE, high);
  Atomics.store(words, at, count | 0);
  Atomics.store(words, at + HIGH_AFTER, high);
}

/** Loads the count at words[at] into counts[row]. False, and counts[row] is kept, at the moment in which the high bits change. */
export function loadCount(words: Int32Array, at: number, counts: Float64Array, row: number): boolean {
  const high = Atomics.load(words, at + HIGH_AFTER);
  const low = Atomics.load(words, at) >>> 0;
  if (Atomics.load(words, at + HIGH_BEFORE) !== high) return false;
  counts[row] = high * TWO_32 + low;
  return true;
}
