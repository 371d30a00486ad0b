/**
 * Messages behind a u16 big-endian length, over pieces of any size: NASDAQ's binary file format. @hot
 * https://www.nasdaqtrader.com/content/technicalsupport/specifications/dataproducts/binaryfile.pdf
 *
 * A frame is plausible when its length is the one that its type byte demands. In step, a frame of another length is malformed and
 * skipped; when the next one, the first of the stream, or the one behind a zero length (the mark of a session's end) is not plausible,
 * or a length is past the maximum, framing is lost: bytes are skipped one at a time until three plausible frames follow each other.
 * What is accepted, refused and skipped depends on the bytes alone, not on how they were cut. A message that lies whole in one piece
 * is decoded in place; the rest of a piece waits in the arena.
 */
import { fail } from "../../kernel/core/invariant.ts";
import { NEED_MORE } from "../../kernel/core/status.ts";
import type { Arena } from "../../kernel/memory/arena.ts";
import { REASON_FRAMING, REASON_LENGTH, REASON_TYPE, type Quarantine } from "./quarantine.ts";

/** Takes messages out of frames. */
export interface FrameHandler {
  /**
   * bytes[from, to) is one message of the length that its type demands; `view` shows the same bytes at the same positions. Returns 0,
   * or the quarantine's reason when the message was refused.
   */
  onFrame(bytes: Uint8Array, view: DataView, from: number, to: number): number;
  /**
   * Takes whole plausible frames of view[from, to) that follow each other and start before `stop`, as many as it likes: its own loop over
   * what is ordinary. Returns the position behind the last one taken; what it leaves comes through onFrame() or is judged.
   */
  onFrames(view: DataView, from: number, stop: number, to: number): number;
  /** Messages are missing before the next one: numbers were skipped, or bytes could not be read as messages. */
  onGap(): void;
}

/** Longest frame that is skipped as one malformed message; a longer one means that framing is lost. */
export const FRAME_BYTES_MAX = 64;
/** Plausible frames in a row that end a loss of framing. */
export const FRAMES_TO_RESUME = 3;

/** Bytes of the length before each message. */
export const FRAME_PREFIX_BYTES = 2;
const PREFIX_BYTES = FRAME_PREFIX_BYTES;
/** Bytes that may wait: all that a decision can need. */
const PENDING_CAPACITY = 512;

const PENDING = 0;
const OFFSET = 1;
const BROKEN_AT = 2;
/** Offset of the first frame in doubt, or -1. */
const DOUBT_AT = 3;
const LOST = 4;
const LOSSES = 5;
const STATE_CELLS = 8;

export class LengthPrefixFramer {
  private readonly lengths: Int16Array;
  private readonly handler: FrameHandler;
  private readonly quarantine: Quarantine;
  private readonly state: Float64Array;
  private readonly pending: Uint8Array;
  private readonly pendingView: DataView;
  private lastBytes: Uint8Array;
  private lastView: DataView;

  /** `lengths`: the length of a message by its type byte, at most FRAME_BYTES_MAX; -1 where there is no such type. */
  constructor(arena: Arena, lengths: Int16Array, handler: FrameHandler, quarantine: Quarantine) {
    this.lengths = lengths;
    this.handler = handler;
    this.quarantine = quarantine;
    this.state = arena.float64("framing.state", STATE_CELLS);
    this.pending = arena.uint8("framing.pending", PENDING_CAPACITY);
    this.pendingView = createView(this.pending);
    this.lastBytes = this.pending;
    this.lastView = this.pendingView;
    if (arena.fresh) this.state[BROKEN_AT] = -1; // and the first frame, at offset 0, is in doubt
  }

  /** Bytes kept because what they begin is not complete. */
  get pendingBytes(): number {
    return this.state[PENDING];
  }

  /** Offset at which the stream first stopped making sense, or -1. */
  get brokenAt(): number {
    return this.state[BROKEN_AT];
  }

  /** How often framing was lost. */
  get losses(): number {
    return this.state[LOSSES];
  }

  /** Takes the next bytes of the stream, bytes[from, to). */
  push(bytes: Uint8Array, from: number, to: number): void {
    let at = from;
    const waiting = this.state[PENDING] | 0; // an integer from here on: a position that was once a double stays one
    if (waiting > 0) {
      const room = PENDING_CAPACITY - waiting;
      const taken = to - from < room ? to - from : room;
      for (let i = 0; i < taken; i++) this.pending[waiting + i] = bytes[from + i];
      const done = this.run(this.pending, this.pendingView, 0, waiting + taken, waiting);
      if (done < waiting) {
        if (taken < to - from) fail("a frame in doubt waits for more bytes than are kept", taken);
        this.keepPending(this.pending, done, waiting + taken);
        return;
      }
      this.state[PENDING] = 0;
      at = from + done - waiting;
    }
    if (bytes !== this.lastBytes) {
      this.lastView = createView(bytes);
      this.lastBytes = bytes;
    }
    const end = this.run(bytes, this.lastView, at, to, to);
    this.keepPending(bytes, end, to);
  }

  private keepPending(bytes: Uint8Array, from: number, to: number): void {
    const rest = to - from;
    if (rest > PENDING_CAPACITY) fail("more bytes wait than are kept", rest);
    for (let i = 0; i < rest; i++) this.pending[i] = bytes[from + i];
    this.state[PENDING] = rest;
  }

  /** Frames that start in bytes[from, stop) and end by `to`. Returns the position of what is not complete, or one past `stop`. */
  private run(bytes: Uint8Array, view: DataView, from: number, to: number, stop: number): number {
    const state = this.state;
    const lengths = this.lengths;
    const handler = this.handler;
    let inDoubt = state[DOUBT_AT] >= 0;
    let at = from;
    while (at < stop) {
      if (state[LOST] === 1) {
        at = this.scan(bytes, view, at, to, stop);
        if (state[LOST] === 1) break;
        inDoubt = false;
      }
      if (!inDoubt) at = handler.onFrames(view, at, stop, to);
      const rest = to - at;
      if (at >= stop || rest < PREFIX_BYTES) break;
      const length = view.getUint16(at);
      if (rest > PREFIX_BYTES && length === lengths[view.getUint8(at + PREFIX_BYTES)]) {
        const end = at + PREFIX_BYTES + length;
        if (end > to) break;
        const reason = handler.onFrame(bytes, view, at + PREFIX_BYTES, end);
        if (reason !== 0) this.quarantine.keep(bytes, at + PREFIX_BYTES, end, state[OFFSET] + (at - from), reason);
        if (inDoubt) {
          state[DOUBT_AT] = -1;
          inDoubt = false;
        }
        at = end;
        continue;
      }
      const next = this.judge(bytes, at, to, length, at - from);
      if (next === NEED_MORE) break;
      inDoubt = state[DOUBT_AT] >= 0;
      at = next;
    }
    state[OFFSET] += at - from;
    return at;
  }

  /** What becomes of a frame that is not plausible, or not yet known to be. Returns where to go on, or NEED_MORE. */
  private judge(bytes: Uint8Array, at: number, to: number, length: number, consumed: number): number {
    const state = this.state;
    const offset = state[OFFSET] + consumed;
    const inDoubt = state[DOUBT_AT] >= 0;
    if (length === 0 && !inDoubt) {
      state[DOUBT_AT] = offset;
      return at + PREFIX_BYTES;
    }
    if (length === 0 || length > FRAME_BYTES_MAX || (inDoubt && to - at > PREFIX_BYTES)) {
      if (state[BROKEN_AT] < 0) state[BROKEN_AT] = inDoubt ? state[DOUBT_AT] : offset;
      state[DOUBT_AT] = -1;
      state[LOST] = 1;
      state[LOSSES]++;
      this.handler.onGap();
      this.quarantine.keep(bytes, at, at, offset, REASON_FRAMING);
      return at;
    }
    const end = at + PREFIX_BYTES + length;
    if (end > to) return NEED_MORE;
    const known = this.lengths[bytes[at + PREFIX_BYTES]] >= 0;
    if (known) this.handler.onGap(); // an unknown type says nothing about a book
    this.quarantine.keep(bytes, at + PREFIX_BYTES, end, offset, known ? REASON_LENGTH : REASON_TYPE);
    state[DOUBT_AT] = offset;
    return end;
  }

  /** Skips bytes until FRAMES_TO_RESUME plausible frames begin; stops without leaving the loss where more bytes are needed. */
  private scan(bytes: Uint8Array, view: DataView, from: number, to: number, stop: number): number {
    const lengths = this.lengths;
    let at = from;
    while (at < stop) {
      let probe = at;
      let seen = 0;
      while (seen < FRAMES_TO_RESUME) {
        if (to - probe <= PREFIX_BYTES) return at;
        const length = view.getUint16(probe);
        if (length !== lengths[view.getUint8(probe + PREFIX_BYTES)]) break;
        probe += PREFIX_BYTES + length;
        seen++;
      }
      if (seen === FRAMES_TO_RESUME) {
        this.state[LOST] = 0;
        return at;
      }
      this.quarantine.append(bytes[at]);
      at++;
    }
    return at;
  }
}

/** A view in which positions are those of `bytes`. */
export function createView(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
