import { describe, expect, it } from "vitest";
import { ERROR_CODES, type ErrorCode, isStreamError, StreamError } from "./errors.ts";

const codes = Object.keys(ERROR_CODES) as ErrorCode[];

describe("StreamError", () => {
  it("carries its code, details, cause, and the severity and remedy of the code", () => {
    const cause = new Error("disk");
    const error = new StreamError("SINK_FAILED", "could not append", { path: "out" }, cause);
    expect(error).toBeInstanceOf(Error);
    expect(error.name).toBe("StreamError");
    expect(error.message).toBe("could not append");
    expect(error.details).toEqual({ path: "out" });
    expect(error.cause).toBe(cause);
    expect(error.severity).toBe("fatal");
    expect(error.remedy).toBe(ERROR_CODES.SINK_FAILED.remedy);
  });

  it("has no cause property unless one is given", () => {
    expect(Object.hasOwn(new StreamError("USAGE", "x"), "cause")).toBe(false);
  });

  it("is recognised by class and by code", () => {
    const error: unknown = new StreamError("USAGE", "x");
    expect(isStreamError(error)).toBe(true);
    expect(isStreamError(error, "USAGE")).toBe(true);
    expect(isStreamError(error, "INVARIANT")).toBe(false);
    expect(isStreamError(new Error("USAGE"))).toBe(false);
    expect(isStreamError("USAGE")).toBe(false);
  });
});

describe("the list of error codes", () => {
  it("names each code in capitals, with a severity and a remedy that tells what to do", () => {
    for (const code of codes) {
      expect(code).toMatch(/^[A-Z]+(_[A-Z]+)*$/);
      const { severity, remedy } = ERROR_CODES[code];
      expect(["fatal", "error", "warning"]).toContain(severity);
      expect(remedy.length, code).toBeGreaterThan(15);
      expect(remedy, code).not.toMatch(/^[A-Z].*\.$/);
    }
  });

  it("says nothing twice", () => {
    const remedies = codes.map((code) => ERROR_CODES[code].remedy);
    expect(new Set(remedies).size).toBe(remedies.length);
  });
});
