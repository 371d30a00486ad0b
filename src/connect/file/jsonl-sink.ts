/**
 * A file with one JSON object a line, exactly once: a position is a length in bytes; opening at a position cuts what came after it.
 *
 * Policy when the medium refuses (full disk, lost mount): SINK_FAILED stops the run at once with everything up to the last
 * checkpoint durable; nothing is dropped silently, and a resume goes on from there.
 */
import { closeSync, fdatasyncSync, fstatSync, ftruncateSync, openSync, writeSync } from "node:fs";
import type { Sink } from "../../engine/delivery/sink.ts";
import type { OutputText } from "../../engine/pipeline/output-text.ts";
import { StreamError } from "../../kernel/core/errors.ts";
import type { Slots } from "../../kernel/record/slots.ts";

/** Characters gathered before a write. */
const BATCH_CHARS = 64 * 1024;

export class JsonlSink implements Sink {
  readonly priority: boolean;
  private readonly path: string;
  private readonly text: OutputText;
  private file = -1;
  private position = 0;
  private pending = "";

  /** `priority`: whether it asks for priority delivery. */
  constructor(path: string, text: OutputText, priority: boolean = false) {
    this.priority = priority;
    this.path = path;
    this.text = text;
  }

  open(position: number): void {
    this.attempt("open", () => {
      this.file = openSync(this.path, position === 0 ? "w" : "r+");
      const { size } = fstatSync(this.file);
      if (size < position) throw new Error(`it holds ${size} bytes, the checkpoint expects ${position}`);
      if (size > position) ftruncateSync(this.file, position);
    });
    this.position = position;
  }

  write(slots: Slots, slot: number): void {
    const output = this.text.take(slots, slot);
    if (output === null) return;
    this.pending += `${JSON.stringify(output)}\n`;
    if (this.pending.length >= BATCH_CHARS) this.writePending();
  }

  flush(): number {
    this.writePending();
    this.attempt("sync", () => fdatasyncSync(this.file));
    return this.position;
  }

  close(): void {
    if (this.file < 0) return;
    this.writePending();
    closeSync(this.file);
    this.file = -1;
  }

  private writePending(): void {
    const bytes = Buffer.from(this.pending);
    this.pending = "";
    this.attempt("write", () => {
      for (let at = 0; at < bytes.length;) at += writeSync(this.file, bytes, at, bytes.length - at, this.position + at);
    });
    this.position += bytes.length;
  }

  private attempt(what: string, action: () => void): void {
    try {
      action();
    } catch (cause) {
      throw new StreamError("SINK_FAILED", `cannot ${what} ${this.path}: ${(cause as Error).message}`, { path: this.path }, cause);
    }
  }
}
