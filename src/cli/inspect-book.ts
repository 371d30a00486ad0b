/** `tercel inspect book`: a book at the end of a file, or a check of all its books. */
import { Option, type Command } from "commander";
import { nearestName } from "../analysis/formula/ast.ts";
import { formatTime } from "../engine/pipeline/output-text.ts";
import { StreamError } from "../kernel/core/errors.ts";
import { formatDecimal } from "../kernel/core/fixed.ts";
import { SIDE_ASK, SIDE_BID } from "../kernel/record/header.ts";
import { levels } from "../market/book/book-view.ts";
import { runCheck, type CheckName } from "./book-check.ts";
import { EXIT_MISMATCH } from "./exit.ts";
import { openFeed } from "./feed-reader.ts";
import type { CommandContext } from "./main.ts";
import { BookBuilder } from "./book-builder.ts";

import { table } from "./terminal.ts";
import { wholeNumber } from "./whole-number.ts";

const CHECKS: readonly CheckName[] = ["bbo", "sequence", "crossed", "transitions"];

interface BookFlags {
  feed: string;
  check?: CheckName;
  instrument?: string;
  depth: string;
  chunk?: number;
  json?: boolean;
}

const QUALITY = ["UNSYNCED", "SYNCED", "UNVERIFIED"];

export function addInspectBook(inspect: Command, context: CommandContext): void {
  inspect
    .command("book <files...>")
    .description("one instrument's book at the end of the files, or a check of all books")
    .requiredOption("--feed <name>", "the feed in the files (lobster: the message file and the orderbook file, with --check transitions)")
    .addOption(new Option("--check <name>", "what to compare").choices(CHECKS))
    .option("--instrument <symbol>", "whose book")
    .option("--depth <n>", "levels of each side: full, or a number", "full")
    .addOption(new Option("--chunk <bytes>", "feed it in pieces of so many bytes").argParser(wholeNumber("--chunk", 1, 1 << 30)))
    .option("--json", "one JSON document on stdout")
    .action(async (files: string[], flags: BookFlags) => {
      if (flags.check !== undefined) return check(files, flags, flags.check, context);
      if (flags.instrument === undefined) throw new StreamError("USAGE", `inspect book: expected --instrument SYMBOL or --check ${CHECKS.join("|")}`);
      return show(files, flags, flags.instrument, context);
    });
}

async function check(files: readonly string[], flags: BookFlags, name: CheckName, { terminal, setExitCode }: CommandContext): Promise<void> {
  const result = await runCheck(name, files, flags.feed, flags.chunk);
  const { total } = result;
  if (flags.json === true) terminal.out(`${JSON.stringify(result)}\n`);
  else {
    const rows = Object.entries(result.instruments).map(([symbol, counts]) => [
      symbol,
      counts.checked,
      counts.matched,
      counts.gaps,
      counts.crossed,
      counts.unverified,
    ]);
    terminal.out(
      table([
        ["instrument", "checked", "matched", "gaps", "crossed", "unverified"],
        ...rows,
        ["total", total.checked, total.matched, total.gaps, total.crossed, total.unverified],
      ]),
    );
    if (total.checked === 0) terminal.out("nothing could be checked: no book was in step with its venue (is the snapshot in another file?)\n");
  }
  if (total.matched !== total.checked) setExitCode(EXIT_MISMATCH);
}

async function show(files: readonly string[], flags: BookFlags, symbol: string, { terminal }: CommandContext): Promise<void> {
  const depth = flags.depth === "full" ? Infinity : wholeNumber("--depth", 1, 1e6)(flags.depth);
  const builder = new BookBuilder(flags.feed);
  const reader = openFeed(files, flags.feed, builder, flags.chunk);
  await reader.read();
  const { registry, epoch } = reader.market;
  const instrument = registry.idOf(symbol);
  if (instrument < 0) {
    const near = nearestName(symbol, registry.symbols());
    throw new StreamError(
      "INSTRUMENT_UNKNOWN",
      `no instrument ${symbol} among the ${registry.count} in the input${near === undefined ? "" : `; did you mean ${near}?`}`,
      { symbol },
    );
  }
  const side = (which: number): { price: string; qty: string; orders: number }[] =>
    levels(builder.book, instrument, which, depth).map(({ price, qty, orders }) => ({
      price: formatDecimal(price, registry.priceScale[instrument]),
      qty: formatDecimal(qty, registry.qtyScale[instrument]),
      orders,
    }));
  const tsEvent = formatTime(builder.lastEventNs[instrument], epoch[0]);
  const result = { instrument: symbol, tsEvent, quality: QUALITY[builder.quality[instrument]], bids: side(SIDE_BID), asks: side(SIDE_ASK) };
  if (flags.json === true) {
    terminal.out(`${JSON.stringify(result)}\n`);
    return;
  }
  terminal.out(`${symbol}   ${tsEvent}   ${result.quality}\n`);
  const rows = Array.from({ length: Math.max(result.bids.length, result.asks.length) }, (_, i) => {
    const bid = result.bids[i];
    const ask = result.asks[i];
    return [
      bid === undefined ? "" : String(bid.orders),
      bid?.qty ?? "",
      bid?.price ?? "",
      ask?.price ?? "",
      ask?.qty ?? "",
      ask === undefined ? "" : String(ask.orders),
    ];
  });
  terminal.out(table([["orders", "bid qty", "bid", "ask", "ask qty", "orders"], ...rows]));
}
