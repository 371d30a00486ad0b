/** The ring and the directory of source 5 between two real threads. The worker has a hard timeout, after which it is ended and the test fails. */
import { Worker } from "node:worker_threads";
import { describe, expect, it } from "vitest";
import { BackpressureAwareConsumer } from "../../src/facade/market-data/backpressure-aware-consumer.ts";
import { BinaryMarketData } from "../../src/facade/market-data/binary-market-data.ts";
import { BackpressureConfig } from "../../src/facade/market-data/market-data-config.ts";
import { OptimizedRingBuffer } from "../../src/facade/market-data/optimized-ring-buffer.ts";
import { SymbolDirectory } from "../../src/facade/market-data/symbol-directory.ts";
import { TestClock } from "../../src/kernel/core/clock.ts";
import { isStreamError } from "../../src/kernel/core/errors.ts";
import type { MarketDataTask } from "./market-data-worker.ts";

const TIMEOUT_MS = 25_000;
const RECORDS = 300_000;
const CAPACITY = 16;

describe("a ring of source 5 whose producer is another thread", () => {
  it("hands over every record whole and in order, whatever its bytes are, and has one producer", { timeout: TIMEOUT_MS }, async () => {
    const directory = SymbolDirectory.create(CAPACITY, 0);
    for (const symbol of ["A", "B", "C"]) directory.add("NSE", symbol);
    const ring = OptimizedRingBuffer.create("ring", 512 * 64);
    const consumer = new BackpressureAwareConsumer({
      rings: [ring],
      directory,
      clock: new TestClock(RECORDS),
      config: new BackpressureConfig({ maxQueueSize: 1024 }),
    });
    let next = 0;
    let damaged = 0;
    consumer.addHandler((data) => {
      const n = next++;
      const bytes = data.slots.u8.subarray(data.slot * 64, data.slot * 64 + 64);
      const isWhole =
        n % 256 === 0
          ? bytes.every((byte) => byte === ((n / 256) & 0xff))
          : data.units("price") === n && data.symbol === "ABC"[n % 3] && data.timestampNs === n;
      if (!isWhole) damaged++;
    });
    const task: MarketDataTask = { directory: directory.buffer, capacity: CAPACITY, ring: ring.buffer, records: RECORDS };
    const worker = new Worker(new URL("./market-data-worker.ts", import.meta.url), { workerData: task, execArgv: [] });
    let isGone = false;
    const ended = new Promise<number>((resolve, reject) => {
      worker.on("exit", resolve);
      worker.on("error", reject);
    }).finally(() => (isGone = true));
    const timer = setTimeout(() => void worker.terminate(), TIMEOUT_MS - 1000);
    let refused = false;
    for (let isOver = false; !isOver || !ring.isEmpty(); isOver = ring.isClosed || isGone) {
      if (consumer.poll() === 0) await new Promise((resolve) => setImmediate(resolve));
      if (next < 1000 || refused) continue;
      refused = true;
      expect(() => ring.publishSingle(new BinaryMarketData(directory))).toThrow(expect.toSatisfy((error: unknown) => isStreamError(error, "ARENA_STATE")));
    }
    expect(await ended).toBe(0);
    clearTimeout(timer);
    expect([next, damaged, refused]).toEqual([RECORDS, 0, true]);
    expect(consumer.stats()).toMatchObject({ consumed: RECORDS, handled: RECORDS, dropped: 0, handlerErrors: 0 });
  });
});
