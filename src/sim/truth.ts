/**
 * The exchange's own view of a book, against which a rebuilt one is checked. Cold.
 */
import { SIDE_ASK, SIDE_BID } from "../kernel/record/header.ts";
import { type MatchingEngine, TICK_UNITS } from "./matching-engine.ts";

/** One price level: price in units of 10^-4, shares, resting orders. */
export interface LevelTruth {
  readonly price: number;
  readonly qty: number;
  readonly orders: number;
}

/** Both sides of a book, best first. */
export interface BookTruth {
  readonly bids: readonly LevelTruth[];
  readonly asks: readonly LevelTruth[];
}

/** The full-depth book of an instrument. */
export function bookTruth(engine: MatchingEngine, instrument: number): BookTruth {
  return { bids: sideTruth(engine, instrument, SIDE_BID), asks: sideTruth(engine, instrument, SIDE_ASK) };
}

function sideTruth(engine: MatchingEngine, instrument: number, side: number): LevelTruth[] {
  const levels: LevelTruth[] = [];
  const best = engine.bestTick(instrument, side);
  if (best < 0) return levels;
  const last = engine.marketTick(instrument, side ^ 1);
  for (let tick = best; tick !== last + (side === SIDE_ASK ? 1 : -1); tick += side === SIDE_ASK ? 1 : -1) {
    let qty = 0;
    let orders = 0;
    for (let slot = engine.firstAt(instrument, tick); slot >= 0; slot = engine.behind(slot)) {
      qty += engine.qtyOf(slot);
      orders++;
    }
    if (orders > 0) levels.push({ price: tick * TICK_UNITS, qty, orders });
  }
  return levels;
}
