import { describe, expect, it } from "vitest";
import { Arena } from "../../kernel/memory/arena.ts";
import { flagNames } from "../../kernel/record/flags.ts";
import { Slots } from "../../kernel/record/slots.ts";
import {
  BOOK_SYNCED,
  BOOK_UNSYNCED,
  BOOK_UNVERIFIED,
  STATUS_BOOK,
  STATUS_KIND_U8,
  STATUS_SESSION,
  STATUS_STATE_U8,
  STATUS_TRADING,
} from "../../kernel/record/venue-status.ts";
import { LaneQuality } from "./lane-quality.ts";

function setUp(syncedAtStart: boolean) {
  const arena = Arena.create("quality", 4096);
  const quality = new LaneQuality(arena, 4, syncedAtStart);
  arena.seal();
  const slots = Slots.create(1);
  const status = (lane: number, kind: number, state: number): void => {
    slots.u8[STATUS_KIND_U8] = kind;
    slots.u8[STATUS_STATE_U8] = state;
    quality.onStatus(lane, slots, 0);
  };
  return { quality, status, flags: (lane: number) => flagNames(quality.flags(lane)) };
}

describe("the quality of an instrument's data", () => {
  it("is that of a book in step from the start, or of one that waits for its feed's word", () => {
    expect(setUp(true).flags(0)).toEqual([]);
    expect(setUp(false).flags(0)).toEqual(["BOOK_UNSYNCED"]);
  });

  it("follows the feed's word on the book, lane by lane", () => {
    const { status, flags, quality } = setUp(false);
    status(1, STATUS_BOOK, BOOK_SYNCED);
    expect([flags(0), flags(1)]).toEqual([["BOOK_UNSYNCED"], []]);
    status(1, STATUS_BOOK, BOOK_UNVERIFIED);
    expect([flags(1), quality.isUnsynced(1)]).toEqual([["BOOK_UNVERIFIED"], false]);
    status(1, STATUS_BOOK, BOOK_UNSYNCED);
    expect([flags(1), quality.isUnsynced(1)]).toEqual([["BOOK_UNSYNCED"], true]);
  });

  it("follows the trading state: only T is trading", () => {
    const { status, flags, quality } = setUp(true);
    for (const letter of "HPQ") {
      status(2, STATUS_TRADING, letter.charCodeAt(0));
      expect([flags(2), quality.isHalted(2)]).toEqual([["HALTED"], true]);
    }
    status(2, STATUS_SESSION, 0x54);
    expect(quality.isHalted(2)).toBe(true);
    status(2, STATUS_TRADING, 0x54);
    expect([flags(2), quality.isHalted(2)]).toEqual([[], false]);
  });

  it("loses its book when the book refuses a record", () => {
    const { quality, flags } = setUp(true);
    quality.markUnsynced(3);
    expect([flags(3), flags(2)]).toEqual([["BOOK_UNSYNCED"], []]);
  });
});
