import { describe, expect, it } from "vitest";
import { isStreamError } from "../kernel/core/errors.ts";
import {
  ACTION_BREACH,
  ACTION_HALT,
  ACTION_IMBALANCE,
  ACTION_QUOTE,
  ACTION_RESUME,
  ACTION_SHOCK,
  actionMessages,
  compileSchedule,
  findScenario,
  IntensityCurve,
  naturalDurationNs,
  scenarioNames,
} from "./scenario.ts";

const SECOND = 1_000_000_000;

describe("the scenarios", () => {
  it("are known by name, with demo first", () => {
    expect(scenarioNames()).toEqual(["demo", "open", "calm", "close", "burst-10x", "flash-crash", "news-shock", "halt", "market-halt", "day-24h"]);
  });

  it("are refused by an unknown name with the names allowed", () => {
    let caught: unknown;
    try {
      findScenario("crash");
    } catch (error) {
      caught = error;
    }
    expect(isStreamError(caught, "USAGE")).toBe(true);
    for (const name of scenarioNames()) expect(String(caught)).toContain(name);
  });

  it("are drawn over their whole length and have an intensity whose mean is one", () => {
    for (const name of scenarioNames()) {
      const spec = findScenario(name);
      expect(spec.intensity[0][0]).toBe(0);
      expect(spec.intensity.at(-1)![0]).toBe(spec.seconds);
      const curve = new IntensityCurve(spec, naturalDurationNs(spec));
      let sum = 0;
      for (let i = 0; i < 10_000; i++) sum += curve.at(((i + 0.5) / 10_000) * naturalDurationNs(spec));
      expect(sum / 10_000).toBeCloseTo(1, 2);
    }
  });

  it("have schedules in time order, within their length, that scale with it", () => {
    for (const name of scenarioNames()) {
      const spec = findScenario(name);
      const actions = compileSchedule(spec, naturalDurationNs(spec), 40);
      const stretched = compileSchedule(spec, naturalDurationNs(spec) * 2, 40);
      expect(actions.every((action, i) => i === 0 || action.timeNs >= actions[i - 1].timeNs)).toBe(true);
      expect(actions.every((action) => action.timeNs <= naturalDurationNs(spec) && action.instrument < 40)).toBe(true);
      expect(stretched.map((action) => action.action)).toEqual(actions.map((action) => action.action));
      expect(stretched.every((action, i) => Math.abs(action.timeNs - 2 * actions[i].timeNs) <= 1)).toBe(true);
      expect(actionMessages(spec, 40) >= actions.length).toBe(true);
    }
  });
});

describe("a schedule", () => {
  it("moves a shock to its depth and back in equal steps", () => {
    const spec = findScenario("flash-crash");
    const shocks = compileSchedule(spec, naturalDurationNs(spec), 300).filter((action) => action.action === ACTION_SHOCK);
    const first = shocks.filter((action) => action.instrument === 0);
    expect(new Set(shocks.map((action) => action.instrument)).size).toBe(10);
    expect(Math.min(...first.map((action) => action.value))).toBe(-80_000);
    expect(first.find((action) => action.value === -80_000)!.timeNs).toBe(5 * SECOND);
    expect(first.at(-1)).toEqual({ timeNs: 8.5 * SECOND, action: ACTION_SHOCK, instrument: 0, value: 0 });
  });

  it("halts, quotes, announces and resumes in this order", () => {
    const spec = findScenario("halt");
    const kinds = compileSchedule(spec, naturalDurationNs(spec), 300).map((action) => action.action);
    const announced = [ACTION_IMBALANCE, ACTION_IMBALANCE, ACTION_IMBALANCE, ACTION_IMBALANCE];
    expect(kinds).toEqual([ACTION_HALT, ACTION_QUOTE, ...announced, ACTION_RESUME]);
  });

  it("reports the breach before it stops the whole market", () => {
    const spec = findScenario("market-halt");
    const actions = compileSchedule(spec, naturalDurationNs(spec), 30);
    const breach = actions.findIndex((action) => action.action === ACTION_BREACH);
    const halts = actions.filter((action) => action.action === ACTION_HALT);
    expect(actions.findIndex((action) => action.action === ACTION_HALT)).toBe(breach + 1);
    expect(halts.length).toBe(30);
    expect(halts.every((action) => action.value === 1)).toBe(true);
  });

  it("keeps to the instruments there are", () => {
    const spec = findScenario("halt");
    expect(compileSchedule(spec, naturalDurationNs(spec), 1).every((action) => action.instrument === 0)).toBe(true);
  });
});
