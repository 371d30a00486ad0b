import { describe, expect, it } from "vitest";
import { snapshotContract } from "../../../test/contract/snapshot.ts";
import { InstrumentRegistry } from "../../kernel/instrument/registry.ts";
import { Arena } from "../../kernel/memory/arena.ts";
import { ACTION_ADD, ACTION_CANCEL, ACTION_DELETE, ACTION_EXECUTE, BookDeltaView } from "../../kernel/record/book-delta.ts";
import { FLAG_LAST } from "../../kernel/record/flags.ts";
import { SIDE_ASK, SIDE_BID, SIDE_NONE, TYPE_BOOK_DELTA, TYPE_TRADE, TYPE_VENUE_STATUS } from "../../kernel/record/header.ts";
import { Outlet } from "../../kernel/record/outlet.ts";
import { Slots } from "../../kernel/record/slots.ts";
import { CONDITION_CROSS, TradeView } from "../../kernel/record/trade.ts";
import { STATUS_TRADING, VenueStatusView } from "../../kernel/record/venue-status.ts";
import { LobsterFeed } from "./lobster.ts";
import { lobsterSymbolOf } from "./lobster-report.ts";

const text = new TextEncoder();

class Kept {
  readonly slots: Slots = Slots.create(256);
  count = 0;

  accept(slots: Slots, slot: number): void {
    this.slots.copyFrom(slots, slot, this.count++);
  }
}

function create(arena: Arena = Arena.create("lobster", 1 << 20)): { feed: LobsterFeed; kept: Kept; registry: InstrumentRegistry } {
  const registry = new InstrumentRegistry(arena, 4);
  const kept = new Kept();
  return { feed: new LobsterFeed(arena, registry, new Outlet(kept), { symbol: "AAPL" }), kept, registry };
}

function decode(rows: string): ReturnType<typeof create> {
  const created = create();
  const bytes = text.encode(rows);
  created.feed.push(bytes, 0, bytes.length);
  return created;
}

describe("LOBSTER message rows", () => {
  it("become deltas of the orders that they name", () => {
    const { kept, registry } = decode(
      "34200.004241176,1,16113575,18,5853300,1\n34200.1,2,16113575,4,5853300,1\n34201,4,16113575,10,5853300,1\n34202.000000001,3,16113584,4,5853200,-1\n",
    );
    const delta = new BookDeltaView(kept.slots);
    const seen = Array.from({ length: kept.count }, (_, slot) => {
      const { action, side, price, qty, orderId } = delta.at(kept.slots, slot);
      return { action, side, price, qty, orderId, ts: kept.slots.f64[slot * 8 + 2], type: kept.slots.u8[slot * 64], flags: kept.slots.u16[slot * 32 + 1] };
    });
    const common = { type: TYPE_BOOK_DELTA, flags: FLAG_LAST };
    expect(seen).toEqual([
      { action: ACTION_ADD, side: SIDE_BID, price: 5_853_300, qty: 18, orderId: 16_113_575, ts: 34_200_004_241_176, ...common },
      { action: ACTION_CANCEL, side: SIDE_BID, price: 5_853_300, qty: 4, orderId: 16_113_575, ts: 34_200_100_000_000, ...common },
      { action: ACTION_EXECUTE, side: SIDE_BID, price: 5_853_300, qty: 10, orderId: 16_113_575, ts: 34_201_000_000_000, ...common },
      { action: ACTION_DELETE, side: SIDE_ASK, price: 5_853_200, qty: 4, orderId: 16_113_584, ts: 34_202_000_000_001, ...common },
    ]);
    expect([registry.symbols(), registry.priceScale[0], registry.qtyScale[0]]).toEqual([["AAPL"], 4, 0]);
  });

  it("become trades for hidden executions and crosses, the aggressor opposite to the order", () => {
    const { kept } = decode("1,5,0,7,1000,1\n2,5,0,8,1000,-1\n3,6,0,9,1000,-1\n");
    const trade = new TradeView(kept.slots);
    const seen = Array.from({ length: 3 }, (_, slot) => {
      const { price, qty, aggressor, condition } = trade.at(kept.slots, slot);
      return [kept.slots.u8[slot * 64], price, qty, aggressor, condition];
    });
    expect(seen).toEqual([
      [TYPE_TRADE, 1000, 7, SIDE_ASK, 0],
      [TYPE_TRADE, 1000, 8, SIDE_BID, 0],
      [TYPE_TRADE, 1000, 9, SIDE_NONE, CONDITION_CROSS],
    ]);
  });

  it("become trading states for halt, quoting and resumption", () => {
    const { kept } = decode("1,7,0,0,-1,-1\n2,7,0,0,0,-1\n3,7,0,0,1,-1\n");
    const status = new VenueStatusView(kept.slots);
    const seen = Array.from({ length: 3 }, (_, slot) => {
      const { kind, state } = status.at(kept.slots, slot);
      return [kept.slots.u8[slot * 64], kind, String.fromCharCode(state)];
    });
    expect(seen).toEqual(["H", "Q", "T"].map((state) => [TYPE_VENUE_STATUS, STATUS_TRADING, state]));
  });

  it("are the same however the bytes are cut, the last one whole at the end of the input", () => {
    const rows = text.encode("34200.004241176,1,16113575,18,5853300,1\r\n34200.1,2,16113575,4,5853300,1\n34201,3,16113575,14,5853300,1");
    const whole = create();
    whole.feed.push(rows, 0, rows.length);
    expect([whole.kept.count, whole.feed.pendingBytes]).toEqual([2, 29]);
    whole.feed.end();
    whole.feed.end();
    const pieces = create();
    for (let i = 0; i < rows.length; i++) pieces.feed.push(rows, i, i + 1);
    pieces.feed.end();
    expect(pieces.kept.count).toBe(3);
    expect(pieces.kept.slots.u8).toEqual(whole.kept.slots.u8);
    expect(pieces.feed.report()).toEqual(whole.feed.report());
  });

  it.each([
    ["a field too few", "1,1,1,1,1"],
    ["a field too many", "1,1,1,1,1,1,1"],
    ["an empty field", "1,1,1,,1,1"],
    ["words", "Time,Type,OrderID,Size,Price,Direction"],
    ["a type that does not exist", "1,8,1,1,1,1"],
    ["type 0", "1,0,1,1,1,1"],
    ["no direction", "1,1,1,1,1,0"],
    ["a size of 0", "1,1,1,0,1,1"],
    ["a negative price", "1,1,1,1,-1,1"],
    ["a time that is no number", "1.0000000001x,1,1,1,1,1"],
    ["a fraction of a share", "1,1,1,1.5,1,1"],
    ["more than a row may hold", `1,1,1,1,1,${"1".repeat(200)}`],
  ])("are kept apart and counted when malformed: %s", (_, row) => {
    const { feed, kept } = decode(`${row}\n1,1,1,1,1,1\n`);
    expect([kept.count, feed.messages, feed.report().malformed]).toEqual([1, 1, 1]);
  });

  it("keep nanoseconds of a time that has more digits", () => {
    const { kept } = decode("35821.088778456004,3,44276101,100,5851500,1\n");
    expect(kept.slots.f64[2]).toBe(35_821_088_778_456);
  });

  it("are counted by type, with the first and last time", () => {
    const { feed } = decode("1,1,1,5,1000,1\n2,1,2,5,1000,1\n3,4,1,5,1000,1\n");
    expect(feed.report()).toEqual({
      messages: 3,
      byType: { submission: 2, execution: 1 },
      instruments: { AAPL: { messages: 3, orders: 2 } },
      malformed: 0,
      pendingBytes: 0,
      firstTsEvent: 1e9,
      lastTsEvent: 3e9,
    });
    expect(decode("").feed.report()).toMatchObject({ messages: 0, instruments: {}, firstTsEvent: null, lastTsEvent: null });
  });

  it("take their symbol from the name of the file", () => {
    expect(lobsterSymbolOf("AAPL_2012-06-21_34200000_37800000_message_50.csv")).toBe("AAPL");
    expect(lobsterSymbolOf("BRK.B_2012-06-21_34200000_57600000_orderbook_1.csv.gz")).toBe("BRK.B");
    expect(lobsterSymbolOf("first999_message_10.csv")).toBeNull();
  });
});

snapshotContract(
  "LOBSTER feed",
  (arena) => {
    const { feed, kept } = create(arena);
    return {
      step(random) {
        const bytes = text.encode(["34200.5,1,", "77,18,58533", "00,1\n", "x", "\n1,4,7,1,1,-1\n", "1".repeat(90)][random.nextBelow(6)]);
        kept.count = 0;
        feed.push(bytes, 0, bytes.length);
        return { count: kept.count, records: kept.slots.u8.slice(0, kept.count * 64), report: feed.report() };
      },
    };
  },
  { capacityBytes: 1 << 18 },
);
