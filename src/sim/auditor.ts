/**
 * An independent reader of a framed ITCH stream that believes nothing: it rebuilds every book from maps, slowly and plainly, and
 * reports what cannot be. Cold: the oracle of the simulator's tests and of `simulate`.
 *
 * Laws: a frame has its type's length; time never goes back; an order is added once, and only a live one is executed, reduced,
 * deleted or replaced, never by more shares than it has; no book is crossed or locked after a message; nothing executes in a
 * halted instrument; match numbers rise; shares added = executed + taken off + resting, an instrument at a time.
 */
import * as itch from "../market/feed/itch50-layout.ts";
import type { BookTruth, LevelTruth } from "./truth.ts";

/** Most faults whose text is kept; all are counted. */
const FAULT_TEXTS_MAX = 20;
const LETTER_BUY = 0x42;
const LETTER_TRADING = 0x54;
const LETTER_PRINTABLE = 0x59;

interface LiveOrder {
  readonly audit: InstrumentAudit;
  readonly isBid: boolean;
  readonly price: number;
  qty: number;
}

interface Level {
  qty: number;
  orders: number;
}

/** What the stream said of one instrument. */
export class InstrumentAudit {
  readonly symbol: string;
  isTrading = false;
  addedShares = 0;
  executedShares = 0;
  removedShares = 0;
  /** Shares of printable executions, undisplayed trades and crosses: the volume of the tape. */
  tapeShares = 0;
  /** Latest price on the tape, units of 10^-4; 0 before the first. */
  lastPrice = 0;
  readonly bids: Map<number, Level> = new Map();
  readonly asks: Map<number, Level> = new Map();

  constructor(symbol: string) {
    this.symbol = symbol;
  }

  /** Best price of a side; -Infinity or Infinity when it is empty. */
  best(isBid: boolean): number {
    let best = isBid ? -Infinity : Infinity;
    for (const price of (isBid ? this.bids : this.asks).keys()) if (isBid ? price > best : price < best) best = price;
    return best;
  }

  /** Both sides, best first. */
  book(): BookTruth {
    return { bids: sorted(this.bids, -1), asks: sorted(this.asks, 1) };
  }

  restingShares(): number {
    let sum = 0;
    for (const side of [this.bids, this.asks]) for (const level of side.values()) sum += level.qty;
    return sum;
  }
}

export class StreamAuditor {
  messages = 0;
  faultCount = 0;
  readonly faults: string[] = [];
  readonly byType: Record<string, number> = {};
  /** ns since midnight of the latest message. */
  timeNs = 0;
  readonly instruments: Map<string, InstrumentAudit> = new Map();
  private readonly byLocate: Map<number, InstrumentAudit> = new Map();
  private readonly orders: Map<number, LiveOrder> = new Map();
  private view: DataView = new DataView(new ArrayBuffer(0));
  private lastMatch = 0;

  /** Reads whole frames from bytes[from, to). */
  push(bytes: Uint8Array, from: number, to: number): void {
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    let at = from;
    while (at < to) {
      const length = this.view.getUint16(at);
      const type = this.view.getUint8(at + 2);
      if (itch.MESSAGE_LENGTHS[type] !== length || at + 2 + length > to) {
        this.fault(`type ${type} with length ${length} at byte ${at}`);
        return;
      }
      this.message(at + 2, type);
      at += 2 + length;
    }
  }

  /** Checks what must hold at any moment between messages, over every instrument. */
  finish(): void {
    for (const audit of this.instruments.values()) {
      const resting = audit.restingShares();
      if (audit.addedShares !== audit.executedShares + audit.removedShares + resting) {
        this.fault(
          `${audit.symbol}: ${audit.addedShares} shares added, ${audit.executedShares} executed, ${audit.removedShares} taken off, ${resting} resting`,
        );
      }
    }
  }

  private message(at: number, type: number): void {
    const letter = String.fromCharCode(type);
    this.messages++;
    this.byType[letter] = (this.byType[letter] ?? 0) + 1;
    const timeNs = this.view.getUint16(at + itch.HEADER_TIME_HIGH) * 4_294_967_296 + this.view.getUint32(at + itch.HEADER_TIME_LOW);
    if (timeNs < this.timeNs) this.fault(`time went back from ${this.timeNs} to ${timeNs}`);
    this.timeNs = timeNs;
    const locate = this.view.getUint16(at + itch.HEADER_LOCATE);
    if (type === itch.MESSAGE_STOCK_DIRECTORY) this.directory(at, locate);
    if (locate === 0) return;
    const audit = this.byLocate.get(locate);
    if (audit === undefined) this.fault(`locate ${locate} before its directory message`);
    else this.ofInstrument(at, type, audit);
  }

  private directory(at: number, locate: number): void {
    const symbol = this.text(at + itch.DIRECTORY_STOCK, itch.STOCK_BYTES);
    if (this.byLocate.has(locate) || this.instruments.has(symbol)) this.fault(`${symbol} listed twice`);
    const audit = new InstrumentAudit(symbol);
    this.byLocate.set(locate, audit);
    this.instruments.set(symbol, audit);
  }

  private ofInstrument(at: number, type: number, audit: InstrumentAudit): void {
    switch (type) {
      case itch.MESSAGE_TRADING_ACTION:
        audit.isTrading = this.view.getUint8(at + itch.TRADING_ACTION_STATE) === LETTER_TRADING;
        break;
      case itch.MESSAGE_ADD:
      case itch.MESSAGE_ADD_MPID:
        this.add(at, audit);
        break;
      case itch.MESSAGE_EXECUTE:
      case itch.MESSAGE_EXECUTE_PRICE:
        this.execute(at, type, audit);
        break;
      case itch.MESSAGE_CANCEL:
        audit.removedShares += this.takeOff(this.wide(at + itch.CANCEL_ORDER), this.view.getUint32(at + itch.CANCEL_SHARES), audit);
        break;
      case itch.MESSAGE_DELETE:
        audit.removedShares += this.takeOff(this.wide(at + itch.DELETE_ORDER), Infinity, audit);
        break;
      case itch.MESSAGE_REPLACE:
        this.replace(at, audit);
        break;
      case itch.MESSAGE_TRADE:
        this.print(at + itch.TRADE_PRICE, this.view.getUint32(at + itch.TRADE_SHARES), at + itch.TRADE_MATCH, audit);
        break;
      case itch.MESSAGE_CROSS_TRADE:
        this.print(at + itch.CROSS_TRADE_PRICE, this.wide(at + itch.CROSS_TRADE_SHARES), at + itch.CROSS_TRADE_MATCH, audit);
        break;
    }
  }

  private add(at: number, audit: InstrumentAudit): void {
    if (this.text(at + itch.ADD_STOCK, itch.STOCK_BYTES) !== audit.symbol) this.fault(`an order of ${audit.symbol} names another symbol`);
    const isBid = this.view.getUint8(at + itch.ADD_SIDE) === LETTER_BUY;
    this.rest(this.wide(at + itch.ADD_ORDER), isBid, this.view.getUint32(at + itch.ADD_PRICE), this.view.getUint32(at + itch.ADD_SHARES), audit);
  }

  private replace(at: number, audit: InstrumentAudit): void {
    const old = this.orders.get(this.wide(at + itch.REPLACE_OLD_ORDER));
    audit.removedShares += this.takeOff(this.wide(at + itch.REPLACE_OLD_ORDER), Infinity, audit);
    if (old === undefined) return;
    const ref = this.wide(at + itch.REPLACE_NEW_ORDER);
    this.rest(ref, old.isBid, this.view.getUint32(at + itch.REPLACE_PRICE), this.view.getUint32(at + itch.REPLACE_SHARES), audit);
  }

  private rest(ref: number, isBid: boolean, price: number, qty: number, audit: InstrumentAudit): void {
    if (this.orders.has(ref)) this.fault(`order ${ref} added twice`);
    if (qty < 1 || price < 1) this.fault(`order ${ref} of ${qty} shares at ${price}`);
    this.orders.set(ref, { audit, isBid, price, qty });
    const side = isBid ? audit.bids : audit.asks;
    const level = side.get(price);
    if (level === undefined) side.set(price, { qty, orders: 1 });
    else {
      level.qty += qty;
      level.orders++;
    }
    audit.addedShares += qty;
    if (audit.best(true) >= audit.best(false)) this.fault(`${audit.symbol} crossed by order ${ref}`);
  }

  private execute(at: number, type: number, audit: InstrumentAudit): void {
    const ref = this.wide(at + itch.EXECUTE_ORDER);
    const qty = this.view.getUint32(at + itch.EXECUTE_SHARES);
    const order = this.orders.get(ref);
    const isPriced = type === itch.MESSAGE_EXECUTE_PRICE;
    if (order !== undefined && order.price !== audit.best(order.isBid)) this.fault(`order ${ref} executed behind the best price`);
    audit.executedShares += this.takeOff(ref, qty, audit);
    if (order === undefined) return;
    if (isPriced && this.view.getUint8(at + itch.EXECUTE_PRICE_PRINTABLE) !== LETTER_PRINTABLE) this.match(at + itch.EXECUTE_MATCH, audit);
    else this.printAt(isPriced ? this.view.getUint32(at + itch.EXECUTE_PRICE_PRICE) : order.price, qty, at + itch.EXECUTE_MATCH, audit);
  }

  private print(priceAt: number, qty: number, matchAt: number, audit: InstrumentAudit): void {
    this.printAt(this.view.getUint32(priceAt), qty, matchAt, audit);
  }

  private printAt(price: number, qty: number, matchAt: number, audit: InstrumentAudit): void {
    this.match(matchAt, audit);
    audit.tapeShares += qty;
    audit.lastPrice = price;
  }

  private match(at: number, audit: InstrumentAudit): void {
    const match = this.wide(at);
    if (match <= this.lastMatch) this.fault(`match ${match} after ${this.lastMatch}`);
    this.lastMatch = match;
    if (!audit.isTrading) this.fault(`${audit.symbol} traded while halted`);
  }

  /** Takes shares off a live order, all of them for Infinity; returns how many. */
  private takeOff(ref: number, shares: number, audit: InstrumentAudit): number {
    const order = this.orders.get(ref);
    if (order === undefined || order.audit !== audit) {
      this.fault(`order ${ref} of ${audit.symbol} is not live`);
      return 0;
    }
    if (shares !== Infinity && shares > order.qty) this.fault(`${shares} shares taken from order ${ref}, which has ${order.qty}`);
    const taken = Math.min(shares, order.qty);
    const side = order.isBid ? audit.bids : audit.asks;
    const level = side.get(order.price)!;
    level.qty -= taken;
    order.qty -= taken;
    if (order.qty === 0) {
      this.orders.delete(ref);
      level.orders--;
      if (level.orders === 0) side.delete(order.price);
    }
    return taken;
  }

  private text(at: number, length: number): string {
    let text = "";
    for (let i = 0; i < length; i++) text += String.fromCharCode(this.view.getUint8(at + i));
    return text.trimEnd();
  }

  private wide(at: number): number {
    return this.view.getUint32(at) * 4_294_967_296 + this.view.getUint32(at + 4);
  }

  private fault(what: string): void {
    this.faultCount++;
    if (this.faults.length < FAULT_TEXTS_MAX) this.faults.push(`message ${this.messages}: ${what}`);
  }
}

function sorted(side: Map<number, Level>, direction: number): LevelTruth[] {
  const prices = [...side.keys()].sort((a, b) => (a - b) * direction);
  return prices.map((price) => ({ price, qty: side.get(price)!.qty, orders: side.get(price)!.orders }));
}
