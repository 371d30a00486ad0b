import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FULL } from "../core/status.ts";
import { GatedRing } from "./gated-ring.ts";

const RUNS = { seed: 20240808, numRuns: 400 };

const step = fc.tuple(fc.constantFrom("claim", "claimRun", "commit", "look", "release", "replaceProducer", "replaceConsumer"), fc.nat(20));
const start = fc.oneof(fc.constantFrom(0, 0x7fff_fff0, -0x7fff_fff8, -16, -1), fc.integer());

describe("GatedRing against a queue", () => {
  it("refuses exactly when full, loses, doubles and reorders nothing, over any schedule and any start of its cursors", () => {
    fc.assert(
      fc.property(fc.constantFrom(2, 4, 8, 16, 128), start, fc.array(step, { maxLength: 200 }), (capacity, cursor, schedule) => {
        let producer = GatedRing.create(capacity);
        producer.startAt(cursor);
        let consumer = new GatedRing(producer.buffer, 0, capacity);
        const published: number[] = [];
        let claimed: number[] = [];
        let serial = 0;
        let consumed = 0;
        for (const [kind, amount] of schedule) {
          if (kind === "claim") {
            for (let i = 0; i < amount; i++) {
              const slot = producer.claim();
              expect(slot === FULL).toBe(published.length + claimed.length === capacity);
              if (slot === FULL) break;
              expect(slot).toBeGreaterThanOrEqual(capacity);
              producer.slots.f64[slot * 8 + 1] = ++serial;
              producer.slots.u8[slot * 64 + 63] = serial & 0xff;
              claimed.push(serial);
            }
          } else if (kind === "claimRun") {
            const free = capacity - published.length - claimed.length;
            const count = producer.claimRun(amount);
            expect(count).toBeLessThanOrEqual(Math.min(amount, free));
            expect(count === 0).toBe(Math.min(amount, free) === 0);
            for (let i = 0; i < count; i++) {
              producer.slots.f64[(producer.claimedAt + i) * 8 + 1] = ++serial;
              producer.slots.u8[(producer.claimedAt + i) * 64 + 63] = serial & 0xff;
              claimed.push(serial);
            }
          } else if (kind === "commit") {
            producer.commit();
            published.push(...claimed);
            claimed = [];
          } else if (kind === "replaceProducer") {
            producer = new GatedRing(producer.buffer, 0, capacity);
            serial -= claimed.length;
            claimed = [];
          } else if (kind === "replaceConsumer") consumer = new GatedRing(producer.buffer, 0, capacity);
          else {
            const available = consumer.available();
            expect(available).toBeLessThanOrEqual(published.length);
            expect(available === 0).toBe(published.length === 0);
            for (let i = 0; i < available; i++) {
              const slot = consumer.slotAt(i);
              expect(consumer.slots.f64[slot * 8 + 1]).toBe(published[i]);
              expect(consumer.slots.u8[slot * 64 + 63]).toBe(published[i] & 0xff);
            }
            if (kind === "release") {
              const count = Math.min(amount, available);
              consumer.release(count);
              consumed += published.splice(0, count).length;
            }
          }
          expect(producer.used).toBe(published.length);
          expect(producer.claimed).toBe(claimed.length);
          expect(consumed + published.length + claimed.length).toBe(serial);
        }
      }),
      RUNS,
    );
  });
});
