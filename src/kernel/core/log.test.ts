import { describe, expect, it } from "vitest";
import * as log from "./log.ts";
import { EVENT_LEVELS, LOG_EVENTS, LOG_LEVELS, NoLog, isWorthALine, logLevelOf, type LogObserver } from "./log.ts";

describe("the list of events", () => {
  it("has each event at the number that its constant says, under the name that the constant has", () => {
    const constants = Object.entries(log).filter(([name]) => name.startsWith("EVENT_") && name !== "EVENT_LEVELS");
    expect(constants.map(([, number]) => number)).toEqual(LOG_EVENTS.map((_, index) => index));
    const names = constants.map(([name]) => name.replace("EVENT_", "").toLowerCase().replaceAll("_", "-"));
    expect(names).toEqual(LOG_EVENTS.map((event) => event.name));
  });

  it("has a level for each event, and texts that use the three numbers at most", () => {
    expect([...EVENT_LEVELS]).toEqual(LOG_EVENTS.map((event) => event.level));
    for (const { level, text } of LOG_EVENTS) {
      expect(level).toBeLessThan(log.LOG_OFF);
      for (const [, index] of text.matchAll(/\{(\d+)[^}]*\}/g)) expect(Number(index)).toBeLessThan(3);
    }
  });
});

describe("levels", () => {
  it("have names, and a name that is none is -1", () => {
    expect(LOG_LEVELS.map(logLevelOf)).toEqual([0, 1, 2, 3, 4]);
    expect(logLevelOf("loud")).toBe(-1);
  });
});

describe("what repeats without end", () => {
  it("is worth a line the first time and each time its count has doubled", () => {
    expect([1, 2, 3, 4, 5, 6, 7, 8, 9, 1023, 1024, 2 ** 30, 2 ** 30 + 1].filter(isWorthALine)).toEqual([1, 2, 4, 8, 1024, 2 ** 30]);
  });
});

describe("the log that does nothing", () => {
  it("takes every call and keeps nothing", () => {
    const none: LogObserver = new NoLog();
    none.event(0, 1, 2, 3);
    none.text(3, "nothing");
    expect(Object.keys(none)).toEqual([]);
  });
});
