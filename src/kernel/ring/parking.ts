/**
 * Sleeping on a cursor of a ring until the thread that owns the cursor moves it, without lost wakes. @hot
 *
 * The sleeper raises a flag of its own, then Atomics.wait compares the cursor; the owner stores the cursor, then looks at the flags of all
 * who may wait for it. In the one order of these four steps either the owner sees the flag and notifies, or the comparison sees the new
 * cursor. It holds for each sleeper by itself, so any number may wait on one cursor, as long as the owner notifies all of them: each flag
 * has one writer. A wake costs 10 to 28 us.
 */
/** Longest single sleep: what does not move a cursor (a close, a detachment) may just miss a sleeper, which looks again after this. */
export const NAP_MS = 50;

/**
 * One sleep of at most `leftMs` and NAP_MS while words[cursorWord] is `seen`, with words[flagWord] = `flag` during it and 0 after. Answers
 * what is left of `leftMs`: all of it after a wake, or when the cursor had moved before.
 */
export function napOn(words: Int32Array, flagWord: number, flag: number, cursorWord: number, seen: number, leftMs: number): number {
  const napMs = leftMs < NAP_MS ? leftMs : NAP_MS;
  Atomics.store(words, flagWord, flag);
  const end = Atomics.wait(words, cursorWord, seen, napMs);
  Atomics.store(words, flagWord, 0);
  return end === "timed-out" ? leftMs - napMs : leftMs;
}
