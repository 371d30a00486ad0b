/**
 * No garbage collection over a hundred million records, from the bytes of the exchange to the collector, at the heap that Node has by
 * default; new space grows by less than a tenth of a byte a record; resident memory stays where it was. TERCEL_ENDURANCE_RECORDS
 * sets another number: below SETTLED_RECORDS the warm-up does not wait for V8 to settle, and only the garbage of a typical window is judged.
 */
import { describe, expect, it } from "vitest";
import type { GarbageReport } from "./garbage-probe.ts";
import type { GarbageOutcome } from "./garbage-run.ts";
import { runMeasured, type MeasuredRun } from "./measured-run.ts";

const RECORDS = Number(process.env["TERCEL_ENDURANCE_RECORDS"] ?? "100000000");
const SETTLED_RECORDS = 50_000_000;
const BYTES_PER_RECORD_MAX = 0.1;
/** What a run makes by the second and not by the record: two turns of the event loop, with what Node adds to them. */
const BYTES_PER_SECOND = 2400;
/** V8 collects a new space of 1 MB when four fifths of it are in use. On a host so slow that the turns alone fill that, they may. */
const NEW_SPACE_BYTES: number = 0.8 * 1024 ** 2;
const RESIDENT_GROWTH_MAX = 0.01;
const TIMEOUT_MS = 900_000;

function sizeOf(driver: MeasuredRun["driver"], shards: number, records: number): MeasuredRun {
  const settled = RECORDS >= SETTLED_RECORDS;
  const warmUpRecords = settled ? 8_000_000 : Math.max(2_000_000, records / 4);
  return { driver, shards, records, warmUpRecords, windowRecords: settled ? 5_000_000 : Math.ceil(records / 20), settled };
}

async function measure(run: MeasuredRun): Promise<{ reports: GarbageReport[]; outcome: GarbageOutcome }> {
  const reports = await runMeasured<GarbageReport>("garbage-run.ts", run, TIMEOUT_MS);
  const outcome = reports.at(-1) as GarbageOutcome;
  for (const { thread, records, seconds, warmUpRecords, collections, bytesPerRecord, residentFrom, residentTo } of reports) {
    const growth = ((residentTo / residentFrom - 1) * 100).toFixed(2);
    console.log(
      `${run.driver}, ${thread}: ${records} records in ${seconds.toFixed(0)} s after ${warmUpRecords}, collections ${collections.length}, new space ${bytesPerRecord.toFixed(4)} bytes a record, resident ${growth} %`,
    );
  }
  return { reports, outcome };
}

function expectWholePipeline({ summary }: GarbageOutcome): void {
  expect(summary.lost).toBe(0);
  expect(summary.malformed).toBe(0);
  expect(summary.bookRefusals).toBe(0);
  expect(summary.invariants).toEqual({ booksChecked: 500, booksEqual: 500 });
  for (const count of [summary.signals, summary.bars, summary.panes, summary.acks]) expect(count).toBeGreaterThan(RECORDS / 1000);
}

function expectNoGarbage(report: GarbageReport, settled: boolean): void {
  expect(report.medianBytesPerRecord, report.thread).toBeLessThan(BYTES_PER_RECORD_MAX);
  if (!settled) return;
  const allowed = report.thread === "main" ? Math.floor((report.seconds * BYTES_PER_SECOND) / NEW_SPACE_BYTES) : 0;
  expect(report.collections.slice(allowed), `${report.thread}, ${report.seconds} s`).toEqual([]);
  expect(report.bytesPerRecord, report.thread).toBeLessThan(BYTES_PER_RECORD_MAX);
  expect(report.residentTo / report.residentFrom - 1, report.thread).toBeLessThan(RESIDENT_GROWTH_MAX);
}

describe(`${RECORDS} records through the whole pipeline`, () => {
  it(
    "in one thread make no garbage",
    async () => {
      const run = sizeOf("inline", 1, RECORDS);
      const { reports, outcome } = await measure(run);
      expect(reports).toHaveLength(1);
      expect(outcome.records).toBeGreaterThanOrEqual(RECORDS);
      expectNoGarbage(outcome, run.settled);
      expectWholePipeline(outcome);
    },
    TIMEOUT_MS,
  );

  it(
    "with two shards in threads of their own, a third of them make no garbage in any thread",
    async () => {
      const run = sizeOf("threaded", 2, RECORDS * 0.3);
      const { reports, outcome } = await measure(run);
      expect(reports.map(({ thread }) => thread.replace(/\d+/, "n")).toSorted()).toEqual(["main", "shard, thread n", "shard, thread n"]);
      for (const report of reports) {
        if (run.settled || report !== outcome) expectNoGarbage(report, run.settled);
        expect(report.records).toBeGreaterThan(0);
      }
      expectWholePipeline(outcome);
    },
    TIMEOUT_MS,
  );
});
