/** The port of a spill: records that a burst queue has no memory for, appended and read back in the same order. Not kept after the run. */
import type { Slots } from "../../kernel/record/slots.ts";

export interface SpillStore {
  /** Appends one record. SINK_FAILED when the medium refuses: the run ends, nothing is silently lost. */
  append(slots: Slots, slot: number): void;
  /** Copies the next records that were not read yet, `count` at most, to `target` from `slot` on; answers how many. SINK_FAILED when it cannot. */
  read(target: Slots, slot: number, count: number): number;
  /** Forgets everything. Called when all was read. */
  truncate(): void;
}
