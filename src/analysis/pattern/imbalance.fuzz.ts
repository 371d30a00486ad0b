/** Any sequence of whole events and watermarks over several lanes: what fires is what a look back over all states of the book finds. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { Deltas } from "../../../test/model/book-records.ts";
import { TIME_UNSET } from "../../kernel/core/units.ts";
import { Arena } from "../../kernel/memory/arena.ts";
import { SIDE_ASK, SIDE_BID } from "../../kernel/record/header.ts";
import { LevelBook } from "../../market/book/level-book.ts";
import { Deadlines } from "./deadlines.ts";
import { IMBALANCE_SINCE, IMBALANCE_VALUE, Imbalance } from "./imbalance.ts";

const LANES = 4;
const HOLD = 30;
const THRESHOLD = 0.5;
const RELEASE = 0.25;

/** One lane: the states since it was last forgotten, and nothing worked out in advance. */
class Twin {
  private states: { readonly ts: number; readonly value: number }[] = [];
  private newest: number = TIME_UNSET;
  private told = 0;
  private toldAt = -1;

  onEvent(stamp: number, bid: number, ask: number, changed: boolean): { value: number; since: number } | null {
    if (changed && bid + ask === 0) {
      this.forget();
      return null;
    }
    this.newest = Math.max(this.newest, stamp);
    if (this.newest === TIME_UNSET) return null;
    if (changed) this.states.push({ ts: this.newest, value: (bid - ask) / (bid + ask) });
    return this.look(this.newest);
  }

  look(now: number): { value: number; since: number } | null {
    const last = this.states.at(-1);
    if (last === undefined || Math.abs(last.value) < THRESHOLD) return null;
    const side = Math.sign(last.value);
    const afterTold = this.states.slice(this.toldAt + 1);
    if (side === this.told && !afterTold.some(({ value }) => value * side <= RELEASE)) return null;
    let first = this.states.length - 1;
    while (first > 0 && this.states[first - 1].value * side >= THRESHOLD) first--;
    const since = this.states[first].ts;
    if (now < since + HOLD) return null;
    this.told = side;
    this.toldAt = this.states.length - 1;
    return { value: last.value, since };
  }

  forget(): void {
    this.states = [];
    this.told = 0;
    this.toldAt = -1;
  }
}

const step = fc.record({
  kind: fc.constantFrom("event", "event", "event", "event", "quiet", "mark", "forget"),
  lane: fc.nat(LANES - 1),
  dt: fc.oneof({ weight: 8, arbitrary: fc.nat(10) }, { weight: 1, arbitrary: fc.integer({ min: -15, max: 60 }) }),
  isBad: fc.nat(20).map((n) => n === 0),
  bid: fc.constantFrom(0, 1, 3, 5, 10, 20),
  ask: fc.constantFrom(0, 1, 3, 5, 10, 20),
});

it("fires where a look back over all states does, at the same moment, with the same value and beginning", () => {
  let fired = 0;
  let byTime = 0;
  fc.assert(
    fc.property(fc.array(step, { minLength: 20, maxLength: 200 }), (steps) => {
      const arena = Arena.create("imbalance", 1 << 20);
      const book = new LevelBook(arena, { instruments: LANES, levels: 64 });
      const [moment, clock] = [new Float64Array(1), Float64Array.of(TIME_UNSET)];
      const pattern = new Imbalance(arena, { lanes: LANES, levels: 3, threshold: THRESHOLD, release: RELEASE, holdNs: HOLD }, book, moment, clock);
      const deltas = new Deltas(book);
      const twins = Array.from({ length: LANES }, () => new Twin());
      const said = (yes: number): unknown => (yes === 1 ? { value: pattern.result[IMBALANCE_VALUE], since: pattern.result[IMBALANCE_SINCE] } : null);
      let now = 0;
      for (const { kind, lane, dt, isBad, bid, ask } of steps) {
        now += dt;
        moment[0] = isBad ? TIME_UNSET : now;
        if (kind === "forget") {
          pattern.forget(lane);
          twins[lane].forget();
        } else if (kind === "mark") {
          clock[0] = now;
          const isDue = pattern.isDue();
          const got = twins.map((_, each) => said(pattern.nextDue(each)));
          expect(got).toEqual(twins.map((twin) => twin.look(now)));
          expect(isDue).toBe(got.some((one) => one !== null));
          if (isDue) byTime++;
        } else {
          const changed = kind === "event";
          if (changed) {
            deltas.set(SIDE_BID, 1000, bid, false, lane);
            deltas.set(SIDE_ASK, 1001, ask, true, lane);
          }
          const got = said(changed ? pattern.onEvent(lane) : pattern.onQuiet(lane));
          expect(got).toEqual(twins[lane].onEvent(moment[0], bid, ask, changed));
          if (got !== null) fired++;
        }
      }
    }),
    { seed: 20240808, numRuns: 400 },
  );
  expect(fired).toBeGreaterThan(300);
  expect(byTime).toBeGreaterThan(200);
});

it("deadlines are told earliest first, whatever was armed and dropped before", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.nat(7), fc.nat(50), fc.boolean()), { maxLength: 100 }), (moves) => {
      const deadlines = new Deadlines(Arena.create("deadlines", 1 << 16), "d", 8);
      const model = new Map<number, number>();
      for (const [lane, at, drop] of moves) {
        deadlines.disarm(lane);
        model.delete(lane);
        if (!drop) {
          deadlines.at[lane] = at;
          deadlines.arm(lane);
          model.set(lane, at);
        }
        const earliest = [...model].reduce((best, each) => (each[1] < best[1] ? each : best), [-1, Infinity]);
        expect(deadlines.first()).toBe(earliest[0]);
        for (let each = 0; each < 8; each++) expect(deadlines.isArmed(each)).toBe(model.has(each));
      }
    }),
    { seed: 20240808, numRuns: 300 },
  );
});
