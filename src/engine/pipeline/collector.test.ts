import { describe, expect, it } from "vitest";
import { TestClock } from "../../kernel/core/clock.ts";
import { Arena } from "../../kernel/memory/arena.ts";
import { FLAG_LAST } from "../../kernel/record/flags.ts";
import { HEADER_INSTRUMENT_U32, HEADER_SEQUENCE_F64, HEADER_TS_RECV_F64, TYPE_BAR, TYPE_MARKER, TYPE_SIGNAL, headerWord } from "../../kernel/record/header.ts";
import { MARKER_BARRIER, MARKER_END, MARKER_KIND_U8, MARKER_VALUE_F64, MARKER_WATERMARK } from "../../kernel/record/marker.ts";
import { Slots } from "../../kernel/record/slots.ts";
import { GatedRing } from "../../kernel/ring/gated-ring.ts";
import { PriorityLane } from "../../kernel/ring/priority-lane.ts";
import { PriorityWriter } from "../../kernel/ring/priority-writer.ts";
import { PriorityDelivery } from "../delivery/priority-delivery.ts";
import { Collector } from "./collector.ts";
import { OutputQueue } from "./output-queue.ts";

function setUp(shards: number, delivery?: PriorityDelivery, onBarrier: () => void = () => {}) {
  const rings = Array.from({ length: shards }, () => GatedRing.create(64));
  const out: string[] = [];
  const spans: number[] = [];
  const clock = new TestClock(1000);
  const arena = Arena.create("collector", 64 * 1024);
  const sink = {
    open() {},
    close() {},
    flush: () => 0,
    write: (slots: { f64: Float64Array; u32: Uint32Array }, slot: number) =>
      void out.push(`${slots.f64[slot * 8 + HEADER_SEQUENCE_F64]}:${slots.u32[slot * 16 + HEADER_INSTRUMENT_U32]}`),
  };
  const collector = new Collector(arena, {
    rings: rings.map((ring) => new OutputQueue(ring)),
    sinks: [sink],
    ...(delivery === undefined ? {} : { delivery }),
    listener: { onBarrier: (epoch) => (onBarrier(), void out.push(`barrier ${epoch}`)) },
    clock,
    latency: { record: (ns) => void spans.push(ns), recordSpan: (times, from, to) => void spans.push(times[to] - times[from]) },
  });
  arena.seal();
  const put = (ring: number, type: number, sequence: number, instrument: number, kind: number = 0, value: number = 0): void => {
    const slot = rings[ring].claim();
    const { slots } = rings[ring];
    slots.clear(slot);
    slots.i32[slot * 16] = headerWord(type, FLAG_LAST);
    slots.u32[slot * 16 + HEADER_INSTRUMENT_U32] = instrument;
    slots.f64[slot * 8 + HEADER_SEQUENCE_F64] = sequence;
    slots.f64[slot * 8 + HEADER_TS_RECV_F64] = 400;
    if (type === TYPE_MARKER) {
      slots.u8[slot * 64 + MARKER_KIND_U8] = kind;
      slots.f64[slot * 8 + MARKER_VALUE_F64] = value;
    }
    rings[ring].commit();
  };
  return {
    collector,
    clock,
    out,
    spans,
    say: (ring: number, sequence: number, instrument: number, type: number = TYPE_SIGNAL) => put(ring, type, sequence, instrument),
    mark: (ring: number, sequence: number, kind: number = MARKER_WATERMARK, value: number = 0) => put(ring, TYPE_MARKER, sequence, 0xffff_ffff, kind, value),
  };
}

describe("the collector", () => {
  it("keeps an output back while another shard may still say something before it", () => {
    const { collector, say, mark, out } = setUp(2);
    say(0, 10, 3);
    expect(collector.poll()).toBe(0);
    mark(1, 9);
    expect(collector.poll()).toBe(0);
    say(1, 10, 2);
    expect(collector.poll()).toBe(1);
    mark(1, 10);
    expect(collector.poll()).toBe(1);
    expect(out).toEqual(["10:2", "10:3"]);
  });

  it("is not blocked by a shard that is silent but tells its progress", () => {
    const { collector, say, mark, out } = setUp(3);
    for (let sequence = 1; sequence <= 5; sequence++) say(0, sequence, 7);
    mark(1, 100);
    mark(2, 3);
    expect(collector.poll()).toBe(3);
    mark(2, 5);
    expect(collector.poll()).toBe(2);
    expect(out).toEqual(["1:7", "2:7", "3:7", "4:7", "5:7"]);
  });

  it("tells a barrier once, when it stands at the head of every ring and everything before it is out", () => {
    const { collector, say, mark, out } = setUp(2);
    mark(0, 4, MARKER_BARRIER, 1);
    say(0, 5, 0);
    say(1, 4, 1);
    expect(collector.poll()).toBe(1);
    expect(out).toEqual(["4:1"]);
    mark(1, 4, MARKER_BARRIER, 1);
    collector.poll();
    expect(out).toEqual(["4:1", "barrier 1"]);
    mark(1, 6);
    collector.poll();
    expect(out).toEqual(["4:1", "barrier 1", "5:0"]);
  });

  it("has the priority delivery settle before it tells a barrier, and go on after it", () => {
    const lane = PriorityLane.create({ routine: 4096, critical: 128, instruments: 4 });
    const writer = new PriorityWriter(lane);
    const order: number[] = [];
    const urgent = { open() {}, close() {}, flush: () => 0, write: (slots: Slots, slot: number) => void order.push(slots.f64[slot * 8 + HEADER_SEQUENCE_F64]) };
    const delivery = new PriorityDelivery([lane], [urgent]);
    const staging = Slots.create(1);
    const { collector, say, mark, out } = setUp(1, delivery, () => out.push(`delivered ${order.length}`));
    const emit = (sequence: number): void => {
      staging.i32[0] = headerWord(TYPE_SIGNAL, FLAG_LAST);
      staging.f64[HEADER_SEQUENCE_F64] = sequence;
      expect(writer.put(staging, 0)).toBe(1);
      writer.commit();
    };
    for (let n = 1; n <= 600; n++) emit(n); // more than one poll delivers
    delivery.hold(600);
    say(0, 600, 0);
    mark(0, 600, MARKER_BARRIER, 1);
    emit(601);
    expect(collector.poll()).toBeGreaterThan(1);
    expect(out).toEqual(["600:0", "delivered 600", "barrier 1"]);
    collector.poll();
    expect(order).toHaveLength(601);
  });

  it("has ended when every shard has, and an ended shard holds nobody back", () => {
    const { collector, say, mark, out } = setUp(2);
    mark(0, 3, MARKER_END);
    collector.poll();
    expect(collector.isEnded).toBe(false);
    say(1, 900, 0);
    expect(collector.poll()).toBe(1);
    mark(1, 901, MARKER_END);
    collector.poll();
    expect(collector.isEnded).toBe(true);
    expect(out).toEqual(["900:0"]);
  });

  it("counts what it received and what it released by type, and measures the way of the progress markers", () => {
    const { collector, say, mark, spans } = setUp(1);
    say(0, 1, 0);
    say(0, 1, 0, TYPE_BAR);
    mark(0, 1);
    collector.poll();
    expect([collector.received, collector.recordsOfType(TYPE_SIGNAL), collector.recordsOfType(TYPE_BAR), collector.recordsOfType(TYPE_MARKER)]).toEqual([
      3, 1, 1, 0,
    ]);
    expect(spans).toEqual([600]);
  });

  it("has another hash when two outputs change places or one is lost, and the same when only receive times differ", () => {
    const hash = (sequences: readonly number[]): string => {
      const { collector, say } = setUp(1);
      for (const sequence of sequences) say(0, sequence, 0);
      collector.poll();
      return collector.hash.text();
    };
    expect(hash([1, 2, 3])).toBe(hash([1, 2, 3]));
    expect(hash([1, 3, 2])).not.toBe(hash([1, 2, 3]));
    expect(hash([1, 3])).not.toBe(hash([1, 2, 3]));
  });
});
