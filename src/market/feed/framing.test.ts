import { describe, expect, it } from "vitest";
import { add, concat, deletion, framed } from "../../../test/model/itch50-bytes.ts";
import { Arena } from "../../kernel/memory/arena.ts";
import { LengthPrefixFramer } from "./framing.ts";
import { MESSAGE_LENGTHS } from "./itch50-layout.ts";
import { Quarantine } from "./quarantine.ts";

class Taken {
  gaps = 0;
  readonly messages: number[][] = [];
  reason = 0;

  onFrame(bytes: Uint8Array, view: DataView, from: number, to: number): number {
    expect(view.getUint8(from)).toBe(bytes[from]);
    this.messages.push(Array.from(bytes.subarray(from, to)));
    return this.reason;
  }

  onFrames(_view: DataView, from: number): number {
    return from;
  }

  onGap(): void {
    this.gaps++;
  }
}

function build(): { framer: LengthPrefixFramer; taken: Taken; quarantine: Quarantine } {
  const arena = Arena.create("framing", 1 << 20);
  const taken = new Taken();
  const quarantine = new Quarantine(arena);
  const framer = new LengthPrefixFramer(arena, MESSAGE_LENGTHS, taken, quarantine);
  arena.seal();
  return { framer, taken, quarantine };
}

const MESSAGES = Array.from({ length: 6 }, (_, i) => (i % 2 === 0 ? add(1, i, i + 1, "B", 100, "AAPL", 10_000 + i) : deletion(1, i, i)));
const STREAM = framed(MESSAGES);

function pieces(framer: LengthPrefixFramer, bytes: Uint8Array, size: number): void {
  for (let at = 0; at < bytes.length; at += size) framer.push(bytes, at, Math.min(bytes.length, at + size));
}

describe("LengthPrefixFramer", () => {
  for (const size of [1, 2, 3, 7, 38, 1000]) {
    it(`finds the same messages in pieces of ${size}`, () => {
      const { framer, taken } = build();
      pieces(framer, STREAM, size);
      expect(taken.messages).toEqual(MESSAGES.map((bytes) => [...bytes]));
      expect([framer.pendingBytes, framer.brokenAt, framer.losses]).toEqual([0, -1, 0]);
    });
  }

  it("keeps an incomplete message pending and completes it from a separate array", () => {
    const { framer, taken } = build();
    framer.push(STREAM.slice(0, 20), 0, 20);
    expect([taken.messages.length, framer.pendingBytes]).toEqual([0, 20]);
    const rest = STREAM.slice(20);
    framer.push(rest, 0, rest.length);
    expect([taken.messages.length, framer.pendingBytes]).toEqual([MESSAGES.length, 0]);
  });

  it("skips one message of a wrong length by its length and says so", () => {
    const { framer, taken, quarantine } = build();
    const wrong = concat([Uint8Array.of(0, 20), new Uint8Array(20).fill(0x44)]);
    const unknown = concat([Uint8Array.of(0, 5), new Uint8Array(5).fill(0x7a)]);
    framer.push(concat([framed([MESSAGES[0]]), wrong, framed([MESSAGES[1]]), unknown, framed([MESSAGES[2]])]), 0, 38 + 22 + 21 + 7 + 38);
    expect(taken.messages.length).toBe(3);
    expect(quarantine.list().map(({ offset, length, reason }) => [offset, length, reason])).toEqual([
      [38, 20, "length"],
      [81, 5, "type"],
    ]);
    expect([framer.brokenAt, framer.losses]).toEqual([-1, 0]);
    expect(taken.gaps).toBe(1); // the type that is not known says nothing about a book
  });

  it("hands a refused message to the quarantine with the handler's reason", () => {
    const { framer, taken, quarantine } = build();
    taken.reason = 3;
    framer.push(STREAM, 0, STREAM.length);
    expect(quarantine.list().map((entry) => entry.reason)).toEqual(MESSAGES.map(() => "field"));
  });

  for (const size of [1, 5, 1000]) {
    it(`finds its step again behind garbage in pieces of ${size}, and only behind three plausible frames`, () => {
      const { framer, taken, quarantine } = build();
      const garbage = Uint8Array.of(0xff, 0xff, 1, 2, 3, 0, 36, 0x41); // ends like a frame whose successors are none
      pieces(framer, concat([framed(MESSAGES.slice(0, 2)), garbage, STREAM]), size);
      expect(taken.messages.length).toBe(2 + MESSAGES.length);
      expect([framer.brokenAt, framer.losses, framer.pendingBytes]).toEqual([59, 1, 0]);
      expect(quarantine.list().map(({ offset, reason, bytes }) => [offset, reason, [...bytes]])).toEqual([[59, "framing", [...garbage]]]);
    });
  }

  it("invents nothing from two plausible frames behind garbage: they stay pending", () => {
    const { framer, taken } = build();
    const tail = framed(MESSAGES.slice(0, 2));
    framer.push(concat([Uint8Array.of(9, 9, 9), tail]), 0, 3 + tail.length);
    expect(taken.messages.length).toBe(0);
    expect([framer.brokenAt, framer.pendingBytes]).toEqual([0, tail.length]);
  });

  it("loses framing at the first of two malformed frames in a row", () => {
    const { framer, taken, quarantine } = build();
    const wrong = concat([Uint8Array.of(0, 20), new Uint8Array(20).fill(0x44)]);
    framer.push(concat([framed([MESSAGES[0]]), wrong, wrong, STREAM]), 0, 38 + 44 + STREAM.length);
    expect([framer.brokenAt, framer.losses]).toEqual([38, 1]);
    expect(taken.gaps).toBe(2); // the message, then the framing
    expect(quarantine.count).toBe(2);
  });

  for (const size of [1, 1000]) {
    it(`takes a zero length at the very end as the end of the session, in pieces of ${size}`, () => {
      const { framer, taken } = build();
      pieces(framer, concat([STREAM, Uint8Array.of(0, 0)]), size);
      expect([taken.messages.length, framer.pendingBytes, framer.brokenAt]).toEqual([MESSAGES.length, 0, -1]);
    });

    it(`goes on with the next session's file behind a zero length, in pieces of ${size}`, () => {
      const { framer, taken } = build();
      pieces(framer, concat([STREAM, Uint8Array.of(0, 0), STREAM]), size);
      expect([taken.messages.length, framer.brokenAt]).toEqual([2 * MESSAGES.length, -1]);
    });

    it(`is broken at a zero length that something else follows, in pieces of ${size}`, () => {
      const { framer, taken } = build();
      pieces(framer, concat([STREAM, Uint8Array.of(0, 0, 0, 0, 0)]), size);
      expect([taken.messages.length, framer.brokenAt]).toEqual([MESSAGES.length, STREAM.length]);
    });
  }

  it("is broken at 0 when the stream begins with a zero length", () => {
    const { framer, taken } = build();
    framer.push(Uint8Array.of(0, 0, 0x53, 1, 2, 3), 0, 6);
    expect([taken.messages.length, framer.brokenAt]).toEqual([0, 0]);
  });
});

describe("a handler with a loop of its own", () => {
  /** Takes deletions itself, at most two in a row. */
  class Looping extends Taken {
    readonly taken: number[] = [];

    override onFrames(view: DataView, from: number, stop = 0, to = 0): number {
      let at = from;
      for (let i = 0; i < 2 && at < stop && to - at >= 21 && view.getUint16(at) === 19 && view.getUint8(at + 2) === DELETE; i++, at += 21) {
        this.taken.push(view.getUint8(at + 20));
      }
      return at;
    }
  }
  const DELETE = 0x44;
  const numbered = (serial: number): number[] => [0, 19, DELETE, ...Array.from({ length: 17 }, () => 0), serial];
  const other = [0, 12, 0x53, ...Array.from({ length: 11 }, () => 0)];

  it.each([1, 5, 21, 1000])("gets each message once, in its loop or one by one, in pieces of %i", (size) => {
    const arena = Arena.create("framing", 1 << 20);
    const handler = new Looping();
    const framer = new LengthPrefixFramer(arena, MESSAGE_LENGTHS, handler, new Quarantine(arena));
    const bytes = Uint8Array.from([...other, ...[1, 2, 3, 4, 5].flatMap(numbered), ...other, ...numbered(6), 0, 0, ...numbered(7), 0, 99]);
    for (let at = 0; at < bytes.length; at += size) framer.push(bytes, at, Math.min(at + size, bytes.length));
    const single = handler.messages.filter((message) => message[0] === DELETE).map((message) => message[18]);
    expect([...handler.taken, ...single].toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(handler.messages.length - single.length).toBe(2);
    expect(single).toContain(7); // behind a zero length a frame is in doubt until it was seen to be plausible
    expect(framer.brokenAt).toBe(bytes.length - 2);
  });
});
