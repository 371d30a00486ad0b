/**
 * Newline-framed messages over chunks of any size. @hot
 *
 * A line that lies whole in a chunk is read where it lies, and its end is looked for only when the reader does not find it itself;
 * a line cut by a chunk's end is copied into a bounded region of the arena. A line longer than `maxBytes` is counted, kept in the
 * quarantine by its first bytes and skipped to its end; the outcome does not depend on how the stream was cut.
 * The byte after a line is always a control character, so scanners need no bound.
 *
 *   framer.begin(bytes, from, to); while (framer.next()) { at = scan(framer.bytes, framer.from); if (!framer.endsAt(at) && framer.close()) ... }
 */
import { StreamError } from "../../kernel/core/errors.ts";
import type { Arena } from "../../kernel/memory/arena.ts";
import { REASON_OVERSIZED, type Quarantine } from "./quarantine.ts";

/** Longest line by default: a REST snapshot of 5,000 levels a side takes about 300 KB. */
export const LINE_BYTES_MAX: number = 1 << 20;

const NEWLINE = 0x0a;
const RETURN = 0x0d;

const PENDING = 0;
const STREAM_OFFSET = 1;
const LINE_OFFSET = 2;
const SKIPPING = 3;
const OVERSIZED = 4;
const STATE_CELLS = 8;

export class LineFramer {
  /** The current line begins at bytes[from]; it ends before bytes[to] once endsAt() or close() was true. */
  bytes: Uint8Array;
  from = 0;
  to = 0;
  private readonly maxBytes: number;
  private readonly pending: Uint8Array;
  private readonly state: Float64Array;
  private readonly quarantine: Quarantine;
  private chunk: Uint8Array;
  private at = 0;
  private end = 0;
  /** Position in the chunk after its last newline. */
  private wholeEnd = 0;
  /** The current line lies in the chunk; its newline is at `stop`, -1 while not known. */
  private isDirect = false;
  private stop = -1;

  /** `maxBytes`: the longest line that is accepted. */
  constructor(arena: Arena, quarantine: Quarantine, maxBytes: number = LINE_BYTES_MAX) {
    if (!Number.isInteger(maxBytes) || maxBytes < 16 || maxBytes > 1 << 28) {
      throw new StreamError("VALUE_RANGE", `expected a longest line of 16 to ${1 << 28} bytes, got ${maxBytes}`, { maxBytes });
    }
    this.maxBytes = maxBytes;
    this.state = arena.float64("lines.state", STATE_CELLS);
    this.pending = arena.uint8("lines.pending", maxBytes + 2);
    this.quarantine = quarantine;
    this.bytes = this.pending;
    this.chunk = this.pending;
  }

  /** Bytes kept because their line has not ended. */
  get pendingBytes(): number {
    return this.state[PENDING];
  }

  /** The first of them, or -1. Cold. */
  get pendingFirst(): number {
    return this.state[PENDING] > 0 ? this.pending[0] : -1;
  }

  /** Bytes taken in so far. */
  get streamOffset(): number {
    return this.state[STREAM_OFFSET];
  }

  /** Offset in the stream of the current line. */
  get lineOffset(): number {
    return this.state[LINE_OFFSET];
  }

  /** Lines that were too long. */
  get oversized(): number {
    return this.state[OVERSIZED];
  }

  /** The next bytes of the stream, bytes[from, to); then call next() until it answers false. */
  begin(bytes: Uint8Array, from: number, to: number): void {
    let last = to;
    while (last > from && bytes[last - 1] !== NEWLINE) last--;
    this.chunk = bytes;
    this.at = from;
    this.end = to;
    this.wholeEnd = last;
  }

  /** Moves to the next line that is not empty; false when the chunk is used up. */
  next(): boolean {
    if (this.isDirect) this.leave();
    if (this.at < this.wholeEnd && (this.state[PENDING] > 0 || this.state[SKIPPING] !== 0) && this.finishPending()) return true;
    const chunk = this.chunk;
    while (this.at < this.wholeEnd) {
      const first = chunk[this.at];
      if (first === NEWLINE || (first === RETURN && chunk[this.at + 1] === NEWLINE)) {
        this.advance(this.at + (first === NEWLINE ? 1 : 2));
        continue;
      }
      this.state[LINE_OFFSET] = this.state[STREAM_OFFSET];
      this.bytes = chunk;
      this.from = this.at;
      this.to = this.at;
      this.stop = -1;
      this.isDirect = true;
      return true;
    }
    if (this.at < this.end) {
      if (this.state[SKIPPING] === 0 && !this.gather(this.end)) this.state[SKIPPING] = 1;
      this.advance(this.end);
    }
    this.chunk = this.pending;
    return false;
  }

  /** True if the current line ends at `at`, as a reader found it; then [from, to) is the line. */
  endsAt(at: number): boolean {
    if (!this.isDirect) return at === this.to;
    const stop = this.bytes[at] === RETURN ? at + 1 : at;
    if (this.bytes[stop] !== NEWLINE || stop - this.from > this.maxBytes) return false;
    this.to = at;
    this.stop = stop;
    return true;
  }

  /** Looks for the end of the current line; false if it is too long, which is seen to here. */
  close(): boolean {
    if (!this.isDirect || this.stop >= 0) return true;
    const stop = this.findNewline(this.from);
    this.stop = stop;
    if (stop - this.from > this.maxBytes) {
      this.reject(this.bytes, this.from);
      return false;
    }
    this.to = this.bytes[stop - 1] === RETURN ? stop - 1 : stop;
    return true;
  }

  /** Ends the line that began in an earlier chunk: true if there is one to read. */
  private finishPending(): boolean {
    const state = this.state;
    const stop = this.findNewline(this.at);
    const isWhole = state[SKIPPING] === 0 && this.gather(stop);
    state[SKIPPING] = 0;
    state[PENDING] = 0;
    this.advance(stop + 1);
    if (!isWhole) return false;
    if (this.to > 0 && this.bytes[this.to - 1] === RETURN) this.to--;
    return this.to > 0;
  }

  /** Appends the chunk up to `stop` to what is pending; false if that is too long. */
  private gather(stop: number): boolean {
    const state = this.state;
    const pending = this.pending;
    const chunk = this.chunk;
    let length = state[PENDING];
    if (length === 0) state[LINE_OFFSET] = state[STREAM_OFFSET];
    const room = this.maxBytes - length;
    const fits = stop - this.at <= room;
    const until = fits ? stop : this.at + room;
    for (let i = this.at; i < until; i++) pending[length++] = chunk[i];
    if (!fits) {
      state[PENDING] = 0;
      this.reject(pending, 0);
      return false;
    }
    state[PENDING] = length;
    pending[length] = NEWLINE;
    this.bytes = pending;
    this.from = 0;
    this.to = length;
    return true;
  }

  private leave(): void {
    if (this.stop < 0) this.close();
    this.isDirect = false;
    this.advance(this.stop + 1);
  }

  private advance(to: number): void {
    this.state[STREAM_OFFSET] += to - this.at;
    this.at = to;
  }

  /** Position of the newline at or after `from`; there is one before wholeEnd. */
  private findNewline(from: number): number {
    const chunk = this.chunk;
    let at = from;
    while (chunk[at] !== NEWLINE) at++;
    return at;
  }

  private reject(bytes: Uint8Array, from: number): void {
    this.state[OVERSIZED]++;
    this.quarantine.keep(bytes, from, from + this.maxBytes, this.state[LINE_OFFSET], REASON_OVERSIZED);
  }
}
