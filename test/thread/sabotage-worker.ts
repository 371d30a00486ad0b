/**
 * The entry of a shards' thread that dies on purpose: the product's own ShardThread, over stages that are patched in this thread only. Each
 * charge goes off once, at one place of one shard's work, after the shard's arena has been overwritten with rubbish, header and all.
 */
import { parentPort, workerData } from "node:worker_threads";
import { Emitter } from "../../src/engine/pipeline/emitter.ts";
import { Shard } from "../../src/engine/pipeline/shard.ts";
import { ShardThread } from "../../src/engine/pipeline/shard-thread.ts";
import type { ShardThreadData } from "../../src/engine/pipeline/thread-orders.ts";
import { Random } from "../../src/kernel/core/random.ts";
import type { Arena } from "../../src/kernel/memory/arena.ts";
import { ArenaCut } from "../../src/kernel/memory/arena-cut.ts";
import { MARKER_BARRIER, MARKER_KIND_U8 } from "../../src/kernel/record/marker.ts";
import type { Slots } from "../../src/kernel/record/slots.ts";
import { GatedRing } from "../../src/kernel/ring/gated-ring.ts";

export type Death = "throw" | "exit" | "loop" | "stack" | "heap" | "terminate";

/** Where a charge goes off. */
export type Place =
  /** In the middle of a poll, after the n-th record that the shard takes. */
  | "record"
  /** In the middle of a record, when the n-th output is being made. */
  | "output"
  /** With half of the n-th image of this thread written. */
  | "image"
  /** Between the commit of the n-th image and the gate of the input ring. */
  | "gate"
  /** With half of the copy for the n-th checkpoint written. */
  | "barrier";

export interface Charge {
  readonly death: Death;
  readonly place: Place;
  /** Arena of the shard that it damages; for image and gate of whichever comes. */
  readonly shard: number;
  readonly at: number;
  /** Goes off each time that it is reached. */
  readonly always?: boolean;
}

export interface Sabotage {
  readonly charges: readonly Charge[];
  /** A word for each charge: how often it went off; then one that holds 1 + the thread that wants to be terminated. */
  readonly words: SharedArrayBuffer;
}

const data = workerData as ShardThreadData;
const { charges, words: spentWords } = data.extra as Sabotage;
const spent = new Int32Array(spentWords);

/** Enough for the header and every small region; the rest of an arena is tables. */
const DAMAGED_WORDS = 1 << 18;

function die(death: Death): never {
  if (death === "throw") throw new Error("sabotage");
  if (death === "exit") process.exit(0);
  if (death === "stack") return overflow(0) as never;
  if (death === "heap") for (let chain: object = {}; ;) chain = { chain }; // small pieces: V8 grants a worker 16 MB to stop in
  if (death === "terminate") Atomics.store(spent, charges.length, data.thread + 1);
  for (;;);
}

function overflow(depth: number): number {
  return overflow(depth + 1) + 1;
}

/** `arena`: the bytes to overwrite, where the place knows them; `shard`: where the place knows it. */
function goOff(place: Place, at: number, arena: ArrayBufferLike | null, shard: number | null): void {
  charges.forEach((charge, index) => {
    if (charge.place !== place || charge.at !== at || (shard !== null && charge.shard !== shard)) return;
    if (charge.always === true) Atomics.add(spent, index, 1);
    else if (Atomics.compareExchange(spent, index, 0, 1) !== 0) return;
    if (arena !== null) {
      const random = new Random(new Int32Array(4), at);
      const words = new Uint32Array(arena, 0, Math.min(arena.byteLength >> 2, DAMAGED_WORDS));
      for (let i = 0; i < words.length; i++) words[i] = random.nextBelow(0x7fff_ffff);
    }
    die(charge.death);
  });
}

/** What this file needs of a shard, some of it private. */
interface Inner {
  readonly arena: Arena;
  readonly consumed: number;
  readonly snapshotTarget: Uint8Array;
  take: (slots: Slots, slot: number) => void;
  takeMarker: (slots: Slots, slot: number) => void;
}

const indexOf = (arena: Arena): number => Number(arena.name.split("-")[1]);

const shardPart = Shard.prototype as unknown as Inner;
const { take, takeMarker } = shardPart;
shardPart.take = function (this: Inner, slots: Slots, slot: number): void {
  take.call(this, slots, slot);
  goOff("record", this.consumed, this.arena.buffer, indexOf(this.arena));
};
let barriers = 0;
shardPart.takeMarker = function (this: Inner, slots: Slots, slot: number): void {
  if (slots.u8[(slot << 6) + MARKER_KIND_U8] === MARKER_BARRIER) {
    barriers++;
    if (charges.some(({ place, at }) => place === "barrier" && at === barriers)) this.snapshotTarget.fill(0xee, 0, this.snapshotTarget.length >> 1);
    goOff("barrier", barriers, this.arena.buffer, indexOf(this.arena));
  }
  takeMarker.call(this, slots, slot);
};

const next = Reflect.get(Emitter.prototype, "next");
Emitter.prototype.next = function (this: Emitter, ...args): number {
  const slot = next.apply(this, args);
  goOff("output", this.emitted, this.cause.buffer, null);
  return slot;
};

let images = 0;
const begin = Reflect.get(ArenaCut.prototype, "begin");
ArenaCut.prototype.begin = function (this: ArenaCut, target: Uint8Array): void {
  images++;
  if (charges.some(({ place, at }) => place === "image" && at === images)) target.fill(0xee, 0, target.length >> 1);
  goOff("image", images, null, null);
  begin.call(this, target);
};

const releaseTo = Reflect.get(GatedRing.prototype, "releaseTo");
GatedRing.prototype.releaseTo = function (this: GatedRing, position: number): void {
  goOff("gate", images, null, null);
  releaseTo.call(this, position);
};

if (parentPort === null) throw new Error("the entry of a worker thread");
new ShardThread(data, parentPort).run();
