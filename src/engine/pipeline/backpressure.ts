/**
 * What a producer does when a gated ring is full: it makes room and tries again. Nothing is dropped here.
 * The inline driver runs the consumer in place; the threaded driver drains outputs and parks. `relieve` is called until a slot is free.
 */
import type { GatedRing } from "../../kernel/ring/gated-ring.ts";

export interface Backpressure {
  /** Does some work that frees slots of this ring, or waits for another thread to. */
  relieve(ring: GatedRing): void;
}
