import { describe, expect, it } from "vitest";
import { TYPE_ACK, TYPE_SIGNAL, TYPE_TRADE, TYPE_VALUES } from "../../kernel/record/header.ts";
import { CHAIN_DEFAULT, checkPolicy, DELIVERY_NAMES, PRIORITIES_DEFAULT, type DeliveryPolicy } from "./delivery-policy.ts";

const invalid = (message: string | RegExp) =>
  expect.objectContaining({ code: "CONFIG_INVALID", message: message instanceof RegExp ? expect.stringMatching(message) : expect.stringContaining(message) });

describe("a delivery policy", () => {
  it.each(DELIVERY_NAMES)("%s needs a name and a capacity; the rest has defaults", (policy) => {
    expect(checkPolicy({ policy, capacity: 1024 })).toMatchObject({ policy, capacity: 1024, chain: CHAIN_DEFAULT, resume: "oldest", keyOf: null, seed: 1 });
  });

  it("takes units as long as there is room for, where that is less than the default", () => {
    expect(checkPolicy({ policy: "lossless", capacity: 3 }).chain).toBe(3);
    expect(checkPolicy({ policy: "lossy", capacity: 8 }).chain).toBe(4);
  });

  it("has a priority for each type by its byte, and 0 for one that is not named", () => {
    const { priorities } = checkPolicy({ policy: "drop-lowest-priority", capacity: 1 });
    expect([priorities[TYPE_SIGNAL], priorities[TYPE_TRADE], priorities[TYPE_VALUES]]).toEqual([PRIORITIES_DEFAULT["signal"], PRIORITIES_DEFAULT["trade"], 0]);
    const own = checkPolicy({ policy: "drop-lowest-priority", capacity: 1, priorities: { ack: 14 } }).priorities;
    expect([own[TYPE_ACK], own[TYPE_SIGNAL]]).toEqual([14, 0]);
  });

  it.each<[object, string | RegExp]>([
    [
      { policy: "drop", capacity: 1 },
      'delivery expected a policy out of lossless, lossy, conflate, drop-oldest, drop-newest, drop-random, drop-lowest-priority, got "drop"',
    ],
    [{ capacity: 1 }, "expected a policy out of"],
    [{ policy: "lossless" }, "lossless: expected capacity to be a whole number from 1 to 16777216, got undefined"],
    [{ policy: "lossless", capacity: 0 }, /from 1 to 16777216, got 0$/],
    [{ policy: "lossless", capacity: 1.5 }, /got 1.5$/],
    [{ policy: "lossless", capacity: 2 ** 24 + 1 }, /got 16777217$/],
    [{ policy: "lossy", capacity: 3 }, /from 4 to 16777216, got 3$/],
    [{ policy: "lossy", capacity: 12 }, "lossy: expected a capacity that is a power of two, got 12"],
    [{ policy: "lossy", capacity: 8, chain: 5 }, "lossy: expected chain to be a whole number from 1 to 4, got 5"],
    [{ policy: "conflate", capacity: 8, chain: 9 }, "conflate: expected chain to be a whole number from 1 to 8, got 9"],
    [{ policy: "lossy", capacity: 8, resume: "newest" }, 'lossy: expected resume to be oldest or head, got "newest"'],
    [{ policy: "conflate", capacity: 8, keyOf: "symbol" }, "conflate: expected keyOf to be a function"],
    [{ policy: "drop-random", capacity: 8, seed: 0.5 }, /drop-random: expected seed to be a whole number/],
    [{ policy: "drop-oldest", capacity: 8, seed: 1 }, "drop-oldest: seed is a setting of drop-random"],
    [{ policy: "drop-oldest", capacity: 8, resume: "head" }, "drop-oldest: resume is a setting of lossy"],
    [{ policy: "drop-oldest", capacity: 8, depth: 1 }, "drop-oldest: there is no setting depth"],
    [{ policy: "drop-lowest-priority", capacity: 8, priorities: { trades: 1 } }, /expected record types out of trade, quote, .*, got trades$/],
    [{ policy: "drop-lowest-priority", capacity: 8, priorities: { trade: 15 } }, "the priority of trade to be a whole number from 0 to 14, got 15"],
  ])("is refused: %o", (policy, message) => {
    expect(() => checkPolicy(policy as DeliveryPolicy)).toThrowError(invalid(message));
  });
});
