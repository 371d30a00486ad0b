/**
 * Standard input as a source: a live feed piped in by any client. It cannot be read again, so a run over it cannot be resumed.
 * The pipe is its own back pressure: bytes that are not asked for wait in it.
 */
import type { Source } from "../../engine/delivery/source.ts";

export class StdinSource implements Source {
  private readonly chunks: AsyncIterator<Uint8Array>;

  /** `stream`: bytes, by default those of the process. */
  constructor(stream: AsyncIterable<Uint8Array> = process.stdin) {
    this.chunks = stream[Symbol.asyncIterator]();
  }

  async read(): Promise<Uint8Array | null> {
    for (;;) {
      const { done, value } = await this.chunks.next();
      if (done === true) return null;
      if (value.length > 0) return value;
    }
  }

  async close(): Promise<void> {
    await this.chunks.return?.();
  }
}
