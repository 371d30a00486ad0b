/**
 * The listed instruments and what they are worth: symbols SIM001 onwards, opening prices of 5 to 100, activity falling with rank as
 * 1 / (rank + 4) (Zipf-Mandelbrot), and a fair price each, which moves by a common factor times its own sensitivity, by a mean-
 * reverting walk of its own and by what a scenario adds. @hot
 *
 * Fair prices move in business time, a step an event, so a scenario's rate changes how fast but not how far. Traders see the fair
 * price, the feed never does. Values are parts per million of the opening price.
 */
import type { Random } from "../kernel/core/random.ts";
import { type AliasTable, createAlias } from "./chance-tables.ts";

/** Ticks that an order may be priced at, by instrument: twenty dollars to both sides of the open. */
export const WINDOW_TICKS = 4096;
/** Fair prices keep this many ticks from the ends of the window. */
const MARGIN_TICKS = 64;
const OPEN_TICK_MIN = 500;
const OPEN_TICK_SPAN = 9_500;
const ACTIVITY_OFFSET = 5;
/** Most and fewest resting orders that traders of an instrument strive for. */
const RESTING_MAX = 240;
const RESTING_MIN = 60;
/** Standard deviation of one own step, ppm, over that of the sum drawn; and the share that reverts. */
const OWN_STEP = 20 / 148;
const OWN_REVERSION = 1 / 65_536;
/** The common factor moves once in 64 events. */
const COMMON_EVERY_MASK = 63;
const COMMON_STEP = 12 / 148;
const COMMON_REVERSION = 1 / 32_768;

export class Market {
  readonly instruments: number;
  /** Eight bytes an instrument, padded with spaces. */
  readonly symbols: Uint8Array;
  readonly openTick: Int32Array;
  readonly firstTick: Int32Array;
  /** Ticks between the fair price and the best quote that a maker gives, by instrument. */
  readonly edgeTicks: Int32Array;
  /** Resting orders that an instrument's traders strive for. */
  readonly restingWanted: Int32Array;
  private readonly random: Random;
  private readonly accept: Float64Array;
  private readonly alias: Int32Array;
  private readonly sensitivity: Float64Array;
  private readonly own: Float64Array;
  private readonly shock: Float64Array;
  private readonly common: Float64Array = new Float64Array(1);
  private events = 0;

  constructor(instruments: number, random: Random) {
    this.instruments = instruments;
    this.random = random;
    this.symbols = createSymbols(instruments);
    this.openTick = new Int32Array(instruments);
    this.firstTick = new Int32Array(instruments);
    this.edgeTicks = new Int32Array(instruments);
    this.restingWanted = new Int32Array(instruments);
    this.sensitivity = new Float64Array(instruments);
    this.own = new Float64Array(instruments);
    this.shock = new Float64Array(instruments);
    const weights = new Float64Array(instruments);
    for (let i = 0; i < instruments; i++) {
      const u = random.nextFloat();
      this.openTick[i] = OPEN_TICK_MIN + Math.floor(OPEN_TICK_SPAN * u * u);
      this.firstTick[i] = Math.max(1, this.openTick[i] - WINDOW_TICKS / 2);
      this.edgeTicks[i] = Math.min(3, Math.floor((i * 4) / instruments)) * random.nextBelow(2);
      this.restingWanted[i] = RESTING_MIN + Math.floor(((RESTING_MAX - RESTING_MIN) * (instruments - i)) / instruments);
      this.sensitivity[i] = 0.5 + random.nextFloat();
      weights[i] = 1 / (i + ACTIVITY_OFFSET);
    }
    const table: AliasTable = createAlias(weights);
    this.accept = table.accept;
    this.alias = table.alias;
  }

  /** An instrument, drawn by activity. */
  pick(): number {
    const scaled = (this.random.nextInt32() >>> 0) * this.instruments;
    const column = Math.floor(scaled / 4_294_967_296);
    return scaled - column * 4_294_967_296 < this.accept[column] ? column : this.alias[column];
  }

  /** Moves the market by one event of an instrument. */
  step(instrument: number): void {
    this.own[instrument] += this.noise() * OWN_STEP - this.own[instrument] * OWN_REVERSION;
    this.events = (this.events + 1) & COMMON_EVERY_MASK;
    if (this.events === 0) this.common[0] += this.noise() * COMMON_STEP - this.common[0] * COMMON_REVERSION;
  }

  /** What the scenario adds to an instrument's fair price from now on, ppm of its opening price. */
  setShock(instrument: number, ppm: number): void {
    this.shock[instrument] = ppm;
  }

  /** The fair price, in whole ticks. */
  fairTick(instrument: number): number {
    const ppm = this.sensitivity[instrument] * this.common[0] + this.own[instrument] + this.shock[instrument];
    const tick = Math.floor(this.openTick[instrument] * (1 + ppm / 1_000_000) + 0.5);
    const least = this.firstTick[instrument] + MARGIN_TICKS;
    const most = this.firstTick[instrument] + WINDOW_TICKS - 1 - MARGIN_TICKS;
    return tick < least ? least : tick > most ? most : tick;
  }

  /** The index of a symbol, or -1. Cold. */
  indexOf(symbol: string): number {
    for (let i = 0; i < this.instruments; i++) if (symbolText(this.symbols, i) === symbol) return i;
    return -1;
  }

  /** Near to normal with mean 0 and standard deviation 148: the sum of four bytes (Irwin-Hall). */
  private noise(): number {
    const draw = this.random.nextInt32();
    return (draw & 255) + ((draw >>> 8) & 255) + ((draw >>> 16) & 255) + (draw >>> 24) - 510;
  }
}

/** The symbol of an instrument. Cold. */
export function symbolText(symbols: Uint8Array, instrument: number): string {
  return String.fromCharCode(...symbols.subarray(instrument * 8, instrument * 8 + 8)).trimEnd(); // hot-ok: cold
}

function createSymbols(instruments: number): Uint8Array {
  const symbols = new Uint8Array(instruments * 8).fill(0x20);
  for (let i = 0; i < instruments; i++) {
    const text = `SIM${String(i + 1).padStart(3, "0")}`;
    for (let k = 0; k < text.length; k++) symbols[i * 8 + k] = text.charCodeAt(k);
  }
  return symbols;
}
