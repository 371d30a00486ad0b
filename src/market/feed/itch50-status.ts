/**
 * The ITCH 5.0 messages that say something about an instrument or the market, as venue status records. @hot
 *
 *   S SESSION   R INSTRUMENT   H TRADING   Y SHORT_SALE   L PARTICIPANT   V, W MWCB   K IPO   J LULD   h OPERATIONAL   N RETAIL
 *   I AUCTION, AUCTION_SIZE    O LISTING, LISTING_COLLAR
 *
 * What each kind holds: the table in kernel/record/venue-status.ts.
 */
import { FLAG_LAST } from "../../kernel/record/flags.ts";
import { HEADER_WORD_I32, TYPE_VENUE_STATUS, headerWord } from "../../kernel/record/header.ts";
import type { Outlet } from "../../kernel/record/outlet.ts";
import {
  STATUS_AUCTION,
  STATUS_AUCTION_SIZE,
  STATUS_DETAIL_U32,
  STATUS_INSTRUMENT,
  STATUS_IPO,
  STATUS_LISTING,
  STATUS_LISTING_COLLAR,
  STATUS_LULD,
  STATUS_MWCB,
  STATUS_OPERATIONAL,
  STATUS_PARTICIPANT,
  STATUS_RETAIL,
  STATUS_SESSION,
  STATUS_SHORT_SALE,
  STATUS_TRADING,
  STATUS_VALUE2_F64,
  STATUS_VALUE3_F64,
  STATUS_VALUE_F64,
} from "../../kernel/record/venue-status.ts";
import type { Itch50Directory } from "./itch50-directory.ts";
import * as layout from "./itch50-layout.ts";
import type { Itch50Writer } from "./itch50-writer.ts";
import { REASON_FIELD, REASON_NUMBER, REASON_REGISTRY, REASON_TYPE } from "./quarantine.ts";

const LAST = headerWord(TYPE_VENUE_STATUS, FLAG_LAST);
const MORE = headerWord(TYPE_VENUE_STATUS, 0);

/** Kind, state and reason as one word of Slots.i32. */
const STATUS_WORD_I32 = 14;

const DIGIT_ZERO = 0x30;
/** High words from here on are past 2^53. */
const HIGH_LIMIT = 0x20_0000;

export class Itch50Status {
  private readonly outlet: Outlet;
  private readonly writer: Itch50Writer;
  private readonly directory: Itch50Directory;
  private readonly f64: Float64Array;
  private readonly i32: Int32Array;

  constructor(writer: Itch50Writer) {
    this.outlet = writer.outlet;
    this.writer = writer;
    this.directory = writer.directory;
    this.f64 = writer.outlet.slots.f64;
    this.i32 = writer.outlet.slots.i32;
  }

  /** As FrameHandler.onFrame, for every type but those of orders and trades. */
  onFrame(bytes: Uint8Array, view: DataView, from: number): number {
    switch (view.getUint8(from)) {
      case layout.MESSAGE_IMBALANCE:
        return this.imbalance(bytes, view, from);
      case layout.MESSAGE_SYSTEM_EVENT:
        return this.market(view, from, STATUS_SESSION | (view.getUint8(from + layout.SYSTEM_EVENT_CODE) << 8));
      case layout.MESSAGE_STOCK_DIRECTORY:
        return this.stockDirectory(bytes, view, from);
      case layout.MESSAGE_TRADING_ACTION:
        return this.letter(bytes, view, from, layout.TRADING_ACTION_STATE, STATUS_TRADING, view.getInt32(from + layout.TRADING_ACTION_REASON, true));
      case layout.MESSAGE_REG_SHO:
        return this.letter(bytes, view, from, layout.REG_SHO_ACTION, STATUS_SHORT_SALE, 0);
      case layout.MESSAGE_OPERATIONAL_HALT:
        return this.letter(bytes, view, from, layout.OPERATIONAL_HALT_ACTION, STATUS_OPERATIONAL, view.getUint8(from + layout.OPERATIONAL_HALT_MARKET));
      case layout.MESSAGE_RETAIL_INTEREST:
        return this.letter(bytes, view, from, layout.RETAIL_INTEREST_FLAG, STATUS_RETAIL, 0);
      case layout.MESSAGE_PARTICIPANT:
        return this.participant(bytes, view, from);
      case layout.MESSAGE_BREAKER_LEVELS:
        return this.breakerLevels(view, from);
      case layout.MESSAGE_BREAKER_STATUS:
        return this.breakerStatus(view, from);
      case layout.MESSAGE_IPO:
        return this.ipo(bytes, view, from);
      case layout.MESSAGE_LULD_COLLAR:
        return this.luldCollar(bytes, view, from);
      case layout.MESSAGE_DIRECT_LISTING:
        return this.directListing(bytes, view, from);
      default:
        return REASON_TYPE;
    }
  }

  /** A message that is one letter and a word about a stock whose symbol comes first. */
  private letter(bytes: Uint8Array, view: DataView, from: number, letterAt: number, kind: number, detail: number): number {
    if (!this.begin(bytes, view, from, from + layout.HEADER_LENGTH, LAST)) return REASON_REGISTRY;
    this.clearValues();
    this.finish(kind | (view.getUint8(from + letterAt) << 8), detail);
    return 0;
  }

  private market(view: DataView, from: number, word: number): number {
    this.writer.beginMarket(view, from, LAST);
    this.clearValues();
    this.finish(word, 0);
    return 0;
  }

  private stockDirectory(bytes: Uint8Array, view: DataView, from: number): number {
    if (!this.begin(bytes, view, from, from + layout.DIRECTORY_STOCK, LAST)) return REASON_REGISTRY;
    this.f64[STATUS_VALUE_F64] = view.getUint32(from + layout.DIRECTORY_ROUND_LOT);
    this.f64[STATUS_VALUE2_F64] = view.getUint32(from + layout.DIRECTORY_ETP_LEVERAGE);
    this.f64[STATUS_VALUE3_F64] = 0;
    const market = view.getUint8(from + layout.DIRECTORY_CATEGORY);
    const authenticity = view.getUint8(from + layout.DIRECTORY_AUTHENTICITY);
    const etp = view.getUint8(from + layout.DIRECTORY_ETP_FLAG);
    const detail =
      view.getUint8(from + layout.DIRECTORY_FINANCIAL_STATUS) |
      (view.getUint8(from + layout.DIRECTORY_SHORT_SALE_THRESHOLD) << 8) |
      (view.getUint8(from + layout.DIRECTORY_IPO_FLAG) << 16) |
      (view.getUint8(from + layout.DIRECTORY_LULD_TIER) << 24);
    this.finish(STATUS_INSTRUMENT | (market << 8) | (authenticity << 16) | (etp << 24), detail);
    return 0;
  }

  private participant(bytes: Uint8Array, view: DataView, from: number): number {
    if (!this.begin(bytes, view, from, from + layout.PARTICIPANT_STOCK, LAST)) return REASON_REGISTRY;
    this.clearValues();
    const state = view.getUint8(from + layout.PARTICIPANT_STATE);
    const mode = view.getUint8(from + layout.PARTICIPANT_MODE);
    const primary = view.getUint8(from + layout.PARTICIPANT_PRIMARY);
    this.finish(STATUS_PARTICIPANT | (state << 8) | (mode << 16) | (primary << 24), view.getInt32(from + layout.PARTICIPANT_MPID, true));
    return 0;
  }

  private breakerLevels(view: DataView, from: number): number {
    const high1 = view.getUint32(from + layout.BREAKER_LEVEL1);
    const high2 = view.getUint32(from + layout.BREAKER_LEVEL2);
    const high3 = view.getUint32(from + layout.BREAKER_LEVEL3);
    if (high1 >= HIGH_LIMIT || high2 >= HIGH_LIMIT || high3 >= HIGH_LIMIT) return REASON_NUMBER;
    this.writer.beginMarket(view, from, LAST);
    this.f64[STATUS_VALUE_F64] = high1 * 4_294_967_296 + view.getUint32(from + layout.BREAKER_LEVEL1 + 4);
    this.f64[STATUS_VALUE2_F64] = high2 * 4_294_967_296 + view.getUint32(from + layout.BREAKER_LEVEL2 + 4);
    this.f64[STATUS_VALUE3_F64] = high3 * 4_294_967_296 + view.getUint32(from + layout.BREAKER_LEVEL3 + 4);
    this.finish(STATUS_MWCB, 0);
    return 0;
  }

  private breakerStatus(view: DataView, from: number): number {
    const level = view.getUint8(from + layout.BREAKER_STATUS_LEVEL) - DIGIT_ZERO;
    if (level < 1 || level > 3) return REASON_FIELD;
    return this.market(view, from, STATUS_MWCB | (level << 8));
  }

  private ipo(bytes: Uint8Array, view: DataView, from: number): number {
    if (!this.begin(bytes, view, from, from + layout.IPO_STOCK, LAST)) return REASON_REGISTRY;
    this.clearValues();
    this.f64[STATUS_VALUE_F64] = view.getUint32(from + layout.IPO_PRICE);
    this.finish(STATUS_IPO | (view.getUint8(from + layout.IPO_QUALIFIER) << 8), view.getInt32(from + layout.IPO_RELEASE_TIME));
    return 0;
  }

  private luldCollar(bytes: Uint8Array, view: DataView, from: number): number {
    if (!this.begin(bytes, view, from, from + layout.LULD_COLLAR_STOCK, LAST)) return REASON_REGISTRY;
    this.f64[STATUS_VALUE_F64] = view.getUint32(from + layout.LULD_COLLAR_REFERENCE);
    this.f64[STATUS_VALUE2_F64] = view.getUint32(from + layout.LULD_COLLAR_UPPER);
    this.f64[STATUS_VALUE3_F64] = view.getUint32(from + layout.LULD_COLLAR_LOWER);
    this.finish(STATUS_LULD, view.getInt32(from + layout.LULD_COLLAR_EXTENSION));
    return 0;
  }

  private imbalance(bytes: Uint8Array, view: DataView, from: number): number {
    const pairedHigh = view.getUint32(from + layout.IMBALANCE_PAIRED);
    const sharesHigh = view.getUint32(from + layout.IMBALANCE_SHARES);
    if (pairedHigh >= HIGH_LIMIT || sharesHigh >= HIGH_LIMIT) return REASON_NUMBER;
    if (!this.begin(bytes, view, from, from + layout.IMBALANCE_STOCK, MORE)) return REASON_REGISTRY;
    const crossType = view.getUint8(from + layout.IMBALANCE_CROSS_TYPE);
    const detail = view.getUint8(from + layout.IMBALANCE_DIRECTION) | (view.getUint8(from + layout.IMBALANCE_VARIATION) << 8);
    this.f64[STATUS_VALUE_F64] = view.getUint32(from + layout.IMBALANCE_FAR);
    this.f64[STATUS_VALUE2_F64] = view.getUint32(from + layout.IMBALANCE_NEAR);
    this.f64[STATUS_VALUE3_F64] = view.getUint32(from + layout.IMBALANCE_REFERENCE);
    this.finish(STATUS_AUCTION | (crossType << 8), detail);
    this.i32[HEADER_WORD_I32] = LAST;
    this.f64[STATUS_VALUE_F64] = pairedHigh * 4_294_967_296 + view.getUint32(from + layout.IMBALANCE_PAIRED + 4);
    this.f64[STATUS_VALUE2_F64] = sharesHigh * 4_294_967_296 + view.getUint32(from + layout.IMBALANCE_SHARES + 4);
    this.f64[STATUS_VALUE3_F64] = 0;
    this.finish(STATUS_AUCTION_SIZE | (crossType << 8), detail);
    return 0;
  }

  private directListing(bytes: Uint8Array, view: DataView, from: number): number {
    const timeHigh = view.getUint32(from + layout.DIRECT_LISTING_NEAR_TIME);
    if (timeHigh >= HIGH_LIMIT) return REASON_NUMBER;
    if (!this.begin(bytes, view, from, from + layout.DIRECT_LISTING_STOCK, MORE)) return REASON_REGISTRY;
    const eligible = view.getUint8(from + layout.DIRECT_LISTING_ELIGIBLE);
    this.f64[STATUS_VALUE_F64] = view.getUint32(from + layout.DIRECT_LISTING_LOWEST);
    this.f64[STATUS_VALUE2_F64] = view.getUint32(from + layout.DIRECT_LISTING_HIGHEST);
    this.f64[STATUS_VALUE3_F64] = view.getUint32(from + layout.DIRECT_LISTING_NEAR);
    this.finish(STATUS_LISTING | (eligible << 8), 0);
    this.i32[HEADER_WORD_I32] = LAST;
    this.f64[STATUS_VALUE_F64] = view.getUint32(from + layout.DIRECT_LISTING_LOWER);
    this.f64[STATUS_VALUE2_F64] = view.getUint32(from + layout.DIRECT_LISTING_UPPER);
    this.f64[STATUS_VALUE3_F64] = timeHigh * 4_294_967_296 + view.getUint32(from + layout.DIRECT_LISTING_NEAR_TIME + 4);
    this.finish(STATUS_LISTING_COLLAR | (eligible << 8), 0);
    return 0;
  }

  /** Header of a record about the stock at `stockAt`. False when the registry cannot take it. */
  private begin(bytes: Uint8Array, view: DataView, from: number, stockAt: number, word: number): boolean {
    const instrument = this.directory.byStock(bytes, view, from, stockAt);
    if (instrument < 0) return false;
    this.writer.begin(view, from, instrument, word);
    return true;
  }

  private clearValues(): void {
    this.f64[STATUS_VALUE_F64] = 0;
    this.f64[STATUS_VALUE2_F64] = 0;
    this.f64[STATUS_VALUE3_F64] = 0;
  }

  /** `word`: kind | state << 8 | reason << 16. */
  private finish(word: number, detail: number): void {
    const words = this.i32;
    words[STATUS_WORD_I32] = word;
    words[STATUS_DETAIL_U32] = detail;
    this.outlet.emit();
  }
}
