/**
 * Stock locates of an ITCH day and the instruments behind them. @hot
 *
 * A locate is a row: the instrument, and the eight bytes of the symbol that last named it. Every message that carries a symbol checks
 * it against the row, so a day that gives locates anew is followed even where its directory was not seen. A message without a symbol
 * whose locate nothing has named belongs to the instrument "#<locate>", and is counted: it is real, but whose it is nobody said.
 *
 * row   i32 x 4   instrument + 1, negative when only "#<locate>", 0 unknown | symbol, two words | -
 */
import { REJECTED } from "../../kernel/core/status.ts";
import type { InstrumentRegistry } from "../../kernel/instrument/registry.ts";
import type { Arena } from "../../kernel/memory/arena.ts";
import { HEADER_LOCATE as LOCATE_AT, PRICE_SCALE, QTY_SCALE, STOCK_BYTES } from "./itch50-layout.ts";

/** Rebound so that it is folded into the code: an imported constant is read at each use. */
const HEADER_LOCATE = LOCATE_AT;
const LOCATES = 65_536;

const UNKNOWN_LOCATE = 0;
const RENAMED = 1;
const STATE_CELLS = 8;

const SPACE = 0x20;
const HASH_SIGN = 0x23;
const ZERO = 0x30;

export class Itch50Directory {
  readonly registry: InstrumentRegistry;
  /** Rows of 4 by locate: see above. */
  readonly locates: Int32Array;
  private readonly state: Float64Array;
  private readonly numberText: Uint8Array;

  constructor(arena: Arena, registry: InstrumentRegistry) {
    this.registry = registry;
    this.locates = arena.int32("itch50.locates", LOCATES * 4);
    this.state = arena.float64("itch50.directory", STATE_CELLS);
    this.numberText = new Uint8Array(STOCK_BYTES);
  }

  /** Messages whose locate no message has named. */
  get unknownLocate(): number {
    return this.state[UNKNOWN_LOCATE];
  }

  /** Times that a locate was given to another symbol. */
  get renamed(): number {
    return this.state[RENAMED];
  }

  /** The instrument of a message without a symbol, or REJECTED when the registry is full. */
  byLocate(view: DataView, from: number): number {
    const locate = view.getUint16(from + HEADER_LOCATE);
    const id = this.locates[locate << 2] - 1;
    return id >= 0 ? id : this.unnamed(locate);
  }

  /** The instrument of a message whose symbol stands at `stockAt`, or REJECTED when the registry cannot take it. */
  byStock(bytes: Uint8Array, view: DataView, from: number, stockAt: number): number {
    const row = view.getUint16(from + HEADER_LOCATE) << 2;
    const locates = this.locates;
    const id = locates[row] - 1;
    if (id >= 0 && locates[row + 1] === view.getInt32(stockAt) && locates[row + 2] === view.getInt32(stockAt + 4)) return id;
    return this.learn(bytes, view, row, stockAt);
  }

  private learn(bytes: Uint8Array, view: DataView, row: number, stockAt: number): number {
    let end = stockAt + STOCK_BYTES;
    while (end > stockAt && (bytes[end - 1] === SPACE || bytes[end - 1] === 0)) end--;
    const id = this.register(bytes, stockAt, end);
    if (id < 0) return REJECTED;
    const locates = this.locates;
    if (locates[row] > 0) this.state[RENAMED]++;
    locates[row] = id + 1;
    locates[row + 1] = view.getInt32(stockAt);
    locates[row + 2] = view.getInt32(stockAt + 4);
    return id;
  }

  private unnamed(locate: number): number {
    const row = locate << 2;
    const known = this.locates[row];
    if (known < 0) {
      this.state[UNKNOWN_LOCATE]++;
      return -known - 1;
    }
    const text = this.numberText;
    let digits = 1;
    for (let rest = locate; rest >= 10; rest = (rest / 10) | 0) digits++;
    text[0] = HASH_SIGN;
    for (let i = digits, rest = locate; i > 0; i--, rest = (rest / 10) | 0) text[i] = ZERO + (rest % 10);
    const id = this.register(text, 0, digits + 1);
    if (id < 0) return REJECTED;
    this.state[UNKNOWN_LOCATE]++;
    this.locates[row] = -(id + 1);
    return id;
  }

  /** A symbol that another feed has registered at other scales is refused: its prices would be misread. */
  private register(bytes: Uint8Array, from: number, to: number): number {
    const id = this.registry.add(bytes, from, to, PRICE_SCALE, QTY_SCALE);
    if (id < 0 || this.registry.priceScale[id] !== PRICE_SCALE || this.registry.qtyScale[id] !== QTY_SCALE) return REJECTED;
    return id;
  }
}
