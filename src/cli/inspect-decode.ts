/** `tercel inspect decode FILE... --feed F`: what is in a file, by type and instrument. */
import { Option, type Command } from "commander";
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
    .option("--json", "one JSON document on stdout")
    .action(async (files: string[], flags: { feed: string; chunk?: number; json?: boolean }) => {
      const reader = openFeed(files, flags.feed, { accept: () => undefined }, flags.chunk);
      await reader.read();
      const report = { feed: flags.feed, ...reader.feed.report() };
      if (flags.json === true) {
        terminal.out(`${JSON.stringify(report)}\n`);
        return;
      }
      const busiest = Object.entries(report.instruments).sort(([, a], [, b]) => b.messages - a.messages);
      terminal.out(`${flags.feed}   ${grouped(report.messages)} messages   ${report.malformed} malformed   ${report.pendingBytes} pending bytes\n`);
      terminal.out(table(Object.entries(report.byType).map(([type, count]) => [`  ${type}`, count])));
      terminal.out(table(busiest.slice(0, LISTED).map(([symbol, { messages }]) => [`  ${symbol}`, messages])));
      if (busiest.length > LISTED) terminal.out(`  and ${busiest.length - LISTED} more instruments (--json lists all)\n`);
    });
}
