/**
 * The error that ends a run whose shard cannot be brought back: which shard, why, and the record that killed it where that is known.
 */
import { StreamError, type ErrorDetails } from "../../kernel/core/errors.ts";
import { HEADER_INSTRUMENT_U32, HEADER_SEQUENCE_F64, typeName } from "../../kernel/record/header.ts";
import { NO_INSTRUMENT } from "../../kernel/record/marker.ts";
import type { Assembly } from "./assembly.ts";
import type { SupervisorEvent, Verdict } from "./thread-orders.ts";

const WHAT: Readonly<Record<Verdict, (event: Failed) => string>> = {
  unprotected: ({ shard }) => `shard ${shard} died`,
  "again at the same record": ({ shard }) => `shard ${shard} died twice at the same record`,
  "too many restarts": ({ shard, restarts }) => `shard ${shard} died again after ${restarts} restarts within a minute`,
  supervisor: () => "the shards' supervisor failed",
};

type Failed = Extract<SupervisorEvent, { readonly kind: "failed" }>;

/** SHARD_DIED for a verdict of the supervisor; the record is still in the shard's input ring. */
export function shardDied(event: Failed, assembly: Pick<Assembly, "inRings" | "market">): StreamError {
  const { shard, verdict, cursor, why, stack } = event;
  const record = cursor === null ? null : recordAt(assembly, shard, cursor);
  const at = record === null ? "" : `, at ${record["type"]} ${record["sequence"]}${record["instrument"] === null ? "" : ` of ${record["instrument"]}`}`;
  const cause = new Error(why);
  if (stack !== null) cause.stack = stack;
  return new StreamError("SHARD_DIED", `${WHAT[verdict](event)}${at}: ${why}`, { shard, verdict, ...record }, cause);
}

function recordAt({ inRings, market }: Pick<Assembly, "inRings" | "market">, shard: number, cursor: number): ErrorDetails {
  const { slots, capacity } = inRings[shard];
  const slot = cursor & (capacity - 1);
  const instrument = slots.u32[(slot << 4) + HEADER_INSTRUMENT_U32];
  return {
    sequence: slots.f64[(slot << 3) + HEADER_SEQUENCE_F64],
    type: typeName(slots.u8[slot << 6]),
    instrument: instrument === NO_INSTRUMENT ? null : market.registry.symbol(instrument),
  };
}
