/**
 * What each row must show, and what it aims at: design figures as data. A row that must and does not is printed as MISSED; one that misses its
 * aim says why, in words that whoever measured it wrote here.
 *
 * Ratios compare with the rival of the same row and the same minute; absolute figures hold for a host like the reference one (two
 * shared virtual cores of 2.6 GHz), with the hiccup meter's word beside them.
 */
import type { Result } from "./harness.ts";

/** What is judged: a member of a result that is a number. */
export type Measure = "ratio" | "value" | "p50" | "p99" | "p999" | "gcEvents" | "lost";

export interface Target {
  /** A row, or all rows of a bench: `indicators/*`. */
  readonly row: string;
  readonly measure: Measure;
  readonly better: "more" | "less";
  readonly must: number;
  readonly aim: number;
  /** Why the aim is missed where it was measured; "" while it is met, or nobody knows. */
  readonly reason: string;
}

/** A target held against a row. */
export interface Verdict extends Omit<Target, "row"> {
  /** Null where it could not be had: no rival, nothing recorded. */
  readonly got: number | null;
  readonly met: boolean | null;
  readonly aimMet: boolean | null;
}

function target(row: string, measure: Measure, better: "more" | "less", must: number, aim: number, reason: string = ""): Target {
  return { row, measure, better, must, aim, reason };
}

export const TARGETS: readonly Target[] = [
  target("ring/batch-1", "ratio", "more", 0.2, 0.5),
  target("ring/batch-16", "ratio", "more", 0.6, 1, "V8 moves shared memory 8 bytes at a time; the compiler of C++ writes a record with 3 vector stores"),
  target("ring/batch-64", "ratio", "more", 0.8, 1, "V8 moves shared memory 8 bytes at a time; the compiler of C++ writes a record with 3 vector stores"),
  target("hop/p50", "ratio", "less", 3, 1.5),
  target("hop/p99", "ratio", "less", 4, 2),
  target("decode/in-place", "ratio", "more", 0.7, 0.9, "typed views check bounds at each field, and the framer checks each length"),
  target(
    "book/levels",
    "ratio",
    "more",
    0.5,
    0.9,
    "cache misses of the order index are not overlapped: more instructions a change, so fewer changes under way",
  ),
  target(
    "book/queues",
    "ratio",
    "more",
    0.3,
    0.7,
    "cache misses of the order index are not overlapped: more instructions a change, so fewer changes under way",
  ),
  target("priority/burst-over-quiet", "value", "less", 200, 150),
  target("bytes-to-signal", "value", "more", 2_000_000, 4_000_000),
  target("tick-to-signal", "p50", "less", 2_000, 500),
  target("tick-to-signal", "p99", "less", 20_000, 5_000),
  target("tick-to-signal", "p999", "less", 100_000, 50_000),
  target("tick-to-signal", "gcEvents", "less", 0, 0),
  target("tick-to-signal", "lost", "less", 0, 0),
  target("tick-to-signal/burst-10x", "lost", "less", 0, 0),
  target("indicators/*", "ratio", "more", 3, 10),
  target("json-decode/*", "ratio", "more", 5, 8),
];

/** Whether a target speaks of a row. */
export function appliesTo(each: Pick<Target, "row">, row: string): boolean {
  return each.row.endsWith("/*") ? row.startsWith(each.row.slice(0, -1)) : each.row === row;
}

/** Every target of a row, held against it. */
export function judge(result: Result, targets: readonly Target[] = TARGETS): Verdict[] {
  return targets.filter((each) => appliesTo(each, result.name)).map((each) => verdictOf(each, result[each.measure] ?? null));
}

function verdictOf({ measure, better, must, aim, reason }: Target, got: number | null): Verdict {
  const reaches = (bound: number): boolean | null => (got === null ? null : better === "more" ? got >= bound : got <= bound);
  return { measure, better, must, aim, reason, got, met: reaches(must), aimMet: reaches(aim) };
}

/** One verdict in a few words: `ratio 0.44 >= 0.3 met; aim 0.7 missed: why`. */
export function verdictText({ measure, better, must, aim, reason, got, met, aimMet }: Verdict): string {
  if (got === null) return `${measure}: not measured (must ${better === "more" ? ">=" : "<="} ${countText(must)})`;
  const sign = better === "more" ? ">=" : "<=";
  const head = `${measure} ${countText(got)}: must ${sign} ${countText(must)} ${met === true ? "met" : "MISSED"}`;
  if (aim === must) return head;
  return `${head}, aim ${countText(aim)} ${aimMet === true ? "met" : `missed${reason === "" ? "" : ` (${reason})`}`}`;
}

function countText(value: number): string {
  return value.toLocaleString("en-US", { maximumFractionDigits: 3 });
}
