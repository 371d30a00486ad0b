import { describe, expect, it } from "vitest";
import { isStreamError } from "../../kernel/core/errors.ts";
import { checkTransitions, readLobsterBook } from "./lobster-transitions.ts";

const text = new TextEncoder();

const EMPTY_ASK = "9999999999,0";
const EMPTY_BID = "-9999999999,0";

function check(messages: readonly string[], rows: readonly string[]): { checked: number; matched: number; levels: number; differing: readonly number[] } {
  return checkTransitions(text.encode(messages.join("\n")), text.encode(rows.join("\r\n") + "\r\n"));
}

describe("the transition check of a LOBSTER pair", () => {
  it("accepts submissions, cancels, executions and deletions that the rows agree with", () => {
    const result = check(
      ["1.0,1,1,5,1000,1", "1.1,1,2,7,1010,-1", "1.2,2,2,2,1010,-1", "1.3,4,1,1,1000,1", "1.4,1,3,9,990,1", "1.5,3,1,4,1000,1", "1.6,5,0,4,1005,1"],
      [
        `${EMPTY_ASK},1000,5,${EMPTY_ASK},${EMPTY_BID}`,
        `1010,7,1000,5,${EMPTY_ASK},${EMPTY_BID}`,
        `1010,5,1000,5,${EMPTY_ASK},${EMPTY_BID}`,
        `1010,5,1000,4,${EMPTY_ASK},${EMPTY_BID}`,
        `1010,5,1000,4,${EMPTY_ASK},990,9`,
        `1010,5,990,9,${EMPTY_ASK},${EMPTY_BID}`,
        `1010,5,990,9,${EMPTY_ASK},${EMPTY_BID}`,
      ],
    );
    expect(result).toEqual({ checked: 6, matched: 6, levels: 14 - 1, differing: [] });
  });

  it("does not ask for the level that comes from below the view", () => {
    const result = check(["1.0,1,1,5,1000,1", "1.1,3,1,5,1000,1"], ["1010,7,1000,5", "1010,7,980,3"]);
    expect(result).toEqual({ checked: 1, matched: 1, levels: 1, differing: [] });
  });

  it.each([
    ["a size", "1010,7,1000,6"],
    ["a price", "1011,7,1000,5"],
    ["a side that should be there", `${EMPTY_ASK},1000,5`],
  ])("rejects a row that differs in %s", (_, row) => {
    expect(check(["1.0,1,1,5,1000,1", "1.1,5,0,5,1005,1"], ["1010,7,1000,5", row])).toMatchObject({ checked: 1, matched: 0, differing: [1] });
  });

  it("rejects a level too many where the whole side is known", () => {
    const before = `1010,7,1000,5,${EMPTY_ASK},${EMPTY_BID}`;
    expect(check(["1.0,1,1,5,1000,1", "1.1,5,0,5,1005,1"], [before, `1010,7,1000,5,1020,1,${EMPTY_BID}`])).toMatchObject({ matched: 0 });
  });

  it("says which row is not of the format, and when the files do not belong together", () => {
    const unreadable = expect.toSatisfy((error) => isStreamError(error, "INPUT_UNREADABLE"));
    expect(() => check(["1.0,1,1,5,1000,1"], ["a,b,c,d"])).toThrow(unreadable);
    expect(() => check(["1.0,1,1,5,1000"], ["1010,7,1000,5"])).toThrow(/row 1 of the message file/);
    expect(() => check(["1.0,1,1,5,1000,1"], [])).toThrow(unreadable);
  });

  it("has nothing to check in empty files", () => {
    expect(check([], [])).toEqual({ checked: 0, matched: 0, levels: 0, differing: [] });
  });

  it("reads a row into sides and leaves the dummies out", () => {
    const row = text.encode(`1010,7,1000,5,1020,1,${EMPTY_BID}`);
    expect(readLobsterBook(row, 0, row.length)).toEqual({
      depth: 2,
      bids: [{ price: 1000, qty: 5 }],
      asks: [
        { price: 1010, qty: 7 },
        { price: 1020, qty: 1 },
      ],
    });
    expect(readLobsterBook(row, 0, row.length - 2)).toBeNull();
  });
});
