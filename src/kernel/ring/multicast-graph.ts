/**
 * Who of a ring's consumers stands behind whom: a pipeline, a fan-out, a diamond, any graph without a cycle, of at most 16.
 *
 * Sets of consumers are bit masks, bit c for the c-th one named. A graph can be asked again after consumers were detached: those behind a
 * detached one then stand behind what it stood behind.
 */
import { StreamError } from "../core/errors.ts";
import { mix32 } from "../core/hash.ts";
import { CONSUMERS_MAX } from "./ring-layout.ts";

/** One consumer as declared. */
export interface ConsumerPlan {
  /** Unique in its ring. */
  readonly name: string;
  /** Names of those that must have released a record before this one sees it; none or left out: the producer alone. */
  readonly after?: readonly string[];
}

export class MulticastGraph {
  /** In the order in which they were declared. */
  readonly names: readonly string[];
  /** A hash of names and edges, never 0: equal for equal graphs. */
  readonly hash: number;
  private readonly after: Int32Array;
  private readonly ancestors: Int32Array;

  /** CONFIG_INVALID, with what is allowed, for no consumers or too many, names that repeat or are unknown, and cycles. */
  constructor(plans: readonly ConsumerPlan[]) {
    if (plans.length < 1 || plans.length > CONSUMERS_MAX) throw invalid(`expected 1 to ${CONSUMERS_MAX} consumers, got ${plans.length}`);
    this.names = plans.map(({ name }) => name);
    this.names.forEach((name, index) => {
      if (typeof name !== "string" || name === "") throw invalid(`consumer ${index} has no name: expected a text that is not empty`);
      if (this.names.indexOf(name) !== index) throw invalid(`two consumers are called ${name}: expected each name once, got ${this.names.join(", ")}`);
    });
    this.after = Int32Array.from(plans, ({ name, after = [] }) => after.reduce((mask, before) => mask | this.bitBefore(name, before, mask), 0));
    this.ancestors = Int32Array.from(this.after);
    for (let round = 0; round < plans.length; round++) {
      for (let c = 0; c < plans.length; c++) this.ancestors[c] |= unionOf(this.ancestors, this.ancestors[c]);
    }
    const cyclic = this.names.filter((_, c) => (this.ancestors[c] & (1 << c)) !== 0);
    if (cyclic.length > 0) throw invalid(`consumers ${cyclic.join(", ")} stand behind one another: expected an order without a cycle`);
    this.hash = hashOf(this.names, this.after);
  }

  /** The number of a consumer; CONFIG_INVALID, with the names there are, for another name. */
  indexOf(name: string): number {
    const index = this.names.indexOf(name);
    if (index < 0) throw invalid(`expected a consumer out of ${this.names.join(", ")}, got ${JSON.stringify(name)}`);
    return index;
  }

  /** All that stand behind a consumer, at once or further back. */
  behind(consumer: number): number {
    return this.names.reduce((mask, _, c) => ((this.ancestors[c] & (1 << consumer)) !== 0 ? mask | (1 << c) : mask), 0);
  }

  /** Those that hold the producer: attached, with nobody attached behind them. */
  leaves(detached: number): number {
    const attached = ((1 << this.names.length) - 1) & ~detached;
    return attached & ~unionOf(this.ancestors, attached);
  }

  /** Those that a consumer waits for, the last of each chain; 0: for the producer. */
  sources(consumer: number, detached: number): number {
    let found = 0;
    for (let todo = this.after[consumer], seen = 0; todo !== 0;) {
      const c = 31 - Math.clz32(todo);
      seen |= 1 << c;
      if ((detached & (1 << c)) === 0) found |= 1 << c;
      else todo |= this.after[c];
      todo &= ~seen;
    }
    return found & ~unionOf(this.ancestors, found);
  }

  private bitBefore(name: string, before: string, known: number): number {
    const others = this.names.filter((other) => other !== name);
    const index = this.names.indexOf(before);
    if (index < 0 || before === name) {
      throw invalid(
        `consumer ${name} stands after ${JSON.stringify(before)}: expected ${others.length === 0 ? "nothing" : `names out of ${others.join(", ")}`}`,
      );
    }
    if ((known & (1 << index)) !== 0) throw invalid(`consumer ${name} stands after ${before} twice: expected each name once`);
    return 1 << index;
  }
}

/** Calls back for each bit of a mask, lowest first. */
export function eachBit(mask: number, visit: (bit: number) => void): void {
  for (let bit = 0; bit < CONSUMERS_MAX; bit++) if ((mask & (1 << bit)) !== 0) visit(bit);
}

function unionOf(masks: Int32Array, of: number): number {
  let union = 0;
  eachBit(of, (bit) => (union |= masks[bit]));
  return union;
}

function hashOf(names: readonly string[], after: Int32Array): number {
  let hash = mix32(names.length);
  names.forEach((name, c) => {
    for (let i = 0; i < name.length; i++) hash = mix32(hash ^ name.charCodeAt(i));
    hash = mix32(hash ^ mix32(after[c] + 0x9e37_79b9));
  });
  return hash | 1 | 0;
}

function invalid(message: string): StreamError {
  return new StreamError("CONFIG_INVALID", message);
}
