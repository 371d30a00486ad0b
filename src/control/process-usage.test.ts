import { describe, expect, it } from "vitest";
import { TestClock } from "../kernel/core/clock.ts";
import { ProcessUsage } from "./process-usage.ts";

describe("the usage of a process", () => {
  it("is its resident memory, and its processor time in per cent of one core since the last look", () => {
    const clock = new TestClock(0);
    const host = { rss: 5000, user: 1_000_000, system: 0 };
    const usage = new ProcessUsage(clock, { memoryUsage: () => ({ rss: host.rss }), cpuUsage: () => host });
    expect(usage.metrics()).toEqual({ memoryBytes: 5000, cpuPercent: null });
    clock.advance(1e9);
    host.user += 700_000;
    host.system += 100_000;
    host.rss = 6000;
    expect(usage.metrics()).toEqual({ memoryBytes: 6000, cpuPercent: 80 });
    clock.advance(2e9);
    host.user += 5_000_000;
    expect(usage.metrics().cpuPercent).toBe(250);
    expect(usage.metrics().cpuPercent).toBeNull();
  });

  it("comes from this process where no other host is given", () => {
    const { memoryBytes } = new ProcessUsage(new TestClock(0)).metrics();
    expect(memoryBytes).toBeGreaterThan(1e6);
  });
});
