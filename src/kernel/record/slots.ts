/**
 * Typed views of every width over one run of 64-byte records: the memory under rings, batches and flyweights.
 * Slot s starts at f64[s * 8], i32[s * 16], u16[s * 32], u8[s * 64]. Little-endian hosts only, checked when this module loads.
 */
import { StreamError } from "../core/errors.ts";
import { invariant } from "../core/invariant.ts";

/** Bytes of one record: a cache line. */
export const RECORD_BYTES = 64;

invariant(new Uint8Array(new Uint16Array([1]).buffer)[0] === 1, "Tercel needs a little-endian host");

export class Slots {
  readonly count: number;
  readonly f64: Float64Array;
  readonly i32: Int32Array;
  readonly u32: Uint32Array;
  readonly u16: Uint16Array;
  readonly u8: Uint8Array;

  constructor(buffer: ArrayBufferLike, byteOffset: number, count: number) {
    if (byteOffset % 8 !== 0) throw new StreamError("VALUE_RANGE", `records start on a multiple of 8 bytes, got offset ${byteOffset}`, { byteOffset });
    this.count = count;
    this.f64 = new Float64Array(buffer, byteOffset, count * 8);
    this.i32 = new Int32Array(buffer, byteOffset, count * 16);
    this.u32 = new Uint32Array(buffer, byteOffset, count * 16);
    this.u16 = new Uint16Array(buffer, byteOffset, count * 32);
    this.u8 = new Uint8Array(buffer, byteOffset, count * 64);
  }

  /** Slots of their own. */
  static create(count: number): Slots {
    return new Slots(new SharedArrayBuffer(count * RECORD_BYTES), 0, count);
  }

  /**
   * Copies one record. Words that may hold two integers go as integers: through a double, a bit pattern that happens to be a
   * signalling NaN would not survive.
   */
  copyFrom(source: Slots, from: number, to: number): void {
    const words = source.i32;
    const outWords = this.i32;
    const i = from << 4;
    const o = to << 4;
    outWords[o] = words[i];
    outWords[o + 1] = words[i + 1];
    const doubles = source.f64;
    const outDoubles = this.f64;
    const j = from << 3;
    const p = to << 3;
    outDoubles[p + 1] = doubles[j + 1];
    outDoubles[p + 2] = doubles[j + 2];
    outDoubles[p + 3] = doubles[j + 3];
    outDoubles[p + 4] = doubles[j + 4];
    outDoubles[p + 5] = doubles[j + 5];
    outWords[o + 12] = words[i + 12];
    outWords[o + 13] = words[i + 13];
    outWords[o + 14] = words[i + 14];
    outWords[o + 15] = words[i + 15];
  }

  /** Copies one record bit by bit, whatever its bytes are: for those who do not know what it holds. */
  copyBitsFrom(source: Slots, from: number, to: number): void {
    const words = source.i32;
    const outWords = this.i32;
    const i = from << 4;
    const o = to << 4;
    for (let word = 0; word < 16; word++) outWords[o + word] = words[i + word];
  }

  /** Copies the RECORD_BYTES bytes from bytes[from] on into one record. VALUE_RANGE when there are fewer. */
  copyBytesFrom(bytes: Uint8Array, from: number, to: number): void {
    if (!(from >= 0 && from + RECORD_BYTES <= bytes.length)) {
      throw new StreamError("VALUE_RANGE", `expected ${RECORD_BYTES} bytes from ${from} on, got ${bytes.length} in all`, { from, length: bytes.length });
    }
    const out = this.u8;
    const o = to * RECORD_BYTES;
    for (let i = 0; i < RECORD_BYTES; i++) out[o + i] = bytes[from + i];
  }

  /** Zeroes one record, so that no byte of an earlier one shows through. */
  clear(slot: number): void {
    const b = this.f64;
    const o = slot << 3;
    b[o] = 0;
    b[o + 1] = 0;
    b[o + 2] = 0;
    b[o + 3] = 0;
    b[o + 4] = 0;
    b[o + 5] = 0;
    b[o + 6] = 0;
    b[o + 7] = 0;
  }
}
