/**
 * What a simulated run holds in memory, a row each so much simulated time: `simulate --usage-every`.
 *
 * Rows are taken between two reads of the source. With the inline driver everything read has left the shards by then, so the orders
 * of the run and of the exchange can be compared; threaded shards may be some records behind. A full collection is asked for
 * before the heap is read: what is left is what lives. Collections that came by themselves are counted, this thread's.
 */
import v8 from "node:v8";
import type { Source } from "../engine/delivery/source.ts";
import type { Assembly } from "../engine/pipeline/assembly.ts";
import { NANOS_PER_SECOND } from "../kernel/core/units.ts";
import type { Arena } from "../kernel/memory/arena.ts";
import type { MarketSimulator } from "../sim/simulator.ts";
import { collectGarbage } from "./garbage.ts";
import { grouped, table } from "./terminal.ts";

/** One row. */
export interface UsageRow {
  /** Simulated time, hours since midnight. */
  readonly hour: number;
  /** Messages since the row before. */
  readonly messages: number;
  /** Orders that the books hold, and that rest at the exchange. */
  readonly orders: number;
  readonly ordersOfVenue: number;
  readonly levels: number;
  /** Bytes of the 4 KiB pages of all arenas in which anything is set: what is in use of the memory plan, to the page. */
  readonly arenaBytes: number;
  /** Live JavaScript objects, bytes; without V8's own code and notes on it, which grow for as long as it optimises. */
  readonly heapBytes: number;
  /** Physical memory of the process, bytes. */
  readonly residentBytes: number;
  /** Garbage collections since the row before, without those asked for. */
  readonly gcEvents: number;
}

const OBJECT_SPACES: readonly string[] = ["new_space", "old_space", "new_large_object_space", "large_object_space"];
const PAGE_BYTES = 4096;
const PAGE_WORDS: number = PAGE_BYTES / 4;
const NANOS_PER_HOUR = 3600 * NANOS_PER_SECOND;

export class UsageLog {
  readonly rows: UsageRow[] = [];
  private readonly simulator: MarketSimulator;
  private readonly assembly: Assembly;
  private readonly everyNs: number;
  private readonly onRow: (row: UsageRow) => void;
  private collections: v8.GCProfiler = new v8.GCProfiler();
  private dueNs: number;
  private messages = 0;

  /** `onRow`: told of each row when it is taken. */
  constructor(simulator: MarketSimulator, assembly: Assembly, everyNs: number, onRow: (row: UsageRow) => void = () => undefined) {
    this.simulator = simulator;
    this.assembly = assembly;
    this.everyNs = everyNs;
    this.onRow = onRow;
    this.dueNs = (Math.floor(simulator.timeNs / everyNs) + 1) * everyNs;
    this.collections.start();
  }

  /** The source of the run, read through the log. */
  watch(source: Source): Source {
    return {
      read: () => {
        if (this.simulator.timeNs >= this.dueNs) this.take();
        return source.read();
      },
      close: () => {
        if (this.simulator.messages > this.messages) this.take();
        this.collections.stop();
        return source.close();
      },
    };
  }

  private take(): void {
    const { simulator, assembly, everyNs } = this;
    const gcEvents = this.collections.stop()?.statistics.length ?? 0;
    this.dueNs = (Math.floor(simulator.timeNs / everyNs) + 1) * everyNs;
    collectGarbage();
    const row: UsageRow = {
      hour: simulator.timeNs / NANOS_PER_HOUR,
      messages: simulator.messages - this.messages,
      orders: assembly.shards.reduce((sum, shard) => sum + ("orders" in shard.book ? shard.book.orders : 0), 0),
      ordersOfVenue: simulator.restingOrders,
      levels: assembly.shards.reduce((sum, shard) => sum + shard.book.ladders.used, 0),
      arenaBytes: arenasOf(assembly).reduce((sum, arena) => sum + bytesSet(arena), 0),
      heapBytes: objectBytes(),
      residentBytes: process.memoryUsage.rss(),
      gcEvents,
    };
    this.rows.push(row);
    this.onRow(row);
    this.messages = simulator.messages;
    this.collections = new v8.GCProfiler();
    this.collections.start();
  }
}

/** The rows for people. */
export function usageText(rows: readonly UsageRow[]): string {
  const megabytes = (bytes: number): string => (bytes / 1024 ** 2).toFixed(2);
  const head = ["time", "messages", "orders", "of the venue", "levels", "arenas MB", "heap MB", "resident MB", "collections"];
  const lines = rows.map((row) => [
    timeText(row.hour),
    ...[row.messages, row.orders, row.ordersOfVenue, row.levels].map(grouped),
    ...[row.arenaBytes, row.heapBytes, row.residentBytes].map(megabytes),
    String(row.gcEvents),
  ]);
  const widths = head.map((title, column) => Math.max(title.length, ...lines.map((line) => line[column].length)));
  return table([head, ...lines].map((line) => line.map((cell, column) => cell.padStart(widths[column]))));
}

/** 9.505 hours as 09:30:18. */
function timeText(hours: number): string {
  const seconds = Math.floor(hours * 3600);
  return [seconds / 3600, (seconds / 60) % 60, seconds % 60].map((part) => String(Math.floor(part)).padStart(2, "0")).join(":");
}

function arenasOf(assembly: Assembly): readonly Arena[] {
  return [assembly.market.arena, assembly.ingestArena, assembly.collectorArena, ...assembly.shardArenas];
}

function objectBytes(): number {
  return v8.getHeapSpaceStatistics().reduce((sum, space) => sum + (OBJECT_SPACES.includes(space.space_name) ? space.space_used_size : 0), 0);
}

/** Bytes of the pages of an arena that hold anything but zeros. */
function bytesSet(arena: Arena): number {
  const words = new Int32Array(arena.buffer, 0, arena.usedBytes >> 2);
  let pages = 0;
  for (let page = 0; page < words.length; page += PAGE_WORDS) {
    const end = Math.min(page + PAGE_WORDS, words.length);
    let at = page;
    while (at < end && words[at] === 0) at++;
    if (at < end) pages++;
  }
  return pages * PAGE_BYTES;
}
