/**
 * From ITCH bytes to signals as one would write it with rxjs: an object a message, a Map of orders, groupBy the stock, a scan that
 * makes bars, indicators of trading-signals, three rules, a breaker that watches the last second.
 */
import { Subject, filter, groupBy, map, mergeMap, type Observable } from "rxjs";
import { BollingerBands, EMA, RSI } from "trading-signals";
import { MapBook, type Change } from "./map-book.ts";

interface Trade {
  readonly locate: number;
  readonly ts: number;
  readonly price: number;
  readonly qty: number;
}

interface Bar {
  readonly start: number;
  open: number;
  high: number;
  low: number;
  close: number;
  volume: number;
}

/** An ITCH message as an object. */
export interface Message {
  readonly type: string;
  readonly locate: number;
  readonly ts: number;
  readonly id: number;
  readonly newId: number;
  readonly side: number;
  readonly qty: number;
  readonly price: number;
  readonly printable: boolean;
}

const BAR_NS = 1e9;
const LOCATES = 65_536;
const TYPES = new Set(["A", "F", "E", "C", "X", "D", "U", "P", "Q"]);

export class RxPipeline {
  messages = 0;
  bars = 0;
  volume = 0;
  signals = 0;
  private readonly input: Subject<Message> = new Subject();
  private readonly book: MapBook = new MapBook(LOCATES / 64);

  constructor() {
    this.input
      .pipe(
        map((message) => this.applied(message)),
        filter((trade): trade is Trade => trade !== null),
        groupBy((trade) => trade.locate),
        mergeMap((trades) => this.signalsOf(trades)),
      )
      .subscribe((count) => {
        this.signals += count;
      });
  }

  push(bytes: Uint8Array): void {
    this.messages += parseAll(bytes, (message) => this.accept(message));
  }

  /** One message that was parsed elsewhere. */
  accept(message: Message): void {
    this.input.next(message);
  }

  end(): void {
    this.input.complete();
  }

  /** Moves the book; the trade that the message was, or null. */
  private applied(message: Message): Trade | null {
    const { type, locate, ts, id, side, qty, price } = message;
    const change: Change = { action: 0, isLast: true, instrument: locate, side, id, price, qty };
    switch (type) {
      case "A":
      case "F":
        this.book.apply({ ...change, action: 1 });
        return null;
      case "E":
      case "C": {
        const resting = this.book.orders.get(id);
        this.book.apply({ ...change, action: 2 });
        if (resting === undefined || !message.printable) return null;
        return { locate, ts, price: type === "E" ? resting.level.price : price, qty };
      }
      case "X":
        this.book.apply({ ...change, action: 4 });
        return null;
      case "D":
        this.book.apply({ ...change, action: 5 });
        return null;
      case "U":
        this.book.apply({ ...change, action: 6, isLast: false });
        this.book.apply({ ...change, action: 7, id: message.newId });
        return null;
      default:
        return qty === 0 ? null : { locate, ts, price, qty };
    }
  }

  private signalsOf(trades: Observable<Trade>): Observable<number> {
    let bar: Bar | null = null;
    let recent: Trade[] = [];
    const bands = new BollingerBands(20, 2);
    const rsi = new RSI(14);
    const fast = new EMA(5);
    const slow = new EMA(20);
    let wasAbove = false;
    let turnover = 0;
    let shares = 0;
    const close = (done: Bar, isTripped: boolean): number => {
      this.bars++;
      this.volume += done.volume;
      const typical = (done.high + done.low + done.close) / 3;
      turnover += typical * done.volume;
      shares += done.volume;
      const band = bands.add(done.close);
      const strength = rsi.add(done.close);
      const quick = fast.add(done.close);
      const calm = slow.add(done.close);
      const isAbove = quick !== null && calm !== null && quick > calm;
      let count = 0;
      if (band !== null && strength !== null && done.close < band.lower && strength < 30) count++;
      if (isAbove && !wasAbove) count++;
      if (done.close > (turnover / shares) * 1.001) count++;
      wasAbove = isAbove;
      return isTripped ? 0 : count;
    };
    const result = new Subject<number>();
    trades.subscribe({
      next: (trade) => {
        recent = recent.filter((old) => trade.ts - old.ts < BAR_NS);
        recent.push(trade);
        const high = Math.max(...recent.map((old) => old.price));
        const isTripped = (high - trade.price) / high > 0.03;
        const start = Math.floor(trade.ts / BAR_NS) * BAR_NS;
        if (bar !== null && bar.start !== start) {
          result.next(close(bar, isTripped));
          bar = null;
        }
        if (bar === null) bar = { start, open: trade.price, high: trade.price, low: trade.price, close: trade.price, volume: trade.qty };
        else {
          bar = { ...bar, high: Math.max(bar.high, trade.price), low: Math.min(bar.low, trade.price), close: trade.price, volume: bar.volume + trade.qty };
        }
      },
      complete: () => {
        if (bar !== null) result.next(close(bar, false));
        result.complete();
      },
    });
    return result;
  }
}

/** One message as an object; null for those that concern neither book nor trades. */
/** Hands each message that matters on; answers how many there were. */
export function parseAll(bytes: Uint8Array, take: (message: Message) => void): number {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let messages = 0;
  for (let at = 0; at + 2 < buffer.length;) {
    const length = buffer.readUInt16BE(at);
    messages++;
    const message = parse(buffer.subarray(at + 2, at + 2 + length));
    if (message !== null) take(message);
    at += 2 + length;
  }
  return messages;
}

function parse(message: Buffer): Message | null {
  const type = String.fromCharCode(message[0]);
  if (!TYPES.has(type)) return null;
  const base = {
    type,
    locate: message.readUInt16BE(1),
    ts: message.readUIntBE(5, 6),
    id: type === "Q" ? 0 : Number(message.readBigUInt64BE(11)),
    newId: 0,
    side: 0,
    qty: 0,
    price: 0,
    printable: true,
  };
  switch (type) {
    case "A":
    case "F":
    case "P":
      return { ...base, side: message[19] === 0x42 ? 0 : 1, qty: message.readUInt32BE(20), price: message.readUInt32BE(32) };
    case "E":
    case "X":
      return { ...base, qty: message.readUInt32BE(19) };
    case "C":
      return { ...base, qty: message.readUInt32BE(19), printable: message[31] === 0x59, price: message.readUInt32BE(32) };
    case "U":
      return { ...base, newId: Number(message.readBigUInt64BE(19)), qty: message.readUInt32BE(27), price: message.readUInt32BE(31) };
    case "Q":
      return { ...base, qty: Number(message.readBigUInt64BE(11)), price: message.readUInt32BE(27) };
    default:
      return base;
  }
}
