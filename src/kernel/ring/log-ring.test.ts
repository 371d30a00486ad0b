import { GCProfiler } from "node:v8";
import { describe, expect, it } from "vitest";
import { TestClock } from "../core/clock.ts";
import { isStreamError } from "../core/errors.ts";
import { EVENT_BOOK_REFUSED, EVENT_RUN_STARTED, LOG_DEBUG, LOG_ERROR, LOG_INFO, LOG_OFF, LOG_WARN, type LogEntry } from "../core/log.ts";
import { GatedRing } from "./gated-ring.ts";
import { LOG_TEXT_MAX, LogReader, LogWriter, createLog, logBytes, type LogTap } from "./log-ring.ts";

function logOf(level: number, entries: number = 8): { tap: LogTap; clock: TestClock; writer: LogWriter; reader: LogReader } {
  const tap = createLog(level, entries);
  const clock = new TestClock(100);
  return { tap, clock, writer: new LogWriter(tap, clock), reader: new LogReader("main", tap) };
}

function takeAll(reader: LogReader): LogEntry[] {
  const entries: LogEntry[] = [];
  while (reader.nextTimeNs() !== null) entries.push(reader.take());
  return entries;
}

/** What comes out when this text goes in. */
function through(text: string): LogEntry {
  const { writer, reader } = logOf(LOG_DEBUG);
  writer.text(LOG_INFO, text);
  return reader.take();
}

describe("a log", () => {
  it("gives events back with their time, level and numbers, in order", () => {
    const { writer, reader, clock } = logOf(LOG_INFO);
    writer.event(EVENT_RUN_STARTED, 7, -1, 2 ** 40);
    clock.advance(5);
    writer.event(EVENT_BOOK_REFUSED, 1, 2, 3);
    expect(reader.nextTimeNs()).toBe(100);
    expect(takeAll(reader)).toEqual([
      { timeNs: 100, level: LOG_INFO, event: EVENT_RUN_STARTED, values: [7, -1, 2 ** 40], text: "", truncated: false, droppedBefore: 0 },
      { timeNs: 105, level: LOG_WARN, event: EVENT_BOOK_REFUSED, values: [1, 2, 3], text: "", truncated: false, droppedBefore: 0 },
    ]);
    expect(reader.nextTimeNs()).toBeNull();
  });

  it("gives a text back without the numbers of the event that lay in its place before", () => {
    const { writer, reader } = logOf(LOG_DEBUG, 1);
    writer.event(EVENT_RUN_STARTED, 1, 2, 3);
    reader.take();
    writer.text(LOG_ERROR, "now words");
    expect(reader.take()).toMatchObject({ event: -1, values: [], text: "now words", level: LOG_ERROR });
    writer.event(EVENT_RUN_STARTED, 4, 5, 6);
    expect(reader.take()).toMatchObject({ event: EVENT_RUN_STARTED, text: "", truncated: false });
  });

  it("takes nothing below its level, and nothing at all when it is off", () => {
    const { writer, reader } = logOf(LOG_WARN);
    writer.event(EVENT_RUN_STARTED, 0, 0, 0);
    writer.text(LOG_INFO, "quiet");
    writer.event(EVENT_BOOK_REFUSED, 0, 0, 0);
    writer.text(LOG_ERROR, "loud");
    expect(takeAll(reader).map((entry) => entry.level)).toEqual([LOG_WARN, LOG_ERROR]);
    const off = logOf(LOG_OFF);
    off.writer.text(LOG_ERROR, "unheard");
    expect([off.reader.nextTimeNs(), off.reader.dropped]).toEqual([null, 0]);
  });

  it("takes an event of a number that is in no list, as it takes every call", () => {
    const { writer, reader } = logOf(LOG_INFO);
    writer.event(9999, 1, 2, 3);
    expect(reader.take()).toMatchObject({ event: 9999, values: [1, 2, 3] });
  });

  it("drops the newest when it is full, counts it, and each entry knows what was dropped before it", () => {
    const { writer, reader } = logOf(LOG_INFO, 4);
    for (let i = 0; i < 7; i++) writer.event(EVENT_RUN_STARTED, i, 0, 0);
    expect(reader.dropped).toBe(3);
    expect(reader.take()).toMatchObject({ values: [0, 0, 0], droppedBefore: 0 });
    writer.event(EVENT_RUN_STARTED, 7, 0, 0);
    writer.text(LOG_INFO, "no room again");
    expect(takeAll(reader).map((entry) => [entry.values[0], entry.droppedBefore])).toEqual([
      [1, 0],
      [2, 0],
      [3, 0],
      [7, 3],
    ]);
    expect(reader.dropped).toBe(4);
  });

  it("counts on where another object over the same bytes stopped", () => {
    const { tap, clock, writer } = logOf(LOG_INFO, 1);
    for (let i = 0; i < 3; i++) writer.event(EVENT_RUN_STARTED, i, 0, 0);
    new LogWriter(tap, clock).event(EVENT_RUN_STARTED, 3, 0, 0);
    expect(new LogReader("again", tap).dropped).toBe(3);
  });

  it("an entry is taken only when there is one", () => {
    expect(() => logOf(LOG_INFO).reader.take()).toThrow(expect.toSatisfy((error: unknown) => isStreamError(error, "INVARIANT")));
  });

  it("is of a power of two of entries", () => {
    expect(logBytes(1024)).toBe(384 + GatedRing.bytesFor(8 * 1024));
    expect(() => createLog(LOG_INFO, 3)).toThrow(expect.toSatisfy((error: unknown) => isStreamError(error, "RING_CAPACITY")));
  });
});

describe("a text", () => {
  it.each(["", "plain", "é", "€", "𝄞", "a\nb\u0000c", "日本語 – ümlaut 🚀"])("%j comes back as it was", (text) => {
    expect(through(text)).toMatchObject({ text, truncated: false });
  });

  it("with half a surrogate pair has U+FFFD in its place", () => {
    expect(through("a\ud834b").text).toBe("a\ufffdb");
    expect(through("a\udd1eb").text).toBe("a\ufffdb");
    expect(through("\ud834").text).toBe("\ufffd");
    expect(through("\ud834\ud834\udd1e").text).toBe("\ufffd𝄞");
  });

  it("that fills an entry is whole, one longer is cut at a whole character and marked", () => {
    expect(through("x".repeat(LOG_TEXT_MAX))).toMatchObject({ text: "x".repeat(LOG_TEXT_MAX), truncated: false });
    expect(through("x".repeat(LOG_TEXT_MAX + 1))).toMatchObject({ text: "x".repeat(LOG_TEXT_MAX), truncated: true });
    const wide = "€".repeat(LOG_TEXT_MAX);
    expect(through(wide)).toMatchObject({ text: "€".repeat(Math.floor(LOG_TEXT_MAX / 3)), truncated: true });
    expect(through(`${"x".repeat(LOG_TEXT_MAX - 1)}𝄞`)).toMatchObject({ text: "x".repeat(LOG_TEXT_MAX - 1), truncated: true });
  });
});

describe("a call makes no garbage", () => {
  /** Collections during so many calls, taken and dropped, after the code is warm. */
  function collections(calls: number, call: (writer: LogWriter, i: number) => void): number {
    const { writer } = logOf(LOG_INFO, 64);
    for (let i = 0; i < 50_000; i++) call(writer, i);
    const profiler = new GCProfiler();
    profiler.start();
    for (let i = 0; i < calls; i++) call(writer, i);
    return (profiler.stop() as { statistics: unknown[] }).statistics.length;
  }

  it("with an event or a text, dropped or below the level", () => {
    const found = collections(2_000_000, (writer, i) => {
      writer.event(EVENT_RUN_STARTED, i, 1, 2);
      writer.text(LOG_DEBUG, "not heard");
      writer.text(LOG_WARN, "dropped");
    });
    expect(found).toBe(0);
  });

  it("a call that does make garbage is seen by this test", () => {
    const kept: unknown[] = [];
    const found = collections(2_000_000, (_, i) => (kept[i & 1023] = { i, text: [i, i + 1, i + 2] }));
    expect(found).toBeGreaterThan(0);
  });

  it("taken entries too", () => {
    const { tap, writer } = logOf(LOG_INFO, 1024);
    // Gives entries back without making objects of them.
    const words = new Int32Array(tap.buffer, 384);
    const call = (i: number): void => {
      Atomics.store(words, 32, Atomics.load(words, 0));
      writer.event(EVENT_RUN_STARTED, i, 1, 2);
      writer.text(LOG_WARN, "each of these is taken: größer");
    };
    for (let i = 0; i < 50_000; i++) call(i);
    const profiler = new GCProfiler();
    profiler.start();
    for (let i = 0; i < 500_000; i++) call(i);
    expect((profiler.stop() as { statistics: unknown[] }).statistics).toHaveLength(0);
    expect(new LogReader("main", tap).dropped).toBe(0);
  });
});
