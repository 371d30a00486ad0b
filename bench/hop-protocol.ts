/** What the two threads of the hop bench tell each other. */
import type { Percentiles } from "./harness.ts";

/** Words shared with the consumer: it is there; begin; it has read everything. */
export const READY = 0;
export const GO = 1;
export const DONE = 2;
export const WORDS = 3;

/** Records of a round whose latency is not kept: the threads have just woken. */
export const SETTLING_RECORDS = 1000;

/** What the consumer is started with. */
export interface HopTask {
  readonly ring: SharedArrayBuffer;
  readonly capacity: number;
  readonly words: Int32Array;
  /** Of the producer's clock. */
  readonly anchorNs: number;
}

/** What it answers after a round. */
export interface HopRound {
  readonly sum: number;
  readonly latency: Percentiles;
  readonly gcEvents: number;
}
