/**
 * What is in use in the arenas of a run, counted from their bytes by the names of the memory plan, and not asked of the parts: a row that
 * a part has forgotten is still counted here.
 */
import type { Assembly } from "../../src/engine/pipeline/assembly.ts";
import type { Arena, ArenaRegion } from "../../src/kernel/memory/arena.ts";

export interface Census {
  readonly instruments: number;
  /** Entries of the order index that are occupied: one each live order, or an entry was left behind. */
  readonly indexEntries: number;
  /** Most of them in a row: what the longest probe may have to walk. */
  readonly longestRun: number;
  /** Entries of the ladders' blocks that belong to a ladder. */
  readonly blockEntries: number;
  /** Free blocks by size class: class c has 16 x 2^c entries. */
  readonly freeBlocks: readonly number[];
  /** Entries of all blocks, taken and free. */
  readonly poolEntries: number;
  /** Frames of bars and windows that are not free. */
  readonly openFrames: number;
  /** Prices kept by the rolling extremes of patterns and breaker. */
  readonly extremes: number;
  /** Frames of bars and windows that had to give way before their time, trades that came for none: 0 unless a bound was reached. */
  readonly forced: number;
  /** Records released so far. */
  readonly outputs: number;
}

const UNIT_ENTRIES = 16;
/** Words of a ladder's header, and the place of its capacity. */
const LADDER_WORDS = 4;
const LADDER_CAPACITY = 2;
/** What ends the name of the frames' row states, one region for each bar interval and window. */
const STATUS = ".status";
/** Places in the counters of frames: trades rejected, frames forced, frames evicted. */
const FRAMES_FORCED: readonly number[] = [2, 3, 4];

export function takeCensus(assembly: Assembly): Census {
  const shards = assembly.shardArenas;
  const index = shards.map((arena) => new Int32Array(bytesOf(arena, "orders.index").slice().buffer));
  const freeBlocks: number[] = [];
  for (const arena of shards) for (const sizeClass of bytesOf(arena, "ladders.blocks.free")) if (sizeClass > 0) add(freeBlocks, sizeClass - 1, 1);
  return {
    instruments: assembly.market.registry.count,
    indexEntries: sum(index.map((words) => runsOf(words).reduce((total, run) => total + run, 0))),
    longestRun: Math.max(...index.flatMap(runsOf)),
    blockEntries: sum(shards.map((arena) => sum(wordsOf(arena, "ladders.headers").filter((_, at) => at % LADDER_WORDS === LADDER_CAPACITY)))),
    freeBlocks: Array.from(freeBlocks, (count) => count ?? 0),
    poolEntries: sum(shards.map((arena) => bytesOf(arena, "ladders.blocks.free").length * UNIT_ENTRIES)),
    openFrames: sum(shards.map((arena) => sum(regionsEnding(arena, STATUS).map((name) => bytesOf(arena, name).filter((status) => status !== 0).length)))),
    extremes: sum(shards.map((arena) => sum(regionsEnding(arena, ".length").map((name) => sum(wordsOf(arena, name)))))),
    forced: sum(shards.map((arena) => sum(regionsEnding(arena, STATUS).map((name) => forcedOf(arena, name.replace(STATUS, ".state")))))),
    outputs: assembly.collector.received,
  };
}

/** Lengths of the runs of occupied entries (pairs of words: tag and row) in an order index. */
function runsOf(words: Int32Array): number[] {
  const runs: number[] = [];
  let run = 0;
  for (let at = 1; at < words.length; at += 2) {
    if (words[at] !== 0) run++;
    else if (run > 0) {
      runs.push(run);
      run = 0;
    }
  }
  return run > 0 ? [...runs, run] : runs;
}

function forcedOf(arena: Arena, name: string): number {
  const { offset, bytes } = regionNamed(arena, name);
  const counters = new Float64Array(arena.buffer, offset, bytes >> 3);
  return sum(FRAMES_FORCED.map((at) => counters[at]));
}

function regionsEnding(arena: Arena, suffix: string): string[] {
  return arena.regions.filter(({ name }) => name.endsWith(suffix)).map(({ name }) => name);
}

function regionNamed(arena: Arena, name: string): ArenaRegion {
  const region = arena.regions.find((each) => each.name === name);
  if (region === undefined) throw new Error(`arena ${arena.name} has no region ${name}`);
  return region;
}

function bytesOf(arena: Arena, name: string): Uint8Array {
  const { offset, bytes } = regionNamed(arena, name);
  return new Uint8Array(arena.buffer, offset, bytes);
}

function wordsOf(arena: Arena, name: string): Int32Array {
  const { offset, bytes } = regionNamed(arena, name);
  return new Int32Array(arena.buffer, offset, bytes >> 2);
}

function add(counts: number[], at: number, by: number): void {
  counts[at] = (counts[at] ?? 0) + by;
}

function sum(values: Iterable<number>): number {
  let total = 0;
  for (const value of values) total += value;
  return total;
}
