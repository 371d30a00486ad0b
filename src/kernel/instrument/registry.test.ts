import { describe, expect, it } from "vitest";
import { snapshotContract } from "../../../test/contract/snapshot.ts";
import { hashBytes } from "../core/hash.ts";
import { REJECTED, UNKNOWN } from "../core/status.ts";
import { Arena } from "../memory/arena.ts";
import { InstrumentRegistry, SYMBOL_BYTES_MAX } from "./registry.ts";

const encoder = new TextEncoder();

function registryOf(capacity: number): InstrumentRegistry {
  return new InstrumentRegistry(Arena.create("test", 1 << 24), capacity);
}

function add(registry: InstrumentRegistry, symbol: string, priceScale = 2, qtyScale = 0): number {
  const bytes = encoder.encode(symbol);
  return registry.add(bytes, 0, bytes.length, priceScale, qtyScale);
}

describe("InstrumentRegistry", () => {
  it("gives dense ids in order of first appearance", () => {
    const registry = registryOf(10);
    expect(["MSFT", "AAPL", "MSFT", "BTCUSDT"].map((symbol) => add(registry, symbol))).toEqual([0, 1, 0, 2]);
    expect(registry.count).toBe(3);
    expect(registry.symbols()).toEqual(["MSFT", "AAPL", "BTCUSDT"]);
  });

  it("finds a symbol in the midst of other bytes, and tells prefixes apart", () => {
    const registry = registryOf(10);
    const id = add(registry, "BTCUSD");
    const longer = add(registry, "BTCUSDT");
    const bytes = encoder.encode("..BTCUSDT..");
    expect(registry.find(bytes, 2, 8)).toBe(id);
    expect(registry.find(bytes, 2, 9)).toBe(longer);
    expect(registry.find(bytes, 2, 10)).toBe(UNKNOWN);
    expect(registry.idOf("BTC")).toBe(UNKNOWN);
  });

  it("keeps the scales and the hash of the first appearance", () => {
    const registry = registryOf(10);
    const id = add(registry, "ETHUSDT", 2, 5);
    add(registry, "ETHUSDT", 8, 8);
    expect([registry.priceScale[id], registry.qtyScale[id]]).toEqual([2, 5]);
    expect(registry.symbolHash[id]).toBe(hashBytes(encoder.encode("ETHUSDT"), 0, 7, 0));
  });

  it("refuses an empty symbol, one too long, and any new one when full, and goes on with those it knows", () => {
    const registry = registryOf(2);
    expect(add(registry, "")).toBe(REJECTED);
    expect(add(registry, "X".repeat(SYMBOL_BYTES_MAX + 1))).toBe(REJECTED);
    expect(add(registry, "X".repeat(SYMBOL_BYTES_MAX))).toBe(0);
    expect(add(registry, "B")).toBe(1);
    expect(add(registry, "C")).toBe(REJECTED);
    expect(add(registry, "B")).toBe(1);
    expect(registry.count).toBe(2);
  });

  it("gives back the text of a symbol in any script", () => {
    const registry = registryOf(4);
    for (const symbol of ["币安人生USDT", "ÉLAN.PA", "BRK.A"]) expect(registry.symbol(add(registry, symbol))).toBe(symbol);
    expect(registry.idOf("ÉLAN.PA")).toBe(1);
  });

  it("refuses the text of an id that it never gave", () => {
    const registry = registryOf(4);
    add(registry, "A");
    for (const id of [1, -1, NaN]) expect(() => registry.symbol(id)).toThrowError(expect.objectContaining({ code: "INSTRUMENT_UNKNOWN" }));
  });

  it("tells symbols apart whose hashes are equal", () => {
    const byHash = new Map<number, string>();
    let pair: [string, string] | undefined;
    for (let i = 0; pair === undefined && i < 1_000_000; i++) {
      const symbol = `S${i}`;
      const bytes = encoder.encode(symbol);
      const hash = hashBytes(bytes, 0, bytes.length, 0);
      const other = byHash.get(hash);
      if (other !== undefined) pair = [other, symbol];
      byHash.set(hash, symbol);
    }
    const registry = registryOf(8);
    const [first, second] = pair ?? expect.fail("no two hashes are equal");
    expect([add(registry, first), registry.idOf(second), add(registry, second)]).toEqual([0, UNKNOWN, 1]);
    expect([registry.idOf(first), registry.idOf(second)]).toEqual([0, 1]);
    expect(registry.symbolHash[0]).toBe(registry.symbolHash[1]);
  });

  it("holds as many as it was made for", () => {
    const registry = registryOf(20_000);
    for (let i = 0; i < 20_000; i++) if (add(registry, `S${i}`) !== i) expect.fail(`S${i}`);
    expect(registry.idOf("S19999")).toBe(19_999);
    expect(add(registry, "S20000")).toBe(REJECTED);
  });

  it("is read through a second set of objects over the same bytes", () => {
    const arena = Arena.create("test", 1 << 16);
    const writer = new InstrumentRegistry(arena, 16);
    arena.seal();
    const attached = Arena.attach("reader", arena.buffer);
    const reader = new InstrumentRegistry(attached, 16);
    attached.seal();
    add(writer, "AAPL", 4, 0);
    expect(reader.count).toBe(1);
    expect(reader.idOf("AAPL")).toBe(0);
    expect(reader.priceScale[0]).toBe(4);
  });

  it.each([0, -1, 2.5, 1_000_001, NaN])("refuses a capacity of %d", (capacity) => {
    expect(() => registryOf(capacity)).toThrowError(expect.objectContaining({ code: "VALUE_RANGE" }));
  });
});

snapshotContract("InstrumentRegistry", (arena) => {
  const registry = new InstrumentRegistry(arena, 30);
  return {
    step(random) {
      const id = add(registry, `SYM${random.nextBelow(50)}`, random.nextBelow(9), random.nextBelow(9));
      return [id, registry.count, id >= 0 ? [registry.symbol(id), registry.priceScale[id], registry.qtyScale[id]] : null];
    },
  };
});
