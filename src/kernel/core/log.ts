/**
 * What can be logged: levels, the closed list of events that hot code says by number, and the ports of both ends. @hot
 *
 * A log call never waits, throws or allocates; what finds no room is dropped and counted (kernel/ring/log-ring.ts). Hot code names an
 * event and gives whole numbers; cold code may give text. Texts are made from `{0}`, `{1}`, `{2}` far from the caller
 * (control/logger.ts); `{0:symbol}` is the symbol of an instrument id. docs/guide/latency-and-logs.md lists the events, checked against this list.
 */

/** Levels, from the least to the worst; LOG_OFF as a threshold lets nothing through. */
export const LOG_DEBUG = 0;
export const LOG_INFO = 1;
export const LOG_WARN = 2;
export const LOG_ERROR = 3;
export const LOG_OFF = 4;

/** Names of the levels by number. */
export const LOG_LEVELS: readonly string[] = ["debug", "info", "warn", "error", "off"];

/** The level of a name, or -1. Cold. */
export function logLevelOf(name: string): number {
  return LOG_LEVELS.indexOf(name);
}

/** One kind of event. */
export interface LogEvent {
  /** Stable, in kebab-case: what a filter looks for. */
  readonly name: string;
  readonly level: number;
  readonly text: string;
}

/** Numbers of the events: indexes into LOG_EVENTS. */
export const EVENT_RUN_STARTED = 0;
export const EVENT_RUN_ENDED = 1;
export const EVENT_CHECKPOINT_SAVED = 2;
export const EVENT_SHARD_STARTED = 3;
export const EVENT_SHARD_ENDED = 4;
export const EVENT_BOOK_REFUSED = 5;
export const EVENT_MARKET_UNSYNCED = 6;
export const EVENT_BAD_TIME = 7;
export const EVENT_RING_FULL = 8;
export const EVENT_BUDGET_EXCEEDED = 9;

/** The closed list. */
export const LOG_EVENTS: readonly LogEvent[] = [
  { name: "run-started", level: LOG_INFO, text: "the run begins at byte {0} with {1} shards" },
  { name: "run-ended", level: LOG_INFO, text: "the run ended at byte {0}: {1} records, {2} outputs" },
  { name: "checkpoint-saved", level: LOG_INFO, text: "checkpoint {0} is saved, at byte {1}" },
  { name: "shard-started", level: LOG_INFO, text: "shard {0} runs in a thread of its own" },
  { name: "shard-ended", level: LOG_INFO, text: "shard {0} ended after {1} records, {2} garbage collections" },
  {
    name: "book-refused",
    level: LOG_WARN,
    text: "the book of {0:symbol} refused a record and is out of step: {1} refusals in all; see limits.orders and limits.levels",
  },
  { name: "market-unsynced", level: LOG_WARN, text: "messages were lost: every book of the shard is out of step" },
  { name: "bad-time", level: LOG_WARN, text: "{0} records so far with an event time out of its sane range, the last of {1:symbol}" },
  { name: "ring-full", level: LOG_DEBUG, text: "the input ring of shard {0} was full {1} times so far: the source waits" },
  { name: "budget-exceeded", level: LOG_INFO, text: "the latency budget of stage {0:stage} was exceeded {1} times so far, the last time with {2} us" },
];

/** Levels by event number, for the test on the hot path. */
export const EVENT_LEVELS: Uint8Array = Uint8Array.from(LOG_EVENTS, (event) => event.level);

/** True for 1, 2, 4, 8, ...: what repeats without end is logged the first time and each time its count has doubled. */
export function isWorthALine(count: number): boolean {
  return (count & (count - 1)) === 0;
}

/** Takes log calls; LogWriter does. */
export interface LogObserver {
  /** Hot: an event of LOG_EVENTS with up to three whole numbers. Beyond 31 bits a number may be boxed where the call is not inlined. */
  event(event: number, a: number, b: number, c: number): void;
  /** Cold: a text at a level. */
  text(level: number, text: string): void;
}

export class NoLog implements LogObserver {
  event(_event: number, _a: number, _b: number, _c: number): void {}
  text(_level: number, _text: string): void {}
}

/** One entry as its reader gets it. */
export interface LogEntry {
  /** Session time of the call. */
  readonly timeNs: number;
  readonly level: number;
  /** Number of the event; -1 for a text. */
  readonly event: number;
  readonly values: readonly number[];
  /** Empty for an event. */
  readonly text: string;
  /** True when the text was longer than an entry holds. */
  readonly truncated: boolean;
  /** Entries that this thread had dropped before this one, in all. */
  readonly droppedBefore: number;
}

/** The reading end of one thread's log. */
export interface LogSource {
  /** Name of the thread. */
  readonly name: string;
  /** Time of the oldest entry that was not taken, or null. */
  nextTimeNs(): number | null;
  /** The oldest entry; only after nextTimeNs() told one. */
  take(): LogEntry;
  /** Entries that the thread has dropped so far. */
  readonly dropped: number;
}
