/**
 * How far a run used what was sized at start: high-water marks beside their bounds, what reached its bound, and the memory of the
 * process. Books and instruments are exact since the run's first start; rings are looked at once a batch, since this process started.
 */
import type { Assembly } from "../engine/pipeline/assembly.ts";
import { SPILL_MAX } from "../engine/pipeline/output-queue.ts";
import { OrderBook } from "../market/book/order-book.ts";

/** The most that was in use at one time, of the fullest shard where there are several. */
export interface HighWater {
  readonly max: number;
  readonly bound: number;
  /** How often it was full when more was wanted; absent where that is not counted. */
  readonly refused?: number;
}

/** Bytes of the process and of the plan. */
export interface ProcessMemory {
  /** Planned at start: arenas, rings, images, logs. Pages count as resident once they were touched. */
  readonly plannedBytes: number;
  readonly limitBytes: number;
  /** Resident in memory. */
  readonly rssBytes: number;
  /** Objects of this thread's heap, alive or not yet collected. */
  readonly heapUsedBytes: number;
}

/** Marks by name; an order book has orders, a level book has none. */
export function highWaterOf({ plan, market, shards, ingest, inRings, outputs, lanes, delivery }: Assembly): Record<string, HighWater> {
  const { limits } = plan;
  const most = (values: readonly number[]): number => Math.max(...values);
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  const books = shards.map((shard) => shard.book);
  const orderBooks = books.filter((book) => book instanceof OrderBook);
  const orders = orderBooks.map((book) => book.ordersHighWater);
  return {
    instruments: { max: market.registry.count, bound: limits.instruments },
    ...(orders.length === 0 ? {} : { orders: { max: most(orders), bound: limits.orders } }),
    levels: { max: most(books.map((book) => book.ladders.highWater)), bound: limits.levels },
    inputRing: {
      max: most(inRings.map((_, shard) => ingest.ringHighWater(shard))),
      bound: limits.ringRecords,
      refused: sum(inRings.map((_, shard) => ingest.ringRefusals(shard))),
    },
    outputRing: { max: most(outputs.map((queue) => queue.ringHighWater)), bound: limits.ringRecords },
    ...(lanes.length === 0 ? {} : { priorityLanes: { max: delivery.laneHighWater, bound: lanes[0].sizes.routine + lanes[0].sizes.critical } }),
    outputQueue: { max: most(outputs.map((queue) => queue.spillHighWater)), bound: SPILL_MAX },
  };
}

/** Names of what reached its bound. */
export function atBound(marks: Readonly<Record<string, HighWater>>): string[] {
  return Object.entries(marks).flatMap(([name, { max, bound, refused = 0 }]) => (max >= bound || refused > 0 ? [name] : []));
}

/** The process now. */
export function processMemory(assembly: Assembly): ProcessMemory {
  const { rss, heapUsed } = process.memoryUsage();
  const plannedBytes = assembly.memoryPlan().reduce((total, line) => total + line.bytes, 0);
  return { plannedBytes, limitBytes: assembly.plan.limits.memoryBytes, rssBytes: rss, heapUsedBytes: heapUsed };
}
