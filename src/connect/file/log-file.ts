/**
 * A log file: lines are appended; at its bound the file becomes FILE.1 in the place of the one before, and a new one begins.
 *
 * Policy when the medium refuses (full disk, lost mount, a pipe nobody reads): the lines are not written and the caller is told why, once
 * for all of them; the next call tries again. It is opened so that nothing waits: a pipe that is full or has no reader refuses. A write that
 * stopped in the middle is taken back; where it cannot be (a pipe), the next line begins on a line of its own. At most two bounds on disk.
 */
import { closeSync, constants, fstatSync, ftruncateSync, openSync, renameSync, writeSync } from "node:fs";
import { StreamError } from "../../kernel/core/errors.ts";

/** Bytes of a log file before it is put aside: 64 MB, so 128 MB with the one before. */
export const LOG_FILE_BYTES: number = 64 * 1024 * 1024;

const FLAGS = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | (constants.O_NONBLOCK ?? 0);

export class LogFile {
  private readonly path: string;
  private readonly bytesMax: number;
  private file = -1;
  private isRegular = false;
  private size = 0;
  /** A line was left half written. */
  private isTorn = false;

  /** Opens nothing yet. `bytesMax`: the bound of one file. */
  constructor(path: string, bytesMax: number = LOG_FILE_BYTES) {
    this.path = path;
    this.bytesMax = bytesMax;
  }

  /** USAGE unless the file can be opened for writing now. It is created if it is not there; what it holds stays. */
  static require(path: string): void {
    try {
      closeSync(openSync(path, FLAGS, 0o600));
    } catch (cause) {
      throw new StreamError("USAGE", `cannot write the log ${path}: ${(cause as Error).message}`, { path }, cause);
    }
  }

  /** Appends whole lines: null when all are written, else why none is. */
  write(lines: string): string | null {
    const bytes = Buffer.from(this.isTorn ? `\n${lines}` : lines);
    let at = 0;
    try {
      if (this.file < 0) this.open();
      if (this.isRegular && this.size > 0 && this.size + bytes.length > this.bytesMax) this.rotate();
      while (at < bytes.length) at += writeSync(this.file, bytes, at, bytes.length - at);
    } catch (error) {
      if (at > 0) this.takeBack();
      return (error as Error).message;
    }
    this.size += bytes.length;
    this.isTorn = false;
    return null;
  }

  close(): void {
    if (this.file < 0) return;
    const file = this.file;
    this.file = -1;
    try {
      closeSync(file);
    } catch {
      // what it could not write was told by write()
    }
  }

  private open(): void {
    this.file = openSync(this.path, FLAGS, 0o600);
    const stat = fstatSync(this.file);
    this.isRegular = stat.isFile();
    this.size = stat.size;
  }

  private rotate(): void {
    this.close();
    renameSync(this.path, `${this.path}.1`);
    this.open();
  }

  private takeBack(): void {
    this.isTorn = true;
    if (!this.isRegular) return;
    try {
      ftruncateSync(this.file, this.size);
      this.isTorn = false;
    } catch {
      // the half line stays, and the next one begins on a line of its own
    }
  }
}
