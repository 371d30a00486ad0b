/** Files through a feed into a target, without a pipeline: what the inspect commands share. */
import { FileSource } from "../connect/file/file-source.ts";
import { Market } from "../engine/pipeline/market.ts";
import { feedNamed } from "../engine/pipeline/feed-catalog.ts";
import { StreamError } from "../kernel/core/errors.ts";
import { Arena } from "../kernel/memory/arena.ts";
import { Outlet, type RecordTarget } from "../kernel/record/outlet.ts";
import type { Feed } from "../market/feed/feed.ts";

/** Instruments that an inspection has room for. */
export const INSPECT_INSTRUMENTS = 16_384;

export interface FeedReader {
  readonly market: Market;
  readonly feed: Feed;
  /** Reads the files to their end. INPUT_UNREADABLE, with the offset, when nothing of the feed was recognised in them. */
  read(): Promise<void>;
}

/** A feed over files, in pieces of `chunkBytes` if given; records go to `target`. */
export function openFeed(files: readonly string[], feedName: string, target: RecordTarget, chunkBytes?: number): FeedReader {
  const entry = feedNamed(feedName);
  const market = new Market(Arena.create("market", 64 * 1024 * 1024), INSPECT_INSTRUMENTS);
  const arena = Arena.create("feed", 512 * 1024 * 1024);
  const feed = entry.create({ arena, registry: market.registry, outlet: new Outlet(target), epoch: market.epoch });
  arena.seal();
  return { market, feed, read: () => readAll(files, feedName, feed, chunkBytes) };
}

async function readAll(files: readonly string[], feedName: string, feed: Feed, chunkBytes: number | undefined): Promise<void> {
  const source = new FileSource([...files], chunkBytes === undefined ? {} : { chunkBytes });
  let total = 0;
  try {
    for (let bytes = await source.read(); bytes !== null; bytes = await source.read()) {
      feed.push(bytes, 0, bytes.length);
      total += bytes.length;
    }
  } finally {
    await source.close();
  }
  requireRecognised(files, feedName, feed, total);
}

/** INPUT_UNREADABLE, with the offset, when a feed found no message of its own in so many bytes. No bytes are no messages. */
export function requireRecognised(input: readonly string[], feedName: string, feed: { messages: number; brokenAt: number }, bytes: number): void {
  if (feed.messages > 0 || bytes === 0) return;
  const offset = Math.max(0, feed.brokenAt);
  throw new StreamError(
    "INPUT_UNREADABLE",
    `${input.join(", ")}: no ${feedName} message recognised in ${bytes} bytes; it stopped making sense at offset ${offset}: is it another feed?`,
    { offset, feed: feedName },
  );
}
