import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TestClock } from "../core/clock.ts";
import { EVENT_LEVELS, LOG_DEBUG, LOG_EVENTS, LOG_INFO, type LogEntry } from "../core/log.ts";
import { LOG_TEXT_MAX, LogReader, LogWriter, createLog } from "./log-ring.ts";

/** What an entry of this text holds: whole characters while they fit, half a pair as U+FFFD. */
function held(text: string): { text: string; truncated: boolean } {
  const encoder = new TextEncoder();
  let kept = "";
  let bytes = 0;
  for (const character of text.toWellFormed()) {
    bytes += encoder.encode(character).length;
    if (bytes > LOG_TEXT_MAX) return { text: kept, truncated: true };
    kept += character;
  }
  return { text: kept, truncated: false };
}

type Step = { kind: "event"; event: number; values: number[] } | { kind: "text"; level: number; text: string } | { kind: "take"; count: number };

const number = fc.oneof(fc.integer(), fc.maxSafeInteger(), fc.double({ noNaN: true }));
const text = fc.oneof(fc.string({ unit: "binary", maxLength: 40 }), fc.string({ unit: "grapheme", minLength: 200, maxLength: 500 }));
const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant("event" as const), event: fc.nat(LOG_EVENTS.length - 1), values: fc.array(number, { minLength: 3, maxLength: 3 }) }),
  fc.record({ kind: fc.constant("text" as const), level: fc.integer({ min: 0, max: 3 }), text }),
  fc.record({ kind: fc.constant("take" as const), count: fc.nat(5) }),
);

describe("a log against a list", () => {
  it("keeps what fits, drops the newest, counts it, and gives back what went in", () => {
    fc.assert(
      fc.property(fc.constantFrom(1, 2, 4, 8), fc.constantFrom(LOG_DEBUG, LOG_INFO), fc.array(step, { maxLength: 60 }), (entries, level, steps) => {
        const tap = createLog(level, entries);
        const clock = new TestClock();
        const writer = new LogWriter(tap, clock);
        const reader = new LogReader("fuzz", tap);
        const model: LogEntry[] = [];
        let dropped = 0;
        for (const each of steps) {
          clock.advance(1);
          if (each.kind === "take") {
            for (let i = 0; i < each.count && reader.nextTimeNs() !== null; i++) expect(reader.take()).toEqual(model.shift());
            continue;
          }
          const entryLevel = each.kind === "event" ? EVENT_LEVELS[each.event] : each.level;
          if (each.kind === "event") writer.event(each.event, each.values[0], each.values[1], each.values[2]);
          else writer.text(each.level, each.text);
          if (entryLevel < level) continue;
          if (model.length === entries) dropped++;
          else {
            const common = { timeNs: clock.now(), level: entryLevel, droppedBefore: dropped };
            if (each.kind === "event") model.push({ ...common, event: each.event, values: each.values, text: "", truncated: false });
            else model.push({ ...common, event: -1, values: [], ...held(each.text) });
          }
          expect(reader.dropped).toBe(dropped);
          expect(reader.nextTimeNs()).toBe(model[0]?.timeNs ?? null);
        }
        while (reader.nextTimeNs() !== null) expect(reader.take()).toEqual(model.shift());
        expect(model).toEqual([]);
      }),
      { seed: 20261125, numRuns: 400 },
    );
  });
});
