/** What a LOBSTER feed has seen, for `inspect decode`. Cold. */
import type { FeedReport } from "./feed.ts";

/** Message names by type number. */
const TYPES = ["", "submission", "cancel", "deletion", "execution", "hidden", "cross", "halt"];

export interface LobsterReportParts {
  readonly symbol: string;
  /** Messages by type number. */
  readonly byType: Float64Array;
  readonly malformed: number;
  readonly pendingBytes: number;
  readonly firstTsEvent: number | null;
  readonly lastTsEvent: number | null;
}

/** The report; types without a message are left out. */
export function reportLobster(parts: LobsterReportParts): FeedReport {
  const byType: Record<string, number> = {};
  let messages = 0;
  for (let type = 1; type < TYPES.length; type++) {
    const count = parts.byType[type];
    if (count > 0) byType[TYPES[type]] = count;
    messages += count;
  }
  return {
    messages,
    byType,
    instruments: messages > 0 ? { [parts.symbol]: { messages, orders: parts.byType[1] } } : {},
    malformed: parts.malformed,
    pendingBytes: parts.pendingBytes,
    firstTsEvent: parts.firstTsEvent,
    lastTsEvent: parts.lastTsEvent,
  };
}

/** The symbol that a LOBSTER file is named after (AAPL_2012-06-21_34200000_57600000_message_10.csv), or null. */
export function lobsterSymbolOf(fileName: string): string | null {
  return /^([A-Z][A-Z0-9.]*)_\d{4}-\d{2}-\d{2}_\d+_\d+_(?:message|orderbook)_\d+\.csv(?:\.gz|\.zst)?$/.exec(fileName)?.[1] ?? null;
}
