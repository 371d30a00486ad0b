/**
 * Rules: formulas that fire. A rule fires on the bar on which its condition turns true, or with `every` on each bar for which it is. @hot
 *
 * An edge needs a false before it: the first answer after warm-up, if true, does not fire, because nobody saw it turn. A bar without an
 * answer (an empty book side) changes nothing: false, absent, true fires; true, absent, true does not.
 * Rules that fire on one bar are told in the order in which they were declared.
 * state a lane: last answer u8 x rules | fired f64 x rules; the formulas' own
 */
import { compileFormulas } from "../../analysis/formula/compile.ts";
import { FormulaSet, type FormulaSetOptions } from "../../analysis/formula/formula-set.ts";
import type { Profile } from "../../analysis/indicator/indicator.ts";
import { StreamError } from "../../kernel/core/errors.ts";
import type { Arena } from "../../kernel/memory/arena.ts";
import { SIDE_ASK, SIDE_BID, SIDE_NONE } from "../../kernel/record/header.ts";

export interface RuleDefinition {
  readonly name: string;
  /** The condition, in the formula language. */
  readonly when: string;
  /** What to do about it; default none. */
  readonly side?: "buy" | "sell" | "none";
  /** Fire on each bar for which the condition holds. */
  readonly every?: boolean;
  /** In 0 .. 1, default 1. */
  readonly strength?: number;
}

const UNSEEN = 0;
const SEEN_FALSE = 1;
const SEEN_TRUE = 2;

const SIDES = { buy: SIDE_BID, sell: SIDE_ASK, none: SIDE_NONE } as const;

export class RuleSet {
  readonly rules: readonly RuleDefinition[];
  readonly formulas: FormulaSet;
  /** Bars of a lane before every rule can answer. */
  readonly lookback: number;
  /** Side of each rule: SIDE_BID buys, SIDE_ASK sells, SIDE_NONE. */
  readonly sides: Uint8Array;
  /** Strength of each rule. */
  readonly strengths: Float64Array;
  /** After onBar: the rules that fired, as indexes, in order. Scratch of one call. */
  readonly fired: Int32Array;
  private readonly every: Uint8Array;
  private readonly answers: Uint8Array;
  private readonly counts: Float64Array;

  /** CONFIG_INVALID: two rules of one name, a strength outside 0 .. 1; FORMULA_SYNTAX, FORMULA_UNKNOWN_NAME. */
  constructor(arena: Arena, lanes: number, rules: readonly RuleDefinition[], options: FormulaSetOptions = {}) {
    requireSound(rules);
    this.rules = rules;
    const sources = rules.map((rule) => ({ name: rule.name, source: rule.when }));
    this.formulas = new FormulaSet(arena, lanes, sources, options);
    this.lookback = this.formulas.lookback;
    this.sides = Uint8Array.from(rules, (rule) => SIDES[rule.side ?? "none"]);
    this.strengths = Float64Array.from(rules, (rule) => rule.strength ?? 1);
    this.fired = new Int32Array(rules.length);
    this.every = Uint8Array.from(rules, (rule) => (rule.every === true ? 1 : 0));
    this.answers = arena.uint8("rule.answers", lanes * rules.length);
    this.counts = arena.float64("rule.fired", rules.length);
  }

  /** Evaluates all rules on the lane's newest bar and the book at its close; returns how many fired: fired[0 .. count). */
  onBar(lane: number, bar: Float64Array, book: Float64Array, bookPresent: number): number {
    const formulas = this.formulas;
    formulas.onBar(lane, bar, book, bookPresent);
    const rules = this.every.length;
    const base = lane * rules;
    let count = 0;
    for (let i = 0; i < rules; i++) {
      const answer = formulas.result(i);
      if (answer < 0) continue;
      const before = this.answers[base + i];
      this.answers[base + i] = answer === 1 ? SEEN_TRUE : SEEN_FALSE;
      if (answer === 0 || (this.every[i] === 0 && before !== SEEN_FALSE)) continue;
      this.fired[count++] = i;
      this.counts[i]++;
    }
    return count;
  }

  /** A session of the lane begins: session-anchored indicators start anew; an edge still needs a false before it. */
  reset(lane: number): void {
    this.formulas.reset(lane);
  }

  /** How often rule i has fired, over all lanes. */
  firedCount(i: number): number {
    return this.counts[i];
  }

  /** True once the rule has given an answer for the lane. */
  hasAnswered(lane: number, i: number): boolean {
    return this.answers[lane * this.every.length + i] !== UNSEEN;
  }

  /** True once every rule has given an answer for the lane: its lookback is full, and what it names is there. */
  isWarm(lane: number): boolean {
    for (let i = 0; i < this.every.length; i++) if (!this.hasAnswered(lane, i)) return false;
    return true;
  }

  /** Bars of the lane taken so far. */
  barsOf(lane: number): number {
    return this.formulas.barsOf(lane);
  }

  /** Names of the values that a signal of rule i carries. */
  valueNames(i: number): readonly string[] {
    return this.formulas.valueNames(i);
  }

  /** Copies the values that rule i read on the lane evaluated last; returns how many. */
  readValues(i: number, into: Float64Array): number {
    return this.formulas.readValues(i, into);
  }
}

/** Checks rules without memory, for configuration: throws what the constructor would throw. Cold. */
export function checkRules(rules: readonly RuleDefinition[], profile?: Profile): void {
  requireSound(rules);
  const sources = rules.map((rule) => ({ name: rule.name, source: rule.when })); // hot-ok: cold
  compileFormulas(sources, profile);
}

function requireSound(rules: readonly RuleDefinition[]): void {
  for (let i = 0; i < rules.length; i++) {
    for (let k = 0; k < i; k++) if (rules[k].name === rules[i].name) refuse(rules[i].name, "has the name of another rule");
    const strength = rules[i].strength ?? 1;
    if (!(strength >= 0 && strength <= 1)) refuse(rules[i].name, "expected a strength from 0 to 1, got " + strength);
  }
}

function refuse(rule: string, what: string): never {
  throw new StreamError("CONFIG_INVALID", "rule " + rule + ": " + what, { rule }); // hot-ok: cold
}
