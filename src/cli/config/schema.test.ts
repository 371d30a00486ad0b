import { describe, expect, it } from "vitest";
import { keysAt } from "./schema.ts";

describe("the keys of the schema", () => {
  it("are known for every map, names of the user's own included", () => {
    expect(keysAt([])).toContain("pipeline");
    expect(keysAt(["source"])).toEqual(["simulator"]);
    expect(keysAt(["source", "simulator"])).toEqual(["scenario", "seed", "instruments", "messages"]);
    expect(keysAt(["signals", "any name"])).toEqual(["when", "side", "every", "critical", "bars"]);
    expect(keysAt(["windows", "flow"])).toEqual(["tumbling", "values", "lateness"]);
    expect(keysAt(["sink"])).toEqual(["file", "priority"]);
    expect(keysAt(["sink", "0"])).toEqual(["file", "priority"]);
    expect(keysAt(["limits"])).toHaveLength(5);
  });

  it("of a choice of maps are those of the one whose first key is there, or of all", () => {
    expect(keysAt(["patterns", "x"], { breakout: "1%" })).toEqual(["breakout", "over", "direction", "critical"]);
    expect(keysAt(["patterns", "x"], { over: "1s", imbalance: "60%" })).toEqual(["imbalance", "levels", "hold", "release", "direction", "critical"]);
    for (const value of [{ over: "1s" }, "text", null, undefined]) expect(keysAt(["patterns", "x"], value)).toContain("liquidityChange");
  });

  it("are none where there is no map of fixed keys", () => {
    for (const path of [["signals"], ["bars"], ["windows", "flow", "values"], ["nothing"], ["toString"]]) expect(keysAt(path), path.join(".")).toBeNull();
  });
});
