/**
 * The velocity breaker that stands before every order, one an instrument. @hot
 *
 * The move is the larger of the fall from the high and the rise from the low of [t - over, t), as a fraction. States, all in event time:
 *   NORMAL      -> WARNING at move >= warn            WARNING    -> NORMAL after `dwellNs` with the move below calm
 *   any         -> TRIPPED at move >= threshold       TRIPPED    -> COOLDOWN after `dwellNs` below calm
 *   COOLDOWN    -> RECOVERING after `cooldownNs` more below calm; a move of calm starts the cooldown again
 *   RECOVERING  -> NORMAL after `recoverNs`; a move of warn trips again (half-open: orders pass, on probation)
 * Open (orders withheld) in TRIPPED and COOLDOWN. Time moves by trades and by the watermark, so a silent instrument recovers too;
 * a change takes the time of its deadline, not of its discovery. Trades out of order move the range but not the state.
 */
import { RollingExtremum } from "../../analysis/pattern/extremum.ts";
import { StreamError } from "../../kernel/core/errors.ts";
import { EMPTY } from "../../kernel/core/status.ts";
import type { Arena } from "../../kernel/memory/arena.ts";
import { REASON_BREAKER_OPEN, REASON_NONE } from "../../kernel/record/ack.ts";
import { TAPE_PRICE, TAPE_TS_EVENT } from "../../kernel/record/tape.ts";

export const BREAKER_NORMAL = 0;
export const BREAKER_WARNING = 1;
export const BREAKER_TRIPPED = 2;
export const BREAKER_COOLDOWN = 3;
export const BREAKER_RECOVERING = 4;

/** Columns of a change in `result`. */
export const CHANGE_FROM = 0;
export const CHANGE_TO = 1;
/** Event time of the change. */
export const CHANGE_AT = 2;
/** The move that caused it, as a fraction; 0 for a change by time. */
export const CHANGE_MOVE = 3;
/** Last price, at the instrument's scale. */
export const CHANGE_PRICE = 4;
export const CHANGE_COLUMNS = 5;

const NEXT_DEADLINE = 0;
const TRIPS = 1;
const STATE_CELLS = 8;

export interface BreakerOptions {
  /** Instruments served. */
  readonly lanes: number;
  /** Move that trips, a fraction above 0. */
  readonly threshold: number;
  readonly overNs: number;
  /** What an open breaker does to orders: withhold them, or only say so. */
  readonly then: "tag" | "suppress";
  readonly cooldownNs: number;
  /** Move that warns, as a part of the threshold; 0.5. */
  readonly warnRatio?: number;
  /** Move below which things are calm, as a part of the warning; 0.8. */
  readonly calmRatio?: number;
  /** Shortest stay in WARNING and TRIPPED after the last move; `overNs`. */
  readonly dwellNs?: number;
  /** Stay in RECOVERING; `cooldownNs`. */
  readonly recoverNs?: number;
  /** Entries a lane for each extreme: see extremum.ts. */
  readonly capacity?: number;
  /** Prefix of its regions in the memory plan. */
  readonly name?: string;
}

export class MarketBreaker {
  /** The change that onTrade() or nextDue() reported: CHANGE_* columns. Valid until the next call. */
  readonly result: Float64Array;
  private readonly highest: RollingExtremum;
  private readonly lowest: RollingExtremum;
  private readonly stateOf: Uint8Array;
  private readonly enteredAt: Float64Array;
  private readonly movedAt: Float64Array;
  private readonly lastPrice: Float64Array;
  private readonly deadline: Float64Array;
  private readonly state: Float64Array;
  private readonly stay: Float64Array;
  private readonly tape: Float64Array;
  private readonly clock: Float64Array;
  private readonly lanes: number;
  private readonly trip: number;
  private readonly warn: number;
  private readonly calm: number;
  private readonly withholds: boolean;

  /** `tape`: the trade being processed. `clock`: the watermark in its first cell. */
  constructor(arena: Arena, options: BreakerOptions, tape: Float64Array, clock: Float64Array) {
    const { lanes, threshold, overNs, cooldownNs, warnRatio = 0.5, calmRatio = 0.8, capacity, name = "breaker" } = options;
    const { dwellNs = overNs, recoverNs = cooldownNs } = options;
    if (!(threshold > 0 && threshold < Infinity))
      throw new StreamError("VALUE_RANGE", `${name}: expected a threshold above 0, got ${threshold}`, { threshold });
    if (!(warnRatio > 0 && warnRatio <= 1 && calmRatio > 0 && calmRatio <= 1))
      throw new StreamError("VALUE_RANGE", `${name}: expected warnRatio and calmRatio above 0 and at most 1, got ${warnRatio} and ${calmRatio}`, {
        warnRatio,
        calmRatio,
      });
    if (!(dwellNs >= 1 && cooldownNs >= 1 && recoverNs >= 1))
      throw new StreamError("VALUE_RANGE", `${name}: expected dwell, cooldown and recovery of at least 1 ns, got ${dwellNs}, ${cooldownNs}, ${recoverNs}`);
    this.highest = new RollingExtremum(arena, `${name}.high`, { lanes, spanNs: overNs, kind: "highest", capacity }, tape);
    this.lowest = new RollingExtremum(arena, `${name}.low`, { lanes, spanNs: overNs, kind: "lowest", capacity }, tape);
    this.stateOf = arena.uint8(`${name}.stateOf`, lanes);
    this.enteredAt = arena.float64(`${name}.enteredAt`, lanes);
    this.movedAt = arena.float64(`${name}.movedAt`, lanes);
    this.lastPrice = arena.float64(`${name}.lastPrice`, lanes);
    this.deadline = arena.float64(`${name}.deadline`, lanes);
    this.state = arena.float64(`${name}.state`, STATE_CELLS);
    if (arena.fresh) {
      this.deadline.fill(Infinity);
      this.state[NEXT_DEADLINE] = Infinity;
    }
    this.stay = Float64Array.of(Infinity, dwellNs, dwellNs, cooldownNs, recoverNs); // by state
    this.result = new Float64Array(CHANGE_COLUMNS);
    this.tape = tape;
    this.clock = clock;
    this.lanes = lanes;
    this.trip = threshold;
    this.warn = threshold * warnRatio;
    this.calm = threshold * warnRatio * calmRatio;
    this.withholds = options.then === "suppress";
  }

  /** Times that any instrument tripped. */
  get trips(): number {
    return this.state[TRIPS];
  }

  /** BREAKER_* of the lane. */
  stateAt(lane: number): number {
    return this.stateOf[lane];
  }

  /** True in TRIPPED and COOLDOWN. */
  isOpen(lane: number): boolean {
    const state = this.stateOf[lane];
    return state === BREAKER_TRIPPED || state === BREAKER_COOLDOWN;
  }

  /** Why an order of the lane must be refused: REASON_BREAKER_OPEN (never when the action is "tag"), or REASON_NONE. */
  reasonAgainst(lane: number): number {
    return this.withholds && this.isOpen(lane) ? REASON_BREAKER_OPEN : REASON_NONE;
  }

  /**
   * Takes the trade on the tape. The new state when the trade (or the time up to it) changed the state, described in `result`; EMPTY
   * when nothing changed. Several changes at once are reported as one, from the first state to the last.
   */
  onTrade(lane: number): number {
    const high = this.highest.observe(lane);
    const low = this.lowest.observe(lane);
    if (high < 0 && high !== EMPTY) return EMPTY; // out of order
    const ts = this.tape[TAPE_TS_EVENT];
    const price = this.tape[TAPE_PRICE];
    const from = this.stateOf[lane];
    let changed = 0;
    while (this.passTime(lane, this.tape, TAPE_TS_EVENT)) changed++;
    let move = 0;
    if (high >= 0) {
      const top = this.highest.price(high);
      const bottom = this.lowest.price(low);
      if (top > 0 && top > price) move = (top - price) / top;
      if (bottom > 0 && price > bottom && (price - bottom) / bottom > move) move = (price - bottom) / bottom;
    }
    this.lastPrice[lane] = price;
    const before = this.stateOf[lane];
    if (before !== BREAKER_NORMAL && before !== BREAKER_RECOVERING && move >= this.calm && ts > this.movedAt[lane]) this.movedAt[lane] = ts;
    let to = before;
    if (move >= this.trip || (before === BREAKER_RECOVERING && move >= this.warn)) to = BREAKER_TRIPPED;
    else if (before === BREAKER_NORMAL && move >= this.warn) to = BREAKER_WARNING;
    if (to !== before) {
      this.enter(lane, to, this.tape, TAPE_TS_EVENT);
      this.movedAt[lane] = ts;
      changed++;
    }
    if (before !== BREAKER_NORMAL || to !== before) this.schedule(lane);
    if (changed === 0) return EMPTY;
    this.result[CHANGE_MOVE] = move;
    return this.report(lane, from);
  }

  /** True when the watermark changes something in some lane: one comparison. */
  isDue(): boolean {
    return this.state[NEXT_DEADLINE] <= this.clock[0];
  }

  /** The next change of the lane by time, described in `result`: the new state; EMPTY when there is none. To be called until EMPTY. */
  nextDue(lane: number): number {
    if (this.deadline[lane] > this.clock[0]) return EMPTY;
    const from = this.stateOf[lane];
    if (!this.passTime(lane, this.clock, 0)) return EMPTY;
    this.result[CHANGE_MOVE] = 0;
    return this.report(lane, from);
  }

  /** To be called once after all lanes were drained for a watermark. */
  settle(): void {
    let next = Infinity;
    for (let lane = 0; lane < this.lanes; lane++) if (this.deadline[lane] < next) next = this.deadline[lane];
    this.state[NEXT_DEADLINE] = next;
  }

  /** Makes the one change that is due at times[at], if there is one. Times cross calls as cells: as doubles they would be boxed. */
  private passTime(lane: number, times: Float64Array, at: number): boolean {
    if (this.deadline[lane] > times[at]) return false;
    const from = this.stateOf[lane];
    const to = from === BREAKER_TRIPPED ? BREAKER_COOLDOWN : from === BREAKER_COOLDOWN ? BREAKER_RECOVERING : BREAKER_NORMAL;
    this.enter(lane, to, this.deadline, lane);
    this.schedule(lane);
    return true;
  }

  private enter(lane: number, to: number, times: Float64Array, at: number): void {
    this.stateOf[lane] = to;
    this.enteredAt[lane] = times[at];
    if (to === BREAKER_TRIPPED) this.state[TRIPS]++;
  }

  /** The deadline of the lane's state: its stay, counted from its beginning and, but for RECOVERING, from the last move. */
  private schedule(lane: number): void {
    const state = this.stateOf[lane];
    let from = this.enteredAt[lane];
    if (state !== BREAKER_RECOVERING && this.movedAt[lane] > from) from = this.movedAt[lane];
    const due = from + this.stay[state];
    this.deadline[lane] = due;
    if (due < this.state[NEXT_DEADLINE]) this.state[NEXT_DEADLINE] = due;
  }

  /** Describes the change in `result`, where the move is already. */
  private report(lane: number, from: number): number {
    const result = this.result;
    result[CHANGE_FROM] = from;
    result[CHANGE_TO] = this.stateOf[lane];
    result[CHANGE_AT] = this.enteredAt[lane];
    result[CHANGE_PRICE] = this.lastPrice[lane];
    return this.stateOf[lane];
  }
}
