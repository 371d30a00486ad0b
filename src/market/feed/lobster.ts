/**
 * LOBSTER message files: NASDAQ order events of one symbol and day as rows of text. @hot
 *
 *   time,type,orderId,size,price,direction      seconds after midnight, -, -, shares, dollars x 10^4, 1 = bid, -1 = ask
 *   1 submission -> ADD             4 execution of a visible order -> EXECUTE     6 cross -> trade, CONDITION_CROSS
 *   2 partial cancel -> CANCEL      5 execution of a hidden order -> trade        7 halt (price -1), quoting (0), resumed (1) -> status
 *   3 deletion -> DELETE
 *
 * Direction is that of the order, so an execution of a bid is a trade whose aggressor sold. A file lists only events within its
 * levels: it cancels and executes orders that it never submitted (unknown to the book, counted there).
 * Price scale 4, quantity scale 0; the session epoch is the midnight of the trading day. A row cut by a chunk's end waits in the arena.
 * Source: https://lobsterdata.com/info/DataStructure.php
 */
import { NOT_EXACT, parseDecimal } from "../../kernel/core/fixed.ts";
import type { InstrumentRegistry } from "../../kernel/instrument/registry.ts";
import type { Arena } from "../../kernel/memory/arena.ts";
import {
  ACTION_ADD,
  ACTION_CANCEL,
  ACTION_DELETE,
  ACTION_EXECUTE,
  DELTA_ORDER_HIGH_I32,
  DELTA_ORDER_LOW_I32,
  DELTA_PRICE_F64,
  DELTA_QTY_F64,
  DELTA_WORD_I32,
} from "../../kernel/record/book-delta.ts";
import { FLAG_LAST } from "../../kernel/record/flags.ts";
import {
  HEADER_INSTRUMENT_U32,
  HEADER_TS_EVENT_F64,
  HEADER_WORD_I32,
  headerWord,
  SIDE_ASK,
  SIDE_BID,
  SIDE_NONE,
  TYPE_BOOK_DELTA,
  TYPE_TRADE,
  TYPE_VENUE_STATUS,
} from "../../kernel/record/header.ts";
import type { Outlet } from "../../kernel/record/outlet.ts";
import { CONDITION_CROSS } from "../../kernel/record/trade.ts";
import { STATUS_TRADING } from "../../kernel/record/venue-status.ts";
import type { Feed, FeedReport } from "./feed.ts";
import { reportLobster } from "./lobster-report.ts";
import { LineFramer } from "./lines.ts";
import { Quarantine, REASON_FIELD, REASON_LENGTH, REASON_NUMBER, REASON_REGISTRY, REASON_TYPE } from "./quarantine.ts";

/** Fields of a message row, in its order: places in a scratch row. */
export const LOBSTER_TIME = 0;
export const LOBSTER_TYPE = 1;
export const LOBSTER_ORDER = 2;
export const LOBSTER_SIZE = 3;
export const LOBSTER_PRICE = 4;
export const LOBSTER_DIRECTION = 5;
export const LOBSTER_FIELDS = 6;

export const LOBSTER_SUBMISSION = 1;
export const LOBSTER_CANCEL = 2;
export const LOBSTER_DELETION = 3;
export const LOBSTER_EXECUTION = 4;
export const LOBSTER_HIDDEN = 5;
export const LOBSTER_CROSS = 6;
export const LOBSTER_HALT = 7;

/** Decimal places of a LOBSTER price. */
export const LOBSTER_PRICE_SCALE = 4;
/** Longest message row: six numbers of at most 20 characters. */
const ROW_BYTES_MAX = 128;
const TWO_32 = 4_294_967_296;

const COUNT_FIRST = 8;
const COUNT_LAST = 9;
const COUNT_MESSAGES = 10;
const COUNTERS = 12;

const COMMA = 0x2c;
const POINT = 0x2e;
const STATE_HALTED = 0x48; // H
const STATE_QUOTING = 0x51; // Q
const STATE_TRADING = 0x54; // T

export interface LobsterOptions {
  /** The symbol, which the rows do not carry; by default LOBSTER. */
  readonly symbol?: string;
}

/** Reads the message row in bytes[from, to) to out[0, 6), time in ns. 0, or a reason of the quarantine. */
export function readLobsterMessage(bytes: Uint8Array, from: number, to: number, out: Float64Array): number {
  let at = from;
  for (let field = 0; field < LOBSTER_FIELDS; field++) {
    if (at > to) return REASON_LENGTH;
    let end = at;
    while (end < to && bytes[end] !== COMMA) end++;
    const value = field === LOBSTER_TIME ? parseDecimal(bytes, at, nanosEnd(bytes, at, end), 9) : parseDecimal(bytes, at, end, 0);
    if (value === NOT_EXACT) return REASON_NUMBER;
    out[field] = value;
    at = end + 1;
  }
  return at === to + 1 ? 0 : REASON_LENGTH;
}

/** The end of a time without the digits past nanoseconds that its writer's floating point left in some rows; `end` if others follow. */
function nanosEnd(bytes: Uint8Array, from: number, end: number): number {
  let point = from;
  while (point < end && bytes[point] !== POINT) point++;
  if (end - point <= 10) return end;
  for (let i = point + 10; i < end; i++) if (bytes[i] < 0x30 || bytes[i] > 0x39) return end;
  return point + 10;
}

export class LobsterFeed implements Feed {
  private readonly framer: LineFramer;
  readonly quarantine: Quarantine;
  private readonly registry: InstrumentRegistry;
  private readonly outlet: Outlet;
  private readonly symbol: Uint8Array;
  /** By type 0 .. 7, then first and last event time, messages. */
  private readonly counter: Float64Array;
  private readonly row: Float64Array = new Float64Array(LOBSTER_FIELDS);
  private readonly newline: Uint8Array = new Uint8Array([0x0a]);

  constructor(arena: Arena, registry: InstrumentRegistry, outlet: Outlet, options: LobsterOptions = {}) {
    this.registry = registry;
    this.outlet = outlet;
    this.symbol = new TextEncoder().encode(options.symbol ?? "LOBSTER");
    this.quarantine = new Quarantine(arena);
    this.framer = new LineFramer(arena, this.quarantine, ROW_BYTES_MAX);
    this.counter = arena.float64("lobster.count", COUNTERS);
  }

  get pendingBytes(): number {
    return this.framer.pendingBytes;
  }

  get messages(): number {
    return this.counter[COUNT_MESSAGES];
  }

  /** Rows do not lose their framing. */
  get brokenAt(): number {
    return -1;
  }

  push(bytes: Uint8Array, from: number, to: number): void {
    const framer = this.framer;
    framer.begin(bytes, from, to);
    while (framer.next()) if (framer.close()) this.takeRow(framer.bytes, framer.from, framer.to);
  }

  /** The input has ended: a last row without a newline is whole. */
  end(): void {
    if (this.framer.pendingBytes > 0) this.push(this.newline, 0, 1);
  }

  /** Cold. */
  report(): FeedReport {
    return this.createReport();
  }

  private createReport(): FeedReport {
    const seen = this.counter[COUNT_MESSAGES] > 0;
    return reportLobster({
      symbol: new TextDecoder().decode(this.symbol),
      byType: this.counter,
      malformed: this.quarantine.count,
      pendingBytes: this.pendingBytes,
      firstTsEvent: seen ? this.counter[COUNT_FIRST] : null,
      lastTsEvent: seen ? this.counter[COUNT_LAST] : null,
    });
  }

  private takeRow(bytes: Uint8Array, from: number, to: number): void {
    const row = this.row;
    let reason = readLobsterMessage(bytes, from, to, row);
    if (reason === 0) reason = this.take(row);
    if (reason !== 0) {
      this.quarantine.keep(bytes, from, to, this.framer.lineOffset, reason);
      return;
    }
    const counter = this.counter;
    counter[row[LOBSTER_TYPE]]++;
    if (counter[COUNT_MESSAGES]++ === 0) counter[COUNT_FIRST] = row[LOBSTER_TIME];
    counter[COUNT_LAST] = row[LOBSTER_TIME];
  }

  /** Emits the record of a row; 0, or why there is none. */
  private take(row: Float64Array): number {
    const type = row[LOBSTER_TYPE];
    const direction = row[LOBSTER_DIRECTION];
    if (!(type >= LOBSTER_SUBMISSION && type <= LOBSTER_HALT)) return REASON_TYPE;
    if ((direction !== 1 && direction !== -1) || row[LOBSTER_TIME] < 0) return REASON_FIELD;
    if (type !== LOBSTER_HALT && !(row[LOBSTER_SIZE] > 0 && row[LOBSTER_PRICE] > 0 && row[LOBSTER_ORDER] >= 0)) return REASON_FIELD;
    const instrument = this.registry.add(this.symbol, 0, this.symbol.length, LOBSTER_PRICE_SCALE, 0);
    if (instrument < 0) return REASON_REGISTRY;
    const slots = this.outlet.slots;
    slots.u32[HEADER_INSTRUMENT_U32] = instrument;
    slots.f64[HEADER_TS_EVENT_F64] = row[LOBSTER_TIME];
    slots.i32[15] = 0;
    if (type === LOBSTER_HALT) this.writeHalt(row);
    else this.writeOrder(row, type, direction === 1 ? SIDE_BID : SIDE_ASK);
    this.outlet.emit();
    return 0;
  }

  /** Price, quantity and the 64-bit id lie at the same places in a trade and in a delta. */
  private writeOrder(row: Float64Array, type: number, side: number): void {
    const slots = this.outlet.slots;
    const id = row[LOBSTER_ORDER];
    slots.f64[DELTA_PRICE_F64] = row[LOBSTER_PRICE];
    slots.f64[DELTA_QTY_F64] = row[LOBSTER_SIZE];
    slots.i32[DELTA_ORDER_LOW_I32] = id % TWO_32;
    slots.i32[DELTA_ORDER_HIGH_I32] = id / TWO_32;
    if (type >= LOBSTER_HIDDEN) {
      slots.i32[HEADER_WORD_I32] = headerWord(TYPE_TRADE, FLAG_LAST);
      slots.i32[DELTA_WORD_I32] = type === LOBSTER_CROSS ? SIDE_NONE | (CONDITION_CROSS << 8) : side ^ 1;
      return;
    }
    let action = ACTION_ADD;
    if (type === LOBSTER_CANCEL) action = ACTION_CANCEL;
    else if (type === LOBSTER_DELETION) action = ACTION_DELETE;
    else if (type === LOBSTER_EXECUTION) action = ACTION_EXECUTE;
    slots.i32[HEADER_WORD_I32] = headerWord(TYPE_BOOK_DELTA, FLAG_LAST);
    slots.i32[DELTA_WORD_I32] = action | (side << 8);
  }

  private writeHalt(row: Float64Array): void {
    const slots = this.outlet.slots;
    const price = row[LOBSTER_PRICE];
    slots.i32[HEADER_WORD_I32] = headerWord(TYPE_VENUE_STATUS, FLAG_LAST);
    slots.f64[4] = 0;
    slots.f64[5] = 0;
    slots.f64[6] = 0;
    slots.i32[DELTA_WORD_I32] = STATUS_TRADING | ((price < 0 ? STATE_HALTED : price > 0 ? STATE_TRADING : STATE_QUOTING) << 8);
  }
}
