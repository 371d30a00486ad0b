/**
 * The port of a sink: records that left the shards, merged into the one order of the run; or, where it asks for priority, critical ones first.
 *
 * Exactly once: at a checkpoint the engine takes `flush()`, which makes everything written so far durable and answers a position;
 * on resume it hands that position to `open()`, which forgets what came after it.
 */
import type { Slots } from "../../kernel/record/slots.ts";

export interface Sink {
  /** True when it asks for priority delivery: see priority-delivery.ts. Its records arrive in units too, those of one instrument in order. */
  readonly priority?: boolean;
  /** Opens at a position answered by flush(); 0 is an empty sink. SINK_FAILED when it cannot. */
  open(position: number): void;
  /** Takes one record; a chain arrives record by record and ends with FLAG_LAST. SINK_FAILED when the medium refuses. */
  write(slots: Slots, slot: number): void;
  /** Everything written so far is durable when this returns; answers the position. */
  flush(): number;
  close(): void;
}
