/**
 * What happens when: named scenarios on one timeline of simulated seconds from the opening bell, and their compilation into a
 * schedule of single actions. Cold.
 *
 * Every time scales with the duration asked for, so a scenario stretched to twice its length falls, halts and recovers half as
 * fast. Intensity is relative; the rate asked for is its mean over the whole.
 */
import { StreamError } from "../kernel/core/errors.ts";
import { NANOS_PER_SECOND } from "../kernel/core/units.ts";

/** The fair price of some instruments moves by `ppm`, linearly, and (if it recovers) back. */
export interface Shock {
  readonly at: number;
  readonly moveSeconds: number;
  readonly holdSeconds: number;
  /** 0: the new price stays. */
  readonly recoverSeconds: number;
  readonly ppm: number;
  /** Instruments first, first + every, ... below limit. */
  readonly first: number;
  readonly every: number;
  readonly limit: number;
}

/** One instrument stops trading; later orders may be quoted; later an auction resumes trading. */
export interface Halt {
  readonly at: number;
  readonly quoteAt: number;
  readonly resumeAt: number;
  readonly instrument: number;
}

/** The market-wide circuit breaker: every instrument stops. */
export interface MarketHalt {
  readonly at: number;
  readonly resumeAt: number;
  readonly level: number;
}

export interface Scenario {
  readonly name: string;
  readonly summary: string;
  readonly seconds: number;
  /** The opening bell, seconds after midnight: at least 2, in which everything before it happens. */
  readonly bellSecond: number;
  /** Mean messages of traders a simulated second, and instruments, unless others are asked for. */
  readonly ratePerSecond: number;
  readonly instruments: number;
  /** Relative message intensity: [second, value] with straight lines between; the first at 0, the last at the end. */
  readonly intensity: readonly (readonly [number, number])[];
  readonly shocks: readonly Shock[];
  readonly halts: readonly Halt[];
  readonly marketHalts: readonly MarketHalt[];
}

const ALL = 1_000_000;
/** 09:30. */
const USUAL_BELL = 9 * 3600 + 30 * 60;
const CRASH: Shock = { at: 0, moveSeconds: 2, holdSeconds: 0.5, recoverSeconds: 3, ppm: -80_000, first: 0, every: 1, limit: 10 };

function scenario(name: string, summary: string, seconds: number, intensity: Scenario["intensity"], events: Partial<Scenario> = {}): Scenario {
  const usual = { bellSecond: USUAL_BELL, ratePerSecond: 100_000, instruments: 300, shocks: [], halts: [], marketHalts: [] };
  return { name, summary, seconds, intensity, ...usual, ...events };
}

/** Seconds from the bell of day-24h, two after midnight, to a time of day. */
function dayTime(hour: number): number {
  return hour * 3600 - 2;
}

const SCENARIOS: readonly Scenario[] = [
  scenario(
    "demo",
    "an opening burst, calm, a flash crash of ten instruments at 8 s, a halt from 14 to 16.5 s, and the rise into the close",
    20,
    [
      [0, 10],
      [1, 10],
      [3, 1],
      [8, 1],
      [8.2, 3],
      [13, 2],
      [13.5, 1],
      [18.5, 1],
      [20, 3],
    ],
    { shocks: [{ ...CRASH, at: 8 }], halts: [{ at: 14, quoteAt: 15.5, resumeAt: 16.5, instrument: 1 }] },
  ),
  scenario("open", "the first seconds of the day: ten times the messages, then calm", 10, [
    [0, 10],
    [2, 10],
    [4, 1],
    [10, 1],
  ]),
  scenario("calm", "a steady market", 10, [
    [0, 1],
    [10, 1],
  ]),
  scenario("close", "the last seconds of the day: messages rise threefold into the closing auction", 10, [
    [0, 1],
    [5, 1],
    [10, 3],
  ]),
  scenario("burst-10x", "calm, then ten times the messages from 4 to 6 s, then calm", 10, [
    [0, 1],
    [4, 1],
    [4.001, 10],
    [6, 10],
    [6.001, 1],
    [10, 1],
  ]),
  scenario(
    "flash-crash",
    "ten instruments fall by 8 % from 3 to 5 s and recover by 8.5 s",
    12,
    [
      [0, 1],
      [3, 1],
      [3.2, 4],
      [8.5, 2],
      [9, 1],
      [12, 1],
    ],
    { shocks: [{ ...CRASH, at: 3 }] },
  ),
  scenario(
    "news-shock",
    "every fifth instrument falls by 3 % within half a second of 4 s, together, and stays there",
    10,
    [
      [0, 1],
      [4, 1],
      [4.1, 6],
      [5, 6],
      [6, 1],
      [10, 1],
    ],
    { shocks: [{ at: 4, moveSeconds: 0.5, holdSeconds: 0, recoverSeconds: 0, ppm: -30_000, first: 0, every: 5, limit: ALL }] },
  ),
  scenario(
    "halt",
    "the second instrument is halted from 3 to 7 s and resumes with an auction",
    10,
    [
      [0, 1],
      [10, 1],
    ],
    { halts: [{ at: 3, quoteAt: 5.5, resumeAt: 7, instrument: 1 }] },
  ),
  scenario(
    "market-halt",
    "everything falls by 7.5 % from 3 to 5 s, the market-wide breaker stops all trading until 9 s",
    12,
    [
      [0, 1],
      [3, 1],
      [3.2, 5],
      [5, 5],
      [5.1, 0.2],
      [8.9, 0.2],
      [9, 4],
      [10, 1],
      [12, 1],
    ],
    {
      shocks: [{ at: 3, moveSeconds: 2, holdSeconds: 0, recoverSeconds: 0, ppm: -75_000, first: 0, every: 1, limit: ALL }],
      marketHalts: [{ at: 5, resumeAt: 9, level: 1 }],
    },
  ),
  scenario(
    "day-24h",
    "a day from midnight to midnight: peaks at the start, at 09:30 and at 16:00, nights; one instrument halted from 11:00 to 11:30, ten crash at 14:45",
    dayTime(24),
    [
      [0, 3],
      [dayTime(0.2), 3],
      [dayTime(0.5), 0.6],
      [dayTime(2), 0.3],
      [dayTime(6), 0.3],
      [dayTime(9), 0.8],
      [dayTime(9.49), 1],
      [dayTime(9.5), 6],
      [dayTime(10), 2.5],
      [dayTime(12.5), 1.2],
      [dayTime(15), 2],
      [dayTime(15.8), 3],
      [dayTime(16), 6],
      [dayTime(16.01), 0.9],
      [dayTime(20), 0.4],
      [dayTime(24), 0.3],
    ],
    {
      bellSecond: 2,
      ratePerSecond: 400,
      instruments: 500,
      shocks: [{ ...CRASH, at: dayTime(14.75) }],
      halts: [{ at: dayTime(11), quoteAt: dayTime(11.4), resumeAt: dayTime(11.5), instrument: 1 }],
    },
  ),
];

/** The names that findScenario knows. */
export function scenarioNames(): readonly string[] {
  return SCENARIOS.map((each) => each.name);
}

/** The scenario of a name. Throws USAGE, naming the allowed ones. */
export function findScenario(name: string): Scenario {
  const found = SCENARIOS.find((each) => each.name === name);
  if (found === undefined) throw new StreamError("USAGE", `expected a scenario of ${scenarioNames().join(", ")}; got ${name}`, { scenario: name });
  return found;
}

/** Set the shock of an instrument to value ppm, sweep its book to the new price and quote around it. */
export const ACTION_SHOCK = 1;
/** Stop an instrument; value: 1 when the whole market stops. */
export const ACTION_HALT = 2;
/** Open an instrument for quotes; value as for ACTION_HALT. */
export const ACTION_QUOTE = 3;
/** Publish the imbalance of the coming auction. */
export const ACTION_IMBALANCE = 4;
/** Auction and resume; value as for ACTION_HALT. */
export const ACTION_RESUME = 5;
/** Report that the market-wide breaker's level `value` is breached. */
export const ACTION_BREACH = 6;

export interface ScheduledAction {
  /** ns from the opening bell. */
  readonly timeNs: number;
  readonly action: number;
  readonly instrument: number;
  readonly value: number;
}

/** Imbalance messages between a halt's quotation period and its auction. */
const IMBALANCES = 4;
/** Steps in which a shock moves: fewer when it moves the whole market. */
const STEPS_FEW = 64;
const STEPS_MANY = 16;
const FEW = 32;
/** Executions and new quotes of one step of a shock in one instrument, by measurement 11 to 37. */
const SHOCK_MESSAGES = 15;

/** The actions of a scenario over `durationNs`, in time order. */
export function compileSchedule(spec: Scenario, durationNs: number, instruments: number): readonly ScheduledAction[] {
  const scale = durationNs / spec.seconds;
  const actions: ScheduledAction[] = [];
  const add = (second: number, action: number, instrument: number, value: number): void => {
    actions.push({ timeNs: Math.floor(second * scale), action, instrument, value });
  };
  for (const shock of spec.shocks) addShock(shock, instruments, add);
  for (const halt of spec.halts) addHalt(halt.at, halt.quoteAt, halt.resumeAt, Math.min(halt.instrument, instruments - 1), 0, add);
  for (const halt of spec.marketHalts) {
    add(halt.at, ACTION_BREACH, 0, halt.level);
    for (let i = 0; i < instruments; i++) addHalt(halt.at, halt.at + (halt.resumeAt - halt.at) * 0.8, halt.resumeAt, i, 1, add);
  }
  return actions.sort((a, b) => a.timeNs - b.timeNs);
}

/** About as many messages as the scenario's own actions make, on top of the traders': most are sweeps of books by shocks. */
export function actionMessages(spec: Scenario, instruments: number): number {
  let count = 0;
  for (const scheduled of compileSchedule(spec, 1, instruments)) count += scheduled.action === ACTION_SHOCK ? SHOCK_MESSAGES : 1;
  return count;
}

type AddAction = (second: number, action: number, instrument: number, value: number) => void;

function addShock(shock: Shock, instruments: number, add: AddAction): void {
  const affected: number[] = [];
  for (let i = shock.first; i < Math.min(instruments, shock.limit); i += shock.every) affected.push(i);
  const steps = affected.length > FEW ? STEPS_MANY : STEPS_FEW;
  const backAt = shock.at + shock.moveSeconds + shock.holdSeconds;
  for (let step = 1; step <= steps; step++) {
    for (const instrument of affected) {
      add(shock.at + (shock.moveSeconds * step) / steps, ACTION_SHOCK, instrument, Math.round((shock.ppm * step) / steps));
      if (shock.recoverSeconds === 0) continue;
      add(backAt + (shock.recoverSeconds * step) / steps, ACTION_SHOCK, instrument, Math.round((shock.ppm * (steps - step)) / steps) | 0);
    }
  }
}

function addHalt(at: number, quoteAt: number, resumeAt: number, instrument: number, wide: number, add: AddAction): void {
  add(at, ACTION_HALT, instrument, wide);
  add(quoteAt, ACTION_QUOTE, instrument, wide);
  for (let i = 0; i < IMBALANCES; i++) add(quoteAt + ((resumeAt - quoteAt) * (i + 1)) / (IMBALANCES + 1), ACTION_IMBALANCE, instrument, wide);
  add(resumeAt, ACTION_RESUME, instrument, wide);
}

/** Intensity over time, as straight lines, normalised so that its mean is 1. */
export class IntensityCurve {
  private readonly timesNs: Float64Array;
  private readonly values: Float64Array;
  private readonly cells: Float64Array = new Float64Array(2);
  private segment = 0;

  constructor(spec: Scenario, durationNs: number) {
    const scale = durationNs / spec.seconds;
    const knots = spec.intensity;
    let area = 0;
    for (let i = 1; i < knots.length; i++) area += ((knots[i][0] - knots[i - 1][0]) * (knots[i][1] + knots[i - 1][1])) / 2;
    const mean = area / spec.seconds;
    this.timesNs = Float64Array.from(knots, (knot) => knot[0] * scale);
    this.values = Float64Array.from(knots, (knot) => knot[1] / mean);
  }

  /** The value at a time that does not go back; before the first knot and after the last it is theirs. */
  at(timeNs: number): number {
    this.cells[0] = timeNs;
    this.read(this.cells, 0, 1);
    return this.cells[1];
  }

  /** Writes the value at the time cells[from] to cells[to]: for callers whose doubles would be boxed on the way. */
  read(cells: Float64Array, from: number, to: number): void {
    const timeNs = cells[from];
    const last = this.timesNs.length - 1;
    while (this.segment < last && timeNs >= this.timesNs[this.segment + 1]) this.segment++;
    const i = this.segment;
    if (i === last) {
      cells[to] = this.values[last];
      return;
    }
    const part = (timeNs - this.timesNs[i]) / (this.timesNs[i + 1] - this.timesNs[i]);
    cells[to] = this.values[i] + (this.values[i + 1] - this.values[i]) * (part < 0 ? 0 : part);
  }
}

/** The length of a scenario as it is written, ns. */
export function naturalDurationNs(spec: Scenario): number {
  return spec.seconds * NANOS_PER_SECOND;
}
