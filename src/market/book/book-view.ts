/**
 * Books for people and tests: levels and queues as objects, one line of text. Cold; reads only.
 */
import { formatDecimal } from "../../kernel/core/fixed.ts";
import { SIDE_ASK, SIDE_BID } from "../../kernel/record/header.ts";
import { LEVEL_FIRST_I32, LEVEL_ORDERS_I32, LEVEL_QTY_F64 } from "./ladder.ts";
import type { BookSides } from "./liquidity.ts";
import { ORDER_BEHIND_I32, type OrderBook } from "./order-book.ts";
import { ORDER_ID_HIGH_I32, ORDER_ID_LOW_I32 } from "./order-index.ts";

/** One price of a book, at the instrument's scales; orders is 0 where the venue does not tell. */
export interface BookLevel {
  readonly price: number;
  readonly qty: number;
  readonly orders: number;
}

/** One order of a queue. */
export interface QueuedOrder {
  readonly id: bigint;
  readonly qty: number;
}

/** The levels of one side, best first, at most `depth` of them. */
export function levels(book: BookSides, instrument: number, side: number, depth: number = Infinity): BookLevel[] {
  const { ladders } = book;
  const ladder = instrument * 2 + side;
  return Array.from({ length: Math.min(depth, ladders.depth(ladder)) }, (_, rank) => {
    const level = ladders.levelAt(ladder, rank);
    return { price: ladders.f64[level * 4], qty: ladders.f64[level * 4 + LEVEL_QTY_F64], orders: ladders.i32[level * 8 + LEVEL_ORDERS_I32] };
  });
}

/** The orders at the level of `rank` (0 = best), first to be filled first; empty for a book without queues. */
export function queue(book: OrderBook, instrument: number, side: number, rank: number): QueuedOrder[] {
  const level = book.ladders.levelAt(instrument * 2 + side, rank);
  const orders: QueuedOrder[] = [];
  if (level === 0 || !book.hasQueues) return orders;
  for (let row = book.ladders.i32[level * 8 + LEVEL_FIRST_I32]; row !== 0; row = book.i32[row * 8 + ORDER_BEHIND_I32]) {
    const high = BigInt(book.i32[row * 8 + ORDER_ID_HIGH_I32] >>> 0);
    orders.push({ id: (high << 32n) | BigInt(book.i32[row * 8 + ORDER_ID_LOW_I32] >>> 0), qty: book.f64[row * 4] });
  }
  return orders;
}

/** One line, best in the middle: `2 x 100 @ 585.3200 | 585.9100 @ 18 x 1`, with the number of orders outside; `-` for an empty side. */
export function bookLine(book: BookSides, instrument: number, priceScale: number, qtyScale: number): string {
  const [bid] = levels(book, instrument, SIDE_BID, 1);
  const [ask] = levels(book, instrument, SIDE_ASK, 1);
  const left = bid === undefined ? "-" : `${bid.orders} x ${formatDecimal(bid.qty, qtyScale)} @ ${formatDecimal(bid.price, priceScale)}`;
  const right = ask === undefined ? "-" : `${formatDecimal(ask.price, priceScale)} @ ${formatDecimal(ask.qty, qtyScale)} x ${ask.orders}`;
  return `${left} | ${right}`;
}
