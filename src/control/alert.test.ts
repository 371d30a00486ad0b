import { describe, expect, it } from "vitest";
import { TestClock } from "../kernel/core/clock.ts";
import { isStreamError } from "../kernel/core/errors.ts";
import { ALERT_STATES_MAX, AlertDesk, type AlertEvent, type AlertLimit, type AlertPace } from "./alert.ts";
import { ALERT_PAGES, runbookPages, type AlertKey } from "./runbook.ts";

const SECOND = 1e9;
const FULL: AlertLimit = { key: "buffer-utilization", wrong: "above", warning: 0.8, critical: 0.9, resolved: 0.72 };
const SLOW: AlertLimit = { key: "throughput-low", wrong: "below", warning: 1000, critical: 500, resolved: 1100 };

function setUp(pace: Partial<AlertPace> = {}) {
  const clock = new TestClock(0);
  const events: AlertEvent[] = [];
  const desk = new AlertDesk(clock, { cooldownNs: 60 * SECOND, criticalCooldownNs: 30 * SECOND, maxPerMinute: 10, ...pace }, (event) => events.push(event));
  const kinds = (): string[] => events.map(({ kind, severity }) => (severity === null ? kind : `${kind} ${severity}`));
  /** One value a second. */
  const watch = (limit: AlertLimit, values: readonly (number | null)[], subject = "ring"): void => {
    for (const value of values) {
      desk.observe(limit, subject, value);
      clock.advance(SECOND);
    }
  };
  return { clock, events, desk, kinds, watch };
}

describe("an alert", () => {
  it("is raised beyond the limit, not at it, and says what was seen and which page helps", () => {
    const { desk, events, watch } = setUp();
    watch(FULL, [0.5, 0.8]);
    expect(events).toEqual([]);
    watch(FULL, [0.81]);
    expect(events).toMatchObject([
      {
        kind: "raised",
        severity: "warning",
        key: "buffer-utilization",
        subject: "ring",
        value: 0.81,
        limit: 0.8,
        at: 2 * SECOND,
        anchor: "alert-buffer-utilization",
      },
    ]);
    expect(events[0].text).toBe("warning: buffer-utilization of ring is 0.81, above 0.8");
    expect(desk.active()).toEqual([{ key: "buffer-utilization", subject: "ring", severity: "warning", since: 2 * SECOND }]);
  });

  it("is over only beyond the easier limit: a value that hovers says nothing more", () => {
    const { desk, kinds, watch } = setUp();
    watch(FULL, [0.81, 0.79, 0.73, 0.81, 0.79]);
    expect(kinds()).toEqual(["raised warning"]);
    expect(desk.active()).toHaveLength(1);
    watch(FULL, [0.72]);
    expect(kinds()).toEqual(["raised warning", "resolved warning"]);
    expect(desk.active()).toEqual([]);
  });

  it("holds for values that are too small likewise", () => {
    const { kinds, watch } = setUp();
    watch(SLOW, [1000, 999, 1050, 499, 1099, 1100]);
    expect(kinds()).toEqual(["raised warning", "escalated critical", "resolved critical"]);
  });

  it("does not change for a value that is not known", () => {
    const { desk, kinds, watch } = setUp();
    watch(FULL, [null, 0.95, null, null]);
    expect(kinds()).toEqual(["raised critical"]);
    expect(desk.active()).toHaveLength(1);
  });

  it("escalates at once, and back at the warning is a warning again", () => {
    const { events, kinds, watch } = setUp();
    watch(FULL, [0.85, 0.95, 0.85]);
    expect(kinds()).toEqual(["raised warning", "escalated critical"]);
    watch(
      FULL,
      Array.from({ length: 60 }, () => 0.85),
    );
    expect(kinds()).toEqual(["raised warning", "escalated critical", "repeated warning"]);
    expect(events.map(({ text }) => text).at(-1)).toContain("is 0.85, above 0.8");
  });
});

describe("cooldown", () => {
  it("a warning that lasts is said once a minute, a critical alert every 30 seconds", () => {
    const { events, desk, watch } = setUp();
    watch(
      FULL,
      Array.from({ length: 121 }, () => 0.85),
    );
    expect(events.map(({ at }) => at / SECOND)).toEqual([0, 60, 120]);
    expect(desk.counts()).toEqual({ said: 3, resolved: 0, cooling: 118, suppressed: 0 });
    const critical = setUp();
    critical.watch(
      FULL,
      Array.from({ length: 61 }, () => 0.95),
    );
    expect(critical.events.map(({ at }) => at / SECOND)).toEqual([0, 30, 60]);
  });

  it("belongs to the pair of alert and subject", () => {
    const { events, watch } = setUp();
    watch(FULL, [0.85], "a");
    watch(FULL, [0.85], "b");
    watch(SLOW, [1], "a");
    expect(events).toHaveLength(3);
  });

  it("an alert that comes back within it is not said, and so its end is not", () => {
    const { kinds, desk, watch } = setUp();
    watch(FULL, [0.85, 0.5, 0.85, 0.5, 0.85]);
    expect(kinds()).toEqual(["raised warning", "resolved warning"]);
    expect(desk.active()).toHaveLength(1);
  });
});

describe("the cap a minute", () => {
  it("holds for all together, and what it held back is counted in one sentence when there is room", () => {
    const { clock, events, desk, kinds } = setUp();
    for (let n = 0; n < 25; n++) desk.observe(FULL, `ring ${n}`, 0.85);
    expect(kinds()).toEqual(Array.from({ length: 10 }, () => "raised warning"));
    clock.advance(60 * SECOND - 1);
    desk.settle();
    expect(events).toHaveLength(10);
    clock.advance(1);
    desk.settle();
    expect(events).toHaveLength(11);
    expect(events[10]).toMatchObject({ kind: "suppressed", key: null, value: 15, text: "suppressed 15 alerts: at most 10 a minute" });
    desk.settle();
    expect(events).toHaveLength(11);
    expect(desk.counts()).toEqual({ said: 10, resolved: 0, cooling: 0, suppressed: 15 });
  });

  it("never lets more than ten a minute through, whatever comes", () => {
    const { clock, events, desk } = setUp({ cooldownNs: 0, criticalCooldownNs: 0 });
    for (let n = 0; n < 3000; n++) {
      desk.observe(FULL, `ring ${n % 7}`, n % 3 === 0 ? 0.95 : 0.85);
      clock.advance(SECOND / 10);
    }
    const timesOf = (kinds: readonly string[]): number[] => events.filter(({ kind }) => kinds.includes(kind)).map(({ at }) => at);
    const said = timesOf(["raised", "repeated", "escalated"]);
    expect(said.length).toBeGreaterThan(40);
    said.forEach((at, i) => expect(said[i + 10] ?? Infinity).toBeGreaterThanOrEqual(at + 60 * SECOND));
    const settled = timesOf(["suppressed"]);
    expect(settled.length).toBeGreaterThan(3);
    settled.forEach((at, i) => expect(settled[i + 1] ?? Infinity).toBeGreaterThanOrEqual(at + 60 * SECOND));
    expect(desk.counts().suppressed + desk.counts().said).toBe(3000);
  });

  it("the number held back is said once a minute at most, and takes no room from alerts", () => {
    const { clock, events, desk } = setUp({ maxPerMinute: 2 });
    const at = (second: number, subject: string): void => {
      clock.advance(second * SECOND - clock.now());
      desk.observe(FULL, subject, 0.85);
    };
    [0, 30, 40, 60, 61, 90, 91, 120].forEach((second) => at(second, `ring ${second}`));
    expect(events.map((event) => `${event.kind} ${event.at / SECOND} ${event.key === null ? event.value : event.subject}`)).toEqual([
      "raised 0 ring 0",
      "raised 30 ring 30",
      "suppressed 60 1",
      "raised 60 ring 60",
      "raised 90 ring 90",
      "suppressed 120 2",
      "raised 120 ring 120",
    ]);
  });

  it("ends are said for what was said, and for nothing else", () => {
    const { desk, events } = setUp();
    for (let n = 0; n < 12; n++) desk.observe(FULL, `ring ${n}`, 0.85);
    for (let n = 0; n < 12; n++) desk.observe(FULL, `ring ${n}`, 0.1);
    expect(events.filter(({ kind }) => kind === "resolved").map(({ subject }) => subject)).toEqual(Array.from({ length: 10 }, (_, n) => `ring ${n}`));
  });
});

describe("what is not watched any more", () => {
  it("is over, and forgotten", () => {
    const { desk, events, watch } = setUp();
    watch(SLOW, [1]);
    desk.end("throughput-low", "ring");
    desk.end("throughput-low", "nobody");
    expect(events.at(-1)).toMatchObject({ kind: "resolved", value: null, text: "resolved: throughput-low of ring is not watched now" });
    expect(desk.active()).toEqual([]);
    watch(SLOW, [1]);
    expect(events).toHaveLength(3);
  });

  it("pairs are bounded", () => {
    const { desk } = setUp();
    for (let n = 0; n < ALERT_STATES_MAX; n++) desk.observe(FULL, `${n}`, 0);
    expect(() => desk.observe(FULL, "one more", 0)).toThrow(expect.toSatisfy((error: unknown) => isStreamError(error, "MAP_CAPACITY")));
  });
});

it("every alert's address is that of a page of the runbook", () => {
  const anchors = runbookPages().map(({ anchor }) => anchor);
  for (const key of Object.keys(ALERT_PAGES) as AlertKey[]) {
    const { events, desk } = setUp();
    desk.observe({ ...FULL, key }, "x", 1);
    expect(anchors).toContain(events[0].anchor);
  }
});
