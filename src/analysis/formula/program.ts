/**
 * What formulas compile to: one list of operations in an order in which each comes after its operands, shared by all formulas of a set.
 * An operation that occurs twice, in one formula or in two, is one node (hash-consing). Cold: built once, then read as typed arrays.
 *
 * Node 0 is the constant true: operations with fewer than three operands name it for the rest, so presence is one test for all.
 */
import type { IndicatorUse } from "../indicator/bank.ts";

// Leaves.
export const OP_CONSTANT = 0;
/** a = column of the bar row. */
export const OP_COLUMN = 1;
/** a = column of the book row. */
export const OP_BOOK = 2;
/** a = indicator, b = output. */
export const OP_INDICATOR = 3;
// Operations with their own rule of presence or with state.
/** a = node, b = bars ago, c = ring. */
export const OP_PAST = 4;
/** a = node, b = its past by one bar, c = streak; constant = bars. */
export const OP_RISING = 5;
export const OP_FALLING = 6;
/** a = condition, b and c = branches. */
export const OP_IF = 7;
// Numbers from present operands a, b.
export const OP_ADD = 8;
export const OP_SUBTRACT = 9;
export const OP_MULTIPLY = 10;
export const OP_DIVIDE = 11;
export const OP_REMAINDER = 12;
export const OP_POWER = 13;
export const OP_MIN = 14;
export const OP_MAX = 15;
export const OP_NEGATE = 16;
export const OP_ABS = 17;
export const OP_CEIL = 18;
export const OP_FLOOR = 19;
export const OP_ROUND = 20;
export const OP_SQRT = 21;
export const OP_LOG = 22;
export const OP_EXP = 23;
// Conditions from present operands a, b.
export const OP_LESS = 24;
export const OP_AT_MOST = 25;
export const OP_EQUAL = 26;
export const OP_UNEQUAL = 27;
export const OP_AND = 28;
export const OP_OR = 29;
export const OP_NOT = 30;

const OP_NAMES =
  "constant column book indicator past rising falling if + - * / % ^ min max negate abs ceil floor round sqrt log exp < <= == != and or not".split(" ");

export type ValueType = "number" | "condition";

/** A node while the program is built. */
export interface Node {
  readonly op: number;
  readonly a: number;
  readonly b: number;
  readonly c: number;
  readonly constant: number;
  readonly type: ValueType;
  /** Bars before the first bar at which it can have a value. */
  readonly lookback: number;
  /** For reading: operands that are no leaves stand by their number. */
  readonly text: string;
}

/** One formula of a program. */
export interface CompiledFormula {
  readonly name: string;
  readonly source: string;
  readonly root: number;
  readonly lookback: number;
  /** Nodes whose values a signal carries, in order of first mention. */
  readonly leaves: readonly number[];
  readonly valueNames: readonly string[];
}

export interface Program {
  readonly nodes: readonly Node[];
  readonly formulas: readonly CompiledFormula[];
  readonly indicators: readonly IndicatorUse[];
  /** Past values kept: the node, and slots a lane (a power of two). */
  readonly rings: readonly { readonly node: number; readonly slots: number }[];
  /** Runs of rises or falls that are counted. */
  readonly streaks: number;
}

/** Collects nodes, each once. */
export class ProgramBuilder {
  readonly nodes: Node[] = [];
  private readonly index = new Map<string, number>();
  private readonly indicators: IndicatorUse[] = [];
  private readonly ringOf = new Map<number, number>();
  private readonly ringDepths: number[] = [];
  private streaks = 0;

  constructor() {
    this.constant(1, "condition");
  }

  constant(value: number, type: ValueType): number {
    const text = type === "condition" ? String(value === 1) : String(value);
    return this.add({ op: OP_CONSTANT, a: 0, b: 0, c: 0, constant: value, type, lookback: 0, text });
  }

  column(op: number, column: number, text: string): number {
    return this.add({ op, a: column, b: 0, c: 0, constant: 0, type: "number", lookback: 0, text });
  }

  indicator(use: IndicatorUse, output: number, lookback: number, text: string): number {
    const key = JSON.stringify(use);
    let at = this.indicators.findIndex((known) => JSON.stringify(known) === key);
    if (at < 0) at = this.indicators.push(use) - 1;
    return this.add({ op: OP_INDICATOR, a: at, b: output, c: 0, constant: 0, type: "number", lookback, text });
  }

  /** The value of `bars` ago. A constant is its own past, and the past of a past is one past. */
  past(node: number, bars: number): number {
    const { op, a, b, type, lookback } = this.nodes[node];
    if (op === OP_CONSTANT || bars === 0) return node;
    if (op === OP_PAST) return this.past(a, b + bars);
    let ring = this.ringOf.get(node);
    if (ring === undefined) {
      ring = this.ringDepths.push(0) - 1;
      this.ringOf.set(node, ring);
    }
    this.ringDepths[ring] = Math.max(this.ringDepths[ring], bars);
    return this.add({ op: OP_PAST, a: node, b: bars, c: ring, constant: 0, type, lookback: lookback + bars, text: `${this.label(node)}[${bars}]` });
  }

  streak(op: number, node: number, bars: number): number {
    const previous = this.past(node, 1);
    const lookback = this.nodes[node].lookback + bars;
    const text = `${OP_NAMES[op]}(${this.label(node)}, ${bars})`;
    const before = this.nodes.length;
    const at = this.add({ op, a: node, b: previous, c: this.streaks, constant: bars, type: "condition", lookback, text });
    if (at === before) this.streaks++;
    return at;
  }

  /** True for what a signal names in its values: a column, an indicator, or the past of one. */
  isLeaf(node: number): boolean {
    const { op, a } = this.nodes[node];
    return op === OP_PAST ? this.isLeaf(a) : op === OP_COLUMN || op === OP_BOOK || op === OP_INDICATOR;
  }

  /** An operation without state over up to three nodes. */
  operation(op: number, type: ValueType, a: number, b: number = 0, c: number = 0): number {
    const lookback = Math.max(this.nodes[a].lookback, this.nodes[b].lookback, this.nodes[c].lookback);
    return this.add({ op, a, b, c, constant: 0, type, lookback, text: this.operationText(op, a, b, c) });
  }

  build(formulas: readonly CompiledFormula[]): Program {
    const rings = [...this.ringOf].map(([node, ring]) => ({ node, slots: 2 ** Math.ceil(Math.log2(this.ringDepths[ring])) }));
    return { nodes: this.nodes, formulas, indicators: this.indicators, rings, streaks: this.streaks };
  }

  private operationText(op: number, a: number, b: number, c: number): string {
    const [first, second, third] = [a, b, c].map((node) => this.label(node));
    const name = OP_NAMES[op];
    if (op === OP_IF) return `if(${first}, ${second}, ${third})`;
    if (op === OP_NOT) return `not ${first}`;
    if (op === OP_NEGATE) return `-${first}`;
    if (op >= OP_ABS && op <= OP_EXP) return `${name}(${first})`;
    return op === OP_MIN || op === OP_MAX ? `${name}(${first}, ${second})` : `${first} ${name} ${second}`;
  }

  private label(node: number): string {
    return this.isLeaf(node) || this.nodes[node].op === OP_CONSTANT ? this.nodes[node].text : `n${node}`;
  }

  private add(node: Node): number {
    const { op, a, b, c, constant, type } = node;
    const place = op === OP_RISING || op === OP_FALLING ? 0 : c;
    const key = [op, a, b, place, constant, type].join(" ");
    const known = this.index.get(key);
    if (known !== undefined) return known;
    const at = this.nodes.push(node) - 1;
    this.index.set(key, at);
    return at;
  }
}

/** The plan as text: a line a node, then a line a formula. */
export function describeProgram(program: Program): string {
  const lines = program.nodes.map((node, i) => `n${i} = ${node.text}   ${node.type}, lookback ${node.lookback}`);
  const rings = program.rings.map((ring) => `ring of n${ring.node}: ${ring.slots} slots`);
  const formulas = program.formulas.map(
    (formula) => `${formula.name} = n${formula.root}   lookback ${formula.lookback}, values ${formula.valueNames.join(", ")}`,
  );
  return [...lines, ...rings, ...formulas].join("\n");
}
