/**
 * Twenty-four hours of market time in 500 instruments, replayed as fast as it goes: memory and everything in use at each full hour. The
 * market itself is in motion, so what is in use is compared with what the exchange has at that moment; memory is compared over the day.
 * The first hour, in which the books fill, is the warm-up. TERCEL_ENDURANCE_RECORDS below a hundred million gives a day of fewer messages.
 */
import { beforeAll, describe, expect, it } from "vitest";
import type { DayHour, DayOutcome } from "./day-run.ts";
import { runProgram } from "./measured-run.ts";

const WHOLE_RECORDS = 100_000_000;
const RECORDS = Number(process.env["TERCEL_ENDURANCE_RECORDS"] ?? String(WHOLE_RECORDS));
const IS_WHOLE = RECORDS >= WHOLE_RECORDS;
/** Messages of the day and of the rehearsal before it: 0 is the scenario's own number, 35 million. */
const MESSAGES = IS_WHOLE ? 0 : Math.max(2_000_000, Math.round(RECORDS / 3));
const REHEARSAL_MESSAGES = IS_WHOLE ? 8_000_000 : 1_000_000;
const DRIFT_MAX = 0.01;
/** Physical memory that V8's compiler may take until noon: it goes on optimising, in threads of its own. */
const COMPILER_BYTES_MAX: number = 10 * 1024 ** 2;
/** The market has more or fewer levels a ladder from hour to hour, and blocks come in powers of two. */
const PER_LEVEL_DRIFT_MAX = 0.05;
const TIMEOUT_MS = 900_000;

describe("a day of 24 hours", () => {
  let outcome: DayOutcome;
  let hours: readonly DayHour[];

  beforeAll(async () => {
    [outcome] = await runProgram<DayOutcome>("day-run.ts", [String(MESSAGES), String(REHEARSAL_MESSAGES)], {}, TIMEOUT_MS);
    hours = outcome.hours;
  }, TIMEOUT_MS);

  it("is noted at each full hour, with peaks and nights", () => {
    expect(hours.map(({ hour }) => Math.floor(hour))).toEqual([...Array.from({ length: 24 }, (_, i) => i + 1), 24]);
    const messages = hours.map((hour) => hour.messages);
    expect(messages[9]).toBeGreaterThan(4 * messages[3]);
    expect(messages[15]).toBeGreaterThan(4 * messages[20]);
    if (IS_WHOLE) expect(outcome.summary.messages).toBeGreaterThan(30_000_000);
  });

  it("ends with the exchange's own books, nothing lost, nothing late, no bound reached", () => {
    const { lost, malformed, late, badTimes, unknownOrders, bookRefusals, gaps, invariants } = outcome.summary;
    expect({ lost, malformed, late, badTimes, unknownOrders, bookRefusals, gaps }).toEqual({
      lost: 0,
      malformed: 0,
      late: 0,
      badTimes: 0,
      unknownOrders: 0,
      bookRefusals: 0,
      gaps: 0,
    });
    expect(invariants).toEqual({ booksChecked: 500, booksEqual: 500 });
    for (const { hour, forced } of hours) expect(forced, String(hour)).toBe(0);
  });

  it("has timers that work all day: bars, panes and signals to the last hour", () => {
    const { bars, panes, signals, acks } = outcome.summary;
    for (const count of [bars, panes, signals, acks]) expect(count).toBeGreaterThan(IS_WHOLE ? 10_000 : 1000);
    for (let i = 1; i < 24; i++) expect(hours[i].outputs, `hour ${i + 1}`).toBeGreaterThan(hours[i - 1].outputs);
  });

  it("holds at each hour the orders and levels that the exchange has, and not one more", () => {
    for (const hour of hours) {
      const { orders, indexEntries, levels, instruments } = hour;
      expect({ orders, indexEntries, levels, instruments }, `${hour.hour}`).toEqual({
        orders: hour.ordersOfVenue,
        indexEntries: hour.ordersOfVenue,
        levels: hour.levelsOfVenue,
        instruments: 500,
      });
    }
  });

  it("fragments nothing: blocks add up, and a level costs as many entries at the end as after the first hour", () => {
    for (const { blockEntries, freeBlocks, poolEntries, longestRun } of hours) {
      expect(blockEntries + freeBlocks.reduce((sum, count, sizeClass) => sum + count * 16 * 2 ** sizeClass, 0)).toBe(poolEntries);
      expect(longestRun).toBeLessThan(32);
    }
    const largest = hours.map(({ freeBlocks }) => freeBlocks.length);
    expect(Math.min(...largest)).toBe(largest[0]);
    if (!IS_WHOLE) return; // in a short day the books of rare instruments fill until the evening
    const perLevel = hours.map(({ blockEntries, levels }) => blockEntries / levels);
    for (const ratio of perLevel.slice(1)) expect(Math.abs(ratio / perLevel[1] - 1)).toBeLessThan(PER_LEVEL_DRIFT_MAX);
  });

  it("keeps no frame and no extreme longer at the end than in the night before", () => {
    const [before, after] = [hours.slice(1, 6), hours.slice(19, 24)];
    for (const of of [(hour: DayHour) => hour.openFrames, (hour: DayHour) => hour.extremes]) {
      expect(Math.max(...after.map(of))).toBeLessThan(1.25 * Math.max(...before.map(of)));
    }
  });

  it("takes no more memory at the end than after the first hour", () => {
    const [first, noon, last] = [hours[1], hours[11], hours[23]];
    const drift = {
      heap: last.heapBytes / first.heapBytes - 1,
      arenas: last.arenaBytes / first.arenaBytes - 1,
      residentSinceNoon: last.residentBytes / noon.residentBytes - 1,
    };
    console.log(`from the second hour to the last: ${JSON.stringify(drift)}, resident ${last.residentBytes - first.residentBytes} bytes more`);
    if (!IS_WHOLE) return; // V8 still optimises: a whole day's figures are those to judge
    for (const [name, part] of Object.entries(drift)) expect(part, name).toBeLessThan(DRIFT_MAX);
    expect(last.residentBytes - first.residentBytes).toBeLessThan(COMPILER_BYTES_MAX);
  });
});
