/**
 * Quality travels with the record: the u16 at offset 2 of every record. A reader never has to guess whether an event is complete
 * or a book is to be trusted.
 */
/** The last record of one event or chain. */
export const FLAG_LAST: number = 1 << 0;
/** Part of a snapshot, not an increment. */
export const FLAG_SNAPSHOT: number = 1 << 1;
/** Behind the watermark when it arrived. */
export const FLAG_LATE: number = 1 << 2;
/** The venue lost or we missed something before this record. */
export const FLAG_GAP_BEFORE: number = 1 << 3;
/** The time stamp is out of its sane range and does not move event time. */
export const FLAG_BAD_TS: number = 1 << 4;
/** The book behind it is not in step with the venue. */
export const FLAG_BOOK_UNSYNCED: number = 1 << 5;
/** The venue's data cannot reveal every fault (no checksum, or none checked yet). */
export const FLAG_BOOK_UNVERIFIED: number = 1 << 6;
/** Takes the critical lane. */
export const FLAG_CRITICAL: number = 1 << 7;
/** Made by a simulator or a formula, not by a venue. */
export const FLAG_SYNTHETIC: number = 1 << 8;
/** Trading in the instrument was halted or paused. */
export const FLAG_HALTED: number = 1 << 9;
/** The execution does not count in volume (ITCH 5.0 section 1.4.2, printable = N). */
export const FLAG_NON_PRINTABLE: number = 1 << 10;
/** A guard withheld the action that this record asks for. */
export const FLAG_SUPPRESSED: number = 1 << 11;
/** The book was crossed when this was made. */
export const FLAG_BOOK_CROSSED: number = 1 << 12;

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
