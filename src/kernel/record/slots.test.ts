import { describe, expect, it } from "vitest";
import { Outlet } from "./outlet.ts";
import { RECORD_BYTES, Slots } from "./slots.ts";

function pattern(slots: Slots, slot: number, seed: number): void {
  for (let i = 0; i < RECORD_BYTES; i++) slots.u8[slot * RECORD_BYTES + i] = (seed + i * 7) & 0x3f;
}

function bytesOf(slots: Slots, slot: number): number[] {
  return [...slots.u8.subarray(slot * RECORD_BYTES, (slot + 1) * RECORD_BYTES)];
}

describe("Slots", () => {
  it("shows the same bytes at every width", () => {
    const slots = Slots.create(4);
    slots.f64[2 * 8 + 3] = 1;
    expect(slots.u32[2 * 16 + 7]).toBe(0x3ff00000);
    expect(slots.i32[2 * 16 + 7]).toBe(0x3ff00000);
    expect(slots.u16[2 * 32 + 15]).toBe(0x3ff0);
    expect(slots.u8[2 * 64 + 31]).toBe(0x3f);
    expect(slots.count).toBe(4);
    expect([slots.f64.length, slots.i32.length, slots.u32.length, slots.u16.length, slots.u8.length]).toEqual([32, 64, 64, 128, 256]);
  });

  it("lies at an offset of 8 in any buffer, and at no other", () => {
    const buffer = new ArrayBuffer(8 + 2 * RECORD_BYTES);
    const slots = new Slots(buffer, 8, 2);
    slots.u8[0] = 77;
    expect(new Uint8Array(buffer)[8]).toBe(77);
    expect(() => new Slots(buffer, 4, 1)).toThrowError(expect.objectContaining({ code: "VALUE_RANGE" }));
  });

  it("copies one record whole, and touches no other", () => {
    const source = Slots.create(3);
    const target = Slots.create(3);
    for (let slot = 0; slot < 3; slot++) {
      pattern(source, slot, slot);
      pattern(target, slot, slot + 30);
    }
    target.copyFrom(source, 1, 2);
    expect(bytesOf(target, 2)).toEqual(bytesOf(source, 1));
    pattern(source, 0, 30);
    pattern(source, 1, 31);
    expect(bytesOf(target, 0)).toEqual(bytesOf(source, 0));
    expect(bytesOf(target, 1)).toEqual(bytesOf(source, 1));
  });

  it("copies words that hold two integers bit by bit, even those of a signalling NaN", () => {
    const source = Slots.create(1);
    const target = Slots.create(1);
    for (const word of [0, 12, 14]) {
      source.u32[word] = 0x00000001;
      source.u32[word + 1] = 0x7ff00000;
    }
    for (let i = 0; i < 20_000; i++) target.copyFrom(source, 0, 0); // often enough to be compiled
    expect([...target.u32]).toEqual([...source.u32]);
  });

  it("copies a record bit by bit where nobody knows what it holds: every word a signalling NaN's", () => {
    const source = Slots.create(2);
    const target = Slots.create(2);
    for (let word = 0; word < 32; word += 2) {
      source.u32[word] = 0x00000001 + word;
      source.u32[word + 1] = 0x7ff00000;
    }
    for (let i = 0; i < 20_000; i++) target.copyBitsFrom(source, 1, 0);
    expect(bytesOf(target, 0)).toEqual(bytesOf(source, 1));
    expect(bytesOf(target, 1)).toEqual(Array.from({ length: 64 }, () => 0));
  });

  it("takes a record's bytes from anywhere, and no fewer than there are to be", () => {
    const bytes = Uint8Array.from({ length: 70 }, (_, i) => 200 - i);
    const target = Slots.create(2);
    target.copyBytesFrom(bytes, 5, 1);
    expect(bytesOf(target, 1)).toEqual([...bytes.subarray(5, 69)]);
    expect(bytesOf(target, 0)).toEqual(Array.from({ length: 64 }, () => 0));
    for (const from of [7, -1, Number.NaN]) expect(() => target.copyBytesFrom(bytes, from, 0)).toThrowError(expect.objectContaining({ code: "VALUE_RANGE" }));
  });

  it("clears one record, and touches no other", () => {
    const slots = Slots.create(3);
    for (let slot = 0; slot < 3; slot++) pattern(slots, slot, 1);
    slots.clear(1);
    expect(bytesOf(slots, 1)).toEqual(Array.from({ length: 64 }, () => 0));
    expect(bytesOf(slots, 0)).toEqual(bytesOf(slots, 2));
    expect(bytesOf(slots, 0)[1]).toBe(8);
  });
});

describe("Outlet", () => {
  it("hands the staging record on at each emit, and keeps its fields for the next", () => {
    const taken: number[][] = [];
    const outlet = new Outlet({ accept: (slots, slot) => taken.push(bytesOf(slots, slot)) });
    pattern(outlet.slots, 0, 3);
    outlet.emit();
    outlet.slots.u8[5] = 200;
    outlet.emit();
    expect(taken).toHaveLength(2);
    expect(taken[1]).toEqual(taken[0].with(5, 200));
  });
});
