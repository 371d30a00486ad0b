/**
 * Symbols of the market data proxy (source 5): `EXCHANGE:SYMBOL` to the dense id that records carry, with the scales of its prices and
 * quantities. A face of kernel/instrument/registry.ts: the hash of a symbol is the registry's, and an id stands for the text, so nothing
 * else caches hashes.
 *
 * One thread adds; any thread that attaches to the bytes reads. A symbol is added before the first record that names it is published.
 */
import { StreamError } from "../../kernel/core/errors.ts";
import { SCALE_MAX } from "../../kernel/core/fixed.ts";
import { REJECTED, UNKNOWN } from "../../kernel/core/status.ts";
import { InstrumentRegistry, SYMBOL_BYTES_MAX } from "../../kernel/instrument/registry.ts";
import { Arena } from "../../kernel/memory/arena.ts";

/** Exchanges by code, from 1. */
export const EXCHANGES = ["NSE", "BSE", "MCX", "NFO"] as const;
export type Exchange = (typeof EXCHANGES)[number];

/** Decimal places of prices unless another number is given: the source's x 10000. */
export const DEFAULT_PRICE_SCALE = 4;

const NANOS_PER_MILLI = 1_000_000n;

/** The code of an exchange, 1 to 4. VALUE_RANGE for a name that is not in the list. */
export function exchangeCode(name: string): number {
  const index = (EXCHANGES as readonly string[]).indexOf(name);
  if (index < 0) throw new StreamError("VALUE_RANGE", `expected an exchange of ${EXCHANGES.join(", ")}, got ${JSON.stringify(name)}`, { exchange: name });
  return index + 1;
}

/** The exchange of a code. VALUE_RANGE for a number that is none. */
export function exchangeName(code: number): Exchange {
  const name = EXCHANGES[code - 1];
  if (name === undefined) throw new StreamError("VALUE_RANGE", `expected an exchange code of 1 to ${EXCHANGES.length}, got ${code}`, { code });
  return name;
}

/** Decimal places of an instrument. */
export interface Scales {
  readonly price?: number;
  readonly quantity?: number;
}

export class SymbolDirectory {
  /** Symbols that there is room for. */
  readonly capacity: number;
  /** The bytes, for attach() in another thread. */
  readonly buffer: SharedArrayBuffer;
  private readonly registry: InstrumentRegistry;
  private readonly epoch: Float64Array;
  /** Texts of ids, made once: a getter of a record makes none. */
  private readonly keys: string[] = [];
  private readonly symbols: string[] = [];
  private readonly exchanges: Exchange[] = [];

  private constructor(arena: Arena, capacity: number) {
    this.registry = new InstrumentRegistry(arena, capacity);
    this.epoch = arena.float64("directory.epochMs", 1);
    arena.seal();
    this.capacity = capacity;
    this.buffer = arena.buffer;
  }

  /** An empty directory. `epochMs`: the session epoch that the times of records count from, ms since 1970 of a UTC midnight (sessionEpochMs). */
  static create(capacity: number, epochMs: number): SymbolDirectory {
    if (!Number.isSafeInteger(epochMs)) throw new StreamError("VALUE_RANGE", `expected a session epoch in whole ms since 1970, got ${epochMs}`, { epochMs });
    const directory = new SymbolDirectory(Arena.create("symbols", bytesFor(capacity)), capacity);
    directory.epoch[0] = epochMs;
    return directory;
  }

  /** The directory at the bytes of another one, which must have this capacity. ARENA_LAYOUT otherwise. */
  static attach(buffer: SharedArrayBuffer, capacity: number): SymbolDirectory {
    return new SymbolDirectory(Arena.attach("symbols", buffer), capacity);
  }

  /** Symbols known. */
  get count(): number {
    return this.registry.count;
  }

  /** ms since 1970 of the session epoch. */
  get epochMs(): number {
    return this.epoch[0];
  }

  /**
   * The id of a symbol, new or known. VALUE_RANGE for an unknown exchange, a symbol that is empty or longer than 32 bytes with its
   * exchange, a scale that is none of 0 to 15 or not the one it was added with; MAP_CAPACITY when the directory is full.
   */
  add(exchange: string, symbol: string, scales: Scales = {}): number {
    const { price = DEFAULT_PRICE_SCALE, quantity = 0 } = scales;
    for (const scale of [price, quantity]) {
      if (!Number.isInteger(scale) || scale < 0 || scale > SCALE_MAX)
        throw new StreamError("VALUE_RANGE", `expected a scale of 0 to ${SCALE_MAX}, got ${scale}`, { scale });
    }
    const bytes = keyBytes(exchange, symbol);
    const id = this.registry.add(bytes, 0, bytes.length, price, quantity);
    if (id === REJECTED)
      throw new StreamError("MAP_CAPACITY", `expected at most ${this.capacity} symbols, got ${exchange}:${symbol} as one more`, { capacity: this.capacity });
    if (this.registry.priceScale[id] !== price || this.registry.qtyScale[id] !== quantity) {
      throw new StreamError(
        "VALUE_RANGE",
        `${exchange}:${symbol} has the scales ${this.registry.priceScale[id]} and ${this.registry.qtyScale[id]}, got ${price} and ${quantity}`,
        { price, quantity },
      );
    }
    return id;
  }

  /** The id of a symbol, or UNKNOWN. VALUE_RANGE as for add(). */
  idOf(exchange: string, symbol: string): number {
    const bytes = keyBytes(exchange, symbol);
    return this.registry.find(bytes, 0, bytes.length);
  }

  /** The id of a symbol that must be there. INSTRUMENT_UNKNOWN. */
  require(exchange: string, symbol: string): number {
    const id = this.idOf(exchange, symbol);
    if (id === UNKNOWN) throw new StreamError("INSTRUMENT_UNKNOWN", `expected a symbol of the directory, got ${exchange}:${symbol}`, { exchange, symbol });
    return id;
  }

  /** `EXCHANGE:SYMBOL` of an id. INSTRUMENT_UNKNOWN for an id that was not given. */
  key(id: number): string {
    return this.keys[id] ?? this.load(id);
  }

  /** The symbol of an id, without its exchange. INSTRUMENT_UNKNOWN. */
  symbol(id: number): string {
    if (this.symbols[id] === undefined) this.load(id);
    return this.symbols[id];
  }

  /** The exchange of an id. INSTRUMENT_UNKNOWN. */
  exchange(id: number): Exchange {
    if (this.exchanges[id] === undefined) this.load(id);
    return this.exchanges[id];
  }

  /** The 32-bit hash of `EXCHANGE:SYMBOL`: the partition key. */
  symbolHash(id: number): number {
    return this.registry.symbolHash[id];
  }

  /** Decimal places of prices of an id. */
  priceScale(id: number): number {
    return this.registry.priceScale[id];
  }

  /** Decimal places of quantities of an id. */
  quantityScale(id: number): number {
    return this.registry.qtyScale[id];
  }

  /** Nanoseconds since 1970 as nanoseconds since the session epoch. VALUE_RANGE beyond 104 days from it. */
  toSessionNs(unixNs: bigint): number {
    const ns = unixNs - BigInt(this.epochMs) * NANOS_PER_MILLI;
    if (ns > BigInt(Number.MAX_SAFE_INTEGER) || ns < -BigInt(Number.MAX_SAFE_INTEGER)) {
      throw new StreamError("VALUE_RANGE", `expected a time within 104 days of the session epoch ${this.epochMs} ms, got ${unixNs} ns`, {
        unixNs: String(unixNs),
      });
    }
    return Number(ns);
  }

  /** Nanoseconds since the session epoch as nanoseconds since 1970. VALUE_RANGE for what is no whole number below 2^53. */
  toUnixNs(sessionNs: number): bigint {
    if (!Number.isSafeInteger(sessionNs))
      throw new StreamError("VALUE_RANGE", `expected a time in whole ns, got ${sessionNs}`, { sessionNs: String(sessionNs) });
    return BigInt(sessionNs) + BigInt(this.epochMs) * NANOS_PER_MILLI;
  }

  private load(id: number): string {
    const key = this.registry.symbol(id);
    const colon = key.indexOf(":");
    this.exchanges[id] = exchangeName(exchangeCode(key.slice(0, colon)));
    this.symbols[id] = key.slice(colon + 1);
    return (this.keys[id] = key);
  }
}

function keyBytes(exchange: string, symbol: string): Uint8Array {
  exchangeCode(exchange);
  const bytes = new TextEncoder().encode(`${exchange}:${symbol}`);
  if (symbol.trim() === "" || !symbol.isWellFormed() || bytes.length > SYMBOL_BYTES_MAX) {
    throw new StreamError(
      "VALUE_RANGE",
      `expected a symbol of at most ${SYMBOL_BYTES_MAX} bytes with its exchange, got ${JSON.stringify(`${exchange}:${symbol}`)}`,
      { exchange, symbol },
    );
  }
  return bytes;
}

/** More than the registry takes: 32 bytes of text, 7 of scales, lengths and hashes, up to 4 buckets of 4 bytes a symbol, and the regions' edges. */
function bytesFor(capacity: number): number {
  return 4096 + 64 * (Number.isInteger(capacity) ? capacity : 0);
}
