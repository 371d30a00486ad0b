import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TestClock } from "../core/clock.ts";
import { isStreamError } from "../core/errors.ts";
import { isValidTransition, Lifecycle } from "./machine.ts";
import { stateOf } from "./state-word.ts";

const operation = fc.oneof(
  fc.record({ kind: fc.constant("go" as const), to: fc.constantFrom("INIT" as const, "WARMUP" as const, "READY" as const, "DEGRADED" as const) }),
  fc.record({ kind: fc.constantFrom("add" as const, "remove" as const, "restart" as const), reason: fc.constantFrom("a", "b", "c") }),
);

describe("any sequence of calls on a lifecycle", () => {
  it("makes only valid changes, keeps word and state equal, and has reasons exactly while DEGRADED", () => {
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 60 }), (operations) => {
        const clock = new TestClock();
        const lifecycle = new Lifecycle(clock);
        for (const op of operations) {
          clock.advance(1);
          const before = { state: lifecycle.state, reasons: lifecycle.reasons, changes: lifecycle.history.length };
          try {
            if (op.kind === "go") lifecycle.transition(op.to);
            else if (op.kind === "add") lifecycle.addReason(op.reason);
            else lifecycle.removeReason(op.reason, op.kind === "restart" ? "WARMUP" : undefined);
          } catch (error) {
            expect(isStreamError(error, "LIFECYCLE_TRANSITION")).toBe(true);
            expect({ state: lifecycle.state, reasons: lifecycle.reasons, changes: lifecycle.history.length }).toEqual(before);
          }
          expect(lifecycle.word.load()).toBe(stateOf(lifecycle.state));
          expect(lifecycle.reasons.length > 0).toBe(lifecycle.state === "DEGRADED");
        }
        let state = "INIT";
        lifecycle.history.forEach((change, index) => {
          expect(change.from).toBe(state);
          expect(change.from === change.to ? change.to === "DEGRADED" : isValidTransition(change.from, change.to)).toBe(true);
          expect(change.sequence).toBe(index + 1);
          state = change.to;
        });
        expect(state).toBe(lifecycle.state);
      }),
      { seed: 13, numRuns: 300 },
    );
  });
});
