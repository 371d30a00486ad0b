/**
 * The outputs of a real run, behind the merge, handed to a subscriber under every delivery policy: bars come with their tails, signals and panes
 * with their values, whole or not at all, and published = consumed + lost + pending holds after every record.
 */
import { describe, expect, it } from "vitest";
import { DELIVERY_NAMES, type DeliveryName } from "../../src/engine/delivery/delivery-policy.ts";
import type { Sink } from "../../src/engine/delivery/sink.ts";
import { createSubscription, type Subscription } from "../../src/engine/delivery/subscription.ts";
import { EMPTY, FULL, OVERRUN } from "../../src/kernel/core/status.ts";
import { Arena } from "../../src/kernel/memory/arena.ts";
import { FLAG_LAST } from "../../src/kernel/record/flags.ts";
import { TYPE_ACK, TYPE_BAR, TYPE_BAR_TAIL, TYPE_PANE, TYPE_SIGNAL, TYPE_VALUES } from "../../src/kernel/record/header.ts";
import { Slots } from "../../src/kernel/record/slots.ts";
import { lostOf, runBytes, simulatedBytes } from "../model/engine-rig.ts";

const BYTES = simulatedBytes({ seed: 17, instruments: 20, messages: 15_000 });
/** Records between two visits of the subscriber: more than it has room for. */
const VISIT_EVERY = 300;

/** What may follow the first record of a unit. */
const FOLLOWS: Readonly<Record<number, readonly number[]>> = {
  [TYPE_BAR]: [TYPE_BAR_TAIL],
  [TYPE_SIGNAL]: [TYPE_VALUES],
  [TYPE_PANE]: [TYPE_VALUES],
  [TYPE_ACK]: [],
};

class Edge implements Sink {
  readonly subscription: Subscription;
  units = 0;
  records = 0;
  private readonly target: Slots = Slots.create(128);
  private sinceVisit = 0;
  private sequence = 0;
  private readonly isOrdered: boolean;

  constructor(policy: DeliveryName) {
    const arena = Arena.create("edge", 1 << 20);
    this.subscription = createSubscription(arena, "s", { policy, capacity: 256, chain: 128 });
    arena.seal();
    this.isOrdered = policy !== "conflate"; // there a newer unit stands in the place of an older one
  }

  open(): void {
    // a subscriber has no position
  }

  write(slots: Slots, slot: number): void {
    this.records++;
    while (this.subscription.offer(slots, slot) === FULL) this.visit(1);
    this.check();
    if (++this.sinceVisit < VISIT_EVERY) return;
    this.sinceVisit = 0;
    this.visit(Infinity);
  }

  flush(): number {
    return 0;
  }

  close(): void {
    this.visit(Infinity);
  }

  private visit(limit: number): void {
    for (let i = 0; i < limit; i++) {
      const count = this.subscription.take(this.target, 0);
      this.check();
      if (count === EMPTY) return;
      if (count !== OVERRUN) this.unit(count);
    }
  }

  private unit(count: number): void {
    const { u8, u16, u32, f64 } = this.target;
    const types = Array.from({ length: count }, (_, i) => u8[i * 64]);
    const isLast = Array.from({ length: count }, (_, i) => (u16[i * 32 + 1] & FLAG_LAST) !== 0);
    expect(isLast).toEqual(Array.from({ length: count }, (_, i) => i === count - 1));
    expect(FOLLOWS[types[0]]).toBeDefined();
    expect(types.slice(1).every((type) => FOLLOWS[types[0]].includes(type))).toBe(true);
    for (let i = 1; i < count; i++) expect([u32[i * 16 + 1], f64[i * 8 + 1]]).toEqual([u32[1], f64[1]]); // one instrument, one cause
    if (this.isOrdered) expect(f64[1]).toBeGreaterThanOrEqual(this.sequence);
    this.sequence = f64[1];
    this.units++;
  }

  private check(): void {
    const { published, consumed, lost, pending } = this.subscription;
    if (published !== consumed + lost + pending) expect.fail(`${published} published, ${consumed} consumed, ${lost} lost, ${pending} pending`);
  }
}

describe("subscribers behind a run", () => {
  it.each(DELIVERY_NAMES)("%s: get whole units, and every record is accounted for", async (policy) => {
    const edge = new Edge(policy);
    const engine = await runBytes(BYTES, { shards: 2, sinks: [edge] });
    const { subscription } = edge;
    expect(lostOf(engine)).toEqual({ input: 0, output: 0 });
    expect([edge.records > 5000, edge.units > 200]).toEqual([true, true]);
    expect([subscription.published, subscription.consumed + subscription.lost, subscription.pending]).toEqual([edge.records, edge.records, 0]);
    expect(subscription.lost > 0).toBe(policy !== "lossless");
  });
});
