/**
 * Several rings that one producer spreads records over, for as many consumers (source 5). Which ring comes next is a strategy, not the
 * symbol's choice: records of one symbol may lie in several rings, and then have no order between them. Where order matters, a partition
 * of the symbols says which ring to take. A record is refused only when every ring is full.
 */
import { StreamError } from "../../kernel/core/errors.ts";
import type { BinaryMarketData } from "./binary-market-data.ts";
import type { BinaryMarketDataBatch } from "./binary-market-data-batch.ts";
import { OptimizedRingBuffer, type RingStats } from "./optimized-ring-buffer.ts";

/** Most rings of a pool. */
export const POOL_RINGS_MAX = 64;

/** One ring after the other; or the one with the least records, the first of equals. */
export type PoolStrategy = "roundRobin" | "leastUtilized";
const STRATEGIES: readonly PoolStrategy[] = ["roundRobin", "leastUtilized"];

export interface PoolStats {
  readonly strategy: PoolStrategy;
  readonly rings: readonly RingStats[];
  readonly capacity: number;
  readonly count: number;
  /** count / capacity. */
  readonly utilization: number;
  readonly published: number;
  /** Records that found every ring full. */
  readonly refused: number;
}

export class OptimizedRingBufferPool {
  readonly strategy: PoolStrategy;
  readonly rings: readonly OptimizedRingBuffer[];
  private next = 0;
  private published = 0;
  private refused = 0;

  /** Over rings that are there. USAGE for another strategy, VALUE_RANGE for none or too many rings. */
  constructor(rings: readonly OptimizedRingBuffer[], strategy: PoolStrategy = "roundRobin") {
    if (!STRATEGIES.includes(strategy))
      throw new StreamError("USAGE", `expected ${STRATEGIES.join(" or ")} as the strategy of a pool, got ${JSON.stringify(strategy)}`, { strategy });
    if (rings.length < 1 || rings.length > POOL_RINGS_MAX)
      throw new StreamError("VALUE_RANGE", `expected 1 to ${POOL_RINGS_MAX} rings, got ${rings.length}`, { rings: rings.length });
    this.rings = rings;
    this.strategy = strategy;
  }

  /** `count` new rings of one size, named NAME-0, NAME-1, ... */
  static create(name: string, count: number, strategy: PoolStrategy = "roundRobin", bufferBytes?: number): OptimizedRingBufferPool {
    if (!Number.isInteger(count) || count < 1 || count > POOL_RINGS_MAX)
      throw new StreamError("VALUE_RANGE", `expected 1 to ${POOL_RINGS_MAX} rings, got ${count}`, { rings: count });
    return new OptimizedRingBufferPool(
      Array.from({ length: count }, (_, i) => OptimizedRingBuffer.create(`${name}-${i}`, bufferBytes)),
      strategy,
    );
  }

  /** Producer: one record into the ring of the strategy, or the next one that has room. False when all are full. */
  publishSingle(data: BinaryMarketData): boolean {
    const { length } = this.rings;
    const first = this.strategy === "roundRobin" ? this.next : this.leastUtilized();
    for (let step = 0; step < length; step++) {
      const index = (first + step) % length;
      if (!this.rings[index].publishSingle(data)) continue;
      this.next = (index + 1) % length;
      this.published++;
      return true;
    }
    this.refused++;
    return false;
  }

  /** Producer: records of a batch from `from` on, up to the first that finds no room. How many. */
  publishBatch(batch: BinaryMarketDataBatch, from: number = 0): number {
    let done = 0;
    while (from + done < batch.length && this.publishSingle(batch.at(from + done))) done++;
    return done;
  }

  stats(): PoolStats {
    const rings = this.rings.map((ring) => ring.stats());
    const capacity = rings.reduce((sum, ring) => sum + ring.capacity, 0);
    const count = rings.reduce((sum, ring) => sum + ring.count, 0);
    return Object.freeze({ strategy: this.strategy, rings, capacity, count, utilization: count / capacity, published: this.published, refused: this.refused });
  }

  close(): void {
    for (const ring of this.rings) ring.close();
  }

  unlink(): void {
    for (const ring of this.rings) ring.unlink();
  }

  private leastUtilized(): number {
    let best = 0;
    for (let i = 1; i < this.rings.length; i++) if (this.rings[i].utilization() < this.rings[best].utilization()) best = i;
    return best;
  }
}
