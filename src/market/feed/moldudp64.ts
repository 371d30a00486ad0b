/**
 * MoldUDP64: messages in numbered packets, each packet one datagram. @hot
 * https://www.nasdaqtrader.com/content/technicalsupport/specifications/dataproducts/moldudp64.pdf
 *
 *   packet   0 session, 10 bytes of text | 10 sequence u64 | 18 count u16 | 20 blocks: length u16 and message
 *
 * Count 0 is a heartbeat and 65535 the end of the session; both name the next sequence. A packet whose blocks do not fill it exactly
 * is refused whole, before it is numbered, so that its loss shows as a gap and another copy of it still counts. Sequence 0 lies
 * outside the protocol (numbers start at 1, anonymised captures hold 0): such a packet is taken as it comes.
 * A new session is a reset: numbering begins anew.
 */
import { fail } from "../../kernel/core/invariant.ts";
import { GAP } from "../../kernel/core/status.ts";
import type { Arena } from "../../kernel/memory/arena.ts";
import { createView, type FrameHandler } from "./framing.ts";
import { REASON_FRAMING, REASON_LENGTH, REASON_NUMBER, REASON_TYPE, type Quarantine } from "./quarantine.ts";
import { Sequencer } from "./sequencer.ts";

export const SESSION_BYTES = 10;
export const SEQUENCE_AT = 10;
export const COUNT_AT = 18;
export const PACKET_HEADER_BYTES = 20;
export const COUNT_END_OF_SESSION = 0xffff;

const PREFIX_BYTES = 2;
const DATAGRAM_CAPACITY = 65_536 + PREFIX_BYTES;
/** High words from here on are past 2^53. */
const HIGH_LIMIT = 0x20_0000;

const PACKETS = 0;
const OFFSET = 1;
const BROKEN_AT = 2;
const PENDING = 3;
const HAS_SESSION = 4;
const HEARTBEATS = 5;
const UNSEQUENCED = 6;
const ENDED = 7;
const STATE_CELLS = 8;

export class MoldUdp64 {
  readonly sequencer: Sequencer;
  private readonly lengths: Int16Array;
  private readonly handler: FrameHandler;
  private readonly quarantine: Quarantine;
  private readonly state: Float64Array;
  private readonly session: Uint8Array;
  private readonly pending: Uint8Array;
  private readonly pendingView: DataView;
  private lastBytes: Uint8Array;
  private lastView: DataView;

  /** `lengths`: the length of a message by its type byte; -1 where there is no such type. */
  constructor(arena: Arena, lengths: Int16Array, handler: FrameHandler, quarantine: Quarantine) {
    this.lengths = lengths;
    this.handler = handler;
    this.quarantine = quarantine;
    this.sequencer = new Sequencer(arena, "moldudp64.sequencer");
    this.state = arena.float64("moldudp64.state", STATE_CELLS);
    this.session = arena.uint8("moldudp64.session", SESSION_BYTES);
    this.pending = arena.uint8("moldudp64.pending", DATAGRAM_CAPACITY);
    this.pendingView = createView(this.pending);
    this.lastBytes = this.pending;
    this.lastView = this.pendingView;
    if (arena.fresh) this.state[BROKEN_AT] = -1;
  }

  get packets(): number {
    return this.state[PACKETS];
  }

  /** Packets without messages: heartbeats and ends of session. */
  get heartbeats(): number {
    return this.state[HEARTBEATS];
  }

  /** Packets with messages and sequence 0. */
  get unsequenced(): number {
    return this.state[UNSEQUENCED];
  }

  /** True when the session's last packet said that it has ended. */
  get isEnded(): boolean {
    return this.state[ENDED] === 1;
  }

  get pendingBytes(): number {
    return this.state[PENDING];
  }

  /** Offset of the first packet that was none, or -1. */
  get brokenAt(): number {
    return this.state[BROKEN_AT];
  }

  /** Takes bytes[from, to) of a stream of datagrams, each behind its length as u16 big-endian: a capture, cut anywhere. */
  push(bytes: Uint8Array, from: number, to: number): void {
    const state = this.state;
    let at = from;
    while (at < to) {
      const waiting = state[PENDING] | 0;
      if (waiting === 0 && to - at >= PREFIX_BYTES) {
        const end = at + PREFIX_BYTES + ((bytes[at] << 8) | bytes[at + 1]);
        if (end <= to) {
          state[OFFSET] += PREFIX_BYTES;
          this.onPacket(bytes, at + PREFIX_BYTES, end);
          at = end;
          continue;
        }
      }
      this.pending[waiting] = bytes[at++];
      state[PENDING] = waiting + 1;
      if (waiting + 1 >= PREFIX_BYTES) at = this.complete(bytes, at, to);
    }
  }

  /** Takes one datagram, bytes[from, to). */
  onPacket(bytes: Uint8Array, from: number, to: number): void {
    if (bytes !== this.lastBytes) {
      this.lastView = createView(bytes);
      this.lastBytes = bytes;
    }
    this.packet(bytes, this.lastView, from, to);
  }

  /** Fills the waiting datagram from bytes[from, to) and takes it when it is whole. Returns the position behind what was used. */
  private complete(bytes: Uint8Array, from: number, to: number): number {
    const state = this.state;
    const waiting = state[PENDING] | 0;
    const whole = PREFIX_BYTES + this.pendingView.getUint16(0);
    if (whole > DATAGRAM_CAPACITY) fail("a datagram is longer than what is kept", whole);
    const taken = whole - waiting < to - from ? whole - waiting : to - from;
    for (let i = 0; i < taken; i++) this.pending[waiting + i] = bytes[from + i];
    state[PENDING] = waiting + taken;
    if (waiting + taken === whole) {
      state[PENDING] = 0;
      state[OFFSET] += PREFIX_BYTES;
      this.packet(this.pending, this.pendingView, PREFIX_BYTES, whole);
    }
    return from + taken;
  }

  private packet(bytes: Uint8Array, view: DataView, from: number, to: number): void {
    const state = this.state;
    const offset = state[OFFSET];
    state[OFFSET] = offset + (to - from);
    state[PACKETS]++;
    const count = to - from < PACKET_HEADER_BYTES ? -1 : countMessages(view, from, to);
    if (count < 0) {
      if (state[BROKEN_AT] < 0) state[BROKEN_AT] = offset;
      this.quarantine.keep(bytes, from, to, offset, REASON_FRAMING);
      return;
    }
    const high = view.getUint32(from + SEQUENCE_AT);
    if (high >= HIGH_LIMIT) {
      this.quarantine.keep(bytes, from, to, offset, REASON_NUMBER);
      return;
    }
    this.enterSession(bytes, from);
    if (count === 0) state[HEARTBEATS]++;
    state[ENDED] = view.getUint16(from + COUNT_AT) === COUNT_END_OF_SESSION ? 1 : 0;
    const sequence = high * 4_294_967_296 + view.getUint32(from + SEQUENCE_AT + 4);
    const skipped = this.sequence(sequence, count);
    let at = from + PACKET_HEADER_BYTES;
    for (let i = 0; i < count; i++) {
      const start = at + PREFIX_BYTES;
      const end = start + view.getUint16(at);
      if (i >= skipped) this.message(bytes, view, start, end, offset + (start - from));
      at = end;
    }
  }

  /** How many messages at the front of a packet are not new. */
  private sequence(first: number, count: number): number {
    if (first === 0) {
      if (count > 0) this.state[UNSEQUENCED]++;
      return 0;
    }
    const joinsLate = !this.sequencer.isStarted && first > 1;
    const seen = this.sequencer.observe(first, count);
    if (seen === GAP || joinsLate) this.handler.onGap();
    return seen === GAP ? 0 : seen;
  }

  private message(bytes: Uint8Array, view: DataView, from: number, to: number, offset: number): void {
    const demanded = to === from ? 0 : this.lengths[view.getUint8(from)];
    let reason = to === from ? REASON_LENGTH : 0;
    if (demanded < 0) reason = REASON_TYPE;
    else if (demanded !== to - from) reason = REASON_LENGTH;
    if (reason === 0) reason = this.handler.onFrame(bytes, view, from, to);
    if (reason !== 0) this.quarantine.keep(bytes, from, to, offset, reason);
  }

  private enterSession(bytes: Uint8Array, from: number): void {
    const session = this.session;
    let same = true;
    for (let i = 0; i < SESSION_BYTES; i++) if (session[i] !== bytes[from + i]) same = false;
    if (same) {
      this.state[HAS_SESSION] = 1;
      return;
    }
    for (let i = 0; i < SESSION_BYTES; i++) session[i] = bytes[from + i];
    if (this.state[HAS_SESSION] === 1) {
      this.sequencer.reset();
      this.handler.onGap();
    }
    this.state[HAS_SESSION] = 1;
  }
}

/** Messages in the packet at view[from, to), or -1 when its blocks do not fill it exactly. */
function countMessages(view: DataView, from: number, to: number): number {
  const stated = view.getUint16(from + COUNT_AT);
  const count = stated === COUNT_END_OF_SESSION ? 0 : stated;
  let at = from + PACKET_HEADER_BYTES;
  for (let i = 0; i < count; i++) {
    if (to - at < PREFIX_BYTES) return -1;
    at += PREFIX_BYTES + view.getUint16(at);
  }
  return at === to ? count : -1;
}
