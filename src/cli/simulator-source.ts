/** The exchange simulator as a source: bytes made on demand, from any position by making them again. */
import type { Source } from "../engine/delivery/source.ts";
import { StreamError } from "../kernel/core/errors.ts";
import type { MarketSimulator } from "../sim/simulator.ts";

/** Bytes of one read. */
const READ_BYTES = 64 * 1024;

export class SimulatorSource implements Source {
  private readonly simulator: MarketSimulator;
  private readonly buffer: Uint8Array = new Uint8Array(READ_BYTES);
  private skip: number;

  /** `position`: bytes of the stream that were taken before; they are made again and dropped. */
  constructor(simulator: MarketSimulator, position: number) {
    this.simulator = simulator;
    this.skip = position;
  }

  async read(): Promise<Uint8Array | null> {
    for (;;) {
      const length = this.simulator.read(this.buffer, 0);
      if (length === 0 && this.skip > 0)
        throw new StreamError("INPUT_UNREADABLE", "the simulated session ends before the position to go on from", { missing: this.skip });
      if (length === 0) return null;
      if (length > this.skip) {
        const bytes = this.buffer.subarray(this.skip, length);
        this.skip = 0;
        return bytes;
      }
      this.skip -= length;
    }
  }

  async close(): Promise<void> {
    // bytes in memory: nothing to close
  }
}
