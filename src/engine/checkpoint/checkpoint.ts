/**
 * A consistent cut of a run (Chandy and Lamport 1985): the bytes of every arena at one barrier, the position of the source, and
 * how far each sink was durable. Restoring all of it and reading on from the position gives the same outputs.
 */
import { StreamError } from "../../kernel/core/errors.ts";

/** What must be equal for a checkpoint to be resumed: another pipeline or shard count would give another run. */
export interface RunIdentity {
  readonly pipeline: string;
  readonly feed: string;
  readonly shards: number;
  readonly input: readonly string[];
  readonly version: string;
}

/** The state of one arena. */
export interface CheckpointPart {
  readonly name: string;
  readonly bytes: Uint8Array;
}

export interface Checkpoint {
  readonly epoch: number;
  readonly identity: RunIdentity;
  /** Bytes of the source that were taken in. */
  readonly sourceOffset: number;
  readonly sinkPositions: readonly number[];
  readonly parts: readonly CheckpointPart[];
}

/** The port of a store. A checkpoint is visible whole or not at all, whatever happens while it is written. */
export interface CheckpointStore {
  /** Durable when this returns; the bytes of the parts belong to the caller again then. SINK_FAILED when the medium refuses. */
  save(checkpoint: Checkpoint): void;
  /** The newest whole one, or null when none was ever saved. CHECKPOINT_CORRUPT when none of those saved is whole. */
  load(): Checkpoint | null;
}

/** CHECKPOINT_MISMATCH naming the first member that differs. */
export function requireSameRun(found: RunIdentity, wanted: RunIdentity): void {
  for (const member of ["version", "feed", "shards", "input", "pipeline"] as const) {
    const was = JSON.stringify(found[member]);
    const is = JSON.stringify(wanted[member]);
    if (was !== is) {
      throw new StreamError("CHECKPOINT_MISMATCH", `the checkpoint was written with ${member} ${shorten(was)}, this run has ${shorten(is)}`, { member });
    }
  }
}

/** The part of this name; CHECKPOINT_CORRUPT if the checkpoint has none. */
export function partNamed(checkpoint: Checkpoint, name: string): Uint8Array {
  const part = checkpoint.parts.find((candidate) => candidate.name === name);
  if (part === undefined)
    throw new StreamError(
      "CHECKPOINT_CORRUPT",
      `checkpoint ${checkpoint.epoch}: expected a part ${name}, found ${checkpoint.parts.map((p) => p.name).join(", ")}`,
    );
  return part.bytes;
}

function shorten(text: string): string {
  return text.length > 120 ? `${text.slice(0, 117)}...` : text;
}
