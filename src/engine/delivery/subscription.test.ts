import { describe, expect, it } from "vitest";
import { snapshotContract } from "../../../test/contract/snapshot.ts";
import { create, drain, offer, offerUnit, take } from "../../../test/model/delivery.ts";
import { EMPTY, FULL } from "../../kernel/core/status.ts";
import { FLAG_LAST } from "../../kernel/record/flags.ts";
import { headerWord, TYPE_ACK, TYPE_BAR, TYPE_BAR_TAIL, TYPE_BOOK_DELTA, TYPE_QUOTE, TYPE_SIGNAL, TYPE_TRADE } from "../../kernel/record/header.ts";
import { Slots } from "../../kernel/record/slots.ts";
import { DELIVERY_NAMES } from "./delivery-policy.ts";
import { createSubscription, type Subscription } from "./subscription.ts";

describe.each(DELIVERY_NAMES)("a %s subscription", (policy) => {
  const make = (capacity: number, chain?: number): Subscription => create({ policy, capacity, ...(chain === undefined ? {} : { chain }) });

  it("that keeps up gets every unit whole and in order", () => {
    const subscription = make(16, 4);
    for (let n = 0; n < 300; n += 6) {
      offerUnit(subscription, n, 1, { instrument: n });
      offerUnit(subscription, n + 1, 3, { instrument: n + 1 });
      offerUnit(subscription, n + 4, 2, { instrument: n + 4 });
      expect(drain(subscription)).toEqual([[n], [n + 1, n + 2, n + 3], [n + 4, n + 5]]);
    }
    expect([subscription.published, subscription.consumed, subscription.lost, subscription.pending]).toEqual([300, 300, 0, 0]);
  });

  it("does not show a unit before its last record", () => {
    const subscription = make(8);
    offer(subscription, 1, false);
    offer(subscription, 2, false);
    expect([take(subscription), subscription.pending]).toEqual([EMPTY, 2]);
    offer(subscription, 3, true);
    expect(take(subscription)).toEqual([1, 2, 3]);
  });

  it("asks for room for the longest unit", () => {
    const subscription = make(8, 4);
    expect(() => subscription.take(Slots.create(8), 5)).toThrowError(expect.objectContaining({ code: "INVARIANT" }));
    expect(subscription.take(Slots.create(8), 4)).toBe(EMPTY);
  });

  it("counts under no reason what it does not lose", () => {
    const subscription = make(8);
    offer(subscription, 1);
    for (const reason of ["lapped", "conflated", "dropped", "oversize"] as const) expect(subscription.lostBy(reason)).toBe(0);
  });
});

describe.each(DELIVERY_NAMES.filter((policy) => policy !== "lossless"))("a %s subscription given a unit that is too long", (policy) => {
  it("loses all of it, says so, and goes on with the next", () => {
    const subscription = create({ policy, capacity: 8, chain: 2 });
    offerUnit(subscription, 1, 5);
    offerUnit(subscription, 10, 2);
    offer(subscription, 20, false);
    offer(subscription, 21, false);
    offer(subscription, 22, true); // the one too many is the last
    expect(drain(subscription)).toEqual([[10, 11]]);
    offerUnit(subscription, 30, 1);
    expect(take(subscription)).toEqual([30]);
    expect([subscription.lostBy("oversize"), subscription.lost]).toEqual([8, 8]);
  });
});

describe("lossless", () => {
  it("refuses the record that would complete a unit without room, and takes it again later", () => {
    const subscription = create({ policy: "lossless", capacity: 3, chain: 3 });
    expect(offerUnit(subscription, 1, 2)).toEqual([0, 0]);
    expect(offerUnit(subscription, 10, 2)).toEqual([0, FULL]);
    expect(offer(subscription, 11, true)).toBe(FULL);
    expect([subscription.published, subscription.pending]).toEqual([3, 3]);
    expect(take(subscription)).toEqual([1, 2]);
    expect(offer(subscription, 11, true)).toBe(0);
    expect(take(subscription)).toEqual([10, 11]);
    expect(subscription.lost).toBe(0);
  });

  it("stops with MAP_CAPACITY for a unit that it could never deliver", () => {
    const subscription = create({ policy: "lossless", capacity: 4, chain: 2 });
    offer(subscription, 1, false);
    offer(subscription, 2, false);
    expect(() => offer(subscription, 3, false)).toThrowError(expect.objectContaining({ code: "MAP_CAPACITY", details: { chain: 2 } }));
  });
});

describe("drop-oldest, drop-newest", () => {
  it("drop-oldest lets whole units go from the front until the new one has room", () => {
    const subscription = create({ policy: "drop-oldest", capacity: 5, chain: 4 });
    offerUnit(subscription, 1, 2);
    offerUnit(subscription, 3, 1);
    offerUnit(subscription, 4, 2);
    offerUnit(subscription, 10, 3);
    expect(drain(subscription)).toEqual([
      [4, 5],
      [10, 11, 12],
    ]);
    expect([subscription.lostBy("dropped"), subscription.lost]).toEqual([3, 3]);
  });

  it("drop-newest lets the new one go", () => {
    const subscription = create({ policy: "drop-newest", capacity: 5, chain: 4 });
    offerUnit(subscription, 1, 4);
    offerUnit(subscription, 10, 2);
    offerUnit(subscription, 20, 1);
    offerUnit(subscription, 30, 1);
    expect(drain(subscription)).toEqual([[1, 2, 3, 4], [20]]);
    expect(subscription.lostBy("dropped")).toBe(3);
  });
});

describe("drop-random", () => {
  const survivors = (seed: number): (number[] | number)[] => {
    const subscription = create({ policy: "drop-random", capacity: 20, chain: 3, seed });
    for (let n = 0; n < 600; n += 3) offerUnit(subscription, n, 1 + (n % 2));
    expect(subscription.lostBy("dropped")).toBe(subscription.lost);
    return drain(subscription);
  };

  it("keeps what is left in order, ends with the newest, and drops alike for equal seeds", () => {
    const first = survivors(7);
    expect(survivors(7)).toEqual(first);
    expect(survivors(8)).not.toEqual(first);
    const firsts = first.map((unit) => (unit as number[])[0]);
    expect(firsts).toEqual(firsts.toSorted((a, b) => a - b));
    expect(firsts.at(-1)).toBe(597);
  });

  it("spares no place and prefers none: after many drops units of every age are left", () => {
    let old = 0;
    for (let seed = 1; seed <= 200; seed++) {
      const subscription = create({ policy: "drop-random", capacity: 10, seed });
      for (let n = 0; n < 11; n++) offer(subscription, n);
      const left = drain(subscription).flat();
      old += [0, 1, 2, 3, 4].filter((n) => left.includes(n)).length;
    }
    expect(old).toBeGreaterThan(200 * 4.3); // one of ten goes: 4.5 of the five oldest stay
    expect(old).toBeLessThan(200 * 4.7);
  });
});

describe("drop-lowest-priority", () => {
  const priorities = { signal: 3, trade: 2, quote: 1 };

  it("drops the oldest of the lowest priority, and the new one when it is the lowest", () => {
    const subscription = create({ policy: "drop-lowest-priority", capacity: 3, priorities });
    offer(subscription, 1, true, { type: TYPE_TRADE });
    offer(subscription, 2, true, { type: TYPE_QUOTE });
    offer(subscription, 3, true, { type: TYPE_QUOTE });
    offer(subscription, 4, true, { type: TYPE_QUOTE }); // equal: the older goes
    offer(subscription, 5, true, { type: TYPE_BOOK_DELTA }); // lower than all: it goes itself
    offer(subscription, 6, true, { type: TYPE_SIGNAL });
    expect(drain(subscription)).toEqual([[1], [4], [6]]);
    expect(subscription.lostBy("dropped")).toBe(3);
  });

  it("never drops a critical record for a routine one, whatever its type", () => {
    const subscription = create({ policy: "drop-lowest-priority", capacity: 2, priorities });
    offer(subscription, 1, true, { type: TYPE_BOOK_DELTA, critical: true });
    offer(subscription, 2, true, { type: TYPE_BOOK_DELTA, critical: true });
    offer(subscription, 3, true, { type: TYPE_SIGNAL });
    expect(subscription.lost).toBe(1);
    offer(subscription, 4, true, { type: TYPE_QUOTE, critical: true });
    expect(drain(subscription)).toEqual([[2], [4]]);
  });

  it("drops nothing for a unit that would not fit even then", () => {
    const subscription = create({ policy: "drop-lowest-priority", capacity: 4, chain: 4, priorities });
    offerUnit(subscription, 1, 1, { type: TYPE_QUOTE });
    offerUnit(subscription, 2, 3, { type: TYPE_SIGNAL });
    offerUnit(subscription, 10, 2, { type: TYPE_TRADE }); // the quote is too little
    expect(subscription.lostBy("dropped")).toBe(2);
    offerUnit(subscription, 20, 2, { type: TYPE_SIGNAL }); // the quote, and the older signal
    expect(drain(subscription)).toEqual([[20, 21]]);
  });

  it("knows what matters unless it is told: a signal outlives an ack's quote", () => {
    const subscription = create({ policy: "drop-lowest-priority", capacity: 2 });
    offer(subscription, 1, true, { type: TYPE_SIGNAL });
    offer(subscription, 2, true, { type: TYPE_QUOTE });
    offer(subscription, 3, true, { type: TYPE_ACK });
    expect(drain(subscription)).toEqual([[1], [3]]);
  });
});

describe("conflate", () => {
  it("puts the newest of instrument and type in the place of the pending one", () => {
    const subscription = create({ policy: "conflate", capacity: 8 });
    const quote = (n: number, instrument: number): number => offer(subscription, n, true, { type: TYPE_QUOTE, instrument });
    quote(1, 7);
    quote(2, 0xffff_ffff);
    offer(subscription, 3, true, { type: TYPE_TRADE, instrument: 7 });
    quote(4, 7);
    quote(5, 7);
    expect(drain(subscription)).toEqual([[5], [2], [3]]);
    expect([subscription.lostBy("conflated"), subscription.lost]).toEqual([2, 2]);
    quote(6, 7); // taken, so no longer pending
    expect(drain(subscription)).toEqual([[6]]);
  });

  it("replaces a unit by one of another length", () => {
    const subscription = create({ policy: "conflate", capacity: 4, chain: 3 });
    offerUnit(subscription, 1, 1, { type: TYPE_BAR, instrument: 1 });
    offerUnit(subscription, 2, 2, { type: TYPE_BAR, instrument: 2 });
    offerUnit(subscription, 10, 2, { type: TYPE_BAR, instrument: 1 });
    expect(drain(subscription)).toEqual([
      [10, 11],
      [2, 3],
    ]);
    expect(subscription.lostBy("conflated")).toBe(1);
  });

  it("full of other keys drops the oldest of them, never the place that is being renewed", () => {
    const subscription = create({ policy: "conflate", capacity: 3, chain: 3 });
    for (const instrument of [1, 2, 3]) offer(subscription, instrument, true, { instrument });
    offer(subscription, 4, true, { instrument: 4 });
    expect(subscription.lostBy("dropped")).toBe(1);
    offerUnit(subscription, 10, 2, { instrument: 2 }); // takes the place of 2, and 3 has to go
    expect(drain(subscription)).toEqual([[10, 11], [4]]);
    expect([subscription.lostBy("conflated"), subscription.lostBy("dropped")]).toEqual([1, 2]);
  });

  it("takes a key of one's own, exact to 53 bits", () => {
    const subscription = create({ policy: "conflate", capacity: 8, keyOf: (slots, slot) => slots.u32[slot * 16 + 1] * 2 ** 20 });
    for (const [n, instrument] of [
      [1, 1],
      [2, 4097],
      [3, 2 ** 32 - 1],
      [4, 4097],
    ])
      offer(subscription, n, true, { instrument });
    expect(drain(subscription)).toEqual([[1], [4], [3]]);
  });

  it.each([-1, 0.5, NaN, 2 ** 53])("stops with INVARIANT for a key of %d", (key) => {
    const subscription = create({ policy: "conflate", capacity: 8, keyOf: () => key });
    expect(() => offer(subscription, 1)).toThrowError(expect.objectContaining({ code: "INVARIANT" }));
  });
});

for (const policy of DELIVERY_NAMES.filter((name) => name !== "lossy")) {
  snapshotContract(`a ${policy} subscription`, (arena) => {
    const subscription = createSubscription(arena, "s", { policy, capacity: 12, chain: 4 });
    const staging = Slots.create(1);
    const target = Slots.create(4);
    const types = [TYPE_TRADE, TYPE_QUOTE, TYPE_SIGNAL, TYPE_BAR_TAIL];
    return {
      step(random) {
        if (random.nextBelow(3) === 0) {
          const count = subscription.take(target, 0);
          return [count, ...target.f64.subarray(0, Math.max(0, count) * 8).filter((_, i) => i % 8 === 1)];
        }
        const isLast = subscription.pending > 0 && random.nextBelow(2) === 0;
        staging.i32[0] = headerWord(types[random.nextBelow(4)], isLast ? FLAG_LAST : 0);
        staging.u32[1] = random.nextBelow(4);
        staging.f64[1] = random.nextBelow(1000);
        const { published, consumed, lost, pending } = subscription;
        try {
          return [subscription.offer(staging, 0), published, consumed, lost, pending];
        } catch {
          staging.i32[0] = headerWord(TYPE_TRADE, FLAG_LAST); // lossless refuses a unit that is too long
          return ["too long", published];
        }
      },
    };
  });
}
