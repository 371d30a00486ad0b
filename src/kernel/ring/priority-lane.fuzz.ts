/**
 * The priority lane against two lists: any units of any instruments, put and taken under any schedule, through any sizes, from any start of the
 * cursors, with writers and readers replaced in between. And the promises, checked without the model.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FULL } from "../core/status.ts";
import { FLAG_CRITICAL, FLAG_LAST } from "../record/flags.ts";
import { HEADER_SEQUENCE_F64, HEADER_WORD_I32, TYPE_SIGNAL, headerWord } from "../record/header.ts";
import { Slots } from "../record/slots.ts";
import { CRITICAL, PriorityLane, ROUTINE } from "./priority-lane.ts";
import { PriorityReader } from "./priority-reader.ts";
import { PriorityWriter } from "./priority-writer.ts";

const INSTRUMENTS = 5;
const UNIT_MAX = 4;

interface Unit {
  readonly id: number;
  readonly instrument: number;
  readonly critical: boolean;
  readonly length: number;
}

/** What a take gives, by the rules, from a list of what is published: the run of units to come and what is left. */
class Model {
  published: Unit[] = [];
  private readonly run: number;
  private inARow = 0;
  private queue: Unit[] = [];

  constructor(run: number) {
    this.run = run;
  }

  take(bound: number): Unit | null {
    if (this.queue.length > 0) return this.queue.shift() as Unit;
    const routine = this.published.find((unit) => !unit.critical);
    const critical = this.published.find((unit) => unit.critical);
    const hasRoutine = routine !== undefined && routine.id <= bound;
    const overtakes = hasRoutine && critical !== undefined && critical.id > routine.id;
    if (critical !== undefined && critical.id <= bound && !(overtakes && this.inARow >= this.run)) {
      this.inARow = hasRoutine ? this.inARow + (overtakes ? 1 : 0) : 0;
      const pulled = this.published.filter((unit) => !unit.critical && unit.instrument === critical.instrument && unit.id < critical.id);
      this.queue = [...pulled, critical];
    } else if (hasRoutine) {
      this.inARow = 0;
      this.queue = [routine];
    } else return null;
    this.published = this.published.filter((unit) => !this.queue.includes(unit));
    return this.queue.shift() as Unit;
  }
}

const staging = Slots.create(1);

/** Puts the record-th record of a unit; what put() answered. */
function put(writer: PriorityWriter, { id, instrument, critical, length }: Unit, record: number): number {
  const flags = (critical ? FLAG_CRITICAL : 0) | (record === length - 1 ? FLAG_LAST : 0);
  staging.i32[HEADER_WORD_I32] = headerWord(TYPE_SIGNAL, flags);
  staging.u32[1] = instrument;
  staging.f64[HEADER_SEQUENCE_F64] = id;
  staging.f64[4] = record;
  staging.i32[15] = id ^ record;
  return writer.put(staging, 0);
}

function expectUnit(reader: PriorityReader, length: number, unit: Unit): void {
  expect(length).toBe(unit.length);
  for (let record = 0; record < length; record++) {
    const slot = reader.slotAt(record);
    const { f64, u32, i32 } = reader.slots;
    expect([f64[slot * 8 + HEADER_SEQUENCE_F64], u32[slot * 16 + 1], f64[slot * 8 + 4], i32[slot * 16 + 15]]).toEqual([
      unit.id,
      unit.instrument,
      record,
      unit.id ^ record,
    ]);
  }
}

const step = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant("put" as const),
      instrument: fc.nat(INSTRUMENTS - 1),
      critical: fc.nat(3),
      length: fc.integer({ min: 1, max: UNIT_MAX }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("commit" as const) }) },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant("take" as const), count: fc.integer({ min: 1, max: 12 }) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constantFrom("replaceWriter" as const, "hold" as const, "let" as const) }) },
);
const start = fc.oneof(fc.constantFrom(0, 0x7fff_fff0, -0x7fff_fff8, -16, -1), fc.integer());

type Step = typeof step extends fc.Arbitrary<infer One> ? One : never;

interface Outcome {
  readonly put: Unit[];
  readonly taken: Unit[];
}

/** Plays a schedule on the lane and on the model, checks that they agree at each step, drains both, and tells what went in and came out. */
function play(schedule: readonly Step[], sizes: [number, number], cursors: [number, number], run: number): Outcome {
  const lane = PriorityLane.create({ routine: sizes[0], critical: sizes[1], instruments: INSTRUMENTS });
  lane.startAt(cursors[0], cursors[1]);
  let writer = new PriorityWriter(lane);
  const reader = new PriorityReader(lane, run);
  const model = new Model(run);
  const outcome: Outcome = { put: [], taken: [] };
  let staged: Unit[] = [];
  let open: { unit: Unit; record: number } | null = null;
  let id = 0;
  const commit = (): void => {
    writer.commit();
    model.published.push(...staged);
    outcome.put.push(...staged);
    staged = [];
  };
  const take = (): boolean => {
    const expected = model.take(reader.bound[0]);
    const length = reader.take();
    if (expected === null) {
      expect(length).toBe(0);
      return false;
    }
    expectUnit(reader, length, expected);
    outcome.taken.push(expected);
    return true;
  };
  for (const move of schedule) {
    if (move.kind === "put") {
      const unit: Unit = open?.unit ?? { id: ++id, instrument: move.instrument, critical: move.critical === 0, length: move.length };
      let record: number = open?.record ?? 0;
      while (record < unit.length && put(writer, unit, record) !== FULL) record++;
      open = record < unit.length ? { unit, record } : null;
      if (open === null) staged.push(unit);
    } else if (move.kind === "commit") commit();
    else if (move.kind === "take") for (let n = 0; n < move.count && take(); n++);
    else if (move.kind === "replaceWriter") {
      writer = new PriorityWriter(lane);
      staged = [];
      open = null;
    } else reader.bound[0] = move.kind === "hold" ? (outcome.taken.reduce((most, unit) => Math.max(most, unit.id), 0) + id) / 2 : Infinity;
    expect(lane.used(ROUTINE)).toBeLessThanOrEqual(sizes[0]);
  }
  reader.bound[0] = Infinity;
  // The unit that waited for room gets it once all before it is taken.
  if (open !== null) {
    const { unit } = open;
    commit();
    while (take());
    for (let { record } = open; record < unit.length; record++) expect(put(writer, unit, record)).not.toBe(FULL);
    staged.push(unit);
  }
  commit();
  while (take());
  expect([lane.used(ROUTINE), lane.used(CRITICAL)]).toEqual([0, 0]);
  return outcome;
}

/** How often, at most, a routine unit was overtaken by critical ones put after it while it was the oldest routine unit of all not yet taken. */
function mostOvertakings(taken: readonly Unit[]): number {
  let most = 0;
  const routine = taken.filter((unit) => !unit.critical);
  const places = new Map(taken.map((unit, n) => [unit, n]));
  for (const unit of routine) {
    const place = places.get(unit) ?? 0;
    const older = routine.filter((other) => other.id < unit.id).map((other) => places.get(other) ?? 0);
    const oldestSince = Math.max(-1, ...older);
    const overtakings = taken.slice(oldestSince + 1, place).filter((other) => other.critical && other.id > unit.id);
    most = Math.max(most, overtakings.length);
  }
  return most;
}

describe("the priority lane against two lists", () => {
  const schedule = fc.array(step, { minLength: 60, maxLength: 400 });
  const sizes = fc.tuple(fc.constantFrom(4, 8, 16, 64), fc.constantFrom(4, 8, 16));

  it("gives the same units in the same order, whole, over any schedule, and keeps its promises", () => {
    let pulls = 0;
    let overtakes = 0;
    fc.assert(
      fc.property(schedule, sizes, fc.tuple(start, start), fc.integer({ min: 1, max: 4 }), (moves, size, cursors, run) => {
        const { put: all, taken } = play(moves, size, cursors, run);
        // Conservation: everything once.
        expect(taken.map((unit) => unit.id).toSorted((a, b) => a - b)).toEqual(all.map((unit) => unit.id));
        // No unit overtakes another of its instrument.
        for (let instrument = 0; instrument < INSTRUMENTS; instrument++) {
          const ids = taken.filter((unit) => unit.instrument === instrument).map((unit) => unit.id);
          expect(ids).toEqual(ids.toSorted((a, b) => a - b));
        }
        // The n-th oldest routine unit is overtaken by at most n x run critical ones: here, the oldest by at most `run`.
        taken.forEach((unit, n) => {
          const later = taken.slice(n + 1);
          if (!unit.critical && later.some((other) => !other.critical && other.id < unit.id)) pulls++;
          if (unit.critical && later.some((other) => !other.critical && other.id < unit.id)) overtakes++;
        });
        expect(mostOvertakings(taken)).toBeLessThanOrEqual(run);
      }),
      { seed: 20240809, numRuns: 400 },
    );
    expect(overtakes).toBeGreaterThan(1000);
    expect(pulls).toBeGreaterThan(300);
  });
});
