/**
 * The producer of a ring of source 5 in a thread of its own, for market-data.test.ts: attaches to directory and ring by their bytes.
 * Record n has price n and is received at n; every 256th is 64 bytes of one value, whatever that may mean.
 */
import { workerData } from "node:worker_threads";
import { BinaryMarketDataBatch } from "../../src/facade/market-data/binary-market-data-batch.ts";
import { BinaryMarketData } from "../../src/facade/market-data/binary-market-data.ts";
import { OptimizedRingBuffer } from "../../src/facade/market-data/optimized-ring-buffer.ts";
import { SymbolDirectory } from "../../src/facade/market-data/symbol-directory.ts";

export interface MarketDataTask {
  readonly directory: SharedArrayBuffer;
  readonly capacity: number;
  readonly ring: SharedArrayBuffer;
  readonly records: number;
}

const { directory: symbols, capacity, ring: buffer, records } = workerData as MarketDataTask;
const directory = SymbolDirectory.attach(symbols, capacity);
const ring = OptimizedRingBuffer.attach("ring", buffer);
const data = new BinaryMarketData(directory);
const batch = new BinaryMarketDataBatch(directory, 64);

for (let n = 0; n < records;) {
  batch.clear();
  for (; batch.length < 64 && n < records; n++) {
    if (n % 256 === 0) batch.appendBytes(new Uint8Array(64).fill((n / 256) & 0xff));
    else batch.append(data.writeLtp(n % directory.count, n, 1, n, n));
  }
  for (let done = 0; done < batch.length;) {
    const published = ring.publishBatch(batch, done);
    done += published;
    if (published === 0) ring.waitForRoom(1000);
  }
}
ring.close();
