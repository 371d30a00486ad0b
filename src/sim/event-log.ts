/**
 * What one command did at the exchange, as columns: the matching engine appends, the encoder and the tests read. @hot
 *
 * Row i of every column belongs to event i. A column that an event kind does not use keeps an older value. The log is cleared
 * before each command, so its capacity bounds what one command may cause; the engine stops matching one row short of it.
 *
 *   kind         ref      ref2   side     qty        price      match   flag
 *   ADDED        order    -      its      shown      order's    -       1: with the participant's name
 *   EXECUTED     order    -      resting  executed   order's    match   -
 *   EXECUTED_AT  order    -      resting  executed   of trade   match   PRINTABLE_*
 *   REDUCED      order    -      its      taken off  order's    -       -
 *   DELETED      order    -      its      left       order's    -       -
 *   REPLACED     old      new    its      new        new        -       -
 *   PRINTED      -        -      resting  executed   of trade   match   -
 *   CROSSED      -        -      -        shares     of cross   match   type letter
 */
export const EVENT_ADDED = 1;
export const EVENT_EXECUTED = 2;
export const EVENT_EXECUTED_AT = 3;
export const EVENT_REDUCED = 4;
export const EVENT_DELETED = 5;
export const EVENT_REPLACED = 6;
export const EVENT_PRINTED = 7;
export const EVENT_CROSSED = 8;

export const PRINTABLE_YES = 0x59; // Y
export const PRINTABLE_NO = 0x4e; // N

/** Most events of one command. */
export const EVENTS_MAX = 512;

export class EventLog {
  count = 0;
  readonly kind: Uint8Array = new Uint8Array(EVENTS_MAX);
  readonly side: Uint8Array = new Uint8Array(EVENTS_MAX);
  readonly flag: Uint8Array = new Uint8Array(EVENTS_MAX);
  readonly instrument: Int32Array = new Int32Array(EVENTS_MAX);
  readonly qty: Int32Array = new Int32Array(EVENTS_MAX);
  /** In units of 10^-4, as on the wire. */
  readonly price: Int32Array = new Int32Array(EVENTS_MAX);
  readonly ref: Float64Array = new Float64Array(EVENTS_MAX);
  readonly ref2: Float64Array = new Float64Array(EVENTS_MAX);
  readonly match: Float64Array = new Float64Array(EVENTS_MAX);

  clear(): void {
    this.count = 0;
  }

  /** Opens the next row and returns its index; the engine has checked that there is one. */
  append(kind: number, instrument: number, side: number, qty: number, price: number): number {
    const i = this.count;
    this.kind[i] = kind;
    this.instrument[i] = instrument;
    this.side[i] = side;
    this.qty[i] = qty;
    this.price[i] = price;
    this.flag[i] = 0;
    this.count = i + 1;
    return i;
  }
}
