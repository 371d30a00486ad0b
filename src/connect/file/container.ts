/**
 * What a file is wrapped in, by its first bytes, and the bytes inside: plain, gzip (any number of members), zstd.
 *
 * gzip RFC 1952, zstd RFC 8878, pcap and pcapng: packet-capture.ts. A capture of packets may itself be compressed.
 */
import { constants, createReadStream, type ReadStream } from "node:fs";
import { type FileHandle, open } from "node:fs/promises";
import type { Readable } from "node:stream";
import { createGunzip, createZstdDecompress } from "node:zlib";
import { StreamError } from "../../kernel/core/errors.ts";

/** `pcap` and `pcapng` also when compressed. */
export type Container = "plain" | "gzip" | "zstd" | "pcap" | "pcapng";

/** First bytes that tell a container. */
export const MAGIC_BYTES = 4;

const READ_BYTES = 256 * 1024;

/** The container that begins with these bytes. */
export function containerOf(head: Uint8Array): Container {
  if (head.length >= 3 && head[0] === 0x1f && head[1] === 0x8b && head[2] === 8) return "gzip";
  if (head.length < MAGIC_BYTES) return "plain";
  switch (new DataView(head.buffer, head.byteOffset, head.byteLength).getUint32(0)) {
    case 0x28b52ffd:
      return "zstd";
    case 0xa1b2c3d4:
    case 0xd4c3b2a1:
    case 0xa1b23c4d:
    case 0x4d3cb2a1:
      return "pcap";
    case 0x0a0d0d0a:
      return "pcapng";
    default:
      return "plain";
  }
}

/** The sentence for a file that could not be read, whatever the cause. */
export function unreadable(path: string, cause: unknown): StreamError {
  if (cause instanceof StreamError) return cause;
  const code = (cause as NodeJS.ErrnoException).code ?? "";
  return new StreamError("INPUT_UNREADABLE", `cannot read ${path}: ${reasonOf(code, cause)}`, { path, code }, cause);
}

function reasonOf(code: string, cause: unknown): string {
  if (code === "ENOENT" || code === "ENOTDIR") return "there is no such file; expected a capture file";
  if (code === "EISDIR") return "it is a directory; expected a capture file";
  if (code === "EACCES" || code === "EPERM") return "permission denied; expected a readable capture file";
  if (code.startsWith("Z_") || code.startsWith("ZSTD_")) return `its compressed data is damaged or cut off (${code}); expected whole gzip or zstd data`;
  return `${(cause as Error).message}; expected a readable capture file`;
}

/** The decompressed bytes of one file, block by block. A block is valid until the next call. */
export class FileBytes {
  readonly path: string;
  readonly container: Container;
  private readonly handle: FileHandle;
  private readonly stream: Readable | null;
  private readonly file: ReadStream | null;
  private readonly blocks: AsyncIterator<Uint8Array> | null;
  private readonly buffer: Uint8Array;
  private position: number;

  private constructor(path: string, container: Container, handle: FileHandle) {
    this.path = path;
    this.container = container;
    this.handle = handle;
    this.position = 0;
    const decoder = container === "gzip" ? createGunzip() : container === "zstd" ? createZstdDecompress() : null;
    this.buffer = new Uint8Array(decoder === null ? READ_BYTES : 0);
    this.file = decoder === null ? null : createReadStream("", { fd: handle, start: 0, autoClose: false, highWaterMark: READ_BYTES });
    this.stream = decoder === null || this.file === null ? null : this.file.on("error", (error) => decoder.destroy(error)).pipe(decoder);
    this.blocks = this.stream === null ? null : (this.stream[Symbol.asyncIterator]() as AsyncIterator<Uint8Array>);
  }

  static async open(path: string): Promise<FileBytes> {
    let handle: FileHandle | null = null;
    try {
      handle = await open(path, constants.O_RDONLY);
      const head = new Uint8Array(MAGIC_BYTES);
      const { bytesRead } = await handle.read(head, 0, MAGIC_BYTES, 0);
      return new FileBytes(path, containerOf(head.subarray(0, bytesRead)), handle);
    } catch (error) {
      await handle?.close();
      throw unreadable(path, error);
    }
  }

  /** Passes over bytes without reading them. Only of a file that is not compressed; returns how many were there. */
  async skip(bytes: number): Promise<number> {
    const { size } = await this.handle.stat();
    const skipped = Math.min(bytes, size - this.position);
    this.position += skipped;
    return skipped;
  }

  /** The next block, never empty; null at the end. */
  async read(): Promise<Uint8Array | null> {
    try {
      if (this.blocks === null) {
        const { bytesRead } = await this.handle.read(this.buffer, 0, READ_BYTES, this.position);
        this.position += bytesRead;
        return bytesRead === 0 ? null : bytesRead === READ_BYTES ? this.buffer : this.buffer.subarray(0, bytesRead);
      }
      for (;;) {
        const { done, value } = await this.blocks.next();
        if (done === true) return null;
        if (value.length > 0) return value;
      }
    } catch (error) {
      throw unreadable(this.path, error);
    }
  }

  async close(): Promise<void> {
    this.stream?.destroy();
    this.file?.destroy();
    await this.handle.close();
  }
}
