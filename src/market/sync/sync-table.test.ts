import { describe, expect, it } from "vitest";
import { BOOK_SYNCED, BOOK_UNVERIFIED } from "../../kernel/record/venue-status.ts";
import { SYNC_TABLE, syncRowOf } from "./sync-table.ts";

describe("the table of venues", () => {
  it("has one row a feed, found by its name", () => {
    expect(SYNC_TABLE.map((row) => row.feed)).toEqual(["binance", "binance-usdm", "binance-coinm"]);
    for (const row of SYNC_TABLE) expect(syncRowOf(row.feed)).toBe(row);
    expect(syncRowOf("itch50")).toBeUndefined();
  });

  it("calls a book good without reserve only where corruption can be seen, and names what cannot", () => {
    for (const row of SYNC_TABLE) {
      expect(row.quality === BOOK_SYNCED, row.feed).toBe(row.detects.corruption);
      if (row.quality === BOOK_UNVERIFIED) expect(row.blind).toMatch(/checksum/);
      expect(row.detects).toMatchObject({ drop: true, duplicate: true, swap: true });
      expect(row.source).toMatch(/^https:\/\/developers\.binance\.com\//);
    }
  });
});
