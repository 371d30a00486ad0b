/**
 * Symbol text to dense instrument id, and each instrument's scales: one writer (ingest), any number of reading threads.
 *
 * Ids are given in order of first appearance, so they are the same in every run of the same input. A row is written before the
 * first record that names it is published, and never changes after. Capacity is fixed at start.
 */
import { StreamError } from "../core/errors.ts";
import { hashBytes } from "../core/hash.ts";
import { REJECTED, UNKNOWN } from "../core/status.ts";
import type { Arena } from "../memory/arena.ts";

/** Longest symbol in bytes. */
export const SYMBOL_BYTES_MAX = 32;

export class InstrumentRegistry {
  readonly capacity: number;
  /** Decimal places of prices, by id. */
  readonly priceScale: Uint8Array;
  /** Decimal places of quantities, by id. */
  readonly qtyScale: Uint8Array;
  /** 32-bit hash of the symbol's bytes, by id: the partition key. */
  readonly symbolHash: Uint32Array;
  private readonly counter: Int32Array;
  private readonly text: Uint8Array;
  private readonly textLength: Uint8Array;
  private readonly table: Int32Array;
  private readonly mask: number;

  /** `capacity`: the most instruments a run may have, 1 to 1,000,000. */
  constructor(arena: Arena, capacity: number) {
    if (!Number.isInteger(capacity) || capacity < 1 || capacity > 1_000_000) {
      throw new StreamError("VALUE_RANGE", `expected 1 to 1000000 instruments, got ${capacity}`, { capacity });
    }
    let buckets = 4;
    while (buckets < capacity * 2) buckets *= 2;
    this.capacity = capacity;
    this.mask = buckets - 1;
    this.counter = arena.int32("registry.count", 16);
    this.priceScale = arena.uint8("registry.priceScale", capacity);
    this.qtyScale = arena.uint8("registry.qtyScale", capacity);
    this.symbolHash = arena.uint32("registry.symbolHash", capacity);
    this.text = arena.uint8("registry.symbols", capacity * SYMBOL_BYTES_MAX);
    this.textLength = arena.uint8("registry.symbolLength", capacity);
    this.table = arena.int32("registry.table", buckets);
  }

  /** Instruments known so far. */
  get count(): number {
    return this.counter[0];
  }

  /** The id of the symbol in bytes[from, to), or UNKNOWN. */
  find(bytes: Uint8Array, from: number, to: number): number {
    const hash = hashBytes(bytes, from, to, 0);
    for (let bucket = hash & this.mask; ; bucket = (bucket + 1) & this.mask) {
      const id = this.table[bucket] - 1;
      if (id < 0) return UNKNOWN;
      if (this.symbolHash[id] === hash && this.sameText(id, bytes, from, to)) return id;
    }
  }

  /**
   * The id of a symbol, new or known. A new one takes the given scales; those of a known one stay. REJECTED when the registry is
   * full or the symbol is empty or longer than SYMBOL_BYTES_MAX.
   */
  add(bytes: Uint8Array, from: number, to: number, priceScale: number, qtyScale: number): number {
    const known = this.find(bytes, from, to);
    if (known >= 0) return known;
    const length = to - from;
    const id = this.counter[0];
    if (id >= this.capacity || length < 1 || length > SYMBOL_BYTES_MAX) return REJECTED;
    const hash = hashBytes(bytes, from, to, 0);
    for (let i = 0; i < length; i++) this.text[id * SYMBOL_BYTES_MAX + i] = bytes[from + i];
    this.textLength[id] = length;
    this.priceScale[id] = priceScale;
    this.qtyScale[id] = qtyScale;
    this.symbolHash[id] = hash;
    let bucket = hash & this.mask;
    while (this.table[bucket] !== 0) bucket = (bucket + 1) & this.mask;
    this.table[bucket] = id + 1;
    this.counter[0] = id + 1;
    return id;
  }

  /** The symbol's text, its bytes read as UTF-8. Cold. */
  symbol(id: number): string {
    if (!(id >= 0 && id < this.count)) throw new StreamError("INSTRUMENT_UNKNOWN", `expected an instrument id below ${this.count}, got ${id}`, { id });
    const from = id * SYMBOL_BYTES_MAX;
    return new TextDecoder().decode(this.text.slice(from, from + this.textLength[id]));
  }

  /** The id of a symbol given as text, or UNKNOWN. Cold. */
  idOf(symbol: string): number {
    const bytes = new TextEncoder().encode(symbol);
    return this.find(bytes, 0, bytes.length);
  }

  /** All symbols in id order. Cold. */
  symbols(): string[] {
    return Array.from({ length: this.count }, (_, id) => this.symbol(id));
  }

  private sameText(id: number, bytes: Uint8Array, from: number, to: number): boolean {
    if (this.textLength[id] !== to - from) return false;
    const base = id * SYMBOL_BYTES_MAX - from;
    for (let i = from; i < to; i++) if (this.text[base + i] !== bytes[i]) return false;
    return true;
  }
}
