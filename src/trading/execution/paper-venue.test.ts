import { describe, expect, it } from "vitest";
import { snapshotContract } from "../../../test/contract/snapshot.ts";
import { Arena } from "../../kernel/memory/arena.ts";
import { REASON_NONE, REASON_NO_LIQUIDITY, REASON_NO_SIDE } from "../../kernel/record/ack.ts";
import { SIDE_ASK, SIDE_BID, SIDE_NONE } from "../../kernel/record/header.ts";
import { TOP_WIDTH } from "../../market/book/top-of-book.ts";
import { FILL_PRICE, FILL_QTY, PaperVenue } from "./paper-venue.ts";

class Floor {
  readonly top = new Float64Array(2 * TOP_WIDTH);
  readonly qty = new Float64Array(1);
  readonly venue: PaperVenue;

  constructor(arena?: Arena) {
    const over = arena ?? Arena.create("paper", 1 << 16);
    this.venue = new PaperVenue(over, { lanes: 2 }, this.top, this.qty);
    if (arena === undefined) over.seal();
  }

  fill(lane: number, side: number, qty: number, top: readonly number[] = [99, 5, 101, 7]): number[] {
    this.top.set(top, lane * TOP_WIDTH);
    this.qty[0] = qty;
    const reason = this.venue.fill(lane, side);
    return [reason, this.venue.result[FILL_PRICE], this.venue.result[FILL_QTY]];
  }
}

describe("PaperVenue", () => {
  it("fills a buy at the ask and a sell at the bid, and keeps position and cash", () => {
    const floor = new Floor();
    expect(floor.fill(0, SIDE_BID, 4)).toEqual([REASON_NONE, 101, 4]);
    expect(floor.fill(0, SIDE_ASK, 5)).toEqual([REASON_NONE, 99, 5]);
    expect([floor.venue.position[0], floor.venue.cashOf(0), floor.venue.position[1]]).toEqual([-1, 5 * 99 - 4 * 101, 0]);
    expect([floor.venue.fills, floor.venue.unfilled, floor.venue.beyondShown]).toEqual([2, 0, 0]);
  });

  it("fills the whole quantity at the best price even beyond what is shown, and counts that", () => {
    const floor = new Floor();
    expect(floor.fill(1, SIDE_BID, 8)).toEqual([REASON_NONE, 101, 8]);
    expect(floor.venue.beyondShown).toBe(1);
  });

  it("does not fill against an empty side", () => {
    const floor = new Floor();
    expect(floor.fill(0, SIDE_BID, 1, [99, 5, 0, 0])).toEqual([REASON_NO_LIQUIDITY, 0, 0]);
    expect(floor.fill(0, SIDE_ASK, 1, [0, 0, 101, 7])).toEqual([REASON_NO_LIQUIDITY, 0, 0]);
    expect([floor.venue.position[0], floor.venue.fills, floor.venue.unfilled]).toEqual([0, 0, 2]);
  });

  it("refuses an order without a side", () => {
    const floor = new Floor();
    expect(floor.fill(0, SIDE_NONE, 1)).toEqual([REASON_NO_SIDE, 0, 0]);
  });

  it("keeps cash exact past 2^53", () => {
    const floor = new Floor();
    floor.fill(0, SIDE_ASK, 2 ** 40, [2 ** 40, 1, 2 ** 40, 1]);
    floor.fill(0, SIDE_BID, 2 ** 40 - 1, [2 ** 40, 1, 2 ** 40, 1]);
    expect([floor.venue.cashOf(0), floor.venue.position[0]]).toEqual([2 ** 40, -1]);
  });
});

snapshotContract("PaperVenue", (arena) => {
  const floor = new Floor(arena);
  return {
    step(random) {
      const top = [99 + random.nextBelow(3), random.nextBelow(4), 102 + random.nextBelow(3), random.nextBelow(4)];
      const lane = random.nextBelow(2);
      return [floor.fill(lane, random.nextBelow(3), 1 + random.nextBelow(5), top), floor.venue.position[lane], floor.venue.cashOf(lane), floor.venue.fills];
    },
  };
});
