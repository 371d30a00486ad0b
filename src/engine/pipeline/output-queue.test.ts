import { describe, expect, it } from "vitest";
import { Random } from "../../kernel/core/random.ts";
import { GatedRing } from "../../kernel/ring/gated-ring.ts";
import { OutputQueue } from "./output-queue.ts";

describe("the outputs of a shard", () => {
  it("come out whole and in order, whenever the ring was emptied aside", () => {
    const random = new Random(new Int32Array(4), 3);
    const ring = GatedRing.create(8);
    const queue = new OutputQueue(ring);
    let written = 0;
    let read = 0;
    for (let step = 0; step < 20_000; step++) {
      const draw = random.nextBelow(10);
      if (draw < 5) {
        const slot = ring.claim();
        if (slot >= 0) ring.slots.f64[slot * 8 + 1] = written++;
        ring.commit();
      } else if (draw < 7) queue.spill();
      else if (queue.available() > 0) {
        expect(queue.slots.f64[queue.head() * 8 + 1]).toBe(read++);
        queue.drop();
      }
    }
    expect(queue.spilled).toBeGreaterThan(1000);
    while (queue.available() > 0) {
      expect(queue.slots.f64[queue.head() * 8 + 1]).toBe(read++);
      queue.drop();
    }
    expect(read).toBe(written);
    expect(ring.used).toBe(0);
  });
});
