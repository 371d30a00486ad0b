/**
 * How often a shard may be brought back, and how soon: so many restarts within a minute, the first at once, each further one after twice the
 * wait of the one before. No chance and no clock of its own: equal deaths give equal waits.
 */

/** The span in which restarts are counted. */
export const RESTART_WINDOW_NS = 60e9;
/** Wait before the second restart within the span. */
const FIRST_WAIT_MS = 10;
const WAIT_MAX_MS = 1000;

/** Restarts within RESTART_WINDOW_NS unless the run says otherwise. */
export const RESTARTS_MAX = 5;

export class RestartPolicy {
  private readonly restartsMax: number;
  /** When each shard was restarted, oldest first. */
  private readonly restarts: number[][];

  constructor(shards: number, restartsMax: number) {
    this.restartsMax = restartsMax;
    this.restarts = Array.from({ length: shards }, () => []);
  }

  /** The shard has died at this time: ms to wait before it is brought back, or null when it has been brought back too often. */
  died(shard: number, nowNs: number): number | null {
    const recent = this.restarts[shard].filter((at) => nowNs - at < RESTART_WINDOW_NS);
    if (recent.length >= this.restartsMax) return null;
    this.restarts[shard] = [...recent, nowNs];
    return recent.length === 0 ? 0 : Math.min(FIRST_WAIT_MS * 2 ** (recent.length - 1), WAIT_MAX_MS);
  }

  /** Restarts of a shard that still count. */
  count(shard: number): number {
    return this.restarts[shard].length;
  }
}
