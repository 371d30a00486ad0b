import { describe, expect, it } from "vitest";
import { TestClock } from "../core/clock.ts";
import { isStreamError, StreamError } from "../core/errors.ts";
import { HISTORY_MAX, isValidTransition, Lifecycle, type LifecycleChange, REASON_UNSPECIFIED, REASONS_MAX } from "./machine.ts";
import { type LifecycleState, STATE_READY, stateOf, StateWord } from "./state-word.ts";

const STATES: readonly LifecycleState[] = ["INIT", "WARMUP", "READY", "DEGRADED"];
const VALID = ["INIT>WARMUP", "WARMUP>READY", "WARMUP>DEGRADED", "READY>DEGRADED", "DEGRADED>READY", "DEGRADED>WARMUP"];
const PATHS: Record<LifecycleState, readonly LifecycleState[]> = {
  INIT: [],
  WARMUP: ["WARMUP"],
  READY: ["WARMUP", "READY"],
  DEGRADED: ["WARMUP", "READY", "DEGRADED"],
};

function lifecycleIn(state: LifecycleState, clock: TestClock = new TestClock()): Lifecycle {
  const lifecycle = new Lifecycle(clock);
  for (const next of PATHS[state]) lifecycle.transition(next);
  return lifecycle;
}

function errorOf(body: () => unknown): StreamError {
  try {
    body();
  } catch (error) {
    if (error instanceof StreamError) return error;
  }
  throw new Error("expected a StreamError");
}

describe("transitions", () => {
  const pairs = STATES.flatMap((from) => STATES.map((to) => ({ from, to, valid: VALID.includes(`${from}>${to}`) })));

  it.each(pairs.filter((pair) => pair.valid))("$from may become $to", ({ from, to }) => {
    const lifecycle = lifecycleIn(from);
    expect(lifecycle.canTransition(to)).toBe(true);
    lifecycle.transition(to);
    expect(lifecycle.state).toBe(to);
    expect(isValidTransition(from, to)).toBe(true);
  });

  it.each(pairs.filter((pair) => !pair.valid))("$from may not become $to, and stays $from", ({ from, to }) => {
    const lifecycle = lifecycleIn(from);
    const before = lifecycle.history.length;
    expect(lifecycle.canTransition(to)).toBe(false);
    const error = errorOf(() => lifecycle.transition(to));
    expect(error.code).toBe("LIFECYCLE_TRANSITION");
    expect(error.details).toMatchObject({ from, to });
    expect(lifecycle.state).toBe(from);
    expect(lifecycle.history).toHaveLength(before);
    expect(isValidTransition(from, to)).toBe(false);
  });

  it("begins in INIT with no reason and no history", () => {
    const lifecycle = new Lifecycle(new TestClock());
    expect([lifecycle.state, lifecycle.isReady, lifecycle.reasons, lifecycle.history]).toEqual(["INIT", false, [], []]);
  });

  it("is ready in READY only", () => {
    expect(STATES.map((state) => lifecycleIn(state).isReady)).toEqual([false, false, true, false]);
  });

  it("names in its refusal what would have been allowed", () => {
    expect(errorOf(() => lifecycleIn("WARMUP").transition("INIT")).message).toBe("expected READY or DEGRADED after WARMUP, got INIT");
  });
});

describe("the state word of a lifecycle", () => {
  it.each(STATES)("shows %s", (state) => {
    expect(lifecycleIn(state).word.load()).toBe(stateOf(state));
  });

  it("is the one that was given, set to INIT", () => {
    const word = StateWord.create();
    word.store(STATE_READY);
    const lifecycle = new Lifecycle(new TestClock(), word);
    expect(lifecycle.word).toBe(word);
    expect(word.load()).toBe(stateOf("INIT"));
  });

  it("is written before any listener hears of the change", () => {
    const lifecycle = lifecycleIn("WARMUP");
    const seen: number[] = [];
    lifecycle.onChange(() => seen.push(lifecycle.word.load()));
    lifecycle.transition("READY");
    expect(seen).toEqual([STATE_READY]);
  });

  it("does not change on a refused transition", () => {
    const lifecycle = lifecycleIn("READY");
    expect(() => lifecycle.transition("WARMUP")).toThrow();
    expect(lifecycle.word.load()).toBe(STATE_READY);
  });
});

describe("reasons", () => {
  it("make READY DEGRADED, and end with it", () => {
    const lifecycle = lifecycleIn("READY");
    expect(lifecycle.addReason("outage")).toBe(true);
    expect([lifecycle.state, lifecycle.reasons]).toEqual(["DEGRADED", ["outage"]]);
    expect(lifecycle.removeReason("outage")).toBe(true);
    expect([lifecycle.state, lifecycle.reasons]).toEqual(["READY", []]);
  });

  it("lead back to WARMUP when they came during the warm-up", () => {
    const lifecycle = lifecycleIn("WARMUP");
    lifecycle.addReason("outage");
    lifecycle.removeReason("outage");
    expect(lifecycle.state).toBe("WARMUP");
  });

  it("are a set: the last one to end ends DEGRADED, in whatever order", () => {
    for (const order of [
      ["a", "b", "c"],
      ["c", "a", "b"],
      ["b", "c", "a"],
    ]) {
      const lifecycle = lifecycleIn("READY");
      for (const reason of ["a", "b", "c"]) lifecycle.addReason(reason);
      const states = order.map((reason) => {
        lifecycle.removeReason(reason);
        return lifecycle.state;
      });
      expect(states).toEqual(["DEGRADED", "DEGRADED", "READY"]);
    }
  });

  it("given twice count once", () => {
    const lifecycle = lifecycleIn("READY");
    lifecycle.addReason("a");
    expect(lifecycle.addReason("a")).toBe(false);
    expect(lifecycle.history.filter((change) => change.to === "DEGRADED")).toHaveLength(1);
    lifecycle.removeReason("a");
    expect(lifecycle.state).toBe("READY");
  });

  it("that are not there cannot be removed, and nothing happens", () => {
    const lifecycle = lifecycleIn("READY");
    lifecycle.addReason("a");
    const before = lifecycle.history.length;
    expect(lifecycle.removeReason("b")).toBe(false);
    expect([lifecycle.state, lifecycle.history.length]).toEqual(["DEGRADED", before]);
  });

  it("cannot come in INIT", () => {
    const lifecycle = lifecycleIn("INIT");
    expect(errorOf(() => lifecycle.addReason("a")).code).toBe("LIFECYCLE_TRANSITION");
    expect(lifecycle.reasons).toEqual([]);
  });

  it("forbid leaving DEGRADED by a transition, and are named", () => {
    const lifecycle = lifecycleIn("READY");
    lifecycle.addReason("a");
    lifecycle.addReason("b");
    for (const to of ["READY", "WARMUP"] as const) {
      expect(lifecycle.canTransition(to)).toBe(false);
      const error = errorOf(() => lifecycle.transition(to));
      expect([error.code, error.details["reasons"]]).toEqual(["LIFECYCLE_TRANSITION", "a, b"]);
    }
    expect(lifecycle.state).toBe("DEGRADED");
  });

  it("default to one that a confirmed recovery ends", () => {
    const lifecycle = lifecycleIn("DEGRADED");
    expect(lifecycle.reasons).toEqual([REASON_UNSPECIFIED]);
    lifecycle.transition("READY");
    expect([lifecycle.state, lifecycle.reasons]).toEqual(["READY", []]);
  });

  it("given with a transition to DEGRADED join the set", () => {
    const lifecycle = lifecycleIn("READY");
    lifecycle.transition("DEGRADED", "disk");
    expect(lifecycle.hasReason("disk")).toBe(true);
    lifecycle.removeReason("disk");
    expect(lifecycle.state).toBe("READY");
  });

  it("can ask for a full restart, even when they are not the last to end", () => {
    const lifecycle = lifecycleIn("READY");
    lifecycle.addReason("books-lost");
    lifecycle.addReason("outage");
    lifecycle.removeReason("books-lost", "WARMUP");
    expect(lifecycle.state).toBe("DEGRADED");
    lifecycle.removeReason("outage");
    expect(lifecycle.state).toBe("WARMUP");
  });

  it("ask for a restart once only", () => {
    const lifecycle = lifecycleIn("READY");
    lifecycle.addReason("a");
    lifecycle.removeReason("a", "WARMUP");
    lifecycle.transition("READY");
    lifecycle.addReason("b");
    lifecycle.removeReason("b");
    expect(lifecycle.state).toBe("READY");
  });

  it("are bounded in number", () => {
    const lifecycle = lifecycleIn("READY");
    for (let i = 0; i < REASONS_MAX; i++) lifecycle.addReason(`r${i}`);
    expect(errorOf(() => lifecycle.addReason("one too many")).code).toBe("VALUE_RANGE");
    expect(lifecycle.reasons).toHaveLength(REASONS_MAX);
  });

  it("must say something", () => {
    const lifecycle = lifecycleIn("READY");
    expect(errorOf(() => lifecycle.addReason("")).code).toBe("VALUE_RANGE");
    expect(lifecycle.state).toBe("READY");
  });
});

describe("the history", () => {
  it("tells of each change from, to, reasons, sequence and time", () => {
    const clock = new TestClock(1000);
    const lifecycle = new Lifecycle(clock);
    lifecycle.transition("WARMUP");
    clock.advance(5);
    lifecycle.transition("READY");
    clock.advance(7);
    lifecycle.addReason("outage");
    expect(lifecycle.history).toEqual([
      { from: "INIT", to: "WARMUP", reasons: [], sequence: 1, at: 1000 },
      { from: "WARMUP", to: "READY", reasons: [], sequence: 2, at: 1005 },
      { from: "READY", to: "DEGRADED", reasons: ["outage"], sequence: 3, at: 1012 },
    ]);
  });

  it("tells when only the reasons changed", () => {
    const lifecycle = lifecycleIn("READY");
    lifecycle.addReason("a");
    lifecycle.addReason("b");
    lifecycle.removeReason("a");
    expect(lifecycle.history.slice(-2).map((change) => [change.from, change.to, ...change.reasons])).toEqual([
      ["DEGRADED", "DEGRADED", "a", "b"],
      ["DEGRADED", "DEGRADED", "b"],
    ]);
  });

  it("cannot be changed by who reads it", () => {
    const lifecycle = lifecycleIn("DEGRADED");
    (lifecycle.history as LifecycleChange[]).length = 0;
    (lifecycle.reasons as string[]).length = 0;
    expect(lifecycle.history).toHaveLength(3);
    expect(lifecycle.reasons).toHaveLength(1);
    expect(() => {
      (lifecycle.history[0] as { to: string }).to = "READY";
    }).toThrow(TypeError);
  });

  it("is bounded, and counts what it forgot", () => {
    const lifecycle = lifecycleIn("READY");
    for (let i = 0; i < HISTORY_MAX; i++) {
      lifecycle.transition("DEGRADED");
      lifecycle.transition("READY");
    }
    expect(lifecycle.history).toHaveLength(HISTORY_MAX);
    expect(lifecycle.forgottenChanges).toBe(HISTORY_MAX + 2);
    expect(lifecycle.history.at(-1)?.sequence).toBe(2 * HISTORY_MAX + 2);
  });
});

describe("listeners", () => {
  it("hear each change once, in order", () => {
    const lifecycle = lifecycleIn("INIT");
    const heard: string[] = [];
    lifecycle.onChange((change) => heard.push(`${change.sequence}:${change.from}>${change.to}`));
    lifecycle.transition("WARMUP");
    lifecycle.transition("READY");
    expect(heard).toEqual(["1:INIT>WARMUP", "2:WARMUP>READY"]);
  });

  it("hear nothing more once they have ended, and nothing of a refused change", () => {
    const lifecycle = lifecycleIn("WARMUP");
    let heard = 0;
    const end = lifecycle.onChange(() => heard++);
    expect(() => lifecycle.transition("INIT")).toThrow();
    end();
    lifecycle.transition("READY");
    expect(heard).toBe(0);
  });

  it("that throw neither stop the change nor the others, and are counted", () => {
    const lifecycle = lifecycleIn("WARMUP");
    const fault = new Error("listener");
    let heard = 0;
    lifecycle.onChange(() => {
      throw fault;
    });
    lifecycle.onChange(() => heard++);
    lifecycle.transition("READY");
    expect([lifecycle.state, heard, lifecycle.listenerFailures, lifecycle.lastListenerFailure]).toEqual(["READY", 1, 1, fault]);
  });

  it("that cause a change do not overtake the others", () => {
    const lifecycle = lifecycleIn("WARMUP");
    const heard: string[] = [];
    lifecycle.onChange((change) => {
      if (change.to === "READY") lifecycle.addReason("gate");
    });
    lifecycle.onChange((change) => heard.push(change.to));
    lifecycle.transition("READY");
    expect(heard).toEqual(["READY", "DEGRADED"]);
    expect(lifecycle.state).toBe("DEGRADED");
  });

  it("that answer each other without end are taken for a fault", () => {
    const lifecycle = lifecycleIn("READY");
    lifecycle.onChange((change) => lifecycle.transition(change.to === "READY" ? "DEGRADED" : "READY"));
    expect(() => lifecycle.transition("DEGRADED")).toThrow(expect.toSatisfy((error: unknown) => isStreamError(error, "INVARIANT")));
  });
});
