/**
 * What a book offers, computed when asked: spread, mid, microprice, imbalance, depth near the mid, price of a size. @hot
 *
 * Works on either book, on its levels as they are (top() on its tops as of the last whole event). Results go to `out`, at the places
 * below; a method answers 0, or the code that says why there is no result, and then leaves `out` as it was, but for priceOf.
 * Prices are in the instrument's price units and may be fractions; quantities in its quantity units.
 * Bound: levels looked at are at most those of the ladder. Microprice: Gatheral and Oomen 2010, the mid weighted by the other side.
 */
import { EMPTY, NEED_MORE } from "../../kernel/core/status.ts";
import { addCellProduct, sumToNumber } from "../../kernel/core/exact-sum.ts";
import type { Ladders } from "./ladder.ts";
import { LEVEL_QTY_F64 } from "./ladder.ts";
import { TOP_ASK_PRICE, TOP_ASK_QTY, TOP_BID_QTY, TOP_WIDTH, type TopOfBook } from "./top-of-book.ts";

/** Ask price - bid price; negative when crossed. Price units. */
export const LIQUIDITY_SPREAD = 0;
/** Half way between. Price units, exact to a half. */
export const LIQUIDITY_MID = 1;
/** (bidPrice x askQty + askPrice x bidQty) / (bidQty + askQty). Price units. */
export const LIQUIDITY_MICROPRICE = 2;
/** (bid - ask) / (bid + ask) of the summed quantities, in [-1, 1]. */
export const LIQUIDITY_IMBALANCE = 3;
/** Summed quantity near the mid or at the best levels, and the levels that hold it. */
export const LIQUIDITY_DEPTH_QTY = 4;
export const LIQUIDITY_DEPTH_LEVELS = 5;
/** Mean price of a size, weighted by quantity, and the quantity that it is of. */
export const LIQUIDITY_PRICE = 6;
export const LIQUIDITY_PRICE_QTY = 7;
/** Worst price reached by that size. */
export const LIQUIDITY_PRICE_WORST = 8;
/** The summed quantities that an imbalance is of. */
export const LIQUIDITY_BID_QTY = 9;
export const LIQUIDITY_ASK_QTY = 10;
/** Length of `out`. */
export const LIQUIDITY_LENGTH = 11;

/** What both books have. */
export interface BookSides {
  readonly ladders: Ladders;
  readonly top: TopOfBook;
}

export class Liquidity {
  readonly out: Float64Array = new Float64Array(LIQUIDITY_LENGTH);
  private readonly ladders: Ladders;
  private readonly tops: Float64Array;
  private readonly sum: Float64Array = new Float64Array(2);
  /** Price and quantity of one step of the sum. */
  private readonly step: Float64Array = new Float64Array(2);

  constructor(book: BookSides) {
    this.ladders = book.ladders;
    this.tops = book.top.tops;
  }

  /** Spread, mid and microprice of the top; EMPTY while a side is empty. */
  ofTop(instrument: number): number {
    const tops = this.tops;
    const at = instrument * TOP_WIDTH;
    const bidQty = tops[at + TOP_BID_QTY];
    const askQty = tops[at + TOP_ASK_QTY];
    if (bidQty === 0 || askQty === 0) return EMPTY;
    const bidPrice = tops[at];
    const spread = tops[at + TOP_ASK_PRICE] - bidPrice;
    this.out[LIQUIDITY_SPREAD] = spread;
    this.out[LIQUIDITY_MID] = bidPrice + spread / 2;
    this.out[LIQUIDITY_MICROPRICE] = bidPrice + (spread * bidQty) / (bidQty + askQty); // the same, without products past 2^53
    return 0;
  }

  /** Imbalance of the best `levels` levels of each side; a side without levels counts as 0, EMPTY when both are. */
  imbalance(instrument: number, levels: number): number {
    const sum = this.sum;
    this.sumInto(0, instrument << 1, levels);
    this.sumInto(1, (instrument << 1) | 1, levels);
    const bid = sum[0];
    const ask = sum[1];
    if (bid + ask === 0) return EMPTY;
    this.out[LIQUIDITY_IMBALANCE] = (bid - ask) / (bid + ask);
    this.out[LIQUIDITY_BID_QTY] = bid;
    this.out[LIQUIDITY_ASK_QTY] = ask;
    return 0;
  }

  /** Quantity of the best `levels` levels of a side, and how many of them there are: both 0 for an empty side. */
  depthOf(instrument: number, side: number, levels: number): number {
    const ladder = (instrument << 1) | side;
    const depth = this.ladders.depth(ladder);
    this.sumInto(0, ladder, levels);
    this.out[LIQUIDITY_DEPTH_QTY] = this.sum[0];
    this.out[LIQUIDITY_DEPTH_LEVELS] = depth < levels ? depth : levels;
    return 0;
  }

  /** Quantity and count of a side's levels whose price is at most `basisPoints` / 10,000 of the mid away from it; EMPTY while either side is empty. */
  depthWithin(instrument: number, side: number, basisPoints: number): number {
    const ladders = this.ladders;
    const rows = ladders.f64;
    const bid = ladders.best(instrument << 1);
    const ask = ladders.best((instrument << 1) | 1);
    if (bid === 0 || ask === 0) return EMPTY;
    const mid = rows[bid << 2] + (rows[ask << 2] - rows[bid << 2]) / 2;
    const reach = (Math.abs(mid) * basisPoints) / 10_000;
    const ladder = (instrument << 1) | side;
    const depth = ladders.depth(ladder);
    let qty = 0;
    let count = 0;
    for (; count < depth; count++) {
      const row = ladders.levelAt(ladder, count) << 2;
      const away = side === 0 ? mid - rows[row] : rows[row] - mid;
      if (away > reach) break;
      qty += rows[row + LEVEL_QTY_F64];
    }
    this.out[LIQUIDITY_DEPTH_QTY] = qty;
    this.out[LIQUIDITY_DEPTH_LEVELS] = count;
    return 0;
  }

  /**
   * Mean and worst price of taking qtys[at] from a side. EMPTY when the side is empty or nothing is asked for; NEED_MORE when it holds less:
   * `out` is then of what there is. The mean is of an exact sum, rounded twice.
   */
  priceOf(instrument: number, side: number, qtys: Float64Array, at: number): number {
    const wanted = qtys[at];
    const ladders = this.ladders;
    const rows = ladders.f64;
    const ladder = (instrument << 1) | side;
    const depth = ladders.depth(ladder);
    if (depth === 0 || !(wanted > 0)) return EMPTY;
    const sum = this.sum;
    const step = this.step;
    sum[0] = 0;
    sum[1] = 0;
    let left = wanted;
    let worst = 0;
    for (let rank = 0; rank < depth && left > 0; rank++) {
      const row = ladders.levelAt(ladder, rank) << 2;
      const here = rows[row + LEVEL_QTY_F64];
      const taken = here < left ? here : left;
      worst = rows[row];
      step[0] = worst;
      step[1] = taken;
      addCellProduct(sum, 0, step, 0, 1);
      left -= taken;
    }
    const out = this.out;
    const filled = wanted - left;
    out[LIQUIDITY_PRICE] = sumToNumber(sum, 0) / filled;
    out[LIQUIDITY_PRICE_QTY] = filled;
    out[LIQUIDITY_PRICE_WORST] = worst;
    return left > 0 ? NEED_MORE : 0;
  }

  private sumInto(at: number, ladder: number, levels: number): void {
    const ladders = this.ladders;
    const depth = ladders.depth(ladder);
    const count = depth < levels ? depth : levels;
    let qty = 0;
    for (let rank = 0; rank < count; rank++) qty += ladders.f64[(ladders.levelAt(ladder, rank) << 2) + LEVEL_QTY_F64];
    this.sum[at] = qty;
  }
}
