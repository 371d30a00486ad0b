/**
 * Malformed bytes kept for inspection: the newest of them, in a bounded region of the arena. @hot
 *
 * Every one is counted; the first ENTRY_BYTES of each are kept, with its offset in the stream, its whole length and a reason code.
 * The oldest entry gives way when the region is full.
 *
 * entry: meta f64 x 3 (offset, length, reason) and ENTRY_BYTES of content
 */
import type { Arena } from "../../kernel/memory/arena.ts";

/** Bytes kept of each. */
export const ENTRY_BYTES = 256;

/** The message is shorter or longer than its type demands. */
export const REASON_LENGTH = 1;
/** The type is not one of the protocol's. */
export const REASON_TYPE = 2;
/** A field holds a value outside its range. */
export const REASON_FIELD = 3;
/** Framing was lost here. */
export const REASON_FRAMING = 4;
/** Longer than the longest message that is accepted. */
export const REASON_OVERSIZED = 5;
/** A number cannot be represented at the instrument's scale. */
export const REASON_NUMBER = 6;
/** Another instrument than the registry can hold. */
export const REASON_REGISTRY = 7;

const REASONS = ["", "length", "type", "field", "framing", "oversized", "number", "registry"];

/** One kept piece of malformed input. */
export interface QuarantineEntry {
  readonly offset: number;
  readonly length: number;
  readonly reason: string;
  readonly bytes: Uint8Array;
}

export class Quarantine {
  private readonly entries: number;
  private readonly counter: Float64Array;
  private readonly meta: Float64Array;
  private readonly content: Uint8Array;

  /** `entries`: how many of the newest are kept. */
  constructor(arena: Arena, entries: number = 64) {
    this.entries = entries;
    this.counter = arena.float64("quarantine.count", 8);
    this.meta = arena.float64("quarantine.meta", entries * 3);
    this.content = arena.uint8("quarantine.content", entries * ENTRY_BYTES);
  }

  /** How many there were in all. */
  get count(): number {
    return this.counter[0];
  }

  /** Bytes that they held in all. */
  get totalBytes(): number {
    return this.counter[1];
  }

  /** Counts and keeps bytes[from, to), which began at `offset` of the stream. */
  keep(bytes: Uint8Array, from: number, to: number, offset: number, reason: number): void {
    const slot = this.counter[0] % this.entries;
    const length = to - from;
    this.meta[slot * 3] = offset;
    this.meta[slot * 3 + 1] = length;
    this.meta[slot * 3 + 2] = reason;
    const kept = length < ENTRY_BYTES ? length : ENTRY_BYTES;
    const base = slot * ENTRY_BYTES;
    for (let i = 0; i < kept; i++) this.content[base + i] = bytes[from + i];
    for (let i = kept; i < ENTRY_BYTES; i++) this.content[base + i] = 0;
    this.counter[0]++;
    this.counter[1] += length;
  }

  /** Adds a byte to the newest entry: for input whose end is found only byte by byte. */
  append(byte: number): void {
    const slot = (this.counter[0] - 1) % this.entries;
    const length = this.meta[slot * 3 + 1];
    if (length < ENTRY_BYTES) this.content[slot * ENTRY_BYTES + length] = byte;
    this.meta[slot * 3 + 1] = length + 1;
    this.counter[1]++;
  }

  /** The kept entries, oldest first. Cold. */
  list(): QuarantineEntry[] {
    const count = this.counter[0];
    const first = Math.max(0, count - this.entries);
    return Array.from({ length: count - first }, (_, i) => this.createEntry((first + i) % this.entries)); // hot-ok: cold
  }

  private createEntry(slot: number): QuarantineEntry {
    const length = this.meta[slot * 3 + 1];
    const base = slot * ENTRY_BYTES;
    return {
      offset: this.meta[slot * 3],
      length,
      reason: REASONS[this.meta[slot * 3 + 2]],
      bytes: this.content.slice(base, base + Math.min(length, ENTRY_BYTES)),
    };
  }
}
