/** The top of an instrument's book as the row that formulas read, in the instrument's units. @hot */
import {
  BOOK_ASK,
  BOOK_ASK_PRESENT,
  BOOK_ASK_QTY,
  BOOK_BID,
  BOOK_BID_PRESENT,
  BOOK_BID_QTY,
  BOOK_COLUMNS,
  fillBookRow,
} from "../../analysis/formula/book-row.ts";
import { POW10 } from "../../kernel/core/fixed.ts";
import type { InstrumentRegistry } from "../../kernel/instrument/registry.ts";
import { TOP_ASK_PRICE, TOP_ASK_QTY, TOP_BID_PRICE, TOP_BID_QTY, TOP_WIDTH } from "../../market/book/top-of-book.ts";

export class BookColumns {
  /** BOOK_* columns of the instrument read last. */
  readonly row: Float64Array = new Float64Array(BOOK_COLUMNS);
  private readonly registry: InstrumentRegistry;
  private readonly tops: Float64Array;

  constructor(registry: InstrumentRegistry, tops: Float64Array) {
    this.registry = registry;
    this.tops = tops;
  }

  /** Fills the row; answers which columns are present. */
  read(lane: number): number {
    const tops = this.tops;
    const at = lane * TOP_WIDTH;
    const priceUnit = POW10[this.registry.priceScale[lane]];
    const qtyUnit = POW10[this.registry.qtyScale[lane]];
    const row = this.row;
    let present = 0;
    if (tops[at + TOP_BID_QTY] > 0) {
      row[BOOK_BID] = tops[at + TOP_BID_PRICE] / priceUnit;
      row[BOOK_BID_QTY] = tops[at + TOP_BID_QTY] / qtyUnit;
      present |= BOOK_BID_PRESENT;
    }
    if (tops[at + TOP_ASK_QTY] > 0) {
      row[BOOK_ASK] = tops[at + TOP_ASK_PRICE] / priceUnit;
      row[BOOK_ASK_QTY] = tops[at + TOP_ASK_QTY] / qtyUnit;
      present |= BOOK_ASK_PRESENT;
    }
    return fillBookRow(row, present);
  }
}
