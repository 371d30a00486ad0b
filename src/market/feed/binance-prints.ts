/**
 * Trades and best bids and offers of Binance: a scanned message to one record. @hot
 *
 * A print of futures without price or quantity (X = NA) is counted and gives no record; other prints off the book keep the first
 * letter of X as their condition. m says that the buyer was the maker, so the seller crossed.
 */
import type { InstrumentRegistry } from "../../kernel/instrument/registry.ts";
import { FLAG_LAST } from "../../kernel/record/flags.ts";
import { SIDE_ASK, SIDE_BID } from "../../kernel/record/header.ts";
import { AT_OFF_BOOK } from "./binance-report.ts";
import type { DepthObserver } from "./depth-gate.ts";
import type { EventClock } from "./event-clock.ts";
import {
  FIELD_A,
  FIELD_B,
  FIELD_E,
  FIELD_T,
  FIELD_X,
  FIELD_a,
  FIELD_b,
  FIELD_m,
  FIELD_p,
  FIELD_q,
  FIELD_s,
  FIELD_u,
  KIND_FALSE,
  KIND_NUMBER,
  KIND_STRING,
  KIND_TRUE,
  SHAPE,
  sameBytes,
  scanDecimal,
  type FieldScan,
} from "./json-scan.ts";
import { REASON_FIELD, REASON_REGISTRY } from "./quarantine.ts";
import type { RecordWriter } from "./record-writer.ts";
import type { SymbolLookup } from "./symbol-lookup.ts";

const NAME_MARKET = new TextEncoder().encode("MARKET");

export class BinancePrints {
  /** Instrument of the message taken last. */
  instrument = 0;
  private readonly fields: FieldScan;
  private readonly symbols: SymbolLookup;
  private readonly registry: InstrumentRegistry;
  private readonly clock: EventClock;
  private readonly writer: RecordWriter;
  private readonly observer: DepthObserver;
  private readonly state: Float64Array;
  private readonly row: Float64Array = new Float64Array(4);

  constructor(
    fields: FieldScan,
    symbols: SymbolLookup,
    registry: InstrumentRegistry,
    clock: EventClock,
    writer: RecordWriter,
    observer: DepthObserver,
    state: Float64Array,
  ) {
    this.fields = fields;
    this.symbols = symbols;
    this.registry = registry;
    this.clock = clock;
    this.writer = writer;
    this.observer = observer;
    this.state = state;
  }

  /** A trade with its id in `idField`: 0 when taken, SHAPE, NUMBER or a reason. */
  takeTrade(bytes: Uint8Array, idField: number, aggregate: number): number {
    const fields = this.fields;
    const kind = fields.kind;
    const row = this.row;
    const maker = kind[FIELD_m];
    if (kind[FIELD_p] !== KIND_STRING || kind[FIELD_q] !== KIND_STRING || kind[idField] !== KIND_NUMBER) return SHAPE;
    if (maker !== KIND_TRUE && maker !== KIND_FALSE) return SHAPE;
    const instrument = this.symbols.find(bytes, fields.from[FIELD_s], fields.to[FIELD_s]);
    if (instrument < 0) return REASON_REGISTRY;
    const price = scanDecimal(bytes, fields.from[FIELD_p], this.registry.priceScale[instrument], row, 0);
    if (price < 0) return price;
    const qty = scanDecimal(bytes, fields.from[FIELD_q], this.registry.qtyScale[instrument], row, 1);
    if (qty < 0) return qty;
    if (row[0] < 0 || row[1] < 0) return REASON_FIELD;
    this.instrument = instrument;
    this.stamp();
    if (row[0] === 0 || row[1] === 0) {
      this.state[AT_OFF_BOOK]++;
      return 0;
    }
    let condition = aggregate;
    if (kind[FIELD_X] === KIND_STRING && !sameBytes(bytes, fields.from[FIELD_X], fields.to[FIELD_X], NAME_MARKET)) condition = bytes[fields.from[FIELD_X]];
    row[2] = fields.numbers[idField];
    this.writer.trade(instrument, FLAG_LAST | this.clock.flags, row, 0, maker === KIND_TRUE ? SIDE_ASK : SIDE_BID, condition);
    return 0;
  }

  /** A best bid and offer: 0 when taken, SHAPE, NUMBER or a reason. */
  takeTicker(bytes: Uint8Array): number {
    const fields = this.fields;
    const kind = fields.kind;
    const row = this.row;
    if (kind[FIELD_u] !== KIND_NUMBER || kind[FIELD_b] !== KIND_STRING || kind[FIELD_B] !== KIND_STRING) return SHAPE;
    if (kind[FIELD_a] !== KIND_STRING || kind[FIELD_A] !== KIND_STRING) return SHAPE;
    const instrument = this.symbols.find(bytes, fields.from[FIELD_s], fields.to[FIELD_s]);
    if (instrument < 0) return REASON_REGISTRY;
    const priceScale = this.registry.priceScale[instrument];
    const qtyScale = this.registry.qtyScale[instrument];
    let at = scanDecimal(bytes, fields.from[FIELD_b], priceScale, row, 0);
    if (at >= 0) at = scanDecimal(bytes, fields.from[FIELD_B], qtyScale, row, 1);
    if (at >= 0) at = scanDecimal(bytes, fields.from[FIELD_a], priceScale, row, 2);
    if (at >= 0) at = scanDecimal(bytes, fields.from[FIELD_A], qtyScale, row, 3);
    if (at < 0) return at;
    if (row[0] < 0 || row[1] < 0 || row[2] < 0 || row[3] < 0) return REASON_FIELD;
    this.instrument = instrument;
    this.stamp();
    this.writer.quote(instrument, FLAG_LAST | this.clock.flags, row, 0);
    this.observer.onBookTicker(instrument, fields.numbers, FIELD_u);
    return 0;
  }

  /** The event time of the scanned message: T (matching engine), else E, else none. */
  stamp(): void {
    const { kind, numbers } = this.fields;
    if (kind[FIELD_T] === KIND_NUMBER) this.clock.stamp(numbers, FIELD_T);
    else if (kind[FIELD_E] === KIND_NUMBER) this.clock.stamp(numbers, FIELD_E);
    else this.clock.stampAbsent();
  }
}
