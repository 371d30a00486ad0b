import { describe, expect, it } from "vitest";
import { BoundedOutOfOrder } from "../../analysis/window/watermark.ts";
import { TestClock } from "../../kernel/core/clock.ts";
import { shardOf } from "../../kernel/core/hash.ts";
import { TIME_END } from "../../kernel/core/units.ts";
import { InstrumentRegistry } from "../../kernel/instrument/registry.ts";
import { Arena } from "../../kernel/memory/arena.ts";
import { FLAG_BAD_TS, FLAG_LAST } from "../../kernel/record/flags.ts";
import { TYPE_MARKER, TYPE_TRADE, TYPE_VENUE_STATUS, headerWord } from "../../kernel/record/header.ts";
import { MARKER_BARRIER, MARKER_END, MARKER_WATERMARK, MarkerView, NO_INSTRUMENT } from "../../kernel/record/marker.ts";
import { Slots } from "../../kernel/record/slots.ts";
import { GatedRing } from "../../kernel/ring/gated-ring.ts";
import { Ingest } from "./ingest.ts";

function setUp(
  shards: number,
  options: { batch?: number; markerEvery?: number; capacity?: number; relieve?: (ring: GatedRing) => void; choose?: (instrument: number) => number } = {},
) {
  const arena = Arena.create("ingest", 1 << 20);
  const registry = new InstrumentRegistry(arena, 64);
  const encoder = new TextEncoder();
  for (let n = 0; n < 50; n++) registry.add(encoder.encode(`S${n}`), 0, encoder.encode(`S${n}`).length, 2, 0);
  const rings = Array.from({ length: shards }, () => GatedRing.create(options.capacity ?? 1024));
  const ingest = new Ingest(arena, {
    registry,
    rings,
    chooser: { choose: options.choose ?? ((instrument) => shardOf(registry.symbolHash[instrument], shards)) },
    watermark: new BoundedOutOfOrder(arena, { boundNs: 10 }),
    markerEvery: options.markerEvery ?? 4,
    batch: options.batch ?? 1024,
    pressure: { relieve: options.relieve ?? (() => expect.fail("a ring is full")) },
    clock: new TestClock(77),
  });
  arena.seal();
  const staging = Slots.create(1);
  const accept = (instrument: number, tsEvent: number, type: number = TYPE_TRADE): void => {
    staging.i32[0] = headerWord(type, FLAG_LAST);
    staging.u32[1] = instrument;
    staging.f64[2] = tsEvent;
    ingest.accept(staging, 0);
  };
  /** What lies in a ring: `sequence type` and for markers kind and watermark. */
  const read = (shard: number): string[] => {
    const ring = rings[shard];
    const found = Array.from({ length: ring.available() }, (_, n) => {
      const slot = ring.slotAt(n);
      const sequence = ring.slots.f64[slot * 8 + 1];
      if (ring.slots.u8[slot * 64] !== TYPE_MARKER) return `${sequence} of ${ring.slots.u32[slot * 16 + 1]}`;
      const marker = new MarkerView(ring.slots).at(ring.slots, slot);
      return `${sequence} ${["", "watermark", "barrier", "end"][marker.kind]} ${marker.kind === MARKER_BARRIER ? marker.value : marker.watermark}`;
    });
    ring.release(found.length);
    return found;
  };
  return { ingest, rings, accept, read, staging };
}

describe("ingest", () => {
  it("numbers records from 1 without a gap, markers among them, and publishes at flush()", () => {
    const { ingest, accept, read } = setUp(1);
    for (let n = 0; n < 5; n++) accept(n, 100 + n);
    expect(read(0)).toEqual([]);
    ingest.flush();
    expect(read(0)).toEqual(["1 of 0", "2 of 1", "3 of 2", "4 of 3", "5 watermark 92", "6 of 4"]);
    expect([ingest.sequence, ingest.published]).toEqual([6, 6]);
  });

  it("puts markers at one position into every ring, and each instrument always into the ring of its symbol", () => {
    const { ingest, accept, read } = setUp(3, { markerEvery: 10 });
    for (let n = 0; n < 200; n++) accept(n % 50, n);
    ingest.end();
    const found = [read(0), read(1), read(2)];
    const markers = found.map((lines) => lines.filter((line) => !line.includes("of")));
    expect(markers[0].length).toBe(21);
    expect(markers[1]).toEqual(markers[0]);
    expect(markers[2]).toEqual(markers[0]);
    const owners = found.map((lines) => new Set(lines.filter((line) => line.includes("of")).map((line) => line.split(" ")[2])));
    expect(owners.reduce((sum, owner) => sum + owner.size, 0)).toBe(50);
    for (const owner of owners) expect(owner.size).toBeGreaterThan(0);
    expect(ingest.published).toBe(200 + 3 * 21);
  });

  it("asks once which shard owns an instrument, and keeps to the answer", () => {
    const asked: number[] = [];
    const { ingest, accept, read } = setUp(3, { markerEvery: 1000, choose: (instrument) => asked.push(instrument) % 3 });
    for (let n = 0; n < 12; n++) accept(n % 4, n);
    ingest.flush();
    expect(asked).toEqual([0, 1, 2, 3]);
    expect([read(0), read(1), read(2)].map((lines) => [...new Set(lines.map((line) => line.split(" ")[2]))])).toEqual([["2"], ["0", "3"], ["1"]]);
  });

  it("sends what belongs to no instrument to every shard under one sequence", () => {
    const { ingest, accept, read } = setUp(2);
    accept(NO_INSTRUMENT, 5, TYPE_VENUE_STATUS);
    ingest.flush();
    expect([read(0), read(1)]).toEqual([[`1 of ${NO_INSTRUMENT}`], [`1 of ${NO_INSTRUMENT}`]]);
    expect([ingest.recordsOfType(TYPE_VENUE_STATUS), ingest.published]).toEqual([1, 2]);
  });

  it("gives a barrier no sequence and no time: what comes after it is numbered as without it", () => {
    const { ingest, accept, read } = setUp(1);
    accept(0, 100);
    ingest.barrier(7);
    accept(0, 101);
    ingest.flush();
    expect(read(0)).toEqual(["1 of 0", "1 barrier 7", "2 of 0"]);
  });

  it("ends with a watermark after every time, under the newest time that was seen", () => {
    const { ingest, rings, accept } = setUp(1);
    accept(0, 123);
    ingest.end();
    const [ring] = rings;
    ring.available();
    const slot = ring.slotAt(1);
    const marker = new MarkerView(ring.slots).at(ring.slots, slot);
    expect([marker.kind, marker.watermark, ring.slots.f64[slot * 8 + 2]]).toEqual([MARKER_END, TIME_END, 123]);
    expect(ring.slots.f64[slot * 8 + 3]).toBe(77);
    expect(MARKER_WATERMARK).not.toBe(MARKER_END);
  });

  it("flags and counts a time out of its range, which moves no watermark", () => {
    const { ingest, accept, staging } = setUp(1);
    accept(0, 1000);
    accept(0, 1000 + 86_400e9);
    expect(staging.u16[1] & FLAG_BAD_TS).toBe(FLAG_BAD_TS);
    expect([ingest.badTimes, ingest.newestEventNs]).toEqual([1, 1000]);
    accept(0, 1001);
    expect(staging.u16[1] & FLAG_BAD_TS).toBe(0);
  });

  it("publishes a batch by itself", () => {
    const { rings, accept } = setUp(1, { batch: 3 });
    for (let n = 0; n < 3; n++) accept(0, n);
    expect(rings[0].used).toBe(3);
  });

  it("publishes to every shard before it waits for one: what that one waits for may lie in another's ring", () => {
    const others: number[] = [];
    const { ingest, rings, accept } = setUp(2, {
      capacity: 8,
      markerEvery: 2,
      relieve: (ring) => {
        others.push(...rings.filter((other) => other !== ring).map((other) => other.used + other.claimed * 1000));
        ring.release(ring.available());
      },
    });
    let mine = 0;
    while (ingest.shardOfInstrument(mine) !== 0) mine++;
    for (let n = 0; n < 8; n++) accept(mine, n);
    expect(others).toEqual([2]);
  });
});
