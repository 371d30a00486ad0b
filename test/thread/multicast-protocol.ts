/** What multicast.test.ts and its threads tell each other. */
import type { ConsumerPlan } from "../../src/kernel/ring/multicast-graph.ts";

export interface MulticastTask {
  readonly buffer: SharedArrayBuffer;
  readonly capacity: number;
  readonly consumers: readonly ConsumerPlan[];
  /** One count for each consumer and slot: the record that it marked last, plus one. */
  readonly marks: SharedArrayBuffer;
  /** Steps by which the test leads the threads. */
  readonly steps: SharedArrayBuffer;
  readonly seed: number;
  /** The consumer to be; the producer without. */
  readonly name?: string;
  /** Producer: records to publish. */
  readonly records?: number;
  /** Consumer: number of the first record that it expects. */
  readonly first?: number;
  /** Consumer: from this record on it reads a batch, says "inBatch", and stands still with it until STEP_GO_ON. */
  readonly pauseAt?: number;
  /** Producer: goes on without this consumer at STEP_DETACH, or after this many records. */
  readonly detach?: string;
  readonly detachAfter?: number;
}

export interface MulticastOutcome {
  /** Published, or released for good. */
  readonly records: number;
  readonly damaged: number;
  /** Records that reached this consumer before one that it stands behind had marked them. */
  readonly early: number;
  /** Producer: when it detached the consumer, what was published, and what was lost by it. */
  readonly publishedAtDetach: number;
  readonly lost: number;
  /** Consumer: records of a last batch that it was told may have been overwritten. */
  readonly refused: number;
}

export const STEP_GO_ON = 1;
export const STEP_DETACH = 2;
