import { describe, expect, it } from "vitest";
import { TestClock } from "../../kernel/core/clock.ts";
import { isStreamError } from "../../kernel/core/errors.ts";
import { Random } from "../../kernel/core/random.ts";
import { TIME_UNSET } from "../../kernel/core/units.ts";
import { BackpressureAwareConsumer, nextBatchSize } from "./backpressure-aware-consumer.ts";
import { BinaryMarketData } from "./binary-market-data.ts";
import { BackpressureConfig, type DropPolicy } from "./market-data-config.ts";
import { OptimizedRingBuffer } from "./optimized-ring-buffer.ts";
import { SymbolDirectory } from "./symbol-directory.ts";

const code = (name: Parameters<typeof isStreamError>[1]) => expect.toSatisfy((error: unknown) => isStreamError(error, name));
const MS = 1e6;
const directory = SymbolDirectory.create(4, 0);
directory.add("NSE", "A");

interface SetUp {
  readonly names?: readonly string[];
  readonly ringRecords?: number;
  readonly config?: ConstructorParameters<typeof BackpressureConfig>[0];
}

function setUp({ names = ["a"], ringRecords = 64, config = {} }: SetUp = {}) {
  const clock = new TestClock(0);
  const rings = names.map((name) => OptimizedRingBuffer.create(name, ringRecords * 64));
  const consumer = new BackpressureAwareConsumer({ rings, directory, clock, config: new BackpressureConfig(config) });
  const data = new BinaryMarketData(directory);
  let next = 0;
  /** Publishes records 0, 1, 2, ... received now; how many found room. */
  const publish = (count: number, ring: number = 0, tsRecvNs: number = clock.now()): number => {
    let done = 0;
    while (done < count && rings[ring].publishSingle(data.writeLtp(0, next, 1, 1, tsRecvNs))) {
      done++;
      next++;
    }
    return done;
  };
  const seen: (number | null)[] = [];
  return { clock, rings, consumer, publish, seen, note: (record: BinaryMarketData): void => void seen.push(record.units("price")) };
}

describe("a turn of the consumer", () => {
  it("takes a batch of each ring and hands every record to the handlers of its ring, then to those of all", () => {
    const { consumer, publish } = setUp({ names: ["a", "b"] });
    const calls: string[] = [];
    consumer.addHandler((data) => calls.push(`all ${data.units("price")}`));
    consumer.addBufferHandler("b", (data) => calls.push(`b ${data.units("price")}`));
    publish(2, 0);
    publish(1, 1);
    expect(consumer.poll()).toBe(3);
    expect(calls).toEqual(["all 0", "all 1", "b 2", "all 2"]);
    expect(consumer.stats()).toMatchObject({ consumed: 3, handled: 3, dropped: 0, dropRate: 0, handlerCalls: 4, handlerErrors: 0 });
  });

  it("hands over at most as many as asked for; the others wait in the queue", () => {
    const { consumer, publish, seen, note } = setUp();
    consumer.addHandler(note);
    publish(5);
    expect([consumer.poll(2), consumer.queueStats().length, consumer.poll(0), consumer.poll(2), consumer.poll(2)]).toEqual([2, 3, 0, 2, 1]);
    expect(seen).toEqual([0, 1, 2, 3, 4]);
    expect(consumer.queueStats()).toEqual({ length: 0, capacity: 10_000, utilization: 0, highest: 5, dropped: 0 });
  });

  it("tells when to sleep: after so many turns in a row that found nothing", () => {
    const { consumer, publish } = setUp({ config: { emptyThreshold: 3, emptySleepMs: 2 } });
    const idle: number[] = [];
    for (let n = 0; n < 4; n++) {
      consumer.poll();
      idle.push(consumer.idleMs);
    }
    publish(1);
    consumer.poll();
    expect([idle, consumer.idleMs, consumer.stats().emptyPolls]).toEqual([[0, 0, 2, 2], 0, 4]);
  });

  it("does not begin within another", () => {
    const { consumer, publish } = setUp();
    const errors: unknown[] = [];
    consumer.addHandler(() => void consumer.poll());
    consumer.setErrorHandler((error) => errors.push(error));
    publish(2);
    expect(consumer.poll()).toBe(2);
    expect(errors).toEqual([code("USAGE"), code("USAGE")]);
  });

  it("reads no ring that another consumer reads, until that one gives it back", () => {
    const { rings, consumer, publish } = setUp();
    publish(1);
    const other = new BackpressureAwareConsumer({ rings: [OptimizedRingBuffer.attach("a", rings[0].buffer)], directory, clock: new TestClock(0) });
    expect(consumer.poll()).toBe(1);
    publish(1);
    expect(() => other.poll()).toThrow(code("ARENA_STATE"));
    consumer.close();
    expect(other.poll()).toBe(1);
  });

  it("is not made of no rings, or of two of one name; a handler of a ring that is not there is refused", () => {
    const clock = new TestClock(0);
    const ring = OptimizedRingBuffer.create("a", 128);
    for (const rings of [[], [ring, ring]]) expect(() => new BackpressureAwareConsumer({ rings, directory, clock })).toThrow(code("VALUE_RANGE"));
    expect(() => setUp().consumer.addBufferHandler("z", () => {})).toThrow(code("VALUE_RANGE"));
  });
});

describe("handlers are isolated", () => {
  it("one that throws is counted and keeps no record from the others", () => {
    const { consumer, publish, seen, note } = setUp();
    const told: string[] = [];
    consumer.addHandler((data) => {
      if (data.units("price") === 1) throw new Error("one");
    });
    consumer.addHandler(note);
    consumer.addHandler(() => {
      throw new Error("all");
    });
    consumer.setErrorHandler((error, data) => told.push(`${(error as Error).message} at ${data.units("price")}`));
    publish(3);
    expect(consumer.poll()).toBe(3);
    expect(seen).toEqual([0, 1, 2]);
    expect(told).toEqual(["all at 0", "one at 1", "all at 1", "all at 2"]);
    expect(consumer.stats()).toMatchObject({ handled: 3, handlerCalls: 9, handlerErrors: 4, errorHandlerErrors: 0 });
  });

  it("so is an error handler that throws itself, and one that moves the view", () => {
    const { consumer, publish, seen, note } = setUp();
    const elsewhere = new BinaryMarketData(directory);
    consumer.addHandler((data) => {
      data.at(elsewhere.slots, 0);
      throw new Error("no");
    });
    consumer.addHandler(note);
    consumer.setErrorHandler(() => {
      throw new Error("neither");
    });
    publish(2);
    consumer.poll();
    expect(seen).toEqual([0, 1]);
    expect(consumer.stats()).toMatchObject({ handlerErrors: 2, errorHandlerErrors: 2 });
  });

  it("a record of a symbol that nobody knows fails in the handler that asks for it, and goes on", () => {
    const { consumer, rings, publish, seen, note } = setUp();
    consumer.addHandler((data) => void data.symbol);
    consumer.addHandler(note);
    rings[0].publishBytes(new Uint8Array(64).fill(0x7b));
    publish(1);
    expect(consumer.poll()).toBe(2);
    expect(seen).toEqual([null, 0]);
    expect(consumer.stats().handlerErrors).toBe(1);
  });
});

describe("the batch size (C20)", () => {
  const config = new BackpressureConfig();
  const calm = { ringUtilization: 0, queueUtilization: 0, latencyNs: null };

  it.each([
    ["a ring above 0.8", 100, { ...calm, ringUtilization: 0.81 }, 120],
    ["a ring at 0.8", 100, { ...calm, ringUtilization: 0.8 }, 100],
    ["a queue above 0.8", 100, { ...calm, queueUtilization: 0.81 }, 80],
    ["latency above twice the target", 100, { ...calm, latencyNs: 2 * MS + 1 }, 90],
    ["latency at twice the target", 100, { ...calm, latencyNs: 2 * MS }, 100],
    ["latency below half of the target", 100, { ...calm, latencyNs: MS / 2 - 1 }, 110],
    ["latency at half of the target", 100, { ...calm, latencyNs: MS / 2 }, 100],
    ["no latency that is known", 100, calm, 100],
    ["all at once, one after the other", 100, { ringUtilization: 1, queueUtilization: 1, latencyNs: 5 * MS }, 86],
    ["15.6 cut to 15", 13, { ...calm, ringUtilization: 1 }, 15],
    ["17.6 cut to 17", 16, { ...calm, latencyNs: 0 }, 17],
    ["13.5 cut to 13", 15, { ...calm, latencyNs: 5 * MS }, 13],
    ["18.4 cut to 18", 23, { ...calm, queueUtilization: 1 }, 18],
    ["at most 500", 450, { ...calm, ringUtilization: 1 }, 500],
    ["at least 10", 11, { ...calm, queueUtilization: 1 }, 10],
    ["10 stays while it shrinks", 10, { ...calm, latencyNs: 5 * MS }, 10],
    ["10 can grow", 10, { ...calm, latencyNs: 0 }, 11],
  ])("%s", (_, size, load, expected) => {
    expect(nextBatchSize(size, load, config)).toBe(expected);
  });

  it("is looked at once in a window of the clock, with what the turn found", () => {
    const { clock, consumer, publish } = setUp({ ringRecords: 128 });
    const turn = (ms: number, records: number): number => {
      clock.advance(ms * MS);
      publish(records);
      consumer.poll();
      return consumer.batchSize;
    };
    // The ring is found above 0.8: 120. What was left in it by the turn before has waited half a second: 108.
    expect([turn(500, 120), turn(499, 120), turn(1, 120)]).toEqual([100, 100, 108]);
    expect([turn(998, 0), turn(1, 0)]).toEqual([108, 108]);
    expect(consumer.stats().adjustments).toBe(1);
    expect([turn(1, 0), consumer.stats().adjustments]).toEqual([97, 2]);
  });

  it("goes down with latency and stays within its bounds for ever", () => {
    const { clock, consumer, publish } = setUp();
    for (let second = 0; second < 60; second++) {
      publish(3, 0, clock.now());
      clock.advance(1000 * MS);
      consumer.poll();
    }
    expect(consumer.batchSize).toBe(10);
    for (let second = 0; second < 60; second++) {
      clock.advance(1000 * MS);
      publish(3);
      consumer.poll();
    }
    expect(consumer.batchSize).toBe(500);
  });

  it("stays as it is where it is told to", () => {
    const { clock, consumer, publish } = setUp({ config: { adaptive: false } });
    publish(60);
    clock.advance(5000 * MS);
    consumer.poll();
    expect([consumer.batchSize, consumer.stats().adjustments]).toEqual([100, 0]);
  });
});

describe("pressure", () => {
  it("begins at 0.8 of a ring and ends when everything is at 0.6 or below", () => {
    const { consumer, publish } = setUp({ ringRecords: 16, config: { batchSize: 10, minBatchSize: 1 } });
    const under = (records: number): boolean => {
      publish(records);
      consumer.poll();
      return consumer.underPressure;
    };
    expect(under(12)).toBe(false); // 12 of 16: 0.75; 2 stay
    expect(under(11)).toBe(true); // 13 of 16; 3 stay
    expect(under(8)).toBe(true); // 11 of 16: 0.69; 1 stays
    expect(under(8)).toBe(false); // 9 of 16: 0.56
    expect(consumer.stats().pressures).toBe(1);
  });

  it("a full queue drops nothing while its ring has room: the records stay where they are", () => {
    const { consumer, rings, publish, seen, note } = setUp({ ringRecords: 64, config: { maxQueueSize: 8 } });
    consumer.addHandler(note);
    publish(40);
    expect([consumer.poll(0), consumer.queueStats().length, rings[0].count(), consumer.stats().dropped]).toEqual([0, 8, 32, 0]);
    while (consumer.poll() > 0);
    expect(seen).toEqual(Array.from({ length: 40 }, (_, n) => n));
  });

  it.each<[DropPolicy, number[]]>([
    ["oldest", [52, 53, 54, 55]],
    ["newest", [0, 1, 2, 3]],
  ])("a full queue of a full ring drops the %s, and counts it, until the ring is at 0.6", (dropPolicy, kept) => {
    const { consumer, rings, publish, seen, note } = setUp({ ringRecords: 64, config: { maxQueueSize: 4, batchSize: 56, dropPolicy } });
    consumer.addHandler(note);
    publish(56);
    consumer.poll(0);
    expect(consumer.stats()).toMatchObject({ consumed: 56, handled: 0, dropped: 52, dropRate: 52 / 56 });
    expect(rings[0].count()).toBe(0);
    publish(38);
    consumer.poll(0); // 38 of 64 is below 0.6: nothing more is dropped
    expect(consumer.stats()).toMatchObject({ consumed: 56, dropped: 52 });
    consumer.poll();
    expect(seen).toEqual(kept);
  });

  it("between the two thresholds it goes on as it was: dropping on the way down, holding on the way up", () => {
    const dropped = (fills: readonly number[]): number => {
      const { consumer, rings, publish } = setUp({ ringRecords: 64, config: { maxQueueSize: 4, batchSize: 10, minBatchSize: 1 } });
      publish(4);
      consumer.poll(0); // the queue is full
      for (const fill of fills) {
        publish(fill - rings[0].count());
        consumer.poll(0);
      }
      return consumer.stats().dropped;
    };
    expect(dropped([45, 45])).toBe(0); // 0.70, never filled
    expect(dropped([52])).toBe(10); // 0.81
    expect(dropped([52, 45, 45])).toBe(30); // then 0.70
    expect(dropped([52, 45, 45, 35, 45])).toBe(30); // then 0.55: held, and held again at 0.70
  });

  it("a random drop gives up any record, keeps the order, and is the same for the same seed", () => {
    const run = (seed: number): { seen: (number | null)[]; dropped: number } => {
      const { consumer, publish, seen, note } = setUp({ ringRecords: 64, config: { maxQueueSize: 32, batchSize: 64, dropPolicy: "random", seed } });
      consumer.addHandler(note);
      publish(64);
      consumer.poll();
      return { seen, dropped: consumer.stats().dropped };
    };
    const one = run(7);
    expect(one.dropped).toBe(32);
    expect(one.seen).toHaveLength(32);
    expect(one.seen).toEqual(one.seen.toSorted((a, b) => Number(a) - Number(b)));
    expect(one.seen.some((n) => Number(n) < 32) && one.seen.some((n) => Number(n) >= 32)).toBe(true);
    expect(run(7)).toEqual(one);
    expect(run(8).seen).not.toEqual(one.seen);
  });

  it("consumed = handled + dropped + waiting, whatever happens", () => {
    const random = new Random(new Int32Array(4), 99);
    for (const dropPolicy of ["oldest", "newest", "random"] as const) {
      const { clock, rings, consumer, publish, seen, note } = setUp({
        names: ["a", "b"],
        ringRecords: 32,
        config: { maxQueueSize: 20, batchSize: 10, dropPolicy, windowMs: 5 },
      });
      consumer.addHandler(note);
      let published = 0;
      for (let turn = 0; turn < 2000; turn++) {
        published += publish(random.nextBelow(16), random.nextBelow(2));
        consumer.poll(random.nextBelow(12));
        clock.advance(MS);
        if (turn % 50 > 0) continue;
        const { consumed, handled, dropped } = consumer.stats();
        const waiting = consumer.queueStats().length;
        expect(consumed).toBe(handled + dropped + waiting);
        expect(published).toBe(consumed + rings[0].count() + rings[1].count());
      }
      expect(consumer.stats().dropped).toBeGreaterThan(100);
      expect(new Set(seen).size).toBe(seen.length);
    }
  });
});

describe("what it says of itself", () => {
  it("latency is a record's own: received until its turn with the handlers, percentiles as in the sorted list", () => {
    const { clock, consumer, publish } = setUp({ ringRecords: 256, config: { batchSize: 200 } });
    consumer.addHandler(() => clock.advance(10_000)); // a handler takes 10 us: every record waits for those before it
    publish(200);
    clock.advance(5 * MS);
    consumer.poll();
    const latencies = Array.from({ length: 200 }, (_, n) => 5 * MS + n * 10_000);
    const { latency } = consumer.stats();
    expect(latency).toMatchObject({ count: 200, unknown: 0, maxNs: latencies[199] });
    for (const [name, percent] of [
      ["p50Ns", 50],
      ["p95Ns", 95],
      ["p99Ns", 99],
    ] as const) {
      const exact = latencies[Math.ceil((percent / 100) * 200) - 1];
      expect(Math.abs(Number(latency[name]) / exact - 1), name).toBeLessThan(0.001);
    }
  });

  it("a record that says nothing of when it was received has no latency, and is counted as such", () => {
    const { consumer, publish } = setUp();
    publish(3, 0, TIME_UNSET);
    consumer.poll();
    expect(consumer.stats().latency).toEqual({ count: 0, unknown: 3, meanNs: null, p50Ns: null, p95Ns: null, p99Ns: null, maxNs: null });
  });

  it("what was not measured is null, not 0", () => {
    const { clock, consumer } = setUp();
    const unknown = { throughput: null, dropRate: null, errorRate: null, p99Ns: null };
    expect(consumer.stats()).toMatchObject({ dropRate: null, window: unknown, latency: { p50Ns: null, p99Ns: null } });
    expect(consumer.metrics()).toEqual({ bufferUtilization: 0, queueUtilization: 0, latencyP99Ns: null, throughput: null, dropRate: null, errorRate: null });
    clock.advance(1000 * MS);
    consumer.poll();
    expect(consumer.stats().window).toEqual({ ...unknown, throughput: 0 });
  });

  it("the window tells of the last second only", () => {
    const { clock, consumer, publish } = setUp({ ringRecords: 64 });
    let fails = true;
    consumer.addHandler(() => {
      if (fails) throw new Error("no");
    });
    const second = (records: number): void => {
      for (let n = 0; n < 4; n++) {
        publish(records / 4);
        clock.advance(250 * MS);
        consumer.poll();
      }
    };
    second(40);
    expect(consumer.metrics()).toMatchObject({ throughput: 40, dropRate: 0, errorRate: 1 });
    expect(Number(consumer.metrics().latencyP99Ns) / (250 * MS)).toBeCloseTo(1, 2);
    fails = false;
    second(20);
    expect(consumer.metrics()).toMatchObject({ throughput: 20, errorRate: 0 });
    expect(consumer.stats().handlerErrors).toBe(40);
  });
});
