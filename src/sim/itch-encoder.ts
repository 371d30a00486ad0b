/**
 * Writes NASDAQ TotalView-ITCH 5.0 messages, each behind its length as a big-endian u16 (the framing of the exchange's files). @hot
 *
 * It writes at `at` in the bound target and moves on; the caller has made sure that there is room. Stock locate is the
 * instrument + 1. Letters and reasons are as in the specification named in market/feed/itch50-layout.ts.
 */
import { SIDE_BID } from "../kernel/record/header.ts";
import * as itch from "../market/feed/itch50-layout.ts";
import {
  EVENT_ADDED,
  EVENT_CROSSED,
  EVENT_DELETED,
  EVENT_EXECUTED,
  EVENT_EXECUTED_AT,
  EVENT_PRINTED,
  EVENT_REDUCED,
  EVENT_REPLACED,
  type EventLog,
} from "./event-log.ts";

/** Bytes of the length before each message. */
export const FRAME_PREFIX_BYTES = 2;
/** Bytes of the longest framed message. */
export const FRAME_BYTES_MAX: number = FRAME_PREFIX_BYTES + itch.LENGTH_MAX;

const TWO_32 = 4_294_967_296;
const LETTER_BUY = 0x42;
const LETTER_SELL = 0x53;
const LETTER_NO = 0x4e;
const SPACE = 0x20;
const EMPTY_TARGET = new Uint8Array(0);

/** Participants whose name an order may carry, four letters each. */
const PARTICIPANTS = Uint8Array.from("SIMASIMBSIMCSIMD", (letter) => letter.charCodeAt(0)); // hot-ok: once, when the module loads

export class ItchEncoder {
  /** Where the next frame goes. */
  at = 0;
  /** Messages written since construction. */
  messages = 0;
  private target: Uint8Array = EMPTY_TARGET;
  private view: DataView = new DataView(EMPTY_TARGET.buffer);
  /** Symbols, eight bytes an instrument, padded with spaces. */
  private readonly symbols: Uint8Array;
  private timeHigh = 0;
  private timeLow = 0;

  constructor(symbols: Uint8Array) {
    this.symbols = symbols;
  }

  /** Directs what follows to `target` from `at` on. */
  bind(target: Uint8Array, at: number): void {
    if (target !== this.target) {
      this.target = target;
      this.view = new DataView(target.buffer, target.byteOffset, target.byteLength); // hot-ok: once a target
    }
    this.at = at;
  }

  /** The timestamp of what follows, ns since midnight. */
  setTime(timeNs: number): void {
    this.timeHigh = Math.floor(timeNs / TWO_32);
    this.timeLow = (timeNs % TWO_32) | 0;
  }

  /** The same from times[at], for once a turn: a double that crosses the call would be boxed. */
  setTimeFrom(times: Float64Array, at: number): void {
    this.timeHigh = Math.floor(times[at] / TWO_32);
    this.timeLow = (times[at] % TWO_32) | 0;
  }

  /** Every event of a log, in order. */
  events(log: EventLog): void {
    const count = log.count;
    for (let i = 0; i < count; i++) this.event(log, i);
  }

  systemEvent(code: number): void {
    const at = this.open(itch.MESSAGE_SYSTEM_EVENT, itch.SYSTEM_EVENT_LENGTH, 0);
    this.target[at + itch.SYSTEM_EVENT_CODE] = code;
  }

  directory(instrument: number, roundLot: number): void {
    const at = this.open(itch.MESSAGE_STOCK_DIRECTORY, itch.DIRECTORY_LENGTH, instrument + 1);
    const bytes = this.target;
    this.stock(at + itch.DIRECTORY_STOCK, instrument);
    bytes[at + itch.DIRECTORY_CATEGORY] = 0x51; // Q: Nasdaq Global Select Market
    bytes[at + itch.DIRECTORY_FINANCIAL_STATUS] = LETTER_NO;
    this.view.setUint32(at + itch.DIRECTORY_ROUND_LOT, roundLot);
    bytes[at + itch.DIRECTORY_ROUND_LOTS_ONLY] = LETTER_NO;
    bytes[at + itch.DIRECTORY_ISSUE_CLASS] = 0x43; // C: common stock
    bytes[at + itch.DIRECTORY_ISSUE_SUBTYPE] = 0x5a; // Z: not applicable
    bytes[at + itch.DIRECTORY_ISSUE_SUBTYPE + 1] = SPACE;
    bytes[at + itch.DIRECTORY_AUTHENTICITY] = 0x50; // P: production
    bytes[at + itch.DIRECTORY_SHORT_SALE_THRESHOLD] = LETTER_NO;
    bytes[at + itch.DIRECTORY_IPO_FLAG] = LETTER_NO;
    bytes[at + itch.DIRECTORY_LULD_TIER] = 0x31; // tier 1
    bytes[at + itch.DIRECTORY_ETP_FLAG] = LETTER_NO;
    this.view.setUint32(at + itch.DIRECTORY_ETP_LEVERAGE, 0);
    bytes[at + itch.DIRECTORY_INVERSE] = LETTER_NO;
  }

  /** `state`: T trading, H halted, P paused, Q quotation only. `reason`: four letters as one big-endian word. */
  tradingAction(instrument: number, state: number, reason: number): void {
    const at = this.open(itch.MESSAGE_TRADING_ACTION, itch.TRADING_ACTION_LENGTH, instrument + 1);
    this.stock(at + itch.TRADING_ACTION_STOCK, instrument);
    this.target[at + itch.TRADING_ACTION_STATE] = state;
    this.target[at + itch.TRADING_ACTION_RESERVED] = SPACE;
    this.view.setUint32(at + itch.TRADING_ACTION_REASON, reason);
  }

  regSho(instrument: number, action: number): void {
    const at = this.open(itch.MESSAGE_REG_SHO, itch.REG_SHO_LENGTH, instrument + 1);
    this.stock(at + itch.REG_SHO_STOCK, instrument);
    this.target[at + itch.REG_SHO_ACTION] = action;
  }

  /** Levels in points of the index, written with eight decimals. */
  breakerLevels(level1: number, level2: number, level3: number): void {
    const at = this.open(itch.MESSAGE_BREAKER_LEVELS, itch.BREAKER_LEVELS_LENGTH, 0);
    this.wide(at + itch.BREAKER_LEVEL1, level1 * 100_000_000);
    this.wide(at + itch.BREAKER_LEVEL2, level2 * 100_000_000);
    this.wide(at + itch.BREAKER_LEVEL3, level3 * 100_000_000);
  }

  breakerStatus(level: number): void {
    const at = this.open(itch.MESSAGE_BREAKER_STATUS, itch.BREAKER_STATUS_LENGTH, 0);
    this.target[at + itch.BREAKER_STATUS_LEVEL] = 0x30 + level;
  }

  /** Net order imbalance before a cross, all prices the same. */
  imbalance(instrument: number, side: number, paired: number, shares: number, price: number, type: number): void {
    const at = this.open(itch.MESSAGE_IMBALANCE, itch.IMBALANCE_LENGTH, instrument + 1);
    this.wide(at + itch.IMBALANCE_PAIRED, paired);
    this.wide(at + itch.IMBALANCE_SHARES, shares);
    this.target[at + itch.IMBALANCE_DIRECTION] = shares === 0 ? LETTER_NO : side === SIDE_BID ? LETTER_BUY : LETTER_SELL;
    this.stock(at + itch.IMBALANCE_STOCK, instrument);
    this.view.setUint32(at + itch.IMBALANCE_FAR, price);
    this.view.setUint32(at + itch.IMBALANCE_NEAR, price);
    this.view.setUint32(at + itch.IMBALANCE_REFERENCE, price);
    this.target[at + itch.IMBALANCE_CROSS_TYPE] = type;
    this.target[at + itch.IMBALANCE_VARIATION] = 0x4c; // L: less than 1 %
  }

  private event(log: EventLog, i: number): void {
    switch (log.kind[i]) {
      case EVENT_ADDED:
        this.added(log, i);
        break;
      case EVENT_EXECUTED:
        this.executed(log, i);
        break;
      case EVENT_EXECUTED_AT:
        this.executedAt(log, i);
        break;
      case EVENT_REDUCED: {
        const at = this.open(itch.MESSAGE_CANCEL, itch.CANCEL_LENGTH, log.instrument[i] + 1);
        this.wide(at + itch.CANCEL_ORDER, log.ref[i]);
        this.view.setUint32(at + itch.CANCEL_SHARES, log.qty[i]);
        break;
      }
      case EVENT_DELETED: {
        const at = this.open(itch.MESSAGE_DELETE, itch.DELETE_LENGTH, log.instrument[i] + 1);
        this.wide(at + itch.DELETE_ORDER, log.ref[i]);
        break;
      }
      case EVENT_REPLACED:
        this.replaced(log, i);
        break;
      case EVENT_PRINTED:
        this.printed(log, i);
        break;
      case EVENT_CROSSED:
        this.crossed(log, i);
        break;
    }
  }

  private added(log: EventLog, i: number): void {
    const named = log.flag[i] !== 0;
    const instrument = log.instrument[i];
    const at = this.open(named ? itch.MESSAGE_ADD_MPID : itch.MESSAGE_ADD, named ? itch.ADD_MPID_LENGTH : itch.ADD_LENGTH, instrument + 1);
    this.wide(at + itch.ADD_ORDER, log.ref[i]);
    this.target[at + itch.ADD_SIDE] = log.side[i] === SIDE_BID ? LETTER_BUY : LETTER_SELL;
    this.view.setUint32(at + itch.ADD_SHARES, log.qty[i]);
    this.stock(at + itch.ADD_STOCK, instrument);
    this.view.setUint32(at + itch.ADD_PRICE, log.price[i]);
    if (!named) return;
    const name = (log.ref[i] % 4) * 4;
    for (let k = 0; k < 4; k++) this.target[at + itch.ADD_MPID_PARTICIPANT + k] = PARTICIPANTS[name + k];
  }

  private executed(log: EventLog, i: number): void {
    const at = this.open(itch.MESSAGE_EXECUTE, itch.EXECUTE_LENGTH, log.instrument[i] + 1);
    this.wide(at + itch.EXECUTE_ORDER, log.ref[i]);
    this.view.setUint32(at + itch.EXECUTE_SHARES, log.qty[i]);
    this.wide(at + itch.EXECUTE_MATCH, log.match[i]);
  }

  private executedAt(log: EventLog, i: number): void {
    const at = this.open(itch.MESSAGE_EXECUTE_PRICE, itch.EXECUTE_PRICE_LENGTH, log.instrument[i] + 1);
    this.wide(at + itch.EXECUTE_ORDER, log.ref[i]);
    this.view.setUint32(at + itch.EXECUTE_SHARES, log.qty[i]);
    this.wide(at + itch.EXECUTE_MATCH, log.match[i]);
    this.target[at + itch.EXECUTE_PRICE_PRINTABLE] = log.flag[i];
    this.view.setUint32(at + itch.EXECUTE_PRICE_PRICE, log.price[i]);
  }

  private replaced(log: EventLog, i: number): void {
    const at = this.open(itch.MESSAGE_REPLACE, itch.REPLACE_LENGTH, log.instrument[i] + 1);
    this.wide(at + itch.REPLACE_OLD_ORDER, log.ref[i]);
    this.wide(at + itch.REPLACE_NEW_ORDER, log.ref2[i]);
    this.view.setUint32(at + itch.REPLACE_SHARES, log.qty[i]);
    this.view.setUint32(at + itch.REPLACE_PRICE, log.price[i]);
  }

  /** Order 0 and side B, whatever the side was: as the exchange has reported undisplayed trades since 2014. */
  private printed(log: EventLog, i: number): void {
    const instrument = log.instrument[i];
    const at = this.open(itch.MESSAGE_TRADE, itch.TRADE_LENGTH, instrument + 1);
    this.wide(at + itch.TRADE_ORDER, 0);
    this.target[at + itch.TRADE_SIDE] = LETTER_BUY;
    this.view.setUint32(at + itch.TRADE_SHARES, log.qty[i]);
    this.stock(at + itch.TRADE_STOCK, instrument);
    this.view.setUint32(at + itch.TRADE_PRICE, log.price[i]);
    this.wide(at + itch.TRADE_MATCH, log.match[i]);
  }

  private crossed(log: EventLog, i: number): void {
    const instrument = log.instrument[i];
    const at = this.open(itch.MESSAGE_CROSS_TRADE, itch.CROSS_TRADE_LENGTH, instrument + 1);
    this.wide(at + itch.CROSS_TRADE_SHARES, log.qty[i]);
    this.stock(at + itch.CROSS_TRADE_STOCK, instrument);
    this.view.setUint32(at + itch.CROSS_TRADE_PRICE, log.price[i]);
    this.wide(at + itch.CROSS_TRADE_MATCH, log.match[i]);
    this.target[at + itch.CROSS_TRADE_TYPE] = log.flag[i];
  }

  /** Writes length and header; returns the offset of the message's first byte. */
  private open(type: number, length: number, locate: number): number {
    const at = this.at + FRAME_PREFIX_BYTES;
    this.view.setUint16(at - FRAME_PREFIX_BYTES, length);
    this.target[at] = type;
    this.view.setUint16(at + itch.HEADER_LOCATE, locate);
    this.view.setUint16(at + itch.HEADER_TRACKING, 0);
    this.view.setUint16(at + itch.HEADER_TIME_HIGH, this.timeHigh);
    this.view.setUint32(at + itch.HEADER_TIME_LOW, this.timeLow);
    this.at = at + length;
    this.messages++;
    return at;
  }

  private stock(at: number, instrument: number): void {
    const from = instrument << 3;
    for (let k = 0; k < 8; k++) this.target[at + k] = this.symbols[from + k];
  }

  private wide(at: number, value: number): void {
    const high = Math.floor(value / TWO_32);
    this.view.setUint32(at, high);
    this.view.setUint32(at + 4, value - high * TWO_32);
  }
}

/** Four letters as the word that tradingAction takes, padded with spaces. Cold. */
export function reasonWord(text: string): number {
  let word = 0;
  for (let i = 0; i < 4; i++) word = word * 256 + (i < text.length ? text.charCodeAt(i) : SPACE);
  return word;
}
