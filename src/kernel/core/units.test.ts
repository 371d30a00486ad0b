import { describe, expect, it } from "vitest";
import { NANOS_PER_DAY, NANOS_PER_MICRO, NANOS_PER_MILLI, NANOS_PER_MINUTE, NANOS_PER_SECOND, TIME_END, TIME_UNSET } from "./units.ts";

describe("units of time", () => {
  it("multiply up from the nanosecond", () => {
    expect(NANOS_PER_MICRO).toBe(1000);
    expect(NANOS_PER_MILLI).toBe(NANOS_PER_MICRO * 1000);
    expect(NANOS_PER_SECOND).toBe(NANOS_PER_MILLI * 1000);
    expect(NANOS_PER_MINUTE).toBe(NANOS_PER_SECOND * 60);
    expect(NANOS_PER_DAY).toBe(NANOS_PER_MINUTE * 60 * 24);
  });

  it("leave room for 104 days between the exact sentinels", () => {
    expect(Number.isSafeInteger(TIME_UNSET) && Number.isSafeInteger(TIME_END)).toBe(true);
    expect(TIME_UNSET).toBeLessThan(-104 * NANOS_PER_DAY);
    expect(TIME_END).toBeGreaterThan(104 * NANOS_PER_DAY);
  });
});
