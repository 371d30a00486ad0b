/** Real captures of Binance spot, USD-M and COIN-M against what the venue itself says of them. */
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect } from "vitest";
import { Random } from "../../src/kernel/core/random.ts";
import { BOOK_UNSYNCED } from "../../src/kernel/record/venue-status.ts";
import { checkBbo } from "../../src/market/sync/bbo-check.ts";
import { dataPath, itWithData } from "../data.ts";
import { createRig, type Rig } from "../model/binance-rig.ts";
import type { Market } from "../model/binance-venue.ts";

const RAW = "crypto_binance_raw_eth";
const SPOT = [`${RAW}/spot_ethusdt_20240808.gz`, `${RAW}/spot_ethusdt_20240809.gz`];
const USDM = [`${RAW}/usdm_ethusdt_20240808.gz`];
const COINM = [`${RAW}/cm_ethusd_perp_20240808.gz`];
const CRYPTOFEED = "crypto_ws_cryptofeed";

function load(files: readonly string[]): Uint8Array {
  return new Uint8Array(Buffer.concat(files.map((file) => (file.endsWith(".gz") ? gunzipSync(readFileSync(dataPath(file))) : readFileSync(dataPath(file))))));
}

function run(market: Market, bytes: Uint8Array, pieceBytes: number): Rig {
  const rig = createRig(market, { priceScale: 8, qtyScale: market === "spot" ? 8 : 5 });
  rig.log.keep = false;
  rig.push(bytes, pieceBytes);
  return rig;
}

const EXPECTED = [
  { market: "spot", feed: "binance", files: SPOT, checked: 6468, byType: { trade: 14_515, depthUpdate: 6470, bookTicker: 58_758, depthSnapshot: 1 } },
  { market: "usdm", feed: "binance-usdm", files: USDM, checked: 6581, byType: { trade: 14_076, depthUpdate: 6586, bookTicker: 53_992, depthSnapshot: 1 } },
  { market: "coinm", feed: "binance-coinm", files: COINM, checked: 22_887, byType: { trade: 1732, depthUpdate: 22_909, bookTicker: 15_812, depthSnapshot: 1 } },
] as const;

describe("Binance captures of 2024-08-08", () => {
  for (const { market, feed, files, checked, byType } of EXPECTED) {
    itWithData(`${market}: every message is understood, and 7-byte pieces give the records of 64 KB pieces`, files, () => {
      const bytes = load(files);
      const large = run(market, bytes, 65_536);
      expect(large.feed.report()).toMatchObject({ byType, malformed: 0, pendingBytes: 0, gaps: 0, duplicates: 0, fallbacks: 0 });
      const small = run(market, bytes, 7);
      expect(small.log.counts).toEqual(large.log.counts);
      expect(small.log.hashText).toBe(large.log.hashText);
    });

    itWithData(`${market}: the rebuilt best bid and ask are the venue's after each of ${checked} updates`, files, () => {
      const { total } = checkBbo(feed, [load(files)]);
      expect(total).toEqual({ checked, matched: checked, gaps: 0, resyncs: 0, crossed: 0, unverified: 0 });
    });
  }

  for (const [market, files, trades] of [
    ["spot", SPOT, 14_515],
    ["usdm", USDM, 14_076],
  ] as const) {
    itWithData(`${market}: the ids of ${trades} trades follow each other without a gap`, files, () => {
      const rig = createRig(market, { priceScale: 8, qtyScale: 8 });
      rig.push(load(files), 1 << 20);
      const ids = rig.log.seen.filter((record) => record.type === "trade").map((record) => record.values[2] ?? 0);
      expect(ids.length).toBe(trades);
      expect(ids.every((id, i) => i === 0 || id === (ids[i - 1] ?? 0) + 1)).toBe(true);
      expect(rig.epoch[0]).toBe(Date.UTC(2024, 7, 8));
    });
  }

  itWithData("the second spot file alone has no snapshot: the book says so, and no delta goes out", SPOT.slice(1), () => {
    const bytes = load(SPOT.slice(1));
    const rig = run("spot", bytes, 65_536);
    expect(rig.log.counts["bookDelta"]).toBeUndefined();
    expect(rig.log.book(0).quality).toBe(BOOK_UNSYNCED);
    const { total, instruments } = checkBbo("binance", [bytes]);
    expect(total).toEqual({ checked: 0, matched: 0, gaps: 0, resyncs: 0, crossed: 0, unverified: 3036 });
    expect(instruments["ETHUSDT"]?.state).toBe("BUFFERING");
  });

  for (const { market, feed, files } of EXPECTED) {
    itWithData(`${market}: any one applied increment but the last removed is a gap, and the book is not called good`, files, () => {
      const text = new TextDecoder().decode(load(files.slice(0, 1)));
      const lines = text.split("\n").slice(0, 4000);
      const snapshotId = Number(/"lastUpdateId":(\d+)/.exec(text)?.[1]);
      const isApplied = (line: string): boolean => {
        const last = Number(/"u":(\d+)/.exec(line)?.[1]);
        return line.includes("depthUpdate") && (market === "spot" ? last > snapshotId : last >= snapshotId);
      };
      const applied = lines.flatMap((line, i) => (isApplied(line) ? [i] : []));
      const draw = new Random(new Int32Array(4), 2024);
      const chosen = [0, 1, applied.length - 2, ...Array.from({ length: 5 }, () => draw.nextBelow(applied.length - 1))];
      for (const n of chosen) {
        const bytes = new TextEncoder().encode(`${lines.filter((_, i) => i !== applied[n]).join("\n")}\n`);
        const { total, instruments } = checkBbo(feed, [bytes], { levels: 20_000, instruments: 4 });
        expect(total).toMatchObject({ gaps: 1, resyncs: 0, checked: n, matched: n });
        expect(Object.values(instruments)[0]?.state).toBe("GAP");
      }
    });
  }
});

describe("Binance captures of cryptofeed, snapshots by url", () => {
  for (const [market, feed, name, updates] of [
    ["spot", "binance", "BINANCE", 172],
    ["usdm", "binance-usdm", "BINANCE_FUTURES", 752],
  ] as const) {
    const files = [`${CRYPTOFEED}/${name}.http.0.0`, `${CRYPTOFEED}/${name}.ws.1.0`];
    itWithData(`${market}: four instruments come into step without a gap, and what can be compared matches`, files, () => {
      const bytes = load(files);
      const { total, report } = checkBbo(feed, [bytes]);
      expect(total).toMatchObject({ gaps: 0, crossed: 0, matched: total.checked });
      expect(total.checked).toBeGreaterThan(150);
      expect(report.depth).toMatchObject({ snapshots: 4, applied: updates, waiting: 0 });
      expect(report).toMatchObject({ malformed: 0, remarks: 1 });
      expect(run(market, bytes, 7).feed.report().byType).toEqual(report.byType);
    });
  }
});
