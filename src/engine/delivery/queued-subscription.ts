/**
 * Every delivery policy but lossy, over one queue of units: what goes when there is no room for a new unit is the policy. @hot
 *
 * Each decision is made when a unit is complete, so its length is known and none is torn. Picking a victim is constant work: the oldest is at
 * hand, a random one is drawn from a dense list, the lowest priority has a list of its own, a key has a row in a map. All state lies in the
 * arena. One thread.
 */
import { StreamError } from "../../kernel/core/errors.ts";
import { fail } from "../../kernel/core/invariant.ts";
import { Random } from "../../kernel/core/random.ts";
import { EMPTY, FULL } from "../../kernel/core/status.ts";
import type { Arena } from "../../kernel/memory/arena.ts";
import { IntMap } from "../../kernel/memory/int-map.ts";
import { FLAG_CRITICAL, FLAG_LAST } from "../../kernel/record/flags.ts";
import { HEADER_FLAGS_U16, HEADER_INSTRUMENT_U32 } from "../../kernel/record/header.ts";
import type { Slots } from "../../kernel/record/slots.ts";
import { DELIVERY_NAMES, PRIORITY_MAX, type CheckedPolicy, type KeyOf } from "./delivery-policy.ts";
import type { LossReason, Subscription } from "./subscription.ts";
import { UnitQueue } from "./unit-queue.ts";

const LOSSLESS: number = DELIVERY_NAMES.indexOf("lossless");
const CONFLATE: number = DELIVERY_NAMES.indexOf("conflate");
const DROP_OLDEST: number = DELIVERY_NAMES.indexOf("drop-oldest");
const DROP_RANDOM: number = DELIVERY_NAMES.indexOf("drop-random");
const DROP_LOWEST: number = DELIVERY_NAMES.indexOf("drop-lowest-priority");

const PUBLISHED = 0;
const CONSUMED = 1;
const CONFLATED = 2;
const DROPPED = 3;
const OVERSIZE = 4;
/** 1 while the rest of a unit that was too long is lost. */
const SKIPPING = 5;
const HIGH_WATER = 6;
const CELLS = 8;

/** The priority of a record with FLAG_CRITICAL. */
const CRITICAL: number = PRIORITY_MAX + 1;
const LEVELS: number = CRITICAL + 1;
const TWO_32 = 4_294_967_296;

export class QueuedSubscription implements Subscription {
  readonly chain: number;
  private readonly policy: number;
  private readonly counts: Float64Array;
  private readonly queue: UnitQueue;
  private readonly random: Random | null;
  private readonly keyOf: KeyOf | null;
  /** Of conflate: the unit of each key, and the key of each unit. */
  private readonly keys: IntMap | null;
  private readonly keyLow: Int32Array;
  private readonly keyHigh: Int32Array;
  /** Of drop-random: the units in no order, and the place of each among them. */
  private readonly members: Int32Array;
  private readonly seat: Int32Array;
  /** Of drop-lowest-priority: each level's units from the oldest on, as slots plus one, and how many records they have. */
  private readonly priorities: Uint8Array;
  private readonly levelOf: Uint8Array;
  private readonly levelFirst: Int32Array;
  private readonly levelLast: Int32Array;
  private readonly levelRecords: Int32Array;
  private readonly levelLater: Int32Array;
  private readonly levelEarlier: Int32Array;

  constructor(arena: Arena, name: string, { policy, capacity, chain, seed, keyOf, priorities }: CheckedPolicy) {
    const slotsFor = (wanted: number): number => (this.policy === wanted ? capacity + chain : 0);
    this.policy = DELIVERY_NAMES.indexOf(policy);
    this.chain = chain;
    this.keyOf = keyOf;
    this.priorities = priorities;
    this.counts = arena.float64(`${name}.counts`, CELLS);
    this.queue = new UnitQueue(arena, name, capacity, chain);
    const state = arena.int32(`${name}.random`, 4);
    this.random = this.policy === DROP_RANDOM ? (arena.fresh ? new Random(state, seed) : new Random(state)) : null;
    this.keys = this.policy === CONFLATE ? new IntMap(arena, `${name}.keys`, capacity) : null;
    this.keyLow = arena.int32(`${name}.keyLow`, slotsFor(CONFLATE));
    this.keyHigh = arena.int32(`${name}.keyHigh`, slotsFor(CONFLATE));
    this.members = arena.int32(`${name}.members`, slotsFor(DROP_RANDOM));
    this.seat = arena.int32(`${name}.seat`, slotsFor(DROP_RANDOM));
    this.levelOf = arena.uint8(`${name}.levelOf`, slotsFor(DROP_LOWEST));
    this.levelLater = arena.int32(`${name}.levelLater`, slotsFor(DROP_LOWEST));
    this.levelEarlier = arena.int32(`${name}.levelEarlier`, slotsFor(DROP_LOWEST));
    this.levelFirst = arena.int32(`${name}.levelFirst`, LEVELS);
    this.levelLast = arena.int32(`${name}.levelLast`, LEVELS);
    this.levelRecords = arena.int32(`${name}.levelRecords`, LEVELS);
  }

  get published(): number {
    return this.counts[PUBLISHED];
  }

  get consumed(): number {
    return this.counts[CONSUMED];
  }

  get pending(): number {
    return this.queue.used + this.queue.staged;
  }

  get lost(): number {
    const counts = this.counts;
    return counts[CONFLATED] + counts[DROPPED] + counts[OVERSIZE];
  }

  /** Most records pending at one time. */
  get highWater(): number {
    return this.counts[HIGH_WATER];
  }

  lostBy(reason: LossReason): number {
    if (reason === "conflated") return this.counts[CONFLATED];
    if (reason === "dropped") return this.counts[DROPPED];
    return reason === "oversize" ? this.counts[OVERSIZE] : 0;
  }

  offer(slots: Slots, slot: number): number {
    const queue = this.queue;
    const counts = this.counts;
    const isLast = (slots.u16[(slot << 5) + HEADER_FLAGS_U16] & FLAG_LAST) !== 0;
    if (queue.staged === this.chain || counts[SKIPPING] === 1) return this.skip(isLast);
    if (isLast && this.policy === LOSSLESS && queue.used + queue.staged >= queue.capacity) return FULL;
    counts[PUBLISHED]++;
    queue.put(slots, slot);
    if (isLast) this.complete();
    const pending = queue.used + queue.staged;
    if (pending > counts[HIGH_WATER]) counts[HIGH_WATER] = pending;
    return 0;
  }

  take(target: Slots, slot: number): number {
    const queue = this.queue;
    if (target.count - slot < this.chain) fail("take() was given less room than a unit may need", target.count - slot);
    const unit = queue.oldest;
    if (unit < 0) return EMPTY;
    queue.copyTo(unit, target, slot);
    const count = this.remove(unit);
    this.counts[CONSUMED] += count;
    return count;
  }

  /** A unit that is too long is lost whole: what came of it, and what is still to come. */
  private skip(isLast: boolean): number {
    const counts = this.counts;
    if (this.policy === LOSSLESS) throw this.createTooLong();
    counts[PUBLISHED]++;
    counts[OVERSIZE] += 1 + this.queue.discard();
    counts[SKIPPING] = isLast ? 0 : 1;
    return 0;
  }

  /** The unit's last record has come: makes room by the policy, and takes the unit in. */
  private complete(): void {
    const queue = this.queue;
    if (this.policy === CONFLATE) return this.conflate();
    if (queue.used + queue.staged > queue.capacity && !this.makeRoom()) {
      this.counts[DROPPED] += queue.discard();
      return;
    }
    const unit = queue.append();
    if (this.policy === DROP_RANDOM) {
      this.members[queue.units - 1] = unit;
      this.seat[unit] = queue.units - 1;
    } else if (this.policy === DROP_LOWEST) this.enterLevel(unit, this.levelOfStage(unit));
  }

  /** False when it is the new unit that goes. */
  private makeRoom(): boolean {
    const queue = this.queue;
    const { policy } = this;
    if (policy === DROP_LOWEST) return this.dropLowest(this.levelOfStage(queue.stage));
    if (policy !== DROP_OLDEST && this.random === null) return false;
    while (queue.used + queue.staged > queue.capacity) {
      this.drop(this.random === null ? queue.oldest : this.members[this.random.nextBelow(queue.units)]);
    }
    return true;
  }

  /** Drops the oldest of the lowest levels up to the new unit's own; false when that is not enough: then nothing was dropped. */
  private dropLowest(level: number): boolean {
    let missing = this.queue.used + this.queue.staged - this.queue.capacity;
    let below = 0;
    for (let i = 0; i <= level; i++) below += this.levelRecords[i];
    if (below < missing) return false;
    for (let i = 0; missing > 0; i++) {
      while (missing > 0 && this.levelFirst[i] !== 0) missing -= this.drop(this.levelFirst[i] - 1);
    }
    return true;
  }

  private conflate(): void {
    const queue = this.queue;
    const keys = this.keys as IntMap;
    const first = queue.stage;
    let low = queue.records.u32[(first << 4) + HEADER_INSTRUMENT_U32] | 0;
    let high: number = queue.records.u8[first << 6];
    if (this.keyOf !== null) {
      const key = this.keyOf(queue.records, first);
      if (!(key >= 0) || !Number.isSafeInteger(key)) fail("a key to conflate by is a whole number from 0 to 2^53 - 1", key);
      low = key | 0;
      high = (key / TWO_32) | 0;
    }
    const held = keys.get(low, high);
    const heldRecords = held < 0 ? 0 : queue.lengthOf(held);
    while (queue.used + queue.staged - heldRecords > queue.capacity) this.drop(queue.oldest === held ? queue.after(held) : queue.oldest);
    this.counts[CONFLATED] += heldRecords;
    const unit = held < 0 ? queue.append() : queue.replace(held);
    this.keyLow[unit] = low;
    this.keyHigh[unit] = high;
    keys.put(low, high, unit);
  }

  private drop(unit: number): number {
    const count = this.remove(unit);
    this.counts[DROPPED] += count;
    return count;
  }

  /** Takes a unit out of the queue and of what its policy keeps beside it. */
  private remove(unit: number): number {
    const queue = this.queue;
    if (this.policy === CONFLATE) (this.keys as IntMap).remove(this.keyLow[unit], this.keyHigh[unit]);
    else if (this.policy === DROP_RANDOM) {
      const last = this.members[queue.units - 1];
      this.members[this.seat[unit]] = last;
      this.seat[last] = this.seat[unit];
    } else if (this.policy === DROP_LOWEST) this.leaveLevel(unit);
    return queue.remove(unit);
  }

  private levelOfStage(first: number): number {
    const { records } = this.queue;
    if ((records.u16[(first << 5) + HEADER_FLAGS_U16] & FLAG_CRITICAL) !== 0) return CRITICAL;
    return this.priorities[records.u8[first << 6]];
  }

  private enterLevel(unit: number, level: number): void {
    const last = this.levelLast[level];
    this.levelOf[unit] = level;
    this.levelRecords[level] += this.queue.lengthOf(unit);
    this.levelEarlier[unit] = last;
    this.levelLater[unit] = 0;
    if (last === 0) this.levelFirst[level] = unit + 1;
    else this.levelLater[last - 1] = unit + 1;
    this.levelLast[level] = unit + 1;
  }

  private leaveLevel(unit: number): void {
    const level = this.levelOf[unit];
    const earlier = this.levelEarlier[unit];
    const later = this.levelLater[unit];
    this.levelRecords[level] -= this.queue.lengthOf(unit);
    if (earlier === 0) this.levelFirst[level] = later;
    else this.levelLater[earlier - 1] = later;
    if (later === 0) this.levelLast[level] = earlier;
    else this.levelEarlier[later - 1] = earlier;
  }

  private createTooLong(): StreamError {
    return new StreamError("MAP_CAPACITY", `a unit of more than ${this.chain} records cannot be delivered whole without loss: raise the subscription's chain`, {
      chain: this.chain,
    });
  }
}
