import { describe, expect, it } from "vitest";
import { BinanceVenue, bytesOf } from "../../../test/model/binance-venue.ts";
import { isStreamError } from "../../kernel/core/errors.ts";
import { Random } from "../../kernel/core/random.ts";
import { checkBbo } from "./bbo-check.ts";

const snapshot = '{"lastUpdateId":2,"bids":[["10.00","1.000"]],"asks":[["11.00","1.000"]]}';
const depth = (first: number, last: number, bid: string, qty: string = "1.000"): string =>
  `{"e":"depthUpdate","E":1723161255612,"s":"X","U":${first},"u":${last},"b":[["${bid}","${qty}"]],"a":[]}`;
const ticker = (id: number, bid: string, qty: string = "1.000"): string => `{"u":${id},"s":"X","b":"${bid}","B":"${qty}","a":"11.00","A":"1.000"}`;

function check(...lines: string[]) {
  return checkBbo("binance", [bytesOf(lines)], { instruments: 4, levels: 1000 });
}

describe("best bid and offer against the venue's own", () => {
  it("compares by update id: an offer that arrives later with a lower id is still the truth", () => {
    const { total } = check(depth(1, 2, "9.00"), snapshot, ticker(2, "10.00"), depth(3, 6, "10.50"), ticker(5, "10.50"), ticker(7, "10.60"));
    expect(total).toEqual({ checked: 1, matched: 1, gaps: 0, resyncs: 0, crossed: 0, unverified: 0 });
  });

  it("an offer beyond the update is not its truth", () => {
    const { total } = check(depth(1, 2, "9.00"), snapshot, ticker(3, "10.50"), ticker(5, "10.60"), depth(3, 4, "10.50"), depth(5, 5, "10.60"));
    expect(total).toMatchObject({ checked: 2, matched: 2 });
  });

  it("finds a wrong price and a wrong size", () => {
    expect(check(depth(1, 2, "9.00"), snapshot, depth(3, 3, "10.40"), ticker(3, "10.50")).total).toMatchObject({ checked: 1, matched: 0 });
    expect(check(depth(1, 2, "9.00"), snapshot, depth(3, 3, "10.50"), ticker(3, "10.50", "2.000")).total).toMatchObject({ checked: 1, matched: 0 });
  });

  it("counts an update without an earlier offer as unverified, and a crossed book as crossed", () => {
    const { total } = check(depth(1, 2, "9.00"), snapshot, depth(3, 3, "12.00"), ticker(9, "12.00"));
    expect(total).toEqual({ checked: 0, matched: 0, gaps: 0, resyncs: 0, crossed: 1, unverified: 1 });
  });

  it("without a snapshot says so and checks nothing", () => {
    const { total, instruments } = check(ticker(1, "9.00"), depth(1, 2, "9.00"), depth(3, 3, "9.50"), ticker(4, "9.50"));
    expect(total).toEqual({ checked: 0, matched: 0, gaps: 0, resyncs: 0, crossed: 0, unverified: 2 });
    expect(instruments["X"]?.state).toBe("BUFFERING");
  });

  it("matches everything of a model venue, and sees gaps and resynchronisation", () => {
    const venue = new BinanceVenue("usdm", new Random(new Int32Array(4), 11));
    const lines = [venue.ticker(), ...venue.stream(1500, true)];
    const whole = checkBbo("binance-usdm", [bytesOf(lines)], { instruments: 4, levels: 1000, priceScale: 2, qtyScale: 3 });
    expect(whole.total.checked).toBeGreaterThan(600);
    expect(whole.total).toMatchObject({ matched: whole.total.checked, gaps: 0, unverified: 0 });
    const lost = lines.findIndex((line, i) => i > 500 && line.kind === "depth");
    const damaged = [...lines.slice(0, lost), ...lines.slice(lost + 1), venue.snapshot(), venue.depth(), venue.ticker()];
    const { total, instruments } = checkBbo("binance-usdm", [bytesOf(damaged)], { instruments: 4, levels: 1000 });
    expect(total.checked).toBeGreaterThan(100);
    expect(total).toMatchObject({ matched: total.checked, gaps: 1, resyncs: 1 });
    expect(instruments["ETHUSDT"]).toMatchObject({ ...total, state: "SYNCED" });
  });

  it("names what it can work with, and the size that it lacks", () => {
    expect(() => checkBbo("itch50", [])).toThrow(expect.toSatisfy((error: unknown) => isStreamError(error, "USAGE")));
    const lines = [depth(1, 2, "9.00"), snapshot, ...Array.from({ length: 40 }, (_, i) => depth(3 + i, 3 + i, `${i + 1}.00`))];
    expect(() => checkBbo("binance", [bytesOf(lines)], { instruments: 4, levels: 8 })).toThrow(
      expect.toSatisfy((error: unknown) => isStreamError(error, "MAP_CAPACITY")),
    );
  });
});
