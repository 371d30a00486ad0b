/**
 * The checks of `inspect book --check`: what each venue's data lets us compare.
 *
 *   bbo          the rebuilt best bid and ask against the venue's own book ticker, by update id (Binance)
 *   transitions  each row of a recorded book against the row before it and its message (LOBSTER: message file, orderbook file)
 *   crossed      after every event: the bid is not above the ask
 *   sequence     the venue's sequence numbers follow each other; a book that is out of step is a gap
 */
import { readFileSync } from "node:fs";
import { FileSource } from "../connect/file/file-source.ts";
import { feedNamed } from "../engine/pipeline/feed-catalog.ts";
import { StreamError } from "../kernel/core/errors.ts";
import { FLAG_LAST } from "../kernel/record/flags.ts";
import { HEADER_FLAGS_U16, HEADER_INSTRUMENT_U32, TYPE_BOOK_DELTA } from "../kernel/record/header.ts";
import { NO_INSTRUMENT } from "../kernel/record/marker.ts";
import type { Slots } from "../kernel/record/slots.ts";
import { BOOK_UNSYNCED } from "../kernel/record/venue-status.ts";
import { BboRun } from "../market/sync/bbo-check.ts";
import { checkTransitions } from "../market/sync/lobster-transitions.ts";
import { openFeed, requireRecognised } from "./feed-reader.ts";
import { BookBuilder } from "./book-builder.ts";

export type CheckName = "bbo" | "sequence" | "crossed" | "transitions";

export interface CheckCounts {
  readonly checked: number;
  readonly matched: number;
  readonly gaps: number;
  readonly resyncs: number;
  readonly crossed: number;
  readonly unverified: number;
}

export interface CheckResult {
  readonly total: CheckCounts;
  readonly instruments: Readonly<Record<string, CheckCounts>>;
}

/** Runs a check over files. USAGE when the feed's data does not allow it. */
export async function runCheck(name: CheckName, files: readonly string[], feedName: string, chunkBytes: number | undefined): Promise<CheckResult> {
  if (name === "transitions") return transitions(files, feedName);
  feedNamed(feedName);
  if (name === "bbo") return bbo(files, feedName, chunkBytes);
  return eventByEvent(name, files, feedName, chunkBytes);
}

async function bbo(files: readonly string[], feedName: string, chunkBytes: number | undefined): Promise<CheckResult> {
  const run = new BboRun(feedName);
  const source = new FileSource([...files], chunkBytes === undefined ? {} : { chunkBytes });
  let total = 0;
  try {
    for (let bytes = await source.read(); bytes !== null; bytes = await source.read()) {
      run.push(bytes, 0, bytes.length);
      total += bytes.length;
    }
  } finally {
    await source.close();
  }
  const { total: counts, instruments, report, brokenAt } = run.end();
  requireRecognised(files, feedName, { messages: report.messages, brokenAt }, total);
  return { total: counts, instruments };
}

function transitions(files: readonly string[], feedName: string): CheckResult {
  if (feedName !== "lobster" || files.length !== 2) {
    throw new StreamError(
      "USAGE",
      `--check transitions expects --feed lobster and two files, the message file and the orderbook file; got feed ${feedName} and ${files.length}`,
    );
  }
  const [messages, books] = files.map((path) => {
    try {
      return new Uint8Array(readFileSync(path));
    } catch (cause) {
      throw new StreamError("INPUT_UNREADABLE", `${path}: cannot be read: ${(cause as Error).message}`, { path }, cause);
    }
  });
  const { checked, matched } = checkTransitions(messages, books);
  const total = { checked, matched, gaps: 0, resyncs: 0, crossed: 0, unverified: 0 };
  return { total, instruments: {} };
}

/** Counts per instrument of a check that looks at every event. */
class EventCheck extends BookBuilder {
  readonly counts: Map<number, { checked: number; matched: number; gaps: number; resyncs: number; crossed: number; unverified: number }> = new Map();
  private readonly name: "crossed" | "sequence";
  private readonly out: Set<number> = new Set();

  constructor(feedName: string, name: "crossed" | "sequence") {
    super(feedName);
    this.name = name;
  }

  override accept(slots: Slots, slot: number): void {
    const instrument = slots.u32[(slot << 4) + HEADER_INSTRUMENT_U32];
    super.accept(slots, slot);
    if (slots.u8[slot << 6] !== TYPE_BOOK_DELTA || (slots.u16[(slot << 5) + HEADER_FLAGS_U16] & FLAG_LAST) === 0) return;
    const counts = this.of(instrument);
    if (this.quality[instrument] === BOOK_UNSYNCED) {
      counts.unverified++;
      return;
    }
    const isCrossed = this.book.top.isCrossed(instrument);
    counts.checked++;
    if (isCrossed) counts.crossed++;
    if (this.name === "sequence" || !isCrossed) counts.matched++;
  }

  protected override takeQuality(instrument: number, state: number): void {
    const concerned = instrument === NO_INSTRUMENT ? [...this.counts.keys()] : [instrument];
    const wasInStep = concerned.map((each) => this.quality[each] !== BOOK_UNSYNCED);
    super.takeQuality(instrument, state);
    concerned.forEach((each, index) => this.onQuality(each, wasInStep[index]));
  }

  /** A book that was in step and is not is a gap; one that has no snapshot yet is not. */
  private onQuality(instrument: number, wasInStep: boolean): void {
    const counts = this.of(instrument);
    const isInStep = this.quality[instrument] !== BOOK_UNSYNCED;
    if (wasInStep && !isInStep) {
      counts.gaps++;
      counts.checked++;
      this.out.add(instrument);
    } else if (isInStep && this.out.delete(instrument)) counts.resyncs++;
  }

  private of(instrument: number): { checked: number; matched: number; gaps: number; resyncs: number; crossed: number; unverified: number } {
    let counts = this.counts.get(instrument);
    if (counts === undefined) {
      counts = { checked: 0, matched: 0, gaps: 0, resyncs: 0, crossed: 0, unverified: 0 };
      this.counts.set(instrument, counts);
    }
    return counts;
  }
}

async function eventByEvent(name: "crossed" | "sequence", files: readonly string[], feedName: string, chunkBytes: number | undefined): Promise<CheckResult> {
  const check = new EventCheck(feedName, name);
  const reader = openFeed(files, feedName, check, chunkBytes);
  await reader.read();
  const { registry } = reader.market;
  const total = { checked: 0, matched: 0, gaps: 0, resyncs: 0, crossed: 0, unverified: 0 };
  const instruments: Record<string, CheckCounts> = {};
  for (const [instrument, counts] of check.counts) {
    instruments[registry.symbol(instrument)] = counts;
    for (const member of ["checked", "matched", "gaps", "resyncs", "crossed", "unverified"] as const) total[member] += counts[member];
  }
  return { total, instruments };
}
