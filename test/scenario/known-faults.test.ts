/**
 * Faults that a well-known design of this kind had (docs/requirements.md, R1 to R9), each as the test that would have found it here.
 */
import { describe, expect, it } from "vitest";
import { Histogram } from "../../src/control/histogram.ts";
import { LatencyLedger } from "../../src/control/latency-ledger.ts";
import { TestClock } from "../../src/kernel/core/clock.ts";
import { NOT_EXACT, decimalFromText, formatDecimal, parseDecimal } from "../../src/kernel/core/fixed.ts";
import { hashBytes, shardOf } from "../../src/kernel/core/hash.ts";
import { Random } from "../../src/kernel/core/random.ts";
import { FULL } from "../../src/kernel/core/status.ts";
import { RECORD_BYTES } from "../../src/kernel/record/slots.ts";
import { GatedRing, STAGE_RECORDS } from "../../src/kernel/ring/gated-ring.ts";
import { GATED_CONTROL_BYTES, ringBytes } from "../../src/kernel/ring/ring-layout.ts";

const text = new TextEncoder();

describe("R1: a record of 64 bytes takes 64 bytes", () => {
  it("a ring of 2 MiB holds 32,768 of them", () => {
    const ring = GatedRing.create(32_768);
    expect(ring.buffer.byteLength).toBe(2 * 1024 * 1024 + GATED_CONTROL_BYTES + STAGE_RECORDS * RECORD_BYTES);
    expect(ringBytes(GATED_CONTROL_BYTES, 32_768)).toBe(GATED_CONTROL_BYTES + 32_768 * RECORD_BYTES);
    for (let i = 0; i < 32_768; i++) expect(ring.claim()).toBeGreaterThanOrEqual(0);
    expect(ring.claim()).toBe(FULL);
  });
});

describe("R2: no byte of a record is guessed at", () => {
  it("a record arrives whole whatever its first byte, its time's low byte and all others are", () => {
    const ring = GatedRing.create(256);
    for (let byte = 0; byte < 256; byte++) {
      const slot = ring.claim();
      ring.slots.u8.fill(byte, slot * RECORD_BYTES, (slot + 1) * RECORD_BYTES);
    }
    ring.commit();
    expect(ring.available()).toBe(256);
    for (let byte = 0; byte < 256; byte++) {
      const from = ring.slotAt(byte) * RECORD_BYTES;
      expect(ring.slots.u8.subarray(from, from + RECORD_BYTES).every((each) => each === byte)).toBe(true);
    }
    ring.release(256);
    expect(ring.used).toBe(0);
  });
});

describe("R4: both sides of a ring agree on its form, or there is no ring", () => {
  it("another capacity over the same bytes is refused, and what is in the ring stays", () => {
    const producer = GatedRing.create(8);
    producer.slots.u8[producer.claim() * RECORD_BYTES] = 7;
    producer.commit();
    for (const capacity of [4, 16]) expect(() => new GatedRing(producer.buffer, 0, capacity)).toThrow();
    const consumer = new GatedRing(producer.buffer, 0, 8);
    expect(consumer.available()).toBe(1);
    expect(consumer.slots.u8[consumer.slotAt(0) * RECORD_BYTES]).toBe(7);
  });
});

describe("R5: a price is exact or refused", () => {
  it.each(["429496.7296", "999999999.9999", "-37.6300", "0.0001", "900719925474.0991"])("%s at scale 4 comes back as it was", (price) => {
    expect(formatDecimal(decimalFromText(price, 4), 4)).toBe(price);
  });

  it.each(["1.00005", "900719925474.0993", "12,5", "NaN", ""])("%j at scale 4 is neither cut nor rounded", (price) => {
    const bytes = text.encode(price);
    expect(parseDecimal(bytes, 0, bytes.length, 4)).toBe(NOT_EXACT);
  });
});

describe("R6: another shard takes its share and no more", () => {
  it.each([2, 4, 8])("of 10,000 symbols on %i shards, one more moves about its share, all of them to itself", (shards) => {
    let moved = 0;
    for (let i = 0; i < 10_000; i++) {
      const symbol = text.encode(`SYM${i}`);
      const hash = hashBytes(symbol, 0, symbol.length, 0);
      const after = shardOf(hash, shards + 1);
      if (after === shardOf(hash, shards)) continue;
      expect(after).toBe(shards);
      moved++;
    }
    expect(moved / 10_000).toBeGreaterThan(0.75 / (shards + 1));
    expect(moved / 10_000).toBeLessThan(1.25 / (shards + 1));
  });
});

describe("R8: percentiles are percentiles", () => {
  it("of latencies with a long tail, p95 and p99 are those of the sorted list and no multiple of the mean", () => {
    const random = new Random(new Int32Array(4), 8);
    const values = Array.from({ length: 20_000 }, () => Math.floor(1000 / (random.nextFloat() + 0.001)));
    const histogram = new Histogram();
    for (const value of values) histogram.record(value);
    values.sort((a, b) => a - b);
    const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
    for (const percent of [50, 95, 99]) {
      const exact = values[Math.ceil((percent / 100) * values.length) - 1];
      expect(Math.abs(histogram.percentile(percent) / exact - 1)).toBeLessThan(0.001);
    }
    expect(Math.abs(histogram.percentile(95) / (mean * 1.5) - 1)).toBeGreaterThan(0.05);
    expect(Math.abs(histogram.percentile(99) / (mean * 2) - 1)).toBeGreaterThan(0.05);
  });
});

describe("R9: latency is that of an event, not time divided by a count", () => {
  it("one event that waited 5 ms among 99 quick ones shows its 5 ms", () => {
    const clock = new TestClock(0);
    const ledger = new LatencyLedger(["work"], clock);
    const received = new Float64Array(1);
    for (let event = 0; event < 100; event++) {
      received[0] = clock.now();
      clock.advance(event === 40 ? 5e6 : 1000);
      ledger.beginAt(received, 0);
      ledger.finish(0);
    }
    const { total } = ledger.snapshot();
    expect(total.maxNs).toBe(5e6);
    expect(total.p50Ns).toBe(1000);
  });
});
