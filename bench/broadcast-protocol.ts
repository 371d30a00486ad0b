/** What the threads of the broadcast bench tell each other. */

export const CONSUMERS = 3;

/** Words shared with the consumers: how many are there; begin; how many have come to the end. */
export const READY = 0;
export const GO = 1;
export const DONE = 2;
export const WORDS = 3;

/** What a consumer is started with. */
export interface BroadcastTask {
  readonly ring: SharedArrayBuffer;
  readonly capacity: number;
  readonly words: Int32Array;
}

/** What it answers after a round. */
export interface BroadcastRound {
  readonly consumed: number;
  readonly lost: number;
  /** Records that were not what their place in the stream says. */
  readonly wrong: number;
  readonly gcEvents: number;
}
