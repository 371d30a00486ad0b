/** How do ticks get from a producer to handlers without loss, and who watches? Symbols, partitions, shared rings, a consumer, a monitor. */
import { BackpressureAwareConsumer } from "../src/facade/market-data/backpressure-aware-consumer.ts";
import { BinaryMarketData } from "../src/facade/market-data/binary-market-data.ts";
import { BackpressureConfig, PerformanceThresholds } from "../src/facade/market-data/market-data-config.ts";
import { OptimizedRingBuffer } from "../src/facade/market-data/optimized-ring-buffer.ts";
import { PerformanceMonitor } from "../src/facade/market-data/performance-monitor.ts";
import { SymbolDirectory } from "../src/facade/market-data/symbol-directory.ts";
import { SymbolPartitioner } from "../src/facade/market-data/symbol-partitioner.ts";
import { LiveClock, sessionEpochMs } from "../src/kernel/core/clock.ts";
import { Random } from "../src/kernel/core/random.ts";

const clock = new LiveClock();
const directory = SymbolDirectory.create(1000, sessionEpochMs(Date.now()));
for (let n = 0; n < 1000; n++) directory.add("NSE", `SYM${n}`);

// Each symbol belongs to one ring, so that its records keep their order.
const partitioner = new SymbolPartitioner(4, { pins: [{ symbol: "NSE:SYM0", shard: 0 }] });
const { balance } = partitioner.distributeSymbols(Array.from({ length: 1000 }, (_, id) => directory.key(id)));
const rings = Array.from({ length: 4 }, (_, n) => OptimizedRingBuffer.create(`ring-${n}`, 64 * 4096));

const consumer = new BackpressureAwareConsumer({ rings, directory, clock, config: new BackpressureConfig({ maxQueueSize: 50_000 }) });
const last = new Map<string, string>();
consumer.addHandler((data) => void last.set(data.symbol, data.text("price") ?? "unknown"));

const monitor = new PerformanceMonitor({ clock, thresholds: new PerformanceThresholds({ maxLatencyMs: 50 }), console: console.log });
monitor.registerComponent("consumer", consumer);

const data = new BinaryMarketData(directory);
const random = new Random(new Int32Array(4), 1);
let published = 0;
for (let turn = 0; turn < 200; turn++) {
  for (let n = 0; n < 300; n++) {
    const id = random.nextBelow(1000);
    const now = clock.now();
    data.writeLtp(id, 29_314_500 + random.nextBelow(1000), 1 + random.nextBelow(50), now, now);
    if (rings[partitioner.getPartition(directory.key(id))].publishSingle(data)) published++;
  }
  consumer.poll();
  if (turn % 20 === 19) monitor.sample();
}
while (consumer.poll() > 0);

const { handled, dropped, latency } = consumer.stats();
console.log(`${published} published, ${handled} handled, ${dropped} dropped; fullest partition ${balance.maxOverMean?.toFixed(2)} of the mean`);
console.log(`latency p50 ${latency.p50Ns} ns, p99 ${latency.p99Ns} ns; SYM0 last traded at ${last.get("SYM0")}`);
console.log(`${monitor.summary().samples} samples, ${monitor.alerts().length} alerts`);
