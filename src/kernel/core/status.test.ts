import { describe, expect, it } from "vitest";
import * as status from "./status.ts";
import { fail, invariant } from "./invariant.ts";

const codes = Object.entries(status).flatMap(([name, value]) => (typeof value === "number" ? [{ name, value }] : []));

describe("status codes", () => {
  it("are -1, -2, ... without a gap, so that none is an answer and no two are one", () => {
    const values = codes.map(({ value }) => value).sort((a, b) => b - a);
    expect(values).toEqual(Array.from(values, (_, i) => -1 - i));
  });

  it("have the name of their constant", () => {
    for (const { name, value } of codes) expect(status.statusName(value)).toBe(name);
    expect(status.statusName(0)).toBe("OK");
    expect(status.statusName(17)).toBe("OK");
    expect(status.statusName(-99)).toBe("status -99");
  });
});

describe("invariants", () => {
  it("stop with INVARIANT and what was observed", () => {
    expect(() => fail("the cursor ran past the ring", 70)).toThrowError(
      expect.objectContaining({ code: "INVARIANT", details: { observed: 70 }, message: "the cursor ran past the ring (observed 70)" }),
    );
    expect(() => invariant(false, "one owner")).toThrowError(expect.objectContaining({ code: "INVARIANT", message: "one owner" }));
    expect(() => invariant(true, "one owner")).not.toThrow();
  });
});
