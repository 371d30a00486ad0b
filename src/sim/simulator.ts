/**
 * The built-in exchange: a seeded market whose order flow goes through a real matching engine and comes out as a genuine ITCH 5.0
 * stream, framed as the exchange's files are. Nothing comes from outside. @hot
 *
 * The stream is a function of the options alone: equal options give equal bytes, whatever the sizes of the buffers it is read
 * into, on every machine (only arithmetic that IEEE 754 fixes is used). A stream can be resumed at a byte position by making it
 * again up to there.
 */
import { StreamError } from "../kernel/core/errors.ts";
import { FRAME_BYTES_MAX } from "./itch-encoder.ts";
import { symbolText } from "./market.ts";
import { actionMessages, findScenario, naturalDurationNs } from "./scenario.ts";
import { preludeMessages, STEP_MESSAGES_MAX, TradingSession } from "./session.ts";
import { type BookTruth, bookTruth } from "./truth.ts";

export interface SimulatorOptions {
  /** Any integer; its low 32 bits count. */
  readonly seed: number;
  /** 1 to 5000, by default those of the scenario: 300, of day-24h 500. */
  readonly instruments?: number;
  /** One of scenarioNames(), by default "demo". */
  readonly scenario?: string;
  /** Close after about this many messages (within the closing auctions' number). Alone, it sets the rate; with a rate, the duration. */
  readonly messages?: number;
  /** Mean messages of traders a simulated second, by default that of the scenario: 100,000, of day-24h 400; the sweeps of a crash come on top. */
  readonly ratePerSecond?: number;
}

export const INSTRUMENTS_MAX = 5_000;
const RATE_MAX = 50_000_000;
/** Room that one step may need. */
const STEP_BYTES_MAX = STEP_MESSAGES_MAX * FRAME_BYTES_MAX;

export class MarketSimulator {
  readonly instruments: number;
  /** Simulated ns from the opening bell to the close; with a number of messages, about. */
  readonly durationNs: number;
  /** Mean messages of traders a simulated second. */
  readonly ratePerSecond: number;
  private readonly session: TradingSession;
  /** Bytes of a step that did not fit into the reader's buffer: staging[from, to). */
  private readonly staging: Uint8Array = new Uint8Array(STEP_BYTES_MAX);
  private from = 0;
  private to = 0;
  /** One cell: a field that outgrows 2^31 would have the code around it compiled anew. */
  private readonly delivered: Float64Array = new Float64Array(1);

  /** Throws VALUE_RANGE for a number out of range and USAGE for an unknown scenario. */
  constructor(options: SimulatorOptions) {
    const scenario = findScenario(options.scenario ?? "demo");
    const instruments = checked("instruments", options.instruments ?? scenario.instruments, INSTRUMENTS_MAX);
    const messages = options.messages === undefined ? 0 : checked("messages", options.messages, Number.MAX_SAFE_INTEGER);
    if (!Number.isSafeInteger(options.seed)) throw new StreamError("VALUE_RANGE", `expected an integer as seed, got ${options.seed}`, { seed: options.seed }); // hot-ok: cold
    const trading = Math.max(messages / 2, messages - preludeMessages(instruments) - actionMessages(scenario, instruments));
    let durationNs = naturalDurationNs(scenario);
    let rate = options.ratePerSecond ?? scenario.ratePerSecond;
    if (options.ratePerSecond !== undefined) checked("ratePerSecond", rate, RATE_MAX);
    if (messages > 0 && options.ratePerSecond === undefined) rate = (trading / durationNs) * 1e9;
    else if (messages > 0) durationNs = Math.ceil((trading / rate) * 1e9);
    this.instruments = instruments;
    this.durationNs = durationNs;
    this.ratePerSecond = rate;
    this.session = new TradingSession({ seed: options.seed, instruments, scenario, durationNs, ratePerSecond: rate, messages });
  }

  /** Messages made so far, those not read yet among them. */
  get messages(): number {
    return this.session.encoder.messages;
  }

  /** Simulated time of the latest message made, ns since midnight. */
  get timeNs(): number {
    return this.session.timeNs;
  }

  /** Orders that rest at the exchange now, after everything made so far. Cold. */
  get restingOrders(): number {
    return this.session.engine.liveCount.reduce((sum, count) => sum + count, 0); // hot-ok: cold
  }

  /** Bytes read so far. */
  get position(): number {
    return this.delivered[0];
  }

  /** Bytes made and not read yet; 0 after each read into 32 KiB or more. */
  get pendingBytes(): number {
    return this.to - this.from;
  }

  /** True when everything has been read. */
  get isOver(): boolean {
    return this.session.isOver && this.from === this.to;
  }

  /**
   * Fills target[offset, ...) with whole framed messages; returns the bytes written, 0 when the session is over. A large target
   * need not be filled to its end. Throws VALUE_RANGE when not even the next message fits: FRAME_BYTES_MAX always do.
   */
  read(target: Uint8Array, offset: number = 0): number {
    const bytes = this.produce(target, offset, target.length);
    if (bytes === 0 && !this.isOver) refuse("expected room for the next message", target.length - offset);
    return bytes;
  }

  /** Makes and drops bytes until `position` is reached: how a reader resumes. Throws VALUE_RANGE if no message ends there. Cold. */
  skipTo(position: number): void {
    const scratch = new Uint8Array(STEP_BYTES_MAX * 2); // hot-ok: cold
    while (this.delivered[0] < position) {
      const room = Math.min(scratch.length, position - this.delivered[0]);
      if (this.produce(scratch, 0, room) === 0) break;
    }
    if (this.delivered[0] !== position) refuse("expected the position of a message's end", position);
  }

  /** The symbols, by instrument. Cold. */
  symbols(): string[] {
    return Array.from(this.session.market.openTick, (_, instrument) => symbolText(this.session.market.symbols, instrument)); // hot-ok: cold
  }

  /**
   * The full book of a symbol as the exchange has it, after everything made so far: equal to what a reader knows when
   * `pendingBytes` is 0. Throws INSTRUMENT_UNKNOWN. Cold.
   */
  truth(symbol: string): BookTruth {
    const instrument = this.session.market.indexOf(symbol);
    if (instrument < 0) throw new StreamError("INSTRUMENT_UNKNOWN", `expected a symbol from SIM001 on, got ${symbol}`, { symbol }); // hot-ok: cold
    return bookTruth(this.session.engine, instrument);
  }

  private produce(target: Uint8Array, offset: number, limit: number): number {
    const { session } = this;
    const encoder = session.encoder;
    let at = this.drain(target, offset, limit);
    if (limit - at >= STEP_BYTES_MAX && this.from === this.to) {
      const last = limit - STEP_BYTES_MAX;
      encoder.bind(target, at);
      while (encoder.at <= last && !session.isOver) session.step();
      at = encoder.at;
    } else {
      while (this.from === this.to && !session.isOver && at < limit) {
        encoder.bind(this.staging, 0);
        session.step();
        this.from = 0;
        this.to = encoder.at;
        at = this.drain(target, at, limit);
      }
    }
    this.delivered[0] += at - offset;
    return at - offset;
  }

  /** Hands over whole staged frames as far as they fit; returns the new offset. */
  private drain(target: Uint8Array, offset: number, limit: number): number {
    const staging = this.staging;
    let at = offset;
    while (this.from < this.to) {
      const bytes = 2 + (staging[this.from] << 8) + staging[this.from + 1];
      if (at + bytes > limit) break;
      for (let i = 0; i < bytes; i++) target[at + i] = staging[this.from + i];
      this.from += bytes;
      at += bytes;
    }
    return at;
  }
}

function checked(name: string, value: number, most: number): number {
  if (Number.isInteger(value) && value >= 1 && value <= most) return value;
  throw new StreamError("VALUE_RANGE", `expected ${name} from 1 to ${most}, got ${value}`, { [name]: value }); // hot-ok: cold
}

function refuse(what: string, value: number): never {
  throw new StreamError("VALUE_RANGE", `${what}, got ${value}`, { value }); // hot-ok: cold
}
