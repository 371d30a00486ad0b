/**
 * Which windows an event time belongs to. An assigner also names the frames that its windows are made of, so that the operator keeps
 * one sum a frame and not one a window: a tumbling window is one frame. @hot
 *
 * Windows are [start, end) and aligned by floor division, so negative times fall into the window before zero, not into the one after.
 */
import { StreamError } from "../../kernel/core/errors.ts";
import { floorMod } from "../../kernel/core/fixed.ts";

/** Windows over frames of one length. */
export interface Assigner {
  /** Length of a window. */
  readonly sizeNs: number;
  /** Length of the frames that make it up; sizeNs is a multiple. */
  readonly frameNs: number;
  /** Start of a frame relative to the session epoch. */
  readonly offsetNs: number;
  /** Writes the starts of the windows that hold the time times[at] into `starts`, latest first; returns their number. */
  assign(times: Float64Array, at: number, starts: Float64Array): number;
}

/** Fixed windows one after the other: each time is in exactly one, start = t - floorMod(t - offset, size). */
export class Tumbling implements Assigner {
  readonly sizeNs: number;
  readonly frameNs: number;
  readonly offsetNs: number;

  /** `sizeNs` above 0; |offsetNs| < sizeNs. */
  constructor(sizeNs: number, offsetNs: number = 0) {
    if (!Number.isSafeInteger(sizeNs) || sizeNs < 1)
      throw new StreamError("VALUE_RANGE", `tumbling window: expected a size of whole ns above 0, got ${sizeNs}`, { sizeNs });
    if (!Number.isSafeInteger(offsetNs) || Math.abs(offsetNs) >= sizeNs)
      throw new StreamError("VALUE_RANGE", `tumbling window: expected an offset of whole ns smaller than the size ${sizeNs}, got ${offsetNs}`, {
        sizeNs,
        offsetNs,
      });
    this.sizeNs = sizeNs;
    this.frameNs = sizeNs;
    this.offsetNs = offsetNs;
  }

  assign(times: Float64Array, at: number, starts: Float64Array): number {
    const ts = times[at];
    starts[0] = ts - floorMod(ts - this.offsetNs, this.sizeNs);
    return 1;
  }
}
