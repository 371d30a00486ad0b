/**
 * Two images of a shard's arena in shared memory, one committed while the other is made: what a thread that takes the shard over goes on
 * from. Each is a cut of the shard: the arena's bytes with the cursors of both rings, the counts and the lifecycle state of that moment.
 *
 * Order: bytes and head of the image, then one Atomics.store of `committed`, then the gate of the input ring, by the caller. A thread that
 * dies anywhere leaves a whole image, and an input ring that still holds everything behind it. One writer at a time: who has the shard.
 *
 *   words     0 committed i32     0 none, 1 + the number of the whole image
 *           128 head of image 0   input i32 | output i32 | state i32 | - | consumed f64 | emitted f64
 *           256 head of image 1
 */
import { StreamError } from "../../kernel/core/errors.ts";

const COMMITTED = 0;
const HEAD_STRIDE = 32;
const INPUT = 0;
const OUTPUT = 1;
const STATE = 2;
const CONSUMED_F64 = 2;
const EMITTED_F64 = 3;
const WORDS_BYTES = 384;
const PAGE_BYTES = 4096;

/** Shared memory: all that another thread needs. */
export interface ShardImageMemory {
  readonly words: SharedArrayBuffer;
  /** One buffer for each image. */
  readonly images: readonly SharedArrayBuffer[];
}

/** What a cut holds beside the bytes. */
export interface ShardCut {
  /** Cursor of the input ring: the next record to take. */
  input: number;
  /** Cursor of the output ring: the next record to publish. */
  output: number;
  /** The lifecycle state that the shard obeys from there on. */
  state: number;
  /** Records taken so far. */
  consumed: number;
  /** Records emitted so far. */
  emitted: number;
}

export class ShardImages {
  readonly memory: ShardImageMemory;
  private readonly words: Int32Array;
  private readonly doubles: Float64Array;
  private readonly bytes: readonly Uint8Array[];

  /** Attaches to images; zeroed words mean that none is committed. */
  constructor(memory: ShardImageMemory) {
    this.memory = memory;
    this.words = new Int32Array(memory.words);
    this.doubles = new Float64Array(memory.words);
    this.bytes = memory.images.map((image) => new Uint8Array(image));
  }

  /** Memory for images of an arena that uses so many bytes. */
  static create(usedBytes: number): ShardImages {
    return new ShardImages({
      words: new SharedArrayBuffer(WORDS_BYTES),
      images: [new SharedArrayBuffer(usedBytes), new SharedArrayBuffer(usedBytes)],
    });
  }

  /** Bytes that the images of an arena take. */
  static bytesFor(usedBytes: number): number {
    return WORDS_BYTES + 2 * usedBytes;
  }

  /** True once an image is whole. */
  get isCommitted(): boolean {
    return Atomics.load(this.words, COMMITTED) !== 0;
  }

  /** Where the next image is made: not the committed one. */
  get spare(): Uint8Array {
    return this.bytes[this.spareIndex];
  }

  /** Writes the head of the image being made. */
  describe(cut: Readonly<ShardCut>): void {
    const at = (this.spareIndex + 1) * HEAD_STRIDE;
    this.words[at + INPUT] = cut.input;
    this.words[at + OUTPUT] = cut.output;
    this.words[at + STATE] = cut.state;
    this.doubles[(at >> 1) + CONSUMED_F64] = cut.consumed;
    this.doubles[(at >> 1) + EMITTED_F64] = cut.emitted;
  }

  /** The image being made is whole: from here on it is the committed one. */
  commit(): void {
    Atomics.store(this.words, COMMITTED, this.spareIndex + 1);
  }

  /** The head of the committed image. INVARIANT when there is none. */
  committed(): ShardCut {
    const at = (this.committedIndex + 1) * HEAD_STRIDE;
    return {
      input: this.words[at + INPUT],
      output: this.words[at + OUTPUT],
      state: this.words[at + STATE],
      consumed: this.doubles[(at >> 1) + CONSUMED_F64],
      emitted: this.doubles[(at >> 1) + EMITTED_F64],
    };
  }

  /** Writes the committed image over an arena, whose own bytes are not looked at, not even its header. INVARIANT when there is none. */
  restoreInto(arena: SharedArrayBuffer): void {
    new Uint8Array(arena).set(this.bytes[this.committedIndex]);
  }

  /** Touches the pages of the spare image, so that the first cut does not pay for them. */
  touchSpare(): void {
    const spare = this.spare;
    for (let at = 0; at < spare.length; at += PAGE_BYTES) spare[at] = 0;
  }

  private get committedIndex(): number {
    const committed = Atomics.load(this.words, COMMITTED);
    if (committed === 0) throw new StreamError("INVARIANT", "an image of a shard was asked for before the first was committed");
    return committed - 1;
  }

  private get spareIndex(): number {
    return Atomics.load(this.words, COMMITTED) === 1 ? 1 : 0;
  }
}
