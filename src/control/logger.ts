/**
 * The far end of logging: takes the entries of every thread, orders them by time, makes lines of them and hands them to an output.
 *
 * Loss is a line itself: what a full ring dropped, with its number and since when, and what the output refused, said as soon as it
 * works again. An output that refuses costs its lines, never the program: they are counted, and the logger goes on. Text is redacted
 * and kept to one line. Entries are in the order of their times as long as no thread stands still for `graceNs` between the reading
 * of its clock and its commit; one that does is written late, with its own time. Cold: a worker or a timer calls drain().
 */
import type { Clock } from "../kernel/core/clock.ts";
import { LOG_EVENTS, LOG_LEVELS, LOG_WARN, type LogEntry, type LogSource } from "../kernel/core/log.ts";
import { redact } from "./redact.ts";

/** Where lines go. */
export interface LogOutput {
  /** Takes whole lines, each with its end: null when they are written, else in a few words why they are not. Does not wait. */
  write(lines: string): string | null;
  close(): void;
}

export type LogFormat = "text" | "json";

export interface LoggerOptions {
  readonly sources: readonly LogSource[];
  readonly output: LogOutput;
  readonly clock: Clock;
  readonly format: LogFormat;
  /** ms since 1970 of the session epoch. */
  readonly epochMs: number;
  /** How far behind now an entry must be to be taken, so that entries of other threads come before it; default 2 ms. */
  readonly graceNs?: number;
  /** What numbers stand for, by the word behind the colon in an event's text: `{0:symbol}`. */
  readonly names?: Readonly<Record<string, (value: number) => string | null>>;
}

/** What became of everything that was logged. */
export interface LogReport {
  /** Lines that the output took, those about losses too. */
  readonly lines: number;
  /** Entries dropped because a ring was full. */
  readonly dropped: number;
  /** Lines that the output refused. */
  readonly unwritten: number;
  /** False when the deadline of close() came before the end of the entries. */
  readonly complete: boolean;
}

/** Entries of one drain() unless told otherwise. */
export const DRAIN_MAX = 4096;
/** Characters handed to the output at once. */
const CHUNK_CHARS = 32 * 1024;
const DEFAULT_GRACE_NS = 2e6;
/** The mark of a text that was longer than an entry. */
const CUT = "…";
const THREAD = "log";

/** One line before it is written. */
interface Line {
  readonly timeNs: number;
  readonly level: number;
  readonly thread: string;
  readonly event: string | null;
  readonly message: string;
  readonly values?: readonly number[];
}

export class Logger {
  private readonly options: LoggerOptions;
  private readonly graceNs: number;
  /** By source: dropped entries that a line has told; the time of the last entry. */
  private readonly told: Float64Array;
  private readonly lastNs: Float64Array;
  private chunk = "";
  private chunkLines = 0;
  private lines = 0;
  private unwritten = 0;
  private complete = true;
  private refused: { lines: number; sinceNs: number; why: string } | null = null;

  constructor(options: LoggerOptions) {
    this.options = options;
    this.graceNs = options.graceNs ?? DEFAULT_GRACE_NS;
    this.told = Float64Array.from(options.sources, () => 0);
    this.lastNs = Float64Array.from(options.sources, () => options.clock.now());
  }

  /** Writes at most `limit` entries that are old enough, and what was lost; returns how many it took. */
  drain(limit: number = DRAIN_MAX): number {
    return this.drainUntil(this.options.clock.now() - this.graceNs, limit);
  }

  /** Writes all that is left, for at most `deadlineNs`, and closes the output. */
  close(deadlineNs: number): LogReport {
    const { clock, output, sources } = this.options;
    const endNs = clock.now() + deadlineNs;
    let taken = this.drainUntil(Infinity, DRAIN_MAX);
    while (taken === DRAIN_MAX && clock.now() < endNs) taken = this.drainUntil(Infinity, DRAIN_MAX);
    this.complete = sources.every((source) => source.nextTimeNs() === null);
    this.flush(true);
    output.close();
    return this.report();
  }

  report(): LogReport {
    const dropped = this.options.sources.reduce((sum, source) => sum + source.dropped, 0);
    return { lines: this.lines, dropped, unwritten: this.unwritten, complete: this.complete };
  }

  private drainUntil(untilNs: number, limit: number): number {
    const { sources } = this.options;
    let taken = 0;
    for (; taken < limit; taken++) {
      const index = this.earliest(untilNs);
      if (index < 0) break;
      const entry = sources[index].take();
      this.tellDropped(index, entry.droppedBefore);
      this.lastNs[index] = entry.timeNs;
      this.put(this.lineOf(sources[index].name, entry));
    }
    // A hole with no entry behind it.
    sources.forEach((source, index) => {
      if (source.nextTimeNs() === null) this.tellDropped(index, source.dropped);
    });
    this.flush(false);
    return taken;
  }

  /** The source whose next entry is the oldest one up to a time, or -1. */
  private earliest(untilNs: number): number {
    const { sources } = this.options;
    let found = -1;
    let bestNs = untilNs;
    for (let i = 0; i < sources.length; i++) {
      const timeNs = sources[i].nextTimeNs();
      if (timeNs === null || timeNs > bestNs || (timeNs === bestNs && found >= 0)) continue;
      found = i;
      bestNs = timeNs;
    }
    return found;
  }

  private tellDropped(index: number, total: number): void {
    const count = total - this.told[index];
    if (count <= 0) return;
    this.told[index] = total;
    const { sources, clock } = this.options;
    const message = `dropped ${count} ${count === 1 ? "entry" : "entries"} of ${sources[index].name} since ${this.time(this.lastNs[index])}: its log was full`;
    this.put({ timeNs: clock.now(), level: LOG_WARN, thread: THREAD, event: "entries-dropped", message, values: [count] });
  }

  private lineOf(thread: string, entry: LogEntry): Line {
    const { timeNs, level, values } = entry;
    if (entry.event < 0) return { timeNs, level, thread, event: null, message: redact(entry.text) + (entry.truncated ? CUT : "") };
    const event = LOG_EVENTS[entry.event];
    if (event === undefined) return { timeNs, level, thread, event: "unknown", message: `event ${entry.event}`, values };
    const message = event.text.replace(/\{(\d)(?::(\w+))?\}/g, (_, index: string, kind?: string) => this.valueText(values[Number(index)], kind));
    return { timeNs, level, thread, event: event.name, message, values };
  }

  private valueText(value: number, kind: string | undefined): string {
    if (kind === undefined) return String(value);
    return this.options.names?.[kind]?.(value) ?? `${kind} ${value}`;
  }

  private put(line: Line): void {
    this.chunk += this.format(line);
    this.chunkLines++;
    if (this.chunk.length >= CHUNK_CHARS) this.flush(false);
  }

  private format({ timeNs, level, thread, event, message, values }: Line): string {
    const time = this.time(timeNs);
    const levelName = LOG_LEVELS[level] ?? String(level);
    if (this.options.format === "text") {
      return `${time} ${levelName.padEnd(5)} ${thread} ${event === null ? "" : `${event}: `}${oneLine(message, (code) => `\\x${code}`)}\n`;
    }
    const object = { time, level: levelName, thread, ...(event === null ? {} : { event }), message, ...(values === undefined ? {} : { values }) };
    return `${oneLine(JSON.stringify(object), (code) => `\\u${code.padStart(4, "0")}`)}\n`;
  }

  /** Session time as ISO 8601 with nanoseconds. */
  private time(ns: number): string {
    const ms = Math.floor(ns / 1e6);
    return `${new Date(this.options.epochMs + ms).toISOString().slice(0, -1)}${String(Math.floor(ns - ms * 1e6)).padStart(6, "0")}Z`;
  }

  /** Hands the gathered lines on, behind a line about those that were refused; at the end also that line alone. */
  private flush(atEnd: boolean): void {
    if (this.chunkLines === 0 && !(atEnd && this.refused !== null)) return;
    const { refused, chunk, chunkLines } = this;
    this.chunk = "";
    this.chunkLines = 0;
    const why = this.offer((refused === null ? "" : this.refusedLine(refused)) + chunk);
    if (why === null) {
      this.lines += chunkLines + (refused === null ? 0 : 1);
      this.refused = null;
      return;
    }
    this.unwritten += chunkLines;
    this.refused = { lines: (refused?.lines ?? 0) + chunkLines, sinceNs: refused?.sinceNs ?? this.options.clock.now(), why };
  }

  private refusedLine({ lines, sinceNs, why }: { lines: number; sinceNs: number; why: string }): string {
    const message = `could not write ${lines} ${lines === 1 ? "line" : "lines"} since ${this.time(sinceNs)}: ${why}`;
    return this.format({ timeNs: this.options.clock.now(), level: LOG_WARN, thread: THREAD, event: "lines-unwritten", message, values: [lines] });
  }

  private offer(text: string): string | null {
    try {
      return this.options.output.write(text);
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }
}

/** Control characters and line separators written out: a text cannot begin a line of its own or steer a terminal. */
function oneLine(text: string, escape: (hex: string) => string): string {
  return text.replace(/[\p{Cc}\u2028\u2029]/gu, (character) => {
    if (character === "\n") return "\\n";
    return escape(character.charCodeAt(0).toString(16).padStart(2, "0"));
  });
}
