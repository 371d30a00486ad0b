import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { snapshotContract } from "../../../test/contract/snapshot.ts";
import { Collector, concat, framed, packet } from "../../../test/model/itch50-bytes.ts";
import { Random } from "../../kernel/core/random.ts";
import { InstrumentRegistry } from "../../kernel/instrument/registry.ts";
import { Arena } from "../../kernel/memory/arena.ts";
import { Outlet } from "../../kernel/record/outlet.ts";
import { Itch50Feed } from "./itch50.ts";
import { MESSAGE_LENGTHS } from "./itch50-layout.ts";

const TYPES = Array.from(MESSAGE_LENGTHS.keys()).filter((type) => MESSAGE_LENGTHS[type] > 0);

function build(arena: Arena = Arena.create("itch50", 1 << 22)): { feed: Itch50Feed; collector: Collector; arena: Arena } {
  const registry = new InstrumentRegistry(arena, 64);
  const collector = new Collector();
  const feed = new Itch50Feed(arena, registry, new Outlet(collector), { quarantineEntries: 8 });
  return { feed, collector, arena };
}

/** A message of any type with fields mostly in their ranges, over few locates and symbols. */
function randomMessage(random: Random): Uint8Array {
  const type = TYPES[random.nextBelow(TYPES.length)];
  const bytes = new Uint8Array(MESSAGE_LENGTHS[type]);
  for (let i = 1; i < bytes.length; i++) bytes[i] = random.nextBelow(4) === 0 ? random.nextBelow(256) : "BSYN 1A"[random.nextBelow(7)].charCodeAt(0);
  bytes[0] = type;
  bytes[1] = 0;
  bytes[2] = random.nextBelow(5);
  return bytes;
}

function randomStream(random: Random, messages: number): Uint8Array {
  return framed(Array.from({ length: messages }, () => randomMessage(random)));
}

function outcome(feed: Itch50Feed, collector: Collector): unknown {
  const kept = feed.quarantine.list().map(({ offset, length, reason, bytes }) => [offset, length, reason, [...bytes]]);
  return [collector.hashText, feed.report(), feed.brokenAt, feed.framing, feed.unknownLocate, kept];
}

function whole(stream: Uint8Array): unknown {
  const { feed, collector } = build();
  feed.push(stream, 0, stream.length);
  return outcome(feed, collector);
}

/** Pushes pieces of random lengths, each as a part of the stream or as an array of its own. */
function inPieces(stream: Uint8Array, random: Random): unknown {
  const { feed, collector } = build();
  const longest = [1, 5, 60, 3000][random.nextBelow(4)];
  for (let at = 0; at < stream.length;) {
    const to = Math.min(stream.length, at + random.nextBelow(longest + 1));
    if (random.nextBelow(2) === 0) feed.push(stream, at, to);
    else feed.push(stream.slice(at, to), 0, to - at);
    at = to;
  }
  return outcome(feed, collector);
}

const seeds = fc.integer({ min: 1, max: 0x7fff_ffff });
function randomOf(seed: number): Random {
  return new Random(new Int32Array(4), seed);
}

describe("Itch50Feed with any bytes", () => {
  it("takes whole streams the same however they are cut", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const random = randomOf(seed);
        const stream = randomStream(random, 60);
        expect(inPieces(stream, random)).toEqual(whole(stream));
      }),
      { numRuns: 60, seed: 1 },
    );
  });

  it("takes damaged streams the same however they are cut, and never invents a message", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const random = randomOf(seed);
        const messages = Array.from({ length: 60 }, () => randomMessage(random));
        let stream = framed(messages);
        for (let n = 1 + random.nextBelow(3); n > 0; n--) {
          const at = random.nextBelow(stream.length);
          const kind = random.nextBelow(4);
          if (kind === 0) stream[at] ^= 1 << random.nextBelow(8);
          if (kind === 1) stream = concat([stream.subarray(0, at), stream.subarray(Math.min(stream.length, at + 1 + random.nextBelow(100)))]);
          if (kind === 2) stream = concat([stream.subarray(0, at), stream.slice(0, random.nextBelow(40)), stream.subarray(at)]);
          if (kind === 3) stream = concat([stream.subarray(0, at), new Uint8Array(random.nextBelow(300)), stream.subarray(at)]);
        }
        const expected = whole(stream) as [string, { messages: number }];
        expect(inPieces(stream, random)).toEqual(expected);
        expect(expected[1].messages).toBeLessThanOrEqual(messages.length + 3 * 4);
      }),
      { numRuns: 150, seed: 2 },
    );
  });

  it("takes random bytes the same however they are cut and finds no message in them", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const random = randomOf(seed);
        const stream = Uint8Array.from({ length: 3000 }, () => random.nextBelow(256));
        const expected = whole(stream) as [string, { messages: number }];
        expect(expected[1].messages).toBe(0);
        expect(inPieces(stream, random)).toEqual(expected);
      }),
      { numRuns: 40, seed: 3 },
    );
  });

  it("takes datagrams the same however their stream is cut, with losses, copies and damage", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const random = randomOf(seed);
        const datagrams: Uint8Array[] = [packet("SESSION", 1, [randomMessage(random)])];
        for (let sequence = 2, n = 0; n < 30; n++) {
          const messages = Array.from({ length: random.nextBelow(4) }, () => randomMessage(random));
          const bytes = packet(random.nextBelow(20) === 0 ? "NEXT" : "SESSION", sequence, messages);
          if (random.nextBelow(10) === 0) bytes[random.nextBelow(bytes.length)] ^= 1 << random.nextBelow(8);
          if (random.nextBelow(6) !== 0) datagrams.push(bytes);
          if (random.nextBelow(6) === 0) datagrams.push(bytes);
          sequence += messages.length;
        }
        const stream = framed(datagrams);
        expect(inPieces(stream, random)).toEqual(whole(stream));
      }),
      { numRuns: 60, seed: 4 },
    );
  });
});

for (const [name, framing] of [
  ["Itch50Feed over a file", "length-prefix"],
  ["Itch50Feed over datagrams", "moldudp64"],
] as const) {
  snapshotContract(
    name,
    (arena) => {
      const { feed, collector } = build(arena);
      return {
        step(random) {
          // the end of one message and the beginning of another, so that most steps end within a message
          const bytes = framing === "moldudp64" ? framed([packet("S", 1 + random.nextBelow(50), [randomMessage(random)])]) : randomStream(random, 2);
          if (random.nextBelow(20) === 0) bytes[random.nextBelow(bytes.length)] ^= 1 << random.nextBelow(8);
          const before = collector.records.length;
          const cut = random.nextBelow(bytes.length + 1);
          feed.push(bytes, 0, framing === "moldudp64" && random.nextBelow(30) !== 0 ? bytes.length : cut);
          const made = collector.records.slice(before).map((slots) => [...slots.i32]);
          return [made, feed.report(), feed.brokenAt, feed.framing, feed.unknownLocate];
        },
      };
    },
    { steps: 120, cuts: 6, capacityBytes: 1 << 22 },
  );
}
