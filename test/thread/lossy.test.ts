/** A lossy subscription between two threads: the publisher never waits, a subscriber that stood still is told what it lost, units are whole. */
import { describe, expect, it } from "vitest";
import { BroadcastRing } from "../../src/kernel/ring/broadcast-ring.ts";
import type { LossyOutcome, LossyTask } from "./lossy-worker.ts";
import { startTask } from "./task.ts";

const UNITS = 150_000;
const RECORDS = UNITS * 2; // units of 1, 2 and 3 records in turn

describe("a lossy subscription between threads", () => {
  it.each([
    { resume: "oldest" as const, drains: true },
    { resume: "head" as const, drains: true },
    { resume: "oldest" as const, drains: false },
  ])("keeps published = consumed + lost + pending in whole units: %o", async ({ resume, drains }) => {
    const capacity = 256;
    const buffer = new SharedArrayBuffer(BroadcastRing.bytesFor(capacity) + 64);
    const start = (role: LossyTask["role"]) =>
      startTask<LossyOutcome>(new URL("./lossy-worker.ts", import.meta.url), { role, buffer, capacity, units: UNITS, resume, drains } satisfies LossyTask);
    const running = [start("publisher"), start("subscriber")];
    try {
      const [publisher, subscriber] = await Promise.all(running.map(({ outcome }) => outcome));
      expect(publisher).toMatchObject({ published: RECORDS });
      expect(subscriber).toMatchObject({ published: RECORDS, damaged: 0 });
      expect(subscriber.consumed + subscriber.lost + subscriber.pending).toBe(RECORDS);
      expect([subscriber.overruns > 0, subscriber.units >= 50, subscriber.pending === 0 || !drains]).toEqual([true, true, true]);
    } finally {
      await Promise.all(running.map((task) => task.kill()));
    }
  });
});
