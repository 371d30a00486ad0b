/**
 * The only chance in the system: xoshiro128** (Blackman and Vigna 2018, "Scrambled linear pseudorandom number generators"),
 * seeded by SplitMix32. Its four words live where the caller puts them (an arena region), so a restored run draws the same numbers. @hot
 */
export class Random {
  private readonly state: Int32Array;

  /** `state`: four words, kept by the caller; with a seed it is initialised, without it is continued. */
  constructor(state: Int32Array, seed?: number) {
    this.state = state;
    if (seed !== undefined) this.reseed(seed);
  }

  reseed(seed: number): void {
    let s = seed | 0;
    for (let i = 0; i < 4; i++) {
      s = (s + 0x9e3779b9) | 0;
      let z = s;
      z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
      z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
      this.state[i] = z ^ (z >>> 16);
    }
    if ((this.state[0] | this.state[1] | this.state[2] | this.state[3]) === 0) this.state[0] = 1;
  }

  /** A second stream that goes on from here, over the given words. Cold. */
  copyStateInto(state: Int32Array): Random {
    state.set(this.state);
    return new Random(state); // hot-ok: cold
  }

  /** Uniform over the 2^32 unsigned integers. */
  nextUint32(): number {
    return this.nextInt32() >>> 0;
  }

  /** The same draw as a signed integer, which crosses a call without being boxed. */
  nextInt32(): number {
    const s = this.state;
    const s1 = s[1];
    const scaled = Math.imul(s1, 5);
    const result = Math.imul((scaled << 7) | (scaled >>> 25), 9);
    const shifted = s1 << 9;
    s[2] ^= s[0];
    s[3] ^= s1;
    s[1] = s1 ^ s[2];
    s[0] ^= s[3];
    s[2] ^= shifted;
    const s3 = s[3];
    s[3] = (s3 << 11) | (s3 >>> 21);
    return result;
  }

  /** Uniform in [0, bound), without modulo bias: draws in the incomplete last cycle are rejected. `bound` in 1 .. 2^32. */
  nextBelow(bound: number): number {
    const limit = 4_294_967_296 - (4_294_967_296 % bound);
    for (;;) {
      const draw = this.nextInt32() >>> 0;
      if (draw < limit) return draw % bound;
    }
  }

  /** Uniform in [0, 1) with 53 random bits. */
  nextFloat(): number {
    const high = this.nextInt32() >>> 5;
    const low = this.nextInt32() >>> 6;
    return (high * 67_108_864 + low) / 9_007_199_254_740_992;
  }
}
