import { describe, expect, it } from "vitest";
import { MemorySpill } from "../../../test/model/memory-spill.ts";
import { StreamError } from "../../kernel/core/errors.ts";
import { FULL } from "../../kernel/core/status.ts";
import { Slots } from "../../kernel/record/slots.ts";
import { GatedRing } from "../../kernel/ring/gated-ring.ts";
import { BurstQueue } from "./burst-queue.ts";

const one = Slots.create(1);

function setUp(options: { ring?: number; capacity?: number; batch?: number; spill?: MemorySpill | null } = {}) {
  const ring = GatedRing.create(options.ring ?? 4);
  const spill = options.spill === undefined ? new MemorySpill() : options.spill;
  const queue = new BurstQueue(ring, options.capacity ?? 3, options.batch ?? 64, spill);
  let next = 1;
  const put = (count: number): number[] =>
    Array.from({ length: count }, () => {
      one.f64[1] = next;
      const status = queue.put(one, 0);
      if (status === 0) next++;
      return status;
    });
  /** Takes what the shard would see, at most so many. */
  const take = (limit = Infinity): number[] => {
    const count = Math.min(limit, ring.available());
    const taken = Array.from({ length: count }, (_, i) => ring.slots.f64[ring.slotAt(i) * 8 + 1]);
    ring.release(count);
    return taken;
  };
  return { ring, queue, spill, put, take };
}

const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

describe("a burst queue", () => {
  it("is not used while the ring has room and nothing waits", () => {
    const { ring, queue, put, take } = setUp();
    put(4);
    expect([queue.length, queue.queued, ring.claimed]).toEqual([0, 0, 4]);
    ring.commit();
    expect(take()).toEqual([1, 2, 3, 4]);
    expect(queue.pump()).toBe(0);
  });

  it("keeps what the ring has no room for, in memory, then in the spill, and hands all of it on in order", () => {
    const { ring, queue, spill, put, take } = setUp();
    put(12);
    ring.commit();
    expect([queue.length, queue.queued, queue.spilled, queue.highWater, spill?.count]).toEqual([8, 8, 5, 8, 5]);
    const taken: number[] = [];
    for (let turn = 0; queue.length > 0 || ring.used > 0; turn++) {
      expect(turn).toBeLessThan(20);
      taken.push(...take(3));
      queue.pump();
    }
    expect(taken).toEqual(range(1, 13));
    expect([queue.length, spill?.count, queue.highWater]).toEqual([0, 0, 8]);
  });

  it("puts what comes behind what waits, though the ring or its memory has room by then", () => {
    const { ring, queue, put, take } = setUp();
    put(8); // 4 in the ring, 3 in memory, 1 spilled
    ring.commit();
    expect(take()).toEqual([1, 2, 3, 4]);
    put(1);
    expect([queue.length, queue.spilled]).toEqual([5, 2]);
    expect(queue.pump()).toBe(4);
    put(1);
    expect(queue.spilled).toBe(2);
    expect(queue.pump()).toBe(0);
    expect([...take(), queue.pump(), ...take(), queue.length]).toEqual([5, 6, 7, 8, 2, 9, 10, 0]);
  });

  it("goes round in its memory", () => {
    const { ring, queue, spill, put, take } = setUp();
    const taken: number[] = [];
    put(5);
    ring.commit();
    for (let i = 0; i < 50; i++) {
      put(1);
      taken.push(...take(1));
      queue.pump();
    }
    expect([taken, spill?.appended]).toEqual([range(1, 51), 0]);
  });

  it("without a spill is full when its memory is, takes nothing then, and goes on when there is room", () => {
    const { ring, queue, put, take } = setUp({ spill: null });
    expect(put(9)).toEqual([0, 0, 0, 0, 0, 0, 0, FULL, FULL]);
    ring.commit();
    expect([queue.length, queue.queued, queue.spilled]).toEqual([3, 3, 0]);
    expect(take()).toEqual([1, 2, 3, 4]);
    queue.pump();
    expect(put(2)).toEqual([0, 0]);
    expect(take()).toEqual([5, 6, 7]);
    ring.commit();
    expect([...take(), queue.pump(), ...take()]).toEqual([8, 1, 9]);
  });

  it("publishes a batch at a time, so that a shard can begin before all of it is in the ring", () => {
    const { ring, queue, put, take } = setUp({ ring: 8, capacity: 8, batch: 2 });
    put(16);
    ring.commit();
    take();
    let commits = 0;
    const commit = ring.commit.bind(ring);
    ring.commit = () => {
      if (ring.claimed > 0) commits++;
      commit();
    };
    expect(queue.pump()).toBe(8);
    expect(commits).toBe(4);
  });

  it("hands on the failure of its spill, and stops with INVARIANT when that gives back too little", () => {
    const failing = new MemorySpill();
    failing.append = () => {
      throw new StreamError("SINK_FAILED", "no space left on device");
    };
    expect(() => setUp({ spill: failing }).put(8)).toThrowError(expect.objectContaining({ code: "SINK_FAILED" }));
    const empty = new MemorySpill();
    empty.read = () => 0;
    const { ring, queue, put, take } = setUp({ spill: empty });
    put(8);
    ring.commit();
    take();
    expect(() => queue.pump()).toThrowError(expect.objectContaining({ code: "INVARIANT" }));
  });
});
