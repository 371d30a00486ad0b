/**
 * Readiness: the conjunction of named gates, and what is still missing.
 *
 * READY means that every gate has passed: compiled code warm, indicator lookback filled, books synchronised, feeds fresh, clock sane.
 * A gate that throws has not passed. While READY or DEGRADED, `watch` turns each gate that fails into a reason of the lifecycle and
 * takes the reason back when it passes. Cold: evaluated in control, a few times a second.
 */
import { StreamError } from "../kernel/core/errors.ts";
import type { Lifecycle } from "../kernel/lifecycle/machine.ts";

/** Names of the gates that a full system has. */
export const GATE_JIT_WARM = "jit-warm";
export const GATE_LOOKBACK_FILLED = "lookback-filled";
export const GATE_BOOKS_SYNCED = "books-synced";
export const GATE_FEEDS_FRESH = "feeds-fresh";
export const GATE_CLOCK_SANE = "clock-sane";

/** One condition. */
export interface Gate {
  readonly name: string;
  /** What is missing, in a few words; null when the gate has passed. */
  missing(): string | null;
}

/** A gate that has not passed. */
export interface MissingGate {
  readonly gate: string;
  readonly missing: string;
}

export interface ReadinessReport {
  readonly ready: boolean;
  /** Every gate that has not passed, in the order in which they were given. */
  readonly missing: readonly MissingGate[];
  readonly gates: number;
}

/** The reason under which a gate that fails appears in the lifecycle. */
export function gateReason(gate: string): string {
  return `gate:${gate}`;
}

/** A gate that passes when `count()` has reached `needed`: bars of lookback, books in step. */
export function countGate(name: string, needed: number, count: () => number, noun: string): Gate {
  return {
    name,
    missing() {
      const have = count();
      return have >= needed ? null : `${have} of ${needed} ${noun}`;
    },
  };
}

/**
 * A gate that passes while `have()` is at least a share of `of()`, which is above 0: for what never is whole for long, as books in
 * step among thousands. The single one that is missing is refused where it is used.
 */
export function shareGate(name: string, share: number, have: () => number, of: () => number, noun: string): Gate {
  return {
    name,
    missing() {
      const all = of();
      const some = have();
      return all > 0 && some >= all * share ? null : `${some} of ${all} ${noun}, expected ${Math.max(1, Math.ceil(all * share))}`;
    },
  };
}

/** A gate that passes while `ageNs()` is at most `limitNs`: the newest message of a feed. An age below 0 is of a clock that went back. */
export function ageGate(name: string, limitNs: number, ageNs: () => number | null): Gate {
  return {
    name,
    missing() {
      const age = ageNs();
      if (age === null) return "nothing received yet";
      if (age >= 0 && age <= limitNs) return null;
      return `age ${age} ns, expected 0 to ${limitNs}`;
    },
  };
}

export class Readiness {
  private readonly gates = new Map<string, Gate>();

  constructor(gates: readonly Gate[] = []) {
    for (const gate of gates) this.add(gate);
  }

  /** Adds a gate. Its name must be new. */
  add(gate: Gate): void {
    if (this.gates.has(gate.name)) throw new StreamError("VALUE_RANGE", `expected gates with different names, got ${gate.name} twice`, { gate: gate.name });
    this.gates.set(gate.name, gate);
  }

  /** Asks every gate. Without gates nothing is missing. */
  evaluate(): ReadinessReport {
    const missing: MissingGate[] = [];
    for (const gate of this.gates.values()) {
      const what = ask(gate);
      if (what !== null) missing.push({ gate: gate.name, missing: what });
    }
    return { ready: missing.length === 0, missing, gates: this.gates.size };
  }

  /**
   * Carries the gates over into the lifecycle, once: in READY and DEGRADED a gate that fails becomes a reason, one that passes again
   * ends its reason. In INIT and WARMUP only the warm-up decides.
   */
  watch(lifecycle: Lifecycle): ReadinessReport {
    const report = this.evaluate();
    if (lifecycle.state !== "READY" && lifecycle.state !== "DEGRADED") return report;
    const failing = new Set(report.missing.map((gate) => gate.gate));
    for (const gate of failing) lifecycle.addReason(gateReason(gate));
    for (const gate of this.gates.keys()) if (!failing.has(gate)) lifecycle.removeReason(gateReason(gate));
    return report;
  }
}

function ask(gate: Gate): string | null {
  try {
    return gate.missing();
  } catch (error) {
    return `failed to answer: ${error instanceof Error ? error.message : String(error)}`;
  }
}
