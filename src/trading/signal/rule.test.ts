import { describe, expect, it } from "vitest";
import { snapshotContract } from "../../../test/contract/snapshot.ts";
import { BOOK_BID_PRESENT, BOOK_COLUMNS } from "../../analysis/formula/book-row.ts";
import { Arena } from "../../kernel/memory/arena.ts";
import { SIDE_ASK, SIDE_BID, SIDE_NONE } from "../../kernel/record/header.ts";
import { checkRules, RuleSet, type RuleDefinition } from "./rule.ts";

function create(rules: readonly RuleDefinition[], lanes: number = 1): RuleSet {
  const arena = Arena.create("rules", 1 << 20);
  const set = new RuleSet(arena, lanes, rules);
  arena.seal();
  return set;
}

const bar = (close: number): Float64Array => Float64Array.from([close, close, close, close, 1, close, 1, 0]);
const book = new Float64Array(BOOK_COLUMNS).fill(1);

/** Names that fired for each close of lane 0; null is a bar with an empty book. */
function fire(set: RuleSet, closes: readonly (number | null)[], lane: number = 0): string[] {
  return closes.map((close) => {
    const count = set.onBar(lane, bar(close ?? 0), book, close === null ? 0 : BOOK_BID_PRESENT);
    return [...set.fired.subarray(0, count)].map((i) => set.rules[i].name).join(" ");
  });
}

describe("a rule", () => {
  it("fires when its condition turns true, not while it stays so", () => {
    expect(fire(create([{ name: "up", when: "close > 2" }]), [1, 3, 4, 2, 3])).toEqual(["", "up", "", "", "up"]);
  });

  it("does not fire on its first answer, which nobody saw turn", () => {
    const set = create([{ name: "up", when: "close > 2 and close[1] > 0" }]);
    expect(set.hasAnswered(0, 0)).toBe(false);
    expect(fire(set, [3, 3, 1, 3])).toEqual(["", "", "", "up"]);
    expect(set.hasAnswered(0, 0)).toBe(true);
  });

  it("is not moved by a bar without an answer", () => {
    expect(fire(create([{ name: "up", when: "close > 2 and bid > 0" }]), [1, null, 3, null, 3, 1, 3])).toEqual(["", "", "up", "", "", "", "up"]);
  });

  it("fires on each bar with `every`, from its first answer on", () => {
    expect(fire(create([{ name: "up", when: "close > 2", every: true }]), [3, 3, 1, 3])).toEqual(["up", "up", "", "up"]);
  });

  it("keeps its edge a lane", () => {
    const set = create([{ name: "up", when: "close > 2" }], 2);
    expect(fire(set, [1], 0)).toEqual([""]);
    expect(fire(set, [3], 1)).toEqual([""]);
    expect(fire(set, [3], 0)).toEqual(["up"]);
    expect(fire(set, [1, 3], 1)).toEqual(["", "up"]);
    expect(set.firedCount(0)).toBe(2);
  });

  it("tells several that fire on one bar in the order of declaration, with side, strength and values", () => {
    const set = create([
      { name: "b", when: "close > 2", side: "buy", strength: 0.5 },
      { name: "never", when: "close > 1000" },
      { name: "a", when: "close > sma(1) - 1 and close > 2", side: "sell" },
    ]);
    expect(fire(set, [1, 3])).toEqual(["", "b a"]);
    expect([...set.sides]).toEqual([SIDE_BID, SIDE_NONE, SIDE_ASK]);
    expect([...set.strengths]).toEqual([0.5, 1, 1]);
    const values = new Float64Array(4);
    expect(set.valueNames(2)).toEqual(["close", "sma(1)"]);
    expect(set.readValues(2, values)).toBe(2);
    expect([...values]).toEqual([3, 3, 0, 0]);
  });

  it("passes a session on to its indicators", () => {
    const set = create([{ name: "low", when: "close < vwap()", every: true }]);
    expect(fire(set, [9, 5])).toEqual(["", "low"]);
    set.reset(0);
    expect(fire(set, [5])).toEqual([""]);
  });

  it("is refused with the name of another, a strength out of range or a wrong formula, with and without memory", () => {
    const wrong: [RuleDefinition[], string][] = [
      [
        [
          { name: "a", when: "close > 1" },
          { name: "a", when: "close > 2" },
        ],
        "rule a: has the name of another rule",
      ],
      [[{ name: "a", when: "close > 1", strength: 1.5 }], "strength from 0 to 1, got 1.5"],
      [[{ name: "a", when: "close > 1", strength: NaN }], "strength from 0 to 1, got NaN"],
      [[{ name: "a", when: "klose > 1" }], "did you mean close?"],
    ];
    for (const [rules, message] of wrong) {
      expect(() => checkRules(rules)).toThrow(message);
      expect(() => create(rules)).toThrow(message);
    }
    checkRules([{ name: "a", when: "close > 1" }]);
  });
});

snapshotContract(
  "rule set",
  (arena) => {
    const set = new RuleSet(arena, 3, [
      { name: "dip", when: "close < bollinger(5, 1).lower and rsi(4) < 45", side: "buy" },
      { name: "cross", when: "crossOver(ema(3), sma(6)) and bid > 0", every: true },
    ]);
    return {
      step(random) {
        const lane = random.nextBelow(3);
        const count = set.onBar(lane, bar(90 + random.nextBelow(200) / 10), book, random.nextBelow(4) === 0 ? 0 : BOOK_BID_PRESENT);
        return [count, ...set.fired.subarray(0, count), set.firedCount(0), set.firedCount(1)];
      },
    };
  },
  { cuts: 8 },
);
