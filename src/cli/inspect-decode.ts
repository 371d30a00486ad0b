/** `tercel inspect decode FILE... --feed F`: what is in a file, by type and instrument. */
import { Option, type Command } from "commander";
import type { QuarantineEntry } from "../market/feed/quarantine.ts";
import { openFeed } from "./feed-reader.ts";
import type { CommandContext } from "./main.ts";
import { grouped, table } from "./terminal.ts";
import { wholeNumber } from "./whole-number.ts";

/** Instruments listed for people; --json has them all. */
const LISTED = 20;

export function addInspectDecode(inspect: Command, { terminal }: CommandContext): void {
  inspect
    .command("decode <files...>")
    .description("messages of one or several files (one stream, in order) by type and instrument")
    .requiredOption("--feed <name>", "the feed in the files")
    .addOption(new Option("--chunk <bytes>", "feed it in pieces of so many bytes").argParser(wholeNumber("--chunk", 1, 1 << 30)))
    .option("--malformed", "also the newest malformed messages: where they were, why they were refused, their first bytes")
    .option("--json", "one JSON document on stdout")
    .action(async (files: string[], flags: { feed: string; chunk?: number; malformed?: boolean; json?: boolean }) => {
      const reader = openFeed(files, flags.feed, { accept: () => undefined }, flags.chunk);
      await reader.read();
      const report = { feed: flags.feed, ...reader.feed.report() };
      const kept = flags.malformed === true ? reader.feed.quarantine.list().map(describe) : [];
      if (flags.json === true) {
        terminal.out(`${JSON.stringify(flags.malformed === true ? { ...report, malformedMessages: kept } : report)}\n`);
        return;
      }
      const busiest = Object.entries(report.instruments).sort(([, a], [, b]) => b.messages - a.messages);
      terminal.out(`${flags.feed}   ${grouped(report.messages)} messages   ${report.malformed} malformed   ${report.pendingBytes} pending bytes\n`);
      terminal.out(table(Object.entries(report.byType).map(([type, count]) => [`  ${type}`, count])));
      terminal.out(table(busiest.slice(0, LISTED).map(([symbol, { messages }]) => [`  ${symbol}`, messages])));
      if (busiest.length > LISTED) terminal.out(`  and ${busiest.length - LISTED} more instruments (--json lists all)\n`);
      if (kept.length > 0)
        terminal.out(
          table([
            ["  offset", "length", "reason", "first bytes"],
            ...kept.map(({ offset, length, reason, hex }) => [`  ${offset}`, length, reason, shorten(hex)]),
          ]),
        );
    });
}

/** Hexadecimal digits shown to people. */
const HEX_SHOWN = 64;

function describe({ offset, length, reason, bytes }: QuarantineEntry): { offset: number; length: number; reason: string; hex: string } {
  return { offset, length, reason, hex: Buffer.from(bytes).toString("hex") };
}

function shorten(hex: string): string {
  return hex.length <= HEX_SHOWN ? hex : `${hex.slice(0, HEX_SHOWN)}...`;
}
