import { describe, expect, it } from "vitest";
import { TestClock } from "../kernel/core/clock.ts";
import { StreamError } from "../kernel/core/errors.ts";
import { Lifecycle } from "../kernel/lifecycle/machine.ts";
import { ageGate, countGate, type Gate, gateReason, Readiness, shareGate } from "./readiness.ts";

/** A gate opened and shut by the test. */
function door(name: string): Gate & { open: boolean } {
  return {
    name,
    open: false,
    missing() {
      return this.open ? null : `${name} is shut`;
    },
  };
}

function readyLifecycle(): Lifecycle {
  const lifecycle = new Lifecycle(new TestClock());
  lifecycle.transition("WARMUP");
  lifecycle.transition("READY");
  return lifecycle;
}

describe("readiness", () => {
  it("is the conjunction of its gates, for each combination", () => {
    const gates = [door("a"), door("b"), door("c")];
    const readiness = new Readiness(gates);
    for (let bits = 0; bits < 8; bits++) {
      gates.forEach((gate, index) => (gate.open = (bits & (1 << index)) !== 0));
      const report = readiness.evaluate();
      expect(report.ready).toBe(bits === 7);
      expect(report.missing.map((gate) => gate.gate)).toEqual(gates.filter((gate) => !gate.open).map((gate) => gate.name));
    }
  });

  it("says of each gate what is missing", () => {
    expect(new Readiness([door("books")]).evaluate().missing).toEqual([{ gate: "books", missing: "books is shut" }]);
  });

  it("has nothing missing without gates", () => {
    expect(new Readiness().evaluate()).toEqual({ ready: true, missing: [], gates: 0 });
  });

  it("does not take a gate that throws for one that has passed", () => {
    const gate = {
      name: "broken",
      missing: () => {
        throw new Error("no answer");
      },
    };
    expect(new Readiness([gate]).evaluate()).toMatchObject({ ready: false, missing: [{ gate: "broken", missing: "failed to answer: no answer" }] });
  });

  it("refuses two gates of one name", () => {
    expect(() => new Readiness([door("a"), door("a")])).toThrow(StreamError);
  });
});

describe("gates", () => {
  it("of a share pass when enough of all there are hold, and there is one at all", () => {
    const counts = { have: 0, of: 0 };
    const gate = shareGate(
      "books-synced",
      0.9,
      () => counts.have,
      () => counts.of,
      "books",
    );
    const at = (have: number, of: number): string | null => {
      Object.assign(counts, { have, of });
      return gate.missing();
    };
    expect([at(9, 10), at(10, 10), at(900, 1000)]).toEqual([null, null, null]);
    expect([at(0, 0), at(8, 10), at(899, 1000)]).toEqual(["0 of 0 books, expected 1", "8 of 10 books, expected 9", "899 of 1000 books, expected 900"]);
  });

  it("of a count pass from what is needed, and say how much there is", () => {
    let bars = 199;
    const gate = countGate("lookback-filled", 200, () => bars, "bars");
    expect(gate.missing()).toBe("199 of 200 bars");
    bars = 200;
    expect(gate.missing()).toBeNull();
  });

  it.each([
    [0, null],
    [1000, null],
    [1001, "age 1001 ns, expected 0 to 1000"],
    [-1, "age -1 ns, expected 0 to 1000"],
    [null, "nothing received yet"],
  ])("of an age of %d say %s", (age, missing) => {
    expect(ageGate("feeds-fresh", 1000, () => age).missing()).toBe(missing);
  });
});

describe("watching the lifecycle", () => {
  it("degrades for a gate that fails, and ends it when the gate passes", () => {
    const lifecycle = readyLifecycle();
    const gate = door("feeds-fresh");
    const readiness = new Readiness([gate]);
    readiness.watch(lifecycle);
    expect([lifecycle.state, lifecycle.reasons]).toEqual(["DEGRADED", [gateReason("feeds-fresh")]]);
    gate.open = true;
    readiness.watch(lifecycle);
    expect(lifecycle.state).toBe("READY");
  });

  it("ends DEGRADED only with the last gate", () => {
    const lifecycle = readyLifecycle();
    const [a, b] = [door("a"), door("b")];
    const readiness = new Readiness([a, b]);
    readiness.watch(lifecycle);
    a.open = true;
    readiness.watch(lifecycle);
    expect([lifecycle.state, lifecycle.reasons]).toEqual(["DEGRADED", ["gate:b"]]);
    b.open = true;
    readiness.watch(lifecycle);
    expect(lifecycle.state).toBe("READY");
  });

  it("leaves reasons of others alone", () => {
    const lifecycle = readyLifecycle();
    lifecycle.addReason("outage");
    const gate = door("a");
    gate.open = true;
    new Readiness([gate]).watch(lifecycle);
    expect(lifecycle.reasons).toEqual(["outage"]);
  });

  it("says nothing to the lifecycle before READY: that is the warm-up's part", () => {
    const lifecycle = new Lifecycle(new TestClock());
    const readiness = new Readiness([door("a")]);
    expect(readiness.watch(lifecycle).ready).toBe(false);
    lifecycle.transition("WARMUP");
    readiness.watch(lifecycle);
    expect(lifecycle.state).toBe("WARMUP");
  });

  it("makes no change when nothing changed", () => {
    const lifecycle = readyLifecycle();
    const readiness = new Readiness([door("a")]);
    readiness.watch(lifecycle);
    const changes = lifecycle.history.length;
    for (let i = 0; i < 5; i++) readiness.watch(lifecycle);
    expect(lifecycle.history).toHaveLength(changes);
  });
});
