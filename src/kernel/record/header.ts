/**
 * The first 32 bytes of every record.
 *
 *    0 type u8 | 1 length u8 (8-byte words) | 2 flags u16 | 4 instrument u32 | 8 sequence f (ingest) | 16 tsEvent f | 24 tsRecv f
 *
 * f = integer-valued f64, little-endian. A constant names the field and ends in the width of its index: F64 indexes Slots.f64 from
 * slot * 8, I32 and U32 from slot * 16, U16 from slot * 32, U8 from slot * 64. Constants with a record's own name lie in its file.
 * Times are nanoseconds since the session epoch; tsRecv is our monotonic clock, tied to wall time once a run.
 */
export const HEADER_TYPE_U8 = 0;
export const HEADER_LENGTH_U8 = 1;
export const HEADER_FLAGS_U16 = 1;
export const HEADER_INSTRUMENT_U32 = 1;
export const HEADER_SEQUENCE_F64 = 1;
export const HEADER_TS_EVENT_F64 = 2;
export const HEADER_TS_RECV_F64 = 3;

/** Length of every record in 8-byte words. */
export const RECORD_WORDS = 8;

export const TYPE_TRADE = 1;
export const TYPE_QUOTE = 2;
export const TYPE_BOOK_DELTA = 3;
export const TYPE_VENUE_STATUS = 4;
export const TYPE_BAR = 5;
export const TYPE_BAR_TAIL = 6;
export const TYPE_SIGNAL = 7;
export const TYPE_ACK = 9;
export const TYPE_MARKER = 10;
export const TYPE_PANE = 11;
export const TYPE_VALUES = 12;

const NAMES = ["", "trade", "quote", "bookDelta", "venueStatus", "bar", "barTail", "signal", "", "ack", "marker", "pane", "values"];

/** The name of a record type, or `unknown N`. Cold. */
export function typeName(type: number): string {
  return NAMES[type] || `unknown ${type}`;
}

/** The first word of a record as one 32-bit store: type, length 8, flags. */
export function headerWord(type: number, flags: number): number {
  return type | (RECORD_WORDS << 8) | (flags << 16);
}

/** Index of that word in Slots.i32 from slot * 16. */
export const HEADER_WORD_I32 = 0;

/** Bid side of a book, buyer as aggressor. */
export const SIDE_BID = 0;
/** Ask side of a book, seller as aggressor. */
export const SIDE_ASK = 1;
/** Not known or not applicable. */
export const SIDE_NONE = 2;
