import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { EMPTY, FULL, OVERRUN } from "../../kernel/core/status.ts";
import { Arena } from "../../kernel/memory/arena.ts";
import { FLAG_CRITICAL, FLAG_LAST } from "../../kernel/record/flags.ts";
import { headerWord, TYPE_QUOTE, TYPE_SIGNAL, TYPE_TRADE, TYPE_VALUES, typeName } from "../../kernel/record/header.ts";
import { Slots } from "../../kernel/record/slots.ts";
import { DELIVERY_NAMES, PRIORITIES_DEFAULT, type DeliveryName } from "./delivery-policy.ts";
import type { LossySubscription } from "./lossy-subscription.ts";
import { createSubscription, type LossReason, type Subscription } from "./subscription.ts";

const TYPES = [TYPE_TRADE, TYPE_QUOTE, TYPE_SIGNAL, TYPE_VALUES];

interface Item {
  readonly n: number;
  readonly type: number;
  readonly instrument: number;
  readonly critical: boolean;
}

/** The naive twin: an array of units, each an array of records, searched and spliced. */
class Twin {
  readonly units: Item[][] = [];
  stage: Item[] = [];
  readonly lost: Record<LossReason, number> = { lapped: 0, conflated: 0, dropped: 0, oversize: 0 };
  private isSkipping = false;
  private readonly policy: DeliveryName;
  private readonly capacity: number;
  private readonly chain: number;

  constructor(policy: DeliveryName, capacity: number, chain: number) {
    this.policy = policy;
    this.capacity = capacity;
    this.chain = chain;
  }

  get records(): number {
    return this.units.flat().length;
  }

  get pending(): number {
    return this.records + this.stage.length;
  }

  /** Takes a record; false when it is refused. Drops of drop-random are told by the subject. */
  offer(item: Item, isLast: boolean): boolean {
    if (this.isSkipping || this.stage.length === this.chain) {
      this.lost.oversize += 1 + this.stage.length;
      this.stage = [];
      this.isSkipping = !isLast;
      return true;
    }
    const unit = [...this.stage, item];
    if (isLast && this.policy === "lossless" && this.records + unit.length > this.capacity) return false;
    this.stage = isLast ? [] : unit;
    if (isLast) this.take(unit);
    return true;
  }

  /** Which units go when there is no room: [] for the new one itself. */
  private victims(unit: Item[]): Item[][] {
    const missing = this.records + unit.length - this.capacity;
    if (this.policy === "drop-newest") return [];
    const level = ([{ type, critical }]: Item[]): number => (critical ? 15 : (PRIORITIES_DEFAULT[typeName(type)] ?? 0));
    const order = this.policy === "drop-lowest-priority" ? this.units.filter((each) => level(each) <= level(unit)) : this.units;
    const sorted = this.policy === "drop-lowest-priority" ? order.toSorted((a, b) => level(a) - level(b)) : order;
    for (let count = 1; count <= sorted.length; count++) if (sorted.slice(0, count).flat().length >= missing) return sorted.slice(0, count);
    return [];
  }

  private take(unit: Item[]): void {
    if (this.policy === "conflate") return this.conflate(unit);
    if (this.policy === "lossy" || this.policy === "drop-random" || this.records + unit.length <= this.capacity) return void this.units.push(unit);
    const victims = this.victims(unit);
    for (const victim of victims) this.remove(victim, "dropped");
    if (victims.length === 0) this.lost.dropped += unit.length;
    else this.units.push(unit);
  }

  private conflate(unit: Item[]): void {
    const held = this.units.findIndex(([{ type, instrument }]) => type === unit[0].type && instrument === unit[0].instrument);
    if (held < 0) this.units.push(unit);
    else {
      this.lost.conflated += this.units[held].length;
      this.units[held] = unit;
    }
    while (this.records > this.capacity) this.remove(this.units.find((each) => each !== unit) as Item[], "dropped");
  }

  remove(unit: Item[], reason: LossReason): void {
    this.lost[reason] += unit.length;
    this.units.splice(this.units.indexOf(unit), 1);
  }
}

/** The subject and its twin, and what is checked after every call. */
class Play {
  readonly subject: Subscription;
  readonly twin: Twin;
  private readonly policy: DeliveryName;
  private readonly chain: number;
  private readonly staging: Slots = Slots.create(1);
  private readonly target: Slots = Slots.create(8);
  private published = 0;
  private consumed = 0;

  constructor(policy: DeliveryName, capacity: number, chain: number) {
    const arena = Arena.create("fuzz", 1 << 18);
    this.policy = policy;
    this.chain = chain;
    this.subject = createSubscription(arena, "s", { policy, capacity, chain });
    arena.seal();
    this.twin = new Twin(policy, capacity, chain);
  }

  offer(item: Item, isLast: boolean): void {
    const { staging, subject, twin } = this;
    if (this.policy === "lossless" && twin.stage.length === this.chain) return; // it would stop the run
    staging.i32[0] = headerWord(item.type, (isLast ? FLAG_LAST : 0) | (item.critical ? FLAG_CRITICAL : 0));
    staging.u32[1] = item.instrument;
    staging.f64[1] = item.n;
    staging.f64[7] = -item.n;
    const dropped = subject.lostBy("dropped");
    const status = subject.offer(staging, 0);
    const isTaken = twin.offer(item, isLast);
    expect(status).toBe(isTaken ? 0 : FULL);
    if (isTaken) this.published++;
    if (this.policy === "drop-random") twin.lost.dropped += subject.lostBy("dropped") - dropped;
    this.check();
  }

  /** Takes one unit; false when there was none. */
  take(): boolean {
    const { subject, target, twin } = this;
    const count = subject.take(target, 0);
    if (count === OVERRUN) {
      this.lapped(subject as LossySubscription);
      return true;
    }
    if (count === EMPTY) {
      expect(subject.pending).toBe(twin.stage.length);
      if (this.policy === "drop-random") twin.units.length = 0;
      expect(twin.units).toEqual([]);
      return false;
    }
    const got = Array.from({ length: count }, (_, i) => target.f64[i * 8 + 1]);
    expect(got.every((n, i) => target.f64[i * 8 + 7] === -n)).toBe(true);
    // A random victim was somewhere before: what is taken is the next that was published, and those between are the victims.
    while (this.policy === "drop-random" && twin.units.length > 0 && twin.units[0][0].n < got[0]) twin.units.shift();
    expect(got).toEqual(twin.units.shift()?.map(({ n }) => n));
    this.consumed += count;
    this.check();
    return true;
  }

  /** The range that was lost begins with the oldest unit and ends where a unit ends. */
  private lapped({ lostFrom, lostTo }: LossySubscription): void {
    let lost = 0;
    while (lost < lostTo - lostFrom) {
      const [unit] = this.twin.units;
      lost += unit.length;
      this.twin.remove(unit, "lapped");
    }
    expect(lost).toBe(lostTo - lostFrom);
    expect(lost).toBeGreaterThan(0);
    this.check();
  }

  private check(): void {
    const { subject, twin } = this;
    expect([subject.published, subject.consumed]).toEqual([this.published, this.consumed]);
    expect(subject.published).toBe(subject.consumed + subject.lost + subject.pending);
    const lost = (["lapped", "conflated", "dropped", "oversize"] as const).map((reason) => [reason, subject.lostBy(reason)]);
    expect(Object.fromEntries(lost)).toEqual(twin.lost);
    expect(subject.lost).toBe(Object.values(twin.lost).reduce((sum, count) => sum + count, 0));
    if (this.policy !== "drop-random") expect(subject.pending).toBe(twin.pending);
  }
}

const step = fc.record({
  isTake: fc.integer({ min: 0, max: 3 }).map((draw) => draw === 0),
  isLast: fc.boolean(),
  type: fc.constantFrom(...TYPES),
  instrument: fc.nat(2),
  critical: fc.integer({ min: 0, max: 9 }).map((draw) => draw === 0),
});

describe.each(DELIVERY_NAMES)("a %s subscription against an array of units", (policy) => {
  it("keeps published = consumed + lost + pending after every call, whole units, and their order, over any schedule", () => {
    const losses = { lapped: 0, conflated: 0, dropped: 0, oversize: 0 };
    fc.assert(
      fc.property(fc.constantFrom(8, 16), fc.integer({ min: 1, max: 4 }), fc.array(step, { maxLength: 200, size: "max" }), (capacity, chain, schedule) => {
        const play = new Play(policy, capacity, chain);
        schedule.forEach(({ isTake, isLast, type, instrument, critical }, n) => {
          if (isTake) play.take();
          else play.offer({ n: n + 1, type, instrument, critical }, isLast);
        });
        while (play.take());
        for (const reason of Object.keys(losses) as LossReason[]) losses[reason] += play.subject.lostBy(reason);
      }),
      { seed: 20240808, numRuns: 60 },
    );
    const expected: Readonly<Record<DeliveryName, readonly LossReason[]>> = {
      lossless: [],
      lossy: ["lapped", "oversize"],
      conflate: ["conflated", "dropped", "oversize"],
      "drop-oldest": ["dropped", "oversize"],
      "drop-newest": ["dropped", "oversize"],
      "drop-random": ["dropped", "oversize"],
      "drop-lowest-priority": ["dropped", "oversize"],
    };
    expect(Object.entries(losses).flatMap(([reason, count]) => (count > 0 ? [reason] : []))).toEqual(expected[policy]);
  });
});
