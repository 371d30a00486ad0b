/**
 * What a window computes over its trades: one row of sums a frame, from which every aggregate is read. @hot
 *
 * Sums of prices, quantities and notional are exact (two limbs) and rounded once when read. The deviation is Welford's, in the form
 * that combines (Chan, Golub and LeVeque 1979, "Updating formulae and a pairwise algorithm for computing sample variances").
 * Values are doubles in the instrument's units. Only the sums that the chosen aggregates need are kept up.
 */
import { addCell, addCellProduct, addLimbs, sumToNumber } from "../../kernel/core/exact-sum.ts";
import { POW10 } from "../../kernel/core/fixed.ts";
import type { Arena } from "../../kernel/memory/arena.ts";
import { TAPE_PRICE, TAPE_QTY, TAPE_SEQUENCE, TAPE_TS_EVENT } from "../../kernel/record/tape.ts";

/**
 * count: trades. sum(qty): traded quantity. vwap: notional / quantity, absent when no quantity was traded. min, max: price. first, last:
 * price by (tsEvent, sequence). mean: of the prices. sd: sample deviation of the prices (n - 1), absent below two trades.
 */
export const AGGREGATE_NAMES = ["count", "sum(qty)", "vwap", "min", "max", "first", "last", "mean", "sd"] as const; // hot-ok: made once
export type AggregateName = (typeof AGGREGATE_NAMES)[number];

/** Aggregates as numbers: their index in AGGREGATE_NAMES. */
export const COUNT = 0;
export const SUM_QTY = 1;
export const VWAP = 2;
export const MIN = 3;
export const MAX = 4;
export const FIRST = 5;
export const LAST = 6;
export const MEAN = 7;
export const SD = 8;

const NEED_QTY = 1;
const NEED_NOTIONAL = 2;
const NEED_PRICE = 4;
const NEED_RANGE = 8;
const NEED_ENDS = 16;
const NEED_SPREAD = 32;
const NEEDS: Uint8Array = createNeeds();

function createNeeds(): Uint8Array {
  const needs = new Uint8Array(AGGREGATE_NAMES.length);
  needs[SUM_QTY] = NEED_QTY;
  needs[VWAP] = NEED_QTY | NEED_NOTIONAL;
  needs[MIN] = NEED_RANGE;
  needs[MAX] = NEED_RANGE;
  needs[FIRST] = NEED_ENDS;
  needs[LAST] = NEED_ENDS;
  needs[MEAN] = NEED_PRICE;
  needs[SD] = NEED_SPREAD;
  return needs;
}

// A row: limbs take two cells.
const NOTIONAL_SUM = 0;
const QTY_SUM = 2;
const PRICE_SUM = 4;
const LOWEST = 6;
const HIGHEST = 7;
const FIRST_PRICE = 8;
const FIRST_TS = 9;
const FIRST_SEQUENCE = 10;
const LAST_PRICE = 11;
const LAST_TS = 12;
const LAST_SEQUENCE = 13;
const RUNNING_MEAN = 14;
const SQUARES = 15; // sum of squared distances from the mean
const CELLS = 16;

/** Sums of many frames, a row each. The count of a row is kept by the frames. */
export class Accumulators {
  private readonly cells: Float64Array;
  private readonly tape: Float64Array;
  private readonly needs: number;

  constructor(arena: Arena, name: string, rows: number, aggregates: readonly AggregateName[], tape: Float64Array) {
    let needs = 0;
    for (const aggregate of aggregates) needs |= NEEDS[AGGREGATE_NAMES.indexOf(aggregate)];
    this.needs = needs;
    this.cells = arena.float64(`${name}.sums`, rows * CELLS);
    this.tape = tape;
  }

  /** Adds the trade on the tape to a row that holds `count` trades; 0 starts it afresh. */
  add(row: number, count: number): void {
    const cells = this.cells;
    const at = row * CELLS;
    const needs = this.needs;
    const price = this.tape[TAPE_PRICE];
    if (count === 0) this.clear(at);
    if ((needs & NEED_RANGE) !== 0) {
      if (price < cells[at + LOWEST]) cells[at + LOWEST] = price;
      if (price > cells[at + HIGHEST]) cells[at + HIGHEST] = price;
    }
    if ((needs & NEED_QTY) !== 0) addCell(cells, at + QTY_SUM, this.tape, TAPE_QTY);
    if ((needs & NEED_NOTIONAL) !== 0) addCellProduct(cells, at + NOTIONAL_SUM, this.tape, TAPE_PRICE, TAPE_QTY);
    if ((needs & NEED_PRICE) !== 0) addCell(cells, at + PRICE_SUM, this.tape, TAPE_PRICE);
    if ((needs & NEED_ENDS) !== 0) this.addEnds(at);
    if ((needs & NEED_SPREAD) !== 0) {
      const distance = price - cells[at + RUNNING_MEAN];
      const mean = cells[at + RUNNING_MEAN] + distance / (count + 1);
      cells[at + RUNNING_MEAN] = mean;
      cells[at + SQUARES] += distance * (price - mean);
    }
  }

  /** Adds the row `from` of `fromCount` trades to the row `to` of `toCount` trades. Order does not matter but for the last digits of sd. */
  combine(to: number, toCount: number, from: number, fromCount: number): void {
    if (fromCount === 0) return;
    const cells = this.cells;
    const a = to * CELLS;
    const b = from * CELLS;
    if (toCount === 0) {
      cells.copyWithin(a, b, b + CELLS);
      return;
    }
    addLimbs(cells, a + NOTIONAL_SUM, b + NOTIONAL_SUM);
    addLimbs(cells, a + QTY_SUM, b + QTY_SUM);
    addLimbs(cells, a + PRICE_SUM, b + PRICE_SUM);
    if (cells[b + LOWEST] < cells[a + LOWEST]) cells[a + LOWEST] = cells[b + LOWEST];
    if (cells[b + HIGHEST] > cells[a + HIGHEST]) cells[a + HIGHEST] = cells[b + HIGHEST];
    if (isBefore(cells, b + FIRST_TS, a + FIRST_TS)) cells.copyWithin(a + FIRST_PRICE, b + FIRST_PRICE, b + LAST_PRICE);
    if (isBefore(cells, a + LAST_TS, b + LAST_TS)) cells.copyWithin(a + LAST_PRICE, b + LAST_PRICE, b + RUNNING_MEAN);
    const distance = cells[b + RUNNING_MEAN] - cells[a + RUNNING_MEAN];
    const count = toCount + fromCount;
    cells[a + RUNNING_MEAN] += (distance * fromCount) / count;
    cells[a + SQUARES] += cells[b + SQUARES] + (distance * distance * toCount * fromCount) / count;
  }

  /**
   * Writes the aggregate of a row of `count` > 0 trades to out[index], in units of 10^-scale. Returns 1, or 0 with out[index] = 0
   * when it is absent.
   */
  read(aggregate: number, row: number, count: number, priceScale: number, qtyScale: number, out: Float64Array, index: number): number {
    const cells = this.cells;
    const at = row * CELLS;
    const priceUnit = POW10[priceScale];
    let present = 1;
    switch (aggregate) {
      case COUNT:
        out[index] = count;
        break;
      case SUM_QTY:
        out[index] = sumToNumber(cells, at + QTY_SUM) / POW10[qtyScale];
        break;
      case VWAP: {
        const qty = sumToNumber(cells, at + QTY_SUM);
        present = qty === 0 ? 0 : 1;
        out[index] = qty === 0 ? 0 : sumToNumber(cells, at + NOTIONAL_SUM) / qty / priceUnit;
        break;
      }
      case MIN:
        out[index] = cells[at + LOWEST] / priceUnit;
        break;
      case MAX:
        out[index] = cells[at + HIGHEST] / priceUnit;
        break;
      case FIRST:
        out[index] = cells[at + FIRST_PRICE] / priceUnit;
        break;
      case LAST:
        out[index] = cells[at + LAST_PRICE] / priceUnit;
        break;
      case MEAN:
        out[index] = sumToNumber(cells, at + PRICE_SUM) / count / priceUnit;
        break;
      default:
        present = count < 2 ? 0 : 1;
        out[index] = count < 2 ? 0 : Math.sqrt(cells[at + SQUARES] / (count - 1)) / priceUnit;
    }
    return present;
  }

  private clear(at: number): void {
    const cells = this.cells;
    for (let i = 0; i < CELLS; i++) cells[at + i] = 0;
    cells[at + LOWEST] = Infinity;
    cells[at + HIGHEST] = -Infinity;
    cells[at + FIRST_TS] = Infinity;
    cells[at + LAST_TS] = -Infinity;
  }

  private addEnds(at: number): void {
    const cells = this.cells;
    const ts = this.tape[TAPE_TS_EVENT];
    const sequence = this.tape[TAPE_SEQUENCE];
    const price = this.tape[TAPE_PRICE];
    const firstTs = cells[at + FIRST_TS];
    if (ts < firstTs || (ts === firstTs && sequence < cells[at + FIRST_SEQUENCE])) {
      cells[at + FIRST_PRICE] = price;
      cells[at + FIRST_TS] = ts;
      cells[at + FIRST_SEQUENCE] = sequence;
    }
    const lastTs = cells[at + LAST_TS];
    if (ts > lastTs || (ts === lastTs && sequence >= cells[at + LAST_SEQUENCE])) {
      cells[at + LAST_PRICE] = price;
      cells[at + LAST_TS] = ts;
      cells[at + LAST_SEQUENCE] = sequence;
    }
  }
}

/** True when (time, sequence) at cells[a] is before that at cells[b]. */
function isBefore(cells: Float64Array, a: number, b: number): boolean {
  return cells[a] < cells[b] || (cells[a] === cells[b] && cells[a + 1] < cells[b + 1]);
}
