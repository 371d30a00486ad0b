/** What the two threads of the ring bench tell each other. */

/** Words shared with the consumer: it is there; begin; it has read everything. */
export const READY = 0;
export const GO = 1;
export const DONE = 2;
export const WORDS = 3;

/** What the consumer is started with. */
export interface RingTask {
  readonly ring: SharedArrayBuffer;
  readonly capacity: number;
  readonly words: Int32Array;
}

/** What it answers after a round. */
export interface RingRound {
  readonly sum: number;
  readonly gcEvents: number;
}
