import { describe, expect, it } from "vitest";
import { isStreamError, type ErrorCode, type StreamError } from "../core/errors.ts";
import { ARENA_CAPACITY_MAX, Arena } from "./arena.ts";

function errorOf(body: () => unknown, code: ErrorCode): StreamError {
  try {
    body();
  } catch (error) {
    if (isStreamError(error, code)) return error;
    throw error;
  }
  return expect.fail(`expected ${code}`);
}

function sealed(name = "shard"): { arena: Arena; words: Int32Array } {
  const arena = Arena.create(name, 4096);
  const words = arena.int32("words", 10);
  arena.uint8("bytes", 100);
  arena.seal();
  return { arena, words };
}

describe("an arena", () => {
  it("lays regions out in the order in which they are taken, each on 64 bytes", () => {
    const arena = Arena.create("shard", 4096);
    arena.uint8("a", 1);
    arena.float64("b", 9);
    arena.int32("c", 0);
    arena.uint16("d", 3);
    expect(arena.regions).toEqual([
      { name: "a", offset: 64, bytes: 1 },
      { name: "b", offset: 128, bytes: 72 },
      { name: "c", offset: 256, bytes: 0 },
      { name: "d", offset: 256, bytes: 6 },
    ]);
    expect(arena.usedBytes).toBe(320);
  });

  it("gives views of the width asked for over zeroed shared bytes of its own", () => {
    const arena = Arena.create("shard", 4096);
    const views = [arena.uint8("a", 3), arena.uint16("b", 3), arena.int32("c", 3), arena.uint32("d", 3), arena.float64("e", 3)];
    expect(views.map((view) => view.BYTES_PER_ELEMENT)).toEqual([1, 2, 4, 4, 8]);
    for (const view of views) {
      expect(view.buffer).toBe(arena.buffer);
      expect([...view]).toEqual([0, 0, 0]);
      view.fill(1);
    }
    for (const view of views) expect([...view]).toEqual([1, 1, 1]);
  });

  it("holds regions up to its last byte, and names used, wanted, sum and capacity when one is too many", () => {
    const arena = Arena.create("shard", 256);
    arena.uint8("first", 100);
    arena.uint8("last", 64);
    expect(arena.usedBytes).toBe(256);
    const other = Arena.create("shard", 256);
    other.uint8("first", 100);
    const error = errorOf(() => other.uint8("books", 100), "ARENA_CAPACITY");
    expect(error.message).toBe("arena shard: 192 bytes used + 100 for books = 292, over the capacity of 256");
    expect(error.details).toEqual({ used: 192, wanted: 100, capacity: 256 });
    expect(other.uint8("smaller", 64).length).toBe(64);
  });

  it.each([0, 63, -1, 1.5, NaN, 2 ** 31])("refuses a capacity of %d", (capacity) => {
    errorOf(() => Arena.create("shard", capacity), "ARENA_CAPACITY");
  });

  it.each([-1, 0.25, NaN, Infinity])("refuses a region of %d bytes", (bytes) => {
    errorOf(() => Arena.create("shard", 4096).take("region", bytes), "VALUE_RANGE");
  });

  it("that is measured counts what a layout takes, of any size, without writing a byte", () => {
    const scratch = new SharedArrayBuffer(ARENA_CAPACITY_MAX);
    const lay = (arena: Arena, rows: number): Arena => {
      const cells = arena.float64("cells", rows);
      arena.int32("words", 3);
      if (arena.fresh) cells.fill(7);
      arena.seal();
      return arena;
    };
    const made = lay(Arena.create("made", 1 << 16), 100);
    const measured = lay(Arena.measure("measured", scratch), 100);
    expect([measured.usedBytes, measured.regions]).toEqual([made.usedBytes, made.regions]);
    expect(measured.fresh).toBe(false);
    expect(new Float64Array(scratch, 0, 200).every((cell) => cell === 0)).toBe(true);
    expect(lay(Arena.measure("large", scratch), 200_000_000).usedBytes).toBeGreaterThan(1.6e9);
    expect(() => lay(Arena.measure("too large", scratch), 300_000_000)).toThrow(/over the capacity of 2147483584/);
  });

  it("goes from init to sealed to closed, and allows each call in its state only", () => {
    const arena = Arena.create("shard", 4096);
    expect(arena.state).toBe("init");
    errorOf(() => arena.snapshot(), "ARENA_STATE");
    errorOf(() => arena.snapshotInto(new Uint8Array(4096)), "ARENA_STATE");
    errorOf(() => arena.restore(new Uint8Array(64)), "ARENA_STATE");
    arena.seal();
    expect(arena.state).toBe("sealed");
    errorOf(() => arena.seal(), "ARENA_STATE");
    expect(errorOf(() => arena.take("late", 8), "ARENA_STATE").message).toContain("late");
    arena.snapshot();
    arena.close();
    expect(arena.state).toBe("closed");
    errorOf(() => arena.snapshot(), "ARENA_STATE");
    errorOf(() => arena.take("late", 8), "ARENA_STATE");
  });
});

describe("an attached arena", () => {
  it("sees the same bytes through the same regions, and is not fresh", () => {
    const { arena, words } = sealed();
    const other = Arena.attach("copy", arena.buffer);
    const theirs = other.int32("words", 10);
    other.uint8("bytes", 100);
    other.seal();
    words[3] = 42;
    expect(theirs[3]).toBe(42);
    expect(arena.fresh).toBe(true);
    expect(other.fresh).toBe(false);
  });

  it.each<[string, (arena: Arena) => void]>([
    ["another size", (arena) => (arena.int32("words", 11), arena.uint8("bytes", 100))],
    ["another name", (arena) => (arena.int32("word", 10), arena.uint8("bytes", 100))],
    ["another order", (arena) => (arena.uint8("bytes", 100), arena.int32("words", 10))],
    ["one region fewer", (arena) => arena.int32("words", 10)],
    ["one region more", (arena) => (arena.int32("words", 10), arena.uint8("bytes", 100), arena.uint8("more", 1))],
  ])("is refused with %s", (_, take) => {
    const other = Arena.attach("copy", sealed().arena.buffer);
    take(other);
    errorOf(() => other.seal(), "ARENA_LAYOUT");
  });

  it("is refused over bytes that are no sealed arena", () => {
    errorOf(() => Arena.attach("none", new SharedArrayBuffer(4096)), "ARENA_LAYOUT");
    errorOf(() => Arena.attach("short", new SharedArrayBuffer(16)), "ARENA_LAYOUT");
    errorOf(() => Arena.attach("early", Arena.create("shard", 4096).buffer), "ARENA_LAYOUT");
    const { arena } = sealed();
    new Int32Array(arena.buffer)[1] = 2;
    errorOf(() => Arena.attach("later version", arena.buffer), "ARENA_LAYOUT");
  });
});

describe("a snapshot", () => {
  it("is a copy: what is written after it does not show in it", () => {
    const { arena, words } = sealed();
    words[0] = 1;
    const copy = arena.snapshot();
    words[0] = 2;
    expect(new Int32Array(copy.buffer)[16]).toBe(1);
    expect(copy.length).toBe(arena.usedBytes);
  });

  it("goes into given bytes without more, and says how many", () => {
    const { arena, words } = sealed();
    words[9] = -5;
    const target = new Uint8Array(1000).fill(0xee);
    expect(arena.snapshotInto(target)).toBe(arena.usedBytes);
    expect(Buffer.compare(target.subarray(0, arena.usedBytes), arena.snapshot())).toBe(0);
    expect(target[arena.usedBytes]).toBe(0xee);
  });

  it("restores every byte under objects that were made before, in this arena and in another of the same layout", () => {
    const { arena, words } = sealed();
    words.fill(7);
    const copy = arena.snapshot();
    words.fill(0);
    arena.restore(copy);
    expect([...words]).toEqual(Array.from({ length: 10 }, () => 7));
    const other = sealed("elsewhere");
    other.arena.restore(copy);
    expect(other.words[9]).toBe(7);
    expect(Buffer.compare(other.arena.snapshot(), copy)).toBe(0);
  });

  it("is refused, and nothing is changed, when it is of another layout, length, version or no snapshot", () => {
    const { arena, words } = sealed();
    words[0] = 99;
    const good = arena.snapshot();
    const other = Arena.create("shard", 4096);
    other.int32("words", 11);
    other.uint8("bytes", 100);
    other.seal();
    const wrongMagic = good.slice();
    wrongMagic[0] ^= 1;
    const wrongVersion = good.slice();
    wrongVersion[4] ^= 1;
    for (const bytes of [
      other.snapshot(),
      good.slice(0, -1),
      Uint8Array.of(...good, 0),
      new Uint8Array(0),
      new Uint8Array(good.length),
      wrongMagic,
      wrongVersion,
    ]) {
      errorOf(() => arena.restore(bytes), "ARENA_LAYOUT");
      expect(Buffer.compare(arena.snapshot(), good)).toBe(0);
    }
  });

  it("may lie anywhere in a larger buffer", () => {
    const { arena, words } = sealed();
    words[1] = 3;
    const copy = arena.snapshot();
    const file = new Uint8Array(copy.length + 20);
    file.set(copy, 13);
    words[1] = 4;
    arena.restore(file.subarray(13, 13 + copy.length));
    expect(words[1]).toBe(3);
  });
});
