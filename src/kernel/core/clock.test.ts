import { describe, expect, it } from "vitest";
import { delta, LiveClock, ReplayClock, sessionEpochMs, TestClock, timeOfDay } from "./clock.ts";
import { NANOS_PER_DAY, NANOS_PER_SECOND } from "./units.ts";

describe("sessionEpochMs", () => {
  it("is the UTC midnight at or before a time", () => {
    const midnight = Date.UTC(2024, 7, 8);
    expect(sessionEpochMs(midnight)).toBe(midnight);
    expect(sessionEpochMs(midnight + 86_399_999)).toBe(midnight);
    expect(sessionEpochMs(midnight - 1)).toBe(midnight - 86_400_000);
  });
});

describe("delta", () => {
  it("is what passed from one time to another, below 0 when the clock went back", () => {
    const clock = new TestClock(100);
    const start = clock.now();
    clock.advance(41);
    expect(delta(start, clock.now())).toBe(41);
    expect(delta(clock.now(), start)).toBe(-41);
  });
});

describe("LiveClock", () => {
  it("answers whole nanoseconds that never step back", () => {
    const clock = new LiveClock();
    let last = clock.now();
    for (let i = 0; i < 10_000; i++) {
      const now = clock.now();
      if (!(now >= last)) expect.fail(`${now} after ${last}`);
      if (!Number.isSafeInteger(now)) expect.fail(`${now} is not a whole number of nanoseconds`);
      last = now;
    }
  });

  it("counts from the session epoch that it is given", () => {
    const today = sessionEpochMs(performance.timeOrigin);
    const fromToday = new LiveClock(today);
    const fromYesterday = new LiveClock(today - 86_400_000);
    const apart = fromYesterday.now() - fromToday.now();
    expect(Math.abs(apart - NANOS_PER_DAY)).toBeLessThan(NANOS_PER_SECOND);
  });

  it("agrees with the clock that handed it the anchor", () => {
    const first = new LiveClock();
    const second = new LiveClock(0, first.anchorNs);
    const before = first.now();
    const between = second.now();
    const after = first.now();
    expect(second.anchorNs).toBe(first.anchorNs);
    expect(between).toBeGreaterThan(before - 1e6);
    expect(between).toBeLessThan(after + 1e6);
  });

  it("writes the same time into a cell as it returns", () => {
    const clock = new LiveClock();
    const other = new LiveClock(0, clock.anchorNs);
    const times = new Float64Array(5);
    times[0] = clock.now();
    clock.stamp(times, 1);
    other.stamp(times, 3);
    clock.stamp(times, 2);
    times[4] = clock.now();
    expect([times[0] <= times[1], times[1] <= times[2], times[2] <= times[4]]).toEqual([true, true, true]);
    expect(Number.isInteger(times[1])).toBe(true);
    expect(Math.abs(times[3] - times[1])).toBeLessThan(1e9);
  });
});

describe("TestClock", () => {
  it("moves only when told to, and only forward", () => {
    const clock = new TestClock(5);
    expect(clock.now()).toBe(5);
    clock.advance(10);
    clock.advance(0);
    expect(clock.now()).toBe(15);
    const times = new Float64Array(2);
    clock.stamp(times, 1);
    expect([...times]).toEqual([0, 15]);
    for (const ns of [-1, NaN]) expect(() => clock.advance(ns)).toThrowError(expect.objectContaining({ code: "VALUE_RANGE" }));
    expect(clock.now()).toBe(15);
  });
});

describe("ReplayClock", () => {
  it("stands at the record's time and never moves back", () => {
    const clock = new ReplayClock(1);
    expect(clock.now()).toBe(0);
    clock.moveTo(1000);
    clock.moveTo(400);
    expect(clock.now()).toBe(1000);
  });

  it("spaces records by their own distance over the speed, from the first one on", () => {
    const clock = new ReplayClock(10);
    expect(clock.waitNs(5_000, 777)).toBe(0);
    expect(clock.waitNs(6_000, 777)).toBe(100);
    expect(clock.waitNs(6_000, 850)).toBe(27);
    expect(clock.waitNs(6_000, 900)).toBe(0);
    expect(clock.waitNs(15_000, 777)).toBe(1_000);
  });

  it("never waits at speed Infinity, and refuses a speed that is not above 0", () => {
    const clock = new ReplayClock(Infinity);
    clock.waitNs(0, 0);
    expect(clock.waitNs(1e15, 0)).toBe(0);
    for (const speed of [0, -1, NaN]) expect(() => new ReplayClock(speed)).toThrowError(expect.objectContaining({ code: "VALUE_RANGE" }));
  });
});

describe("timeOfDay", () => {
  it("is within the day, also before the epoch", () => {
    expect(timeOfDay(0)).toBe(0);
    expect(timeOfDay(NANOS_PER_DAY + 7)).toBe(7);
    expect(timeOfDay(-1)).toBe(NANOS_PER_DAY - 1);
    expect(Object.is(timeOfDay(-NANOS_PER_DAY), 0)).toBe(true);
  });
});
