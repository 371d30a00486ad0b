/** ITCH 5.0 messages as bytes, for tests: each made field by field from the offsets of itch50-layout.ts; and a target that keeps records. */
import { OUTPUT_HASH_WORDS, OutputHash } from "../../src/kernel/core/hash.ts";
import { Slots } from "../../src/kernel/record/slots.ts";
import * as layout from "../../src/market/feed/itch50-layout.ts";

/** A field: offset, then a number with its width in bytes, or text padded with spaces to a width. */
export type Field = readonly [offset: number, value: number | bigint | string, bytes: number];

/** One message with its header; what no field names is 0. */
export function message(type: string, locate: number, timeNs: number, fields: readonly Field[]): Uint8Array {
  const code = type.charCodeAt(0);
  const bytes = new Uint8Array(layout.MESSAGE_LENGTHS[code]);
  put(bytes, [layout.HEADER_TYPE, code, 1]);
  put(bytes, [layout.HEADER_LOCATE, locate, 2]);
  put(bytes, [layout.HEADER_TIME_HIGH, timeNs, 6]);
  for (const field of fields) put(bytes, field);
  return bytes;
}

function put(bytes: Uint8Array, [offset, value, width]: Field): void {
  if (typeof value === "string") {
    for (let i = 0; i < width; i++) bytes[offset + i] = i < value.length ? value.charCodeAt(i) : 0x20;
    return;
  }
  let rest = BigInt(value);
  for (let i = width - 1; i >= 0; i--) {
    bytes[offset + i] = Number(rest & 0xffn);
    rest >>= 8n;
  }
}

export function add(locate: number, timeNs: number, order: number | bigint, side: string, shares: number, stock: string, price: number): Uint8Array {
  return message("A", locate, timeNs, [
    [layout.ADD_ORDER, order, 8],
    [layout.ADD_SIDE, side, 1],
    [layout.ADD_SHARES, shares, 4],
    [layout.ADD_STOCK, stock, 8],
    [layout.ADD_PRICE, price, 4],
  ]);
}

export function deletion(locate: number, timeNs: number, order: number | bigint): Uint8Array {
  return message("D", locate, timeNs, [[layout.DELETE_ORDER, order, 8]]);
}

export function directory(locate: number, timeNs: number, stock: string): Uint8Array {
  return message("R", locate, timeNs, [
    [layout.DIRECTORY_STOCK, stock, 8],
    [layout.DIRECTORY_CATEGORY, "Q", 1],
    [layout.DIRECTORY_ROUND_LOT, 100, 4],
  ]);
}

/** Messages behind their lengths, one after the other. */
export function framed(messages: readonly Uint8Array[]): Uint8Array {
  return concat(messages.flatMap((bytes) => [Uint8Array.of(bytes.length >> 8, bytes.length & 0xff), bytes]));
}

/** One packet of MoldUDP64. */
export function packet(session: string, sequence: number | bigint, messages: readonly Uint8Array[], count: number = messages.length): Uint8Array {
  const header = new Uint8Array(20);
  put(header, [0, session, 10]);
  put(header, [10, sequence, 8]);
  put(header, [18, count, 2]);
  return concat([header, framed(messages)]);
}

export function concat(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** Words of tsRecv: not part of what a record says. */
const TS_RECV_WORDS = (1 << 6) | (1 << 7);

/** Keeps every record, and a hash of them without receive times. */
export class Collector {
  readonly records: Slots[] = [];
  private readonly hash = new OutputHash(new Int32Array(OUTPUT_HASH_WORDS));

  accept(slots: Slots, slot: number): void {
    const copy = Slots.create(1);
    copy.copyFrom(slots, slot, 0);
    this.records.push(copy);
    this.hash.add(slots.i32, slot << 4, TS_RECV_WORDS);
  }

  get hashText(): string {
    return `${this.records.length} ${this.hash.text()}`;
  }
}
