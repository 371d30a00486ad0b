/**
 * Binance market streams to records: trade, aggTrade, depthUpdate, bookTicker and REST depth snapshots, one JSON message a line. @hot
 *
 * The usual forms, bare or wrapped as {"stream","data"}, are scanned as bytes; any other form is read by binance-cold.ts and counted
 * (`fallbacks`). Trades and quotes go out at once, depth by way of DepthFlow. A malformed message is counted, kept in the quarantine
 * and skipped; if it was an increment of a known instrument, its book is out of step from there.
 * tsEvent is T (matching engine) where the message has it, else E; a spot bookTicker has neither and takes the last event time of the
 * stream. A trade line takes about a third of the time of JSON.parse alone. Source: developers.binance.com/docs,
 * binance-spot-api-docs/web-socket-streams and derivatives/{usds,coin}-margined-futures/websocket-market-streams.
 */
import type { InstrumentRegistry } from "../../kernel/instrument/registry.ts";
import { UNKNOWN } from "../../kernel/core/status.ts";
import type { Arena } from "../../kernel/memory/arena.ts";
import { HEADER_TS_RECV_F64 } from "../../kernel/record/header.ts";
import type { Outlet } from "../../kernel/record/outlet.ts";
import { CONDITION_AGGREGATE } from "../../kernel/record/trade.ts";
import { COLD_CONTROL, COLD_EVENT, COLD_MALFORMED, COLD_SNAPSHOT, readCold, type ColdMessage } from "./binance-cold.ts";
import {
  AT_EXPECTED,
  AT_FALLBACKS,
  AT_FIRST_BAD,
  AT_REMARKS,
  AT_UNATTRIBUTED,
  BINANCE_CELLS,
  TYPES,
  TYPE_AGG_TRADE,
  TYPE_BOOK_TICKER,
  TYPE_CONTROL,
  TYPE_DEPTH_SNAPSHOT,
  TYPE_DEPTH_UPDATE,
  TYPE_TRADE,
  TYPE_UNKNOWN,
  createBinanceReport,
  understood,
  type BinanceReport,
} from "./binance-report.ts";
import { CAPTURE_FOREIGN, CAPTURE_PLAIN, CAPTURE_REMARK, CaptureLine, beginsLine } from "./capture.ts";
import { BUFFER_CELLS } from "./depth-buffer.ts";
import { BinancePrints } from "./binance-prints.ts";
import { DepthFlow } from "./depth-flow.ts";
import { NO_OBSERVER, ROW_FIRST, ROW_LAST, ROW_PREVIOUS, ROW_TIME, type DepthGate, type DepthObserver } from "./depth-gate.ts";
import { EventClock } from "./event-clock.ts";
import type { Feed } from "./feed.ts";
import {
  FIELD_U,
  FIELD_a,
  FIELD_b,
  FIELD_e,
  FIELD_pu,
  FIELD_s,
  FIELD_t,
  FIELD_u,
  FieldScan,
  KIND_LEVELS,
  KIND_NUMBER,
  KIND_STRING,
  NUMBER,
  SHAPE,
  beginsWith,
  sameBytes,
} from "./json-scan.ts";
import { LINE_BYTES_MAX, LineFramer } from "./lines.ts";
import { Quarantine, REASON_FIELD, REASON_NUMBER, REASON_REGISTRY, REASON_TYPE } from "./quarantine.ts";
import { RecordWriter } from "./record-writer.ts";
import { SymbolLookup, type Scales } from "./symbol-lookup.ts";

export type BinanceMarket = "spot" | "usdm" | "coinm";

export interface BinanceOptions {
  readonly market: BinanceMarket;
  /** One cell owned by the caller: the session epoch in ms since 1970; 0 lets the first time seen set it to its UTC midnight. */
  readonly epoch: Float64Array;
  /** Keeps the books in step. */
  readonly gate: DepthGate;
  readonly observer?: DepthObserver;
  /**
   * Decimal places of prices and quantities where `scales` does not name the symbol. By default 8 and 8; quantities of futures 5,
   * since single levels of cheap contracts pass the 90,071,992 that 2^53 holds at 8 places.
   */
  readonly priceScale?: number;
  readonly qtyScale?: number;
  readonly scales?: Readonly<Record<string, Scales>>;
  readonly lineBytesMax?: number;
  /** Room for increments that wait for a snapshot, in cells of eight bytes. */
  readonly waitingCells?: number;
}

const LEVELS_MAX = 20_000; // of one message: two sides of 5,000 and as many again
const DEFAULT_SCALE = 8;
const FUTURES_QTY_SCALE = 5;
const ORIGIN_WIRE = 0;
const ORIGIN_COLD = 1;
const ORIGIN_SNAPSHOT = 2;
const DONE = 0;
const BRACE_OPEN = 0x7b;
const BRACE_CLOSE = 0x7d;
const QUOTE = 0x22;
const AT_SIGN = 0x40;

const STREAM_HEAD = createText('{"stream":"');
const DATA_HEAD = createText('","data":{');
const DEPTH_STREAM = createText("@depth");
const NAME_TRADE = createText("trade");
const NAME_AGG_TRADE = createText("aggTrade");
const NAME_DEPTH = createText("depthUpdate");
const NAME_TICKER = createText("bookTicker");

function createText(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

export class BinanceDecoder implements Feed {
  /** Malformed messages. */
  readonly quarantine: Quarantine;
  private readonly registry: InstrumentRegistry;
  private readonly needsPrevious: boolean;
  private readonly clock: EventClock;
  private readonly symbols: SymbolLookup;
  private readonly prints: BinancePrints;
  private readonly gate: DepthGate;
  private readonly framer: LineFramer;
  private readonly capture: CaptureLine = new CaptureLine();
  private readonly fields: FieldScan = new FieldScan(LEVELS_MAX);
  private readonly writer: RecordWriter;
  private readonly flow: DepthFlow;
  private readonly doubles: Float64Array;
  private readonly state: Float64Array;
  private readonly perType: Float64Array;
  private readonly perInstrument: Float64Array;
  private instrument: number = UNKNOWN;

  constructor(arena: Arena, registry: InstrumentRegistry, outlet: Outlet, options: BinanceOptions) {
    this.registry = registry;
    this.needsPrevious = options.market !== "spot";
    this.gate = options.gate;
    const observer = options.observer ?? NO_OBSERVER;
    this.quarantine = new Quarantine(arena);
    this.framer = new LineFramer(arena, this.quarantine, options.lineBytesMax ?? LINE_BYTES_MAX);
    this.writer = new RecordWriter(outlet);
    this.doubles = outlet.slots.f64;
    this.clock = new EventClock(arena, options.epoch, this.writer.time, outlet.slots);
    this.state = arena.float64("binance.state", BINANCE_CELLS);
    this.perType = arena.float64("binance.messagesByType", TYPES);
    this.perInstrument = arena.float64("binance.messagesByInstrument", registry.capacity);
    const qtyScale = options.qtyScale ?? (options.market === "spot" ? DEFAULT_SCALE : FUTURES_QTY_SCALE);
    this.symbols = new SymbolLookup(registry, { priceScale: options.priceScale ?? DEFAULT_SCALE, qtyScale }, options.scales);
    this.prints = new BinancePrints(this.fields, this.symbols, registry, this.clock, this.writer, observer, this.state);
    this.flow = new DepthFlow(arena, registry.capacity, this.writer, options.gate, observer, this.fields.cells, options.waitingCells ?? BUFFER_CELLS);
    if (arena.fresh) this.state[AT_FIRST_BAD] = -1;
  }

  get pendingBytes(): number {
    return this.framer.pendingBytes;
  }

  get messages(): number {
    return understood(this.perType);
  }

  get brokenAt(): number {
    if (this.messages > 0) return -1;
    if (this.state[AT_FIRST_BAD] >= 0) return this.state[AT_FIRST_BAD];
    const isHopeful = this.pendingBytes === 0 || beginsLine(this.framer.pendingFirst);
    return isHopeful ? -1 : this.framer.streamOffset - this.pendingBytes;
  }

  report(): BinanceReport {
    return createBinanceReport(
      this.state,
      this.perType,
      this.perInstrument,
      this.registry,
      this.clock,
      this.quarantine.count,
      this.pendingBytes,
      this.flow.createCounts(),
    );
  }

  push(bytes: Uint8Array, from: number, to: number): void {
    const framer = this.framer;
    framer.begin(bytes, from, to);
    while (framer.next()) this.readLine(framer.bytes, framer.from);
    if (framer.oversized > 0 && this.state[AT_FIRST_BAD] < 0) this.state[AT_FIRST_BAD] = this.quarantine.list()[0].offset;
  }

  /** Says whose the next snapshot without a symbol is: a connector knows what it asked for. Cold. */
  expectSnapshot(symbol: string): void {
    const text = createText(symbol);
    this.state[AT_EXPECTED] = this.symbols.find(text, 0, text.length) + 1;
  }

  private readLine(bytes: Uint8Array, from: number): void {
    const capture = this.capture;
    const kind = capture.read(bytes, from);
    if (kind === CAPTURE_REMARK) {
      this.state[AT_REMARKS]++;
      return;
    }
    let outcome = REASON_TYPE;
    if (kind !== CAPTURE_FOREIGN) {
      if (kind !== CAPTURE_PLAIN) this.clock.stampReceive(capture.time);
      this.gate.row[ROW_TIME] = this.doubles[HEADER_TS_RECV_F64];
      outcome = this.decode(bytes, capture.start, ORIGIN_WIRE);
    }
    if (outcome !== DONE && this.framer.close()) {
      if (outcome === SHAPE) outcome = this.decodeCold(bytes, capture.start, this.framer.to);
      if (outcome !== DONE) this.reject(bytes, from, this.framer.to, outcome === NUMBER ? REASON_NUMBER : outcome);
    }
    this.flow.sweep();
  }

  /** One message of the scanner's form. DONE, SHAPE, NUMBER, or the reason why it is refused. */
  private decode(bytes: Uint8Array, from: number, origin: number): number {
    const fields = this.fields;
    let at = from + 1;
    let stream = -1;
    let isWrapped = false;
    if (origin === ORIGIN_WIRE && beginsWith(bytes, from, STREAM_HEAD)) {
      isWrapped = true;
      at = from + STREAM_HEAD.length;
      while (bytes[at] !== QUOTE) {
        if (bytes[at] === AT_SIGN && stream < 0) stream = at;
        if (bytes[at] === 0x5c || !(bytes[at] >= 0x20 && bytes[at] < 0x80)) return SHAPE;
        at++;
      }
      if (stream < 0 || !beginsWith(bytes, at, DATA_HEAD)) return SHAPE;
      at += DATA_HEAD.length;
    } else if (bytes[from] !== BRACE_OPEN) return SHAPE;
    fields.begin(origin !== ORIGIN_WIRE);
    this.flow.bidsAt = 0;
    this.flow.bidsEnd = 0;
    this.flow.asksAt = 0;
    this.flow.asksEnd = 0;
    at = fields.scan(bytes, at);
    while (at >= 0 && fields.stopped >= 0) {
      at = this.readSide(bytes, at, origin, stream);
      if (at < 0) break;
      at = fields.resume(bytes, at);
    }
    if (at === NUMBER) this.losesIncrement(bytes, origin);
    if (at < 0) return at;
    if (isWrapped && bytes[at++] !== BRACE_CLOSE) return SHAPE;
    if (origin === ORIGIN_WIRE ? !this.framer.endsAt(at) : at !== bytes.length - 1) return SHAPE;
    return origin === ORIGIN_SNAPSHOT ? this.takeSnapshot() : this.dispatch(bytes, stream);
  }

  /** The levels of one side at `at`: the position after them, SHAPE or NUMBER. */
  private readSide(bytes: Uint8Array, at: number, origin: number, stream: number): number {
    const fields = this.fields;
    const field = fields.stopped;
    if (field !== FIELD_b && field !== FIELD_a) return SHAPE;
    if (origin !== ORIGIN_SNAPSHOT) {
      if (fields.kind[FIELD_e] !== KIND_STRING || fields.kind[FIELD_s] !== KIND_STRING) return SHAPE;
      if (!this.isNamed(bytes, NAME_DEPTH) || !this.isDiffDepth(bytes, stream)) return SHAPE;
      this.instrument = this.symbols.find(bytes, fields.from[FIELD_s], fields.to[FIELD_s]);
    }
    const known = this.instrument >= 0;
    const priceScale = known ? this.registry.priceScale[this.instrument] : DEFAULT_SCALE;
    const qtyScale = known ? this.registry.qtyScale[this.instrument] : DEFAULT_SCALE;
    const start = fields.used;
    const after = fields.scanLevels(bytes, at, priceScale, qtyScale);
    if (field === FIELD_b) {
      this.flow.bidsAt = start;
      this.flow.bidsEnd = fields.used;
    } else {
      this.flow.asksAt = start;
      this.flow.asksEnd = fields.used;
    }
    return after;
  }

  private dispatch(bytes: Uint8Array, stream: number): number {
    const kind = this.fields.kind;
    if (kind[FIELD_s] !== KIND_STRING) return SHAPE;
    if (kind[FIELD_e] === 0) return this.counted(TYPE_BOOK_TICKER, this.prints.takeTicker(bytes));
    if (kind[FIELD_e] !== KIND_STRING) return SHAPE;
    if (this.isNamed(bytes, NAME_TICKER)) return this.counted(TYPE_BOOK_TICKER, this.prints.takeTicker(bytes));
    if (this.isNamed(bytes, NAME_TRADE)) return this.counted(TYPE_TRADE, this.prints.takeTrade(bytes, FIELD_t, 0));
    if (this.isNamed(bytes, NAME_DEPTH)) return this.isDiffDepth(bytes, stream) ? this.takeDepth() : SHAPE;
    if (this.isNamed(bytes, NAME_AGG_TRADE)) return this.counted(TYPE_AGG_TRADE, this.prints.takeTrade(bytes, FIELD_a, CONDITION_AGGREGATE));
    return SHAPE;
  }

  private takeDepth(): number {
    const fields = this.fields;
    const kind = fields.kind;
    const row = this.gate.row;
    if (kind[FIELD_U] !== KIND_NUMBER || kind[FIELD_u] !== KIND_NUMBER) return SHAPE;
    if (kind[FIELD_b] !== KIND_LEVELS || kind[FIELD_a] !== KIND_LEVELS) return SHAPE;
    const hasPrevious = kind[FIELD_pu] === KIND_NUMBER;
    if (this.needsPrevious && !hasPrevious) return SHAPE;
    if (this.instrument < 0) return REASON_REGISTRY;
    if (fields.numbers[FIELD_U] > fields.numbers[FIELD_u] || this.hasNegative()) {
      this.flow.unreadable(this.instrument);
      return REASON_FIELD;
    }
    this.count(TYPE_DEPTH_UPDATE, this.instrument);
    this.prints.stamp();
    row[ROW_FIRST] = fields.numbers[FIELD_U];
    row[ROW_LAST] = fields.numbers[FIELD_u];
    row[ROW_PREVIOUS] = hasPrevious ? fields.numbers[FIELD_pu] : -1;
    this.flow.increment(this.instrument, this.clock.flags);
    return DONE;
  }

  private takeSnapshot(): number {
    const fields = this.fields;
    if (fields.kind[FIELD_u] !== KIND_NUMBER || this.hasNegative()) return REASON_FIELD;
    this.count(TYPE_DEPTH_SNAPSHOT, this.instrument);
    this.prints.stamp();
    this.gate.row[ROW_LAST] = fields.numbers[FIELD_u];
    this.flow.snapshot(this.instrument, this.clock.flags);
    return DONE;
  }

  /** A message of another form, by JSON.parse. DONE or a reason. */
  private decodeCold(bytes: Uint8Array, from: number, to: number): number {
    const message = readCold(bytes, from, to);
    if (message.kind === COLD_MALFORMED) return message.reason;
    if (message.kind === COLD_CONTROL) this.perType[TYPE_CONTROL]++;
    else if (message.kind === COLD_SNAPSHOT) return this.decodeSnapshot(bytes, message);
    else if (message.kind === COLD_EVENT) {
      this.state[AT_FALLBACKS]++;
      const outcome = this.decode(message.bytes, 0, ORIGIN_COLD);
      if (outcome === SHAPE) this.losesIncrement(message.bytes, ORIGIN_COLD);
      return outcome === SHAPE ? REASON_FIELD : outcome;
    } else {
      this.perType[TYPE_UNKNOWN]++;
      if (this.state[AT_FIRST_BAD] < 0) this.state[AT_FIRST_BAD] = this.framer.lineOffset;
    }
    return DONE;
  }

  /** Whose snapshot: named in it, in the url it came from, by expectSnapshot, or the only instrument that waits for one. */
  private decodeSnapshot(bytes: Uint8Array, message: ColdMessage): number {
    const named = createText(message.symbol);
    const capture = this.capture;
    let instrument: number;
    if (named.length > 0) instrument = this.symbols.find(named, 0, named.length);
    else if (capture.symbolTo > capture.symbolFrom) instrument = this.symbols.find(bytes, capture.symbolFrom, capture.symbolTo);
    else {
      const expected = this.state[AT_EXPECTED] - 1;
      this.state[AT_EXPECTED] = 0;
      instrument = expected >= 0 ? expected : this.gate.onlyWaiting();
      if (instrument < 0) {
        this.perType[TYPE_DEPTH_SNAPSHOT]++;
        this.state[AT_UNATTRIBUTED]++;
        return DONE;
      }
    }
    if (instrument < 0) return REASON_REGISTRY;
    this.instrument = instrument;
    const outcome = this.decode(message.bytes, 0, ORIGIN_SNAPSHOT);
    return outcome === SHAPE ? REASON_FIELD : outcome;
  }

  /** A message that is refused: if it was an increment of a known instrument, its book is out of step now. */
  private losesIncrement(bytes: Uint8Array, origin: number): void {
    const kind = this.fields.kind;
    if (origin === ORIGIN_SNAPSHOT || kind[FIELD_e] !== KIND_STRING || kind[FIELD_s] !== KIND_STRING) return;
    if (!this.isNamed(bytes, NAME_DEPTH)) return;
    const instrument = this.registry.find(bytes, this.fields.from[FIELD_s], this.fields.to[FIELD_s]);
    if (instrument >= 0) this.flow.unreadable(instrument);
  }

  private isNamed(bytes: Uint8Array, name: Uint8Array): boolean {
    return sameBytes(bytes, this.fields.from[FIELD_e], this.fields.to[FIELD_e], name);
  }

  /** False for streams whose messages look like increments but are not: partial books (@depth5) and @rpiDepth. */
  private isDiffDepth(bytes: Uint8Array, stream: number): boolean {
    if (stream < 0) return true;
    const after = bytes[stream + DEPTH_STREAM.length];
    return beginsWith(bytes, stream, DEPTH_STREAM) && (after === QUOTE || after === AT_SIGN);
  }

  private hasNegative(): boolean {
    const cells = this.fields.cells;
    const used = this.fields.used;
    for (let i = 0; i < used; i++) if (cells[i] < 0) return true;
    return false;
  }

  /** Counts a trade or quote that was taken. */
  private counted(type: number, outcome: number): number {
    if (outcome === DONE) this.count(type, this.prints.instrument);
    return outcome;
  }

  private count(type: number, instrument: number): void {
    this.perType[type]++;
    this.perInstrument[instrument]++;
  }

  private reject(bytes: Uint8Array, from: number, to: number, reason: number): void {
    if (this.state[AT_FIRST_BAD] < 0) this.state[AT_FIRST_BAD] = this.framer.lineOffset;
    this.quarantine.keep(bytes, from, to, this.framer.lineOffset, reason);
  }
}
