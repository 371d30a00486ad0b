import { describe, expect, it } from "vitest";
import { GatedRing } from "./gated-ring.ts";
import { createIdle, Idle, IDLE_NAMES, type Parkable } from "./idle.ts";
import { MulticastConsumer } from "./multicast-consumer.ts";
import { MulticastRing } from "./multicast-ring.ts";

/** A ring in which nothing comes: keeps what it was asked for. */
class Bed implements Parkable {
  readonly sleptMs: number[] = [];

  parkConsumer(timeoutMs: number): boolean {
    this.sleptMs.push(timeoutMs);
    return false;
  }
}

describe("idle ladders", () => {
  const empty = GatedRing.create(2);

  it.each(["spin", "yield"])("%s never sleeps", (name) => {
    const idle = createIdle(name);
    expect(idle.name).toBe(name);
    for (let i = 0; i < 30_000; i++) if (idle.idle(0, empty)) expect.fail(`slept in turn ${i}`);
  });

  it("a ladder is climbed turn by turn, sleeps at the top, and starts anew after work", () => {
    const idle = new Idle("phased", { spinTurns: 3, pauseTurns: 2, firstParkMs: 0, parkMs: 0 });
    const turn = (): boolean => idle.idle(0, empty);
    expect([turn(), turn(), turn(), turn(), turn(), turn(), turn()]).toEqual([false, false, false, false, false, true, true]);
    expect(idle.idle(5, empty)).toBe(false);
    expect([turn(), turn(), turn(), turn(), turn(), turn()]).toEqual([false, false, false, false, false, true]);
  });

  it("park is there by name: it sleeps at once, each time for as long", () => {
    const idle = createIdle("park");
    const bed = new Bed();
    for (let turn = 0; turn < 3; turn++) expect(idle.idle(0, bed)).toBe(true);
    expect(bed.sleptMs).toEqual([50, 50, 50]);
  });

  it("phased sleeps longer and longer, up to a bound, and shortly again after work", () => {
    const idle = new Idle("phased", { spinTurns: 1, pauseTurns: 1, firstParkMs: 0.5, parkMs: 3 });
    const bed = new Bed();
    for (let turn = 0; turn < 8; turn++) expect(idle.idle(0, bed)).toBe(turn >= 2);
    expect(bed.sleptMs).toEqual([0.5, 1, 2, 3, 3, 3]);
    idle.idle(1, bed);
    for (let turn = 0; turn < 4; turn++) idle.idle(0, bed);
    expect(bed.sleptMs.slice(6)).toEqual([0.5, 1]);
  });

  it("phased is there by name: 3,000 turns awake, then naps from 0.1 ms to 50 ms", () => {
    const idle = createIdle("phased");
    const bed = new Bed();
    for (let turn = 0; turn < 3000 + 40; turn++) idle.idle(0, bed);
    expect(bed.sleptMs).toHaveLength(40);
    expect([bed.sleptMs[0], bed.sleptMs[1], bed.sleptMs[8], bed.sleptMs[9], bed.sleptMs[39]]).toEqual([0.1, 0.2, 25.6, 50, 50]);
  });

  it("every ladder can be used on whatever a consumer can sleep in", () => {
    const ring = MulticastRing.create(2, [{ name: "a" }]);
    ring.close();
    const consumer = new MulticastConsumer(ring, "a");
    for (const name of IDLE_NAMES) {
      const idle = createIdle(name);
      expect(idle.name).toBe(name);
      expect(idle.idle(0, consumer)).toBe(name === "park");
    }
  });

  it("refuses another name, and lists those there are", () => {
    for (const name of ["sleep", "", "toString"]) {
      expect(() => createIdle(name)).toThrowError(expect.objectContaining({ code: "USAGE", message: expect.stringContaining("spin, yield, park or phased") }));
    }
  });
});
