/**
 * A model of Binance for tests: one instrument whose true book is known after every update id, and the lines that the venue would
 * send: depth increments, best bids and offers, trades, snapshots. Seeded; prices in cents, quantities in thousandths.
 */
import type { Random } from "../../src/kernel/core/random.ts";

export type Market = "spot" | "usdm" | "coinm";

export interface Line {
  readonly text: string;
  readonly kind: "depth" | "ticker" | "trade" | "snapshot";
  /** Last update id. */
  readonly id: number;
}

const START_MS = 1_723_161_255_000;

export class BinanceVenue {
  readonly market: Market;
  readonly symbol: string;
  /** The whole book, as bookText writes it, after each last id of an increment. */
  readonly truth = new Map<number, string>();
  private readonly random: Random;
  private readonly bids = new Map<number, number>();
  private readonly asks = new Map<number, number>();
  private id = 1000;
  private previous = 990;
  private ms = START_MS;
  private tradeId = 50;

  constructor(market: Market, random: Random, symbol: string = "ETHUSDT") {
    this.market = market;
    this.random = random;
    this.symbol = symbol;
    for (let i = 0; i < 20; i++) {
      this.bids.set(100_000 - i * 3, 1000 + i);
      this.asks.set(100_002 + i * 3, 2000 + i);
    }
  }

  /** Moves the book by one increment. */
  depth(): Line {
    const first = this.id + (this.market === "spot" ? 1 : 1 + this.random.nextBelow(5));
    const last = first + this.random.nextBelow(4);
    const b: string[] = [];
    const a: string[] = [];
    const changes = this.random.nextBelow(5);
    for (let i = 0; i < changes; i++) {
      const isBid = this.random.nextBelow(2) === 0;
      const price = isBid ? 100_000 - this.random.nextBelow(30) : 100_002 + this.random.nextBelow(30);
      const qty = this.random.nextBelow(3) === 0 ? 0 : 1 + this.random.nextBelow(90_000);
      const side = isBid ? this.bids : this.asks;
      if (qty === 0) side.delete(price);
      else side.set(price, qty);
      (isBid ? b : a).push(level(price, qty));
    }
    const pu = this.market === "spot" ? "" : `"pu":${this.previous},`;
    const time = this.time();
    const text = `{"stream":"${this.symbol.toLowerCase()}@depth@100ms","data":{"e":"depthUpdate",${time},"s":"${this.symbol}","U":${first},"u":${last},${pu}"b":[${b.join()}],"a":[${a.join()}]}}`;
    this.id = last;
    this.previous = last;
    this.truth.set(last, bookText(this.bids, this.asks));
    return { text, kind: "depth", id: last };
  }

  ticker(): Line {
    const [bid, bidQty] = best(this.bids, true);
    const [ask, askQty] = best(this.asks, false);
    const body = `"u":${this.id},"s":"${this.symbol}","b":"${cents(bid)}","B":"${thousandths(bidQty)}","a":"${cents(ask)}","A":"${thousandths(askQty)}"`;
    const data = this.market === "spot" ? `{${body}}` : `{"e":"bookTicker",${body},"T":${this.ms},"E":${this.ms}}`;
    return { text: `{"stream":"${this.symbol.toLowerCase()}@bookTicker","data":${data}}`, kind: "ticker", id: this.id };
  }

  trade(): Line {
    const id = this.tradeId++;
    const maker = this.random.nextBelow(2) === 0;
    const tail = this.market === "spot" ? `"T":${this.ms},"m":${maker},"M":true` : `"X":"MARKET","m":${maker}`;
    const data = `{"e":"trade",${this.time()},"s":"${this.symbol}","t":${id},"p":"${cents(100_001)}","q":"${thousandths(1 + this.random.nextBelow(5000))}",${tail}}`;
    return { text: `{"stream":"${this.symbol.toLowerCase()}@trade","data":${data}}`, kind: "trade", id };
  }

  /** The book as of now, as the REST answer. */
  snapshot(): Line {
    const bids = [...this.bids].toSorted((x, y) => y[0] - x[0]).map(([price, qty]) => level(price, qty));
    const asks = [...this.asks].toSorted((x, y) => x[0] - y[0]).map(([price, qty]) => level(price, qty));
    const time = this.market === "spot" ? "" : `"E":${this.ms},"T":${this.ms},`;
    const symbol = this.market === "coinm" ? `"symbol":"${this.symbol}","pair":"X",` : "";
    return { text: `{"lastUpdateId":${this.id},${time}${symbol}"bids":[${bids.join()}],"asks":[${asks.join()}]}`, kind: "snapshot", id: this.id };
  }

  /**
   * A stream: some increments, a snapshot taken and sent later, then increments, offers and trades. `offers`: an offer follows every
   * increment, so that each change of the best is told.
   */
  stream(events: number, offers: boolean = false): Line[] {
    const lines: Line[] = [];
    const before = 2 + this.random.nextBelow(6);
    let snapshot: Line | undefined;
    const taken = this.random.nextBelow(before);
    for (let i = 0; i < before; i++) {
      lines.push(this.depth());
      if (offers) lines.push(this.ticker());
      if (i === taken) snapshot = this.snapshot();
    }
    if (snapshot !== undefined) lines.push(snapshot);
    for (let i = 0; i < events; i++) {
      const draw = this.random.nextBelow(4);
      lines.push(draw === 0 ? this.trade() : draw === 1 ? this.ticker() : this.depth());
      if (offers) lines.push(this.ticker());
    }
    return lines;
  }

  private time(): string {
    this.ms += this.random.nextBelow(50);
    return this.market === "spot" ? `"E":${this.ms}` : `"E":${this.ms},"T":${this.ms - 1}`;
  }
}

/** A book as text, levels by rising price. */
export function bookText(bids: ReadonlyMap<number, number>, asks: ReadonlyMap<number, number>): string {
  return [bids, asks].map((side) => [...side].toSorted((x, y) => x[0] - y[0]).join(" ")).join(" | ");
}

/** Lines as the bytes of a stream. */
export function bytesOf(lines: readonly (Line | string)[]): Uint8Array {
  return new TextEncoder().encode(lines.map((line) => `${typeof line === "string" ? line : line.text}\n`).join(""));
}

function best(side: Map<number, number>, highest: boolean): [number, number] {
  let price = -1;
  for (const candidate of side.keys()) if (price < 0 || (highest ? candidate > price : candidate < price)) price = candidate;
  return price < 0 ? [0, 0] : [price, side.get(price) ?? 0];
}

function level(price: number, qty: number): string {
  return `["${cents(price)}","${thousandths(qty)}"]`;
}

function cents(price: number): string {
  return (price / 100).toFixed(2);
}

function thousandths(qty: number): string {
  return (qty / 1000).toFixed(3);
}
