/** Records whose every word is a function of their number, so that a torn, doubled, lost or reordered one is seen by its reader. */
import { mix32 } from "../../src/kernel/core/hash.ts";
import type { Slots } from "../../src/kernel/record/slots.ts";

export function writeWhole(slots: Slots, slot: number, n: number): void {
  slots.f64[slot * 8 + 1] = n;
  const base = slot * 16;
  const h = mix32(n);
  slots.i32[base] = h;
  slots.i32[base + 1] = ~h;
  for (let word = 4; word < 12; word += 2) slots.f64[(base + word) >> 1] = n + word;
  for (let word = 12; word < 16; word++) slots.i32[base + word] = h + word;
}

/** True when this is record n, every word of it. */
export function isWhole(slots: Slots, slot: number, n: number): boolean {
  const base = slot * 16;
  const h = mix32(n);
  let whole = slots.f64[slot * 8 + 1] === n && slots.i32[base] === (h | 0) && slots.i32[base + 1] === ~h;
  for (let word = 4; word < 12; word += 2) whole = whole && slots.f64[(base + word) >> 1] === n + word;
  for (let word = 12; word < 16; word++) whole = whole && slots.i32[base + word] === ((h + word) | 0);
  return whole;
}
