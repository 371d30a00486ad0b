import { describe, expect, it } from "vitest";
import { isStreamError } from "../../kernel/core/errors.ts";
import { formatDuration, parseDelay, parseDuration, parseFraction, parseSize, parseSpeed, parseVelocity } from "./quantity.ts";

const code = (name: Parameters<typeof isStreamError>[1]) => expect.toSatisfy((error: unknown) => isStreamError(error, name));

describe("a duration", () => {
  it.each([
    ["250ms", 250e6],
    ["5s", 5e9],
    [" 1 m ", 60e9],
    ["2h", 7200e9],
    ["1d", 86_400e9],
    ["0.5us", 500],
    ["1.005s", 1_005_000_000],
    ["1.13s", 1_130_000_000],
    [42, 42],
  ])("reads %j as %d ns, exactly", (text, ns) => {
    expect(parseDuration(text, "span")).toBe(ns);
  });

  it.each(["", "5", "5x", "5constructor", "-1s", "0s", "1.5ns", "0.0000001us", "s", "1e3s", 0, -1, 1.5, Infinity, "9999999d"])("refuses %j", (text) => {
    expect(() => parseDuration(text, "span")).toThrow(code("CONFIG_INVALID"));
    expect(() => parseDuration(text, "span")).toThrow(/span: expected a duration/);
  });

  it("may be 0 where a delay is asked for", () => {
    expect([parseDelay(0, "x"), parseDelay("0", "x"), parseDelay("0s", "x"), parseDelay("3us", "x")]).toEqual([0, 0, 0, 3000]);
    expect(() => parseDelay("-1s", "x")).toThrow(code("CONFIG_INVALID"));
  });

  it("is shown in the largest unit that leaves no fraction, and read back the same", () => {
    for (const ns of [1, 999, 1000, 1500, 2e6, 1001e6, 90e9, 3600e9, 86_400e9, 86_401e9]) expect(parseDuration(formatDuration(ns), "x")).toBe(ns);
    expect(formatDuration(90e9)).toBe("90s");
    expect(formatDuration(120e9)).toBe("2m");
  });
});

describe("a size", () => {
  it("is bytes, with binary units", () => {
    expect([parseSize("64MB", "m"), parseSize("1.5KB", "m"), parseSize(7, "m"), parseSize("2GB", "m")]).toEqual([67_108_864, 1536, 7, 2_147_483_648]);
  });

  it.each(["64", "64mb", "0B", "0.3B", -1])("refuses %j", (text) => {
    expect(() => parseSize(text, "m")).toThrow(code("CONFIG_INVALID"));
  });
});

describe("a fraction", () => {
  it("is a per cent or a decimal, and both ways give one number", () => {
    for (const per of ["0.2", "0.7", "1.1", "2.3", "50", "0.29"]) expect(parseFraction(`${per}%`, "f")).toBe(Number(`${per}e-2`));
    expect(parseFraction("0.7%", "f")).toBe(0.007);
    expect(parseFraction(".5", "f")).toBe(0.5);
    expect(parseFraction(0.25, "f")).toBe(0.25);
  });

  it.each(["0%", "100%", "1", "-1%", "x", "", "5 %%", 0, 1, Number.NaN])("refuses %j", (text) => {
    expect(() => parseFraction(text, "f")).toThrow(code("CONFIG_INVALID"));
  });

  it("in a time is a velocity", () => {
    expect(parseVelocity("5% in 1s", "v")).toEqual({ threshold: 0.05, overNs: 1e9 });
    for (const text of ["5%", "5% in", "in 1s", "5% in 1s in 2s"]) expect(() => parseVelocity(text, "v")).toThrow(code("CONFIG_INVALID"));
  });
});

describe("a speed", () => {
  it("is max or a factor", () => {
    expect([parseSpeed("max"), parseSpeed("10x"), parseSpeed("0.5"), parseSpeed("1x")]).toEqual([Infinity, 10, 0.5, 1]);
    for (const text of ["0", "0x", "-1x", "fast", "", "xx"]) expect(() => parseSpeed(text)).toThrow(code("USAGE"));
  });
});
