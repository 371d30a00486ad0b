import { describe, expect, it } from "vitest";
import * as ack from "./ack.ts";
import * as bookDelta from "./book-delta.ts";
import { hashMask } from "./canonical.ts";
import * as flags from "./flags.ts";
import * as header from "./header.ts";
import * as tape from "./tape.ts";
import * as venueStatus from "./venue-status.ts";

/** The numbers exported under names that start so, without the constants that name a field's place. */
function numbered(exports: Readonly<Record<string, unknown>>, prefix: string): [string, number][] {
  return Object.entries(exports).flatMap(([name, value]): [string, number][] =>
    name.startsWith(prefix) && !/_(F64|I32|U32|U16|U8)$/.test(name) ? [[name.slice(prefix.length), value as number]] : [],
  );
}

function camel(name: string): string {
  return name.toLowerCase().replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

describe("flags", () => {
  const list = numbered(flags, "FLAG_");

  it("have a bit each within 16, and the name of their constant", () => {
    expect(list.length).toBeGreaterThan(10);
    let all = 0;
    for (const [name, bit] of list) {
      expect(Math.log2(bit) % 1, name).toBe(0);
      expect(all & bit, name).toBe(0);
      all |= bit;
      expect(flags.flagNames(bit)).toEqual([name]);
    }
    expect(all).toBeLessThanOrEqual(0xffff);
  });

  it("are named in the order of their bits", () => {
    expect(flags.flagNames(0)).toEqual([]);
    expect(flags.flagNames(flags.FLAG_LATE | flags.FLAG_LAST)).toEqual(["LAST", "LATE"]);
    expect(flags.flagNames(0xffff)).toEqual(list.map(([name]) => name));
  });
});

describe("names of numbers", () => {
  it("record types have the name of their constant", () => {
    for (const [name, type] of numbered(header, "TYPE_")) expect(header.typeName(type)).toBe(camel(name));
    expect(header.typeName(8)).toBe("unknown 8");
    expect(header.typeName(0)).toBe("unknown 0");
    expect(header.typeName(200)).toBe("unknown 200");
  });

  it("book actions have the name of their constant", () => {
    for (const [name, action] of numbered(bookDelta, "ACTION_")) expect(bookDelta.actionName(action)).toBe(camel(name));
    expect(bookDelta.actionName(0)).toBe("unknown 0");
    expect(bookDelta.actionName(99)).toBe("unknown 99");
  });

  it.each<[string, [string, number][]]>([
    ["record types", numbered(header, "TYPE_")],
    ["sides", numbered(header, "SIDE_")],
    ["book actions", numbered(bookDelta, "ACTION_")],
    ["ack states", numbered(ack, "ACK_")],
    ["ack reasons", numbered(ack, "REASON_")],
    ["venue status kinds", numbered(venueStatus, "STATUS_")],
    ["book qualities", numbered(venueStatus, "BOOK_")],
  ])("no two %s are one number, and each fits its byte", (_, list) => {
    const numbers = list.map(([, value]) => value);
    expect(numbers.length).toBeGreaterThan(1);
    expect(new Set(numbers).size).toBe(numbers.length);
    expect(numbers.every((value) => Number.isInteger(value) && value >= 0 && value <= 255)).toBe(true);
  });

  it("a tape's places are 0 to its length", () => {
    const { TAPE_LENGTH, ...places } = tape;
    expect(Object.values(places).toSorted((a, b) => a - b)).toEqual(Array.from({ length: TAPE_LENGTH }, (_, i) => i));
  });
});

describe("hashMask", () => {
  const wordsOf = (mask: number): number[] => Array.from({ length: 16 }, (_, word) => word).filter((word) => (mask & (1 << word)) !== 0);

  it("leaves our own receive time out of every record's hash, and nothing else", () => {
    const receive = header.HEADER_TS_RECV_F64 * 2;
    for (const [name, type] of numbered(header, "TYPE_")) {
      if (type !== header.TYPE_ACK) expect(wordsOf(hashMask(type)), name).toEqual([receive, receive + 1]);
    }
    expect(wordsOf(hashMask(header.TYPE_ACK))).toEqual([receive, receive + 1, ack.ACK_DECISION_NS_U32, ack.ACK_COMPLETION_NS_U32]);
  });
});
