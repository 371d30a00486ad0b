/**
 * Something the venue, or our connection to it, says about an instrument or the market.
 *
 *   32 value f | 40 value2 f | 48 value3 f | 56 kind u8 | 57 state u8 | 58 reason u16 | 60 detail u32
 *
 *   kind            state                   values                                      reason                 detail
 *   SESSION         the venue's event       -                                           -                      -
 *   TRADING         the venue's state       -                                           -                      reason, four characters
 *   SHORT_SALE      the venue's letter      -                                           -                      -
 *   LULD            -                       reference, upper, lower price               -                      extension
 *   MWCB            level breached, or 0    levels 1 to 3 (10^-8), when state is 0      -                      -
 *   INSTRUMENT      listing market          round lot, leverage of an ETP               authenticity, ETP flag  financial status, short sale threshold, IPO flag, LULD tier
 *   BOOK            quality: BOOK_* below   -                                           -                      -
 *   AUCTION         cross type              far, near, reference price                  -                      imbalance side, price variation
 *   IPO             release qualifier       price                                       -                      release time, seconds of the day
 *   PARTICIPANT     its state               -                                           mode, primary flag     its name, four characters
 *   RETAIL          interest                -                                           -                      -
 *   OPERATIONAL     halt action             -                                           -                      market
 *   AUCTION_SIZE    cross type              paired, imbalance shares                    -                      imbalance side, price variation
 *   LISTING         open eligibility        lowest, highest allowed, near price         -                      -
 *   LISTING_COLLAR  open eligibility        lower, upper collar, near time (ns)         -                      -
 *
 * Letters and flags are the venue's own characters, the first named in the lowest byte. AUCTION_SIZE follows its AUCTION and
 * LISTING_COLLAR its LISTING (a direct listing with capital raise), each pair one message.
 */
import type { Slots } from "./slots.ts";

export const STATUS_VALUE_F64 = 4;
export const STATUS_VALUE2_F64 = 5;
export const STATUS_VALUE3_F64 = 6;
export const STATUS_KIND_U8 = 56;
export const STATUS_STATE_U8 = 57;
export const STATUS_REASON_U16 = 29;
export const STATUS_DETAIL_U32 = 15;

export const STATUS_SESSION = 1;
export const STATUS_TRADING = 2;
export const STATUS_SHORT_SALE = 3;
export const STATUS_LULD = 4;
export const STATUS_MWCB = 5;
export const STATUS_INSTRUMENT = 6;
export const STATUS_BOOK = 7;
export const STATUS_AUCTION = 8;
export const STATUS_IPO = 9;
export const STATUS_PARTICIPANT = 10;
export const STATUS_RETAIL = 11;
export const STATUS_OPERATIONAL = 12;
export const STATUS_AUCTION_SIZE = 13;
export const STATUS_LISTING = 14;
export const STATUS_LISTING_COLLAR = 15;

/** The book is not in step with the venue: no snapshot yet, or a gap. */
export const BOOK_UNSYNCED = 0;
/** In step, and the venue's data lets us check everything it can. */
export const BOOK_SYNCED = 1;
/** In step by sequence, but a fault in the content could not be seen (no checksum). */
export const BOOK_UNVERIFIED = 2;

/** The event letter of the start of market hours (ITCH 5.0 section 1.1). */
const EVENT_MARKET_HOURS = 0x51; // Q

/** True for the record that says that the venue's session begins. */
export function isSessionStart(slots: Slots, slot: number): boolean {
  return slots.u8[(slot << 6) + STATUS_KIND_U8] === STATUS_SESSION && slots.u8[(slot << 6) + STATUS_STATE_U8] === EVENT_MARKET_HOURS;
}

/** True for the record that says that no book is known to be right. */
export function isMarketUnsynced(slots: Slots, slot: number): boolean {
  return slots.u8[(slot << 6) + STATUS_KIND_U8] === STATUS_BOOK && slots.u8[(slot << 6) + STATUS_STATE_U8] === BOOK_UNSYNCED;
}

/** A movable view of one venue status. */
export class VenueStatusView {
  private slots: Slots;
  private slot = 0;

  constructor(slots: Slots) {
    this.slots = slots;
  }

  at(slots: Slots, slot: number): this {
    this.slots = slots;
    this.slot = slot;
    return this;
  }

  get kind(): number {
    return this.slots.u8[(this.slot << 6) + STATUS_KIND_U8];
  }

  get state(): number {
    return this.slots.u8[(this.slot << 6) + STATUS_STATE_U8];
  }

  get reason(): number {
    return this.slots.u16[(this.slot << 5) + STATUS_REASON_U16];
  }

  get detail(): number {
    return this.slots.u32[(this.slot << 4) + STATUS_DETAIL_U32];
  }

  get value(): number {
    return this.slots.f64[(this.slot << 3) + STATUS_VALUE_F64];
  }

  get value2(): number {
    return this.slots.f64[(this.slot << 3) + STATUS_VALUE2_F64];
  }

  get value3(): number {
    return this.slots.f64[(this.slot << 3) + STATUS_VALUE3_F64];
  }
}
