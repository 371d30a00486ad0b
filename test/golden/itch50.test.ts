/** ITCH 5.0 on captures: exact counts, and one hash of the records however the bytes are cut. */
import { readFileSync, readdirSync } from "node:fs";
import { describe, expect } from "vitest";
import { FileSource } from "../../src/connect/file/file-source.ts";
import { InstrumentRegistry } from "../../src/kernel/instrument/registry.ts";
import { Arena } from "../../src/kernel/memory/arena.ts";
import { Outlet } from "../../src/kernel/record/outlet.ts";
import { Itch50Feed } from "../../src/market/feed/itch50.ts";
import { dataPath, itWithData } from "../data.ts";
import { Collector } from "../model/itch50-bytes.ts";

const REFRAMED = "itch_ritch_simulated/ex20101224.reframed.itch";
const ORIGINAL = "itch_ritch_simulated/ex20101224.TEST_ITCH_50";
const EXPECTED = "itch_ritch_simulated/expected_counts.json";
const HEAD = "itch_nasdaq_directory_head/nasdaq_itch50_first4096bytes.itch";
const PACKETS = "itch_pcap_singles";

async function decode(paths: string[], chunkBytes?: number): Promise<{ feed: Itch50Feed; hash: string }> {
  const arena = Arena.create("golden", 1 << 23);
  const collector = new Collector();
  const feed = new Itch50Feed(arena, new InstrumentRegistry(arena, 1000), new Outlet(collector));
  arena.seal();
  const source = new FileSource(paths.map(dataPath), chunkBytes === undefined ? {} : { chunkBytes });
  for (let piece = await source.read(); piece !== null; piece = await source.read()) feed.push(piece, 0, piece.length);
  await source.close();
  return { feed, hash: collector.hashText };
}

describe("ITCH 5.0 captures", () => {
  itWithData("the simulated day gives the counts that its own tests assert, in pieces of any size", [REFRAMED, EXPECTED], async () => {
    const expected = JSON.parse(readFileSync(dataPath(EXPECTED), "utf8")) as { messages: number; byType: object; "ordersBySymbol(A+F)": object };
    const { feed, hash } = await decode([REFRAMED]);
    const report = feed.report();
    expect([report.messages, report.byType]).toEqual([expected.messages, expected.byType]);
    expect(Object.fromEntries(Object.entries(report.instruments).map(([symbol, { orders }]) => [symbol, orders]))).toEqual(expected["ordersBySymbol(A+F)"]);
    expect([report.malformed, report.pendingBytes, feed.brokenAt, feed.unknownLocate]).toEqual([0, 0, -1, 0]);
    for (const chunkBytes of [1, 7, 65_536]) {
      const cut = await decode([REFRAMED], chunkBytes);
      expect([cut.hash, cut.feed.report()]).toEqual([hash, report]);
    }
  });

  itWithData("the same day with zero length prefixes is broken at its first byte, and nothing is invented", [ORIGINAL], async () => {
    for (const chunkBytes of [7, 65_536]) {
      const { feed } = await decode([ORIGINAL], chunkBytes);
      expect([feed.messages, feed.brokenAt, feed.framer.losses, feed.report().malformed]).toEqual([0, 0, 1, 1]);
    }
  });

  itWithData("the beginning of a real day gives its directory and keeps the cut message pending", [HEAD], async () => {
    const { feed, hash } = await decode([HEAD]);
    const report = feed.report();
    expect([report.messages, report.byType]).toEqual([101, { H: 1, R: 98, S: 1, Y: 1 }]);
    expect([Object.keys(report.instruments).length, Object.keys(report.instruments).slice(0, 4)]).toEqual([98, ["A", "AA", "AAAU", "AABA"]]);
    expect([report.malformed, report.pendingBytes, feed.brokenAt]).toEqual([0, 15, -1]);
    expect(report.firstTsEvent).toBe(((3 * 60 + 3) * 60 + 59) * 1e9 + 687_760_787);
    for (const chunkBytes of [1, 7, 65_536]) expect((await decode([HEAD], chunkBytes)).hash).toBe(hash);
  });

  itWithData("each capture of packets decodes to the messages that its name says, 80 in all", [PACKETS], async () => {
    const total: Record<string, number> = {};
    let packets = 0;
    const files = readdirSync(dataPath(PACKETS)).filter((name) => name.endsWith(".pcap"));
    for (const file of files) {
      const { feed } = await decode([`${PACKETS}/${file}`]);
      const report = feed.report();
      expect([report.malformed, report.pendingBytes, feed.brokenAt, feed.framing, report.duplicates], file).toEqual([0, 0, -1, "moldudp64", 0]);
      packets += report.packets ?? 0;
      if (!file.includes("Multiple")) expect(Object.keys(report.byType).length, file).toBe(1);
      for (const [type, count] of Object.entries(report.byType)) total[type] = (total[type] ?? 0) + count;
    }
    expect(total).toEqual({ A: 42, F: 7, Q: 5, J: 5, L: 6, I: 6, P: 5, X: 5, D: 7, E: 6, C: 5, U: 6, Y: 5, H: 6, S: 1 });
    expect(packets).toBe(80);
  });
});
