/**
 * One shard: a single-threaded, deterministic pipeline over its instruments. @hot
 *
 *   ring -> book -> breaker -> bars -> rules -> windows -> patterns -> signals, orders, acks -> output ring
 *
 * All state lies in one arena. Event time moves by the markers of ingest; what a marker makes due is emitted lane by lane in ascending
 * id, so the outputs of any number of shards merge into the order of one. The same code runs inline and in a worker.
 */
import type { Clock } from "../../kernel/core/clock.ts";
import { EVENT_BOOK_REFUSED, EVENT_MARKET_UNSYNCED, NoLog, type LogObserver } from "../../kernel/core/log.ts";
import { REJECTED } from "../../kernel/core/status.ts";
import { TIME_UNSET } from "../../kernel/core/units.ts";
import type { StateWord } from "../../kernel/lifecycle/state-word.ts";
import { isProcessable } from "../../kernel/lifecycle/state-word.ts";
import type { Arena } from "../../kernel/memory/arena.ts";
import { FLAG_BAD_TS, FLAG_CRITICAL, FLAG_LAST, FLAG_NON_PRINTABLE } from "../../kernel/record/flags.ts";
import {
  HEADER_FLAGS_U16,
  HEADER_INSTRUMENT_U32,
  HEADER_SEQUENCE_F64,
  HEADER_TS_EVENT_F64,
  HEADER_TS_RECV_F64,
  SIDE_NONE,
  TYPE_BOOK_DELTA,
  TYPE_MARKER,
  TYPE_TRADE,
  TYPE_VENUE_STATUS,
} from "../../kernel/record/header.ts";
import { MARKER_BARRIER, MARKER_END, MARKER_KIND_U8, MARKER_VALUE_F64, MARKER_WATERMARK_F64, NO_INSTRUMENT } from "../../kernel/record/marker.ts";
import { KIND_BREAKER } from "../../kernel/record/signal.ts";
import type { Slots } from "../../kernel/record/slots.ts";
import { TAPE_LENGTH, TAPE_PRICE, TAPE_QTY, TAPE_SEQUENCE, TAPE_TS_EVENT } from "../../kernel/record/tape.ts";
import { CONDITION_BROKEN, TRADE_AGGRESSOR_U8, TRADE_CONDITIONS_U8, TRADE_PRICE_F64, TRADE_QTY_F64 } from "../../kernel/record/trade.ts";
import { isMarketUnsynced, isSessionStart } from "../../kernel/record/venue-status.ts";
import type { GatedRing } from "../../kernel/ring/gated-ring.ts";
import { LevelBook } from "../../market/book/level-book.ts";
import { OrderBook } from "../../market/book/order-book.ts";
import { BOOK_TRADED } from "../../market/book/top-of-book.ts";
import { CHANGE_PRICE, CHANGE_TO, MarketBreaker } from "../../trading/risk/market-breaker.ts";
import type { Market } from "./market.ts";
import type { Backpressure } from "./backpressure.ts";
import { BarStage } from "./bar-stage.ts";
import { BookColumns } from "./book-columns.ts";
import { CAUSE_SEQUENCE, CAUSE_TS_EVENT, CAUSE_TS_RECV, Emitter, type PriorityOutput } from "./emitter.ts";
import type { BookKind } from "./feed-catalog.ts";
import { LaneQuality } from "./lane-quality.ts";
import { PatternStage } from "./pattern-stage.ts";
import type { PipelinePlan } from "./plan.ts";
import { RuleStage } from "./rule-stage.ts";
import { DRAFT_PRICE, DRAFT_STRENGTH, SignalDesk } from "./signal-desk.ts";
import { WindowStage } from "./window-stage.ts";

const CONSUMED = 0;
const ENDED = 1;
const TRADES = 2;
const BOOK_REFUSED = 3;
const COUNT_CELLS = 8;

/** What a shard is connected to. */
export interface ShardLinks {
  readonly plan: PipelinePlan;
  readonly book: BookKind;
  readonly market: Market;
  readonly input: GatedRing;
  readonly output: GatedRing;
  readonly pressure: Backpressure;
  /** The way to sinks that ask for priority; none by default. */
  readonly priority?: PriorityOutput | null;
  readonly clock: Clock;
  readonly lifecycle: StateWord;
  /** Of the thread that the shard runs in. */
  readonly log?: LogObserver;
  /** Whether what was read stays held in the input ring, for whoever keeps images of the arena to release; given back at once if left out. */
  readonly holdsInput?: boolean;
}

export class Shard {
  readonly book: OrderBook | LevelBook;
  readonly emitter: Emitter;
  private readonly arena: Arena;
  private readonly input: GatedRing;
  private readonly holdsInput: boolean;
  private readonly lifecycle: StateWord;
  private readonly market: Market;
  private readonly log: LogObserver;
  private readonly orderBook: OrderBook | null;
  private readonly levelBook: LevelBook | null;
  private readonly tape: Float64Array;
  /** The watermark. */
  private readonly clock: Float64Array;
  private readonly counter: Float64Array;
  private readonly quality: LaneQuality;
  private readonly desk: SignalDesk;
  private readonly breaker: MarketBreaker | null;
  private readonly bars: readonly BarStage[];
  private readonly windows: readonly WindowStage[];
  private readonly patterns: PatternStage;
  private readonly rules: readonly RuleStage[];
  private snapshotTarget: Uint8Array = new Uint8Array(0);
  /** Records of this poll that were processed and not yet given back. */
  private done = 0;

  constructor(arena: Arena, links: ShardLinks) {
    const { plan, market } = links;
    const { registry } = market;
    const lanes = plan.limits.instruments;
    this.arena = arena;
    this.input = links.input;
    this.holdsInput = links.holdsInput === true;
    this.lifecycle = links.lifecycle;
    this.market = market;
    this.log = links.log ?? new NoLog();
    this.counter = arena.float64("shard.count", COUNT_CELLS);
    this.clock = arena.float64("shard.watermark", 1);
    if (arena.fresh) this.clock[0] = TIME_UNSET;
    const priority = links.priority ?? null;
    this.emitter = new Emitter(
      arena,
      links.output,
      { relieve: (ring) => this.relieve(ring, links.pressure) },
      priority === null ? null : { writer: priority.writer, relieve: () => this.relieveLane(priority) },
    );
    this.quality = new LaneQuality(arena, lanes, links.book === "order");
    this.orderBook = links.book === "order" ? new OrderBook(arena, { instruments: lanes, orders: plan.limits.orders, levels: plan.limits.levels }) : null;
    this.levelBook = links.book === "level" ? new LevelBook(arena, { instruments: lanes, levels: plan.limits.levels }) : null;
    const book = (this.orderBook ?? this.levelBook) as OrderBook | LevelBook;
    this.book = book;
    this.tape = this.orderBook?.tape ?? new Float64Array(TAPE_LENGTH);
    const { guard } = plan;
    this.breaker = guard === null ? null : new MarketBreaker(arena, { lanes, ...guard, name: "guard" }, this.tape, this.clock);
    this.desk = new SignalDesk(arena, {
      emitter: this.emitter,
      quality: this.quality,
      registry,
      top: book.top,
      breaker: this.breaker,
      orders: plan.orders,
      clock: links.clock,
    });
    const columns = new BookColumns(registry, book.tops);
    const scales = { emitter: this.emitter, quality: this.quality, tape: this.tape, clock: this.clock };
    const rules = plan.bars.map((_, bar) => (plan.signals.some((signal) => signal.bar === bar) ? new RuleStage(arena, bar, plan, this.desk, columns) : null));
    this.rules = rules.filter((stage) => stage !== null);
    this.bars = plan.bars.map((_, index) => new BarStage(arena, index, plan, { ...scales, registry, rules: rules[index] }));
    this.windows = plan.windows.map((window, index) => new WindowStage(arena, lanes, index, window, { ...scales, scales: registry }));
    this.patterns = new PatternStage(arena, plan, { ...scales, desk: this.desk, registry, book });
  }

  /** Records taken from the ring so far, markers included. */
  get consumed(): number {
    return this.counter[CONSUMED];
  }

  /** Cursor in the input ring of the record being taken, or of the next one. */
  get cursor(): number {
    return (this.input.position + this.done) | 0;
  }

  /** Records put into the output ring so far, markers included. */
  get emitted(): number {
    return this.emitter.emitted;
  }

  /** True once the end marker has passed. */
  get isEnded(): boolean {
    return this.counter[ENDED] === 1;
  }

  /** Trades that came too late for a bar or window. */
  get late(): number {
    let late = 0;
    for (let i = 0; i < this.bars.length; i++) late += this.bars[i].late;
    for (let i = 0; i < this.windows.length; i++) late += this.windows[i].late;
    return late;
  }

  /** Book records that the book refused: its instrument is out of step from then on. */
  get bookRefusals(): number {
    return this.counter[BOOK_REFUSED];
  }

  /** Book records that named an order which the book does not have. */
  get unknownOrders(): number {
    return this.orderBook === null ? 0 : this.orderBook.unknownOrders;
  }

  /** True while an instrument's book is in step, as far as is known. Cold. */
  isSynced(lane: number): boolean {
    return !this.quality.isUnsynced(lane);
  }

  /** Bars of an instrument that went to rules. Cold. */
  ruleBars(lane: number): number {
    let bars = 0;
    for (let i = 0; i < this.rules.length; i++) bars += this.rules[i].barsOf(lane);
    return bars;
  }

  /** Those of them on intervals whose rules all answer for the instrument. Cold. */
  warmRuleBars(lane: number): number {
    let bars = 0;
    for (let i = 0; i < this.rules.length; i++) if (this.rules[i].isWarm(lane)) bars += this.rules[i].barsOf(lane);
    return bars;
  }

  /** Where a barrier copies the arena to: as many bytes as the arena uses. */
  setSnapshotTarget(target: Uint8Array): void {
    this.snapshotTarget = target;
  }

  /** Names of the values of a rule's signals, by index in the plan. Cold. */
  createValueNames(): Map<number, readonly string[]> {
    const names = new Map<number, readonly string[]>();
    for (const rules of this.rules) rules.valueNames(names);
    return names;
  }

  /** Takes at most `limit` records; returns how many. Nothing is taken while the lifecycle is INIT. */
  poll(limit: number): number {
    const state = this.lifecycle.load();
    if (!isProcessable(state)) return 0;
    const input = this.input;
    const available = input.available();
    const count = available < limit ? available : limit;
    if (count === 0) return 0;
    this.desk.stateWord = state;
    const slots = input.slots;
    for (let i = 0; i < count; i++) {
      this.take(slots, input.slotAt(this.done));
      this.done++;
    }
    this.giveBack();
    this.emitter.commit();
    return count;
  }

  /**
   * The output ring is full. What was processed is given back first: the next marker may be waiting for that room, and without it
   * nothing that this shard emitted since the last one can be released. Input that is held stays: room for that marker is kept free by
   * whoever holds it.
   */
  private relieve(ring: GatedRing, pressure: Backpressure): void {
    this.giveBack();
    pressure.relieve(ring);
  }

  private relieveLane(priority: PriorityOutput): void {
    this.giveBack();
    priority.relieve();
  }

  private giveBack(): void {
    if (this.holdsInput) this.input.advance(this.done);
    else this.input.release(this.done);
    this.done = 0;
  }

  private take(slots: Slots, slot: number): void {
    const cause = this.emitter.cause;
    const f64 = slots.f64;
    const at = slot << 3;
    cause[CAUSE_SEQUENCE] = f64[at + HEADER_SEQUENCE_F64];
    cause[CAUSE_TS_EVENT] = f64[at + HEADER_TS_EVENT_F64];
    cause[CAUSE_TS_RECV] = f64[at + HEADER_TS_RECV_F64];
    this.counter[CONSUMED]++;
    const lane = slots.u32[(slot << 4) + HEADER_INSTRUMENT_U32];
    switch (slots.u8[slot << 6]) {
      case TYPE_BOOK_DELTA:
        if (this.orderBook !== null) this.takeOrderDelta(this.orderBook, slots, slot, lane);
        else if (this.levelBook !== null) this.takeLevelDelta(this.levelBook, slots, slot, lane);
        break;
      case TYPE_TRADE:
        this.takeTrade(slots, slot, lane);
        break;
      case TYPE_VENUE_STATUS:
        if (lane !== NO_INSTRUMENT) this.takeStatus(slots, slot, lane);
        else this.takeMarketStatus(slots, slot);
        break;
      case TYPE_MARKER:
        this.takeMarker(slots, slot);
        break;
    }
  }

  private takeOrderDelta(book: OrderBook, slots: Slots, slot: number, lane: number): void {
    const result = book.apply(slots, slot);
    if (result < 0) {
      if (result === REJECTED) this.refuse(lane);
      return;
    }
    if ((result & BOOK_TRADED) !== 0 && (slots.u16[(slot << 5) + HEADER_FLAGS_U16] & (FLAG_NON_PRINTABLE | FLAG_BAD_TS)) === 0)
      this.onTrade(lane, book.aggressor);
    if (this.patterns.watchesBooks) this.patterns.onDelta(lane, slots, slot);
  }

  private takeLevelDelta(book: LevelBook, slots: Slots, slot: number, lane: number): void {
    if (book.apply(slots, slot) < 0) this.refuse(lane);
    else if (this.patterns.watchesBooks) this.patterns.onDelta(lane, slots, slot);
  }

  private takeStatus(slots: Slots, slot: number, lane: number): void {
    this.quality.onStatus(lane, slots, slot);
    this.patterns.forgetUnsynced(lane, lane + 1);
  }

  private takeTrade(slots: Slots, slot: number, lane: number): void {
    if (slots.u8[(slot << 6) + TRADE_CONDITIONS_U8] === CONDITION_BROKEN) return;
    if ((slots.u16[(slot << 5) + HEADER_FLAGS_U16] & FLAG_BAD_TS) !== 0) return;
    const tape = this.tape;
    const at = slot << 3;
    tape[TAPE_PRICE] = slots.f64[at + TRADE_PRICE_F64];
    tape[TAPE_QTY] = slots.f64[at + TRADE_QTY_F64];
    tape[TAPE_TS_EVENT] = slots.f64[at + HEADER_TS_EVENT_F64];
    tape[TAPE_SEQUENCE] = slots.f64[at + HEADER_SEQUENCE_F64];
    this.onTrade(lane, slots.u8[(slot << 6) + TRADE_AGGRESSOR_U8]);
  }

  private refuse(lane: number): void {
    this.counter[BOOK_REFUSED]++;
    if (lane >= this.market.registry.capacity) return;
    if (!this.quality.isUnsynced(lane)) this.log.event(EVENT_BOOK_REFUSED, lane, this.counter[BOOK_REFUSED], 0);
    this.quality.markUnsynced(lane);
    this.patterns.forgetUnsynced(lane, lane + 1);
  }

  private onTrade(lane: number, aggressor: number): void {
    this.counter[TRADES]++;
    if (this.breaker !== null && this.breaker.onTrade(lane) >= 0) this.raiseBreaker(lane, this.breaker);
    for (let i = 0; i < this.bars.length; i++) this.bars[i].onTrade(lane, aggressor);
    for (let i = 0; i < this.windows.length; i++) this.windows[i].onTrade(lane);
    this.patterns.onTrade(lane);
  }

  /** Messages were lost somewhere: no book is known to be right. Or a session begins: what is anchored to it begins anew. */
  private takeMarketStatus(slots: Slots, slot: number): void {
    this.quality.onMarketStatus(slots, slot);
    this.patterns.forgetUnsynced(0, this.market.registry.count);
    if (isMarketUnsynced(slots, slot)) this.log.event(EVENT_MARKET_UNSYNCED, 0, 0, 0);
    if (!isSessionStart(slots, slot)) return;
    for (let i = 0; i < this.rules.length; i++) this.rules[i].startSession();
  }

  private raiseBreaker(lane: number, breaker: MarketBreaker): void {
    const { draft, values } = this.desk;
    draft[DRAFT_PRICE] = breaker.result[CHANGE_PRICE];
    draft[DRAFT_STRENGTH] = 1;
    values[0] = breaker.result[CHANGE_TO];
    this.desk.raise(lane, KIND_BREAKER, 0, SIDE_NONE, 1, 0, FLAG_CRITICAL);
  }

  private takeMarker(slots: Slots, slot: number): void {
    const kind = slots.u8[(slot << 6) + MARKER_KIND_U8];
    if (kind !== MARKER_BARRIER) {
      this.clock[0] = slots.f64[(slot << 3) + MARKER_WATERMARK_F64];
      if (this.isDue()) this.fire();
    }
    if (kind === MARKER_END) this.counter[ENDED] = 1;
    const isRepeat = this.emitter.repeatsLeft > 0;
    const out = this.emitter.next(TYPE_MARKER, FLAG_LAST, NO_INSTRUMENT);
    const target = this.emitter.slots;
    target.u8[(out << 6) + MARKER_KIND_U8] = kind;
    target.f64[(out << 3) + MARKER_VALUE_F64] = slots.f64[(slot << 3) + MARKER_VALUE_F64];
    // The copy of a barrier that was published before it is whole, and may be on its way to a store.
    if (kind === MARKER_BARRIER && !isRepeat) this.arena.snapshotInto(this.snapshotTarget);
  }

  private isDue(): boolean {
    if (this.breaker !== null && this.breaker.isDue()) return true;
    if (this.patterns.isDue()) return true;
    for (let i = 0; i < this.bars.length; i++) if (this.bars[i].isDue()) return true;
    for (let i = 0; i < this.windows.length; i++) if (this.windows[i].isDue()) return true;
    return false;
  }

  /** Emits what the watermark made due: all of a lane before the next lane. */
  private fire(): void {
    const lanes = this.market.registry.count;
    const breaker = this.breaker;
    for (let lane = 0; lane < lanes; lane++) {
      if (breaker !== null) while (breaker.nextDue(lane) >= 0) this.raiseBreaker(lane, breaker);
      for (let i = 0; i < this.bars.length; i++) this.bars[i].drain(lane);
      for (let i = 0; i < this.windows.length; i++) this.windows[i].drain(lane);
      this.patterns.drain(lane);
    }
    if (breaker !== null) breaker.settle();
    for (let i = 0; i < this.bars.length; i++) this.bars[i].settle();
    for (let i = 0; i < this.windows.length; i++) this.windows[i].settle();
  }
}
