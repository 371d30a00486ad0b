/**
 * The traders: what they do to the book of one instrument when its turn comes. @hot
 *
 * Each turn is one command at most: an order placed a geometric distance behind the quote, a cancel (the most frequent, as at real
 * exchanges), a replace, a partial cancel, a marketable order or a trade of undisplayed orders. Placing and cancelling balance so
 * that resting orders fluctuate about the number that the market wants. A quote that the fair price has overtaken is hit or
 * cancelled first. The model is the zero-intelligence one of Daniels, Farmer, Gillemot, Iori and Smith 2003 with a fair price.
 */
import type { Random } from "../kernel/core/random.ts";
import { SIDE_ASK, SIDE_BID } from "../kernel/record/header.ts";
import { createGeometric, QUANTILES } from "./chance-tables.ts";
import type { Market } from "./market.ts";
import { type MatchingEngine, QTY_MAX, SUBMIT_IMMEDIATE, SUBMIT_IMPROVED, SUBMIT_NAMED } from "./matching-engine.ts";

/** Chances out of 1024 of what a turn is; the rest is placing or cancelling. */
const MARKETABLE = 30;
const REPLACE = MARKETABLE + 90;
const REDUCE = REPLACE + 35;
const HIDDEN = REDUCE + 8;
/** Chance out of 1024 that an order carries a name, and that a marketable one is improved on. */
const NAMED = 30;
const IMPROVED = 50;
/** A placed order is this far from the quote, in ticks: mean 6, at most 60. */
const DISTANCE_CHANCE = 1 / 7;
const DISTANCE_MAX = 60;
/** Orders that makers place on each side after a sweep. */
const REQUOTES = 3;

/** Order sizes in shares, equally likely; odd lots are drawn. */
const SIZES = Int32Array.of(100, 100, 100, 100, 100, 100, 200, 200, 200, 300, 300, 400, 500, 500, 1000, 2000);

export class OrderFlow {
  private readonly engine: MatchingEngine;
  private readonly market: Market;
  private readonly random: Random;
  private readonly distance: Int32Array;

  constructor(engine: MatchingEngine, market: Market, random: Random) {
    this.engine = engine;
    this.market = market;
    this.random = random;
    this.distance = createGeometric(DISTANCE_CHANCE, DISTANCE_MAX);
  }

  /** One turn of an instrument; may come to nothing. */
  act(instrument: number): void {
    this.market.step(instrument);
    const fair = this.market.fairTick(instrument);
    // As int32: it is passed on, and a larger number would be boxed.
    const draw = this.random.nextInt32();
    const kind = draw & 1023;
    const side = (draw >>> 10) & 1;
    if (this.correctStale(instrument, fair, draw)) return;
    const live = this.engine.liveCount[instrument];
    if (kind < MARKETABLE) this.take(instrument, side, draw);
    else if (kind >= HIDDEN || live === 0) this.placeOrCancel(instrument, fair, side, live, draw);
    else if (kind < REPLACE) this.replace(instrument, fair, live, draw);
    else if (kind < REDUCE) this.reduce(instrument, live);
    else this.printHidden(instrument, fair);
  }

  /** A maker places an order on its side of the fair price. */
  place(instrument: number, fair: number, side: number, draw: number): void {
    const tick = this.quoteTick(instrument, fair, side);
    this.engine.submit(instrument, side, tick, this.size(), (draw & 1023) < NAMED ? SUBMIT_NAMED : 0);
  }

  /** A trader moves the price to the fair one by force: takes every displayed share on the way. */
  sweep(instrument: number): void {
    const fair = this.market.fairTick(instrument);
    if (this.engine.isHalted(instrument)) return;
    if (this.engine.bestTick(instrument, SIDE_BID) >= fair) this.engine.submit(instrument, SIDE_ASK, fair, QTY_MAX, SUBMIT_IMMEDIATE);
    else if (this.isAskAtMost(instrument, fair)) this.engine.submit(instrument, SIDE_BID, fair, QTY_MAX, SUBMIT_IMMEDIATE);
  }

  /** Makers quote around the fair price again, `REQUOTES` orders a side. */
  requote(instrument: number): void {
    const fair = this.market.fairTick(instrument);
    for (let i = 0; i < REQUOTES; i++) {
      this.place(instrument, fair, SIDE_BID, NAMED);
      this.place(instrument, fair, SIDE_ASK, NAMED);
    }
  }

  /** Order size in shares. */
  size(): number {
    const draw = this.random.nextInt32();
    return (draw & 7) === 0 ? 1 + ((draw >>> 3) % 99) : SIZES[(draw >>> 3) & 15];
  }

  /** Deals with a quote on the wrong side of the fair price; true when there was one. */
  private correctStale(instrument: number, fair: number, draw: number): boolean {
    const bid = this.engine.bestTick(instrument, SIDE_BID);
    const staleBid = bid > fair;
    if (!staleBid && !this.isAskAtMost(instrument, fair)) return false;
    const side = staleBid ? SIDE_BID : SIDE_ASK;
    const best = staleBid ? bid : this.engine.bestTick(instrument, SIDE_ASK);
    const first = this.engine.firstAt(instrument, best);
    if ((draw & 0x800) !== 0 && !this.engine.isHalted(instrument)) this.engine.submit(instrument, side ^ 1, fair, this.size(), SUBMIT_IMMEDIATE);
    else this.engine.cancel(first);
    return true;
  }

  private isAskAtMost(instrument: number, tick: number): boolean {
    const ask = this.engine.bestTick(instrument, SIDE_ASK);
    return ask >= 0 && ask <= tick;
  }

  /** Half the marketable orders are market orders, half reach to the best price and rest with what is left. */
  private take(instrument: number, side: number, draw: number): void {
    const best = this.engine.bestTick(instrument, side ^ 1);
    if (best < 0 || this.engine.isHalted(instrument)) return;
    const improved = ((draw >>> 11) & 1023) < IMPROVED ? SUBMIT_IMPROVED : 0;
    if ((draw & 0x80000000) !== 0) this.engine.submit(instrument, side, best, this.size(), improved);
    else this.engine.submit(instrument, side, this.engine.marketTick(instrument, side), this.size(), SUBMIT_IMMEDIATE | improved);
  }

  /** Places with a chance that falls from 1 to 0 as resting orders rise from none to twice the wanted number; else cancels. */
  private placeOrCancel(instrument: number, fair: number, side: number, live: number, draw: number): void {
    const wanted = this.market.restingWanted[instrument];
    if ((draw >>> 12) % (2 * wanted) >= live) this.place(instrument, fair, side, draw >>> 22);
    else this.engine.cancel(this.anyOrder(instrument, live));
  }

  private replace(instrument: number, fair: number, live: number, draw: number): void {
    const slot = this.anyOrder(instrument, live);
    const tick = this.quoteTick(instrument, fair, this.engine.sideOf(slot));
    this.engine.replace(slot, tick, (draw & 0x1000) === 0 ? this.engine.qtyOf(slot) : this.size());
  }

  private reduce(instrument: number, live: number): void {
    const slot = this.anyOrder(instrument, live);
    const qty = this.engine.qtyOf(slot);
    if (qty > 1) this.engine.reduce(slot, 1 + this.random.nextBelow(qty - 1));
  }

  private printHidden(instrument: number, fair: number): void {
    this.engine.printHidden(instrument, fair, this.size());
  }

  private anyOrder(instrument: number, live: number): number {
    return this.engine.liveSlot(instrument, this.random.nextBelow(live));
  }

  /** A price behind the fair one and behind the other side's best. */
  private quoteTick(instrument: number, fair: number, side: number): number {
    const distance = this.distance[this.random.nextInt32() & (QUANTILES - 1)];
    const edge = this.market.edgeTicks[instrument];
    const contra = this.engine.bestTick(instrument, side ^ 1);
    if (side === SIDE_BID) {
      const quote = fair - edge;
      return (contra >= 0 && contra <= quote ? contra - 1 : quote) - distance;
    }
    const quote = fair + 1 + edge;
    return (contra >= quote ? contra + 1 : quote) + distance;
  }
}
