/**
 * Quality travels with the record: the u16 at offset 2 of every record. A reader never has to guess whether an event is complete
 * or a book is to be trusted.
 */
/** The last record of one event or chain. */
export const FLAG_LAST = 1 << 0;
/** Part of a snapshot, not an increment. */
export const FLAG_SNAPSHOT = 1 << 1;
/** Behind the watermark when it arrived. */
export const FLAG_LATE = 1 << 2;
/** The venue lost or we missed something before this record. */
export const FLAG_GAP_BEFORE = 1 << 3;
/** The time stamp is out of its sane range and does not move event time. */
export const FLAG_BAD_TS = 1 << 4;
/** The book behind it is not in step with the venue. */
export const FLAG_BOOK_UNSYNCED = 1 << 5;
/** The venue's data cannot reveal every fault (no checksum, or none checked yet). */
export const FLAG_BOOK_UNVERIFIED = 1 << 6;
/** Takes the critical lane. */
export const FLAG_CRITICAL = 1 << 7;
/** Made by a simulator or a formula, not by a venue. */
export const FLAG_SYNTHETIC = 1 << 8;
/** Trading in the instrument was halted or paused. */
export const FLAG_HALTED = 1 << 9;
/** The execution does not count in volume (ITCH 5.0 section 1.4.2, printable = N). */
export const FLAG_NON_PRINTABLE = 1 << 10;
/** A guard withheld the action that this record asks for. */
export const FLAG_SUPPRESSED = 1 << 11;
/** The book was crossed when this was made. */
export const FLAG_BOOK_CROSSED = 1 << 12;

const NAMES = [
  "LAST",
  "SNAPSHOT",
  "LATE",
  "GAP_BEFORE",
  "BAD_TS",
  "BOOK_UNSYNCED",
  "BOOK_UNVERIFIED",
  "CRITICAL",
  "SYNTHETIC",
  "HALTED",
  "NON_PRINTABLE",
  "SUPPRESSED",
  "BOOK_CROSSED",
];

/** The names of the set flags. Cold. */
export function flagNames(flags: number): string[] {
  return NAMES.filter((_, bit) => (flags & (1 << bit)) !== 0);
}
