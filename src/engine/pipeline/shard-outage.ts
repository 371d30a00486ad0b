/**
 * Says in the lifecycle that a shard is being brought back, and keeps that from changing what the shards decide.
 *
 * While a shard is down the process is DEGRADED: nobody should send it new work. The shards obey a word of their own, which leaves this one
 * reason out: a shard that is brought back has to decide again as it had decided, its peers decide on books that are right, and a run in
 * which a thread died has the outputs of one in which none did. Every other reason reaches the shards as it is.
 */
import type { Lifecycle } from "../../kernel/lifecycle/machine.ts";
import { STATE_DEGRADED, StateWord, stateOf } from "../../kernel/lifecycle/state-word.ts";

/** The reason of the lifecycle while shards are being brought back. */
export const REASON_SHARD_DOWN = "shard-down";

export class ShardOutage {
  /** What the shards obey. */
  readonly word: StateWord = StateWord.create();
  private readonly lifecycle: Lifecycle;
  /** The state before it became DEGRADED. */
  private before = 0;

  constructor(lifecycle: Lifecycle) {
    this.lifecycle = lifecycle;
    this.follow();
    lifecycle.onChange(() => this.follow());
  }

  /** Some shards are down, or none is any more. */
  report(isDown: boolean): void {
    if (isDown === this.lifecycle.hasReason(REASON_SHARD_DOWN)) return;
    if (isDown) this.lifecycle.addReason(REASON_SHARD_DOWN);
    else this.lifecycle.removeReason(REASON_SHARD_DOWN);
  }

  private follow(): void {
    const state = stateOf(this.lifecycle.state);
    if (state !== STATE_DEGRADED) this.before = state;
    this.word.store(this.lifecycle.reasons.every((reason) => reason === REASON_SHARD_DOWN) ? this.before : state);
  }
}
