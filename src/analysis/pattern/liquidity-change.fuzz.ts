/** Any sequence of whole events: what fires is what a search through all depths in force in the span finds. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { Deltas } from "../../../test/model/book-records.ts";
import { LevelModel } from "../../../test/model/book-model.ts";
import { TIME_UNSET } from "../../kernel/core/units.ts";
import { Arena } from "../../kernel/memory/arena.ts";
import { SIDE_BID } from "../../kernel/record/header.ts";
import { LevelBook } from "../../market/book/level-book.ts";
import { DEPTH_NOW, DEPTH_REFERENCE, LiquidityChange } from "./liquidity-change.ts";

const OVER = 30;
const LEVELS = 3;

/** A depth and the moments [from, to) in which it was in force. */
interface Spell {
  readonly depth: number;
  readonly from: number;
  readonly to: number;
}

/** The pattern with every depth that ever was, and no state but that. */
class Twin {
  private readonly spells: Spell[] = [];
  private since: number | null = null;
  private from = 0;
  private depth = 0;
  private armed = true;

  onEvent(stamp: number, depth: number, isRise: boolean, threshold: number): { now: number; reference: number } | null {
    if (this.since === null) {
      if (stamp === TIME_UNSET) return null;
      this.since = stamp;
      this.from = stamp;
      this.depth = depth;
      return null;
    }
    const before = this.depth;
    if (depth === before) return null;
    const now = Math.max(stamp, this.from);
    if (now > this.from) this.spells.push({ depth: before, from: this.from, to: now });
    this.from = now;
    this.depth = depth;
    const inForce = this.spells.filter((spell) => spell.to > now - OVER && spell.from < now).map((spell) => spell.depth);
    if (inForce.length === 0) return null;
    const reference = isRise ? Math.min(...inForce) : Math.max(...inForce);
    if (reference <= 0) return null;
    const beyond = (value: number): number => (isRise ? value - reference : reference - value);
    if (beyond(before) <= 0.5 * threshold * reference) this.armed = true;
    if (!this.armed || beyond(depth) <= threshold * reference || now - this.since < OVER) return null;
    this.armed = false;
    return { now: depth, reference };
  }
}

const event = fc.record({
  dt: fc.oneof({ weight: 6, arbitrary: fc.nat(12) }, { weight: 1, arbitrary: fc.integer({ min: -20, max: 80 }) }),
  isBad: fc.nat(15).map((n) => n === 0),
  levels: fc.array(fc.tuple(fc.nat(5), fc.oneof(fc.constant(0), fc.nat(40))), { minLength: 1, maxLength: 3 }),
});

it("fires where a search through all depths in force does, with the same depth and reference", () => {
  let fired = 0;
  fc.assert(
    fc.property(fc.array(event, { minLength: 40, maxLength: 200 }), fc.boolean(), fc.constantFrom(0.25, 0.5, 0.9), (events, isRise, threshold) => {
      const arena = Arena.create("liquidity", 1 << 20);
      const book = new LevelBook(arena, { instruments: 1, levels: 64 });
      const moment = new Float64Array(1);
      const options = { lanes: 1, side: SIDE_BID, levels: LEVELS, threshold, overNs: OVER, direction: isRise ? ("rise" as const) : ("fall" as const) };
      const pattern = new LiquidityChange(arena, options, book, moment);
      const deltas = new Deltas(book);
      const model = new LevelModel();
      const twin = new Twin();
      let clock = 0;
      for (const { dt, isBad, levels } of events) {
        clock += dt;
        levels.forEach(([price, qty], i) => {
          deltas.set(SIDE_BID, price, qty, i === levels.length - 1);
          model.set(SIDE_BID, price, qty, 0);
        });
        moment[0] = isBad ? TIME_UNSET : clock;
        const depth = model.levels(SIDE_BID).slice(0, LEVELS);
        const expected = twin.onEvent(
          moment[0],
          depth.reduce((sum, level) => sum + level.qty, 0),
          isRise,
          threshold,
        );
        const got = pattern.onEvent(0) === 1 ? { now: pattern.result[DEPTH_NOW], reference: pattern.result[DEPTH_REFERENCE] } : null;
        expect(got).toEqual(expected);
        if (got !== null) fired++;
      }
    }),
    { seed: 20240808, numRuns: 400 },
  );
  expect(fired).toBeGreaterThan(500);
});
