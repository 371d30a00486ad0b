import { describe, expect, it } from "vitest";
import { create, drain, expectBalance, hand, offer, offerUnit, out, take } from "../../../test/model/delivery.ts";
import { EMPTY, OVERRUN } from "../../kernel/core/status.ts";
import { headerWord, TYPE_TRADE } from "../../kernel/record/header.ts";
import type { Slots } from "../../kernel/record/slots.ts";
import { BroadcastRing } from "../../kernel/ring/broadcast-ring.ts";
import type { DeliveryPolicy } from "./delivery-policy.ts";
import { LossySubscription } from "./lossy-subscription.ts";

describe("a lossy subscription", () => {
  const lossy = (policy: Omit<DeliveryPolicy, "policy">): LossySubscription => create({ policy: "lossy", ...policy }) as LossySubscription;

  it("never refuses, and tells the exact range once", () => {
    const subscription = lossy({ capacity: 8 });
    for (let n = 0; n < 100; n++) expect(offer(subscription, n)).toBe(0);
    expect(take(subscription)).toBe(OVERRUN);
    expect([subscription.lostFrom, subscription.lostTo, subscription.lostBy("lapped")]).toEqual([0, 93, 93]);
    expect(drain(subscription)).toEqual([93, 94, 95, 96, 97, 98, 99].map((n) => [n]));
  });

  it("goes on at the beginning of a unit, never in the midst of one", () => {
    const subscription = lossy({ capacity: 16, chain: 4 });
    for (let n = 0; n < 60; n += 3) offerUnit(subscription, n, 3);
    expect(take(subscription)).toBe(OVERRUN);
    const rest = drain(subscription) as number[][];
    expect(rest.length).toBeGreaterThan(2);
    for (const unit of rest) expect(unit).toEqual([unit[0], unit[0] + 1, unit[0] + 2]);
    expect(rest[0][0] % 3).toBe(0);
    expect(subscription.lostTo).toBe(rest[0][0]);
  });

  it("goes on at the head if that was asked for", () => {
    const subscription = lossy({ capacity: 8, resume: "head" });
    for (let n = 0; n < 20; n++) offer(subscription, n);
    expect([take(subscription), take(subscription), subscription.lostTo]).toEqual([OVERRUN, EMPTY, 20]);
    offer(subscription, 20);
    expect(take(subscription)).toEqual([20]);
  });

  it("that is in the midst of a unit when it is lapped loses the whole of it", () => {
    const subscription = lossy({ capacity: 8, chain: 4 });
    offerUnit(subscription, 0, 4);
    const reader = (subscription as unknown as { reader: { poll(target: Slots, slot: number): number } }).reader;
    const poll = reader.poll.bind(reader);
    let polls = 0;
    reader.poll = (target, slot) => {
      if (++polls === 3) for (let n = 4; n < 16; n++) hand(subscription, n, n % 4 === 3);
      return poll(target, slot);
    };
    expect(subscription.take(out, 0)).toBe(OVERRUN);
    expect([subscription.lostFrom, subscription.consumed]).toEqual([0, 0]);
    expectBalance(subscription);
    expect(drain(subscription).every((unit) => Array.isArray(unit) && unit.length === 4)).toBe(true);
  });

  it("looks again at the moment in which the ring's count cannot be read, in a unit and before one", () => {
    const subscription = lossy({ capacity: 16, chain: 4 });
    const reader = (subscription as unknown as { reader: { poll(target: Slots, slot: number): number } }).reader;
    const poll = reader.poll.bind(reader);
    let polls = 0;
    reader.poll = (target, slot) => (++polls % 2 === 0 ? EMPTY : poll(target, slot));
    for (let n = 0; n < 60; n += 3) offerUnit(subscription, n, 3);
    expect(take(subscription)).toBe(OVERRUN);
    polls = 0;
    expect(take(subscription)).toEqual([45, 46, 47]);
    expect(subscription.lostTo).toBe(45);
  });

  it("gives up looking for a unit when it is lapped again and again, and goes on at the head", () => {
    const subscription = lossy({ capacity: 8, chain: 4 });
    const reader = (subscription as unknown as { reader: { poll(target: Slots, slot: number): number } }).reader;
    const poll = reader.poll.bind(reader);
    let n = 0;
    for (; n < 20; n++) offer(subscription, n);
    reader.poll = (target, slot) => {
      if (n < 1000) for (let i = 0; i < 20; i++) hand(subscription, n++, true);
      return poll(target, slot);
    };
    expect(subscription.take(out, 0)).toBe(OVERRUN);
    expect(n).toBeLessThan(1000);
    expect([subscription.lostTo, subscription.pending]).toEqual([n, 0]);
    expectBalance(subscription);
  });

  it("stops with INVARIANT at what it cannot have published", () => {
    const ring = BroadcastRing.create(16);
    const subscription = new LossySubscription(ring, { chain: 4, resume: "oldest" });
    for (let i = 0; i < 6; i++) ring.slots.i32[ring.claim() * 16] = headerWord(TYPE_TRADE, 0);
    ring.commit();
    expect(() => subscription.take(out, 0)).toThrowError(expect.objectContaining({ code: "INVARIANT" }));
  });
});
