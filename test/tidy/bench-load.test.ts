/** What the paced benches stand on: intended times, pauses told apart, the made-ahead stream, the measured loop. On clocks that tests move. */
import { describe, expect, it } from "vitest";
import { ByteStream, meanIntensity, pacedScenario, type MessageStream } from "../../bench/byte-stream.ts";
import { HiccupMeter, HiccupRows } from "../../bench/hiccup-meter.ts";
import { Pace, PACE_NEXT } from "../../bench/pace.ts";
import { Pauses, TIME_CELLS, TIME_DUE, TIME_END, TIME_LAST, TIME_NOW } from "../../bench/pauses.ts";
import { BenchPipeline, NullSink } from "../../bench/pipeline-under-test.ts";
import { TickLoop } from "../../bench/tick-loop.ts";
import { Histogram } from "../../src/control/histogram.ts";
import type { Clock } from "../../src/kernel/core/clock.ts";
import type { Nanos } from "../../src/kernel/core/units.ts";
import { MarketSimulator } from "../../src/sim/simulator.ts";

const THREAD_MS = 30_000;

/** Every reading is `stepNs` later than the one before, and more where a test says so. */
class SteppingClock implements Clock {
  ns = 0;
  readings = 0;
  readonly stepNs: number;
  /** Added before reading number so and so. */
  readonly jumps: Map<number, number> = new Map();

  constructor(stepNs: number) {
    this.stepNs = stepNs;
  }

  now(): Nanos {
    this.ns += this.stepNs + (this.jumps.get(this.readings++) ?? 0);
    return this.ns as Nanos;
  }

  stamp(times: Float64Array, at: number): void {
    times[at] = this.now();
  }
}

function dues(pace: Pace, count: number): number[] {
  return Array.from({ length: count }, () => {
    const due = pace.row[PACE_NEXT];
    pace.advance();
    return due;
  });
}

describe("intended times", () => {
  it("are evenly spaced, second after second, without drift", () => {
    const pace = new Pace(1000);
    pace.start(5e9);
    const times = dues(pace, 3001);
    expect(times.slice(0, 3)).toEqual([5e9, 5.001e9, 5.002e9]);
    expect([times[1000], times[2000], times[3000]]).toEqual([6e9, 7e9, 8e9]);
    expect(pace.perSecond).toBe(1000);
  });

  it("come ten times as fast in the last 100 ms of each second of a burst", () => {
    const pace = new Pace(1000, 10);
    expect(pace.perSecond).toBe(900 + 1000);
    pace.start(0);
    const times = dues(pace, 1900 * 2);
    for (const second of [0, 1]) {
      const own = times.slice(second * 1900, (second + 1) * 1900).map((due) => due - second * 1e9);
      expect(own.filter((due) => due < 0.9e9)).toHaveLength(900);
      expect(own.filter((due) => due >= 0.9e9 && due < 1e9)).toHaveLength(1000);
      expect(own[901] - own[900]).toBeCloseTo(100_000, 3);
    }
  });

  it.each([
    [1000, 1],
    [1000, 10],
    [777, 3],
  ])("at %i a second with burst %i are counted as they are", (rate, burst) => {
    const pace = new Pace(rate, burst);
    pace.start(100);
    const times = dues(pace, pace.perSecond * 2);
    expect(pace.dueBy(99)).toBe(0);
    for (let i = 0; i + 1 < times.length; i += 97) expect(pace.dueBy((times[i] + times[i + 1]) / 2), String(i)).toBe(i + 1);
  });
});

describe("the hiccup meter", () => {
  it("notes a look that comes late by the threshold, and nothing else", () => {
    const rows = new HiccupRows();
    rows.look(1000, 1099, 100);
    expect(rows.count).toBe(0);
    rows.look(2000, 2100, 100);
    rows.look(3000, 3500, 100);
    const reader = new HiccupRows(rows.words, rows.rows);
    expect(reader.sum(0)).toEqual({ count: 2, totalNs: 600, maxNs: 500 });
    expect(reader.sum(1)).toEqual({ count: 1, totalNs: 500, maxNs: 500 });
    expect([reader.overlaps(0, 0, 1999), reader.overlaps(0, 0, 2000), reader.overlaps(0, 2050, 2060), reader.overlaps(0, 2101, 2999)]).toEqual([
      false,
      true,
      true,
      false,
    ]);
    expect(reader.overlaps(1, 2050, 2060)).toBe(false);
  });

  it("keeps the newest of too many, and counts all", () => {
    const rows = new HiccupRows();
    for (let i = 0; i < 5000; i++) rows.look(i * 10, i * 10 + 5, 1);
    expect(rows.sum(0)).toEqual({ count: 5000, totalNs: 4096 * 5, maxNs: 5 });
    expect([rows.overlaps(0, 0, 9), rows.overlaps(0, 49_990, 49_990)]).toEqual([false, true]);
  });

  it(
    "runs in a thread of its own, tells its processor time, and ends",
    async () => {
      const meter = await HiccupMeter.start(1);
      meter.begin();
      expect(meter.summary()).toMatchObject({ cadence: meter.cadence, thresholdNs: meter.thresholdNs });
      expect(meter.cpuNs).toBeGreaterThan(0);
      await meter.stop();
    },
    THREAD_MS,
  );
});

describe("samples of a pause", () => {
  const nobody = { overlaps: () => false };
  const delay = { ns: 0, grown: () => delay.ns, close: () => undefined };

  function rig(): { times: Float64Array; calm: Histogram; pauses: Pauses; sample: (due: number, end: number) => void } {
    const times = new Float64Array(TIME_CELLS);
    const calm = new Histogram();
    const pauses = new Pauses(times, calm, delay);
    delay.ns = 0;
    return {
      times,
      calm,
      pauses,
      sample: (due, end) => {
        times[TIME_DUE] = due;
        times[TIME_END] = end;
        pauses.record();
      },
    };
  }

  it("are kept apart from an idle gap on until nothing waits, and are the host's", () => {
    const { times, calm, pauses, sample } = rig();
    sample(0, 100);
    times[TIME_LAST] = 1000;
    times[TIME_NOW] = 51_000;
    pauses.onIdleGap();
    sample(2000, 51_500);
    pauses.onDrained();
    sample(52_000, 52_100);
    expect(calm.count).toBe(2);
    expect(pauses.settle(nobody, 0)).toEqual({ host: 1, gaps: 1, hostNs: 50_000, samples: 1 });
    expect([calm.count, calm.snapshot().maxNs]).toEqual([2, 100]);
  });

  it("are ours after all when there was a collection, which may have been the gap", () => {
    const { times, calm, pauses, sample } = rig();
    times[TIME_NOW] = 50_000;
    pauses.onIdleGap();
    sample(2000, 50_500);
    expect(pauses.settle(nobody, 1)).toEqual({ host: 0, gaps: 1, hostNs: 0, samples: 0 });
    expect(calm.snapshot()).toMatchObject({ count: 1, maxNs: 48_500 });
  });

  it.each([
    ["ours while this thread did not wait for a processor", 0, false, 0],
    ["the host's when it waited for half of the gap", 30_000, false, 1],
    ["the host's when the meter was held up too", 0, true, 1],
  ])("of a slow piece of work are %s", (_, waitedNs, seen, host) => {
    const { times, calm, pauses, sample } = rig();
    times[TIME_NOW] = 1000;
    times[TIME_END] = 61_000;
    delay.ns = waitedNs;
    pauses.onWorkGap();
    sample(900, 61_000);
    expect(pauses.settle({ overlaps: (from, to) => seen && from === 1000 && to === 61_000 }, 0)).toMatchObject({ host, gaps: 1 });
    expect(calm.count).toBe(1 - host);
  });

  it("end after ten times the gap, and a shorter gap within them is no gap of its own", () => {
    const { times, calm, pauses, sample } = rig();
    times[TIME_NOW] = 20_000;
    pauses.onIdleGap();
    times[TIME_NOW] = 21_000;
    times[TIME_END] = 36_000;
    pauses.onWorkGap();
    sample(100, 36_000);
    sample(100, 219_999);
    sample(100, 220_000);
    expect(pauses.settle(nobody, 0)).toEqual({ host: 1, gaps: 1, hostNs: 20_000, samples: 2 });
    expect(calm.count).toBe(1);
    pauses.reset();
    expect(pauses.settle(nobody, 0)).toMatchObject({ gaps: 0, samples: 0 });
  });
});

/** A simulated session as a stream of one chunk. */
class OneChunk implements MessageStream {
  readonly bytes: Uint8Array;
  readonly from: number = 0;
  readonly to: number;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.to = bytes.length;
  }

  next(): void {
    throw new Error("there is no more");
  }
}

const session = simulated();

function simulated(): { bytes: Uint8Array; messages: number } {
  const simulator = new MarketSimulator({ seed: 3, instruments: 20, scenario: "flash-crash", messages: 20_000 });
  const bytes = new Uint8Array(1 << 21);
  let length = 0;
  for (let got = simulator.read(bytes, 0); got > 0; got = simulator.read(bytes, length)) length += got;
  return { bytes: bytes.slice(0, length), messages: simulator.messages };
}

function hashAtOnce(bytes: Uint8Array): string {
  const pipeline = new BenchPipeline(new SteppingClock(1), new NullSink(), new Histogram());
  pipeline.push(bytes, 0, bytes.length);
  return pipeline.outputHash;
}

describe("the paced loop", () => {
  function loopOver(clock: SteppingClock, rate: number, bufferMessages?: number): TickLoop {
    return new TickLoop(clock, new OneChunk(session.bytes), new Pace(rate), 0, bufferMessages);
  }

  it("records every message once, from its intended time, and comes to the outputs of the same bytes at once", () => {
    const loop = loopOver(new SteppingClock(400), 1_000_000);
    loop.warm(5_000);
    loop.begin();
    loop.run(1_000);
    loop.forget();
    loop.run(session.messages - 6_000);
    loop.pauses.close();
    expect(loop.all.count).toBe(session.messages - 6_000);
    expect(loop.calm.count).toBe(loop.all.count);
    expect(loop.lost).toBe(0);
    expect(loop.pipeline.bookFaults).toBe(0);
    expect(loop.signals.count).toBeGreaterThan(0);
    expect(loop.pipeline.outputHash).toBe(hashAtOnce(session.bytes));
  });

  it("counts a message that was late before it was read as late", () => {
    const clock = new SteppingClock(400);
    const loop = loopOver(clock, 1_000_000);
    loop.warm(10_000);
    loop.begin();
    clock.jumps.set(clock.readings + 20, 500_000); // half a millisecond in which nothing happens
    loop.run(2_000);
    const settled = loop.pauses.settle({ overlaps: () => false }, 0);
    loop.pauses.close();
    expect(loop.all.snapshot().maxNs).toBeGreaterThan(495_000);
    expect(loop.all.countAtOrBelow(10_000)).toBeLessThan(1_500); // those that were due in it are late, one after the other
    expect(loop.lost).toBe(0);
    expect(settled.gaps).toBe(1);
    expect(loop.calm.count).toBe(settled.host === 1 ? 2_000 - settled.samples : 2_000);
  });

  it("overwrites the oldest messages of a buffer that is full, counts them, and says so by the books", () => {
    const clock = new SteppingClock(400);
    const loop = loopOver(clock, 1_000_000, 1_000);
    loop.warm(8_000);
    loop.begin();
    clock.jumps.set(clock.readings + 20, 5_000_000); // 5,000 messages' time
    loop.run(10_000);
    loop.pauses.close();
    expect(loop.lost).toBeGreaterThan(3_900);
    expect(loop.lost).toBeLessThan(4_100);
    expect(loop.all.count + loop.lost).toBe(10_000);
    expect(loop.pipeline.bookFaults).toBeGreaterThan(0);
  });
});

describe("the stream that is made ahead", () => {
  const options = { rate: 20_000, burst: 10, seconds: 2, messages: 20_000, warmMessages: 10_000 };

  it("is quiet for the warm-up and then at its pace, bursts included", () => {
    const { intensity } = pacedScenario(options);
    const at = (second: number): number => intensity.findLast(([from]) => from <= second)?.[1] ?? 0;
    expect([at(1), at(25.5), at(25.95), at(26.5), at(26.95)]).toEqual([400, 20_000, 200_000, 20_000, 200_000]);
    expect(intensity.every(([from], i) => i === 0 || from > intensity[i - 1][0])).toBe(true);
    const steady = pacedScenario({ ...options, burst: 1 });
    expect(meanIntensity(steady) * steady.seconds).toBeCloseTo(10_000 + 4 * 20_000, -1); // the warm-up, two seconds, and two to spare
  });

  it(
    "gives every message that was asked for, in chunks of whole messages",
    async () => {
      const stream = await ByteStream.create(options);
      try {
        let messages = 0;
        const wanted = stream.warmMessages + options.messages;
        for (let at = stream.from; messages < wanted; messages++) {
          if (at === stream.to) {
            stream.next();
            at = stream.from;
          }
          at += 2 + (stream.bytes[at] << 8) + stream.bytes[at + 1];
          expect(at <= stream.to).toBe(true);
        }
        expect(() => {
          for (;;) stream.next();
        }).toThrow("could not keep up");
      } finally {
        await stream.close();
      }
    },
    THREAD_MS,
  );
});
