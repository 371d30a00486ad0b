import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { FULL } from "../core/status.ts";
import { type ConsumerPlan, MulticastGraph } from "./multicast-graph.ts";
import { MulticastConsumer, MulticastRing } from "./multicast-ring.ts";

const RUNS = { seed: 20240808, numRuns: 300 };

const words = [
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
const step = fc.record({ kind: fc.constantFrom(...words), who: fc.nat(15), amount: fc.nat(20) });
const start = fc.oneof(fc.constantFrom(0, 0x7fff_fff0, -0x7fff_fff8, -16, -1), fc.integer());
/** Edges to consumers that were declared before; declared in any order, so that a name may come before those it stands behind. */
const edges = fc.array(fc.array(fc.nat(15), { maxLength: 3 }), { minLength: 1, maxLength: 7, size: "max" });

interface Reader {
  consumer: MulticastConsumer;
  readonly after: readonly number[];
  released: number;
  read: number;
  /** What available() told last, which a consumer may count on. */
  limit: number;
  lost: number;
}

/** The naive twin: a list of all records, and a place in it for each consumer. */
class Model {
  readonly readers: Reader[];
  published = 0;
  claimed = 0;

  constructor(readers: Reader[]) {
    this.readers = readers;
  }

  get attached(): Reader[] {
    return this.readers.filter(({ lost }) => lost < 0);
  }

  /** How far a consumer may read: behind all that it stands behind, through those that are detached. */
  limitOf(reader: Reader): number {
    return Math.min(this.published, ...reader.after.map((before) => this.barOf(this.readers[before])));
  }

  private barOf(reader: Reader): number {
    return reader.lost < 0 ? reader.released : this.limitOf(reader);
  }

  get free(): number {
    return Math.min(this.published, ...this.attached.map(({ released }) => released));
  }
}

function plansOf(lists: readonly (readonly number[])[], reversed: boolean): ConsumerPlan[] {
  const plans = lists.map((list, c) => ({ name: `c${c}`, after: [...new Set(list.filter((before) => before < c))].map((before) => `c${before}`) }));
  return reversed ? plans.toReversed() : plans;
}

describe("MulticastRing against the list of all records", () => {
  it("keeps published = released + lost + pending for every consumer of any graph, in order, over any schedule and any start of its cursors", () => {
    let losses = 0;
    fc.assert(
      fc.property(
        fc.constantFrom(2, 4, 8, 16),
        start,
        edges,
        fc.boolean(),
        fc.array(step, { maxLength: 200, size: "max" }),
        (capacity, cursor, lists, reversed, schedule) => {
          const plans = plansOf(lists, reversed);
          const { names } = new MulticastGraph(plans);
          let ring = MulticastRing.create(capacity, plans);
          ring.startAt(cursor);
          const model = new Model(
            plans.map(({ name, after = [] }) => ({
              consumer: new MulticastConsumer(ring, name),
              after: after.map((before) => names.indexOf(before)),
              released: 0,
              read: 0,
              limit: 0,
              lost: -1,
            })),
          );
          const look = (reader: Reader): number => {
            const { consumer } = reader;
            const available = consumer.available();
            if (reader.limit === reader.read) reader.limit = reader.lost < 0 ? model.limitOf(reader) : reader.read;
            expect(available).toBe(reader.limit - reader.read);
            expect(consumer.pending).toBe(model.published - reader.read);
            if (reader.lost >= 0) return available;
            for (let i = 0; i < available; i++) {
              const slot = consumer.slotAt(i);
              expect(consumer.slots.f64[slot * 8 + 1]).toBe(reader.read + i + 1);
              expect(consumer.slots.u8[slot * 64 + 63]).toBe((reader.read + i + 1) & 0xff);
            }
            return available;
          };
          for (const { kind, who, amount } of schedule) {
            const reader = model.readers[who % model.readers.length];
            const { consumer } = reader;
            const isAttached = reader.lost < 0;
            if (kind === "claim") {
              for (let i = 0; i < amount; i++) {
                const slot = ring.claim();
                expect(slot === FULL).toBe(model.published + model.claimed - model.free === capacity);
                if (slot === FULL) break;
                const serial = model.published + ++model.claimed;
                expect(slot).toBe((cursor + serial - 1) & (capacity - 1));
                ring.slots.f64[slot * 8 + 1] = serial;
                ring.slots.u8[slot * 64 + 63] = serial & 0xff;
              }
            } else if (kind === "commit") {
              ring.commit();
              model.published += model.claimed;
              model.claimed = 0;
            } else if (kind === "look") look(reader);
            else if (kind === "release" || kind === "advance") {
              const count = Math.min(amount, look(reader));
              if (kind === "advance") consumer.advance(count);
              else expect(consumer.release(count)).toBe(isAttached);
              reader.read += count;
              if (kind === "release" && count > 0) reader.released = reader.read;
            } else if (kind === "releaseTo") {
              const count = Math.min(amount, consumer.held);
              expect(consumer.releaseTo((cursor + reader.released + count) | 0)).toBe(isAttached);
              reader.released += count;
            } else if (kind === "rewind") {
              consumer.rewind();
              reader.read = reader.released;
            } else if (kind === "replace") {
              reader.consumer = new MulticastConsumer(new MulticastRing(ring.buffer, 0, capacity, plans), names[who % names.length]);
              reader.read = reader.released;
              reader.limit = reader.released;
            } else if (kind === "replaceProducer") {
              ring = new MulticastRing(ring.buffer, 0, capacity, plans);
              model.claimed = 0;
            } else if (amount < 3 && isAttached) {
              reader.lost = model.published - reader.released;
              expect(ring.detach(names[who % names.length])).toBe(reader.lost);
              if (reader.lost > 0) losses++;
            }
            expect(reader.consumer.held).toBe(reader.read - reader.released);
            expect(reader.consumer.position).toBe((cursor + reader.read) | 0);
            expect(ring.claimed).toBe(model.claimed);
            model.readers.forEach(({ released, lost }, c) => {
              expect(ring.lagOf(names[c])).toBe(lost < 0 ? model.published - released : 0);
              expect(ring.lostOf(names[c])).toBe(Math.max(0, lost));
            });
            expect(ring.used).toBe(model.published - model.free);
          }
        },
      ),
      RUNS,
    );
    expect(losses).toBeGreaterThan(20);
  });
});
