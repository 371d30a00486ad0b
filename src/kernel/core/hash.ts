/**
 * Hashes: 32-bit for tables and symbols, rendezvous for shards, 128-bit for outputs. @hot
 *
 * mix32           the MurmurHash3 finaliser (Appleby, public domain): a bijection of 32 bits
 * hashBytes       MurmurHash3 x86_32 over bytes
 * shardOf         rendezvous hashing (Thaler and Ravishankar 1998): adding one of n shards moves about 1/(n+1) of the keys
 * OutputHash      MurmurHash3 x86_128 over 64-byte records, one word masked per type; its state is six words of an arena
 */
/** Spreads 32 bits over 32 bits, without collisions. */
export function mix32(value: number): number {
  let h = value | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** MurmurHash3 x86_32 of bytes[from, to). */
export function hashBytes(bytes: Uint8Array, from: number, to: number, seed: number): number {
  let h = seed | 0;
  const length = to - from;
  const blocksEnd = from + (length & ~3);
  for (let i = from; i < blocksEnd; i += 4) {
    let k = bytes[i] | (bytes[i + 1] << 8) | (bytes[i + 2] << 16) | (bytes[i + 3] << 24);
    k = Math.imul(k, 0xcc9e2d51);
    k = Math.imul((k << 15) | (k >>> 17), 0x1b873593);
    h ^= k;
    h = (Math.imul((h << 13) | (h >>> 19), 5) + 0xe6546b64) | 0;
  }
  let tail = 0;
  const rest = length & 3;
  if (rest === 3) tail ^= bytes[blocksEnd + 2] << 16;
  if (rest >= 2) tail ^= bytes[blocksEnd + 1] << 8;
  if (rest >= 1) {
    tail ^= bytes[blocksEnd];
    tail = Math.imul(tail, 0xcc9e2d51);
    h ^= Math.imul((tail << 15) | (tail >>> 17), 0x1b873593);
  }
  return mix32(h ^ length);
}

/** How much a shard is a key's own, as an unsigned 32-bit number: it depends on the two alone, so another shard changes no other's score. */
export function shardScore(keyHash: number, shard: number): number {
  return mix32(keyHash ^ mix32(shard + 0x9e3779b9));
}

/** The shard in [0, shards) that owns a key: the one whose score is highest. */
export function shardOf(keyHash: number, shards: number): number {
  let best = 0;
  let bestScore = -1;
  for (let shard = 0; shard < shards; shard++) {
    const score = shardScore(keyHash, shard);
    if (score > bestScore) {
      bestScore = score;
      best = shard;
    }
  }
  return best;
}

const C1 = 0x239b961b;
const C2 = 0xab0e9789;
const C3 = 0x38b34ae5;
const C4 = 0xa1e38b93;

/** Words that an OutputHash keeps: four of hash, and the count of 16-byte blocks in two. */
export const OUTPUT_HASH_WORDS = 6;

/**
 * A running 128-bit hash of records in their order. Words named by the caller's mask (receive times) count as zero, so that two
 * runs of the same input agree. Two records swapped, lost or doubled change it.
 */
export class OutputHash {
  private readonly state: Int32Array;

  /** `state`: OUTPUT_HASH_WORDS words, zero for a new hash. */
  constructor(state: Int32Array) {
    this.state = state;
  }

  /** Adds the 16 words at words[at], those whose bit is set in `masked` as zero. */
  add(words: Int32Array, at: number, masked: number): void {
    const state = this.state;
    let h1 = state[0];
    let h2 = state[1];
    let h3 = state[2];
    let h4 = state[3];
    for (let block = 0; block < 16; block += 4) {
      const mask = masked >>> block;
      let k1 = (mask & 1) === 0 ? words[at + block] : 0;
      let k2 = (mask & 2) === 0 ? words[at + block + 1] : 0;
      let k3 = (mask & 4) === 0 ? words[at + block + 2] : 0;
      let k4 = (mask & 8) === 0 ? words[at + block + 3] : 0;
      k1 = Math.imul(k1, C1);
      k1 = Math.imul((k1 << 15) | (k1 >>> 17), C2);
      h1 ^= k1;
      h1 = ((h1 << 19) | (h1 >>> 13)) + h2;
      h1 = (Math.imul(h1, 5) + 0x561ccd1b) | 0;
      k2 = Math.imul(k2, C2);
      k2 = Math.imul((k2 << 16) | (k2 >>> 16), C3);
      h2 ^= k2;
      h2 = ((h2 << 17) | (h2 >>> 15)) + h3;
      h2 = (Math.imul(h2, 5) + 0x0bcaa747) | 0;
      k3 = Math.imul(k3, C3);
      k3 = Math.imul((k3 << 17) | (k3 >>> 15), C4);
      h3 ^= k3;
      h3 = ((h3 << 15) | (h3 >>> 17)) + h4;
      h3 = (Math.imul(h3, 5) + 0x96cd1c35) | 0;
      k4 = Math.imul(k4, C4);
      k4 = Math.imul((k4 << 18) | (k4 >>> 14), C1);
      h4 ^= k4;
      h4 = ((h4 << 13) | (h4 >>> 19)) + h1;
      h4 = (Math.imul(h4, 5) + 0x32ac3b17) | 0;
    }
    state[0] = h1;
    state[1] = h2;
    state[2] = h3;
    state[3] = h4;
    const blocks = (state[4] + 4) | 0;
    state[4] = blocks;
    if (blocks === 0) state[5] = (state[5] + 1) | 0;
  }

  /** The hash so far, as 32 hexadecimal digits. Cold. */
  text(): string {
    const state = this.state;
    let h1 = state[0] ^ (state[4] << 4);
    let h2 = state[1] ^ (state[4] << 4);
    let h3 = state[2] ^ (state[4] << 4);
    let h4 = state[3] ^ (state[4] << 4);
    h1 = (h1 + h2 + h3 + h4) | 0;
    h2 = mix32(h2 + h1);
    h3 = mix32(h3 + h1);
    h4 = mix32(h4 + h1);
    h1 = mix32(h1);
    h1 = (h1 + h2 + h3 + h4) | 0;
    return hex(h1) + hex(h2 + h1) + hex(h3 + h1) + hex(h4 + h1);
  }
}

function hex(word: number): string {
  return (word >>> 0).toString(16).padStart(8, "0");
}
