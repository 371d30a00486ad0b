/** A subscription under test: units handed in and taken as numbers, the counts balanced after every call. */
import { expect } from "vitest";
import { createSubscription, type Subscription } from "../../src/engine/delivery/subscription.ts";
import type { DeliveryPolicy } from "../../src/engine/delivery/delivery-policy.ts";
import { EMPTY } from "../../src/kernel/core/status.ts";
import { Arena } from "../../src/kernel/memory/arena.ts";
import { FLAG_CRITICAL, FLAG_LAST } from "../../src/kernel/record/flags.ts";
import { headerWord, TYPE_TRADE } from "../../src/kernel/record/header.ts";
import { Slots } from "../../src/kernel/record/slots.ts";

const one = Slots.create(1);
/** What was taken last, from slot 2 on. */
export const out: Slots = Slots.create(16);

export interface Part {
  readonly type?: number;
  readonly instrument?: number;
  readonly critical?: boolean;
}

/** Hands in one record; `last` ends its unit. */
export function hand(subscription: Subscription, n: number, last: boolean, { type = TYPE_TRADE, instrument = 0, critical = false }: Part = {}): number {
  one.i32[0] = headerWord(type, (last ? FLAG_LAST : 0) | (critical ? FLAG_CRITICAL : 0));
  one.u32[1] = instrument;
  one.f64[1] = n;
  return subscription.offer(one, 0);
}

/** The same, and looks whether the counts balance. */
export function offer(subscription: Subscription, n: number, last = true, part: Part = {}): number {
  const status = hand(subscription, n, last, part);
  expectBalance(subscription);
  return status;
}

/** Hands in a unit of `length` records: first, first + 1, ... */
export function offerUnit(subscription: Subscription, first: number, length: number, part: Part = {}): number[] {
  return Array.from({ length }, (_, i) => offer(subscription, first + i, i === length - 1, part));
}

/** The numbers of the oldest unit's records, or the status. */
export function take(subscription: Subscription): number[] | number {
  const count = subscription.take(out, 2);
  expectBalance(subscription);
  return count < 0 ? count : Array.from({ length: count }, (_, i) => out.f64[(2 + i) * 8 + 1]);
}

export function drain(subscription: Subscription): (number[] | number)[] {
  const taken = [];
  for (let next = take(subscription); next !== EMPTY; next = take(subscription)) taken.push(next);
  return taken;
}

export function expectBalance({ published, consumed, lost, pending }: Subscription): void {
  expect(published).toBe(consumed + lost + pending);
}

export function create(policy: DeliveryPolicy): Subscription {
  const arena = Arena.create("delivery", 1 << 20);
  const subscription = createSubscription(arena, "s", policy);
  arena.seal();
  return subscription;
}
