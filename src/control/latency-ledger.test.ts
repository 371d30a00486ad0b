import { describe, expect, it } from "vitest";
import { TestClock, type Clock } from "../kernel/core/clock.ts";
import { StreamError } from "../kernel/core/errors.ts";
import { Random } from "../kernel/core/random.ts";
import type { Nanos } from "../kernel/core/units.ts";
import { LatencyLedger, STAGES_MAX } from "./latency-ledger.ts";

const STAGES = ["decode", "book", "bar", "signal"];
const [DECODE, BOOK, BAR, SIGNAL] = [0, 1, 2, 3];

function ledgerAt(startNs = 1000, every = 1): { clock: TestClock; ledger: LatencyLedger } {
  const clock = new TestClock(startNs);
  return { clock, ledger: new LatencyLedger(STAGES, clock, { every }) };
}

/** A clock that reads any number, backwards and in fractions too. */
function clockOf(read: () => number): Clock {
  return {
    now: () => read() as Nanos,
    stamp: (times, at) => {
      times[at] = read();
    },
  };
}

describe("a latency ledger", () => {
  it("gives each stage the time since the mark before", () => {
    const { clock, ledger } = ledgerAt();
    ledger.begin();
    clock.advance(30);
    ledger.mark(DECODE);
    clock.advance(200);
    ledger.mark(BOOK);
    clock.advance(7);
    ledger.finish(SIGNAL);
    expect([DECODE, BOOK, BAR, SIGNAL].map((stage) => ledger.share(stage))).toEqual([30, 200, 0, 7]);
    expect(ledger.whole).toBe(237);
  });

  it("has shares that add up to the whole exactly, on a clock with fractions", () => {
    const random = new Random(new Int32Array(4), 5);
    let time = 86_399_000_000_000.375;
    const ledger = new LatencyLedger(
      STAGES,
      clockOf(() => time),
    );
    for (let i = 0; i < 500; i++) {
      const start = Math.floor(time);
      ledger.begin();
      for (let mark = random.nextBelow(6); mark > 0; mark--) {
        time += random.nextFloat() * 1e6;
        ledger.mark(random.nextBelow(4));
      }
      time += random.nextFloat() * 1e6;
      ledger.finish(SIGNAL);
      const sum = STAGES.reduce((total, _, stage) => total + ledger.share(stage), 0);
      expect(sum).toBe(ledger.whole);
      expect(ledger.whole).toBe(Math.floor(time) - start);
    }
    const parts = ledger.snapshot().stages.reduce((total, { latency }) => total + latency.totalNs, 0);
    expect(parts).toBe(ledger.snapshot().total.totalNs);
  });

  it("adds several shares of one stage", () => {
    const { clock, ledger } = ledgerAt();
    ledger.begin();
    for (const [stage, ns] of [
      [BOOK, 10],
      [BAR, 20],
      [BOOK, 30],
    ]) {
      clock.advance(ns);
      ledger.mark(stage);
    }
    ledger.finish(SIGNAL);
    expect([ledger.share(BOOK), ledger.share(BAR), ledger.whole]).toEqual([40, 20, 60]);
  });

  it("feeds one histogram a stage that took part, and the total's", () => {
    const { clock, ledger } = ledgerAt();
    for (let i = 0; i < 3; i++) {
      ledger.begin();
      clock.advance(10);
      if (i < 2) ledger.mark(BOOK);
      clock.advance(5);
      ledger.finish(SIGNAL);
    }
    const { total, stages } = ledger.snapshot();
    expect(stages.map(({ stage, latency }) => [stage, latency.count])).toEqual([
      ["decode", 0],
      ["book", 2],
      ["bar", 0],
      ["signal", 3],
    ]);
    expect(total).toMatchObject({ count: 3, totalNs: 45 });
  });

  it("counts from the time at which the record was received", () => {
    const { clock, ledger } = ledgerAt(1000);
    clock.advance(500);
    ledger.beginAt(new Float64Array([0, 1100]), 1);
    clock.advance(1);
    ledger.finish(SIGNAL);
    expect(ledger.whole).toBe(401);
  });

  it("measures every n-th record only, and all of that one", () => {
    const { clock, ledger } = ledgerAt(0, 4);
    for (let i = 0; i < 20; i++) {
      ledger.begin();
      clock.advance(i + 1);
      ledger.mark(BOOK);
      ledger.finish(SIGNAL);
    }
    expect(ledger.total.count).toBe(5);
    expect(ledger.total.totalNs).toBe(1 + 5 + 9 + 13 + 17);
  });

  it("takes a clock that goes back as standing still, and counts it", () => {
    let time = 100;
    const ledger = new LatencyLedger(
      STAGES,
      clockOf(() => time),
    );
    ledger.begin();
    time = 90;
    ledger.mark(BOOK);
    time = 130;
    ledger.finish(SIGNAL);
    expect([ledger.share(BOOK), ledger.share(SIGNAL), ledger.whole, ledger.backwardSteps]).toEqual([0, 30, 30, 1]);
  });

  it("counts records that were begun and never finished, and shows nothing of them", () => {
    const { clock, ledger } = ledgerAt();
    ledger.begin();
    clock.advance(10);
    ledger.mark(BOOK);
    ledger.begin();
    clock.advance(3);
    ledger.finish(SIGNAL);
    expect([ledger.abandoned, ledger.total.count, ledger.whole, ledger.histograms[BOOK].count]).toEqual([1, 1, 3, 0]);
  });

  it("ignores marks outside a record", () => {
    const { clock, ledger } = ledgerAt();
    clock.advance(10);
    ledger.mark(BOOK);
    ledger.finish(SIGNAL);
    expect(ledger.total.count).toBe(0);
  });

  it("can be read by another thread over shared bytes", () => {
    const clock = new TestClock();
    const buffer = new SharedArrayBuffer(LatencyLedger.bytesFor(STAGES.length));
    const [writer, reader] = [new LatencyLedger(STAGES, clock, { buffer }), new LatencyLedger(STAGES, clock, { buffer })];
    writer.begin();
    clock.advance(9);
    writer.finish(BOOK);
    expect(reader.snapshot()).toEqual(writer.snapshot());
  });

  it.each([[[]], [["a", "a"]], [Array.from({ length: STAGES_MAX + 1 }, (_, i) => `s${i}`)]])("refuses the stages %j", (stages) => {
    expect(() => new LatencyLedger(stages, new TestClock())).toThrow(StreamError);
  });

  it("takes the greatest number of stages", () => {
    const clock = new TestClock();
    const ledger = new LatencyLedger(
      Array.from({ length: STAGES_MAX }, (_, i) => `s${i}`),
      clock,
    );
    ledger.begin();
    clock.advance(4);
    ledger.finish(STAGES_MAX - 1);
    expect([ledger.share(STAGES_MAX - 1), ledger.histograms[STAGES_MAX - 1].count]).toEqual([4, 1]);
  });

  it.each([0, -1, 1.5])("refuses to measure every %d-th record", (every) => {
    expect(() => ledgerAt(0, every)).toThrow(StreamError);
  });
});
