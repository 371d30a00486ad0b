import { describe, expect, it } from "vitest";
import { isStreamError } from "../../kernel/core/errors.ts";
import { hashBytes } from "../../kernel/core/hash.ts";
import { UNKNOWN } from "../../kernel/core/status.ts";
import { EXCHANGES, SymbolDirectory, exchangeCode, exchangeName } from "./symbol-directory.ts";

const code = (name: Parameters<typeof isStreamError>[1]) => expect.toSatisfy((error: unknown) => isStreamError(error, name));
const EPOCH_MS = Date.UTC(2024, 7, 8);

describe("the directory of symbols", () => {
  it("gives dense ids in order of appearance, and the same one again", () => {
    const directory = SymbolDirectory.create(4, EPOCH_MS);
    expect([directory.add("NSE", "RELIANCE"), directory.add("BSE", "RELIANCE"), directory.add("NSE", "RELIANCE")]).toEqual([0, 1, 0]);
    expect([directory.key(1), directory.symbol(1), directory.exchange(1), directory.count]).toEqual(["BSE:RELIANCE", "RELIANCE", "BSE", 2]);
    expect([directory.idOf("BSE", "RELIANCE"), directory.idOf("MCX", "RELIANCE")]).toEqual([1, UNKNOWN]);
    expect(directory.require("BSE", "RELIANCE")).toBe(1);
    expect(() => directory.require("MCX", "GOLD")).toThrow(code("INSTRUMENT_UNKNOWN"));
    for (const ask of [() => directory.symbol(2), () => directory.exchange(-1), () => directory.key(2)]) expect(ask).toThrow(code("INSTRUMENT_UNKNOWN"));
  });

  it("keeps the scales of a symbol: the source's four places unless others are given, and never changed", () => {
    const directory = SymbolDirectory.create(4, EPOCH_MS);
    const id = directory.add("NSE", "A");
    const other = directory.add("MCX", "B", { price: 2, quantity: 3 });
    expect([directory.priceScale(id), directory.quantityScale(id), directory.priceScale(other), directory.quantityScale(other)]).toEqual([4, 0, 2, 3]);
    expect(() => directory.add("NSE", "A", { price: 2 })).toThrow(code("VALUE_RANGE"));
    for (const price of [-1, 16, 1.5]) expect(() => directory.add("NSE", "C", { price })).toThrow(code("VALUE_RANGE"));
  });

  it("has one hash a symbol: that of its bytes", () => {
    const directory = SymbolDirectory.create(4, EPOCH_MS);
    const bytes = new TextEncoder().encode("NFO:NIFTY24AUGFUT");
    expect(directory.symbolHash(directory.add("NFO", "NIFTY24AUGFUT"))).toBe(hashBytes(bytes, 0, bytes.length, 0));
  });

  it("is read through the same bytes by another object, which sees what is added later", () => {
    const writer = SymbolDirectory.create(4, EPOCH_MS);
    writer.add("NSE", "A");
    const reader = SymbolDirectory.attach(writer.buffer, 4);
    writer.add("NSE", "B", { price: 1 });
    expect([reader.key(0), reader.key(1), reader.priceScale(1), reader.epochMs]).toEqual(["NSE:A", "NSE:B", 1, EPOCH_MS]);
    expect(() => SymbolDirectory.attach(writer.buffer, 5)).toThrow(code("ARENA_LAYOUT"));
  });

  it("is full when it is, and has room for all before", () => {
    for (const capacity of [1, 3, 1000]) {
      const directory = SymbolDirectory.create(capacity, EPOCH_MS);
      for (let n = 0; n < capacity; n++) expect(directory.add("NSE", `S${n}`)).toBe(n);
      expect(() => directory.add("NSE", "ONE MORE")).toThrow(code("MAP_CAPACITY"));
    }
  });

  it("refuses an exchange that is not in the list, and a symbol that is none", () => {
    const directory = SymbolDirectory.create(4, EPOCH_MS);
    for (const exchange of ["NYSE", "nse", "", "toString"]) expect(() => directory.add(exchange, "A")).toThrow(code("VALUE_RANGE"));
    for (const symbol of ["", "  ", "X".repeat(29), "A\ud83d"]) expect(() => directory.add("NSE", symbol)).toThrow(code("VALUE_RANGE"));
    expect(directory.add("NSE", "X".repeat(28))).toBe(0);
    for (const epoch of [1.5, Number.NaN]) expect(() => SymbolDirectory.create(4, epoch)).toThrow(code("VALUE_RANGE"));
    for (const capacity of [0, 1.5, 2e6]) expect(() => SymbolDirectory.create(capacity, 0)).toThrow(code("VALUE_RANGE"));
  });

  it("has a code for each exchange, from 1, and back", () => {
    expect(EXCHANGES.map((name) => exchangeCode(name))).toEqual([1, 2, 3, 4]);
    expect([1, 2, 3, 4].map((number) => exchangeName(number))).toEqual(["NSE", "BSE", "MCX", "NFO"]);
    for (const number of [0, 5, -1, 1.5]) expect(() => exchangeName(number)).toThrow(code("VALUE_RANGE"));
  });

  it("turns times since 1970 into times since the session epoch and back, to the nanosecond", () => {
    const directory = SymbolDirectory.create(1, EPOCH_MS);
    const unix = BigInt(EPOCH_MS) * 1_000_000n + 34_200_000_000_001n;
    expect(directory.toSessionNs(unix)).toBe(34_200_000_000_001);
    expect(directory.toUnixNs(34_200_000_000_001)).toBe(unix);
    for (const ns of [0.5, Number.NaN, 2 ** 53]) expect(() => directory.toUnixNs(ns)).toThrow(code("VALUE_RANGE"));
    expect(() => directory.toSessionNs(0n)).toThrow(code("VALUE_RANGE"));
    expect(() => directory.toSessionNs(unix + 2n ** 53n)).toThrow(code("VALUE_RANGE"));
  });
});
