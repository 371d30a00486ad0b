import { describe, expect, it } from "vitest";
import { hashBytes, mix32, OUTPUT_HASH_WORDS, OutputHash, shardOf } from "./hash.ts";
import { Random } from "./random.ts";

const rotate = (value: number, by: number): number => (value << by) | (value >>> (32 - by));

/** MurmurHash3 x86_128 over bytes, from its published description; it is itself proven by the published verification value. */
function hash128(bytes: Uint8Array, seed: number): Int32Array {
  const c = [0x239b961b, 0xab0e9789, 0x38b34ae5, 0xa1e38b93];
  const keyRotation = [15, 16, 17, 18];
  const rotation = [19, 17, 15, 13];
  const add = [0x561ccd1b, 0x0bcaa747, 0x96cd1c35, 0x32ac3b17];
  const h = new Int32Array(4).fill(seed);
  const word = (at: number): number => bytes[at] | (bytes[at + 1] << 8) | (bytes[at + 2] << 16) | (bytes[at + 3] << 24);
  const whole = bytes.length & ~15;
  const mixKey = (k: number, lane: number): number => Math.imul(rotate(Math.imul(k, c[lane]), keyRotation[lane]), c[(lane + 1) & 3]);
  for (let at = 0; at < whole; at += 16) {
    for (let lane = 0; lane < 4; lane++) {
      h[lane] ^= mixKey(word(at + lane * 4), lane);
      h[lane] = rotate(h[lane], rotation[lane]) + h[(lane + 1) & 3];
      h[lane] = Math.imul(h[lane], 5) + add[lane];
    }
  }
  for (let lane = 3; lane >= 0; lane--) {
    let k = 0;
    for (let i = Math.min(bytes.length, whole + lane * 4 + 4) - 1; i >= whole + lane * 4; i--) k = (k << 8) | bytes[i];
    if (whole + lane * 4 < bytes.length) h[lane] ^= mixKey(k, lane);
  }
  const gather = (): void => {
    h[0] += h[1] + h[2] + h[3];
    for (let lane = 1; lane < 4; lane++) h[lane] += h[0];
  };
  for (let lane = 0; lane < 4; lane++) h[lane] ^= bytes.length;
  gather();
  for (let lane = 0; lane < 4; lane++) h[lane] = mix32(h[lane]);
  gather();
  return h;
}

function hexOf(words: Int32Array): string {
  return [...words].map((word) => (word >>> 0).toString(16).padStart(8, "0")).join("");
}

/** SMHasher's verification: keys 0, 01, 012, ... of length 0 to 255 with seed 256 - length; the hash of all hashes, its first word. */
function verification(hash: (bytes: Uint8Array, seed: number) => Uint8Array): number {
  const keys = Uint8Array.from({ length: 256 }, (_, i) => i);
  const all: number[] = [];
  for (let length = 0; length < 256; length++) all.push(...hash(keys.subarray(0, length), 256 - length));
  return new DataView(hash(Uint8Array.from(all), 0).buffer).getUint32(0, true);
}

describe("hashBytes", () => {
  it.each([
    ["", 0, 0],
    ["", 1, 0x514e28b7],
    ["", 0xffffffff, 0x81f16f39],
    ["00", 0, 0x514e28b7],
    ["0000", 0, 0x30f4c306],
    ["000000", 0, 0x85f0b427],
    ["00000000", 0, 0x2362f9de],
    ["21", 0, 0x72661cf4],
    ["2143", 0, 0xa0f7b07a],
    ["214365", 0, 0x7e4a8634],
    ["21436587", 0, 0xf55b516b],
    ["21436587", 0x5082edee, 0x2362f9de],
    ["ffffffff", 0, 0x76293b50],
  ])("of %s with seed %i is the published value of MurmurHash3 x86_32", (hex, seed, expected) => {
    const bytes = Uint8Array.from(hex.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
    expect(hashBytes(bytes, 0, bytes.length, seed)).toBe(expected);
  });

  it("passes the published verification of MurmurHash3 x86_32", () => {
    expect(verification((bytes, seed) => new Uint8Array(Uint32Array.of(hashBytes(bytes, 0, bytes.length, seed)).buffer))).toBe(0xb0f57ee3);
  });

  it("hashes a range as it hashes a copy of it", () => {
    const bytes = new TextEncoder().encode("..BTCUSDT..");
    const copy = bytes.slice(2, 9);
    expect(hashBytes(bytes, 2, 9, 7)).toBe(hashBytes(copy, 0, copy.length, 7));
  });
});

describe("mix32", () => {
  it("is unsigned, and its inverse exists: no two of a million inputs collide", () => {
    const seen = new Uint32Array(1_000_000);
    for (let i = 0; i < seen.length; i++) seen[i] = mix32(i * 4093);
    seen.sort();
    let doubles = 0;
    for (let i = 1; i < seen.length; i++) if (seen[i] === seen[i - 1]) doubles++;
    expect(doubles).toBe(0);
    expect(mix32(-1)).toBeGreaterThanOrEqual(0);
  });
});

describe("shardOf", () => {
  const SYMBOLS = 50_000;
  const hashes = Uint32Array.from({ length: SYMBOLS }, (_, i) => {
    const bytes = new TextEncoder().encode(`SYM${i}`);
    return hashBytes(bytes, 0, bytes.length, 0);
  });

  it("gives everything to the one shard there is", () => {
    for (let i = 0; i < 100; i++) expect(shardOf(hashes[i], 1)).toBe(0);
  });

  it("spreads 50,000 symbols over 16 shards with at most 1.15 of the mean on one", () => {
    const load = new Int32Array(16);
    for (const hash of hashes) load[shardOf(hash, 16)]++;
    expect(Math.max(...load) / (SYMBOLS / 16)).toBeLessThanOrEqual(1.15);
    expect(Math.min(...load) / (SYMBOLS / 16)).toBeGreaterThanOrEqual(0.85);
  });

  it("moves at most 1.25/(n+1) of the symbols when one of n shards is added, and only to the new one", () => {
    for (let shards = 1; shards <= 16; shards++) {
      let moved = 0;
      for (const hash of hashes) {
        const before = shardOf(hash, shards);
        const after = shardOf(hash, shards + 1);
        if (before === after) continue;
        moved++;
        if (after !== shards) expect.fail(`moved from shard ${before} to ${after}, not to the new shard ${shards}`);
      }
      expect(moved / SYMBOLS).toBeLessThanOrEqual(1.25 / (shards + 1));
      expect(moved).toBeGreaterThan(0);
    }
  });
});

describe("OutputHash", () => {
  const random = new Random(new Int32Array(4), 5);
  const records = Int32Array.from({ length: 64 * 16 }, () => random.nextUint32() | 0);

  function hashOf(order: readonly number[], masked = 0, words: Int32Array = records): string {
    const hash = new OutputHash(new Int32Array(OUTPUT_HASH_WORDS));
    for (const record of order) hash.add(words, record * 16, masked);
    return hash.text();
  }

  const inOrder = Array.from({ length: 64 }, (_, i) => i);

  it("agrees with a MurmurHash3 x86_128 that passes the published verification", () => {
    expect(verification((bytes, seed) => new Uint8Array(hash128(bytes, seed).buffer))).toBe(0xb3ece62a);
    for (const count of [0, 1, 2, 63, 64]) {
      expect(hashOf(inOrder.slice(0, count))).toBe(hexOf(hash128(new Uint8Array(records.buffer, 0, count * 64), 0)));
    }
  });

  it("changes when two neighbours are swapped, one is lost or one is doubled, at any place", () => {
    const expected = hashOf(inOrder);
    for (let i = 0; i < 64; i++) {
      expect(hashOf(inOrder.toSpliced(i, 1)), `lost ${i}`).not.toBe(expected);
      expect(hashOf(inOrder.toSpliced(i, 0, i)), `doubled ${i}`).not.toBe(expected);
      if (i < 63) expect(hashOf(inOrder.toSpliced(i, 2, i + 1, i)), `swapped ${i}`).not.toBe(expected);
    }
  });

  it("changes with every bit of a word that is not masked, and with none of a word that is", () => {
    const mask = (1 << 6) | (1 << 7);
    const expected = hashOf(inOrder, mask);
    for (let word = 0; word < 16; word++) {
      for (const bit of [0, 1, 15, 31]) {
        const other = records.slice();
        other[37 * 16 + word] ^= 1 << bit;
        const changed = hashOf(inOrder, mask, other) !== expected;
        expect(changed, `word ${word}, bit ${bit}`).toBe((mask & (1 << word)) === 0);
      }
    }
  });

  it("goes on from a copy of its words, and asking for its text changes nothing", () => {
    const state = new Int32Array(OUTPUT_HASH_WORDS);
    const first = new OutputHash(state);
    for (let i = 0; i < 30; i++) first.add(records, i * 16, 0);
    expect(first.text()).toBe(first.text());
    const second = new OutputHash(state.slice());
    for (let i = 30; i < 64; i++) second.add(records, i * 16, 0);
    expect(second.text()).toBe(hashOf(inOrder));
  });

  it("tells an empty record from none", () => {
    const zeros = new Int32Array(16);
    const hash = new OutputHash(new Int32Array(OUTPUT_HASH_WORDS));
    const empty = hash.text();
    hash.add(zeros, 0, 0);
    expect(hash.text()).not.toBe(empty);
  });

  it("carries its count of blocks into the second word", () => {
    const state = new Int32Array(OUTPUT_HASH_WORDS);
    state[4] = -4;
    new OutputHash(state).add(new Int32Array(16), 0, 0);
    expect(state[4]).toBe(0);
    expect(state[5]).toBe(1);
  });
});
