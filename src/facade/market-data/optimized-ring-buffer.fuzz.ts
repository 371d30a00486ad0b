import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BinaryMarketDataBatch } from "./binary-market-data-batch.ts";
import { BinaryMarketData } from "./binary-market-data.ts";
import { OptimizedRingBuffer } from "./optimized-ring-buffer.ts";
import { SymbolDirectory } from "./symbol-directory.ts";

const directory = SymbolDirectory.create(1, 0);
const record = fc.uint8Array({ minLength: 64, maxLength: 64 });

describe("a record in the ring", () => {
  it("arrives whatever its bytes are: every value in every place, alone and in batches", () => {
    const ring = OptimizedRingBuffer.create("all", 64 * 256);
    const into = new BinaryMarketData(directory);
    const taken = new BinaryMarketDataBatch(directory, 256);
    for (let place = 0; place < 64; place++) {
      const base = Uint8Array.from({ length: 64 }, (_, i) => (i * 37 + place) & 0xff);
      const sent = Array.from({ length: 256 }, (_, value) => base.with(place, value));
      const batch = new BinaryMarketDataBatch(directory, 256);
      for (const bytes of sent) batch.appendBytes(bytes);
      expect(ring.publishBatch(batch)).toBe(256);
      taken.clear();
      expect(ring.consumeBatch(taken)).toBe(256);
      expect(Buffer.compare(taken.toBytes(), Buffer.concat(sent)), `place ${place}`).toBe(0);
      for (const bytes of sent) if (!ring.publishBytes(bytes)) expect.fail("refused");
      for (const bytes of sent)
        if (!ring.consumeSingle(into) || Buffer.compare(into.toBytes(), bytes) !== 0) expect.fail(`place ${place}: another record than ${bytes[place]}`);
    }
    expect(ring.stats()).toMatchObject({ published: 2 * 64 * 256, consumed: 2 * 64 * 256, refused: 0, count: 0 });
  });

  it("is neither lost, doubled nor changed against a list, whoever publishes and consumes how many at once", () => {
    const steps = fc.array(fc.oneof(fc.array(record, { minLength: 1, maxLength: 12 }), fc.integer({ min: 0, max: 12 })), { maxLength: 60 });
    fc.assert(
      fc.property(steps, (chosen) => {
        const producer = OptimizedRingBuffer.create("fuzz", 64 * 8);
        const consumer = OptimizedRingBuffer.attach("fuzz", producer.buffer);
        const model: Uint8Array[] = [];
        for (const step of chosen) {
          if (typeof step === "number") {
            const batch = new BinaryMarketDataBatch(directory, 12);
            const expected = model.splice(0, step);
            expect(consumer.consumeBatch(batch, step)).toBe(expected.length);
            expect(Buffer.compare(batch.toBytes(), Buffer.concat(expected))).toBe(0);
          } else {
            const batch = new BinaryMarketDataBatch(directory, step.length);
            for (const bytes of step) batch.appendBytes(bytes);
            const room = 8 - model.length;
            expect(producer.publishBatch(batch)).toBe(Math.min(room, step.length));
            model.push(...step.slice(0, room));
          }
          expect([producer.count(), consumer.count()]).toEqual([model.length, model.length]);
        }
      }),
      { seed: 20240808, numRuns: 300 },
    );
  });
});
