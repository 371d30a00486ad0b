/**
 * The port of a feed: bytes of one protocol go in, in pieces of any size; records come out through its outlet.
 *
 * A feed numbers nothing and waits for nothing. What is incomplete stays pending in the arena; what is malformed is counted, kept
 * in the quarantine and skipped; the stream goes on. Before each push the caller writes the receive time into the outlet's staging
 * slot (HEADER_TS_RECV_F64); a capture that carries its own receive times overwrites it.
 */
import type { Quarantine } from "./quarantine.ts";

export interface Feed {
  /** Takes the next bytes of the stream, bytes[from, to). Never throws for what is in them. */
  push(bytes: Uint8Array, from: number, to: number): void;
  /** Bytes kept because their message is not complete. */
  readonly pendingBytes: number;
  /** Messages understood so far. */
  readonly messages: number;
  /** Offset in the stream at which it stopped making sense, or -1. */
  readonly brokenAt: number;
  /** The newest malformed messages, kept for inspection. */
  readonly quarantine: Quarantine;
  /** What was seen so far. Cold. */
  report(): FeedReport;
}

/** What `inspect decode` prints; a member that does not apply to the protocol is absent. */
export interface FeedReport {
  readonly messages: number;
  readonly packets?: number;
  readonly byType: Readonly<Record<string, number>>;
  readonly instruments: Readonly<Record<string, { readonly messages: number; readonly orders?: number }>>;
  readonly gaps?: number;
  readonly resets?: number;
  readonly duplicates?: number;
  readonly malformed: number;
  readonly pendingBytes: number;
  /** ns since the session epoch, or null when nothing was seen. */
  readonly firstTsEvent: number | null;
  readonly lastTsEvent: number | null;
}
