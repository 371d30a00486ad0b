/**
 * The gates of a live run beside warm code and a sane clock: books in step, lookbacks filled, feed fresh, read from the run's own state.
 *
 * Shares, not all: one instrument that is out of step, or that trades once an hour, is refused by the signal desk and must not hold up or
 * stop the others. A gate for what the plan does not have (no rules, no lookback) is left out. With threads the state is read while they
 * write it: a number may be a moment old, never wrong for long.
 */
import { ageGate, GATE_BOOKS_SYNCED, GATE_FEEDS_FRESH, GATE_LOOKBACK_FILLED, shareGate, type Gate } from "../control/readiness.ts";
import type { Assembly } from "../engine/pipeline/assembly.ts";
import type { Clock } from "../kernel/core/clock.ts";
import { HEADER_TS_RECV_F64 } from "../kernel/record/header.ts";

/** Share of the known instruments whose books must be in step. */
export const BOOKS_SHARE = 0.9;
/** Share of the bars that must be of instruments whose rules all answer: the busy ones count for more. */
export const LOOKBACK_SHARE = 0.5;
/** A feed without a byte for so long is not fresh. */
export const FEED_STALE_NS = 5e9;

/** The gates of a run over its parts. */
export function liveGates(assembly: Assembly, clock: Clock): Gate[] {
  const { registry } = assembly.market;
  const shardOf = (lane: number): Assembly["shards"][number] => assembly.shards[assembly.ingest.shardOfInstrument(lane)];
  const sum = (value: (lane: number) => number): number => {
    let total = 0;
    for (let lane = 0; lane < registry.count; lane++) total += value(lane);
    return total;
  };
  const gates = [
    shareGate(
      GATE_BOOKS_SYNCED,
      BOOKS_SHARE,
      () => sum((lane) => (shardOf(lane).isSynced(lane) ? 1 : 0)),
      () => registry.count,
      "books in step",
    ),
    ageGate(GATE_FEEDS_FRESH, FEED_STALE_NS, () => {
      const receivedNs = assembly.outlet.slots.f64[HEADER_TS_RECV_F64];
      return receivedNs === 0 ? null : clock.now() - receivedNs;
    }),
  ];
  if (assembly.plan.signals.length === 0) return gates;
  const lookback = shareGate(
    GATE_LOOKBACK_FILLED,
    LOOKBACK_SHARE,
    () => sum((lane) => shardOf(lane).warmRuleBars(lane)),
    () => sum((lane) => shardOf(lane).ruleBars(lane)),
    "bars of instruments whose rules answer",
  );
  return [...gates, lookback];
}
