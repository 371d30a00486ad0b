/**
 * One subscriber's bounded queue between what is published and what it takes, under a delivery policy.
 *
 * A unit (a record, or a chain of records up to FLAG_LAST) is delivered whole or lost whole. After every call
 * published = consumed + lost + pending holds, and the loss is counted by its reason. Sized at start; nothing is allocated for a record.
 */
import type { Arena } from "../../kernel/memory/arena.ts";
import type { Slots } from "../../kernel/record/slots.ts";
import { BroadcastRing } from "../../kernel/ring/broadcast-ring.ts";
import { checkPolicy, type DeliveryPolicy } from "./delivery-policy.ts";
import { LossySubscription } from "./lossy-subscription.ts";
import { QueuedSubscription } from "./queued-subscription.ts";

/**
 * Why records were lost: overwritten before they were taken, replaced by newer ones of their key, dropped for want of room, or part of a unit
 * longer than the subscription takes.
 */
export type LossReason = "lapped" | "conflated" | "dropped" | "oversize";

export interface Subscription {
  /** Most records of a unit: the room that take() must be given. */
  readonly chain: number;
  /**
   * Publisher: hands in the next record; a unit can be taken when its last record has come. 0, or FULL from a lossless subscription: nothing
   * was taken, the same record is to be handed in again when the subscriber has moved. A lossless one that is given a unit longer than `chain`
   * throws MAP_CAPACITY.
   */
  offer(slots: Slots, slot: number): number;
  /**
   * Subscriber: copies the oldest unit to `target` from `slot` on, where there must be room for `chain` records; answers how many it took.
   * EMPTY when there is none. OVERRUN, from a lossy subscription: records lostFrom up to lostTo were lost, and the next call goes on behind them.
   */
  take(target: Slots, slot: number): number;
  /** Records handed in. */
  readonly published: number;
  /** Records taken. */
  readonly consumed: number;
  /** Records handed in and neither taken nor lost, those of a unit without its last record among them. */
  readonly pending: number;
  /** Records lost. */
  readonly lost: number;
  /** Records lost for this reason. */
  lostBy(reason: LossReason): number;
}

/** A subscription with its memory in the arena, under `name`; a lossy one has a ring of its own. CONFIG_INVALID for a policy that is none. */
export function createSubscription(arena: Arena, name: string, policy: DeliveryPolicy): Subscription {
  const checked = checkPolicy(policy);
  return checked.policy === "lossy" ? new LossySubscription(BroadcastRing.create(checked.capacity), checked) : new QueuedSubscription(arena, name, checked);
}
