import { describe, expect, it } from "vitest";
import { concat, deletion, framed, packet } from "../../../test/model/itch50-bytes.ts";
import { Arena } from "../../kernel/memory/arena.ts";
import { MESSAGE_LENGTHS } from "./itch50-layout.ts";
import { MoldUdp64 } from "./moldudp64.ts";
import { Quarantine } from "./quarantine.ts";

/** Orders named by deletions, and "gap" where one was announced. */
class Taken {
  readonly seen: (number | "gap")[] = [];

  onFrame(_bytes: Uint8Array, view: DataView, from: number): number {
    this.seen.push(view.getUint32(from + 15));
    return 0;
  }

  onFrames(_view: DataView, from: number): number {
    return from;
  }

  onGap(): void {
    this.seen.push("gap");
  }
}

function build(): { mold: MoldUdp64; taken: Taken; quarantine: Quarantine } {
  const arena = Arena.create("mold", 1 << 20);
  const taken = new Taken();
  const quarantine = new Quarantine(arena);
  const mold = new MoldUdp64(arena, MESSAGE_LENGTHS, taken, quarantine);
  arena.seal();
  return { mold, taken, quarantine };
}

function orders(...numbers: number[]): Uint8Array[] {
  return numbers.map((order) => deletion(1, 0, order));
}

function deliver(mold: MoldUdp64, ...packets: Uint8Array[]): void {
  for (const bytes of packets) mold.onPacket(bytes, 0, bytes.length);
}

describe("MoldUdp64", () => {
  it("hands on the messages of packets in order", () => {
    const { mold, taken } = build();
    deliver(mold, packet("S1", 1, orders(1, 2)), packet("S1", 3, orders(3)));
    expect(taken.seen).toEqual([1, 2, 3]);
    expect([mold.packets, mold.sequencer.gaps, mold.brokenAt]).toEqual([2, 0, -1]);
  });

  it("drops what was seen before, whole packets and the fronts of packets", () => {
    const { mold, taken } = build();
    deliver(mold, packet("S1", 1, orders(1, 2)), packet("S1", 1, orders(1, 2)), packet("S1", 2, orders(2, 3)));
    expect(taken.seen).toEqual([1, 2, 3]);
    expect(mold.sequencer.duplicates).toBe(3);
  });

  it("announces a gap before the messages behind it, once", () => {
    const { mold, taken } = build();
    deliver(mold, packet("S1", 1, orders(1)), packet("S1", 5, orders(5)), packet("S1", 6, orders(6)));
    expect(taken.seen).toEqual([1, "gap", 5, 6]);
    expect([mold.sequencer.gaps, mold.sequencer.missing]).toEqual([1, 3]);
  });

  it("learns of a gap from a heartbeat", () => {
    const { mold, taken } = build();
    deliver(mold, packet("S1", 1, orders(1)), packet("S1", 4, []), packet("S1", 4, orders(4)));
    expect(taken.seen).toEqual([1, "gap", 4]);
    expect([mold.sequencer.gaps, mold.heartbeats]).toEqual([1, 1]);
  });

  it("announces, but does not count, what came before it joined", () => {
    const { mold, taken } = build();
    deliver(mold, packet("S1", 1000, orders(1)));
    expect(taken.seen).toEqual(["gap", 1]);
    expect(mold.sequencer.gaps).toBe(0);
  });

  it("begins anew with another session", () => {
    const { mold, taken } = build();
    deliver(mold, packet("S1", 1, orders(1, 2)), packet("S2", 1, orders(7)));
    expect(taken.seen).toEqual([1, 2, "gap", 7]);
    expect([mold.sequencer.resets, mold.sequencer.gaps, mold.sequencer.duplicates]).toEqual([1, 0, 0]);
  });

  it("knows the end of a session", () => {
    const { mold } = build();
    deliver(mold, packet("S1", 1, orders(1)));
    expect(mold.isEnded).toBe(false);
    deliver(mold, packet("S1", 2, [], 0xffff));
    expect([mold.isEnded, mold.heartbeats, mold.sequencer.gaps]).toEqual([true, 1, 0]);
  });

  it("takes packets of sequence 0 as they come", () => {
    const { mold, taken } = build();
    deliver(mold, packet("", 0, orders(1)), packet("", 0, orders(2)));
    expect(taken.seen).toEqual([1, 2]);
    expect([mold.unsequenced, mold.sequencer.duplicates]).toEqual([2, 0]);
  });

  it("refuses whole a packet that its blocks do not fill, so that its loss is a gap and a good copy still counts", () => {
    const good = packet("S1", 2, orders(2, 3));
    for (const bad of [good.subarray(0, good.length - 1), concat([good, Uint8Array.of(0)]), packet("S1", 2, orders(2, 3), 3), good.subarray(0, 19)]) {
      const { mold, taken, quarantine } = build();
      deliver(mold, packet("S1", 1, orders(1)), bad, good);
      expect(taken.seen).toEqual([1, 2, 3]);
      expect(quarantine.list().map(({ reason, offset, length }) => [reason, offset, length])).toEqual([["framing", 41, bad.length]]);
      expect(mold.brokenAt).toBe(41);
    }
    const { mold, taken } = build();
    deliver(mold, packet("S1", 1, orders(1)), good.subarray(0, 30), packet("S1", 4, orders(4)));
    expect(taken.seen).toEqual([1, "gap", 4]);
  });

  it("refuses a sequence past 2^53", () => {
    const { mold, taken, quarantine } = build();
    deliver(mold, packet("S1", 2n ** 53n, orders(1)));
    expect([taken.seen, quarantine.list()[0].reason]).toEqual([[], "number"]);
    deliver(mold, packet("S1", 2n ** 53n - 5n, orders(2)));
    expect([taken.seen, mold.sequencer.expected]).toEqual([["gap", 2], 2 ** 53 - 4]);
  });

  it("keeps messages of a wrong length, an unknown type or no byte at all for inspection and goes on", () => {
    const { mold, taken, quarantine } = build();
    const [one] = orders(1);
    deliver(mold, packet("S1", 1, [one.subarray(0, 18), new Uint8Array(4), new Uint8Array(0), one]));
    expect(taken.seen).toEqual([1]);
    expect(quarantine.list().map(({ reason, offset, length }) => [reason, offset, length])).toEqual([
      ["length", 22, 18],
      ["type", 42, 4],
      ["length", 48, 0],
    ]);
  });

  for (const size of [1, 7, 1000]) {
    it(`reads a stream of datagrams behind their lengths in pieces of ${size}`, () => {
      const { mold, taken, quarantine } = build();
      const stream = framed([
        packet("S1", 1, orders(1, 2)),
        packet("S1", 3, []),
        new Uint8Array(0),
        packet("S1", 3, orders(3, 4, 5)),
        packet("S1", 6, orders(6)),
      ]);
      const cut = stream.subarray(0, stream.length - 1);
      for (let at = 0; at < cut.length; at += size) mold.push(cut, at, Math.min(cut.length, at + size));
      expect(taken.seen).toEqual([1, 2, 3, 4, 5]);
      expect([mold.packets, mold.pendingBytes, quarantine.list()[0].offset]).toEqual([4, 42, 2 + 62 + 2 + 20 + 2]);
      mold.push(stream, stream.length - 1, stream.length);
      expect([taken.seen.at(-1), mold.pendingBytes]).toEqual([6, 0]);
    });
  }
});
