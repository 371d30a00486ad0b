/**
 * A spill in a file: record k at k x 64, written a batch at a time, read back as asked for.
 *
 * The file is made at start, cut to nothing whenever everything was read, and removed at the end: it holds what is on its way, never the only
 * copy of what a checkpoint needs. Policy when the medium refuses (full disk, lost mount): SINK_FAILED, the run ends at once, and what a
 * resume needs is the source and the last checkpoint.
 */
import { closeSync, ftruncateSync, openSync, readSync, rmSync, writeSync } from "node:fs";
import type { SpillStore } from "../../engine/delivery/spill-store.ts";
import { StreamError } from "../../kernel/core/errors.ts";
import { RECORD_BYTES, Slots } from "../../kernel/record/slots.ts";

/** Records gathered before a write: 64 KB. */
const BATCH_RECORDS = 1024;

export class SpillFile implements SpillStore {
  private readonly path: string;
  private readonly gathered: Slots = Slots.create(BATCH_RECORDS);
  private file: number;
  private gatheredCount = 0;
  /** Records in the file, and those of them and of the gathered ones that were read. */
  private written = 0;
  private done = 0;

  /** Makes the file, empty. SINK_FAILED when it cannot. */
  constructor(path: string) {
    this.path = path;
    this.file = this.attempt("open", () => openSync(path, "w+"));
  }

  append(slots: Slots, slot: number): void {
    if (this.gatheredCount === BATCH_RECORDS) this.writeGathered();
    this.gathered.copyFrom(slots, slot, this.gatheredCount++);
  }

  read(target: Slots, slot: number, count: number): number {
    if (this.done < this.written) {
      const wanted = Math.min(count, this.written - this.done);
      const bytes = target.u8.subarray(slot * RECORD_BYTES, (slot + wanted) * RECORD_BYTES);
      this.attempt("read", () => {
        for (let at = 0; at < bytes.length;) {
          const got = readSync(this.file, bytes, at, bytes.length - at, this.done * RECORD_BYTES + at);
          if (got === 0) throw new Error(`it ends within record ${this.done + Math.floor(at / RECORD_BYTES)} of ${this.written}`);
          at += got;
        }
      });
      this.done += wanted;
      return wanted;
    }
    const from = this.done - this.written;
    const taken = Math.min(count, this.gatheredCount - from);
    for (let i = 0; i < taken; i++) target.copyFrom(this.gathered, from + i, slot + i);
    this.done += taken;
    return taken;
  }

  truncate(): void {
    if (this.written > 0) this.attempt("cut", () => ftruncateSync(this.file, 0));
    this.written = 0;
    this.gatheredCount = 0;
    this.done = 0;
  }

  /** Closes and removes the file. */
  close(): void {
    if (this.file < 0) return;
    closeSync(this.file);
    this.file = -1;
    rmSync(this.path, { force: true });
  }

  private writeGathered(): void {
    const bytes = this.gathered.u8.subarray(0, this.gatheredCount * RECORD_BYTES);
    this.attempt("write", () => {
      for (let at = 0; at < bytes.length;) at += writeSync(this.file, bytes, at, bytes.length - at, this.written * RECORD_BYTES + at);
    });
    this.written += this.gatheredCount;
    this.gatheredCount = 0;
  }

  private attempt<T>(what: string, action: () => T): T {
    try {
      return action();
    } catch (cause) {
      throw new StreamError("SINK_FAILED", `cannot ${what} the spill ${this.path}: ${(cause as Error).message}`, { path: this.path }, cause);
    }
  }
}
