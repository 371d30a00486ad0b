/**
 * Named regions of one SharedArrayBuffer: all state of a shard, so that a checkpoint is a copy of bytes and a restart a copy back.
 *
 * Three states: `init` (regions may be taken), `sealed` (never again), `closed`. Regions lie in the order in which they are taken,
 * each on a 64-byte boundary, so the constructors *are* the layout; its hash is kept in the header and checked on attach and restore.
 * A second set of objects over the same bytes (another thread, a restart) takes the same regions in the same order from an attached
 * arena. Absent values are flags or sentinels, never NaN: its bits differ between V8's tiers.
 *
 * header   0 magic u32 | 4 version u32 | 8 layout hash u32 | 12 used bytes u32 | 16 sealed u32 | 20 .. 64 reserved
 */
import { StreamError } from "../core/errors.ts";
import { hashBytes } from "../core/hash.ts";

const MAGIC = 0x54524341; // "ACRT"
const VERSION = 1;
const HEADER_BYTES = 64;
const ALIGN = 64;
/** The largest capacity: the last multiple of 64 whose every offset is an Int32. */
export const ARENA_CAPACITY_MAX = 0x7fff_ffc0;

export type ArenaState = "init" | "sealed" | "closed";

/** One line of the memory plan. */
export interface ArenaRegion {
  readonly name: string;
  readonly offset: number;
  readonly bytes: number;
}

export class Arena {
  readonly name: string;
  readonly buffer: SharedArrayBuffer;
  /** True when the bytes are new: constructors then write initial values; in an attached arena they must not. */
  readonly fresh: boolean;
  /** True when regions are only counted: nothing of what lies in the bytes means anything. */
  private readonly isMeasured: boolean;
  private readonly header: Int32Array;
  private readonly regionList: ArenaRegion[] = [];
  private position: number = HEADER_BYTES;
  private layoutHash = 0;
  private stateNow: ArenaState = "init";

  private constructor(name: string, buffer: SharedArrayBuffer, fresh: boolean, isMeasured: boolean = false) {
    this.name = name;
    this.isMeasured = isMeasured;
    this.buffer = buffer;
    this.fresh = fresh;
    this.header = new Int32Array(buffer, 0, HEADER_BYTES / 4);
  }

  /** New, zeroed bytes. Pages are committed by the operating system as they are touched, so a generous capacity costs nothing. */
  static create(name: string, capacityBytes: number): Arena {
    if (!Number.isInteger(capacityBytes) || capacityBytes < HEADER_BYTES || capacityBytes > ARENA_CAPACITY_MAX) {
      throw new StreamError("ARENA_CAPACITY", `arena ${name}: expected a capacity of ${HEADER_BYTES} to ${ARENA_CAPACITY_MAX} bytes, got ${capacityBytes}`, {
        capacityBytes,
      });
    }
    const arena = new Arena(name, new SharedArrayBuffer(Math.ceil(capacityBytes / ALIGN) * ALIGN), true);
    arena.header[0] = MAGIC;
    arena.header[1] = VERSION;
    return arena;
  }

  /** The same bytes for another thread or new objects. `seal()` checks that the same regions were taken. */
  static attach(name: string, buffer: SharedArrayBuffer): Arena {
    if (buffer.byteLength < HEADER_BYTES) {
      throw new StreamError("ARENA_LAYOUT", `arena ${name}: expected at least the ${HEADER_BYTES} bytes of a header, got ${buffer.byteLength}`);
    }
    const arena = new Arena(name, buffer, false);
    if (arena.header[0] !== MAGIC || arena.header[1] !== VERSION || arena.header[4] !== 1) {
      throw new StreamError(
        "ARENA_LAYOUT",
        `arena ${name}: expected a sealed arena of version ${VERSION}, got magic ${arena.header[0]}, version ${arena.header[1]}`,
      );
    }
    return arena;
  }

  /**
   * Counts what a layout would take, without its memory: constructors take their regions as in an attached arena, whose initial values
   * they must not write, and seal() checks nothing. Views lie over `scratch`, of ARENA_CAPACITY_MAX bytes that nobody touches.
   */
  static measure(name: string, scratch: SharedArrayBuffer): Arena {
    return new Arena(name, scratch, false, true);
  }

  get state(): ArenaState {
    return this.stateNow;
  }

  /** Bytes taken so far, header included. */
  get usedBytes(): number {
    return this.position;
  }

  /** The memory plan: every region in order. */
  get regions(): readonly ArenaRegion[] {
    return this.regionList;
  }

  /** Takes the next region and returns its byte offset. */
  take(name: string, bytes: number): number {
    if (this.stateNow !== "init")
      throw new StreamError("ARENA_STATE", `arena ${this.name}: region ${name} asked for after ${this.stateNow}`, { state: this.stateNow });
    if (!Number.isInteger(bytes) || bytes < 0)
      throw new StreamError("VALUE_RANGE", `arena ${this.name}: region ${name} expects a whole number of bytes, got ${bytes}`, { bytes });
    const offset = this.position;
    const next = offset + Math.ceil(bytes / ALIGN) * ALIGN;
    if (next > this.buffer.byteLength) {
      throw new StreamError(
        "ARENA_CAPACITY",
        `arena ${this.name}: ${offset} bytes used + ${bytes} for ${name} = ${offset + bytes}, over the capacity of ${this.buffer.byteLength}`,
        {
          used: offset,
          wanted: bytes,
          capacity: this.buffer.byteLength,
        },
      );
    }
    this.position = next;
    this.regionList.push({ name, offset, bytes });
    const text = new TextEncoder().encode(`${name}:${bytes}`);
    this.layoutHash = hashBytes(text, 0, text.length, this.layoutHash);
    return offset;
  }

  uint8(name: string, length: number): Uint8Array<SharedArrayBuffer> {
    return new Uint8Array(this.buffer, this.take(name, length), length);
  }

  uint16(name: string, length: number): Uint16Array<SharedArrayBuffer> {
    return new Uint16Array(this.buffer, this.take(name, length * 2), length);
  }

  int32(name: string, length: number): Int32Array<SharedArrayBuffer> {
    return new Int32Array(this.buffer, this.take(name, length * 4), length);
  }

  uint32(name: string, length: number): Uint32Array<SharedArrayBuffer> {
    return new Uint32Array(this.buffer, this.take(name, length * 4), length);
  }

  float64(name: string, length: number): Float64Array<SharedArrayBuffer> {
    return new Float64Array(this.buffer, this.take(name, length * 8), length);
  }

  /** No region may be taken from here on. On an attached arena: the regions must be those of the arena that was created. */
  seal(): void {
    if (this.stateNow !== "init")
      throw new StreamError("ARENA_STATE", `arena ${this.name}: seal() in state ${this.stateNow}, expected init`, { state: this.stateNow });
    if (this.fresh) {
      this.header[2] = this.layoutHash | 0;
      this.header[3] = this.position;
      this.header[4] = 1;
    } else if (!this.isMeasured && (this.header[2] !== (this.layoutHash | 0) || this.header[3] !== this.position)) {
      throw new StreamError(
        "ARENA_LAYOUT",
        `arena ${this.name}: attached with other regions (layout ${this.layoutHash | 0}, ${this.position} bytes) than it was created with (layout ${this.header[2]}, ${this.header[3]} bytes)`,
      );
    }
    this.stateNow = "sealed";
  }

  /** Copies the used bytes into `target`, which must hold usedBytes; returns their count. Allocates nothing. */
  snapshotInto(target: Uint8Array): number {
    this.requireSealed("snapshot");
    target.set(new Uint8Array(this.buffer, 0, this.position), 0);
    return this.position;
  }

  /** A copy of the used bytes. */
  snapshot(): Uint8Array<ArrayBuffer> {
    this.requireSealed("snapshot");
    return new Uint8Array(this.buffer, 0, this.position).slice();
  }

  /** Replaces all state by a snapshot of the same layout; objects that hold views go on from there. */
  restore(bytes: Uint8Array): void {
    this.requireSealed("restore");
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (
      bytes.length !== this.position ||
      view.getUint32(0, true) !== MAGIC ||
      view.getUint32(4, true) !== VERSION ||
      view.getInt32(8, true) !== this.header[2]
    ) {
      throw new StreamError(
        "ARENA_LAYOUT",
        `arena ${this.name}: expected a snapshot of ${this.position} bytes with layout ${this.header[2]}, got ${bytes.length} bytes with layout ${bytes.length >= 12 ? view.getInt32(8, true) : "none"}`,
      );
    }
    new Uint8Array(this.buffer, 0, this.position).set(bytes);
  }

  close(): void {
    this.stateNow = "closed";
  }

  private requireSealed(what: string): void {
    if (this.stateNow !== "sealed")
      throw new StreamError("ARENA_STATE", `arena ${this.name}: ${what} in state ${this.stateNow}, expected sealed`, { state: this.stateNow });
  }
}
