import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import * as ack from "./ack.ts";
import * as bar from "./bar.ts";
import * as bookDelta from "./book-delta.ts";
import * as header from "./header.ts";
import * as marker from "./marker.ts";
import * as pane from "./pane.ts";
import * as quote from "./quote.ts";
import * as signal from "./signal.ts";
import { RECORD_BYTES, Slots } from "./slots.ts";
import * as trade from "./trade.ts";
import * as values from "./values.ts";
import * as venueStatus from "./venue-status.ts";

/** One field as the picture in the file's header draws it. */
interface Field {
  readonly offset: number;
  readonly name: string;
  readonly count: number;
  readonly bytes: number;
  readonly float: boolean;
}

interface Layout {
  readonly file: string;
  readonly exports: Readonly<Record<string, unknown>>;
  /** Start of the constants' names. */
  readonly prefix: string;
  /** Start of the picture's line, where a file draws two. */
  readonly line?: string;
  readonly from?: number;
  readonly view?: new (slots: Slots) => { at(slots: Slots, slot: number): object };
  /** The record lies this many slots after the one that the view stands on. */
  readonly slotsAhead?: number;
}

const LAYOUTS: readonly Layout[] = [
  { file: "header", exports: header, prefix: "HEADER", from: 0 },
  { file: "trade", exports: trade, prefix: "TRADE", view: trade.TradeView },
  { file: "quote", exports: quote, prefix: "QUOTE", view: quote.QuoteView },
  { file: "book-delta", exports: bookDelta, prefix: "DELTA", view: bookDelta.BookDeltaView },
  { file: "venue-status", exports: venueStatus, prefix: "STATUS", view: venueStatus.VenueStatusView },
  { file: "bar", exports: bar, prefix: "BAR", line: "bar", view: bar.BarView },
  { file: "bar", exports: bar, prefix: "TAIL", line: "tail", view: bar.BarView, slotsAhead: 1 },
  { file: "signal", exports: signal, prefix: "SIGNAL", view: signal.SignalView },
  { file: "ack", exports: ack, prefix: "ACK", view: ack.AckView },
  { file: "marker", exports: marker, prefix: "MARKER", view: marker.MarkerView },
  { file: "pane", exports: pane, prefix: "PANE", view: pane.PaneView },
  { file: "values", exports: values, prefix: "VALUES" },
];

/** Constants of fields whose name they do not simply repeat: offsets from the field's start are in order. */
const CONSTANTS_OF: Readonly<Record<string, readonly string[]>> = {
  tradeId: ["TRADE_ID_LOW_U32", "TRADE_ID_HIGH_U32"],
  orderId: ["DELTA_ORDER_LOW_I32", "DELTA_ORDER_HIGH_I32"],
  pane: ["PANE_INDEX_U16"],
  value0: ["VALUES_FIRST_F64"],
  reserved: [],
};

/** Several fields as one word; their own test is below. */
const WHOLE_WORDS = new Set(["HEADER_WORD_I32", "DELTA_WORD_I32"]);

const GETTER_OF: Readonly<Record<string, string>> = { conditions: "condition" };

/** Fields that a view does not show. */
const NOT_SHOWN = new Set(["reserved"]);

const BYTES: Readonly<Record<string, number>> = { f: 8, f64: 8, u64: 8, u32: 4, i32: 4, u16: 2, u8: 1 };

function fieldsOf(layout: Layout): Field[] {
  const source = readFileSync(join(import.meta.dirname, `${layout.file}.ts`), "utf8");
  const comment = source.slice(0, source.indexOf("*/"));
  const start = layout.line === undefined ? String.raw`\d+` : String.raw`${layout.line}\s+\d+`;
  const picture = new RegExp(String.raw`^ \*\s+(${start} \w+ .*)$`, "m").exec(comment)?.[1];
  if (picture === undefined) return expect.fail(`${layout.file}.ts draws no picture ${layout.line ?? ""}`);
  return picture
    .replace(/^[a-z]+\s+/, "")
    .split("|")
    .map((cell) => {
      const match = /^(\d+) (\w+) (?:(\d+) x )?(f64|f|u64|u32|i32|u16|u8)(?: \(.*\))?$/.exec(cell.trim());
      if (match === null) return expect.fail(`${layout.file}.ts: cannot read "${cell.trim()}"`);
      return { offset: Number(match[1]), name: match[2], count: Number(match[3] ?? 1), bytes: BYTES[match[4]], float: match[4].startsWith("f") };
    });
}

function constantsOf(layout: Layout, field: Field): readonly string[] {
  const special = layout.file === "values" && field.name !== "value0" ? [] : CONSTANTS_OF[field.name];
  if (special !== undefined) return special;
  const upper = field.name.replace(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
  return [`${layout.prefix}_${upper}_${field.float ? "F64" : `U${field.bytes * 8}`}`];
}

function widthOf(constant: string): number {
  return Number(/\d+$/.exec(constant)?.[0]) / 8;
}

describe.each(LAYOUTS)("the picture of $prefix in $file", (layout) => {
  const fields = fieldsOf(layout);

  it("fills its half of the record without overlap, every field on its own width", () => {
    let end = layout.from ?? 32;
    for (const field of fields) {
      expect(field.offset, field.name).toBe(end);
      expect(field.offset % field.bytes, field.name).toBe(0);
      end = field.offset + field.count * field.bytes;
    }
    expect(end).toBeLessThanOrEqual(layout.file === "header" ? 32 : RECORD_BYTES);
  });

  it("says what the constants say", () => {
    const drawn = new Set<string>();
    for (const field of fields) {
      const names = constantsOf(layout, field);
      names.forEach((name, i) => {
        drawn.add(name);
        expect(layout.exports[name], `${name} of ${field.name} at ${field.offset}`).toBe(field.offset / widthOf(name) + i);
        expect(widthOf(name) * names.length, name).toBe(field.bytes);
      });
    }
    const declared = Object.keys(layout.exports).filter(
      (name) => name.startsWith(`${layout.prefix}_`) && /_(F64|I32|U32|U16|U8)$/.test(name) && !WHOLE_WORDS.has(name),
    );
    expect(declared.toSorted()).toEqual([...drawn].toSorted());
  });

  const View = layout.view;
  if (View === undefined) return;

  it("is what the view reads, in any slot", () => {
    for (const slot of [0, 3]) {
      const slots = Slots.create(8);
      const elsewhere = Slots.create(8);
      const data = new DataView(slots.f64.buffer, (slot + (layout.slotsAhead ?? 0)) * RECORD_BYTES, RECORD_BYTES);
      const expected: Record<string, number> = {};
      for (const field of fields) {
        const { offset, bytes } = field;
        const value = field.float ? -(2 ** 52) - offset : bytes === 8 ? Number.MAX_SAFE_INTEGER - offset : 2 ** (bytes * 8) - 1 - offset;
        if (field.float) data.setFloat64(offset, value, true);
        else if (bytes === 8) data.setBigUint64(offset, BigInt(value), true);
        else if (bytes === 4) data.setUint32(offset, value, true);
        else if (bytes === 2) data.setUint16(offset, value, true);
        else data.setUint8(offset, value);
        if (!NOT_SHOWN.has(field.name)) expected[GETTER_OF[field.name] ?? field.name] = value;
      }
      const view = new View(elsewhere);
      expect(view.at(slots, slot)).toBe(view);
      const read = view as unknown as Record<string, number>;
      expect(Object.fromEntries(Object.keys(expected).map((name) => [name, read[name]]))).toEqual(expected);
    }
  });
});

describe("words that hold several fields", () => {
  it("the header word is type, length and flags in one store", () => {
    const slots = Slots.create(2);
    slots.i32[16 + header.HEADER_WORD_I32] = header.headerWord(header.TYPE_PANE, 0x8421);
    expect(slots.u8[64 + header.HEADER_TYPE_U8]).toBe(header.TYPE_PANE);
    expect(slots.u8[64 + header.HEADER_LENGTH_U8]).toBe(header.RECORD_WORDS);
    expect(slots.u16[32 + header.HEADER_FLAGS_U16]).toBe(0x8421);
  });

  it("a delta's word is action, side and level", () => {
    const slots = Slots.create(1);
    slots.i32[bookDelta.DELTA_WORD_I32] = bookDelta.ACTION_SET | (header.SIDE_ASK << 8) | (513 << 16);
    const delta = new bookDelta.BookDeltaView(slots);
    expect([delta.action, delta.side, delta.level]).toEqual([bookDelta.ACTION_SET, header.SIDE_ASK, 513]);
  });

  it("a record is eight words, a cache line", () => {
    expect(header.RECORD_WORDS * 8).toBe(RECORD_BYTES);
    expect(values.VALUES_FIRST_F64 + values.VALUES_PER_RECORD).toBe(header.RECORD_WORDS);
  });
});
