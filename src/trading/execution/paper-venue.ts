/**
 * A venue of paper: fills marketable orders against the shown top of the book, at once and whole. @hot
 *
 * hftbacktest's rule without partial fills: a buy is filled at the best ask, a sell at the best bid, for its whole quantity whatever
 * quantity is shown (orders larger than the shown quantity are counted). Without a price on the other side there is no fill. It has no queue, no
 * latency and no effect on the market. Positions and cash are exact: cash in two limbs, at the sum of both scales.
 */
import { addCellProduct, sumToNumber } from "../../kernel/core/exact-sum.ts";
import type { Arena } from "../../kernel/memory/arena.ts";
import { REASON_NONE, REASON_NO_LIQUIDITY, REASON_NO_SIDE } from "../../kernel/record/ack.ts";
import { SIDE_ASK, SIDE_BID } from "../../kernel/record/header.ts";
import { TOP_ASK_PRICE, TOP_BID_PRICE, TOP_WIDTH } from "../../market/book/top-of-book.ts";

/** Cells of a fill in `result`, at the instrument's scales. */
export const FILL_PRICE = 0;
export const FILL_QTY = 1;
export const FILL_LENGTH = 2;

const FILLS = 0;
const NO_LIQUIDITY = 1;
const BEYOND_SHOWN = 2;
const STATE_CELLS = 8;

export interface PaperVenueOptions {
  /** Instruments served. */
  readonly lanes: number;
  /** Prefix of its regions in the memory plan. */
  readonly name?: string;
}

export class PaperVenue {
  /** What fill() filled; zeros when it did not. */
  readonly result: Float64Array;
  /** Quantity held by lane, negative when sold short; at the instrument's scale. */
  readonly position: Float64Array;
  private readonly cash: Float64Array;
  private readonly state: Float64Array;
  private readonly tops: Float64Array;
  private readonly orderQty: Float64Array;
  private readonly payment: Float64Array;

  /** `tops`: the book's tops, a row of TOP_WIDTH a lane. `orderQty`: the quantity to fill, above 0, in its first cell, written before fill(). */
  constructor(arena: Arena, options: PaperVenueOptions, tops: Float64Array, orderQty: Float64Array) {
    const { lanes, name = "paper" } = options;
    this.position = arena.float64(`${name}.position`, lanes);
    this.cash = arena.float64(`${name}.cash`, lanes * 2);
    this.state = arena.float64(`${name}.state`, STATE_CELLS);
    this.result = new Float64Array(FILL_LENGTH);
    this.tops = tops;
    this.orderQty = orderQty;
    this.payment = new Float64Array(2);
  }

  get fills(): number {
    return this.state[FILLS];
  }

  /** Orders that met an empty side. */
  get unfilled(): number {
    return this.state[NO_LIQUIDITY];
  }

  /** Fills larger than the quantity shown. */
  get beyondShown(): number {
    return this.state[BEYOND_SHOWN];
  }

  /** Cash of the lane, rounded once: sales less purchases, in units of 10^-(priceScale + qtyScale). Cold. */
  cashOf(lane: number): number {
    return sumToNumber(this.cash, lane * 2);
  }

  /** Fills an order of SIDE_BID (buy) or SIDE_ASK (sell). REASON_NONE with the fill in `result`, REASON_NO_LIQUIDITY, or REASON_NO_SIDE. */
  fill(lane: number, side: number): number {
    const tops = this.tops;
    const result = this.result;
    result[FILL_PRICE] = 0;
    result[FILL_QTY] = 0;
    if (side !== SIDE_BID && side !== SIDE_ASK) return REASON_NO_SIDE;
    const at = lane * TOP_WIDTH + (side === SIDE_BID ? TOP_ASK_PRICE : TOP_BID_PRICE);
    const shown = tops[at + 1];
    const qty = this.orderQty[0];
    if (!(shown > 0) || !(qty > 0)) {
      this.state[NO_LIQUIDITY]++;
      return REASON_NO_LIQUIDITY;
    }
    const price = tops[at];
    const signed = side === SIDE_BID ? qty : -qty;
    if (qty > shown) this.state[BEYOND_SHOWN]++;
    this.state[FILLS]++;
    this.position[lane] += signed;
    this.payment[0] = price;
    this.payment[1] = -signed;
    addCellProduct(this.cash, lane * 2, this.payment, 0, 1);
    result[FILL_PRICE] = price;
    result[FILL_QTY] = qty;
    return REASON_NONE;
  }
}
