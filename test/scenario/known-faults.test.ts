/**
 * Faults that a well-known design of this kind had (docs/requirements.md, R1 to R10), each as the test that would have found it here: in
 * the part that does the work, and in the API that has the names of that design.
 */
import { describe, expect, it } from "vitest";
import { Histogram } from "../../src/control/histogram.ts";
import { LatencyLedger } from "../../src/control/latency-ledger.ts";
import { BackpressureAwareConsumer } from "../../src/facade/market-data/backpressure-aware-consumer.ts";
import { BinaryMarketDataBatch } from "../../src/facade/market-data/binary-market-data-batch.ts";
import { BinaryMarketData } from "../../src/facade/market-data/binary-market-data.ts";
import { BackpressureConfig, PerformanceThresholds } from "../../src/facade/market-data/market-data-config.ts";
import { MarketDataMessage } from "../../src/facade/market-data/market-data-message.ts";
import { OptimizedRingBuffer } from "../../src/facade/market-data/optimized-ring-buffer.ts";
import { PerformanceMonitor } from "../../src/facade/market-data/performance-monitor.ts";
import { SymbolDirectory } from "../../src/facade/market-data/symbol-directory.ts";
import { SymbolPartitioner } from "../../src/facade/market-data/symbol-partitioner.ts";
import { TestClock } from "../../src/kernel/core/clock.ts";
import { NOT_EXACT, decimalFromText, formatDecimal, parseDecimal } from "../../src/kernel/core/fixed.ts";
import { hashBytes, shardOf } from "../../src/kernel/core/hash.ts";
import { Random } from "../../src/kernel/core/random.ts";
import { FULL } from "../../src/kernel/core/status.ts";
import { RECORD_BYTES } from "../../src/kernel/record/slots.ts";
import { GatedRing, STAGE_RECORDS } from "../../src/kernel/ring/gated-ring.ts";
import { GATED_CONTROL_BYTES, ringBytes } from "../../src/kernel/ring/ring-layout.ts";

const text = new TextEncoder();
const directory = SymbolDirectory.create(1, 0);
directory.add("NSE", "A");
const TICK = { exchange: "NSE", symbol: "A", timestampNs: 1 } as const;
const record = BinaryMarketData.createLtpMessage(directory, { ...TICK, price: 100.05, volume: 7 });

describe("R1: a record of 64 bytes takes 64 bytes", () => {
  it("a ring of 2 MiB holds 32,768 of them", () => {
    const ring = GatedRing.create(32_768);
    expect(ring.buffer.byteLength).toBe(2 * 1024 * 1024 + GATED_CONTROL_BYTES + STAGE_RECORDS * RECORD_BYTES);
    expect(ringBytes(GATED_CONTROL_BYTES, 32_768)).toBe(GATED_CONTROL_BYTES + 32_768 * RECORD_BYTES);
    for (let i = 0; i < 32_768; i++) expect(ring.claim()).toBeGreaterThanOrEqual(0);
    expect(ring.claim()).toBe(FULL);
  });
});

describe("R1 in the API of that design", () => {
  it("R1: a ring of its standard 2 MB holds 32,768 records, and a record of every type is 64 bytes", () => {
    const ring = OptimizedRingBuffer.create("standard");
    const batch = new BinaryMarketDataBatch(directory, 32_768);
    while (!batch.isFull) batch.append(record);
    expect(ring.publishBatch(batch)).toBe(32_768);
    expect([ring.isFull(), ring.publishSingle(record), record.toBytes().length, batch.toBytes().length]).toEqual([true, false, 64, 32_768 * 64]);
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

describe("R2 in the API of that design", () => {
  it("R2: records whose first byte is any of 256, among others, all reach the handlers, in order", () => {
    const ring = OptimizedRingBuffer.create("bytes", 64 * 256);
    const consumer = new BackpressureAwareConsumer({ rings: [ring], directory, clock: new TestClock(0) });
    const seen: number[][] = [];
    consumer.addHandler((data) => seen.push([...data.toBytes()]));
    const sent = Array.from({ length: 256 }, (_, first) => Array.from({ length: 64 }, (_each, i) => (i === 0 ? first : (first * 31 + i * 7) & 0xff)));
    for (const bytes of sent) expect(ring.publishBytes(Uint8Array.from(bytes))).toBe(true);
    while (consumer.poll() > 0);
    expect(seen).toEqual(sent);
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

describe("R4 in the API of that design", () => {
  it("R4: a second producer is refused, and an object over other bytes is no ring: neither changes what is in it", () => {
    const ring = OptimizedRingBuffer.create("one", 64 * 8);
    ring.publishSingle(record);
    const second = OptimizedRingBuffer.attach("one", ring.buffer);
    expect(() => second.publishSingle(record)).toThrow("has a producer already");
    expect(() => OptimizedRingBuffer.attach("one", ring.buffer.slice(0, ring.buffer.byteLength - 64))).toThrow();
    const into = new BinaryMarketData(directory);
    expect([second.consumeSingle(into), into.toBytes()]).toEqual([true, record.toBytes()]);
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

describe("R5 in the API of that design", () => {
  it.each(["429496.7296", "999999999.9999", "-37.6300"])("R5: bid and ask of %s are what they are", (price) => {
    const quote = BinaryMarketData.createQuoteMessage(directory, { ...TICK, bid: price, bidQuantity: 1, ask: Number(price), askQuantity: 1 });
    expect([quote.text("bid"), quote.text("ask"), quote.bid]).toEqual([price, price, Number(price)]);
  });

  it.each([1.00005, 0.99999, 2931.45001])("R5: %d is refused at four places, not cut to another price", (price) => {
    expect(() => BinaryMarketData.createLtpMessage(directory, { ...TICK, price })).toThrow(expect.objectContaining({ code: "VALUE_RANGE" }));
  });

  it("R5: an unknown exchange is an error, in a record, in a message and in its bytes", () => {
    const refused = expect.objectContaining({ code: "VALUE_RANGE" });
    expect(() => BinaryMarketData.createLtpMessage(directory, { ...TICK, exchange: "NYSE", price: 1 })).toThrow(refused);
    const dict = { symbol: "A", exchange: "NSE", messageType: "LTP", timestamp: "0", price: 1 };
    expect(() => MarketDataMessage.fromDict({ ...dict, exchange: "NYSE" })).toThrow(refused);
    const bytes = MarketDataMessage.fromDict(dict).toBytes();
    expect(() => MarketDataMessage.fromBytes(bytes.with(6, 5))).toThrow(refused);
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

describe("R6 in the API of that design", () => {
  it("R6: of 10,000 symbols on four partitions, a fifth one takes about a fifth, and the others stay where they are", () => {
    const symbols = Array.from({ length: 10_000 }, (_, i) => `NSE:SYM${i}`);
    const [four, five] = [4, 5].map((count) => new SymbolPartitioner(count));
    const moved = symbols.filter((symbol) => four.getPartition(symbol) !== five.getPartition(symbol));
    expect(moved.length / 10_000).toBeLessThan(1.25 / 5);
    expect(moved.length / 10_000).toBeGreaterThan(0.75 / 5);
    expect(new Set(moved.map((symbol) => five.getPartition(symbol)))).toEqual(new Set([4]));
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

describe("R8 in the API of that design", () => {
  it("R8: p95 and p99 of the consumer are those of the sorted list, and no multiple of its mean", () => {
    const random = new Random(new Int32Array(4), 9);
    const waits = Array.from({ length: 5000 }, () => Math.floor(1e6 / (random.nextFloat() + 0.001)));
    const { latency } = consumeAfter(waits);
    const sorted = waits.toSorted((a, b) => a - b);
    for (const [value, percent] of [
      [latency.p95Ns, 95],
      [latency.p99Ns, 99],
    ] as const) {
      expect(Math.abs(Number(value) / sorted[Math.ceil((percent / 100) * 5000) - 1] - 1)).toBeLessThan(0.001);
    }
    expect(Math.abs(Number(latency.p95Ns) / (Number(latency.meanNs) * 1.5) - 1)).toBeGreaterThan(0.05);
    expect(Math.abs(Number(latency.p99Ns) / (Number(latency.meanNs) * 2) - 1)).toBeGreaterThan(0.05);
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

describe("R9 in the API of that design", () => {
  it("R9: one record that waited 50 ms among 99 quick ones raises the alert that the time of a turn over its count would hide", () => {
    const waits = Array.from({ length: 100 }, (_, n) => (n === 40 || n === 41 ? 50e6 : 1000));
    const { latency, events } = consumeAfter(waits);
    expect([latency.maxNs, latency.p50Ns]).toEqual([50e6, 1000]);
    expect(Number(latency.meanNs)).toBeLessThan(10e6);
    expect(events).toMatchObject([{ kind: "raised", severity: "critical", key: "latency-p99", subject: "consumer" }]);
  });
});

describe("R10: what waits is bounded, and giving one up costs the same wherever it stands", () => {
  it("R10: a flood into a queue of 16 keeps 16 and counts the others", () => {
    const ring = OptimizedRingBuffer.create("flood", 64 * 1024);
    const config = new BackpressureConfig({ maxQueueSize: 16, batchSize: 500, dropPolicy: "random" });
    const consumer = new BackpressureAwareConsumer({ rings: [ring], directory, clock: new TestClock(0), config });
    while (ring.publishSingle(record));
    for (let turn = 0; turn < 3; turn++) consumer.poll(0);
    const { consumed, handled, dropped } = consumer.stats();
    expect([consumer.queueStats().length, consumer.queueStats().highest, handled, consumed - dropped]).toEqual([16, 16, 0, 16]);
    expect(dropped).toBeGreaterThan(400);
  });
});

/** Records received so long before their turn, through ring and consumer under a monitor: what it says of their latency, and the alerts. */
function consumeAfter(waits: readonly number[]) {
  const clock = new TestClock(2e9);
  const ring = OptimizedRingBuffer.create("waits", 64 * 8192);
  const consumer = new BackpressureAwareConsumer({ rings: [ring], directory, clock, config: new BackpressureConfig({ batchSize: 500 }) });
  const data = new BinaryMarketData(directory);
  const now = clock.now() + 1e9;
  for (const wait of waits) ring.publishSingle(data.writeLtp(0, 1, 1, 0, now - wait));
  clock.advance(1e9);
  while (consumer.poll() > 0);
  const monitor = new PerformanceMonitor({ clock, thresholds: new PerformanceThresholds({ minThroughput: 0, maxBufferUtilization: 1 }) });
  monitor.registerComponent("consumer", consumer);
  monitor.sample();
  return { latency: consumer.stats().latency, events: monitor.alerts() };
}
