import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FULL } from "../core/status.ts";
import { GatedRing } from "./gated-ring.ts";

const RUNS = { seed: 20240808, numRuns: 300 };

const kinds = ["claim", "claimRun", "commit", "look", "release", "advance", "releaseTo", "rewind", "replaceProducer", "replaceConsumer"] as const;
const step = fc.tuple(fc.constantFrom(...kinds), fc.nat(20));
const start = fc.oneof(fc.constantFrom(0, 0x7fff_fff0, -0x7fff_fff8, -16, -1), fc.integer());

/** Slots claimed in a row, at most one by claim(): refused exactly when the ring has none free. */
function claimSlots(producer: GatedRing, isRun: boolean, amount: number, free: number): number[] {
  if (!isRun) {
    const slot = producer.claim();
    expect(slot === FULL).toBe(free === 0);
    return slot === FULL ? [] : [slot];
  }
  const count = producer.claimRun(amount);
  expect(count).toBeLessThanOrEqual(Math.min(amount, free));
  expect(count === 0).toBe(Math.min(amount, free) === 0);
  return Array.from({ length: count }, (_, i) => producer.claimedAt + i);
}

describe("GatedRing against a queue", () => {
  it("keeps published = released + held + pending, in order, and refuses exactly when full, over any schedule and any start of its cursors", () => {
    fc.assert(
      fc.property(fc.constantFrom(2, 4, 8, 16, 128), start, fc.array(step, { maxLength: 200, size: "max" }), (capacity, cursor, schedule) => {
        let producer = GatedRing.create(capacity);
        producer.startAt(cursor);
        let consumer = new GatedRing(producer.buffer, 0, capacity);
        const published: number[] = [];
        let claimed: number[] = [];
        let serial = 0;
        let [released, held] = [0, 0];
        for (const [kind, amount] of schedule) {
          if (kind === "claim" || kind === "claimRun") {
            const slots = claimSlots(producer, kind === "claimRun", amount, capacity - published.length - claimed.length);
            for (const slot of slots) {
              producer.slots.f64[slot * 8 + 1] = ++serial;
              producer.slots.u8[slot * 64 + 63] = serial & 0xff;
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
          } else if (kind === "replaceConsumer") {
            consumer = new GatedRing(producer.buffer, 0, capacity);
            held = 0;
          } else if (kind === "rewind") {
            consumer.rewind();
            held = 0;
          } else if (kind === "releaseTo") {
            const count = Math.min(amount, held);
            consumer.releaseTo((consumer.position - held + count) | 0);
            released += published.splice(0, count).length;
            held -= count;
          } else {
            const available = consumer.available();
            expect(available).toBeLessThanOrEqual(published.length - held);
            expect(available === 0).toBe(published.length === held);
            for (let i = 0; i < available; i++) {
              const slot = consumer.slotAt(i);
              expect(consumer.slots.f64[slot * 8 + 1]).toBe(published[held + i]);
              expect(consumer.slots.u8[slot * 64 + 63]).toBe(published[held + i] & 0xff);
            }
            const count = Math.min(amount, available);
            if (kind === "advance") {
              consumer.advance(count);
              held += count;
            } else if (kind === "release" && count > 0) {
              consumer.release(count);
              released += published.splice(0, held + count).length;
              held = 0;
            }
          }
          expect(consumer.held).toBe(held);
          expect(consumer.position).toBe((cursor + released + held) | 0);
          expect(producer.used).toBe(published.length);
          expect(producer.claimed).toBe(claimed.length);
          expect(released + published.length + claimed.length).toBe(serial);
        }
      }),
      RUNS,
    );
  });
});
