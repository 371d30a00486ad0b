/**
 * NASDAQ TotalView-ITCH 5.0: bytes to records, every message type of the specification. @hot
 * https://www.nasdaqtrader.com/content/technicalsupport/specifications/dataproducts/NQTVITCHspecification.pdf
 *
 * The stream is a file of length-prefixed messages, or datagrams of MoldUDP64, each behind its length (how a capture of packets is
 * read); which of them is recognised by the first bytes. No message allocates; a piece handed in allocates one view of itself.
 *
 * tsEvent is the venue's time since its midnight plus `midnightNs`. Refused and counted: a wrong length, an unknown type, a side or
 * print flag outside its values, a number past 2^53, an instrument that the registry cannot take.
 */
import { StreamError } from "../../kernel/core/errors.ts";
import type { InstrumentRegistry } from "../../kernel/instrument/registry.ts";
import type { Arena } from "../../kernel/memory/arena.ts";
import type { Outlet } from "../../kernel/record/outlet.ts";
import type { Feed, FeedReport } from "./feed.ts";
import { LengthPrefixFramer, createView } from "./framing.ts";
import { Itch50Decoder } from "./itch50-decoder.ts";
import { Itch50Directory } from "./itch50-directory.ts";
import { MESSAGE_LENGTHS } from "./itch50-layout.ts";
import { reportItch50 } from "./itch50-report.ts";
import { Itch50Writer } from "./itch50-writer.ts";
import { COUNT_AT, COUNT_END_OF_SESSION, MoldUdp64, PACKET_HEADER_BYTES, SEQUENCE_AT, SESSION_BYTES } from "./moldudp64.ts";
import { Quarantine, REASON_LENGTH, REASON_TYPE } from "./quarantine.ts";

export type Itch50Framing = "auto" | "length-prefix" | "moldudp64";

export interface Itch50Options {
  /** Default "auto": recognised by the first bytes. */
  readonly framing?: Itch50Framing;
  /** Nanoseconds from the session epoch to the midnight that the venue counts from, default 0. */
  readonly midnightNs?: number;
  /** Malformed messages kept for inspection, default 64. */
  readonly quarantineEntries?: number;
}

const FRAMING_UNKNOWN = 0;
const FRAMING_PREFIX = 1;
const FRAMING_MOLD = 2;

const PREFIX_BYTES = 2;
/** Bytes that tell a datagram of MoldUDP64: its length, its header, the length of its first message. */
const HEAD_BYTES = PREFIX_BYTES + PACKET_HEADER_BYTES + PREFIX_BYTES;

const FRAMING = 0;
const HEAD_LENGTH = 1;
const DIRECT = 2;
const STATE_CELLS = 8;

export class Itch50Feed implements Feed {
  readonly quarantine: Quarantine;
  readonly directory: Itch50Directory;
  readonly framer: LengthPrefixFramer;
  readonly packets: MoldUdp64;
  private readonly writer: Itch50Writer;
  private readonly decoder: Itch50Decoder;
  private readonly state: Float64Array;
  private readonly head: Uint8Array;
  private lastBytes: Uint8Array;
  private lastView: DataView;

  constructor(arena: Arena, registry: InstrumentRegistry, outlet: Outlet, options: Itch50Options = {}) {
    const midnightNs = options.midnightNs ?? 0;
    if (!Number.isSafeInteger(midnightNs)) throw new StreamError("VALUE_RANGE", `expected whole nanoseconds for midnightNs, got ${midnightNs}`, { midnightNs });
    this.state = arena.float64("itch50.feed", STATE_CELLS);
    this.head = arena.uint8("itch50.head", HEAD_BYTES);
    this.quarantine = new Quarantine(arena, options.quarantineEntries);
    this.directory = new Itch50Directory(arena, registry);
    this.writer = new Itch50Writer(arena, outlet, this.directory, midnightNs);
    this.decoder = new Itch50Decoder(this.writer);
    this.framer = new LengthPrefixFramer(arena, MESSAGE_LENGTHS, this.decoder, this.quarantine);
    this.packets = new MoldUdp64(arena, MESSAGE_LENGTHS, this.decoder, this.quarantine);
    this.lastBytes = this.head;
    this.lastView = createView(this.head);
    if (arena.fresh) this.state[FRAMING] = framingCode(options.framing ?? "auto");
  }

  get messages(): number {
    return this.writer.messages;
  }

  get pendingBytes(): number {
    return this.state[HEAD_LENGTH] + this.framer.pendingBytes + this.packets.pendingBytes;
  }

  get brokenAt(): number {
    return this.state[FRAMING] === FRAMING_MOLD ? this.packets.brokenAt : this.framer.brokenAt;
  }

  /** Messages whose stock locate nothing has named. */
  get unknownLocate(): number {
    return this.directory.unknownLocate;
  }

  /** "auto" until the first bytes have told. Cold. */
  get framing(): Itch50Framing {
    return this.state[FRAMING] === FRAMING_MOLD ? "moldudp64" : this.state[FRAMING] === FRAMING_PREFIX ? "length-prefix" : "auto";
  }

  push(bytes: Uint8Array, from: number, to: number): void {
    const framing = this.state[FRAMING];
    if (framing === FRAMING_PREFIX) this.framer.push(bytes, from, to);
    else if (framing === FRAMING_MOLD) this.packets.push(bytes, from, to);
    else this.recognise(bytes, from, to);
  }

  /** Takes one datagram of MoldUDP64, bytes[from, to), as a socket delivers it. */
  onPacket(bytes: Uint8Array, from: number, to: number): void {
    this.state[FRAMING] = FRAMING_MOLD;
    this.packets.onPacket(bytes, from, to);
  }

  /** Takes one ITCH message, bytes[from, to), without framing. For streams that some other protocol has framed. */
  onMessage(bytes: Uint8Array, from: number, to: number): void {
    if (bytes !== this.lastBytes) {
      this.lastView = createView(bytes);
      this.lastBytes = bytes;
    }
    const offset = this.state[DIRECT];
    this.state[DIRECT] = offset + (to - from);
    const demanded = to > from ? MESSAGE_LENGTHS[bytes[from]] : 0;
    let reason = demanded < 0 ? REASON_TYPE : REASON_LENGTH;
    if (demanded === to - from && demanded > 0) reason = this.decoder.onFrame(bytes, this.lastView, from);
    if (reason !== 0) this.quarantine.keep(bytes, from, to, offset, reason);
  }

  report(): FeedReport {
    const packets = this.state[FRAMING] === FRAMING_MOLD ? this.packets : null;
    return reportItch50(this.writer, this.directory.registry, packets, this.quarantine.count, this.pendingBytes);
  }

  /** Collects the first bytes until they tell the framing, then hands everything on. */
  private recognise(bytes: Uint8Array, from: number, to: number): void {
    const state = this.state;
    const head = this.head;
    let at = from;
    while (at < to && state[FRAMING] === FRAMING_UNKNOWN) {
      head[state[HEAD_LENGTH]++] = bytes[at++];
      state[FRAMING] = framingOf(head, state[HEAD_LENGTH]);
    }
    if (state[FRAMING] === FRAMING_UNKNOWN) return;
    const length = state[HEAD_LENGTH] | 0;
    state[HEAD_LENGTH] = 0;
    this.push(head, 0, length);
    this.push(bytes, at, to);
  }
}

function framingCode(framing: Itch50Framing): number {
  if (framing === "length-prefix") return FRAMING_PREFIX;
  return framing === "moldudp64" ? FRAMING_MOLD : FRAMING_UNKNOWN;
}

/**
 * The framing of a stream that begins with head[0, length), or FRAMING_UNKNOWN while more bytes are needed. A message of ITCH has the
 * length that its type demands; a datagram has room for what its header counts, in a session of printable characters or zeros.
 */
function framingOf(head: Uint8Array, length: number): number {
  if (length < PREFIX_BYTES) return FRAMING_UNKNOWN;
  const stated = (head[0] << 8) | head[1];
  if (stated < PACKET_HEADER_BYTES || (length > PREFIX_BYTES && MESSAGE_LENGTHS[head[PREFIX_BYTES]] === stated)) return FRAMING_PREFIX;
  for (let i = PREFIX_BYTES; i < length && i < PREFIX_BYTES + SESSION_BYTES; i++) {
    if (head[i] !== 0 && (head[i] < 0x20 || head[i] > 0x7e)) return FRAMING_PREFIX;
  }
  if (length < PREFIX_BYTES + PACKET_HEADER_BYTES) return FRAMING_UNKNOWN;
  if (head[PREFIX_BYTES + SEQUENCE_AT] !== 0 || head[PREFIX_BYTES + SEQUENCE_AT + 1] !== 0) return FRAMING_PREFIX;
  const count = (head[PREFIX_BYTES + COUNT_AT] << 8) | head[PREFIX_BYTES + COUNT_AT + 1];
  if (count === 0 || count === COUNT_END_OF_SESSION) return stated === PACKET_HEADER_BYTES ? FRAMING_MOLD : FRAMING_PREFIX;
  if (PACKET_HEADER_BYTES + count * PREFIX_BYTES > stated) return FRAMING_PREFIX;
  if (length < HEAD_BYTES) return FRAMING_UNKNOWN;
  const first = (head[HEAD_BYTES - 2] << 8) | head[HEAD_BYTES - 1];
  return PACKET_HEADER_BYTES + count * PREFIX_BYTES + first <= stated ? FRAMING_MOLD : FRAMING_PREFIX;
}
