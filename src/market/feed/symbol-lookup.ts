/**
 * Symbols of a feed to instruments; a new one enters the registry with its scales. @hot
 *
 * Neighbouring messages often name the same symbol, so the last one is compared first; its row of the registry is checked as well,
 * since a restored registry may know it by another id or not at all.
 */
import { StreamError } from "../../kernel/core/errors.ts";
import { SCALE_MAX } from "../../kernel/core/fixed.ts";
import { UNKNOWN } from "../../kernel/core/status.ts";
import { SYMBOL_BYTES_MAX, type InstrumentRegistry } from "../../kernel/instrument/registry.ts";

/** Decimal places of an instrument. */
export interface Scales {
  readonly priceScale: number;
  readonly qtyScale: number;
}

export class SymbolLookup {
  private readonly registry: InstrumentRegistry;
  private readonly scales: Scales;
  private readonly bySymbol: Readonly<Record<string, Scales>>;
  private readonly lastSymbol: Uint8Array = new Uint8Array(SYMBOL_BYTES_MAX);
  private lastLength = -1;
  private lastInstrument: number = UNKNOWN;
  private lastHash = 0;

  /** `scales`: of symbols that `bySymbol` does not name. VALUE_RANGE for a scale out of range. */
  constructor(registry: InstrumentRegistry, scales: Scales, bySymbol: Readonly<Record<string, Scales>> = {}) {
    for (const given of [scales, ...Object.values(bySymbol)]) {
      requireScale(given.priceScale);
      requireScale(given.qtyScale);
    }
    this.registry = registry;
    this.scales = scales;
    this.bySymbol = bySymbol;
  }

  /** The instrument of the symbol in bytes[from, to), new or known; REJECTED as InstrumentRegistry.add says. */
  find(bytes: Uint8Array, from: number, to: number): number {
    const length = to - from;
    if (length === this.lastLength) {
      const symbol = this.lastSymbol;
      let same = 0;
      while (same < length && symbol[same] === bytes[from + same]) same++;
      const instrument = this.lastInstrument;
      if (same === length && instrument < this.registry.count && this.registry.symbolHash[instrument] === this.lastHash) return instrument;
    }
    const known = this.registry.find(bytes, from, to);
    if (known < 0) return this.createInstrument(bytes, from, to);
    for (let i = 0; i < length; i++) this.lastSymbol[i] = bytes[from + i];
    this.lastLength = length;
    this.lastInstrument = known;
    this.lastHash = this.registry.symbolHash[known];
    return known;
  }

  private createInstrument(bytes: Uint8Array, from: number, to: number): number {
    const symbol = new TextDecoder().decode(bytes.slice(from, to));
    const { priceScale, qtyScale } = Object.hasOwn(this.bySymbol, symbol) ? this.bySymbol[symbol] : this.scales;
    return this.registry.add(bytes, from, to, priceScale, qtyScale);
  }
}

function requireScale(scale: number): void {
  if (Number.isInteger(scale) && scale >= 0 && scale <= SCALE_MAX) return;
  throw new StreamError("VALUE_RANGE", `expected a scale of 0 to ${SCALE_MAX} decimal places, got ${scale}`, { scale }); // hot-ok: at start
}
