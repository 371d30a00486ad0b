/** What the numbers in log events stand for: symbols from the shared registry, stages by their names. */
import { Market } from "../engine/pipeline/market.ts";
import { STAGE_NAMES } from "../engine/pipeline/stages.ts";
import { Arena } from "../kernel/memory/arena.ts";
import { NO_INSTRUMENT } from "../kernel/record/marker.ts";

/** What another thread needs to know the names. */
export interface LogNameTables {
  /** The arena of the run's market. */
  readonly market: SharedArrayBuffer;
  readonly instruments: number;
}

/** The name of the whole, which is no stage. */
export const STAGE_TOTAL = "total";

/** Name tables for a Logger. */
export function logNames({ market, instruments }: LogNameTables): Readonly<Record<string, (value: number) => string | null>> {
  const { registry } = new Market(Arena.attach("market", market), instruments);
  return {
    symbol: (id) => (id === NO_INSTRUMENT ? "the whole market" : id < registry.count ? registry.symbol(id) : null),
    stage: (stage) => STAGE_NAMES[stage] ?? STAGE_TOTAL,
  };
}
