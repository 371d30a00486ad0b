import { describe, expect, it } from "vitest";
import { TestClock } from "../kernel/core/clock.ts";
import { StreamError } from "../kernel/core/errors.ts";
import { asyncStep, SHUTDOWN_ORDER, ShutdownController } from "./shutdown.ts";

const ALWAYS = new Set<string>(["stop-intake", "close"]);

/** A full system whose steps need the given numbers of polls; Infinity never ends. */
function setUp(polls: Partial<Record<(typeof SHUTDOWN_ORDER)[number], number>> = {}) {
  const clock = new TestClock();
  const log: string[] = [];
  const steps = SHUTDOWN_ORDER.map((name) => {
    let left = polls[name] ?? 1;
    return {
      name,
      always: ALWAYS.has(name),
      poll: () => {
        log.push(name);
        left -= 1;
        return left <= 0;
      },
    };
  });
  const shutdown = new ShutdownController({ clock, steps, deadlineNs: 1000, fastDeadlineNs: 100 });
  const outcomes = () => Object.fromEntries(shutdown.report().steps.map((step) => [step.name, step.outcome]));
  return { clock, log, shutdown, outcomes };
}

describe("a shutdown", () => {
  it("does nothing before it is asked for", () => {
    const { shutdown, log } = setUp();
    expect([shutdown.poll(), shutdown.state, log]).toEqual([false, "idle", []]);
  });

  it("runs its steps in order: stop intake, drain, checkpoint, flush, close", () => {
    const { shutdown, log } = setUp();
    shutdown.request("SIGTERM");
    expect(shutdown.poll()).toBe(true);
    expect(log).toEqual(["stop-intake", "drain", "checkpoint", "flush", "close"]);
    expect(shutdown.report()).toMatchObject({ state: "stopped", clean: true, causes: ["SIGTERM"] });
  });

  it("begins no step before the one before is done", () => {
    const { shutdown, log } = setUp({ drain: 3 });
    shutdown.request("SIGTERM");
    expect(shutdown.poll()).toBe(false);
    expect(log).toEqual(["stop-intake", "drain"]);
    expect(shutdown.poll()).toBe(false);
    expect(shutdown.poll()).toBe(true);
    expect(log).toEqual(["stop-intake", "drain", "drain", "drain", "checkpoint", "flush", "close"]);
  });

  it("runs each step that is done once only, however often it is polled", () => {
    const { shutdown, log } = setUp();
    shutdown.request("SIGTERM");
    for (let i = 0; i < 5; i++) shutdown.poll();
    expect(log).toHaveLength(5);
  });

  it("says how long each step took", () => {
    const { shutdown, clock } = setUp({ drain: 2 });
    shutdown.request("SIGTERM");
    shutdown.poll();
    clock.advance(300);
    shutdown.poll();
    expect(shutdown.report().steps.map((step) => step.tookNs)).toEqual([0, 300, 0, 0, 0]);
  });

  it("without steps is over at once", () => {
    const shutdown = new ShutdownController({ clock: new TestClock(), steps: [] });
    shutdown.request("done");
    expect([shutdown.poll(), shutdown.report().clean]).toEqual([true, true]);
  });
});

describe("a step that fails", () => {
  it("is reported, and the next ones run", () => {
    const clock = new TestClock();
    const fault = new Error("disk");
    const ran: string[] = [];
    const shutdown = new ShutdownController({
      clock,
      steps: [
        {
          name: "checkpoint",
          poll: () => {
            throw fault;
          },
        },
        { name: "close", poll: () => ran.push("close") > 0 },
      ],
    });
    shutdown.request("SIGTERM");
    expect(shutdown.poll()).toBe(true);
    expect(ran).toEqual(["close"]);
    expect(shutdown.report()).toMatchObject({ clean: false, steps: [{ outcome: "failed", error: fault }, { outcome: "done" }] });
  });
});

describe("the deadline", () => {
  it("gives up the step in progress and what only saves work, and closes", () => {
    const { shutdown, clock, outcomes } = setUp({ drain: Infinity });
    shutdown.request("SIGTERM");
    shutdown.poll();
    clock.advance(999);
    expect(shutdown.poll()).toBe(false);
    clock.advance(1);
    expect(shutdown.poll()).toBe(true);
    expect(outcomes()).toEqual({ "stop-intake": "done", drain: "timed-out", checkpoint: "skipped", flush: "skipped", close: "done" });
    expect(shutdown.report().clean).toBe(false);
  });

  it("counts from the request, for all steps together", () => {
    const { shutdown, clock, outcomes } = setUp({ drain: 2, checkpoint: Infinity });
    clock.advance(5000);
    shutdown.request("SIGTERM");
    shutdown.poll();
    clock.advance(600);
    shutdown.poll();
    clock.advance(400);
    shutdown.poll();
    expect(outcomes()).toMatchObject({ drain: "done", checkpoint: "timed-out", flush: "skipped" });
  });

  it("has a second one, so that closing cannot hang either", () => {
    const { shutdown, clock, outcomes } = setUp({ drain: Infinity, close: Infinity });
    shutdown.request("SIGTERM");
    shutdown.poll();
    clock.advance(1000);
    expect(shutdown.poll()).toBe(false);
    clock.advance(100);
    expect(shutdown.poll()).toBe(true);
    expect(outcomes()).toMatchObject({ drain: "timed-out", close: "timed-out" });
  });

  it("gives a step that must run its time even when it was the one in progress", () => {
    const { shutdown, clock, outcomes } = setUp({ "stop-intake": 4 });
    shutdown.request("SIGTERM");
    shutdown.poll();
    clock.advance(1000);
    shutdown.poll();
    expect(shutdown.state).toBe("fast");
    expect(shutdown.poll()).toBe(true);
    expect(outcomes()).toEqual({ "stop-intake": "done", drain: "skipped", checkpoint: "skipped", flush: "skipped", close: "done" });
  });
});

describe("a second request", () => {
  it("is the fast stop: what only saves work is skipped", () => {
    const { shutdown, log, outcomes } = setUp({ drain: Infinity });
    shutdown.request("SIGINT");
    shutdown.poll();
    shutdown.request("SIGINT");
    expect(shutdown.state).toBe("fast");
    expect(shutdown.poll()).toBe(true);
    expect(log).toEqual(["stop-intake", "drain", "close"]);
    expect(outcomes()).toEqual({ "stop-intake": "done", drain: "skipped", checkpoint: "skipped", flush: "skipped", close: "done" });
  });

  it("before the first poll still stops the intake and closes", () => {
    const { shutdown, log } = setUp();
    shutdown.request("SIGINT");
    shutdown.request("SIGINT");
    expect(shutdown.poll()).toBe(true);
    expect(log).toEqual(["stop-intake", "close"]);
  });

  it("and a third, and one after the end, change nothing", () => {
    const { shutdown, log } = setUp({ close: 2 });
    for (let i = 0; i < 3; i++) shutdown.request("SIGINT");
    shutdown.poll();
    shutdown.request("SIGINT");
    shutdown.poll();
    expect(shutdown.state).toBe("stopped");
    shutdown.request("SIGTERM");
    expect([shutdown.state, shutdown.poll()]).toEqual(["stopped", true]);
    expect(log).toEqual(["stop-intake", "close", "close"]);
    expect(shutdown.report().causes).toEqual(["SIGINT", "SIGINT", "SIGINT", "SIGINT", "SIGTERM"]);
  });

  it("from inside a step lets that step finish", () => {
    const clock = new TestClock();
    const shutdown: ShutdownController = new ShutdownController({
      clock,
      steps: [
        {
          name: "drain",
          poll: () => {
            shutdown.request("again");
            expect(shutdown.poll()).toBe(false);
            return true;
          },
        },
        { name: "flush", poll: () => true },
      ],
    });
    shutdown.request("once");
    expect(shutdown.poll()).toBe(true);
    expect(shutdown.report().steps.map((step) => step.outcome)).toEqual(["done", "skipped"]);
  });
});

describe("an asynchronous step", () => {
  it("starts once and is done when its promise has settled", async () => {
    let starts = 0;
    const gate = Promise.withResolvers<void>();
    const step = asyncStep("flush", () => {
      starts += 1;
      return gate.promise;
    });
    expect([step.poll(), step.poll(), starts]).toEqual([false, false, 1]);
    gate.resolve();
    await gate.promise;
    expect([step.poll(), starts]).toEqual([true, 1]);
  });

  it("fails with what its promise was rejected with", async () => {
    const fault = new Error("network");
    const step = asyncStep("flush", () => Promise.reject(fault));
    const shutdown = new ShutdownController({ clock: new TestClock(), steps: [step] });
    shutdown.request("SIGTERM");
    expect(shutdown.poll()).toBe(false);
    await Promise.resolve();
    await Promise.resolve();
    expect(shutdown.poll()).toBe(true);
    expect(shutdown.report().steps[0]).toMatchObject({ outcome: "failed", error: fault });
  });

  it("can be one that must always run", () => {
    expect([asyncStep("close", async () => {}, true).always, asyncStep("flush", async () => {}).always]).toEqual([true, false]);
  });
});

it.each([{ deadlineNs: 0 }, { fastDeadlineNs: -1 }, { deadlineNs: Number.NaN }])("refuses %j", (options) => {
  expect(() => new ShutdownController({ clock: new TestClock(), steps: [], ...options })).toThrow(StreamError);
});

it("refuses two steps of one name", () => {
  const step = { name: "a", poll: () => true };
  expect(() => new ShutdownController({ clock: new TestClock(), steps: [step, step] })).toThrow(StreamError);
});
