import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeEach, describe, expect, it } from "vitest";
import type { Checkpoint } from "../../engine/checkpoint/checkpoint.ts";
import { isStreamError } from "../../kernel/core/errors.ts";
import { FileCheckpointStore } from "./checkpoint-store.ts";

const root = mkdtempSync(join(tmpdir(), "tercel-store-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));

let folder = "";
let count = 0;
beforeEach(() => {
  folder = join(root, `case-${count++}`, "deep");
});

const code = (name: Parameters<typeof isStreamError>[1]) => expect.toSatisfy((error: unknown) => isStreamError(error, name));

function checkpoint(epoch: number): Checkpoint {
  const shared = new Uint8Array(new SharedArrayBuffer(5000)).fill(epoch);
  return {
    epoch,
    identity: { version: "1", input: ["a.itch"], shards: 2, feed: "itch50", pipeline: "p" },
    sourceOffset: epoch * 1000 + 7,
    sinkPositions: [epoch, 0],
    parts: [
      { name: "market", bytes: Uint8Array.of(1, 2, epoch) },
      { name: "shard-0", bytes: shared },
      { name: "empty", bytes: new Uint8Array(0) },
    ],
  };
}

/** A store with checkpoints 1 to n, and the folder of the newest. */
function filled(n: number): { store: FileCheckpointStore; newest: string; older: string } {
  const store = new FileCheckpointStore(folder);
  for (let epoch = 1; epoch <= n; epoch++) store.save(checkpoint(epoch));
  const path = (epoch: number): string => join(folder, `checkpoint-${String(epoch).padStart(10, "0")}`);
  return { store, newest: path(n), older: path(n - 1) };
}

function flip(path: string, at: number): void {
  const bytes = readFileSync(path);
  bytes[at] ^= 1;
  writeFileSync(path, bytes);
}

describe("a folder of checkpoints", () => {
  it("answers null while none was saved, and makes the folder", () => {
    expect(new FileCheckpointStore(folder).load()).toBeNull();
    expect(existsSync(folder)).toBe(true);
  });

  it("gives back the newest whole, to another store over the folder", () => {
    filled(3);
    const loaded = new FileCheckpointStore(folder).load();
    expect(loaded).toEqual({ ...checkpoint(3), parts: checkpoint(3).parts.map(({ name, bytes }) => ({ name, bytes: Uint8Array.from(bytes) })) });
  });

  it("keeps two", () => {
    filled(5);
    expect(readdirSync(folder).sort()).toEqual(["checkpoint-0000000004", "checkpoint-0000000005"]);
  });

  it("writes an epoch again over a damaged one of the same number", () => {
    const { store, newest } = filled(2);
    flip(join(newest, "shard-0.bin"), 9);
    expect(store.load()?.epoch).toBe(1);
    store.save(checkpoint(2));
    expect(store.load()?.epoch).toBe(2);
  });

  it("forgets all when a run starts anew, the half-written among them, and touches nothing else", () => {
    const { store } = filled(2);
    mkdirSync(join(folder, "checkpoint-0000000003.tmp"));
    writeFileSync(join(folder, "notes.txt"), "mine");
    store.clear();
    expect(readdirSync(folder)).toEqual(["notes.txt"]);
    expect(store.load()).toBeNull();
  });
});

describe("after a kill or a fault of the disk", () => {
  it.each<[string, (path: string) => void]>([
    ["a flipped bit in a part", (path) => flip(join(path, "shard-0.bin"), 4999)],
    ["a flipped bit in the smallest part", (path) => flip(join(path, "market.bin"), 0)],
    ["a part cut short", (path) => truncateSync(join(path, "shard-0.bin"), 4096)],
    ["a part that is longer", (path) => writeFileSync(join(path, "market.bin"), Uint8Array.of(1, 2, 3, 0))],
    ["a part that is missing", (path) => rmSync(join(path, "empty.bin"))],
    ["a folder in place of a part", (path) => (rmSync(join(path, "market.bin")), mkdirSync(join(path, "market.bin")))],
    ["a torn manifest", (path) => truncateSync(join(path, "manifest.json"), 60)],
    ["an empty manifest", (path) => truncateSync(join(path, "manifest.json"), 0)],
    ["no manifest", (path) => rmSync(join(path, "manifest.json"))],
    ["a manifest of something else", (path) => writeFileSync(join(path, "manifest.json"), "[1]")],
  ])("%s: the older one is used", (_, damage) => {
    const { store, newest } = filled(2);
    damage(newest);
    expect(store.load()).toMatchObject({ epoch: 1, sourceOffset: 1007 });
  });

  it("no bit of the manifest can change without the older one being used", () => {
    const { store, newest } = filled(2);
    const path = join(newest, "manifest.json");
    const whole = readFileSync(path);
    for (let at = 0; at < whole.length; at++) {
      for (const bit of [1, 2, 16]) {
        const bytes = Buffer.from(whole);
        bytes[at] ^= bit;
        writeFileSync(path, bytes);
        const epoch = store.load()?.epoch;
        if (epoch !== 1) expect.fail(`byte ${at} (${String.fromCharCode(whole[at])}), bit ${bit}: epoch ${epoch}`);
      }
    }
    writeFileSync(path, whole);
    expect(store.load()?.epoch).toBe(2);
  });

  it("one that was being written is not seen", () => {
    const { store } = filled(2);
    mkdirSync(join(folder, "checkpoint-0000000003.tmp"));
    writeFileSync(join(folder, "checkpoint-0000000003.tmp", "market.bin"), "half");
    expect(store.load()?.epoch).toBe(2);
    store.save(checkpoint(3));
    expect(store.load()?.epoch).toBe(3);
    expect(readdirSync(folder).some((name) => name.endsWith(".tmp"))).toBe(false);
  });

  it("none left whole is CHECKPOINT_CORRUPT: not a silent start from nothing", () => {
    const { store, newest, older } = filled(2);
    flip(join(newest, "market.bin"), 0);
    truncateSync(join(older, "manifest.json"), 10);
    expect(() => store.load()).toThrow(code("CHECKPOINT_CORRUPT"));
  });

  it("a folder that cannot be made or written is SINK_FAILED, and the older checkpoint stays", () => {
    writeFileSync(join(root, "a-file"), "");
    expect(() => new FileCheckpointStore(join(root, "a-file", "x"))).toThrow(code("SINK_FAILED"));
    const { store } = filled(1);
    const broken = { ...checkpoint(2), parts: [{ name: "no/such/folder", bytes: Uint8Array.of(1) }] };
    expect(() => store.save(broken)).toThrow(code("SINK_FAILED"));
    expect(store.load()?.epoch).toBe(1);
  });
});
