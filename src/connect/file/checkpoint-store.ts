/**
 * Checkpoints in a folder: one sub-folder each, written under a temporary name, synced, then renamed, so a kill at any moment
 * leaves the older one whole. The newest two are kept; one whose parts or manifest do not match their checksums is passed over.
 *
 * DIR/checkpoint-<epoch>/manifest.json and one .bin a part
 */
import { closeSync, fsyncSync, mkdirSync, openSync, readFileSync, readdirSync, renameSync, rmSync, writeSync } from "node:fs";
import { join } from "node:path";
import { crc32 } from "node:zlib";
import { z } from "zod";
import type { Checkpoint, CheckpointStore } from "../../engine/checkpoint/checkpoint.ts";
import { StreamError } from "../../kernel/core/errors.ts";

const KEEP = 2;
const PREFIX = "checkpoint-";

const manifestSchema = z.strictObject({
  epoch: z.number().int(),
  identity: z.strictObject({ pipeline: z.string(), feed: z.string(), shards: z.number().int(), input: z.array(z.string()), version: z.string() }),
  sourceOffset: z.number().int(),
  sinkPositions: z.array(z.number().int()),
  parts: z.array(z.strictObject({ name: z.string(), bytes: z.number().int(), crc32: z.number().int() })),
});
const fileSchema = z.strictObject({ manifest: manifestSchema, crc32: z.number().int() });

type Manifest = z.infer<typeof manifestSchema>;

export class FileCheckpointStore implements CheckpointStore {
  private readonly folder: string;

  /** The folder is made if it is missing; SINK_FAILED when it cannot be. */
  constructor(folder: string) {
    this.folder = folder;
    try {
      mkdirSync(folder, { recursive: true });
    } catch (cause) {
      throw new StreamError("SINK_FAILED", `cannot make the checkpoint folder ${folder}: ${(cause as Error).message}`, { folder }, cause);
    }
  }

  save(checkpoint: Checkpoint): void {
    const target = join(this.folder, PREFIX + String(checkpoint.epoch).padStart(10, "0"));
    const temporary = `${target}.tmp`;
    try {
      rmSync(temporary, { recursive: true, force: true });
      rmSync(target, { recursive: true, force: true });
      mkdirSync(temporary);
      const parts = checkpoint.parts.map(({ name, bytes }) => {
        writeDurably(join(temporary, `${name}.bin`), bytes);
        return { name, bytes: bytes.length, crc32: crc32(bytes) };
      });
      const { epoch, identity, sourceOffset, sinkPositions } = checkpoint;
      const manifest = manifestSchema.parse({ epoch, identity, sourceOffset, sinkPositions, parts });
      writeDurably(join(temporary, "manifest.json"), Buffer.from(JSON.stringify({ manifest, crc32: checksumOf(manifest) })));
      syncFolder(temporary);
      renameSync(temporary, target);
      syncFolder(this.folder);
    } catch (cause) {
      throw new StreamError(
        "SINK_FAILED",
        `cannot write checkpoint ${checkpoint.epoch} to ${this.folder}: ${(cause as Error).message}`,
        { epoch: checkpoint.epoch },
        cause,
      );
    }
    for (const old of this.names().slice(KEEP)) rmSync(join(this.folder, old), { recursive: true, force: true });
  }

  load(): Checkpoint | null {
    const names = this.names();
    for (const name of names) {
      const checkpoint = this.read(join(this.folder, name));
      if (checkpoint !== null) return checkpoint;
    }
    if (names.length > 0)
      throw new StreamError("CHECKPOINT_CORRUPT", `none of the ${names.length} checkpoints in ${this.folder} is whole`, { folder: this.folder });
    return null;
  }

  /** Forgets all checkpoints: a run that starts anew must not be resumed from an older one. */
  clear(): void {
    for (const name of readdirSync(this.folder)) if (name.startsWith(PREFIX)) rmSync(join(this.folder, name), { recursive: true, force: true });
  }

  /** Finished checkpoints, newest first. */
  private names(): string[] {
    return readdirSync(this.folder)
      .filter((name) => /^checkpoint-\d{10,}$/.test(name))
      .toSorted()
      .toReversed();
  }

  /** The checkpoint in a folder; null when it is not whole: then an older one is used. */
  private read(path: string): Checkpoint | null {
    try {
      const found = fileSchema.parse(JSON.parse(readFileSync(join(path, "manifest.json"), "utf8")));
      const { manifest } = found;
      if (checksumOf(manifest) !== found.crc32) return null;
      const parts = [];
      for (const { name, bytes: length, crc32: expected } of manifest.parts) {
        const bytes = new Uint8Array(readFileSync(join(path, `${name}.bin`)));
        if (bytes.length !== length || crc32(bytes) !== expected) return null;
        parts.push({ name, bytes });
      }
      const { epoch, identity, sourceOffset, sinkPositions } = manifest;
      return { epoch, identity, sourceOffset, sinkPositions, parts };
    } catch {
      return null; // missing, cut short, not readable
    }
  }
}

/** Of the manifest as written: its members in the order of the schema. */
function checksumOf(manifest: Manifest): number {
  return crc32(JSON.stringify(manifest));
}

function writeDurably(path: string, bytes: Uint8Array): void {
  const file = openSync(path, "w");
  try {
    for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at, bytes.length - at);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
}

function syncFolder(path: string): void {
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}
