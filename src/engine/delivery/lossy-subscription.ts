/**
 * The lossy policy over a broadcast ring: the publisher never waits, a subscriber that was lapped is told the exact range that it lost. @hot
 *
 * A unit is put together beside the ring and published with one commit, so every head of the ring is the end of a unit. A subscriber that goes
 * on at the oldest record cannot know whether that one begins a unit, so it goes on behind the next FLAG_LAST; what it passes over belongs to
 * the loss. Publisher and subscriber may be two objects over one ring, in two threads: each uses its half.
 */
import { fail } from "../../kernel/core/invariant.ts";
import { EMPTY, OVERRUN } from "../../kernel/core/status.ts";
import { FLAG_LAST } from "../../kernel/record/flags.ts";
import { HEADER_FLAGS_U16 } from "../../kernel/record/header.ts";
import { Slots } from "../../kernel/record/slots.ts";
import { BroadcastReader, type BroadcastRing } from "../../kernel/ring/broadcast-ring.ts";
import type { CheckedPolicy } from "./delivery-policy.ts";
import type { LossReason, Subscription } from "./subscription.ts";

/** Times that a unit which must be there may be not yet visible: far more than a store takes. */
const EMPTY_MAX = 1_000_000;
/** Times that a subscriber may be lapped while it looks for the beginning of a unit. */
const LAPS_MAX = 16;

/** Rows of the private counts. */
const FIRST = 0;
const CONSUMED = 1;
const LAPPED = 2;
const OVERSIZE = 3;
const LOST_FROM = 4;
const LOST_TO = 5;

export class LossySubscription implements Subscription {
  readonly chain: number;
  private readonly ring: BroadcastRing;
  private readonly reader: BroadcastReader;
  private readonly isToHead: boolean;
  private readonly counts: Float64Array;
  private readonly stage: Slots;
  private staged = 0;
  /** True while the rest of a unit that was too long is lost. */
  private isSkipping = false;

  /** Starts at the head of the ring. Of the policy, `chain` and `resume` count here. */
  constructor(ring: BroadcastRing, { chain, resume }: Pick<CheckedPolicy, "chain" | "resume">) {
    this.ring = ring;
    this.chain = chain;
    this.isToHead = resume === "head";
    this.reader = new BroadcastReader(ring);
    this.counts = new Float64Array(6);
    this.counts[FIRST] = this.reader.cursor;
    this.stage = Slots.create(chain);
  }

  /** Records handed in since the subscriber attached; those of a unit without its last record are seen by the publisher's object alone. */
  get published(): number {
    return this.ring.head - this.counts[FIRST] + this.staged + this.counts[OVERSIZE];
  }

  get consumed(): number {
    return this.counts[CONSUMED];
  }

  get pending(): number {
    return this.reader.pending + this.staged;
  }

  get lost(): number {
    return this.counts[LAPPED] + this.counts[OVERSIZE];
  }

  /** First record of the last loss, counted from the ring's first. */
  get lostFrom(): number {
    return this.counts[LOST_FROM];
  }

  /** One past the last record of the last loss. */
  get lostTo(): number {
    return this.counts[LOST_TO];
  }

  lostBy(reason: LossReason): number {
    if (reason === "lapped") return this.counts[LAPPED];
    return reason === "oversize" ? this.counts[OVERSIZE] : 0;
  }

  offer(slots: Slots, slot: number): number {
    const isLast = (slots.u16[(slot << 5) + HEADER_FLAGS_U16] & FLAG_LAST) !== 0;
    if (this.isSkipping || this.staged === this.chain) {
      this.counts[OVERSIZE] += 1 + this.staged;
      this.staged = 0;
      this.isSkipping = !isLast;
      return 0;
    }
    this.stage.copyFrom(slots, slot, this.staged++);
    if (!isLast) return 0;
    const ring = this.ring;
    for (let i = 0; i < this.staged; i++) ring.slots.copyFrom(this.stage, i, ring.claim());
    this.staged = 0;
    ring.commit();
    return 0;
  }

  take(target: Slots, slot: number): number {
    if (target.count - slot < this.chain) fail("take() was given less room than a unit may need", target.count - slot);
    const counts = this.counts;
    const reader = this.reader;
    const from = reader.cursor;
    let count = 0;
    for (let empty = 0; count < this.chain && empty < EMPTY_MAX;) {
      const status = reader.poll(target, slot + count);
      if (status === OVERRUN) {
        counts[LOST_FROM] = from;
        return this.resume(target, slot);
      }
      if (status === EMPTY) {
        if (count === 0) return EMPTY;
        empty++; // a unit is published whole: this is the moment in which the high bits of a count change
        continue;
      }
      if ((target.u16[((slot + count++) << 5) + HEADER_FLAGS_U16] & FLAG_LAST) === 0) continue;
      counts[CONSUMED] += count;
      return count;
    }
    fail("the ring holds what no lossy subscription published: a unit without its last record", count);
  }

  /** Goes on behind what was lost, at the beginning of a unit. */
  private resume(target: Slots, slot: number): number {
    const reader = this.reader;
    if (this.isToHead) reader.resetToHead();
    else this.skipToUnit(target, slot);
    const counts = this.counts;
    counts[LOST_TO] = reader.cursor;
    counts[LAPPED] += counts[LOST_TO] - counts[LOST_FROM];
    return OVERRUN;
  }

  /** Behind the first FLAG_LAST from the oldest record on; at the head, which ends a unit too, when there is none or it is lapped again and again. */
  private skipToUnit(target: Slots, slot: number): void {
    const reader = this.reader;
    reader.resetToOldest();
    for (let laps = 0; laps < LAPS_MAX;) {
      const status = reader.poll(target, slot);
      if (status === OVERRUN) {
        laps++;
        reader.resetToOldest();
      } else if (status === EMPTY) {
        if (reader.pending === 0) return;
        laps++;
      } else if ((target.u16[(slot << 5) + HEADER_FLAGS_U16] & FLAG_LAST) !== 0) return;
    }
    reader.resetToHead();
  }
}
