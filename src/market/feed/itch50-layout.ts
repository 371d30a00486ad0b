/**
 * NASDAQ TotalView-ITCH 5.0 as constants: type bytes, exact message lengths and field offsets, shared by the decoder and by whoever
 * encodes. https://www.nasdaqtrader.com/content/technicalsupport/specifications/dataproducts/NQTVITCHspecification.pdf
 *
 * Integers are unsigned and big-endian, text is padded with spaces on the right, times are nanoseconds since midnight in 48 bits.
 * Prices are u32 with 4 decimals, those of the market-wide breaker u64 with 8. A comment names each field's width in bytes; an offset
 * counts from the type byte.
 *
 *   every message   0 type 1 | 1 stock locate 2 | 3 tracking number 2 | 5 timestamp 6 | 11 body
 */
export const HEADER_TYPE = 0;
export const HEADER_LOCATE = 1;
export const HEADER_TRACKING = 3;
/** High 16 bits of the timestamp. */
export const HEADER_TIME_HIGH = 5;
/** Low 32 bits of the timestamp. */
export const HEADER_TIME_LOW = 7;
export const HEADER_LENGTH = 11;

/** Bytes of a stock symbol. */
export const STOCK_BYTES = 8;
/** Decimal places of a price. */
export const PRICE_SCALE = 4;
/** Decimal places of a share count. */
export const QTY_SCALE = 0;
/** Decimal places of the market-wide circuit breaker's levels. */
export const BREAKER_PRICE_SCALE = 8;

export const MESSAGE_SYSTEM_EVENT = 0x53; // S
export const MESSAGE_STOCK_DIRECTORY = 0x52; // R
export const MESSAGE_TRADING_ACTION = 0x48; // H
export const MESSAGE_REG_SHO = 0x59; // Y
export const MESSAGE_PARTICIPANT = 0x4c; // L
export const MESSAGE_BREAKER_LEVELS = 0x56; // V
export const MESSAGE_BREAKER_STATUS = 0x57; // W
export const MESSAGE_IPO = 0x4b; // K
export const MESSAGE_LULD_COLLAR = 0x4a; // J
export const MESSAGE_OPERATIONAL_HALT = 0x68; // h
export const MESSAGE_ADD = 0x41; // A
export const MESSAGE_ADD_MPID = 0x46; // F
export const MESSAGE_EXECUTE = 0x45; // E
export const MESSAGE_EXECUTE_PRICE = 0x43; // C
export const MESSAGE_CANCEL = 0x58; // X
export const MESSAGE_DELETE = 0x44; // D
export const MESSAGE_REPLACE = 0x55; // U
export const MESSAGE_TRADE = 0x50; // P
export const MESSAGE_CROSS_TRADE = 0x51; // Q
export const MESSAGE_BROKEN_TRADE = 0x42; // B
export const MESSAGE_IMBALANCE = 0x49; // I
export const MESSAGE_RETAIL_INTEREST = 0x4e; // N
export const MESSAGE_DIRECT_LISTING = 0x4f; // O

/** S: 11 event code 1. */
export const SYSTEM_EVENT_LENGTH = 12;
export const SYSTEM_EVENT_CODE = 11;

/**
 * R: 11 stock 8 | 19 market category 1 | 20 financial status 1 | 21 round lot 4 | 25 round lots only 1 | 26 issue class 1 | 27 issue
 * subtype 2 | 29 authenticity 1 | 30 short sale threshold 1 | 31 IPO flag 1 | 32 LULD tier 1 | 33 ETP flag 1 | 34 ETP leverage 4 | 38 inverse 1.
 */
export const DIRECTORY_LENGTH = 39;
export const DIRECTORY_STOCK = 11;
export const DIRECTORY_CATEGORY = 19;
export const DIRECTORY_FINANCIAL_STATUS = 20;
export const DIRECTORY_ROUND_LOT = 21;
export const DIRECTORY_ROUND_LOTS_ONLY = 25;
export const DIRECTORY_ISSUE_CLASS = 26;
export const DIRECTORY_ISSUE_SUBTYPE = 27;
export const DIRECTORY_AUTHENTICITY = 29;
export const DIRECTORY_SHORT_SALE_THRESHOLD = 30;
export const DIRECTORY_IPO_FLAG = 31;
export const DIRECTORY_LULD_TIER = 32;
export const DIRECTORY_ETP_FLAG = 33;
export const DIRECTORY_ETP_LEVERAGE = 34;
export const DIRECTORY_INVERSE = 38;

/** H: 11 stock 8 | 19 trading state 1 | 20 reserved 1 | 21 reason 4. */
export const TRADING_ACTION_LENGTH = 25;
export const TRADING_ACTION_STOCK = 11;
export const TRADING_ACTION_STATE = 19;
export const TRADING_ACTION_RESERVED = 20;
export const TRADING_ACTION_REASON = 21;

/** Y: 11 stock 8 | 19 action 1. */
export const REG_SHO_LENGTH = 20;
export const REG_SHO_STOCK = 11;
export const REG_SHO_ACTION = 19;

/** L: 11 participant 4 | 15 stock 8 | 23 primary market maker 1 | 24 mode 1 | 25 state 1. */
export const PARTICIPANT_LENGTH = 26;
export const PARTICIPANT_MPID = 11;
export const PARTICIPANT_STOCK = 15;
export const PARTICIPANT_PRIMARY = 23;
export const PARTICIPANT_MODE = 24;
export const PARTICIPANT_STATE = 25;

/** V: 11 level 1 8 | 19 level 2 8 | 27 level 3 8. */
export const BREAKER_LEVELS_LENGTH = 35;
export const BREAKER_LEVEL1 = 11;
export const BREAKER_LEVEL2 = 19;
export const BREAKER_LEVEL3 = 27;

/** W: 11 breached level 1, a digit. */
export const BREAKER_STATUS_LENGTH = 12;
export const BREAKER_STATUS_LEVEL = 11;

/** K: 11 stock 8 | 19 release time 4 (seconds of the day) | 23 release qualifier 1 | 24 price 4. */
export const IPO_LENGTH = 28;
export const IPO_STOCK = 11;
export const IPO_RELEASE_TIME = 19;
export const IPO_QUALIFIER = 23;
export const IPO_PRICE = 24;

/** J: 11 stock 8 | 19 reference price 4 | 23 upper price 4 | 27 lower price 4 | 31 extension 4. */
export const LULD_COLLAR_LENGTH = 35;
export const LULD_COLLAR_STOCK = 11;
export const LULD_COLLAR_REFERENCE = 19;
export const LULD_COLLAR_UPPER = 23;
export const LULD_COLLAR_LOWER = 27;
export const LULD_COLLAR_EXTENSION = 31;

/** h: 11 stock 8 | 19 market 1 | 20 action 1. */
export const OPERATIONAL_HALT_LENGTH = 21;
export const OPERATIONAL_HALT_STOCK = 11;
export const OPERATIONAL_HALT_MARKET = 19;
export const OPERATIONAL_HALT_ACTION = 20;

/** A: 11 order 8 | 19 side 1 (B, S) | 20 shares 4 | 24 stock 8 | 32 price 4. */
export const ADD_LENGTH = 36;
export const ADD_ORDER = 11;
export const ADD_SIDE = 19;
export const ADD_SHARES = 20;
export const ADD_STOCK = 24;
export const ADD_PRICE = 32;

/** F: as A, and 36 participant 4. */
export const ADD_MPID_LENGTH = 40;
export const ADD_MPID_PARTICIPANT = 36;

/** E: 11 order 8 | 19 shares 4 | 23 match number 8. */
export const EXECUTE_LENGTH = 31;
export const EXECUTE_ORDER = 11;
export const EXECUTE_SHARES = 19;
export const EXECUTE_MATCH = 23;

/** C: as E, and 31 printable 1 (Y, N) | 32 price 4. */
export const EXECUTE_PRICE_LENGTH = 36;
export const EXECUTE_PRICE_PRINTABLE = 31;
export const EXECUTE_PRICE_PRICE = 32;

/** X: 11 order 8 | 19 shares 4. */
export const CANCEL_LENGTH = 23;
export const CANCEL_ORDER = 11;
export const CANCEL_SHARES = 19;

/** D: 11 order 8. */
export const DELETE_LENGTH = 19;
export const DELETE_ORDER = 11;

/** U: 11 old order 8 | 19 new order 8 | 27 shares 4 | 31 price 4. */
export const REPLACE_LENGTH = 35;
export const REPLACE_OLD_ORDER = 11;
export const REPLACE_NEW_ORDER = 19;
export const REPLACE_SHARES = 27;
export const REPLACE_PRICE = 31;

/** P: 11 order 8 | 19 side 1 | 20 shares 4 | 24 stock 8 | 32 price 4 | 36 match number 8. */
export const TRADE_LENGTH = 44;
export const TRADE_ORDER = 11;
export const TRADE_SIDE = 19;
export const TRADE_SHARES = 20;
export const TRADE_STOCK = 24;
export const TRADE_PRICE = 32;
export const TRADE_MATCH = 36;

/** Q: 11 shares 8 | 19 stock 8 | 27 price 4 | 31 match number 8 | 39 cross type 1. */
export const CROSS_TRADE_LENGTH = 40;
export const CROSS_TRADE_SHARES = 11;
export const CROSS_TRADE_STOCK = 19;
export const CROSS_TRADE_PRICE = 27;
export const CROSS_TRADE_MATCH = 31;
export const CROSS_TRADE_TYPE = 39;

/** B: 11 match number 8. */
export const BROKEN_TRADE_LENGTH = 19;
export const BROKEN_TRADE_MATCH = 11;

/**
 * I: 11 paired shares 8 | 19 imbalance shares 8 | 27 direction 1 | 28 stock 8 | 36 far price 4 | 40 near price 4 | 44 reference price 4 |
 * 48 cross type 1 | 49 price variation 1.
 */
export const IMBALANCE_LENGTH = 50;
export const IMBALANCE_PAIRED = 11;
export const IMBALANCE_SHARES = 19;
export const IMBALANCE_DIRECTION = 27;
export const IMBALANCE_STOCK = 28;
export const IMBALANCE_FAR = 36;
export const IMBALANCE_NEAR = 40;
export const IMBALANCE_REFERENCE = 44;
export const IMBALANCE_CROSS_TYPE = 48;
export const IMBALANCE_VARIATION = 49;

/** N: 11 stock 8 | 19 interest 1. */
export const RETAIL_INTEREST_LENGTH = 20;
export const RETAIL_INTEREST_STOCK = 11;
export const RETAIL_INTEREST_FLAG = 19;

/**
 * O: 11 stock 8 | 19 eligible 1 | 20 lowest price 4 | 24 highest price 4 | 28 near price 4 | 32 near time 8 | 40 lower collar 4 |
 * 44 upper collar 4.
 */
export const DIRECT_LISTING_LENGTH = 48;
export const DIRECT_LISTING_STOCK = 11;
export const DIRECT_LISTING_ELIGIBLE = 19;
export const DIRECT_LISTING_LOWEST = 20;
export const DIRECT_LISTING_HIGHEST = 24;
export const DIRECT_LISTING_NEAR = 28;
export const DIRECT_LISTING_NEAR_TIME = 32;
export const DIRECT_LISTING_LOWER = 40;
export const DIRECT_LISTING_UPPER = 44;

/** Bytes of the longest message. */
export const LENGTH_MAX = 50;

/** A length for each type byte; -1 for a byte that is no type. */
export const MESSAGE_LENGTHS: Int16Array = createMessageLengths();

function createMessageLengths(): Int16Array {
  const lengths = new Int16Array(256).fill(-1);
  lengths[MESSAGE_SYSTEM_EVENT] = SYSTEM_EVENT_LENGTH;
  lengths[MESSAGE_STOCK_DIRECTORY] = DIRECTORY_LENGTH;
  lengths[MESSAGE_TRADING_ACTION] = TRADING_ACTION_LENGTH;
  lengths[MESSAGE_REG_SHO] = REG_SHO_LENGTH;
  lengths[MESSAGE_PARTICIPANT] = PARTICIPANT_LENGTH;
  lengths[MESSAGE_BREAKER_LEVELS] = BREAKER_LEVELS_LENGTH;
  lengths[MESSAGE_BREAKER_STATUS] = BREAKER_STATUS_LENGTH;
  lengths[MESSAGE_IPO] = IPO_LENGTH;
  lengths[MESSAGE_LULD_COLLAR] = LULD_COLLAR_LENGTH;
  lengths[MESSAGE_OPERATIONAL_HALT] = OPERATIONAL_HALT_LENGTH;
  lengths[MESSAGE_ADD] = ADD_LENGTH;
  lengths[MESSAGE_ADD_MPID] = ADD_MPID_LENGTH;
  lengths[MESSAGE_EXECUTE] = EXECUTE_LENGTH;
  lengths[MESSAGE_EXECUTE_PRICE] = EXECUTE_PRICE_LENGTH;
  lengths[MESSAGE_CANCEL] = CANCEL_LENGTH;
  lengths[MESSAGE_DELETE] = DELETE_LENGTH;
  lengths[MESSAGE_REPLACE] = REPLACE_LENGTH;
  lengths[MESSAGE_TRADE] = TRADE_LENGTH;
  lengths[MESSAGE_CROSS_TRADE] = CROSS_TRADE_LENGTH;
  lengths[MESSAGE_BROKEN_TRADE] = BROKEN_TRADE_LENGTH;
  lengths[MESSAGE_IMBALANCE] = IMBALANCE_LENGTH;
  lengths[MESSAGE_RETAIL_INTEREST] = RETAIL_INTEREST_LENGTH;
  lengths[MESSAGE_DIRECT_LISTING] = DIRECT_LISTING_LENGTH;
  return lengths;
}
