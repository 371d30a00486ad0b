/**
 * Alerts: a value beyond its limit becomes a few sentences for people, not a flood.
 *
 * Each pair of alert and subject is either quiet or raised. A raised one escalates when the value passes the critical limit, is said again
 * after the cooldown while it lasts, and is resolved once the value is back beyond a second, easier limit (hysteresis). A cap a minute
 * holds for all together; how many sentences it held back is said when there is room again, once a minute at most. A value that is not known (null) changes
 * nothing. Resolved is said once for each alert that was said, whatever the cap. Cold: called when somebody looks at the metrics.
 */
import type { Clock } from "../kernel/core/clock.ts";
import { StreamError } from "../kernel/core/errors.ts";
import { NANOS_PER_MINUTE, type Nanos } from "../kernel/core/units.ts";
import { pageOfAlert, type AlertKey } from "./runbook.ts";

/** Most pairs of alert and subject that are remembered. */
export const ALERT_STATES_MAX = 16_384;

export type AlertSeverity = "warning" | "critical";

/** A limit and the side on which the value is wrong. */
export interface AlertLimit {
  readonly key: AlertKey;
  readonly wrong: "above" | "below";
  readonly warning: number;
  readonly critical: number;
  /** The value at which a raised alert is over; not beyond `warning`. */
  readonly resolved: number;
}

/** One sentence for people. */
export interface AlertEvent {
  readonly kind: "raised" | "repeated" | "escalated" | "resolved" | "suppressed";
  /** null for suppressed, which is about many. */
  readonly key: AlertKey | null;
  readonly subject: string;
  readonly severity: AlertSeverity | null;
  /** The value that was seen; of suppressed, how many sentences were held back; null when nobody looks at it any more. */
  readonly value: number | null;
  readonly limit: number | null;
  readonly at: Nanos;
  readonly text: string;
  /** Address of the page in the runbook, a fragment. */
  readonly anchor: string | null;
}

/** An alert that is raised, said or not. */
export interface ActiveAlert {
  readonly key: AlertKey;
  readonly subject: string;
  readonly severity: AlertSeverity;
  readonly since: Nanos;
}

export interface AlertPace {
  /** Least time between two warnings of one pair. */
  readonly cooldownNs: number;
  /** Least time between two critical alerts of one pair. */
  readonly criticalCooldownNs: number;
  readonly maxPerMinute: number;
}

export interface AlertCounts {
  /** Sentences that count for the cap: raised, repeated, escalated. */
  readonly said: number;
  readonly resolved: number;
  /** Not said because the pair's last one is too recent. */
  readonly cooling: number;
  /** Not said because of the cap. */
  readonly suppressed: number;
}

interface State {
  readonly limit: AlertLimit;
  readonly subject: string;
  severity: AlertSeverity | null;
  since: Nanos;
  /** Whether the alert that lasts was said: only then is its end. */
  wasSaid: boolean;
  warningAt: number;
  criticalAt: number;
}

export class AlertDesk {
  private readonly clock: Clock;
  private readonly pace: AlertPace;
  private readonly listener: (event: AlertEvent) => void;
  private readonly states: Map<string, State> = new Map();
  /** Times of the sentences of the last minute. */
  private saidAt: number[] = [];
  /** Sentences held back since the last time that their number was said, and that time. */
  private held = 0;
  private settledAt = -Infinity;
  private said = 0;
  private resolved = 0;
  private cooling = 0;
  private suppressed = 0;

  constructor(clock: Clock, pace: AlertPace, listener: (event: AlertEvent) => void) {
    this.clock = clock;
    this.pace = pace;
    this.listener = listener;
  }

  /** Looks at one value of one subject. null: not known. MAP_CAPACITY for one pair too many. */
  observe(limit: AlertLimit, subject: string, value: number | null): void {
    this.settle();
    if (value === null) return;
    const state = this.stateOf(limit, subject);
    const level = levelOf(limit, value);
    if (state.severity === null) {
      if (level === null) return;
      state.severity = level;
      state.since = this.clock.now();
      this.say(state, "raised", value);
    } else if (level === null) {
      if (!isBeyond(limit, value, limit.resolved)) this.resolve(state, value);
    } else {
      const escalates = level === "critical" && state.severity === "warning";
      state.severity = level;
      this.say(state, escalates ? "escalated" : "repeated", value);
    }
  }

  /** Nobody looks at this any more: what is raised is over. */
  end(key: AlertKey, subject: string): void {
    const state = this.states.get(nameOf(key, subject));
    if (state === undefined) return;
    if (state.severity !== null) this.resolve(state, null);
    this.states.delete(nameOf(key, subject));
  }

  /** Says how many sentences the cap held back, if there is room again: at most once a minute, beside the cap. */
  settle(): void {
    const at = this.clock.now();
    if (this.held === 0 || at - this.settledAt < NANOS_PER_MINUTE || !this.hasRoom()) return;
    const { held: value } = this;
    const { maxPerMinute: limit } = this.pace;
    this.held = 0;
    this.settledAt = at;
    const text = `suppressed ${value} alerts: at most ${limit} a minute`;
    this.listener({ kind: "suppressed", key: null, subject: "alerts", severity: null, value, limit, at, anchor: null, text });
  }

  /** Alerts that are raised, in the order in which they came up. */
  active(): ActiveAlert[] {
    return [...this.states.values()]
      .flatMap(({ limit, subject, severity, since }) => (severity === null ? [] : [{ key: limit.key, subject, severity, since }]))
      .toSorted((a, b) => a.since - b.since);
  }

  counts(): AlertCounts {
    return { said: this.said, resolved: this.resolved, cooling: this.cooling, suppressed: this.suppressed };
  }

  private say(state: State, kind: "raised" | "repeated" | "escalated", value: number): void {
    const { limit, subject, severity } = state;
    if (severity === null) return;
    const now = this.clock.now();
    const isCritical = severity === "critical";
    const last = isCritical ? state.criticalAt : state.warningAt;
    if (now - last < (isCritical ? this.pace.criticalCooldownNs : this.pace.cooldownNs)) {
      this.cooling++;
      return;
    }
    if (!this.hasRoom()) {
      this.held++;
      this.suppressed++;
      return;
    }
    if (isCritical) state.criticalAt = now;
    else state.warningAt = now;
    state.wasSaid = true;
    this.saidAt.push(now);
    this.said++;
    const bound = isCritical ? limit.critical : limit.warning;
    const text = `${severity}: ${limit.key} of ${subject} is ${value}, ${limit.wrong} ${bound}`;
    this.listener({ kind, key: limit.key, subject, severity, value, limit: bound, at: now, anchor: pageOfAlert(limit.key).anchor, text });
  }

  private resolve(state: State, value: number | null): void {
    const { limit, subject, severity, wasSaid } = state;
    state.severity = null;
    state.wasSaid = false;
    if (!wasSaid) return;
    this.resolved++;
    const text = value === null ? `resolved: ${limit.key} of ${subject} is not watched now` : `resolved: ${limit.key} of ${subject} is ${value}`;
    this.listener({
      kind: "resolved",
      key: limit.key,
      subject,
      severity,
      value,
      limit: limit.resolved,
      at: this.clock.now(),
      anchor: pageOfAlert(limit.key).anchor,
      text,
    });
  }

  private hasRoom(): boolean {
    const from = this.clock.now() - NANOS_PER_MINUTE;
    this.saidAt = this.saidAt.filter((at) => at > from);
    return this.saidAt.length < this.pace.maxPerMinute;
  }

  private stateOf(limit: AlertLimit, subject: string): State {
    const name = nameOf(limit.key, subject);
    let state = this.states.get(name);
    if (state === undefined) {
      if (this.states.size === ALERT_STATES_MAX)
        throw new StreamError("MAP_CAPACITY", `expected at most ${ALERT_STATES_MAX} pairs of alert and subject, got ${name} as one more`, { name });
      state = { limit, subject, severity: null, since: 0 as Nanos, wasSaid: false, warningAt: -Infinity, criticalAt: -Infinity };
      this.states.set(name, state);
    }
    return state;
  }
}

function levelOf(limit: AlertLimit, value: number): AlertSeverity | null {
  if (isBeyond(limit, value, limit.critical)) return "critical";
  return isBeyond(limit, value, limit.warning) ? "warning" : null;
}

function isBeyond({ wrong }: AlertLimit, value: number, bound: number): boolean {
  return wrong === "above" ? value > bound : value < bound;
}

function nameOf(key: AlertKey, subject: string): string {
  return `${key} ${subject}`;
}
