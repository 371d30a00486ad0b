/** The formula rules of one bar interval: a closed bar in, signals out. @hot */
import type { Arena } from "../../kernel/memory/arena.ts";
import { FLAG_CRITICAL } from "../../kernel/record/flags.ts";
import { KIND_RULE } from "../../kernel/record/signal.ts";
import { BAR_CLOSE } from "../../market/bar/bar-builder.ts";
import { RuleSet } from "../../trading/signal/rule.ts";
import type { BookColumns } from "./book-columns.ts";
import type { PipelinePlan } from "./plan.ts";
import { DRAFT_PRICE, DRAFT_STRENGTH, type SignalDesk } from "./signal-desk.ts";

export class RuleStage {
  private readonly rules: RuleSet;
  private readonly desk: SignalDesk;
  private readonly book: BookColumns;
  private readonly ids: Uint32Array;
  private readonly flags: Uint16Array;
  private readonly lanes: number;

  /** The rules of the plan whose bar is `bar`, in the plan's order. */
  constructor(arena: Arena, bar: number, plan: PipelinePlan, desk: SignalDesk, book: BookColumns) {
    const mine = plan.signals.filter((signal) => signal.bar === bar);
    this.rules = new RuleSet(arena, plan.limits.instruments, mine);
    this.ids = Uint32Array.from(mine, (signal) => plan.signals.indexOf(signal));
    this.flags = Uint16Array.from(mine, (signal) => (signal.critical ? FLAG_CRITICAL : 0));
    this.desk = desk;
    this.lanes = plan.limits.instruments;
    this.book = book;
  }

  /** Names of the values of each rule's signals, by index in the plan. Cold. */
  valueNames(into: Map<number, readonly string[]>): void {
    // hot-ok: at start
    this.ids.forEach((id, index) => into.set(id, this.rules.valueNames(index))); // hot-ok: at start
  }

  /** True once every rule has answered for an instrument. */
  isWarm(lane: number): boolean {
    return this.rules.isWarm(lane);
  }

  /** Bars of an instrument taken so far. */
  barsOf(lane: number): number {
    return this.rules.barsOf(lane);
  }

  /** Begins session-anchored indicators anew, for every instrument. */
  startSession(): void {
    for (let lane = 0; lane < this.lanes; lane++) this.rules.reset(lane);
  }

  /** Takes a closed bar: in the instrument's units, and as it was built (BAR_* columns). */
  onBar(lane: number, bar: Float64Array, built: Float64Array): void {
    const present = this.book.read(lane);
    const fired = this.rules.onBar(lane, bar, this.book.row, present);
    for (let i = 0; i < fired; i++) {
      const rule = this.rules.fired[i];
      const desk = this.desk;
      desk.draft[DRAFT_PRICE] = built[BAR_CLOSE];
      desk.draft[DRAFT_STRENGTH] = this.rules.strengths[rule];
      const values = this.rules.readValues(rule, desk.values);
      desk.raise(lane, KIND_RULE, this.ids[rule], this.rules.sides[rule], values, this.ids[rule], this.flags[rule]);
    }
  }
}
