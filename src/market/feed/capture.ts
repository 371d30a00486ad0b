/**
 * How a recorder wrapped a line, recognised line by line. @hot
 *
 *   plain        <json>
 *   timestamped  <ns since 1970> <json>
 *   cryptofeed   <seconds since 1970>[.fraction]: <json>       as websocket message
 *                <url> -> <seconds>: <json>                    as body of a REST answer; the url may name a symbol
 *                <url> <-> <seconds> | <url> <- <seconds>: ..  connection opened, request sent: nothing to decode
 *
 * Times of 19 digits are read as seconds and nanoseconds, so that no BigInt is needed. Formats: github.com/nkaz001/hftbacktest
 * (timestamped), github.com/bmoscon/cryptofeed (cryptofeed).
 */
/** The line has no wrapping. */
export const CAPTURE_PLAIN = 0;
/** A message with its receive time. */
export const CAPTURE_TIMED = 1;
/** A REST answer with its receive time, and perhaps a symbol. */
export const CAPTURE_BODY = 2;
/** A remark of the recorder. */
export const CAPTURE_REMARK = 3;
/** None of the forms. */
export const CAPTURE_FOREIGN = 4;

const SPACE = 0x20;
const COLON = 0x3a;
const POINT = 0x2e;
const ZERO = 0x30;
const BRACE = 0x7b;
const LETTER_H = 0x68;
const LETTER_W = 0x77;
/** Digits of a time in ns since 1970, from 1973 to 2286. */
const NANO_DIGITS_MIN = 18;
const NANO_DIGITS_MAX = 19;
const SECOND_DIGITS_MAX = 11;

const SYMBOL_PARAMETER = Uint8Array.of(0x73, 0x79, 0x6d, 0x62, 0x6f, 0x6c, 0x3d); // symbol=

/** True if a line of a capture may begin with this byte: a brace or bracket, white space, a digit, or the h or w of a url. */
export function beginsLine(byte: number): boolean {
  if (byte === BRACE || (byte >= ZERO && byte <= 0x39) || byte === LETTER_H || byte === LETTER_W) return true;
  return byte === 0x5b || byte === SPACE || byte === 0x09;
}

export class CaptureLine {
  /** Receive time of a line that has one: whole seconds since 1970, and the nanoseconds in them. */
  readonly time: Float64Array = new Float64Array(2);
  /** Symbol named by the url of a REST answer: bytes[symbolFrom, symbolTo), empty if none. */
  symbolFrom = 0;
  symbolTo = 0;
  /** Where the message begins. */
  start = 0;

  /** Recognises the wrapping of the line at bytes[from], which ends before a control character. Returns one of CAPTURE_*. */
  read(bytes: Uint8Array, from: number): number {
    this.symbolFrom = 0;
    this.symbolTo = 0;
    this.start = from;
    const first = bytes[from];
    if (first === BRACE) return CAPTURE_PLAIN;
    if (first >= ZERO && first <= 0x39) return this.readTimed(bytes, from);
    if (!beginsLine(first)) return CAPTURE_FOREIGN;
    return first === LETTER_H || first === LETTER_W ? this.readUrl(bytes, from) : CAPTURE_PLAIN;
  }

  private readTimed(bytes: Uint8Array, from: number): number {
    let at = from;
    while (bytes[at] >= ZERO && bytes[at] <= 0x39) at++;
    const digits = at - from;
    if (bytes[at] === SPACE) {
      if (digits < NANO_DIGITS_MIN || digits > NANO_DIGITS_MAX) return CAPTURE_FOREIGN;
      this.store(bytes, from, at - 9, at - 9, at);
      this.start = at + 1;
      return CAPTURE_TIMED;
    }
    const next = this.readSeconds(bytes, from);
    if (next < 0 || bytes[next] !== COLON || bytes[next + 1] !== SPACE) return CAPTURE_FOREIGN;
    this.start = next + 2;
    return CAPTURE_TIMED;
  }

  /** `seconds[.fraction]` at `from`: the position after it, or -1. */
  private readSeconds(bytes: Uint8Array, from: number): number {
    let at = from;
    while (bytes[at] >= ZERO && bytes[at] <= 0x39) at++;
    if (at === from || at - from > SECOND_DIGITS_MAX) return -1;
    const whole = at;
    let fraction = at;
    if (bytes[at] === POINT) {
      at++;
      fraction = at;
      while (bytes[at] >= ZERO && bytes[at] <= 0x39) at++;
    }
    this.store(bytes, from, whole, fraction, at);
    return at;
  }

  /** Seconds from bytes[from, whole), nanoseconds from the first nine digits of bytes[fraction, end), filled up with zeros. */
  private store(bytes: Uint8Array, from: number, whole: number, fraction: number, end: number): void {
    let seconds = 0;
    for (let i = from; i < whole; i++) seconds = seconds * 10 + (bytes[i] - ZERO);
    let nanos = 0;
    for (let i = 0; i < 9; i++) nanos = (nanos * 10 + (fraction + i < end ? bytes[fraction + i] - ZERO : 0)) | 0;
    this.time[0] = seconds;
    this.time[1] = nanos;
  }

  private readUrl(bytes: Uint8Array, from: number): number {
    let gap = from;
    while (bytes[gap] > SPACE) gap++;
    if (bytes[gap] !== SPACE) return CAPTURE_FOREIGN;
    if (bytes[gap + 1] === 0x3c) return CAPTURE_REMARK; // " <->" and " <-"
    if (bytes[gap + 1] !== 0x2d || bytes[gap + 2] !== 0x3e || bytes[gap + 3] !== SPACE) return CAPTURE_FOREIGN; // " -> "
    const next = this.readSeconds(bytes, gap + 4);
    if (next < 0 || bytes[next] !== COLON || bytes[next + 1] !== SPACE) return CAPTURE_FOREIGN;
    this.start = next + 2;
    this.readSymbol(bytes, from, gap);
    return CAPTURE_BODY;
  }

  private readSymbol(bytes: Uint8Array, from: number, to: number): void {
    const length = SYMBOL_PARAMETER.length;
    for (let i = from; i + length < to; i++) {
      let same = 0;
      while (same < length && bytes[i + same] === SYMBOL_PARAMETER[same]) same++;
      if (same < length) continue;
      this.symbolFrom = i + length;
      this.symbolTo = this.symbolFrom;
      while (this.symbolTo < to && bytes[this.symbolTo] !== 0x26) this.symbolTo++;
      return;
    }
  }
}
