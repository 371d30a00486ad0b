/**
 * Formulas over the bars and books of all lanes: each indicator updated once, each shared operation evaluated once a bar. @hot
 *
 * A value is absent until everything that it names is there: warm-up, an empty book side, a bar cell that is not finite, a result that
 * is not a finite number (x / 0, sqrt of a negative). Absence goes through every operation but the branch of `if` that is not taken, and
 * ends as "no answer", never as NaN in the arena. x[k] is what x was k bars of this lane ago, absent if it was absent then.
 * State: the indicators', a ring a node whose past is asked for, a count a run of rises. Values by node are scratch of one call.
 */
import type { Arena } from "../../kernel/memory/arena.ts";
import { IndicatorBank } from "../indicator/bank.ts";
import { fillTypical, type Profile } from "../indicator/indicator.ts";
import { compileFormulas, type FormulaSource } from "./compile.ts";
import * as op from "./program.ts";
import { describeProgram, type Program } from "./program.ts";

export interface FormulaSetOptions {
  /** Seed rules of the indicators; default talib. */
  readonly profile?: Profile;
}

/** No answer: something that the formula names is not there yet. */
export const NOT_READY = -1;

export class FormulaSet {
  /** Bars of a lane before every formula can answer. */
  readonly lookback: number;
  /** Number of formulas. */
  readonly count: number;
  private readonly program: Program;
  private readonly bank: IndicatorBank;
  private readonly indicatorValues: readonly Float64Array[];
  private readonly indicatorReady: readonly Uint8Array[];
  private readonly indicatorWidths: Int32Array;
  private readonly ops: Uint8Array;
  private readonly a: Int32Array;
  private readonly b: Int32Array;
  private readonly c: Int32Array;
  private readonly constants: Float64Array;
  private readonly roots: Int32Array;
  private readonly leaves: readonly Int32Array[];
  // Scratch of one call.
  private readonly values: Float64Array;
  private readonly present: Uint8Array;
  // State.
  private readonly turns: Int32Array;
  private readonly ringNodes: Int32Array;
  private readonly ringSlots: Int32Array;
  private readonly ringValues: readonly Float64Array[];
  private readonly ringPresent: readonly Uint8Array[];
  private readonly streaks: Int32Array;

  /** FORMULA_SYNTAX and FORMULA_UNKNOWN_NAME point at the place in the source; ARENA_CAPACITY when the lanes' rings do not fit. */
  constructor(arena: Arena, lanes: number, formulas: readonly FormulaSource[], options: FormulaSetOptions = {}) {
    const profile = options.profile ?? "talib";
    const program = compileFormulas(formulas, profile);
    const { nodes, rings } = program;
    this.program = program;
    this.count = formulas.length;
    this.lookback = program.formulas.reduce((most, formula) => Math.max(most, formula.lookback), 0);
    this.bank = new IndicatorBank(arena, lanes, program.indicators, profile);
    this.indicatorValues = this.bank.indicators.map((indicator) => indicator.values);
    this.indicatorReady = this.bank.indicators.map((indicator) => indicator.ready);
    this.indicatorWidths = Int32Array.from(this.bank.indicators, (indicator) => indicator.outputs.length);
    this.ops = Uint8Array.from(nodes, (node) => node.op);
    this.a = Int32Array.from(nodes, (node) => node.a);
    this.b = Int32Array.from(nodes, (node) => node.b);
    this.c = Int32Array.from(nodes, (node) => node.c);
    this.constants = Float64Array.from(nodes, (node) => node.constant);
    this.values = this.constants.slice();
    this.present = Uint8Array.from(nodes, (node) => (node.op === op.OP_CONSTANT ? 1 : 0));
    this.roots = Int32Array.from(program.formulas, (formula) => formula.root);
    this.leaves = program.formulas.map((formula) => Int32Array.from(formula.leaves));
    this.turns = arena.int32("formula.turns", lanes);
    this.ringNodes = Int32Array.from(rings, (ring) => ring.node);
    this.ringSlots = Int32Array.from(rings, (ring) => ring.slots);
    this.ringValues = rings.map((ring, i) => arena.float64(`formula.ring${i}.values`, lanes * ring.slots));
    this.ringPresent = rings.map((ring, i) => arena.uint8(`formula.ring${i}.present`, lanes * ring.slots));
    this.streaks = arena.int32("formula.streaks", lanes * program.streaks * 2);
  }

  /**
   * Takes the lane's newest bar (a row of IN_COLUMNS doubles, of which IN_TYPICAL is written here) and the book at its close (a row of
   * BOOK_COLUMNS with its presence mask, see fillBookRow), and evaluates every formula.
   */
  onBar(lane: number, bar: Float64Array, book: Float64Array, bookPresent: number): void {
    fillTypical(bar);
    this.bank.update(lane, bar);
    const { ops, values, present, a, b, c } = this;
    for (let i = 1; i < ops.length; i++) {
      const code = ops[i];
      if (code >= op.OP_ADD) {
        if ((present[a[i]] & present[b[i]] & present[c[i]]) === 0) {
          present[i] = 0;
          continue;
        }
        present[i] = 1;
        if (code >= op.OP_LESS) {
          this.runCondition(i, code);
          continue;
        }
        this.runNumber(i, code);
        if (values[i] - values[i] !== 0) present[i] = 0;
      } else if (code === op.OP_INDICATOR) {
        const at = a[i];
        values[i] = this.indicatorValues[at][lane * this.indicatorWidths[at] + b[i]];
        present[i] = this.indicatorReady[at][lane];
      } else if (code === op.OP_COLUMN) {
        values[i] = bar[a[i]];
        present[i] = values[i] - values[i] === 0 ? 1 : 0;
      } else if (code === op.OP_BOOK) {
        values[i] = book[a[i]];
        present[i] = ((bookPresent >> a[i]) & 1) === 1 && values[i] - values[i] === 0 ? 1 : 0;
      } else if (code !== op.OP_CONSTANT) this.runState(lane, i, code);
    }
    this.keep(lane);
  }

  /** Bars of a lane taken so far. */
  barsOf(lane: number): number {
    return this.turns[lane];
  }

  /** A session of the lane begins: session-anchored indicators start anew. */
  reset(lane: number): void {
    this.bank.reset(lane);
  }

  /** Of the lane evaluated last: 1 true, 0 false, NOT_READY. A formula of type number answers 1 when it has a value. */
  result(i: number): number {
    const root = this.roots[i];
    if (this.present[root] === 0) return NOT_READY;
    return this.values[root] !== 0 || this.program.nodes[root].type === "number" ? 1 : 0;
  }

  /** The value of formula i of the lane evaluated last; 0 when it has none. */
  value(i: number): number {
    const root = this.roots[i];
    return this.present[root] === 1 ? this.values[root] : 0;
  }

  /** Names of what formula i reads, in the order of readValues: `close`, `rsi(14)`, `bollinger(20, 2).lower`, `close[1]`. */
  valueNames(i: number): readonly string[] {
    return this.program.formulas[i].valueNames;
  }

  /** Bars of a lane before formula i can answer. */
  lookbackOf(i: number): number {
    return this.program.formulas[i].lookback;
  }

  /** Copies what formula i read for the lane evaluated last; absent values (of a branch not taken) are 0. Returns how many. */
  readValues(i: number, into: Float64Array): number {
    const leaves = this.leaves[i];
    for (let k = 0; k < leaves.length; k++) into[k] = this.present[leaves[k]] === 1 ? this.values[leaves[k]] : 0;
    return leaves.length;
  }

  /** The compiled plan as text. Cold. */
  describe(): string {
    return describeProgram(this.program);
  }

  private runNumber(i: number, code: number): void {
    const x = this.values[this.a[i]];
    const y = this.values[this.b[i]];
    let value = 0;
    if (code === op.OP_ADD) value = x + y;
    else if (code === op.OP_SUBTRACT) value = x - y;
    else if (code === op.OP_MULTIPLY) value = x * y;
    else if (code === op.OP_DIVIDE) value = x / y;
    else if (code === op.OP_MIN) value = y < x ? y : x;
    else if (code === op.OP_MAX) value = y > x ? y : x;
    else if (code === op.OP_NEGATE) value = -x;
    else if (code === op.OP_ABS) value = Math.abs(x);
    else if (code === op.OP_CEIL) value = Math.ceil(x);
    else if (code === op.OP_FLOOR) value = Math.floor(x);
    else if (code === op.OP_ROUND) value = Math.round(x);
    else if (code === op.OP_SQRT) value = Math.sqrt(x);
    else if (code === op.OP_REMAINDER) value = x % y;
    else if (code === op.OP_POWER) value = Math.pow(x, y);
    else if (code === op.OP_LOG) value = Math.log(x);
    else value = Math.exp(x);
    this.values[i] = value;
  }

  private runCondition(i: number, code: number): void {
    const x = this.values[this.a[i]];
    const y = this.values[this.b[i]];
    let holds = false;
    if (code === op.OP_LESS) holds = x < y;
    else if (code === op.OP_AT_MOST) holds = x <= y;
    else if (code === op.OP_AND) holds = x !== 0 && y !== 0;
    else if (code === op.OP_OR) holds = x !== 0 || y !== 0;
    else if (code === op.OP_NOT) holds = x === 0;
    else if (code === op.OP_EQUAL) holds = x === y;
    else holds = x !== y;
    this.values[i] = holds ? 1 : 0;
  }

  private runState(lane: number, i: number, code: number): void {
    const { values, present } = this;
    const a = this.a[i];
    const b = this.b[i];
    const c = this.c[i];
    if (code === op.OP_IF) {
      const branch = values[a] !== 0 ? b : c;
      present[i] = present[a] & present[branch];
      values[i] = values[branch];
      return;
    }
    if (code === op.OP_PAST) {
      const slots = this.ringSlots[c];
      const at = lane * slots + ((this.turns[lane] - b) & (slots - 1));
      values[i] = this.ringValues[c][at];
      present[i] = this.ringPresent[c][at];
      return;
    }
    // A run of present values, and within it a run of moves in one direction: both counted up to what is asked for.
    const bars = this.constants[i];
    const at = (lane * this.program.streaks + c) << 1;
    const run = present[a] === 1 ? this.streaks[at] + 1 : 0;
    const moves = present[a] & present[b] && (code === op.OP_RISING ? values[a] > values[b] : values[a] < values[b]) ? this.streaks[at + 1] + 1 : 0;
    this.streaks[at] = run < bars + 1 ? run : bars + 1;
    this.streaks[at + 1] = moves < bars ? moves : bars;
    present[i] = run > bars ? 1 : 0;
    values[i] = moves >= bars ? 1 : 0;
  }

  /** Puts the values of this bar into the rings; an absent one as 0 with its flag. */
  private keep(lane: number): void {
    const turn = this.turns[lane];
    for (let r = 0; r < this.ringNodes.length; r++) {
      const node = this.ringNodes[r];
      const slots = this.ringSlots[r];
      const at = lane * slots + (turn & (slots - 1));
      const there = this.present[node];
      this.ringValues[r][at] = there === 1 ? this.values[node] : 0;
      this.ringPresent[r][at] = there;
    }
    this.turns[lane] = turn + 1;
  }
}
