import { describe, expect, it } from "vitest";
import { TestClock } from "../../kernel/core/clock.ts";
import { StreamError } from "../../kernel/core/errors.ts";
import type { Nanos } from "../../kernel/core/units.ts";
import { Lifecycle } from "../../kernel/lifecycle/machine.ts";
import type { LifecycleState } from "../../kernel/lifecycle/state-word.ts";
import { RingBuffer } from "../../kernel/ring/ring-buffer.ts";
import { Ack, Executor, NoOpSink, type ObservabilitySink } from "./executor.ts";

/** A clock that moves by one at each reading. */
class TickingClock {
  private time = 100;
  now(): Nanos {
    this.time += 1;
    return this.time as Nanos;
  }
  stamp(times: Float64Array, at: number): void {
    times[at] = this.now();
  }
}

const PATHS: Record<LifecycleState, readonly LifecycleState[]> = {
  INIT: [],
  WARMUP: ["WARMUP"],
  READY: ["WARMUP", "READY"],
  DEGRADED: ["WARMUP", "READY", "DEGRADED"],
};

function setUp(state: LifecycleState, sink?: ObservabilitySink<string>, capacity = 4) {
  const ring = new RingBuffer<string>(capacity);
  const lifecycle = new Lifecycle(new TestClock());
  for (const next of PATHS[state]) lifecycle.transition(next);
  return { ring, lifecycle, executor: new Executor(ring, lifecycle, sink, new TickingClock()) };
}

function errorOf(body: () => unknown): StreamError {
  try {
    body();
  } catch (error) {
    if (error instanceof StreamError) return error;
  }
  throw new Error("expected a StreamError");
}

describe("the executor and the lifecycle", () => {
  it("refuses in INIT and takes nothing", () => {
    const { ring, lifecycle, executor } = setUp("INIT");
    ring.publish("a");
    expect(errorOf(() => executor.process()).code).toBe("LIFECYCLE_NOT_READY");
    expect([executor.cursor(), executor.available()]).toEqual([0, 1]);
    lifecycle.transition("WARMUP");
    expect(executor.process()?.seq).toBe(0);
  });

  it("refuses in INIT even when there is no event", () => {
    expect(errorOf(() => setUp("INIT").executor.process()).code).toBe("LIFECYCLE_NOT_READY");
  });

  it.each([
    ["WARMUP", false],
    ["READY", true],
    ["DEGRADED", false],
  ] as const)("in %s it processes with executed %s", (state, executed) => {
    const { ring, executor } = setUp(state);
    ring.publish("a");
    expect(executor.process()?.executed).toBe(executed);
    expect(executor.cursor()).toBe(1);
  });

  it("follows the state from one event to the next", () => {
    const { ring, lifecycle, executor } = setUp("WARMUP", undefined, 8);
    for (let i = 0; i < 5; i++) ring.publish("a");
    const executed = [executor.process()?.executed];
    lifecycle.transition("READY");
    executed.push(executor.process()?.executed);
    lifecycle.addReason("outage");
    executed.push(executor.process()?.executed);
    lifecycle.removeReason("outage");
    executed.push(executor.process()?.executed);
    lifecycle.transition("DEGRADED");
    lifecycle.transition("WARMUP");
    executed.push(executor.process()?.executed);
    expect(executed).toEqual([false, true, false, true, false]);
  });

  it("does not change the state", () => {
    const { ring, lifecycle, executor } = setUp("READY");
    ring.publish("a");
    const before = lifecycle.history.length;
    executor.process();
    expect([lifecycle.state, lifecycle.history.length]).toEqual(["READY", before]);
  });
});

describe("one call of process", () => {
  it("answers null at once when there is no event", () => {
    const { executor } = setUp("READY");
    expect([executor.process(), executor.process(), executor.cursor()]).toEqual([null, null, 0]);
  });

  it("takes exactly one event", () => {
    const { ring, executor } = setUp("READY");
    ring.publish("a");
    ring.publish("b");
    executor.process();
    expect([executor.cursor(), executor.available()]).toEqual([1, 1]);
  });

  it("acks events in order with the sequence of the ring", () => {
    const { ring, executor } = setUp("READY");
    const published = ["a", "b", "c"].map((event) => ring.publish(event));
    expect(published.map(() => executor.process()?.seq)).toEqual(published);
  });

  it("reads the decision before the completion", () => {
    const { ring, executor } = setUp("READY");
    ring.publish("a");
    const ack = executor.process();
    expect([ack?.decisionTs, ack?.completionTs]).toEqual([101, 102]);
  });

  it("has times that never go back from ack to ack", () => {
    const { ring, executor } = setUp("READY");
    ring.publish("a");
    ring.publish("b");
    const [first, second] = [executor.process(), executor.process()];
    expect(second?.decisionTs).toBeGreaterThan(first?.completionTs as number);
  });

  it("gives an ack that the caller may keep", () => {
    const { ring, executor } = setUp("READY");
    ring.publish("a");
    ring.publish("b");
    const first = executor.process();
    executor.process();
    expect(first).toEqual(new Ack(0, 101 as Nanos, 102 as Nanos, true));
  });

  it("works with the machine's clock by default", () => {
    const ring = new RingBuffer<string>(2);
    const lifecycle = new Lifecycle();
    lifecycle.transition("WARMUP");
    const executor = new Executor(ring, lifecycle);
    ring.publish("a");
    const ack = executor.process();
    expect(ack?.completionTs).toBeGreaterThanOrEqual(ack?.decisionTs as number);
  });
});

describe("an executor that falls behind", () => {
  it("is told what it lost", () => {
    const { ring, executor } = setUp("READY");
    for (let i = 0; i < 6; i++) ring.publish(`${i}`);
    const error = errorOf(() => executor.process());
    expect([error.code, error.details["lostFrom"], error.details["lostTo"]]).toEqual(["RING_OVERRUN", 0, 1]);
    expect(executor.cursor()).toBe(0);
  });

  it("goes on at the head after a reset", () => {
    const { ring, executor } = setUp("READY");
    for (let i = 0; i < 6; i++) ring.publish(`${i}`);
    expect(executor.resetToHead()).toBe(6);
    expect(executor.process()).toBeNull();
    ring.publish("6");
    expect(executor.process()?.seq).toBe(6);
    expect(executor.lost()).toBe(6);
  });

  it("goes on at the oldest event if asked to", () => {
    const { ring, executor } = setUp("READY");
    for (let i = 0; i < 6; i++) ring.publish(`${i}`);
    expect(executor.resetToOldest()).toBe(2);
    expect([executor.process()?.seq, executor.lost()]).toEqual([2, 2]);
  });

  it("never holds back the producer", () => {
    const { ring } = setUp("READY");
    for (let i = 0; i < 1000; i++) expect(ring.publish("x")).toBe(i);
  });

  it("does not disturb a second executor on the same ring", () => {
    const ring = new RingBuffer<string>(4);
    const lifecycle = new Lifecycle(new TestClock());
    lifecycle.transition("WARMUP");
    const [slow, fast] = [new Executor(ring, lifecycle), new Executor(ring, lifecycle)];
    for (let i = 0; i < 10; i++) {
      ring.publish(`${i}`);
      expect(fast.process()?.seq).toBe(i);
    }
    expect(errorOf(() => slow.process()).code).toBe("RING_OVERRUN");
  });
});

describe("the sink", () => {
  it("sees each event with its ack, once", () => {
    const seen: [string, number, boolean][] = [];
    const { ring, executor } = setUp("READY", { observe: (event, ack) => void seen.push([event, ack.seq, ack.executed]) });
    ring.publish("a");
    ring.publish("b");
    while (executor.process() !== null);
    expect(seen).toEqual([
      ["a", 0, true],
      ["b", 1, true],
    ]);
  });

  it("sees the very ack that is returned", () => {
    let seen: Ack | null = null;
    const { ring, executor } = setUp("READY", { observe: (_, ack) => void (seen = ack) });
    ring.publish("a");
    expect(executor.process()).toBe(seen);
  });

  it("is not called when there is no event, nor in INIT", () => {
    let calls = 0;
    const sink = { observe: () => void calls++ };
    setUp("READY", sink).executor.process();
    const { ring, executor } = setUp("INIT", sink);
    ring.publish("a");
    expect(() => executor.process()).toThrow();
    expect(calls).toBe(0);
  });

  it("sees events that were not executed too", () => {
    const seen: boolean[] = [];
    const { ring, executor } = setUp("DEGRADED", { observe: (_, ack) => void seen.push(ack.executed) });
    ring.publish("a");
    executor.process();
    expect(seen).toEqual([false]);
  });

  it("that throws loses no event: every event is acked once, in order", () => {
    const seen: string[] = [];
    const fault = new Error("sink");
    const { ring, executor } = setUp("READY", {
      observe: (event) => {
        seen.push(event);
        if (event !== "b") throw fault;
      },
    });
    for (const event of ["a", "b", "c"]) ring.publish(event);
    const acks = [executor.process(), executor.process(), executor.process(), executor.process()];
    expect(acks.map((ack) => ack?.seq ?? null)).toEqual([0, 1, 2, null]);
    expect(seen).toEqual(["a", "b", "c"]);
    expect([executor.sinkFailures, executor.lastSinkFailure]).toEqual([2, fault]);
  });

  it("that does nothing changes no ack", () => {
    const run = (sink?: ObservabilitySink<string>) => {
      const { ring, executor } = setUp("READY", sink);
      for (const event of ["a", "b", "c"]) ring.publish(event);
      return [executor.process(), executor.process(), executor.process()];
    };
    expect(run(new NoOpSink())).toEqual(run());
    expect(run({ observe: () => undefined })).toEqual(run());
  });
});
