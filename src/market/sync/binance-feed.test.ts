import { describe, expect, it } from "vitest";
import { snapshotContract } from "../../../test/contract/snapshot.ts";
import { createRig, type Rig, type SeenRecord } from "../../../test/model/binance-rig.ts";
import { BinanceVenue, bytesOf } from "../../../test/model/binance-venue.ts";
import { isStreamError } from "../../kernel/core/errors.ts";
import { Random } from "../../kernel/core/random.ts";
import { REJECTED, UNKNOWN } from "../../kernel/core/status.ts";
import type { Arena } from "../../kernel/memory/arena.ts";
import { BOOK_UNSYNCED, BOOK_UNVERIFIED } from "../../kernel/record/venue-status.ts";
import { binanceMarketOf } from "./binance-feed.ts";
import { SYNC_GAP, SYNC_SNAPSHOT_REQUESTED, SYNC_STALE, SYNC_SYNCED } from "./book-sync.ts";

const DAY = 1_723_075_200_000; // 2024-08-08T00:00:00Z
const E = 1_723_161_255_612;
const NS = (E - DAY) * 1e6;
const TRADE = `{"e":"trade","E":${E},"s":"ETHUSDT","t":1520538925,"p":"2683.80","q":"0.002","T":${E - 1},"m":true,"M":true}`;

function decode(rig: Rig, ...lines: string[]): readonly SeenRecord[] {
  rig.log.seen.length = 0;
  rig.push(bytesOf(lines));
  return rig.log.seen;
}

const depth = (first: number, last: number, b: string = '["100.00","1.000"]', a: string = ""): string =>
  `{"e":"depthUpdate","E":${E},"s":"ETHUSDT","U":${first},"u":${last},"b":[${b}],"a":[${a}]}`;
const snapshot = (id: number): string => `{"lastUpdateId":${id},"bids":[["99.00","5.000"]],"asks":[["101.00","6.000"],["102.00","7.000"]]}`;

describe("Binance messages", () => {
  it("trade: price, quantity, id, time of the trade, and the seller as aggressor when the buyer was the maker", () => {
    const rig = createRig("spot");
    const [record] = decode(rig, TRADE);
    expect(record).toEqual({ type: "trade", flags: ["LAST"], instrument: 0, tsEvent: NS - 1e6, tsRecv: 0, values: [268_380, 2, 1_520_538_925, 1, 0] });
    expect(decode(rig, TRADE.replace("true", "false"))[0]?.values[3]).toBe(0);
    expect(rig.registry.symbols()).toEqual(["ETHUSDT"]);
    expect(rig.epoch[0]).toBe(DAY);
  });

  it("aggTrade: the same, marked as an aggregate", () => {
    const text = `{"e":"aggTrade","E":${E},"a":16599292,"s":"CTKUSDT","p":"1.01","q":"10","f":1,"l":2,"T":${E},"m":false}`;
    expect(decode(createRig("usdm"), text)[0]?.values).toEqual([101, 10_000, 16_599_292, 0, 0x61]);
  });

  it("trade ids keep all their 53 bits", () => {
    const [record] = decode(createRig("spot"), TRADE.replace("1520538925", "9007199254740991"));
    expect(record?.values[2]).toBe(Number.MAX_SAFE_INTEGER);
  });

  it("prints of the insurance fund carry its letter; prints without price give no record", () => {
    const rig = createRig("usdm");
    const text = `{"e":"trade","E":${E},"T":${E},"s":"ETHUSDT","t":7,"p":"5.00","q":"1","X":"INSURANCE_FUND","m":true}`;
    expect(decode(rig, text)[0]?.values[4]).toBe("I".charCodeAt(0));
    expect(decode(rig, text.replace("INSURANCE_FUND", "NA").replace("5.00", "0"))).toEqual([]);
    expect(rig.feed.report()).toMatchObject({ offBook: 1, byType: { trade: 2 }, malformed: 0 });
  });

  it("bookTicker: a quote, with T where the venue sends it and the last event time where it does not", () => {
    const futures = `{"e":"bookTicker","u":5,"s":"ETHUSDT","b":"25.35","B":"31.210","a":"25.36","A":"40.660","T":${E + 5},"E":${E + 6}}`;
    expect(decode(createRig("usdm"), futures)[0]).toMatchObject({ type: "quote", flags: ["LAST"], tsEvent: NS + 5e6, values: [2535, 31_210, 2536, 40_660] });
    const rig = createRig("spot");
    const spot = '{"u":5,"s":"ETHUSDT","b":"25.35","B":"31.210","a":"25.36","A":"40.660"}';
    rig.outlet.slots.f64[3] = 77;
    expect(decode(rig, spot)[0]?.tsEvent, "no event yet: the receive time").toBe(77);
    expect(decode(rig, TRADE, spot)[1]?.tsEvent).toBe(NS - 1e6);
  });

  it("come bare or wrapped, and with the receive time of a capture", () => {
    const rig = createRig("spot");
    const wrapped = `{"stream":"ethusdt@trade","data":${TRADE}}`;
    const records = decode(rig, TRADE, wrapped, `1723161254024619568 ${wrapped}`, `1723161254.5: ${TRADE}`);
    expect(records.map((record) => record.values)).toEqual(Array.from({ length: 4 }, () => records[0]?.values));
    expect(records[2]?.tsRecv).toBe((1_723_161_254_000 - DAY) * 1e6 + 24_619_568);
    expect(records[3]?.tsRecv).toBe((1_723_161_254_500 - DAY) * 1e6);
    expect(rig.feed.report().fallbacks).toBe(0);
  });

  it("may carry times in microseconds", () => {
    const [record] = decode(createRig("spot"), TRADE.replaceAll(/("[ET]":)(\d+)/g, "$1$2123"));
    expect(record?.tsEvent).toBe(NS - 1e6 + 123_000);
  });

  it("with a time out of range keep the last one and say so", () => {
    const rig = createRig("spot");
    const [, record] = decode(rig, TRADE, TRADE.replaceAll(String(E - 1), "99000000000000"));
    expect(record).toMatchObject({ tsEvent: NS - 1e6, flags: ["LAST", "BAD_TS"] });
  });

  it("keep the session epoch that the caller has set", () => {
    const rig = createRig("spot");
    rig.epoch[0] = DAY - 86_400_000;
    expect(decode(rig, TRADE)[0]?.tsEvent).toBe(NS - 1e6 + 86_400e9);
  });

  it("in an unusual form give the same records and are counted as such", () => {
    const rig = createRig("spot");
    const [usual] = decode(rig, TRADE);
    const unusual = [
      JSON.stringify(JSON.parse(TRADE), null, 1).replaceAll("\n", " "),
      TRADE.replace('"ETHUSDT"', '"\\u0045THUSDT"'),
      TRADE.replace('"e":"trade"', '"e":"trade","extra":{"deep":[1,2]}'),
      `{"data":${TRADE},"stream":"ethusdt@trade"}`,
      `${TRADE} `,
    ];
    for (const text of unusual) expect(decode(rig, text)[0], text).toEqual(usual);
    expect(rig.feed.report()).toMatchObject({ fallbacks: unusual.length, malformed: 0 });
  });

  it("of other kinds are counted: answers, other streams, partial books", () => {
    const rig = createRig("usdm");
    const partial = `{"stream":"ethusdt@depth5@100ms","data":${depth(1, 2).replace('"b"', '"pu":0,"b"')}}`;
    expect(
      decode(
        rig,
        '{"result":null,"id":1}',
        '{"code":2,"msg":"x"}',
        '{"e":"kline","E":1,"s":"X","k":{}}',
        partial,
        partial.replace("depth5", "rpiDepth"),
        "[1,2]",
        "5 ",
      ),
    ).toEqual([]);
    const report = rig.feed.report();
    expect(report.byType).toEqual({ control: 2, unknown: 4 });
    expect(report.malformed).toBe(1);
    expect(report.messages).toBe(2);
  });
});

describe("malformed messages", () => {
  const cases: Record<string, [string, string]> = {
    "no JSON": ["{hello", "type"],
    "bytes that are not UTF-8": ["{\u0000", "type"],
    "a price with more decimals than the scale": [TRADE.replace("2683.80", "2683.805"), "number"],
    "a quantity past 2^53": [TRADE.replace("0.002", "9007199254740.993"), "number"],
    "a price that is no decimal": [TRADE.replace("2683.80", "1e5"), "number"],
    "a price that is no string": [TRADE.replace('"2683.80"', "2683"), "field"],
    "a negative price": [TRADE.replace("2683.80", "-1.00"), "field"],
    "a missing id": [TRADE.replace('"t":1520538925,', ""), "field"],
    "an id past 2^53": [TRADE.replace("1520538925", "9007199254740993"), "field"],
    "no aggressor": [TRADE.replace("true", "1"), "field"],
    "a symbol longer than the registry takes": [TRADE.replace("ETHUSDT", "E".repeat(33)), "registry"],
    "update ids that run backwards": [depth(9, 8), "field"],
    "a level without quantity": [depth(8, 9, '["1.00"]'), "field"],
    "a level with a bad quantity": [depth(8, 9, '["1.00","x"]'), "number"],
    "a negative quantity in a book": [depth(8, 9, '["1.00","-1"]'), "field"],
    "sides that are no lists": [depth(8, 9).replace('"a":[]', '"a":5'), "field"],
    "a snapshot without sides": ['{"lastUpdateId":5,"bids":[]}', "field"],
  };
  for (const [name, [text, reason]] of Object.entries(cases)) {
    it(`${name}: counted, kept with the reason ${reason}, and the stream goes on`, () => {
      const rig = createRig("spot");
      const records = decode(rig, text, TRADE);
      expect(records.filter((record) => record.type !== "venueStatus").map((record) => record.type)).toEqual(["trade"]);
      const [entry] = rig.feed.quarantine.list();
      expect(entry).toMatchObject({ offset: 0, reason });
      expect(rig.feed.report().malformed).toBe(1);
    });
  }

  it("futures increments need the id before them", () => {
    const rig = createRig("usdm");
    decode(rig, depth(1, 2));
    expect(rig.feed.quarantine.list()[0]?.reason).toBe("field");
  });

  it("an increment that cannot be read puts its book out of step at once", () => {
    const rig = createRig("spot");
    decode(rig, depth(1, 2), snapshot(2), depth(3, 4));
    expect(rig.log.book(0).quality).toBe(BOOK_UNVERIFIED);
    const [status] = decode(rig, depth(5, 6, '["1.00","x"]'));
    expect(status).toMatchObject({ type: "venueStatus", values: [7, BOOK_UNSYNCED], flags: ["LAST", "GAP_BEFORE", "BOOK_UNSYNCED"] });
    expect(rig.feed.report().gaps).toBe(1);
    expect(decode(rig, snapshot(4)), "a snapshot of before the loss is not the truth").toEqual([]);
    expect(decode(rig, snapshot(6))[0]).toMatchObject({ type: "bookDelta", values: [9, 0, 0, 0] });
  });

  it("of nothing else than foreign lines, the stream is broken where it began", () => {
    const rig = createRig("spot");
    rig.push(bytesOf(["", "\u0001\u0002garbage", "more"]));
    expect(rig.feed.brokenAt).toBe(1);
    rig.push(bytesOf([TRADE]));
    expect(rig.feed.brokenAt).toBe(-1);
  });

  it("bytes without a line's end are broken if no message can begin so", () => {
    const rig = createRig("spot");
    expect(rig.feed.brokenAt).toBe(-1);
    rig.push(new TextEncoder().encode("{"));
    expect([rig.feed.brokenAt, rig.feed.pendingBytes]).toEqual([-1, 1]);
    const other = createRig("spot");
    other.push(Uint8Array.of(0, 1, 2));
    expect([other.feed.brokenAt, other.feed.pendingBytes]).toEqual([0, 3]);
  });

  it("lines that are too long break a stream in which nothing else is understood", () => {
    const rig = createRig("spot", { lineBytesMax: 64 });
    rig.push(bytesOf(["x".repeat(100)]));
    expect(rig.feed.brokenAt).toBe(0);
    expect(rig.feed.report().malformed).toBe(1);
  });
});

describe("depth and its snapshot", () => {
  it("nothing but the status goes out before the snapshot; then snapshot, status, what waited, and what comes", () => {
    const rig = createRig("spot");
    expect(decode(rig, depth(1, 2), depth(3, 5), depth(6, 7, "", '["101.50","2.000"]')).map((record) => [record.type, record.flags, record.values])).toEqual([
      ["venueStatus", ["LAST", "BOOK_UNSYNCED"], [7, BOOK_UNSYNCED]],
    ]);
    const records = decode(rig, snapshot(4), depth(8, 8, '["100.00","0.000"],["98.00","1.500"]', '["101.00","0"]'), depth(9, 9, ""));
    expect(records.map((record) => [record.type, record.flags.join(), record.values.join()])).toEqual([
      ["bookDelta", "SNAPSHOT,BOOK_UNVERIFIED", "9,0,0,0"],
      ["bookDelta", "SNAPSHOT,BOOK_UNVERIFIED", "8,0,9900,5000"],
      ["bookDelta", "SNAPSHOT,BOOK_UNVERIFIED", "8,1,10100,6000"],
      ["bookDelta", "LAST,SNAPSHOT,BOOK_UNVERIFIED", "8,1,10200,7000"],
      ["venueStatus", "LAST,BOOK_UNVERIFIED", `7,${BOOK_UNVERIFIED}`],
      ["bookDelta", "LAST,BOOK_UNVERIFIED", "8,0,10000,1000"],
      ["bookDelta", "LAST,BOOK_UNVERIFIED", "8,1,10150,2000"],
      ["bookDelta", "BOOK_UNVERIFIED", "8,0,10000,0"],
      ["bookDelta", "BOOK_UNVERIFIED", "8,0,9800,1500"],
      ["bookDelta", "LAST,BOOK_UNVERIFIED", "8,1,10100,0"],
    ]);
    expect(rig.feed.sync.lastId(0), "an increment without levels moves the id").toBe(9);
    expect(rig.feed.report().depth).toMatchObject({ applied: 4, contained: 1, gaps: 0, snapshots: 1, waiting: 0 });
  });

  it("an empty snapshot is one CLEAR that ends its event", () => {
    const rig = createRig("spot");
    const records = decode(rig, depth(1, 2), '{"lastUpdateId":2,"bids":[],"asks":[]}');
    expect(records[1]).toMatchObject({ type: "bookDelta", flags: ["LAST", "SNAPSHOT", "BOOK_UNVERIFIED"], values: [9, 0, 0, 0] });
  });

  it("a gap is said at once, and the way back begins with a marked CLEAR", () => {
    const rig = createRig("spot");
    decode(rig, depth(1, 2), snapshot(2));
    const [gap, ...more] = decode(rig, depth(4, 5));
    expect(gap).toMatchObject({ type: "venueStatus", flags: ["LAST", "GAP_BEFORE", "BOOK_UNSYNCED"], values: [7, BOOK_UNSYNCED] });
    expect(more).toEqual([]);
    expect(rig.feed.sync.states[0]).toBe(SYNC_GAP);
    expect(decode(rig, depth(6, 7)), "no increment before the next snapshot").toEqual([]);
    const [clear] = decode(rig, snapshot(5));
    expect(clear).toMatchObject({ flags: ["SNAPSHOT", "GAP_BEFORE", "BOOK_UNVERIFIED"], values: [9, 0, 0, 0] });
    expect(rig.feed.sync.states[0]).toBe(SYNC_SYNCED);
    expect(rig.feed.sync.lastId(0)).toBe(7);
    expect(rig.feed.sync.createCounts(0)).toMatchObject({ gaps: 1, resyncs: 1, snapshots: 2, received: 3, applied: 1, contained: 2 });
  });

  it("a gap among the increments that waited keeps those after it", () => {
    const rig = createRig("spot");
    decode(rig, depth(1, 2), depth(3, 4), depth(7, 8), depth(9, 9));
    decode(rig, snapshot(2));
    expect(rig.feed.sync.states[0]).toBe(SYNC_GAP);
    expect(rig.feed.report().depth).toMatchObject({ gaps: 1, waiting: 2 });
    decode(rig, snapshot(5));
    expect(rig.feed.report().depth["snapshotsTooOld"]).toBe(1);
    decode(rig, snapshot(6));
    expect([rig.feed.sync.states[0], rig.feed.sync.lastId(0), rig.feed.report().depth["waiting"]]).toEqual([SYNC_SYNCED, 9, 0]);
  });

  it("a snapshot while in step is not needed and not used", () => {
    const rig = createRig("spot");
    decode(rig, depth(1, 2), snapshot(2));
    rig.feed.expectSnapshot("ETHUSDT");
    expect(decode(rig, snapshot(90))).toEqual([]);
    expect(rig.feed.report().depth["snapshotsUnused"]).toBe(1);
  });

  it("snapshots find their instrument by symbol, url, expectation or by being waited for, else by nothing", () => {
    const other = depth(1, 2).replace("ETHUSDT", "BTCUSDT");
    const rig = createRig("spot");
    decode(rig, depth(1, 2), other);
    expect(rig.feed.sync.onlyWaiting()).toBe(REJECTED);
    decode(rig, snapshot(2));
    expect(rig.feed.report()).toMatchObject({ unattributed: 1 });
    decode(rig, `https://api.binance.com/api/v3/depth?symbol=BTCUSDT -> 1723161254.5: ${snapshot(2)}`);
    expect([rig.feed.sync.stateName(0), rig.feed.sync.stateName(1)]).toEqual(["BUFFERING", "SYNCED"]);
    rig.feed.expectSnapshot("ETHUSDT");
    decode(rig, snapshot(2));
    expect(rig.feed.sync.stateName(0)).toBe("SYNCED");
    expect(rig.feed.sync.onlyWaiting()).toBe(UNKNOWN);
    const coinm = createRig("coinm");
    decode(coinm, snapshot(5).replace('"bids"', '"symbol":"ETHUSD_PERP","bids"'));
    expect(coinm.registry.symbols()).toEqual(["ETHUSD_PERP"]);
    expect(coinm.feed.sync.states[0]).toBe(SYNC_SYNCED);
  });

  it("increments that find no room are given up for newer ones, and the book still comes into step", () => {
    const rig = createRig("spot", { waitingCells: 64 });
    const many = Array.from({ length: 40 }, (_, i) => depth(i * 2 + 1, i * 2 + 2));
    decode(rig, ...many);
    const { depth: counts } = rig.feed.report();
    expect(counts["overflows"]).toBeGreaterThan(3);
    decode(rig, snapshot(3));
    expect(rig.feed.report().depth["snapshotsTooOld"]).toBe(1);
    decode(rig, snapshot(79));
    expect([rig.feed.sync.states[0], rig.feed.sync.lastId(0)]).toEqual([SYNC_SYNCED, 80]);
  });

  it("an increment larger than all room is lost, and its absence is seen", () => {
    const rig = createRig("spot", { waitingCells: 16 });
    const wide = Array.from({ length: 20 }, (_, i) => `["${i + 1}.00","1"]`).join();
    decode(rig, depth(1, 2, wide), depth(3, 4));
    expect(rig.feed.report().depth).toMatchObject({ lostWaiting: 1, waiting: 1 });
    decode(rig, snapshot(1));
    expect(rig.feed.sync.states[0]).toBe(SYNC_GAP);
  });

  it("requests for snapshots are handed out once each, and again after a gap", () => {
    const rig = createRig("spot");
    expect(rig.feed.sync.takeSnapshotRequest()).toBe(UNKNOWN);
    decode(rig, depth(1, 2), depth(1, 2).replace("ETHUSDT", "BTCUSDT"), depth(3, 4));
    const { sync } = rig.feed;
    expect([sync.takeSnapshotRequest(), sync.takeSnapshotRequest(), sync.takeSnapshotRequest()]).toEqual([0, 1, UNKNOWN]);
    expect(sync.states[0]).toBe(SYNC_SNAPSHOT_REQUESTED);
    rig.feed.expectSnapshot("ETHUSDT");
    decode(rig, snapshot(4), depth(9, 9));
    expect(sync.snapshotRequests).toBe(3);
    expect(sync.takeSnapshotRequest()).toBe(0);
  });

  it("silence makes a book stale, the next increment good again", () => {
    const rig = createRig("spot", { staleAfterNs: 5e9 });
    const at = (second: number, text: string): string => `${1_723_161_254 + second}.0: ${text}`;
    decode(rig, at(0, depth(1, 2)), at(0, snapshot(2)), at(4, TRADE));
    expect(rig.feed.sync.states[0]).toBe(SYNC_SYNCED);
    const records = decode(rig, at(6, TRADE));
    expect(records[1]).toMatchObject({ type: "venueStatus", values: [7, BOOK_UNSYNCED], flags: ["LAST", "BOOK_UNSYNCED"] });
    expect(rig.feed.sync.states[0]).toBe(SYNC_STALE);
    expect(decode(rig, at(7, depth(3, 3)))[0]).toMatchObject({ type: "venueStatus", values: [7, BOOK_UNVERIFIED] });
  });

  it("ids that begin anew are a gap, not duplicates for ever", () => {
    const rig = createRig("spot");
    decode(rig, depth(1001, 1002), snapshot(1002), depth(1003, 1003));
    decode(rig, ...Array.from({ length: 300 }, (_, i) => depth(i + 1, i + 1)));
    expect(rig.feed.sync.states[0]).toBe(SYNC_GAP);
    expect(rig.feed.report().duplicates).toBe(255);
    decode(rig, snapshot(300));
    expect([rig.feed.sync.states[0], rig.feed.sync.lastId(0)]).toEqual([SYNC_SYNCED, 300]);
  });
});

describe("options", () => {
  it("scales may be given by symbol", () => {
    const rig = createRig("spot", { scales: { ETHUSDT: { priceScale: 4, qtyScale: 5 } } });
    expect(decode(rig, TRADE)[0]?.values.slice(0, 2)).toEqual([26_838_000, 200]);
    expect(decode(rig, TRADE.replace("ETHUSDT", "BTCUSDT"))[0]?.values.slice(0, 2)).toEqual([268_380, 2]);
  });

  it("scales out of range are refused", () => {
    expect(() => createRig("spot", { priceScale: 16 })).toThrow(expect.toSatisfy((error: unknown) => isStreamError(error, "VALUE_RANGE")));
  });

  it("feeds of the command line name their market", () => {
    expect(["binance", "binance-usdm", "binance-coinm", "okx"].map(binanceMarketOf)).toEqual(["spot", "usdm", "coinm", undefined]);
  });
});

snapshotContract(
  "Binance feed",
  (arena: Arena) => {
    const rig = createRig("usdm", { waitingCells: 4096, lineBytesMax: 8192 }, arena);
    const lines = new BinanceVenue("usdm", new Random(new Int32Array(4), 5)).stream(300);
    const broken = lines.map((line, i) => (i % 37 === 20 ? line.text.slice(0, 50) : line.text)).filter((_, i) => i % 41 !== 30);
    const text = [...broken, ...new BinanceVenue("usdm", new Random(new Int32Array(4), 9)).stream(200).map((line) => line.text)];
    const bytes = bytesOf(text);
    const position = arena.float64("test.position", 1);
    return {
      step(random: Random) {
        rig.log.seen.length = 0;
        const from = position[0];
        const to = Math.min(from + random.nextBelow(500), bytes.length);
        rig.feed.push(bytes, from, to);
        position[0] = to;
        return [rig.log.seen.map((record) => JSON.stringify(record)), rig.feed.report(), rig.feed.sync.stateName(0)];
      },
    };
  },
  { steps: 300, cuts: 8, capacityBytes: 8 << 20 },
);
