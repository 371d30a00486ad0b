/**
 * The snapshot contract: what every stage with state in an arena must keep, written once.
 *
 *   A copy of the arena, restored under new objects in a new arena, continues to the same outputs and the same bytes.
 *
 * A word of state kept in an object field fails here: the restored object does not have it.
 */
import { describe, expect, it } from "vitest";
import { Random } from "../../src/kernel/core/random.ts";
import { Arena } from "../../src/kernel/memory/arena.ts";

export interface SnapshotSubject {
  /** One operation drawn from `random`, at ever later times; returns everything observable that it did. */
  step(random: Random): unknown;
}

export interface SnapshotContractOptions {
  /** Operations in a run, default 400. */
  readonly steps?: number;
  /** Random cut points tried, default 12. */
  readonly cuts?: number;
  readonly capacityBytes?: number;
}

/**
 * Declares the contract's tests. `create` builds the subject over a given arena (taking regions only in its constructors); it must
 * not keep state of its own: what drives the subject comes from the random numbers and the step count passed in.
 */
export function snapshotContract(name: string, create: (arena: Arena) => SnapshotSubject, options: SnapshotContractOptions = {}): void {
  const steps = options.steps ?? 400;
  const cuts = options.cuts ?? 12;
  const capacityBytes = options.capacityBytes ?? 64 * 1024 * 1024;

  function build(): { arena: Arena; subject: SnapshotSubject } {
    const arena = Arena.create(name, capacityBytes);
    const subject = create(arena);
    arena.seal();
    return { arena, subject };
  }

  describe(`${name} keeps all its state in the arena`, () => {
    const cutDraw = new Random(new Int32Array(4), 20240808);
    for (let n = 0; n < cuts; n++) {
      const cut = cutDraw.nextBelow(steps);
      it(`continues after a restore at step ${cut} (draw ${n}) to the same outputs and bytes`, () => {
        const whole = build();
        const wholeRandom = new Random(new Int32Array(4), n + 1);
        for (let i = 0; i < cut; i++) whole.subject.step(wholeRandom);
        const copy = whole.arena.snapshot();
        const randomState = new Int32Array(4);
        const draw = wholeRandom.copyStateInto(randomState);

        const restored = build();
        restored.arena.restore(copy);
        for (let i = cut; i < steps; i++) {
          const expected = whole.subject.step(wholeRandom);
          const got = restored.subject.step(draw);
          expect(got, `step ${i}`).toEqual(expected);
        }
        expect(Buffer.compare(restored.arena.snapshot(), whole.arena.snapshot())).toBe(0);
      });
    }
  });
}
