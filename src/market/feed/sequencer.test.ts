import { describe, expect, it } from "vitest";
import { GAP } from "../../kernel/core/status.ts";
import { Arena } from "../../kernel/memory/arena.ts";
import { Sequencer } from "./sequencer.ts";

function build(): Sequencer {
  return new Sequencer(Arena.create("sequencer", 4096));
}

describe("Sequencer", () => {
  it("takes the first sequence as it is, then expects the next", () => {
    const sequencer = build();
    expect([sequencer.isStarted, sequencer.observe(500, 3), sequencer.isStarted, sequencer.expected, sequencer.gaps]).toEqual([false, 0, true, 503, 0]);
    expect([sequencer.observe(503, 1), sequencer.expected]).toEqual([0, 504]);
  });

  it("counts a gap and how many messages it holds", () => {
    const sequencer = build();
    sequencer.observe(1, 2);
    expect([sequencer.observe(10, 1), sequencer.gaps, sequencer.missing, sequencer.expected]).toEqual([GAP, 1, 7, 11]);
  });

  it("tells how many messages at the front were seen before", () => {
    const sequencer = build();
    sequencer.observe(1, 10);
    expect([sequencer.observe(3, 4), sequencer.observe(8, 5), sequencer.duplicates, sequencer.expected]).toEqual([4, 3, 7, 13]);
  });

  it("sees a gap in a heartbeat's next sequence, and nothing in a late heartbeat", () => {
    const sequencer = build();
    sequencer.observe(1, 10);
    expect([sequencer.observe(11, 0), sequencer.observe(5, 0), sequencer.duplicates]).toEqual([0, 0, 0]);
    expect([sequencer.observe(15, 0), sequencer.missing, sequencer.expected]).toEqual([GAP, 4, 15]);
  });

  it("begins anew after a reset", () => {
    const sequencer = build();
    sequencer.observe(100, 1);
    sequencer.reset();
    expect([sequencer.resets, sequencer.isStarted, sequencer.observe(1, 1), sequencer.gaps, sequencer.expected]).toEqual([1, false, 0, 0, 2]);
  });

  it("lets the first copy of two lines win", () => {
    const sequencer = build();
    const seen = [sequencer.observe(1, 2), sequencer.observe(1, 2), sequencer.observe(3, 2), sequencer.observe(3, 2)];
    expect([seen, sequencer.duplicates, sequencer.gaps]).toEqual([[0, 2, 0, 2], 4, 0]);
  });
});
