/**
 * The rules by which depth increments of a venue are brought in step with a snapshot, as data: one row a venue.
 *
 * With L the snapshot's id, U and u the first and last id of an increment, pu the last id of the one before:
 *   contained   u < L + snapshotSlack: dropped
 *   first       U <= L + snapshotSlack <= u, else the snapshot does not reach the stream
 *   next        LINK_CONTIGUOUS: U <= last + 1; LINK_PREVIOUS: pu = last; else increments are missing
 *
 * Sources: developers.binance.com/docs/binance-spot-api-docs/web-socket-streams (How to manage a local order book correctly);
 * developers.binance.com/docs/derivatives/usds-margined-futures/websocket-market-streams/How-to-manage-a-local-order-book-correctly and
 * the page of the same name under coin-margined-futures.
 */
import { BOOK_UNVERIFIED } from "../../kernel/record/venue-status.ts";

/** The next increment begins where the last one ended. */
export const LINK_CONTIGUOUS = 1;
/** The next increment names the end of the last one. */
export const LINK_PREVIOUS = 2;

/** Which faults of the transport the venue's data reveals. */
export interface Detects {
  /** An increment is lost. The last one of a stream is never missed. */
  readonly drop: boolean;
  /** An increment comes twice. */
  readonly duplicate: boolean;
  /** Two increments change places. */
  readonly swap: boolean;
  /** A digit is changed. */
  readonly corruption: boolean;
}

/** The rules of one venue. */
export interface SyncRow {
  /** Name of the feed on the command line. */
  readonly feed: string;
  readonly venue: string;
  readonly link: number;
  readonly snapshotSlack: number;
  /** So many increments in a row that lie behind the book mean that the venue's ids began anew. */
  readonly behindMax: number;
  /** Quality of a book that is in step: BOOK_SYNCED or BOOK_UNVERIFIED. */
  readonly quality: number;
  readonly detects: Detects;
  /** What cannot be seen, in a sentence. */
  readonly blind: string;
  readonly source: string;
}

const SEQUENCE_ONLY: Detects = { drop: true, duplicate: true, swap: true, corruption: false };
const NO_CHECKSUM =
  "Update ids reveal lost, doubled and exchanged increments; there is no checksum, so a changed price or quantity stays unseen until the level changes again: the book is UNVERIFIED for it.";
const FUTURES = "https://developers.binance.com/docs/derivatives/";
const HOW_TO = "/websocket-market-streams/How-to-manage-a-local-order-book-correctly";

export const BINANCE_SPOT: SyncRow = {
  feed: "binance",
  venue: "Binance spot",
  link: LINK_CONTIGUOUS,
  snapshotSlack: 1,
  behindMax: 256,
  quality: BOOK_UNVERIFIED,
  detects: SEQUENCE_ONLY,
  blind: NO_CHECKSUM,
  source: "https://developers.binance.com/docs/binance-spot-api-docs/web-socket-streams",
};

export const BINANCE_USDM: SyncRow = {
  feed: "binance-usdm",
  venue: "Binance USD-M futures",
  link: LINK_PREVIOUS,
  snapshotSlack: 0,
  behindMax: 256,
  quality: BOOK_UNVERIFIED,
  detects: SEQUENCE_ONLY,
  blind: NO_CHECKSUM,
  source: `${FUTURES}usds-margined-futures${HOW_TO}`,
};

export const BINANCE_COINM: SyncRow = {
  feed: "binance-coinm",
  venue: "Binance COIN-M futures",
  link: LINK_PREVIOUS,
  snapshotSlack: 0,
  behindMax: 256,
  quality: BOOK_UNVERIFIED,
  detects: SEQUENCE_ONLY,
  blind: NO_CHECKSUM,
  source: `${FUTURES}coin-margined-futures${HOW_TO}`,
};

/** Every row. */
export const SYNC_TABLE: readonly SyncRow[] = [BINANCE_SPOT, BINANCE_USDM, BINANCE_COINM];

/** The row of a feed, or undefined. Cold. */
export function syncRowOf(feed: string): SyncRow | undefined {
  return SYNC_TABLE.find((row) => row.feed === feed);
}
