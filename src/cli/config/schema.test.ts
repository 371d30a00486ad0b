import { describe, expect, it } from "vitest";
import { keysAt } from "./schema.ts";

describe("the keys of the schema", () => {
  it("are known for every map, names of the user's own included", () => {
    expect(keysAt([])).toContain("pipeline");
    expect(keysAt(["source"])).toEqual(["simulator"]);
    expect(keysAt(["source", "simulator"])).toEqual(["scenario", "seed", "instruments", "messages"]);
    expect(keysAt(["signals", "any name"])).toEqual(["when", "side", "every", "bars"]);
    expect(keysAt(["windows", "flow"])).toEqual(["tumbling", "values", "lateness"]);
    expect(keysAt(["sink"])).toEqual(["file"]);
    expect(keysAt(["sink", "0"])).toEqual(["file"]);
    expect(keysAt(["limits"])).toHaveLength(5);
  });

  it("are none where there is no map of fixed keys", () => {
    for (const path of [["signals"], ["bars"], ["windows", "flow", "values"], ["nothing"], ["toString"]]) expect(keysAt(path), path.join(".")).toBeNull();
  });
});
