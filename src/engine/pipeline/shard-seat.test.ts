/** A shard on its seat, in this thread: what it holds, when it makes an image, which state it obeys, and how a successor goes on. */
import { afterEach, describe, expect, it, vi } from "vitest";
import { busyPlan, createEngine, simulatedBytes } from "../../../test/model/engine-rig.ts";
import { STATE_DEGRADED, STATE_READY } from "../../kernel/lifecycle/state-word.ts";
import { ArenaCut } from "../../kernel/memory/arena-cut.ts";
import { ShardImages } from "../checkpoint/shard-images.ts";
import { ShardSeat, type SeatOrder } from "./shard-seat.ts";
import { ThreadWords } from "./thread-words.ts";

const BYTES = simulatedBytes({ seed: 51, instruments: 8, messages: 2000 });
const RING = 256;
/** Between two markers 64 records, then the marker, and a barrier. */
const RESERVE = 66;

afterEach(() => {
  vi.restoreAllMocks();
});

function stage() {
  const plan = busyPlan({ instruments: 16, orders: 1 << 12, levels: 1 << 11, ringRecords: RING });
  const { assembly } = createEngine({ driver: "threaded", shards: 2, plan });
  assembly.commitImages(STATE_READY);
  const words = ThreadWords.create(2);
  const data = assembly.seatData(0, 0);
  const images = assembly.images[0];
  const [input, output] = [assembly.inRings[0], assembly.outRings[0]];
  let at = 0;
  return {
    assembly,
    words,
    images,
    input,
    output,
    seat: (order: Partial<SeatOrder> = {}) => new ShardSeat({ data, isRestored: false, carefulTo: null, ...order }, 0, words),
    /** Puts at least so many more records into the ring of shard 0; the other shard takes its own at once. */
    feed: (records: number): void => {
      const goal = input.head + records;
      while (input.head < goal) {
        assembly.feed.push(BYTES, at, at + 20);
        at += 20;
        assembly.ingest.flush();
        assembly.inRings[1].release(assembly.inRings[1].available());
      }
    },
    /** The collector's part. */
    drain: () => output.release(output.available()),
  };
}

function takeAll(seat: ShardSeat, batch: number = 16): void {
  while (seat.turn(batch) > 0);
}

describe("what a shard has read", () => {
  it("stays in its ring until half of it is held: then an image is made and it is given back", () => {
    const { seat: create, feed, input, images } = stage();
    const seat = create();
    feed(RING / 2 - 8);
    takeAll(seat, 1);
    expect(input.used).toBe(RING / 2 - 8 + (input.head - (RING / 2 - 8)));
    expect(images.committed().input).toBe(0);
    feed(16);
    takeAll(seat, 1);
    expect(images.committed().input).toBe(RING / 2);
    expect(input.used).toBe(input.head - RING / 2);
    expect(images.committed()).toMatchObject({ consumed: RING / 2, state: STATE_READY });
  });

  it("is given back when the thread slept and there was nothing to do", () => {
    const { seat: create, feed, input, images } = stage();
    const seat = create();
    feed(10);
    takeAll(seat);
    expect([seat.isIdle, input.used]).toEqual([true, input.head]);
    seat.rest();
    expect(input.used).toBe(0);
    expect(images.committed().input).toBe(input.head);
  });

  it("never leaves fewer slots than the next marker needs, however long an image takes", () => {
    const isDone = vi.spyOn(ArenaCut.prototype, "isDone", "get").mockReturnValue(false);
    const { seat: create, feed, input, images } = stage();
    const seat = create();
    feed(RING - 20);
    for (let n = 0; n < 1000; n++) seat.turn(64);
    expect(RING - (seat.shard.consumed - images.committed().input)).toBe(RESERVE);
    expect(seat.isIdle).toBe(false);
    isDone.mockReturnValue(true);
    takeAll(seat);
    expect(seat.shard.consumed).toBe(input.head);
    expect(input.used).toBeLessThan(RING / 2);
  });

  it("is told in the words, record by record where it is to be careful", () => {
    const { seat: create, feed, words } = stage();
    const taking = vi.spyOn(words, "setTaking");
    const seat = create({ carefulTo: 5 });
    feed(20);
    takeAll(seat);
    expect(taking.mock.calls.slice(0, 6)).toEqual([0, 1, 2, 3, 4, 5].map((cursor) => [0, 0, cursor, cursor < 5]));
    expect([words.taking(0), words.position(0)]).toEqual([-1, seat.shard.consumed]);
  });
});

describe("the lifecycle state that a shard obeys", () => {
  it("changes between two records, with an image that knows it", () => {
    const { assembly, seat: create, feed, images } = stage();
    const seat = create();
    feed(10);
    takeAll(seat);
    assembly.lifecycle.store(STATE_DEGRADED);
    expect(images.committed()).toMatchObject({ input: 0, state: STATE_READY });
    const before = seat.shard.consumed;
    feed(1);
    takeAll(seat);
    expect(images.committed()).toMatchObject({ input: before, state: STATE_DEGRADED });
  });

  it("changes only when that image is whole: until then nothing is taken", () => {
    const isDone = vi.spyOn(ArenaCut.prototype, "isDone", "get").mockReturnValue(false);
    const { assembly, seat: create, feed } = stage();
    const seat = create();
    assembly.lifecycle.store(STATE_DEGRADED);
    feed(10);
    for (let n = 0; n < 100; n++) seat.turn(16);
    expect(seat.shard.consumed).toBe(0);
    isDone.mockReturnValue(true);
    takeAll(seat);
    expect(seat.shard.consumed).toBeGreaterThanOrEqual(10);
  });
});

describe("a successor", () => {
  it("of a thread that died goes on from the image and repeats what was published behind it, for nobody", () => {
    const { assembly, seat: create, feed, drain, input, output, images } = stage();
    const dead = create();
    feed(100);
    takeAll(dead);
    dead.rest();
    const image = images.committed();
    drain();
    feed(100);
    takeAll(dead);
    const [consumed, emitted, head] = [dead.shard.consumed, dead.shard.emitted, output.head];
    expect(head).toBeGreaterThan(image.output);
    const expected = assembly.shardArenas[0].snapshot();
    new Uint8Array(assembly.shardArenas[0].buffer).fill(0xee);

    const seat = create({ isRestored: true });
    expect([seat.repeats, seat.isRecovering]).toEqual([head - image.output, true]);
    takeAll(seat);
    expect([seat.isRecovering, seat.shard.consumed, seat.shard.emitted, output.head]).toEqual([false, consumed, emitted, head]);
    expect(input.used).toBe(input.head - images.committed().input);
    expect(Buffer.compare(assembly.shardArenas[0].snapshot(), expected)).toBe(0);
    feed(40);
    takeAll(seat);
    expect(output.head - head).toBe(seat.shard.emitted - emitted);
  });

  it("obeys, while it repeats, the state that was obeyed then", () => {
    const { assembly, seat: create, feed, images } = stage();
    const dead = create();
    feed(120);
    takeAll(dead);
    assembly.lifecycle.store(STATE_DEGRADED);
    const seat = create({ isRestored: true });
    expect(seat.repeats).toBeGreaterThan(0);
    seat.turn(1);
    expect(images.committed().state).toBe(STATE_READY);
    takeAll(seat);
    feed(1);
    takeAll(seat);
    expect(images.committed().state).toBe(STATE_DEGRADED);
  });

  it("finds an image that the ring does not know of yet: what it covers is given back", () => {
    const { seat: create, feed, input, images } = stage();
    const dead = create();
    feed(50);
    takeAll(dead);
    vi.spyOn(input.constructor.prototype as typeof input, "releaseTo").mockImplementationOnce(() => {
      throw new Error("dies between commit and gate");
    });
    expect(() => dead.rest()).toThrow("between commit and gate");
    expect([images.committed().input, input.used]).toEqual([input.head, input.head]);
    const seat = create({ isRestored: true });
    expect([input.used, seat.shard.consumed, seat.isIdle]).toEqual([0, input.head, true]);
  });

  it("may itself die while it repeats, behind an image that it made on the way", () => {
    const isDone = vi.spyOn(ArenaCut.prototype, "isDone", "get").mockReturnValue(false);
    const { seat: create, feed, output, images } = stage();
    const dead = create();
    feed(RING - 20);
    for (let n = 0; n < 100; n++) dead.turn(64);
    isDone.mockReturnValue(true);
    const head = output.head;
    const second = create({ isRestored: true });
    while (images.committed().input === 0) second.turn(16);
    expect(second.isRecovering).toBe(true);
    const third = create({ isRestored: true });
    expect(third.repeats).toBe(head - images.committed().emitted);
    while (third.isRecovering) third.turn(16);
    expect(output.head - head).toBe(third.shard.emitted - head);
  });

  it("of a thread that gave the shard away restores nothing and reads on behind what is held", () => {
    const { seat: create, feed, input, output } = stage();
    const first = create();
    feed(90);
    takeAll(first);
    first.settle();
    const restored = vi.spyOn(ShardImages.prototype, "restoreInto");
    const head = output.head;
    const second = create();
    feed(10);
    takeAll(second);
    expect(restored).not.toHaveBeenCalled();
    expect(second.shard.consumed).toBe(input.head);
    expect(output.head).toBeGreaterThan(head);
  });
});
