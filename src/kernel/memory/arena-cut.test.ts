import { describe, expect, it } from "vitest";
import { Arena } from "./arena.ts";
import { ArenaCut } from "./arena-cut.ts";

describe("ArenaCut", () => {
  it("holds the bytes of the moment in which it was begun", () => {
    const arena = Arena.create("a", 4096);
    const cells = arena.float64("cells", 8);
    arena.seal();
    cells[3] = 7;
    const cut = new ArenaCut(arena);
    const image = new Uint8Array(arena.usedBytes);
    cut.begin(image);
    cells[3] = 8;
    expect(cut.isDone).toBe(true);
    arena.restore(image);
    expect(cells[3]).toBe(7);
  });
});
