/**
 * Files as one stream of bytes, in the order given, from any position: containers are recognised and opened.
 *
 * A capture of packets gives its UDP datagrams, each behind its length (u16 big-endian). Offsets count the bytes that come out, so a
 * stream resumed at an offset continues with the same bytes, whatever the containers. An empty file gives no bytes.
 * Not readable (missing, a directory, damaged): INPUT_UNREADABLE with the path and what was expected. A capture of packets that ends
 * within a packet ends there, and says so in `truncatedBytes`.
 */
import type { Source } from "../../engine/delivery/source.ts";
import { StreamError } from "../../kernel/core/errors.ts";
import { type Container, FileBytes, containerOf } from "./container.ts";
import { PacketCapture } from "./packet-capture.ts";

export interface FileSourceOptions {
  /** Longest piece handed out; default: as read. */
  readonly chunkBytes?: number;
  /** Bytes of the stream passed over first, default 0. */
  readonly startOffset?: number;
}

export class FileSource implements Source {
  private readonly paths: readonly string[];
  private readonly chunkBytes: number;
  private readonly startOffset: number;
  private toSkip: number;
  private offsetNow: number;
  private next = 0;
  private file: FileBytes | null = null;
  private capture: PacketCapture | null = null;
  private containerNow: Container | null = null;
  private atFileStart = false;
  private truncated = 0;
  private block: Uint8Array = new Uint8Array(0);
  private blockAt = 0;

  constructor(paths: readonly string[], options: FileSourceOptions = {}) {
    const { chunkBytes = Number.MAX_SAFE_INTEGER, startOffset = 0 } = options;
    if (paths.length === 0) throw new StreamError("USAGE", "expected at least one file to read, got none");
    if (!Number.isSafeInteger(chunkBytes) || chunkBytes < 1) {
      throw new StreamError("VALUE_RANGE", `expected pieces of at least 1 byte, got ${chunkBytes}`, { chunkBytes });
    }
    if (!Number.isSafeInteger(startOffset) || startOffset < 0) {
      throw new StreamError("VALUE_RANGE", `expected an offset of at least 0, got ${startOffset}`, { startOffset });
    }
    this.paths = paths;
    this.chunkBytes = chunkBytes;
    this.startOffset = startOffset;
    this.toSkip = startOffset;
    this.offsetNow = startOffset;
  }

  /** The container of the file being read; null before the first read or open. A compressed capture of packets is `pcap` or `pcapng`. */
  get container(): Container | null {
    return this.containerNow;
  }

  /** Offset in the stream of the next byte. */
  get offset(): number {
    return this.offsetNow;
  }

  /** Bytes at the ends of captures that are part of a packet only. */
  get truncatedBytes(): number {
    return this.truncated;
  }

  /** Opens the first file, so that its container is known. */
  async open(): Promise<void> {
    if (this.containerNow === null && this.block.length === 0) await this.fill();
  }

  /** The next bytes, never empty; null at the end. Valid until the next call. */
  async read(): Promise<Uint8Array | null> {
    if (this.blockAt === this.block.length && !(await this.fill())) {
      if (this.toSkip > 0) throw this.tooShort();
      return null;
    }
    const from = this.blockAt;
    const length = Math.min(this.chunkBytes, this.block.length - from);
    this.blockAt += length;
    this.offsetNow += length;
    return length === this.block.length ? this.block : this.block.subarray(from, from + length);
  }

  async close(): Promise<void> {
    const file = this.file;
    this.file = null;
    this.next = this.paths.length;
    this.block = new Uint8Array(0);
    this.blockAt = 0;
    await file?.close();
  }

  /** As advance(); a failure closes the files. */
  private async fill(): Promise<boolean> {
    try {
      return await this.advance();
    } catch (error) {
      await this.close();
      throw error;
    }
  }

  /** Gets a block with bytes behind the start offset. False at the end of the last file. */
  private async advance(): Promise<boolean> {
    for (;;) {
      if (this.file === null) {
        if (this.next === this.paths.length) return false;
        await this.enter(this.paths[this.next++]);
        continue;
      }
      const bytes = await this.file.read();
      if (bytes === null) {
        await this.leave();
        continue;
      }
      const block = this.unwrap(this.file, bytes);
      const skipped = Math.min(this.toSkip, block.length);
      this.toSkip -= skipped;
      if (skipped === block.length) continue;
      this.block = skipped === 0 ? block : block.subarray(skipped);
      this.blockAt = 0;
      return true;
    }
  }

  private async enter(path: string): Promise<void> {
    const file = await FileBytes.open(path);
    this.file = file;
    this.capture = null;
    this.atFileStart = true;
    this.containerNow = file.container;
    if (file.container === "pcap" || file.container === "pcapng") this.capture = new PacketCapture(path, file.container);
    else if (file.container === "plain") this.toSkip -= await file.skip(this.toSkip);
  }

  /** The block of a file, or what it completes of a capture of packets. */
  private unwrap(file: FileBytes, bytes: Uint8Array): Uint8Array {
    if (this.atFileStart && (this.containerNow === "gzip" || this.containerNow === "zstd")) {
      const inside = containerOf(bytes);
      if (inside === "pcap" || inside === "pcapng") {
        this.containerNow = inside;
        this.capture = new PacketCapture(file.path, inside);
      }
    }
    this.atFileStart = false;
    return this.capture === null ? bytes : this.capture.push(bytes);
  }

  private async leave(): Promise<void> {
    const file = this.file;
    this.truncated += this.capture?.pendingBytes ?? 0;
    this.file = null;
    this.capture = null;
    await file?.close();
  }

  private tooShort(): StreamError {
    const size = this.startOffset - this.toSkip;
    return new StreamError(
      "INPUT_UNREADABLE",
      `cannot go on at offset ${this.startOffset}: ${this.paths.join(", ")} hold ${size} bytes; expected the input that was read before`,
      {
        startOffset: this.startOffset,
        size,
      },
    );
  }
}
