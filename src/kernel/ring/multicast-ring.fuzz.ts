import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FULL } from "../core/status.ts";
import { MulticastConsumer } from "./multicast-consumer.ts";
import type { ConsumerPlan } from "./multicast-graph.ts";
import { MulticastRing } from "./multicast-ring.ts";

const RUNS = { seed: 20240808, numRuns: 300 };

const kinds = [
  "claim",
  "claim",
  "commit",
  "commit",
  "look",
  "release",
  "release",
  "advance",
  "releaseTo",
  "rewind",
  "replace",
  "replaceProducer",
  "detach",
] as const;
const step = fc.record({ kind: fc.constantFrom(...kinds), who: fc.nat(15), amount: fc.nat(20) });
const start = fc.oneof(fc.constantFrom(0, 0x7fff_fff0, -0x7fff_fff8, -16, -1), fc.integer());
/** Edges to consumers that were declared before; reversed, a name comes before those it stands behind. */
const graph = fc
  .tuple(fc.array(fc.array(fc.nat(15), { maxLength: 3 }), { minLength: 1, maxLength: 7, size: "max" }), fc.boolean())
  .map(([lists, isReversed]): ConsumerPlan[] => {
    const plans = lists.map((list, c) => ({ name: `c${c}`, after: [...new Set(list.filter((before) => before < c))].map((before) => `c${before}`) }));
    return isReversed ? plans.toReversed() : plans;
  });

interface Reader {
  readonly name: string;
  readonly after: readonly number[];
  consumer: MulticastConsumer;
  released: number;
  read: number;
  /** Up to where available() answered last, which a consumer may count on. */
  limit: number;
  /** -1 while it is attached. */
  lost: number;
}

/** The ring and its naive twin: the list of all records, and a place in it for each consumer. */
class Twin {
  readonly readers: readonly Reader[];
  private readonly plans: readonly ConsumerPlan[];
  private readonly capacity: number;
  private readonly cursor: number;
  private ring: MulticastRing;
  private published = 0;
  private claimed = 0;

  constructor(capacity: number, cursor: number, plans: readonly ConsumerPlan[]) {
    this.plans = plans;
    this.capacity = capacity;
    this.cursor = cursor;
    this.ring = MulticastRing.create(capacity, plans);
    this.ring.startAt(cursor);
    const indexOf = (name: string): number => plans.findIndex((plan) => plan.name === name);
    const place = { released: 0, read: 0, limit: 0, lost: -1 };
    this.readers = plans.map(({ name, after = [] }) => ({ ...place, name, after: after.map(indexOf), consumer: new MulticastConsumer(this.ring, name) }));
  }

  produce(kind: "claim" | "commit" | "replaceProducer", amount: number): void {
    if (kind === "commit") {
      this.ring.commit();
      this.published += this.claimed;
      this.claimed = 0;
    } else if (kind === "replaceProducer") {
      this.ring = new MulticastRing(this.ring.buffer, 0, this.capacity, this.plans);
      this.claimed = 0;
    } else {
      for (let i = 0; i < amount; i++) {
        const slot = this.ring.claim();
        expect(slot === FULL).toBe(this.published + this.claimed - this.gate() === this.capacity);
        if (slot === FULL) break;
        const serial = this.published + ++this.claimed;
        expect(slot).toBe((this.cursor + serial - 1) & (this.capacity - 1));
        this.ring.slots.f64[slot * 8 + 1] = serial;
        this.ring.slots.u8[slot * 64 + 63] = serial & 0xff;
      }
    }
  }

  consume(kind: "look" | "release" | "advance" | "releaseTo" | "rewind" | "replace", reader: Reader, amount: number): void {
    const { consumer } = reader;
    const available = kind === "look" || kind === "release" || kind === "advance" ? this.look(reader) : 0;
    const count = Math.min(amount, available);
    if (kind === "advance") consumer.advance(count);
    else if (kind === "release") expect(consumer.release(count)).toBe(reader.lost < 0);
    else if (kind === "releaseTo") {
      const given = Math.min(amount, consumer.held);
      expect(consumer.releaseTo((this.cursor + reader.released + given) | 0)).toBe(reader.lost < 0);
      reader.released += given;
    } else if (kind === "rewind") consumer.rewind();
    else if (kind === "replace") reader.consumer = new MulticastConsumer(new MulticastRing(this.ring.buffer, 0, this.capacity, this.plans), reader.name);
    if (kind === "advance" || kind === "release") reader.read += count;
    if (kind === "release" && count > 0) reader.released = reader.read;
    if (kind === "rewind" || kind === "replace") reader.read = reader.released;
    if (kind === "replace") reader.limit = reader.released;
  }

  /** Records that it lost. */
  detach(reader: Reader): number {
    reader.lost = this.published - reader.released;
    expect(this.ring.detach(reader.name)).toBe(reader.lost);
    return reader.lost;
  }

  check(): void {
    expect(this.ring.claimed).toBe(this.claimed);
    expect(this.ring.used).toBe(this.published - this.gate());
    for (const { consumer, name, read, released, lost } of this.readers) {
      expect(consumer.held).toBe(read - released);
      expect(consumer.position).toBe((this.cursor + read) | 0);
      expect(consumer.pending).toBe(this.published - read);
      expect(this.ring.lagOf(name)).toBe(lost < 0 ? this.published - released : 0);
      expect(this.ring.lostOf(name)).toBe(Math.max(0, lost));
    }
  }

  private look(reader: Reader): number {
    const { consumer } = reader;
    const available = consumer.available();
    if (reader.limit === reader.read) reader.limit = reader.lost < 0 ? this.limitOf(reader) : reader.read;
    expect(available).toBe(reader.limit - reader.read);
    for (let i = 0; i < (reader.lost < 0 ? available : 0); i++) {
      const slot = consumer.slotAt(i);
      expect(consumer.slots.f64[slot * 8 + 1]).toBe(reader.read + i + 1);
      expect(consumer.slots.u8[slot * 64 + 63]).toBe((reader.read + i + 1) & 0xff);
    }
    return available;
  }

  /** How far a consumer may read: up to all that it stands behind, and through those that are detached. */
  private limitOf(reader: Reader): number {
    const bars = reader.after.map((before) => this.readers[before]).map((before) => (before.lost < 0 ? before.released : this.limitOf(before)));
    return Math.min(this.published, ...bars);
  }

  private gate(): number {
    return Math.min(this.published, ...this.readers.flatMap(({ lost, released }) => (lost < 0 ? [released] : [])));
  }
}

describe("MulticastRing against the list of all records", () => {
  it("keeps published = released + lost + pending for every consumer of any graph, in order, over any schedule and any start of its cursors", () => {
    let losses = 0;
    const schedule = fc.array(step, { maxLength: 200, size: "max" });
    fc.assert(
      fc.property(fc.constantFrom(2, 4, 8, 16), start, graph, schedule, (capacity, cursor, plans, steps) => {
        const twin = new Twin(capacity, cursor, plans);
        for (const { kind, who, amount } of steps) {
          const reader = twin.readers[who % plans.length];
          if (kind === "claim" || kind === "commit" || kind === "replaceProducer") twin.produce(kind, amount);
          else if (kind !== "detach") twin.consume(kind, reader, amount);
          else if (amount < 3 && reader.lost < 0 && twin.detach(reader) > 0) losses++;
          twin.check();
        }
      }),
      RUNS,
    );
    expect(losses).toBeGreaterThan(20);
  });
});
