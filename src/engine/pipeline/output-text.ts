/**
 * Outputs as plain objects with names, symbols and decimals: what files and terminals show. Cold; chains are gathered until
 * FLAG_LAST. A time is an ISO string with nanoseconds when the session epoch is known, else ns since it.
 */
import { formatDecimal } from "../../kernel/core/fixed.ts";
import type { InstrumentRegistry } from "../../kernel/instrument/registry.ts";
import { AckView, ACK_EMIT_INDEX_U32 } from "../../kernel/record/ack.ts";
import { BarView } from "../../kernel/record/bar.ts";
import { FLAG_CRITICAL, FLAG_LAST, flagNames } from "../../kernel/record/flags.ts";
import {
  HEADER_FLAGS_U16,
  HEADER_INSTRUMENT_U32,
  HEADER_SEQUENCE_F64,
  HEADER_TS_EVENT_F64,
  SIDE_ASK,
  SIDE_BID,
  TYPE_ACK,
  TYPE_BAR,
  TYPE_PANE,
  TYPE_SIGNAL,
} from "../../kernel/record/header.ts";
import { PANE_EMIT_INDEX_U32, PaneView } from "../../kernel/record/pane.ts";
import { KIND_BREAKER, KIND_PATTERN, SignalView } from "../../kernel/record/signal.ts";
import { Slots } from "../../kernel/record/slots.ts";
import { VALUES_FIRST_F64, VALUES_PER_RECORD } from "../../kernel/record/values.ts";
import { PATTERN_VALUES } from "./pattern-stage.ts";
import { formatDuration } from "./quantity.ts";
import type { PipelinePlan } from "./plan.ts";

/** Longest chain: a signal with 255 values. */
const CHAIN_MAX = 66;

/** Names that a chain's numbers stand for. */
export interface OutputNames {
  readonly plan: PipelinePlan;
  readonly registry: InstrumentRegistry;
  /** ms since 1970 of the session epoch; 0 when the feed has times of day only. */
  epochMs(): number;
  /** Names of the values that a rule's signals carry. */
  ruleValues(rule: number): readonly string[];
}

/** Something a run said, as an object ready for JSON. */
export type OutputObject = Readonly<Record<string, unknown>>;

const ACK_STATUS = ["", "filled", "accepted", "notExecuted", "rejected"];
const ACK_REASON = ["none", "breakerOpen", "halted", "bookUnsynced", "noLiquidity", "notReady", "noSide", "lot"];
const TIMING = ["early", "onTime", "late"];
const BREAKER_VALUES = ["state"];

export class OutputText {
  private readonly names: OutputNames;
  private readonly chain: Slots = Slots.create(CHAIN_MAX);
  private length = 0;
  private readonly signal: SignalView = new SignalView(this.chain);
  private readonly pane: PaneView = new PaneView(this.chain);
  private readonly bar: BarView = new BarView(this.chain);
  private readonly ack: AckView = new AckView(this.chain);

  constructor(names: OutputNames) {
    this.names = names;
  }

  /** Takes one record; answers the object when it ends its chain, else null. */
  take(slots: Slots, slot: number): OutputObject | null {
    if (this.length === CHAIN_MAX) this.length = 0;
    this.chain.copyFrom(slots, slot, this.length++);
    if ((slots.u16[(slot << 5) + HEADER_FLAGS_U16] & FLAG_LAST) === 0) return null;
    this.length = 0;
    return this.describe();
  }

  private describe(): OutputObject | null {
    const chain = this.chain;
    const instrument = chain.u32[HEADER_INSTRUMENT_U32];
    const symbol = this.names.registry.symbol(instrument);
    const time = this.time(chain.f64[HEADER_TS_EVENT_F64]);
    const flags = chain.u16[HEADER_FLAGS_U16];
    const doubts = flagNames(flags & ~(FLAG_LAST | FLAG_CRITICAL));
    const quality = { ...((flags & FLAG_CRITICAL) === 0 ? {} : { critical: true }), ...(doubts.length === 0 ? {} : { flags: doubts }) };
    switch (chain.u8[0]) {
      case TYPE_SIGNAL:
        return this.describeSignal(instrument, symbol, time, quality);
      case TYPE_PANE: {
        const pane = this.pane.at(chain, 0);
        const window = this.names.plan.windows[pane.window];
        const values = this.values(
          pane.values,
          window.values.map((value) => value.name),
          pane.present,
        );
        const head = { window: window.name, id: this.id(instrument, chain.u32[PANE_EMIT_INDEX_U32]), instrument: symbol };
        return { ...head, start: this.time(pane.start), end: this.time(pane.end), timing: TIMING[pane.timing], version: pane.version, values, ...quality };
      }
      case TYPE_BAR: {
        const bar = this.bar.at(chain, 0);
        const price = (value: number): string => formatDecimal(value, this.names.registry.priceScale[instrument]);
        const every = formatDuration(this.names.plan.bars[bar.interval].everyNs);
        const ohlc = { open: price(bar.open), high: price(bar.high), low: price(bar.low), close: price(bar.close) };
        const end = this.time(chain.f64[8 + HEADER_TS_EVENT_F64]);
        return {
          bar: every,
          instrument: symbol,
          start: time,
          end,
          ...ohlc,
          volume: this.qty(instrument, bar.volume),
          count: bar.count,
          version: bar.version,
          ...quality,
        };
      }
      case TYPE_ACK: {
        const ack = this.ack.at(chain, 0);
        const id = this.id(instrument, chain.u32[ACK_EMIT_INDEX_U32]);
        const fill = ack.qty === 0 ? {} : { price: this.price(instrument, ack.price), qty: this.qty(instrument, ack.qty) };
        return { ack: ACK_STATUS[ack.status], id, instrument: symbol, time, side: sideName(ack.side), reason: ACK_REASON[ack.reason], ...fill, ...quality };
      }
      default:
        return null;
    }
  }

  private describeSignal(instrument: number, symbol: string, time: string | number, quality: object): OutputObject {
    const { plan } = this.names;
    const signal = this.signal.at(this.chain, 0);
    let name = "breaker";
    let valueNames: readonly string[] = BREAKER_VALUES;
    if (signal.kind === KIND_PATTERN) {
      name = plan.patterns[signal.rule].name;
      valueNames = PATTERN_VALUES[plan.patterns[signal.rule].kind];
    } else if (signal.kind !== KIND_BREAKER) {
      name = plan.signals[signal.rule].name;
      valueNames = this.names.ruleValues(signal.rule);
    }
    const values = this.values(signal.values, valueNames);
    const id = this.id(instrument, signal.emitIndex);
    return {
      signal: name,
      id,
      instrument: symbol,
      time,
      price: this.price(instrument, signal.price),
      side: sideName(signal.side),
      strength: signal.strength,
      values,
      ...quality,
    };
  }

  /** The identity of an output: sequence of the cause, instrument, emit index. */
  private id(instrument: number, emitIndex: number): string {
    return `${this.chain.f64[HEADER_SEQUENCE_F64]}-${instrument}-${emitIndex}`;
  }

  private price(instrument: number, value: number): string {
    return formatDecimal(value, this.names.registry.priceScale[instrument]);
  }

  private qty(instrument: number, value: number): string {
    return formatDecimal(value, this.names.registry.qtyScale[instrument]);
  }

  /** Values by name; those whose bit is not set in `present` are absent. */
  private values(count: number, names: readonly string[], present: number = -1): Record<string, number> {
    const values: Record<string, number> = {};
    for (let i = 0; i < count; i++) {
      if (i < 16 && (present & (1 << i)) === 0) continue;
      const record = 1 + Math.floor(i / VALUES_PER_RECORD);
      values[names[i] ?? `value${i}`] = this.chain.f64[record * 8 + VALUES_FIRST_F64 + (i % VALUES_PER_RECORD)];
    }
    return values;
  }

  private time(ns: number): string | number {
    return formatTime(ns, this.names.epochMs());
  }
}

/** An ISO time with nanoseconds, or the number itself when the epoch is not known. */
export function formatTime(ns: number, epochMs: number): string | number {
  if (epochMs === 0) return ns;
  const ms = Math.floor(ns / 1e6);
  const rest = ns - ms * 1e6;
  return `${new Date(epochMs + ms).toISOString().slice(0, -1)}${String(rest).padStart(6, "0")}Z`;
}

function sideName(side: number): string {
  return side === SIDE_BID ? "buy" : side === SIDE_ASK ? "sell" : "none";
}
