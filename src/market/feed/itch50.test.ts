import { describe, expect, it } from "vitest";
import { Collector, type Field, add, concat, deletion, directory, framed, message, packet } from "../../../test/model/itch50-bytes.ts";
import { Arena } from "../../kernel/memory/arena.ts";
import { InstrumentRegistry } from "../../kernel/instrument/registry.ts";
import { BookDeltaView, actionName } from "../../kernel/record/book-delta.ts";
import { flagNames } from "../../kernel/record/flags.ts";
import { TYPE_VENUE_STATUS } from "../../kernel/record/header.ts";
import { NO_INSTRUMENT } from "../../kernel/record/marker.ts";
import { Outlet } from "../../kernel/record/outlet.ts";
import type { Slots } from "../../kernel/record/slots.ts";
import { TradeView } from "../../kernel/record/trade.ts";
import * as status from "../../kernel/record/venue-status.ts";
import { Itch50Feed, type Itch50Options } from "./itch50.ts";
import * as layout from "./itch50-layout.ts";

const TIME = 34_200_123_456_789;
const BIG_ORDER = 0x0123_4567_89abn;

interface Rig {
  readonly feed: Itch50Feed;
  readonly collector: Collector;
  readonly registry: InstrumentRegistry;
  push(...messages: Uint8Array[]): void;
}

function build(options?: Itch50Options, capacity = 16): Rig {
  const arena = Arena.create("itch50", 1 << 24);
  const registry = new InstrumentRegistry(arena, capacity);
  const collector = new Collector();
  const feed = new Itch50Feed(arena, registry, new Outlet(collector), options);
  arena.seal();
  return {
    feed,
    collector,
    registry,
    push(...messages) {
      const bytes = framed(messages);
      feed.push(bytes, 0, bytes.length);
    },
  };
}

function head(slots: Slots): [flags: string[], instrument: number, tsEvent: number] {
  return [flagNames(slots.u16[1]), slots.u32[1], slots.f64[2]];
}

function delta(slots: Slots): unknown[] {
  const view = new BookDeltaView(slots).at(slots, 0);
  return [actionName(view.action), view.side, view.price, view.qty, view.orderId, view.count, view.level];
}

function venue(slots: Slots): unknown[] {
  const view = new status.VenueStatusView(slots).at(slots, 0);
  return [view.kind, String.fromCharCode(view.state), view.value, view.value2, view.value3, view.reason, view.detail];
}

function text(letters: string): number {
  return [...letters].reduce((word, letter, i) => (word | (letter.charCodeAt(0) << (8 * i))) >>> 0, 0);
}

/** Decodes one message behind a directory entry that gives locate 7 to AAPL. */
function decode(type: string, fields: Field[], locate = 7): { slots: Slots[]; rig: Rig } {
  const rig = build();
  rig.push(directory(7, TIME - 1, "AAPL"), message(type, locate, TIME, fields));
  return { slots: rig.collector.records.slice(1), rig };
}

describe("Itch50Feed decodes orders", () => {
  it("A and F as an added order of its side", () => {
    for (const type of ["A", "F"]) {
      for (const [letter, side] of [
        ["B", 0],
        ["S", 1],
      ] as const) {
        const { slots, rig } = decode(type, [[11, BIG_ORDER, 8], [19, letter, 1], [20, 4_000_000_000, 4], [24, "AAPL", 8], [32, 1_999_999_900, 4]]); // prettier-ignore
        expect(slots.map(head)).toEqual([[["LAST"], 0, TIME]]);
        expect(slots.map(delta)).toEqual([["add", side, 1_999_999_900, 4_000_000_000, Number(BIG_ORDER), 0, 0]]);
        expect(rig.feed.report().instruments).toEqual({ AAPL: { messages: 2, orders: 1 } });
      }
    }
  });

  it("E as an execution with the low half of the match number", () => {
    const { slots } = decode("E", [[11, BIG_ORDER, 8], [19, 300, 4], [23, 0x1_8000_0001n, 8]]); // prettier-ignore
    expect(slots.map(head)).toEqual([[["LAST"], 0, TIME]]);
    expect(slots.map(delta)).toEqual([["execute", 2, 0, 300, Number(BIG_ORDER), 0x8000_0001, 0]]);
  });

  it("C as an execution at a price, flagged when it does not print", () => {
    const fields: Field[] = [[11, 5, 8], [19, 300, 4], [23, 9, 8], [32, 123_400, 4]]; // prettier-ignore
    const printed = decode("C", [...fields, [31, "Y", 1]]).slots;
    expect(printed.map(head)).toEqual([[["LAST"], 0, TIME]]);
    expect(printed.map(delta)).toEqual([["executeAt", 2, 123_400, 300, 5, 9, 0]]);
    expect(decode("C", [...fields, [31, "N", 1]]).slots.map(head)).toEqual([[["LAST", "NON_PRINTABLE"], 0, TIME]]);
  });

  it("X and D as a cancellation and a deletion", () => {
    expect(decode("X", [[11, 5, 8], [19, 70, 4]]).slots.map(delta)).toEqual([["cancel", 2, 0, 70, 5, 0, 0]]); // prettier-ignore
    expect(decode("D", [[11, 5, 8]]).slots.map(delta)).toEqual([["delete", 2, 0, 0, 5, 0, 0]]);
  });

  it("U as the old order and the new one, the second the last of the event", () => {
    const { slots, rig } = decode("U", [[11, 5, 8], [19, BIG_ORDER, 8], [27, 70, 4], [31, 99_0000, 4]]); // prettier-ignore
    expect(slots.map(head)).toEqual([
      [[], 0, TIME],
      [["LAST"], 0, TIME],
    ]);
    expect(slots.map(delta)).toEqual([
      ["replaceFrom", 2, 0, 0, 5, 0, 0],
      ["replaceTo", 2, 990_000, 70, Number(BIG_ORDER), 0, 0],
    ]);
    expect(rig.feed.messages).toBe(2);
  });
});

describe("Itch50Feed decodes trades", () => {
  function trade(slots: Slots): unknown[] {
    const view = new TradeView(slots).at(slots, 0);
    return [view.price, view.qty, view.tradeId, view.aggressor, String.fromCharCode(...slots.u8.slice(57, 60)), slots.u32[15]];
  }

  it("P without an aggressor", () => {
    const { slots } = decode("P", [[19, "B", 1], [20, 50, 4], [24, "AAPL", 8], [32, 15_0000, 4], [36, BIG_ORDER, 8]]); // prettier-ignore
    expect(slots.map(head)).toEqual([[["LAST"], 0, TIME]]);
    expect(slots.map(trade)).toEqual([[150_000, 50, Number(BIG_ORDER), 2, "\0\0\0", 0]]);
  });

  it("Q as a cross with its type and up to 2^53 shares", () => {
    const { slots } = decode("Q", [[11, 2n ** 40n + 1n, 8], [19, "AAPL", 8], [27, 15_0000, 4], [31, 77, 8], [39, "C", 1]]); // prettier-ignore
    expect(slots.map(trade)).toEqual([[150_000, 2 ** 40 + 1, 77, 2, "QC\0", 0]]);
  });

  it("Q of no shares as a message without a record", () => {
    const { slots, rig } = decode("Q", [[19, "AAPL", 8], [39, "O", 1]]); // prettier-ignore
    expect(slots).toEqual([]);
    expect(rig.feed.report().byType).toEqual({ Q: 1, R: 1 });
  });

  it("B as a broken trade that names the match", () => {
    expect(decode("B", [[11, 77, 8]]).slots.map(trade)).toEqual([[0, 0, 77, 2, "B\0\0", 0]]);
  });
});

describe("Itch50Feed decodes what the venue says", () => {
  const stock: Field = [11, "AAPL", 8];
  const cases: [type: string, fields: Field[], expected: unknown[][]][] = [
    ["H", [stock, [19, "H", 1], [21, "LUDP", 4]], [[status.STATUS_TRADING, "H", 0, 0, 0, 0, text("LUDP")]]],
    ["Y", [stock, [19, "1", 1]], [[status.STATUS_SHORT_SALE, "1", 0, 0, 0, 0, 0]]],
    ["h", [stock, [19, "X", 1], [20, "T", 1]], [[status.STATUS_OPERATIONAL, "T", 0, 0, 0, 0, text("X")]]],
    ["N", [stock, [19, "A", 1]], [[status.STATUS_RETAIL, "A", 0, 0, 0, 0, 0]]],
    ["L", [[11, "NITE", 4], [15, "AAPL", 8], [23, "Y", 1], [24, "N", 1], [25, "A", 1]], [[status.STATUS_PARTICIPANT, "A", 0, 0, 0, text("NY"), text("NITE")]]],
    ["K", [stock, [19, 34_200, 4], [23, "A", 1], [24, 25_0000, 4]], [[status.STATUS_IPO, "A", 250_000, 0, 0, 0, 34_200]]],
    ["J", [stock, [19, 100, 4], [23, 110, 4], [27, 90, 4], [31, 2, 4]], [[status.STATUS_LULD, "\0", 100, 110, 90, 0, 2]]],
    [
      "I",
      [[11, 2n ** 33n, 8], [19, 500, 8], [27, "B", 1], [28, "AAPL", 8], [36, 1, 4], [40, 2, 4], [44, 3, 4], [48, "O", 1], [49, "L", 1]],
      [
        [status.STATUS_AUCTION, "O", 1, 2, 3, 0, text("BL")],
        [status.STATUS_AUCTION_SIZE, "O", 2 ** 33, 500, 0, 0, text("BL")],
      ],
    ],
    [
      "O",
      [stock, [19, "Y", 1], [20, 1, 4], [24, 2, 4], [28, 3, 4], [32, TIME, 8], [40, 4, 4], [44, 5, 4]],
      [
        [status.STATUS_LISTING, "Y", 1, 2, 3, 0, 0],
        [status.STATUS_LISTING_COLLAR, "Y", 4, 5, TIME, 0, 0],
      ],
    ],
    [
      "R",
      [stock, [19, "Q", 1], [20, "N", 1], [21, 100, 4], [29, "P", 1], [30, "Y", 1], [31, "N", 1], [32, "1", 1], [33, "Y", 1], [34, 3, 4]],
      [[status.STATUS_INSTRUMENT, "Q", 100, 3, 0, text("PY"), text("NYN1")]],
    ],
  ]; // prettier-ignore
  for (const [type, fields, expected] of cases) {
    it(`${type} about an instrument`, () => {
      const { slots } = decode(type, fields);
      expect(slots.map(venue)).toEqual(expected);
      expect(slots.map(head)).toEqual(expected.map((_, i) => [i === expected.length - 1 ? ["LAST"] : [], 0, TIME]));
    });
  }

  const market: [type: string, fields: Field[], expected: unknown[]][] = [
    ["S", [[11, "Q", 1]], [status.STATUS_SESSION, "Q", 0, 0, 0, 0, 0]],
    ["V", [[11, 2n ** 40n, 8], [19, 2, 8], [27, 3, 8]], [status.STATUS_MWCB, "\0", 2 ** 40, 2, 3, 0, 0]],
    ["W", [[11, "2", 1]], [status.STATUS_MWCB, "\u0002", 0, 0, 0, 0, 0]],
  ]; // prettier-ignore
  for (const [type, fields, expected] of market) {
    it(`${type} about the market`, () => {
      const { slots } = decode(type, fields, 0);
      expect(slots.map(venue)).toEqual([expected]);
      expect(slots.map(head)).toEqual([[["LAST"], NO_INSTRUMENT, TIME]]);
    });
  }

  it("every type of the layout", () => {
    const types = [...cases, ...market].map(([type]) => type).concat("A", "F", "E", "C", "X", "D", "U", "P", "Q", "B");
    const known = Array.from(layout.MESSAGE_LENGTHS, (length, type) => (length > 0 ? String.fromCharCode(type) : "")).join("");
    expect(types.sort().join("")).toBe(known);
    expect(Math.max(...layout.MESSAGE_LENGTHS)).toBe(layout.LENGTH_MAX);
  });
});

describe("Itch50Feed refuses", () => {
  const cases: [what: string, type: string, fields: Field[], reason: string][] = [
    ["an order that is neither bought nor sold", "A", [[19, "X", 1], [24, "AAPL", 8]], "field"],
    ["a print flag that is neither Y nor N", "C", [[31, "?", 1]], "field"],
    ["a market-wide level that is none", "W", [[11, "4", 1]], "field"],
    ["a cross of 2^53 shares", "Q", [[11, 2n ** 53n, 8], [19, "AAPL", 8]], "number"],
    ["an imbalance of 2^53 shares", "I", [[19, 2n ** 53n, 8], [28, "AAPL", 8]], "number"],
    ["a market-wide level past 2^53", "V", [[27, 2n ** 63n, 8]], "number"],
    ["a near time past 2^53", "O", [[11, "AAPL", 8], [32, 2n ** 63n, 8]], "number"],
    ["a symbol of nothing but spaces", "A", [[19, "B", 1], [24, "", 8]], "registry"],
  ]; // prettier-ignore
  for (const [what, type, fields, reason] of cases) {
    it(what, () => {
      const { slots, rig } = decode(type, fields, 9);
      expect(slots).toEqual([]);
      expect([rig.feed.messages, rig.feed.report().malformed, rig.feed.quarantine.list()[0].reason]).toEqual([1, 1, reason]);
    });
  }

  it("instruments past the registry's capacity, and goes on with those it knows", () => {
    const rig = build({}, 1);
    rig.push(directory(1, 1, "A"), directory(2, 2, "B"), deletion(3, 3, 1), deletion(1, 4, 1));
    expect([rig.feed.messages, rig.feed.quarantine.count, rig.registry.count]).toEqual([2, 2, 1]);
  });

  it("symbols that another feed keeps at other scales", () => {
    const rig = build();
    rig.registry.add(new TextEncoder().encode("AAPL"), 0, 4, 2, 0);
    rig.push(directory(7, TIME, "AAPL"));
    expect(rig.feed.quarantine.list().map((entry) => entry.reason)).toEqual(["registry"]);
  });

  it("a midnight that is no whole number of nanoseconds", () => {
    expect(() => build({ midnightNs: 0.5 })).toThrow(expect.objectContaining({ code: "VALUE_RANGE" }));
  });
});

describe("Itch50Feed knows instruments", () => {
  it("by the symbol when no directory was seen, and from then on by the locate", () => {
    const rig = build();
    rig.push(add(5, 1, 1, "B", 1, "MSFT", 1), deletion(5, 2, 1));
    expect(rig.collector.records.map((slots) => rig.registry.symbol(slots.u32[1]))).toEqual(["MSFT", "MSFT"]);
    expect(rig.feed.unknownLocate).toBe(0);
  });

  it('as "#<locate>" when only the locate is known, counts that, and takes the symbol when it comes', () => {
    const rig = build();
    rig.push(
      directory(1, 0, "A"),
      deletion(65_535, 1, 1),
      deletion(65_535, 2, 1),
      deletion(40, 3, 1),
      add(65_535, 4, 2, "S", 1, "ZXZZT", 1),
      deletion(65_535, 5, 2),
    );
    expect(rig.collector.records.map((slots) => rig.registry.symbol(slots.u32[1]))).toEqual(["A", "#65535", "#65535", "#40", "ZXZZT", "ZXZZT"]);
    expect([rig.feed.unknownLocate, rig.feed.directory.renamed]).toEqual([3, 0]);
  });

  it("follows a locate that is given to another symbol", () => {
    const rig = build();
    rig.push(add(5, 1, 1, "B", 1, "MSFT", 1), add(5, 2, 2, "B", 1, "MSFU", 1), deletion(5, 3, 2), add(5, 4, 3, "B", 1, "MSFT", 1));
    expect(rig.collector.records.map((slots) => slots.u32[1])).toEqual([0, 1, 1, 0]);
    expect(rig.feed.directory.renamed).toBe(2);
  });
});

describe("Itch50Feed counts and times", () => {
  it("reports types, instruments, orders and times", () => {
    const rig = build({ midnightNs: 1_000 });
    expect(rig.feed.report()).toMatchObject({ messages: 0, firstTsEvent: null, lastTsEvent: null });
    rig.push(message("S", 0, 5, [[11, "O", 1]]), directory(1, 6, "A"), add(1, 7, 1, "B", 1, "A", 1), deletion(1, 2 ** 47, 1));
    expect(rig.feed.report()).toEqual({
      messages: 4,
      byType: { A: 1, D: 1, R: 1, S: 1 },
      instruments: { A: { messages: 3, orders: 1 } },
      malformed: 0,
      pendingBytes: 0,
      firstTsEvent: 1_005,
      lastTsEvent: 2 ** 47 + 1_000,
    });
  });

  it("takes single messages that something else has framed", () => {
    const rig = build();
    const bytes = concat([add(1, 7, 1, "B", 1, "A", 1), deletion(1, 8, 1)]);
    rig.feed.onMessage(bytes, 0, 36);
    rig.feed.onMessage(bytes, 36, 55);
    rig.feed.onMessage(bytes, 36, 54);
    rig.feed.onMessage(Uint8Array.of(1), 0, 1);
    rig.feed.onMessage(bytes, 5, 5);
    expect(rig.collector.records.map((slots) => delta(slots)[0])).toEqual(["add", "delete"]);
    expect(rig.feed.quarantine.list().map(({ reason, offset }) => [reason, offset])).toEqual([["length", 55], ["type", 73], ["length", 74]]); // prettier-ignore
  });
});

describe("Itch50Feed over MoldUDP64", () => {
  const packets = [
    packet("S1", 1, [directory(1, 1, "A"), directory(2, 1, "B"), add(1, 2, 1, "B", 1, "A", 1)]),
    packet("S1", 10, [deletion(1, 3, 1), deletion(1, 4, 1), deletion(2, 5, 1)]),
    packet("S1", 10, [deletion(1, 3, 1)]),
    packet("S1", 13, []),
  ];

  function flags(rig: Rig): string[][] {
    return rig.collector.records.map((slots) => flagNames(slots.u16[1]).slice(1));
  }

  it("flags the first record of each instrument behind a gap, and counts", () => {
    const rig = build();
    for (const bytes of packets) rig.feed.onPacket(bytes, 0, bytes.length);
    expect(flags(rig)).toEqual([[], [], [], ["GAP_BEFORE"], ["GAP_BEFORE"], [], ["GAP_BEFORE"]]);
    const told = rig.collector.records[3]; // before the first message behind the gap, at its time, for every instrument
    expect([told.u8[0], told.u32[1], told.u8[status.STATUS_KIND_U8], told.u8[status.STATUS_STATE_U8], told.f64[2]]).toEqual([
      TYPE_VENUE_STATUS,
      NO_INSTRUMENT,
      status.STATUS_BOOK,
      status.BOOK_UNSYNCED,
      3,
    ]);
    expect(rig.feed.report()).toMatchObject({ messages: 6, packets: 4, gaps: 1, resets: 0, duplicates: 1, malformed: 0 });
    expect(rig.feed.framing).toBe("moldudp64");
  });

  for (const size of [1, 7, 1000]) {
    it(`recognises a stream of datagrams in pieces of ${size}`, () => {
      const rig = build();
      const stream = framed(packets);
      for (let at = 0; at < stream.length; at += size) rig.feed.push(stream, at, Math.min(stream.length, at + size));
      expect(rig.feed.report()).toMatchObject({ messages: 6, packets: 4, pendingBytes: 0 });
    });
  }

  it("recognises a stream that begins with a heartbeat, and takes garbage for files", () => {
    for (const [bytes, framing, brokenAt] of [
      [framed([packet("S1", 1, []), packets[0]]), "moldudp64", -1],
      [framed([packet("S1", 1, [], 5)]), "length-prefix", 0],
      [new Uint8Array(64).fill(0x20), "length-prefix", 0],
      [new Uint8Array(64), "length-prefix", 0],
      [Uint8Array.of(0, 40), "auto", -1],
    ] as const) {
      const rig = build();
      rig.feed.push(bytes, 0, bytes.length);
      expect([rig.feed.framing, rig.feed.brokenAt]).toEqual([framing, brokenAt]);
    }
    expect(build({ framing: "moldudp64" }).feed.framing).toBe("moldudp64");
    expect(build({ framing: "length-prefix" }).feed.framing).toBe("length-prefix");
  });
});
