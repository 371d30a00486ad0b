import { describe, expect, it } from "vitest";
import { isStreamError } from "../../kernel/core/errors.ts";
import { REJECTED } from "../../kernel/core/status.ts";
import { InstrumentRegistry } from "../../kernel/instrument/registry.ts";
import { Arena } from "../../kernel/memory/arena.ts";
import { SymbolLookup } from "./symbol-lookup.ts";

function build(capacity: number) {
  const arena = Arena.create("symbols", 1 << 16);
  const registry = new InstrumentRegistry(arena, capacity);
  const lookup = new SymbolLookup(registry, { priceScale: 8, qtyScale: 3 }, { BTC: { priceScale: 2, qtyScale: 5 } });
  arena.seal();
  const find = (symbol: string): number => {
    const bytes = new TextEncoder().encode(`<${symbol}>`);
    return lookup.find(bytes, 1, bytes.length - 1);
  };
  return { arena, registry, find };
}

describe("symbols of a feed", () => {
  it("become instruments in order of appearance, with their scales", () => {
    const { registry, find } = build(8);
    expect(["ETH", "BTC", "ETH", "ETH", "constructor", "BTC"].map(find)).toEqual([0, 1, 0, 0, 2, 1]);
    expect([registry.priceScale[0], registry.qtyScale[0], registry.priceScale[1], registry.qtyScale[1], registry.priceScale[2]]).toEqual([8, 3, 2, 5, 8]);
  });

  it("are refused when the registry is full", () => {
    const { find } = build(1);
    expect(["ETH", "BTC", "ETH"].map(find)).toEqual([0, REJECTED, 0]);
  });

  it("are looked up anew when the registry went back to an earlier state", () => {
    const { arena, registry, find } = build(8);
    const empty = arena.snapshot();
    expect(["ETH", "BTC", "BTC"].map(find)).toEqual([0, 1, 1]);
    arena.restore(empty);
    expect(["BTC", "BTC", "ETH"].map(find)).toEqual([0, 0, 1]);
    expect(registry.symbols()).toEqual(["BTC", "ETH"]);
  });

  it("need scales in range", () => {
    const registry = build(1).registry;
    for (const scale of [-1, 16, 1.5]) {
      expect(() => new SymbolLookup(registry, { priceScale: 8, qtyScale: scale })).toThrow(
        expect.toSatisfy((error: unknown) => isStreamError(error, "VALUE_RANGE")),
      );
    }
  });
});
