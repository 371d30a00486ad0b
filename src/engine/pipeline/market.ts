/**
 * What every thread of a run shares and only ingest writes: the instruments and the session epoch. An arena of its own, so that a shard's
 * thread attaches to it without knowing what makes its records.
 */
import { InstrumentRegistry } from "../../kernel/instrument/registry.ts";
import type { Arena } from "../../kernel/memory/arena.ts";

export class Market {
  readonly arena: Arena;
  readonly registry: InstrumentRegistry;
  /** One cell: ms since 1970 of the session epoch, 0 until known. */
  readonly epoch: Float64Array;

  constructor(arena: Arena, instruments: number) {
    this.arena = arena;
    this.registry = new InstrumentRegistry(arena, instruments);
    this.epoch = arena.float64("market.epoch", 1);
    arena.seal();
  }
}
