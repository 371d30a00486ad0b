/**
 * Weighs the garbage of one thread: how many collections come after its warm-up, and how many bytes its new space takes for a record.
 *
 * The run is cut into windows of records; a window's own cost (reading the heap) is taken off, and what happens between two windows,
 * when a report is kept, is not counted. The warm-up ends when its records are through. A settled run then collects what they left, and
 * goes on until no collection has come for QUIET_MS: eight seconds after it V8's memory reducer compacts the heap once or twice more.
 */
import v8 from "node:v8";
import { collectGarbage } from "../../src/cli/garbage.ts";
import type { MeasuredRun } from "./measured-run.ts";

/** What a probe has seen after the warm-up; bytes are of new space. */
export interface GarbageReport {
  readonly thread: string;
  readonly warmUpRecords: number;
  readonly records: number;
  readonly windows: number;
  /** Real seconds of the measured windows. */
  readonly seconds: number;
  /** Collections of any kind, by V8's name for it. */
  readonly collections: readonly string[];
  readonly bytesPerRecord: number;
  /** Of the windows: a burst of optimisation does not show in it, garbage by the record does. */
  readonly medianBytesPerRecord: number;
  /** Physical memory of the process in bytes: at the first window, at the last, and the most. */
  readonly residentFrom: number;
  readonly residentTo: number;
  readonly residentMax: number;
}

const SPACES: readonly string[] = ["new_space", "new_large_object_space"];
const CALIBRATIONS = 64;
const QUIET_MS = 10_000;

export class GarbageProbe {
  /** Records measured so far. */
  records = 0;
  private readonly thread: string;
  private readonly run: MeasuredRun;
  private readonly ownBytes: number;
  private readonly perRecord: number[] = [];
  private readonly resident: number[] = [];
  private readonly collections: string[] = [];
  private profiler: v8.GCProfiler = new v8.GCProfiler();
  private bytes = 0;
  private seconds = 0;
  private beganMs = 0;
  private bytesBefore = 0;
  private isWarm = false;
  /** When the last collection of the warm-up ended, ms; 0 before it was asked for. */
  private quietSince = 0;
  private windowStart = 0;
  private windowEnd: number;
  private warmUpRecords = 0;

  constructor(thread: string, run: MeasuredRun) {
    this.thread = thread;
    this.run = run;
    this.windowEnd = run.windowRecords;
    let least = Infinity;
    for (let i = 0; i < CALIBRATIONS; i++) {
      const before = newSpaceBytes();
      const cost = newSpaceBytes() - before;
      if (cost >= 0 && cost < least) least = cost;
    }
    this.ownBytes = least;
    this.profiler.start();
  }

  /** To be called between two steps of the run with the records so far: ends the window if it is full and begins the next. */
  at(records: number): void {
    if (records >= this.windowEnd) this.turnWindow(records);
  }

  /** Ends the last window, whatever its length. */
  end(records: number): void {
    if (records > this.windowStart) this.turnWindow(records);
    this.profiler.stop();
  }

  report(): GarbageReport {
    const sorted = [...this.perRecord].sort((a, b) => a - b);
    return {
      thread: this.thread,
      warmUpRecords: this.warmUpRecords,
      records: this.records,
      windows: sorted.length,
      seconds: this.seconds,
      collections: this.collections,
      bytesPerRecord: this.bytes / this.records,
      medianBytesPerRecord: sorted[sorted.length >> 1],
      residentFrom: this.resident[0],
      residentTo: this.resident.at(-1) ?? 0,
      residentMax: Math.max(...this.resident),
    };
  }

  private turnWindow(records: number): void {
    const grown = newSpaceBytes() - this.bytesBefore - this.ownBytes;
    const events = this.profiler.stop()?.statistics ?? [];
    const count = records - this.windowStart;
    if (this.isWarm) this.keep(count, grown, events);
    else this.warm(records, events.length);
    this.windowStart = records;
    this.windowEnd = records + this.run.windowRecords;
    this.profiler = new v8.GCProfiler();
    this.profiler.start();
    this.beganMs = performance.now();
    this.bytesBefore = newSpaceBytes();
  }

  private warm(records: number, events: number): void {
    this.warmUpRecords = records;
    if (records < this.run.warmUpRecords) return;
    if (this.run.settled && this.quietSince === 0) collectGarbage();
    if (events > 0 || this.quietSince === 0) this.quietSince = performance.now();
    this.isWarm = !this.run.settled || performance.now() - this.quietSince >= QUIET_MS;
  }

  private keep(count: number, grown: number, events: readonly { readonly gcType: string }[]): void {
    this.records += count;
    this.seconds += (performance.now() - this.beganMs) / 1000;
    this.resident.push(process.memoryUsage.rss());
    for (const { gcType } of events) this.collections.push(gcType);
    if (events.length > 0) return; // it has emptied what was to be weighed; it is counted itself
    this.bytes += grown;
    this.perRecord.push(grown / count);
  }
}

function newSpaceBytes(): number {
  let bytes = 0;
  for (const space of v8.getHeapSpaceStatistics()) if (SPACES.includes(space.space_name)) bytes += space.space_used_size;
  return bytes;
}
