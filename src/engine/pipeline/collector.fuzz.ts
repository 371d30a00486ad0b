/**
 * Any outputs over any number of shards, emitted and read under any schedule through any ring, come out in the order of
 * (ingest sequence, instrument, order within), with the hash of a single shard, and are all out when a barrier is told.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { TestClock } from "../../kernel/core/clock.ts";
import { NoLatencyRecorder } from "../../kernel/core/observer.ts";
import { Random } from "../../kernel/core/random.ts";
import { Arena } from "../../kernel/memory/arena.ts";
import { FLAG_LAST } from "../../kernel/record/flags.ts";
import {
  HEADER_INSTRUMENT_U32,
  HEADER_SEQUENCE_F64,
  HEADER_TS_RECV_F64,
  HEADER_WORD_I32,
  headerWord,
  TYPE_MARKER,
  TYPE_SIGNAL,
} from "../../kernel/record/header.ts";
import { MARKER_BARRIER, MARKER_END, MARKER_KIND_U8, MARKER_VALUE_F64, MARKER_WATERMARK, NO_INSTRUMENT } from "../../kernel/record/marker.ts";
import { SIGNAL_EMIT_INDEX_U32 } from "../../kernel/record/signal.ts";
import type { Slots } from "../../kernel/record/slots.ts";
import { GatedRing } from "../../kernel/ring/gated-ring.ts";
import type { Sink } from "../delivery/sink.ts";
import { Collector } from "./collector.ts";
import { OutputQueue } from "./output-queue.ts";

/** What ingest did at one position: a record of one instrument, or a marker for all. */
interface Cause {
  readonly kind: "record" | "marker" | "barrier";
  /** Instruments that something is said about, with how many outputs each. */
  readonly outputs: readonly (readonly [instrument: number, count: number])[];
}

interface Out {
  readonly type: number;
  readonly sequence: number;
  readonly instrument: number;
  readonly index: number;
  /** Of a marker. */
  readonly kind: number;
  readonly value: number;
}

const INSTRUMENTS = 6;

const causes = fc.array(
  fc.oneof(
    {
      weight: 6,
      arbitrary: fc.record({
        kind: fc.constant("record" as const),
        outputs: fc.array(fc.tuple(fc.nat(INSTRUMENTS - 1), fc.integer({ min: 1, max: 5 })), { maxLength: 1 }),
      }),
    },
    {
      weight: 3,
      arbitrary: fc.record({
        kind: fc.constant("marker" as const),
        outputs: fc.uniqueArray(fc.tuple(fc.nat(INSTRUMENTS - 1), fc.integer({ min: 1, max: 9 })), {
          selector: ([instrument]) => instrument,
          maxLength: INSTRUMENTS,
        }),
      }),
    },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant("barrier" as const), outputs: fc.constant([]) }) },
  ),
  { maxLength: 60 },
);

/** What each shard emits, in its order, and the order in which all of it must come out. */
function script(list: readonly Cause[], shardOf: readonly number[], shards: number): { rings: Out[][]; merged: Out[]; barriers: number[] } {
  const rings: Out[][] = Array.from({ length: shards }, () => []);
  const merged: Out[] = [];
  const barriers: number[] = [];
  let sequence = 0;
  const mark = (kind: number, value: number): void => {
    for (const ring of rings) ring.push({ type: TYPE_MARKER, sequence, instrument: NO_INSTRUMENT, index: 0, kind, value });
  };
  for (const { kind, outputs } of list) {
    if (kind !== "barrier") sequence++;
    for (const [instrument, count] of outputs.toSorted((a, b) => a[0] - b[0])) {
      for (let index = 0; index < count; index++) {
        const out = { type: TYPE_SIGNAL, sequence, instrument, index, kind: 0, value: 0 };
        rings[shardOf[instrument] % shards].push(out);
        merged.push(out);
      }
    }
    if (kind === "marker") mark(MARKER_WATERMARK, 0);
    if (kind === "barrier") {
      barriers.push(merged.length);
      mark(MARKER_BARRIER, barriers.length);
    }
  }
  sequence++;
  mark(MARKER_END, 0);
  return { rings, merged, barriers };
}

function claim(ring: GatedRing, out: Out, noise: number): boolean {
  const slot = ring.claim();
  if (slot < 0) return false;
  const { slots } = ring;
  slots.clear(slot);
  slots.i32[(slot << 4) + HEADER_WORD_I32] = headerWord(out.type, FLAG_LAST);
  slots.u32[(slot << 4) + HEADER_INSTRUMENT_U32] = out.instrument;
  slots.f64[(slot << 3) + HEADER_SEQUENCE_F64] = out.sequence;
  slots.f64[(slot << 3) + HEADER_TS_RECV_F64] = noise; // differs between runs and must not matter
  if (out.type === TYPE_MARKER) {
    slots.u8[(slot << 6) + MARKER_KIND_U8] = out.kind;
    slots.f64[(slot << 3) + MARKER_VALUE_F64] = out.value;
  } else slots.u32[(slot << 4) + SIGNAL_EMIT_INDEX_U32] = out.index;
  return true;
}

class Seen implements Sink {
  readonly order: string[] = [];

  write(slots: Slots, slot: number): void {
    const at = slot << 4;
    this.order.push(`${slots.f64[(slot << 3) + HEADER_SEQUENCE_F64]}-${slots.u32[at + HEADER_INSTRUMENT_U32]}-${slots.u32[at + SIGNAL_EMIT_INDEX_U32]}`);
  }

  open(): void {}

  flush(): number {
    return 0;
  }

  close(): void {}
}

/** Moves in a row that may move nothing: more is a deadlock. */
const IDLE_MAX = 500;

/** Plays the shards' scripts under a schedule drawn from the seed: who moves next, how far, and whether it publishes. */
function play(rings: readonly Out[][], capacity: number, seed: number, maySpill: boolean) {
  const shards = rings.length;
  const gated = rings.map(() => GatedRing.create(capacity));
  const queues = gated.map((ring) => new OutputQueue(ring));
  const seen = new Seen();
  const told: [epoch: number, released: number][] = [];
  const listener = { onBarrier: (epoch: number) => void told.push([epoch, seen.order.length]) };
  const arena = Arena.create("collector", 64 * 1024);
  const collector = new Collector(arena, { rings: queues, sinks: [seen], listener, clock: new TestClock(1), latency: new NoLatencyRecorder() });
  arena.seal();
  const at = rings.map(() => 0);
  const random = new Random(new Int32Array(4), seed);
  let idle = 0;
  while (!collector.isEnded && idle < IDLE_MAX) {
    const draw = random.nextBelow(1 << 20);
    const shard = draw % (shards + 1);
    if (shard === shards) {
      idle = collector.poll() > 0 ? 0 : idle + 1;
      continue;
    }
    const before = at[shard];
    const until = Math.min(before + 1 + (draw % 7), rings[shard].length);
    while (at[shard] < until && claim(gated[shard], rings[shard][at[shard]], draw)) at[shard]++;
    if (at[shard] < until && maySpill) queues[shard].spill();
    if (draw % 3 !== 0 || at[shard] === rings[shard].length || at[shard] === before) gated[shard].commit();
    idle = at[shard] > before ? 0 : idle + 1;
  }
  collector.poll();
  return { order: seen.order, hash: collector.hash.text(), told, isEnded: collector.isEnded, received: collector.received };
}

describe("the collector", () => {
  it("releases any outputs of any shards in one order, with one hash, whatever the schedule and the rings", () => {
    fc.assert(
      fc.property(
        causes,
        fc.array(fc.nat(3), { minLength: INSTRUMENTS, maxLength: INSTRUMENTS }),
        fc.integer({ min: 1, max: 4 }),
        fc.constantFrom(64, 256, 1024),
        fc.nat(),
        fc.boolean(),
        (list, shardOf, shards, capacity, seed, spills) => {
          const one = script(list, shardOf, 1);
          const reference = play(one.rings, 4096, 1, false);
          const { rings, merged, barriers } = script(list, shardOf, shards);
          const played = play(rings, spills ? 2 : capacity, seed, spills);
          expect(played.isEnded).toBe(true);
          expect(played.order).toEqual(merged.map((out) => `${out.sequence}-${out.instrument}-${out.index}`));
          expect(played.hash).toBe(reference.hash);
          expect(played.told).toEqual(barriers.map((released, index) => [index + 1, released]));
          expect(played.received).toBe(rings.reduce((sum, ring) => sum + ring.length, 0));
        },
      ),
      { seed: 20240809, numRuns: 400 },
    );
  });
});
