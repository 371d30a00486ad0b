/**
 * A scanner of flat JSON objects with keys of one letter, over bytes: no string, no allocation. @hot
 *
 * The shape it knows: `{"k":value,...}` without white space, a value being a non-negative integer, a plain string, true, false, or
 * a list of price levels `[["price","qty"],...]`. Keys may come in any order. Anything else is SHAPE: the caller reads the message
 * with JSON.parse and hands in its known form, so the scanner may refuse freely but must never misread.
 * Decimals gather in two int32 accumulators: a double one is three times slower.
 * Bytes are read until a control character stops every loop: the byte after the message must be one.
 */
import { NOT_EXACT, POW10, parseDecimal } from "../../kernel/core/fixed.ts";

/** Not of the known shape. */
export const SHAPE = -1;
/** A decimal that its scale cannot hold. */
export const NUMBER = -2;

/** Field numbers of keys of one letter: letter code - 65. Two-letter `pu` has its own; other two-letter keys are skipped. */
export const FIELD_A = 0;
export const FIELD_B = 1;
export const FIELD_E = 4;
export const FIELD_T = 19;
export const FIELD_U = 20;
export const FIELD_X = 23;
export const FIELD_a = 32;
export const FIELD_b = 33;
export const FIELD_e = 36;
export const FIELD_m = 44;
export const FIELD_p = 47;
export const FIELD_q = 48;
export const FIELD_s = 50;
export const FIELD_t = 51;
export const FIELD_u = 52;
export const FIELD_pu = 58;
const FIELD_SKIPPED = 59;
const FIELDS = 64;

/** What a field holds: nothing, or one of these. */
export const KIND_NUMBER = 1;
export const KIND_STRING = 2;
export const KIND_TRUE = 3;
export const KIND_FALSE = 4;
export const KIND_LEVELS = 5;

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const OPEN = 0x5b;
const CLOSE = 0x5d;
const BACKSLASH = 0x5c;
const BRACE_CLOSE = 0x7d;
const ZERO = 0x30;
const POINT_DIGIT = -2; // "." - "0"
const QUOTE_DIGIT = -14; // '"' - "0"
const DIGITS_MAX = 9;
const INTEGER_DIGITS_MAX = 16;

/** 1 for bytes of a string that are ASCII and need no thought. */
const PLAIN: Uint8Array = createPlain();

function createPlain(): Uint8Array {
  const table = new Uint8Array(256);
  table.fill(1, 0x20, 0x80);
  table[QUOTE] = 0;
  table[BACKSLASH] = 0;
  return table;
}

export class FieldScan {
  /** What each field holds. */
  readonly kind: Uint8Array = new Uint8Array(FIELDS);
  /** Values of number fields. */
  readonly numbers: Float64Array = new Float64Array(FIELDS);
  /** String fields: bytes[from[f], to[f]) of the scanned bytes. */
  readonly from: Int32Array = new Int32Array(FIELDS);
  readonly to: Int32Array = new Int32Array(FIELDS);
  /** Price and quantity of levels, two cells each. */
  readonly cells: Float64Array;
  /** Cells in use. */
  used = 0;
  /** The field whose list begins where scan() stopped, or -1 when it came to the object's end. */
  stopped = -1;
  /** Bytes from 0x80 on are allowed in strings: only where the text is known to be sound UTF-8. */
  trusted = false;
  private readonly kindWords: Float64Array;

  /** `levels`: the most levels that one message may hold. */
  constructor(levels: number) {
    this.cells = new Float64Array(levels * 2);
    this.kindWords = new Float64Array(this.kind.buffer);
  }

  /** Forgets the last message. */
  begin(trusted: boolean): void {
    const words = this.kindWords;
    for (let i = 0; i < 8; i++) words[i] = 0;
    this.used = 0;
    this.trusted = trusted;
  }

  /**
   * Reads fields from the quote of a key at `at`. Returns the position after the closing brace (`stopped` is -1), or the position of
   * a `[` whose field is `stopped` (read it with scanLevels, then call resume), or SHAPE.
   */
  scan(bytes: Uint8Array, at: number): number {
    const kind = this.kind;
    let position = at;
    for (;;) {
      const after = this.scanKey(bytes, position);
      if (after < 0) return SHAPE;
      const field = this.stopped;
      position = after;
      const first = bytes[position];
      if (first === QUOTE) {
        this.from[field] = ++position;
        while (PLAIN[bytes[position]] === 1) position++;
        while (this.trusted && (bytes[position] >= 0x80 || PLAIN[bytes[position]] === 1)) position++;
        if (bytes[position] !== QUOTE) return SHAPE;
        this.to[field] = position++;
        kind[field] = KIND_STRING;
      } else if (first >= ZERO && first <= 0x39) {
        position = scanInteger(bytes, position, this.numbers, field);
        if (position < 0) return SHAPE;
        kind[field] = KIND_NUMBER;
      } else if (first === OPEN) {
        kind[field] = KIND_LEVELS;
        return position;
      } else {
        position = this.scanWord(bytes, position, field);
        if (position < 0) return SHAPE;
      }
      const byte = bytes[position++];
      if (byte === COMMA) continue;
      this.stopped = -1;
      return byte === BRACE_CLOSE ? position : SHAPE;
    }
  }

  /** Goes on after a list that ended before `at`, as scan() does. */
  resume(bytes: Uint8Array, at: number): number {
    if (bytes[at] === COMMA) return this.scan(bytes, at + 1);
    this.stopped = -1;
    return bytes[at] === BRACE_CLOSE ? at + 1 : SHAPE;
  }

  /** Reads `[["price","qty"],...]` at `at` into cells from `used` on. Returns the position after it, SHAPE or NUMBER. */
  scanLevels(bytes: Uint8Array, at: number, priceScale: number, qtyScale: number): number {
    const cells = this.cells;
    let position = at + 1;
    if (bytes[position] === CLOSE) return position + 1;
    let used = this.used;
    for (;;) {
      if (used >= cells.length || bytes[position] !== OPEN || bytes[position + 1] !== QUOTE) return SHAPE;
      position = scanDecimal(bytes, position + 2, priceScale, cells, used);
      if (position < 0) return position;
      if (bytes[position] !== COMMA || bytes[position + 1] !== QUOTE) return SHAPE;
      position = scanDecimal(bytes, position + 2, qtyScale, cells, used + 1);
      if (position < 0) return position;
      if (bytes[position] !== CLOSE) return SHAPE;
      used += 2;
      const byte = bytes[position + 1];
      position += 2;
      if (byte === COMMA) continue;
      this.used = used;
      return byte === CLOSE ? position : SHAPE;
    }
  }

  /** `"k":` or `"kk":` at `at`: the position after it, the field in `stopped`; or SHAPE, also for a key that occurs twice. */
  private scanKey(bytes: Uint8Array, at: number): number {
    if (bytes[at] !== QUOTE) return SHAPE;
    const letter = bytes[at + 1];
    let field = letter - 65;
    let position = at + 2;
    if (!(field >= 0 && field < 58) || letter === BACKSLASH) return SHAPE;
    if (bytes[position] !== QUOTE) {
      const second = bytes[position];
      if (!(second >= 65 && second <= 122) || second === BACKSLASH) return SHAPE;
      field = letter === 0x70 && second === 0x75 ? FIELD_pu : FIELD_SKIPPED;
      if (bytes[++position] !== QUOTE) return SHAPE;
    }
    if (bytes[position + 1] !== COLON) return SHAPE;
    if (this.kind[field] !== 0 && field !== FIELD_SKIPPED) return SHAPE;
    this.stopped = field;
    return position + 2;
  }

  private scanWord(bytes: Uint8Array, at: number, field: number): number {
    if (bytes[at] === 0x74 && bytes[at + 1] === 0x72 && bytes[at + 2] === 0x75 && bytes[at + 3] === 0x65) {
      this.kind[field] = KIND_TRUE;
      return at + 4;
    }
    if (bytes[at] === 0x66 && bytes[at + 1] === 0x61 && bytes[at + 2] === 0x6c && bytes[at + 3] === 0x73 && bytes[at + 4] === 0x65) {
      this.kind[field] = KIND_FALSE;
      return at + 5;
    }
    return SHAPE;
  }
}

/** A non-negative JSON integer of at most 2^53 - 1 at `at`, stored in out[cell]. Returns the position after it, or SHAPE. */
export function scanInteger(bytes: Uint8Array, at: number, out: Float64Array, cell: number): number {
  let high = bytes[at] - ZERO;
  let position = at + 1;
  let digit = bytes[position] - ZERO;
  if (high === 0 && digit >= 0 && digit <= 9) return SHAPE; // JSON has no leading zero
  const middle = at + DIGITS_MAX;
  while (digit >>> 0 < 10 && position < middle) {
    high = (high * 10 + digit) | 0;
    digit = bytes[++position] - ZERO;
  }
  if (!(digit >= 0 && digit <= 9)) {
    out[cell] = high;
    return position;
  }
  let low = 0;
  const end = at + INTEGER_DIGITS_MAX;
  while (digit >>> 0 < 10) {
    if (position === end) return SHAPE;
    low = (low * 10 + digit) | 0;
    digit = bytes[++position] - ZERO;
  }
  const value = high * POW10[position - middle] + low;
  if (value > 9_007_199_254_740_991) return SHAPE;
  out[cell] = value;
  return position;
}

/**
 * A decimal at `at`, which is the place after its opening quote, stored at `scale` in out[cell]. Returns the position after the
 * closing quote, or SHAPE, or NUMBER when the scale cannot hold it. The same values as parseDecimal.
 */
export function scanDecimal(bytes: Uint8Array, at: number, scale: number, out: Float64Array, cell: number): number {
  let whole = 0;
  let position = at;
  let digit = bytes[position] - ZERO;
  const wholeEnd = at + DIGITS_MAX;
  while (digit >>> 0 < 10) {
    if (position === wholeEnd) return scanDecimalLong(bytes, at, scale, out, cell);
    whole = (whole * 10 + digit) | 0;
    digit = bytes[++position] - ZERO;
  }
  if (position === at) return scanDecimalLong(bytes, at, scale, out, cell);
  let value = whole * POW10[scale];
  if (digit === POINT_DIGIT) {
    let fraction = 0;
    const start = ++position;
    const end = start + (scale < DIGITS_MAX ? scale : DIGITS_MAX);
    digit = bytes[position] - ZERO;
    while (digit >>> 0 < 10 && position < end) {
      fraction = (fraction * 10 + digit) | 0;
      digit = bytes[++position] - ZERO;
    }
    value += fraction * POW10[scale - (position - start)];
    while (digit === 0) digit = bytes[++position] - ZERO;
    if (position === start) return scanDecimalLong(bytes, at, scale, out, cell);
  }
  if (digit !== QUOTE_DIGIT) return scanDecimalLong(bytes, at, scale, out, cell);
  if (value > 9_007_199_254_740_991) return NUMBER;
  out[cell] = value;
  return position + 1;
}

/** Signs, more than nine digits on a side of the point, and everything that is no decimal. */
function scanDecimalLong(bytes: Uint8Array, at: number, scale: number, out: Float64Array, cell: number): number {
  let end = at;
  while (bytes[end] !== QUOTE) {
    if (bytes[end] === BACKSLASH || !(bytes[end] >= 0x20)) return SHAPE;
    end++;
  }
  const value = parseDecimal(bytes, at, end, scale);
  if (value === NOT_EXACT) return NUMBER;
  out[cell] = value;
  return end + 1;
}

/** True if bytes[from, to) are those of `text`. */
export function sameBytes(bytes: Uint8Array, from: number, to: number, text: Uint8Array): boolean {
  const length = text.length;
  if (to - from !== length) return false;
  for (let i = 0; i < length; i++) if (bytes[from + i] !== text[i]) return false;
  return true;
}

/** True if `text` lies at bytes[at]. */
export function beginsWith(bytes: Uint8Array, at: number, text: Uint8Array): boolean {
  const length = text.length;
  for (let i = 0; i < length; i++) if (bytes[at + i] !== text[i]) return false;
  return true;
}
