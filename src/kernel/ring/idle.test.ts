import { describe, expect, it } from "vitest";
import { GatedRing } from "./gated-ring.ts";
import { createIdle, Idle } from "./idle.ts";

describe("idle ladders", () => {
  const empty = GatedRing.create(2);

  it.each(["spin", "yield"])("%s never sleeps", (name) => {
    const idle = createIdle(name);
    expect(idle.name).toBe(name);
    for (let i = 0; i < 30_000; i++) if (idle.idle(0, empty)) expect.fail(`slept in turn ${i}`);
  });

  it("park climbs turn by turn, sleeps at the top, and starts anew after work", () => {
    const idle = new Idle("park", { spinTurns: 3, pauseTurns: 2, parkMs: 0 });
    const turn = (): boolean => idle.idle(0, empty);
    expect([turn(), turn(), turn(), turn(), turn(), turn(), turn()]).toEqual([false, false, false, false, false, true, true]);
    expect(idle.idle(5, empty)).toBe(false);
    expect([turn(), turn(), turn(), turn(), turn(), turn()]).toEqual([false, false, false, false, false, true]);
  });

  it("park is there by name, and spins 20,000 turns before it pauses and sleeps", () => {
    const idle = createIdle("park");
    const closed = GatedRing.create(2);
    closed.close(); // parking returns at once
    let turns = 0;
    while (!idle.idle(0, closed)) turns++;
    expect(turns).toBe(21_000);
  });

  it("refuses another name, and lists those there are", () => {
    for (const name of ["sleep", "", "toString"]) {
      expect(() => createIdle(name)).toThrowError(expect.objectContaining({ code: "USAGE", message: expect.stringContaining("spin, yield or park") }));
    }
  });
});
