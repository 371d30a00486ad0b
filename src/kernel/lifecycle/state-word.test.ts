import { describe, expect, it } from "vitest";
import { isStreamError } from "../core/errors.ts";
import {
  isExecutable,
  isProcessable,
  STATE_DEGRADED,
  STATE_INIT,
  STATE_READY,
  STATE_WARMUP,
  STATE_WORD_BYTES,
  stateName,
  stateOf,
  StateWord,
} from "./state-word.ts";

describe("the state word", () => {
  it("reads INIT when new", () => {
    expect(StateWord.create().load()).toBe(STATE_INIT);
  });

  it("is alone on its cache line", () => {
    expect(StateWord.create().buffer.byteLength).toBe(STATE_WORD_BYTES);
    expect(STATE_WORD_BYTES).toBe(64);
  });

  it("shows a change to a second object over the same bytes", () => {
    const writer = StateWord.create();
    const reader = new StateWord(writer.buffer, writer.byteOffset);
    writer.store(STATE_READY);
    expect(reader.load()).toBe(STATE_READY);
  });

  it("keeps to its own four bytes at an offset", () => {
    const buffer = new SharedArrayBuffer(128);
    new StateWord(buffer, 64).store(STATE_DEGRADED);
    const words = new Int32Array(buffer);
    expect(words[16]).toBe(STATE_DEGRADED);
    expect(words.reduce((sum, word) => sum + word, 0)).toBe(STATE_DEGRADED);
  });

  it("does not initialise bytes that another thread already uses", () => {
    const first = StateWord.create();
    first.store(STATE_WARMUP);
    expect(new StateWord(first.buffer).load()).toBe(STATE_WARMUP);
  });

  it.each([-1, 4, 99])("refuses %i, which is no state, and stays as it was", (state) => {
    const word = StateWord.create();
    word.store(STATE_READY);
    expect(() => word.store(state)).toThrow(/0 to 3/);
    expect(word.load()).toBe(STATE_READY);
  });

  it.each([
    [STATE_INIT, "INIT", false, false],
    [STATE_WARMUP, "WARMUP", true, false],
    [STATE_READY, "READY", true, true],
    [STATE_DEGRADED, "DEGRADED", true, false],
  ] as const)("state %i is %s: processable %s, executable %s", (state, name, processable, executable) => {
    expect(stateName(state)).toBe(name);
    expect(stateOf(name)).toBe(state);
    expect(isProcessable(state)).toBe(processable);
    expect(isExecutable(state)).toBe(executable);
  });

  it("does not execute on a word that is no state", () => {
    expect([-1, 4, 255].some(isExecutable)).toBe(false);
  });

  it("has no name for a number that is no state", () => {
    expect(() => stateName(7)).toThrow(expect.toSatisfy((error: unknown) => isStreamError(error, "VALUE_RANGE")));
  });
});
