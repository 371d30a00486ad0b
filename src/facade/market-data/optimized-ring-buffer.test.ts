import { describe, expect, it } from "vitest";
import { isStreamError } from "../../kernel/core/errors.ts";
import { STAGE_RECORDS } from "../../kernel/ring/gated-ring.ts";
import { GATED_CONTROL_BYTES } from "../../kernel/ring/ring-layout.ts";
import { BinaryMarketDataBatch } from "./binary-market-data-batch.ts";
import { BinaryMarketData } from "./binary-market-data.ts";
import { OptimizedRingBuffer } from "./optimized-ring-buffer.ts";
import { SymbolDirectory } from "./symbol-directory.ts";

const code = (name: Parameters<typeof isStreamError>[1]) => expect.toSatisfy((error: unknown) => isStreamError(error, name));
const directory = SymbolDirectory.create(4, 0);
directory.add("NSE", "A");

function record(price: number): BinaryMarketData {
  return new BinaryMarketData(directory).writeLtp(0, price, 1, price, price);
}

/** A ring of 8 records. */
function ring(): OptimizedRingBuffer {
  return OptimizedRingBuffer.create("ring", 8 * 64);
}

describe("the shared ring of source 5", () => {
  it("hands over single records in order, refuses when full and says so when empty", () => {
    const it8 = ring();
    const into = new BinaryMarketData(directory);
    expect([it8.isEmpty(), it8.isFull(), it8.consumeSingle(into)]).toEqual([true, false, false]);
    for (let n = 0; n < 8; n++) expect(it8.publishSingle(record(n))).toBe(true);
    expect([it8.publishSingle(record(8)), it8.publishBytes(record(8).toBytes()), it8.isFull(), it8.count(), it8.utilization()]).toEqual([
      false,
      false,
      true,
      8,
      1,
    ]);
    for (let n = 0; n < 8; n++) {
      expect(it8.consumeSingle(into)).toBe(true);
      expect(into.units("price")).toBe(n);
    }
    expect([it8.consumeSingle(into), it8.isEmpty()]).toEqual([false, true]);
  });

  it("publishes a batch up to the first record that finds no room, and goes on from there", () => {
    const it8 = ring();
    const batch = new BinaryMarketDataBatch(directory, 20);
    for (let n = 0; n < 20; n++) batch.append(record(n));
    const into = new BinaryMarketDataBatch(directory, 30);
    let done = it8.publishBatch(batch);
    expect(done).toBe(8);
    expect(it8.publishBatch(batch, done)).toBe(0);
    while (done < 20) {
      it8.consumeBatch(into, 3);
      done += it8.publishBatch(batch, done);
    }
    it8.consumeBatch(into);
    expect(Array.from({ length: into.length }, (_, i) => into.at(i).units("price"))).toEqual(Array.from({ length: 20 }, (_, n) => n));
    expect(it8.publishBatch(batch, 20)).toBe(0);
  });

  it("takes no more than the batch has room for", () => {
    const it8 = ring();
    for (let n = 0; n < 8; n++) it8.publishSingle(record(n));
    const into = new BinaryMarketDataBatch(directory, 5);
    expect([it8.consumeBatch(into), it8.consumeBatch(into), it8.count()]).toEqual([5, 0, 3]);
  });

  it("hands records over in place, and the one who takes them and fails has them again", () => {
    const it8 = ring();
    for (let n = 0; n < 4; n++) it8.publishSingle(record(n));
    const view = new BinaryMarketData(directory);
    const seen: (number | null)[] = [];
    const failing = {
      take(): void {
        throw new Error("no");
      },
    };
    expect(() => it8.consumeEach(failing, 3)).toThrow("no");
    expect(it8.consumeEach({ take: (slots, slot) => seen.push(view.at(slots, slot).units("price")) }, 3)).toBe(3);
    expect([seen, it8.count()]).toEqual([[0, 1, 2], 1]);
  });

  it("counts what went in, came out, was refused and was thrown away", () => {
    const it8 = ring();
    const into = new BinaryMarketData(directory);
    for (let n = 0; n < 9; n++) it8.publishSingle(record(n));
    it8.consumeSingle(into);
    expect(it8.stats()).toEqual({
      name: "ring",
      capacity: 8,
      count: 7,
      utilization: 0.875,
      published: 8,
      consumed: 1,
      refused: 1,
      discarded: 0,
      closed: false,
    });
    expect(it8.clear()).toBe(7);
    expect(it8.stats()).toMatchObject({ count: 0, consumed: 1, discarded: 7 });
    it8.publishSingle(record(1));
    expect(it8.reset()).toBe(1);
    expect(it8.stats()).toMatchObject({ count: 0, published: 0, consumed: 0, refused: 0, discarded: 0 });
    it8.publishSingle(record(2));
    expect([it8.consumeSingle(into), into.units("price")]).toEqual([true, 2]);
  });

  it("once closed takes nothing more, and what is in it can be read", () => {
    const it8 = ring();
    it8.publishSingle(record(5));
    const reader = OptimizedRingBuffer.attach("ring", it8.buffer);
    it8.close();
    const batch = new BinaryMarketDataBatch(directory, 1);
    batch.append(record(6));
    expect([reader.isClosed, it8.publishSingle(record(6)), it8.publishBytes(record(6).toBytes()), it8.publishBatch(batch)]).toEqual([true, false, false, 0]);
    expect(it8.stats().refused).toBe(3);
    const into = new BinaryMarketData(directory);
    expect([reader.consumeSingle(into), into.units("price"), reader.consumeSingle(into)]).toEqual([true, 5, false]);
  });

  it("once unlinked is not used again by this object, and stays for the other", () => {
    const it8 = ring();
    it8.publishSingle(record(5));
    const reader = OptimizedRingBuffer.attach("ring", it8.buffer);
    it8.unlink();
    it8.unlink();
    for (const use of [
      () => it8.publishSingle(record(1)),
      () => it8.count(),
      () => it8.stats(),
      () => it8.buffer,
      () => it8.close(),
      () => it8.takeOver("producer"),
    ]) {
      expect(use).toThrow(code("ARENA_STATE"));
    }
    expect([reader.isClosed, reader.count()]).toEqual([true, 1]);
  });

  it("of 2 MB holds 32,768 records unless another size is given, a power of two", () => {
    const standard = OptimizedRingBuffer.create("standard");
    expect([standard.capacity, standard.buffer.byteLength]).toEqual([32_768, 2 * 1024 * 1024 + GATED_CONTROL_BYTES + STAGE_RECORDS * 64 + 64]);
    for (const bytes of [0, 64, 100, 3 * 64, 1000]) expect(() => OptimizedRingBuffer.create("odd", bytes)).toThrow(code("RING_CAPACITY"));
    expect(() => ring().publishBytes(new Uint8Array(63))).toThrow(code("VALUE_RANGE"));
    expect(() => OptimizedRingBuffer.attach("no ring", new SharedArrayBuffer(100))).toThrow(code("RING_CAPACITY"));
  });
});

describe("one producer, one consumer", () => {
  it("a second one of either is refused, whatever thread it is in", () => {
    const first = ring();
    const second = OptimizedRingBuffer.attach("ring", first.buffer);
    first.publishSingle(record(1));
    expect(() => second.publishSingle(record(2))).toThrow(code("ARENA_STATE"));
    expect(() => second.publishBatch(new BinaryMarketDataBatch(directory, 1))).toThrow(code("ARENA_STATE"));
    const into = new BinaryMarketData(directory);
    expect(second.consumeSingle(into)).toBe(true);
    expect(() => first.consumeSingle(into)).toThrow(code("ARENA_STATE"));
    expect(() => first.clear()).toThrow(code("ARENA_STATE"));
    expect(first.publishSingle(record(3))).toBe(true);
  });

  it("a role that is given back goes to whoever comes next, who goes on where it ended", () => {
    const first = ring();
    const second = OptimizedRingBuffer.attach("ring", first.buffer);
    const into = new BinaryMarketData(directory);
    for (let n = 0; n < 5; n++) first.publishSingle(record(n));
    for (let n = 0; n < 2; n++) first.consumeSingle(into);
    first.giveBack();
    expect([second.publishSingle(record(5)), second.consumeSingle(into), into.units("price")]).toEqual([true, true, 2]);
    expect(() => first.publishSingle(record(9))).toThrow(code("ARENA_STATE"));
    second.giveBack();
    expect([first.consumeSingle(into), into.units("price"), first.count()]).toEqual([true, 3, 2]);
  });

  it("a role of a thread that is gone is taken over, with nothing lost or doubled", () => {
    const gone = ring();
    const into = new BinaryMarketData(directory);
    for (let n = 0; n < 6; n++) gone.publishSingle(record(n));
    gone.consumeSingle(into);
    const heir = OptimizedRingBuffer.attach("ring", gone.buffer);
    heir.takeOver("consumer");
    heir.takeOver("producer");
    heir.publishSingle(record(6));
    const seen: (number | null)[] = [];
    while (heir.consumeSingle(into)) seen.push(into.units("price"));
    expect(seen).toEqual([1, 2, 3, 4, 5, 6]);
  });
});
