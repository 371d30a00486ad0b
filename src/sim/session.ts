/**
 * One trading day in small: start of messages, directory, orders before the bell, opening auctions, continuous trading along a
 * scenario, closing auctions, end of messages. Each step is one thing that happens, written to the encoder at once. @hot
 *
 * A step writes at most STEP_MESSAGES_MAX messages. Time never goes back. Nothing depends on where the encoder writes, so the
 * bytes are a function of the options only.
 */
import { Random } from "../kernel/core/random.ts";
import { NANOS_PER_SECOND } from "../kernel/core/units.ts";
import { SIDE_ASK, SIDE_BID } from "../kernel/record/header.ts";
import { createExponential, EXPONENTIAL_MEAN, QUANTILES } from "./chance-tables.ts";
import { EVENTS_MAX } from "./event-log.ts";
import { ItchEncoder, reasonWord } from "./itch-encoder.ts";
import { Market, WINDOW_TICKS } from "./market.ts";
import { MatchingEngine, TICK_UNITS } from "./matching-engine.ts";
import { OrderFlow } from "./order-flow.ts";
import {
  ACTION_BREACH,
  ACTION_HALT,
  ACTION_IMBALANCE,
  ACTION_QUOTE,
  ACTION_RESUME,
  ACTION_SHOCK,
  compileSchedule,
  IntensityCurve,
  type Scenario,
} from "./scenario.ts";

/** Most messages of one step. */
export const STEP_MESSAGES_MAX: number = EVENTS_MAX + 16;

/** Everything before the bell happens in this time. */
const PRELUDE_NS = 2 * NANOS_PER_SECOND;
/** Resting orders of one instrument at most. */
const ORDERS_MAX = 512;
/** Orders a side before the bell. */
const FIRST_ORDERS = 5;
const ROUND_LOT = 100;
/** Levels of the market-wide breaker: 7, 13 and 20 % below an index of 5000. */
const BREAKER_LEVELS = Int32Array.of(4650, 4350, 4000);
/** One turn in four is of the same instrument as the last: activity comes in clusters. */
const CLUSTER_MASK = 3;

const STAGE_START = 0;
const STAGE_DIRECTORY = 1;
const STAGE_TRADING_STATE = 2;
const STAGE_SYSTEM_HOURS = 3;
const STAGE_FIRST_ORDERS = 4;
const STAGE_BELL = 5;
const STAGE_OPENING = 6;
const STAGE_TRADING = 7;
const STAGE_CLOSING = 8;
const STAGE_END = 9;
const STAGE_OVER = 10;

// Places in `times`.
const SINCE_BELL = 0;
const INTENSITY = 1;
const NEXT = 2;

const STATE_TRADING = 0x54; // T
const STATE_HALTED = 0x48; // H
const STATE_QUOTATION = 0x51; // Q
const CROSS_OPENING = 0x4f; // O
const CROSS_CLOSING = 0x43; // C
const CROSS_RESUMING = 0x48; // H
const REASON_NONE = reasonWord("");
const REASON_NEWS = reasonWord("T1");
const REASON_RESUMPTION_TIMES = reasonWord("T3");
const REASON_BREAKER = reasonWord("MWC1");
const REASON_BREAKER_QUOTES = reasonWord("MWCQ");

/** What a session is made of; all is fixed when it starts. */
export interface SessionPlan {
  readonly seed: number;
  readonly instruments: number;
  readonly scenario: Scenario;
  readonly durationNs: number;
  readonly ratePerSecond: number;
  /** Close when about this many messages are out, whatever the time; 0: close by time. */
  readonly messages: number;
}

export class TradingSession {
  readonly encoder: ItchEncoder;
  readonly engine: MatchingEngine;
  readonly market: Market;
  readonly instruments: number;
  /** The opening bell, ns since midnight. */
  readonly bellNs: number;
  /** Simulated time, ns since midnight. */
  timeNs = 0;
  private readonly flow: OrderFlow;
  private readonly random: Random;
  private readonly intensity: IntensityCurve;
  private readonly gaps: Int32Array = createExponential();
  /** Mean ns between messages over one entry of the gap table. */
  private readonly gapUnitNs: number;
  private readonly closeNs: number;
  private readonly closeMessages: number;
  private readonly preludeStepNs: number;
  private readonly actionTimes: Float64Array;
  private readonly actions: Int32Array;
  /** Interest of the coming auction, by instrument; 0 shares: none drawn yet. */
  private readonly auctionSide: Uint8Array;
  private readonly auctionQty: Int32Array;
  private readonly auctionPaired: Int32Array;
  /** Scratch of a turn: doubles that cross calls as cells are not boxed. */
  private readonly times: Float64Array = new Float64Array(3);
  private nextAction = 0;
  private stage = STAGE_START;
  private index = 0;
  private lastInstrument = 0;
  /** Messages at the last turn: those since then have not taken their time yet. */
  private messagesTimed = 0;

  constructor(plan: SessionPlan) {
    const count = plan.instruments;
    this.instruments = count;
    this.bellNs = plan.scenario.bellSecond * NANOS_PER_SECOND;
    this.timeNs = this.bellNs - PRELUDE_NS;
    this.random = new Random(new Int32Array(4), plan.seed);
    this.market = new Market(count, this.random);
    this.engine = new MatchingEngine(count, ORDERS_MAX, WINDOW_TICKS);
    this.engine.firstTick.set(this.market.firstTick);
    this.flow = new OrderFlow(this.engine, this.market, this.random);
    this.encoder = new ItchEncoder(this.market.symbols);
    this.intensity = new IntensityCurve(plan.scenario, plan.durationNs);
    this.gapUnitNs = NANOS_PER_SECOND / plan.ratePerSecond / EXPONENTIAL_MEAN;
    this.closeNs = plan.messages > 0 ? Infinity : this.bellNs + plan.durationNs;
    this.closeMessages = plan.messages > 0 ? Math.max(1, plan.messages - closingMessages(count)) : Infinity;
    this.preludeStepNs = Math.floor(PRELUDE_NS / (count * 4 + 8));
    const schedule = compileSchedule(plan.scenario, plan.durationNs, count);
    this.actionTimes = Float64Array.from(schedule, (action) => this.bellNs + action.timeNs);
    this.actions = new Int32Array(schedule.length * 3);
    for (let i = 0; i < schedule.length; i++) this.actions.set([schedule[i].action, schedule[i].instrument, schedule[i].value], i * 3);
    this.auctionSide = new Uint8Array(count);
    this.auctionQty = new Int32Array(count);
    this.auctionPaired = new Int32Array(count);
  }

  get isOver(): boolean {
    return this.stage === STAGE_OVER;
  }

  /** Does the next thing; once isOver it does nothing. */
  step(): void {
    switch (this.stage) {
      case STAGE_TRADING:
        this.trade();
        break;
      case STAGE_OPENING:
        this.auction(this.index, CROSS_OPENING);
        this.advance(STAGE_TRADING);
        break;
      case STAGE_CLOSING:
        if (!this.engine.isHalted(this.index)) this.auction(this.index, CROSS_CLOSING);
        this.advance(STAGE_END);
        break;
      case STAGE_END:
        this.end();
        break;
      default:
        if (this.stage < STAGE_OPENING) this.prelude();
    }
  }

  /** Everything before the opening auctions. */
  private prelude(): void {
    const encoder = this.encoder;
    const instrument = this.index;
    encoder.setTime(this.timeNs);
    switch (this.stage) {
      case STAGE_START:
        encoder.systemEvent(0x4f); // O
        this.enter(STAGE_DIRECTORY);
        break;
      case STAGE_DIRECTORY:
        encoder.directory(instrument, ROUND_LOT);
        this.advance(STAGE_TRADING_STATE);
        break;
      case STAGE_TRADING_STATE:
        encoder.tradingAction(instrument, STATE_TRADING, REASON_NONE);
        encoder.regSho(instrument, 0x30);
        this.advance(STAGE_SYSTEM_HOURS);
        break;
      case STAGE_SYSTEM_HOURS:
        encoder.systemEvent(0x53); // S
        encoder.breakerLevels(BREAKER_LEVELS[0], BREAKER_LEVELS[1], BREAKER_LEVELS[2]);
        this.enter(STAGE_FIRST_ORDERS);
        break;
      case STAGE_FIRST_ORDERS:
        this.firstOrders(instrument);
        this.advance(STAGE_BELL);
        break;
      case STAGE_BELL:
        this.timeNs = this.bellNs;
        encoder.setTime(this.bellNs);
        encoder.systemEvent(0x51); // Q
        this.enter(STAGE_OPENING);
        return;
    }
    this.timeNs += this.preludeStepNs;
  }

  private firstOrders(instrument: number): void {
    const fair = this.market.fairTick(instrument);
    for (let i = 0; i < FIRST_ORDERS * 2; i++) {
      this.engine.log.clear();
      this.flow.place(instrument, fair, i & 1, this.random.nextInt32());
      this.encoder.events(this.engine.log);
    }
  }

  /** The scheduled action that is due, or a trader's turn. */
  private trade(): void {
    if (this.encoder.messages >= this.closeMessages) {
      this.enter(STAGE_CLOSING);
      return;
    }
    const times = this.times;
    times[SINCE_BELL] = this.timeNs - this.bellNs;
    this.intensity.read(times, SINCE_BELL, INTENSITY);
    const unit = this.gapUnitNs / times[INTENSITY];
    const written = this.encoder.messages - this.messagesTimed;
    const next = this.timeNs + Math.floor(written * this.gaps[this.random.nextInt32() & (QUANTILES - 1)] * unit);
    this.messagesTimed += written;
    if (this.nextAction < this.actionTimes.length && this.actionTimes[this.nextAction] <= next) {
      this.perform(this.nextAction++);
      this.messagesTimed = this.encoder.messages;
      return;
    }
    if (next >= this.closeNs) {
      this.timeNs = this.closeNs;
      this.enter(STAGE_CLOSING);
      return;
    }
    this.timeNs = next;
    times[NEXT] = next;
    this.encoder.setTimeFrom(times, NEXT);
    const instrument = (this.random.nextInt32() & CLUSTER_MASK) === 0 ? this.lastInstrument : this.market.pick();
    this.lastInstrument = instrument;
    this.engine.log.clear();
    this.flow.act(instrument);
    this.encoder.events(this.engine.log);
  }

  private perform(at: number): void {
    if (this.actionTimes[at] > this.timeNs) this.timeNs = this.actionTimes[at];
    this.encoder.setTime(this.timeNs);
    const instrument = this.actions[at * 3 + 1];
    const value = this.actions[at * 3 + 2];
    switch (this.actions[at * 3]) {
      case ACTION_SHOCK:
        this.shock(instrument, value);
        break;
      case ACTION_HALT:
        this.engine.halt(instrument);
        this.drawAuction(instrument);
        this.encoder.tradingAction(instrument, STATE_HALTED, value === 1 ? REASON_BREAKER : REASON_NEWS);
        break;
      case ACTION_QUOTE:
        this.encoder.tradingAction(instrument, STATE_QUOTATION, value === 1 ? REASON_BREAKER_QUOTES : REASON_RESUMPTION_TIMES);
        break;
      case ACTION_IMBALANCE:
        this.publishImbalance(instrument, CROSS_RESUMING);
        break;
      case ACTION_RESUME:
        this.engine.resume(instrument);
        this.encoder.tradingAction(instrument, STATE_TRADING, value === 1 ? REASON_BREAKER_QUOTES : REASON_NONE);
        this.uncross(instrument, CROSS_RESUMING);
        break;
      case ACTION_BREACH:
        this.encoder.breakerStatus(value);
        break;
    }
  }

  private shock(instrument: number, ppm: number): void {
    this.market.setShock(instrument, ppm);
    this.engine.log.clear();
    this.flow.sweep(instrument);
    this.encoder.events(this.engine.log);
    this.engine.log.clear();
    this.flow.requote(instrument);
    this.encoder.events(this.engine.log);
  }

  /** An auction at the open or the close: imbalance, executions, cross print. */
  private auction(instrument: number, type: number): void {
    this.encoder.setTime(this.timeNs);
    this.drawAuction(instrument);
    this.publishImbalance(instrument, type);
    this.uncross(instrument, type);
  }

  private drawAuction(instrument: number): void {
    this.auctionSide[instrument] = this.random.nextBelow(2);
    this.auctionQty[instrument] = this.random.nextBelow(10) * ROUND_LOT;
    this.auctionPaired[instrument] = (1 + this.random.nextBelow(200)) * ROUND_LOT;
  }

  private publishImbalance(instrument: number, type: number): void {
    const price = this.referenceTick(instrument) * TICK_UNITS;
    this.encoder.imbalance(instrument, this.auctionSide[instrument], this.auctionPaired[instrument], this.auctionQty[instrument], price, type);
  }

  private uncross(instrument: number, type: number): void {
    this.engine.log.clear();
    const side = this.auctionSide[instrument];
    this.engine.cross(instrument, side, this.auctionQty[instrument], this.auctionPaired[instrument], this.referenceTick(instrument), type);
    this.encoder.events(this.engine.log);
  }

  /** The fair price, held between the best quotes. */
  private referenceTick(instrument: number): number {
    const fair = this.market.fairTick(instrument);
    const bid = this.engine.bestTick(instrument, SIDE_BID);
    const ask = this.engine.bestTick(instrument, SIDE_ASK);
    if (bid >= 0 && fair < bid) return bid;
    return ask >= 0 && fair > ask ? ask : fair;
  }

  private end(): void {
    this.encoder.setTime(this.timeNs);
    this.encoder.systemEvent(0x4d); // M
    this.encoder.systemEvent(0x45); // E
    this.encoder.systemEvent(0x43); // C
    this.stage = STAGE_OVER;
  }

  private enter(stage: number): void {
    this.stage = stage;
    this.index = 0;
  }

  /** On to the next instrument, or after the last to the next stage. */
  private advance(stage: number): void {
    this.index++;
    if (this.index === this.instruments) this.enter(stage);
  }
}

/** About as many messages as opening books and auctions take. Cold. */
export function preludeMessages(instruments: number): number {
  return 4 + instruments * (3 + FIRST_ORDERS * 2 + 4);
}

/** About as many messages as the closing auctions take. Cold. */
function closingMessages(instruments: number): number {
  return 3 + instruments * 4;
}
