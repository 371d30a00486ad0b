import { describe, expect, it } from "vitest";
import { TestClock } from "../kernel/core/clock.ts";
import { LOG_INFO, LOG_WARN, type LogEntry, type LogSource } from "../kernel/core/log.ts";
import { Logger, type LogFormat, type LogOutput, type LoggerOptions } from "./logger.ts";

/** 2026-11-25, midnight. */
const EPOCH_MS = Date.UTC(2026, 10, 25);

/** A thread's entries as a list. */
class ListSource implements LogSource {
  readonly name: string;
  readonly entries: LogEntry[] = [];
  dropped = 0;

  constructor(name: string) {
    this.name = name;
  }

  /** Adds a text, or an event with its numbers. */
  add(timeNs: number, what: string | readonly [event: number, ...values: number[]], more: Partial<LogEntry> = {}): this {
    const [event, text, values] = typeof what === "string" ? [-1, what, []] : [what[0], "", what.slice(1)];
    this.entries.push({ timeNs, level: LOG_INFO, event, text, values, truncated: false, droppedBefore: this.dropped, ...more });
    return this;
  }

  nextTimeNs(): number | null {
    return this.entries[0]?.timeNs ?? null;
  }

  take(): LogEntry {
    return this.entries.shift() as LogEntry;
  }
}

/** Keeps what it is given; refuses while `why` says so. */
class ListOutput implements LogOutput {
  text = "";
  writes = 0;
  closed = 0;
  why: string | null = null;

  write(lines: string): string | null {
    this.writes++;
    if (this.why !== null) return this.why;
    this.text += lines;
    return null;
  }

  close(): void {
    this.closed++;
  }

  get lines(): string[] {
    return this.text.split("\n").slice(0, -1);
  }
}

interface Rig {
  readonly logger: Logger;
  readonly output: ListOutput;
  readonly clock: TestClock;
  readonly sources: readonly ListSource[];
}

function rig(threads: readonly string[] = ["main"], format: LogFormat = "text", more: Partial<LoggerOptions> = {}): Rig {
  const output = new ListOutput();
  const clock = new TestClock(1e9);
  const sources = threads.map((name) => new ListSource(name));
  return { output, clock, sources, logger: new Logger({ sources, output, clock, format, epochMs: EPOCH_MS, graceNs: 1000, ...more }) };
}

const messages = (output: ListOutput): string[] => output.lines.map((line) => line.replace(/^\S+ +\S+ +\S+ /, ""));

describe("a line", () => {
  it("has the time with its nanoseconds, the level, the thread, the event and what it says", () => {
    const { logger, output, clock, sources } = rig();
    clock.advance(60e9);
    sources[0].add(1_000_000_123, [2, 7, 1_000_000]).add(2.5e9, "words", { level: LOG_WARN });
    expect(logger.drain()).toBe(2);
    expect(output.text).toBe(
      "2026-11-25T00:00:01.000000123Z info  main checkpoint-saved: checkpoint 7 is saved, at byte 1000000\n2026-11-25T00:00:02.500000000Z warn  main words\n",
    );
  });

  it("as JSON has the same as members, and the numbers of an event", () => {
    const { logger, output, clock, sources } = rig(["shard-0"], "json");
    clock.advance(60e9);
    sources[0].add(1_000_000_123, [2, 7, 1_000_000]).add(2.5e9, 'say "a"', { level: LOG_WARN });
    logger.drain();
    expect(output.lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      {
        time: "2026-11-25T00:00:01.000000123Z",
        level: "info",
        thread: "shard-0",
        event: "checkpoint-saved",
        message: "checkpoint 7 is saved, at byte 1000000",
        values: [7, 1_000_000],
      },
      { time: "2026-11-25T00:00:02.500000000Z", level: "warn", thread: "shard-0", message: 'say "a"' },
    ]);
  });

  it.each(["text", "json"] as const)("in %s is one line, whatever its text", (format) => {
    const { logger, output, clock, sources } = rig(["main"], format);
    clock.advance(1e9);
    sources[0].add(1, "a\nfake line\r\u001b[31m\u0007\u0085\u2028b\u007f");
    logger.drain();
    expect(output.lines).toHaveLength(1);
    const line = output.lines[0];
    expect([...line].every((character) => character >= " " && !/[\u007f-\u009f\u2028\u2029]/.test(character))).toBe(true);
    if (format === "json") expect((JSON.parse(line) as { message: string }).message).toBe("a\nfake line\r\u001b[31m\u0007\u0085\u2028b\u007f");
    else expect(line).toContain(String.raw`a\nfake line\x0d\x1b[31m\x07\x85\x2028b\x7f`);
  });

  it("puts names in the place of numbers where it knows them, and says what the number is where not", () => {
    const names = { symbol: (id: number) => (id === 1 ? "AAPL" : null) };
    const { logger, output, clock, sources } = rig(["main"], "text", { names });
    clock.advance(1e9);
    sources[0].add(1, [5, 1, 9]).add(2, [5, 4_000_000, 9]).add(3, [999, 1]);
    logger.drain();
    expect(output.lines[0]).toContain("the book of AAPL refused a record");
    expect(output.lines[1]).toContain("the book of symbol 4000000 refused a record");
    expect(output.lines[2]).toContain("unknown: event 999");
  });

  it("that was cut says so", () => {
    const { logger, output, clock, sources } = rig();
    clock.advance(1e9);
    sources[0].add(1, "beginning", { truncated: true });
    logger.drain();
    expect(messages(output)).toEqual(["beginning…"]);
  });

  it("holds no secret, as text and as JSON", () => {
    for (const format of ["text", "json"] as const) {
      const { logger, output, clock, sources } = rig(["main"], format);
      clock.advance(1e9);
      sources[0].add(1, 'connect failed: {"apiKey":"c4nary-7f3a9e"} password=c4nary-7f3a9e redis://u:c4nary-7f3a9e@h');
      logger.drain();
      expect(output.lines).toHaveLength(1);
      expect(output.text).not.toContain("c4nary");
    }
  });
});

describe("the lines of several threads", () => {
  it("are in the order of their times", () => {
    const { logger, output, clock, sources } = rig(["a", "b", "c"]);
    clock.advance(1e9);
    sources[0].add(10, "1").add(30, "3").add(60, "6");
    sources[1].add(20, "2").add(50, "5");
    sources[2].add(40, "4").add(40, "4 again");
    expect(logger.drain()).toBe(7);
    expect(messages(output)).toEqual(["1", "2", "3", "4", "4 again", "5", "6"]);
  });

  it("wait until they are old enough for an earlier one of another thread to be there", () => {
    const { logger, output, clock, sources } = rig(["a", "b"]);
    sources[0].add(clock.now() - 500, "second");
    expect(logger.drain()).toBe(0);
    sources[1].add(clock.now() - 800, "first");
    clock.advance(500);
    expect(logger.drain()).toBe(2);
    expect(messages(output)).toEqual(["first", "second"]);
  });

  it("are taken in turns of a bounded length", () => {
    const { logger, sources, clock } = rig();
    clock.advance(1e9);
    for (let i = 0; i < 10; i++) sources[0].add(i, "x");
    expect([logger.drain(4), logger.drain(4), logger.drain(4), logger.drain(4)]).toEqual([4, 4, 2, 0]);
  });

  it("reach the output in large pieces", () => {
    const { logger, sources, output, clock } = rig();
    clock.advance(1e9);
    for (let i = 0; i < 2000; i++) sources[0].add(i, "x".repeat(100));
    logger.drain();
    expect(output.lines).toHaveLength(2000);
    expect(output.writes).toBeLessThan(15);
  });
});

describe("what a full ring dropped", () => {
  it("is a line at the place of the hole, with its number and since when", () => {
    const { logger, output, clock, sources } = rig();
    sources[0].add(5, "before");
    sources[0].dropped = 123;
    sources[0].add(9, "after");
    clock.advance(1e9);
    logger.drain();
    expect(messages(output)).toEqual([
      "before",
      "entries-dropped: dropped 123 entries of main since 2026-11-25T00:00:00.000000005Z: its log was full",
      "after",
    ]);
    expect(logger.report()).toEqual({ lines: 3, dropped: 123, unwritten: 0, complete: true });
  });

  it("is told once, also when nothing came after it, and by thread", () => {
    const { logger, output, clock, sources } = rig(["a", "b"]);
    clock.advance(1e9);
    sources[0].add(5, "before");
    sources[0].dropped = 1;
    logger.drain();
    logger.drain();
    expect(messages(output)).toEqual(["before", "entries-dropped: dropped 1 entry of a since 2026-11-25T00:00:00.000000005Z: its log was full"]);
    sources[1].dropped = 4;
    logger.drain();
    expect(messages(output).at(-1)).toBe("entries-dropped: dropped 4 entries of b since 2026-11-25T00:00:01.000000000Z: its log was full");
    expect(logger.report()).toMatchObject({ lines: 3, dropped: 5 });
  });
});

describe("an output that refuses", () => {
  it("costs its lines, which are counted, and is told of once it works again", () => {
    const { logger, output, clock, sources } = rig();
    output.why = "ENOSPC: no space left on device";
    sources[0].add(1, "lost").add(2, "lost too");
    clock.advance(1e9);
    logger.drain();
    clock.advance(1e9);
    sources[0].add(3, "lost as well");
    logger.drain();
    expect(logger.report()).toMatchObject({ lines: 0, unwritten: 3 });
    output.why = null;
    sources[0].add(4, "written");
    logger.drain();
    expect(messages(output)).toEqual([
      "lines-unwritten: could not write 3 lines since 2026-11-25T00:00:02.000000000Z: ENOSPC: no space left on device",
      "written",
    ]);
    expect(logger.report()).toMatchObject({ lines: 2, unwritten: 3 });
    sources[0].add(5, "and on");
    logger.drain();
    expect(messages(output).at(-1)).toBe("and on");
    expect(output.lines).toHaveLength(3);
  });

  it("is not asked again for nothing, and once more at the end", () => {
    const { logger, output, clock, sources } = rig();
    output.why = "EAGAIN";
    sources[0].add(1, "lost");
    clock.advance(1e9);
    logger.drain();
    logger.drain();
    expect(output.writes).toBe(1);
    output.why = null;
    expect(logger.close(1)).toEqual({ lines: 1, dropped: 0, unwritten: 1, complete: true });
    expect(messages(output)).toEqual([expect.stringContaining("could not write 1 line since")]);
  });

  it("may even throw", () => {
    const output: LogOutput = {
      write() {
        throw new Error("gone");
      },
      close: () => undefined,
    };
    const source = new ListSource("main").add(1, "x");
    const logger = new Logger({ sources: [source], output, clock: new TestClock(1e9), format: "text", epochMs: 0 });
    expect(logger.drain()).toBe(1);
    expect(logger.close(1e9)).toEqual({ lines: 0, dropped: 0, unwritten: 1, complete: true });
  });
});

describe("the end", () => {
  it("writes what is left, however new, and closes the output once", () => {
    const { logger, output, clock, sources } = rig();
    sources[0].add(clock.now(), "newest");
    expect(logger.drain()).toBe(0);
    expect(logger.close(1e9)).toEqual({ lines: 1, dropped: 0, unwritten: 0, complete: true });
    expect([messages(output), output.closed]).toEqual([["newest"], 1]);
  });

  it("comes at the deadline, even while entries go on coming", () => {
    const clock = new TestClock(0);
    let taken = 0;
    const endless: LogSource = {
      name: "main",
      dropped: 0,
      nextTimeNs: () => 0,
      take() {
        taken++;
        clock.advance(1e6);
        return { timeNs: 0, level: LOG_INFO, event: -1, values: [], text: "x", truncated: false, droppedBefore: 0 };
      },
    };
    const output = new ListOutput();
    const logger = new Logger({ sources: [endless], output, clock, format: "text", epochMs: EPOCH_MS });
    expect(logger.close(10e9)).toMatchObject({ complete: false });
    expect(taken).toBeLessThan(20_000);
    expect(output.closed).toBe(1);
  });
});
